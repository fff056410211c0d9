"""Diagrams as the token game reads them: nodes, flows, events; straight from executable XML."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

INSIDE = {"subProcess", "transaction", "callActivity"}


@dataclass(slots=True, eq=False)
class Event:
    """An event definition: ``name`` of its message or signal, code of its error, expression of its time."""

    kind: str
    name: str | None = None
    text: str = ""
    timer: str = ""


@dataclass(slots=True, eq=False)
class Flow:
    """A sequence flow."""

    id: str
    source: "Node"
    target: "Node"
    condition: str | None


@dataclass(slots=True, eq=False)
class Node:
    """A flow node; ``body`` is what is drawn inside."""

    id: str
    kind: str
    xml: Any
    events: list[Event] = field(default_factory=list)
    incoming: list[Flow] = field(default_factory=list)
    outgoing: list[Flow] = field(default_factory=list)
    boundaries: list["Node"] = field(default_factory=list)
    body: "Graph | None" = None

    @property
    def joins(self) -> bool:
        return self.kind in ("parallelGateway", "inclusiveGateway") and len(self.incoming) > 1

    @property
    def interrupts(self) -> bool:
        return "false" not in (self.xml.get("cancelActivity"), self.xml.get("isInterrupting"))

    @property
    def start(self) -> "Node":
        assert self.body is not None
        return self.body.start

    @property
    def repeats(self) -> Any:
        """The loop characteristics of an activity, None for one that is done once."""
        kinds = ("standardLoopCharacteristics", "multiInstanceLoopCharacteristics")
        return next((each for each in self.xml if local(each) in kinds), None)

    def of_loop(self, name: str) -> Any:
        """A part of the loop characteristics."""
        return next((each for each in self.repeats if local(each) == name), None)

    @property
    def script(self) -> str:
        return next((text_of(each) for each in self.xml if local(each) == "script"), "")

    def __deepcopy__(self, memo: Any) -> "Node":
        return self


@dataclass(slots=True, eq=False)
class Graph:
    """What one process or sub-process contains; ``handlers`` are its event sub-processes."""

    nodes: dict[str, Node]
    flows: dict[str, Flow]
    start: Node
    handlers: list[Node]

    def __deepcopy__(self, memo: Any) -> "Graph":
        return self


def local(element: Any) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def text_of(element: Any) -> str:
    return "".join(element.itertext()).strip() if element is not None else ""


def read(executable: bytes) -> dict[str, Graph]:
    """The processes of a file by id."""
    root = etree.fromstring(executable)
    named = {
        str(each.get("id")): each
        for each in root
        if local(each) in ("message", "signal", "error", "escalation")
    }
    return {str(each.get("id")): _graph(each, named) for each in root if local(each) == "process"}


def _graph(scope: Any, named: dict[str, Any]) -> Graph:
    children = [each for each in scope if each.get("id") and local(each) != "sequenceFlow"]
    nodes = {each.get("id"): _node(each, named) for each in children if local(each)[0].islower()}
    flows = {}
    for each in (each for each in scope if local(each) == "sequenceFlow"):
        condition = next((text_of(part) for part in each if local(part) == "conditionExpression"), None)
        flow = Flow(each.get("id"), nodes[each.get("sourceRef")], nodes[each.get("targetRef")], condition)
        flows[flow.id] = flow
        flow.source.outgoing.append(flow)
        flow.target.incoming.append(flow)
    for node in nodes.values():
        if node.kind == "boundaryEvent":
            nodes[node.xml.get("attachedToRef")].boundaries.append(node)
    handlers = [node for node in nodes.values() if node.xml.get("triggeredByEvent") == "true"]
    start = next((node for node in nodes.values() if node.kind == "startEvent"), None)
    assert start is not None, f"{scope.get('id')} has no start"
    return Graph(nodes, flows, start, handlers)


def _node(element: Any, named: dict[str, Any]) -> Node:
    node = Node(element.get("id"), local(element), element)
    for each in element:
        if local(each).endswith("EventDefinition"):
            node.events.append(_event(each, named))
    if element.get("messageRef"):
        node.events.append(Event("message", named[element.get("messageRef")].get("name")))
    if node.kind in INSIDE and node.kind != "callActivity":
        node.body = _graph(element, named)
    return node


def _event(element: Any, named: dict[str, Any]) -> Event:
    kind = local(element).removesuffix("EventDefinition")
    about = named.get(element.get(f"{kind}Ref"))
    name = element.get("name") if kind == "link" else None
    if about is not None:
        name = about.get(f"{kind}Code") if kind in ("error", "escalation") else about.get("name")
    inside = element[0] if len(element) else None
    return Event(kind, name, text_of(inside), local(inside) if inside is not None else "")


def reach(flows: Iterable[Flow], gateway: Node) -> set[str]:
    """The ways into a gateway that a token on one of these flows can come to without passing the gateway."""
    waiting, seen = list(flows), set()
    while waiting:
        flow = waiting.pop()
        if flow.id not in seen:
            seen.add(flow.id)
            if flow.target is not gateway:
                waiting += flow.target.outgoing
                waiting += [each for boundary in flow.target.boundaries for each in boundary.outgoing]
    return seen & {flow.id for flow in gateway.incoming}


def is_other_end(node: Node, thrown: Node) -> bool:
    names = [event.name for event in thrown.events if event.kind == "link"]
    return node.kind == "intermediateCatchEvent" and any(
        event.kind == "link" and event.name in names for event in node.events
    )
