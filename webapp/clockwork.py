"""The clock: once a second the timers that are due fire and the outbox is worked off.

The scheduler holds nothing: what is due stands in the database. So the clock may stop at any moment, run in the
web's process or in one of its own, or in both.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.base import BaseScheduler
from apscheduler.schedulers.blocking import BlockingScheduler
from sqlalchemy.orm import Session, sessionmaker

from engine.db import connect, sessions
from engine.process import clock, inbox, migrating, tasks
from engine.sales import alarms, commitments, standing
from webapp import wiring
from webapp.settings import Settings

SECONDS = 1


def tick(factory: sessionmaker[Session], now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int:
    """Do what is due at this moment, look for those whom early messages wait for, migrate a share. Returns how much it was."""
    done = clock.tick(factory, now=now()) + inbox.work(factory, now=now())
    return done + migrating.work(factory, now=now())


def remind(factory: sessionmaker[Session], now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int:
    """Ask about commitments whose day has come, do what a day brings to agreements, sweep. Returns how many."""
    with factory() as session:
        tasks.sweep_drafts(session)
        done = commitments.ask_due(session, now=now()) + standing.work_due(session, now=now())
        done += alarms.work_due(session, now=now())
        session.commit()
    return done


@contextmanager
def beside(settings: Settings) -> Iterator[None]:
    """The clock runs in a thread while the caller serves the web."""
    with _wound(settings, BackgroundScheduler(timezone=UTC)) as scheduler:
        scheduler.start()
        yield


def alone(settings: Settings) -> None:
    """The clock runs until the process is stopped."""
    with _wound(settings, BlockingScheduler(timezone=UTC)) as scheduler:
        scheduler.start()


@contextmanager
def _wound(settings: Settings, scheduler: Any) -> Iterator[BaseScheduler]:
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a second that ran late is no news
    engine = connect(settings.database)
    factory = sessions(engine, wiring=wiring.build(settings))
    scheduler.add_job(
        tick, "interval", [factory], seconds=SECONDS, max_instances=1, coalesce=True, misfire_grace_time=None
    )
    scheduler.add_job(
        remind, "interval", [factory], seconds=60, max_instances=1, coalesce=True, misfire_grace_time=None
    )
    try:
        yield scheduler
    finally:
        if scheduler.running:
            scheduler.shutdown(wait=True)
        engine.dispose()
