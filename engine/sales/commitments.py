"""Commitments: what was agreed with the client, who owes it, and whether it was kept.

A commitment climbs a ladder of its own, ``commitment``: proposed, agreed, and then kept (won) or broken (lost);
one that was renegotiated, withdrawn or became obsolete leaves it without blame (rerouted).
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, Text, cast, func, literal, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import calendars, history
from engine.db import Base, BigId
from engine.errors import Refusal
from engine.people import Person
from engine.process import incidents, instances
from engine.process.advancing import Answered, Happened
from engine.process.instances import Command, Instance
from engine.process.subscriptions import Subscription
from engine.sales import deals, ladders
from engine.sales.bindings import bound
from engine.sales.deals import Deal

DIRECTIONS = ("we_to_client", "client_to_us", "mutual")
STATES = ("proposed", "agreed", "renegotiated", "kept", "broken", "withdrawn", "obsolete")
OPEN = ("proposed", "agreed")
RANKS = {"proposed": 1, "agreed": 2}
LADDER = "commitment"


class NothingAgreed(Refusal):
    """Write what was agreed and who owes it."""


class AlreadySettled(Refusal):
    """This has been settled already."""


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
    """What expressions may read: ``commitments.open``, ``.from_client``, ``.kept_by_client``, ``.broken`` as counts."""
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
            "from_client": count((*OPEN, "kept"), "client_to_us"),
            "kept_by_client": count(("kept",), "client_to_us"),
            "broken": count(("broken",)),
        }
    }


def answered(session: Session, what: Answered) -> None:
    """The listener: forms that bind ``commitment.*`` record one; ``commitment.outcome`` settles the task's own."""
    values = bound(what, "commitment")
    deal = deals.of(session, what.instance.id) if values else None
    if deal is None:
        return
    outcome = values.pop("outcome", None)
    if outcome:
        _settle_asked(session, deal, str(outcome), what)
    elif values.get("text"):
        due = values.get("due_on") or values.get("due")
        record(
            session,
            deal,
            direction=str(values.get("direction") or "we_to_client"),
            text=str(values["text"]),
            due_on=date.fromisoformat(str(due)[:10]) if due else None,
            topic=values.get("topic"),
            agreed_with=values.get("agreed_with"),
            evidence=values.get("evidence"),
            state=str(values.get("state") or "agreed"),
            by=what.by,
            now=what.now,
        )


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
    by: Person | None,
    now: datetime,
) -> Commitment:
    """Write down what was agreed with the client; a process that waits for ``commitment.recorded`` is told."""
    if not text.strip() or direction not in DIRECTIONS or state not in RANKS:
        raise NothingAgreed(field="text")
    made = Commitment(
        deal_id=deal.id,
        instance_id=deal.instance_id,
        direction=direction,
        topic=topic or None,
        text=text.strip(),
        due_on=due_on,
        agreed_with=agreed_with or None,
        evidence=evidence or None,
        stage=deal.stage,
        state=state,
        created_at=now,
        created_by_id=by.id if by else None,
    )
    session.add(made)
    session.flush()
    _tell_history(session, made, "commitment_recorded", by=by, now=now)
    _move(session, deal, made, "new", by=by, now=now, to_stage=state, to_rank=RANKS[state])
    told = {
        "commitment_id": made.id,
        "due_on": due_on.isoformat() if due_on else None,
        "direction": direction,
    }
    deals.tell(session, deal, "commitment.recorded", told, by=by, now=now)
    return made


def keep(
    session: Session, commitment: Commitment, *, evidence: str | None = None, by: Person | None, now: datetime
) -> None:
    """It was done. Raises AlreadySettled."""
    commitment.evidence = evidence or commitment.evidence
    _close(session, commitment, "kept", "won", by=by, now=now)


def break_(
    session: Session, commitment: Commitment, reason: str | None, *, by: Person | None, now: datetime
) -> None:
    """It was not done. Raises AlreadySettled, ReasonNeeded."""
    if not reason:
        raise deals.ReasonNeeded(field="reason")
    _close(session, commitment, "broken", "lost", reason=reason, by=by, now=now)


def renegotiate(
    session: Session,
    commitment: Commitment,
    *,
    due_on: date | None,
    text: str | None = None,
    agreed_with: str | None = None,
    by: Person,
    now: datetime,
) -> Commitment:
    """The client and we agreed something else instead: the new one, which the old one names. Raises AlreadySettled."""
    _close(session, commitment, "renegotiated", "rerouted", by=by, now=now)
    new = record(
        session,
        session.get_one(Deal, commitment.deal_id),
        direction=commitment.direction,
        text=text or commitment.text,
        due_on=due_on,
        topic=commitment.topic,
        agreed_with=agreed_with or commitment.agreed_with,
        by=by,
        now=now,
    )
    commitment.replaced_by_id = new.id
    return new


def withdraw(session: Session, commitment: Commitment, *, by: Person | None, now: datetime) -> None:
    """Both agreed that it is not needed any more. Raises AlreadySettled."""
    _close(session, commitment, "withdrawn", "rerouted", by=by, now=now)


def forget(session: Session, deal: Deal, *, now: datetime) -> None:
    """The deal is over: what was still open became obsolete."""
    query = select(Commitment).where(Commitment.deal_id == deal.id, Commitment.state.in_(OPEN))
    for commitment in session.scalars(query.order_by(Commitment.id)):
        _close(session, commitment, "obsolete", "rerouted", by=None, now=now)


def follow(session: Session, happened: Happened) -> None:
    """The projection: with a deal that was lost in this command, what was still open with the client is over."""
    if (
        not any(entered.element.outcome for entered in happened.entered)
        and happened.instance.ended_at is None
    ):
        return
    deal = deals.of(session, happened.instance.id)
    if deal is not None and deal.status == "lost" and deal.closed_at == happened.now:
        forget(session, deal, now=happened.now)


def ask_due(session: Session, *, now: datetime) -> int:
    """Tell the processes of open deals that the day of a commitment has come (``commitment.due``), once for each."""
    asked = select(Command.key).where(Command.key == literal("commitment.due:") + cast(Commitment.id, String))
    due = (
        select(Commitment)
        .join(Deal, Deal.id == Commitment.deal_id)
        .where(
            Commitment.state.in_(OPEN), Commitment.due_on <= calendars.local_day(now), Deal.status == "open"
        )
        .where(~asked.exists(), waits_for("commitment.due", Commitment.instance_id))
        .order_by(Commitment.id)
        .limit(100)
    )
    found = session.scalars(due).all()
    for commitment in found:
        instance = session.get_one(Instance, commitment.instance_id)
        told = {"commitment_id": commitment.id}
        key = f"commitment.due:{commitment.id}"
        try:
            with session.begin_nested():
                instances.send(session, instance, "commitment.due", told, by=None, now=now, key=key)
        except Refusal as refusal:  # one case that cannot go on must not silence the others
            session.add(Command(key=key, instance_id=instance.id, at=now))
            incidents.open_(session, instance, code="COMMITMENT_DUE", message=str(refusal), now=now)
    return len(found)


def waits_for(message: str, instance_id: Any) -> Any:
    """The clause: this instance waits for the message now."""
    return (
        select(Subscription.id)
        .where(Subscription.instance_id == instance_id, Subscription.name == message)
        .exists()
    )


def _settle_asked(session: Session, deal: Deal, outcome: str, what: Answered) -> None:
    """A task asked “Was it kept?”: it names the commitment in its data, else the first one due is meant."""
    asked = (what.task.data or {}).get("commitment_id") if what.task else None
    query = select(Commitment).where(Commitment.deal_id == deal.id, Commitment.state.in_(OPEN))
    if asked:
        query = query.where(Commitment.id == int(asked))
    found = session.scalar(query.order_by(Commitment.due_on, Commitment.id).limit(1))
    if found is None:
        return
    if outcome == "kept":
        keep(session, found, by=what.by, now=what.now)
    elif outcome == "broken":
        break_(session, found, str(what.answers.get("reason") or outcome), by=what.by, now=what.now)


def _close(
    session: Session,
    commitment: Commitment,
    state: str,
    kind: str,
    *,
    reason: str | None = None,
    by: Person | None,
    now: datetime,
) -> None:
    if commitment.state not in OPEN:
        raise AlreadySettled
    deal = session.get_one(Deal, commitment.deal_id)
    left = {"from_stage": commitment.state, "from_rank": RANKS[commitment.state]}
    dwell = int((now - commitment.created_at).total_seconds())
    commitment.state, commitment.closed_at, commitment.closed_by_id = state, now, by.id if by else None
    _tell_history(session, commitment, f"commitment_{state}", reason=reason, by=by, now=now)
    _move(session, deal, commitment, kind, by=by, now=now, reason=reason, dwell=dwell, **left)


def _tell_history(
    session: Session,
    commitment: Commitment,
    kind: str,
    *,
    reason: str | None = None,
    by: Person | None,
    now: datetime,
) -> None:
    what = {
        "direction": commitment.direction,
        "text": commitment.text,
        "due_on": commitment.due_on.isoformat() if commitment.due_on else None,
        "agreed_with": commitment.agreed_with,
        "reason": reason,
    }
    instance = session.get_one(Instance, commitment.instance_id)
    subject = f"commitment:{commitment.id}"
    history.record(session, kind, at=now, actor=by, instance=instance, subject=subject, data=what)


def _move(
    session: Session,
    deal: Deal,
    commitment: Commitment,
    kind: str,
    *,
    by: Person | None,
    now: datetime,
    **what: Any,
) -> None:
    ladders.write(
        session,
        f"commitment:{commitment.id}",
        LADDER,
        kind,
        now=now,
        cause="user" if by else "job",
        actor_id=by.id if by else None,
        owner_id=deal.owner_id,
        department_id=deal.department_id,
        instance_id=commitment.instance_id,
        event_seq=session.get_one(Instance, commitment.instance_id).seq,
        **what,
    )
