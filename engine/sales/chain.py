"""The chain: what we owe the client and a department has to do is asked of it at once, for an earlier day.

A request is a case of a small process that ships with the product, one task under an agreement, so it is a promise like
any other: returned, countered, delivered, accepted. What is said about it comes back through `engine.sales.health`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from engine import access, calendars
from engine.calendars import Calendar
from engine.errors import Refusal
from engine.people import Department, Person
from engine.process import advancing, definitions, instances, tasks
from engine.process.advancing import Happened
from engine.process.instances import Instance
from engine.sales import addressing, conversation, deals, health, promising, talking
from engine.sales.agreements import Agreement, AgreementVersion
from engine.sales.commitments import OPEN, Commitment
from engine.sales.deals import Deal
from engine.sales.health import Dates, Health
from engine.sales.naming import called
from engine.sales.promises import Promise

ASKED = "commitment.asked"
AHEAD = 400
"""Days ahead in which a day for the client is looked for."""


class NotOurAgreement(Refusal):
    """Choose an agreement that is in force, under which we ask."""


class NoRequests(Refusal):
    """No department can be asked here: the process “department_request” is not deployed. Ask who administers Contentum."""


class TooSoon(Refusal):
    """%(department)s needs until %(ready)s as agreed, and the client was promised %(due)s. The client can have it %(earliest)s; or record it anyway."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What asking a department for a client's day would mean. ``ready`` is the earliest that its agreement gives.

    ``due`` is what the department will be held to, ``earliest`` the first day that can be promised to the client.
    """

    agreement: Agreement
    provider: Department
    dates: Dates
    ready: datetime
    due: datetime
    earliest: date
    health: Health


def agreements(session: Session, deal: Deal, *, now: datetime) -> Select[Agreement]:
    """Agreements in force today under which the deal's department, or one above it, asks another."""
    today = calendars.local_day(now)
    query = select(Agreement).join(AgreementVersion, AgreementVersion.id == Agreement.current_version_id)
    ours = Agreement.consumer_id.in_(_upwards(session, deal.department_id))
    rests = func.coalesce(Agreement.suspended_until, today) <= today
    lasts = func.coalesce(Agreement.ends_on, today) >= today
    query = query.where(ours, AgreementVersion.state == "in_force", rests, lasts)
    return query.order_by(Agreement.code.is_(None), Agreement.code, Agreement.id)


def plan(session: Session, deal: Deal, agreement: Agreement, due_on: date, *, now: datetime) -> Plan:
    """What it would mean to ask a department for what the client shall have on a day. Raises NotOurAgreement."""
    chosen = agreements(session, deal, now=now).where(Agreement.id == agreement.id)
    if session.scalar(chosen) is None:
        raise NotOurAgreement(field="agreement")
    provider = session.get_one(Department, agreement.provider_id)
    works = calendars.of(session, provider)
    terms = session.get_one(AgreementVersion, agreement.current_version_id).terms
    case = session.get_one(Instance, deal.instance_id)
    _, deliver = promising.said(terms, advancing.facts(session, case), now)
    ready, found = works.add(now, deliver), health.dates(works, due_on, terms.get("buffer"))
    due = max(found.inner, ready)
    level = Health()
    if due > found.inner or found.inner <= now:
        level = Health("red" if due > found.client else "amber", "too_late", provider.id)
    return Plan(agreement, provider, found, ready, due, day_for(works, ready, terms.get("buffer")), level)


def day_for(works: Calendar, ready: datetime, buffer: str | None) -> date:
    """The first work day that can be promised to a client for something that is ready inside at a moment."""
    day = ready.astimezone(works.zone).date()
    for ahead in range(AHEAD):
        found = day + timedelta(days=ahead)
        if works.is_work_day(found) and health.dates(works, found, buffer).inner >= ready:
            return found
    return day


def earliest(session: Session, commitment: Commitment, *, now: datetime) -> date | None:
    """The first day to agree anew with the client, as the departments now say; None where nobody is asked."""
    if commitment.agreement_id is None:
        return None
    agreement = session.get_one(Agreement, commitment.agreement_id)
    works = calendars.of(session, session.get_one(Department, agreement.provider_id))
    version = session.get(AgreementVersion, agreement.current_version_id or 0)
    terms = version.terms if version else {}
    said = [
        promise.proposed_due_at or promise.due_at
        for promise in health.behind(session, commitment)
        if promise.outcome is None
    ]
    known = [each for each in said if each is not None]
    ready = max([*known, now], default=now)
    if not known and terms:
        ready = works.add(now, terms["deliver_time"])
    return day_for(works, ready, terms.get("buffer"))


# ------------------------------------------------------------------------------------------------ verbs


def ask(
    session: Session, commitment: Commitment, *, anyway: bool = False, by: Person | None, now: datetime
) -> Promise:
    """Ask the department of the commitment's agreement, in the same transaction; the promise names the commitment.

    Raises NotOurAgreement, NoRequests, and TooSoon for a day that cannot be met, unless ``anyway``.
    """
    deal = session.get_one(Deal, commitment.deal_id)
    agreement = session.get_one(Agreement, commitment.agreement_id)
    if commitment.due_on is None:
        raise NotOurAgreement(field="agreement")
    meant = plan(session, deal, agreement, commitment.due_on, now=now)
    if meant.health.level == "red" and not anyway:
        raise _too_soon(meant)
    definition = definitions.newest(session, health.REQUEST)
    if definition is None or definition.waits:
        raise NoRequests(field="agreement")
    session.flush()
    owner = session.get(Person, deal.owner_id) if deal.owner_id else by
    case = instances.start(
        session,
        definition,
        {"commitment_id": commitment.id},
        message=ASKED,
        owner=owner,
        title=f"{commitment.text[:150]} · {deal.title or deal.number}"[:250],
        business_key=f"commitment:{commitment.id}",
        by=by,
        now=now,
    )
    made = session.scalars(select(Promise).where(Promise.instance_id == case.id)).one()
    health.judge(session, commitment, by=by, now=now)
    return made


def _too_soon(meant: Plan) -> TooSoon:
    works = calendars.HOME
    days = {"ready": meant.due.astimezone(works).date(), "due": meant.dates.client.astimezone(works).date()}
    return TooSoon(field="anyway", department=called(meant.provider), earliest=meant.earliest, **days)


def settle(
    session: Session, commitment: Commitment, reason: str | None, *, by: Person | None, now: datetime
) -> None:
    """Nobody owes the client this any more: what is open inside is taken back, or accepted where it was delivered."""
    for promise in health.behind(session, commitment):
        if promise.outcome is None:
            _take_back(session, promise, reason or commitment.text, by=by, now=now)


def carry(
    session: Session, old: Commitment, new: Commitment, *, anyway: bool = False, by: Person, now: datetime
) -> None:
    """The client agreed to another day: what was asked inside goes with it, and a date that now fits is consented to.

    Where nothing is asked any more, the department is asked anew.
    """
    session.flush()
    chain = health.dates_of(session, new)
    behind = health.behind(session, old)
    moving = [each for each in behind if _is_alive(each)]
    for promise in moving:
        promise.commitment_id, promise.needed_at = new.id, chain.inner if chain else None
        session.flush()
        if chain is not None:
            _agree(session, promise, chain, new.text, by=by, now=now)
    if not moving:
        ask(session, new, anyway=anyway, by=by, now=now)
    health.judge(session, new, by=by, now=now)


def _is_alive(promise: Promise) -> bool:
    """Somebody still does it, or has done it."""
    if promise.outcome is not None:
        return promise.outcome in {"kept", "broken"}
    return promise.manner not in health.GONE


def _agree(session: Session, promise: Promise, chain: Dates, why: str, *, by: Person, now: datetime) -> None:
    """Say inside what follows from the client's new day: yes to a date that fits, a question for an earlier one."""
    asked, due = promise.proposed_due_at, promise.due_at
    speaks = by if talking.CONSUMER in talking.sides(session, promise, by) else None
    try:
        if asked is not None and promise.turn == talking.CONSUMER and asked <= chain.inner:
            conversation.consent(session, promise, by=speaks, now=now)
        elif (
            asked is None and promise.state == "promised" and due is not None and due > chain.inner and speaks
        ):
            conversation.renegotiate(session, promise, chain.inner, why, by=speaks, now=now)
    except (
        talking.NotNow,
        promising.InThePast,
        promising.NoWorkThen,
        promising.FullAtOnce,
        promising.FullWeek,
        conversation.DuePassed,
        conversation.SameDate,
    ):
        return  # the department cannot be asked this now; the health of the new commitment says so


def _take_back(session: Session, promise: Promise, reason: str, *, by: Person | None, now: datetime) -> None:
    """In the words of the conversation where they fit; else the case stops, which ends the promise as well."""
    speaks = by if by is not None and talking.CONSUMER in talking.sides(session, promise, by) else None
    case = session.get_one(Instance, promise.instance_id)
    if case.ended_at is not None:
        return
    try:
        with session.begin_nested():
            if promise.state == "delivered":
                conversation.accept(session, promise, reason, by=speaks, now=now)
            else:
                conversation.revoke(session, promise, reason, by=speaks, now=now)
    except Refusal:
        session.refresh(promise)
    if promise.outcome is None:
        instances.cancel(session, case, reason, by=by, now=now)


def causing(session: Session, commitment: Commitment, *, now: datetime) -> int | None:
    """The department whose promise broke, or is late, behind a commitment; else whoever threatened it."""
    for promise in health.behind(session, commitment):
        late = promise.outcome is None and promise.due_at is not None and promise.due_at < now
        if promise.outcome == "broken" or late:
            return promise.provider_id
    return commitment.caused_by_id


def judge_due(session: Session, *, now: datetime, most: int = 100) -> int:
    """Commitments that time alone turns red: what they need is not done, and it is too late. Returns how many changed."""
    too_late = and_(Promise.due_at < now, Promise.needed_at < now)
    late = (
        select(Commitment)
        .join(Promise, Promise.commitment_id == Commitment.id)
        .where(Commitment.state.in_(OPEN), func.coalesce(Commitment.health, "") != "red")
        .where(Promise.outcome.is_(None), Promise.manner.is_(None), Promise.state != "delivered")
        .where(or_(too_late, Commitment.due_on < calendars.local_day(now)))
        .order_by(Commitment.id)
        .limit(most)
    )
    changed = 0
    for commitment in session.scalars(late).unique().all():
        before = commitment.health
        instances.locked(session, commitment.instance_id)
        changed += health.judge(session, commitment, by=None, now=now).level != before
    return changed


# ------------------------------------------------------------------------------------------------ listeners


def address(session: Session, happened: Happened) -> None:
    """The projection before `promises.follow`: a request's task is the department's of its agreement, under its code."""
    if happened.instance.process != health.REQUEST:
        return
    needed = health.needed(session, happened.instance)
    if needed is None:
        return
    open_ = happened.opened if happened.before is None else tasks.open_of(session, happened.instance.id)
    unit = session.get_one(Department, needed.agreement.provider_id)
    for task in open_:
        task.handoff = addressing.code_of(needed.agreement)
        if happened.before is None:
            task.audience = f"department:{unit.key}"


def facts(session: Session, instance: Instance) -> Mapping[str, Any]:
    """What expressions of a request, and the table of its agreement, may read: the deal's facts."""
    needed = health.needed(session, instance) if instance.process == health.REQUEST else None
    if needed is None:
        return {}
    return deals.facts(session, session.get_one(Instance, needed.deal.instance_id))


# ------------------------------------------------------------------------------------------------ reports


def broken_by_department(person: Person, first: date, last: date) -> Select[int | None, int]:
    """Broken commitments this person sees, settled from one local day to another, by whose doing; None is the client's."""
    begin = calendars.ORGANIZATION.moment(datetime.combine(first, datetime.min.time()))
    end = calendars.ORGANIZATION.moment(datetime.combine(last + timedelta(days=1), datetime.min.time()))
    count = func.count(Commitment.id)
    query = select(Commitment.caused_by_id, count).where(
        Commitment.state == "broken",
        Commitment.closed_at >= begin,
        Commitment.closed_at < end,
        access.visible(person, Commitment),
    )
    return query.group_by(Commitment.caused_by_id).order_by(count.desc(), Commitment.caused_by_id)


def _upwards(session: Session, department_id: int | None) -> list[int]:
    found: list[int] = []
    unit = session.get(Department, department_id) if department_id else None
    while unit is not None and unit.id not in found:
        found.append(unit.id)
        unit = session.get(Department, unit.parent_id) if unit.parent_id else None
    return found
