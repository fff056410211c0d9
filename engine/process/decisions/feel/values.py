"""Values of FEEL: how they enter, compare, add up and leave. Numbers are whole or Decimal with 34 digits."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from math import isfinite
from typing import Any

import isodate

from engine.calendars import HOME
from engine.process.decisions.feel.env import Env

DIGITS = Context(
    prec=34,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
LARGEST = 10**34
PLAIN = frozenset({str, bool, int, type(None), date})


@dataclass(frozen=True, slots=True, order=True)
class YearsMonths:
    """A duration without a length in days: ``P1Y2M``."""

    months: int

    def __str__(self) -> str:
        years, months = divmod(abs(self.months), 12)
        text = (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
        return f"{'-' if self.months < 0 else ''}P{text}"


@dataclass(frozen=True, slots=True)
class Span:
    """A range. An end that is None is open."""

    low: Any
    high: Any
    with_low: bool
    with_high: bool


NUMBERS = frozenset({int, Decimal})
ORDERED: frozenset[type] = frozenset({str, date, datetime, time, timedelta, YearsMonths})


def taken(value: Any) -> Any:
    """A value of the outside as FEEL sees it: a float is the number that was written, a moment is UTC."""
    cls = type(value)
    if cls in PLAIN or cls in (list, dict):
        return value
    if cls is float:
        return Decimal(f"{value:.15g}") if isfinite(value) else None
    if cls is Decimal:
        return value if value.is_finite() else None
    if cls is datetime:
        return (value if value.tzinfo else value.replace(tzinfo=HOME)).astimezone(UTC)
    if cls in (time, timedelta, YearsMonths, Span):
        return value
    if cls in (tuple, set, frozenset):
        return list(value)
    if isinstance(value, isodate.Duration):
        return YearsMonths(int(value.years * 12 + value.months)) if not value.tdelta else None
    return None


def given(value: Any, env: Env, depth: int = 0) -> Any:
    """A result as the outside sees it: numbers whole where they are, ranges and odd durations as text."""
    env.charge(1)
    cls = type(value)
    if cls is Decimal:
        return int(value) if abs(value) < LARGEST and value == value.to_integral_value() else value
    if cls is list or cls is dict:
        if depth > 30:
            raise RecursionError
        if cls is list:
            return [given(taken(item), env, depth + 1) for item in value]
        return {key: given(taken(item), env, depth + 1) for key, item in value.items()}
    if cls is str:
        env.charge(len(value) >> 6)
    return written(value) if cls in (Span, YearsMonths) else value


def kind(value: Any) -> str:
    """The word of the language for a value's type."""
    return KINDS.get(type(value), "Any") if value is not None else "null"


KINDS: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "number",
    Decimal: "number",
    date: "date",
    datetime: "date and time",
    time: "time",
    timedelta: "days and time duration",
    YearsMonths: "years and months duration",
    list: "list",
    dict: "context",
    Span: "range",
}


def equal(left: Any, right: Any, env: Env) -> bool | None:
    """``left = right``: null only equals null; values of different kinds compare to null."""
    one, other = type(left), type(right)
    if one is str and other is str:
        return bool(left == right)
    if left is None or right is None:
        return left is right
    if one in NUMBERS and other in NUMBERS:
        return bool(left == right)
    if one is not other:
        return None
    env.charge(1)
    if one is list:
        return _all_equal(left, right, env)
    if one is dict:
        if left.keys() != right.keys():
            return False
        return _all_equal(list(left.values()), [right[key] for key in left], env)
    return bool(left == right)


def _all_equal(left: list[Any], right: list[Any], env: Env) -> bool | None:
    if len(left) != len(right):
        return False
    found: bool | None = True
    for one, other in zip(left, right, strict=True):
        answer = equal(taken(one), taken(other), env)
        if answer is False:
            return False
        if answer is None:
            found = None
    return found


def order(left: Any, right: Any) -> int | None:
    """-1, 0 or 1; None for values that have no order between them."""
    one, other = type(left), type(right)
    if not (one in NUMBERS and other in NUMBERS) and (one is not other or one not in ORDERED):
        return None
    try:
        return int(left > right) - int(left < right)
    except TypeError:  # a time of day with a zone and one without
        return None


COMPARE: dict[str, Callable[[int], bool]] = {
    "<": lambda side: side < 0,
    "<=": lambda side: side <= 0,
    ">": lambda side: side > 0,
    ">=": lambda side: side >= 0,
}


def compare(sign: str, left: Any, right: Any, env: Env) -> bool | None:
    """``left < right`` and its like, three-valued."""
    if sign in ("=", "=="):
        return equal(left, right, env)
    if sign == "!=":
        found = equal(left, right, env)
        return None if found is None else not found
    side = order(left, right)
    return None if side is None else COMPARE[sign](side)


def within(value: Any, span: Span) -> bool | None:
    """Whether a value lies in a range."""
    low = 0 if span.low is None else order(value, span.low)
    high = 0 if span.high is None else order(value, span.high)
    if low is None or high is None:
        return None
    above = span.low is None or low > 0 or (low == 0 and span.with_low)
    return above and (span.high is None or high < 0 or (high == 0 and span.with_high))


def holds(value: Any, among: Any, env: Env) -> bool | None:
    """``value in among`` for a list, a range or a single value."""
    if type(among) is Span:
        return within(value, among)
    if type(among) is not list:
        return equal(value, among, env)
    found: bool | None = False
    for each in among:
        env.charge(1)
        each = taken(each)
        answer = within(value, each) if type(each) is Span else equal(value, each, env)
        if answer:
            return True
        if answer is None:
            found = None
    return True if type(value) is list and equal(value, among, env) else found


# ------------------------------------------------------------------------------------------- arithmetic


def number(value: Any) -> Any:
    """A number that is not longer than 34 digits."""
    return DIGITS.plus(Decimal(value)) if abs(value) >= LARGEST else value


def reckon(sign: str, left: Any, right: Any, env: Env) -> Any:
    """``left + right`` and its like; null for null, null with a note for what does not fit."""
    if left is None or right is None:
        return None
    try:
        if type(left) in NUMBERS and type(right) in NUMBERS:
            return _numbers(sign, left, right)
        return _others(sign, left, right, env)
    except ZeroDivisionError:  # also of Decimal
        return env.fault(f"{left} {sign} 0")
    except (DecimalException, OverflowError, ValueError):
        return env.fault(f"{kind(left)} {sign} {kind(right)}")


def _numbers(sign: str, left: Any, right: Any) -> Any:
    whole = type(left) is int and type(right) is int
    if sign == "+":
        return number(left + right) if whole else DIGITS.add(left, right)
    if sign == "-":
        return number(left - right) if whole else DIGITS.subtract(left, right)
    if sign == "*":
        return number(left * right) if whole else DIGITS.multiply(left, right)
    if sign == "**":
        return DIGITS.power(Decimal(left), Decimal(right))
    if whole and right and left % right == 0:
        return left // right
    return DIGITS.divide(Decimal(left), Decimal(right))


def _others(sign: str, left: Any, right: Any, env: Env) -> Any:
    one, other = type(left), type(right)
    if sign == "+" and one is other and one in (str, list):
        env.limit(len(left) + len(right))
        return left + right
    if sign in ("+", "-") and other in (timedelta, YearsMonths) and one in (date, datetime, time, other):
        return _shifted(left, right, 1 if sign == "+" else -1, env)
    if sign == "+" and one in (timedelta, YearsMonths) and other in (date, datetime, time):
        return _shifted(right, left, 1, env)
    if sign == "-" and one is other and one in (date, datetime):
        return left - right
    if one in (timedelta, YearsMonths) and other in NUMBERS and sign in ("*", "/"):
        return _scaled(left, sign, right)
    if other in (timedelta, YearsMonths) and one in NUMBERS and sign == "*":
        return _scaled(right, sign, left)
    if sign == "/" and one is other and one in (timedelta, YearsMonths):
        return _numbers("/", _length(left), _length(right))
    return env.fault(f"{kind(left)} {sign} {kind(right)}")


def _length(duration: Any) -> int:
    return duration.months if type(duration) is YearsMonths else duration // timedelta(microseconds=1)


def _scaled(duration: Any, sign: str, by: Any) -> Any:
    found = int(_numbers(sign, Decimal(_length(duration)), by))
    if type(duration) is timedelta:
        return timedelta(microseconds=found)
    return YearsMonths(found)


def _shifted(start: Any, by: Any, sign: int, env: Env) -> Any:
    if type(by) is YearsMonths:
        if type(start) is YearsMonths:
            return YearsMonths(int(number(start.months + sign * by.months)))
        if type(start) in (date, datetime):
            return later(start, sign * by.months)
        return env.fault(f"{kind(start)} + {kind(by)}")
    if type(start) is time:
        moment = datetime.combine(date(2000, 1, 1), start) + sign * by
        return moment.timetz()
    return start + sign * by


def later(start: Any, months: int) -> Any:
    """So many months later, on the same day or on the last of a shorter month."""
    local = start.astimezone(HOME) if type(start) is datetime else start
    years, month = divmod(local.month - 1 + months, 12)
    year = local.year + years
    for day in (local.day, 30, 29, 28):
        try:
            found = local.replace(year=year, month=month + 1, day=min(day, local.day))
        except ValueError:
            if day == 28:
                raise
            continue
        return found.astimezone(UTC) if type(found) is datetime else found
    return None


# ------------------------------------------------------------------------------------------- as text


def written(value: Any) -> str:
    """A value as FEEL's ``string()`` writes it; moments in the organization's zone."""
    cls = type(value)
    if value is None:
        return "null"
    if cls is bool:
        return "true" if value else "false"
    if cls is Decimal:
        return f"{_short(value):f}" if -40 < value.adjusted() < 40 else str(value)
    if cls is datetime:
        return str(value.astimezone(HOME).isoformat())
    if cls in (date, time):
        return str(value.isoformat())
    if cls is timedelta:
        return f"{isodate.duration_isoformat(value)}" if value >= timedelta() else f"-{written(-value)}"
    if cls is Span:
        low = "" if value.low is None else literal(value.low)
        high = "" if value.high is None else literal(value.high)
        return f"{'[' if value.with_low else '('}{low}..{high}{']' if value.with_high else ')'}"
    if cls is list:
        return f"[{', '.join(literal(taken(each)) for each in value)}]"
    if cls is dict:
        return f"{{{', '.join(f'{key}: {literal(taken(each))}' for key, each in value.items())}}}"
    return str(value)


def _short(value: Decimal) -> Decimal:
    return (
        value.quantize(Decimal(1), context=DIGITS)
        if value == value.to_integral_value() and value.adjusted() < 33
        else value.normalize(DIGITS)
    )


def shown(value: Any) -> str:
    """Any value for people, as it would be written in a cell."""
    return literal(taken(value))[:500]


def literal(value: Any) -> str:
    """A value as it would be written in a cell: texts in quotes, dates with their function."""
    cls = type(value)
    if cls is str:
        inside = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{inside}"'
    word = {date: "date", time: "time", datetime: "date and time", timedelta: "duration"}.get(cls)
    word = "duration" if cls is YearsMonths else word
    return f'{word}("{written(value)}")' if word else written(value)
