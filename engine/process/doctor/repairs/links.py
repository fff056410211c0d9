"""Link events are arrows drawn in two halves: they become flows."""

from engine.process.doctor.model import Node, Scope
from engine.process.doctor.visit import Visit


def turn_into_flows(visit: Visit, scope: Scope) -> None:
    """N01: a pair becomes a flow; N02: one without its pair ends the way there."""
    throwing = [
        node for node in scope.nodes.values() if node.kind != "intermediateCatchEvent" and _is_link(node)
    ]
    catching = [
        node for node in scope.nodes.values() if node.kind == "intermediateCatchEvent" and _is_link(node)
    ]
    targets: dict[str, Node] = {}
    for node in catching:
        targets.setdefault(_key(node), node)
    for node in throwing:
        target = targets.get(_key(node))
        if target is None and len(throwing) == len(catching) == 1:
            target = catching[0]
        if target is None:
            visit.say("N02", node)
        else:
            visit.say("N01", node)
            visit.bundle.link(scope, node, target)
    for node in throwing + catching:
        node.triggers = [trigger for trigger in node.triggers if trigger.kind != "link"]
        if node.kind == "intermediateCatchEvent":
            node.kind = node.kind if node.triggers else "exclusiveGateway"
            if not scope.incoming(node):
                visit.say("N02", node)
        elif node.kind == "endEvent" and scope.outgoing(node):
            node.kind = "intermediateThrowEvent"


def _is_link(node: Node) -> bool:
    return any(trigger.kind == "link" for trigger in node.triggers)


def _key(node: Node) -> str:
    trigger = next(each for each in node.triggers if each.kind == "link")
    return (trigger.name or node.name).casefold()
