"""The moves of few items, a section's, read by column or by row: every step between database and counting is left out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import orjson
from sqlalchemy import ARRAY, ColumnElement, Select, String, any_, cast, func, null, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from engine.sales.ladders import Move
from reports import queries
from reports.movements import Fact
from reports.queries import Scope
from reports.rollups import ELSEWHERE
from reports.rollups.columns import chosen
from reports.rollups.columns.source import Log

FEW = 5_000
"""Up to so many items are read and counted here."""


def listed(session: Session, scope: Scope) -> list[str] | None:
    """The items that the scope is narrowed to, sorted; None when it is not, or they are many."""
    if scope.items is None:
        return None
    items = session.scalars(scope.items.limit(FEW + 1)).all()
    return None if len(items) > FEW else sorted(set(items))


def columns(session: Session, scope: Scope, items: Sequence[str]) -> Log | None:
    """The moves of these items that the scope may see as columns. None of none, of what columns cannot hold, and of a
    department's or an owner's part: what they took over and handed over is told row by row."""
    if (
        not items
        or scope.department_ids is not None
        or scope.owner_id is not None
        or scope.ladder in ELSEWHERE
    ):
        return None
    return chosen.read(session.connection(), _of(session, scope, items))


def rows(session: Session, scope: Scope, items: Sequence[str]) -> list[Fact]:
    """The same item by item in order, without who did them and where."""
    query = _of(session, scope, items).order_by(Move.item, Move.seq)
    plain = query.with_only_columns(*PLAIN, maintain_column_froms=True)
    return list(_facts(session.connection().execute(plain).all()))


def _of(session: Session, scope: Scope, items: Sequence[str]) -> Select[Any]:
    """Their moves; the items go as one value."""
    return queries.facts(replace(scope, items=None)).where(_among(session, items))


def _among(session: Session, items: Sequence[str]) -> ColumnElement[bool]:
    if session.get_bind().dialect.name == "postgresql":
        return Move.item == any_(cast(list(items), ARRAY(String)))
    every = func.json_each(orjson.dumps(items).decode()).table_valued("value")
    return Move.item.in_(select(every.c.value))


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
