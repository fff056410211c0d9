"""Negotiating an agreement: words are drafted, proposed, answered and signed, until both heads signed the very same.

To propose is to sign: the other side signs these very terms, or answers with its own. What is in force stays so
while a newer version is negotiated. Every verb leaves one event with the subject ``agreement:ID``.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from engine import calendars
from engine.errors import Invalid, Refusal, Stale
from engine.people import Department, Person
from engine.sales import drafting, minutes, speaking, summons, turning
from engine.sales.agreements import (
    NEGOTIATED,
    Agreement,
    AgreementVersion,
    NothingChanged,
    NothingOnTheTable,
    OnTheTable,
    OutOfDate,
    SameDepartment,
    Signature,
)
from engine.sales.naming import both, named
from engine.sales.speaking import NotYourSide, Voice, sides
from engine.sales.terms import Required, TooMuch, clean, fingerprint

__all__ = ["accept", "counter", "draft", "propose", "redraft", "remark", "sides", "withdraw"]

LONGEST_TITLE, LONGEST_CODE = 200, 40


class CodeTaken(Refusal):
    """Another agreement has the code %(code)s. Choose another one, or propose a change of that agreement."""


class DayPassed(Refusal):
    """This day has passed. Choose a later one."""


class SignedBothSides(Refusal):
    """%(person)s has signed these words for the other side already. Somebody else must sign for this one."""


# ------------------------------------------------------------------------------------------------ verbs


def draft(
    session: Session,
    title: str,
    *,
    provider: Department,
    consumer: Department,
    terms: Mapping[str, Any],
    code: str | None = None,
    title_en: str = "",
    by: Person,
    now: datetime,
) -> Agreement:
    """Write the first wording, which the other side does not see.

    Raises SameDepartment, NotYourSide, NoHead, OneHead, and Invalid by field.
    """
    if provider.id == consumer.id:
        raise SameDepartment(field="consumer")
    code = (code or "").strip() or None
    errors = _errors_of_names(session, title, title_en, code)
    try:
        said = _read(terms, now)
    except Invalid as refusal:
        errors |= refusal.errors
    if errors:
        raise Invalid(errors)
    agreement = Agreement(
        code=code,
        title=title.strip(),
        title_en=title_en.strip(),
        provider_id=provider.id,
        consumer_id=consumer.id,
        created_at=now,
        created_by_id=by.id,
    )
    speaking.must_have_two_heads(session, agreement)
    voice = speaking.must_speak(session, agreement, by, now)
    session.add(agreement)
    session.flush()
    version = _word(session, agreement, said, "draft", voice, now=now)
    minutes.record(session, "agreement_drafted", agreement, version, voice, now=now)
    return agreement


def redraft(
    session: Session, version: AgreementVersion, terms: Mapping[str, Any], *, by: Person, now: datetime
) -> None:
    """Write a draft of one's own side anew; the other side still does not see it.

    Raises NotYourSide, OneHead, OutOfDate, NothingOnTheTable, NothingChanged, Invalid.
    """
    agreement = _table(session, version)
    voice = speaking.must_speak_for(session, agreement, version.proposed_by_department_id or 0, by, now)
    if version.state != "draft":
        raise OutOfDate
    said = _read(terms, now)
    if fingerprint(said) == version.terms_hash:
        raise NothingChanged
    version.terms, version.terms_hash = said, fingerprint(said)
    version.proposed_at, version.proposed_by_id = now, voice.person.id
    session.flush()
    minutes.record(session, "agreement_drafted", agreement, version, voice, now=now)


def propose(
    session: Session,
    agreement: Agreement,
    terms: Mapping[str, Any] | None = None,
    *,
    by: Person,
    now: datetime,
) -> AgreementVersion:
    """Put a draft, or a change of what both signed, on the table, signed by one's own side.

    Raises NotYourSide, NoHead, OneHead, OnTheTable, NothingChanged, Invalid.
    """
    agreement = minutes.locked(session, agreement)
    speaking.must_have_two_heads(session, agreement)
    voice = speaking.must_speak(session, agreement, by, now)
    table = session.get(AgreementVersion, agreement.negotiating_version_id or 0)
    if table is not None and table.state != "draft":
        raise OnTheTable
    if table is not None and table.proposed_by_department_id != voice.department_id:
        raise NotYourSide(department=named(session, table.proposed_by_department_id))
    signed = _signed(session, agreement)
    if terms is None:
        terms = table.terms if table else signed.terms if signed else {}
    said = _read(terms, now)
    if signed is not None and fingerprint(said) == signed.terms_hash and agreement.notice_at is None:
        raise NothingChanged
    if table is None:
        table = _word(session, agreement, said, "draft", voice, now=now)
    else:
        table.terms, table.terms_hash = said, fingerprint(said)
        session.flush()  # while it still is a draft: from the next line on its words stay
    _lay_on_the_table(session, agreement, table, "proposed", voice, now=now)
    minutes.record(session, "agreement_proposed", agreement, table, voice, now=now)
    return table


def counter(
    session: Session, version: AgreementVersion, terms: Mapping[str, Any], *, by: Person, now: datetime
) -> AgreementVersion:
    """Answer a proposal with other terms.

    Raises NotYourSide, OutOfDate, NothingOnTheTable, NothingChanged, NoHead, OneHead, Invalid.
    """
    agreement, voice = _asked(session, version, by, now)
    said = _read(terms, now)
    if fingerprint(said) == version.terms_hash:
        raise NothingChanged
    version.state, version.ended_at, version.answer_by = "superseded", now, None
    answer = _word(session, agreement, said, "draft", voice, now=now)
    _lay_on_the_table(session, agreement, answer, "countered", voice, now=now)
    minutes.record(session, "agreement_countered", agreement, answer, voice, now=now)
    summons.over(session, agreement, besides=None, by=by, now=now)
    return answer


def accept(
    session: Session, version: AgreementVersion, *, terms_hash: str | None = None, by: Person, now: datetime
) -> None:
    """Sign what the other side proposed; with both signatures it is in force, or will be from the day it names.

    ``terms_hash`` is what the person had before their eyes.
    Raises NotYourSide, OutOfDate, NothingOnTheTable, NoHead, OneHead, SignedBothSides, Stale, and Invalid where the
    days it names have passed meanwhile.
    """
    agreement, voice = _asked(session, version, by, now)
    if terms_hash is not None and terms_hash != version.terms_hash:
        raise Stale
    _must_lie_ahead(version.terms, now)
    _sign(session, version, voice, now=now)
    version.state, version.answer_by = "scheduled", None
    agreement.negotiating_version_id = None
    minutes.record(session, "agreement_accepted", agreement, version, voice, now=now)
    turning.signed(session, agreement, version, now=now)
    summons.over(session, agreement, besides=None, by=by, now=now)


def withdraw(
    session: Session, version: AgreementVersion, *, note: str | None = None, by: Person, now: datetime
) -> None:
    """Take one's own proposal back, or decline the other side's. What is in force stays.

    Raises NotYourSide, OutOfDate, NothingOnTheTable.
    """
    agreement = _table(session, version)
    voice = speaking.must_speak(session, agreement, by, now)
    own = voice.department_id == version.proposed_by_department_id
    if version.state == "draft" and not own:
        raise NothingOnTheTable
    version.state, version.ended_at, version.answer_by = "withdrawn", now, None
    agreement.negotiating_version_id = None
    kind = "agreement_withdrawn" if own else "agreement_declined"
    minutes.record(session, kind, agreement, version, voice, now=now, note=note)
    summons.over(session, agreement, besides=None, by=by, now=now)


def remark(
    session: Session,
    agreement: Agreement,
    text: str,
    *,
    version: AgreementVersion | None = None,
    by: Person,
    now: datetime,
) -> None:
    """Say something to both sides, about a version or about all of it.

    Members of either side may, who speaks for one, and the manager whom silence went to. Raises NotYourSide.
    """
    if not _may_talk(session, agreement, by, now):
        raise NotYourSide(department=both(session, speaking.parties(agreement)))
    if version is not None and version.agreement_id != agreement.id:
        raise OutOfDate
    if text.strip():
        minutes.record(session, "agreement_remarked", agreement, version, by, now=now, note=text)


# ------------------------------------------------------------------------------------------------ what they share


def _read(terms: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    said = clean(terms)
    _must_lie_ahead(said, now)
    return said


def _must_lie_ahead(terms: Mapping[str, Any], now: datetime) -> None:
    """Nobody signs what is over already: the last day and the day of review lie ahead. Raises Invalid."""
    today = calendars.local_day(now).isoformat()
    passed = [each for each in ("valid_to", "review_on") if terms.get(each) and terms[each] <= today]
    if passed:
        raise Invalid({each: DayPassed() for each in passed})


def _errors_of_names(session: Session, title: str, title_en: str, code: str | None) -> dict[str, Refusal]:
    errors: dict[str, Refusal] = {}
    for field, text in (("title", title), ("title_en", title_en)):
        if len(text.strip()) > LONGEST_TITLE:
            errors[field] = TooMuch(most=LONGEST_TITLE)
    if not title.strip():
        errors["title"] = Required()
    if code is not None and len(code) > LONGEST_CODE:
        errors["code"] = TooMuch(most=LONGEST_CODE)
    elif code is not None and session.scalar(select(Agreement.id).where(Agreement.code == code)):
        errors["code"] = CodeTaken(code=code)
    return errors


def _signed(session: Session, agreement: Agreement) -> AgreementVersion | None:
    """The newest version that both signed and that is not over: what a proposal changes."""
    query = select(AgreementVersion).where(
        AgreementVersion.agreement_id == agreement.id,
        AgreementVersion.state.in_(("scheduled", "in_force", "suspended")),
    )
    return session.scalar(query.order_by(AgreementVersion.number.desc()).limit(1))


def _word(
    session: Session,
    agreement: Agreement,
    said: dict[str, Any],
    state: str,
    voice: Voice,
    *,
    now: datetime,
) -> AgreementVersion:
    drafting.drop(session, agreement, voice.department_id)
    newest = select(func.max(AgreementVersion.number)).where(AgreementVersion.agreement_id == agreement.id)
    version = AgreementVersion(
        agreement_id=agreement.id,
        number=(session.scalar(newest) or 0) + 1,
        state=state,
        terms=said,
        terms_hash=fingerprint(said),
        proposed_by_id=voice.person.id,
        proposed_by_department_id=voice.department_id,
        proposed_at=now,
    )
    session.add(version)
    session.flush()
    agreement.negotiating_version_id = version.id
    return version


def _lay_on_the_table(
    session: Session,
    agreement: Agreement,
    version: AgreementVersion,
    state: str,
    voice: Voice,
    *,
    now: datetime,
) -> None:
    """The other side has some work days to answer; then its silence goes to the lowest common manager."""
    asked = session.get(Department, speaking.other_side(agreement, voice.department_id))
    version.state, version.proposed_at, version.proposed_by_id = state, now, voice.person.id
    version.answer_by = calendars.of(session, asked).add(now, summons.PATIENCE)
    _sign(session, version, voice, now=now)


def _sign(session: Session, version: AgreementVersion, voice: Voice, *, now: datetime) -> None:
    hand = {voice.person.id, voice.head.id}
    same = or_(Signature.person_id.in_(hand), Signature.on_behalf_of_id.in_(hand))
    if session.scalar(select(Signature.id).where(Signature.version_id == version.id, same).limit(1)):
        raise SignedBothSides(person=voice.person.name)
    session.add(
        Signature(
            version_id=version.id,
            department_id=voice.department_id,
            person_id=voice.person.id,
            on_behalf_of_id=voice.in_place_of,
            absence_id=voice.absence_id,
            terms_hash=version.terms_hash,
            signed_at=now,
        )
    )
    session.flush()


def _table(session: Session, version: AgreementVersion) -> Agreement:
    """The agreement whose version on the table this is. Raises OutOfDate, NothingOnTheTable."""
    agreement = minutes.locked(session, session.get_one(Agreement, version.agreement_id))
    if agreement.negotiating_version_id is None:
        raise NothingOnTheTable
    if agreement.negotiating_version_id != version.id:
        raise OutOfDate
    session.refresh(version)
    if version.state not in NEGOTIATED:
        raise NothingOnTheTable
    return agreement


def _asked(session: Session, version: AgreementVersion, by: Person, now: datetime) -> tuple[Agreement, Voice]:
    """The agreement, and how this person speaks for the side that has to answer."""
    agreement = _table(session, version)
    if version.state == "draft":
        raise NothingOnTheTable
    speaking.must_have_two_heads(session, agreement)
    side = speaking.other_side(agreement, version.proposed_by_department_id)
    return agreement, speaking.must_speak_for(session, agreement, side, by, now)


def _may_talk(session: Session, agreement: Agreement, by: Person, now: datetime) -> bool:
    if set(speaking.parties(agreement)) & set(by.department_ids):
        return True
    asked = select(AgreementVersion.id).where(
        AgreementVersion.agreement_id == agreement.id, AgreementVersion.escalated_to_id == by.id
    )
    return bool(sides(session, agreement, by, calendars.local_day(now)) or session.scalar(asked.limit(1)))
