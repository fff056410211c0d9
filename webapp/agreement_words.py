"""Terms of agreements as people read and type them: labels, lengths of work time."""

import re
from collections.abc import Mapping
from typing import Any

from flask import request
from flask_babel import gettext, lazy_gettext, ngettext

from engine.sales import terms
from webapp.formats import percent

LABELS = {
    "deliverable": lazy_gettext("What is delivered"),
    "ready": lazy_gettext("Ready, when"),
    "acceptance": lazy_gettext("Accepted, when"),
    "promise_time": lazy_gettext("Time to promise"),
    "deliver_time": lazy_gettext("Time to deliver"),
    "target": lazy_gettext("Target, % kept"),
    "capacity": lazy_gettext("Open at once, at most"),
    "rework": lazy_gettext("Corrections, at most"),
    "acceptance_window": lazy_gettext("When the receiver is silent, accepted after"),
    "escalation": lazy_gettext("Who decides when it is late"),
    "consequence": lazy_gettext("What follows when it is broken"),
    "valid_from": lazy_gettext("In force from"),
    "valid_to": lazy_gettext("In force to"),
    "review_on": lazy_gettext("Reviewed on"),
}
SHAPES = {"days": "P{}D", "hours": "PT{}H", "minutes": "PT{}M"}
UNITS = (
    ("days", lazy_gettext("work days")),
    ("hours", lazy_gettext("work hours")),
    ("minutes", lazy_gettext("work minutes")),
    ("", lazy_gettext("as written (P1DT4H)")),
)


def term(field: str, value: Any) -> str:
    """One term in words: ``P3D`` reads “3 work days”."""
    if value is None:
        return "–"
    kind = terms.TERMS[field]
    if kind == "duration":
        return duration(str(value))
    return percent(value / 100) if field == "target" else str(value)


def split(text: str | None) -> tuple[str, str]:
    """A duration as a number and its unit, for the form; an unusual one stays as it is written."""
    for unit, shape in SHAPES.items():
        before, after = shape.split("{}")
        if text and text.startswith(before) and text.endswith(after) and text[len(before) : -1].isdigit():
            return text[len(before) : -1], unit
    return text or "", "" if text else "days"


def duration(text: str) -> str:
    """An ISO duration in work time, in words; as it is where it is unusual."""
    match = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?", text)
    if match is None:
        return text
    days, hours, minutes = (int(part) if part else 0 for part in match.groups())
    parts = [
        ngettext("%(num)d work day", "%(num)d work days", days) if days else "",
        gettext("%(hours)d h", hours=hours) if hours else "",
        gettext("%(minutes)d min", minutes=minutes) if minutes else "",
    ]
    return " ".join(part for part in parts if part) or text


def typed() -> Mapping[str, Any]:
    """The terms of the form that was sent; a length of time comes as a number and its unit."""
    form = request.form
    found = {field: form.get(field, "") for field in terms.TERMS}
    for field, kind in terms.TERMS.items():
        number = form.get(f"{field}_number", "").strip()
        if kind == "duration" and number and not found[field]:
            found[field] = SHAPES.get(form.get(f"{field}_unit", ""), "{}").format(number)
    return found
