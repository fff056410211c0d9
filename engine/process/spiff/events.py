"""Events: what waits, what is thrown, and which boundary hears it."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions import (
    CancelEventDefinition,
    ConditionalEventDefinition,
    ErrorEventDefinition,
    EscalationEventDefinition,
    MessageEventDefinition,
    NoneEventDefinition,
    SignalEventDefinition,
    TerminateEventDefinition,
)

from engine.process.spiff import listeners, messages, values
from engine.process.spiff.listeners import Catcher
from engine.process.spiff.loops import Looping
from engine.process.spiff.nodes import Guard, Node
from engine.process.spiff.tokens import READY, WAITING, Token

# ------------------------------------------------------------------------------------------------- catching


class Begin(Node):
    """A start event: when its scope exists, what it stands for has happened."""


class Catch(Node):
    """An intermediate catching event or a receive task: the token is WAITING until the event comes."""

    waits = WAITING | READY

    def arrive(self, token: Token) -> bool:
        token._inherit_data()
        definition = self.event_definition
        if isinstance(definition, NoneEventDefinition):
            return True
        if listeners.is_timer(definition) and "due" not in token.internal_data:
            token.internal_data["due"] = listeners.due(token, definition)
        token._set_state(WAITING)
        if not self.is_guard:
            token.workflow.top_workflow.tell("opened", token)
        return self._is_true(token)

    def _is_true(self, token: Token) -> bool:
        definition = self.event_definition
        if not isinstance(definition, ConditionalEventDefinition):
            return False
        return bool(token.workflow.script_engine.evaluate(token, definition.expression))

    def reconsider(self, token: Token) -> None:
        if self._is_true(token):
            self.catch(token, {})

    def catchers(self, token: Token) -> Iterator[Catcher]:
        """What the token waits for, if it comes from outside."""
        if type(self.event_definition) in listeners.KINDS:
            yield Catcher(
                token,
                self,
                self.event_definition,
                token.internal_data.get("due"),
                None,
                catch=lambda payload: self.catch(token, payload),
                is_live=lambda: token._state == WAITING,
            )

    def catch(self, token: Token, payload: Mapping[str, Any]) -> None:
        """The event came: its payload joins the data and the token may go on."""
        token.data.update(values.copied(dict(payload)))
        token.internal_data.pop("due", None)
        token._ready()


class Boundary(Catch):
    """A boundary event, armed while its activity is open. Not a token of its own, so only its firing is a step."""

    waits = 0
    is_guard = True

    def arrive(self, token: Token) -> bool:
        if super().arrive(token):
            self.catch(token, {})
        return False

    def catch(self, token: Token, payload: Mapping[str, Any]) -> None:
        guard, due = token.parent, token.internal_data.get("due")
        super().catch(token, payload)
        if self.cancel_activity:
            guard.task_spec.interrupt(guard, by=token)
        else:
            self._rearm(guard, due)

    def _rearm(self, guard: Token, due: str | None) -> None:
        """An event that does not interrupt may come again: messages always, a cycle while rounds are left."""
        following = listeners.next_due(self.event_definition, due)
        if following is None and not isinstance(self.event_definition, _REPEATABLE):
            return
        fresh = guard._add_child(self)
        if following is not None:
            fresh.internal_data["due"] = following
        self._update(fresh)


_REPEATABLE = (MessageEventDefinition, SignalEventDefinition, EscalationEventDefinition)


class EventChoice(Node):
    """An event gateway: each event behind it waits on its own, and the first one takes the token along."""

    waits = WAITING | READY

    def arrive(self, token: Token) -> bool:
        token._inherit_data()
        for place, definition in enumerate(self.event_definition.event_definitions):
            if listeners.is_timer(definition):
                token.internal_data.setdefault("due", {})[str(place)] = listeners.due(token, definition)
        token._set_state(WAITING)
        token.workflow.top_workflow.tell("opened", token)
        return False

    def catchers(self, token: Token) -> Iterator[Catcher]:
        """Every alternative that comes from outside."""
        for place, definition in enumerate(self.event_definition.event_definitions):
            if type(definition) in listeners.KINDS:
                yield Catcher(
                    token,
                    self.outputs[place],
                    definition,
                    token.internal_data.get("due", {}).get(str(place)),
                    place,
                    catch=_Choice(self, token, place),
                    is_live=lambda: token._state == WAITING,
                )

    def choose(self, token: Token, place: int, payload: Mapping[str, Any]) -> None:
        """One of the events came."""
        token.data.update(values.copied(dict(payload)))
        token.internal_data = {"way": place}
        token._ready()

    def reconsider(self, token: Token) -> None:
        for place, definition in enumerate(self.event_definition.event_definitions):
            if (
                isinstance(definition, ConditionalEventDefinition)
                and token._state == WAITING
                and (token.workflow.script_engine.evaluate(token, definition.expression))
            ):
                self.choose(token, place, {})

    def ways(self, token: Token) -> list[Any]:
        return [self.outputs[token.internal_data["way"]]]


class _Choice:
    """One alternative of an event gateway, ready to be caught."""

    def __init__(self, gateway: EventChoice, token: Token, place: int) -> None:
        self.gateway, self.token, self.place = gateway, token, place

    def __call__(self, payload: Mapping[str, Any]) -> None:
        self.gateway.choose(self.token, self.place, payload)


# ------------------------------------------------------------------------------------------------- throwing


class Throw(Node):
    """An intermediate throwing event or a send task."""

    def completed(self, token: Token) -> None:
        definition = self.event_definition
        if isinstance(definition, MessageEventDefinition):
            _leave(definition.name, token)
        elif isinstance(definition, SignalEventDefinition):
            _broadcast(definition.name, token)
        elif isinstance(definition, EscalationEventDefinition):
            raise_up(_enclosing(token.workflow), EscalationEventDefinition, definition.code, _payload(token))


class End(Throw):
    """An end event. Errors and terminations reach their own scope and its boundary only."""

    def completed(self, token: Token) -> None:
        scope, definition = token.workflow, self.event_definition
        if scope is scope.top_workflow:
            scope.end_element = self.bpmn_id
        super().completed(token)
        if isinstance(definition, ErrorEventDefinition):
            raise_up(_enclosing(scope), ErrorEventDefinition, definition.code, _payload(token))
        elif isinstance(definition, TerminateEventDefinition):
            scope.sweep()
            scope.close(token.data)
        elif isinstance(definition, CancelEventDefinition):
            raise_up(_enclosing(scope), CancelEventDefinition, None, _payload(token))


def _payload(token: Token) -> dict[str, Any]:
    """What a thrown event takes along: the variables its element names, else every known variable."""
    program = token.workflow.top_workflow.program
    element = program.element(token.workflow.spec.name, token.task_spec)
    if element is None or not element.payload:
        return values.accepted(token.data, program.blueprint.variables)
    seen = token.workflow.script_engine.environment.scope(token.data)
    return values.accepted(seen, element.payload)


def _leave(name: str, token: Token) -> None:
    """A message goes to whoever waits for it in this case, else out of it."""
    case, payload = token.workflow.top_workflow, _payload(token)
    messages.correlate(token.workflow, token.task_spec.event_definition, payload)
    waiting = (catcher for catcher in listeners.catchers(case) if messages.is_meant(catcher, payload))
    if not messages.deliver(waiting, "message", name, payload):
        case.journal.left("message", name, token, payload)


def _broadcast(name: str, token: Token) -> None:
    """A signal reaches everybody in the case who waits for it, and leaves it as well."""
    case, payload = token.workflow.top_workflow, _payload(token)
    case.journal.left("signal", name, token, payload)
    messages.deliver(listeners.catchers(case), "signal", name, payload)


# -------------------------------------------------------------------------------- errors and escalations


def raise_up(
    activities: Iterable[Token], kind: type[Any], code: str | None, payload: Mapping[str, Any]
) -> Token | None:
    """Give an error or escalation to one boundary: of the nearest activity that has a fitting one, the exact code
    before one that catches all. The boundary's token, or None when nobody catches it.
    """
    for activity in activities:
        fitting = [
            token for token in _guards(activity) if _fits(token.task_spec.event_definition, kind, code)
        ]
        if fitting:
            caught = min(fitting, key=_catches_all)
            known = caught.workflow.top_workflow.program.blueprint.variables
            caught.task_spec.catch(caught, values.accepted(payload, known))
            return caught
    return None


def _catches_all(token: Token) -> bool:
    return getattr(token.task_spec.event_definition, "code", None) is None


def fail(call: Token, code: str, payload: Mapping[str, Any]) -> Token | None:
    """A connector gave up: its own boundaries hear it first, then those of the activities around it."""
    return raise_up(chain([call], _enclosing(call.workflow)), ErrorEventDefinition, code, payload)


def _enclosing(scope: Any) -> Iterator[Token]:
    while scope is not scope.top_workflow:
        yield scope.activity
        scope = scope.activity.workflow


def _guards(activity: Token) -> list[Token]:
    guard = activity.parent
    if guard is not None and isinstance(guard.task_spec, Looping):
        activity, guard = guard, guard.parent
    if guard is None or not isinstance(guard.task_spec, Guard):
        return []
    if guard.task_spec.main() is not activity.task_spec:
        return []  # what a guard's event led to: the steps between are forgotten
    return [child for child in guard.children if child.task_spec.is_guard and child._state == WAITING]


def _fits(definition: Any, kind: type[Any], code: str | None) -> bool:
    if not isinstance(definition, kind):
        return False
    return kind is CancelEventDefinition or definition.code is None or definition.code == code
