"""A promise in words: where it stands, whose turn it is and what is asked, how much time is left, what each side said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from flask_babel import gettext, lazy_gettext, lazy_pgettext

from engine.people import Department
from engine.sales.promises import Promise
from engine.sales.talking import PROVIDER
from webapp import formats
from webapp.agreement_words import HOW, WHO
from webapp.languages import current

STATES = {
    "requested": lazy_pgettext("promise", "To be promised"),
    "returned": lazy_pgettext("promise", "Returned as not ready"),
    "countered": lazy_pgettext("promise", "Another date offered"),
    "promised": lazy_pgettext("promise", "Promised"),
    "paused": lazy_pgettext("promise", "Paused"),
    "declined": lazy_pgettext("promise", "Declined"),
    "delivered": lazy_pgettext("promise", "Delivered"),
    "accepted": lazy_pgettext("promise", "Accepted"),
    "kept": lazy_pgettext("promise", "Kept"),
    "broken": lazy_pgettext("promise", "Broken"),
    "waived": lazy_pgettext("promise", "Waived"),
    "revoked": lazy_pgettext("promise", "Taken back"),
    "cancelled": lazy_pgettext("promise", "Cancelled"),
    "suspended": lazy_pgettext("promise", "Agreement suspended"),
}
"""The same words as the mark of a state, for choices and sentences."""

YOURS = {
    "requested": lazy_gettext("Asked of you: promise it, or say what is missing"),
    "returned": lazy_gettext("Returned: bring what is missing"),
    "countered": lazy_gettext("Another date is proposed: agree, or keep the one agreed on"),
    "anew": lazy_gettext("Another date is asked for: agree, or keep the one promised"),
    "reworked": lazy_gettext("Not accepted: correct it and deliver again"),
    "promised": lazy_gettext("Promised: deliver it in time"),
    "late": lazy_gettext("Late: deliver it"),
    "paused": lazy_gettext("Paused: let the clock run again when you can go on"),
    "delivered": lazy_gettext("Delivered: accept or reject"),
    "declined": lazy_gettext("Declined: a manager decides"),
    "revoked": lazy_gettext("Taken back: the step is yours again"),
    "waived": lazy_gettext("Waived: nobody is held to it, the step is still to be done"),
    "suspended": lazy_gettext("The agreement was suspended: nobody is held to a time"),
    "none": lazy_gettext("No agreement was in force: nobody has promised a time"),
}
"""What is asked of whoever has to speak next."""

THEIRS = {
    "requested": lazy_gettext("Waiting for %(department)s to promise"),
    "returned": lazy_gettext("Waiting for %(department)s to bring what is missing"),
    "countered": lazy_gettext("Waiting for %(department)s to agree to another date"),
    "anew": lazy_gettext("Waiting for %(department)s to agree to another date"),
    "reworked": lazy_gettext("Waiting for %(department)s to correct it"),
    "promised": lazy_gettext("Waiting for %(department)s to deliver"),
    "late": lazy_gettext("%(department)s is late"),
    "paused": lazy_gettext("Paused by %(department)s"),
    "delivered": lazy_gettext("Waiting for %(department)s to accept or reject"),
    "revoked": lazy_gettext("Taken back by %(department)s"),
}
"""Whom everybody else waits for. What is not here reads the same for all."""

SHORT = {
    "requested": lazy_gettext("Promise it, or say what is missing"),
    "returned": lazy_gettext("Returned: bring what is missing"),
    "countered": lazy_gettext("Another date is proposed"),
    "anew": lazy_gettext("Another date is asked for"),
    "reworked": lazy_gettext("Not accepted: correct it"),
    "delivered": lazy_gettext("Delivered: accept or reject"),
    "revoked": lazy_gettext("Taken back: the step is still to be done"),
}
"""What is asked, in a row of a list; nothing where the row already says it."""

SAID = {
    "promise_returned": lazy_gettext("returned it as not ready"),
    "promise_brought": lazy_gettext("brought what was missing"),
    "promise_promised": lazy_gettext("promised it for %(due)s"),
    "promise_countered": lazy_gettext("offered another date: %(due)s"),
    "promise_consented": lazy_gettext("agreed to %(due)s"),
    "promise_refused": lazy_gettext("did not agree to another date"),
    "promise_declined": lazy_gettext("declined"),
    "promise_delivered": lazy_gettext("delivered"),
    "promise_accepted": lazy_gettext("accepted what was delivered"),
    "promise_rejected": lazy_gettext("did not accept what was delivered"),
    "promise_renegotiated": lazy_gettext("asked for another date: %(due)s"),
    "promise_paused": lazy_gettext("stopped the clock"),
    "promise_resumed": lazy_gettext("let the clock run again, due %(due)s"),
    "promise_revoked": lazy_gettext("took the request back"),
    "promise_waived": lazy_gettext("waived it: nobody is held to it"),
    "promise_unanswered": lazy_gettext("no answer came in time"),
    "promise_late": lazy_gettext("the time has passed"),
    "promise_escalated": lazy_gettext("escalation: %(who)s %(how)s"),
}
"""What each event says, after the name of who did it."""

DECIDED = {
    "new_date": lazy_gettext("decided on a new date: %(due)s"),
    "remind": lazy_gettext("decided to remind"),
    "let_run": lazy_gettext("decided to let it run"),
    "waive": lazy_gettext("decided to waive it"),
    "revoke": lazy_gettext("decided to take the request back"),
}
DECISIONS = {
    "new_date": lazy_gettext("A new date"),
    "remind": lazy_gettext("Remind, the date stays"),
    "let_run": lazy_gettext("Let it run as agreed"),
    "waive": lazy_gettext("Waive it: nobody is held to a time"),
    "revoke": lazy_gettext("Take the request back"),
}
"""What a manager above both sides may choose."""

MARKS = {"promise_accepted": "kept", "promise_rejected": "returned", "promise_promised": "promised"}


class Fact(Protocol):
    """An event of history, or what a deal's story makes of it."""

    kind: Any
    at: Any
    data: Any


@dataclass(frozen=True, slots=True)
class Said:
    """One entry of the conversation, ready to be read."""

    at: datetime
    who: str
    words: str
    mark: str
    quote: str = ""
    missing: Sequence[str] = ()
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a promise's life: past, now or ahead; ``branch`` is where it stands beside the straight way."""

    title: str
    state: str
    branch: str = ""


def position(promise: Promise, now: datetime) -> str:
    """Where an open promise stands, as the words here call it."""
    if promise.manner in {"waived", "revoked", "suspended"}:
        return str(promise.manner)
    if promise.version_id is None:
        return "none"
    if promise.state == "promised" and promise.proposed_due_at is not None:
        return "anew"
    if promise.state == "promised" and promise.due_at is not None and promise.due_at < now:
        return "late"
    return "reworked" if promise.state == "promised" and promise.rework else promise.state


def ask(promise: Promise, now: datetime) -> str:
    """What is asked of whoever has the task, for a row of a list."""
    return str(SHORT.get(position(promise, now), "")) if promise.outcome is None else ""


def waits(promise: Promise, now: datetime, departments: Mapping[int | None, Department]) -> str:
    """Whom everybody waits for, in a list that all may read; nothing where its state already says it."""
    where = position(promise, now)
    if promise.outcome is not None or where not in SHORT or where not in THEIRS:
        return ""
    whose = promise.provider_id if promise.turn == PROVIDER else promise.consumer_id
    return str(THEIRS[where]) % {"department": name(departments.get(whose))}


def headline(promise: Promise, now: datetime, *, mine: bool, waits_for: str) -> str:
    """What is asked of the reader, or whom everybody waits for."""
    if promise.outcome is not None:
        return str(STATES.get(promise.outcome, promise.outcome))
    where = position(promise, now)
    if mine or where not in THEIRS:
        return str(YOURS.get(where, where))
    return str(THEIRS[where]) % {"department": waits_for}


def steps(promise: Promise, terms: Mapping[str, Any]) -> list[Step]:
    """Asked, promised, delivered, accepted, with where it stands now and what turned off the straight way."""
    titles = [
        gettext("Asked"),
        str(STATES["promised"]),
        str(STATES["delivered"]),
        str(STATES["accepted"]),
    ]
    if terms.get("accepts") != "consumer":
        titles.pop()
    here, branch = _place(promise)
    here = min(here, len(titles))
    return [
        Step(title, "past" if n < here else "now" if n == here else "", branch if n == here else "")
        for n, title in enumerate(titles)
    ]


PLACES = {"promised": 1, "paused": 1, "delivered": 2, "accepted": 4}


def _place(promise: Promise) -> tuple[int, str]:
    here = PLACES.get(promise.state, 1 if promise.promised_at else 0)
    if promise.outcome in {"kept", "broken"}:
        return 4, ""
    if promise.state in {"requested", "promised", "delivered"}:
        reworked = promise.state == "promised" and promise.rework
        return here, gettext("not accepted, again") if reworked else ""
    return here, str(STATES.get(promise.state, "")).lower()


# ------------------------------------------------------------------------------------------------ what was said


def told(event: Fact, name: str | None) -> Said:
    """One event of the conversation."""
    data = event.data or {}
    words = str(DECIDED.get(data.get("decision", ""), "")) if event.kind == "promise_decided" else ""
    words = words or str(SAID.get(event.kind, event.kind))
    if event.kind == "promise_accepted" and data.get("silent"):
        words, name = gettext("accepted by silence"), None
    places = {
        "due": _moment(data.get("due_at")),
        "who": WHO.get(data.get("who", ""), ""),
        "how": HOW.get(data.get("how", ""), ""),
    }
    quote = data.get("reason") or data.get("note") or ""
    mark = event.kind.removeprefix("promise_")
    missing = data.get("missing") or ()
    return Said(
        event.at,
        name or gettext("By itself"),
        words % places if "%(" in words else words,
        MARKS.get(event.kind, mark),
        quote,
        missing,
        _lacks(event.kind, missing),
    )


def _lacks(kind: str, missing: Sequence[str]) -> str:
    """What was not ready, or not met, in one phrase."""
    if not missing:
        return ""
    shown = ", ".join(map(str, missing))
    if kind == "promise_rejected":
        return str(gettext("Not met: %(what)s", what=shown))
    return str(gettext("Missing: %(what)s", what=shown))


def _moment(text: str | None) -> str:
    return formats.when(datetime.fromisoformat(text)) if text else formats.UNKNOWN


def name(unit: Department | None) -> str:
    """What a department is called here."""
    if unit is None:
        return formats.UNKNOWN
    return unit.name if current() == "pl" else unit.name_en or unit.name


def title(promise: Promise) -> str:
    """What was asked for."""
    return promise.title if current() == "pl" else promise.title_en or promise.title
