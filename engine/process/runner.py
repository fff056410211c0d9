"""One command on one workflow: no database, no clock, no people. No SpiffWorkflow object leaves this file."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from engine.process import frontier
from engine.process.program import Program
from engine.process.spiff import events, listeners, messages, moving, values
from engine.process.spiff.environment import Environment
from engine.process.spiff.listeners import Catcher
from engine.process.spiff.loops import Looping
from engine.process.spiff.nodes import Call
from engine.process.spiff.refusals import (
    BrokenState,
    DecisionMissing,
    ExpressionFailed,
    NotSupported,
    NoWayOut,
    ScriptRefused,
    StepBudget,
    TokenGone,
    TooDeep,
    TooMany,
)
from engine.process.spiff.scopes import Case
from engine.process.spiff.tokens import READY, STARTED, Token

__all__ = [
    "BrokenState",
    "DecisionMissing",
    "ExpressionFailed",
    "Facts",
    "NoWayOut",
    "NotSupported",
    "Run",
    "ScriptRefused",
    "Step",
    "StepBudget",
    "Thrown",
    "TokenGone",
    "TooDeep",
    "TooMany",
    "Waiting",
]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a token, in order. ``what`` is opened, passed or cancelled.

    *passed*: the element was completed (gateways, events, tasks, sub-processes, call activities alike);
    *opened*: a token now waits here (task, call activity, sub-process, catching event);
    *cancelled*: an interrupting event or a terminate end took the token away.
    ``flow`` is the sequence flow taken into the element where it is known, told when the token comes in.
    A boundary event holds no token, so it is only ever passed; of a multi-instance activity the instances are told.
    """

    what: str
    diagram: str
    element: str
    token: str
    flow: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A token that waits for the host. ``kind`` is task, call, timer, message or signal.

    task: a person completes it (`Run.complete`). call: a connector answers it (`Run.finish` / `Run.fail`),
    ``inputs`` are evaluated. timer: fires at a time (`Run.fire`); ``due`` is the evaluated ISO text, of the kind
    ``timer_kind`` (duration, date, cycle). message: something arrives (`Run.send`) under ``name``; ``correlation``
    holds the values a message must carry to be meant for this token (usually empty). signal: as message, but heard by
    every case at once (`Run.signal`). Boundary events and event sub-processes wait under tokens of their own.
    ``data`` is what the token sees (a copy), ``instance_index`` its place in a multi-instance loop.
    """

    kind: str
    diagram: str
    element: str
    token: str
    data: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    timer_kind: str | None = None
    due: str | None = None
    name: str | None = None
    correlation: Mapping[str, Any] = field(default_factory=dict)
    instance_index: int | None = None


@dataclass(frozen=True, slots=True)
class Thrown:
    """A message or signal that left the process. ``kind`` is message or signal."""

    kind: str
    name: str
    diagram: str
    element: str
    payload: Mapping[str, Any]


Facts = Callable[[], Mapping[str, Any]]
"""Live values expressions may read beside the process data; called at most once per command, on first need."""


class Run:
    """A workflow in memory for one command. Load or start it, command it once, look at it, dump it, drop it.

    Answers and payloads enter the data only under names in ``blueprint.variables``; what `start` is given enters whole.
    ``now`` is what ``now()`` and ``today()`` answer in expressions; without it they read this machine's clock.
    After a refusal the run is of no use: drop it.
    """

    def __init__(self, program: Program, *, facts: Facts, budget: int, now: datetime | None) -> None:
        self._program = program
        self._environment = Environment(facts, now)
        self._case = Case(program, self._environment, self, budget)
        self._steps: list[Step] = []
        self._thrown: list[Thrown] = []

    @classmethod
    def start(
        cls,
        program: Any,
        data: Mapping[str, Any],
        *,
        facts: Facts,
        budget: int = 2000,
        now: datetime | None = None,
        heard: tuple[str, Mapping[str, Any]] | None = None,
    ) -> Self:
        """A new workflow with ``data``, run until every token waits. Raises StepBudget, ExpressionFailed.

        ``heard`` is the message that starts it: the case goes by the correlation values of its payload.
        """
        run = cls(program, facts=facts, budget=budget, now=now)
        run._case.begin(values.accepted(data))
        if heard is not None:
            run._case.correlations = program.correlation(*heard)
        run._case.run(frontier.compact)
        return run

    @classmethod
    def load(
        cls, program: Any, state: bytes, *, facts: Facts, budget: int = 2000, now: datetime | None = None
    ) -> Self:
        """The workflow `dump` wrote. Raises BrokenState."""
        run = cls(program, facts=facts, budget=budget, now=now)
        frontier.load(run._case, state)
        return run

    def complete(self, token: str, answers: Mapping[str, Any]) -> None:
        """A person completed a task: merge ``answers`` into its data and run on. Raises TokenGone."""
        self._begin()
        task = self._token(token)
        if task is None or task._state != READY or not task.task_spec.manual:
            raise TokenGone
        task.data.update(self._known(answers))
        task.run()
        self._go_on()

    def finish(self, token: str, answer: Mapping[str, Any]) -> None:
        """A connector answered a call: store the answer and run on. Raises TokenGone."""
        self._begin()
        call = self._call(token)
        element = self._program.element(call.workflow.spec.name, call.task_spec)
        if element is not None and element.output:
            call.data.update(values.accepted({element.output: answer}))
        else:
            call.data.update(self._known(answer))
        call.complete()
        self._go_on()

    def fail(self, token: str, code: str, payload: Mapping[str, Any]) -> str | None:
        """A call failed with an error code: deliver it to one error boundary; its element id, or None if nobody catches."""
        self._begin()
        boundary = events.fail(self._call(token), code, self._known(payload))
        if boundary is None:
            return None
        self._go_on()
        return str(boundary.task_spec.bpmn_id)

    def send(self, name: str, payload: Mapping[str, Any], *, token: str | None = None) -> int:
        """A message arrived: how many tokens caught it (0 = nobody waits for it). ``payload`` joins their data.

        Who names a ``token`` needs no correlation values.
        """
        self._begin()
        waiting = (
            catcher
            for catcher in self._catchers()
            if token == self._address(catcher) or (token is None and messages.is_meant(catcher, payload))
        )
        caught = messages.deliver(waiting, "message", name, payload)
        self._go_on()
        return caught

    def signal(self, name: str, payload: Mapping[str, Any]) -> int:
        """A signal was heard: how many tokens caught it."""
        self._begin()
        caught = messages.deliver(self._catchers(), "signal", name, payload)
        self._go_on()
        return caught

    def fire(self, token: str) -> None:
        """A waiting timer is due. Raises TokenGone."""
        self._begin()
        for catcher in self._catchers():
            if catcher.kind == "timer" and self._address(catcher) == token:
                catcher.catch({})
                return self._go_on()
        raise TokenGone

    def cancel(self) -> None:
        """Take every token away; the run has ended."""
        self._begin()
        if not self.ended:
            data = self.data
            self._case.sweep()
            self._case.close(data)
            self._case.end_element = None

    def move(self, token: str | None, diagram: str, element: str) -> None:
        """A hand takes one token (None: all of them) to a step. Raises TokenGone and the refusals of `spiff.moving`."""
        self._begin()
        moving.move(self._case, None if token is None else self._standing(token), diagram, element)
        self._go_on()

    def edit(self, token: str | None, changes: Mapping[str, Any]) -> None:
        """A hand gives names other values, for one token (None: wherever the case keeps data). Raises TokenGone, TooDeep."""
        self._begin()
        everywhere = (each for scope in self._case.scopes() for each in scope.tasks.values())
        for each in everywhere if token is None else (self._standing(token),):
            each.data.update(values.accepted(changes))
            each.inputs = None  # a call under way asks with the new values
        self._go_on()

    def count_from(self, last: int) -> None:
        """New tokens get numbers beyond this one: a restored state must not name two tokens alike."""
        self._case.last_id = max(self._case.last_id, last)

    def adopt(self, boundaries: Iterable[tuple[int, str]], timers: Iterable[tuple[int | None, int]]) -> None:
        """Begin to wait for what this version of the diagram adds to where the case stands, and look again.

        ``boundaries`` are pairs of a guard's number and a boundary's name; ``timers`` pairs of the activity whose scope
        it is (None for the case itself) and the place of an event sub-process: see `transplant`.
        """
        self._begin()
        for guard, name in boundaries:
            listeners.guard(self._case, guard, name)
        for activity, place in timers:
            scope = self._case if activity is None else self._case.subprocesses[activity]
            listeners.arm(scope.task_tree, only=place)
        self._go_on()

    def dump(self) -> bytes:
        """The state, compacted: as small as the open tokens need, whatever the age."""
        return frontier.dump(self._case)

    def steps(self) -> list[Step]:
        """What happened since the run was loaded, in order."""
        return list(self._steps)

    def thrown(self) -> list[Thrown]:
        """Messages and signals that left since the run was loaded."""
        return list(self._thrown)

    def waiting(self) -> list[Waiting]:
        """Every token that waits for the host, in a stable order."""
        found = [self._open(token) for token in self._case.open_tokens() if _is_for_host(token)]
        return found + [self._listening(catcher) for catcher in self._catchers()]

    @property
    def ended(self) -> bool:
        """Whether no token is left."""
        return bool(self._case.completed)

    @property
    def end_element(self) -> str | None:
        """The id of the end event of the main diagram that was reached last."""
        return self._case.end_element

    @property
    def data(self) -> dict[str, Any]:
        """The data of the main diagram where it stands (for a run that ended: at its end), a copy."""
        last = self._case.last_task
        seen = self._case.data if self.ended or last is None else last.data
        return values.plain(seen)  # type: ignore[no-any-return]

    # ------------------------------------------------------------------------------------------ commands

    def _begin(self) -> None:
        self._environment.forget()
        self._case.spent = 0

    def _go_on(self) -> None:
        self._case.run(frontier.compact)

    def _known(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return values.accepted(given, self._program.blueprint.variables)

    def _token(self, address: str) -> Token | None:
        prefix, _, number = address.partition("-")
        if prefix != self._case.prefix or not number.isdigit():
            return None
        found = (scope.tasks.get(int(number)) for scope in self._case.scopes())
        return next((token for token in found if token is not None), None)

    def _standing(self, address: str) -> Token:
        token = self._token(address.partition(".")[0])
        if token is None or not token.is_open or token.task_spec.is_guard:
            raise TokenGone
        return token

    def _call(self, address: str) -> Token:
        token = self._token(address)
        if token is None or token._state != STARTED or not isinstance(token.task_spec, Call):
            raise TokenGone
        return token

    def _catchers(self) -> Iterator[Catcher]:
        return listeners.catchers(self._case)

    # ----------------------------------------------------------------------------------------- what is told

    def happened(self, what: str, token: Token) -> None:
        """Note a step of the upload; `Journal` of the case."""
        spec, node = token.workflow.spec.name, token.task_spec
        if self._program.element(spec, node) is not None:
            comes_in = what == "opened" or (what == "passed" and not node.waits)
            flow = self._flow(token) if comes_in else None
            self._steps.append(Step(what, self._program.diagram(spec), node.bpmn_id, self._name(token), flow))

    def left(self, kind: str, name: str, token: Token, payload: Mapping[str, Any]) -> None:
        """Note a message or signal that left; `Journal` of the case."""
        diagram = self._program.diagram(token.workflow.spec.name)
        self._thrown.append(Thrown(kind, name, diagram, token.task_spec.bpmn_id, payload))

    def _flow(self, token: Token) -> str | None:
        """The flow from the nearest step before this one; steps the engine added are looked through."""
        spec = token.workflow.spec.name
        for before in token.ancestors():
            if isinstance(before.task_spec, Looping) and before.is_open:
                if before.task_spec.sequential and token.internal_data.get("index"):
                    return None  # the second instance comes from the first one, not from a flow
                continue
            if self._program.element(spec, before.task_spec) is not None:
                diagram = self._program.diagram(spec)
                return self._program.flow(diagram, before.task_spec.bpmn_id, token.task_spec.bpmn_id)
        return None

    def _name(self, token: Token) -> str:
        return f"{self._case.prefix}-{token.id}"

    def _address(self, catcher: Catcher) -> str:
        place = "" if catcher.place is None else f".{catcher.place}"
        return self._name(catcher.token) + place

    def _open(self, token: Token) -> Waiting:
        spec, is_call = token.workflow.spec.name, isinstance(token.task_spec, Call)
        if is_call and token.inputs is None:
            token.inputs = token.task_spec.evaluated(token)
        return Waiting(
            kind="call" if is_call else "task",
            diagram=self._program.diagram(spec),
            element=token.task_spec.bpmn_id,
            token=self._name(token),
            data=values.copied(token.data),
            inputs=token.inputs or {},
            instance_index=token.internal_data.get("index"),
        )

    def _listening(self, catcher: Catcher) -> Waiting:
        return Waiting(
            kind=catcher.kind,
            diagram=self._program.diagram(catcher.node._wf_spec.name),
            element=catcher.node.bpmn_id,
            token=self._address(catcher),
            data=values.copied(catcher.token.data),
            timer_kind=catcher.timer_kind,
            due=catcher.due,
            name=catcher.name,
            correlation=messages.correlation(catcher),
            instance_index=catcher.token.internal_data.get("index"),
        )


def _is_for_host(token: Token) -> bool:
    if token._state == READY:
        return bool(token.task_spec.manual)
    return token._state == STARTED and isinstance(token.task_spec, Call)
