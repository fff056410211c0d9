"""Events: each waits for, or throws, exactly what the engine can do at its place."""

from engine.process.doctor import conditions, times, words
from engine.process.doctor.model import Node, Scope, Trigger
from engine.process.doctor.repairs import several
from engine.process.doctor.visit import Visit

_ALLOWED = {
    "startEvent": {"message", "signal", "timer", "conditional", "error", "escalation"},
    "intermediateCatchEvent": {"message", "signal", "timer", "conditional"},
    "intermediateThrowEvent": {"message", "signal", "escalation"},
    "endEvent": {"message", "signal", "error", "escalation", "terminate"},
    "boundaryEvent": {"message", "signal", "error", "escalation", "timer", "conditional"},
}


def mend(visit: Visit, scope: Scope) -> None:
    """Every event of a scope: its references, names, times and conditions, then what its place allows."""
    for node in list(scope.nodes.values()):
        if node.kind not in _ALLOWED:
            continue
        for trigger in node.triggers:
            _mend_trigger(visit, scope, node, trigger)
        if node.kind == "endEvent" and scope.outgoing(node):
            visit.say("F04", node)
            node.kind = "intermediateThrowEvent"
        _PLACES[node.kind](visit, scope, node)


def _mend_trigger(visit: Visit, scope: Scope, node: Node, trigger: Trigger) -> None:
    if trigger.missing:
        visit.say("E07", node, ref=trigger.missing[:80])
    match trigger.kind:
        case "timer":
            repeats = node.kind == "boundaryEvent" and not node.interrupting
            times.mend(visit, node, trigger, once=not repeats and node.kind != "startEvent")
        case "message":
            _name_message(visit, node, trigger)
        case "signal" if trigger.name is None:
            trigger.name = node.name or node.source or node.id
            visit.say("M04", node, message=trigger.name)
        case "error" | "escalation":
            _give_code(node, trigger)
        case "cancel":
            _read_cancel(scope, node, trigger)


def _name_message(visit: Visit, node: Node, trigger: Trigger) -> None:
    """A message without a name is named after its event; a lonely waiting event is handed to a person."""
    unsent = trigger.name not in visit.sent
    if trigger.name is None and node.kind == "intermediateCatchEvent":
        visit.say("M02", node)
        node.asked = True
    if trigger.name is None:
        trigger.name = node.name or node.source or node.id
        if node.kind != "intermediateCatchEvent":
            visit.say("M01", node, message=trigger.name)
    elif unsent and node.kind in {"intermediateCatchEvent", "boundaryEvent"}:
        visit.say("M03", node, message=trigger.name)


def _give_code(node: Node, trigger: Trigger) -> None:
    """What is thrown has a code; what catches may leave it out and then catches everything."""
    if trigger.code is None and (
        trigger.name is not None or node.kind in {"endEvent", "intermediateThrowEvent"}
    ):
        trigger.code = trigger.name or node.name or node.id
    trigger.name = trigger.name or trigger.code


def _read_cancel(scope: Scope, node: Node, trigger: Trigger) -> None:
    """Cancelling a transaction is an error that its boundary catches."""
    host = scope.owner if node.kind == "endEvent" else scope.nodes.get(node.host or "")
    if host is not None and host.drawn == "transaction" and node.kind in {"endEvent", "boundaryEvent"}:
        trigger.kind = "error"
        trigger.code = trigger.name = f"cancelled_{host.id}"


def _keep_allowed(node: Node) -> list[Trigger]:
    """Drop the triggers that cannot be here; those that were dropped."""
    allowed = _ALLOWED[node.kind]
    dropped = [each for each in node.triggers if each.kind not in allowed]
    node.triggers = [each for each in node.triggers if each.kind in allowed]
    return dropped


def _start(visit: Visit, scope: Scope, node: Node) -> None:
    _keep_allowed(node)
    _read_condition(visit, node)
    entering = scope.incoming(node)
    if entering:
        visit.say("F05", node)
        merge = visit.bundle.node(scope, "exclusiveGateway")
        for link in scope.outgoing(node):
            link.start = merge.id
        for link in entering:
            link.end = merge.id
        visit.bundle.link(scope, node, merge)


def _catch(visit: Visit, scope: Scope, node: Node) -> None:
    had = bool(node.triggers)
    _keep_allowed(node)
    waits_for_text = not _read_condition(visit, node)
    if waits_for_text or not node.triggers or node.asked:
        if not node.asked:
            visit.say("E03" if waits_for_text and had else "E01", node)
        node.asked, node.kind = True, "userTask"
        others = [each for each in node.triggers if each.kind != "message" or each.declared]
        node.triggers = []
        if others and not node.all_of:
            several.beside(visit, scope, node, others)


def _throw(visit: Visit, scope: Scope, node: Node) -> None:
    dropped = _keep_allowed(node)
    if dropped:
        visit.say("E02", node, trigger=words.trigger(dropped[0].kind))
    if len(node.triggers) > 1:
        visit.say("E08", node)
        _split_off(visit, scope, node, node.triggers[1:])
        node.triggers = node.triggers[:1]


def _end(visit: Visit, scope: Scope, node: Node) -> None:
    dropped = _keep_allowed(node)
    if dropped:
        visit.say("E02", node, trigger=words.trigger(dropped[0].kind))
    signals = [each for each in node.triggers if each.kind == "signal"]
    if signals:
        visit.say("E04", node)
        _split_off(visit, scope, node, signals)
        node.triggers = [each for each in node.triggers if each.kind != "signal"]
    if len(node.triggers) > 1:
        visit.say("E08", node)
        node.triggers.sort(key=lambda each: each.kind in {"terminate", "error"})
        thrown = [each for each in node.triggers[:-1] if each.kind in _ALLOWED["intermediateThrowEvent"]]
        _split_off(visit, scope, node, thrown)
        node.triggers = node.triggers[-1:]


def _split_off(visit: Visit, scope: Scope, node: Node, triggers: list[Trigger]) -> None:
    """Throw these in steps of their own just before the event."""
    for trigger in triggers:
        step = visit.bundle.node(scope, "intermediateThrowEvent", node.name, node.name)
        step.triggers, step.properties = [trigger], {"stands_for": node.id}
        for link in scope.incoming(node):
            link.end = step.id
        visit.bundle.link(scope, step, node)


def _boundary(visit: Visit, _scope: Scope, node: Node) -> None:
    _keep_allowed(node)
    _read_condition(visit, node)
    if not node.triggers:
        name = node.name or node.source or node.id
        visit.say("B03", node, message=name)
        node.triggers = [Trigger("message", name=name)]
    if not node.interrupting and any(each.kind == "error" for each in node.triggers):
        visit.say("B04", node)
        node.interrupting = True


def _read_condition(visit: Visit, node: Node) -> bool:
    """Conditions in our language; False when one was only a text (it is dropped)."""
    readable = True
    for trigger in [each for each in node.triggers if each.kind == "conditional"]:
        read = conditions.understood(trigger.text)
        if read is None or visit.unprovided(conditions.names(read)):
            node.triggers.remove(trigger)
            readable = False
        else:
            visit.say("E05", node)
            trigger.text = read
    return readable


_PLACES = {
    "startEvent": _start,
    "intermediateCatchEvent": _catch,
    "intermediateThrowEvent": _throw,
    "endEvent": _end,
    "boundaryEvent": _boundary,
}
