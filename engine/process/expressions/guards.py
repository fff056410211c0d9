"""The checks that compiled expressions run through: which types meet, how large they grow, how much work they do.

Work is paid from a budget that belongs to one evaluation in one thread. Nothing here reaches an attribute,
an operator or a method that is not named in a table of this file.
"""

import operator
import re
import threading
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isclose, isfinite, nan
from typing import Any

from engine.calendars import HOME
from engine.process.expressions.refusals import Denied, Mismatch, TooMuch, UnknownName, Wrong

MAX_LENGTH = 20_000
"""Characters of a text, or items of a list, that an expression may build."""
MAX_BITS = 512
MAX_WORK = 50_000
SHORT = 200
"""Characters that are put together without being counted."""
LARGE = 2**60
"""From here on numbers can be chosen so that Python's sets look at each of them for every other."""

NUMBERS = frozenset({int, float, bool, Decimal})
TIMES = frozenset({date, datetime, time, timedelta})
SCALARS = frozenset({str, type(None)}) | NUMBERS | TIMES
LIGHT = frozenset({int, bool, str, type(None)})
"""What needs no second look as a result."""
EVERYDAY = frozenset({int, float})
PLAIN = LIGHT | {float}
"""What compares with its like at once, in the same way as in Python."""
SEQUENCES = frozenset({str, list, tuple})
FIELDS: dict[type, frozenset[str]] = {
    datetime: frozenset({"year", "month", "day", "hour", "minute", "second"}),
    date: frozenset({"year", "month", "day"}),
    time: frozenset({"hour", "minute", "second"}),
    timedelta: frozenset({"days", "seconds"}),
}
FORMAT = re.compile(r"[<>^+\-, ]?0?\d{0,2}[,_]?(\.\d{1,2})?[dfgs%]?")


class _Budget(threading.local):
    work = 0


_budget = _Budget()


def begin() -> None:
    """A new evaluation starts in this thread, with a full budget."""
    _budget.work = MAX_WORK


def charge(work: int) -> None:
    """Pay for some work; refuses when the budget is spent."""
    _budget.work -= work
    if _budget.work < 0:
        raise TooMuch


def kind(value: Any) -> str:
    """The word of the language for a value's type."""
    return "None" if value is None else type(value).__name__


def limit(length: int) -> None:
    """Refuse a text or list that grows too long, and pay for building it."""
    if length > MAX_LENGTH:
        raise TooMuch
    charge(length >> 4)


def scalar(value: Any) -> Any:
    """The value, if it is a single plain one."""
    if type(value) not in SCALARS:
        raise Mismatch(what=kind(value))
    return value


def key(value: Any) -> Any:
    """The value as a key of a dict or an item of a set: pays for numbers that may share their place with others."""
    if type(value) in NUMBERS and not -LARGE < value < LARGE:
        charge(200)
    return scalar(value)


def weigh(value: Any) -> None:
    """Pay for looking at all of a value, and refuse anything that is not plain data."""
    rest, work = [value], _budget.work
    while rest:
        item = rest.pop()
        cls = type(item)
        work -= 1
        if cls is str:
            work -= len(item) >> 6
        elif cls is dict:
            rest.extend(item.values())
            work -= len(item)
        elif cls is list or cls is tuple or cls is set:
            rest.extend(item)
            work -= len(item)
        elif cls is float and not isfinite(item):
            raise Wrong(what=str(item))
        elif cls not in SCALARS:
            raise Denied(what=kind(item))
        if work < 0:
            raise TooMuch
    _budget.work = work


def local(value: Any) -> Any:
    """A moment as the organization's clock shows it; anything else as it is."""
    return value.astimezone(HOME) if type(value) is datetime and value.tzinfo else value


def attribute(owner: Any, name: str) -> Any:
    """``owner.name``: a key of a dict, or a part of a date."""
    cls = type(owner)
    if cls is dict:
        try:
            return owner[name]
        except KeyError:
            raise UnknownName(what=name) from None
    if name in FIELDS.get(cls, ()):
        return getattr(local(owner), name)
    if owner is None:
        raise Wrong(what=f"None.{name}")
    raise Denied(what=f"{kind(owner)}.{name}")


def item(owner: Any, key: Any) -> Any:
    """``owner[key]`` of a dict, list, tuple or text."""
    cls = type(owner)
    if cls is dict:
        if scalar(key) not in owner:
            raise UnknownName(what=str(key))
        return owner[key]
    if cls in SEQUENCES:
        return owner[key]
    raise Mismatch(what=f"{kind(owner)}[{kind(key)}]")


def member(owner: Any, key: str) -> Any:
    """``owner["key"]``, as it is mostly written."""
    if type(owner) is dict:
        try:
            return owner[key]
        except KeyError:
            raise UnknownName(what=key) from None
    return item(owner, key)


def part(owner: Any, start: Any, stop: Any, step: Any) -> Any:
    """``owner[start:stop:step]`` of a list, tuple or text."""
    if type(owner) not in SEQUENCES:
        raise Mismatch(what=f"{kind(owner)}[:]")
    charge(1 + (len(owner) >> 4 if type(owner) is str else len(owner)))
    return owner[start:stop:step]


def each(values: Any, weight: int = 1) -> tuple[Any, ...]:
    """The items to go through; ``weight`` is how much work one round does."""
    cls = type(values)
    if cls is not list and cls is not tuple and cls not in (set, dict, str):
        raise Mismatch(what=kind(values))
    _budget.work -= (len(values) + 1) * weight
    if _budget.work < 0:
        raise TooMuch
    return tuple(values)


def scalars(values: Any) -> tuple[Any, ...]:
    """The items to go through, each of them a single plain value."""
    items = each(values)
    for value in items:
        if type(scalar(value)) is str:
            charge(len(value) >> 6)
    return items


ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
COMPARISON: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _decimals(left: Any, right: Any) -> tuple[Any, Any]:
    """A Decimal meets a float as the number that was written: 0.15 is 0.15, not 0.1499999999999999944."""
    if type(left) is Decimal and type(right) is float:
        return left, Decimal(repr(right))
    if type(left) is float and type(right) is Decimal:
        return Decimal(repr(left)), right
    return left, right


def arithmetic(symbol: str, left: Any, right: Any) -> Any:
    """``left + right`` and its like, for numbers, times and texts that do not grow too large."""
    first, second = type(left), type(right)
    if first in SEQUENCES or second in SEQUENCES:
        return _joined(symbol, left, right)
    if first is int and second is int:
        if symbol == "*" and left.bit_length() + right.bit_length() > MAX_BITS:
            raise TooMuch
    elif first not in NUMBERS | TIMES or second not in NUMBERS | TIMES:
        raise Mismatch(what=f"{kind(left)} {symbol} {kind(right)}")
    try:
        return ARITHMETIC[symbol](*_decimals(left, right))
    except TypeError:
        raise Mismatch(what=f"{kind(left)} {symbol} {kind(right)}") from None


def _calculated(symbol: str) -> Callable[[Any, Any], Any]:
    """One operator, quick where two everyday numbers meet."""
    operate = ARITHMETIC[symbol]

    def calculated(left: Any, right: Any) -> Any:
        if (type(left) is int or type(left) is float) and (type(right) is int or type(right) is float):
            return operate(left, right)
        return arithmetic(symbol, left, right)

    return calculated


def _plus(left: Any, right: Any) -> Any:
    """``left + right``: short texts are put together at once."""
    if (type(left) is int or type(left) is float) and (type(right) is int or type(right) is float):
        return left + right
    if type(left) is str and type(right) is str and len(left) + len(right) < SHORT:
        return left + right
    return arithmetic("+", left, right)


def _times(left: Any, right: Any) -> Any:
    """``left * right``: two whole numbers are looked at first."""
    if (type(left) is float and type(right) in EVERYDAY) or (type(right) is float and type(left) is int):
        return left * right
    return arithmetic("*", left, right)


CALCULATIONS = {symbol: _calculated(symbol) for symbol in ARITHMETIC} | {"+": _plus, "*": _times}


def _joined(symbol: str, left: Any, right: Any) -> Any:
    if symbol == "+" and type(left) is type(right):
        limit(len(left) + len(right))
        return left + right
    many, times = (left, right) if type(left) in SEQUENCES else (right, left)
    if symbol == "*" and type(times) is int:
        limit(len(many) * max(times, 0))
        return many * times
    raise Mismatch(what=f"{kind(left)} {symbol} {kind(right)}")


def compare(symbols: tuple[str, ...], *values: Any) -> bool:
    """A chain of comparisons: ``1 < amount <= 5``."""
    return all(_holds(symbol, values[place], values[place + 1]) for place, symbol in enumerate(symbols))


def _compared(symbol: str) -> Callable[[Any, Any], bool]:
    """One comparison, quick where two everyday values meet."""
    operate = COMPARISON.get(symbol)

    def compared(left: Any, right: Any) -> bool:
        if operate is not None and type(left) in PLAIN and type(right) in PLAIN:
            try:
                return operate(left, right)
            except TypeError:
                raise Mismatch(what=f"{kind(left)} {symbol} {kind(right)}") from None
        return _holds(symbol, left, right)

    return compared


COMPARISONS = {symbol: _compared(symbol) for symbol in (*COMPARISON, "is", "is not", "in", "not in")}


def among(value: Any, many: tuple[Any, ...]) -> bool:
    """``value in ["a", "b"]`` where everything in the list is written there."""
    return value in many if type(value) in SCALARS else _contains(list(many), value)


def _holds(symbol: str, left: Any, right: Any) -> bool:
    if symbol in ("is", "is not"):
        return (left is right) is (symbol == "is")
    if symbol in ("in", "not in"):
        return _contains(right, left) is (symbol == "in")
    if type(left) not in SCALARS or type(right) not in SCALARS:
        weigh(left)
        weigh(right)
    try:
        return COMPARISON[symbol](*_decimals(left, right))
    except TypeError:
        raise Mismatch(what=f"{kind(left)} {symbol} {kind(right)}") from None


def _contains(many: Any, value: Any) -> bool:
    cls = type(many)
    if cls in (dict, set):
        return scalar(value) in many
    if cls in (list, tuple):
        weigh(value)
        weigh(many)
        return value in many
    if cls is str and type(value) is str:
        charge(1 + (len(many) >> 4))
        return value in many
    raise Mismatch(what=f"{kind(value)} in {kind(many)}")


def same(left: Any, right: Any) -> bool:
    """Equal as people mean it: 0.1 + 0.2 is 0.3, but a yes is not a 1."""
    if (type(left) is bool) is not (type(right) is bool):
        return False
    if type(left) in NUMBERS and type(right) in NUMBERS and left != right:
        return isclose(_float(left), _float(right), rel_tol=1e-9, abs_tol=1e-9)
    return _holds("==", left, right)


def _float(number: Any) -> float:
    """A number for a rough comparison; nan, equal to nothing, where it is too large for one."""
    try:
        return float(number)
    except OverflowError:
        return nan


def text(value: Any) -> str:
    """A single plain value as text; moments in the organization's zone."""
    return str(local(scalar(value)))


def formatted(value: Any, spec: str) -> str:
    """One place of an f-string."""
    if type(value) is Decimal and abs(value.adjusted()) > 100:
        raise TooMuch
    return format(scalar(value), spec) if spec else text(value)


def joined(*parts: str) -> str:
    """An f-string from its parts."""
    limit(sum(map(len, parts)))
    return "".join(parts)
