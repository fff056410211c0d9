"""What threatens a commitment to the client: the promises behind it, against the client's date, in one pure function.

`follow` writes it down whenever something is said about such a promise, in the same transaction, and the deal's owner
knows before the client does. Nothing here says anything to a department; that is `engine.sales.chain`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendars, history, lengths, notices
from engine.calendars import Calendar
from engine.people import Department, Person
from engine.process.instances import Instance
from engine.sales.agreements import Agreement, AgreementVersion
from engine.sales.commitments import OPEN, Commitment
from engine.sales.deals import Deal
from engine.sales.promises import Promise

BUFFER = "P1D"
"""How much work time the client's date keeps in reserve where the agreement does not say."""

REQUEST = "department_request"
"""The process in which a department is asked; ``bpmn/house/department_request.bpmn``."""

SEVERITY = {None: 0, "amber": 1, "red": 2}
GONE = frozenset({"revoked", "waived", "cancelled", "suspended"})
"""States, outcomes and manners of a promise that holds nobody any more."""


class Promised(Protocol):
    """What health needs to know of a promise; times are moments."""

    state: str
    outcome: str | None
    manner: str | None
    due_at: datetime | None
    proposed_due_at: datetime | None
    delivered_at: datetime | None
    provider_id: int | None


@dataclass(frozen=True, slots=True)
class Dates:
    """The chain of one commitment: when it must be ready inside so that the client has it on the day."""

    inner: datetime
    client: datetime


@dataclass(frozen=True, slots=True)
class Health:
    """Empty, amber or red, the first reason (a key), and the department whose doing it is."""

    level: str | None = None
    reason: str | None = None
    department_id: int | None = None


WELL = Health()


def dates(works: Calendar, due_on: date, buffer: str | None) -> Dates:
    """The client's day ends with the provider's work on it, or before it; the inner date is the buffer earlier."""
    client = closing(works, due_on)
    return Dates(earlier(works, client, buffer or BUFFER), client)


def closing(works: Calendar, day: date) -> datetime:
    """When the provider's work ends on a local day, or on the last day of work before it."""
    for back in range(calendars.CLOSED_FOR):
        opening = works.opening(day - timedelta(days=back))
        if opening is not None:
            return opening[1]
    return works.moment(datetime.combine(day + timedelta(days=1), time()))


def earlier(works: Calendar, end: datetime, length: str) -> datetime:
    """The moment so much work before a closing: whole days are openings back, hours are hours worked."""
    what = lengths.read(length)
    usual = timedelta(minutes=works.closes - works.opens)
    days, part = divmod(what.days + what.weeks * max(len(works.work_days), 1) + 30 * what.months, 1)
    day = end.astimezone(works.zone).date()
    for _ in range(int(days)):
        day = _work_day_before(works, day)
    moment = min(closing(works, day), end)
    left = what.time + part * usual
    while left > timedelta():
        opening = works.opening(day)
        begin = opening[0] if opening else moment
        if opening and left <= moment - begin:
            return moment - left
        left -= max(moment - begin, timedelta())
        day = _work_day_before(works, day)
        moment = closing(works, day)
    return moment


def _work_day_before(works: Calendar, day: date) -> date:
    for back in range(1, calendars.CLOSED_FOR):
        if works.opening(day - timedelta(days=back)) is not None:
            return day - timedelta(days=back)
    return day - timedelta(days=1)


def of(chain: Dates | None, promises: Iterable[Promised], *, now: datetime) -> Health:
    """The worst that any promise does to a commitment that is still open; without a chain nothing does.

    A promise that was kept, and one nobody asks for any more, threatens nothing.
    """
    if chain is None:
        return WELL
    known = list(promises)
    alive = [each for each in known if not _is_gone(each)]
    if known and not alive:
        return Health("amber", "gone", known[-1].provider_id)
    found = [_one(chain, each, now) for each in alive]
    return max(found, key=lambda each: SEVERITY[each.level], default=WELL)


def _is_gone(promise: Promised) -> bool:
    return bool({promise.state, promise.outcome, promise.manner} & GONE)


def _one(chain: Dates, promise: Promised, now: datetime) -> Health:
    """One promise against the dates; what came late inside and still in time for the client harms nobody: the buffer held."""
    if promise.outcome == "kept" or (promise.outcome is None and promise.state == "delivered"):
        return WELL
    if promise.outcome == "broken":
        saved = promise.delivered_at is not None and promise.delivered_at <= chain.client
        return WELL if saved else Health("red", "broken", promise.provider_id)
    if promise.due_at is not None and promise.due_at < now:
        return Health("red" if now > chain.inner else "amber", "late", promise.provider_id)
    day = max((each for each in (promise.due_at, promise.proposed_due_at) if each is not None), default=None)
    if day is not None and day > chain.client:
        return Health("red", _why(promise), promise.provider_id)
    if now > chain.client:
        return Health("red", "late", promise.provider_id)
    if promise.state in {"declined", "returned"}:
        return Health("amber", promise.state, promise.provider_id)
    if promise.due_at is None:  # somebody paused it, or its case rests
        return Health("amber", "paused", promise.provider_id)
    if day is not None and day > chain.inner:
        return Health("amber", _why(promise), promise.provider_id)
    return WELL


def _why(promise: Promised) -> str:
    return "later_asked" if promise.proposed_due_at is not None else "too_late"


# ------------------------------------------------------------------------------------------------ written down


@dataclass(frozen=True, slots=True)
class Needed:
    """What a case of `REQUEST` was begun for."""

    commitment: Commitment
    deal: Deal
    agreement: Agreement


def needed(session: Session, case: Instance) -> Needed | None:
    """What is needed, and for whom, in a case of `REQUEST`; None for one that somebody began by hand."""
    kind, _, number = (case.business_key or "").partition(":")
    if kind != "commitment" or not number.isdecimal():
        return None
    query = (
        select(Commitment, Deal, Agreement)
        .join(Deal, Deal.id == Commitment.deal_id)
        .join(Agreement, Agreement.id == Commitment.agreement_id)
        .where(Commitment.id == int(number))
    )
    row = session.execute(query).first()
    return Needed(*row) if row else None


def behind(session: Session, commitment: Commitment) -> list[Promise]:
    """The promises asked for one commitment, the oldest first."""
    query = select(Promise).where(Promise.commitment_id == commitment.id)
    return list(session.scalars(query.order_by(Promise.id)))


def dates_of(session: Session, commitment: Commitment) -> Dates | None:
    """The chain of a commitment that needs a department and has a day."""
    if commitment.due_on is None or commitment.agreement_id is None:
        return None
    query = (
        select(Agreement.provider_id, AgreementVersion.terms)
        .outerjoin(AgreementVersion, AgreementVersion.id == Agreement.current_version_id)
        .where(Agreement.id == commitment.agreement_id)
    )
    provider_id, terms = session.execute(query).one()
    works = calendars.of(session, session.get(Department, provider_id))
    return dates(works, commitment.due_on, (terms or {}).get("buffer"))


def follow(session: Session, promise: Promise, *, by: Person | None, now: datetime) -> None:
    """Something was said about a promise: what that means for the client is written down and told at once."""
    if promise.commitment_id is None:
        return
    session.flush()
    judge(session, session.get_one(Commitment, promise.commitment_id), by=by, now=now)


def judge(session: Session, commitment: Commitment, *, by: Person | None, now: datetime) -> Health:
    """The health of a commitment, written down where it changed. A settled one keeps what it was."""
    if commitment.state not in OPEN:
        return Health(commitment.health, commitment.health_reason, commitment.caused_by_id)
    found = of(dates_of(session, commitment), behind(session, commitment), now=now)
    if (found.level, found.reason) != (commitment.health, commitment.health_reason):
        _write(session, commitment, found, by=by, now=now)
    return found


def _write(
    session: Session, commitment: Commitment, found: Health, *, by: Person | None, now: datetime
) -> None:
    before, commitment.health = commitment.health, found.level
    commitment.health_reason, commitment.health_at = found.reason, now
    commitment.caused_by_id = found.department_id
    what = {"from": before, "to": found.level, "reason": found.reason, "department_id": found.department_id}
    history.record(
        session,
        f"commitment_{found.level or 'clear'}",
        at=now,
        actor=by,
        instance=session.get_one(Instance, commitment.instance_id),
        subject=f"commitment:{commitment.id}",
        data={**what, "text": commitment.text[:200]},
    )
    if found.level is not None and SEVERITY[found.level] >= SEVERITY[before]:
        _tell(session, commitment, found, by=by, now=now)


def _tell(
    session: Session, commitment: Commitment, found: Health, *, by: Person | None, now: datetime
) -> None:
    """The deal's owner knows at once, before the client does."""
    deal = session.get_one(Deal, commitment.deal_id)
    if deal.owner_id is None:
        return
    told = {"title": commitment.text[:200], "title_en": commitment.text[:200], "about": deal.title}
    told["reason_key"] = found.reason or ""
    if commitment.due_on is not None:
        told["due_on"] = commitment.due_on.isoformat()
    kind, subject = f"commitment_{found.level}", f"commitment:{commitment.id}"
    notices.tell(session, [deal.owner_id], kind, subject, told, now=now, by=by)


def hold(session: Session, promise: Promise) -> None:
    """Hold the deal's case before the request's: whoever settles the commitment holds them in this order too."""
    if promise.commitment_id is not None:
        deals = select(Commitment.instance_id).where(Commitment.id == promise.commitment_id)
        session.execute(select(Instance.id).where(Instance.id.in_(deals)).with_for_update())
