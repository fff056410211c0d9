"""Forms for the questions the doctor added: JSON in the format of `engine.process.forms`."""

import re
from typing import Any

from engine.process.blueprint import Text
from engine.process.doctor.model import Bundle, Node, Question


def forms(bundle: Bundle) -> dict[str, dict[str, Any]]:
    """A form for every user task that asks something; the task's ``form`` property is set to its key.

    With them come the forms that the diagrams hold themselves.
    """
    found = dict(bundle.drawn_forms)
    for process in bundle.processes:
        for _, node in process.scope.everything():
            if node.kind == "userTask" and node.questions:
                key = _key(node, found)
                found[key] = _form(key, node)
                node.properties = {**node.properties, "form": key}
    return found


def _key(node: Node, taken: dict[str, dict[str, Any]]) -> str:
    base = "dr_" + re.sub(r"[^a-z0-9]+", "_", node.id.lower())[:60].strip("_")
    found, count = base, 1
    while found in taken:
        count += 1
        found = f"{base}_{count}"
    return found


def _form(key: str, node: Node) -> dict[str, Any]:
    title = node.title if node.title is not None and node.title.pl else Text(node.name, node.name)
    return {
        "key": key,
        "title": _both(title if title.pl else node.questions[0].label),
        "fields": [_field(question) for question in node.questions],
    }


def _field(question: Question) -> dict[str, Any]:
    field: dict[str, Any] = {
        "key": question.key,
        "type": "integer" if question.kind == "number" else question.kind,
        "label": _both(question.label),
        "required": True,
    }
    if question.kind == "number":
        return {**field, "min": 0, "max": 200}
    answers = [{"value": each.value, "label": _both(each.label)} for each in question.answers]
    return {**field, "options": answers}


def _both(text: Text) -> dict[str, str]:
    return {"pl": text.pl or text.en, "en": text.en or text.pl}
