"""Everything that waits for an event from outside: tokens, boundaries, alternatives, event sub-processes.

All of them are asked for in one way, as `Catcher`s, and fired in one way.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions import (
    CycleTimerEventDefinition,
    DurationTimerEventDefinition,
    MessageEventDefinition,
    SignalEventDefinition,
    TimeDateEventDefinition,
)

from engine.process.spiff import values
from engine.process.spiff.refusals import ExpressionFailed
from engine.process.spiff.tokens import WAITING, Token

KINDS: dict[type[Any], tuple[str, str | None]] = {
    DurationTimerEventDefinition: ("timer", "duration"),
    TimeDateEventDefinition: ("timer", "date"),
    CycleTimerEventDefinition: ("timer", "cycle"),
    MessageEventDefinition: ("message", None),
    SignalEventDefinition: ("signal", None),
}


@dataclass(frozen=True, slots=True)
class Catcher:
    """One event that something waits for. ``place`` tells the alternatives of one token apart."""

    token: Token
    node: Any
    definition: Any
    due: str | None
    place: int | None
    catch: Callable[[Mapping[str, Any]], None]
    is_live: Callable[[], bool]

    @property
    def kind(self) -> str:
        """timer, message or signal."""
        return KINDS[type(self.definition)][0]

    @property
    def timer_kind(self) -> str | None:
        """duration, date or cycle."""
        return KINDS[type(self.definition)][1]

    @property
    def name(self) -> str | None:
        """The message's or signal's name."""
        return None if self.kind == "timer" else str(self.definition.name)


def catchers(case: Any) -> Iterator[Catcher]:
    """Everything that waits for an event, in the order it came to wait."""
    found: list[tuple[int, int, Catcher]] = []
    for scope in case.scopes():
        if scope.completed:
            continue
        for token in scope.tasks.values():
            if token._state == WAITING:
                found += [(token.id, each.place or 0, each) for each in token.task_spec.catchers(token)]
        found += [(scope.task_tree.id, each.place or 0, each) for each in _event_subprocesses(scope)]
    return (catcher for _, _, catcher in sorted(found, key=lambda each: each[:2]))


def is_timer(definition: Any) -> bool:
    """Whether the event is a moment."""
    return KINDS.get(type(definition), ("", None))[0] == "timer"


def due(token: Token, definition: Any) -> str:
    """The evaluated text of a timer: what it means in time is the host's business. Raises ExpressionFailed."""
    value = token.workflow.script_engine.evaluate(token, definition.expression)
    text = value if isinstance(value, str) else values.time_text(value)
    if not text or not text.strip():
        reason = f"{value!r:.60}"
        raise ExpressionFailed(element=token.label, expression=definition.expression.strip(), reason=reason)
    return text.strip()


def next_due(definition: Any, text: str | None) -> str | None:
    """The text of the next round of a cycle, with one round less; None after the last and for any other timer."""
    if not isinstance(definition, CycleTimerEventDefinition) or not text or not text.upper().startswith("R"):
        return None
    rounds, _, rest = text[1:].partition("/")
    if not rounds.isdecimal() or len(rounds) > 9:
        return text
    return f"R{int(rounds) - 1}/{rest}" if int(rounds) > 1 else None


def guard(case: Any, number: int, name: str) -> None:
    """Begin to wait for a boundary event of an activity that is open already."""
    guards = (scope.tasks[number] for scope in case.scopes() if number in scope.tasks)
    for before in guards:
        fresh = before._add_child(before.workflow.spec.task_specs[name])
        fresh.task_spec._update(fresh)


# ---------------------------------------------------------------------------- event sub-processes of a scope


def arm(root: Token, *, only: int | None = None) -> None:
    """Note when the timers of the scope's event sub-processes are due, seen from now; of ``only`` the one at a place."""
    for place, name in enumerate(root.workflow.spec.event_subprocesses):
        if only not in (None, place):
            continue
        start = _start_of(root.workflow, name)
        if is_timer(start.event_definition):
            root.internal_data.setdefault("due", {})[str(place)] = _first_due(root, start)


def _first_due(root: Token, start: Any) -> str:
    """As `due`; a refusal names the event, since the token stands at the beginning of the scope around it."""
    try:
        return due(root, start.event_definition)
    except ExpressionFailed as failed:
        label = root.workflow.top_workflow.program.label(start._wf_spec.name, start)
        raise ExpressionFailed(**{**failed.places, "element": label}) from failed


def _event_subprocesses(scope: Any) -> Iterator[Catcher]:
    names = scope.spec.event_subprocesses
    if not names or _is_interrupted(scope):
        return
    root = scope.task_tree
    moments = root.internal_data.get("due", {})
    for place, name in enumerate(names):
        start = _start_of(scope, name)
        if type(start.event_definition) not in KINDS:
            continue
        if not is_timer(start.event_definition) or str(place) in moments:
            yield Catcher(
                root,
                start,
                start.event_definition,
                moments.get(str(place)),
                place,
                catch=_Trigger(scope, place, name),
                is_live=lambda: not scope.completed and not _is_interrupted(scope),
            )


@dataclass(frozen=True, slots=True)
class _Trigger:
    """Begins an event sub-process with the newest data of its scope and the event's payload."""

    scope: Any
    place: int
    name: str

    def __call__(self, payload: Mapping[str, Any]) -> None:
        scope, node = self.scope, self.scope.spec.task_specs[self.name]
        self._count_down(scope.task_tree, _start_of(scope, self.name).event_definition)
        token = (scope.last_task or scope.task_tree)._add_child(node)
        token.data.update(payload)
        token._inherit_data()
        if _interrupts(scope, self.name):
            scope.sweep(spare=token)
        node._update(token)

    def _count_down(self, root: Token, definition: Any) -> None:
        if is_timer(definition):
            moments = root.internal_data["due"]
            following = next_due(definition, moments.pop(str(self.place), None))
            if following is not None:
                moments[str(self.place)] = following


def _start_of(scope: Any, name: str) -> Any:
    inner = scope.top_workflow.program.subspecs[scope.spec.task_specs[name].spec]
    return inner.bpmn_start_events[0]


def _interrupts(scope: Any, name: str) -> bool:
    program = scope.top_workflow.program
    inner = scope.spec.task_specs[name].spec
    element = program.element(inner, _start_of(scope, name))
    return element is None or bool(element.interrupting)


def _is_interrupted(scope: Any) -> bool:
    """Whether an interrupting event sub-process has taken the scope over."""
    names = set(scope.spec.event_subprocesses)
    return any(
        token.is_open and token.task_spec.name in names and _interrupts(scope, token.task_spec.name)
        for token in scope.tasks.values()
    )
