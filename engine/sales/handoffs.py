"""Hand-offs: flows from one department's lane to another's, bound to an agreement or waived with a reason.

A hand-off is covered by what somebody decided about its flow, else by the agreement the step itself names in the
diagram. The way back of a hand-off needs nothing of its own. Decisions hold for a process through all its versions.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, and_, literal, select, text
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from engine import calendars, history
from engine.db import Base, BigId
from engine.errors import NotAllowed, Refusal
from engine.people import Department, Person
from engine.process import definitions
from engine.process.blueprint import Element, Text
from engine.process.definitions import Definition
from engine.process.doctor import Decided
from engine.sales import coverage as covering
from engine.sales.agreements import Agreement
from engine.sales.coverage import Coverage, Row
from engine.sales.naming import called, joined

STANDS = text("ended_at IS NULL")
MOST_REASON = 500


class NoSuchFlow(Refusal):
    """The version of this process in which new cases start has no such flow: “%(flow)s”. Look at its hand-offs again."""


class NothingCrosses(Refusal):
    """By the flow “%(flow)s” no work passes from one department to another, so there is nothing to agree on."""


class WayBack(Refusal):
    """This flow brings back what was asked for. What is agreed on is the hand-off that asked for it."""


class OtherSides(Refusal):
    """Here %(provider)s works for %(consumer)s, but “%(agreement)s” is about %(its_provider)s working for %(its_consumer)s."""


class AgreementOver(Refusal):
    """“%(agreement)s” is neither in force nor being negotiated. Choose another, or propose it again first."""


class ReasonMissing(Refusal):
    """Say why this needs no agreement, in at most 500 signs."""


class NothingDecided(Refusal):
    """Nothing is decided about this flow, so there is nothing to take back."""


class NotYourHandoff(Refusal):
    """Only the head of %(departments)s or a designer of processes can decide this."""


class Handoff(Base):
    """What somebody decided about one flow of a process: bound to ``agreement_id``, or waived with a ``reason``.

    ``flow`` is an id of the uploaded ``diagram``. A decision is never changed: the next one ends it.
    """

    __tablename__ = "handoffs"
    __table_args__ = (
        Index(
            "ix_handoffs_flow",
            "process",
            "diagram",
            "flow",
            unique=True,
            sqlite_where=STANDS,
            postgresql_where=STANDS,
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    process: Mapped[str] = mapped_column(String(200))
    diagram: Mapped[str] = mapped_column(String(200))
    flow: Mapped[str] = mapped_column(String(200))
    agreement_id: Mapped[int | None] = mapped_column(ForeignKey("agreements.id"), index=True)
    reason: Mapped[str | None] = mapped_column(String(500))
    decided_at: Mapped[datetime]
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))


# ------------------------------------------------------------------------------------------------ queries


def standing(process: str) -> Select[Handoff]:
    """What is decided now about the flows of a process."""
    query = select(Handoff).where(Handoff.process == process, Handoff.ended_at.is_(None))
    return query.order_by(Handoff.diagram, Handoff.flow)


def agreement_for(
    session: Session,
    process: str,
    diagram: str,
    flow: str | None,
    element: Element | None,
) -> Agreement | str | None:
    """The agreement under which a token that took this flow comes to this step, with one statement at most.

    What was decided about the flow counts before what the step names. A text is a code that no agreement has; None is
    a step that needs none, or a hand-off that somebody waived.
    """
    code = element.handoff if element is not None else None
    if not flow and not code:
        return None
    bound, named = aliased(Agreement), aliased(Agreement)
    one = select(literal(1).label("one")).subquery()
    here = and_(
        Handoff.process == process,
        Handoff.diagram == diagram,
        Handoff.flow == (flow or ""),
        Handoff.ended_at.is_(None),
    )
    query = (
        select(Handoff.id, bound, named)
        .select_from(one)
        .outerjoin(Handoff, here)
        .outerjoin(bound, bound.id == Handoff.agreement_id)
        .outerjoin(named, named.code == (code or ""))
    )
    decided, by_hand, drawn = session.execute(query).one()
    return by_hand if decided is not None else drawn or code


def coverage(session: Session, definition: Definition, *, today: date) -> Coverage:
    """Every hand-off of a version with what covers it on this local day."""
    decided = session.scalars(standing(definition.process)).all()
    return covering.of(session, definition, decided, today=today)


def decided(session: Session, *, today: date) -> dict[str, tuple[Decided, ...]]:
    """By process, the decisions that mean something in the version in which new cases start: what the doctor compares."""
    found: dict[str, tuple[Decided, ...]] = {}
    named = select(Handoff.process).where(Handoff.ended_at.is_(None)).distinct().order_by(Handoff.process)
    for process in session.scalars(named).all():
        definition = definitions.newest(session, process)
        if definition is not None:
            known = coverage(session, definition, today=today)
            rows = [each for each in known.rows if each.state != "gone" and each.handoff]
            found[process] = tuple(_decided(session, each) for each in rows)
    return found


def _decided(session: Session, row: Row) -> Decided:
    title = row.title if row.title.pl else Text(row.target, row.target)
    if row.agreement is None:
        reason = row.handoff.reason if row.handoff is not None else None
        return Decided(row.diagram, row.flow, f"„{reason or '–'}”", title)
    sides = (row.agreement.consumer_id, row.agreement.provider_id)
    keys = {each.id: each.key for each in session.scalars(select(Department).where(Department.id.in_(sides)))}
    words = " ".join(each for each in (row.agreement.code, row.agreement.title) if each)
    return Decided(row.diagram, row.flow, words, title, *(keys[each] for each in sides))


def of_agreement(session: Session, agreement: Agreement, *, today: date) -> list[tuple[Definition, Row]]:
    """The hand-offs between an agreement's sides, in the version of every process in which new cases start."""
    keys = {
        each.id: each.key
        for each in session.scalars(
            select(Department).where(Department.id.in_((agreement.provider_id, agreement.consumer_id)))
        )
    }
    consumer, provider = keys[agreement.consumer_id], keys[agreement.provider_id]
    found = []
    for definition in session.scalars(definitions.startable()):
        sides = {(each.from_key, each.to_key) for each in definitions.handed_over(session, definition)}
        if (consumer, provider) in sides:
            rows = coverage(session, definition, today=today).rows
            found += [(definition, row) for row in rows if covering.is_between(row, consumer, provider)]
    return found


# ------------------------------------------------------------------------------------------------ verbs


def bind(
    session: Session,
    process: str,
    diagram: str,
    flow: str,
    agreement: Agreement,
    *,
    by: Person,
    now: datetime,
) -> Handoff:
    """Let what takes this flow be done under an agreement.

    Raises NoSuchFlow, NothingCrosses, WayBack, NotYourHandoff, AgreementOver, OtherSides.
    """
    definition, row = _decidable(session, process, diagram, flow, by=by, now=now)
    if row.handoff is not None and row.handoff.agreement_id == agreement.id:
        return row.handoff
    if session.scalar(select(Agreement.id).where(Agreement.id == agreement.id, covering.is_alive())) is None:
        raise AgreementOver(agreement=agreement.title)
    _must_match(session, agreement, row)
    made = _decide(session, row, process, agreement_id=agreement.id, by=by, now=now)
    data = {"agreement": agreement.id, "code": agreement.code}
    _record(session, "handoff_bound", definition, made, by=by, now=now, **data)
    return made


def waive(
    session: Session, process: str, diagram: str, flow: str, *, reason: str, by: Person, now: datetime
) -> Handoff:
    """Say that this needs no agreement, and why.

    Raises NoSuchFlow, NothingCrosses, WayBack, NotYourHandoff, ReasonMissing.
    """
    said = " ".join(reason.split())
    if not 0 < len(said) <= MOST_REASON:
        raise ReasonMissing(field="reason")
    definition, row = _decidable(session, process, diagram, flow, by=by, now=now)
    made = _decide(session, row, process, reason=said, by=by, now=now)
    _record(session, "handoff_waived", definition, made, by=by, now=now, reason=said)
    return made


def release(session: Session, process: str, diagram: str, flow: str, *, by: Person, now: datetime) -> Handoff:
    """Take back what was decided; what the diagram says counts again. Raises NothingDecided, NotYourHandoff.

    A decision about a flow that is gone may be taken back by a designer, or a head on a side of its agreement.
    """
    definition = _locked(session, process)
    found = session.scalar(standing(process).where(Handoff.diagram == diagram, Handoff.flow == flow))
    if found is None or definition is None:
        raise NothingDecided
    shown = coverage(session, definition, today=calendars.local_day(now))
    row = next((each for each in shown.rows if each.handoff is found), None)
    if row is not None:
        _must_be_theirs(session, row, by)
    elif not by.has("designer") and not _is_side(session, found, by):
        raise NotAllowed
    found.ended_at, found.ended_by_id = now, by.id
    _record(session, "handoff_released", definition, found, by=by, now=now)
    return found


# ------------------------------------------------------------------------------------------------ deciding


def _decidable(
    session: Session, process: str, diagram: str, flow: str, *, by: Person, now: datetime
) -> tuple[Definition, Row]:
    """The hand-off to be decided about, which nobody else decides about meanwhile."""
    definition = _locked(session, process)
    plan = definitions.blueprint(session, definition) if definition is not None else None
    drawn = plan.diagrams.get(diagram) if plan is not None else None
    if definition is None or drawn is None or flow not in drawn.flows:
        raise NoSuchFlow(flow=flow[:80])
    shown = coverage(session, definition, today=calendars.local_day(now))
    row = next((each for each in shown.rows if (each.diagram, each.flow) == (diagram, flow)), None)
    if row is None:
        if any((each.diagram, each.flow) == (diagram, flow) for each in shown.ways_back):
            raise WayBack
        raise NothingCrosses(flow=flow[:80])
    _must_be_theirs(session, row, by)
    return definition, row


def _locked(session: Session, process: str) -> Definition | None:
    session.flush()
    found = definitions.newest(session, process)
    return session.get_one(Definition, found.id, with_for_update=True) if found is not None else None


def _decide(
    session: Session,
    row: Row,
    process: str,
    *,
    agreement_id: int | None = None,
    reason: str | None = None,
    by: Person,
    now: datetime,
) -> Handoff:
    """Write a decision in the place of the one before it."""
    if row.handoff is not None:
        row.handoff.ended_at, row.handoff.ended_by_id = now, by.id
        session.flush()
    made = Handoff(
        process=process,
        diagram=row.diagram,
        flow=row.flow,
        agreement_id=agreement_id,
        reason=reason,
        decided_at=now,
        decided_by_id=by.id,
    )
    session.add(made)
    session.flush()
    return made


def _must_be_theirs(session: Session, row: Row, person: Person) -> None:
    if not covering.may_decide(person, row):
        names = _names(session, (row.provider, *row.consumers))
        raise NotYourHandoff(departments=joined(names.values()))


def _must_match(session: Session, agreement: Agreement, row: Row) -> None:
    ids = (agreement.provider_id, agreement.consumer_id)
    sides = {each.id: each for each in session.scalars(select(Department).where(Department.id.in_(ids)))}
    provider, consumer = (sides[each] for each in ids)
    if not covering.is_between(row, consumer.key, provider.key):
        names = _names(session, (row.provider, *row.consumers))
        raise OtherSides(
            provider=names[row.provider],
            consumer=joined(names[key] for key in row.consumers),
            agreement=agreement.title,
            its_provider=called(provider),
            its_consumer=called(consumer),
        )


def _is_side(session: Session, found: Handoff, person: Person) -> bool:
    agreement = session.get(Agreement, found.agreement_id or 0)
    return agreement is not None and bool(
        {agreement.provider_id, agreement.consumer_id} & set(person.headed_ids)
    )


def _names(session: Session, keys: Sequence[str]) -> dict[str, Text]:
    known = {
        each.key: called(each) for each in session.scalars(select(Department).where(Department.key.in_(keys)))
    }
    return {key: known.get(key, Text(key, key)) for key in keys}


def _record(
    session: Session,
    kind: str,
    definition: Definition,
    made: Handoff,
    *,
    by: Person,
    now: datetime,
    **data: Any,
) -> None:
    what = {"process": made.process, "diagram": made.diagram, "flow": made.flow, **data}
    history.record(session, kind, at=now, actor=by, subject=f"definition:{definition.id}", data=what)
    session.flush()
