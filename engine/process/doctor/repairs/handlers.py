"""Event sub-processes: the engine starts those that interrupt nothing and begin with one message, signal or moment."""

from engine.process.doctor.model import Node, Scope, Trigger
from engine.process.doctor.visit import Visit


def convert(visit: Visit, scope: Scope) -> None:
    """S08: any other becomes a boundary event of what it belongs to; F09, S10: what cannot be is left out."""
    for node in scope.handlers():
        loose = scope.incoming(node) + scope.outgoing(node)
        if loose:
            visit.say("F09", node)
            scope.links = [link for link in scope.links if link not in loose]
        if not _triggers(node):
            visit.say("S10", node)
            scope.remove(node)
    moving = [node for node in scope.handlers() if not _works(scope, node)]
    if not moving:
        return
    if scope.parent is None:
        host, outer = _wrap(visit, scope), scope
    else:
        assert scope.owner is not None  # noqa: S101  # an inner scope has an owner
        host, outer = scope.owner, scope.parent
    for node in moving:
        visit.say("S08", node)
        _attach(visit, scope, outer, host, node)


def _works(scope: Scope, node: Node) -> bool:
    """Whether the engine starts it as it is drawn: beside a process, or inside a sub-process and only while it runs."""
    starts = _starts(node)
    triggers = _triggers(node)
    beside = scope.owner is None or (scope.owner.kind == "subProcess" and scope.owner.loop is None)
    return (
        beside
        and len(starts) == len(triggers) == 1
        and not starts[0].interrupting
        and triggers[0].kind in {"message", "signal", "timer"}
    )


def _attach(visit: Visit, scope: Scope, outer: Scope, host: Node, node: Node) -> None:
    triggers = _triggers(node)
    boundary = Node(visit.bundle.fresh("boundaryEvent"), "boundaryEvent", node.name, triggers=triggers)
    kept = [each.properties["keep"] for each in (node, *_starts(node)) if each.properties.get("keep")]
    boundary.properties = {"stands_for": node.id, **({"keep": kept[0]} if kept else {})}
    boundary.host = host.id
    boundary.interrupting = any(start.interrupting for start in _starts(node)) or any(
        trigger.kind == "error" for trigger in triggers
    )
    for start in _starts(node):
        start.triggers = []
    node.by_event = False
    scope.nodes.pop(node.id)
    outer.add(node)
    outer.add(boundary)
    visit.bundle.link(outer, boundary, node)


def _wrap(visit: Visit, scope: Scope) -> Node:
    """Everything of a process but its event sub-processes, in a sub-process of its own."""
    handlers = scope.handlers()
    body = Scope("", None, scope)
    for node in list(scope.nodes.values()):
        if node not in handlers:
            scope.nodes.pop(node.id)
            body.add(node)
    body.links, scope.links = scope.links, []
    owner = visit.bundle.node(scope, "subProcess", visit.process.name, visit.process.name)
    owner.body, body.owner, body.id = body, owner, owner.id
    return owner


def _starts(node: Node) -> list[Node]:
    return [each for each in node.body.nodes.values() if each.kind == "startEvent"] if node.body else []


def _triggers(node: Node) -> list[Trigger]:
    return [trigger for start in _starts(node) for trigger in start.triggers]
