"""A move as bytes of one width, so that a column of many is one view of them: no Python object for any value.

PostgreSQL says any number as eight bytes. SQLite has no such thing, but its ``char()`` writes a number between 65,536
and 1,114,111 as four bytes of UTF-8: twenty bits each. Whatever does not fit makes a row shorter, never longer, so
the length of many rows together tells whether all of them fit.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reports.rollups.columns.words import Frame, Ints

BITS, BASE, UNKNOWN = 20, 1 << 16, (1 << 20) - 1
"""Bits of a character, the first character of four bytes, and a word that has no number yet."""
SIGN = 1 << 59
MOMENT, DAY = 19, 10
"""Characters of a moment to the second and of a day, as SQLite keeps them."""
Y2K = 10_957
"""Days from 1970 to 2000."""
TEXTS = ("kind", "from_stage", "to_stage", "reason")
Known = Mapping[str, Mapping[str, int]]
"""The numbers of the texts met in each of these columns, the most frequent first."""


class Part(NamedTuple):
    """One number of a move: its SQL, and how many characters SQLite needs for it (3: it may be negative)."""

    name: str
    sql: str
    size: int


NUMBERS = (
    Part("id", "id", 2),
    Part("seq", "seq", 1),
    Part("from_rank", "coalesce(from_rank, 0)", 1),
    Part("to_rank", "coalesce(to_rank, 0)", 1),
    Part("dwell", "coalesce(dwell, 0)", 3),
    Part("department_id", "coalesce(department_id, 0)", 1),
    Part("owner_id", "coalesce(owner_id, 0)", 1),
    Part("cause_id", "coalesce(causing_department_id, 0)", 1),
    Part("instance_id", "coalesce(instance_id, 0)", 2),
    Part("corrects_id", "coalesce(corrects_id, 0)", 2),
    Part("money", "round(coalesce(amount, 0) * 100)", 3),
)
PARTS = (*NUMBERS, *(Part(name, "", 1) for name in TEXTS))


def plain() -> dict[str, str]:
    """The SQL of every number by its name."""
    return {part.name: part.sql for part in NUMBERS}


def questions(known: Known, mark: str) -> tuple[dict[str, str], list[Any]]:
    """The SQL of every part by its name, and the values for its places in the order of `PARTS`."""
    asked, values = plain(), list[Any]()
    for name in TEXTS:
        whens = "".join(f" WHEN {mark} THEN {number}" for number in known[name].values())
        asked[name] = f"CASE coalesce({name}, '') WHEN '' THEN 0{whens} ELSE {UNKNOWN} END"
        values += known[name]
    return asked, values


def sqlite(asked: Mapping[str, str]) -> str:
    """A move as text: the numbers asked for as characters, then its moment and its day."""
    characters = ", ".join(
        each for part in _parts(asked) for each in _characters(asked[part.name], part.size)
    )
    return f"char({characters}) || substr(at, 1, {MOMENT}) || substr(day, 1, {DAY})"


def _characters(sql: str, size: int) -> Sequence[str]:
    if size == 1:
        return [f"{BASE} + {sql}"]
    if size == 2:
        return [f"{BASE} + ({sql} >> {BITS})", f"{BASE} + ({sql} & {UNKNOWN})"]
    moved = f"CAST({sql} AS INTEGER) + {SIGN}"
    first, second = f"{BASE} + ({moved} >> {2 * BITS})", f"{BASE} + ({moved} >> {BITS} & {UNKNOWN})"
    return [first, second, f"{BASE} + ({moved} & {UNKNOWN})"]


def _parts(asked: Mapping[str, str]) -> list[Part]:
    return [part for part in PARTS if part.name in asked]


def from_sqlite(rows: bytes, count: int, asked: Mapping[str, str]) -> Frame | None:
    """The columns of rows as `sqlite` writes them; None when any of them does not fit."""
    parts = _parts(asked)
    width = 4 * sum(part.size for part in parts)
    size = width + MOMENT + DAY
    if len(rows) != count * size:
        return None
    matrix = np.frombuffer(rows, np.uint8).reshape(count, size)
    numbers, found, place = _numbers(matrix[:, :width]), Frame(), 0
    for part in parts:
        value = numbers[:, place].astype(np.int64)
        for each in range(place + 1, place + part.size):
            value = value << BITS | numbers[:, each]
        found[part.name] = value - SIGN if part.size == 3 else value
        place += part.size
    digits = (matrix[:, width:] - np.uint8(ord("0"))).T
    days, found["day"] = _day(digits), _day(digits[MOMENT:])
    found["second"] = (
        (days - Y2K) * 86_400 + _two(digits, 11) * 3600 + _two(digits, 14) * 60 + _two(digits, 17)
    )
    return found


def _numbers(characters: NDArray[np.uint8]) -> NDArray[np.uint32]:
    four: NDArray[np.uint32] = np.ascontiguousarray(characters).view(">u4").astype(np.uint32)
    found = np.asarray((four >> 24 & 7) << 18, np.uint32)
    found |= (four >> 16 & 63) << 12
    found |= (four >> 8 & 63) << 6
    found |= four & 63
    found -= BASE
    return found


def _two(digits: NDArray[np.uint8], place: int) -> Ints:
    found: Ints = digits[place].astype(np.int64)
    found *= 10
    found += digits[place + 1]
    return found


def _day(digits: NDArray[np.uint8]) -> Ints:
    """Days since 1970 of dates such as 2026-11-16."""
    months = (_two(digits, 0) * 100 + _two(digits, 2) - 1970) * 12 + _two(digits, 5) - 1
    first = int(months.min())
    starts = np.arange(first, int(months.max()) + 1).astype("datetime64[M]").astype("datetime64[D]")
    days: Ints = starts.astype(np.int64)[months - first]
    return days + _two(digits, 8) - 1


def postgresql(asked: Mapping[str, str]) -> str:
    """A move as bytes: the numbers asked for, its moment in microseconds and its day, both since 2000."""
    numbers = [f"int8send(({asked[part.name]})::bigint)" for part in _parts(asked)]
    return " || ".join((*numbers, "timestamptz_send(at)", "date_send(day)"))


def from_postgresql(rows: bytes, count: int, asked: Mapping[str, str]) -> Frame | None:
    """The columns of rows as `postgresql` writes them; None when any of them has less."""
    parts = _parts(asked)
    row = np.dtype([*((part.name, ">i8") for part in parts), ("at", ">i8"), ("day", ">i4")])
    if len(rows) != count * row.itemsize:
        return None
    each = np.frombuffer(rows, row)
    found = {part.name: each[part.name].astype(np.int64) for part in parts}
    found["day"] = each["day"].astype(np.int64) + Y2K
    found["second"] = each["at"].astype(np.int64) // 1_000_000
    return found
