"""A choice that a person makes, drawn: a task with a form before the gateway, and conditions that read the answer."""

import json
import re

from engine.process.doctor.mending.document import Piece
from engine.process.doctor.mending.sheet import Sheet

_FORM = re.compile(r"[:\"\s](form|formKey|formRef|formData|formProperty|formDefinition)\b")


def ask(sheet: Sheet, gate: Piece) -> bool:
    """Let a person choose the way out of a gateway."""
    ways = [(flow, _label(sheet, flow)) for flow in sheet.outgoing(gate)]
    if not all(flow.get("id") for flow, _ in ways) or len(ways) < 2:
        return False
    several = gate.local == "inclusiveGateway"
    key = _key("choice", gate.get("id"))
    for flow, _ in ways[:-1]:
        way = repr(flow.get("id"))
        sheet.condition(flow, f"{way} in {key}" if several else f"{key} == {way}")
    sheet.condition(ways[-1][0], None)
    gate.set("default", ways[-1][0].get("id"))
    options = [{"value": flow.get("id"), "label": label} for flow, label in ways]
    question = gate.get("name") or "Co dalej?"
    field = {"key": key, "type": "choices" if several else "choice", "label": question, "required": True}
    _give_form(sheet, gate, question, {**field, "options": options})
    return True


def ask_number(sheet: Sheet, node: Piece) -> str:
    """Let a person give a number before a step; the name of the answer."""
    key = _key("count", node.get("id"))
    question = f"Ile razy: {node.get('name')}?" if node.get("name") else "Ile razy?"
    field = {"key": key, "type": "integer", "label": question, "required": True, "min": 0, "max": 200}
    _give_form(sheet, node, question, field, own_task=True)
    return key


def again(sheet: Sheet, node: Piece) -> bool:
    """A gateway behind a step that asks whether to do it once more."""
    if len(sheet.outgoing(node)) > 1 or node.parent is None:
        return False
    box = sheet.canvas.beside(node.get("id"), "exclusiveGateway", side="right")
    gate = sheet.add_node("exclusiveGateway", node, box, "Jeszcze raz?")
    for flow in sheet.outgoing(node):
        sheet.start_at(flow, gate)
    if not sheet.outgoing(gate):
        room = sheet.canvas.beside(gate.get("id"), "endEvent", side="right")
        sheet.add_flow(gate, sheet.add_node("endEvent", gate, room), "Nie, dalej")
    sheet.add_flow(node, gate)
    sheet.add_flow(gate, node, "Tak, jeszcze raz")
    return ask(sheet, gate)


def _give_form(
    sheet: Sheet, target: Piece, question: str, field: dict[str, object], *, own_task: bool = False
) -> None:
    """A form on the tasks just before, or on a task of its own."""
    name = f"mended_{field['key']}"[:90]
    before = [sheet.end(flow, "sourceRef") for flow in sheet.incoming(target)]
    free = not own_task and bool(before) and all(each is not None and _is_free(each) for each in before)
    askers = [each for each in before if each is not None] if free else [_task(sheet, target, question)]
    for each in askers:
        sheet.say(each, "form", name)
    form = {"key": name, "title": askers[0].get("name") or question, "fields": [field]}
    sheet.forms[f"{name}.json"] = json.dumps(form, ensure_ascii=False, indent=2).encode()


def _is_free(node: Piece) -> bool:
    """Whether a task can ask: nothing repeats it and no form of its own is on it."""
    loops = node.children("standardLoopCharacteristics", "multiInstanceLoopCharacteristics")
    said = node.head + "".join(str(each) for each in node.children("extensionElements"))
    return node.local == "userTask" and not loops and not _FORM.search(said)


def _task(sheet: Sheet, target: Piece, question: str) -> Piece:
    box = sheet.canvas.beside(target.get("id"), "userTask", side="left")
    task = sheet.add_node("userTask", target, box, question)
    for flow in sheet.incoming(target):
        sheet.end_at(flow, task)
    sheet.add_flow(task, target)
    return task


def _label(sheet: Sheet, flow: Piece) -> str:
    """The name of a way, its condition where that is a text, or where it leads."""
    target = sheet.end(flow, "targetRef")
    condition = next((each.text() for each in flow.children("conditionExpression")), "")
    called = f"→ {target.get('name') or target.get('id')}" if target is not None else flow.get("id")
    return (flow.get("name") or condition.strip("${}= ") or called)[:120]


def _key(what: str, id_: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", f"{what}_{id_}".lower()).strip("_")[:50]
