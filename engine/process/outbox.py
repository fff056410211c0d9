"""The outbox: effects that must leave, written in the transaction that caused them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

import orjson
from sqlalchemy import ColumnElement, ForeignKey, Index, Select, String, Text, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.db import Base, BigId
from engine.process.blueprint import Blueprint
from engine.process.runner import Step, Thrown, Waiting

if TYPE_CHECKING:
    from engine.process.instances import Instance

PENDING = text("done_at IS NULL AND failed_at IS NULL")

PARKED = datetime(9999, 1, 1, tzinfo=UTC)
"""``next_at`` of a call whose case rests: at the far end of the index, where nobody comes by."""

HELD = ("call", "delivery")
"""Kinds of effects that rest with their case."""


class Job(Base):
    """One effect: a ``call`` of a connector for a waiting token, a ``notice`` nobody waits for, or a thrown ``message``.

    A ``delivery`` is a message or signal (``operation`` says which) that waits until the case it is for rests no more.
    ``key`` is unique and travels with every try, so that the receiver can act once. Pending until ``done_at`` or
    ``failed_at``; not tried before ``next_at`` nor while ``leased_until`` lies ahead. Times are UTC. A pending job
    with an ``answer`` was answered while its case rested.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_pending", "next_at", "id", sqlite_where=PENDING, postgresql_where=PENDING),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instances.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    operation: Mapped[str | None] = mapped_column(String(80))
    diagram: Mapped[str | None] = mapped_column(String(200))
    element: Mapped[str | None] = mapped_column(String(200))
    token: Mapped[str | None] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(120), unique=True)
    inputs: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    next_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[dict[str, Any] | None]


def put(
    session: Session,
    kind: str,
    name: str,
    *,
    key: str,
    inputs: dict[str, Any],
    now: datetime,
    operation: str | None = None,
    instance_id: int | None = None,
    diagram: str | None = None,
    element: str | None = None,
    token: str | None = None,
) -> Job:
    """Write an effect into the outbox; it leaves after the transaction has been committed.

    ``inputs`` may hold what facts give: dates become ISO texts, decimals numbers.
    """
    job = Job(
        kind=kind,
        name=name,
        operation=operation,
        instance_id=instance_id,
        diagram=diagram,
        element=element,
        token=token,
        key=key,
        inputs=stored(inputs),
        created_at=now,
        next_at=now,
    )
    session.add(job)
    return job


def hold(
    session: Session,
    kind: str,
    name: str,
    payload: Mapping[str, Any],
    *,
    key: str,
    instance_id: int,
    now: datetime,
) -> Job:
    """Keep a message or signal for a case that rests: it is handed in when the case goes on."""
    kept = put(
        session,
        "delivery",
        name,
        operation=kind,
        key=key,
        inputs=dict(payload),
        now=now,
        instance_id=instance_id,
    )
    kept.next_at = PARKED
    return kept


class Told(Protocol):
    """A run after its command, as far as the outbox asks."""

    def steps(self) -> Sequence[Step]:
        """What happened."""

    def thrown(self) -> Sequence[Thrown]:
        """What left."""


def call_out(
    session: Session,
    instance: "Instance",
    plan: Blueprint,
    waiting: Iterable[Waiting],
    run: Told,
    *,
    anew: bool,
    now: datetime,
) -> None:
    """New calls and thrown messages go to the outbox; calls whose token is gone are dropped from it.

    ``anew``: the state was replaced. Every call is compared with what waits now, and one that was carried out before is
    made again, under a key of its own.
    """
    calls = {each.token: each for each in waiting if each.kind == "call"}
    if anew:
        fresh, mark = _compared(session, instance, set(calls), now), f":{instance.seq}"
    else:
        fresh, mark = {step.token for step in run.steps() if step.what == "opened"}, ""
        gone = {step.token for step in run.steps() if step.what == "cancelled"}
        if gone:
            _drop(session.scalars(pending(instance).where(Job.token.in_(gone))), now)
    for token, each in calls.items():
        if token in fresh:
            _call(session, instance, plan, each, f"{instance.id}:{token}{mark}", now)
    for number, thrown in enumerate(run.thrown()):
        put(
            session,
            thrown.kind,
            thrown.name,
            key=f"{instance.id}:{instance.seq}:{number}",
            inputs=dict(thrown.payload),
            now=now,
            instance_id=instance.id,
            diagram=thrown.diagram,
            element=thrown.element,
        )


def pending(instance: "Instance") -> Select[Job]:
    """The effects of a case that still have to be carried out, the oldest first."""
    return select(Job).where(Job.instance_id == instance.id, PENDING).order_by(Job.id)


def _call(
    session: Session, instance: "Instance", plan: Blueprint, waiting: Waiting, key: str, now: datetime
) -> None:
    element = plan.element(waiting.diagram, waiting.element)
    put(
        session,
        "call",
        (element.connector if element else None) or "",
        operation=element.operation if element else None,
        key=key,
        inputs=dict(waiting.inputs),
        now=now,
        instance_id=instance.id,
        diagram=waiting.diagram,
        element=waiting.element,
        token=waiting.token,
    )


def _drop(jobs: Iterable[Job], now: datetime) -> None:
    for job in jobs:
        job.failed_at, job.error = now, "the process moved on"


def _compared(session: Session, instance: "Instance", calls: set[str], now: datetime) -> set[str]:
    """Drop the calls nobody waits for any more; the tokens for which none is under way."""
    jobs = session.scalars(pending(instance).where(Job.kind == "call")).all()
    _drop((job for job in jobs if job.token not in calls), now)
    return calls - {job.token for job in jobs}


def ask_for(job: Job, inputs: Mapping[str, Any]) -> None:
    """Change what a call asks; an answer that was kept answers something else."""
    job.inputs, job.answer = stored(inputs), None


def park(session: Session, instance: "Instance") -> None:
    """Let the pending calls and deliveries of a case rest until `unpark`. Notices and thrown messages leave all the same.

    A call that somebody has leased already may still be answered: what becomes of the answer is the worker's business.
    """
    _put_off(session, instance, Job.next_at != PARKED, PARKED)


def postpone(job: Job) -> None:
    """Let one effect rest that a worker has in hand: this try does not count."""
    job.next_at, job.leased_until, job.tries = PARKED, None, max(job.tries - 1, 0)


def unpark(session: Session, instance: "Instance", *, now: datetime) -> None:
    """Make the parked calls of a case due, once nothing keeps it resting any more."""
    _put_off(session, instance, Job.next_at == PARKED, now)


def _put_off(session: Session, instance: "Instance", which: ColumnElement[bool], moment: datetime) -> None:
    pending = (
        Job.instance_id == instance.id,
        Job.kind.in_(HELD),
        Job.done_at.is_(None),
        Job.failed_at.is_(None),
    )
    session.execute(
        update(Job).where(*pending, which).values(next_at=moment),
        execution_options={"synchronize_session": "fetch"},
    )


def stored(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs as they are kept: plain JSON."""
    kept: dict[str, Any] = orjson.loads(orjson.dumps(dict(inputs), default=_plain))
    return kept


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return sorted(value) if isinstance(value, set | frozenset) else str(value)
