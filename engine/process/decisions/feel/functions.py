"""All functions together, the methods cells may call, and what stands behind a dot."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from engine import calendars
from engine.process.decisions.feel import lists, reckoning, texts, times, values
from engine.process.decisions.feel.env import Env
from engine.process.decisions.feel.registry import FUNCTIONS
from engine.process.decisions.feel.values import YearsMonths, kind, taken

LIBRARY = (lists, reckoning, texts, times)
"""The modules whose functions are in `FUNCTIONS`."""
FUNCTIONS["str"] = FUNCTIONS["string"]
FUNCTIONS["datetime"] = FUNCTIONS["date and time"]
FUNCTIONS["sorted"] = FUNCTIONS["sort"]
METHODS = {
    "startswith": "starts with",
    "endswith": "ends with",
    "lower": "lower case",
    "upper": "upper case",
    "strip": "trim",
    "get": "get value",
}
"""Methods that cells may call in our expressions' way, by the function that does the same."""


def field(owner: Any, name: str, env: Env) -> Any:
    """``owner.name``: an entry of a context, a part of a time; of a list, of each of its items."""
    cls = type(owner)
    if cls is dict:
        return taken(owner.get(name))
    if owner is None:
        return None
    if cls is list:
        env.limit(len(owner))
        return [field(taken(each), name, env) for each in owner]
    part = PARTS.get(cls, {}).get(name)
    if part is None:
        return env.fault(f"{kind(owner)}.{name}")
    return part(owner)


def _zoned(name: str) -> Callable[[Any], Any]:
    return lambda moment: getattr(moment.astimezone(calendars.HOME), name)


def _seconds(unit: int, cycle: int) -> Callable[[timedelta], int]:
    def part(length: timedelta) -> int:
        found = int(abs(length).total_seconds()) % cycle // unit
        return -found if length < timedelta() else found

    return part


def _own(name: str) -> Callable[[Any], Any]:
    return lambda owner: getattr(owner, name)


PARTS: dict[type, dict[str, Callable[[Any], Any]]] = {
    date: {
        **{name: _own(name) for name in ("year", "month", "day")},
        "weekday": lambda day: day.isoweekday(),
    },
    datetime: {
        **{name: _zoned(name) for name in ("year", "month", "day", "hour", "minute", "second")},
        "weekday": lambda moment: moment.astimezone(calendars.HOME).isoweekday(),
        "time": lambda moment: moment.astimezone(calendars.HOME).time(),
    },
    time: {name: _own(name) for name in ("hour", "minute", "second")},
    timedelta: {
        "days": lambda length: int(length / timedelta(days=1)),
        "hours": _seconds(3600, 86_400),
        "minutes": _seconds(60, 3600),
        "seconds": _seconds(1, 60),
    },
    YearsMonths: {
        "years": lambda length: int(length.months / 12),
        "months": lambda length: abs(length.months) % 12 * (1 if length.months >= 0 else -1),
    },
    values.Span: {
        "start": _own("low"),
        "end": _own("high"),
        "start included": _own("with_low"),
        "end included": _own("with_high"),
    },
}
