"""What follows from a command: state, open tasks, subscriptions, the outbox and history, written as one.

`advance` loads the state and gives the command to a `Run`; `settle` writes everything the run says. Listeners named in
`engine.ports.Wiring` write theirs in the same transaction. Nothing here commits.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from engine import history
from engine.errors import Refusal
from engine.history import Event
from engine.people import Person
from engine.ports import wiring
from engine.process import definitions, forms, opening, outbox, subscriptions, tasks
from engine.process.blueprint import Blueprint, Element, Start
from engine.process.definitions import Definition
from engine.process.program import UNPARSABLE
from engine.process.runner import BrokenState, Run, Step, Thrown, Waiting
from engine.process.subscriptions import Subscription
from engine.process.tasks import UserTask

if TYPE_CHECKING:
    from engine.process.instances import Instance

RECORDED = ("userTask", "manualTask", "callActivity", "subProcess", "transaction")
"""Elements whose opening is a fact of history; the opening of anything else is implied by its passing."""


class Unreadable(Refusal):
    """The stored state of this case cannot be read any more (%(reason)s). Nothing was changed."""

    def __init__(self, instance_id: int, reason: Refusal | str) -> None:
        super().__init__(reason=reason)
        self.instance_id = instance_id


@dataclass(frozen=True, slots=True)
class Wreck:
    """Stands for the run of a state that nobody can read, when its case is to be stopped: it has ended, that is all."""

    state: bytes
    ended = True
    end_element = None
    data: Mapping[str, Any] = field(default_factory=dict)

    def dump(self) -> bytes:
        """The state, as unreadable as it was."""
        return self.state

    def steps(self) -> list[Step]:
        """Nothing happened in it."""
        return []

    def thrown(self) -> list[Thrown]:
        """Nothing left it."""
        return []

    def waiting(self) -> list[Waiting]:
        """Nothing waits."""
        return []


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
    before: Blueprint | None = None
    """What the case ran on before, where it has just been taken over to another version."""
    relocated: Sequence[Element] = ()
    """Elements of this version where a migration plan put the case."""


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
    before: Blueprint | None = None
    relocated: Sequence[Element] = ()
    facts: Sequence[Event] = ()
    """What happened before the diagram moved on, to be stored with the rest."""
    anew: bool = False
    """A hand replaced or changed the state: tasks, calls and what is waited for are compared with it, all of them."""
    stood: Sequence[Entered] = ()
    """Elements on which the case stands again without a token having come there."""


def advance(
    session: Session,
    instance: "Instance",
    plan: Blueprint,
    definition: Definition,
    command: Action,
    act: Callable[[Run], Any],
) -> None:
    run = load(session, instance, definition, now=command.now)
    act(run)
    settle(session, instance, plan, run, command)


def load(session: Session, instance: "Instance", definition: Definition, *, now: datetime) -> Run:
    """The run of a stored state. Raises Unreadable, which whoever began the transaction answers with quarantine."""
    try:
        program = definitions.program(session, definition)
        return Run.load(program, instance.state, facts=facts(session, instance), now=now)
    except (BrokenState, *UNPARSABLE, ValueError, LookupError, TypeError, AttributeError) as error:
        reason = error if isinstance(error, Refusal) else f"{type(error).__name__}: {error}"[:200]
        raise Unreadable(instance.id, reason) from error


def settle(
    session: Session, instance: "Instance", plan: Blueprint, run: "Run | Wreck", command: Action
) -> None:
    """Write everything that follows from what the run did."""
    steps = run.steps()
    waiting = [] if run.ended else run.waiting()
    with session.no_autoflush:  # one flush for all of it
        told, entered = _facts_of(instance, plan, steps, command)
        before = _open_before(session, instance, command)
        alive = {each.token for each in waiting if each.kind == "task"}
        closed = opening.closed(before, alive, done=command.task, now=command.now)
        live = facts(session, instance)
        whose = opening.whose_time(session)
        opened = opening.opened(
            session,
            instance,
            plan,
            before,
            waiting,
            facts=live,
            whose=whose,
            after=command.task,
            by_machine=command.cause == "job",
            now=command.now,
        )
        if command.anew:
            opening.refit(instance, plan, before, waiting)
        _subscribe(session, instance, plan, waiting, whose, command)
        outbox.call_out(session, instance, plan, waiting, run, anew=command.anew, now=command.now)
        instance.state = run.dump()
        if run.ended and instance.ended_at is None:
            told.append(_end(instance, plan, run, command))
        history.write(session, told)
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
        entered=[*entered, *command.stood],
        opened=opened,
        closed=closed,
        task=command.task,
        started=command.started,
        message=command.message,
        before=command.before,
        relocated=command.relocated,
    )
    for projection in wiring(session).projections:
        projection(session, happened)
    session.flush()


def _end(instance: "Instance", plan: Blueprint, run: "Run | Wreck", command: Action) -> Event:
    """The instance has ended: when, how, and the fact that says so."""
    instance.ended_at = command.now
    end = plan.element(plan.process, run.end_element) if run.end_element else None
    instance.outcome = (end.outcome or end.drawn) if end else "stopped"
    return history.fact(
        "ended",
        at=command.now,
        actor=command.by,
        instance=instance,
        diagram=plan.process,
        element=end.drawn if end else run.end_element,
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
                    element=element.drawn,
                    token=step.token,
                    data=_of_step(step, element),
                )
            )
        if step.what == "opened" or (step.what == "passed" and not _opens(element)):
            entered.append(Entered(step.diagram, element, step.token, instance.seq))
    return facts, entered


def _of_step(step: Step, element: Element) -> dict[str, str] | None:
    """The flow a token came by, and the step's own id where the doctor added it."""
    said = {"flow": step.flow} if step.flow and not step.flow.startswith("dr_") else {}
    return {**said, **({"added": element.id} if element.added else {})} or None


def _is_fact(step: Step, element: Element, *, mine: bool) -> bool:
    """Whether history keeps this step: the task that was completed has its own fact, most openings are implied."""
    if step.what == "opened" or element.added:
        return element.kind in RECORDED and not (element.added and mine)
    return step.what == "cancelled" or not mine


def _opens(element: Element) -> bool:
    """Whether a token waits at this element, so that it is opened before it is passed."""
    return element.kind in RECORDED or element.kind in (
        "intermediateCatchEvent",
        "receiveTask",
        "serviceTask",
        "eventBasedGateway",
    )


def _subscribe(
    session: Session,
    instance: "Instance",
    plan: Blueprint,
    waiting: Iterable[Waiting],
    whose: opening.Whose,
    command: Action,
) -> None:
    wanted = {
        (each.token, each.kind, each.name): each
        for each in waiting
        if each.kind in {"timer", "message", "signal"}
    }
    if not command.started:
        for row in subscriptions.of(session, instance.id):
            still = wanted.pop((row.token, row.kind, row.name), None)
            if still is None:
                session.delete(row)
            elif row.kind == "message":
                subscriptions.readdress(row, instance, still)
    for each in wanted.values():
        element = plan.element(each.diagram, each.element)
        timer = each.kind == "timer"
        row = Subscription(
            instance_id=instance.id,
            kind=each.kind,
            token=each.token,
            diagram=each.diagram,
            element=each.element,
            name=each.name,
            due_at=subscriptions.moment(each, element, now=command.now, calendar=whose(element))
            if timer
            else None,
        )
        if each.kind == "message":
            subscriptions.readdress(row, instance, each)
        session.add(row)


def facts(session: Session, instance: "Instance") -> Callable[[], Mapping[str, Any]]:
    def gather() -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        for each in wiring(session).facts:
            found.update(each(session, instance))
        return found

    return gather
