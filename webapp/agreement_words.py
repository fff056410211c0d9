"""Terms of agreements as people read and type them: labels, lengths of work time."""

import re
from collections.abc import Mapping, Sequence
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
    "table": lazy_gettext("Other times in these cases"),
    "target": lazy_gettext("Target, % kept"),
    "capacity": lazy_gettext("Open at once, at most"),
    "capacity_week": lazy_gettext("Promised a week, at most"),
    "pause_reasons": lazy_gettext("May pause, because"),
    "rework": lazy_gettext("Corrections, at most"),
    "accepts": lazy_gettext("Accepted by"),
    "acceptance_window": lazy_gettext("When the receiver is silent, accepted after"),
    "buffer": lazy_gettext("Due before the client's date by"),
    "steps": lazy_gettext("When it is late"),
    "escalation": lazy_gettext("Who decides when it is late"),
    "consequence": lazy_gettext("What follows when it is broken"),
    "in_flight": lazy_gettext("Promises on their way"),
    "notice": lazy_gettext("Notice time"),
    "valid_from": lazy_gettext("In force from"),
    "valid_to": lazy_gettext("In force to"),
    "review_on": lazy_gettext("Reviewed on"),
}
CHOICES = {
    "at_once": lazy_gettext("Delivering is enough"),
    "consumer": lazy_gettext("The receiver accepts or rejects"),
    "old": lazy_gettext("They stay on the old terms"),
    "new": lazy_gettext("They go on under the new terms"),
}
WHO = {
    "provider_head": lazy_gettext("head of the one who delivers"),
    "consumer_head": lazy_gettext("head of the one who receives"),
    "common_manager": lazy_gettext("their common manager"),
    "director": lazy_gettext("director"),
}
HOW = {"notice": lazy_gettext("is told"), "task": lazy_gettext("gets a task")}
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
    if kind == "choice":
        return str(CHOICES[value])
    if kind == "table":
        return "; ".join(case(value["inputs"], row) for row in value["rules"])
    if kind == "steps":
        return "; ".join(step(each) for each in value)
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


def case(columns: Sequence[Mapping[str, str]], row: Mapping[str, Any]) -> str:
    """A row of the table in one line: what is asked, and the times it gives."""
    asked = [
        f"{column['label']} {cell}" for column, cell in zip(columns, row["when"], strict=True) if cell != "-"
    ]
    times = [
        f"{LABELS[field]}: {duration(row[field])}" for field in ("promise_time", "deliver_time") if row[field]
    ]
    return f"{', '.join(asked) or '–'} → {', '.join(times)}"


def step(said: Mapping[str, str]) -> str:
    """An escalation step in one line: when, who, and how."""
    after = said["after"]
    length = duration(after.removeprefix("-"))
    when = (
        gettext("%(length)s before the due time", length=length)
        if after.startswith("-")
        else gettext("%(length)s after the due time", length=length)
    )
    return f"{when}: {WHO[said['who']]} {HOW[said['how']]}"


def typed(before: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """The terms of the form that was sent; a length of time comes as a number and its unit.

    A field that the form did not ask stays as it was ``before``.
    """
    form, before = request.form, before or {}
    found = {
        field: form.get(field, "" if f"{field}_number" in form else before.get(field, ""))
        for field in terms.TERMS
    }
    for field, kind in terms.TERMS.items():
        number = form.get(f"{field}_number", "").strip()
        if kind == "duration" and number and not found[field]:
            found[field] = SHAPES.get(form.get(f"{field}_unit", ""), "{}").format(number)
    return found
