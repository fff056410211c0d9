"""Draws small processes for tests: executable XML and its blueprint, as the doctor would hand them over."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Self
from xml.sax.saxutils import escape, quoteattr

from engine.process.blueprint import Blueprint, Diagram, Element, Flow, Text
from engine.process.program import Program, parse

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"


@dataclass
class Drawing:
    """One process. Every method that draws gives the drawing back, so that a process reads as one sentence."""

    key: str
    nodes: list[str] = field(default_factory=list)
    elements: dict[str, Element] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)

    def node(self, tag: str, *ids: str, inner: str = "", attributes: str = "", **meaning: Any) -> Self:
        """One or more elements of a kind."""
        for each in ids:
            self.elements[each] = Element(id=each, kind=tag, **meaning)
            self.nodes.append(f"<{tag} id={quoteattr(each)} {attributes} DEFAULT:{each}:>{inner}</{tag}>")
        return self

    def start(self, key: str = "began", event: str = "", **meaning: Any) -> Self:
        return self.node("startEvent", key, inner=event, **meaning)

    def end(self, *keys: str, event: str = "") -> Self:
        return self.node("endEvent", *(keys or ("ended",)), inner=event)

    def task(self, *keys: str, many: str = "") -> Self:
        return self.node("userTask", *keys, inner=many)

    def service(self, *keys: str, **meaning: Any) -> Self:
        return self.node("serviceTask", *keys, **meaning)

    def script(self, key: str, text: str) -> Self:
        return self.node("scriptTask", key, inner=f"<script>{escape(text)}</script>")

    def choice(self, *keys: str) -> Self:
        return self.node("exclusiveGateway", *keys)

    def fork(self, *keys: str) -> Self:
        return self.node("parallelGateway", *keys)

    def some(self, *keys: str) -> Self:
        return self.node("inclusiveGateway", *keys)

    def first_of(self, *keys: str) -> Self:
        return self.node("eventBasedGateway", *keys)

    def catch(self, key: str, event: str) -> Self:
        return self.node("intermediateCatchEvent", key, inner=event)

    def throw(self, key: str, event: str, **meaning: Any) -> Self:
        return self.node("intermediateThrowEvent", key, inner=event, **meaning)

    def call(self, key: str, called: str, many: str = "") -> Self:
        return self.node(
            "callActivity", key, inner=many, attributes=f'calledElement="{called}"', called=called
        )

    def boundary(self, key: str, on: str, event: str, *, interrupting: bool = True) -> Self:
        attributes = f'attachedToRef="{on}" cancelActivity="{str(interrupting).lower()}"'
        meaning = {"attached_to": on, "interrupting": interrupting}
        return self.node("boundaryEvent", key, inner=event, attributes=attributes, **meaning)

    def inside(
        self, key: str, drawing: "Drawing", *, on_event: bool = False, many: str = "", tag: str = "subProcess"
    ) -> Self:
        """An embedded sub-process; its elements stand in this diagram."""
        attributes = 'triggeredByEvent="true"' if on_event else ""
        self.node(tag, key, inner=drawing.body() + many, attributes=attributes)
        self.elements |= drawing.elements
        self.flows |= drawing.flows
        return self

    def path(self, *keys: str) -> Self:
        """Flows from each element to the next."""
        for source, target in pairwise(keys):
            self.flow(source, target)
        return self

    def flow(self, source: str, target: str, when: str | None = None, *, default: bool = False) -> Self:
        key = f"{source}_to_{target}"
        while key in self.flows:
            key += "_"
        self.flows[key] = Flow(key, source, target, condition=when)
        inner = f"<conditionExpression>{escape(when)}</conditionExpression>" if when else ""
        self.nodes.append(
            f'<sequenceFlow id="{key}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'
        )
        if default:
            self.defaults[source] = key
        return self

    def body(self) -> str:
        text = "".join(self.nodes)
        for each in self.elements:
            chosen = self.defaults.get(each)
            text = text.replace(f"DEFAULT:{each}:", f'default="{chosen}"' if chosen else "")
        return text

    def diagram(self) -> Diagram:
        return Diagram(self.key, f"{self.key}.bpmn", Text(self.key, self.key), self.elements, self.flows)

    def program(self, *called: "Drawing", variables: Iterable[str] = (), decisions: Any = None) -> Program:
        """The parsed process with the processes it calls."""
        drawings = (self, *called)
        blueprint = Blueprint(
            process=self.key,
            title=Text(self.key, self.key),
            kind="plain",
            diagrams={each.key: each.diagram() for each in drawings},
            variables=frozenset(variables),
        )
        return parse(xml(drawings), blueprint, decisions=decisions or {})


def xml(drawings: Iterable[Drawing]) -> bytes:
    """The executable of several drawings."""
    bodies = "".join(
        f'<process id="{each.key}" isExecutable="true">{each.body()}</process>' for each in drawings
    )
    named = "".join(DEFINED.values())
    return f'<definitions xmlns="{MODEL}" id="d" targetNamespace="urn:test">{named}{bodies}</definitions>'.encode()


# Messages, signals, errors and escalations are named once for all drawings of the tests.
DEFINED: dict[str, str] = {}


def _named(kind: str, name: str, code: str) -> str:
    key = f"{kind}_{name.replace('.', '_')}"
    DEFINED[key] = f'<{kind} id="{key}" name="{name}"{code}/>'
    return key


def message(name: str) -> str:
    return f'<messageEventDefinition messageRef="{_named("message", name, "")}"/>'


def signal(name: str) -> str:
    return f'<signalEventDefinition signalRef="{_named("signal", name, "")}"/>'


def error(code: str | None = None) -> str:
    if code is None:
        return "<errorEventDefinition/>"
    return f'<errorEventDefinition errorRef="{_named("error", code, f" errorCode={quoteattr(code)}")}"/>'


def escalation(code: str) -> str:
    named = _named("escalation", code, f" escalationCode={quoteattr(code)}")
    return f'<escalationEventDefinition escalationRef="{named}"/>'


def duration(expression: str) -> str:
    return f"<timerEventDefinition><timeDuration>{escape(expression)}</timeDuration></timerEventDefinition>"


def moment(expression: str) -> str:
    return f"<timerEventDefinition><timeDate>{escape(expression)}</timeDate></timerEventDefinition>"


def cycle(expression: str) -> str:
    return f"<timerEventDefinition><timeCycle>{escape(expression)}</timeCycle></timerEventDefinition>"


def condition(expression: str) -> str:
    return f"<conditionalEventDefinition><condition>{escape(expression)}</condition></conditionalEventDefinition>"


TERMINATE = "<terminateEventDefinition/>"
CANCEL = "<cancelEventDefinition/>"


def each(
    source: str,
    item: str = "",
    result: tuple[str, str] | None = None,
    *,
    one_by_one: bool = False,
    until: str = "",
) -> str:
    """Multi-instance over a list (a name) or a number (digits); ``result`` is the list and the item in it."""
    many = f"<loopCardinality>{source}</loopCardinality>"
    if source.isidentifier():
        many = f"<loopDataInputRef>{source}</loopDataInputRef>"
    if result:
        many += f"<loopDataOutputRef>{result[0]}</loopDataOutputRef>"
    many += f'<inputDataItem id="{item}"/>' if item else ""
    many += f'<outputDataItem id="{result[1]}"/>' if result else ""
    many += f"<completionCondition>{escape(until)}</completionCondition>" if until else ""
    sequential = str(one_by_one).lower()
    return f'<multiInstanceLoopCharacteristics isSequential="{sequential}">{many}</multiInstanceLoopCharacteristics>'


def repeat(*, maximum: int | None = None, while_: str = "") -> str:
    """A standard loop."""
    limit = f'loopMaximum="{maximum}"' if maximum else ""
    inner = f"<loopCondition>{escape(while_)}</loopCondition>" if while_ else ""
    return f"<standardLoopCharacteristics {limit}>{inner}</standardLoopCharacteristics>"
