"""The few methods that plain values have in expressions: ``name.upper()``, ``order.get("x")``, ``due.weekday()``."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from engine.process.expressions import guards
from engine.process.expressions.refusals import Denied, Mismatch, TooMuch


def _replace(owner: str, old: str, new: str, times: int = -1) -> str:
    if len(owner) + owner.count(old) * max(0, len(new) - len(old)) > guards.MAX_LENGTH:
        raise TooMuch
    return owner.replace(old, new, times)


def _join(glue: str, parts: Any) -> str:
    parts = guards.each(parts)
    if any(type(part) is not str for part in parts):
        raise Mismatch(what="str.join")
    guards.limit(sum(map(len, parts)) + len(glue) * len(parts))
    return glue.join(parts)


def _split(owner: str, *arguments: Any, **named: Any) -> list[str]:
    parts = owner.split(*arguments, **named)
    guards.charge(len(parts))
    return parts


def _strip(name: str) -> Callable[..., str]:
    """Where the signs to take off are given, each sign of the text may be compared with every one of them."""

    def strip(owner: str, signs: str | None = None) -> str:
        if signs is not None and type(signs) is str:
            guards.charge(len(owner) * len(signs) >> 8)
        stripped: str = getattr(owner, name)(signs)
        return stripped

    return strip


def _get(owner: dict[Any, Any], key: Any, default: Any = None) -> Any:
    return owner.get(guards.scalar(key), default)


def _owns(cls: type, names: str) -> dict[str, Callable[..., Any]]:
    """Methods as the type itself has them, which take the owner first."""
    return {name: getattr(cls, name) for name in names.split()}


_counted: dict[str, Callable[..., Any]] = {
    "count": lambda owner, value: owner.count(guards.scalar(value)),
    "index": lambda owner, value: owner.index(guards.scalar(value)),
}
METHODS: dict[type, dict[str, Callable[..., Any]]] = {
    str: {
        **_owns(str, "lower upper casefold title capitalize startswith endswith find count"),
        **_owns(str, "isdigit isalpha isalnum removeprefix removesuffix"),
        **{name: _strip(name) for name in ("strip", "lstrip", "rstrip")},
        "replace": _replace,
        "join": _join,
        "split": _split,
    },
    dict: {
        "get": _get,
        "keys": list,
        "values": lambda owner: list(owner.values()),
        "items": lambda o: list(o.items()),
    },
    list: _counted,
    tuple: _counted,
    datetime: _owns(datetime, "date time isoformat weekday isoweekday"),
    date: _owns(date, "isoformat weekday isoweekday"),
    timedelta: _owns(timedelta, "total_seconds"),
    float: _owns(float, "is_integer"),
}

_NONE: dict[str, Callable[..., Any]] = {}
SHORT = 64
"""A text or dict of so many parts is not counted: the loop around it is."""
KNOWN = frozenset().union(*METHODS.values())
"""Every method that some value has: any other name is refused before there are values."""


def method(owner: Any, name: str, *arguments: Any, **named: Any) -> Any:
    """``owner.name(…)`` for the few methods that plain values have here."""
    cls = type(owner)
    known = METHODS.get(cls, _NONE).get(name)
    if known is None:
        raise Denied(what=f"{guards.kind(owner)}.{name}()")
    if cls is str or cls is dict:
        if len(owner) > SHORT:
            guards.charge(len(owner) >> 4)
        return known(owner, *arguments, **named)
    if cls in (list, tuple):
        guards.weigh(owner)
    return known(guards.local(owner), *arguments, **named)
