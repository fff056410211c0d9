"""Many rows at once: what an import writes goes to the database without passing the objects' gates."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from engine.db import Base

SHARE = 5000


@dataclass(frozen=True, slots=True)
class Stored:
    """How a database keeps values that are written past SQLAlchemy: a moment in UTC, a day, hundredths of money."""

    moment: Callable[[datetime | None], Any]
    day: Callable[[date], Any]
    money: Callable[[int | None], Any]


LITE = Stored(
    moment=lambda at: at and at.isoformat(" ", "microseconds"),
    day=lambda day: day.isoformat(),
    money=lambda cents: None if cents is None else cents / 100,
)
SERVER = Stored(
    moment=lambda at: at and at.replace(tzinfo=UTC),
    day=lambda day: day,
    money=lambda cents: None if cents is None else Decimal(cents) / 100,
)


def stored(session: Session) -> Stored:
    """How this session's database keeps values."""
    return LITE if is_lite(session) else SERVER


def hold(session: Session, name: str) -> None:
    """One at a time writes under this name, until the transaction ends. SQLite lets one write at all."""
    if not is_lite(session):
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"past:{name}"})


def reserve(session: Session, model: type[Base], count: int) -> Sequence[int]:
    """Ids for so many new rows, nobody else's."""
    table = Base.metadata.tables[str(model.__tablename__)]
    if is_lite(session):  # the transaction is the only one that writes
        last = session.scalar(select(func.max(table.c["id"]))) or 0
        return range(last + 1, last + 1 + count)
    found = session.scalars(
        text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)"),
        {"name": table.fullname, "count": count},
    )
    return list(found)


def put(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write rows of these columns. Returns how many."""
    connection = session.connection()
    names = ", ".join(f'"{name}"' for name in columns)
    if not is_lite(session):
        return _copied(connection.connection.driver_connection, f"COPY {table} ({names}) FROM STDIN", rows)
    statement = f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"
    done = 0
    for share in _shares(rows):
        connection.exec_driver_sql(statement, share)
        done += len(share)
    return done


def _copied(connection: Any, statement: str, rows: Iterable[Sequence[Any]]) -> int:
    done = 0
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            done += 1
    return done


def _shares(rows: Iterable[Sequence[Any]]) -> Iterator[list[tuple[Any, ...]]]:
    rest = iter(rows)
    while share := [tuple(row) for row in islice(rest, SHARE)]:
        yield share


def is_lite(session: Session) -> bool:
    """Whether the database is SQLite, where one writes at a time."""
    return bool(session.get_bind().dialect.name == "sqlite")
