"""The functions that expressions may call, and nothing else.

Moments are UTC inside and shown in the organization's zone: a time written without a zone is meant there.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from typing import Any

import isodate

from engine import calendars
from engine.process.expressions import guards
from engine.process.expressions.refusals import Mismatch, TooMuch, Wrong

CLOCK = frozenset({"now", "today"})
"""Functions that read the clock; `evaluate` makes them afresh for each evaluation."""


def _len(value: Any) -> int:
    if type(value) not in (str, list, tuple, dict, set):
        raise Mismatch(what=f"len({guards.kind(value)})")
    return len(value)


def _number(value: Any, function: str) -> Any:
    if type(value) not in guards.NUMBERS and type(value) is not timedelta:
        raise Mismatch(what=f"{function}({guards.kind(value)})")
    return value


def _sum(values: Any, start: Any = 0) -> Any:
    def plus(left: Any, right: Any) -> Any:
        return guards.arithmetic("+", left, _number(right, "sum"))

    items = guards.each(values)
    if set(map(type, items)) <= {int, float} and type(start) is int:
        return sum(items, start)
    if start == 0 and items and type(items[0]) is timedelta:
        start = timedelta()
    return reduce(plus, items, _number(start, "sum"))


def _extreme(choose: Callable[..., Any]) -> Callable[..., Any]:
    def chosen(*values: Any, **default: Any) -> Any:
        if set(default) - {"default"}:
            raise Wrong(what=", ".join(sorted(default)))
        return choose(guards.scalars(values[0] if len(values) == 1 else values), **default)

    return chosen


def _sorted(values: Any, reverse: bool = False) -> list[Any]:
    return sorted(guards.scalars(values), reverse=bool(reverse))


def _small(value: Any) -> Any:
    """A number or text that is cheap to turn into a number."""
    if type(value) is Decimal and abs(value.adjusted()) > 100:
        raise TooMuch
    if type(value) is str and len(value) > 100:
        raise TooMuch
    return guards.scalar(value)


def _round(value: Any, digits: int | None = None) -> Any:
    if digits is not None and not -20 <= digits <= 20:
        raise TooMuch
    return round(_number(_small(value), "round"), digits)


def _date(*parts: Any) -> date:
    """A date from ISO text, from year, month and day, or of a moment in the organization's zone."""
    if len(parts) != 1:
        return date(*parts)
    value = guards.local(parts[0])
    if type(value) is str:
        value = datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
    if type(value) is datetime:
        return guards.local(value).date()  # type: ignore[no-any-return]  # what astimezone gives is a datetime
    if type(value) is not date:
        raise Mismatch(what=f"date({guards.kind(value)})")
    return value


def _datetime(*parts: Any) -> datetime:
    """A moment from ISO text or from year, month, day, hour…; in the organization's zone when it names none."""
    first = parts[0] if len(parts) == 1 else None
    if type(first) is str:
        moment = datetime.fromisoformat(first)
    elif type(first) is datetime:
        moment = first
    elif type(first) is date:
        moment = datetime(first.year, first.month, first.day)  # noqa: DTZ001  # the zone follows below
    elif len(parts) <= 7 and all(type(part) is int for part in parts):
        moment = datetime(*parts)  # noqa: DTZ001
    else:
        raise Mismatch(what=f"datetime({', '.join(map(guards.kind, parts))})")
    return (moment if moment.tzinfo else moment.replace(tzinfo=calendars.HOME)).astimezone(UTC)


def _duration(text: Any) -> timedelta:
    """A length of time from ISO 8601 text: P2D, PT15M. Months and years have no length and are refused."""
    found = isodate.parse_duration(_small(text)) if type(text) is str else text
    if type(found) is not timedelta:
        raise Wrong(what=f"duration({text})")
    return found


def _work_days_between(start: Any, end: Any) -> int:
    """Work days after ``start`` up to and with ``end``, without the organization's holidays."""
    first, last = _date(start), _date(end)
    years = abs(last.year - first.year) + 1
    if not (1970 <= first.year <= 2100 and 1970 <= last.year <= 2100):
        raise TooMuch
    guards.charge(500 * years)  # each year may have to work out its holidays
    return calendars.work_days_between(first, last)


def clock(now: datetime | None) -> dict[str, Callable[[], Any]]:
    """The functions that know what time it is: ``now``, or this machine's clock when nobody said."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    return {"now": lambda: moment, "today": lambda: calendars.local_day(moment)}


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "len": _len,
    "sum": _sum,
    "min": _extreme(min),
    "max": _extreme(max),
    "any": lambda values: any(guards.each(values)),
    "all": lambda values: all(guards.each(values)),
    "round": _round,
    "sorted": _sorted,
    "abs": lambda value: abs(_number(value, "abs")),
    "int": lambda value=0: int(_small(value)),
    "float": lambda value=0: float(_small(value)),
    "str": guards.text,
    "bool": bool,
    "same": guards.same,
    "date": _date,
    "datetime": _datetime,
    "timedelta": timedelta,
    "duration": _duration,
    "work_days_between": _work_days_between,
}
