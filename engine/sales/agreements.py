"""Agreements between departments: the rows, the words of refusal, and the lists that people ask for.

What changes them: `negotiating` (until both heads signed), `standing` (from then on). Who may: `speaking`.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    UniqueConstraint,
    event,
    inspect,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Mapper, Session, mapped_column

from engine.db import Base, BigId
from engine.errors import Refusal

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
RINGS = text("alarm_on IS NOT NULL")
NEGOTIATED = ("draft", "proposed", "countered")
BINDING = ("in_force", "suspended")


class SameDepartment(Refusal):
    """An agreement needs two different departments."""


class OutOfDate(Refusal):
    """There is a newer version of this agreement. Look at it, then decide."""


class NothingOnTheTable(Refusal):
    """There is nothing to decide about: no version of this agreement is being negotiated."""


class OnTheTable(Refusal):
    """A version of this agreement is being negotiated already: sign it, answer it or take it back first."""


class NothingChanged(Refusal):
    """These terms are the same as before; sign them instead."""


class NotInForce(Refusal):
    """No version of this agreement is signed and valid, so there is nothing to change about it. Propose one instead."""


class Agreement(Base):
    """A standing rule between two departments. ``code`` (H1 …) is what a diagram's ``handoff`` names.

    ``current_version_id`` is the version in force, or suspended; ``negotiating_version_id`` the one on the table.
    """

    __tablename__ = "agreements"
    __table_args__ = (Index("ix_agreements_alarm", "alarm_on", sqlite_where=RINGS, postgresql_where=RINGS),)

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
    """Since when both heads are asked; empty when nobody is."""
    kept_by_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    """The side that has already said it may stay as it is, ``kept_until`` the next day of review it named."""
    kept_until: Mapped[date | None]
    notice_at: Mapped[datetime | None]
    """When one side gave notice; empty when nobody did, or when both signed new words since."""
    alarm_on: Mapped[date | None]
    """The next local day on which something happens by itself, the only column the clock looks at."""


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


class AgreementAct(Base):
    """Something beside the terms that both sides must sign: a pause until a day, or its early end.

    ``said`` is what is signed and ``said_hash`` its fingerprint. ``state`` is asked, then agreed, refused or withdrawn.
    """

    __tablename__ = "agreement_acts"
    __table_args__ = (Index("ix_agreement_acts_agreement", "agreement_id", "state"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    agreement_id: Mapped[int] = mapped_column(ForeignKey("agreements.id"))
    kind: Mapped[str] = mapped_column(String(20))
    said: Mapped[dict[str, Any]]
    said_hash: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20), default="asked")
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    asked_by_department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    asked_for_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    """The absent head in whose place a deputy asked."""
    asked_at: Mapped[datetime]
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    answered_for_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    answered_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(String(500))


class Rewritten(RuntimeError):
    """A bug: something tried to change words that were proposed or signed."""


@event.listens_for(AgreementVersion, "before_update")
def _terms_stay(_mapper: Mapper[Any], _connection: Any, version: AgreementVersion) -> None:
    state = inspect(version)
    was = state.attrs.state.history
    before = (was.deleted or was.unchanged or ("draft",))[0]
    changed = any(state.attrs[name].history.has_changes() for name in ("terms", "terms_hash"))
    if changed and before != "draft":
        raise Rewritten(f"version {version.id}")


@event.listens_for(Signature, "before_update")
@event.listens_for(Signature, "before_delete")
def _signatures_stay(_mapper: Mapper[Any], _connection: Any, signature: Signature) -> None:
    raise Rewritten(f"signature {signature.id}")


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
    return _negotiated().where(
        _between(department_ids),
        AgreementVersion.state.in_(("proposed", "countered")),
        AgreementVersion.proposed_by_department_id.not_in(department_ids),
    )


def in_force_now() -> Select[Agreement]:
    """Agreements that both sides signed and that are not over: in force, suspended, or waiting for their day."""
    signed = or_(Agreement.current_version_id.is_not(None), _has_scheduled())
    return _by_code(select(Agreement).where(signed))


def review_due(today: date) -> Select[Agreement]:
    """Agreements whose day of review has come."""
    query = select(Agreement).where(Agreement.current_version_id.is_not(None), Agreement.review_on <= today)
    return query.order_by(Agreement.review_on, Agreement.id)


def scheduled(agreement: Agreement) -> Select[AgreementVersion]:
    """What both signed and whose day has not come, in the order in which it comes."""
    query = select(AgreementVersion).where(AgreementVersion.agreement_id == agreement.id)
    return query.where(AgreementVersion.state == "scheduled").order_by(AgreementVersion.number)


def acts(agreement: Agreement) -> Select[AgreementAct]:
    """What both were asked to sign beside the terms, the newest first."""
    query = select(AgreementAct).where(AgreementAct.agreement_id == agreement.id)
    return query.order_by(AgreementAct.id.desc())


def asked_of(department_ids: Sequence[int]) -> Select[Agreement]:
    """Agreements about which the other side asked these departments for a pause, or for its early end."""
    joined = AgreementAct.agreement_id == Agreement.id
    query = select(Agreement).join(AgreementAct, joined).where(AgreementAct.state == "asked")
    return query.where(
        _between(department_ids), AgreementAct.asked_by_department_id.not_in(department_ids)
    ).order_by(AgreementAct.asked_at.desc(), Agreement.id)


def _has_scheduled() -> ColumnElement[bool]:
    waits = (AgreementVersion.agreement_id == Agreement.id, AgreementVersion.state == "scheduled")
    return select(AgreementVersion.id).where(*waits).exists()


def _by_code(query: Select[Agreement]) -> Select[Agreement]:
    return query.order_by(Agreement.code.is_(None), Agreement.code, Agreement.id)


def _between(department_ids: Sequence[int]) -> ColumnElement[bool]:
    return or_(Agreement.provider_id.in_(department_ids), Agreement.consumer_id.in_(department_ids))


def _negotiated() -> Select[Agreement]:
    joined = AgreementVersion.id == Agreement.negotiating_version_id
    query = select(Agreement).join(AgreementVersion, joined)
    return query.order_by(AgreementVersion.proposed_at.desc(), Agreement.id.desc())


def in_force(session: Session, code: str) -> tuple[Agreement, AgreementVersion] | None:
    """The agreement of a hand-off code with the version that binds now; a suspended one binds nobody."""
    joined = AgreementVersion.id == Agreement.current_version_id
    row = session.execute(
        select(Agreement, AgreementVersion)
        .join(AgreementVersion, joined)
        .where(Agreement.code == code, AgreementVersion.state == "in_force")
    ).first()
    return (row[0], row[1]) if row else None
