"""The moves of few items, a section's, read as they are: every step between the database and the counting is left out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, null, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from engine.sales.ladders import Move
from reports import queries
from reports.movements import Fact
from reports.queries import Scope

FEW = 5_000
"""Up to so many items are read and counted here."""
CHUNK = 1000


def read(session: Session, scope: Scope) -> list[Fact] | None:
    """The moves that the scope may see of the items it is narrowed to, item by item in order, without who did them and
    where; None when it is not narrowed to items, or they are many."""
    if scope.items is None:
        return None
    items = session.scalars(scope.items.limit(FEW + 1)).all()
    return None if len(items) > FEW else _of_items(session, scope, sorted(set(items)))


def _of_items(session: Session, scope: Scope, items: Sequence[str]) -> list[Fact]:
    connection, found = session.connection(), list[Fact]()
    every = queries.facts(replace(scope, items=None)).order_by(Move.item, Move.seq)
    for start in range(0, len(items), CHUNK):
        mine = every.where(Move.item.in_(items[start : start + CHUNK]))
        rows = connection.execute(mine.with_only_columns(*PLAIN, maintain_column_froms=True)).all()
        found += _facts(rows)
    return found


def _plain(name: str) -> ColumnElement[Any]:
    if name in ("actor_id", "instance_id", "task_id"):
        return null().label(name)
    column = getattr(Move, name)
    return type_coerce(column, NullType()) if name in ("at", "day", "amount") else column


PLAIN = tuple(map(_plain, Fact._fields))
"""The columns of `Fact` that counting asks for, as the driver gives them: of many thousand moves each takes its time."""
AT, DAY = Fact._fields.index("at"), Fact._fields.index("day")


def _facts(rows: Sequence[Sequence[Any]]) -> Iterator[Fact]:
    """Column by column: SQLite keeps moments (of UTC) and days as text, a server gives moments of its own zone."""
    columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
    if rows and isinstance(rows[0][AT], str):
        columns[AT] = [datetime.fromisoformat(f"{at}+00:00") for at in columns[AT]]
        columns[DAY] = map(date.fromisoformat, columns[DAY])
    elif rows:
        columns[AT] = [at.astimezone(UTC) for at in columns[AT]]
    return map(Fact._make, zip(*columns, strict=True))
