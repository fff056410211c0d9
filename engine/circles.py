"""Circles that something is shared with: everyone, a department (its key), a role (its name), a person (their number)."""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from engine.people import ROLES, Department, Person


def exists(session: Session, kind: str, who: str) -> bool:
    """Whether there is such a circle."""
    if kind == "department":
        return session.scalar(select(Department.id).where(Department.key == who)) is not None
    if kind == "person":
        return who.isascii() and who.isdigit() and len(who) < 19 and session.get(Person, int(who)) is not None
    return (kind == "everyone" and who == "") or (kind == "role" and who in ROLES)


def holds(person: Person, kind: Any, who: Any) -> ColumnElement[bool]:
    """The clause of shares with a circle that this person is of; ``kind`` and ``who`` are columns of the share."""
    roles = [each.name for each in person.roles]
    units = [each.department.key for each in person.memberships]
    return or_(
        kind == "everyone",
        and_(kind == "person", who == str(person.id)),
        and_(kind == "role", who.in_(roles)),
        and_(kind == "department", who.in_(units)),
    )
