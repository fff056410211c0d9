"""Running processes: `advance` is the one transaction of a command, the verbs around it are the commands.

A verb loads the state, gives the command to a `Run`, and writes everything that follows from it: the state under a
version check, open tasks, subscriptions, the outbox, history. Listeners named in `engine.ports.Wiring` write theirs
in the same transaction. Nothing here commits: the caller's transaction stands or falls as a whole.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, Select, String, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import history, people
from engine.db import Base, BigId
from engine.errors import Refusal, Stale
from engine.history import Event
from engine.people import Person
from engine.ports import wiring
from engine.process import definitions, expressions, forms, outbox, subscriptions, tasks
from engine.process.blueprint import Blueprint, Element, Start
from engine.process.definitions import Definition
from engine.process.runner import Run, Step, TokenGone, Waiting
from engine.process.subscriptions import Subscription
from engine.process.tasks import UserTask

RECORDED = ("userTask", "manualTask", "callActivity", "subProcess", "transaction")
"""Elements whose opening is a fact of history; the opening of anything else is implied by its passing."""


class NotRunning(Refusal):
    """This case has ended; nothing more can happen to it."""


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

    __mapper_args__ = {"version_id_col": version}


class Command(Base):
    """A command that was carried out under this key; the same key does nothing a second time."""

    __tablename__ = "commands"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"))
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Answered:
    """What somebody brought, before the diagram moves on. Listeners store it where it lives.

    ``form`` is the form it was asked with; ``element`` the task or start; ``message`` the message's name. ``answers``
    are checked values, all of them; only those that expressions read go on into the process data.
    """

    instance: Instance
    blueprint: Blueprint
    answers: Mapping[str, Any]
    by: Person | None
    now: datetime
    form: forms.Form | None = None
    task: UserTask | None = None
    diagram: str | None = None
    element: Element | None = None
    start: Start | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """A token came to an element of the upload. ``seq`` is that of the fact which recorded it."""

    diagram: str
    element: Element
    token: str
    seq: int


@dataclass(frozen=True, slots=True)
class Happened:
    """Everything one command did, after it did it. ``cause`` is user, timer, message, job, import or admin.

    ``entered`` are elements that a token came to, in order; ``left`` those it left (passed or cancelled).
    ``opened`` and ``closed`` are the tasks; ``answers`` what came with the command; ``data`` the process data now.
    """

    instance: Instance
    blueprint: Blueprint
    cause: str
    by: Person | None
    now: datetime
    answers: Mapping[str, Any]
    data: Mapping[str, Any]
    steps: Sequence[Step] = ()
    entered: Sequence[Entered] = ()
    opened: Sequence[UserTask] = ()
    closed: Sequence[UserTask] = ()
    task: UserTask | None = None
    started: bool = False
    message: str | None = None


@dataclass(slots=True)
class _Command:
    """A command on its way through `_advance`; ``seen`` gathers what its listeners will be told."""

    cause: str
    by: Person | None
    now: datetime
    answers: Mapping[str, Any] = field(default_factory=dict)
    task: UserTask | None = None
    message: str | None = None
    started: bool = False
    open: Sequence[UserTask] | None = None
    """The tasks that were open before, where somebody has looked already."""
    facts: Sequence[Event] = ()
    """What happened before the diagram moved on, to be stored with the rest."""


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
    what = {"answers": answers, "start": begin.element}
    history.record(
        session,
        "started",
        at=now,
        actor=by,
        instance=instance,
        diagram=plan.process,
        element=begin.element,
        data=what,
    )
    _tell(session, Answered(instance, plan, answers, by, now, form=form, start=begin, message=message))
    run = Run.start(
        definitions.program(session, definition),
        {**_routing(plan, answers), "start": begin.element},
        facts=_facts(session, instance),
        now=now,
    )
    command = _Command("message" if message else "user", by, now, answers, message=message, started=True)
    _settle(session, instance, plan, run, command)
    return instance


def complete(
    session: Session,
    task: UserTask,
    raw: Mapping[str, Any],
    *,
    by: Person | None,
    now: datetime,
    key: str | None = None,
) -> Instance:
    """Complete a task with its form as submitted and let the diagram decide what comes next.

    An unclaimed task of one's own queue is claimed by completing it. Raises AlreadyClosed, NotYours, Invalid.
    """
    instance = _locked(session, task.instance_id)
    if not _is_first(session, key, instance, now):
        return instance
    open_ = tasks.open_of(session, instance.id, anew=True)
    if task not in open_:
        session.refresh(task)
    task.must_be_open_for(by)
    definition = session.get_one(Definition, task.definition_id)
    plan = definitions.blueprint(session, definition)
    form = definitions.form(session, definition, task.form) if task.form else None
    answers = _checked(session, form, raw, now)
    task.closed_at = now
    if by is not None:
        task.completed_by_id = by.id
        task.assignee_id = task.assignee_id or by.id
    completed = history.fact(
        "completed",
        at=now,
        actor=by,
        instance=instance,
        diagram=task.diagram,
        element=task.element,
        token=task.token,
        task_id=task.id,
        data={"answers": answers},
    )
    element = plan.element(task.diagram, task.element)
    _tell(
        session,
        Answered(
            instance, plan, answers, by, now, form=form, task=task, diagram=task.diagram, element=element
        ),
    )
    command = _Command("user", by, now, answers, task=task, open=open_, facts=[completed])
    _advance(
        session,
        instance,
        plan,
        definition,
        command,
        lambda run: run.complete(task.token, _routing(plan, answers)),
    )
    return instance


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
    """Give one instance a message (or ``signal``) it waits for. Raises NotRunning, NobodyWaits."""
    instance = _locked(session, instance.id)
    if not _is_first(session, key, instance, now):
        return instance
    definition = session.get_one(Definition, instance.definition_id)
    plan = definitions.blueprint(session, definition)
    _must_run(instance)
    what = {"message": message, "payload": dict(payload)}
    history.record(session, "received", at=now, actor=by, instance=instance, token=token, data=what)
    _tell(session, Answered(instance, plan, payload, by, now, message=message))

    def deliver(run: Run) -> None:
        caught = run.signal(message, payload) if signal else run.send(message, payload, token=token)
        if not caught:
            raise NobodyWaits(message=message)

    _advance(session, instance, plan, definition, _Command(cause, by, now, payload, message=message), deliver)
    return instance


def fire(session: Session, subscription: Subscription, *, now: datetime) -> Instance | None:
    """A timer's moment has come. A timer that is gone by now is silently nothing: None."""
    instance = _locked(session, subscription.instance_id)
    current = session.get(Subscription, subscription.id, populate_existing=True)
    if current is None:
        return None
    if instance.ended_at is not None:
        session.delete(current)
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
    _advance(session, instance, plan, definition, _Command("timer", None, now), lambda run: run.fire(token))
    return instance


def finish(
    session: Session, job: outbox.Job, answer: Mapping[str, Any], *, now: datetime, by: Person | None = None
) -> None:
    """A connector answered the call of a waiting token (or ``by`` did in its place). A token that is gone makes it nothing."""
    instance = _locked(session, job.instance_id)
    job.done_at, job.answer = now, dict(answer)
    if instance.ended_at is not None or job.token is None:
        return
    definition = session.get_one(Definition, instance.definition_id)
    plan = definitions.blueprint(session, definition)
    run = Run.load(
        definitions.program(session, definition), instance.state, facts=_facts(session, instance), now=now
    )
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
    _settle(session, instance, plan, run, _Command("job", by, now, answer))


def fail(session: Session, job: outbox.Job, code: str, message: str, *, now: datetime) -> bool:
    """Give up a call: an error boundary of the diagram takes it (True), or nobody does (False, nothing changed).

    A token that is gone needs nobody: True.
    """
    instance = _locked(session, job.instance_id)
    if instance.ended_at is not None or job.token is None:
        job.failed_at, job.error = now, message[:4000]
        return True
    definition = session.get_one(Definition, instance.definition_id)
    plan = definitions.blueprint(session, definition)
    run = Run.load(
        definitions.program(session, definition), instance.state, facts=_facts(session, instance), now=now
    )
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
    _settle(session, instance, plan, run, _Command("job", None, now))
    return True


def cancel(session: Session, instance: Instance, reason: str, *, by: Person | None, now: datetime) -> None:
    """Stop an instance for good; its open tasks close. Raises NotRunning."""
    instance = _locked(session, instance.id)
    _must_run(instance)
    definition = session.get_one(Definition, instance.definition_id)
    plan = definitions.blueprint(session, definition)
    history.record(session, "stopped", at=now, actor=by, instance=instance, data={"reason": reason})
    _advance(session, instance, plan, definition, _Command("admin", by, now), lambda run: run.cancel())


# ------------------------------------------------------------------------------------------------ one command


def _advance(
    session: Session,
    instance: Instance,
    plan: Blueprint,
    definition: Definition,
    command: _Command,
    act: Callable[[Run], Any],
) -> None:
    program = definitions.program(session, definition)
    run = Run.load(program, instance.state, facts=_facts(session, instance), now=command.now)
    act(run)
    _settle(session, instance, plan, run, command)


def _settle(session: Session, instance: Instance, plan: Blueprint, run: Run, command: _Command) -> None:
    """Write everything that follows from what the run did."""
    steps = run.steps()
    waiting = [] if run.ended else run.waiting()
    with session.no_autoflush:  # one flush for all of it
        facts, entered = _facts_of(instance, plan, steps, command)
        before = _open_before(session, instance, command)
        closed = _close_tasks(before, {each.token for each in waiting if each.kind == "task"}, command)
        opened = _open_tasks(session, instance, plan, before, waiting, command)
        _subscribe(session, instance, plan, waiting, command)
        _call_out(session, instance, plan, waiting, run, command)
        instance.state = run.dump()
        if run.ended and instance.ended_at is None:
            facts.append(_end(instance, plan, run, command))
        history.write(session, facts)
    session.flush()
    happened = Happened(
        instance=instance,
        blueprint=plan,
        cause=command.cause,
        by=command.by,
        now=command.now,
        answers=command.answers,
        data=run.data,
        steps=steps,
        entered=entered,
        opened=opened,
        closed=closed,
        task=command.task,
        started=command.started,
        message=command.message,
    )
    for projection in wiring(session).projections:
        projection(session, happened)
    session.flush()


def _end(instance: Instance, plan: Blueprint, run: Run, command: _Command) -> Event:
    """The instance has ended: when, how, and the fact that says so."""
    instance.ended_at = command.now
    end = plan.element(plan.process, run.end_element) if run.end_element else None
    instance.outcome = (end.outcome or end.id) if end else "stopped"
    return history.fact(
        "ended",
        at=command.now,
        actor=command.by,
        instance=instance,
        diagram=plan.process,
        element=run.end_element,
        data={"outcome": instance.outcome},
    )


def _open_before(session: Session, instance: Instance, command: _Command) -> Sequence[UserTask]:
    if command.open is not None or command.started:
        return command.open or ()
    return tasks.open_of(session, instance.id)


def _facts_of(
    instance: Instance, plan: Blueprint, steps: Sequence[Step], command: _Command
) -> tuple[list[Event], list[Entered]]:
    """What the steps are in history, and which elements they entered."""
    facts: list[Event] = list(command.facts)
    entered: list[Entered] = []
    for step in steps:
        element = plan.element(step.diagram, step.element)
        if element is None:
            continue
        mine = command.task is not None and step.token == command.task.token
        if _is_fact(step, element, mine=mine):
            facts.append(
                history.fact(
                    step.what,
                    at=command.now,
                    actor=command.by,
                    instance=instance,
                    diagram=step.diagram,
                    element=step.element,
                    token=step.token,
                    data={"flow": step.flow} if step.flow else None,
                )
            )
        if step.what == "opened" or (step.what == "passed" and not _opens(element)):
            entered.append(Entered(step.diagram, element, step.token, instance.seq))
    return facts, entered


def _is_fact(step: Step, element: Element, *, mine: bool) -> bool:
    """Whether history keeps this step: the task that was completed has its own fact, most openings are implied."""
    if step.what == "opened":
        return element.kind in RECORDED
    return step.what == "cancelled" or not mine


def _opens(element: Element) -> bool:
    """Whether a token waits at this element, so that it is opened before it is passed."""
    return element.kind in RECORDED or element.kind in (
        "intermediateCatchEvent",
        "receiveTask",
        "serviceTask",
        "eventBasedGateway",
    )


def _close_tasks(before: Sequence[UserTask], alive: set[str], command: _Command) -> list[UserTask]:
    closed = [command.task] if command.task is not None else []
    for task in before:
        if task is not command.task and task.token not in alive:
            task.closed_at = command.now
            closed.append(task)
    return closed


def _open_tasks(
    session: Session,
    instance: Instance,
    plan: Blueprint,
    before: Sequence[UserTask],
    waiting: Iterable[Waiting],
    command: _Command,
) -> list[UserTask]:
    known = {task.token for task in before if task.closed_at is None}
    wanted = (each for each in waiting if each.kind == "task" and each.token not in known)
    opened = [_task(session, instance, plan, each, command) for each in wanted]
    session.add_all(opened)
    return opened


def _task(
    session: Session, instance: Instance, plan: Blueprint, waiting: Waiting, command: _Command
) -> UserTask:
    element = plan.element(waiting.diagram, waiting.element)
    if element is None:
        element = Element(id=waiting.element, kind="userTask")
    due = _due(session, instance, element, waiting, command.now)
    return UserTask(
        instance_id=instance.id,
        definition_id=instance.definition_id,
        token=waiting.token,
        diagram=waiting.diagram,
        element=waiting.element,
        title=(element.name.into("pl") or element.id)[:200],
        title_en=(element.name.into("en") or element.id)[:200],
        about=instance.title[:250],
        audience=element.audience,
        assignee_id=_assignee(session, instance, element, waiting, command.now),
        form=element.form,
        handoff=element.handoff,
        opened_at=command.now,
        due_at=due,
        order_at=due or command.now + tasks.NO_DUE,
        data=dict(waiting.data),
    )


def _due(
    session: Session, instance: Instance, element: Element, waiting: Waiting, now: datetime
) -> datetime | None:
    """When the task is due: a duration as drawn, or what its expression gives; None is no time."""
    text = element.due
    if text and not subscriptions.is_duration(text):
        text = subscriptions.written(_value(session, instance, text, waiting, now))
    if not text:
        return None
    department = _department(session, element)
    return subscriptions.deadline(text, at=now, department=department, name=element.name.pl or element.id)


def _value(session: Session, instance: Instance, expression: str, waiting: Waiting, now: datetime) -> Any:
    """An expression of an element over live values and what the token sees."""
    return expressions.evaluate(expression, {**_facts(session, instance)(), **waiting.data}, now=now)


def _department(session: Session, element: Element | None) -> people.Department | None:
    kind, _, key = (element.audience if element and element.audience else "").partition(":")
    return people.department(session, key) if kind in {"department", "head"} else None


def _assignee(
    session: Session, instance: Instance, element: Element, waiting: Waiting, now: datetime
) -> int | None:
    """Whose task it is from the start; somebody unknown or gone leaves it in the queue."""
    if not element.assignee:
        return None
    if element.assignee == "owner":
        return instance.owner_id
    if element.assignee == "starter":
        return instance.started_by_id
    address = _value(session, instance, element.assignee, waiting, now)
    return session.scalar(select(Person.id).where(Person.email == str(address), Person.left_at.is_(None)))


def _subscribe(
    session: Session, instance: Instance, plan: Blueprint, waiting: Iterable[Waiting], command: _Command
) -> None:
    wanted = {
        (each.token, each.kind, each.name): each
        for each in waiting
        if each.kind in {"timer", "message", "signal"}
    }
    if not command.started:
        for row in subscriptions.of(session, instance.id):
            if wanted.pop((row.token, row.kind, row.name), None) is None:
                session.delete(row)
    for each in wanted.values():
        element = plan.element(each.diagram, each.element)
        timer = each.kind == "timer"
        session.add(
            Subscription(
                instance_id=instance.id,
                kind=each.kind,
                token=each.token,
                diagram=each.diagram,
                element=each.element,
                name=each.name,
                due_at=subscriptions.moment(
                    each, element, now=command.now, department=_department(session, element)
                )
                if timer
                else None,
                correlation=dict(each.correlation) or None,
            )
        )


def _call_out(
    session: Session,
    instance: Instance,
    plan: Blueprint,
    waiting: Iterable[Waiting],
    run: Run,
    command: _Command,
) -> None:
    """New calls and thrown messages go to the outbox; calls whose token is gone are dropped from it."""
    calls = {each.token: each for each in waiting if each.kind == "call"}
    opened = {step.token for step in run.steps() if step.what == "opened"}
    gone = {step.token for step in run.steps() if step.what == "cancelled"}
    if gone:
        pending = select(outbox.Job).where(outbox.Job.instance_id == instance.id, outbox.Job.token.in_(gone))
        for job in session.scalars(
            pending.where(outbox.Job.done_at.is_(None), outbox.Job.failed_at.is_(None))
        ):
            job.failed_at, job.error = command.now, "the process moved on"
    for token, each in calls.items():
        if token in opened:
            element = plan.element(each.diagram, each.element)
            outbox.put(
                session,
                "call",
                (element.connector if element else None) or "",
                operation=element.operation if element else None,
                key=f"{instance.id}:{token}",
                inputs=dict(each.inputs),
                now=command.now,
                instance_id=instance.id,
                diagram=each.diagram,
                element=each.element,
                token=token,
            )
    for number, thrown in enumerate(run.thrown()):
        outbox.put(
            session,
            thrown.kind,
            thrown.name,
            key=f"{instance.id}:{instance.seq}:{number}",
            inputs=dict(thrown.payload),
            now=command.now,
            instance_id=instance.id,
            diagram=thrown.diagram,
            element=thrown.element,
        )


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


def _facts(session: Session, instance: Instance) -> Callable[[], Mapping[str, Any]]:
    def gather() -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        for each in wiring(session).facts:
            found.update(each(session, instance))
        return found

    return gather


def _tell(session: Session, answered: Answered) -> None:
    with session.no_autoflush:  # what they store goes with everything else
        for listener in wiring(session).answered:
            listener(session, answered)


def _locked(session: Session, instance_id: int | None) -> Instance:
    """The instance as it is now, kept from others until the transaction ends."""
    return session.get_one(Instance, instance_id, with_for_update=True, populate_existing=True)


def _must_run(instance: Instance) -> None:
    if instance.ended_at is not None:
        raise NotRunning


def _repeated(session: Session, key: str | None) -> Instance | None:
    command = session.get(Command, key) if key else None
    return session.get_one(Instance, command.instance_id) if command else None


def _is_first(session: Session, key: str | None, instance: Instance, now: datetime) -> bool:
    """Take the key for this command; False when it was taken before. Somebody at it right now is waited for."""
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
