"""How the repairs of events with several triggers, and of gateways that wait for events, are drawn."""

from engine.process.doctor.mending import asking
from engine.process.doctor.mending.document import Piece
from engine.process.doctor.mending.sheet import Sheet
from engine.process.doctor.mending.task import Task

THROWN = frozenset({"message", "signal", "escalation"})
_ENDING = THROWN | {"error", "terminate", "compensate"}
_LAST = ("terminate", "error")


def definitions(node: Piece) -> list[Piece]:
    """What an event waits for or throws."""
    return [each for each in node.children() if each.local.endswith("EventDefinition")]


def throw_what_can_be(_sheet: Sheet, task: Task) -> bool:
    """E02: what cannot be thrown here is not."""
    node = task.element
    if node is None:
        return False
    allowed = _ENDING if node.local == "endEvent" else THROWN | {"compensate"}
    found = [each for each in definitions(node) if _kind(each) not in allowed]
    for each in found:
        each.remove()
    return bool(found)


def signal_before_end(sheet: Sheet, task: Task) -> bool:
    """E04: an event just before the end throws the signal."""
    node = task.element
    signals = node.children("signalEventDefinition") if node is not None else []
    return node is not None and _throw_before(sheet, node, signals)


def throw_one_by_one(sheet: Sheet, task: Task) -> bool:
    """E08: one thing is thrown by the event, the others by steps just before it."""
    node = task.element
    if node is None:
        return False
    found = sorted(definitions(node), key=lambda each: _kind(each) in _LAST)
    if node.local == "endEvent":
        found = [found[-1], *found[:-1]] if found else []
    for each in [each for each in found[1:] if _kind(each) not in THROWN]:
        each.remove()
    return _throw_before(sheet, node, [each for each in found[1:] if _kind(each) in THROWN])


def _throw_before(sheet: Sheet, node: Piece, thrown: list[Piece]) -> bool:
    for each in thrown:
        box = sheet.canvas.beside(node.get("id"), "intermediateThrowEvent", side="left")
        step = sheet.add_node("intermediateThrowEvent", node, box, node.get("name"))
        for flow in sheet.incoming(node):
            sheet.end_at(flow, step)
        _hand_over(each, step)
        sheet.add_flow(step, node)
    return bool(thrown)


def first_is_enough(_sheet: Sheet, task: Task) -> bool:
    """W03: on a border the first thing that happens is enough."""
    if task.element is not None:
        task.element.set("parallelMultiple", None)
    return task.element is not None


def one_for_each(sheet: Sheet, task: Task) -> bool:
    """E06: each trigger gets an event of its own."""
    node = task.element
    if node is None or len(definitions(node)) < 2:
        return False
    if node.local == "boundaryEvent":
        host = sheet.ids.get(node.get("attachedToRef"))
        for each in definitions(node)[1:] if host is not None else ():
            assert host is not None  # noqa: S101  # mypy does not see it
            on_border(sheet, host, each, sheet.outgoing(node), like=node)
        return host is not None
    return (
        _wait_for_all(sheet, node) if node.get("parallelMultiple") == "true" else _wait_for_one(sheet, node)
    )


def _wait_for_one(sheet: Sheet, node: Piece) -> bool:
    entering = sheet.incoming(node)
    gates = [
        gate for flow in entering if (gate := sheet.end(flow, "sourceRef")) is not None and _is_race(gate)
    ]
    if len(gates) < len(entering) or not gates:
        box = sheet.canvas.beside(node.get("id"), "eventBasedGateway", side="left")
        gate = sheet.add_node("eventBasedGateway", node, box)
        for flow in entering:
            source = sheet.end(flow, "sourceRef")
            if source is None or not _is_race(source):
                sheet.end_at(flow, gate)
        sheet.add_flow(gate, node)
        gates.append(gate)
    for twin in _twins(sheet, node):
        for gate in gates:
            sheet.add_flow(gate, twin)
    return True


def _wait_for_all(sheet: Sheet, node: Piece) -> bool:
    key = node.get("id")
    split = sheet.add_node("parallelGateway", node, sheet.canvas.beside(key, "parallelGateway", side="left"))
    join = sheet.add_node("parallelGateway", node, sheet.canvas.beside(key, "parallelGateway", side="right"))
    for flow in sheet.outgoing(node):
        sheet.start_at(flow, join)
    for flow in sheet.incoming(node):
        sheet.end_at(flow, split)
    sheet.add_flow(split, node)
    sheet.add_flow(node, join)
    for twin in _twins(sheet, node):
        sheet.add_flow(split, twin)
    node.set("parallelMultiple", None)
    return True


def _twins(sheet: Sheet, node: Piece) -> list[Piece]:
    """An event like this for each trigger but the first, with the same ways onward."""
    made = []
    node.set("parallelMultiple", None)
    for each in definitions(node)[1:]:
        box = sheet.canvas.beside(node.get("id"), node.local, side="below")
        twin = sheet.add_node(node.local, node, box, node.get("name"))
        _hand_over(each, twin)
        _onward(sheet, twin, sheet.outgoing(node))
        made.append(twin)
    return made


def on_border(
    sheet: Sheet,
    host: Piece,
    definition: Piece,
    like_flows: list[Piece],
    *,
    like: Piece | None = None,
    name: str = "",
) -> Piece:
    """A boundary event that takes a trigger over, with the ways onward of another."""
    box = sheet.canvas.on_border(host.get("id"))
    called = name or (like.get("name") if like is not None else "")
    event = sheet.add_node("boundaryEvent", host, box, called)
    event.set("attachedToRef", host.get("id"))
    if like is not None and like.get("cancelActivity"):
        event.set("cancelActivity", like.get("cancelActivity"))
    _hand_over(definition, event)
    _onward(sheet, event, like_flows)
    return event


def copied(sheet: Sheet, task: Task) -> bool:
    """G02: the gateway gets an event of its own, and the other way keeps this one."""
    node = task.element
    if node is None:
        return False
    races = [
        flow for flow in sheet.incoming(node) if (gate := sheet.end(flow, "sourceRef")) and _is_race(gate)
    ]
    if not races or len(sheet.incoming(node)) < 2:
        return False
    for flow in races if len(races) < len(sheet.incoming(node)) else races[1:]:
        box = sheet.canvas.beside(node.get("id"), node.local, side="below")
        twin = sheet.add_node(node.local, node, box, node.get("name"))
        for each in definitions(node):
            twin.add(str(each))
        sheet.end_at(flow, twin)
        _onward(sheet, twin, sheet.outgoing(node))
    return True


def say_what_happened(sheet: Sheet, task: Task) -> bool:
    """G12: a person says what happened; what comes by itself sits on the border of that task."""
    gate = task.element
    if gate is None or not _is_race(gate):
        return False
    ways = [(flow, sheet.end(flow, "targetRef")) for flow in sheet.outgoing(gate)]
    asked = [flow for flow, node in ways if node is not None and not _happens(node)]
    if not asked or any(node is None or node.children("conditionalEventDefinition") for _, node in ways):
        return False
    for name in ("eventGatewayType", "instantiate", "gatewayDirection"):
        gate.set(name, None)
    gate.set("name", gate.get("name") or "Co się stało?")
    sheet.turn(gate, "userTask")
    if len(asked) > 1:
        box = sheet.canvas.beside(gate.get("id"), "exclusiveGateway", side="right")
        choice = sheet.add_node("exclusiveGateway", gate, box, "Co się stało?")
        for flow in asked:
            sheet.start_at(flow, choice)
        sheet.add_flow(gate, choice)
    for flow, node in ways:
        assert node is not None  # noqa: S101  # looked at above
        if flow not in asked:
            sheet.drop(flow)
            event = on_border(sheet, gate, definitions(node)[0], [], name=node.get("name"))
            sheet.add_flow(event, node)
        for each in definitions(node):
            each.remove()
        sheet.turn(node, "intermediateThrowEvent")
    return len(asked) == 1 or asking.ask(sheet, choice)


def _happens(node: Piece) -> bool:
    """Whether an event behind a gateway comes by itself: a time, a signal, or a message that has a name."""
    found = definitions(node)
    return bool(found) and all(
        each.local != "messageEventDefinition" or each.get("messageRef") for each in found
    )


def _is_race(node: Piece) -> bool:
    return node.local == "eventBasedGateway"


def _onward(sheet: Sheet, start: Piece, like: list[Piece]) -> None:
    for flow in like:
        end = sheet.end(flow, "targetRef")
        if end is not None:
            sheet.add_flow(start, end, flow.get("name"))


def _hand_over(definition: Piece, to: Piece) -> None:
    raw = str(definition)
    definition.remove()
    to.add(raw)


def _kind(definition: Piece) -> str:
    return definition.local.removesuffix("EventDefinition")
