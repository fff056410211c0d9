"""How a promise lives with its task: what follows from each command of a case, and whose task it is meanwhile."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session, SessionTransaction

from engine.people import Department, Person
from engine.process import tasks
from engine.process.advancing import Happened
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import addressing, closing, positions, requesting
from engine.sales.agreements import AgreementVersion
from engine.sales.deals import Deal
from engine.sales.handoffs import Handoff
from engine.sales.promises import Promise

KEPT = "promises read in this transaction"


@dataclass(frozen=True, slots=True)
class _Read:
    """What a command has read already: the promise of its task, and whether any flow of its process is decided about."""

    promise: Promise
    decided: bool


def with_terms(session: Session, task: UserTask) -> tuple[Promise, dict[str, Any]] | None:
    """The promise of a hand-off task and what its agreement says; empty terms when none was in force."""
    process = select(Instance.process).where(Instance.id == task.instance_id).scalar_subquery()
    decided = select(Handoff.id).where(Handoff.process == process, Handoff.ended_at.is_(None)).exists()
    version = AgreementVersion.id == Promise.version_id
    provider = Department.id == Promise.provider_id  # beside it, since its work time is counted
    query = select(Promise, AgreementVersion, decided, Department)
    query = query.outerjoin(AgreementVersion, version).outerjoin(Department, provider)
    row: Any = session.execute(query.where(Promise.task_id == task.id)).first()
    if row is None:
        return None
    session.info.setdefault(KEPT, {})[task.id] = _Read(row[0], row[2])
    return row[0], row[1].terms if row[1] is not None else {}


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    """What was read in a transaction is not true for the next one."""
    if transaction.parent is None or transaction.nested:
        session.info.pop(KEPT, None)


def follow(session: Session, happened: Happened) -> None:
    """The projection: a task with a hand-off is a promise when it opens, kept or broken when it closes."""
    if happened.before is not None:
        _take_along(session, happened)
    for task in happened.opened:
        ways = addressing.ways(session, task, happened)
        if task.handoff or (ways and _anything_decided(session, happened)):
            requesting.ask(session, task, happened, ways)
    for promise, task in _of_closed(session, happened):
        _settle(session, promise, task, happened)


def _of_closed(session: Session, happened: Happened) -> list[tuple[Promise, UserTask]]:
    """The promises of hand-offs that closed; the one that was completed has been read before."""
    gone = {task.id: task for task in happened.closed if task.handoff}
    read = session.info.get(KEPT, {})
    found = {id_: read[id_].promise for id_ in gone if id_ in read}
    if len(found) < len(gone):
        missing = select(Promise, Department).outerjoin(Department, Department.id == Promise.provider_id)
        rows = session.execute(missing.where(Promise.task_id.in_(set(gone) - set(found)))).all()
        found |= {promise.task_id: promise for promise, _ in rows}
    return [(found[id_], gone[id_]) for id_ in sorted(found)]


def _anything_decided(session: Session, happened: Happened) -> bool:
    """Whether somebody may have decided about a flow of this process: not, where the command has read that nobody did."""
    read = session.info.get(KEPT, {}).get(happened.task.id) if happened.task else None
    return read is None or read.decided


def _take_along(session: Session, happened: Happened) -> None:
    """The case runs on another version now: a hand-off that is none any more, or has become one, in tasks that stay open."""
    new = {task.id for task in happened.opened}
    open_ = {task.id: task for task in tasks.open_of(session, happened.instance.id) if task.id not in new}
    query = select(Promise).where(Promise.instance_id == happened.instance.id, Promise.task_id.in_(open_))
    known = {promise.task_id: promise for promise in session.scalars(query)}
    for task_id, task in open_.items():
        promise = known.get(task_id)
        if (
            promise is not None
            and task.handoff != promise.code
            and addressing.is_bound(session, task, happened)
        ):
            task.handoff = promise.code
        if promise is None and task.handoff:
            requesting.ask(session, task, happened, addressing.ways(session, task, happened))
        elif promise is not None and promise.outcome is None and not task.handoff:
            _settle(session, promise, task, happened)
        elif promise is not None and promise.outcome is None and promise.turn == "consumer":
            promise.provider_audience = task.audience
            hand_to_consumer(session, promise, task, now=happened.now)


def hand_to_consumer(session: Session, promise: Promise, task: UserTask, *, now: datetime) -> None:
    """The one task of the token waits for the side that asked: for whoever leads the deal or the case."""
    unit = session.get(Department, promise.consumer_id) if promise.consumer_id else None
    audience = f"department:{unit.key}" if unit else task.audience
    due = promise.accept_by if promise.state == "delivered" else promise.respond_by
    whose = owner_id(session, promise)
    tasks.turn(session, task, audience=audience, assignee_id=whose, due_at=due, now=now)


def owner_id(session: Session, promise: Promise) -> int | None:
    """Who asked: the deal's owner, or the case's where it carries no deal; nobody who left."""
    deal = session.get(Deal, promise.deal_id) if promise.deal_id else None
    found = deal.owner_id if deal else session.get_one(Instance, promise.instance_id).owner_id
    owner = session.get(Person, found) if found else None
    return owner.id if owner is not None and owner.left_at is None else None


def _settle(session: Session, promise: Promise, task: UserTask, happened: Happened) -> None:
    """Its task is gone: done, or taken away by whatever happened to the case."""
    if promise.outcome is not None:
        return
    because = positions.because(happened)
    is_done = task.completed_by_id is not None or (happened.task is not None and happened.task.id == task.id)
    if is_done and promise.manner is None:
        promise.delivered_at, promise.delivered_by_id = happened.now, task.completed_by_id
        closing.close(session, promise, **because)
        return
    if not is_done:
        promise.manner = promise.manner or _taken_away(happened)
    is_waived = is_done and promise.manner != "revoked"
    closing.end(session, promise, "waived" if is_waived else "cancelled", **because)


def _taken_away(happened: Happened) -> str:
    """How a task can go without anybody having done it."""
    if happened.before is not None:
        return "migrated"
    if happened.instance.ended_at is not None and happened.instance.outcome == "stopped":
        return "stopped"
    return "moved" if happened.cause == "admin" else "overtaken"
