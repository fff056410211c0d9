"""Cells of decision tables in FEEL, put into the words of the fenced language.

A condition cell is a *unary test* of the input: ``[1..5)``, ``"a","b"``, ``not(1,2)``, ``>= limit``, ``? < 5 and x``.
The result is an expression over `INPUT`, or None where the cell accepts everything.
"""

import re
from functools import lru_cache

from engine.process import expressions

INPUT = "cell_input"
"""What a condition calls the value of its column."""

TOKEN = re.compile(
    r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\d+(?:\.\d+)?|\.\.|\.\d+
        |[^\W\d]\w*(?:\.[^\W\d]\w*)*|<=|>=|!=|==|//|\S)""",
    re.VERBOSE,
)
WORDS = {"true": "True", "false": "False", "null": "None", "?": INPUT}
OPENING, CLOSING = ("(", "[", "{"), (")", "]", "}")


@lru_cache(8192)
def condition(cell: str) -> str | None:
    """The expression of a condition cell. Raises what `expressions.check` raises."""
    if cell.strip() in ("", "-"):
        return None
    words = _words(cell)
    negated = words[:2] == ["not", "("] and _closing(words, 1) == len(words) - 1
    tests = _tests(words[2:-1] if negated else words)
    found = " or ".join(map(_test, tests))
    found = f"not ({found})" if negated else found
    expressions.check(found)
    return found


@lru_cache(8192)
def value(cell: str) -> str | None:
    """The expression of an answer cell or an input; None for an empty one."""
    if cell.strip() in ("", "-"):
        return None
    return _plain(_words(cell))


def _words(cell: str) -> list[str]:
    words: list[str] = TOKEN.findall(cell.strip())
    return words


def _closing(words: list[str], start: int) -> int | None:
    """Where the bracket that opens at ``start`` closes."""
    depth = 0
    for place in range(start, len(words)):
        depth += (words[place] in OPENING) - (words[place] in CLOSING)
        if depth == 0:
            return place
    return None


def _range_end(words: list[str], start: int) -> int | None:
    """Where the interval that begins at ``start`` ends: ``[1..5)``, ``]1..5[``; None when it is not one."""
    if words[start] not in ("[", "(", "]"):
        return None
    depth, dots = 0, False
    for place in range(start + 1, len(words)):
        word = words[place]
        if depth == 0 and word == "..":
            dots = True
        elif depth == 0 and dots and word in ("]", ")", "["):
            return place
        elif depth == 0 and (word == "," or word in CLOSING):
            return None
        else:
            depth += (word in OPENING) - (word in CLOSING)
    return None


def _tests(words: list[str]) -> list[list[str]]:
    """The tests of a cell, which commas outside brackets separate."""
    tests: list[list[str]] = [[]]
    place = depth = 0
    while place < len(words):
        end = _range_end(words, place) if depth == 0 and not tests[-1] else None
        if end is not None:
            tests[-1] = words[place : end + 1]
            place = end + 1
            continue
        word = words[place]
        depth += (word in OPENING) - (word in CLOSING)
        if word == "," and depth == 0:
            tests.append([])
        else:
            tests[-1].append(word)
        place += 1
    return tests


def _test(words: list[str]) -> str:
    """One test as an expression over the input. An empty input is never larger or smaller than anything."""
    if words and _range_end(words, 0) == len(words) - 1:
        dots = words.index("..")
        low, high = _plain(words[1:dots]), _plain(words[dots + 1 : -1])
        above, below = "<=" if words[0] == "[" else "<", "<=" if words[-1] == "]" else "<"
        return f"({INPUT} is not None and ({low}) {above} {INPUT} {below} ({high}))"
    if "?" in words:
        return f"({_plain(words)})"
    first, rest = (words[0], words[1:]) if words else ("", [])
    if first in ("<", "<=", ">", ">="):
        return f"({INPUT} is not None and {INPUT} {first} ({_plain(rest)}))"
    if first in ("=", "=="):
        return f"same({INPUT}, {_plain(rest)})"
    if first == "!=":
        return f"(not same({INPUT}, {_plain(rest)}))"
    if first == "in":
        return f"({INPUT} in {_plain(rest)})"
    if words[:2] == ["not", "in"]:
        return f"({INPUT} not in {_plain(words[2:])})"
    if first == "[" and _closing(words, 0) == len(words) - 1:
        return f"({INPUT} in {_plain(words)} or {INPUT} == {_plain(words)})"
    return f"same({INPUT}, {_plain(words)})"


def _plain(words: list[str]) -> str:
    """FEEL's own words in Python's: true, null, a single ``=``, ``date and time(…)``.

    Each piece must be an expression of its own, so that no bracket of a cell closes one of ours.
    """
    found: list[str] = []
    depth = 0
    for word in words:
        depth += (word in OPENING) - (word in CLOSING)
        found.append("==" if word == "=" and depth == 0 else WORDS.get(word, word))
        if found[-3:] == ["date", "and", "time"]:
            found[-3:] = ["datetime"]
    source = " ".join(found)
    expressions.check(source)
    return source
