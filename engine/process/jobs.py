"""The worker's side of the outbox: lease, call, store the answer; back off, give up, open an incident, retry."""

import random
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, sessionmaker

from engine import history
from engine.errors import Refusal
from engine.people import Person
from engine.ports import Call, Failed, wiring
from engine.process import definitions, incidents, instances, subscriptions
from engine.process.incidents import Incident
from engine.process.instances import Instance
from engine.process.outbox import PENDING, Job
from engine.process.subscriptions import Subscription

log = structlog.get_logger(__name__)

TRIES = 8
LEASE = timedelta(minutes=2)
BATCH = 10
"""Jobs leased at once: few enough that the last one's turn comes before its lease is over."""


class AlreadyResolved(Refusal):
    """Somebody has already dealt with this incident."""


class CannotRetry(Refusal):
    """The case has ended, or nothing is left to try again: close the incident instead."""


class ReasonMissing(Refusal):
    """Say why: it is written into the history of the case."""


def due(now: datetime) -> Select[Job]:
    """Pending effects whose turn has come, the oldest first."""
    return (
        select(Job)
        .where(PENDING, Job.next_at <= now, or_(Job.leased_until.is_(None), Job.leased_until <= now))
        .order_by(Job.next_at, Job.id)
    )


def work(factory: sessionmaker[Session], *, now: datetime, limit: int = 100) -> int:
    """Carry out effects that are due, each in its own transaction. Returns how many were tried."""
    tried = 0
    while tried < limit:
        leased = _lease(factory, min(BATCH, limit - tried), now)
        for job_id in leased:
            _try(factory, job_id, now)
        tried += len(leased)
        if len(leased) < BATCH:
            break
    return tried


def _lease(factory: sessionmaker[Session], most: int, now: datetime) -> list[int]:
    """Take the next jobs, so that nobody else does before the lease is over. A try counts from its lease."""
    with factory() as session:
        query = due(now).limit(most).with_for_update(skip_locked=True)
        leased = session.scalars(query).all()
        for job in leased:
            job.leased_until, job.tries = now + LEASE, job.tries + 1
        ids = [job.id for job in leased]
        session.commit()
    return ids


def _try(factory: sessionmaker[Session], job_id: int, now: datetime) -> None:
    try:
        _carry_out(factory, job_id, now)
    except Failed as failure:
        _failed(factory, job_id, failure, now)
    except Refusal as refusal:  # the engine's own word: no error boundary is asked, a person is
        _stop(factory, job_id, type(refusal).__name__, str(refusal), now)
    except Exception as error:  # the one door: whatever a connector does, its neighbours go on
        log.exception("job_failed", job=job_id)
        _failed(factory, job_id, Failed(f"{type(error).__name__}: {error}"), now)


def retry(session: Session, incident: Incident, *, by: Person, now: datetime, reason: str) -> None:
    """Try again what an incident stopped: its job, or its timer. Raises ReasonMissing, AlreadyResolved, CannotRetry."""
    instance = _of(session, incident, reason)
    job = session.get(Job, incident.job_id) if incident.job_id else None
    timer = session.get(Subscription, incident.subscription_id) if incident.subscription_id else None
    if instance.ended_at is not None or (job is None and timer is None):
        raise CannotRetry
    if job is not None:
        job.failed_at, job.leased_until, job.tries, job.next_at = None, None, 0, now
    if timer is not None:
        timer.due_at = now
    incidents.resolve(session, incident, "retried", by=by, now=now, reason=reason)


def skip(session: Session, incident: Incident, *, by: Person, now: datetime, reason: str) -> None:
    """Go on without what an incident stopped: a call counts as answered with nothing, a timer never fires.

    Raises ReasonMissing, AlreadyResolved, and what the diagram raises when it goes on.
    """
    instance = _of(session, incident, reason)
    job = session.get(Job, incident.job_id) if incident.job_id else None
    incidents.resolve(session, incident, "skipped", by=by, now=now, reason=reason)
    if job is not None and job.kind == "call" and instance.ended_at is None:
        job.failed_at = None
        instances.finish(session, job, {}, now=now, by=by)


def _of(session: Session, incident: Incident, reason: str) -> Instance:
    """The instance an incident stopped, locked; nobody else has resolved the incident."""
    if not reason.strip():
        raise ReasonMissing(field="reason")
    instance = session.get_one(Instance, incident.instance_id, with_for_update=True, populate_existing=True)
    session.refresh(incident)
    if incident.resolved_at is not None:
        raise AlreadyResolved
    return instance


def _carry_out(factory: sessionmaker[Session], job_id: int, now: datetime) -> None:
    """One try. What the connector wrote and the state that follows from it are one transaction.

    Where a second worker was faster (its lease ran out while the connector worked), this try leaves nothing behind.
    """
    with factory() as session:
        session.connection(execution_options={"reading": True})
        job = session.get_one(Job, job_id)
        kind, operation = job.kind, job.operation or ""
        call = Call(job.key, job.name, operation, dict(job.inputs), session, now, job.instance_id)
        session.rollback()  # nobody waits for the database while a connector waits for the world
        answer = _ask(call) if kind in {"call", "notice"} else {}
        job = _locked(session, job)
        if job.done_at is not None or job.failed_at is not None:
            return
        if job.kind == "call":
            instances.finish(session, job, answer, now=now)
        elif job.kind == "notice":
            job.done_at, job.answer = now, dict(answer)
        else:
            job.done_at, job.answer = now, {"receivers": deliver(session, job, now=now)}
        session.commit()


def _ask(call: Call) -> Mapping[str, Any]:
    connector = wiring(call.session).connectors.get(call.connector)
    if connector is None:
        raise Failed(f"there is no connector “{call.connector}”", code="UNKNOWN_CONNECTOR", permanent=True)
    return connector.run(call)


def _locked(session: Session, job: Job) -> Job:
    """The job as it is now. Its instance is locked first, as every command does: no two wait for each other."""
    if job.kind == "call" and job.instance_id:
        session.get_one(Instance, job.instance_id, with_for_update=True, populate_existing=True)
    return session.get_one(Job, job.id, with_for_update=True, populate_existing=True)


def deliver(session: Session, job: Job, *, now: datetime) -> list[int]:
    """Bring a thrown message to whom it concerns: instances waiting for it, else processes that start with it.

    An instance is meant when it has the business key the payload names, or waits under a correlation the payload
    fulfils; a signal means everybody who waits for it, and starts what starts with it. Returns the ids reached.
    """
    reached = _wake(session, job, now)
    if job.kind == "signal" or not reached:
        reached += _begin(session, job, now)
    return reached


def _wake(session: Session, job: Job, now: datetime) -> list[int]:
    reached: list[int] = []
    for row in session.scalars(subscriptions.waiting_for(job.name, job.kind)).all():
        target = session.get_one(Instance, row.instance_id)
        if target.id in {job.instance_id, *reached} or not (
            job.kind == "signal" or _meant(target, row.correlation, job.inputs)
        ):
            continue
        with suppress(instances.NobodyWaits), session.begin_nested():
            instances.send(
                session,
                target,
                job.name,
                job.inputs,
                by=None,
                now=now,
                signal=job.kind == "signal",
                key=f"{job.key}:{target.id}",
            )
            reached.append(target.id)
    return reached


def _begin(session: Session, job: Job, now: datetime) -> list[int]:
    """New instances of every process that starts with this message, in the version in which new ones start."""
    origin = session.get(Instance, job.instance_id) if job.instance_id else None
    owner = session.get(Person, origin.owner_id) if origin and origin.owner_id else None
    begun: list[int] = []
    for definition in session.scalars(definitions.catalogue()).all():
        starts = definitions.blueprint(session, definition).starts
        if definition.retired_at is None and any((job.kind, job.name) == (s.kind, s.message) for s in starts):
            made = instances.start(
                session,
                definition,
                job.inputs,
                by=None,
                now=now,
                message=job.name,
                owner=owner,
                title=origin.title if origin else "",
                business_key=origin.business_key if origin else None,
                key=f"{job.key}:{definition.id}",
            )
            begun.append(made.id)
    return begun


def _meant(target: Instance, correlation: Mapping[str, Any] | None, payload: Mapping[str, Any]) -> bool:
    if correlation:
        return all(payload.get(name) == value for name, value in correlation.items())
    wanted = payload.get("business_key")
    return wanted is not None and target.business_key == wanted


def _failed(factory: sessionmaker[Session], job_id: int, failure: Failed, now: datetime) -> None:
    """Back off, or give up: to the diagram's error boundary, else to a person."""
    try:
        with factory.begin() as session:
            job = _locked(session, session.get_one(Job, job_id))
            if job.done_at is not None or job.failed_at is not None:
                return
            job.error, job.leased_until = str(failure)[:4000], None
            if not failure.permanent and job.tries < TRIES:
                job.next_at = now + _pause(job.tries)
            elif job.kind != "call" or not instances.fail(session, job, failure.code, str(failure), now=now):
                _give_up(session, job, failure.code, str(failure), now)
    except Refusal as refusal:
        _stop(factory, job_id, type(refusal).__name__, str(refusal), now)


def _pause(tries: int) -> timedelta:
    """2, 4, 8 … seconds, a quarter of an hour at most, each a little different so that tries do not march in step."""
    return timedelta(seconds=min(2**tries, 900) * random.uniform(0.8, 1.2))  # noqa: S311  # jitter, no secret


def _stop(factory: sessionmaker[Session], job_id: int, code: str, message: str, now: datetime) -> None:
    with factory.begin() as session:
        job = _locked(session, session.get_one(Job, job_id))
        if job.done_at is None and job.failed_at is None:
            _give_up(session, job, code, message, now)


def _give_up(session: Session, job: Job, code: str, message: str, now: datetime) -> None:
    """The job waits for a person: its incident says why, and retrying the incident makes it due again."""
    job.failed_at, job.error, job.leased_until = now, message[:4000], None
    if job.instance_id is None:
        what = {"code": code, "message": message[:500]}
        history.record(session, "failed", at=now, actor=None, subject=f"job:{job.id}", data=what)
        return
    incidents.open_(
        session,
        session.get_one(Instance, job.instance_id, with_for_update=True, populate_existing=True),
        code=code,
        message=message,
        now=now,
        diagram=job.diagram,
        element=job.element,
        job_id=job.id,
    )
