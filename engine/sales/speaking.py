"""Who speaks for a side of an agreement: its head, or the head's deputy inside a recorded absence; nobody for both.

Not an administrator, not a director, not the deputy of a deputy. Whoever belongs to the other side is no deputy here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import absences, calendars, people
from engine.absences import Absence
from engine.errors import Refusal
from engine.people import Department, Membership, Person
from engine.sales.agreements import Agreement
from engine.sales.naming import both, named


class NoHead(Refusal):
    """%(department)s has no head now, so nobody can sign for it."""


class OneHead(Refusal):
    """%(person)s heads both departments, and nobody agrees with themselves. Another head must be appointed first."""


class NotYourSide(Refusal):
    """Only the head of %(department)s can do this, or who stands in during a recorded absence."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody speaks for a department: as its head, or in place of ``head`` because of ``absence``."""

    department_id: int
    person: Person
    head: Person
    absence: Absence | None = None

    @property
    def in_place_of(self) -> int | None:
        """The id of the absent head, when a deputy speaks."""
        return self.head.id if self.absence is not None else None

    @property
    def absence_id(self) -> int | None:
        """The id of the absence that allows it, when a deputy speaks."""
        return self.absence.id if self.absence is not None else None


def sides(session: Session, agreement: Agreement, person: Person, on: date) -> Sequence[int]:
    """The side of this agreement for which the person may sign on this local day: one, or none."""
    return [voice.department_id for voice in voices(session, agreement, person, on)]


def voices(session: Session, agreement: Agreement, person: Person, on: date) -> Sequence[Voice]:
    """How the person may speak in this agreement. Who could speak for both sides speaks for none."""
    pair = parties(agreement)
    headed = [side for side in pair if side in person.headed_ids]
    if headed:
        return [Voice(side, person, person) for side in headed] if len(headed) == 1 else []
    lent = [
        Voice(side, person, head, absence)
        for side in pair
        for deputy, absence, head in absences.deputies_for(session, side, on)
        if deputy.id == person.id
    ]
    if len(lent) != 1:
        return []
    across = other_side(agreement, lent[0].department_id)
    return [] if across in (*person.department_ids, *lent[0].head.headed_ids) else lent


def spoken_for(session: Session, person: Person, on: date) -> Sequence[int]:
    """Every department this person heads, or stands in for on this day: whose lists they work through."""
    heads = select(Absence.person_id).where(Absence.deputy_id == person.id, absences.on(on))
    lent = select(Membership.department_id).where(Membership.is_head, Membership.person_id.in_(heads))
    return list(
        dict.fromkeys([*person.headed_ids, *session.scalars(lent.order_by(Membership.department_id))])
    )


def speakers(session: Session, agreement: Agreement, side: int, on: date) -> Sequence[Person]:
    """Everybody who may speak for a side on this day: whom to tell."""
    head = people.head_of(session, side)
    known = [head] if head is not None else []
    known += [deputy for deputy, _, _ in absences.deputies_for(session, side, on)]
    return [each for each in known if side in sides(session, agreement, each, on)]


def called_on(
    session: Session, agreement: Agreement, side: int, on: date
) -> tuple[Person, Person | None] | None:
    """Who is asked for a side on this day, and the head in whose place they are; None where it has no head."""
    head = people.head_of(session, side)
    if head is None:
        return None
    able = {person.id for person in speakers(session, agreement, side, on)}
    lent = [deputy for deputy, _, _ in absences.deputies_for(session, side, on) if deputy.id in able]
    return (lent[0], head) if lent else (head, None)


def for_manager(
    session: Session, agreement: Agreement, manager: Person, on: date
) -> Sequence[tuple[Person, Absence]]:
    """Who brings both sides together in place of an absent manager on this day: nobody who belongs to a side."""
    found = session.execute(
        select(Person, Absence)
        .join(Absence, Absence.deputy_id == Person.id)
        .where(Absence.person_id == manager.id, absences.on(on), Person.left_at.is_(None))
        .order_by(Absence.id)
    )
    sides = set(parties(agreement))
    return [(deputy, absence) for deputy, absence in found if not sides & set(deputy.department_ids)]


def must_speak(session: Session, agreement: Agreement, person: Person, now: datetime) -> Voice:
    """How this person speaks in this agreement now. Raises OneHead, NotYourSide."""
    found = voices(session, agreement, person, calendars.local_day(now))
    if found:
        return found[0]
    if {agreement.provider_id, agreement.consumer_id} <= set(person.headed_ids):
        raise OneHead(person=person.name)
    raise NotYourSide(department=both(session, parties(agreement)))


def must_speak_for(session: Session, agreement: Agreement, side: int, person: Person, now: datetime) -> Voice:
    """How this person speaks for this very side now. Raises OneHead, NotYourSide."""
    for voice in voices(session, agreement, person, calendars.local_day(now)):
        if voice.department_id == side:
            return voice
    raise NotYourSide(department=named(session, side))


def must_have_two_heads(session: Session, agreement: Agreement) -> None:
    """Each side has a head, and not the same one. Raises NoHead, OneHead."""
    heads = {}
    for side in parties(agreement):
        head = people.head_of(session, side)
        if head is None:
            raise NoHead(department=named(session, side))
        if head.id in heads:
            raise OneHead(person=head.name)
        heads[head.id] = side


def parties(agreement: Agreement) -> tuple[int, int]:
    """Both sides: who delivers, who receives."""
    return agreement.provider_id, agreement.consumer_id


def other_side(agreement: Agreement, side: int | None) -> int:
    """The department across the table."""
    return agreement.consumer_id if side == agreement.provider_id else agreement.provider_id


def common_manager(session: Session, provider_id: int, consumer_id: int) -> Person | None:
    """The head of the lowest department above both; where none of them has one, a director; never a head of a side."""
    heads = {head.id for each in (provider_id, consumer_id) if (head := people.head_of(session, each))}
    shared = set(_above(session, consumer_id))
    for department_id in _above(session, provider_id):
        head = people.head_of(session, department_id) if department_id in shared else None
        if head is not None and head.id not in heads:
            return head
    directors = select(Person).where(Person.left_at.is_(None), Person.roles.any(name="director"))
    return session.scalar(directors.where(Person.id.not_in(heads)).order_by(Person.id).limit(1))


def _above(session: Session, department_id: int) -> list[int]:
    """The departments strictly above one, the nearest first."""
    found: list[int] = []
    department = session.get(Department, department_id)
    while department is not None and department.parent_id is not None and department.parent_id not in found:
        found.append(department.parent_id)
        department = session.get(Department, department.parent_id)
    return found
