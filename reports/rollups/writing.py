"""Rows of roll-ups, added to what is there: statements written once, many rows each, in the order of their keys."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
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
TOGETHER = 100
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


@lru_cache(maxsize=4096)
def _statement(table: SqlTable, mark: str, count: int) -> str:
    key = [column.name for column in table.primary_key]
    rest = [column.name for column in ordered(table)[len(key) :]]
    if table is JOURNEYS:
        sets = ", ".join(f"{name} = excluded.{name}" for name in rest)
    else:
        sets = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in rest)
    row = f"({', '.join([mark] * len(table.columns))})"
    return (
        f"INSERT INTO {table.name} ({', '.join((*key, *rest))}) VALUES {', '.join([row] * count)} "
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sets}"
    )


def _put(connection: Connection, table: SqlTable, rows: Sequence[Row]) -> None:
    """Rows in the order of their keys: SQLite takes them one by one, PostgreSQL many in one message."""
    if connection.dialect.name != "postgresql":
        connection.exec_driver_sql(_statement(table, "?", 1), rows)
        return
    for start in range(0, len(rows), TOGETHER):
        part = rows[start : start + TOGETHER]
        values = tuple(value for row in part for value in row)
        connection.exec_driver_sql(_statement(table, "%s", len(part)), values)


def add(connection: Connection, sums: Mapping[str, Sums]) -> int:
    """Add sums by ladder to the tables, one statement for each that gets any; returns how many rows were written."""
    written = 0
    for number, table in enumerate(ADDED):
        rows = sorted(
            row for ladder, each in sums.items() for row in _rows(number, ladder, each.tables()[number])
        )
        if rows:
            _put(connection, table, rows)
        written += len(rows)
    return written


def rows(sums: Mapping[str, Sums]) -> Iterator[list[Row]]:
    """The rows of every table of sums, unsorted."""
    for number in range(len(ADDED)):
        yield [row for ladder, each in sums.items() for row in _rows(number, ladder, each.tables()[number])]


def _rows(number: int, ladder: str, table: Table) -> Iterable[Row]:
    """The table's sums with the ladder and every grain; what adds up to nothing is left out."""
    known = {key: values for key, values in table.items() if any(values)}
    if number in (0, 1):
        known = _by_grain(known)
    elif number == 2:
        known = {(GRAINS[key[0]], key[1]): values for key, values in known.items()}
    elif number == 4:
        known = {(*rest, month): values for (month, *rest), values in known.items()}
    return [(ladder, *key, *values) for key, values in known.items()]


def _by_grain(table: Table) -> Table:
    found: Table = {}
    for (day, *rest), values in table.items():
        for grain, start in zip(GRAINS, starts(day), strict=True):
            _plus(found, (grain, start, *rest), values)
    return found


def _plus(table: Table, key: Row, values: Sequence[int]) -> None:
    known = table.get(key)
    table[key] = [one + other for one, other in zip(known, values, strict=True)] if known else list(values)


def keep(connection: Connection, states: Iterable[tuple[str, str, State | None]]) -> None:
    """Keep where items stand now: (ladder, item, state), None where nothing of it counts."""
    ordered = sorted(states, key=lambda each: each[:2])
    kept = [(ladder, item, *columns(state)) for ladder, item, state in ordered if state is not None]
    if kept:
        _put(connection, JOURNEYS, kept)
    gone = [(ladder, item) for ladder, item, state in ordered if state is None]
    if gone:
        mark = place(connection)
        connection.exec_driver_sql(f"DELETE FROM journeys WHERE ladder = {mark} AND item = {mark}", gone)


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


def state(row: Sequence[Any]) -> State:
    """The state that such columns say."""
    values = list(row)
    values[6], values[17], values[18] = str(values[6]), str(values[17]), orjson.loads(values[18])
    return State(*values)
