"""Deals: the sale that an instance carries, its verbs, and what expressions may read of it.

A deal changes in three ways: `engine.sales.intake` takes what forms bind to it, `engine.sales.ladders` writes its
position from what the diagram did, and the verbs here tell its process what happened outside of a task.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import ForeignKey, Index, Numeric, String, event, select
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from engine import history, people
from engine.db import Base, BigId
from engine.errors import NotAllowed, Refusal
from engine.people import Person
from engine.process import definitions, instances, subscriptions, tasks
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.sales import exits
from engine.sales.records import Client

STATUSES = ("open", "won", "lost", "suspended", "rerouted")
KINDS = ("funnel", "flow")
"""Processes whose instances are deals: the long sale and the fast one."""


class ReasonNeeded(Refusal):
    """Say why: a deal goes back, skips a stage or is lost only with a reason."""


class UnknownStage(Refusal):
    """There is no such stage in this process."""


class AlreadyThere(Refusal):
    """This deal stands on that stage already."""


class NotByPolicy(Refusal):
    """The rules of this process do not allow this move."""


class NotAnAmount(Refusal):
    """Give the amount as a number, like 1240000 or 1240000.50."""


class Deal(Base):
    """One sale, long or fast: what its instance may not keep, because reports and people read it.

    ``stage`` (a key of the ladder), ``stage_rank``, ``status``, ``closed_at``, ``reached_rank`` (the highest ever)
    and ``moved_at`` always equal what its moves say; `engine.sales.ladders` writes them. ``probability`` is percent,
    ``margin`` percent of the amount. ``details`` keeps what forms bind to a deal or an order without a column here.
    """

    __tablename__ = "deals"
    __table_args__ = (
        Index("ix_deals_board", "process", "status", "stage"),
        Index("ix_deals_owner", "owner_id", "status"),
        Index("ix_deals_department", "department_id", "status"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"), unique=True)
    process: Mapped[str] = mapped_column(String(200))
    ladder: Mapped[str] = mapped_column(String(120))
    number: Mapped[str] = mapped_column(String(20), unique=True)
    title: Mapped[str] = mapped_column(String(200), default="")
    client_id: Mapped[int | None] = mapped_column(ForeignKey("clients.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    source: Mapped[str | None] = mapped_column(String(60))
    product_line: Mapped[str | None] = mapped_column(String(80))
    kind: Mapped[str | None] = mapped_column(String(20))
    amount: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    currency: Mapped[str] = mapped_column(String(3), default="PLN")
    margin: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    expected_close: Mapped[date | None]
    probability: Mapped[int | None]
    stage: Mapped[str | None] = mapped_column(String(60))
    stage_rank: Mapped[int | None]
    stage_entered_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(String(20), default="open")
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    suspended_until: Mapped[date | None]
    loss_reason: Mapped[str | None] = mapped_column(String(80))
    competitor: Mapped[str | None] = mapped_column(String(120))
    come_back_on: Mapped[date | None]
    reached_rank: Mapped[int] = mapped_column(default=0)
    moved_at: Mapped[datetime | None]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    move_count: Mapped[int] = mapped_column(default=0)
    """How many moves it has made: the ``seq`` of the last one."""
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


KEPT = "deals read in this transaction"


def of(session: Session, instance_id: int | None) -> Deal | None:
    """The deal an instance carries, if it carries one. Within a transaction it is read once."""
    kept: dict[int | None, Deal] = session.info.setdefault(KEPT, {})
    if instance_id not in kept:
        found = session.scalar(select(Deal).where(Deal.instance_id == instance_id))
        if found is None:
            return None
        kept[instance_id] = found
    return kept[instance_id]


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    """What was read in a transaction is not true for the next one."""
    if transaction.parent is None or transaction.nested:
        session.info.pop(KEPT, None)


def facts(session: Session, instance: Instance) -> Mapping[str, Any]:
    """What expressions may read: ``deal.amount``, ``deal.stage_rank``, ``deal.client_class`` …, live, never stored."""
    query = (
        select(Deal, Client, Person.id, Person.name, Person.email)
        .outerjoin(Client, Client.id == Deal.client_id)
        .outerjoin(Person, Person.id == Deal.owner_id)
        .where(Deal.instance_id == instance.id)
    )
    row = session.execute(query).first()
    if row is None:
        return {}
    return about(*row)


def about(
    deal: Deal, client: Client | None, owner_id: int | None, owner_name: str | None, owner_email: str | None
) -> dict[str, Any]:
    """The same of rows that have been read already."""
    known: dict[str, Any] = {name: getattr(deal, name) for name in PLAIN.values()}
    known |= {name: getattr(deal, name) for name in LIVE}
    known |= {"owner": owner_email, "client": client.name if client else None}
    known["client_class"] = client.class_ if client else None
    known["client_email"] = client.email if client else None
    told: dict[str, Any] = {"deal": {**deal.details, **known}, "order": {**deal.details, **known}}
    if client is not None:
        told["client"] = {name: getattr(client, name) for name in ("id", *CLIENT)} | {"class": client.class_}
    if owner_id is not None:
        told["owner"] = {"id": owner_id, "name": owner_name, "email": owner_email}
    return told


CLIENT = ("name", "tax_id", "sector", "city", "country", "segment", "phone", "email", "website")
"""What expressions may read of a client, and what forms may bind of one."""

LIVE = ("id", "number", "stage", "stage_rank", "reached_rank", "probability", "status", "department_id")
"""What expressions may read of a deal beside what forms bind."""

PLAIN = {
    "title": "title",
    "client": "client_id",
    "client_id": "client_id",
    "contact": "contact_id",
    "contact_id": "contact_id",
    "owner": "owner_id",
    "owner_id": "owner_id",
    "source": "source",
    "product_line": "product_line",
    "kind": "kind",
    "amount": "amount",
    "currency": "currency",
    "margin": "margin",
    "expected_close": "expected_close",
    "loss_reason": "loss_reason",
    "competitor": "competitor",
    "come_back_on": "come_back_on",
    "suspended_until": "suspended_until",
}
"""Names that fields bind to (``deal.client``) and the columns they mean; any other name is kept in ``details``."""


def amount_of(raw: Any) -> Decimal:
    """An amount as it is kept, to the grosz. Raises NotAnAmount."""
    try:
        return Decimal(str(raw)).quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise NotAnAmount(field="amount") from error


def plain(value: Any) -> Any:
    """A value as history keeps it."""
    return str(value) if isinstance(value, Decimal | date) else value


# ------------------------------------------------------------------------------------------------ verbs


def steers(session: Session, deal: Deal, person: Person) -> bool:
    """Whether this person may move the deal: its owner, a head above it, a director in whose tree it stands."""
    if deal.owner_id == person.id:
        return True
    roots = person.department_ids if person.has("director") else person.headed_ids
    return bool(roots) and deal.department_id in people.subtree(session, roots)


def move(
    session: Session,
    deal: Deal,
    to_stage: str,
    *,
    reason: str | None = None,
    note: str | None = None,
    causing_department: int | None = None,
    by: Person,
    now: datetime,
) -> str:
    """Ask the process to move the deal, as dropping its card on the board does. Returns allow or approve.

    ``approve`` means that the diagram will ask somebody first. ``causing_department`` is an id; None is the client.
    Raises NotAllowed, UnknownStage, AlreadyThere, ExitHeld, ReasonNeeded, NotByPolicy, and what the process answers.
    """
    _must_steer(session, deal, by)
    instance = session.get_one(Instance, deal.instance_id)
    definition = session.get_one(Definition, instance.definition_id)
    to_rank = definitions.blueprint(session, definition).rank(to_stage)
    if to_rank is None:
        raise UnknownStage
    if to_stage == deal.stage and deal.status == "open":
        raise AlreadyThere
    exits.must_be_free(session, deal, definitions.blueprint(session, definition), to_rank, now=now)
    if needs_reason(deal, to_rank) and not reason:
        raise ReasonNeeded(field="reason")
    verdict = policy(session, deal, definition, to_rank, by)
    if verdict == "refuse":
        raise NotByPolicy
    asked = {"to": to_stage, "next_stage": to_stage, "to_rank": to_rank, "verdict": verdict}
    asked |= {"reason": reason, "note": note, "causing_department": causing_department}
    instances.send(session, instance, "stage.move", asked, by=by, now=now, cause="user")
    return verdict


def needs_reason(deal: Deal, to_rank: int) -> bool:
    """Whether moving there goes back or skips."""
    return deal.stage_rank is not None and to_rank != deal.stage_rank + 1


def policy(session: Session, deal: Deal, definition: Definition, to_rank: int, by: Person) -> str:
    """What the bundle's table ``stage_policy`` says: allow, approve or refuse; without a table everything is allowed."""
    role = "director" if by.has("director") else "head" if by.headed_ids else "employee"
    instance = session.get_one(Instance, deal.instance_id)
    asked = {**facts(session, instance), "from_rank": deal.stage_rank or 0, "to_rank": to_rank}
    asked |= {"role": role, "amount": deal.amount or Decimal(0)}
    if "stage_policy" not in definitions.program(session, definition).decisions:
        return "allow"
    verdict: str = definitions.decide(session, definition, "stage_policy", asked)["verdict"]
    return verdict


def withdraw(
    session: Session,
    deal: Deal,
    reason: str | None,
    *,
    note: str | None = None,
    causing_department: int | None = None,
    competitor: str | None = None,
    by: Person,
    now: datetime,
) -> None:
    """The client does not buy. Raises NotAllowed, ReasonNeeded, NobodyWaits."""
    _must_steer(session, deal, by)
    if not reason:
        raise ReasonNeeded(field="reason")
    deal.loss_reason, deal.competitor = reason, competitor or deal.competitor
    said = {"reason": reason, "note": note, "causing_department": causing_department}
    _send(session, deal, "client.withdrew", said, by=by, now=now)


def suspend(
    session: Session, deal: Deal, until: date, reason: str | None, *, by: Person, now: datetime
) -> None:
    """Nothing happens until a day: the deal keeps its stage. Raises NotAllowed, ReasonNeeded, NobodyWaits."""
    _must_steer(session, deal, by)
    if not reason:
        raise ReasonNeeded(field="reason")
    said = {"until": until.isoformat(), "suspended_until": until.isoformat(), "reason": reason}
    _send(session, deal, "deal.suspend", said, by=by, now=now)


def resume(session: Session, deal: Deal, *, by: Person, now: datetime) -> None:
    """The client is back: the deal goes on where it stood. Raises NotAllowed, NobodyWaits."""
    _must_steer(session, deal, by)
    _send(session, deal, "client.returned", {}, by=by, now=now)


HEARD = ("quote.accepted", "quote.changed", "complaint.filed", "feedback.received")
"""What the client of a fast sale says by phone or mail, and the person in charge may record."""


def hear(session: Session, deal: Deal, message: str, *, by: Person, now: datetime) -> None:
    """The client said what the process waits to hear (one of `HEARD`). Raises NotAllowed, NobodyWaits."""
    _must_steer(session, deal, by)
    if message not in HEARD:
        raise instances.NobodyWaits(message=message[:200])
    _send(session, deal, message, {}, by=by, now=now)


def close(session: Session, deal: Deal, reason: str | None, *, by: Person, now: datetime) -> None:
    """Give up a suspended deal. Raises NotAllowed, ReasonNeeded, NobodyWaits."""
    _must_steer(session, deal, by)
    if not reason:
        raise ReasonNeeded(field="reason")
    deal.loss_reason = reason
    _send(session, deal, "deal.close", {"reason": reason}, by=by, now=now)


def change_amount(
    session: Session, deal: Deal, amount: Any, *, reason: str | None = None, by: Person, now: datetime
) -> None:
    """A new amount: a fact of its own, not a move; a process that waits for it is told. Raises NotAllowed, NotAnAmount."""
    _must_steer(session, deal, by)
    before, after = deal.amount, amount_of(amount)
    if before == after:
        return
    deal.amount = after
    what = {"from": plain(before), "to": str(after), "currency": deal.currency, "reason": reason}
    record(session, deal, "amount_changed", by=by, now=now, data=what)
    change = float(abs(after - before) / before * 100) if before else 100.0
    told = {"amount": str(after), "amount_before": plain(before), "change": change}
    tell(session, deal, "amount.changed", told, by=by, now=now)


def change_owner(session: Session, deal: Deal, owner: Person, *, by: Person, now: datetime) -> None:
    """Somebody else leads the deal from now on; open tasks of the former owner follow. Raises NotAllowed."""
    _must_steer(session, deal, by)
    if owner.id != deal.owner_id:
        pass_on(session, deal, owner, by=by, now=now)
        tell(session, deal, "owner.changed", {"owner": owner.id}, by=by, now=now)


def tell(
    session: Session,
    deal: Deal,
    message: str,
    payload: Mapping[str, Any],
    *,
    by: Person | None,
    now: datetime,
) -> None:
    """Give the deal's process a message if it waits for one; the fact has been written either way."""
    session.flush()  # a command reads its instance anew
    waits = {each.name for each in subscriptions.of(session, deal.instance_id) if each.kind == "message"}
    if message in waits:
        _send(session, deal, message, payload, by=by, now=now)


def pass_on(session: Session, deal: Deal, owner: Person, *, by: Person | None, now: datetime) -> None:
    """Make somebody the owner, of the open tasks too, and write the fact; asks nobody's right."""
    before, deal.owner_id = deal.owner_id, owner.id
    deal.department_id = owner.department_ids[0] if owner.department_ids else deal.department_id
    session.get_one(Instance, deal.instance_id).owner_id = owner.id
    for task in tasks.open_of(session, deal.instance_id):
        if task.assignee_id == before and (task.audience is None or task.audience in owner.audiences):
            task.assignee_id = owner.id
    record(session, deal, "owner_changed", by=by, now=now, data={"from": before, "to": owner.id})


def _must_steer(session: Session, deal: Deal, by: Person) -> None:
    if not steers(session, deal, by):
        raise NotAllowed


def _send(
    session: Session,
    deal: Deal,
    message: str,
    payload: Mapping[str, Any],
    *,
    by: Person | None,
    now: datetime,
) -> None:
    instance = session.get_one(Instance, deal.instance_id)
    instances.send(session, instance, message, payload, by=by, now=now, cause="user")


def record(
    session: Session, deal: Deal, kind: str, *, by: Person | None, now: datetime, data: dict[str, Any]
) -> None:
    """Add a fact about the deal to the history of its case."""
    instance = session.get_one(Instance, deal.instance_id)
    history.record(session, kind, at=now, actor=by, instance=instance, subject=f"deal:{deal.id}", data=data)
