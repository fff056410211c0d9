"""Which form a task shows: one of these files, or one that the diagram holds itself and that becomes ours."""

import json
import re
from typing import Any

from engine.process import forms
from engine.process.doctor import words
from engine.process.doctor.model import Node
from engine.process.doctor.vendors import fields
from engine.process.doctor.visit import Visit

_SHOWING = frozenset({"userTask", "manualTask", "task", "startEvent"})
_NAMED = re.compile(r"([\w-]+)(?:\.(?:form|html?|jsf|xhtml|json))?/?$")


def adopt(visit: Visit, node: Node) -> None:
    """V10 to V13: the form that another tool's settings mean."""
    if node.foreign is None or node.kind not in _SHOWING or node.properties.get("form"):
        return
    drawn = [part for each in node.foreign.all("formData") for part in each.parts if part.name == "formField"]
    listed = drawn + node.foreign.all("formProperty")
    if listed:
        _draw(visit, node, [fields.listed(each) for each in listed])
        return
    written = _key(node)
    if written:
        _find(visit, node, written)


def _key(node: Node) -> str:
    assert node.foreign is not None  # noqa: S101  # asked only of steps that say something
    said = node.foreign.said
    found = node.foreign.attributes.get("formKey") or node.foreign.attributes.get("formRef")
    found = found or said("formDefinition", "formId") or said("formDefinition", "formKey")
    return (found or said("formDefinition", "externalReference")).strip().lstrip("=").strip().strip('"')


def _find(visit: Visit, node: Node, written: str) -> None:
    """A form of the file, a form of these files, or none."""
    inside = visit.bundle.foreign_forms.get(written.rpartition(":")[2])
    if inside is not None:
        _draw_json(visit, node, written, inside)
        return
    named = _NAMED.search(written)
    keys = {written, named[1] if named else written}
    form = next((key for key in visit.bundle.forms if key in keys), None)
    if form is None:
        visit.say("V12", node, form=written[:80])
        return
    node.properties["form"] = form
    if form != written:
        visit.say("V11", node, written=written[:80], form=form)


def _draw_json(visit: Visit, node: Node, written: str, inside: str) -> None:
    try:
        plain = json.loads(inside)
        components = plain["components"]
    except (ValueError, TypeError, KeyError, RecursionError):
        visit.say("V12", node, form=written[:80])
        return
    found: list[fields.Read] = []
    for each in components if isinstance(components, list) else []:
        found += fields.component(each)
    _draw(visit, node, found)


def _draw(visit: Visit, node: Node, read: list[fields.Read]) -> None:
    """Check the fields with our own forms; what they refuse is named and left out."""
    left = [name for each in read for name in each.left]
    key = _fresh(visit, node)
    kept: list[dict[str, Any]] = []
    fields_ = [each.field for each in read if each.field is not None]
    left += [str(each.get("label") or each["key"])[:60] for each in fields_ if not _add(key, kept, each)]
    if left:
        visit.say("V13", node, names=words.listed([each for each in left if each]))
    if not kept:
        return
    title = node.name or key
    intro = "\n\n".join(each.text for each in read if each.text)[:2000]
    form = {"key": key, "title": {"pl": title, "en": node.properties.get("name:en") or title}, "fields": kept}
    visit.bundle.drawn_forms[key] = {**form, "intro": intro} if intro else form
    visit.bundle.forms[key] = frozenset(each["key"] for each in kept)
    node.properties["form"] = key
    visit.say("V10", node, form=key, names=words.listed([each["key"] for each in kept], most=20))


def _add(form: str, kept: list[dict[str, Any]], field: dict[str, Any]) -> bool:
    """Add a field if the form stays one of ours, with less of its limits if need be."""
    for attempt in (
        field,
        {name: field[name] for name in field if name not in {"min", "max", "when", "default"}},
    ):
        try:
            forms.from_json({"key": form, "title": "x", "fields": [*kept, attempt]})
        except forms.FormWrong:
            continue
        kept.append(attempt)
        return attempt is field
    return False


def _fresh(visit: Visit, node: Node) -> str:
    base = "form_" + re.sub(r"[^a-z0-9]+", "_", (node.source or node.id).lower())[:60].strip("_")
    found, count = base, 1
    while found in visit.bundle.forms:
        count += 1
        found = f"{base}_{count}"
    return found
