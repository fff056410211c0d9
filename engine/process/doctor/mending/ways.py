"""How the repairs of processes, ids, flows, starts, ends and gateways are drawn. Each drawer says whether it could."""

from collections.abc import Iterator

from engine.process.doctor import conditions
from engine.process.doctor.mending import asking
from engine.process.doctor.mending.document import Piece
from engine.process.doctor.mending.sheet import Sheet
from engine.process.doctor.mending.task import Task
from engine.process.doctor.model import NODES
from engine.process.doctor.repairs.heads import STARTING
from engine.process.doctor.words import TRIGGERS

_JOINING = ("boundaryEvent", "subProcess")


def executable(sheet: Sheet, task: Task) -> bool:
    """P01: marked executable."""
    found = sheet.process(task.finding.diagram)
    if found is not None:
        found.set("isExecutable", "true")
    return found is not None


def identify(sheet: Sheet, task: Task) -> bool:
    """I01: everything that has no id gets one."""
    found = sheet.process(task.finding.diagram)
    bare = [
        each
        for each in (found.everything() if found is not None else ())
        if each.local in {*NODES, "sequenceFlow"} and not each.get("id").strip()
    ]
    for each in bare:
        key = sheet.fresh(each.local)
        each.set("id", key)
        sheet.ids[key] = each
        if each.local == "sequenceFlow":
            sheet.line(each)
    return bool(bare)


def another_id(sheet: Sheet, task: Task) -> bool:
    """I02 to I04: an id that the engine can carry; what pointed to the old one follows."""
    old = task.finding.element or ""
    same = [
        each
        for each in sheet.root.everything()
        if each.get("id") == old and each.local in {*NODES, "sequenceFlow"}
    ]
    if not old or not same:
        return False
    shared = task.finding.code == "I04" and len(same) > 1
    piece = same[-1] if shared else same[0]
    new = sheet.fresh(piece.local)
    sheet.rename_id(piece, new, shared=shared)
    if shared:
        _share_drawing(sheet, old, new, piece)
    return True


def _share_drawing(sheet: Sheet, old: str, new: str, piece: Piece) -> None:
    """The second of two shapes with one id is the second element's."""
    kind = "BPMNEdge" if piece.local == "sequenceFlow" else "BPMNShape"
    drawn = [
        each for each in sheet.root.everything() if each.local == kind and each.get("bpmnElement") == old
    ]
    if len(drawn) > 1:
        drawn[-1].set("bpmnElement", new)


def end_goes_on(sheet: Sheet, task: Task) -> bool:
    """F04: an end with a way out is an intermediate event."""
    if task.element is None or task.element.local != "endEvent":
        return False
    sheet.turn(task.element, "intermediateThrowEvent")
    return True


def behind_start(sheet: Sheet, task: Task) -> bool:
    """F05: what led into the start leads to a gateway just behind it."""
    node = task.element
    if node is None or not sheet.outgoing(node):
        return False
    entering = sheet.incoming(node)
    gate = _behind(sheet, node, "exclusiveGateway")
    for flow in entering:
        sheet.end_at(flow, gate)
    return True


def split(sheet: Sheet, task: Task) -> bool:
    """F06, F07: the gateway that several ways out of a step stand for."""
    node = task.element
    if node is None or len(sheet.outgoing(node)) < 2:
        return False
    conditional = task.finding.code == "F06"
    gate = _behind(sheet, node, "inclusiveGateway" if conditional else "parallelGateway")
    if not conditional:
        return True
    default = node.get("default")
    if default:
        node.set("default", None)
        gate.set("default", default)
    for flow in sheet.outgoing(gate):
        said = [each.text() for each in flow.children("conditionExpression")]
        if flow.get("id") == default:
            sheet.condition(flow, None)
        elif not said:
            sheet.condition(flow, "True")
        elif conditions.understood(said[0]) is None:
            return asking.ask(sheet, gate)
    return True


def merge_before(sheet: Sheet, task: Task) -> bool:
    """F08: a gateway before a step that leads to itself; where it leads nowhere else, one behind it that asks."""
    node = task.element
    if node is None:
        return False
    if all(sheet.end(flow, "targetRef") is node for flow in sheet.outgoing(node)):
        for flow in sheet.outgoing(node):
            sheet.drop(flow)
        return asking.again(sheet, node)
    box = sheet.canvas.beside(node.get("id"), "exclusiveGateway", side="left")
    gate = sheet.add_node("exclusiveGateway", node, box)
    for flow in sheet.incoming(node):
        sheet.end_at(flow, gate)
    sheet.add_flow(gate, node)
    return True


def _behind(sheet: Sheet, node: Piece, kind: str) -> Piece:
    """A gateway that takes over the ways out of a step."""
    leaving = sheet.outgoing(node)
    gate = sheet.add_node(kind, node, sheet.canvas.beside(node.get("id"), kind, side="right"))
    for flow in leaving:
        sheet.start_at(flow, gate)
    sheet.add_flow(node, gate)
    return gate


def no_conditions(sheet: Sheet, task: Task) -> bool:
    """F10, G04: conditions that choose nothing go."""
    ways = sheet.outgoing(task.element) if task.element is not None else []
    for flow in ways:
        sheet.condition(flow, None)
    if task.element is not None:
        task.element.set("default", None)
    return bool(ways)


def no_default(_sheet: Sheet, task: Task) -> bool:
    """G05: a default way that does not exist is not named."""
    if task.element is not None:
        task.element.set("default", None)
    return task.element is not None


def default(sheet: Sheet, task: Task) -> bool:
    """G06: the last way becomes the default."""
    ways = sheet.outgoing(task.element) if task.element is not None else []
    if task.element is None or not ways or not ways[-1].get("id"):
        return False
    task.element.set("default", ways[-1].get("id"))
    sheet.condition(ways[-1], None)
    return True


def in_our_words(sheet: Sheet, task: Task) -> bool:
    """G11: conditions as they were read."""
    ways = sheet.outgoing(task.element) if task.element is not None else []
    for flow in ways:
        for each in flow.children("conditionExpression"):
            each.write(conditions.understood(each.text()) or each.text())
            each.set("language", None)
    return bool(ways)


def choose(sheet: Sheet, task: Task) -> bool:
    """G07 to G09: a person chooses the way."""
    node = task.element
    if node is None:
        return False
    if node.local not in {"exclusiveGateway", "inclusiveGateway"}:
        gates = [sheet.end(flow, "targetRef") for flow in sheet.outgoing(node)]
        node = (
            gates[0] if len(gates) == 1 and gates[0] is not None and "_added_" in gates[0].get("id") else None
        )
    return asking.ask(sheet, node) if node is not None else False


def any_event(sheet: Sheet, task: Task) -> bool:
    """G01: an event gateway becomes a choice."""
    if task.element is None or task.element.local != "eventBasedGateway":
        return False
    sheet.turn(task.element, "exclusiveGateway")
    task.element.set("eventGatewayType", None)
    task.element.set("instantiate", None)
    return asking.ask(sheet, task.element)


def inclusive(sheet: Sheet, task: Task) -> bool:
    """G03, J01: an inclusive gateway; a split that it also was stays parallel."""
    node = task.element
    if node is None:
        return False
    leaving = sheet.outgoing(node)
    for each in node.children("activationCondition"):
        each.remove()
    sheet.turn(node, "inclusiveGateway")
    if task.finding.code == "J01" and len(leaving) > 1:
        _behind(sheet, node, "parallelGateway")
    return True


def let_through(sheet: Sheet, task: Task) -> bool:
    """W01: a gateway that waits no more; what it splits is split behind it."""
    node = task.element
    if node is None:
        return False
    kind = node.local
    node.set("default", None)
    sheet.turn(node, "exclusiveGateway")
    if len(sheet.outgoing(node)) > 1:
        _behind(sheet, node, kind)
    return True


def to_the_whole(sheet: Sheet, task: Task) -> bool:
    """F03: a flow over the border of a sub-process is attached to the sub-process itself."""
    flow = task.element
    start, end = (sheet.end(flow, name) if flow is not None else None for name in ("sourceRef", "targetRef"))
    if flow is None or start is None or end is None:
        return False
    above, below = list(_up(start)), list(_up(end))
    shared = next((one.parent for one in above if any(one.parent is other.parent for other in below)), None)
    if shared is None:
        return False
    one = next(each for each in above if each.parent is shared)
    other = next(each for each in below if each.parent is shared)
    if one is other:
        sheet.drop(flow)
        return True
    if one is not start:
        sheet.start_at(flow, one)
    if other is not end:
        sheet.end_at(flow, other)
    if flow.parent is not shared:
        raw = str(flow)
        flow.remove()
        sheet.ids[flow.get("id")] = shared.add(raw)
    return True


def _up(node: Piece) -> Iterator[Piece]:
    """A step and the sub-processes around it."""
    here: Piece | None = node
    while here is not None and here.local not in {"process", "definitions"}:
        yield here
        here = here.parent


def start_and_end(sheet: Sheet, task: Task) -> bool:
    """S09: a start and an end beside what starts by itself."""
    scope = sheet.scope(task.finding.element or task.finding.diagram)
    nodes = sheet.nodes(scope) if scope is not None else []
    if not nodes:
        return False
    box = sheet.canvas.beside(nodes[0].get("id"), "startEvent", side="left")
    start = sheet.add_node("startEvent", nodes[0], box)
    room = sheet.canvas.beside(start.get("id"), "endEvent", side="right")
    sheet.add_flow(start, sheet.add_node("endEvent", start, room))
    return True


def start_before(sheet: Sheet, task: Task) -> bool:
    """S01, S03: a start event before a step."""
    node = task.element
    if node is None:
        return False
    box = sheet.canvas.beside(node.get("id"), "startEvent", side="left")
    sheet.add_flow(sheet.add_node("startEvent", node, box), node)
    return True


def begin(sheet: Sheet, task: Task) -> bool:
    """S11: an event that nothing leads to becomes a start; any other step gets one before it."""
    node = task.element
    if node is None:
        return False
    kinds = [each.local.removesuffix("EventDefinition") for each in node.children()]
    foreign = set(kinds) & TRIGGERS.keys() - STARTING
    if node.local == "intermediateCatchEvent" and not foreign and not sheet.incoming(node):
        sheet.turn(node, "startEvent")
        return True
    box = sheet.canvas.beside(node.get("id"), "startEvent", side="left")
    start, loose = sheet.add_node("startEvent", node, box, node.get("name")), sheet.incoming(node)
    if loose:
        sheet.start_at(loose[0], start)
    else:
        sheet.add_flow(start, node)
    return True


def end_of(sheet: Sheet, task: Task) -> bool:
    """F11: an end event where a flow leads nowhere."""
    flow = task.element
    node = sheet.end(flow, "sourceRef") if flow is not None else None
    if flow is None or node is None:
        return False
    box = sheet.canvas.beside(node.get("id"), "endEvent", side="right")
    sheet.end_at(flow, sheet.add_node("endEvent", node, box))
    return True


def start_of_all(sheet: Sheet, task: Task) -> bool:
    """S02: one start event before a gateway that begins all ways at once."""
    scope = sheet.scope(task.finding.element or task.finding.diagram)
    nodes = sheet.nodes(scope) if scope is not None else []
    movable = [
        each for each in nodes if each.local != "boundaryEvent" and each.get("triggeredByEvent") != "true"
    ]
    first = [each for each in movable if not sheet.incoming(each)]
    first = [each for each in first if sheet.outgoing(each) or each.local != "endEvent"] or first
    if len(first) < 2:
        return False
    box = sheet.canvas.beside(first[0].get("id"), "parallelGateway", side="left")
    gate = sheet.add_node("parallelGateway", first[0], box)
    for each in first:
        sheet.add_flow(gate, each)
    room = sheet.canvas.beside(gate.get("id"), "startEvent", side="left")
    sheet.add_flow(sheet.add_node("startEvent", gate, room), gate)
    return True


def open_circle(sheet: Sheet, task: Task) -> bool:
    """R04: on a way back to a step a gateway asks whether to go round again or finish."""
    node = task.element
    back = (
        [flow for flow in sheet.incoming(node) if _comes_from(sheet, node, flow)] if node is not None else []
    )
    source = sheet.end(back[0], "sourceRef") if back else None
    if node is None or source is None:
        return False
    gate = sheet.add_node(
        "exclusiveGateway",
        source,
        sheet.canvas.beside(source.get("id"), "exclusiveGateway", side="right"),
        "Jeszcze raz?",
    )
    sheet.end_at(back[0], gate)
    sheet.add_flow(gate, node, "Tak, jeszcze raz")
    room = sheet.canvas.beside(gate.get("id"), "endEvent", side="right")
    sheet.add_flow(gate, sheet.add_node("endEvent", gate, room), "Nie, skończ")
    return asking.ask(sheet, gate)


def _comes_from(sheet: Sheet, node: Piece, flow: Piece) -> bool:
    """Whether the way on from a step leads to this flow."""
    todo, seen = [node.get("id")], {node.get("id")}
    while todo:
        here = sheet.ids.get(todo.pop())
        for each in sheet.outgoing(here) if here is not None else ():
            if each is flow:
                return True
            key = each.get("targetRef").rpartition(":")[2]
            if key not in seen:
                seen.add(key)
                todo.append(key)
    return False


def end_behind(sheet: Sheet, task: Task) -> bool:
    """S07: an end event behind a step that leads nowhere."""
    node = task.element
    if node is None or sheet.outgoing(node):
        return False
    box = sheet.canvas.beside(node.get("id"), "endEvent", side="right")
    sheet.add_flow(node, sheet.add_node("endEvent", node, box))
    return True
