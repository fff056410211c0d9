"""Words that one side keeps for itself while something else is on the table or in force: an answer, or a change, not sent yet.

One for each side of an agreement. It is a version in the state ``draft`` that no agreement points to; the other side does
not see it. What the side sends next takes its place.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.people import Person
from engine.sales import minutes, speaking
from engine.sales.agreements import Agreement, AgreementVersion
from engine.sales.terms import clean, fingerprint


def keep(
    session: Session, agreement: Agreement, terms: Mapping[str, Any], *, by: Person, now: datetime
) -> AgreementVersion:
    """Keep these words for one's own side, instead of those it kept before. Raises NotYourSide, OneHead, Invalid."""
    agreement = minutes.locked(session, agreement)
    voice = speaking.must_speak(session, agreement, by, now)
    said = clean(terms)
    version = of_side(session, agreement, voice.department_id) or _another(session, agreement)
    version.terms, version.terms_hash = said, fingerprint(said)
    version.proposed_at, version.proposed_by_id = now, voice.person.id
    version.proposed_by_department_id = voice.department_id
    session.add(version)
    session.flush()
    beside = voice.department_id  # whose secret it is
    minutes.record(session, "agreement_drafted", agreement, version, voice, now=now, beside=beside)
    return version


def drop(session: Session, agreement: Agreement, department_id: int) -> None:
    """Forget what a side kept: it was sent, or is not wanted any more."""
    version = of_side(session, agreement, department_id)
    if version is not None:
        session.delete(version)
        session.flush()


def of_side(session: Session, agreement: Agreement, department_id: int) -> AgreementVersion | None:
    """What a side keeps for itself beside what is on the table; None where it keeps nothing."""
    query = select(AgreementVersion).where(
        AgreementVersion.agreement_id == agreement.id,
        AgreementVersion.state == "draft",
        AgreementVersion.proposed_by_department_id == department_id,
    )
    if agreement.negotiating_version_id is not None:
        query = query.where(AgreementVersion.id != agreement.negotiating_version_id)
    return session.scalar(query.limit(1))


def _another(session: Session, agreement: Agreement) -> AgreementVersion:
    newest = select(func.max(AgreementVersion.number)).where(AgreementVersion.agreement_id == agreement.id)
    return AgreementVersion(
        agreement_id=agreement.id, number=(session.scalar(newest) or 0) + 1, state="draft"
    )
