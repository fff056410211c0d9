"""A token on a node of a diagram: SpiffWorkflow's task without its clock, its forecasts and its shared data."""

from collections.abc import Iterator
from typing import Any, Self

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.process.spiff import values

WAITING: int = TaskState.WAITING
READY: int = TaskState.READY
STARTED: int = TaskState.STARTED
COMPLETED: int = TaskState.COMPLETED
CANCELLED: int = TaskState.CANCELLED
FUTURE: int = TaskState.FUTURE
FINISHED: int = TaskState.FINISHED_MASK


class Token(Task):  # type: ignore[misc]
    """One place where a case stands or stood.

    Stock tasks foresee every way the case may take, look at the clock, share their data with their parent and forget
    to cancel what is inside them; a token does none of that. Its id is a number, unique in its case and growing,
    so that an older token has a smaller one.
    """

    def __init__(
        self,
        scope: Any,
        node: Any,
        parent: Self | None = None,
        state: int = FUTURE,
        number: int | None = None,
    ) -> None:
        self.id = number or scope.top_workflow.next_id()
        self.workflow = scope
        self.task_spec = node
        self.data: dict[str, Any] = {}
        self.internal_data: dict[str, Any] = {}
        self.triggered = False
        self.thread_id = 0
        self.last_state_change = 0
        self.inputs: dict[str, Any] | None = None
        self._parent = parent.id if parent is not None else None
        self._children: list[int] = []
        self._state = state
        scope.tasks[self.id] = self
        if parent is not None:
            parent._children.append(self.id)

    @property
    def is_open(self) -> bool:
        """Whether the token still stands."""
        return not self._state & FINISHED

    @property
    def label(self) -> Any:
        """What the node is called for a reader of a refusal; for a node the engine added, the step before it."""
        scope = self.workflow
        program = scope.top_workflow.program
        for token in (self, *self.ancestors()):
            if program.element(scope.spec.name, token.task_spec) is not None:
                return program.label(scope.spec.name, token.task_spec)
        return str(self.task_spec.name) if scope is scope.top_workflow else scope.activity.label

    def ancestors(self) -> Iterator[Self]:
        """The tokens this one came from within its scope, the nearest first."""
        token = self.parent
        while token is not None:
            yield token
            token = token.parent

    def _set_state(self, value: int) -> None:
        if value != self._state:
            self._state = value
            if value == READY:
                self.workflow.top_workflow.ready.append(self)

    def _add_child(self, task_spec: Any, state: int = FUTURE) -> Self:
        return type(self)(self.workflow, task_spec, self, state)

    def _inherit_data(self) -> None:
        parent = self.parent
        for name, value in parent.data.items() if parent is not None else ():
            if name not in self.data:
                self.data[name] = values.copied(value)

    def run(self) -> bool | None:
        """Let the node do its work: True ends the token's stay, None keeps it here for the host."""
        done: bool | None = self.task_spec._run(self)
        if self._state == READY:
            if done:
                self.complete()
            else:
                self._set_state(STARTED)
        return done

    def cancel(self) -> None:
        """Take the token away with everything inside it, the innermost first."""
        if not self.is_open:
            return
        was_seen = bool(self._state & self.task_spec.waits)
        self._state = CANCELLED
        for child in self.children:
            child.cancel()
        self.task_spec._on_cancel(self)
        if was_seen:
            self.workflow.top_workflow.tell("cancelled", self)


def common_ancestor(tokens: list[Token]) -> Token:
    """The newest token all of these came from: where their ways parted."""
    first, *others = tokens
    shared = {token.id for token in first.ancestors()}
    for other in others:
        shared &= {token.id for token in other.ancestors()}
    return next(token for token in first.ancestors() if token.id in shared)
