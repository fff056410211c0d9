"""Functions of numbers: rounding, remainders, powers and statistics."""

from collections.abc import Callable
from datetime import timedelta
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)
from typing import Any

from engine.process.decisions.feel import values
from engine.process.decisions.feel.env import Env
from engine.process.decisions.feel.registry import NUMBER, feel, many, whole
from engine.process.decisions.feel.values import DIGITS, YearsMonths, kind, number

MAX_SCALE = 34


def _round(name: str, rounding: str, default: int | None = None) -> None:
    def rounded(_env: Env, value: Any, scale: Any = default) -> Any:
        if scale is None:
            return None
        digits = whole(scale)
        if abs(digits) > 6111:
            raise ValueError
        if type(value) is int and digits >= 0:
            return value
        if digits > MAX_SCALE:
            return value
        return (
            Decimal(value).quantize(Decimal(1).scaleb(-digits), rounding, DIGITS)
            if digits >= 0
            else _tens(value, digits, rounding)
        )

    feel(name, NUMBER, NUMBER)(rounded)


def _tens(value: Any, digits: int, rounding: str) -> Any:
    if -digits > 40:
        return 0
    unit = Decimal(10) ** -digits
    return DIGITS.multiply(DIGITS.divide(Decimal(value), unit).quantize(Decimal(1), rounding, DIGITS), unit)


_round("decimal", ROUND_HALF_EVEN)
_round("round", ROUND_HALF_EVEN, 0)
_round("round up", ROUND_UP)
_round("round down", ROUND_DOWN)
_round("round half up", ROUND_HALF_UP)
_round("round half down", ROUND_HALF_DOWN)
_round("floor", ROUND_FLOOR, 0)
_round("ceiling", ROUND_CEILING, 0)


@feel("abs", (*NUMBER, timedelta, YearsMonths))
def _abs(_env: Env, value: Any) -> Any:
    return YearsMonths(abs(value.months)) if type(value) is YearsMonths else abs(value)


@feel("modulo", NUMBER, NUMBER)
def _modulo(_env: Env, value: Any, by: Any) -> Any:
    quotient = DIGITS.divide(Decimal(value), Decimal(by)).to_integral_value(ROUND_FLOOR)
    return DIGITS.subtract(Decimal(value), DIGITS.multiply(Decimal(by), quotient))


@feel("sqrt", NUMBER)
def _sqrt(_env: Env, value: Any) -> Any:
    return DIGITS.sqrt(Decimal(value))


@feel("log", NUMBER)
def _log(_env: Env, value: Any) -> Any:
    if value <= 0:
        raise ValueError
    return DIGITS.ln(Decimal(value))


@feel("exp", NUMBER)
def _exp(_env: Env, value: Any) -> Any:
    if abs(value) > 14_000:
        raise OverflowError
    return DIGITS.exp(Decimal(value))


@feel("odd", NUMBER)
def _odd(_env: Env, value: Any) -> bool:
    return bool(value % 2 == 1 or value % 2 == -1)


@feel("even", NUMBER)
def _even(_env: Env, value: Any) -> bool:
    return bool(value % 2 == 0)


@feel("int", NUMBER)
def _int(_env: Env, value: Any) -> int:
    return int(number(value))


@feel("float", NUMBER)
def _float(_env: Env, value: Any) -> Any:
    return value


@feel("sum")
def _sum(env: Env, *arguments: Any) -> Any:
    items = many(arguments)
    env.charge(len(items))
    if not items or any(each is None for each in items):
        return None
    found = items[0]
    if type(found) not in (*NUMBER, timedelta, YearsMonths):
        return env.fault(f"sum({kind(found)})")
    for each in items[1:]:
        if type(each) not in NUMBER and type(each) is not type(found):
            return env.fault(f"sum({kind(each)})")
        found = values.reckon("+", found, each, env)
    return found


def _numbers(name: str, work: Callable[[list[Decimal]], Any]) -> None:
    def worked(env: Env, *arguments: Any) -> Any:
        items = many(arguments)
        env.charge(len(items) * 4)
        if not items or any(each is None for each in items):
            return None
        if any(type(each) not in NUMBER for each in items):
            return env.fault(f"{name}({', '.join(sorted(set(map(kind, items))))})")
        return work([Decimal(each) for each in items])

    feel(name)(worked)


def _total(items: list[Decimal]) -> Decimal:
    found = Decimal(0)
    for each in items:
        found = DIGITS.add(found, each)
    return found


def _product(items: list[Decimal]) -> Decimal:
    found = Decimal(1)
    for each in items:
        found = DIGITS.multiply(found, each)
    return found


def _mean(items: list[Decimal]) -> Decimal:
    return DIGITS.divide(_total(items), len(items))


def _median(items: list[Decimal]) -> Decimal:
    ordered, half = sorted(items), len(items) // 2
    return ordered[half] if len(items) % 2 else _mean(ordered[half - 1 : half + 1])


def _deviation(items: list[Decimal]) -> Any:
    if len(items) < 2:
        return None
    middle = _mean(items)
    squares = [DIGITS.power(DIGITS.subtract(each, middle), 2) for each in items]
    return DIGITS.sqrt(DIGITS.divide(_total(squares), len(items) - 1))


def _mode(items: list[Decimal]) -> list[Decimal]:
    tally: dict[Decimal, int] = {}
    for each in items:
        tally[each] = tally.get(each, 0) + 1
    most = max(tally.values())
    return sorted(each for each, times in tally.items() if times == most)


_numbers("product", _product)
_numbers("mean", _mean)
_numbers("median", _median)
_numbers("stddev", _deviation)
_numbers("mode", _mode)
