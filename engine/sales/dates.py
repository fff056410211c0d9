"""Everything that is due on a calendar: what was agreed with clients, and what departments promised each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from engine import access, calendars
from engine.people import Person
from engine.process.tasks import UserTask
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from engine.sales.promises import Promise

MOST = 500
"""Entries of one kind a calendar holds; more are no calendar."""

SETTLED = ("proposed", "agreed", "kept", "broken")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose: of one department, of one person; empty means everything the viewer sees. ``done``: what is settled, too."""

    department_id: int | None = None
    person_id: int | None = None
    done: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing due on a local day: a commitment with its deal, or a promise with its deal if it has one."""

    day: date
    at: datetime | None
    commitment: Commitment | None = None
    promise: Promise | None = None
    deal: Deal | None = None


def between(session: Session, person: Person, first: date, last: date, wanted: Wanted) -> list[Entry]:
    """What falls due from one local day to another and this person may see, in order of time."""
    found = [
        *_commitments(session, person, first, last, wanted),
        *_promises(session, person, first, last, wanted),
    ]
    latest = datetime.max.replace(tzinfo=calendars.HOME)
    return sorted(found, key=lambda each: (each.day, each.at.timestamp() if each.at else latest.timestamp()))


def _commitments(
    session: Session, person: Person, first: date, last: date, wanted: Wanted
) -> Sequence[Entry]:
    query = (
        select(Commitment, Deal)
        .join(Deal, Deal.id == Commitment.deal_id)
        .where(access.visible(person, Commitment), Commitment.due_on.between(first, last))
        .where(Commitment.state.in_(SETTLED if wanted.done else SETTLED[:2]))
    )
    if wanted.department_id:
        query = query.where(Deal.department_id == wanted.department_id)
    if wanted.person_id:
        query = query.where(Deal.owner_id == wanted.person_id)
    rows = session.execute(query.order_by(Commitment.due_on, Commitment.id).limit(MOST))
    return [Entry(made.due_on, None, commitment=made, deal=deal) for made, deal in rows if made.due_on]


def _promises(session: Session, person: Person, first: date, last: date, wanted: Wanted) -> Sequence[Entry]:
    begin, end = (
        calendars.ORGANIZATION.moment(datetime.combine(day, datetime.min.time()))
        for day in (first, last + timedelta(days=1))
    )
    runs = and_(Promise.outcome.is_(None), Promise.manner.is_(None))
    shown = or_(runs, Promise.outcome.in_(("kept", "broken"))) if wanted.done else runs
    query = (
        select(Promise, Deal)
        .outerjoin(Deal, and_(Deal.id == Promise.deal_id, access.visible(person, Deal)))
        .where(access.visible(person, Promise), Promise.due_at >= begin, Promise.due_at < end, shown)
    )
    if wanted.department_id:
        sides = (Promise.provider_id, Promise.consumer_id)
        query = query.where(or_(*(side == wanted.department_id for side in sides)))
    if wanted.person_id:
        task = select(UserTask.id).where(
            UserTask.id == Promise.task_id, UserTask.assignee_id == wanted.person_id
        )
        query = query.where(or_(Deal.owner_id == wanted.person_id, task.exists()))
    rows = session.execute(query.order_by(Promise.due_at, Promise.id).limit(MOST))
    return [
        Entry(calendars.local_day(promise.due_at), promise.due_at, promise=promise, deal=deal)
        for promise, deal in rows
        if promise.due_at is not None
    ]
