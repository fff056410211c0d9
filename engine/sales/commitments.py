"""Commitments: what was agreed with the client, who owes it, and whether it was kept.

A commitment climbs a ladder of its own, ``commitment``: proposed, agreed, and then kept (won) or broken (lost);
one that was renegotiated, withdrawn or became obsolete leaves it without blame (rerouted). One that needs a department
has promises behind it: see `engine.sales.chain`. What diagrams and the clock do with commitments is `remembering`.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import calendars
from engine.db import Base, BigId
from engine.errors import NotAllowed, Refusal
from engine.files import File
from engine.people import Person
from engine.process import instances
from engine.process.instances import Instance
from engine.sales import deals, settling
from engine.sales.agreements import Agreement
from engine.sales.deals import Deal
from engine.sales.settling import RANKS

DIRECTIONS = ("we_to_client", "client_to_us", "mutual")
STATES = ("proposed", "agreed", "renegotiated", "kept", "broken", "withdrawn", "obsolete")
OPEN = ("proposed", "agreed")
LONGEST = 2000
WHOEVER = -1
"""Nobody said whose doing it was: it was the department's whose promise broke, if one did."""


class NothingAgreed(Refusal):
    """Write what was agreed and who owes it."""


class AlreadySettled(Refusal):
    """This has been settled already."""


class DayPassed(Refusal):
    """This day has passed. Choose today or a later one."""


class DayNeeded(Refusal):
    """Say by when: a department can be asked only for a day."""


class NotOwedByUs(Refusal):
    """A department is asked for what we owe the client, not for what the client owes us."""


class NotOurs(NotAllowed):
    """Only those who lead the deal, or wrote this down, settle it."""


class Commitment(Base):
    """One thing agreed in one deal. ``due_on`` is a local day; past it an open one is overdue, not yet broken.

    ``stage`` is the deal's stage when it was made; ``agreed_with`` names the person at the client; ``evidence`` is
    a mail, minutes, a clause. A renegotiated one stays as it was and names what replaced it.
    """

    __tablename__ = "commitments"
    __table_args__ = (
        Index("ix_commitments_deal", "deal_id", "state"),
        Index("ix_commitments_due", "state", "due_on"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    deal_id: Mapped[int] = mapped_column(ForeignKey("deals.id"))
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"), index=True)
    direction: Mapped[str] = mapped_column(String(20))
    topic: Mapped[str | None] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date | None]
    agreed_with: Mapped[str | None] = mapped_column(String(120))
    evidence: Mapped[str | None] = mapped_column(Text)
    stage: Mapped[str | None] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(20), default="agreed")
    replaced_by_id: Mapped[int | None] = mapped_column(ForeignKey("commitments.id"))
    agreement_id: Mapped[int | None] = mapped_column(ForeignKey("agreements.id"))
    """Under which agreement another department has to do its part."""
    health: Mapped[str | None] = mapped_column(String(10))
    """``amber`` or ``red`` when something inside threatens it; empty while nothing does."""
    health_reason: Mapped[str | None] = mapped_column(String(40))
    health_at: Mapped[datetime | None]
    caused_by_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    """Whose doing it was that it is threatened or was broken."""
    file_id: Mapped[int | None] = mapped_column(ForeignKey("files.id"))
    """The evidence as a file."""
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))


def of(deal: Deal) -> Select[Commitment]:
    """Everything agreed with the client in a deal: what is open first, by its day, then what is settled."""
    return (
        select(Commitment)
        .where(Commitment.deal_id == deal.id)
        .order_by(Commitment.closed_at.is_not(None), Commitment.due_on, Commitment.id)
    )


def facts(session: Session, instance: Instance) -> Mapping[str, Any]:
    """What expressions may read: ``commitments.open``, ``.from_client``, ``.kept_by_client``, ``.broken`` as counts.

    What both owe counts as the client's, too.
    """
    rows = session.execute(
        select(Commitment.direction, Commitment.state, func.count())
        .where(Commitment.instance_id == instance.id)
        .group_by(Commitment.direction, Commitment.state)
    ).all()

    def count(states: tuple[str, ...], direction: str | None = None) -> int:
        return sum(n for way, state, n in rows if state in states and direction in (None, way))

    return {
        "commitments": {
            "open": count(OPEN),
            "proposed": count(("proposed",)),
            "from_client": count((*OPEN, "kept"), "client_to_us") + count((*OPEN, "kept"), "mutual"),
            "kept_by_client": count(("kept",), "client_to_us") + count(("kept",), "mutual"),
            "broken": count(("broken",)),
        }
    }


def may_settle(session: Session, commitment: Commitment, person: Person) -> bool:
    """Whether this person says what became of it: who wrote it down, colleagues of the deal's department, who steers it."""
    deal = session.get_one(Deal, commitment.deal_id)
    mine = commitment.created_by_id == person.id or deal.department_id in person.department_ids
    return mine or deals.steers(session, deal, person)


# ------------------------------------------------------------------------------------------------ verbs


def record(
    session: Session,
    deal: Deal,
    *,
    direction: str,
    text: str,
    due_on: date | None = None,
    topic: str | None = None,
    agreed_with: str | None = None,
    evidence: str | None = None,
    state: str = "agreed",
    agreement: Agreement | None = None,
    file: File | None = None,
    anyway: bool = False,
    by: Person | None,
    now: datetime,
) -> Commitment:
    """Write down what was agreed with the client; a process that waits for ``commitment.recorded`` is told.

    With an agreement its provider is asked at once, for an earlier date; ``anyway``: also for one that cannot be met.
    Raises NothingAgreed, DayPassed, DayNeeded, NotOwedByUs, and what `chain.ask` raises.
    """
    _must_be_said(direction, text, state)
    _must_be_askable(direction, due_on, agreement, now)
    made = Commitment(
        deal_id=deal.id,
        instance_id=deal.instance_id,
        direction=direction,
        topic=(topic or "")[:80] or None,
        text=_words(text) or "",
        due_on=due_on,
        agreed_with=(agreed_with or "")[:120] or None,
        evidence=_words(evidence),
        stage=deal.stage,
        state=state,
        agreement_id=agreement.id if agreement else None,
        file_id=file.id if file else None,
        created_at=now,
        created_by_id=by.id if by else None,
    )
    session.add(made)
    session.flush()
    settling.tell_history(session, made, "commitment_recorded", by=by, now=now)
    settling.move(session, deal, made, "new", by=by, now=now, to_stage=state, to_rank=RANKS[state])
    told = {
        "commitment_id": made.id,
        "due_on": due_on.isoformat() if due_on else None,
        "direction": direction,
    }
    if agreement is not None:
        _chain().ask(session, made, anyway=anyway, by=by, now=now)
    deals.tell(session, deal, "commitment.recorded", told, by=by, now=now)
    return made


def keep(
    session: Session,
    commitment: Commitment,
    *,
    evidence: str | None = None,
    file: File | None = None,
    asked: bool = False,
    by: Person | None,
    now: datetime,
) -> None:
    """It was done. ``asked``: a task asked this person. Raises AlreadySettled, NotOurs."""
    held = _hold(session, commitment, by, asked=asked)
    held.evidence = _words(evidence) or held.evidence
    held.file_id = file.id if file else held.file_id
    _clear(held)
    settling.close(session, held, "kept", "won", by=by, now=now)
    _chain().settle(session, held, evidence, by=by, now=now)


def break_(
    session: Session,
    commitment: Commitment,
    reason: str | None,
    *,
    caused_by_id: int | None = WHOEVER,
    asked: bool = False,
    by: Person | None,
    now: datetime,
) -> None:
    """It was not done, and whose doing it was: of a department, or the client's (None); by default of whose promise broke.

    What was asked of a department is still owed to us, and runs on. Raises AlreadySettled, NotOurs, ReasonNeeded.
    """
    held = _hold(session, commitment, by, asked=asked)
    if not (reason or "").strip():
        raise deals.ReasonNeeded(field="reason")
    held.caused_by_id = _chain().causing(session, held, now=now) if caused_by_id == WHOEVER else caused_by_id
    settling.close(
        session,
        held,
        "broken",
        "lost",
        reason=reason,
        causing_department_id=held.caused_by_id,
        by=by,
        now=now,
    )


def renegotiate(
    session: Session,
    commitment: Commitment,
    *,
    due_on: date | None,
    text: str | None = None,
    agreed_with: str | None = None,
    evidence: str | None = None,
    anyway: bool = False,
    by: Person,
    now: datetime,
) -> Commitment:
    """The client and we agreed something else instead: the new one, which the old one names; what was asked inside goes with it.

    Raises AlreadySettled, NotOurs, and what `record` raises.
    """
    old = _hold(session, commitment, by)
    _must_be_askable(old.direction, due_on, old.agreement_id, now)
    _clear(old)
    settling.close(session, old, "renegotiated", "rerouted", by=by, now=now)
    new = record(
        session,
        session.get_one(Deal, old.deal_id),
        direction=old.direction,
        text=text or old.text,
        due_on=due_on,
        topic=old.topic,
        agreed_with=agreed_with or old.agreed_with,
        evidence=evidence,
        by=by,
        now=now,
    )
    old.replaced_by_id, new.agreement_id = new.id, old.agreement_id
    if new.agreement_id is not None:
        _chain().carry(session, old, new, anyway=anyway, by=by, now=now)
    session.flush()
    return new


def withdraw(
    session: Session, commitment: Commitment, reason: str | None = None, *, by: Person | None, now: datetime
) -> None:
    """Both agreed that it is not needed any more; what was asked of a department is taken back. Raises AlreadySettled, NotOurs."""
    held = _hold(session, commitment, by)
    _clear(held)
    settling.close(session, held, "withdrawn", "rerouted", reason=reason, by=by, now=now)
    _chain().settle(session, held, reason, by=by, now=now)


def forget(session: Session, deal: Deal, *, now: datetime) -> None:
    """The deal is over: what was still open became obsolete, and nobody is asked for it any more."""
    query = select(Commitment).where(Commitment.deal_id == deal.id, Commitment.state.in_(OPEN))
    for commitment in session.scalars(query.order_by(Commitment.id)).all():
        settling.close(session, commitment, "obsolete", "rerouted", by=None, now=now)
        _chain().settle(session, commitment, None, by=None, now=now)


# ------------------------------------------------------------------------------------------------ small helpers


def _chain() -> Any:
    from engine.sales import (
        chain,
    )  # a request to a department is a case, and what is said about it comes back here

    return chain


def _must_be_said(direction: str, text: str, state: str) -> None:
    if not text.strip() or direction not in DIRECTIONS or state not in RANKS:
        raise NothingAgreed(field="text")


def _must_be_askable(
    direction: str, due_on: date | None, agreement: Agreement | int | None, now: datetime
) -> None:
    if due_on is not None and due_on < calendars.local_day(now):
        raise DayPassed(field="due_on")
    if agreement is not None and direction == "client_to_us":
        raise NotOwedByUs(field="agreement")
    if agreement is not None and due_on is None:
        raise DayNeeded(field="due_on")


def _words(text: str | None) -> str | None:
    return (text or "").replace("\x00", "").strip()[:LONGEST] or None


def _hold(session: Session, commitment: Commitment, by: Person | None, *, asked: bool = False) -> Commitment:
    """The commitment as it is now, kept from others until the transaction ends: two cannot settle it."""
    session.flush()
    instances.locked(session, commitment.instance_id)
    held = session.get_one(Commitment, commitment.id, with_for_update=True, populate_existing=True)
    if held.state not in OPEN:
        raise AlreadySettled
    if by is not None and not asked and not may_settle(session, held, by):
        raise NotOurs
    return held


def _clear(commitment: Commitment) -> None:
    commitment.health = commitment.health_reason = commitment.caused_by_id = None
