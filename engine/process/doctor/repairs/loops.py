"""Repetition: a standard loop needs to know until when, a multi-instance how many."""

from engine.process.blueprint import Text
from engine.process.doctor import conditions
from engine.process.doctor.model import ACTIVITIES, Loop, Node, Question, Scope
from engine.process.doctor.visit import Visit

MOST = 200


def mend(visit: Visit, scope: Scope) -> None:
    """A10 and A11: what the diagram does not say, a person is asked; A12: a limit; A16: an early end nobody can work out."""
    for node in list(scope.nodes.values()):
        if node.loop is None or node.kind not in ACTIVITIES:
            node.loop = None
        elif node.loop.kind == "standard":
            _standard(visit, scope, node, node.loop)
        else:
            _several(visit, scope, node, node.loop)


def _standard(visit: Visit, scope: Scope, node: Node, loop: Loop) -> None:
    if not 0 < (_count(loop.maximum or "") or 0) <= MOST:
        loop.maximum = None
    condition = conditions.understood(loop.condition)
    if condition is not None and not visit.unprovided(conditions.names(condition)):
        loop.condition = condition
    elif loop.maximum is not None and not loop.condition:
        loop.condition = None
    else:
        visit.say("A10", node)
        _draw_again(visit, scope, node)


def _count(written: str) -> int | None:
    """A whole number; one that is too long to be read is more than the most."""
    if not written.isdecimal():
        return None
    return int(written) if len(written) < 10 else MOST + 1


def _draw_again(visit: Visit, scope: Scope, node: Node) -> None:
    """The loop drawn out: behind the step a gateway asks whether to do it again."""
    bundle = visit.bundle
    gate = bundle.node(scope, "exclusiveGateway", "Jeszcze raz?", "Once more?")
    for link in scope.outgoing(node):
        link.start = gate.id
        link.title = link.title or (None if link.name else Text("Nie, dalej", "No, go on"))
    if not scope.outgoing(gate):
        end = bundle.node(scope, "endEvent")
        bundle.link(scope, gate, end).title = Text("Nie, dalej", "No, go on")
    bundle.link(scope, node, gate)
    bundle.link(scope, gate, node).title = Text("Tak, jeszcze raz", "Yes, once more")
    node.loop = None


def _several(visit: Visit, scope: Scope, node: Node, loop: Loop) -> None:
    early = conditions.unwrapped(loop.until)
    loop.until = conditions.understood(loop.until)
    if early and loop.until is None:
        visit.say("A16", node, expression=early[:100])
    collection = conditions.unwrapped(loop.collection)
    if collection.isidentifier() and not visit.unprovided(frozenset({collection})):
        loop.collection, loop.cardinality = collection, None
        loop.results = _variable(loop.results)
        return
    loop.collection = loop.results = loop.result = None
    cardinality = conditions.unwrapped(loop.cardinality)
    count = _count(cardinality)
    if count is not None:
        if count > MOST:
            visit.say("A12", node, count=cardinality[:20], most=str(MOST))
        loop.cardinality = str(min(count, MOST))
    elif (
        cardinality and conditions.usable(cardinality) and not visit.unprovided(conditions.names(cardinality))
    ):
        loop.cardinality = f"min(int({cardinality}), {MOST})"
    else:
        visit.say("A11", node)
        _ask_how_many(visit, scope, node, loop)


def _ask_how_many(visit: Visit, scope: Scope, node: Node, loop: Loop) -> None:
    key = visit.bundle.variable(f"count_{node.id}")
    title = (
        Text(f"Ile razy: {node.name}?", f"How many times: {node.name}?")
        if node.name
        else Text("Ile razy?", "How many times?")
    )
    task = visit.bundle.node(scope, "userTask", title.pl, title.en, properties={"stands_for": node.id})
    task.questions.append(Question(key, title, "number"))
    for link in scope.incoming(node):
        link.end = task.id
    visit.bundle.link(scope, task, node)
    loop.cardinality, loop.until = f"min(int({key}), {MOST})", None


def _variable(text: str | None) -> str | None:
    plain = conditions.unwrapped(text)
    return plain if plain.isidentifier() else None
