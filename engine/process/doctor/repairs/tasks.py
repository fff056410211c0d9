"""Every activity needs somebody or something that does it; what has nobody becomes a user task."""

from engine.process.blueprint import Text
from engine.process.doctor import conditions
from engine.process.doctor.model import SUB_PROCESSES, Node, Process, Scope
from engine.process.doctor.visit import Visit
from engine.process.scripts.python import outline

TRUSTED = "trusted"
"""What accepts a script as it is: the version then waits for an administrator's approval."""


def give_types(visit: Visit, scope: Scope) -> None:
    """A01 to A15: each kind of activity gets what it needs or becomes a user task."""
    for node in list(scope.nodes.values()):
        match node.kind:
            case "task":
                _to_person(visit, node, "A01")
            case "serviceTask":
                _service(visit, node, "A02")
            case "businessRuleTask":
                _rule(visit, node)
            case "scriptTask":
                _script(visit, node)
            case "sendTask":
                _send(visit, node)
            case "receiveTask":
                _receive(visit, node)
            case "callActivity":
                _call(visit, node)
            case kind if kind in SUB_PROCESSES:
                _sub_process(visit, scope, node)


def _to_person(visit: Visit, node: Node, code: str, **places: str | Text) -> None:
    visit.say(code, node, **places)
    node.kind = "userTask"


def _service(visit: Visit, node: Node, code: str) -> None:
    connector = node.properties.get("connector")
    if not connector:
        _to_person(visit, node, code)
    elif visit.known.connectors and connector not in visit.known.connectors:
        _to_person(visit, node, "A14", connector=connector)
    else:
        node.kind = "serviceTask"


def _rule(visit: Visit, node: Node) -> None:
    named = node.properties.get("decision") or node.decision
    if named is not None and named in visit.bundle.decisions:
        node.decision = named
    elif node.properties.get("connector"):
        _service(visit, node, "A03")
    else:
        _to_person(visit, node, "A03")


def _script(visit: Visit, node: Node) -> None:
    text = (node.script or "").strip()
    if not text:
        _to_person(visit, node, "A04", reason=Text("jest pusty", "it is empty"))
    elif conditions.assignments(text) is None:
        found = outline(text)
        why = Text(
            "ma coś więcej niż linie „nazwa = wyrażenie”", "it has more than lines “name = expression”"
        )
        if found.trouble is not None:
            line = f"{found.line}: {found.trouble}"[:200]
            why = Text(f"to nie jest Python (linia {line})", f"it is not Python (line {line})")
        node.trusted = visit.ask("A04", node, reason=why) == TRUSTED and found.trouble is None
        if node.trusted:
            visit.bundle.variables |= found.gives
        else:
            node.kind = "userTask"


def _send(visit: Visit, node: Node) -> None:
    if node.message is None or node.properties.get("connector"):
        _service(visit, node, "A05")


def _receive(visit: Visit, node: Node) -> None:
    if node.message is None:
        _to_person(visit, node, "A06")
        node.asked = True
    elif node.message not in visit.sent:
        visit.say("M03", node, message=node.message)


def _call(visit: Visit, node: Node) -> None:
    called = next(
        (
            each
            for each in visit.bundle.processes
            if node.called in (each.id, each.source) and each.scope.nodes
        ),
        None,
    )
    task = visit.bundle.global_tasks.get(node.called or "")
    if called is None and task is not None:
        _do_here(visit, node, task)
    elif called is None:
        _to_person(visit, node, "A08", called=node.called or "?")
    elif _reaches(visit, called, visit.process):
        _to_person(visit, node, "A07")
    else:
        node.called = called.id


def _do_here(visit: Visit, node: Node, task: Node) -> None:
    """X24: the call of a global task is that task, under the name of the call."""
    visit.say("X24", node, called=task.name or task.id)
    node.kind, node.name, node.script = task.kind, node.name or task.name, task.script
    node.called, node.properties = None, {**task.properties, **node.properties}
    visit.bundle.called_tasks.add(task.id)
    match node.kind:
        case "task":
            node.kind = "userTask"
        case "scriptTask":
            _script(visit, node)
        case "businessRuleTask":
            _rule(visit, node)


def _reaches(visit: Visit, start: Process, goal: Process) -> bool:
    """Whether calling one process leads to another, directly or through others."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        process = todo.pop()
        if process is goal:
            return True
        if process.id not in seen:
            seen.add(process.id)
            calls = {each.called for _, each in process.scope.everything() if each.kind == "callActivity"}
            todo += [each for each in visit.bundle.processes if calls & {each.id, each.source}]
    return False


def _sub_process(visit: Visit, scope: Scope, node: Node) -> None:
    body = node.body
    if body is None or not body.nodes:
        if node.by_event:
            visit.say("S10", node)
            scope.remove(node)
        else:
            _to_person(visit, node, "A09")
        node.body = None
        return
    if node.kind == "transaction":
        visit.say("A15", node)
    elif node.kind == "adHocSubProcess":
        visit.say("A13", node)
        _offer_steps(visit, node, body)
    node.kind = "subProcess"


def _offer_steps(visit: Visit, node: Node, body: Scope) -> None:
    """An ad-hoc sub-process becomes a choice of which of its steps to do."""
    for each in list(body.nodes.values()):
        if each.kind in {"startEvent", "endEvent"}:
            body.remove(each)
    first = [each for each in body.nodes.values() if not body.incoming(each) and each.kind != "boundaryEvent"]
    if len(first) > 1:
        gate = visit.bundle.node(body, "inclusiveGateway", "Które kroki?", "Which steps?")
        for each in first:
            visit.bundle.link(body, gate, each)
    elif not body.nodes:
        visit.bundle.node(body, "userTask", node.name, node.name)
