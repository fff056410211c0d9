"""The clock in real time: what is due happens by itself, and stopping it leaves nothing half done."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from connectors.mail import OutgoingMail
from engine.db import sessions
from engine.people import Person
from engine.process import outbox
from engine.process.outbox import Job
from tests.conftest import MONDAY
from webapp import clockwork, log_ins, wiring
from webapp.settings import Settings


@pytest.fixture
def settings(engine_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=engine_url, var_dir=tmp_path)


def put_a_notice(database: Engine) -> None:
    with sessions(database).begin() as session:
        inputs = {"to": "ewa@klient.example", "subject": "Czas minął"}
        now = datetime.now(UTC)
        outbox.put(session, "notice", "mail", operation="send", key="n:1", inputs=inputs, now=now)


def written(database: Engine, seconds: float = 10) -> list[str]:
    """The mails written until one is there or the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with sessions(database)() as session:
            session.connection(execution_options={"reading": True})
            found = list(session.scalars(select(OutgoingMail.subject)))
        if found:
            return found
        time.sleep(0.05)
    return []


def test_the_clock_beside_the_web_works_off_what_is_due(settings: Settings, database: Engine) -> None:
    with clockwork.beside(settings):
        put_a_notice(database)

        assert written(database) == ["Czas minął"]


def test_after_the_clock_has_stopped_nothing_happens(settings: Settings, database: Engine) -> None:
    with clockwork.beside(settings):
        pass
    put_a_notice(database)

    assert written(database, seconds=1.5) == []


@pytest.mark.slow
@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_alone_does_the_same_and_stops_when_told(
    settings: Settings, database: Engine, tmp_path: Path, word: signal.Signals
) -> None:
    put_a_notice(database)
    environment = {**os.environ, "DATABASE_URL": settings.database, "VAR_DIR": str(tmp_path)}
    worker = subprocess.Popen([sys.executable, "-m", "webapp.cli", "worker"], env=environment)
    try:
        assert written(database, seconds=30) == ["Czas minął"]
    finally:
        worker.send_signal(word)
        try:
            assert worker.wait(timeout=20) == 0
        finally:
            worker.kill()
            worker.wait()


def test_the_wiring_names_every_connector_that_the_shipped_diagrams_ask_for(settings: Settings) -> None:
    shipped = Path(__file__).parents[2] / "bpmn"
    asked = {
        line.split('value="')[1].split('"')[0]
        for path in shipped.rglob("*.bpmn")
        for line in path.read_text(encoding="utf-8").splitlines()
        if 'name="connector"' in line
    }

    assert asked
    assert asked <= set(wiring.build(settings).connectors)


def test_a_session_of_the_wiring_runs_a_job_once(
    settings: Settings, database: Engine, session: Session
) -> None:
    put_a_notice(database)
    factory = sessions(database, wiring=wiring.build(settings))

    assert clockwork.tick(factory) == 1
    assert clockwork.tick(factory) == 0
    assert session.scalars(select(Job.done_at)).one() is not None


def test_log_ins_that_were_over_thirty_days_ago_go_at_night(
    session: Session, database: Engine, anna: Person
) -> None:
    for day in (0, 20):
        log_ins.begin(session, anna, address="192.0.2.1", stay=False, now=MONDAY + timedelta(days=day))
    session.commit()

    swept = [
        clockwork.sweep(sessions(database), now=lambda: MONDAY + timedelta(days=days))  # noqa: B023
        for days in (30, 31, 31)
    ]
    assert swept == [0, 1, 0]
