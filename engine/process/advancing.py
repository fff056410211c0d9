"""What follows from a command: state, open tasks, subscriptions, the outbox and history, written as one.

`advance` loads the state and gives the command to a `Run`; `settle` writes everything the run says. Listeners named in
`engine.ports.Wiring` write theirs in the same transaction. Nothing here commits.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import history, people
from engine.history import Event
from engine.people import Person
from engine.ports import wiring
from engine.process import definitions, expressions, forms, outbox, subscriptions, tasks
from engine.process.blueprint import Blueprint, Element, Start
from engine.process.definitions import Definition
from engine.process.runner import Run, Step, Waiting
from engine.process.subscriptions import Subscription
from engine.process.tasks import UserTask

if TYPE_CHECKING:
    from engine.process.instances import Instance

RECORDED = ("userTask", "manualTask", "callActivity", "subProcess", "transaction")
"""Elements whose opening is a fact of history; the opening of anything else is implied by its passing."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What somebody brought, before the diagram moves on. Listeners store it where it lives.

    ``form`` is the form it was asked with; ``element`` the task or start; ``message`` the message's name. ``answers``
    are checked values, all of them; only those that expressions read go on into the process data.
    """

    instance: "Instance"
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

    instance: "Instance"
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
class Action:
    """A command on its way through `advance`; ``seen`` gathers what its listeners will be told."""

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


def advance(
    session: Session,
    instance: "Instance",
    plan: Blueprint,
    definition: Definition,
    command: Action,
    act: Callable[[Run], Any],
) -> None:
    program = definitions.program(session, definition)
    run = Run.load(program, instance.state, facts=facts(session, instance), now=command.now)
    act(run)
    settle(session, instance, plan, run, command)


def settle(session: Session, instance: "Instance", plan: Blueprint, run: Run, command: Action) -> None:
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


def _end(instance: "Instance", plan: Blueprint, run: Run, command: Action) -> Event:
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


def _open_before(session: Session, instance: "Instance", command: Action) -> Sequence[UserTask]:
    if command.open is not None or command.started:
        return command.open or ()
    return tasks.open_of(session, instance.id)


def _facts_of(
    instance: "Instance", plan: Blueprint, steps: Sequence[Step], command: Action
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


def _close_tasks(before: Sequence[UserTask], alive: set[str], command: Action) -> list[UserTask]:
    closed = [command.task] if command.task is not None else []
    for task in before:
        if task is not command.task and task.token not in alive:
            task.closed_at = command.now
            closed.append(task)
    return closed


def _open_tasks(
    session: Session,
    instance: "Instance",
    plan: Blueprint,
    before: Sequence[UserTask],
    waiting: Iterable[Waiting],
    command: Action,
) -> list[UserTask]:
    known = {task.token for task in before if task.closed_at is None}
    wanted = (each for each in waiting if each.kind == "task" and each.token not in known)
    opened = [_task(session, instance, plan, each, command) for each in wanted]
    session.add_all(opened)
    return opened


def _task(
    session: Session, instance: "Instance", plan: Blueprint, waiting: Waiting, command: Action
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
    session: Session, instance: "Instance", element: Element, waiting: Waiting, now: datetime
) -> datetime | None:
    """When the task is due: a duration as drawn, or what its expression gives; None is no time."""
    text = element.due
    if text and not subscriptions.is_duration(text):
        text = subscriptions.written(_value(session, instance, text, waiting, now))
    if not text:
        return None
    department = _department(session, element)
    return subscriptions.deadline(text, at=now, department=department, name=element.name.pl or element.id)


def _value(session: Session, instance: "Instance", expression: str, waiting: Waiting, now: datetime) -> Any:
    """An expression of an element over live values and what the token sees."""
    return expressions.evaluate(expression, {**facts(session, instance)(), **waiting.data}, now=now)


def _department(session: Session, element: Element | None) -> people.Department | None:
    kind, _, key = (element.audience if element and element.audience else "").partition(":")
    return people.department(session, key) if kind in {"department", "head"} else None


def _assignee(
    session: Session, instance: "Instance", element: Element, waiting: Waiting, now: datetime
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
    session: Session, instance: "Instance", plan: Blueprint, waiting: Iterable[Waiting], command: Action
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
    instance: "Instance",
    plan: Blueprint,
    waiting: Iterable[Waiting],
    run: Run,
    command: Action,
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


def facts(session: Session, instance: "Instance") -> Callable[[], Mapping[str, Any]]:
    def gather() -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        for each in wiring(session).facts:
            found.update(each(session, instance))
        return found

    return gather
