"""The log of a ladder as columns: read part by part on the caller's own connection, in its transaction."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection

from reports.rollups.columns import layout
from reports.rollups.columns.words import Frame, Ints, Numbers, Words

PART, TOO_MANY = 50_000, 1000
"""Moves read at once, and different texts of one column that are too many to be told apart by SQL."""
RANKS = 62
"""The most ranks that columns hold."""
WIDE = frozenset(("id", "dwell", "money", "instance_id", "corrects_id", "second"))
"""Columns whose numbers may be beyond two thousand millions on any database."""
Heard = Callable[[int], None]


@dataclass(slots=True)
class Log:
    """Every move of a ladder, item by item in the order of ``seq``; ``item`` is a number into ``items``, sorted."""

    moves: dict[str, Any]
    items: list[str]
    words: Words

    def __len__(self) -> int:
        return len(self.moves["item"])


def read(connection: Connection, ladder: str, heard: Heard) -> Log | None:
    """The log of a ladder; None without moves, or with numbers beyond what columns hold (`layout`) or too many texts."""
    words, numbers = Words(), Numbers()
    parts: list[dict[str, Any]] = []
    done = 0
    for frame, items in _parts(connection, ladder, words):
        if frame is None or len(items) != len(frame["id"]):
            return None
        part = narrowed(frame)
        part["item"] = np.fromiter(map(numbers.__getitem__, items), np.int32, len(items))
        parts.append(part)
        done += len(items)
        heard(done)
    return arranged(parts, list(numbers), words) if parts else None


def narrowed(frame: Frame) -> dict[str, Any]:
    """Its columns in as little room as they need."""
    return {name: _narrow(name, column) for name, column in frame.items()}


def _narrow(name: str, column: Ints) -> Any:
    """In half the room if it fits."""
    if name in WIDE or (len(column) and int(column.max()) > np.iinfo(np.int32).max):
        return column
    return column.astype(np.int32)


def arranged(parts: list[dict[str, Any]], names: list[str], words: Words) -> Log:
    """All parts in one, item by item in order; a column at a time, so that none is held twice for long."""
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), np.int32)
    place[order] = np.arange(len(names), dtype=np.int32)
    item = place[np.concatenate([part.pop("item") for part in parts])]
    moves = {"seq": np.concatenate([part.pop("seq") for part in parts])}
    sorting = np.argsort(item.astype(np.int64) << layout.BITS + 12 | moves["seq"])
    moves |= {"item": item[sorting], "seq": moves["seq"][sorting]}
    for name in list(parts[0]):
        moves[name] = np.concatenate([part.pop(name) for part in parts])[sorting]
    return Log(moves, [names[number] for number in order], words)


Read = Iterator[tuple[Frame | None, list[str]]]


def _parts(connection: Connection, ladder: str, words: Words) -> Read:
    """The moves in the order of their ids, and the names of their items."""
    known: dict[str, dict[str, int]] = {name: {} for name in layout.TEXTS}
    fetch = _postgresql if connection.dialect.name == "postgresql" else _sqlite
    after = 0
    while True:
        last, frame, items = fetch(connection, ladder, after, known)
        if last is None:
            return
        if frame is not None and (new := _unknown(frame)):
            for name in new:
                _learn(connection, ladder, after, name, known[name], words)
            if max(map(len, known.values())) > TOO_MANY:
                frame = None
            else:
                continue
        yield frame, items
        after = last


def _unknown(frame: Frame) -> list[str]:
    return [name for name in layout.TEXTS if (frame[name] == layout.UNKNOWN).any()]


def _learn(
    connection: Connection, ladder: str, after: int, name: str, known: dict[str, int], words: Words
) -> None:
    """Number the texts that this column has in this part, the most frequent first."""
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    query = (
        f"SELECT {name} FROM ({_those(mark, name)}) AS those WHERE {name} <> '' "
        f"GROUP BY {name} ORDER BY count(*) DESC, {name}"
    )
    for text in connection.exec_driver_sql(query, (ladder, after, PART)).scalars():
        known.setdefault(text, words.number(text))


def _those(mark: str, what: str) -> str:
    """The next part of the log: SQLite walks the table itself, not an index of ladders."""
    ladder = "ladder" if mark == "%s" else "+ladder"
    return f"SELECT {what} FROM moves WHERE {ladder} = {mark} AND id > {mark} ORDER BY id LIMIT {mark}"


Fetched = tuple[int | None, Frame | None, list[str]]
Known = dict[str, dict[str, int]]


def _sqlite(connection: Connection, ladder: str, after: int, known: Known) -> Fetched:
    asked, values = layout.questions(known, "?")
    query = (
        "SELECT max(id), CAST(group_concat(numbers, '') AS BLOB), group_concat(item, char(10)) "
        f"FROM ({_those('?', f'id, item, {layout.sqlite(asked)} AS numbers')})"
    )
    last, rows, items = connection.exec_driver_sql(query, (*values, ladder, after, PART)).one()
    if last is None:
        return None, None, []
    names = items.split("\n")
    return last, layout.from_sqlite(rows, len(names), asked), names


def _postgresql(connection: Connection, ladder: str, after: int, known: Known) -> Fetched:
    asked, values = layout.questions(known, "%s")
    query = (
        "SELECT max(id), string_agg(numbers, ''::bytea), string_agg(item, chr(10)) "
        f"FROM ({_those('%s', f'id, item, {layout.postgresql(asked)} AS numbers')}) AS those"
    )
    driver: Any = connection.connection.driver_connection
    with driver.cursor(binary=True) as cursor:
        last, rows, items = cursor.execute(query, (*values, ladder, after, PART)).fetchone()
    if last is None:
        return None, None, []
    names = items.split("\n")
    return last, layout.from_postgresql(rows, len(names), asked), names
