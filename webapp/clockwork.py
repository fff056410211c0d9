"""The clock: once a second the timers that are due fire and the outbox is worked off.

The scheduler holds nothing: what is due stands in the database. So the clock may stop at any moment, run in the
web's process or in one of its own, or in both.
"""

import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.base import BaseScheduler
from sqlalchemy.orm import Session, sessionmaker

from engine import digests, notices, report_jobs
from engine.calendars import HOME
from engine.db import connect, sessions
from engine.digests import Writer
from engine.process import clock, housekeeping, inbox, migrating, tasks
from engine.sales import alarms, chain, remembering, standing
from engine.sales.past import jobs as past_jobs
from reports import low_green, watching
from webapp import log_ins, notice_mail, wiring
from webapp.past_reports import add_up
from webapp.reporting.jobs_worker import Worker
from webapp.settings import Settings

SECONDS, MINUTE = 1, 60
ONCE = {"max_instances": 1, "coalesce": True}
"""No work overtakes itself, and what was missed is done once."""
STOPS = (signal.SIGINT, signal.SIGTERM)
AT_NIGHT = 3
"""The hour at which the reports' sums are compared with the log."""
ROUNDS = 20
"""Shares of digests in one minute, or swept in one night; who is left has to wait for the next."""


def tick(factory: sessionmaker[Session], now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int:
    """Do what is due at this moment, look for those whom early messages wait for, migrate a share. Returns how much it was."""
    done = clock.tick(factory, now=now()) + inbox.work(factory, now=now())
    return done + migrating.work(factory, now=now())


def remind(factory: sessionmaker[Session], now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int:
    """Ask about commitments whose day has come and days that moved too little, do what a day brings to agreements, sweep."""
    with factory() as session:
        tasks.sweep_drafts(session)
        housekeeping.sweep(session, now=now())
        notices.sweep(session, now=now())
        report_jobs.sweep(session, now=now())
        done = remembering.ask_due(session, now=now()) + standing.work_due(session, now=now())
        done += chain.judge_due(session, now=now()) + remembering.tell_due(session, now=now())
        session.commit()
    done += _ring(factory, now)
    with factory.begin() as session:
        return done + low_green.check_due(session, now=now())


def bring_in(factory: sessionmaker[Session], now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int:
    """Import a history from elsewhere that waits for its turn. Returns how many."""
    return past_jobs.work(factory, add_up, now=now())


def _ring(factory: sessionmaker[Session], now: Callable[[], datetime]) -> int:
    """Promises whose alarm rings, each in a transaction of its own: no case is held while another one is waited for."""
    for done in range(alarms.BATCH):
        with factory.begin() as session:
            if not alarms.work_due(session, now=now(), most=1):
                return done
    return alarms.BATCH


def refresh(factory: sessionmaker[Session]) -> int:
    """Make the roll-ups of reports that are missing or count by old stages. Returns of how many ladders."""
    with factory() as session:
        session.connection(execution_options={"reading": True})
        if not watching.is_stale(session):
            return 0
    with factory.begin() as session:
        return watching.refresh(session)


def compare(factory: sessionmaker[Session], now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int:
    """Compare the roll-ups of reports with what they are made of, nobody waiting meanwhile. Returns the differences."""
    with factory() as session:
        session.connection(execution_options=_still(session))
        found = watching.differences(session)
    with factory.begin() as session:
        watching.alarm(session, found, now=now())
    return len(found)


def sweep(factory: sessionmaker[Session], now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int:
    """Drop log-ins long over, a share in each transaction. Returns how many."""
    done = 0
    for _ in range(ROUNDS):
        with factory.begin() as session:
            some = log_ins.sweep(session, now=now())
        if not some:
            break
        done += some
    return done


def _still(session: Session) -> dict[str, Any]:
    """One picture of the database for the whole transaction."""
    if session.get_bind().dialect.name == "postgresql":
        return {"isolation_level": "REPEATABLE READ"}
    return {"reading": True}


def mail(
    factory: sessionmaker[Session], write: Writer, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> int:
    """Mail notices to those who want each at once, a share of them. Returns how many mails."""
    if not _waits(factory, "each"):
        return 0
    with factory.begin() as session:
        return digests.mail_each(session, write, now=now())


def digest(
    factory: sessionmaker[Session], write: Writer, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> int:
    """Mail the digests of this morning, each share in a transaction of its own. Returns how many mails."""
    mails = 0
    for _ in range(ROUNDS if _waits(factory, "daily") else 0):
        with factory.begin() as session:
            share = digests.digest_due(session, write, now=now())
        mails += share
        if not share:
            break
    return mails


def _waits(factory: sessionmaker[Session], way: str) -> bool:
    """Whether anything has to be written for these people: most seconds not, and then nobody is blocked."""
    with factory() as session:
        session.connection(execution_options={"reading": True})
        return session.scalar(digests.waiting(way).limit(1)) is not None


@contextmanager
def beside(settings: Settings) -> Iterator[None]:
    """The clock runs in a thread while the caller serves the web."""
    with _wound(settings, BackgroundScheduler(timezone=UTC)) as scheduler:
        scheduler.start()
        yield


def alone(settings: Settings) -> None:
    """The clock runs until the process is told to stop: by Ctrl-C, or politely, as a service is."""
    told: list[int] = []
    with beside(settings), _hearing(told.append):
        while not told:
            time.sleep(SECONDS / 5)


@contextmanager
def _hearing(tell: Callable[[int], None]) -> Iterator[None]:
    """Signals to stop only tell: raised as an exception, the scheduler may swallow one while it submits a job."""
    before = {each: signal.signal(each, lambda number, _: tell(number)) for each in STOPS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _wound(settings: Settings, scheduler: Any) -> Iterator[BaseScheduler]:
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a second that ran late is no news
    engine = connect(settings.database)
    factory = sessions(engine, wiring=wiring.build(settings))
    for seconds, work in _works(settings):
        scheduler.add_job(work, "interval", [factory], seconds=seconds, misfire_grace_time=None, **ONCE)
    scheduler.add_job(compare, "cron", [factory], hour=AT_NIGHT, timezone=HOME, **ONCE)
    scheduler.add_job(sweep, "cron", [factory], hour=AT_NIGHT, minute=30, timezone=HOME, **ONCE)
    try:
        yield scheduler
    finally:
        if scheduler.running:
            scheduler.shutdown(wait=True)
        engine.dispose()


def _works(settings: Settings) -> list[tuple[int, Callable[[sessionmaker[Session]], object]]]:
    """What is done every so many seconds."""
    write, worker = notice_mail.writer(settings), Worker(settings)
    return [
        (SECONDS, tick),
        (SECONDS, partial(mail, write=write)),
        (SECONDS, bring_in),
        (SECONDS, worker.work),
        (MINUTE, partial(digest, write=write)),
        (MINUTE, remind),
        (MINUTE, worker.plan),
        (MINUTE, refresh),
    ]
