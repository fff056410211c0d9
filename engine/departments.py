"""The organization's tree: departments are opened, renamed, moved, closed, and given a head."""

import re
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine import history, people, schedules
from engine.errors import Invalid, Refusal
from engine.people import Department, Membership, NameMissing, Person, must_administer


class KeyUnreadable(Refusal):
    """A key has small letters, digits and underscores, and begins with a letter: presales."""


class KeyTaken(Refusal):
    """Another department has this key."""


class OwnParent(Refusal):
    """A department cannot stand below itself."""


class StillNeeded(Refusal):
    """People or departments still belong here. Move them first."""


def everything() -> Select[Department]:
    """All departments that are not closed, by name."""
    return select(Department).where(Department.closed_at.is_(None)).order_by(Department.name, Department.id)


def tree(session: Session) -> list[tuple[int, Department]]:
    """The open departments in the order of the tree, each with its depth from 0."""
    rows = list(session.scalars(everything()))
    known = {row.id for row in rows}

    def below(parent: int | None, depth: int) -> Iterator[tuple[int, Department]]:
        for row in rows:
            if (row.parent_id if row.parent_id in known else None) == parent:
                yield depth, row
                yield from below(row.id, depth + 1)

    return list(below(None, 0))


def found(
    session: Session,
    *,
    key: str,
    name: str,
    name_en: str,
    parent: Department | None,
    by: Person | None,
    now: datetime,
) -> Department:
    """Open a department, which works as the one above it does. Raises `Invalid` with `KeyUnreadable`, `KeyTaken`, `NameMissing` by field."""
    must_administer(by)
    errors = _errors_of_names(name, name_en)
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", key):
        errors["key"] = KeyUnreadable()
    elif people.department(session, key):
        errors["key"] = KeyTaken()
    if errors:
        raise Invalid(errors)
    department = Department(
        key=key,
        name=name.strip(),
        name_en=name_en.strip() or name.strip(),
        parent_id=parent.id if parent else None,
        **(schedules.of(parent) if parent else {}),
    )
    session.add(department)
    session.flush()
    _record(session, "department_founded", department, by=by, now=now, key=key, parent=department.parent_id)
    return department


def change(
    session: Session,
    department: Department,
    *,
    name: str,
    name_en: str,
    parent: Department | None,
    by: Person,
    now: datetime,
) -> None:
    """Rename a department or move it in the tree. The key stays: diagrams name it. Raises `Invalid`."""
    must_administer(by)
    errors = _errors_of_names(name, name_en)
    if parent and parent.id in people.subtree(session, [department.id]):
        errors["parent"] = OwnParent()
    if errors:
        raise Invalid(errors)
    before = {"name": department.name, "name_en": department.name_en, "parent": department.parent_id}
    department.name, department.name_en = name.strip(), name_en.strip() or name.strip()
    department.parent_id = parent.id if parent else None
    _record(session, "department_changed", department, by=by, now=now, before=before)


def appoint_head(
    session: Session, department: Department, person: Person | None, *, by: Person | None, now: datetime
) -> None:
    """Make somebody the one head of a department (and a member); None leaves it without a head."""
    must_administer(by)
    before = people.head_of(session, department.id)
    for membership in session.scalars(select(Membership).where(Membership.department_id == department.id)):
        membership.is_head = person is not None and membership.person_id == person.id
    if person is not None and department.id not in person.department_ids:
        person.memberships.append(Membership(department_id=department.id, is_head=True))
    session.flush()
    _record(
        session,
        "head_appointed",
        department,
        by=by,
        now=now,
        before=before.id if before else None,
        head=person.id if person else None,
    )


def close(session: Session, department: Department, *, by: Person, now: datetime) -> None:
    """Close a department that is empty. Raises `StillNeeded`."""
    must_administer(by)
    members = (
        select(func.count())
        .select_from(Membership)
        .join(Person)
        .where(Membership.department_id == department.id, Person.left_at.is_(None))
    )
    below = select(func.count()).where(Department.parent_id == department.id, Department.closed_at.is_(None))
    if session.scalar(members) or session.scalar(below):
        raise StillNeeded
    department.closed_at = now
    _record(session, "department_closed", department, by=by, now=now)


def _errors_of_names(name: str, name_en: str) -> dict[str, Refusal]:
    errors: dict[str, Refusal] = {}
    if not 0 < len(name.strip()) <= 120:
        errors["name"] = NameMissing()
    if len(name_en.strip()) > 120:
        errors["name_en"] = NameMissing()
    return errors


def _record(
    session: Session, kind: str, department: Department, *, by: Person | None, now: datetime, **data: object
) -> None:
    subject = f"department:{department.id}"
    history.record(session, kind, at=now, actor=by, subject=subject, data=data or None)
