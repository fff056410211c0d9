"""Which tokens can come to an end, if people and data decide well: a case goes round for ever where one cannot.

A token ends at an end event, or with everything else in its scope: where another token stops the scope, or where
something outside interrupts it.
"""

from collections.abc import Iterator

from engine.process.doctor import conditions
from engine.process.doctor.model import Link, Node, Scope, Trigger

_STOPPING = frozenset({"terminate", "cancel"})
_FROM_OUTSIDE = frozenset({"message", "signal", "timer", "conditional"})
_WAITING = frozenset(
    ["userTask", "manualTask", "receiveTask", "serviceTask", "callActivity", "intermediateCatchEvent"]
)
_THROWN = frozenset({"error", "escalation"})
_THROWING = frozenset({"endEvent", "intermediateThrowEvent"})
_MAY_FAIL = frozenset({"serviceTask", "callActivity"})


def endless(scope: Scope) -> set[str]:
    """Ids of the nodes that a token may come to and can never end from, nor be stopped there by anything else."""
    if any(_FROM_OUTSIDE & {each.kind for each in edge.triggers} for edge in _around(scope)):
        return set()
    edges = _edges(scope)
    stopping = _before(scope, edges, {node.id for node in scope.nodes.values() if stops(scope, node)})
    return _alone(scope, edges, stopping) - _ending(scope, edges, stopping)


def stops(scope: Scope, node: Node) -> bool:
    """Whether a token that comes to a node may thereby end all others in the scope.

    An error does where something around the scope catches it; else it ends its own token only.
    """
    if node.kind in _MAY_FAIL:
        return any(_throws(node, each) for edge in _around(scope) for each in edge.triggers)
    if node.body is not None:
        return any(_leaves(scope, inner, each) for inner, each in node.body.everything())
    return any(
        (each.kind in _STOPPING and node.kind == "endEvent") or _is_caught(scope, scope, node, each)
        for each in node.triggers
    )


def waits(node: Node) -> bool:
    """Whether a token stays at a node, or somewhere inside it, until something happens."""
    if node.body is not None:
        return any(waits(each) for each in node.body.nodes.values())
    return node.kind in _WAITING


def _leaves(scope: Scope, inner: Scope, node: Node) -> bool:
    """Whether something thrown deeper inside is caught around the scope, and by nothing before."""
    return any(_is_caught(scope, inner, node, each) for each in node.triggers)


def _is_caught(scope: Scope, inner: Scope, node: Node, thrown: Trigger) -> bool:
    """Whether what a node of the inner scope throws is first caught on the border of the scope or of one around it."""
    if node.kind not in _THROWING or thrown.kind not in _THROWN:
        return False
    outside = list(_borders(scope))
    for border in _borders(inner):
        caught = [edge for edge in border if any(_catches(each, thrown) for each in edge.triggers)]
        if caught:
            return border in outside and any(edge.interrupting for edge in caught)
    return False


def _catches(trigger: Trigger, thrown: Trigger) -> bool:
    return trigger.kind == thrown.kind and (not trigger.code or trigger.code == thrown.code)


def _borders(scope: Scope) -> Iterator[list[Node]]:
    """The boundary events on what a scope is the inside of, then on what that lies in."""
    inner, outer = scope.owner, scope.parent
    while inner is not None and outer is not None:
        yield outer.boundaries(inner)
        inner, outer = outer.owner, outer.parent


def _around(scope: Scope) -> list[Node]:
    """The boundary events that would interrupt everything in a scope."""
    return [edge for border in _borders(scope) for edge in border if edge.interrupting]


def _edges(scope: Scope) -> dict[str, list[Node]]:
    """The boundary events of a scope that may happen, by their hosts."""
    found: dict[str, list[Node]] = {}
    for node in scope.nodes.values():
        host = scope.nodes.get(node.host or "") if node.kind == "boundaryEvent" else None
        if host is not None and any(_happens(host, each) for each in node.triggers):
            found.setdefault(host.id, []).append(node)
    return found


def _happens(host: Node, trigger: Trigger) -> bool:
    """Whether there is time for it, or something inside that throws it; a condition may hold at once."""
    if trigger.kind in _THROWN:
        inside = [node for _, node in host.body.everything()] if host.body is not None else [host]
        return any(_throws(node, trigger) for node in inside)
    return trigger.kind == "conditional" or waits(host)


def _throws(node: Node, caught: Trigger) -> bool:
    """Whether an error or escalation of this kind may come out of a node: work elsewhere may fail with any."""
    if node.kind in _THROWING:
        return any(_catches(caught, each) for each in node.triggers)
    return node.kind == "callActivity" or (node.kind == "serviceTask" and caught.kind == "error")


def _before(scope: Scope, edges: dict[str, list[Node]], keys: set[str]) -> set[str]:
    """The nodes, and those from which a token or one it leaves behind can come to them."""
    found, todo = set(keys), list(keys)
    while todo:
        fresh = _sources(scope, edges, scope.nodes[todo.pop()]) - found
        found |= fresh
        todo += fresh
    return found


def _sources(scope: Scope, edges: dict[str, list[Node]], node: Node) -> set[str]:
    if node.kind == "boundaryEvent":
        return {node.host} if node.host and node in edges.get(node.host, []) else set()
    return {link.start for link in scope.incoming(node)}


def _ending(scope: Scope, edges: dict[str, list[Node]], stopping: set[str]) -> set[str]:
    """From where everything that comes of a token can end."""
    found = stopping | {node.id for node in scope.nodes.values() if node.kind == "endEvent"}
    todo = list(found)
    while todo:
        for key in _sources(scope, edges, scope.nodes[todo.pop()]) - found:
            if _can_end(scope, scope.nodes[key], edges.get(key, []), found):
                found.add(key)
                todo.append(key)
    return found


def _can_end(scope: Scope, node: Node, edges: list[Node], ending: set[str]) -> bool:
    """Whether what leaves a node can end: each token of a fork, one way of a choice, of an activity also by a
    boundary event that interrupts it; one that does not leaves the activity's own token where it is."""
    ways = scope.outgoing(node)
    forced = ways if node.kind == "parallelGateway" else _always(node, ways)
    if forced:
        return all(way.end in ending for way in forced)
    return any(way.end in ending for way in ways) or any(
        edge.interrupting and edge.id in ending for edge in edges
    )


def _always(node: Node, ways: list[Link]) -> list[Link]:
    """The ways of an inclusive gateway that start whatever is decided."""
    if node.kind != "inclusiveGateway" or len(ways) < 2:
        return []
    return [way for way in ways if conditions.understood(way.condition) == "True"]


def _alone(scope: Scope, edges: dict[str, list[Node]], stopping: set[str]) -> set[str]:
    """Where a token can be without any other beside it that may stop the scope."""
    todo = [node.id for node in scope.nodes.values() if node.kind == "startEvent"]
    found = set(todo)
    while todo:
        node = scope.nodes[todo.pop()]
        ways = scope.outgoing(node)
        onward = {way.end for way in ways if not _beside(node, way, ways, stopping)}
        left = any(way.end in stopping for way in ways)
        onward |= {edge.id for edge in edges.get(node.id, []) if edge.interrupting or not left}
        todo += onward - found
        found |= onward
    return found


def _beside(node: Node, way: Link, ways: list[Link], stopping: set[str]) -> bool:
    """Whether another branch of a fork may stop everything."""
    forks = node.kind in {"parallelGateway", "inclusiveGateway"}
    return forks and any(other.end in stopping for other in ways if other is not way)
