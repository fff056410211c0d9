"""The minutes of an agreement: one row held while it changes, one fact for each change, and what may be written there."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from engine import calendars, history, notices
from engine.errors import Invalid, Refusal
from engine.people import Person
from engine.sales import speaking, summons
from engine.sales.agreements import Agreement, AgreementVersion
from engine.sales.speaking import Voice
from engine.sales.terms import Required, TooMuch

LONGEST_NOTE = 2000

TOLD = {
    "agreement_proposed": ("agreement_proposed", "other"),
    "agreement_countered": ("agreement_countered", "other"),
    "agreement_accepted": ("agreement_signed", "both"),
    "agreement_declined": ("agreement_declined", "other"),
    "agreement_withdrawn": ("agreement_withdrawn", "other"),
    "agreement_remarked": ("agreement_remarked", "both"),
    "agreement_advised": ("agreement_remarked", "both"),
    "agreement_overdue_answer": ("agreement_overdue_answer", "both"),
    "agreement_in_force": ("agreement_in_force", "both"),
    "agreement_suspension_asked": ("agreement_pause_asked", "other"),
    "agreement_suspension_refused": ("agreement_pause_refused", "other"),
    "agreement_suspension_withdrawn": ("agreement_pause_withdrawn", "other"),
    "agreement_suspended": ("agreement_pause_agreed", "both"),
    "agreement_resumption_asked": ("agreement_resumption_asked", "other"),
    "agreement_resumption_refused": ("agreement_resumption_refused", "other"),
    "agreement_resumption_withdrawn": ("agreement_resumption_withdrawn", "other"),
    "agreement_resumed": ("agreement_resumed", "both"),
    "agreement_terminated": ("agreement_terminated", "both"),
    "agreement_ended": ("agreement_expired", "both"),
    "agreement_expired": ("agreement_expired", "both"),
    "agreement_review_due": ("agreement_review_due", "both"),
    "agreement_kept": ("agreement_kept", "other"),
    "agreement_to_revise": ("agreement_to_revise", "other"),
}
"""Which facts are said to people as which notice: to who speaks for the other side, or for both. Nobody hears of drafts."""


class DayWrong(Refusal):
    """Choose a day from %(first)s to %(last)s."""


def locked(session: Session, agreement: Agreement) -> Agreement:
    """The agreement as it is now, which nobody else changes until this transaction ends."""
    session.flush()
    summons.hold(session, agreement)
    no_key: Any = {"key_share": True}  # a promise that names it may be written meanwhile
    return session.get_one(Agreement, agreement.id, with_for_update=no_key, populate_existing=True)


def record(
    session: Session,
    kind: str,
    agreement: Agreement,
    version: AgreementVersion | None,
    who: Voice | Person | None,
    *,
    now: datetime,
    note: str | None = None,
    **more: Any,
) -> None:
    """One fact about an agreement; a deputy's names the head in whose place it was done. Raises Invalid for long notes."""
    if note and len(note) > LONGEST_NOTE:
        raise Invalid({"note": TooMuch(most=LONGEST_NOTE)})
    what = {"version": version.number, "terms_hash": version.terms_hash} if version else {}
    said = {"note": note.strip()} if note and note.strip() else {}
    actor = who.person if isinstance(who, Voice) else who
    event = history.record(
        session,
        kind,
        at=now,
        actor=actor,
        subject=f"agreement:{agreement.id}",
        data={**what, **said, **more},
    )
    event.on_behalf_of_id = who.in_place_of if isinstance(who, Voice) else None
    session.flush()
    if kind in TOLD:
        _tell_people(session, kind, agreement, version, who, note=note, now=now, **more)


def _tell_people(
    session: Session,
    kind: str,
    agreement: Agreement,
    version: AgreementVersion | None,
    who: Voice | Person | None,
    *,
    note: str | None,
    now: datetime,
    **more: Any,
) -> None:
    name, whom = TOLD[kind]
    sides = speaking.parties(agreement)
    if whom == "other" and isinstance(who, Voice):
        sides = (speaking.other_side(agreement, who.department_id),) * 2
    today = calendars.local_day(now)
    told = {each.id for side in set(sides) for each in speaking.speakers(session, agreement, side, today)}
    told |= _managers(session, agreement, version, today)
    data: dict[str, Any] = {
        "title": agreement.title,
        "title_en": agreement.title_en or agreement.title,
        "reason": note,
    }
    data["due_at"] = more.get("ends_on") or more.get("until") or more.get("meeting_on")
    if kind in ("agreement_proposed", "agreement_countered") and version is not None:
        data["due_at"] = version.answer_by
    subject, by = f"agreement:{agreement.id}", who.person if isinstance(who, Voice) else who
    notices.tell(session, told, name, subject, {k: v for k, v in data.items() if v}, by=by, now=now)


def _managers(
    session: Session, agreement: Agreement, version: AgreementVersion | None, today: date
) -> set[int]:
    """Whom silence went to, and who stands in for them."""
    manager = session.get(Person, version.escalated_to_id or 0) if version is not None else None
    if manager is None:
        return set()
    return {manager.id} | {each.id for each, _ in speaking.for_manager(session, agreement, manager, today)}


def current(session: Session, agreement: Agreement) -> AgreementVersion | None:
    """The version that binds, or rests."""
    return session.get(AgreementVersion, agreement.current_version_id or 0)


def first_day(version: AgreementVersion) -> date:
    """The local day from which a version holds; the first of all days where it names none."""
    said = version.terms.get("valid_from")
    return date.fromisoformat(said) if said else date.min


def last_day(version: AgreementVersion) -> date | None:
    """The last local day on which a version holds, if it names one."""
    said = version.terms.get("valid_to")
    return date.fromisoformat(said) if said else None


def reviewed(agreement: Agreement, again: date | None) -> None:
    """Nobody is asked any more; ``again`` is the next day of review."""
    agreement.review_on = again
    agreement.review_asked_at = agreement.kept_by_id = agreement.kept_until = None


def must_say(text: str, field: str) -> None:
    """Something is written, and not too much. Raises Invalid."""
    if not text.strip():
        raise Invalid({field: Required()})
    if len(text) > LONGEST_NOTE:
        raise Invalid({field: TooMuch(most=LONGEST_NOTE)})


def must_lie(day: date, first: date, last: date, field: str) -> None:
    """A day lies between two others, both included. Raises Invalid."""
    if not first <= day <= last:
        raise Invalid({field: DayWrong(first=first, last=last)})
