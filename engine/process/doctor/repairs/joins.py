"""Joins that a rehearsal of the scope found waiting for ever."""

from engine.process.doctor import rehearsal, words
from engine.process.doctor.model import Node, Scope
from engine.process.doctor.visit import Visit

_JOINS = frozenset({"parallelGateway", "inclusiveGateway"})


def loosen(visit: Visit, scope: Scope) -> None:
    """J01: a parallel join that may never be complete becomes inclusive; W01: a circle of inclusive joins is opened.

    W02: a step that several tokens come to one after the other.
    """
    while _joins(scope) or _splits(scope):
        found = rehearsal.rehearse(scope)
        if found.dead:
            for node in _in_order(scope, found.dead):
                visit.say("J01", node)
                _make_inclusive(visit, scope, node)
        elif found.circle:
            _open(visit, scope, found.circle)
        else:
            for key in found.crowded[:1] if _splits(scope) else ():
                visit.say("W02", scope.nodes[key])
            return


def _in_order(scope: Scope, keys: frozenset[str]) -> list[Node]:
    return [node for node in scope.nodes.values() if node.id in keys]


def _make_inclusive(visit: Visit, scope: Scope, node: Node) -> None:
    """The join waits for the ways that started; a split it also was stays parallel."""
    node.kind = "inclusiveGateway"
    _part(visit, scope, node, "parallelGateway")


def _open(visit: Visit, scope: Scope, keys: frozenset[str]) -> None:
    """One gateway of the circle lets everything through at once; the others may then go on waiting."""
    joins = _in_order(scope, keys)
    node = joins[0]
    others = [each.name or each.id for each in joins[1:]]
    visit.say("W01", node, names=words.listed(others) or node.id)
    _part(visit, scope, node, node.kind)
    node.kind, node.default = "exclusiveGateway", None


def _part(visit: Visit, scope: Scope, node: Node, kind: str) -> None:
    """What a gateway splits is handed to a gateway of its own behind it."""
    outgoing = scope.outgoing(node)
    if len(outgoing) < 2:
        return
    split = visit.bundle.node(scope, kind, properties={"stands_for": node.id})
    split.default, split.settled, node.default = node.default, True, None
    for link in outgoing:
        link.start = split.id
    visit.bundle.link(scope, node, split)


def _joins(scope: Scope) -> bool:
    return any(node.kind in _JOINS and len(scope.incoming(node)) > 1 for node in scope.nodes.values())


def _splits(scope: Scope) -> bool:
    return any(node.kind in _JOINS and len(scope.outgoing(node)) > 1 for node in scope.nodes.values())
