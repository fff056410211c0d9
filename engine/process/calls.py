"""A connector's answer comes back to the token that waits for it, or its failure to the boundary that catches it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine import history
from engine.people import Person
from engine.process import advancing, definitions, instances, outbox
from engine.process.advancing import Action
from engine.process.definitions import Definition
from engine.process.outbox import Job
from engine.process.runner import TokenGone


def finish(
    session: Session, job: Job, answer: Mapping[str, Any], *, now: datetime, by: Person | None = None
) -> None:
    """A connector answered the call of a waiting token (or ``by`` did in its place). A token that is gone makes it nothing.

    While the case rests, the answer is kept and counts when it goes on.
    """
    instance = instances.locked(session, job.instance_id)
    job.answer = dict(answer)
    if instances.at_rest(instance):
        outbox.postpone(job)
        return
    job.done_at = now
    if instance.ended_at is not None or job.token is None:
        return
    definition = session.get_one(Definition, instance.definition_id)
    plan = definitions.blueprint(session, definition)
    run = advancing.load(session, instance, definition, now=now)
    try:
        run.finish(job.token, answer)
    except TokenGone:
        return
    what = {"connector": job.name, "operation": job.operation, "answer": dict(answer)}
    history.record(
        session,
        "answered",
        at=now,
        actor=by,
        instance=instance,
        diagram=job.diagram,
        element=job.element,
        token=job.token,
        data=what,
    )
    advancing.settle(session, instance, plan, run, Action("job", by, now, answer))


def fail(session: Session, job: Job, code: str, message: str, *, now: datetime) -> bool:
    """Give up a call: an error boundary of the diagram takes it (True), or nobody does (False, nothing changed).

    A token that is gone needs nobody: True.
    """
    instance = instances.locked(session, job.instance_id)
    if instance.ended_at is not None or job.token is None:
        job.failed_at, job.error = now, message[:4000]
        return True
    definition = session.get_one(Definition, instance.definition_id)
    plan = definitions.blueprint(session, definition)
    run = advancing.load(session, instance, definition, now=now)
    try:
        if run.fail(job.token, code, {}) is None:
            return False
    except TokenGone:
        job.failed_at, job.error = now, message[:4000]
        return True
    job.failed_at, job.error = now, message[:4000]
    what = {"connector": job.name, "operation": job.operation, "code": code, "message": message[:500]}
    history.record(
        session,
        "failed",
        at=now,
        actor=None,
        instance=instance,
        diagram=job.diagram,
        element=job.element,
        token=job.token,
        data=what,
    )
    advancing.settle(session, instance, plan, run, Action("job", None, now))
    return True
