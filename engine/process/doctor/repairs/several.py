"""Events with several triggers: the engine waits for one thing at a time, so each trigger gets an event of its own."""

from engine.process.doctor.model import Link, Node, Scope, Trigger
from engine.process.doctor.visit import Visit


def part(visit: Visit, scope: Scope) -> None:
    """E06: the first thing that happens is enough, or all have to; W03: on a border all cannot be waited for."""
    for node in list(scope.nodes.values()):
        if len(node.triggers) < 2:
            continue
        if node.kind == "boundaryEvent":
            visit.say("W03" if node.all_of else "E06", node)
            _twins(visit, scope, node)
        elif node.kind == "intermediateCatchEvent":
            visit.say("E06", node)
            (_wait_for_all if node.all_of else _wait_for_one)(visit, scope, node)
        node.all_of = False


def beside(visit: Visit, scope: Scope, task: Node, triggers: list[Trigger]) -> None:
    """What else an event waits for that a person now reports: it sits on the border of that task."""
    for trigger in triggers:
        edge = visit.bundle.node(scope, "boundaryEvent", task.name, task.name)
        edge.host, edge.triggers, edge.properties = task.id, [trigger], {"stands_for": task.id}
        _onward(visit, scope, edge, scope.outgoing(task))


def _wait_for_one(visit: Visit, scope: Scope, node: Node) -> None:
    """An event gateway before them, unless there is one already."""
    entering = scope.incoming(node)
    gates = [scope.nodes[link.start] for link in entering if _is_race(scope, link)]
    others = [link for link in entering if not _is_race(scope, link)]
    twins = _twins(visit, scope, node)
    if others or not gates:
        gate = visit.bundle.node(scope, "eventBasedGateway", properties={"stands_for": node.id})
        for link in others:
            link.end = gate.id
        visit.bundle.link(scope, gate, node)
        gates.append(gate)
    for gate in gates:
        for twin in twins:
            visit.bundle.link(scope, gate, twin)


def _wait_for_all(visit: Visit, scope: Scope, node: Node) -> None:
    split, join = (
        visit.bundle.node(scope, "parallelGateway", properties={"stands_for": node.id}) for _ in range(2)
    )
    for link in scope.outgoing(node):
        link.start = join.id
    for link in scope.incoming(node):
        link.end = split.id
    visit.bundle.link(scope, node, join)
    for each in [node, *_twins(visit, scope, node)]:
        visit.bundle.link(scope, split, each)


def _twins(visit: Visit, scope: Scope, node: Node) -> list[Node]:
    """An event like this for each trigger but the first, with the same ways onward."""
    made = []
    for trigger in node.triggers[1:]:
        twin = visit.bundle.node(scope, node.kind, node.name, node.properties.get("name:en", node.name))
        twin.triggers, twin.host, twin.interrupting = [trigger], node.host, node.interrupting
        twin.properties = {**node.properties, "stands_for": node.id}
        _onward(visit, scope, twin, scope.outgoing(node))
        made.append(twin)
    node.triggers = node.triggers[:1]
    return made


def _onward(visit: Visit, scope: Scope, start: Node, like: list[Link]) -> None:
    for link in like:
        made = visit.bundle.link(scope, start, scope.nodes[link.end], like=link)
        made.condition = link.condition


def _is_race(scope: Scope, link: Link) -> bool:
    return scope.nodes[link.start].kind == "eventBasedGateway"
