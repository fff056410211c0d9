"""The clock's one duty: fire the timers that are due and carry out the outbox. Called every second, by anybody.

Several clocks may tick on one database: each timer is taken under the lock of its case, and a case somebody is at is left
for the next second. A tick takes a share of what is due and gives way, so that a night's backlog starves nobody.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from math import inf

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from engine.errors import Refusal
from engine.process import incidents, instances, jobs, resting, subscriptions
from engine.process.advancing import Unreadable
from engine.process.subscriptions import Subscription

log = structlog.get_logger(__name__)

SECONDS = 2.0
"""How long one tick fires timers at most; the outbox has its turn after that."""

STINT, BREATH = 0.05, 0.025
"""On SQLite, seconds of firing and of letting others write. Who waits for it asks again at least every 25 ms at first."""


def tick(factory: sessionmaker[Session], *, now: datetime, limit: int = 200, seconds: float = SECONDS) -> int:
    """Fire due timers in their order, each in its own transaction, then work off the outbox. Returns how much was done.

    At most ``limit`` timers, and none is begun after ``seconds``.
    """
    with factory() as session:
        session.connection(execution_options={"reading": True})  # most seconds nothing is due: block nobody
        alone = session.get_bind().dialect.name == "sqlite"  # one writer at a time
        timers = session.scalars(subscriptions.due(now).with_only_columns(Subscription.id).limit(limit)).all()
        waits = session.scalar(jobs.due(now).limit(1)) is not None
    fired = _fire_all(factory, timers, now, seconds=seconds, breath=BREATH if alone else 0)
    return fired + (jobs.work(factory, now=now, limit=limit) if waits or timers else 0)


def _fire_all(
    factory: sessionmaker[Session], timers: Sequence[int], now: datetime, *, seconds: float, breath: float
) -> int:
    fired, began = 0, time.monotonic()
    stint = began
    for subscription_id in timers:
        fired += _fire(factory, subscription_id, now)
        if time.monotonic() - began > seconds:
            break
        if breath and time.monotonic() - stint > STINT:
            time.sleep(breath)
            stint = time.monotonic()
    return fired


def settle(factory: sessionmaker[Session], *, now: datetime, rounds: int = 50) -> int:
    """Tick until nothing is due at this moment: what a demo or a test means by “and then it flowed”."""
    total = 0
    for _ in range(rounds):
        done = tick(factory, now=now, seconds=inf)
        total += done
        if not done:
            break
    return total


def _fire(factory: sessionmaker[Session], subscription_id: int, now: datetime) -> bool:
    """Whether there was something to fire, and it was fired, parked or stopped."""
    try:
        with factory.begin() as session:
            taken = subscriptions.take(session, subscription_id, now=now)
            if taken is None:
                return False  # somebody was faster, or is faster just now
            instances.fire(session, taken[0], now=now)
    except (OperationalError, StaleDataError):
        log.warning(
            "timer_postponed", subscription=subscription_id
        )  # the database was busy: the next tick tries
        return False
    except Unreadable as broken:
        resting.put_aside(factory, broken, now=now)
    except Refusal as refusal:
        return _stop(factory, subscription_id, refusal, now)
    except Exception as error:  # the one door: one broken instance must not stop the clock
        log.exception("timer_failed", subscription=subscription_id)
        return _stop(factory, subscription_id, error, now)
    return True


def _stop(factory: sessionmaker[Session], subscription_id: int, error: Exception, now: datetime) -> bool:
    """The timer waits for a person: its incident says why, and retrying the incident makes it due again."""
    try:
        with factory.begin() as session:
            taken = subscriptions.take(session, subscription_id, now=now)
            if taken is None:
                return False
            row, instance = taken
            row.due_at = None
            incidents.open_(
                session,
                instance,
                code=type(error).__name__,
                message=str(error) or type(error).__name__,
                now=now,
                diagram=row.diagram,
                element=row.element,
                subscription_id=row.id,
            )
    except (OperationalError, StaleDataError):
        log.warning("timer_postponed", subscription=subscription_id)
        return False
    return True
