"""Steps that no way from the start leads to are left out, by consent."""

from engine.process.doctor.model import Node, Scope
from engine.process.doctor.visit import Visit


def leave_out_unreachable(visit: Visit, scope: Scope) -> None:
    """R01: a step connected with nothing; R02: a step that cannot be reached."""
    reached = reachable(scope)
    connected = {key for link in scope.links for key in (link.start, link.end)}
    lost = [node for node in scope.nodes.values() if node.id not in reached]
    for node in lost:
        if node.drawn:
            lonely = node.id not in connected and node.kind != "boundaryEvent"
            visit.say("R01" if lonely else "R02", node)
    for node in lost:
        scope.remove(node)


def reachable(scope: Scope) -> set[str]:
    """Ids of the nodes that a token can come to, and of the event sub-processes."""
    onward: dict[str, list[str]] = {}
    for link in scope.links:
        onward.setdefault(link.start, []).append(link.end)
    for node in scope.nodes.values():
        if node.kind == "boundaryEvent" and node.host is not None:
            onward.setdefault(node.host, []).append(node.id)
    todo = [node.id for node in scope.nodes.values() if _is_entrance(node)]
    seen: set[str] = set()
    while todo:
        key = todo.pop()
        if key not in seen and key in scope.nodes:
            seen.add(key)
            todo += onward.get(key, [])
    return seen


def _is_entrance(node: Node) -> bool:
    return node.kind == "startEvent" or node.by_event
