"""An agreement once it is signed: it rests, is looked at again, ends; what a day brings by itself is `turning`.

One side alone may give notice. A pause, and its early end, bind both, so both sign them (`AgreementAct`).
"""

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from engine import calendars
from engine.errors import NotAllowed, Refusal
from engine.people import Department, Person
from engine.process.advancing import Answered
from engine.sales import minutes, speaking, summons, turning
from engine.sales.agreements import (
    Agreement,
    AgreementVersion,
    NothingOnTheTable,
    NotInForce,
    scheduled,
)
from engine.sales.pauses import consent, refuse, resume, suspend
from engine.sales.speaking import Voice, common_manager
from engine.sales.turning import work_due

__all__ = [
    "advise",
    "answered",
    "common_manager",
    "consent",
    "keep_as_it_is",
    "refuse",
    "resume",
    "suspend",
    "terminate",
    "will_revise",
    "work_due",
]

LONGEST_REVIEW = timedelta(days=5 * 366)
ASKED_AGAIN = timedelta(days=30)
"""When a review that asked for other words comes back, unless they were signed meanwhile."""


class NoticeGiven(Refusal):
    """Notice was given already; the last day is %(day)s. To go on, propose words that both sides sign."""


# ------------------------------------------------------------------------------------------------ verbs


def terminate(
    session: Session,
    agreement: Agreement,
    reason: str,
    *,
    besides: int | None = None,
    by: Person,
    now: datetime,
) -> date:
    """Give notice for one's own side; returns the last day, after the notice time in the provider's work time.

    What is being negotiated is off the table. Words that both sign later take the notice back. ``besides`` is the case
    in which this is said. Raises NotYourSide, OneHead, NotInForce, NoticeGiven, Invalid.
    """
    agreement = minutes.locked(session, agreement)
    voice = speaking.must_speak(session, agreement, by, now)
    binding = minutes.current(session, agreement) or session.scalar(scheduled(agreement).limit(1))
    if binding is None:
        raise NotInForce
    if agreement.notice_at is not None:
        raise NoticeGiven(day=agreement.ends_on)
    minutes.must_say(reason, "reason")
    last = _after_notice(session, agreement, binding, now)
    agreement.notice_at = now
    agreement.ends_on = min(last, agreement.ends_on or last)
    _clear_the_table(session, agreement, now)
    turning.set_alarm(session, agreement, now)
    minutes.record(
        session,
        "agreement_terminated",
        agreement,
        binding,
        voice,
        now=now,
        note=reason,
        ends_on=str(agreement.ends_on),
    )
    summons.over(session, agreement, besides=besides, by=by, now=now)
    return agreement.ends_on


def keep_as_it_is(
    session: Session,
    agreement: Agreement,
    review_on: date,
    *,
    besides: int | None = None,
    by: Person,
    now: datetime,
) -> bool:
    """The review of one side: it may stay, and is looked at again on a day. Done, True, once both sides said so.

    Of the two days the earlier one counts. Raises NotYourSide, OneHead, NotInForce, Invalid.
    """
    agreement = minutes.locked(session, agreement)
    voice = speaking.must_speak(session, agreement, by, now)
    current = minutes.current(session, agreement)
    if current is None:
        raise NotInForce
    today = calendars.local_day(now)
    last = min(today + LONGEST_REVIEW, agreement.ends_on or today + LONGEST_REVIEW)
    minutes.must_lie(review_on, today + timedelta(days=1), last, "review_on")
    other = agreement.kept_until if agreement.kept_by_id not in (None, voice.department_id) else None
    if other is None:
        agreement.kept_by_id, agreement.kept_until = voice.department_id, review_on
    else:
        minutes.reviewed(agreement, min(review_on, other))
        turning.set_alarm(session, agreement, now)
    told: dict[str, Any] = {
        "review_on": str(agreement.review_on if other else review_on),
        "both": other is not None,
    }
    minutes.record(session, "agreement_kept", agreement, current, voice, now=now, **told)
    if other is not None:
        summons.over(session, agreement, besides=besides, by=by, now=now)
    return other is not None


def will_revise(
    session: Session,
    agreement: Agreement,
    note: str = "",
    *,
    besides: int | None = None,
    by: Person,
    now: datetime,
) -> None:
    """The review of one side: it wants other words and will propose them. Asked again in a month unless they are signed.

    Raises NotYourSide, OneHead, NotInForce.
    """
    agreement = minutes.locked(session, agreement)
    voice = speaking.must_speak(session, agreement, by, now)
    current = minutes.current(session, agreement)
    if current is None:
        raise NotInForce
    minutes.reviewed(agreement, calendars.local_day(now) + ASKED_AGAIN)
    turning.set_alarm(session, agreement, now)
    minutes.record(session, "agreement_to_revise", agreement, current, voice, now=now, note=note)
    summons.over(session, agreement, besides=besides, by=by, now=now)


def advise(
    session: Session,
    agreement: Agreement,
    text: str,
    meeting_on: date | None = None,
    *,
    by: Person,
    now: datetime,
) -> None:
    """The manager whom silence went to writes to both sides and may set a day to meet; then the time to answer runs anew.

    Raises NotAllowed, NothingOnTheTable, Invalid.
    """
    agreement = minutes.locked(session, agreement)
    table = session.get(AgreementVersion, agreement.negotiating_version_id or 0)
    if table is None or (table.answer_by is None and table.escalated_at is None):
        raise NothingOnTheTable
    today = calendars.local_day(now)
    who = _manager(session, agreement, table, by, today)
    minutes.must_say(text, "note")
    if meeting_on is not None:
        minutes.must_lie(meeting_on, today, today + timedelta(days=60), "meeting_on")
    asked = session.get(Department, speaking.other_side(agreement, table.proposed_by_department_id))
    calendar = calendars.of(session, asked)
    begin = max(now, calendar.moment(datetime.combine(meeting_on, time(12)))) if meeting_on else now
    table.answer_by = calendar.add(begin, "P1D" if meeting_on else summons.PATIENCE)
    met = {"meeting_on": str(meeting_on)} if meeting_on else {}
    minutes.record(session, "agreement_advised", agreement, table, who, now=now, note=text, **met)


def _manager(
    session: Session, agreement: Agreement, table: AgreementVersion, by: Person, today: date
) -> Voice | Person:
    """The manager whom silence went to, or who stands in for them. Raises NotAllowed."""
    if table.escalated_to_id == by.id:
        return by
    manager = session.get(Person, table.escalated_to_id or 0)
    lent = speaking.for_manager(session, agreement, manager, today) if manager is not None else ()
    for deputy, absence in lent:
        if manager is not None and deputy.id == by.id:
            return Voice(
                agreement.provider_id, by, manager, absence
            )  # for neither side: they bring both together
    raise NotAllowed


# ------------------------------------------------------------------------------------------------ what forms of cases say


def answered(session: Session, what: Answered) -> None:
    """The listener: what a manager or a head answered in a case about an agreement goes through the verbs here."""
    if what.task is None or what.by is None or what.instance.process not in summons.PROCESSES:
        return
    agreement = summons.about(session, what.instance)
    if agreement is None:
        return
    said = what.answers
    here: dict[str, Any] = {"by": what.by, "now": what.now}
    if what.instance.process == summons.SILENCE:
        advise(session, agreement, str(said.get("note") or ""), _day(said.get("meeting_on")), **here)
        return
    here["besides"] = what.instance.id
    if said.get("review") == "keep":
        keep_as_it_is(session, agreement, _day(said.get("review_on")) or date.min, **here)
    elif said.get("review") == "terminate":
        terminate(session, agreement, str(said.get("note") or ""), **here)
    else:
        will_revise(session, agreement, str(said.get("note") or ""), **here)


# ------------------------------------------------------------------------------------------------ what they share


def _after_notice(session: Session, agreement: Agreement, binding: AgreementVersion, now: datetime) -> date:
    """The last day after the notice time; today where none was agreed."""
    notice = binding.terms.get("notice")
    if not notice:
        return calendars.local_day(now)
    calendar = calendars.of(session, session.get(Department, agreement.provider_id))
    return calendars.local_day(calendar.add(now, notice))


def _clear_the_table(session: Session, agreement: Agreement, now: datetime) -> None:
    table = session.get(AgreementVersion, agreement.negotiating_version_id or 0)
    if table is not None:
        table.state, table.ended_at, table.answer_by = "withdrawn", now, None
        agreement.negotiating_version_id = None


def _day(raw: Any) -> date | None:
    return date.fromisoformat(str(raw)[:10]) if raw else None
