"""Acts beside the terms that bind both sides, so both sign them: a pause until a day, and its early end.

One side asks, which is its signature over what is said; the other consents, or refuses.
"""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine import calendars
from engine.errors import Refusal, Stale
from engine.people import Person
from engine.sales import minutes, speaking, summons, turning
from engine.sales.agreements import BINDING, Agreement, AgreementAct, AgreementVersion, NotInForce, OutOfDate
from engine.sales.speaking import Voice
from engine.sales.terms import fingerprint

LONGEST_PAUSE = timedelta(days=366)


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


def suspend(
    session: Session, agreement: Agreement, until: date, reason: str, *, by: Person, now: datetime
) -> AgreementAct:
    """Ask the other side that nobody owes anything until a day; it holds once they sign too (`consent`).

    Raises NotYourSide, NoHead, OneHead, NotInForce, ActAsked, Invalid.
    """
    agreement = minutes.locked(session, agreement)
    current = _must_bind(session, agreement)
    today = calendars.local_day(now)
    minutes.must_lie(until, today + timedelta(days=1), today + LONGEST_PAUSE, "until")
    minutes.must_say(reason, "reason")
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
    agreement = minutes.locked(session, agreement)
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
        minutes.must_lie(until, today + timedelta(days=1), today + LONGEST_PAUSE, "until")
    _answer(act, "agreed", voice, now)
    current.state, agreement.suspended_until = ("suspended", until) if until else ("in_force", None)
    kind = "agreement_suspended" if until else "agreement_resumed"
    minutes.record(
        session, kind, agreement, current, voice, now=now, act=act.id, act_hash=act.said_hash, **_plain(act)
    )
    turning.catch_up(session, agreement, now)
    summons.over(session, agreement, besides=None, by=by, now=now)


def refuse(session: Session, act: AgreementAct, note: str = "", *, by: Person, now: datetime) -> None:
    """Decline what the other side asked for, or take back what one's own side did. Raises ActAnswered, NotYourSide."""
    agreement = _asked(session, act)
    voice = speaking.must_speak(session, agreement, by, now)
    own = voice.department_id == act.asked_by_department_id
    _answer(act, "withdrawn" if own else "refused", voice, now, note)
    kind = f"agreement_{act.kind}_{act.state}"
    minutes.record(session, kind, agreement, None, voice, now=now, note=note, act=act.id)


# ------------------------------------------------------------------------------------------------ what they share


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
    minutes.record(
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


def _open_acts(agreement: Agreement) -> Select[AgreementAct]:
    return select(AgreementAct).where(
        AgreementAct.agreement_id == agreement.id, AgreementAct.state == "asked"
    )


def _asked(session: Session, act: AgreementAct) -> Agreement:
    """The agreement of an act that still waits for an answer, both locked. Raises ActAnswered."""
    agreement = minutes.locked(session, session.get_one(Agreement, act.agreement_id))
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


def _must_bind(session: Session, agreement: Agreement) -> AgreementVersion:
    current = minutes.current(session, agreement)
    if current is None or current.state not in BINDING:
        raise NotInForce
    return current
