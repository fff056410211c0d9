"""A database of its own for each measurement, wired as the product is."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from engine import migrations
from engine.db import connect, sessions
from engine.people import Department, Membership, Person, Role
from engine.ports import Wiring
from engine.process import definitions, doctor
from webapp import wiring
from webapp.settings import Settings

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


@contextmanager
def database() -> Iterator[tuple[Engine, sessionmaker[Session], Path]]:
    """A fresh SQLite file with today's shape, and sessions under the product's own wiring."""
    with tempfile.TemporaryDirectory(prefix="contentum-bench-") as folder:
        path = Path(folder) / "bench.db"
        engine = connect(f"sqlite:///{path}")
        migrations.upgrade(engine)
        try:
            yield engine, sessions(engine, wiring=wired()), path
        finally:
            engine.dispose()


def wired() -> Wiring:
    """The product's own wiring."""
    return wiring.build(Settings(secret_key=SecretStr("bench")), prints_later=True)


def deploy(factory: sessionmaker[Session], name: str, text: str) -> int:
    """Deploy a small diagram with every proposal accepted; returns its id."""
    with factory.begin() as session:
        files = [doctor.File(f"{name}.bpmn", text.encode())]
        return definitions.deploy(session, files, accepted="all", by=None, now=NOW).id


def somebody(factory: sessionmaker[Session]) -> int:
    """Anna, an employee of Sales; returns her id."""
    with factory.begin() as session:
        sales = Department(key="sales", name="Sprzedaż", name_en="Sales")
        session.add(sales)
        session.flush()
        anna = Person(email="anna@contentum.example", name="Anna Wilk", created_at=NOW, locale="en")
        anna.roles = [Role(name="employee")]
        anna.memberships = [Membership(department_id=sales.id, is_head=True)]
        session.add(anna)
        session.flush()
        return anna.id
