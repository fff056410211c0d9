"""Operating a running case by hand: rest and go on, move, change data, go back, give work to somebody else.

Every verb needs a right and a reason and leaves one fact ``overridden``. What changes a state keeps it first, so that
there is a way back, and goes through `advancing.settle`: tasks, timers, calls and listeners follow as from any command.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import history, people
from engine.errors import NotAllowed, NotFound, Refusal
from engine.history import Event
from engine.people import Person
from engine.process import (
    advancing,
    checkpoints,
    definitions,
    editing,
    incidents,
    instances,
    opening,
    outbox,
    resting,
    tasks,
)
from engine.process.advancing import Action, Entered
from engine.process.blueprint import Blueprint
from engine.process.checkpoints import Checkpoint
from engine.process.definitions import Definition
from engine.process.incidents import Incident
from engine.process.instances import Instance
from engine.process.outbox import Job
from engine.process.overrides import MOVERS, OPERATORS, fact, must_be, reasoned
from engine.process.runner import Run
from engine.process.subscriptions import Subscription
from engine.process.tasks import UserTask


class RestsAlready(Refusal):
    """This case is resting already."""


class RestsNot(Refusal):
    """This case is not resting."""


class Left(Refusal):
    """%(name)s is no longer with the organization."""


class UnknownQueue(Refusal):
    """There is no queue “%(queue)s”: it is a department, its head, or a role."""


# ------------------------------------------------------------------------------------------------------ resting


def suspend(session: Session, instance: Instance, reason: str, *, by: Person | None, now: datetime) -> None:
    """Let a case rest: nothing happens to it until `resume`. Raises NotAllowed, ReasonMissing, NotRunning, RestsAlready."""
    held, said = _taken(session, instance, reason, by, OPERATORS)
    if held.suspended_at is not None:
        raise RestsAlready
    held.suspended_at = now
    resting.rest(session, held, by=by, now=now)
    _record(session, fact(held, "suspended", said, by=by, now=now))


def resume(session: Session, instance: Instance, reason: str, *, by: Person | None, now: datetime) -> None:
    """Let a case go on; what came due meanwhile happens now, in order. Raises RestsNot, Quarantined and as `suspend`."""
    held, said = _taken(session, instance, reason, by, OPERATORS)
    if held.suspended_at is None:
        raise RestsNot
    since, held.suspended_at = held.suspended_at, None
    instances.must_not_rest(session, held)
    resting.wake(session, held, by=by, now=now)
    _record(session, fact(held, "resumed", said, by=by, now=now, data={"since": since.isoformat()}))


def look_again(
    session: Session, instance: Instance, reason: str, *, by: Person | None, now: datetime
) -> None:
    """Read the state of a quarantined case once more; where that works, it goes on. Raises RestsNot, UnreadableToo."""
    held, said = _taken(session, instance, reason, by, OPERATORS)
    if held.quarantined_at is None:
        raise RestsNot
    resting.read(session, held, now)
    resting.lift(session, held, said, by, now)
    _record(session, fact(held, "mended", said, by=by, now=now))


# ----------------------------------------------------------------------------------------------- changing a state


def keep(
    session: Session, instance: Instance, reason: str, *, name: str = "", by: Person | None, now: datetime
) -> Checkpoint:
    """Keep the state as it is now, under a name. Raises NotAllowed, ReasonMissing, NotRunning, Quarantined."""
    held, said = _taken(session, instance, reason, by, OPERATORS)
    _must_be_readable(held)
    kept = checkpoints.keep(session, held, "manual", by=by, now=now, name=name.strip() or said)
    _record(session, fact(held, "kept", said, by=by, now=now, data={"checkpoint": kept.id}))
    return kept


def move(
    session: Session,
    instance: Instance,
    token: str | None,
    diagram: str,
    element: str,
    reason: str,
    *,
    by: Person | None,
    now: datetime,
) -> None:
    """Take one token (None: the whole case) to a step, as if it had come there by a flow.

    Raises NotAllowed, ReasonMissing, NotRunning, Quarantined, TokenGone, and by name what cannot be entered or left:
    see `spiff.moving`.
    """
    held, said = _taken(session, instance, reason, by, MOVERS)
    _must_be_readable(held)
    definition = session.get_one(Definition, held.definition_id)
    run = advancing.load(session, held, definition, now=now)
    left = [
        {"diagram": each.diagram, "element": each.element}
        for each in run.waiting()
        if each.kind in {"task", "call"} or _stands(definitions.blueprint(session, definition), each)
        if token is None or each.token.partition(".")[0] == token.partition(".")[0]
    ]
    kept = checkpoints.keep(session, held, "moved", by=by, now=now)
    run.move(token, diagram, element)
    told = fact(
        held,
        "moved",
        said,
        by=by,
        now=now,
        diagram=diagram,
        element=element,
        data={"from": _unique(left), "whole": token is None, "checkpoint": kept.id},
    )
    _settle(session, held, run, Action("admin", by, now, _why(said), facts=[told]))


def edit(
    session: Session,
    instance: Instance,
    token: str | None,
    changes: Mapping[str, Any],
    reason: str,
    *,
    by: Person | None,
    now: datetime,
) -> None:
    """Give names in the data of one token (None: of the whole case) other values; calls under way ask with them.

    Raises NotAllowed, ReasonMissing, NotRunning, Quarantined, TokenGone, NothingChanged, and by name what `editing.fit`
    refuses.
    """
    held, said = _taken(session, instance, reason, by, MOVERS)
    _must_be_readable(held)
    definition = session.get_one(Definition, held.definition_id)
    plan = definitions.blueprint(session, definition)
    run = advancing.load(session, held, definition, now=now)
    before = known(run, token)
    wanted = editing.fit(changes, before, plan, advancing.facts(session, held)())
    if not wanted:
        raise editing.NothingChanged
    kept = checkpoints.keep(session, held, "edited", by=by, now=now)
    run.edit(token, wanted)
    old = {name: before.get(name) for name in wanted}
    what = {"old": old, "new": wanted, "checkpoint": kept.id}
    told = fact(held, "edited", said, by=by, now=now, token=token, data=what)
    _settle(session, held, run, Action("admin", by, now, _why(said), facts=[told]))
    waiting = [] if run.ended else run.waiting()
    opening.refit(held, plan, tasks.open_of(session, held.id), waiting)
    asked = {each.token: each for each in waiting if each.kind == "call"}
    for job in session.scalars(select(Job).where(Job.instance_id == held.id, Job.done_at.is_(None))):
        if job.token in asked and token in (None, job.token):
            outbox.ask_for(job, asked[job.token].inputs)
    session.flush()


def restore(
    session: Session,
    instance: Instance,
    checkpoint: Checkpoint,
    reason: str,
    *,
    by: Person | None,
    now: datetime,
) -> None:
    """Go back to a kept state, in the version it was kept on; this lifts a quarantine.

    Tasks open and close, calls that wait there are made again, timers that were gone start anew. What was done outside
    since then stays done. Raises NotAllowed, ReasonMissing, NotRunning, NotFound, UnreadableToo.
    """
    held, said = _taken(session, instance, reason, by, OPERATORS)
    if checkpoint.instance_id != held.id:
        raise NotFound
    last = checkpoints.last_number(session, held)
    kept = checkpoints.keep(session, held, "broken" if held.quarantined_at else "restored", by=by, now=now)
    held.state, held.definition_id = checkpoint.state, checkpoint.definition_id
    run = resting.read(session, held, now)
    run.count_from(last)
    resting.lift(session, held, said, by, now)
    what = {
        "checkpoint": checkpoint.id,
        "kept": kept.id,
        "to": checkpoint.seq,
        "at": checkpoint.at.isoformat(),
    }
    told = fact(held, "restored", said, by=by, now=now, data=what)
    stood = _stood(session, held, checkpoint, told)
    _settle(session, held, run, Action("admin", by, now, _why(said), facts=[told], anew=True, stood=stood))


def known(run: Run, token: str | None) -> dict[str, Any]:
    """What one token (None: the case) knows. An unknown token knows nothing."""
    if token is None:
        return run.data
    return next((dict(each.data) for each in run.waiting() if each.token == token), {})


# -------------------------------------------------------------------------------------------------------- tasks


def reassign(
    session: Session, task: UserTask, to: Person | str, reason: str, *, by: Person | None, now: datetime
) -> None:
    """Give an open task to a person, or to a queue (``department:KEY``, ``head:KEY``, ``role:NAME``).

    By a designer, a director, or the head of the department whose work it is. Raises NotAllowed, ReasonMissing,
    Resting, AlreadyClosed, Left, UnknownQueue.
    """
    if by is not None and not may_reassign(session, task, by):
        raise NotAllowed
    held, said = _taken(session, session.get_one(Instance, task.instance_id), reason, None, ())
    instances.must_not_rest(session, held)
    session.refresh(task)
    task.must_be_open_for(None)
    before = {"person": task.assignee_id, "queue": task.audience}
    if isinstance(to, Person):
        if to.left_at is not None:
            raise Left(name=to.name)
        task.assignee_id, task.claimed_at = to.id, now
        task.begin(now)
    else:
        task.audience, task.assignee_id, task.claimed_at = _queue(session, to), None, None
        task.pause(now)
    after = {"person": task.assignee_id, "queue": task.audience}
    told = fact(
        held,
        "reassigned",
        said,
        by=by,
        now=now,
        diagram=task.diagram,
        element=task.element,
        token=task.token,
        task_id=task.id,
        data={"from": before, "to": after},
    )
    _record(session, told)


def may_reassign(session: Session, task: UserTask, person: Person) -> bool:
    """Whether this person may give the task to somebody else."""
    if person.has(*MOVERS):
        return True
    kind, _, key = (task.audience or "").partition(":")
    whose = people.department(session, key) if kind in {"department", "head"} else None
    return (
        whose is not None
        and bool(person.headed_ids)
        and whose.id in people.subtree(session, person.headed_ids)
    )


def _queue(session: Session, queue: str) -> str:
    kind, _, key = queue.partition(":")
    is_department = kind in {"department", "head"} and people.department(session, key) is not None
    if not is_department and not (kind == "role" and key in people.ROLES):
        raise UnknownQueue(queue=queue[:80])
    return queue


# ------------------------------------------------------------------------------------------------ small helpers


def _taken(
    session: Session, instance: Instance, reason: str, by: Person | None, roles: tuple[str, ...]
) -> tuple[Instance, str]:
    """The running instance, locked, and the reason as it is kept."""
    must_be(by, roles)
    said = reasoned(reason)
    held = instances.locked(session, instance.id)
    if held.ended_at is not None:
        raise instances.NotRunning
    return held, said


def _must_be_readable(instance: Instance) -> None:
    if instance.quarantined_at is not None:
        raise instances.Quarantined(since=instance.quarantined_at)


def _settle(session: Session, instance: Instance, run: Run, action: Action) -> None:
    definition = session.get_one(Definition, instance.definition_id)
    advancing.settle(session, instance, definitions.blueprint(session, definition), run, action)
    _close_overtaken(session, instance, run, action)
    if instances.at_rest(instance):
        resting.rest(session, instance, by=action.by, now=action.now)
    session.flush()


def _close_overtaken(session: Session, instance: Instance, run: Run, action: Action) -> None:
    """Incidents of tokens that a hand took away need nobody any more."""
    alive = set() if run.ended else {each.token for each in run.waiting()}
    for incident in session.scalars(incidents.still_open().where(Incident.instance_id == instance.id)).all():
        job = session.get(Job, incident.job_id) if incident.job_id else None
        timer = session.get(Subscription, incident.subscription_id) if incident.subscription_id else None
        is_gone = incident.subscription_id is not None and timer is None
        if is_gone or (job is not None and job.token is not None and job.token not in alive):
            said = str(action.answers.get("note", ""))
            incidents.resolve(session, incident, "overtaken", by=action.by, now=action.now, reason=said)


def _why(reason: str) -> dict[str, Any]:
    """What listeners are told: a ladder's move keeps that it was an override, and the reason in words."""
    return {"reason": "override", "note": reason}


def _record(session: Session, told: Event) -> None:
    history.write(session, [told])
    session.flush()


def _stands(plan: Blueprint, waiting: Any) -> bool:
    """Whether a token stands where this event is waited for: not at an edge, nor at the start of an event sub-process."""
    element = plan.element(waiting.diagram, waiting.element)
    return element is not None and element.attached_to is None and element.kind != "startEvent"


def _unique(places: list[dict[str, str]]) -> list[dict[str, str]]:
    return [each for number, each in enumerate(places) if each not in places[:number]]


def _stood(session: Session, instance: Instance, checkpoint: Checkpoint, told: Event) -> list[Entered]:
    """The position on a ladder, or the waiting, that the case had entered last when the state was kept."""
    plan = definitions.blueprint(session, session.get_one(Definition, checkpoint.definition_id))
    marked = {(diagram.id, each.id): each for diagram, each in plan.everything() if each.stage or each.state}
    entered = select(Event.diagram, Event.element, Event.token).where(
        Event.instance_id == instance.id,
        Event.seq <= checkpoint.seq,
        Event.kind.in_(("opened", "passed")),
        Event.element.in_({element for _, element in marked}),
    )
    for diagram, element, token in session.execute(entered.order_by(Event.seq.desc()).limit(50)):
        found = marked.get((diagram or "", element or ""))
        if found is not None:
            return [Entered(diagram or "", found, token or "", told.seq or 0)]
    return []
