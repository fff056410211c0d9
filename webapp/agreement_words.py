"""Terms of agreements as people read them: labels, lengths of work time, cases, steps, and what happened to them."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext, lazy_gettext, lazy_pgettext, ngettext, pgettext

from engine.sales import terms
from webapp.formats import full_day, number, percent

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
FACTS = {
    "deal.amount": lazy_gettext("Amount"),
    "deal.product_line": lazy_gettext("Product line"),
    "deal.kind": lazy_gettext("Kind of deal"),
}
"""What the form offers to ask of a deal; any other column is called as its label says."""

EVENTS = {
    "agreement_drafted": lazy_pgettext("agreement", "Draft"),
    "agreement_proposed": lazy_pgettext("agreement", "Proposal"),
    "agreement_countered": lazy_pgettext("agreement", "Counter-proposal"),
    "agreement_accepted": lazy_pgettext("agreement", "Signed by both"),
    "agreement_withdrawn": lazy_pgettext("agreement", "Taken back"),
    "agreement_declined": lazy_pgettext("agreement", "Declined"),
    "agreement_in_force": lazy_pgettext("agreement", "Came into force"),
    "agreement_overdue_answer": lazy_gettext("Silence: it went to their manager"),
    "agreement_advised": lazy_gettext("The manager wrote"),
    "agreement_suspension_asked": lazy_gettext("A pause is asked for"),
    "agreement_suspension_refused": lazy_gettext("The pause is refused"),
    "agreement_suspension_withdrawn": lazy_gettext("The pause is no longer asked for"),
    "agreement_suspended": lazy_pgettext("agreement", "Suspended"),
    "agreement_resumption_asked": lazy_gettext("An early end of the pause is asked for"),
    "agreement_resumption_refused": lazy_gettext("The early end of the pause is refused"),
    "agreement_resumption_withdrawn": lazy_gettext("The early end of the pause is no longer asked for"),
    "agreement_resumed": lazy_gettext("The pause is over"),
    "agreement_review_due": lazy_gettext("The day of review came"),
    "agreement_kept": lazy_gettext("May stay as it is"),
    "agreement_to_revise": lazy_gettext("Will be revised"),
    "agreement_terminated": lazy_gettext("Notice was given"),
    "agreement_ended": lazy_gettext("Ended after notice"),
    "agreement_expired": lazy_pgettext("agreement", "Expired"),
}
NUMBER = r"(-?\d+(?:\.\d+)?)"
FROM, BELOW = re.compile(rf">= ?{NUMBER}"), re.compile(rf"< ?{NUMBER}")
BETWEEN = re.compile(rf"\[{NUMBER}\.\.{NUMBER}\)")
WORDS = re.compile(r'"[^"]*"(?:, ?"[^"]*")*')
"""The cells that the form writes; what else a table says is read as it is written."""

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
    if kind == "day":
        return full_day(date.fromisoformat(value))
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


def called(column: Mapping[str, str]) -> str:
    """The head of a column of the table of cases."""
    return str(FACTS.get(column["expression"], column["label"]))


def case(columns: Sequence[Mapping[str, str]], row: Mapping[str, Any]) -> str:
    """A row of the table in one line: what is asked, and the times it gives."""
    asked = [
        f"{called(column)} {cell(each)}"
        for column, each in zip(columns, row["when"], strict=True)
        if each != "-"
    ]
    times = [
        f"{LABELS[field]}: {duration(row[field])}" for field in ("promise_time", "deliver_time") if row[field]
    ]
    return f"{', '.join(asked) or '–'} → {', '.join(times)}"


def step(said: Mapping[str, str]) -> str:
    """An escalation step in one line: when, who, and how."""
    after = said["after"]
    if not re.search(r"[1-9]", after):
        due = gettext("at the due time")
        return f"{due}: {WHO[said['who']]} {HOW[said['how']]}"
    length = duration(after.removeprefix("-"))
    when = (
        gettext("%(length)s before the due time", length=length)
        if after.startswith("-")
        else gettext("%(length)s after the due time", length=length)
    )
    return f"{when}: {WHO[said['who']]} {HOW[said['how']]}"


def cell(text: str) -> str:
    """A cell of the table of cases as people read it: ``>= 1000000`` reads “from 1 000 000”."""
    if text == "-":
        return str(pgettext("case", "any"))
    between = BETWEEN.fullmatch(text)
    if between:
        low, high = (number(Decimal(each)) for each in between.groups())
        return str(gettext("from %(low)s to less than %(high)s", low=low, high=high))
    for shape, words in ((FROM, _from), (BELOW, _below)):
        found = shape.fullmatch(text)
        if found:
            return words(number(Decimal(found[1])))
    return text.replace('"', "") if WORDS.fullmatch(text) else text


def _from(amount: str) -> str:
    return str(gettext("from %(low)s", low=amount))


def _below(amount: str) -> str:
    return str(gettext("less than %(high)s", high=amount))


def states() -> dict[str, Any]:
    """What a version is called by its state."""
    return {
        "draft": pgettext("agreement", "Draft"),
        "proposed": pgettext("agreement", "Proposed"),
        "countered": pgettext("agreement", "Countered"),
        "scheduled": pgettext("agreement", "Signed"),
        "in_force": pgettext("agreement", "In force"),
        "suspended": pgettext("agreement", "Suspended"),
        "terminated": pgettext("agreement", "Terminated"),
        "expired": pgettext("agreement", "Expired"),
        "superseded": pgettext("agreement", "Superseded"),
        "withdrawn": pgettext("agreement", "Withdrawn"),
    }
