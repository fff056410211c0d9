"""Agreements between departments: proposed, countered, signed by both heads, in force until a newer one is.

A side is spoken for by its head and nobody else, not even an administrator. To propose is to sign: the other side
either signs the very same terms or answers with its own. The version in force stays so while a newer one is
negotiated. Every verb leaves one event with the subject ``agreement:ID``.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, UniqueConstraint, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import calendars, history, people
from engine.db import Base, BigId
from engine.errors import Invalid, Refusal, Stale
from engine.people import Department, Person
from engine.sales.terms import Required, clean, fingerprint

STATES = (
    "draft",
    "proposed",
    "countered",
    "scheduled",
    "in_force",
    "suspended",
    "superseded",
    "terminated",
    "expired",
    "withdrawn",
)
NEGOTIATED = ("draft", "proposed", "countered")


class SameDepartment(Refusal):
    """An agreement needs two different departments."""


class NoHead(Refusal):
    """%(department)s has no head now, so nobody can sign for it."""


class NotYourSide(Refusal):
    """Only the head of %(department)s can do this."""


class OutOfDate(Refusal):
    """There is a newer version of this agreement. Look at it, then decide."""


class NothingOnTheTable(Refusal):
    """There is nothing to decide about: no version of this agreement is being negotiated."""


class OnTheTable(Refusal):
    """A version of this agreement is being negotiated already: sign it, answer it or take it back first."""


class NothingChanged(Refusal):
    """These terms are the same as before; sign them instead."""


class Agreement(Base):
    """A standing rule between two departments. ``code`` (H1 …) is what a diagram's ``handoff`` names.

    ``current_version_id`` is the version in force; ``negotiating_version_id`` the newest one on the table.
    """

    __tablename__ = "agreements"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str | None] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    title_en: Mapped[str] = mapped_column(String(200), default="")
    provider_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), index=True)
    consumer_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), index=True)
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    current_version_id: Mapped[int | None] = mapped_column(
        ForeignKey("agreement_versions.id", use_alter=True, name="fk_agreements_current_version_id")
    )
    negotiating_version_id: Mapped[int | None] = mapped_column(
        ForeignKey("agreement_versions.id", use_alter=True, name="fk_agreements_negotiating_version_id")
    )
    suspended_until: Mapped[date | None]
    """Nobody owes anything under it before this local day."""
    ends_on: Mapped[date | None]
    """Its last local day: notice was given, or the version in force says so."""
    review_on: Mapped[date | None] = mapped_column(index=True)
    """The local day on which both heads look at it again, as the version in force says."""
    review_asked_at: Mapped[datetime | None]


class AgreementVersion(Base):
    """One wording of an agreement. ``terms`` never change once proposed: a counter is the next version.

    ``terms_hash`` is the SHA-256 of the terms in canonical JSON; signatures are given over it.
    """

    __tablename__ = "agreement_versions"
    __table_args__ = (
        UniqueConstraint("agreement_id", "number"),
        Index("ix_agreement_versions_state", "state"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    agreement_id: Mapped[int] = mapped_column(ForeignKey("agreements.id"))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(20), default="draft")
    terms: Mapped[dict[str, Any]]
    terms_hash: Mapped[str] = mapped_column(String(64))
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    proposed_by_department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    proposed_at: Mapped[datetime | None]
    answer_by: Mapped[datetime | None] = mapped_column(index=True)
    """When silence on what is on the table goes to the lowest common manager; empty once it went."""
    escalated_at: Mapped[datetime | None]
    escalated_to_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    in_force_from: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Signature(Base):
    """A head signed these very terms for their department, or a deputy did in a recorded absence (``on_behalf_of_id``)."""

    __tablename__ = "signatures"
    __table_args__ = (UniqueConstraint("version_id", "department_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("agreement_versions.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    on_behalf_of_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    absence_id: Mapped[int | None] = mapped_column(ForeignKey("absences.id"))
    terms_hash: Mapped[str] = mapped_column(String(64))
    signed_at: Mapped[datetime]


def versions(agreement: Agreement) -> Select[AgreementVersion]:
    """Every wording of an agreement, the newest first."""
    query = select(AgreementVersion).where(AgreementVersion.agreement_id == agreement.id)
    return query.order_by(AgreementVersion.number.desc())


def signatures(version: AgreementVersion) -> Select[Signature]:
    """Who signed a version, in order."""
    return select(Signature).where(Signature.version_id == version.id).order_by(Signature.id)


def proposed_by_side(department_ids: Sequence[int]) -> Select[Agreement]:
    """What these departments drafted or proposed and the other side has not answered."""
    return _negotiated().where(AgreementVersion.proposed_by_department_id.in_(department_ids))


def waiting_for(department_ids: Sequence[int]) -> Select[Agreement]:
    """What the other side proposed to these departments."""
    ours = or_(Agreement.provider_id.in_(department_ids), Agreement.consumer_id.in_(department_ids))
    return _negotiated().where(
        ours,
        AgreementVersion.state.in_(("proposed", "countered")),
        AgreementVersion.proposed_by_department_id.not_in(department_ids),
    )


def in_force_now() -> Select[Agreement]:
    """Agreements whose current version binds both sides, by their code."""
    query = select(Agreement).where(Agreement.current_version_id.is_not(None))
    return query.order_by(Agreement.code.is_(None), Agreement.code, Agreement.id)


def _negotiated() -> Select[Agreement]:
    joined = AgreementVersion.id == Agreement.negotiating_version_id
    query = select(Agreement).join(AgreementVersion, joined)
    return query.order_by(AgreementVersion.proposed_at.desc(), Agreement.id.desc())


def in_force(session: Session, code: str) -> tuple[Agreement, AgreementVersion] | None:
    """The agreement of a hand-off code with the version that binds now."""
    joined = AgreementVersion.id == Agreement.current_version_id
    row = session.execute(
        select(Agreement, AgreementVersion).join(AgreementVersion, joined).where(Agreement.code == code)
    ).first()
    return (row[0], row[1]) if row else None


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
    """Write the first wording, which the other side does not see as a proposal yet.

    Raises SameDepartment, NotYourSide, NoHead, Invalid.
    """
    if provider.id == consumer.id:
        raise SameDepartment
    if not title.strip():
        raise Invalid({"title": Required()})
    agreement = Agreement(
        code=code or None,
        title=title.strip(),
        title_en=title_en.strip(),
        provider_id=provider.id,
        consumer_id=consumer.id,
        created_at=now,
        created_by_id=by.id,
    )
    side = _side(session, agreement, by)
    _must_have_heads(session, agreement)
    session.add(agreement)
    session.flush()
    version = _word(session, agreement, terms, "draft", side, by=by, now=now)
    _record(session, "agreement_drafted", agreement, version, by=by, now=now)
    return agreement


def propose(
    session: Session,
    agreement: Agreement,
    terms: Mapping[str, Any] | None = None,
    *,
    by: Person,
    now: datetime,
) -> AgreementVersion:
    """Put a draft, or a change of what is in force, on the table, signed by one's own side.

    Raises NotYourSide, NoHead, OnTheTable, NothingChanged, Invalid.
    """
    agreement = _locked(session, agreement)
    side = _side(session, agreement, by)
    _must_have_heads(session, agreement)
    open_ = _negotiating(session, agreement)
    if open_ is not None and open_.state != "draft":
        raise OnTheTable
    if open_ is not None and open_.proposed_by_department_id != side:
        raise NotYourSide(department=_name(session, open_.proposed_by_department_id))
    if open_ is None or terms is not None:
        current = session.get(AgreementVersion, agreement.current_version_id or 0)
        said = clean(terms if terms is not None else current.terms if current else {})
        if current is not None and fingerprint(said) == current.terms_hash:
            raise NothingChanged
        if open_ is not None:
            open_.terms, open_.terms_hash = said, fingerprint(said)
        else:
            open_ = _word(session, agreement, said, "draft", side, by=by, now=now)
    open_.state, open_.proposed_at, open_.proposed_by_id = "proposed", now, by.id
    _sign(session, open_, side, by=by, now=now)
    _record(session, "agreement_proposed", agreement, open_, by=by, now=now)
    return open_


def counter(
    session: Session, version: AgreementVersion, terms: Mapping[str, Any], *, by: Person, now: datetime
) -> AgreementVersion:
    """Answer a proposal with other terms. Raises NotYourSide, OutOfDate, NothingChanged, NoHead, Invalid."""
    agreement = _table(session, version)
    side = _other_side(session, agreement, version, by)
    _must_have_heads(session, agreement)
    said = clean(terms)
    if fingerprint(said) == version.terms_hash:
        raise NothingChanged
    version.state, version.ended_at = "superseded", now
    answer = _word(session, agreement, said, "countered", side, by=by, now=now)
    answer.proposed_at = now
    _sign(session, answer, side, by=by, now=now)
    _record(session, "agreement_countered", agreement, answer, by=by, now=now)
    return answer


def accept(
    session: Session, version: AgreementVersion, *, terms_hash: str | None = None, by: Person, now: datetime
) -> None:
    """Sign what the other side proposed; with both signatures it is in force, or will be from the day it names.

    ``terms_hash`` is what the person had before their eyes. Raises NotYourSide, OutOfDate, NoHead, Stale.
    """
    agreement = _table(session, version)
    side = _other_side(session, agreement, version, by)
    _must_have_heads(session, agreement)
    if terms_hash is not None and terms_hash != version.terms_hash:
        raise Stale
    _sign(session, version, side, by=by, now=now)
    version.state = "scheduled"
    _record(session, "agreement_accepted", agreement, version, by=by, now=now)
    _begin(session, agreement, version, now=now)


def withdraw(
    session: Session, version: AgreementVersion, *, note: str | None = None, by: Person, now: datetime
) -> None:
    """Take one's own proposal back, or decline the other side's. What is in force stays. Raises NotYourSide, OutOfDate."""
    agreement = _table(session, version)
    side = _side(session, agreement, by)
    own = side == version.proposed_by_department_id
    version.state, version.ended_at = "withdrawn", now
    agreement.negotiating_version_id = None
    kind = "agreement_withdrawn" if own else "agreement_declined"
    _record(session, kind, agreement, version, by=by, now=now, note=note)


def remark(session: Session, agreement: Agreement, text: str, *, by: Person, now: datetime) -> None:
    """Say something to the other side. Any member of either side may. Raises NotYourSide."""
    if not {agreement.provider_id, agreement.consumer_id} & set(by.department_ids):
        raise NotYourSide(department=_name(session, agreement.provider_id))
    if text.strip():
        _record(session, "agreement_remarked", agreement, None, by=by, now=now, note=text.strip()[:2000])


def begin_due(session: Session, *, now: datetime) -> int:
    """Put in force what was signed for a day that has come; returns how many."""
    waiting = select(AgreementVersion).where(AgreementVersion.state == "scheduled")
    versions_ = session.scalars(waiting.order_by(AgreementVersion.id)).all()
    for version in versions_:
        _begin(session, _locked(session, session.get_one(Agreement, version.agreement_id)), version, now=now)
    return sum(version.state == "in_force" for version in versions_)


def sides(agreement: Agreement, person: Person) -> Sequence[int]:
    """The sides of this agreement the person may sign for."""
    return [side for side in (agreement.provider_id, agreement.consumer_id) if side in person.headed_ids]


def _begin(session: Session, agreement: Agreement, version: AgreementVersion, *, now: datetime) -> None:
    starts = version.terms.get("valid_from")
    if starts and date.fromisoformat(starts) > calendars.local_day(now):
        return
    before = session.get(AgreementVersion, agreement.current_version_id or 0)
    if before is not None:
        before.state, before.ended_at = "superseded", now
    version.state, version.in_force_from = "in_force", now
    agreement.current_version_id = version.id
    if agreement.negotiating_version_id == version.id:
        agreement.negotiating_version_id = None
    session.flush()


def _word(
    session: Session,
    agreement: Agreement,
    terms: Mapping[str, Any],
    state: str,
    side: int,
    *,
    by: Person,
    now: datetime,
) -> AgreementVersion:
    said = clean(terms)
    newest = select(func.max(AgreementVersion.number)).where(AgreementVersion.agreement_id == agreement.id)
    version = AgreementVersion(
        agreement_id=agreement.id,
        number=(session.scalar(newest) or 0) + 1,
        state=state,
        terms=said,
        terms_hash=fingerprint(said),
        proposed_by_id=by.id,
        proposed_by_department_id=side,
        proposed_at=now,
    )
    session.add(version)
    session.flush()
    agreement.negotiating_version_id = version.id
    return version


def _sign(session: Session, version: AgreementVersion, side: int, *, by: Person, now: datetime) -> None:
    session.add(
        Signature(
            version_id=version.id,
            department_id=side,
            person_id=by.id,
            terms_hash=version.terms_hash,
            signed_at=now,
        )
    )
    session.flush()


def _locked(session: Session, agreement: Agreement) -> Agreement:
    session.flush()
    return session.get_one(Agreement, agreement.id, with_for_update=True, populate_existing=True)


def _negotiating(session: Session, agreement: Agreement) -> AgreementVersion | None:
    return session.get(AgreementVersion, agreement.negotiating_version_id or 0)


def _table(session: Session, version: AgreementVersion) -> Agreement:
    """The agreement whose version on the table this is. Raises OutOfDate, NothingOnTheTable."""
    agreement = _locked(session, session.get_one(Agreement, version.agreement_id))
    if agreement.negotiating_version_id is None:
        raise NothingOnTheTable
    if agreement.negotiating_version_id != version.id:
        raise OutOfDate
    session.refresh(version)
    if version.state not in NEGOTIATED:
        raise NothingOnTheTable
    return agreement


def _side(session: Session, agreement: Agreement, person: Person) -> int:
    found = sides(agreement, person)
    if not found:
        raise NotYourSide(department=_name(session, agreement.provider_id))
    return found[0]


def _other_side(session: Session, agreement: Agreement, version: AgreementVersion, person: Person) -> int:
    """The side that has to answer, which this person must head."""
    if version.state == "draft":
        raise NothingOnTheTable
    asked = {agreement.provider_id, agreement.consumer_id} - {version.proposed_by_department_id}
    (side,) = asked
    if side not in person.headed_ids:
        raise NotYourSide(department=_name(session, side))
    return side


def _must_have_heads(session: Session, agreement: Agreement) -> None:
    for side in (agreement.provider_id, agreement.consumer_id):
        if people.head_of(session, side) is None:
            raise NoHead(department=_name(session, side))


def _name(session: Session, department_id: int | None) -> str:
    department = session.get(Department, department_id) if department_id else None
    return department.name if department else "–"


def _record(
    session: Session,
    kind: str,
    agreement: Agreement,
    version: AgreementVersion | None,
    *,
    by: Person,
    now: datetime,
    note: str | None = None,
) -> None:
    what = {"version": version.number, "terms_hash": version.terms_hash} if version else {}
    data = {**what, "note": note} if note else dict(what)
    history.record(session, kind, at=now, actor=by, subject=f"agreement:{agreement.id}", data=data)
    session.flush()
