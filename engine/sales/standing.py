"""An agreement once it is signed: it begins, rests, is looked at again, ends; and what happens to it by itself.

One side alone may give notice. A pause, and its early end, bind both, so both sign them (`AgreementAct`). What comes
with a day is done by `work_due`; ``alarm_on`` is the next such day.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendars, history
from engine.errors import Invalid, NotAllowed, Refusal, Stale
from engine.people import Department, Person
from engine.process.advancing import Answered
from engine.sales import promises, speaking, summons
from engine.sales.agreements import (
    BINDING,
    Agreement,
    AgreementAct,
    AgreementVersion,
    NothingOnTheTable,
    NotInForce,
    OutOfDate,
    scheduled,
)
from engine.sales.speaking import Voice, common_manager
from engine.sales.terms import Required, TooMuch, fingerprint

__all__ = ["common_manager"]

LONGEST_PAUSE = timedelta(days=366)
LONGEST_REVIEW = timedelta(days=5 * 366)
ASKED_AGAIN = timedelta(days=30)
"""When a review that asked for other words comes back, unless they were signed meanwhile."""
ANSWER_WITHIN = "P3D"
LONGEST_NOTE = 2000
BATCH = 100


class DayWrong(Refusal):
    """Choose a day from %(first)s to %(last)s."""


class NoticeGiven(Refusal):
    """Notice was given already; the last day is %(day)s. To go on, propose words that both sides sign."""


class NotSuspended(Refusal):
    """This agreement is not suspended."""


class ActAsked(Refusal):
    """The other side has asked for a change of this kind already. Answer it first."""


class ActAnswered(Stale):
    """This was answered or taken back already. Look again, then decide."""


class OtherSideFirst(Refusal):
    """This waits for the other side. You can only take it back."""


class SamePerson(Refusal):
    """You asked for this yourself. Somebody else must answer for the other side."""


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
    agreement = locked(session, agreement)
    voice = speaking.must_speak(session, agreement, by, now)
    binding = _current(session, agreement) or session.scalar(scheduled(agreement).limit(1))
    if binding is None:
        raise NotInForce
    if agreement.notice_at is not None:
        raise NoticeGiven(day=agreement.ends_on)
    _must_say(reason, "reason")
    last = _after_notice(session, agreement, binding, now)
    agreement.notice_at = now
    agreement.ends_on = min(last, agreement.ends_on or last)
    _clear_the_table(session, agreement, now)
    _set_alarm(session, agreement, now)
    tell_history(
        session,
        "agreement_terminated",
        agreement,
        binding,
        voice,
        now=now,
        note=reason,
        ends_on=str(agreement.ends_on),
    )
    moved_on(session, agreement, besides=besides, by=by, now=now)
    return agreement.ends_on


def suspend(
    session: Session, agreement: Agreement, until: date, reason: str, *, by: Person, now: datetime
) -> AgreementAct:
    """Ask the other side that nobody owes anything until a day; it holds once they sign too (`consent`).

    Raises NotYourSide, NoHead, OneHead, NotInForce, ActAsked, Invalid.
    """
    agreement = locked(session, agreement)
    current = _must_bind(session, agreement)
    today = calendars.local_day(now)
    _must_lie(until, today + timedelta(days=1), today + LONGEST_PAUSE, "until")
    _must_say(reason, "reason")
    return _ask(
        session,
        agreement,
        current,
        "suspension",
        {"until": until.isoformat(), "reason": reason.strip()},
        by,
        now,
    )


def resume(
    session: Session, agreement: Agreement, reason: str = "", *, by: Person, now: datetime
) -> AgreementAct:
    """Ask the other side to end a pause before its day; it ends once they sign too.

    Raises NotYourSide, NoHead, OneHead, NotInForce, NotSuspended, ActAsked.
    """
    agreement = locked(session, agreement)
    current = _must_bind(session, agreement)
    if current.state != "suspended":
        raise NotSuspended
    return _ask(
        session,
        agreement,
        current,
        "resumption",
        {"reason": reason.strip()} if reason.strip() else {},
        by,
        now,
    )


def consent(
    session: Session, act: AgreementAct, *, said_hash: str | None = None, by: Person, now: datetime
) -> None:
    """Sign what the other side asked for: it holds from now on. ``said_hash`` is what the person had before their eyes.

    Raises ActAnswered, OtherSideFirst, SamePerson, NotYourSide, NotInForce, OutOfDate, Stale, Invalid.
    """
    agreement = _asked(session, act)
    if said_hash is not None and said_hash != act.said_hash:
        raise Stale
    current = _must_bind(session, agreement)
    if act.said["terms_hash"] != current.terms_hash:
        raise OutOfDate
    voice = _other_voice(session, agreement, act, by, now)
    until = date.fromisoformat(act.said["until"]) if act.kind == "suspension" else None
    if until is not None:
        today = calendars.local_day(now)
        _must_lie(until, today + timedelta(days=1), today + LONGEST_PAUSE, "until")
    _answer(act, "agreed", voice, now)
    current.state, agreement.suspended_until = ("suspended", until) if until else ("in_force", None)
    kind = "agreement_suspended" if until else "agreement_resumed"
    tell_history(
        session, kind, agreement, current, voice, now=now, act=act.id, act_hash=act.said_hash, **_plain(act)
    )
    _catch_up(session, agreement, now)
    moved_on(session, agreement, by=by, now=now)


def refuse(session: Session, act: AgreementAct, note: str = "", *, by: Person, now: datetime) -> None:
    """Decline what the other side asked for, or take back what one's own side did. Raises ActAnswered, NotYourSide."""
    agreement = _asked(session, act)
    voice = speaking.must_speak(session, agreement, by, now)
    own = voice.department_id == act.asked_by_department_id
    _answer(act, "withdrawn" if own else "refused", voice, now, note)
    kind = f"agreement_{act.kind}_{act.state}"
    tell_history(session, kind, agreement, None, voice, now=now, note=note, act=act.id)


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
    agreement = locked(session, agreement)
    voice = speaking.must_speak(session, agreement, by, now)
    current = _current(session, agreement)
    if current is None:
        raise NotInForce
    today = calendars.local_day(now)
    last = min(today + LONGEST_REVIEW, agreement.ends_on or today + LONGEST_REVIEW)
    _must_lie(review_on, today + timedelta(days=1), last, "review_on")
    other = agreement.kept_until if agreement.kept_by_id not in (None, voice.department_id) else None
    if other is None:
        agreement.kept_by_id, agreement.kept_until = voice.department_id, review_on
    else:
        _reviewed(agreement, min(review_on, other))
        _set_alarm(session, agreement, now)
    told: dict[str, Any] = {
        "review_on": str(agreement.review_on if other else review_on),
        "both": other is not None,
    }
    tell_history(session, "agreement_kept", agreement, current, voice, now=now, **told)
    if other is not None:
        moved_on(session, agreement, besides=besides, by=by, now=now)
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
    agreement = locked(session, agreement)
    voice = speaking.must_speak(session, agreement, by, now)
    current = _current(session, agreement)
    if current is None:
        raise NotInForce
    _reviewed(agreement, calendars.local_day(now) + ASKED_AGAIN)
    _set_alarm(session, agreement, now)
    tell_history(session, "agreement_to_revise", agreement, current, voice, now=now, note=note)
    moved_on(session, agreement, besides=besides, by=by, now=now)


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
    agreement = locked(session, agreement)
    table = session.get(AgreementVersion, agreement.negotiating_version_id or 0)
    if table is None or (table.answer_by is None and table.escalated_at is None):
        raise NothingOnTheTable
    if table.escalated_to_id != by.id:
        raise NotAllowed
    _must_say(text, "note")
    today = calendars.local_day(now)
    if meeting_on is not None:
        _must_lie(meeting_on, today, today + timedelta(days=60), "meeting_on")
    asked = session.get(Department, speaking.other_side(agreement, table.proposed_by_department_id))
    calendar = calendars.of(session, asked)
    begin = max(now, calendar.moment(datetime.combine(meeting_on, time(12)))) if meeting_on else now
    table.answer_by = calendar.add(begin, "P1D" if meeting_on else ANSWER_WITHIN)
    met = {"meeting_on": str(meeting_on)} if meeting_on else {}
    tell_history(session, "agreement_advised", agreement, table, by, now=now, note=text, **met)


# ------------------------------------------------------------------------------------------------ what forms of cases say


def answered(session: Session, what: Answered) -> None:
    """The listener: what a manager or a head answered in a case about an agreement goes through the verbs here."""
    if what.task is None or what.by is None or what.instance.process not in summons.PROCESSES:
        return
    agreement = summons.about(session, what.instance)
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


# ------------------------------------------------------------------------------------------------ what happens by itself


def signed(session: Session, agreement: Agreement, version: AgreementVersion, *, now: datetime) -> None:
    """Both heads have just signed a version: it begins, or waits for its day. A notice given before is taken back."""
    if agreement.notice_at is not None:
        current = _current(session, agreement)
        agreement.notice_at, agreement.ends_on = None, _last_day(current) if current else None
    for earlier in session.scalars(scheduled(agreement)).all():
        if earlier.id != version.id and _first_day(earlier) >= _first_day(version):
            earlier.state, earlier.ended_at = "superseded", now  # its day would come when newer words hold
    _catch_up(session, agreement, now, quiet=version)


def work_due(session: Session, *, now: datetime) -> int:
    """Do what a day brings to agreements and pass silence on; returns how many there were. One in trouble stops no other."""
    today = calendars.local_day(now)
    rings = select(Agreement.id).where(Agreement.alarm_on <= today).order_by(Agreement.alarm_on, Agreement.id)
    silent = select(AgreementVersion.id).where(AgreementVersion.answer_by <= now)
    silent = silent.order_by(AgreementVersion.answer_by, AgreementVersion.id)
    done = _each(session, session.scalars(rings.limit(BATCH)).all(), _ring, _put_off, now)
    return done + _each(session, session.scalars(silent.limit(BATCH)).all(), _pass_on, _pass_over, now)


Work = Callable[[Session, int, datetime], None]


def _each(session: Session, ids: Sequence[int], work: Work, otherwise: Work, now: datetime) -> int:
    for each in ids:
        try:
            with session.begin_nested():
                work(session, each, now)
        except Refusal:
            otherwise(session, each, now)
    return len(ids)


def _ring(session: Session, agreement_id: int, now: datetime) -> None:
    _catch_up(session, locked(session, session.get_one(Agreement, agreement_id)), now)


def _put_off(session: Session, agreement_id: int, now: datetime) -> None:
    """What could not be done today is tried again tomorrow."""
    session.get_one(Agreement, agreement_id).alarm_on = calendars.local_day(now) + timedelta(days=1)


def _pass_on(session: Session, version_id: int, now: datetime) -> None:
    """Silence goes to the lowest common manager, as a task."""
    version = session.get_one(AgreementVersion, version_id)
    agreement = locked(session, session.get_one(Agreement, version.agreement_id))
    session.refresh(version)
    if version.answer_by is None or version.answer_by > now:
        return
    manager = common_manager(session, agreement.provider_id, agreement.consumer_id)
    version.answer_by, version.escalated_at = None, now
    version.escalated_to_id = manager.id if manager else None
    told: dict[str, Any] = {"to": manager.id if manager else None}
    tell_history(session, "agreement_overdue_answer", agreement, version, None, now=now, **told)
    if manager is not None:
        summons.to_manager(session, agreement, version, manager, now=now)


def _pass_over(session: Session, version_id: int, now: datetime) -> None:
    session.get_one(AgreementVersion, version_id).answer_by = now + timedelta(days=1)


def _catch_up(
    session: Session, agreement: Agreement, now: datetime, *, quiet: AgreementVersion | None = None
) -> None:
    """Bring an agreement to where it stands on this day, in the order in which its days came."""
    today = calendars.local_day(now)
    _wake(session, agreement, today, now)
    if agreement.notice_at is not None:
        _end(session, agreement, today, now)
    for version in sorted(session.scalars(scheduled(agreement)).all(), key=_first_day):
        _begin(session, agreement, version, today, now, quiet=version is quiet)
    _end(session, agreement, today, now)
    _ask_review(session, agreement, today, now)
    _set_alarm(session, agreement, now)
    session.flush()


def _wake(session: Session, agreement: Agreement, today: date, now: datetime) -> None:
    if agreement.suspended_until is None or agreement.suspended_until > today:
        return
    current = _current(session, agreement)
    agreement.suspended_until = None
    if current is not None and current.state == "suspended":
        current.state = "in_force"
        tell_history(session, "agreement_resumed", agreement, current, None, now=now)


def _begin(
    session: Session,
    agreement: Agreement,
    version: AgreementVersion,
    today: date,
    now: datetime,
    *,
    quiet: bool,
) -> None:
    """Put a signed version in force when its day has come and the agreement does not rest."""
    if _first_day(version) > today or agreement.suspended_until is not None:
        return
    before = _current(session, agreement)
    if before is not None:
        before.state, before.ended_at = "superseded", now
    version.state, version.in_force_from = "in_force", now
    agreement.current_version_id = version.id
    last = _last_day(version)
    under_notice = agreement.ends_on if agreement.notice_at is not None else None
    agreement.ends_on = min(filter(None, (last, under_notice)), default=None)
    _reviewed(
        agreement, date.fromisoformat(version.terms["review_on"]) if "review_on" in version.terms else None
    )
    session.flush()
    if not quiet:
        tell_history(session, "agreement_in_force", agreement, version, None, now=now)
        moved_on(session, agreement, by=None, now=now)
    if before is not None and version.terms.get("in_flight") == "new":
        promises.take_over(session, agreement, version, now=now)


def _end(session: Session, agreement: Agreement, today: date, now: datetime) -> None:
    """After its last day it binds nobody: terminated where notice was given, else expired."""
    if agreement.ends_on is None or agreement.ends_on >= today:
        return
    ended = "terminated" if agreement.notice_at is not None else "expired"
    current = _current(session, agreement)
    gone = [current] if current is not None else []
    gone += session.scalars(scheduled(agreement)).all() if ended == "terminated" else []
    for version in gone:
        version.state, version.ended_at = ended, now
        kind = "agreement_ended" if ended == "terminated" else "agreement_expired"
        tell_history(session, kind, agreement, version, None, now=now)
    agreement.current_version_id = agreement.suspended_until = agreement.notice_at = None
    _reviewed(agreement, None)
    if gone:
        moved_on(session, agreement, by=None, now=now)


def _ask_review(session: Session, agreement: Agreement, today: date, now: datetime) -> None:
    current = _current(session, agreement)
    due = agreement.review_on is not None and agreement.review_on <= today
    if current is None or current.state != "in_force" or not due or agreement.review_asked_at is not None:
        return
    agreement.review_asked_at = now
    tell_history(session, "agreement_review_due", agreement, current, None, now=now)
    summons.to_heads(session, agreement, now=now)


def _set_alarm(session: Session, agreement: Agreement, now: datetime) -> None:
    """The next day on which something happens by itself."""
    session.flush()
    current, today = _current(session, agreement), calendars.local_day(now)
    waiting = [_first_day(each) for each in session.scalars(scheduled(agreement))]
    rest = agreement.suspended_until
    days = [max(day, rest or day) for day in waiting] + ([rest] if rest else [])
    if agreement.ends_on is not None and (current is not None or waiting):
        days.append(agreement.ends_on + timedelta(days=1))
    if agreement.review_on is not None and agreement.review_asked_at is None and current is not None:
        days.append(max(agreement.review_on, rest or agreement.review_on))
    agreement.alarm_on = min((max(day, today + timedelta(days=1)) for day in days), default=None)


# ------------------------------------------------------------------------------------------------ acts of both sides


def _ask(
    session: Session,
    agreement: Agreement,
    current: AgreementVersion,
    kind: str,
    what: dict[str, str],
    by: Person,
    now: datetime,
) -> AgreementAct:
    speaking.must_have_two_heads(session, agreement)
    voice = speaking.must_speak(session, agreement, by, now)
    for other in session.scalars(_open_acts(agreement)):
        if other.asked_by_department_id != voice.department_id:
            raise ActAsked
        _answer(other, "withdrawn", voice, now)
    said = {"kind": kind, "version": current.number, "terms_hash": current.terms_hash, **what}
    act = AgreementAct(
        agreement_id=agreement.id,
        kind=kind,
        said=said,
        said_hash=fingerprint(said),
        asked_by_id=by.id,
        asked_by_department_id=voice.department_id,
        asked_for_id=voice.in_place_of,
        asked_at=now,
    )
    session.add(act)
    session.flush()
    tell_history(
        session,
        f"agreement_{kind}_asked",
        agreement,
        current,
        voice,
        now=now,
        act=act.id,
        act_hash=act.said_hash,
        **_plain(act),
    )
    return act


def _plain(act: AgreementAct) -> dict[str, Any]:
    """What an act says, as history keeps it."""
    told = {"until": act.said.get("until"), "note": act.said.get("reason")}
    return {name: value for name, value in told.items() if value}


def _open_acts(agreement: Agreement) -> Any:
    return select(AgreementAct).where(
        AgreementAct.agreement_id == agreement.id, AgreementAct.state == "asked"
    )


def _asked(session: Session, act: AgreementAct) -> Agreement:
    """The agreement of an act that still waits for an answer, both locked. Raises ActAnswered."""
    agreement = locked(session, session.get_one(Agreement, act.agreement_id))
    session.refresh(act)
    if act.state != "asked":
        raise ActAnswered
    return agreement


def _other_voice(
    session: Session, agreement: Agreement, act: AgreementAct, by: Person, now: datetime
) -> Voice:
    """How this person answers for the side that was asked. Raises OtherSideFirst, SamePerson, NotYourSide."""
    voice = speaking.must_speak(session, agreement, by, now)
    if voice.department_id == act.asked_by_department_id:
        raise OtherSideFirst
    if {voice.person.id, voice.head.id} & {act.asked_by_id, act.asked_for_id}:
        raise SamePerson
    return voice


def _answer(act: AgreementAct, state: str, voice: Voice, now: datetime, note: str = "") -> None:
    act.state, act.answered_at, act.note = state, now, note.strip()[:500] or None
    act.answered_by_id, act.answered_for_id = voice.person.id, voice.in_place_of


# ------------------------------------------------------------------------------------------------ what they share


def locked(session: Session, agreement: Agreement) -> Agreement:
    """The agreement as it is now, which nobody else changes until this transaction ends."""
    session.flush()
    return session.get_one(Agreement, agreement.id, with_for_update=True, populate_existing=True)


def moved_on(
    session: Session, agreement: Agreement, *, besides: int | None = None, by: Person | None, now: datetime
) -> None:
    """Cases that asked somebody about the agreement are over: it has moved on. ``besides``: the one in which that was said."""
    summons.over(session, agreement, besides=besides, by=by, now=now)


def tell_history(
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


def _current(session: Session, agreement: Agreement) -> AgreementVersion | None:
    """The version that binds, or rests."""
    return session.get(AgreementVersion, agreement.current_version_id or 0)


def _must_bind(session: Session, agreement: Agreement) -> AgreementVersion:
    current = _current(session, agreement)
    if current is None or current.state not in BINDING:
        raise NotInForce
    return current


def _first_day(version: AgreementVersion) -> date:
    said = version.terms.get("valid_from")
    return date.fromisoformat(said) if said else date.min


def _last_day(version: AgreementVersion) -> date | None:
    said = version.terms.get("valid_to")
    return date.fromisoformat(said) if said else None


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


def _reviewed(agreement: Agreement, again: date | None) -> None:
    agreement.review_on = again
    agreement.review_asked_at = agreement.kept_by_id = agreement.kept_until = None


def _must_say(text: str, field: str) -> None:
    if not text.strip():
        raise Invalid({field: Required()})
    if len(text) > LONGEST_NOTE:
        raise Invalid({field: TooMuch(most=LONGEST_NOTE)})


def _must_lie(day: date, first: date, last: date, field: str) -> None:
    if not first <= day <= last:
        raise Invalid({field: DayWrong(first=first, last=last)})


def _day(raw: Any) -> date | None:
    return date.fromisoformat(str(raw)[:10]) if raw else None
