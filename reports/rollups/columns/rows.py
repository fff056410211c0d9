"""Sums as the columns of their tables, in the order in which a table keeps its rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Date, String
from sqlalchemy import Table as SqlTable

from reports.rollups import writing
from reports.rollups.columns import dates, frames
from reports.rollups.columns.adding import Whole
from reports.rollups.columns.words import Frame, Ints, Words
from reports.rollups.tables import JourneyRow

JOURNEYS: SqlTable = JourneyRow.__table__  # type: ignore[assignment]


def columns(whole: Whole, table: SqlTable, ladder: str) -> list[Sequence[Any]]:
    """The table's columns as `writing.ordered` has them, its rows sorted by their keys."""
    if table is JOURNEYS:
        return _columns(whole.journeys, table, ladder, whole.words)
    return _columns(_summed(whole.sums[table.name], table, whole.words), table, ladder, whole.words)


def _summed(frame: Frame, table: SqlTable, words: Words) -> Frame:
    """One row for each of the table's keys, sorted as the database sorts them."""
    keys = [column.name for column in table.primary_key if column.name != "ladder"]
    places = words.places()
    is_text = {column.name: isinstance(column.type, String) for column in table.primary_key}
    return frames.grouped(frame, keys, [places[frame[key]] if is_text[key] else frame[key] for key in keys])


def _columns(frame: Mapping[str, Any], table: SqlTable, ladder: str, words: Words) -> list[Sequence[Any]]:
    texts = np.array(words.texts(), object)
    found: list[Sequence[Any]] = []
    for column in writing.ordered(table):
        if column.name == "ladder":
            found.append([ladder] * len(next(iter(frame.values()))))
        else:
            found.append(_plain(frame[column.name], column.type, texts, column.nullable))
    return found


def _plain(values: Any, kind: Any, texts: Any, nullable: bool | None) -> Sequence[Any]:
    """Numbers as the values they stand for; 0 is nothing where a column may have nothing."""
    if isinstance(values, list):
        return values
    if isinstance(kind, String):
        return texts[values].tolist()  # type: ignore[no-any-return]
    if isinstance(kind, Date):
        return dates.texts(values)
    return _or_none(values) if nullable else values.tolist()


def _or_none(values: Ints) -> list[int | None]:
    return [value or None for value in values.tolist()]
