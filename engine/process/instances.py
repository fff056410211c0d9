"""Running processes: one row each, and the commands that move them.

A verb checks that the command makes sense, notes what somebody brought, and leaves the rest to `advancing`: one
transaction, a version check, an idempotency key. Nothing here commits: the caller's transaction stands or falls whole.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, Select, String, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import history
from engine.db import Base, BigId
from engine.errors import Refusal, Stale
from engine.history import Event
from engine.people import Person
from engine.ports import wiring
from engine.process import approvals, definitions, forms, subscriptions, tasks
from engine.process.advancing import Action, Answered, Wreck, advance, facts, settle
from engine.process.blueprint import Blueprint, Start
from engine.process.definitions import Definition
from engine.process.runner import Run
from engine.process.subscriptions import Subscription
from engine.process.tasks import UserTask


class NotRunning(Refusal):
    """This case has ended; nothing more can happen to it."""


class Resting(Refusal):
    """Nothing can happen to this case now."""


class Suspended(Resting):
    """This case has been resting since %(since)s. %(who)s wrote: “%(why)s”. Nothing happens to it until it is resumed."""


class Quarantined(Resting):
    """The stored state of this case could not be read on %(since)s, and nothing happens to it until that is mended.
    Ask whoever designs or administers processes: they can go back to a kept state, or stop the case."""


class NobodyWaits(Refusal):
    """This case is not waiting for “%(message)s” now."""


class UnknownStart(Refusal):
    """This process cannot be started that way."""


class Retired(Refusal):
    """This version of the process has been retired; start the newest one."""


class Instance(Base):
    """One running or ended process. ``state`` holds only what its future needs; its past is in history.

    ``seq`` is the number of its last fact. ``version`` rises with every change and lets two who act at once not
    both win. ``outcome`` is what the reached end event says (won, lost …) or its id.
    """

    __tablename__ = "instances"
    __table_args__ = (Index("ix_instances_process", "process", "ended_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("definitions.id"), index=True)
    process: Mapped[str] = mapped_column(String(200))
    business_key: Mapped[str | None] = mapped_column(String(120), index=True)
    title: Mapped[str] = mapped_column(String(250), default="")
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    state: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    version: Mapped[int] = mapped_column(default=1)
    seq: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime]
    started_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(200))
    suspended_at: Mapped[datetime | None]
    """Since when an operator lets it rest: nothing happens to it until it is resumed."""
    quarantined_at: Mapped[datetime | None]
    """Since when its state cannot be read: nothing happens to it until a person has mended it."""

    __mapper_args__ = {"version_id_col": version}


class Command(Base):
    """A command that was carried out under this key; the same key does nothing a second time."""

    __tablename__ = "commands"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"))
    at: Mapped[datetime]


def running() -> Select[Instance]:
    """Instances that have not ended, the oldest first."""
    return select(Instance).where(Instance.ended_at.is_(None)).order_by(Instance.id)


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
    repeated = _repeated(session, key)
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
    first = _begun(session, instance, key, now)
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
    if not is_first(session, key, instance, now):
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
    _tell(
        session,
        Answered(
            instance, plan, answers, by, now, form=form, task=task, diagram=task.diagram, element=element
        ),
    )
    command = Action("user", by, now, answers, task=task, open=open_, facts=[completed])
    advance(
        session,
        instance,
        plan,
        definition,
        command,
        lambda run: run.complete(task.token, _routing(plan, answers)),
    )
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
    if not is_first(session, key, instance, now):
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
    history.record(
        session,
        "fired",
        at=now,
        actor=None,
        instance=instance,
        diagram=diagram,
        element=element,
        token=token,
        data=what,
    )
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


# ------------------------------------------------------------------------------------------------------- resting


def at_rest(instance: Instance) -> bool:
    """Whether nothing may happen to a running case now: an operator lets it rest, or its state cannot be read."""
    return instance.suspended_at is not None or instance.quarantined_at is not None


def must_not_rest(session: Session, instance: Instance) -> None:
    """Every command of a person passes here. Raises Quarantined, or Suspended with who said so and why."""
    if instance.quarantined_at is not None:
        raise Quarantined(since=instance.quarantined_at)
    if instance.suspended_at is not None:
        said = session.execute(
            select(Person.name, Event.data)
            .join(Person, Person.id == Event.actor_id, isouter=True)
            .where(Event.instance_id == instance.id, Event.kind == "overridden")
            .where(Event.data["what"].as_string() == "suspended")
            .order_by(Event.seq.desc())
        ).first()
        who, data = said or (None, None)
        why = (data or {}).get("reason", "")
        raise Suspended(since=instance.suspended_at, who=who or "Contentum", why=why)


def must_run(session: Session, instance: Instance) -> None:
    """Raises NotRunning for a case that has ended, and what `must_not_rest` raises."""
    if instance.ended_at is not None:
        raise NotRunning
    must_not_rest(session, instance)


def locked(session: Session, instance_id: int | None) -> Instance:
    """The instance as it is now, kept from others until the transaction ends."""
    return session.get_one(Instance, instance_id, with_for_update=True, populate_existing=True)


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


def _repeated(session: Session, key: str | None) -> Instance | None:
    command = session.get(Command, key) if key else None
    return session.get_one(Instance, command.instance_id) if command else None


def is_first(session: Session, key: str | None, instance: Instance, now: datetime) -> bool:
    """Take the key for a command on this case; False when it was taken before. Somebody at it right now is waited for."""
    if key is None:
        return True
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = {"key": key, "instance_id": instance.id, "at": now}
    took = session.execute(
        dialect.insert(Command).values(row).on_conflict_do_nothing().returning(Command.key)
    )
    return took.first() is not None


def _begun(session: Session, instance: Instance, key: str | None, now: datetime) -> Instance:
    """The new instance as a row, or the one that was begun under the same key at this very moment."""
    if key is None:
        session.add(instance)
        session.flush()
        return instance
    try:
        with session.begin_nested():
            session.add(instance)
            session.flush()
            _remember(session, key, instance, now)
    except Stale:
        first = _repeated(session, key)
        if first is None:
            raise
        return first
    return instance


def _remember(session: Session, key: str | None, instance: Instance, now: datetime) -> None:
    """Raises Stale where the same key is being carried out at this very moment: asking again finds it done."""
    if key:
        session.add(Command(key=key, instance_id=instance.id, at=now))
        try:
            session.flush()
        except IntegrityError as error:
            raise Stale from error
