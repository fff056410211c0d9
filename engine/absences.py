"""Absences: who is away from day to day, and who stands in for them.

A deputy speaks for an absent head inside the recorded days and not a day longer. A deputy of a deputy speaks for nobody.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, Select, String, and_, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from engine import calendars, history
from engine.db import Base, BigId
from engine.errors import Invalid, NotAllowed, Refusal
from engine.people import Membership, Person

LONGEST = timedelta(days=366)


class OwnDeputy(Refusal):
    """Nobody stands in for themselves. Choose somebody else."""


class RecorderAsDeputy(Refusal):
    """Whoever records an absence for somebody else cannot be the deputy. Choose another colleague."""


class Gone(Refusal):
    """%(person)s does not work here any more. Choose somebody else."""


class DaysWrong(Refusal):
    """Give a first and a last day in this order, at most a year apart, the last one not before today."""


class AwayAlready(Refusal):
    """An absence from %(first)s to %(last)s is recorded already. Take it back first, or choose other days."""


class AbsenceOver(Refusal):
    """This absence is over or was taken back already."""


class Absence(Base):
    """Somebody is away from ``first_day`` to ``last_day``, local days, both included; ``deputy_id`` stands in.

    One that was taken back has ``withdrawn_at``; it stays, since something may have been signed in it.
    """

    __tablename__ = "absences"
    __table_args__ = (
        Index("ix_absences_person", "person_id", "last_day"),
        Index("ix_absences_deputy", "deputy_id", "last_day"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    deputy_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    note: Mapped[str] = mapped_column(String(200), default="")
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    withdrawn_at: Mapped[datetime | None]


def on(day: date, absence: Any = Absence) -> ColumnElement[bool]:
    """The clause: the absence holds on this local day."""
    return and_(absence.first_day <= day, absence.last_day >= day, absence.withdrawn_at.is_(None))


def of(person: Person) -> Select[Absence]:
    """Everything recorded of a person, the latest first."""
    query = select(Absence).where(Absence.person_id == person.id)
    return query.order_by(Absence.first_day.desc(), Absence.id.desc())


def standing_in(person: Person, day: date) -> Select[Absence]:
    """The absences in which this person stands in for somebody on a day."""
    return select(Absence).where(Absence.deputy_id == person.id, on(day)).order_by(Absence.id)


def deputies_for(
    session: Session, department_id: int, on_day: date
) -> Sequence[tuple[Person, Absence, Person]]:
    """Who stands in for the head of a department on a day: deputy, absence, head."""
    head, deputy = aliased(Person), aliased(Person)
    query = (
        select(deputy, Absence, head)
        .join(Absence, Absence.deputy_id == deputy.id)
        .join(head, head.id == Absence.person_id)
        .join(Membership, Membership.person_id == head.id)
        .where(Membership.department_id == department_id, Membership.is_head, on(on_day))
        .where(deputy.left_at.is_(None), head.left_at.is_(None))
    )
    return [(each[0], each[1], each[2]) for each in session.execute(query.order_by(Absence.id))]


# ------------------------------------------------------------------------------------------------ verbs


def record(
    session: Session,
    person: Person,
    deputy: Person,
    first_day: date,
    last_day: date,
    note: str = "",
    *,
    by: Person,
    now: datetime,
) -> Absence:
    """Somebody will be away, and who stands in. They record it themselves, or an administrator does.

    Raises NotAllowed, and Invalid with OwnDeputy, RecorderAsDeputy, Gone, DaysWrong, AwayAlready by field.
    """
    _must_be_allowed(person, by)
    today = calendars.local_day(now)
    errors = _errors_of_deputy(person, deputy, by)
    if not (first_day <= last_day <= first_day + LONGEST and last_day >= today):
        errors["last_day"] = DaysWrong()
    elif (other := _overlapping(session, person, first_day, last_day)) is not None:
        errors["first_day"] = AwayAlready(first=other.first_day, last=other.last_day)
    if errors:
        raise Invalid(errors)
    absence = Absence(
        person_id=person.id,
        deputy_id=deputy.id,
        first_day=first_day,
        last_day=last_day,
        note=note.strip()[:200],
        recorded_at=now,
        recorded_by_id=by.id,
    )
    session.add(absence)
    session.flush()
    _record(session, "absence_recorded", absence, by=by, now=now)
    return absence


def withdraw(session: Session, absence: Absence, *, by: Person, now: datetime) -> None:
    """Somebody is back, or never left: from now on nobody stands in. Raises NotAllowed, AbsenceOver."""
    _must_be_allowed(session.get_one(Person, absence.person_id), by)
    session.refresh(absence, with_for_update=True)
    if absence.withdrawn_at is not None or absence.last_day < calendars.local_day(now):
        raise AbsenceOver
    absence.withdrawn_at = now
    _record(session, "absence_withdrawn", absence, by=by, now=now)


def _must_be_allowed(person: Person, by: Person) -> None:
    if by.id != person.id and not by.has("administrator"):
        raise NotAllowed


def _errors_of_deputy(person: Person, deputy: Person, by: Person) -> dict[str, Refusal]:
    if deputy.id == person.id:
        return {"deputy": OwnDeputy()}
    if deputy.left_at is not None:
        return {"deputy": Gone(person=deputy.name)}
    return {"deputy": RecorderAsDeputy()} if deputy.id == by.id else {}


def _overlapping(session: Session, person: Person, first_day: date, last_day: date) -> Absence | None:
    session.refresh(
        person, attribute_names=["left_at"], with_for_update=True
    )  # two at once would both find none
    query = of(person).where(Absence.withdrawn_at.is_(None))
    return session.scalar(query.where(Absence.first_day <= last_day, Absence.last_day >= first_day).limit(1))


def _record(session: Session, kind: str, absence: Absence, *, by: Person, now: datetime) -> None:
    told = {
        "absence": absence.id,
        "deputy": absence.deputy_id,
        "from": absence.first_day.isoformat(),
        "to": absence.last_day.isoformat(),
        "note": absence.note or None,
    }
    history.record(session, kind, at=now, actor=by, subject=f"person:{absence.person_id}", data=told)
    session.flush()
