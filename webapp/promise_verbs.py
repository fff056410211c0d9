"""What a page sends about a promise, as a verb of the conversation: every word with its own small form."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from flask_babel import lazy_gettext
from werkzeug.datastructures import MultiDict

from engine import calendars
from engine.errors import Refusal
from engine.people import Person
from engine.sales import conversation, promising
from engine.sales.promises import Promise
from webapp.database import db

Form = MultiDict[str, str]


class NotAMoment(Refusal):
    """Type a day and a time, for example 3.12.2026 and 14:00."""


class LookedAtNothing(Refusal):
    """The request could not be understood. Go back and try again."""


DONE = {
    "promise": lazy_gettext("Promised."),
    "counter": lazy_gettext("The other date is proposed."),
    "give_back": lazy_gettext("Returned: no clock runs until everything is there."),
    "bring": lazy_gettext("Brought: the clock runs again."),
    "consent": lazy_gettext("Agreed: the new date holds."),
    "refuse": lazy_gettext("Not agreed: the date stays as it was."),
    "decline": lazy_gettext("Declined: a manager decides."),
    "accept": lazy_gettext("Accepted: the case goes on."),
    "reject": lazy_gettext("Not accepted: it goes back."),
    "renegotiate": lazy_gettext("The other side is asked for another date."),
    "pause": lazy_gettext("The clock stands."),
    "resume": lazy_gettext("The clock runs again."),
    "revoke": lazy_gettext("The request is taken back."),
    "waive": lazy_gettext("Waived: nobody is held to it."),
    "decide": lazy_gettext("Decided."),
}
"""What is said when it is done, by word."""


SENT: Mapping[str, tuple[str, ...]] = {
    "give_back": ("missing", "note"),
    "bring": ("note",),
    "consent": (),
    "refuse": ("note",),
    "decline": ("reason",),
    "accept": ("note",),
    "reject": ("missing", "reason"),
    "renegotiate": ("due_at", "reason"),
    "pause": ("reason",),
    "resume": (),
    "revoke": ("reason",),
    "waive": ("reason",),
}
"""What the form of a word sends to its verb, which has the same name."""


def say(word: str, promise: Promise, form: Form, *, by: Person, now: datetime, key: str | None) -> str:
    """Say one word as the form has it; returns what the page then says. Raises what the verb raises, NotAMoment."""
    shared: dict[str, Any] = {"by": by, "now": now, "seen": _seen(form)}
    if word in {"promise", "counter"}:
        return str(DONE[_promise(promise, form, shared, with_date=word == "counter")])
    if word == "decide":
        _decide(promise, form, shared)
        return str(DONE[word])
    if word == "accept":
        shared["key"] = key
    verb = getattr(conversation, word)
    verb(db.session(), promise, **{name: _sent(name, form, promise) for name in SENT[word]}, **shared)
    return str(DONE[word])


def _sent(name: str, form: Form, promise: Promise) -> Any:
    if name == "due_at":
        return moment(form, promise)
    return form.getlist(name) if name == "missing" else form.get(name)


def _promise(promise: Promise, form: Form, shared: Mapping[str, Any], *, with_date: bool) -> str:
    """As agreed; with a date, an earlier one is promised at once and a later one is offered to the other side."""
    at = moment(form, promise) if with_date else None
    if at is not None and (promise.due_at is None or at > promise.due_at):
        conversation.counter(db.session(), promise, at, form.get("reason"), **shared)
        return "counter"
    conversation.promise(db.session(), promise, at, **shared)
    return "promise"


def _decide(promise: Promise, form: Form, shared: Mapping[str, Any]) -> None:
    what = form.get("decision", "")
    at = moment(form, promise) if what == "new_date" else None
    conversation.decide(db.session(), promise, what, form.get("reason"), due_at=at, **shared)


def _seen(form: Form) -> int:
    """The version the person looked at. Raises LookedAtNothing."""
    seen = form.get("seen", type=int)
    if seen is None:
        raise LookedAtNothing
    return seen


# ------------------------------------------------------------------------------------------------ days and hours


def moment(form: Form, promise: Promise) -> datetime:
    """The day and time somebody typed or took from a refusal, by the organization's clocks. Raises NotAMoment.

    A day without a time is the end of the provider's work on it.
    """
    day, _, hour = form.get("take", "").partition("T")
    on = _day(day or form.get("due_day", ""))
    at = _hour(hour or form.get("due_time", ""))
    if at is None:
        opening = promising.calendar(db.session(), promise).opening(on)
        if opening is not None:
            return opening[1]
    return calendars.ORGANIZATION.moment(datetime.combine(on, at or time(12)))


def _day(typed: str) -> date:
    """2026-12-03 as browsers send it, or 3.12.2026 as people write it."""
    text = typed.strip()
    written = re.fullmatch(r"(\d{1,2})[./ -](\d{1,2})[./ -](\d{4})", text, re.ASCII)
    try:
        if written:
            day, month, year = map(int, written.groups())
            found = date(year, month, day)
        else:
            found = date.fromisoformat(text)
    except ValueError:
        raise NotAMoment(field="due_at") from None
    if not 2000 <= found.year < 2100:
        raise NotAMoment(field="due_at")
    return found


def _hour(typed: str) -> time | None:
    """14:00, 14.00 or 14; nothing typed is no time."""
    text = typed.strip()
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,2})(?:[:.](\d{2}))?(?::\d{2})?", text, re.ASCII)
    try:
        if found:
            return time(int(found[1]), int(found[2] or 0))
    except ValueError:
        pass
    raise NotAMoment(field="due_at")
