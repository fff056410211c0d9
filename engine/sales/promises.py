"""Promises: each passing of a token from department to department under an agreement, kept or broken.

Kept: delivered in time. Broken: delivered late, or the time has passed and it is still open; nobody has to write
that down. Before its time an open promise counts neither way. ``promise`` is a ladder of its own.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, Select, String, and_, func, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import calendars, people
from engine.calendars import Calendar
from engine.db import Base, BigId
from engine.people import Department
from engine.process import subscriptions
from engine.process.advancing import Happened
from engine.process.tasks import UserTask
from engine.sales import agreements, deals, ladders
from engine.sales.agreements import Agreement, AgreementVersion
from engine.sales.deals import Deal

OUTCOMES = ("kept", "broken", "cancelled", "waived")
RANKS = {"requested": 1, "promised": 2, "delivered": 3}
LADDER = "promise"
RINGS = text("alarm_at IS NOT NULL")


class Promise(Base):
    """One hand-off task, seen as what its provider promised to its consumer.

    ``code`` is the agreement's; ``agreement_id`` and ``version_id`` are empty when none was in force at opening.
    ``due_at`` may be renegotiated, ``first_due_at`` never changes. ``outcome`` is empty while it is open; an open
    one past ``due_at`` is broken now, though nobody wrote that down.
    """

    __tablename__ = "promises"
    __table_args__ = (
        Index("ix_promises_open", "outcome", "due_at"),
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
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    consumer_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    state: Mapped[str] = mapped_column(String(20), default="requested")
    requested_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    """Since when the clock of delivery runs: everything the provider needs was there."""
    respond_by: Mapped[datetime | None]
    """Until when the provider says yes, no or when."""
    promised_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    first_due_at: Mapped[datetime | None]
    proposed_due_at: Mapped[datetime | None]
    """The date one side asks for and the other has not consented to."""
    left_seconds: Mapped[int | None]
    """Work time left of the clock while it does not run."""
    paused_at: Mapped[datetime | None]
    pause_reason: Mapped[str | None] = mapped_column(String(200))
    delivered_at: Mapped[datetime | None]
    delivered_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    delivery: Mapped[dict[str, Any] | None]
    """The task's form as it was delivered, until it is accepted."""
    accept_by: Mapped[datetime | None]
    """Until when the consumer accepts or rejects; silence is then what the agreement says."""
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
    provider_audience: Mapped[str | None] = mapped_column(String(80))
    provider_assignee_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    """Whose task it is again when it goes back from the consumer."""
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(10))
    manner: Mapped[str | None] = mapped_column(String(20))
    """Kept as first promised (first) or as renegotiated; broken late or on quality; who or what else ended it."""
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    move_count: Mapped[int] = mapped_column(default=0)
    """How many moves it has made: the ``seq`` of the last one."""
    title: Mapped[str] = mapped_column(String(200), default="")
    title_en: Mapped[str] = mapped_column(String(200), default="")

    __mapper_args__ = {"version_id_col": version}


def kept() -> ColumnElement[bool]:
    """Delivered in time."""
    return Promise.outcome == "kept"


def broken(now: datetime) -> ColumnElement[bool]:
    """Delivered late, or open past its time."""
    return or_(Promise.outcome == "broken", and_(Promise.outcome.is_(None), Promise.due_at < now))


def pending(now: datetime) -> ColumnElement[bool]:
    """Open, and there is still time."""
    return and_(Promise.outcome.is_(None), or_(Promise.due_at.is_(None), Promise.due_at >= now))


def standing(promise: Promise, *, now: datetime, calendar: Calendar = calendars.ORGANIZATION) -> str:
    """What to call it now: its outcome, broken when its time has passed, at_risk when a fifth of the work time is left."""
    if promise.outcome in {"kept", "broken"}:
        return str(promise.outcome)
    if promise.closed_at is not None or promise.due_at is None:
        return promise.state
    left = promise.due_at - now
    if left < timedelta():
        return "broken"
    whole = calendar.between(promise.requested_at, promise.due_at)
    if whole:
        left = calendar.between(now, promise.due_at)
    return "at_risk" if left < (whole or promise.due_at - promise.requested_at) / 5 else promise.state


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
    """Kept, broken and pending promises among those ``clause`` allows, by agreement."""
    found: dict[int | None, dict[str, int]] = {}
    for name, which in (("kept", kept()), ("broken", broken(now)), ("pending", pending(now))):
        query = select(Promise.agreement_id, func.count()).where(clause, which).group_by(Promise.agreement_id)
        for agreement_id, n in session.execute(query):
            found.setdefault(agreement_id, {"kept": 0, "broken": 0, "pending": 0})[name] = n
    return found


def follow(session: Session, happened: Happened) -> None:
    """The projection: a task with a hand-off is a promise when it opens, kept or broken when it closes."""
    for task in happened.opened:
        if task.handoff:
            _give(session, task, happened)
    gone = [task.id for task in happened.closed if task.handoff]
    if gone:
        for promise in session.scalars(select(Promise).where(Promise.task_id.in_(gone)).order_by(Promise.id)):
            _settle(session, promise, session.get_one(UserTask, promise.task_id), happened)


def take_over(session: Session, agreement: Agreement, version: AgreementVersion, *, now: datetime) -> None:  # noqa: ARG001
    """Promises on their way go on under a new version, which says so; what is due stays due."""
    query = select(Promise).where(Promise.agreement_id == agreement.id, Promise.closed_at.is_(None))
    for promise in session.scalars(query.order_by(Promise.id)):
        promise.version_id = version.id


def _give(session: Session, task: UserTask, happened: Happened) -> None:
    """Request and promise at once: what both heads signed answers for the provider."""
    agreement, version = agreements.in_force(session, task.handoff or "") or (None, None)
    provider = _provider(session, task)
    deal = deals.of(session, task.instance_id)
    due = _due(session, agreement, version, provider, task, happened)
    promise = Promise(
        agreement_id=agreement.id if agreement else None,
        version_id=version.id if version else None,
        code=task.handoff,
        instance_id=task.instance_id,
        deal_id=deal.id if deal else None,
        task_id=task.id,
        provider_id=agreement.provider_id if agreement else provider.id if provider else None,
        consumer_id=_consumer(deal, agreement),
        state="promised" if due else "requested",
        requested_at=happened.now,
        due_at=due,
        first_due_at=due,
        title=task.title,
        title_en=task.title_en,
    )
    session.add(promise)
    session.flush()
    if due is not None and due != task.due_at:
        task.due_at = task.order_at = due
    _move(session, promise, deal, "new", happened, to_stage="requested", to_rank=1)
    if due is not None:
        here = {"from_stage": "requested", "from_rank": 1, "to_stage": "promised", "to_rank": 2, "dwell": 0}
        _move(session, promise, deal, "forward", happened, **here)


def _settle(session: Session, promise: Promise, task: UserTask, happened: Happened) -> None:
    if promise.outcome is not None:
        return
    deal = session.get(Deal, promise.deal_id) if promise.deal_id else None
    here = {"from_stage": promise.state, "from_rank": RANKS.get(promise.state)}
    here["dwell"] = int((happened.now - promise.requested_at).total_seconds())
    done = task.completed_by_id is not None or (happened.task is not None and happened.task.id == task.id)
    late = promise.due_at is not None and happened.now > promise.due_at
    promise.closed_at = happened.now
    promise.state = "delivered" if done else "cancelled"
    promise.outcome = ("broken" if late else "kept") if done else "cancelled"
    kind = {"kept": "won", "broken": "lost", "cancelled": "rerouted"}[promise.outcome]
    _move(session, promise, deal, kind, happened, reason="late" if kind == "lost" else None, **here)


def _provider(session: Session, task: UserTask) -> Department | None:
    kind, _, key = (task.audience or "").partition(":")
    return people.department(session, key) if kind in {"department", "head"} else None


def _consumer(deal: Deal | None, agreement: Agreement | None) -> int | None:
    return deal.department_id if deal and deal.department_id else agreement.consumer_id if agreement else None


def _due(
    session: Session,
    agreement: Agreement | None,
    version: AgreementVersion | None,
    provider: Department | None,
    task: UserTask,
    happened: Happened,
) -> datetime | None:
    """When it is due: as agreed, in the provider's work time, else as the diagram says."""
    interval = version.terms.get("deliver_time") if version else None
    if not interval:
        return task.due_at
    name = agreement.title if agreement else task.title
    calendar = calendars.of(session, provider)
    return subscriptions.after(interval, at=happened.now, calendar=calendar, name=name)


def _move(
    session: Session, promise: Promise, deal: Deal | None, kind: str, happened: Happened, **what: Any
) -> None:
    promise.move_count += 1
    ladders.write(
        session,
        f"promise:{promise.id}",
        LADDER,
        kind,
        now=happened.now,
        cause=happened.cause,
        actor_id=happened.by.id if happened.by else None,
        owner_id=deal.owner_id if deal else None,
        department_id=promise.provider_id,
        causing_department_id=promise.provider_id if kind == "lost" else None,
        instance_id=promise.instance_id,
        task_id=promise.task_id,
        event_seq=happened.instance.seq,
        before=promise.move_count - 1,
        **what,
    )
