"""Faults 14 and 22: the disk is full, the file may only be read, somebody holds the database, the server goes and comes."""

import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.exc import OperationalError

from engine.people import Department
from engine.process import clock, instances, jobs
from engine.process.definitions import Definition
from engine.process.tasks import UserTask
from tests import servers
from tests.conftest import MONDAY
from tests.engine.process.kit import World
from tests.faults.commands import listen, order
from tests.faults.kit import must_be_whole, portrait

only_sqlite = pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize(
    "engine_url", [pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)


@pytest.fixture
def definition(world: World, departments: dict[str, Department]) -> Definition:
    listen(world)
    return world.deploy(*order())


@pytest.fixture
def sound(world: World, definition: Definition) -> dict[str, Any]:
    """What a case looks like whose approval nothing disturbed."""
    id_ = world.start(definition, client="Mewa")
    approve(world, id_, key="sound")
    return portrait(world, id_)


def approve(world: World, id_: int, key: str = "press") -> None:
    """Complete the approval under a key."""
    with world.factory.begin() as session:
        query = select(UserTask).where(UserTask.instance_id == id_, UserTask.element == "approve")
        found = session.scalars(query).one()
        instances.complete(session, found, {"amount": "7"}, by=None, now=MONDAY, key=key)


@contextmanager
def pragma(engine: Engine, *statements: str) -> Iterator[None]:
    """Every connection of a block has been told so; afterwards there are new ones."""

    def tell(connection: Any, _record: object) -> None:
        for statement in statements:
            connection.execute(f"PRAGMA {statement}")

    engine.dispose()
    event.listen(engine, "connect", tell)
    try:
        yield
    finally:
        event.remove(engine, "connect", tell)
        engine.dispose()


def pages(world: World) -> int:
    with world.looking() as session:
        return int(session.connection().exec_driver_sql("PRAGMA page_count").scalar_one())


@only_sqlite
def test_on_a_full_disk_a_command_leaves_nothing_and_goes_through_when_there_is_room(
    world: World, definition: Definition, sound: dict[str, Any]
) -> None:
    ids = [world.start(definition, client="Mewa") for _ in range(60)]
    before = {id_: portrait(world, id_) for id_ in ids}

    full = []
    with pragma(world.engine, f"max_page_count={pages(world) + 3}"):
        for id_ in ids:
            try:
                approve(world, id_, key=f"press-{id_}")
            except OperationalError as error:
                assert "full" in str(error)  # noqa: PT017  # some went through before
                full.append(id_)
        for id_ in ids:
            assert portrait(world, id_) == (before[id_] if id_ in full else sound)

    assert len(full) > 5
    for id_ in ids:
        approve(world, id_, key=f"press-{id_}")
        assert portrait(world, id_) == sound
        must_be_whole(world, id_)


@only_sqlite
def test_on_a_full_disk_the_clock_loses_no_timer_and_no_job(world: World, definition: Definition) -> None:
    ids = [world.start(definition, client="Mewa") for _ in range(20)]
    world.now = jobs.LEASE + MONDAY.replace(hour=10)

    with pragma(world.engine, f"max_page_count={pages(world)}"):
        for _ in range(3):
            try:
                clock.tick(world.factory, now=world.now)
            except OperationalError as error:
                assert "full" in str(error)  # noqa: PT017
    world.later(minutes=20)

    assert all(world.history(id_).count("fired pause") == 1 for id_ in ids)
    assert all(world.history(id_).count("answered book") == 1 for id_ in ids)
    assert world.incidents() == []


@only_sqlite
def test_a_database_that_may_only_be_read_refuses_and_stays_as_it_was(
    world: World, definition: Definition, sound: dict[str, Any]
) -> None:
    id_ = world.start(definition, client="Mewa")
    before = portrait(world, id_)

    with pragma(world.engine, "query_only=ON"), pytest.raises(OperationalError, match="readonly"):
        approve(world, id_)

    assert portrait(world, id_) == before
    approve(world, id_)
    assert portrait(world, id_) == sound


@only_sqlite
def test_a_locked_database_makes_people_wait_a_while_and_then_says_so(
    world: World, definition: Definition, sound: dict[str, Any], tmp_path: Path
) -> None:
    id_ = world.start(definition, client="Mewa")
    world.now = MONDAY.replace(hour=10)

    with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pragma(world.engine, "busy_timeout=50"):
            with pytest.raises(OperationalError, match="locked"):
                approve(world, id_)
            with pytest.raises(OperationalError, match="locked"):
                clock.tick(
                    world.factory, now=world.now
                )  # timers are put off; the outbox says that it must wait
            assert world.open_(id_) == ["approve"]  # whoever only looks is not held up

    approve(world, id_)
    assert portrait(world, id_) == sound
    world.later(seconds=1)
    assert world.history(id_).count("fired pause") == 1
    assert world.incidents() == []


@only_sqlite
def test_after_a_commit_that_failed_nobody_is_given_the_open_transaction(
    world: World, definition: Definition, sound: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLAlchemy gives a connection back as it is when its session is closed after a failed commit."""
    id_ = world.start(definition, client="Mewa")
    before = portrait(world, id_)

    def fail(_connection: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched, pytest.raises(OperationalError, match="disk I/O"):  # noqa: PT012
        patched.setattr(world.engine.dialect, "do_commit", fail)
        with world.factory() as session:
            query = select(UserTask).where(UserTask.instance_id == id_, UserTask.element == "approve")
            instances.complete(session, session.scalars(query).one(), {"amount": "7"}, by=None, now=MONDAY)
            session.commit()

    assert portrait(world, id_) == before
    approve(world, id_)
    assert portrait(world, id_) == sound


# ---------------------------------------------------------------------------------------------------- PostgreSQL


def control(world: World) -> tuple[list[str], Path]:
    """How to stop and start the server of these tests, and where its data are."""
    asked = "SELECT setting FROM pg_config WHERE name = 'BINDIR'", "SHOW data_directory"
    with world.looking() as session:
        binaries, data = (session.connection().exec_driver_sql(each).scalar_one() for each in asked)
    return [*servers._as_nobody(), f"{binaries}/pg_ctl", "-D", data, "-w", "-t", "30"], Path(data)


@contextmanager
def stopped(world: World) -> Iterator[None]:
    """For the length of a block the server is gone, as if somebody had pulled its plug."""
    command, data = control(world)
    options = (data / "postmaster.opts").read_text().split(" ", 1)[1].replace('"', "'").strip()
    options = options.replace(f"'-D' '{data}'", "")
    log = str(data.parent / "log")
    run: dict[str, Any] = {"check": True, "stdout": subprocess.DEVNULL, "cwd": data.parent}
    subprocess.run([*command, "-m", "immediate", "stop"], **run)
    try:
        yield
    finally:
        subprocess.run([*command, "-l", log, "-o", options, "start"], **run)


@only_postgresql
def test_a_server_that_was_stopped_and_came_back_finds_every_case_and_the_same_press_goes_through(
    world: World, definition: Definition, sound: dict[str, Any]
) -> None:
    id_, other = world.start(definition, client="Mewa"), world.start(definition, client="Mewa")
    approve(world, other, key="other")
    before = portrait(world, id_)

    with stopped(world):
        with pytest.raises(OperationalError):
            approve(world, id_)
        with pytest.raises(OperationalError):
            clock.tick(world.factory, now=world.now)

    until_it_works(lambda: approve(world, id_))
    assert before != portrait(world, id_) == sound == portrait(world, other)
    must_be_whole(world, id_)
    world.later(hours=1)
    assert world.history(id_).count("answered book") == world.history(id_).count("fired pause") == 1


def until_it_works(act: Callable[[], None]) -> None:
    """Somebody presses again until it works."""
    end = monotonic() + 20
    while True:
        try:
            return act()
        except OperationalError:
            assert monotonic() < end
            sleep(0.1)


@only_postgresql
def test_a_connection_that_dies_in_the_middle_of_a_command_leaves_nothing(
    world: World, definition: Definition, sound: dict[str, Any]
) -> None:
    id_ = world.start(definition, client="Mewa")
    before = portrait(world, id_)

    with pytest.raises(OperationalError), world.factory.begin() as session:  # noqa: PT012
        query = select(UserTask).where(UserTask.instance_id == id_, UserTask.element == "approve")
        instances.complete(session, session.scalars(query).one(), {}, by=None, now=MONDAY, key="press")
        mine = session.connection().exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with world.engine.connect() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({mine})")

    assert portrait(world, id_) == before
    approve(world, id_)
    assert portrait(world, id_) == sound


@only_postgresql
def test_a_timer_that_loses_a_deadlock_fires_with_the_next_tick(world: World, definition: Definition) -> None:
    """PostgreSQL ends one of two that wait for each other. Ours is put off, and nobody hears of it."""
    id_ = world.start(definition, client="Mewa")
    world.now = MONDAY.replace(hour=10)
    (pause,) = (row for row in world.timers() if row.element == "pause")
    holding, tried = threading.Event(), threading.Event()

    def other() -> None:
        with world.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL deadlock_timeout = '10s'")  # so that the clock is the loser
            connection.exec_driver_sql(f"SELECT 1 FROM subscriptions WHERE id = {pause.id} FOR UPDATE")
            holding.set()
            tried.wait(10)
            connection.exec_driver_sql(f"SELECT 1 FROM instances WHERE id = {id_} FOR UPDATE")

    @event.listens_for(world.engine, "before_cursor_execute")
    def meet(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("DELETE FROM subscriptions"):
            tried.set()

    thread = threading.Thread(target=other)
    thread.start()
    holding.wait(10)
    clock.tick(world.factory, now=world.now, limit=1)
    thread.join()

    world.later(seconds=1)
    assert world.history(id_).count("fired pause") == 1
    assert world.incidents() == []
    must_be_whole(world, id_)
