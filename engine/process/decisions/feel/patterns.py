"""Regular expressions with a price: how often a match may have to try is reckoned before it is tried.

Only what the price can be told of is let in: classes, groups, alternatives, anchors and quantifiers of pieces that can
match in one way. ``(a+)+``, ``(a|a)*``, back references and look-around are refused.
"""

import re
from functools import lru_cache

from engine.process.decisions.feel.env import Env
from engine.process.expressions import Denied, TooMuch

MAX_PATTERN = 200
MAX_TRIES = 1_000_000
TRIES_PER_WORK = 20
MAX_REPEATS = 200

_ATOM = re.compile(r"\\[dDwWsSbBntr.^$*+?()\[\]{}|\\/\-]|\[(?:\\.|[^\]\\])+\]|[^\\\[(){}*+?|]")
_QUANTIFIER = re.compile(r"[*+?]\??|\{(\d{1,4})(,(\d{0,4}))?\}\??")
_FLAGS = {"i": re.IGNORECASE, "s": re.DOTALL, "m": re.MULTILINE, "x": re.VERBOSE}


def search_all(pattern: str, flags: str, subject: str, env: Env) -> re.Pattern[str]:
    """The compiled pattern, when looking for it in ``subject`` is cheap enough. Raises Denied or TooMuch."""
    anchored, _ = _priced(pattern)
    tries = price(pattern, len(subject)) * (1 if anchored else len(subject) + 1)
    if tries > MAX_TRIES:
        raise TooMuch
    env.charge(1 + tries // TRIES_PER_WORK)
    return _compiled(pattern, flags)


@lru_cache(512)
def _compiled(pattern: str, flags: str) -> re.Pattern[str]:
    if not set(flags) <= {"i", "s", "m"}:
        raise Denied(what=flags[:20])
    found = re.RegexFlag(0)
    for flag in flags:
        found |= _FLAGS[flag]
    try:
        return re.compile(pattern, found)
    except (re.error, OverflowError, RecursionError):
        raise Denied(what=pattern[:60]) from None


def price(pattern: str, length: int) -> int:
    """How many ways a match at one place may have to try, at most, over a text of this length."""
    _, shape = _priced(pattern)
    return shape.price(length + 1)


@lru_cache(512)
def _priced(pattern: str) -> tuple[bool, "_Shape"]:
    if len(pattern) > MAX_PATTERN:
        raise TooMuch
    shape, place = _alternatives(pattern, 0, 0)
    if place != len(pattern):
        raise Denied(what=pattern[:60])
    anchored = pattern.startswith("^") and "|" not in pattern
    return anchored, shape


class _Shape:
    """Ways as a polynomial of the length: power → factor."""

    def __init__(self, ways: dict[int, int]) -> None:
        self.ways = ways

    def price(self, length: int) -> int:
        return sum(factor * length**power for power, factor in self.ways.items())

    @property
    def single(self) -> bool:
        return self.ways == {0: 1}

    def times(self, other: "_Shape") -> "_Shape":
        found: dict[int, int] = {}
        for one, factor in self.ways.items():
            for two, by in other.ways.items():
                found[one + two] = found.get(one + two, 0) + factor * by
        if max(found) > 8 or max(found.values()) > MAX_TRIES:
            raise TooMuch
        return _Shape(found)

    def plus(self, other: "_Shape") -> "_Shape":
        return _Shape(
            {power: self.ways.get(power, 0) + other.ways.get(power, 0) for power in {*self.ways, *other.ways}}
        )


ONE = _Shape({0: 1})


def _alternatives(pattern: str, place: int, depth: int) -> tuple[_Shape, int]:
    if depth > 10:
        raise TooMuch
    found, place = _sequence(pattern, place, depth)
    while pattern[place : place + 1] == "|":
        other, place = _sequence(pattern, place + 1, depth)
        found = found.plus(other)
    return found, place


def _sequence(pattern: str, place: int, depth: int) -> tuple[_Shape, int]:
    found = ONE
    while place < len(pattern) and pattern[place] not in "|)":
        piece, place = _piece(pattern, place, depth)
        quantifier = _QUANTIFIER.match(pattern, place)
        if quantifier:
            place = quantifier.end()
            piece = _repeated(pattern, piece, quantifier)
        found = found.times(piece)
    return found, place


def _piece(pattern: str, place: int, depth: int) -> tuple[_Shape, int]:
    if pattern[place] == "(":
        inner = place + (3 if pattern.startswith("(?:", place) else 1)
        if inner == place + 1 and pattern[inner : inner + 1] == "?":
            raise Denied(what=pattern[:60])
        found, place = _alternatives(pattern, inner, depth + 1)
        if pattern[place : place + 1] != ")":
            raise Denied(what=pattern[:60])
        return found, place + 1
    atom = _ATOM.match(pattern, place)
    if atom is None:
        raise Denied(what=pattern[:60])
    return ONE, atom.end()


def _repeated(pattern: str, piece: _Shape, quantifier: re.Match[str]) -> _Shape:
    sign = quantifier[0]
    low, high = _times(quantifier)
    if not piece.single and (low, high) not in ((0, 1), (1, 1)):
        raise Denied(what=pattern[:60])
    if high is None:
        return _Shape({1: 1})
    if high > MAX_REPEATS:
        raise TooMuch
    if low == high:
        return piece
    return ONE.plus(piece) if sign[0] == "?" else _Shape({0: max(high - low + 1, 1)})


def _times(quantifier: re.Match[str]) -> tuple[int, int | None]:
    sign = quantifier[0][0]
    if sign != "{":
        return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
    low = int(quantifier[1])
    if quantifier[2] is None:
        return low, low
    return low, int(quantifier[3]) if quantifier[3] else None
