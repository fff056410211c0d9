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


def _get(owner: dict[Any, Any], key: Any, default: Any = None) -> Any:
    return owner.get(guards.scalar(key), default)


def _own(name: str) -> Callable[..., Any]:
    return lambda owner, *arguments, **named: getattr(owner, name)(*arguments, **named)


def _owns(names: str) -> dict[str, Callable[..., Any]]:
    return {name: _own(name) for name in names.split()}


_counted: dict[str, Callable[..., Any]] = {
    "count": lambda owner, value: owner.count(guards.scalar(value)),
    "index": lambda owner, value: owner.index(guards.scalar(value)),
}
METHODS: dict[type, dict[str, Callable[..., Any]]] = {
    str: {
        **_owns("lower upper casefold title capitalize strip lstrip rstrip startswith endswith find count"),
        **_owns("isdigit isalpha isalnum removeprefix removesuffix"),
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
    datetime: _owns("date time isoformat weekday isoweekday"),
    date: _owns("isoformat weekday isoweekday"),
    timedelta: _owns("total_seconds"),
    float: _owns("is_integer"),
}


def method(owner: Any, name: str, *arguments: Any, **named: Any) -> Any:
    """``owner.name(…)`` for the few methods that plain values have here."""
    cls = type(owner)
    known = METHODS.get(cls, {}).get(name)
    if known is None:
        raise Denied(what=f"{guards.kind(owner)}.{name}()")
    if cls in (str, dict):
        guards.charge(1 + (len(owner) >> 4))
    elif cls in (list, tuple):
        guards.weigh(owner)
    return known(guards.local(owner), *arguments, **named)
