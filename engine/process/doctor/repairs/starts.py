"""Starts: the host opens a case in one of the drawn ways; inside there is one plain start."""

from engine.process.doctor import words
from engine.process.doctor.model import Node, Scope
from engine.process.doctor.visit import Visit


def note(visit: Visit, scope: Scope) -> None:
    """S04: the ways a case is opened are remembered with their triggers; inside they are plain."""
    if scope.parent is not None:
        return
    visit.process.starts = [
        Node(
            each.id,
            each.kind,
            each.name,
            each.source,
            properties=each.properties,
            triggers=each.triggers,
            title=each.title,
        )
        for each in scope.nodes.values()
        if each.kind == "startEvent"
    ]
    for node in visit.process.starts:
        if node.triggers:
            visit.say("S04", node, trigger=words.trigger(node.triggers[0].kind))
    for each in scope.nodes.values():
        if each.kind == "startEvent":
            each.triggers = []


def make_one(visit: Visit, scope: Scope) -> None:
    """Exactly one plain start in every scope (an event sub-process keeps its trigger)."""
    found = [node for node in scope.nodes.values() if node.kind == "startEvent"]
    if scope.owner is not None and not scope.owner.by_event:
        for node in [each for each in found if each.triggers]:
            visit.say("S06", node)
            node.triggers = []
    if not found:
        _add(visit, scope)
    elif len(found) > 1:
        _choose(visit, scope, found)


def _add(visit: Visit, scope: Scope) -> None:
    movable = [each for each in scope.nodes.values() if each.kind != "boundaryEvent" and not each.by_event]
    first = [node for node in movable if not scope.incoming(node)]
    connected = [node for node in first if scope.outgoing(node) or node.kind != "endEvent"]
    first = connected or first
    where = visit.scope(scope)
    start = visit.bundle.node(scope, "startEvent")
    if not movable:
        visit.say("S09", scope, scope=where)
        first = [visit.bundle.node(scope, "endEvent")]
    elif not first:
        visit.say("S03", movable[0], scope=where)
        first = movable[:1]
    elif len(first) == 1:
        visit.say("S01", first[0], scope=where)
    else:
        names = words.listed([each.name or each.id for each in first])
        visit.say("S02", scope, scope=where, names=names)
    for node in first:
        visit.bundle.link(scope, start, node)
    if scope.parent is None and not visit.process.starts:
        visit.process.starts.append(start)


def _choose(visit: Visit, scope: Scope, found: list[Node]) -> None:
    """The drawn starts behind a choice on the name of the one that was used."""
    visit.say(
        "S05", scope, scope=visit.scope(scope), names=words.listed([each.name or each.id for each in found])
    )
    start = visit.bundle.node(scope, "startEvent")
    gate = visit.bundle.node(scope, "exclusiveGateway", "Który początek?", "Which start?")
    visit.bundle.link(scope, start, gate)
    outermost = scope.owner is None or scope.owner.source is None
    for node in found:
        node.kind = "intermediateThrowEvent"
        link = visit.bundle.link(scope, gate, node)
        link.name = node.name
        if outermost:
            link.condition = f"start == {node.id!r}"
            gate.default = gate.default or link.id
    if outermost:
        gate.settled = True
