"""Notices in words: what happened, who did it, what it is about. The same sentence on a page and in a mail."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext, lazy_gettext
from markupsafe import Markup

from engine.notices import Notice
from webapp import formats
from webapp.languages import current

SENTENCES: dict[str, Any] = {
    "agreement_proposed": lazy_gettext("%(by)s proposes the agreement %(title)s."),
    "agreement_countered": lazy_gettext("%(by)s answers with other terms: %(title)s."),
    "agreement_signed": lazy_gettext("%(by)s signs the agreement %(title)s."),
    "agreement_declined": lazy_gettext("%(by)s declines the agreement %(title)s."),
    "agreement_withdrawn": lazy_gettext("%(by)s takes the proposal back: %(title)s."),
    "agreement_remarked": lazy_gettext("%(by)s writes about the agreement %(title)s."),
    "agreement_overdue_answer": lazy_gettext("No answer came in time: %(title)s."),
    "agreement_in_force": lazy_gettext("The agreement %(title)s is in force."),
    "agreement_suspended": lazy_gettext("%(by)s suspends the agreement %(title)s."),
    "agreement_pause_asked": lazy_gettext("%(by)s asks for a pause of the agreement %(title)s."),
    "agreement_pause_agreed": lazy_gettext("%(by)s agrees to the pause of the agreement %(title)s."),
    "agreement_pause_refused": lazy_gettext("%(by)s does not agree to the pause of the agreement %(title)s."),
    "agreement_pause_withdrawn": lazy_gettext("%(by)s asks for no pause any more: %(title)s."),
    "agreement_resumption_asked": lazy_gettext("%(by)s asks to end the pause early: %(title)s."),
    "agreement_resumption_refused": lazy_gettext("%(by)s does not agree to end the pause early: %(title)s."),
    "agreement_resumption_withdrawn": lazy_gettext(
        "%(by)s asks for no early end of the pause any more: %(title)s."
    ),
    "agreement_resumed": lazy_gettext("The agreement %(title)s holds again."),
    "agreement_terminated": lazy_gettext("%(by)s gives notice to end the agreement %(title)s."),
    "agreement_expired": lazy_gettext("The agreement %(title)s has expired."),
    "agreement_kept": lazy_gettext("%(by)s would keep the agreement as it is: %(title)s."),
    "agreement_to_revise": lazy_gettext("%(by)s wants other terms and will propose them: %(title)s."),
    "agreement_review_due": lazy_gettext("It is time to review the agreement %(title)s."),
    "promise_requested": lazy_gettext("%(by)s asks for a promise: %(title)s."),
    "promise_returned": lazy_gettext("%(by)s returns it, something is missing: %(title)s."),
    "promise_brought": lazy_gettext("%(by)s brings what was missing: %(title)s."),
    "promise_countered": lazy_gettext("%(by)s offers another date: %(title)s."),
    "promise_consented": lazy_gettext("%(by)s agrees to the date: %(title)s."),
    "promise_refused": lazy_gettext("%(by)s does not agree to the date: %(title)s."),
    "promise_declined": lazy_gettext("%(by)s declines: %(title)s."),
    "promise_delivered": lazy_gettext("%(by)s delivers: %(title)s."),
    "promise_rejected": lazy_gettext("%(by)s does not accept what was delivered: %(title)s."),
    "promise_accepted": lazy_gettext("%(by)s accepts what was delivered: %(title)s."),
    "promise_renegotiated": lazy_gettext("%(by)s asks for a new date: %(title)s."),
    "promise_paused": lazy_gettext("%(by)s stops the clock: %(title)s."),
    "promise_resumed": lazy_gettext("%(by)s lets the clock run again: %(title)s."),
    "promise_revoked": lazy_gettext("%(by)s takes the request back: %(title)s."),
    "promise_waived": lazy_gettext("%(by)s waives the promise: %(title)s."),
    "promise_late": lazy_gettext("The time has passed: %(title)s."),
    "promise_step": lazy_gettext("The next step of the escalation was taken: %(title)s."),
    "commitment_amber": lazy_gettext("What was agreed with the client is at risk: %(title)s."),
    "commitment_red": lazy_gettext(
        "What was agreed with the client will not be kept as things stand: %(title)s."
    ),
    "commitment_due": lazy_gettext("What was agreed with the client is due: %(title)s."),
    "report_not_sent": lazy_gettext("The report %(title)s could not be sent to somebody."),
}
"""What each kind says when somebody did it, or when nobody had to."""

BY_ITSELF: dict[str, Any] = {
    "agreement_suspended": lazy_gettext("The agreement %(title)s is suspended."),
    "agreement_terminated": lazy_gettext("The agreement %(title)s has ended."),
    "promise_requested": lazy_gettext("A promise is asked for: %(title)s."),
    "promise_accepted": lazy_gettext("Accepted by silence: %(title)s."),
    "promise_resumed": lazy_gettext("The clock runs again: %(title)s."),
    "promise_revoked": lazy_gettext("The request was taken back: %(title)s."),
    "promise_waived": lazy_gettext("The promise was waived: %(title)s."),
}
"""What a kind says when it happened without anybody."""

DATES: dict[str, Any] = {
    "due_at": lazy_gettext("Date: %(when)s"),
    "due_on": lazy_gettext("Date: %(when)s"),
    "respond_by": lazy_gettext("An answer is expected by: %(when)s"),
    "accept_by": lazy_gettext("To be accepted by: %(when)s"),
}
"""Values that are moments or days, and what they are."""

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Words:
    """A notice as it is read: a sentence, the same with its title marked, and what belongs to it in short pieces."""

    text: str
    marked: Markup
    details: list[str]


def words(notice: Notice, known: str | None = None) -> Words:
    """A notice in the reader's language; ``known`` is the record's own title, for one that brought none."""
    title = _clipped(_title(notice) or known or _nameless(notice.subject))
    by = _clipped(notice.data.get("by"))
    sentence = SENTENCES.get(notice.kind) or gettext("Something has changed: %(title)s.")
    if not by:
        sentence, by = BY_ITSELF.get(notice.kind, sentence), gettext("The other side")
    quoted = gettext("“%(title)s”", title=title)
    marked = Markup(str(sentence)) % {"by": by, "title": Markup("<b>{}</b>").format(title)}  # noqa: S704  # ours
    return Words(str(sentence) % {"by": by, "title": quoted}, marked, _details(notice.data))


def _details(data: dict[str, Any]) -> list[str]:
    found = [_clipped(data.get("about"))]
    found += [str(label) % {"when": _when(data[key])} for key, label in DATES.items() if _when(data.get(key))]
    missing = data.get("missing")
    if isinstance(missing, list) and missing:
        found.append(gettext("Missing: %(what)s", what=_clipped(", ".join(map(str, missing)))))
    reason = _clipped(next((data[key] for key in ("reason", "note", "text") if data.get(key)), None))
    return [each for each in [*found, gettext("“%(title)s”", title=reason) if reason else ""] if each]


def _title(notice: Notice) -> str:
    english = notice.data.get("title_en") if current() == "en" else None
    return str(english or notice.data.get("title") or "")


def _nameless(subject: str) -> str:
    return str(gettext("no. %(number)s", number=subject.rpartition(":")[2]))


def _when(value: Any) -> str:
    """A date is written out: “tomorrow” would be wrong in a mail that is read tomorrow."""
    try:
        on = datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
    except (TypeError, ValueError):
        return ""
    if isinstance(on, datetime) and on.tzinfo is None:
        return ""
    return formats.full(on) if isinstance(on, datetime) else formats.full_day(on)


def _clipped(value: Any) -> str:
    shown = " ".join(str(value or "").split())
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1].rstrip() + "…"
