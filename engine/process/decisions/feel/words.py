"""From text to words: numbers, texts, names (also such with spaces, when they are known) and signs."""

import re
from dataclasses import dataclass
from functools import lru_cache

from engine.process.decisions.feel.signatures import SPACED
from engine.process.expressions import TooMuch, Unreadable

MAX_TEXT = 4_000
MAX_WORDS = 1_500

_SPACE = re.compile(r"(?:\s|//[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
_NUMBER = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,4})?")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'', re.DOTALL)
_NAME = re.compile(r"[^\W\d]\w*")
_SIGN = re.compile(r"\.\.|<=|>=|!=|==|\*\*|[-+*/=<>()\[\]{},:.?@]")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{6})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(frozen=True, slots=True)
class Word:
    """A word: ``kind`` is number, text, name, sign or end; ``at`` its character, counted from 1."""

    kind: str
    text: str
    at: int


def words(source: str, known: frozenset[str] = frozenset()) -> list[Word]:
    """The words of a text, an end behind them. Raises Unreadable or TooMuch."""
    if len(source) > MAX_TEXT:
        raise TooMuch
    spaced = _spaced(known)
    found: list[Word] = []
    place = _skip(source, 0)
    while place < len(source):
        word, place = _word(source, place, spaced)
        found.append(word)
        if len(found) > MAX_WORDS:
            raise TooMuch
        place = _skip(source, place)
    return [*found, Word("end", "", len(source) + 1)]


def _skip(source: str, place: int) -> int:
    found = _SPACE.match(source, place)
    return found.end() if found else place


@lru_cache(512)
def _spaced(known: frozenset[str]) -> re.Pattern[str]:
    """Names with spaces, the longest first; names of functions only where a bracket follows."""

    def pattern(name: str) -> str:
        return r"\s+".join(map(re.escape, name.split()))

    spaced = (name for name in known if not name.isidentifier() and name[-2:] != "()")
    names = sorted(spaced, key=lambda name: (-len(name), name))
    functions = sorted(SPACED, key=len, reverse=True)
    parts = [rf"{pattern(name)}(?!\w)" for name in names]
    return re.compile("|".join([*parts, *(rf"{pattern(name)}(?=\s*\()" for name in functions)]))


def _word(source: str, place: int, spaced: re.Pattern[str]) -> tuple[Word, int]:
    text = _TEXT.match(source, place)
    if text:
        return Word("text", _unescaped(text[1] if text[1] is not None else text[2]), place + 1), text.end()
    name = spaced.match(source, place)
    if name:
        return Word("name", " ".join(name[0].split()), place + 1), name.end()
    for kind, pattern in (("name", _NAME), ("sign", _SIGN), ("number", _NUMBER)):
        dotted = kind == "sign" and source[place] == "." and source[place + 1 : place + 2].isdigit()
        found = None if dotted else pattern.match(source, place)
        if found:
            return Word(kind, found[0], place + 1), found.end()
    raise Unreadable(what=source.strip(), at=place + 1)


def _unescaped(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        code = found[1] or found[2]
        if not code:
            return _ESCAPED.get(found[3], found[3])
        number = int(code, 16)
        return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"

    return _ESCAPE.sub(one, text) if "\\" in text else text
