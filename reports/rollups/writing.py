"""Rows of roll-ups, added to what is there: statements written once, many rows each, in the order of their keys."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from string import ascii_lowercase
from typing import Any

import orjson
from sqlalchemy import Column, Connection
from sqlalchemy import Table as SqlTable

from reports.rollups.steps import State, Sums, Table, starts
from reports.rollups.tables import (
    CauseRollup,
    CohortRollup,
    DayRollup,
    JourneyRow,
    NetRollup,
    ReachRollup,
    StayRollup,
)

GRAINS = ("day", "week", "month")
Row = tuple[Any, ...]

ADDED: tuple[SqlTable, ...] = tuple(
    model.__table__  # type: ignore[misc]
    for model in (DayRollup, CauseRollup, NetRollup, CohortRollup, StayRollup, ReachRollup)
)
"""Tables of sums, in the order in which every transaction writes them."""
JOURNEYS: SqlTable = JourneyRow.__table__  # type: ignore[assignment]


def place(connection: Connection) -> str:
    """How the driver marks a value in a statement."""
    return "%s" if connection.dialect.name == "postgresql" else "?"


def ordered(table: SqlTable) -> list[Column[Any]]:
    """The columns of a table, its key first."""
    key = list(table.primary_key)
    return [*key, *(column for column in table.columns if column not in set(key))]


def _upsert(table: SqlTable, source: str) -> str:
    key = [column.name for column in table.primary_key]
    rest = [column.name for column in ordered(table)[len(key) :]]
    if table is JOURNEYS:
        sets = ", ".join(f"{name} = excluded.{name}" for name in rest)
    else:
        sets = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in rest)
    names = ", ".join((*key, *rest))
    return f"INSERT INTO {table.name} ({names}) {source} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sets}"


@lru_cache
def _one_row(table: SqlTable) -> str:
    return _upsert(table, f"VALUES ({', '.join('?' * len(table.columns))})")


@lru_cache
def _together(tables: tuple[SqlTable, ...]) -> str:
    """One statement for many tables, each with its rows as JSON: always the same text, which a server plans once.

    Every table waits for the one before it (the count of what that wrote), so rows are locked in the order given.
    """
    parts = []
    for number, table in enumerate(tables):
        columns = ", ".join(map(" ".join, zip(_short(table), map(_sort, ordered(table)), strict=True)))
        waits = f" WHERE (SELECT count(*) FROM written_{number - 1}) >= 0" if number else " WHERE true"
        parts.append(_upsert(table, f"SELECT * FROM json_to_recordset(%s::json) AS its({columns}){waits}"))
    before = ", ".join(f"written_{number} AS ({part} RETURNING 1)" for number, part in enumerate(parts[:-1]))
    return f"WITH {before} {parts[-1]}" if before else parts[-1]


def _sort(column: Column[Any]) -> str:
    kind = column.type.python_type
    return "bigint" if kind is int else "date" if kind is date else "text"


@lru_cache
def _short(table: SqlTable) -> str:
    """A letter for each column of a table in order: what JSON calls it."""
    return ascii_lowercase[: len(table.columns)]


def _put(connection: Connection, tables: Mapping[SqlTable, Sequence[Row]]) -> None:
    """Rows in the order of their keys: SQLite takes them one by one, PostgreSQL all in one message."""
    if not tables:
        return
    if connection.dialect.name != "postgresql":
        for table, rows in tables.items():
            connection.exec_driver_sql(_one_row(table), list(rows))
        return
    said = [_json(_short(table), rows) for table, rows in tables.items()]
    connection.exec_driver_sql(_together(tuple(tables)), tuple(said))


def _json(names: str, rows: Iterable[Row]) -> str:
    return orjson.dumps([dict(zip(names, row)) for row in rows]).decode()  # noqa: B905 - as long as their table


States = Iterable[tuple[str, str, State | None]]
"""Where items stand now: (ladder, item, state), None where nothing of it counts."""


def write(connection: Connection, sums: Mapping[str, Sums], states: States) -> None:
    """Add sums by ladder to the tables, and keep where items stand."""
    tables = {table: sorted(rows) for table, rows in zip(ADDED, rows(sums), strict=True) if rows}
    ordered = sorted(states, key=lambda each: each[:2])
    if kept := [(ladder, item, *columns(state)) for ladder, item, state in ordered if state is not None]:
        tables[JOURNEYS] = kept
    _put(connection, tables)
    gone = [(ladder, item) for ladder, item, state in ordered if state is None]
    if gone:
        mark = place(connection)
        connection.exec_driver_sql(f"DELETE FROM journeys WHERE ladder = {mark} AND item = {mark}", gone)


def rows(sums: Mapping[str, Sums]) -> Iterator[list[Row]]:
    """The rows of every table of sums, unsorted."""
    ladders = [(ladder, each.tables()) for ladder, each in sums.items()]
    for number in range(len(ADDED)):
        yield [row for ladder, told in ladders if told[number] for row in _rows(number, ladder, told[number])]


def _rows(number: int, ladder: str, table: Table) -> Iterable[Row]:
    """The table's sums with the ladder and every grain; what adds up to nothing is left out."""
    known = [(key, values) for key, values in table.items() if any(values)]
    if number in (0, 1):
        return [(ladder, *key, *values) for key, values in _by_grain(known).items()]
    if number == 2:
        return [(ladder, GRAINS[place], start, *values) for (place, start), values in known]
    if number == 4:
        return [(ladder, *rest, month, *values) for (month, *rest), values in known]
    return [(ladder, *key, *values) for key, values in known]


def _by_grain(rows: Iterable[tuple[Row, Sequence[int]]]) -> Table:
    found: Table = {}
    for (day, *rest), values in rows:
        for grain, start in zip(GRAINS, starts(day), strict=True):
            key = (grain, start, *rest)
            known = found.get(key)
            found[key] = (
                [one + other for one, other in zip(known, values, strict=True)] if known else list(values)
            )
    return found


def columns(state: State) -> Row:
    """A state as the columns of its row after the key."""
    return (
        state.seq,
        state.move_id,
        state.instance_id,
        state.department_id,
        state.owner_id,
        state.created,
        state.created_day,
        state.status,
        state.stage,
        state.rank,
        state.entered,
        state.highest,
        state.began,
        state.arrived,
        state.touched,
        state.money,
        state.moved,
        state.moved_day,
        orjson.dumps(state.periods).decode(),
    )


def said(dialect: str) -> str:
    """The same columns of a row ``j`` in SQL, as one JSON list: what a `State` is made of."""
    *names, periods = (f"j.{column.name}" for column in ordered(JOURNEYS)[2:])
    if dialect == "postgresql":
        return f"CAST(json_build_array({', '.join(names)}, CAST({periods} AS json)) AS text)"
    return f"json_array({', '.join(names)}, json({periods}))"
