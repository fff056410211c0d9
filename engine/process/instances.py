"""The commands that move running processes; `running` has their row, which is offered here too.

A verb checks that the command makes sense, notes what somebody brought, and leaves the rest to `advancing`: one
transaction, a version check, an idempotency key. Nothing here commits: the caller's transaction stands or falls whole.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine import history
from engine.errors import Refusal
from engine.people import Person
from engine.ports import wiring
from engine.process import approvals, commands, definitions, forms, subscriptions, tasks
from engine.process.advancing import Action, Answered, Wreck, advance, facts, settle
from engine.process.blueprint import Blueprint, Start
from engine.process.commands import Command
from engine.process.definitions import Definition
from engine.process.runner import Run
from engine.process.running import (
    Instance,
    NotRunning,
    Quarantined,
    Resting,
    Suspended,
    at_rest,
    locked,
    must_not_rest,
    must_run,
    running,
)
from engine.process.subscriptions import Subscription
from engine.process.tasks import UserTask

__all__ = [
    "Command",
    "Instance",
    "NobodyWaits",
    "NotRunning",
    "Quarantined",
    "Resting",
    "Retired",
    "Suspended",
    "UnknownStart",
    "at_rest",
    "cancel",
    "complete",
    "fire",
    "locked",
    "must_not_rest",
    "must_run",
    "running",
    "send",
    "start",
]


class NobodyWaits(Refusal):
    """This case is not waiting for “%(message)s” now."""


class UnknownStart(Refusal):
    """This process cannot be started that way."""


class Retired(Refusal):
    """This version of the process has been retired; start the newest one."""


def start(
    session: Session,
    definition: Definition,
    raw: Mapping[str, Any] | None = None,
    *,
    by: Person | None,
    now: datetime,
    element: str | None = None,
    message: str | None = None,
    owner: Person | None = None,
    title: str = "",
    business_key: str | None = None,
    key: str | None = None,
) -> Instance:
    """Start a process by a person (``raw`` is the start form as submitted) or by a message (``raw`` is its payload).

    ``element`` picks one of several starts. Raises UnknownStart, Retired, Invalid, and what the diagram raises.
    """
    repeated = commands.repeated(session, key)
    if repeated is not None:
        return repeated
    if definition.retired_at is not None:
        raise Retired
    approvals.must_stand(definition)
    plan = definitions.blueprint(session, definition)
    begin = _start_of(plan, element, message)
    form = definitions.form(session, definition, begin.form) if begin.form and not message else None
    answers = _checked(session, form, raw or {}, now) if message is None else dict(raw or {})
    holder = owner or by
    instance = Instance(
        definition_id=definition.id,
        process=definition.process,
        business_key=business_key,
        title=title,
        owner_id=holder.id if holder else None,
        started_at=now,
        started_by_id=by.id if by else None,
    )
    first = commands.begun(session, instance, key, now)
    if first is not instance:
        return first
    drawn = plan.element(plan.process, begin.element)
    what = {"answers": answers, "start": begin.element}
    history.record(
        session,
        "started",
        at=now,
        actor=by,
        instance=instance,
        diagram=plan.process,
        element=drawn.drawn if drawn else begin.element,
        data=what,
    )
    _tell(session, Answered(instance, plan, answers, by, now, form=form, start=begin, message=message))
    run = Run.start(
        definitions.program(session, definition),
        {**_routing(plan, answers), "start": begin.element},
        facts=facts(session, instance),
        now=now,
        heard=(message, answers) if message is not None and begin.kind == "message" else None,
    )
    command = Action("message" if message else "user", by, now, answers, message=message, started=True)
    settle(session, instance, plan, run, command)
    return instance


def complete(
    session: Session,
    task: UserTask,
    raw: Mapping[str, Any],
    *,
    by: Person | None,
    now: datetime,
    key: str | None = None,
    checked: bool = False,
) -> Instance:
    """Complete a task with its form as submitted and let the diagram decide what comes next.

    An unclaimed task of one's own queue is claimed by completing it. ``checked``: these are answers `read` gave before.
    Raises AlreadyClosed, NotYours, Invalid.
    """
    instance = locked(session, task.instance_id)
    if not commands.is_first(session, key, instance, now):
        return instance
    must_not_rest(session, instance)
    open_ = tasks.open_of(session, instance.id, anew=True)
    if task not in open_:
        session.refresh(task)
    task.must_be_open_for(by)
    definition = session.get_one(Definition, task.definition_id)
    plan = definitions.blueprint(session, definition)
    form = definitions.form(session, definition, task.form) if task.form else None
    answers = dict(raw) if checked else _checked(session, form, raw, now)
    task.closed_at = now
    if by is not None:
        task.completed_by_id = by.id
        task.assignee_id = task.assignee_id or by.id
    task.begin(now)
    element = plan.element(task.diagram, task.element)
    added = {"added": element.id} if element is not None and element.added else {}
    completed = history.fact(
        "completed",
        at=now,
        actor=by,
        instance=instance,
        diagram=task.diagram,
        element=element.drawn if element is not None else task.element,
        token=task.token,
        task_id=task.id,
        data={"answers": answers, **added},
    )
    task.done_seq = completed.seq
    _tell(
        session,
        Answered(
            instance, plan, answers, by, now, form=form, task=task, diagram=task.diagram, element=element
        ),
    )
    command = Action("user", by, now, answers, task=task, open=open_, facts=[completed])
    routing = _routing(plan, answers)
    advance(session, instance, plan, definition, command, lambda run: run.complete(task.token, routing))
    return instance


def read(session: Session, task: UserTask, raw: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """A task's form as submitted, checked and ready to be kept, without completing anything. Raises Invalid."""
    definition = session.get_one(Definition, task.definition_id)
    form = definitions.form(session, definition, task.form) if task.form else None
    return _checked(session, form, raw, now)


def send(
    session: Session,
    instance: Instance,
    message: str,
    payload: Mapping[str, Any],
    *,
    by: Person | None,
    now: datetime,
    token: str | None = None,
    cause: str = "message",
    signal: bool = False,
    key: str | None = None,
) -> Instance:
    """Give one instance a message (or ``signal``) it waits for. Raises NotRunning, Resting, NobodyWaits."""
    instance = locked(session, instance.id)
    if not commands.is_first(session, key, instance, now):
        return instance
    must_run(session, instance)
    definition = session.get_one(Definition, instance.definition_id)
    plan = definitions.blueprint(session, definition)
    what = {"message": message, "payload": dict(payload)}
    history.record(session, "received", at=now, actor=by, instance=instance, token=token, data=what)
    _tell(session, Answered(instance, plan, payload, by, now, message=message))

    def deliver(run: Run) -> None:
        caught = run.signal(message, payload) if signal else run.send(message, payload, token=token)
        if not caught:
            raise NobodyWaits(message=message)

    advance(session, instance, plan, definition, Action(cause, by, now, payload, message=message), deliver)
    return instance


def fire(session: Session, subscription: Subscription, *, now: datetime) -> Instance | None:
    """A timer's moment has come. A timer that is gone by now is silently nothing: None. While its case rests, it waits."""
    instance = locked(session, subscription.instance_id)
    current = session.get(Subscription, subscription.id, populate_existing=True)
    if current is None:
        return None
    if instance.ended_at is not None:
        session.delete(current)
        return None
    if at_rest(instance):
        subscriptions.park(session, instance)
        return None
    definition = session.get_one(Definition, instance.definition_id)
    plan = definitions.blueprint(session, definition)
    what = {"due": current.due_at.isoformat() if current.due_at else None}
    token, diagram, element = current.token, current.diagram, current.element
    where: dict[str, Any] = {"diagram": diagram, "element": element, "token": token}
    history.record(session, "fired", at=now, actor=None, instance=instance, data=what, **where)
    session.delete(current)
    session.flush()
    advance(session, instance, plan, definition, Action("timer", None, now), lambda run: run.fire(token))
    return instance


def cancel(session: Session, instance: Instance, reason: str, *, by: Person | None, now: datetime) -> None:
    """Stop an instance for good, also one that rests or cannot be read; its open tasks close. Raises NotRunning."""
    instance = locked(session, instance.id)
    if instance.ended_at is not None:
        raise NotRunning
    definition = session.get_one(Definition, instance.definition_id)
    plan = definitions.blueprint(session, definition)
    history.record(session, "stopped", at=now, actor=by, instance=instance, data={"reason": reason})
    command = Action("admin", by, now, anew=True)
    if instance.quarantined_at is not None:
        settle(session, instance, plan, Wreck(instance.state), command)
        return
    advance(session, instance, plan, definition, command, lambda run: run.cancel())


# ------------------------------------------------------------------------------------------------ small helpers


def _start_of(plan: Blueprint, element: str | None, message: str | None) -> Start:
    for begin in plan.starts:
        if element is not None and begin.element != element:
            continue
        if message is not None and begin.message != message:
            continue
        if message is None and begin.kind == "message" and element is None and len(plan.starts) > 1:
            continue
        return begin
    raise UnknownStart


def _checked(
    session: Session, form: forms.Form | None, raw: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    if form is None:
        return {}
    make = wiring(session).known
    listed = {key: value if isinstance(value, list | tuple) else [value] for key, value in raw.items()}
    return forms.read(form, listed, known=make(session) if make else None, now=now)


def _routing(plan: Blueprint, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The part of the answers that some expression reads; the rest is history, not state."""
    return {name: value for name, value in answers.items() if name in plan.variables}


def _tell(session: Session, answered: Answered) -> None:
    with session.no_autoflush:  # what they store goes with everything else
        for listener in wiring(session).answered:
            listener(session, answered)
