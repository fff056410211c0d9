"""Scopes hold tokens: a case is the outermost one, every sub-process and called process opens one inside it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow

from engine.process.spiff import listeners, values
from engine.process.spiff.environment import Engine, Environment
from engine.process.spiff.refusals import StepBudget
from engine.process.spiff.tokens import READY, WAITING, Token

if TYPE_CHECKING:
    from engine.process.program import Program


COMPACT_EVERY = 100


class Journal(Protocol):
    """Who wants to know what happens in a case."""

    def happened(self, what: str, token: Token) -> None:
        """A token was opened, passed or cancelled."""

    def left(self, kind: str, name: str, token: Token, payload: Mapping[str, Any]) -> None:
        """A message or signal left the case."""


class Scope:
    """What a case and an inner scope have in common. Nothing here walks the token tree by recursion or by depth."""

    spec: Any
    tasks: dict[int, Token]
    top_workflow: "Case"
    completed: bool
    interruptions = 0
    """How often everything in this scope was swept away; see `Node._on_complete`."""

    def begin(self, data: Mapping[str, Any]) -> None:
        """Put the first token in."""
        root = Token(self, self.spec.start)
        root.data = values.copied(dict(data))
        self.task_tree = root
        listeners.arm(root)
        root._ready()

    def settle(self) -> None:
        """Nothing moves any more: let joins and conditions look again, and close what has no token left."""
        for token in list(self.tasks.values()):
            if token._state == WAITING:
                token.task_spec.reconsider(token)
        if not self.completed and not any(token.is_open for token in self.tasks.values()):
            self.close(self.last_task.data if self.last_task else {})

    def sweep(self, spare: Token | None = None) -> None:
        """Cancel every open token but one."""
        self.interruptions += 1
        for token in list(self.tasks.values()):
            if token is not spare:
                token.cancel()

    def close(self, data: Mapping[str, Any]) -> None:
        """The scope has ended with these data."""
        self.completed = True
        self.data = values.copied(dict(data))

    def _task_completed_notify(self, token: Token) -> None:
        self.last_task = token
        if token.task_spec.name == "End" and not self.completed:
            self.close(token.data)


class InnerScope(Scope, BpmnSubWorkflow):  # type: ignore[misc]
    """What runs inside a sub-process or call activity; the token of the activity waits for it."""

    def __init__(self, spec: Any, activity: Token, case: "Case") -> None:
        super().__init__(spec, activity.id, case, deserializing=True)
        self.activity = activity

    def close(self, data: Mapping[str, Any]) -> None:
        super().close(data)
        self.top_workflow.subprocesses.pop(self.activity.id, None)
        if self.activity.is_open:
            self.activity.data = values.copied(dict(data))
            self.activity._set_state(READY)


class Case(Scope, BpmnWorkflow):  # type: ignore[misc]
    """The outermost scope: the queue of tokens that may move, and the loop that moves them."""

    def __init__(self, program: "Program", environment: Environment, journal: Journal, budget: int) -> None:
        self.program = program
        self.prefix = uuid4().hex[:12]
        self.last_id = 0
        self.end_element: str | None = None
        self.ready: deque[Token] = deque()
        self.journal = journal
        self.budget, self.spent = budget, 0
        super().__init__(program.spec, program.subspecs, Engine(environment), deserializing=True)

    def next_id(self) -> int:
        """The number of the next token."""
        self.last_id += 1
        return self.last_id

    def scopes(self) -> Iterator[Any]:
        """Every scope that is open, the outermost first."""
        yield from (self, *self.subprocesses.values())

    def open_scope(self, activity: Token, name: str) -> None:
        """Begin the sub-process or called process of an activity with the activity's data."""
        scope = InnerScope(self.program.subspecs[name], activity, self)
        self.subprocesses[activity.id] = scope
        scope.begin(activity.data)

    def drop_scope(self, activity: Token) -> None:
        """The activity was interrupted: end what is inside it."""
        scope = self.subprocesses.pop(activity.id, None)
        if scope is not None:
            scope.completed = True
            scope.sweep()

    def run(self, compact: Callable[["Case"], None]) -> None:
        """Move tokens until every one waits for the host, forgetting the past on the way. Raises StepBudget."""
        moved = 0
        while self.ready or self._settled():
            token = self.ready.popleft()
            if token._state == READY and not token.task_spec.manual:
                self.charge(token)
                token.run()
                moved += 1
                if moved % COMPACT_EVERY == 0:
                    compact(self)

    def _settled(self) -> bool:
        for scope in sorted(self.scopes(), key=_depth, reverse=True):
            if not scope.completed:
                scope.settle()
        return bool(self.ready)

    def charge(self, token: Token) -> None:
        """Count one step. Raises StepBudget, naming where the process goes round."""
        self.spent += 1
        if self.spent > self.budget:
            raise StepBudget(element=token.label, steps=self.budget)

    def tell(self, what: str, token: Token) -> None:
        """Pass on what happened, for nodes that stand on a diagram."""
        if token.task_spec.bpmn_id:
            self.journal.happened(what, token)

    def open_tokens(self) -> Iterable[Token]:
        """Every token that stands, in the order they came."""
        found = [token for scope in self.scopes() for token in scope.tasks.values() if token.is_open]
        return sorted(found, key=_age)


def _depth(scope: Any) -> int:
    return int(scope.depth)


def _age(token: Token) -> int:
    return int(token.id)
