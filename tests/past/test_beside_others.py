"""While a large history comes in, the others go on working; and an import that is killed leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from engine import history, migrations
from engine.db import opened, sessions
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.sales.ladders import Move
from engine.sales.past import importing, staging
from engine.sales.past.rows import Import, ImportedCase, ImportedStep
from tests.past.logs import MAP, NOW, log, table

EVENTS = 100_000
KEPT = (Instance, ImportedCase, ImportedStep, Move, Import, Definition)


def written(folder: Path, events: int) -> None:
    """A large log and its map, ten events a case."""
    rows = (
        (str(number // 10), "Asked" if number % 2 else "Offered", f"2026-03-{number % 10 + 1:02} 08:00")
        for number in range(events)
    )
    (folder / "old.csv").write_bytes(table(rows))
    (folder / "map.toml").write_text(MAP.format(more=""), encoding="utf-8")


@contextmanager
def importer(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "webapp.cli", "history", "import", "old.csv", "--map", "map.toml"]
    settings = {"DATABASE_URL": address(folder), "PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen(command, cwd=folder, env={**os.environ, **settings}) as process:
        try:
            yield process
        finally:
            process.kill()


def address(folder: Path) -> str:
    """The database of this test."""
    return f"sqlite:///{folder / 'contentum.db'}"


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Engine]:
    """A database that two processes share."""
    with opened(address(tmp_path)) as engine:
        migrations.upgrade(engine)
        yield engine


def write(engine: Engine, name: str) -> float:
    """A colleague's small transaction. Returns for how many seconds it had to wait."""
    began = time.monotonic()
    with Session(engine) as session:
        history.record(session, "noted", at=NOW, actor=None, subject=name)
        session.commit()
    return time.monotonic() - began


def counted(engine: Engine) -> list[int]:
    """How many rows of a history anybody sees."""
    with Session(engine) as session:
        session.connection(execution_options={"reading": True})
        return [session.scalar(select(func.count()).select_from(each)) or 0 for each in KEPT]


@pytest.mark.slow
def test_others_write_while_a_large_history_comes_in_and_see_none_or_all_of_it(
    lite: Engine, tmp_path: Path
) -> None:
    written(tmp_path, EVENTS)
    waits, seen = [], set()
    with importer(tmp_path) as process:
        while process.poll() is None:
            waits.append(write(lite, f"note:{len(waits)}"))
            seen.add(tuple(counted(lite)))
            time.sleep(0.02)
    assert process.returncode == 0
    assert max(waits) < 5, "the busy timeout is fifteen seconds"
    assert len(waits) > 20
    cases = EVENTS // 10
    whole = tuple(counted(lite))
    assert whole == (cases, cases, EVENTS, whole[3], 1, 1)
    assert seen <= {(0, 0, 0, 0, 0, 0), whole}


@pytest.mark.slow
def test_an_import_killed_while_it_writes_leaves_nothing_and_comes_in_afterwards(
    lite: Engine, tmp_path: Path
) -> None:
    written(tmp_path, EVENTS // 4)
    journal = tmp_path / "contentum.db-wal"
    before = journal.stat().st_size
    with importer(tmp_path) as process:
        while journal.stat().st_size < before + 2**19 and process.poll() is None:
            time.sleep(0.002)
        assert process.poll() is None, "it ended before it was killed"
        process.send_signal(signal.SIGKILL)
    assert counted(lite) == [0] * len(KEPT)
    assert write(lite, "note") < 1, "no lock is left"
    with importer(tmp_path) as process:
        assert process.wait(60) == 0
    assert counted(lite)[0] == EVENTS // 40


def test_rows_wait_unseen_on_their_connection_and_lock_nobody_out(lite: Engine) -> None:
    checked = importing.check(log(table([("1", "Asked", "2026-03-02 08:00")])), MAP.format(more=""), now=NOW)
    with staging.alone(sessions(lite)) as session:
        staging.only_read(session, only=True)
        staged = importing.stage(session, checked)
        assert write(lite, "note") < 1
        session.commit()
        assert counted(lite) == [0] * len(KEPT)
        assert session.scalar(text("SELECT count(*) FROM temp.past_moves")) == 1
    assert staged is not None
    with Session(lite) as session:
        assert session.scalars(text("SELECT name FROM sqlite_temp_master")).all() == []


def test_rows_that_waited_while_the_same_cases_came_in_are_not_copied(lite: Engine) -> None:
    checked = importing.check(log(table([("1", "Asked", "2026-03-02 08:00")])), MAP.format(more=""), now=NOW)
    at = datetime(2026, 11, 16, 10, tzinfo=UTC)
    with staging.alone(sessions(lite)) as session:
        staging.only_read(session, only=True)
        staged = importing.stage(session, checked)
        session.commit()
        with sessions(lite).begin() as other:
            importing.bring(other, importing.begin(other, checked, by=None, now=at), checked, by=None, now=at)
        staging.only_read(session, only=False)
        made = importing.begin(session, checked, by=None, now=at)
        counts = importing.bring(session, made, checked, by=None, now=at, staged=staged)
        session.commit()
    assert (counts.new, counts.known) == (0, 1)
    assert counted(lite)[:4] == [1, 1, 1, 1]
