"""Chosen moves as columns: those of a viewer, of a past day, of some items. `source` reads a whole ladder faster."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from sqlalchemy import Connection, LargeBinary, Select, Text, cast, func, literal_column, select

from engine.sales.ladders import Move
from reports.rollups.columns import layout
from reports.rollups.columns.source import Log, arranged, narrowed
from reports.rollups.columns.words import Frame, Ints, Numbers, Words

TEXTS = [getattr(Move, name) for name in layout.TEXTS]
LINE: Any = literal_column("char(10)")
LINE_ON_SERVER: Any = literal_column("chr(10)")


def read(connection: Connection, parts: Iterable[Select[Any]]) -> Log | None:
    """Moves part by part, whatever columns they are asked for. None of none, with numbers beyond what columns hold
    (`layout`), or with texts of several lines."""
    numbers, words = Numbers(), Words()
    found: list[dict[str, Any]] = []
    for moves in parts:
        row = connection.execute(_question(moves, on_server=connection.dialect.name == "postgresql")).one()
        if row[0] is None:
            continue
        frame = _frame(connection, row, numbers, words)
        if frame is None:
            return None
        found.append(narrowed(frame))
    return arranged(found, list(numbers), words) if found else None


def _frame(connection: Connection, row: Any, numbers: Numbers, words: Words) -> Frame | None:
    items, *texts = (each.split("\n") for each in row[1:])
    take = layout.from_postgresql if connection.dialect.name == "postgresql" else layout.from_sqlite
    frame = take(row[0], len(items), layout.plain())
    if frame is None or any(len(each) != len(items) for each in texts):
        return None
    frame["item"] = np.fromiter(map(numbers.__getitem__, items), np.int64, len(items))
    return frame | {name: _numbered(each, words) for name, each in zip(layout.TEXTS, texts, strict=True)}


def _question(moves: Select[Any], *, on_server: bool) -> Select[Any]:
    """One row: the numbers of all moves as bytes, then the items and each of the texts, one a line."""
    asked = layout.plain()
    numbers: Any = literal_column((layout.postgresql if on_server else layout.sqlite)(asked)).label("numbers")
    those = moves.with_only_columns(Move.item, numbers, *TEXTS, maintain_column_froms=True).subquery()
    lines = [those.c.item, *(func.coalesce(those.c[name], "") for name in layout.TEXTS)]
    if on_server:
        bytes_ = func.string_agg(those.c.numbers, literal_column("''::bytea"))
        return select(bytes_, *(func.string_agg(cast(each, Text), LINE_ON_SERVER) for each in lines))
    characters = func.group_concat(those.c.numbers, "")
    return select(cast(characters, LargeBinary), *(func.group_concat(each, LINE) for each in lines))


def _numbered(texts: list[str], words: Words) -> Ints:
    numbers = {text: words.number(text) for text in dict.fromkeys(texts)}
    return np.fromiter(map(numbers.__getitem__, texts), np.int64, len(texts))
