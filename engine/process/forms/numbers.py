"""Numbers as people write them, in Poland and elsewhere."""

import re
from decimal import Decimal

from engine.process.forms.refusals import NotANumber

_BLANKS = re.compile(r"[\s\u00a0\u202f']+")
_UNIT = re.compile(r"\s*(zł|pln|eur|usd|gbp|czk|€|\$|£|%)\s*\Z", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]+")


def parse(typed: str, *, digits: int | None = None) -> Decimal:
    """``1 240 000,50``, ``1,240,000.50``, ``1240000.5``, ``-3 %``, ``12 zł``. Raises NotANumber.

    A lone comma or dot marks decimals. Only where ``digits`` (the most decimals allowed) is less than three,
    ``1,240`` can mean nothing but one thousand two hundred and forty.
    """
    text = _BLANKS.sub(" ", _UNIT.sub("", typed.replace("\N{MINUS SIGN}", "-"))).strip()
    sign = -1 if text.startswith("-") else 1
    text = text.removeprefix("-").removeprefix("+").strip()
    whole, decimals = _halves(text, digits)
    if not _DIGITS.fullmatch(whole) or (decimals and not _DIGITS.fullmatch(decimals)) or len(text) > 40:
        raise NotANumber
    return sign * Decimal(f"{whole}.{decimals or 0}")


def _halves(text: str, digits: int | None) -> tuple[str, str]:
    """The digits before and after the decimal sign, without signs that group thousands."""
    marks = [sign for sign in text if sign in ",."]
    if not marks:
        return _ungrouped(text, " "), ""
    last = marks[-1]
    if marks.count(last) > 1:
        if len(set(marks)) > 1:
            raise NotANumber
        return _ungrouped(text, last), ""
    whole, _, decimals = text.rpartition(last)
    if len(marks) == 1:
        thousands = (
            digits is not None and digits < 3 and len(decimals) == 3 and whole.strip("0") and " " not in text
        )
        return (
            (_ungrouped(text, last), "")
            if thousands
            else (_ungrouped(whole, " ") or "0" * bool(decimals), decimals)
        )
    return _ungrouped(whole, marks[0]), decimals


def _ungrouped(text: str, mark: str) -> str:
    """Digits without the mark between thousands; the groups must be whole."""
    first, *groups = text.split(mark)
    if groups and (not 1 <= len(first) <= 3 or any(len(group) != 3 for group in groups)):
        raise NotANumber
    return first + "".join(groups)


def plain(number: Decimal) -> int | float:
    """A number that JSON and expressions take: an int where it is whole."""
    return int(number) if number == number.to_integral_value() else float(number)
