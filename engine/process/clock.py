"""The clock's one duty: fire the timers that are due and carry out the outbox. Called every second, by anybody."""

from datetime import datetime

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from engine.errors import Refusal
from engine.process import incidents, instances, jobs, subscriptions
from engine.process.instances import Instance
from engine.process.subscriptions import Subscription

log = structlog.get_logger(__name__)


def tick(factory: sessionmaker[Session], *, now: datetime, limit: int = 200) -> int:
    """Fire due timers, each in its own transaction, then work off the outbox. Returns how much was done."""
    with factory() as session:
        session.connection(execution_options={"reading": True})  # most seconds nothing is due: block nobody
        timers = [row.id for row in session.scalars(subscriptions.due(now).limit(limit))]
        waits = session.scalar(jobs.due(now).limit(1)) is not None
    for subscription_id in timers:
        _fire(factory, subscription_id, now)
    return len(timers) + (jobs.work(factory, now=now, limit=limit) if waits or timers else 0)


def settle(factory: sessionmaker[Session], *, now: datetime, rounds: int = 50) -> int:
    """Tick until nothing is due at this moment: what a demo or a test means by “and then it flowed”."""
    total = 0
    for _ in range(rounds):
        done = tick(factory, now=now)
        total += done
        if not done:
            break
    return total


def _fire(factory: sessionmaker[Session], subscription_id: int, now: datetime) -> None:
    try:
        with factory.begin() as session:
            row = session.get(Subscription, subscription_id)
            if row is not None:
                instances.fire(session, row, now=now)
    except (OperationalError, StaleDataError):
        log.warning(
            "timer_postponed", subscription=subscription_id
        )  # the database was busy: the next tick tries
    except Refusal as refusal:
        _stop(factory, subscription_id, refusal, now)
    except Exception as error:  # the one door: one broken instance must not stop the clock
        log.exception("timer_failed", subscription=subscription_id)
        _stop(factory, subscription_id, error, now)


def _stop(factory: sessionmaker[Session], subscription_id: int, error: Exception, now: datetime) -> None:
    """The timer waits for a person: its incident says why, and retrying the incident makes it due again."""
    with factory.begin() as session:
        row = session.get(Subscription, subscription_id)
        if row is None:
            return
        row.due_at = None
        incidents.open_(
            session,
            session.get_one(Instance, row.instance_id, with_for_update=True),
            code=type(error).__name__,
            message=str(error) or type(error).__name__,
            now=now,
            diagram=row.diagram,
            element=row.element,
            subscription_id=row.id,
        )
