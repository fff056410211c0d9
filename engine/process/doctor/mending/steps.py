"""How the repairs of steps, events, times and messages are drawn. Each drawer says whether it could."""

from engine.process.doctor import times
from engine.process.doctor.findings import Ledger
from engine.process.doctor.mending import asking, events
from engine.process.doctor.mending.document import Piece
from engine.process.doctor.mending.sheet import Sheet
from engine.process.doctor.mending.task import Task
from engine.process.doctor.model import NODES, Bundle, Node, Process, Scope, Trigger
from engine.process.doctor.visit import Known, Visit

_TIMES = {"duration": "timeDuration", "date": "timeDate", "cycle": "timeCycle"}
_LOOPS = ("standardLoopCharacteristics", "multiInstanceLoopCharacteristics")
_GLOBAL = ("globalTask", "globalUserTask", "globalManualTask", "globalScriptTask", "globalBusinessRuleTask")
_OF_OTHER_KINDS = (
    *("messageRef", "calledElement", "implementation", "operationRef", "scriptFormat"),
    *(
        "triggeredByEvent",
        "parallelMultiple",
        "instantiate",
        "method",
        "cancelRemainingInstances",
        "ordering",
    ),
)


def to_person(sheet: Sheet, task: Task) -> bool:
    """A01 to A09, A14, E01, E03, M02: a user task."""
    node = task.element
    if node is None or node.local not in NODES or task.value == "trusted":
        return False
    beside = _happening(sheet, node) if task.finding.code in {"E01", "E03", "M02"} else []
    raws = [str(each) for each in beside]
    for each in node.children("script", *_definitions(node)):
        each.remove()
    for name in _OF_OTHER_KINDS:
        node.set(name, None)
    sheet.unsay(node, "connector")
    sheet.turn(node, "userTask")
    for raw in raws:
        events.on_border(sheet, node, node.add(raw), sheet.outgoing(node), name=node.get("name"))
    return True


def _happening(sheet: Sheet, node: Piece) -> list[Piece]:
    """What an event also waits for and that comes by itself; nothing where it waits for all at once."""
    if node.get("parallelMultiple") == "true":
        return []
    return [
        each
        for each in events.definitions(node)
        if each.local in {"timerEventDefinition", "signalEventDefinition"}
        or each.get("messageRef").rpartition(":")[2] in sheet.ids
    ]


def once_more(sheet: Sheet, task: Task) -> bool:
    """A10: the loop drawn out."""
    if task.element is None:
        return False
    for each in task.element.children(*_LOOPS):
        each.remove()
    return asking.again(sheet, task.element)


def how_many(sheet: Sheet, task: Task) -> bool:
    """A11: a task that asks for the number."""
    loop = _several(task)
    if task.element is None or loop is None:
        return False
    key = asking.ask_number(sheet, task.element)
    for each in loop.children():
        each.remove()
    name = sheet.tag(loop, "loopCardinality")
    loop.add(f"<{name}>min(int({key}), 200)</{name}>")
    return True


def cut(_sheet: Sheet, task: Task) -> bool:
    """A12: as many as there may be."""
    loop = _several(task)
    for each in loop.children("loopCardinality") if loop is not None else ():
        each.write("200")
        return True
    return False


def to_the_last(_sheet: Sheet, task: Task) -> bool:
    """A16: nothing ends the repetitions early."""
    loop = _several(task)
    found = loop.children("completionCondition") if loop is not None else []
    for each in found:
        each.remove()
    return bool(found)


def done_here(sheet: Sheet, task: Task) -> bool:
    """X24: a task of its own instead of the call of a global one."""
    node = task.element
    called = node.get("calledElement").rpartition(":")[2] if node is not None else ""
    found = [each for each in sheet.root.children(*_GLOBAL) if each.get("id") == called and called]
    if node is None or not found:
        return False
    kind = found[0].local.removeprefix("global")
    node.set("calledElement", None)
    node.set("name", node.get("name") or found[0].get("name"))
    sheet.turn(node, "userTask" if kind == "Task" else kind[:1].lower() + kind[1:])
    for each in found[0].children("script", "extensionElements"):
        if not node.children(each.local):
            first = node.children()
            node.add(str(each), before=first[0]) if first and each.local != "script" else node.add(str(each))
    if all(each.get("calledElement").rpartition(":")[2] != called for each in sheet.root.everything()):
        sheet.drop(found[0])
    return True


def any_order(sheet: Sheet, task: Task) -> bool:
    """A13: behind a gateway in the sub-process a person chooses which of its steps to do."""
    node = task.element
    if node is None or node.local != "adHocSubProcess":
        return False
    for each in [*node.children("completionCondition", "startEvent", "endEvent")]:
        sheet.drop(each)
    first = [each for each in sheet.nodes(node) if not sheet.incoming(each) and each.local != "boundaryEvent"]
    if not first:
        return False
    node.set("ordering", None)
    node.set("cancelRemainingInstances", None)
    sheet.turn(node, "subProcess")
    if len(first) > 1:
        box = sheet.canvas.beside(first[0].get("id"), "inclusiveGateway", side="left")
        gate = sheet.add_node("inclusiveGateway", first[0], box, "Które kroki?")
        for each in first:
            sheet.add_flow(gate, each)
        return asking.ask(sheet, gate)
    return True


def first_description(sheet: Sheet, task: Task) -> bool:
    """Z04: only the first entrance describes the stage."""
    node = task.element
    for name in ("order", "title", "title:en", "probability", "rots") if node is not None else ():
        assert node is not None  # noqa: S101  # mypy does not see it
        sheet.unsay(node, f"stage:{name}")
    return node is not None


def leave_out(sheet: Sheet, task: Task) -> bool:
    """R01, R02, F01, F02, S10, B01, C01: what cannot run goes."""
    if task.element is None:
        return False
    sheet.drop(task.element)
    return True


def no_way_in(sheet: Sheet, task: Task) -> bool:
    """B02: no flow leads into a boundary event."""
    return _drop_all(sheet, sheet.incoming(task.element)) if task.element is not None else False


def no_ways(sheet: Sheet, task: Task) -> bool:
    """F09: no flow leads to or leaves an event sub-process."""
    node = task.element
    return _drop_all(sheet, sheet.incoming(node) + sheet.outgoing(node)) if node is not None else False


def _drop_all(sheet: Sheet, pieces: list[Piece]) -> bool:
    for each in pieces:
        sheet.drop(each)
    return bool(pieces)


def heard(sheet: Sheet, task: Task) -> bool:
    """B03: a boundary event gets a message."""
    node = task.element
    if node is None:
        return False
    key = sheet.define("message", node.get("name") or node.get("id"))
    node.add(f'<{sheet.tag(node, "messageEventDefinition")} messageRef="{key}"/>')
    return True


def interrupting(_sheet: Sheet, task: Task) -> bool:
    """B04: an error interrupts."""
    if task.element is not None:
        task.element.set("cancelActivity", None)
    return task.element is not None


def throw_nothing(_sheet: Sheet, task: Task) -> bool:
    """C02, S06: the event has no trigger."""
    node = task.element
    found = node.children(*_definitions(node)) if node is not None else []
    for each in found:
        each.remove()
    return bool(found)


def throw_compensation_no_more(sheet: Sheet, task: Task) -> bool:
    """C02: the compensation goes, and an event that waited for it passes."""
    node = task.element
    if node is None:
        return False
    for each in node.children("compensateEventDefinition"):
        each.remove()
    if node.local == "intermediateCatchEvent":
        sheet.turn(node, "intermediateThrowEvent")
    return True


def forget_reference(_sheet: Sheet, task: Task) -> bool:
    """E07: a reference that leads nowhere goes."""
    node = task.element
    if node is None:
        return False
    for each in node.children("eventDefinitionRef"):
        each.remove()
    for each in node.children(*_definitions(node)):
        for name in ("messageRef", "signalRef", "errorRef", "escalationRef"):
            each.set(name, None)
    return True


def link(sheet: Sheet, task: Task) -> bool:
    """N01: a flow instead of two halves of an arrow."""
    node = task.element
    if node is None or node.parent is None:
        return False
    scope = sheet.nodes(node.parent)
    name = _link_name(node)
    twins = [each for each in scope if each.local == "intermediateCatchEvent" and _is_link(each)]
    same = [each for each in twins if _link_name(each) == name] or (twins if len(twins) == 1 else [])
    if not same:
        return False
    others = [each for each in scope if each.local != "intermediateCatchEvent" and _is_link(each)]
    throwing = [each for each in others if _link_name(each) == name] or [node]
    for each in throwing:
        sheet.turn(each, "intermediateThrowEvent")
        _unlink(each)
        sheet.add_flow(each, same[0])
    _unlink(same[0])
    sheet.turn(same[0], "intermediateThrowEvent")
    return True


def unpaired(sheet: Sheet, task: Task) -> bool:
    """N02: the way ends where a link leads nowhere; one that nothing leads to goes."""
    node = task.element
    if node is None:
        return False
    if node.local == "intermediateCatchEvent" and not sheet.incoming(node):
        sheet.drop(node)
        return True
    _unlink(node)
    sheet.turn(node, "endEvent" if not sheet.outgoing(node) else "intermediateThrowEvent")
    return True


def _is_link(node: Piece) -> bool:
    return bool(node.children("linkEventDefinition"))


def _link_name(node: Piece) -> str:
    found = node.children("linkEventDefinition")
    return ((found[0].get("name") if found else "") or node.get("name")).casefold()


def _unlink(node: Piece) -> None:
    for each in node.children("linkEventDefinition"):
        each.remove()


def time(sheet: Sheet, task: Task) -> bool:
    """T01 to T04, V30: the time as it was read, in its own field."""
    node = task.element
    timers = node.children("timerEventDefinition") if node is not None else []
    if node is None or len(timers) != 1:
        return False
    read = _read(node, timers[0], task)
    for each in timers[0].children(*_TIMES.values()):
        each.remove()
    name = sheet.tag(timers[0], _TIMES[read.timer or "duration"])
    timers[0].add(f"<{name}/>").write(read.text or "")
    return True


def _read(node: Piece, timer: Piece, task: Task) -> Trigger:
    """The time as the doctor reads it, with the value that was given for it."""
    drawn = next(iter(timer.children(*_TIMES.values())), None)
    kind = next((key for key, name in _TIMES.items() if drawn is not None and name == drawn.local), None)
    trigger = Trigger("timer", timer=kind, text=drawn.text() if drawn is not None else None)
    about = Node(node.get("id"), node.local, node.get("name"), node.get("id"))
    process = Process("", "", "", Scope(""))
    ids = (f"{code}::{about.id}" for code in ("T01", "T02"))
    ledger = Ledger([f"{each}={task.value}" for each in ids])
    visit = Visit(Bundle(), process, ledger, Known(), open_world=task.finding.code not in {"T01", "T02"})
    repeats = node.local == "boundaryEvent" and node.get("cancelActivity") == "false"
    times.mend(visit, about, trigger, once=not repeats and node.local != "startEvent")
    return trigger


def name_message(sheet: Sheet, task: Task) -> bool:
    """M01: the message gets the name it is called by."""
    return _name(sheet, task, "message")


def name_signal(sheet: Sheet, task: Task) -> bool:
    """M04: the signal gets its name."""
    return _name(sheet, task, "signal")


def _name(sheet: Sheet, task: Task, kind: str) -> bool:
    node = task.element
    found = node.children(f"{kind}EventDefinition") if node is not None else []
    if node is None or not found:
        return False
    key = sheet.define(kind, node.get("name") or node.get("id"))
    found[0].set(f"{kind}Ref", key)
    return True


def without_form(sheet: Sheet, task: Task) -> bool:
    """Q01: the step names no form."""
    if task.element is not None:
        sheet.unsay(task.element, "form")
    return task.element is not None


def whose(sheet: Sheet, task: Task) -> bool:
    """L01, L02, V04: the lane or task says whose it is."""
    in_a_lane = task.finding.code == "V04" and task.finding.severity == "warning"
    value = task.value or ("" if in_a_lane else "role:employee")
    if task.element is None or not value:
        return False
    sheet.say(task.element, "audience", value)
    return True


def _several(task: Task) -> Piece | None:
    found = task.element.children("multiInstanceLoopCharacteristics") if task.element is not None else []
    return found[0] if found else None


def _definitions(node: Piece) -> list[str]:
    return [each.local for each in node.children() if each.local.endswith("EventDefinition")] + [
        "eventDefinitionRef"
    ]
