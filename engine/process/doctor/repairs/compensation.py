"""Compensation: a person says what is to be undone; what nobody asks to be undone is left out."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.process.blueprint import Text
from engine.process.doctor import words
from engine.process.doctor.model import Node, Scope, Trigger
from engine.process.doctor.visit import Visit


@dataclass(frozen=True, slots=True)
class Undoing:
    """One way to undo something: ``handler`` does it, ``names`` are what may call for it, ``home`` is where it stands."""

    handler: Node
    home: Scope
    names: frozenset[str]
    edge: Node | None = None
    """The compensation event on the border of what is undone."""


def undo(visit: Visit, scope: Scope) -> None:
    """C03: where compensation is asked for, a person chooses what is undone, and it is; C04: its event is only a wire."""
    if scope.parent is not None:
        return
    asked = [
        (where, node, _called_for(where, node)) for where, node in scope.everything() if _asks(where, node)
    ]
    done: set[str] = set()
    for where, node, found in asked:
        ways = [each for each in found if each.handler.id not in done]
        done |= {each.handler.id for each in ways}
        if ways:
            visit.say(
                "C03", node, names=words.listed([each.handler.name or each.handler.id for each in ways])
            )
            _ask(visit, where, node, ways)


def leave_out(visit: Visit, scope: Scope) -> None:
    """C01: what undoes a step goes, by consent; C02: an event that asks for undoing only passes."""
    for node in list(scope.nodes.values()):
        if node.for_compensation or (_trigger(node) and node.kind == "boundaryEvent"):
            visit.say("C01", node)
            scope.lift(node)
        elif _trigger(node) and node.kind == "startEvent" and scope.owner and scope.parent is not None:
            visit.say("C01", scope.owner)
            scope.parent.lift(scope.owner)
            scope.owner.body = None
            return
        elif _trigger(node):
            visit.say("C02", node)
            _pass(node)


def _ask(visit: Visit, where: Scope, node: Node, ways: list[Undoing]) -> None:
    """Before the event: a choice of what is undone, or nothing, and the handlers behind it."""
    kind = "inclusiveGateway" if len(ways) > 1 else "exclusiveGateway"
    gate = visit.bundle.node(where, kind, "Co cofnąć?", "What is to be undone?")
    join = visit.bundle.node(where, kind)
    for link in where.incoming(node):
        link.end = gate.id
    for each in ways:
        _bring(visit, where, each)
        visit.bundle.link(where, gate, each.handler).name = each.handler.name
        visit.bundle.link(where, each.handler, join)
    visit.bundle.link(where, gate, join).title = Text("Nic", "Nothing")
    visit.bundle.link(where, join, node)
    _pass(node)


def _bring(visit: Visit, where: Scope, way: Undoing) -> None:
    """The handler comes to where it is asked for, as a plain step."""
    handler = way.handler
    way.home.nodes.pop(handler.id)
    where.add(handler)
    handler.for_compensation = handler.by_event = False
    for start in _starts(handler):
        start.triggers = []
    if way.edge is not None:
        visit.say("C04", way.edge)
        way.home.remove(way.edge)


def _pass(node: Node) -> None:
    node.triggers = [each for each in node.triggers if each.kind != "compensate"]
    if node.kind == "intermediateCatchEvent":
        node.kind = "intermediateThrowEvent"


def _called_for(where: Scope, node: Node) -> list[Undoing]:
    """What an event undoes: what it names by reference or by its own name, else everything around it."""
    around = where
    while around.owner is not None and around.parent is not None and _is_handler(around.owner):
        around = around.parent
    found, trigger = list(_undoings(around)), _trigger(node)
    if trigger is not None and trigger.name:
        return [each for each in found if trigger.name in each.names]
    return [each for each in found if node.name and node.name.casefold() in each.names] or found


def _undoings(scope: Scope, *outer: str) -> Iterator[Undoing]:
    for node in scope.nodes.values():
        handler = scope.nodes.get(node.undone_by or "")
        if handler is not None and _trigger(node) and not _has_ways(scope, handler):
            host = (node.host or "").rpartition(":")[2].strip()
            yield Undoing(handler, scope, frozenset({node.name.casefold(), host, *outer} - {""}), node)
        if node.body is not None and not node.by_event:
            yield from _inside(node, node.body, *outer)


def _inside(owner: Node, body: Scope, *outer: str) -> Iterator[Undoing]:
    """A sub-process is undone by its own handler, or by those of its steps."""
    handlers = [node for node in body.handlers() if _is_handler(node) and not _has_ways(body, node)]
    for node in handlers:
        names = {start.name.casefold() for start in _starts(node)} | {owner.id, *outer}
        yield Undoing(node, body, frozenset(names - {""}))
    if not handlers:
        yield from _undoings(body, owner.id, *outer)


def _asks(where: Scope, node: Node) -> bool:
    """Whether it throws compensation, and a way leads there."""
    throws = node.kind in {"endEvent", "intermediateThrowEvent", "intermediateCatchEvent"}
    return throws and _trigger(node) is not None and bool(where.incoming(node))


def _is_handler(node: Node) -> bool:
    return node.by_event and any(_trigger(start) for start in _starts(node))


def _starts(node: Node) -> list[Node]:
    return [each for each in node.body.nodes.values() if each.kind == "startEvent"] if node.body else []


def _has_ways(scope: Scope, node: Node) -> bool:
    return bool(scope.incoming(node) or scope.outgoing(node))


def _trigger(node: Node) -> Trigger | None:
    return next((each for each in node.triggers if each.kind == "compensate"), None)
