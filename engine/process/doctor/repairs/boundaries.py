"""Boundary events sit on an activity of their own scope."""

from engine.process.doctor.model import ACTIVITIES, Node, Scope
from engine.process.doctor.visit import Visit


def attach(visit: Visit, scope: Scope) -> None:
    """B01: one that sits on nothing is left out; B02: a flow into one is left out."""
    for node in [each for each in scope.nodes.values() if each.kind == "boundaryEvent"]:
        host = _host(scope, node)
        if host is None:
            visit.say("B01", node)
            scope.remove(node)
            continue
        node.host = host.id
        entering = scope.incoming(node)
        if entering:
            visit.say("B02", node)
            scope.links = [link for link in scope.links if link not in entering]


def _host(scope: Scope, node: Node) -> Node | None:
    key = (node.host or "").rpartition(":")[2].strip()
    fits = [each for each in scope.nodes.values() if key and key in (each.source, each.id)]
    return next((each for each in fits if each.kind in ACTIVITIES and not each.by_event), None)
