"""What happens to promises by itself: silence, acceptance by silence, escalation steps, and what a manager decided.

The clock finds what is due by the index on ``alarm_at`` and nothing else. One promise in trouble silences no other.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine.errors import Refusal
from engine.process import incidents, instances
from engine.process.advancing import Answered
from engine.process.instances import Instance, Resting
from engine.sales import conversation, escalating, health, promising, talking
from engine.sales.promises import Promise
from engine.sales.talking import CONSUMER, PROVIDER, Held, hold, say

BATCH = 100
AGAIN = "PT1H"
"""When a promise of a case that rests is looked at again."""


def due(now: datetime) -> Select[int]:
    """Ids of promises to which something happens now, the longest waiting first."""
    rings = select(Promise.id).where(Promise.alarm_at.is_not(None), Promise.alarm_at <= now)
    return rings.order_by(Promise.alarm_at, Promise.id)


def work_due(session: Session, *, now: datetime, most: int = BATCH) -> int:
    """Do what is due, each promise in a savepoint of its own; returns how many were looked at.

    What cannot be done is an incident of its case, and the promise is quiet until somebody says something about it.
    """
    ids: Sequence[int] = session.scalars(due(now).limit(most)).all()
    for id_ in ids:
        try:
            with session.begin_nested():
                _ring(session, session.get_one(Promise, id_, populate_existing=True), now)
        except Resting:
            _put_off(session, id_, now)
        except talking.NotNow:
            session.get_one(Promise, id_, populate_existing=True).alarm_at = None  # somebody was faster
        except Refusal as refusal:
            _stop(session, id_, refusal, now)
    return len(ids)


def _ring(session: Session, promise: Promise, now: datetime) -> None:
    """One promise: accepted by silence, or a time for an answer over, or the steps whose moment has come."""
    held = hold(session, promise, states=conversation.OPEN, by=None, now=now)
    promise = held.promise
    if promise.alarm_at is None or promise.alarm_at > now:
        return  # somebody was faster
    if promise.state == "delivered" and promise.accept_by is not None and promise.accept_by <= now:
        conversation.accept(session, promise, by=None, now=now)
        return
    rang = promise.alarm_at
    if promise.state != "delivered" and promise.respond_by is not None and rang <= promise.respond_by <= now:
        _silent(held)
    for _, step in [each for each in promising.steps(promise, held.terms, held.works) if each[0] <= now]:
        promise.steps_taken += 1
        _take(held, step)
    promise.alarm_at = promising.alarm(promise, held.terms, held.works, now=now)
    session.flush()
    health.follow(session, promise, by=None, now=now)


def _silent(held: Held) -> None:
    """Whose turn it is has said nothing: both sides know, and the head of the silent one."""
    promise = held.promise
    turn = promise.turn or PROVIDER
    told = {"turn": turn, "respond_by": promise.respond_by}
    say(held, "promise_unanswered", told, turn=turn, tell=(PROVIDER, CONSUMER))
    talking.tell(held, "promise_late", talking.head_ids(held.session, talking.side_id(promise, turn)))


def _take(held: Held, step: dict[str, Any]) -> None:
    """One step of the escalation, by a notice or by a task of whoever the agreement names."""
    who, how = step["who"], step["how"]
    whom = (
        escalating.escalate(held, "late", who)
        if how == "task"
        else escalating.manager_of(held.session, held.promise, who)
    )
    told = {"who": who, "how": how, "to": whom.id if whom else None, "step": held.promise.steps_taken}
    say(held, "promise_escalated", told, turn=held.promise.turn)
    is_late = held.promise.due_at is not None and held.promise.due_at <= held.now
    if whom is not None:
        talking.tell(held, "promise_late" if is_late else "promise_step", [whom.id])


def _put_off(session: Session, promise_id: int, now: datetime) -> None:
    """Its case rests, so nothing happens to it; what that means for the client is said."""
    promise = session.get_one(Promise, promise_id, populate_existing=True)
    health.hold(session, promise)
    health.follow(session, promise, by=None, now=now)
    promise.alarm_at = promising.calendar(session, promise).add_round(now, AGAIN)
    session.flush()


def _stop(session: Session, promise_id: int, refusal: Refusal, now: datetime) -> None:
    """Somebody has to look: the incident says what could not be done, and nothing rings until the next word."""
    promise = session.get_one(Promise, promise_id, populate_existing=True)
    promise.alarm_at = None
    if isinstance(refusal, instances.NotRunning):
        return
    case = instances.locked(session, promise.instance_id)
    incidents.open_(session, case, code="PROMISE_CLOCK", message=str(refusal), now=now)
    session.flush()


# ------------------------------------------------------------------------------------------------ what was decided


def answered(session: Session, what: Answered) -> None:
    """The listener: what a manager answered in the case of an escalation goes through the verbs of the conversation."""
    if what.task is None or what.by is None or what.instance.process != escalating.PROCESS:
        return
    promise = about(session, what.instance)
    promise.escalation_id = None  # this case decides, and needs not to be called off
    day = what.answers.get("new_due")
    conversation.decide(
        session,
        promise,
        str(what.answers.get("decision") or ""),
        str(what.answers.get("reason") or ""),
        due_at=promising.end_of(session, promise, date.fromisoformat(str(day))) if day else None,
        by=what.by,
        now=what.now,
        asked=True,
    )


def about(session: Session, case: Instance) -> Promise:
    """The promise that a case of an escalation is about."""
    return session.get_one(Promise, int((case.business_key or "").partition(":")[2]))
