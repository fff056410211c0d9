"""The database: one declarative base, UTC times, and the rules that make SQLite safe for writers."""

import math
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    create_engine,
    event,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session, registry, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

BigId = BigInteger().with_variant(Integer, "sqlite")
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, to the microsecond. Refuses naive times; SQLite forgets the zone, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Every table of the product."""

    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(column_0_label)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={datetime: UtcDateTime, dict[str, Any]: Json, list[Any]: Json},
    )


def _lower(text: Any) -> Any:
    return text.lower() if isinstance(text, str) else text


def guard(engine: Engine) -> Engine:
    """Give no connection back inside a transaction; make SQLite keep what it acknowledged and serialize its writers.

    pysqlite begins transactions late and lets two readers both try to write: updates get lost or refused
    half-way. Here every transaction says BEGIN IMMEDIATE, except one on a connection with the execution
    option ``reading`` (a page that only shows), which may run beside a writer.
    """

    @event.listens_for(engine, "checkin")
    def on_checkin(connection: Any, _record: ConnectionPoolEntry) -> None:
        if (
            connection is not None
        ):  # after a commit that failed SQLAlchemy gives the transaction back still open
            connection.rollback()

    if engine.dialect.name != "sqlite":
        return engine

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        connection.create_function("lower", 1, _lower, deterministic=True)  # its own knows A to Z only: Łąka
        _know_logarithms(connection)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _know_logarithms(connection: Any) -> None:
    """An SQLite built without mathematics gets what reports ask of it from Python, slower."""
    try:
        connection.execute("SELECT ceil(ln(2))")
    except sqlite3.OperationalError:
        for name, function in (("ln", math.log), ("ceil", math.ceil)):
            connection.create_function(name, 1, function, deterministic=True)


def connect(url: str) -> Engine:
    """Open the database at ``url`` (``sqlite:///file`` or ``postgresql+psycopg://…``)."""
    return guard(create_engine(url, **options(url)))


def options(url: str) -> dict[str, Any]:
    """How connections are kept: one to a server is asked whether it still lives before it is used again."""
    return {} if url.startswith("sqlite") else {"pool_pre_ping": True}


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """`connect` for the length of a block: no connection is left behind."""
    engine = connect(url)
    try:
        yield engine
    finally:
        engine.dispose()


def sessions(engine: Engine, *, wiring: Any = None) -> sessionmaker[Session]:
    """Sessions that know the product's wiring (see `engine.ports.Wiring`); objects stay usable after commit."""
    return sessionmaker(engine, expire_on_commit=False, info={"wiring": wiring})
