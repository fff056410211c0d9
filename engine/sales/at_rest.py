"""A case that rests keeps nobody to a time: nobody can do anything about it, so no clock of its promises runs.

A promise keeps its position and says since when it rests (``paused_at``). When the case goes on, it has the work time
again that was left, and so has every answer that somebody waits for. What was late before stays late.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.calendars import Calendar
from engine.people import Person
from engine.process import instances, tasks
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import promising, talking
from engine.sales.agreements import AgreementVersion
from engine.sales.promises import Promise
from engine.sales.talking import CONSUMER, PROVIDER, Held

ANSWERS = ("respond_by", "accept_by")
"""Moments until which somebody is to answer."""


def follow(session: Session, case: Instance, *, by: Person | None, now: datetime) -> None:
    """The listener: the clocks of a case that rests stand, those of one that goes on run again."""
    open_ = select(Promise).where(Promise.instance_id == case.id, Promise.outcome.is_(None))
    rests = instances.at_rest(case)
    for promise in session.scalars(open_.where(Promise.manner.is_(None)).order_by(Promise.id)).all():
        if rests and promise.paused_at is None:
            _stand(_held(session, promise, case, by, now))
        elif not rests and promise.rests:
            _go_on(_held(session, promise, case, by, now))
    session.flush()


def _held(session: Session, promise: Promise, case: Instance, by: Person | None, now: datetime) -> Held:
    """The case is held by whoever lets it rest or go on."""
    task = session.get_one(UserTask, promise.task_id)
    version = session.get(AgreementVersion, promise.version_id or 0)
    works = promising.calendar(session, promise)
    return Held(session, promise, case, task, version.terms if version else {}, works, by, now)


def _stand(held: Held) -> None:
    promise, now = held.promise, held.now
    if promise.state in promising.RUNS and promise.due_at is not None and promise.due_at > now:
        promise.left_seconds = promising.left(held.works, now=now, due=promise.due_at)
        promise.due_at = None
    promise.paused_at, promise.alarm_at = now, _looked_at(promise, now)
    tasks.fall_due(held.task, None)
    _tell(held, "promise_paused")


def _go_on(held: Held) -> None:
    promise, now = held.promise, held.now
    since, promise.paused_at = promise.paused_at or now, None
    if promise.state in promising.RUNS and promise.due_at is None and promise.left_seconds is not None:
        promise.due_at = promising.later(held.works, promise.left_seconds, now=now)
        promise.left_seconds = None
    is_asked = promise.answer_by == promise.respond_by
    for name in ANSWERS:
        setattr(promise, name, _moved(held.works, getattr(promise, name), since, now))
    if is_asked:
        promise.answer_by = promise.respond_by
    rings = promising.alarm(promise, held.terms, held.works, now=now) if held.terms else None
    promise.alarm_at = _looked_at(promise, now) or rings
    answer = promise.accept_by if promise.state == "delivered" else promise.respond_by
    tasks.fall_due(held.task, answer if promise.turn == CONSUMER else promise.due_at)
    _tell(held, "promise_resumed")


def _moved(works: Calendar, until: datetime | None, since: datetime, now: datetime) -> datetime | None:
    """As much work time from now as there was when the case came to rest; a time that was over stays over."""
    if until is None or until <= since:
        return until
    return works.add(now, works.between(since, until))


def _looked_at(promise: Promise, now: datetime) -> datetime | None:
    """The clock looks at once what it means for the client: it holds the deal before this case, and we cannot now."""
    return now if promise.commitment_id is not None else None


def _tell(held: Held, kind: str) -> None:
    """One fact, and both sides know; with the new date where there is one."""
    due = {"due_at": held.promise.due_at} if held.promise.due_at is not None else {}
    talking.record(held, kind, {"rests": held.promise.rests, **due})
    for side in (PROVIDER, CONSUMER):
        talking.let_know(held, side, kind, due)
