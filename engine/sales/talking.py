"""Who speaks for which side of a promise, what is refused and what is possible next, and how a word is written down.

A verb of `engine.sales.conversation` takes hold of a promise (`hold`), changes it, and says so (`say`): one event, one
move where the position changes, the task turned to whose turn it is, the next alarm, and a notice for the other side.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import absences, calendars, history, notices
from engine.calendars import Calendar
from engine.errors import NotAllowed, Refusal, Stale
from engine.people import Membership, Person
from engine.process import instances, tasks
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import health, passing, positions, promising
from engine.sales.agreements import AgreementVersion
from engine.sales.naming import named
from engine.sales.positions import OFF
from engine.sales.promises import RANKS, Promise

PROVIDER, CONSUMER = "provider", "consumer"


class NotYourSide(NotAllowed):
    """This is for %(department)s to say."""


class HeadOnly(NotAllowed):
    """Only the head of %(department)s can do this, or who stands in during a recorded absence."""


class NoAgreement(Refusal):
    """No agreement was in force when this was asked, so nobody has promised anything. Do the step, or propose an agreement."""


class NotNow(Refusal):
    """This is not possible now."""


class Settled(NotNow):
    """This promise is closed; nothing more can be said about it. Ask anew where the case stands now."""


class StillAsked(NotNow):
    """Nothing has been promised yet. The provider promises, offers another date, returns the request or declines."""


class Returned(NotNow):
    """The request was returned as not ready. The side that asked brings what is missing first, or takes the request back."""


class Countered(NotNow):
    """Another date is offered. The side that asked agrees to it or refuses it first."""


class Promised(NotNow):
    """It is promised. It can be delivered now; before it is due, either side may ask for another date."""


class Delivered(NotNow):
    """It is delivered. The side that asked accepts it or rejects it with a reason first."""


class Declined(NotNow):
    """It was declined, and a manager decides now: a new date, waive it, revoke it, or let it run."""


class Paused(NotNow):
    """The clock is paused. Resume it first."""


class Waived(NotNow):
    """The promise was waived: nobody is held to it. The step itself is still to be done."""


class Revoked(NotNow):
    """The request was taken back. The side that asked does the step itself, or moves or stops the case."""


class Suspended(NotNow):
    """The agreement was suspended when this was asked, so nobody owes anything. The step itself is still to be done."""


class AnswerFirst(NotNow):
    """A new date was asked for. %(department)s agrees to it or refuses it first."""


class NothingAsked(NotNow):
    """Nobody has asked for another date. Ask for one before it is due."""


INSTEAD: Mapping[str, type[NotNow]] = {
    "requested": StillAsked,
    "returned": Returned,
    "countered": Countered,
    "promised": Promised,
    "delivered": Delivered,
    "declined": Declined,
    "paused": Paused,
    "waived": Waived,
    "revoked": Revoked,
}
"""What each state answers to a word that does not belong to it: how things stand, and the next possible step."""

TURNS = {
    "returned": CONSUMER,
    "countered": CONSUMER,
    "delivered": CONSUMER,
    "revoked": CONSUMER,
    "declined": None,
}
"""Whose turn it is in a state, where it is not the provider's. A manager decides about what was declined."""


@dataclass(frozen=True, slots=True)
class Held:
    """A promise as it is now, kept from others until the transaction ends, with everything a word about it needs."""

    session: Session
    promise: Promise
    instance: Instance
    task: UserTask
    terms: Mapping[str, Any]
    works: Calendar
    by: Person | None
    now: datetime


def hold(
    session: Session,
    promise: Promise,
    *,
    side: str | None = None,
    states: Collection[str] = (),
    by: Person | None,
    now: datetime,
    seen: int | None = None,
) -> Held:
    """Take hold: the case first, as every command does, then the promise. ``seen`` is the version somebody looked at.

    ``by`` None is the clock. Raises NotRunning, Resting, NoAgreement, NotYourSide, Stale, and what `INSTEAD` says of the state.
    """
    session.flush()
    health.hold(session, promise)
    instance = instances.locked(session, promise.instance_id)
    instances.must_not_rest(session, instance)
    session.expire(promise)  # else what somebody else did meanwhile is taken for an error of ours
    current = session.get_one(Promise, promise.id, with_for_update=True, populate_existing=True)
    if side is not None and by is not None:
        must_speak(session, current, by, side)
    if seen is not None and seen != current.version:
        raise Stale
    must_be(current, states)
    task = session.get_one(UserTask, current.task_id, populate_existing=True)
    terms = session.get_one(AgreementVersion, current.version_id).terms
    return Held(session, current, instance, task, terms, promising.calendar(session, current), by, now)


def must_be(promise: Promise, states: Collection[str]) -> None:
    """Whether a word fits how things stand. Raises Settled, Suspended, NoAgreement, and what `INSTEAD` says."""
    if promise.outcome is not None:
        raise Settled
    if promise.manner == "suspended":
        raise Suspended
    if promise.version_id is None:
        raise NoAgreement
    if promise.state not in states:
        raise INSTEAD.get(promise.state, NotNow)


def side_id(promise: Promise, side: str) -> int | None:
    """The department of a side."""
    return promise.provider_id if side == PROVIDER else promise.consumer_id


def sides(session: Session, promise: Promise, person: Person) -> list[str]:
    """The sides of a promise this person may speak for: members of its department, who has the task, and the deal's owner."""
    return [side for side in (PROVIDER, CONSUMER) if _speaks(session, promise, person, side)]


def heads(session: Session, promise: Promise, person: Person, side: str, *, now: datetime) -> bool:
    """Whether this person decides for a side: its head, or who stands in for the head on this day."""
    department_id = side_id(promise, side)
    if department_id is None or department_id in person.headed_ids:
        return department_id is not None
    lent = absences.deputies_for(session, department_id, calendars.local_day(now))
    return any(deputy.id == person.id for deputy, _, _ in lent)


def must_speak(session: Session, promise: Promise, person: Person, side: str) -> None:
    """Raises NotYourSide."""
    if not _speaks(session, promise, person, side):
        raise NotYourSide(department=named(session, side_id(promise, side)))


def must_head(session: Session, promise: Promise, person: Person, side: str, *, now: datetime) -> None:
    """Raises HeadOnly."""
    if not heads(session, promise, person, side, now=now):
        raise HeadOnly(department=named(session, side_id(promise, side)))


def _speaks(session: Session, promise: Promise, person: Person, side: str) -> bool:
    if side_id(promise, side) in person.department_ids:
        return True
    if side == CONSUMER:
        return passing.owner_id(session, promise) == person.id
    task = session.get_one(UserTask, promise.task_id)
    return _holder(promise, task) == person.id


def _holder(promise: Promise, task: UserTask) -> int | None:
    """Who of the provider has it; the task itself may be the consumer's turn, or have been when it closed."""
    is_away = promise.turn == CONSUMER or promise.outcome is not None
    return promise.provider_assignee_id if is_away else task.assignee_id


# ------------------------------------------------------------------------------------------------ saying


def say(
    held: Held,
    kind: str,
    data: Mapping[str, Any] | None = None,
    *,
    state: str | None = None,
    turn: str | None = None,
    tell: Collection[str] = (),
    causing: str | None = None,
) -> None:
    """Write one word down: the event, the move where ``state`` is a new position, the turn, the alarm, the notices.

    ``tell`` are the sides that should know; ``causing`` the side to which a step back is due.
    """
    promise, before, was = held.promise, held.promise.state, held.promise.turn
    told = {name: value for name, value in (data or {}).items() if value is not None}
    record(held, kind, told)
    if state is not None:
        promise.state = state
    promise.turn = turn if turn is not None else TURNS.get(promise.state, PROVIDER)
    _pass_on(held, was)
    promise.alarm_at = promising.alarm(promise, held.terms, held.works, now=held.now)
    if state is not None and state != before:
        _move(held, before, causing, told.get("reason") or told.get("note"))
    for side in tell:
        let_know(held, side, kind, told)
    held.session.flush()
    health.follow(held.session, promise, by=held.by, now=held.now)


def record(held: Held, kind: str, data: Mapping[str, Any]) -> None:
    """One fact about a promise, in the history of its case."""
    task = held.task
    history.record(
        held.session,
        kind,
        at=held.now,
        actor=held.by,
        instance=held.instance,
        subject=f"promise:{held.promise.id}",
        diagram=task.diagram,
        element=task.element,
        token=task.token,
        task_id=task.id,
        data={name: _plain(value) for name, value in data.items()} or None,
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _move(held: Held, before: str, causing: str | None, reason: str | None) -> None:
    promise = held.promise
    after = None if promise.state in OFF else promise.state
    positions.move(
        held.session,
        promise,
        _kind(before, promise.state),
        from_state=before,
        to_state=after,
        by=held.by,
        cause="user" if held.by else "timer",
        now=held.now,
        seq=held.instance.seq,
        note=reason,
        causing_id=side_id(promise, causing) if causing else None,
    )


def _kind(before: str, after: str) -> str:
    """What the move is called: a pause keeps the position, a waiver leaves the ladder."""
    if after in OFF:
        return "rerouted"
    if after == "paused":
        return "suspended"
    if before == "paused":
        return "resumed"
    return "forward" if RANKS[after] > RANKS[before] else "backward"


def _pass_on(held: Held, was: str | None) -> None:
    """The one task of the token shows whose turn it is; the provider gets it back as it was."""
    promise, task = held.promise, held.task
    if promise.turn == CONSUMER:
        if was != CONSUMER:
            promise.provider_audience, promise.provider_assignee_id = task.audience, task.assignee_id
        passing.hand_to_consumer(held.session, promise, task, now=held.now)
        return
    audience, whose = task.audience, task.assignee_id
    if was == CONSUMER:
        audience, whose = promise.provider_audience, promise.provider_assignee_id
        promise.provider_audience = promise.provider_assignee_id = None
    tasks.turn(held.session, task, audience=audience, assignee_id=whose, due_at=promise.due_at, now=held.now)


def let_know(held: Held, side: str, kind: str, data: Mapping[str, Any]) -> None:
    """A notice for whoever has to do with it on a side."""
    tell(held, kind, concerned(held.session, held.promise, held.task, side), data)


def tell(held: Held, kind: str, whom: Sequence[int], data: Mapping[str, Any] | None = None) -> None:
    """A notice with everything its sentence needs."""
    promise = held.promise
    told = {"title": promise.title, "title_en": promise.title_en, "about": held.task.about, **(data or {})}
    told.setdefault("due_at", promise.due_at)
    said = {name: value for name, value in told.items() if value is not None}
    notices.tell(held.session, whom, kind, f"promise:{promise.id}", said, now=held.now, by=held.by)


def concerned(session: Session, promise: Promise, task: UserTask, side: str) -> list[int]:
    """Who is told on a side: whoever has it, who asked for it, else the head."""
    if side == CONSUMER:
        found = passing.owner_id(session, promise)
    else:
        found = _holder(promise, task) or promise.delivered_by_id
    if found is not None:
        return [found]
    return head_ids(session, side_id(promise, side))


def head_ids(session: Session, department_id: int | None) -> list[int]:
    """The head of a department, if it has one."""
    query = select(Membership.person_id).where(Membership.department_id == department_id, Membership.is_head)
    return list(session.scalars(query))
