"""People, departments as a tree, who belongs where, and which roles they hold."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from engine import history
from engine.db import Base, BigId
from engine.errors import Invalid, NotAllowed, Refusal

ROLES = ("employee", "designer", "director", "administrator")


class NameMissing(Refusal):
    """Write a name, at most 120 signs."""


class EmailUnreadable(Refusal):
    """This is not a mail address."""


class EmailTaken(Refusal):
    """Somebody already logs in with this address."""


class RoleUnknown(Refusal):
    """There is no such role."""


class LastAdministrator(Refusal):
    """Nobody else is an administrator. Make somebody else one first."""


class Department(Base):
    """A node of the organization's tree. ``key`` is what lanes of diagrams name."""

    __tablename__ = "departments"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    time_zone: Mapped[str] = mapped_column(String(60), default="Europe/Warsaw")
    country: Mapped[str] = mapped_column(String(2), default="PL")
    subdivision: Mapped[str] = mapped_column(String(20), default="", server_default="")
    """The part of the country whose public holidays it keeps too, as `holidays` names it: BY of Germany is Bavaria."""
    opens: Mapped[int] = mapped_column(default=8 * 60)
    """Minutes after local midnight when a work day begins."""
    closes: Mapped[int] = mapped_column(default=16 * 60)
    """Minutes after the same midnight when it ends; over 1440 that is on the next day."""
    work_days: Mapped[str] = mapped_column(String(7), default="12345", server_default="12345")
    """The days of the week it works, 1 is Monday."""
    weekday_hours: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """Work days that open and close otherwise: ``{"5": [480, 840]}`` is a Friday from 8:00 to 14:00."""
    closed_at: Mapped[datetime | None]

    special_days: Mapped[list["SpecialDay"]] = relationship(
        cascade="all, delete-orphan", order_by="SpecialDay.day"
    )
    parent: Mapped["Department | None"] = relationship(remote_side=[id])
    memberships: Mapped[list["Membership"]] = relationship(back_populates="department")


class SpecialDay(Base):
    """A day on which a department works otherwise: closed where ``opens`` is empty, else minutes as there.

    It wins over the week and over public holidays, and holds for the departments below that say nothing of the day.
    """

    __tablename__ = "special_days"

    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    opens: Mapped[int | None]
    closes: Mapped[int | None]
    name: Mapped[str] = mapped_column(String(120), default="")


class Person(Base):
    """Somebody who logs in. ``locale`` is ``pl`` or ``en``; a person who left has ``left_at``."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    must_change_password: Mapped[bool] = mapped_column(default=False)
    locale: Mapped[str | None] = mapped_column(String(5))
    theme: Mapped[str | None] = mapped_column(String(5))
    digest: Mapped[str] = mapped_column(String(10), default="daily", server_default="daily")
    """How notices come by mail: ``each`` at once, ``daily`` in one mail of the morning, ``never``."""
    created_at: Mapped[datetime]
    left_at: Mapped[datetime | None]

    roles: Mapped[list["Role"]] = relationship(
        back_populates="person", cascade="all, delete-orphan", lazy="selectin", order_by="Role.name"
    )
    memberships: Mapped[list["Membership"]] = relationship(
        back_populates="person", cascade="all, delete-orphan", lazy="selectin", order_by="Membership.id"
    )

    def has(self, *roles: str) -> bool:
        """Whether the person holds any of these roles."""
        return any(role.name in roles for role in self.roles)

    @property
    def audiences(self) -> Sequence[str]:
        """The queues whose tasks this person may claim: ``department:sales``, ``head:sales``, ``role:director``."""
        found = [f"role:{role.name}" for role in self.roles]
        for membership in self.memberships:
            found.append(f"department:{membership.department.key}")
            if membership.is_head:
                found.append(f"head:{membership.department.key}")
        return found

    @property
    def department_ids(self) -> Sequence[int]:
        """The departments this person is a direct member of, the oldest membership first."""
        return [membership.department_id for membership in self.memberships]

    @property
    def headed_ids(self) -> Sequence[int]:
        """The departments this person is head of."""
        return [membership.department_id for membership in self.memberships if membership.is_head]


class Role(Base):
    """One role of one person; the names are in `ROLES`."""

    __tablename__ = "roles"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(20), primary_key=True)

    person: Mapped[Person] = relationship(back_populates="roles")


class Membership(Base):
    """A person belongs to a department, perhaps as its head. A department may have no head, never two."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("person_id", "department_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), index=True)
    is_head: Mapped[bool] = mapped_column(default=False)

    person: Mapped[Person] = relationship(back_populates="memberships")
    department: Mapped[Department] = relationship(back_populates="memberships", lazy="joined")


def department(session: Session, key: str) -> Department | None:
    """The department with this key."""
    return session.scalar(select(Department).where(Department.key == key))


def head_of(session: Session, department_id: int) -> Person | None:
    """Who heads this department now."""
    return session.scalar(
        select(Person).join(Membership).where(Membership.department_id == department_id, Membership.is_head)
    )


def subtree(session: Session, department_ids: Sequence[int]) -> set[int]:
    """These departments and everything below them."""
    tree = select(Department.id).where(Department.id.in_(department_ids)).cte(recursive=True)
    tree = tree.union(select(Department.id).join(tree, Department.parent_id == tree.c.id))
    return set(session.scalars(select(tree.c.id)))


def everybody() -> Select[Person]:
    """All people, those who left at the end, by name."""
    return select(Person).order_by(Person.left_at.is_not(None), Person.name, Person.id)


def invite(
    session: Session,
    *,
    email: str,
    name: str,
    roles: Collection[str],
    password_hash: str | None,
    by: Person | None,
    now: datetime,
) -> Person:
    """Add somebody with a one-time password to change at the first log-in. ``by`` is None for the very first.

    Raises `Invalid` with `NameMissing`, `EmailUnreadable`, `EmailTaken`, `RoleUnknown` by field.
    """
    must_administer(by)
    _check(session, None, email, name, roles)
    person = Person(
        email=email.strip().lower(),
        name=name.strip(),
        password_hash=password_hash,
        must_change_password=True,
        created_at=now,
        roles=[Role(name=role) for role in sorted(set(roles))],
    )
    session.add(person)
    session.flush()
    _record(session, "person_invited", person, by=by, now=now, roles=sorted(set(roles)))
    return person


def change(
    session: Session,
    person: Person,
    *,
    email: str,
    name: str,
    roles: Collection[str],
    by: Person,
    now: datetime,
) -> None:
    """Correct somebody's name, address and roles. Raises what `invite` raises, and `LastAdministrator`."""
    must_administer(by)
    _check(session, person, email, name, roles)
    if "administrator" not in roles:
        _keep_an_administrator(session, person, field="roles")
    before = {"name": person.name, "email": person.email, "roles": [role.name for role in person.roles]}
    person.name, person.email = name.strip(), email.strip().lower()
    person.roles = [role for role in person.roles if role.name in roles]
    held = {role.name for role in person.roles}
    person.roles.extend(Role(name=role) for role in sorted(set(roles) - held))
    _record(session, "person_changed", person, by=by, now=now, before=before, roles=sorted(set(roles)))


def assign(
    session: Session, person: Person, department_ids: Collection[int], *, by: Person, now: datetime
) -> None:
    """Make somebody a member of exactly these departments; heading one that is left ends with it."""
    must_administer(by)
    wanted = set(department_ids) & set(session.scalars(select(Department.id)))
    before = sorted(person.department_ids)
    person.memberships = [kept for kept in person.memberships if kept.department_id in wanted]
    missing = wanted - set(person.department_ids)
    person.memberships.extend(Membership(department_id=department_id) for department_id in sorted(missing))
    session.flush()
    _record(session, "person_assigned", person, by=by, now=now, before=before, departments=sorted(wanted))


def leave(session: Session, person: Person, *, by: Person, now: datetime) -> None:
    """Somebody works here no more: no log-in, no headship; the name stays in history."""
    must_administer(by)
    if person.left_at is not None:
        return
    _keep_an_administrator(session, person)
    person.left_at = now
    for membership in person.memberships:
        membership.is_head = False
    _record(session, "person_left", person, by=by, now=now)


def come_back(session: Session, person: Person, *, by: Person, now: datetime) -> None:
    """Somebody who left works here again, with the old roles and departments."""
    must_administer(by)
    if person.left_at is None:
        return
    person.left_at = None
    _record(session, "person_came_back", person, by=by, now=now)


def give_password(session: Session, person: Person, password_hash: str, *, by: Person, now: datetime) -> None:
    """Give somebody a one-time password."""
    must_administer(by)
    person.password_hash, person.must_change_password = password_hash, True
    _record(session, "password_given", person, by=by, now=now)


def choose_password(
    session: Session, person: Person, password_hash: str, *, by: Person, now: datetime
) -> None:
    """Keep the password a person chose; nobody chooses for somebody else."""
    if by is not person:
        raise NotAllowed
    person.password_hash, person.must_change_password = password_hash, False
    _record(session, "password_chosen", person, by=by, now=now)


def prefer(
    session: Session,
    person: Person,
    *,
    locale: str | None,
    theme: str | None,
    now: datetime,
    digest: str | None = None,
) -> None:
    """How a person likes to see the product; None leaves it to the browser. ``digest``: how notices come by mail."""
    if digest in {"each", "daily", "never"}:
        person.digest = digest
    person.locale = locale if locale in {"pl", "en"} else None
    person.theme = theme if theme in {"light", "dark"} else None
    _record(session, "person_preferred", person, by=person, now=now)


def must_administer(by: Person | None) -> None:
    """Refuse everybody but administrators; None is the command line of the machine itself."""
    if by is not None and not by.has("administrator"):
        raise NotAllowed


def _check(session: Session, person: Person | None, email: str, name: str, roles: Collection[str]) -> None:
    errors: dict[str, Refusal] = {}
    if not 0 < len(name.strip()) <= 120:
        errors["name"] = NameMissing()
    if not _is_email(email):
        errors["email"] = EmailUnreadable()
    else:
        other = session.scalar(select(Person).where(Person.email == email.strip().lower()))
        if other is not None and other is not person:
            errors["email"] = EmailTaken()
    if set(roles) - set(ROLES):
        errors["roles"] = RoleUnknown()
    if errors:
        raise Invalid(errors)


def _is_email(text: str) -> bool:
    try:
        validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return len(text) <= 254


def _keep_an_administrator(session: Session, person: Person, field: str | None = None) -> None:
    others = (
        select(func.count())
        .select_from(Person)
        .join(Role)
        .where(Role.name == "administrator", Person.left_at.is_(None), Person.id != person.id)
    )
    if person.has("administrator") and not session.scalar(others):
        raise LastAdministrator(field=field)


def _record(
    session: Session, kind: str, person: Person, *, by: Person | None, now: datetime, **data: object
) -> None:
    history.record(session, kind, at=now, actor=by, subject=f"person:{person.id}", data=data or None)
