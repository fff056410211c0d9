"""Every way ends in an end event."""

from engine.process.doctor.model import Scope
from engine.process.doctor.visit import Visit


def add(visit: Visit, scope: Scope) -> None:
    """S07: an end event behind each step that leads nowhere."""
    for node in list(scope.nodes.values()):
        if node.kind == "endEvent" or node.by_event or scope.outgoing(node):
            continue
        visit.say("S07", node)
        visit.bundle.link(scope, node, visit.bundle.node(scope, "endEvent"))
