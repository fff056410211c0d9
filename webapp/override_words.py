"""Overrides as history tells them: a sentence for each, from what to what."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext, pgettext
from sqlalchemy import select

from engine.history import Event
from engine.people import Person
from engine.process.blueprint import Blueprint as Plan
from engine.process.checkpoints import Checkpoint
from engine.sales.story import Told
from webapp import formats
from webapp.database import db
from webapp.languages import into_words
from webapp.operate_page import written
from webapp.processes import whose

Pairs = Sequence[tuple[str, str]]


def told(plan: Plan, event: Event | Told) -> tuple[str, Pairs]:
    """The sentence behind the person's name, and the values it changed: name and “old → new”."""
    data = event.data or {}
    what = str(data.get("what", ""))
    if what == "moved":
        return _moved(plan, event, data), ()
    if what in {"edited", "inputs"}:
        return _edited(plan, event, what), _changes(data)
    if what == "reassigned":
        return _reassigned(plan, event, data), ()
    if what == "restored":
        return _restored(data), ()
    return _plain(what), ()


def _plain(what: str) -> str:
    known = {
        "suspended": pgettext("override", "let the case rest"),
        "resumed": pgettext("override", "let the case go on"),
        "kept": pgettext("override", "kept the state"),
        "mended": pgettext("override", "had the state read again"),
    }
    return str(known.get(what, what))


def _moved(plan: Plan, event: Event | Told, data: Mapping[str, Any]) -> str:
    left = [_name(plan, each.get("diagram"), each.get("element")) for each in data.get("from", ())]
    to = _name(plan, event.diagram, event.element)
    if not left:
        return str(pgettext("override", "moved the case to %(to)s", to=to))
    return str(pgettext("override", "moved the case from %(left)s to %(to)s", left=", ".join(left), to=to))


def _edited(plan: Plan, event: Event | Told, what: str) -> str:
    if what == "inputs":
        step = _name(plan, event.diagram, event.element)
        return str(pgettext("override", "changed what %(step)s asks", step=step))
    return str(pgettext("override", "changed the data of the case"))


def _changes(data: Mapping[str, Any]) -> Pairs:
    old, new = data.get("old") or {}, data.get("new") or {}
    return [(name, f"{written(old.get(name)) or '–'} → {written(new[name]) or '–'}") for name in new]


def _reassigned(plan: Plan, event: Event | Told, data: Mapping[str, Any]) -> str:
    to = data.get("to") or {}
    name = db.session.scalar(select(Person.name).where(Person.id == to.get("person")))
    step = _name(plan, event.diagram, event.element)
    return str(
        pgettext("override", "gave %(step)s to %(who)s", step=step, who=name or whose(to.get("queue")))
    )


def _restored(data: Mapping[str, Any]) -> str:
    kept = None if "at" in data else db.session.get(Checkpoint, data.get("checkpoint", 0))
    at = datetime.fromisoformat(data["at"]) if "at" in data else kept.at if kept else None
    if at is None:
        return str(pgettext("override", "went back to a kept state"))
    return str(pgettext("override", "went back to the state of %(moment)s", moment=formats.full(at)))


def _name(plan: Plan, diagram: str | None, element: str | None) -> str:
    found = plan.element(diagram or "", element or "")
    name = (into_words(found.name) if found else "") or element or ""
    return str(gettext("“%(name)s”", name=name))
