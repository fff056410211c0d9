"""The fixed cast, a fixed Monday, and a real database for every test."""

import pkgutil
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

import connectors
import engine as domain
import reports
from engine import migrations
from engine.db import connect, sessions
from engine.people import Department, Membership, Person, Role
from tests import servers

MONDAY = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
"""10:00 in Warsaw, a work day without a holiday in its week."""


def import_models() -> None:
    """Import every module that adds a table, so that ``Base.metadata`` is whole."""
    for package in (domain, connectors, reports):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.startswith("engine.migrations"):
                import_module(found.name)
    import_module("webapp.log_ins")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--database postgresql` runs the same tests on a PostgreSQL server that they start themselves."""
    parser.addoption("--database", choices=("sqlite", "postgresql"), default="sqlite")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL only what meets a database runs again."""
    if config.getoption("--database") == "postgresql":
        meets = [each for each in items if "empty_database" in getattr(each, "fixturenames", ())]
        config.hook.pytest_deselected(items=[each for each in items if each not in set(meets)])
        items[:] = meets


Another = Callable[[Path], AbstractContextManager[str]]


@pytest.fixture(scope="session")
def empty_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Another]:
    """Gives a fresh database with all tables and no rows for a block: a copied file, or a copy inside the server."""
    import_models()
    if request.config.getoption("--database") == "sqlite":
        path = tmp_path_factory.mktemp("empty") / "empty.db"
        _shape(f"sqlite:///{path}")
        yield lambda folder: nullcontext(f"sqlite:///{shutil.copy(path, folder / 'test.db')}")
        return
    with servers.postgresql() as address:
        yield servers.databases(address, _shape)


def _shape(url: str) -> None:
    made = connect(url)
    migrations.upgrade(made)
    made.dispose()


@pytest.fixture
def engine_url(empty_database: Another, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database with all tables."""
    with empty_database(tmp_path) as url:
        yield url


@pytest.fixture
def database(engine_url: str) -> Iterator[Engine]:
    """An engine on the test's database."""
    made = servers.warm(connect(engine_url))
    yield made
    made.dispose()


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    """A session without wiring."""
    with sessions(database)() as opened:
        yield opened


@pytest.fixture
def departments(session: Session) -> dict[str, Department]:
    """Sales, with Presales, Legal and Finance beside it below the management board."""
    board = Department(key="board", name="Zarząd", name_en="Board")
    session.add(board)
    session.flush()
    named = {
        "sales": ("Sprzedaż", "Sales"),
        "legal": ("Prawny", "Legal"),
        "presales": ("Presales", "Presales"),
    }
    below = {
        key: Department(key=key, name=pl, name_en=en, parent_id=board.id) for key, (pl, en) in named.items()
    }
    session.add_all(below.values())
    session.commit()
    return {"board": board, **below}


def _person(
    session: Session, name: str, *roles: str, in_: Department | None = None, head: bool = False
) -> Person:
    email = f"{name.split()[0].lower()}@wislane.example"
    person = Person(
        email=email, name=name, locale="en", created_at=MONDAY, roles=[Role(name=role) for role in roles]
    )
    if in_:
        person.memberships.append(Membership(department_id=in_.id, is_head=head))
    session.add(person)
    session.commit()
    return person


@pytest.fixture
def anna(session: Session, departments: dict[str, Department]) -> Person:
    """Anna sells."""
    return _person(session, "Anna Wilk", "employee", in_=departments["sales"])


@pytest.fixture
def borys(session: Session, departments: dict[str, Department]) -> Person:
    """Borys reads contracts and heads Legal."""
    return _person(session, "Borys Jawor", "employee", in_=departments["legal"], head=True)


@pytest.fixture
def clara(session: Session, departments: dict[str, Department]) -> Person:
    """Clara directs sales."""
    return _person(session, "Clara Zając", "director", "employee", in_=departments["sales"], head=True)


@pytest.fixture
def dorota(session: Session) -> Person:
    """Dorota draws processes."""
    return _person(session, "Dorota Sowa", "designer", "employee")


@pytest.fixture
def adam(session: Session) -> Person:
    """Adam administers, and sells nothing."""
    return _person(session, "Adam Lis", "administrator")
