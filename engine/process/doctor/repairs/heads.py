"""Ways that begin with no start event, beside others that have one: each becomes a further start."""

from engine.process.doctor.model import Node, Scope, Trigger
from engine.process.doctor.visit import Visit

STARTING = frozenset({"message", "timer", "signal", "conditional"})
"""What a start event can wait for as well as an event on the way."""
_NO_HEADS = frozenset({"startEvent", "endEvent", "boundaryEvent"})


def begin(visit: Visit, scope: Scope) -> None:
    """S11: an event that nothing leads to starts the process; any other such step gets a start before it."""
    owner = scope.owner
    if owner is not None and (owner.by_event or owner.kind == "adHocSubProcess"):
        return
    if not any(node.kind == "startEvent" for node in scope.nodes.values()):
        return
    for node in list(scope.nodes.values()):
        if _is_head(scope, node):
            visit.say("S11", node)
            _start(visit, scope, node)


def _is_head(scope: Scope, node: Node) -> bool:
    apart = node.by_event or node.for_compensation or any(map(_belongs_elsewhere, node.triggers))
    return (
        node.kind not in _NO_HEADS and not apart and not scope.incoming(node) and bool(scope.outgoing(node))
    )


def _belongs_elsewhere(trigger: Trigger) -> bool:
    return trigger.kind in {"link", "compensate"}


def _start(visit: Visit, scope: Scope, node: Node) -> None:
    if node.kind == "intermediateCatchEvent" and all(each.kind in STARTING for each in node.triggers):
        node.kind = "startEvent"
        return
    start = visit.bundle.node(scope, "startEvent", node.name, node.name)
    visit.bundle.link(scope, start, node)
