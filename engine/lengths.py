"""Lengths of time as people and ISO 8601 write them: “3 work days”, P2D, PT4H, P1M.

What a day or a week is worth depends on who works: see `engine.calendars`.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import isodate

from engine.errors import Refusal

_NUMBER = r"(\d{1,9}(?:[.,]\d{1,9})?)"
_ISO = re.compile(
    rf"([+-])?P(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?"
    rf"(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?"
)
_WORDS = re.compile(rf"{_NUMBER}\s*(?:work(?:ing)?[\s-]+)?([^\W\d_]+)(?:\s+robocz\w+)?", re.IGNORECASE)
_UNITS = (
    (re.compile(r"months?|miesi[ąę]c\w*"), "months"),
    (re.compile(r"weeks?|tydzień|tygodni\w*"), "weeks"),
    (re.compile(r"days?|dzień|dni"), "days"),
    (re.compile(r"h|hours?|godzin\w*"), "hours"),
    (re.compile(r"m|min|minutes?|minut\w*"), "minutes"),
)


class NotALength(Refusal):
    """“%(text)s” is not a length of time. Write for example 3 work days, P2D or PT4H."""


@dataclass(frozen=True, slots=True)
class Length:
    """Months of the calendar, then weeks and days of somebody's work, then ``time`` by the clock.

    A length below zero is no length: what should have happened before happens at once.
    """

    months: int = 0
    weeks: float = 0
    days: float = 0
    time: timedelta = timedelta()


def read(text: str) -> Length:
    """A length from ISO 8601 or plain words in English or Polish. ``P1DT30H`` is one day and 30 hours. Raises NotALength."""
    plain = text.strip()
    iso, words = _ISO.fullmatch(plain), _WORDS.fullmatch(plain)
    try:
        if iso and any(iso.groups()[1:]):
            return _of_iso(iso)
        return _of_words(words) if words else _otherwise(plain)
    except (isodate.ISO8601Error, ValueError, TypeError, ArithmeticError) as error:
        raise NotALength(text=text[:60]) from error


def is_length(text: str) -> bool:
    """Whether `read` understands a text."""
    try:
        read(text)
    except NotALength:
        return False
    return True


def _of_iso(found: re.Match[str]) -> Length:
    sign, *parts = found.groups()
    years, months, weeks, days, hours, minutes, seconds = (
        float(part.replace(",", ".")) if part else 0.0 for part in parts
    )
    if sign == "-":
        return Length()
    time = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return Length(_whole(12 * years + months), weeks, days, time)


def _of_words(found: re.Match[str]) -> Length:
    number, word = float(found[1].replace(",", ".")), found[2].lower()
    unit = next((name for pattern, name in _UNITS if pattern.fullmatch(word)), None)
    if unit is None:
        raise ValueError(word)
    if unit == "months":
        return Length(months=_whole(number))
    if unit in {"weeks", "days"}:
        return Length(weeks=number) if unit == "weeks" else Length(days=number)
    return Length(time=timedelta(**{unit: number}))


def _otherwise(text: str) -> Length:
    """What ISO 8601 allows besides: P0003-06-04T12:30:05."""
    if not any(sign.isdigit() for sign in text):
        raise ValueError(text)
    found = isodate.parse_duration(text)
    months, rest = Decimal(0), found
    if isinstance(found, isodate.Duration):
        months, rest = 12 * found.years + found.months, found.tdelta
    return Length(
        _whole(float(months)), 0, rest.days, timedelta(seconds=rest.seconds, microseconds=rest.microseconds)
    )


def _whole(months: float) -> int:
    if months != int(months):
        raise ValueError(months)
    return int(months)
