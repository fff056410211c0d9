"""Event gateways: what follows must be events that can happen; else a person says what happened."""

from copy import copy

from engine.process.blueprint import Text
from engine.process.doctor import words
from engine.process.doctor.model import Link, Node, Scope, Trigger
from engine.process.doctor.visit import Visit


def mend(visit: Visit, scope: Scope) -> None:
    """G01, G02, G12: each event gateway waits for real events, or becomes a question to a person."""
    for gate in [each for each in scope.nodes.values() if each.kind == "eventBasedGateway"]:
        outgoing = scope.outgoing(gate)
        for link in outgoing:
            _hear(scope, scope.nodes[link.end])
        targets = [scope.nodes[link.end] for link in outgoing]
        asked = [node for node in targets if node.asked]
        if any(node.kind != "intermediateCatchEvent" and not node.asked for node in targets):
            visit.say("G01", gate)
            gate.kind = "exclusiveGateway"
        elif asked:
            visit.say("G12", gate, names=words.listed([node.name or node.id for node in asked]))
            _copy_shared(visit, scope, outgoing)
            _ask_what_happened(visit, scope, gate, outgoing)
        elif not outgoing:
            gate.kind = "exclusiveGateway"
        else:
            _copy_shared(visit, scope, outgoing)


def _hear(scope: Scope, node: Node) -> None:
    """A receive task behind an event gateway is a waiting event."""
    if node.kind == "receiveTask" and node.loop is None and not scope.boundaries(node):
        node.kind = "intermediateCatchEvent"
        node.triggers = [Trigger("message", name=node.message, declared=True)]


def _copy_shared(visit: Visit, scope: Scope, outgoing: list[Link]) -> None:
    """G02: an event with another way in is copied for the gateway."""
    for link in outgoing:
        node = scope.nodes[link.end]
        if len(scope.incoming(node)) == 1:
            continue
        visit.say("G02", node)
        twin = copy(node)
        twin.id, twin.source = visit.bundle.fresh(node.kind), None
        twin.properties = {**node.properties, "stands_for": node.id}
        twin.triggers, twin.questions = list(node.triggers), []
        scope.add(twin)
        link.end = twin.id
        for onward in scope.outgoing(node):
            visit.bundle.link(scope, twin, scope.nodes[onward.end], like=onward)


def _ask_what_happened(visit: Visit, scope: Scope, gate: Node, outgoing: list[Link]) -> None:
    """The gateway becomes a task; events that come by themselves sit on its border."""
    gate.kind, gate.asked = "userTask", True
    gate.title = Text(gate.name or "Co się stało?", gate.name or "What happened?")
    choice = visit.bundle.node(scope, "exclusiveGateway", "Co się stało?", "What happened?")
    visit.bundle.link(scope, gate, choice)
    for link in outgoing:
        node = scope.nodes[link.end]
        if node.asked:
            node.kind, node.triggers = "intermediateThrowEvent", []
            link.start = choice.id
            link.title = Text(node.name or link.name, node.name or link.name)
        else:
            node.kind, node.host, node.interrupting = "boundaryEvent", gate.id, True
            scope.links.remove(link)
