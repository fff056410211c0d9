"""The worker's side of the outbox: lease, call, store the answer; back off, give up, open an incident, retry."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Select, or_, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from engine import history
from engine.errors import Refusal
from engine.people import Person
from engine.ports import Call, Failed, wiring
from engine.process import calls, delivering, inbox, incidents, instances, outbox, overrides, resting
from engine.process.advancing import Unreadable
from engine.process.editing import NothingChanged
from engine.process.incidents import Incident
from engine.process.instances import Instance, Resting
from engine.process.outbox import PENDING, Job
from engine.process.overrides import ReasonMissing, reasoned
from engine.process.spiff import values
from engine.process.subscriptions import Subscription

__all__ = ["AlreadyResolved", "CannotRetry", "ReasonMissing", "due", "edit", "retry", "skip", "work"]

log = structlog.get_logger(__name__)

TRIES = 8
LEASE = timedelta(minutes=2)
BATCH = 10
"""Jobs leased at once: few enough that the last one's turn comes before its lease is over."""


class AlreadyResolved(Refusal):
    """Somebody has already dealt with this incident."""


class CannotRetry(Refusal):
    """The case has ended, or nothing is left to try again: close the incident instead."""


class NotACall(Refusal):
    """This incident has no call whose inputs could be changed; change the data of the case instead."""


class UnknownInput(Refusal):
    """The call has no input “%(name)s”."""


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
        for lease in leased:
            _try(factory, lease, now)
        tried += len(leased)
        if not leased:
            break
    return tried


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's turn with a job. Whoever finds another number of tries has lost the job to somebody else."""

    job_id: int
    tries: int

    def is_lost(self, job: Job) -> bool:
        """Whether the job is done, given up, or in other hands by now."""
        return job.done_at is not None or job.failed_at is not None or job.tries != self.tries


def _lease(factory: sessionmaker[Session], most: int, now: datetime) -> list[Lease]:
    """Take the next jobs, so that nobody else does before the lease is over. A try counts from its lease."""
    with factory() as session:
        query = due(now).limit(most).with_for_update(skip_locked=True)
        leased = _apart(session.scalars(query).all())
        for job in leased:
            job.leased_until, job.tries = now + LEASE, job.tries + 1
        taken = [Lease(job.id, job.tries) for job in leased]
        session.commit()
    return taken


def _apart(found: Sequence[Job]) -> Sequence[Job]:
    """Jobs to take together. What a dead worker left is taken alone: it may be what killed it, and kill again."""
    left = [place for place, job in enumerate(found) if job.leased_until is not None]
    return found[: left[0] or 1] if left else found


def _try(factory: sessionmaker[Session], lease: Lease, now: datetime) -> None:
    """One turn with one job. Whatever it does, its neighbours go on."""
    try:
        _one(factory, lease, now)
    except (OperationalError, StaleDataError):
        log.warning("job_postponed", job=lease.job_id)  # the database was busy: the lease runs out
    except Exception:  # the last door: even what cannot be written down must not hold up the others
        log.exception("job_stuck", job=lease.job_id)


def _one(factory: sessionmaker[Session], lease: Lease, now: datetime) -> None:
    try:
        if lease.tries > TRIES:
            raise Failed(f"begun {TRIES} times and never ended", code="ABANDONED", permanent=True)
        _carry_out(factory, lease, now)
    except Failed as failure:
        _failed(factory, lease, failure, now)
    except Unreadable as broken:
        resting.put_aside(factory, broken, now=now)
    except Resting:
        _wait(factory, lease)
    except Refusal as refusal:  # the engine's own word: no error boundary is asked, a person is
        _stop(factory, lease, type(refusal).__name__, str(refusal), now)
    except (OperationalError, StaleDataError):
        raise
    except Exception as error:  # the one door: whatever a connector does, its neighbours go on
        log.exception("job_failed", job=lease.job_id)
        _failed(factory, lease, Failed(f"{type(error).__name__}: {error}"), now)


def retry(session: Session, incident: Incident, *, by: Person, now: datetime, reason: str) -> None:
    """Try again what an incident stopped: its job, or its timer.

    Raises ReasonMissing, AlreadyResolved, CannotRetry, Resting.
    """
    said = reasoned(reason)
    instance = _of(session, incident)
    job = session.get(Job, incident.job_id) if incident.job_id else None
    timer = session.get(Subscription, incident.subscription_id) if incident.subscription_id else None
    if instance.ended_at is not None or (job is None and timer is None):
        raise CannotRetry
    if job is not None:
        job.failed_at, job.leased_until, job.tries, job.next_at = None, None, 0, now
    if timer is not None:
        timer.due_at = now
    incidents.resolve(session, incident, "retried", by=by, now=now, reason=said)


def skip(session: Session, incident: Incident, *, by: Person, now: datetime, reason: str) -> None:
    """Go on without what an incident stopped: a call counts as answered with nothing, a timer never fires.

    Raises ReasonMissing, AlreadyResolved, Resting, and what the diagram raises when it goes on.
    """
    said = reasoned(reason)
    instance = _of(session, incident)
    job = session.get(Job, incident.job_id) if incident.job_id else None
    incidents.resolve(session, incident, "skipped", by=by, now=now, reason=said)
    if job is not None and job.kind == "call" and instance.ended_at is None:
        job.failed_at = None
        calls.finish(session, job, {}, now=now, by=by)


def edit(
    session: Session,
    incident: Incident,
    changes: Mapping[str, Any],
    *,
    by: Person,
    now: datetime,
    reason: str,
) -> None:
    """Change what the call of an incident asks, before it is tried again; the case's own data stay as they are.

    Old and new values are in history, secrets masked. Raises ReasonMissing, AlreadyResolved, Resting, NotACall,
    UnknownInput, NothingChanged.
    """
    said = reasoned(reason)
    instance = _of(session, incident)
    job = session.get(Job, incident.job_id) if incident.job_id else None
    if job is None or job.kind != "call" or instance.ended_at is not None:
        raise NotACall
    for name in changes:
        if name not in job.inputs:
            raise UnknownInput(name=name[:80], field=name)
    wanted = {name: value for name, value in changes.items() if not values.same(job.inputs[name], value)}
    if not wanted:
        raise NothingChanged
    old = {name: job.inputs[name] for name in wanted}
    outbox.ask_for(job, {**job.inputs, **wanted})
    incident.data = incidents.shown(job.inputs)
    told = overrides.fact(
        instance,
        "inputs",
        said,
        by=by,
        now=now,
        diagram=job.diagram,
        element=job.element,
        token=job.token,
        data={"old": incidents.shown(old), "new": incidents.shown(wanted)},
    )
    history.write(session, [told])


def _of(session: Session, incident: Incident) -> Instance:
    """The instance an incident stopped, locked; nobody else has resolved the incident, and the case does not rest."""
    instance = instances.locked(session, incident.instance_id)
    session.refresh(incident)
    if incident.resolved_at is not None:
        raise AlreadyResolved
    if instance.ended_at is None:
        instances.must_not_rest(session, instance)
    return instance


def _carry_out(factory: sessionmaker[Session], lease: Lease, now: datetime) -> None:
    """One try. What the connector wrote and the state that follows from it are one transaction.

    Where a second worker was faster (its lease ran out while the connector worked), this try leaves nothing behind.
    An answer that came while the case rested is not asked for again.
    """
    with factory() as session:
        session.connection(execution_options={"reading": True})
        job = session.get_one(Job, lease.job_id)
        if lease.is_lost(job):
            return
        call = Call(job.key, job.name, job.operation or "", dict(job.inputs), session, now, job.instance_id)
        asks, kept = job.kind in {"call", "notice"}, job.answer
        session.rollback()  # nobody waits for the database while a connector waits for the world
        answer = kept if kept is not None else _ask(call) if asks else {}
        job = _locked(session, job)
        if job.done_at is not None or job.failed_at is not None:
            return
        if job.kind == "call":
            calls.finish(session, job, answer, now=now)
        elif job.kind == "notice":
            job.done_at, job.answer = now, dict(answer)
        elif job.kind == "delivery":
            delivering.hand_in(session, job, now=now)
        else:
            job.done_at, job.answer = now, inbox.forward(session, job, now=now)
        session.commit()


def _ask(call: Call) -> Mapping[str, Any]:
    connector = wiring(call.session).connectors.get(call.connector)
    if connector is None:
        raise Failed(f"there is no connector “{call.connector}”", code="UNKNOWN_CONNECTOR", permanent=True)
    return connector.run(call)


def _locked(session: Session, job: Job) -> Job:
    """The job as it is now. Its instance is locked first, as every command does: no two wait for each other."""
    if job.kind in outbox.HELD and job.instance_id:
        instances.locked(session, job.instance_id)
    return session.get_one(Job, job.id, with_for_update=True, populate_existing=True)


def _failed(factory: sessionmaker[Session], lease: Lease, failure: Failed, now: datetime) -> None:
    """Back off, or give up: to the diagram's error boundary, else to a person. A job in other hands is not touched."""
    message = str(failure).replace("\x00", "")
    try:
        with factory.begin() as session:
            job = _locked(session, session.get_one(Job, lease.job_id))
            if lease.is_lost(job):
                return
            job.error, job.leased_until = message[:4000], None
            if job.kind in outbox.HELD and instances.at_rest(session.get_one(Instance, job.instance_id)):
                outbox.postpone(job)
            elif not failure.permanent and job.tries < TRIES:
                job.next_at = now + _pause(job.tries)
            elif job.kind != "call" or not calls.fail(session, job, failure.code, message, now=now):
                _give_up(session, job, failure.code, message, now)
    except Unreadable as broken:
        resting.put_aside(factory, broken, now=now)
    except Refusal as refusal:
        _stop(factory, lease, type(refusal).__name__, str(refusal), now)


def _pause(tries: int) -> timedelta:
    """2, 4, 8 … seconds, a quarter of an hour at most, each a little different so that tries do not march in step."""
    return timedelta(seconds=min(2**tries, 900) * random.uniform(0.8, 1.2))  # noqa: S311  # jitter, no secret


def _wait(factory: sessionmaker[Session], lease: Lease) -> None:
    """The case rests: its effect waits with it."""
    with factory.begin() as session:
        job = _locked(session, session.get_one(Job, lease.job_id))
        if not lease.is_lost(job):
            outbox.postpone(job)


def _stop(factory: sessionmaker[Session], lease: Lease, code: str, message: str, now: datetime) -> None:
    with factory.begin() as session:
        job = _locked(session, session.get_one(Job, lease.job_id))
        if not lease.is_lost(job):
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
        instances.locked(session, job.instance_id),
        code=code,
        message=message,
        now=now,
        diagram=job.diagram,
        element=job.element,
        job_id=job.id,
        data=job.inputs,
    )
