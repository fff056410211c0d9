"""Circles: one without any way out cannot run, one that waits for nobody only burns steps."""

from engine.process.blueprint import Text
from engine.process.doctor import endings
from engine.process.doctor.model import Link, Scope
from engine.process.doctor.visit import Visit

_CHOOSING = frozenset({"exclusiveGateway", "inclusiveGateway", "eventBasedGateway"})


def open_up(visit: Visit, scope: Scope) -> None:
    """R04: a question is put into a circle that has no choice in it or no way to an end."""
    for _ in range(len(scope.links) + 1):
        back = _hard_circle(scope) or _trap(scope)
        if back is None:
            return
        target = scope.nodes[back.end]
        visit.say("R04", target)
        gate = visit.bundle.node(scope, "exclusiveGateway", "Jeszcze raz?", "Go round again?")
        end = visit.bundle.node(scope, "endEvent")
        back.end = gate.id
        visit.bundle.link(scope, gate, target).title = Text("Tak, jeszcze raz", "Yes, once more")
        visit.bundle.link(scope, gate, end).title = Text("Nie, skończ", "No, finish")


def warn(visit: Visit, scope: Scope) -> None:
    """R03: a circle in which nobody and no timer is waited for."""
    silent = {node.id for node in scope.nodes.values() if not endings.waits(node)}
    back = _back_link(scope, silent)
    if back is not None:
        visit.say("R03", scope.nodes[back.end])


def _hard_circle(scope: Scope) -> Link | None:
    """A flow that closes a circle without any choice: the engine could not even create the case."""
    forced = {
        node.id
        for node in scope.nodes.values()
        if not (node.kind in _CHOOSING and len(scope.outgoing(node)) > 1)
    }
    back = _back_link(scope, forced)
    if back is not None and scope.nodes[back.start].kind == "eventBasedGateway":
        return scope.outgoing(scope.nodes[back.end])[0]
    return back


def _trap(scope: Scope) -> Link | None:
    """A flow inside a part of the diagram in which a token can go round but never end."""
    return _back_link(scope, endings.endless(scope))


def _back_link(scope: Scope, among: set[str]) -> Link | None:
    """The first flow that closes a circle through these nodes only."""
    onward: dict[str, list[Link]] = {key: [] for key in scope.nodes if key in among}
    for inner in scope.links:
        if inner.start in among and inner.end in among:
            onward[inner.start].append(inner)
    colour: dict[str, int] = {}
    for root in onward:
        if root in colour:
            continue
        colour[root] = 1
        stack = [(root, iter(onward[root]))]
        while stack:
            key, links = stack[-1]
            link = next(links, None)
            if link is None:
                colour[key] = 2
                stack.pop()
            elif colour.get(link.end) == 1:
                return link
            elif link.end not in colour:
                colour[link.end] = 1
                stack.append((link.end, iter(onward[link.end])))
    return None
