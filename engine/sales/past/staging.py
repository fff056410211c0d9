"""Rows made before anything is locked: on SQLite an import holds the writer only while they are copied.

The rows wait in temporary tables of one connection. Nobody else sees those, and they vanish with the connection,
also when the process is killed. A server locks nobody out, so there everything is written at once and nothing waits.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session, sessionmaker

from engine.db import Base
from engine.sales.past import writing

HERE = {
    "id": "id + :base",
    "instance_id": "instance_id + :base",
    "item": "'case:' || (instance_id + :base)",
    "definition_id": ":definition",
    "ladder_version": ":version",
    "import_id": ":import",
}
"""What is known only when the rows are copied: their final numbers, the import and the version of the ladder."""


@contextmanager
def alone(factory: sessionmaker[Session]) -> Iterator[Session]:
    """A session that stays on one connection of its own, which is closed at the end; commit and roll back in it."""
    with factory() as session:
        bind = session.get_bind()
    with bind.engine.connect() as connection:
        try:
            with factory(bind=connection) as session:
                yield session
        finally:
            connection.invalidate()  # the pool gives it to nobody: rows may wait on it


def only_read(session: Session, *, only: bool) -> None:
    """Whether the next transaction of a session that is `alone` leaves the database as it is; nobody waits for it."""
    bind = session.get_bind()
    if isinstance(bind, Connection):
        bind.execution_options(reading=only)


def lay(session: Session, model: type[Base], columns: Sequence[str]) -> str:
    """An empty temporary table for rows of these columns. Returns its name."""
    name = f"past_{model.__tablename__}"
    session.execute(text(f"CREATE TEMP TABLE {name} ({', '.join(columns)})"))
    return f"temp.{name}"


def copy(session: Session, model: type[Base], columns: Sequence[str], known: dict[str, Any]) -> None:
    """Write the waiting rows of a table in one statement; ``known`` are base, definition, version and import."""
    names = ", ".join(columns)
    taken = ", ".join(HERE.get(column, column) for column in columns)
    statement = f"INSERT INTO main.{model.__tablename__} ({names}) SELECT {taken} FROM temp.past_{model.__tablename__}"
    session.execute(text(statement), {key: known[key] for key in known if f":{key}" in taken})


def is_needed(session: Session) -> bool:
    """Whether writers of this database wait for each other."""
    return writing.is_lite(session)
