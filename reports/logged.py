"""The moves that reports ask of the log, by column or by row: every step between database and counting is left out."""

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
from reports.rollups.columns.source import PART, Log

FEW = 5_000
"""Up to so many items are few: they are looked up one by one, by one question."""


def columns(session: Session, scope: Scope, *, items: Select[Any] | None = None) -> Log | None:
    """The moves that the scope may see as columns, whoever owned them; ``items`` narrows to some, where it is not narrow
    anyway. None of none, and of what columns cannot hold."""
    if scope.ladder in ELSEWHERE:
        return None
    few = listed(session, scope)
    if few is not None:
        parts: Iterable[Select[Any]] = [_of(session, replace(scope, items=None), few)]
    elif items is not None:
        many = sorted(set(session.scalars(items)))
        parts = (_of(session, scope, many[at : at + FEW]) for at in range(0, len(many), FEW))
    else:
        last = session.scalar(select(func.max(Move.id))) or 0
        parts = (_between(scope, at, at + PART) for at in range(0, last, PART))
    return chosen.read(session.connection(), parts)


def rows(session: Session, scope: Scope, items: Sequence[str]) -> list[Fact]:
    """The moves of these items that the scope may see, item by item in order, without who did them and where."""
    query = _of(session, replace(scope, items=None), items).order_by(Move.item, Move.seq)
    plain = query.with_only_columns(*PLAIN, maintain_column_froms=True)
    return list(_facts(session.connection().execute(plain).all()))


def listed(session: Session, scope: Scope) -> list[str] | None:
    """The items that the scope is narrowed to, sorted; None when it is not, or they are many."""
    if scope.items is None:
        return None
    items = session.scalars(scope.items.limit(FEW + 1)).all()
    return None if len(items) > FEW else sorted(set(items))


def _between(scope: Scope, after: int, last: int) -> Select[Any]:
    """Moves by their ids: as they lie in the table."""
    return queries.facts(scope).where(Move.id > after, Move.id <= last)


def _of(session: Session, scope: Scope, items: Sequence[str]) -> Select[Any]:
    """The moves of these items, which go as one value."""
    if session.get_bind().dialect.name == "postgresql":
        return queries.facts(scope).where(Move.item == any_(cast(list(items), ARRAY(String))))
    every = func.json_each(orjson.dumps(items).decode()).table_valued("value")
    return queries.facts(scope).where(Move.item.in_(select(every.c.value)))


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
