"""Promises: each passing of a token from department to department under an agreement, kept or broken.

A promise is open exactly as long as its hand-off task is. Kept: delivered in time and accepted. Broken: delivered late,
or the time has passed and nothing is delivered; nobody has to write that down. What somebody waived or revoked, and what
was asked while its agreement was suspended, is out of scope. ``promise`` is a ladder of its own. What departments say to
each other about a promise is in `engine.sales.conversation`.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, Select, String, and_, func, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import calendars
from engine.calendars import Calendar
from engine.db import Base, BigId
from engine.process.advancing import Happened
from engine.sales.agreements import Agreement, AgreementVersion
from engine.sales.deals import Deal

OUTCOMES = ("kept", "broken", "cancelled", "waived")
STATES = ("declined", "returned", "requested", "countered", "promised", "delivered")
"""The positions of the ladder, in order. Beside them: paused (it stands where it stood), accepted, waived, revoked, cancelled."""

RANKS = {state: rank for rank, state in enumerate(STATES, 1)} | {"paused": 5}
LADDER, LADDER_VERSION = "promise", 2
RINGS = text("alarm_at IS NOT NULL")
IS_OPEN = text("outcome IS NULL")


class Promise(Base):
    """One hand-off task, seen as what its provider promised to its consumer.

    ``code`` is the agreement's; ``agreement_id`` and ``version_id`` are empty when none was in force at opening.
    ``due_at`` may be renegotiated, ``first_due_at`` never changes. ``outcome`` is empty while it is open; an open
    one past ``due_at`` is broken now, though nobody wrote that down.
    """

    __tablename__ = "promises"
    __table_args__ = (
        Index("ix_promises_open", "due_at", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
        Index("ix_promises_agreement", "agreement_id", "closed_at"),
        Index("ix_promises_provider", "provider_id", "requested_at"),
        Index("ix_promises_consumer", "consumer_id", "requested_at"),
        Index("ix_promises_alarm", "alarm_at", sqlite_where=RINGS, postgresql_where=RINGS),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    agreement_id: Mapped[int | None] = mapped_column(ForeignKey("agreements.id"))
    version_id: Mapped[int | None] = mapped_column(ForeignKey("agreement_versions.id"))
    code: Mapped[str] = mapped_column(String(40), index=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"), index=True)
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deals.id"), index=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("user_tasks.id"), unique=True)
    commitment_id: Mapped[int | None] = mapped_column(ForeignKey("commitments.id"), index=True)
    """What was agreed with the client and needs this promise."""
    needed_at: Mapped[datetime | None]
    """When it is needed for the client; its time is not before then, however fast the agreement is."""
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    consumer_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    state: Mapped[str] = mapped_column(String(20), default="requested")
    turn: Mapped[str | None] = mapped_column(String(10), default="provider", server_default="provider")
    """Which side has to do or say something next: provider, consumer, or a manager (empty)."""
    requested_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    """Since when the clock of delivery runs: everything the provider needs was there."""
    respond_by: Mapped[datetime | None]
    """Until when the provider says yes, no or when."""
    answer_by: Mapped[datetime | None]
    """The latest ``respond_by`` of a request, kept when it has been answered."""
    answered_at: Mapped[datetime | None]
    """When the provider said yes, no or when; delivering is an answer, too."""
    promised_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    first_due_at: Mapped[datetime | None]
    proposed_due_at: Mapped[datetime | None]
    """The date one side asks for and the other has not consented to."""
    left_seconds: Mapped[int | None]
    """Work time left of the clock while it does not run."""
    paused_at: Mapped[datetime | None]
    """Since when its clock stands: somebody paused it, or its case rests."""
    pause_reason: Mapped[str | None] = mapped_column(String(200))
    delivered_at: Mapped[datetime | None]
    delivered_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    delivery: Mapped[dict[str, Any] | None]
    """The task's form as it was delivered, until it is accepted."""
    accept_by: Mapped[datetime | None]
    """Until when the consumer accepts or rejects; silence is then what the agreement says."""
    timed_answers: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often the consumer accepted or rejected what had an ``accept_by``."""
    late_answers: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often of those it did so after that time, or its silence was what the agreement says."""
    work_seconds: Mapped[int | None]
    """Work time of the provider from ready to delivered, pauses included, as its calendar was when it was closed."""
    alarm_at: Mapped[datetime | None]
    """The next moment at which something happens by itself."""
    steps_taken: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many escalation steps were taken."""
    returns: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often it was returned as not ready."""
    missing: Mapped[list[Any] | None]
    """Everything that was missing at some return."""
    changes: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often a later date was agreed."""
    rework: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often what was delivered was rejected."""
    rejected: Mapped[list[Any] | None]
    """Everything of the acceptance list that was missing at some delivery."""
    escalation_id: Mapped[int | None] = mapped_column(ForeignKey("instances.id"))
    """The case in which a manager decides about it, the latest one."""
    provider_audience: Mapped[str | None] = mapped_column(String(80))
    provider_assignee_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    """Whose task it is again when it goes back from the consumer."""
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(10))
    manner: Mapped[str | None] = mapped_column(String(20))
    """Kept as first promised (first) or as renegotiated; broken late or on quality; who or what else ended it.

    On an open one: why nobody is held to it any more (waived, revoked) or ever was (suspended).
    """
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    moved_at: Mapped[datetime | None]
    """When it came to the position it stands on."""
    move_count: Mapped[int] = mapped_column(default=0)
    """How many moves it has made: the ``seq`` of the last one."""
    title: Mapped[str] = mapped_column(String(200), default="")
    title_en: Mapped[str] = mapped_column(String(200), default="")

    __mapper_args__ = {"version_id_col": version}

    @property
    def rests(self) -> bool:
        """Whether its clock stands because its case rests."""
        return self.paused_at is not None and self.state != "paused" and self.outcome is None


def kept() -> ColumnElement[bool]:
    """Delivered in time and accepted."""
    return Promise.outcome == "kept"


def broken(now: datetime) -> ColumnElement[bool]:
    """Delivered late or not well, or open past its time; what is delivered and not accepted yet is late only if it was."""
    late = Promise.due_at < func.coalesce(Promise.delivered_at, now)
    return or_(Promise.outcome == "broken", and_(_counts(), late))


def pending(now: datetime) -> ColumnElement[bool]:
    """Open, and there is still time, or nobody's clock runs."""
    in_time = Promise.due_at >= func.coalesce(Promise.delivered_at, now)
    return and_(_counts(), or_(Promise.due_at.is_(None), in_time))


def out_of_scope() -> ColumnElement[bool]:
    """Neither kept nor broken, nor will it be: cancelled, waived, revoked, or asked while the agreement was suspended."""
    closed = Promise.outcome.in_(("cancelled", "waived"))
    return or_(closed, and_(Promise.outcome.is_(None), Promise.manner.is_not(None)))


def _counts() -> ColumnElement[bool]:
    return and_(Promise.outcome.is_(None), Promise.manner.is_(None))


def standing(promise: Promise, *, now: datetime, calendar: Calendar = calendars.ORGANIZATION) -> str:
    """What to call it now: its outcome, broken when its time has passed, at_risk when a fifth of the work time is left."""
    if promise.outcome in {"kept", "broken"}:
        return str(promise.outcome)
    if promise.manner == "suspended":
        return "none"
    if promise.closed_at is not None or promise.due_at is None or promise.manner is not None:
        return promise.state
    if promise.delivered_at is not None:
        return "broken" if promise.due_at < promise.delivered_at else promise.state
    left = promise.due_at - now
    if left < timedelta():
        return "broken"
    since = promise.ready_at or promise.requested_at
    whole = calendar.between(since, promise.due_at)
    if whole:
        left = calendar.between(now, promise.due_at)
    return "at_risk" if left < (whole or promise.due_at - since) / 5 else promise.state


def judge(session: Session, *, now: datetime) -> Callable[[Promise], str]:
    """`standing` of any promise now, in its provider's work time; the calendars are read once, when first needed."""
    known: dict[int | None, Calendar] = {}

    def judged(promise: Promise) -> str:
        if not known:
            known.update(calendars.of_all(session))
        return standing(promise, now=now, calendar=known.get(promise.provider_id, known[None]))

    return judged


def of_deal(deal: Deal) -> Select[Promise]:
    """What departments promised in a deal: open ones first, by their time."""
    return (
        select(Promise)
        .where(Promise.deal_id == deal.id)
        .order_by(Promise.closed_at.is_not(None), Promise.due_at, Promise.id.desc())
    )


def under(agreement_id: int) -> Select[Promise]:
    """Every promise given under an agreement, the newest first."""
    return select(Promise).where(Promise.agreement_id == agreement_id).order_by(Promise.id.desc())


def counts(session: Session, clause: Any, *, now: datetime) -> dict[int | None, dict[str, int]]:
    """Promises kept, broken, pending and out of scope (``out``) among those ``clause`` allows, by agreement."""
    found: dict[int | None, dict[str, int]] = {}
    clauses = {"kept": kept(), "broken": broken(now), "pending": pending(now), "out": out_of_scope()}
    for name, which in clauses.items():
        query = select(Promise.agreement_id, func.count()).where(clause, which).group_by(Promise.agreement_id)
        for agreement_id, n in session.execute(query):
            found.setdefault(agreement_id, dict.fromkeys(clauses, 0))[name] = n
    return found


def follow(session: Session, happened: Happened) -> None:
    """The projection: a task with a hand-off is a promise when it opens, kept or broken when it closes."""
    from engine.sales import passing  # what follows from a command needs these rows

    passing.follow(session, happened)


def take_over(session: Session, agreement: Agreement, version: AgreementVersion, *, now: datetime) -> None:
    """Promises on their way go on under a new version, which says so; what is due stays due.

    Their alarm rings now, and the clock looks which steps the new words want.
    """
    moving = update(Promise).where(Promise.agreement_id == agreement.id, _counts())
    session.execute(moving.values(version_id=version.id, alarm_at=now))
