"""Faults happen on both databases in one run: a file of SQLite, and a PostgreSQL server that these tests start."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs

from engine import migrations
from engine.db import opened
from tests import servers
from tests.conftest import Another, import_models
from tests.engine.process.kit import World


def _shape(url: str) -> None:
    import_models()
    with opened(url) as made:
        migrations.upgrade(made)


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and no rows."""
    path = tmp_path_factory.mktemp("faults") / "empty.db"
    _shape(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def server() -> Iterator[Another]:
    """Gives a fresh database on a PostgreSQL server for a block."""
    with servers.postgresql() as address:
        yield servers.databases(address, _shape)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def engine_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, once on each."""
    if request.param == "sqlite":
        yield f"sqlite:///{shutil.copy(request.getfixturevalue('empty_file'), tmp_path / 'test.db')}"
        return
    with request.getfixturevalue("server")(tmp_path) as url:
        yield url


@pytest.fixture
def database(engine_url: str) -> Iterator[Engine]:
    """An engine with a dialect of its own: faults are put into it."""
    with opened(engine_url) as made:
        yield made


@pytest.fixture
def world(database: Engine) -> World:
    return World(database)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What a worker writes of its errors is thousands of lines here."""
    with capture_logs():
        yield
