"""Sections: filters kept under a name, personal or shared with rights.

What a section shows is always what its viewer may see among what its rules say; sharing it never widens that.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import access, circles, history
from engine.db import Base, BigId
from engine.errors import NotAllowed, Refusal
from engine.people import Person
from engine.sales import rules as filters
from engine.sales import subjects
from engine.sales.subjects import Subject


class NoTitle(Refusal):
    """Give the section a name of at most 80 characters."""


class NoCircle(Refusal):
    """A section is shared with everyone, a department, a role or a person; choose one from the list."""


class Section(Base):
    """A saved filter over one subject (deals, clients …): its rules, the columns shown, the order. Its owner may edit it.

    ``columns`` are keys of fields; ``sort`` is a field's key, with a minus for the largest first, or empty.
    """

    __tablename__ = "sections"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subject: Mapped[str] = mapped_column(String(20), index=True)
    title: Mapped[str] = mapped_column(String(80))
    rules: Mapped[dict[str, Any]]
    columns: Mapped[list[Any]]
    sort: Mapped[str] = mapped_column(String(60), default="")
    owner_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class SectionShare(Base):
    """Who else uses a section: ``kind`` everyone, department (key), role (name) or person (id), as text in ``who``."""

    __tablename__ = "section_shares"
    __table_args__ = (Index("ix_section_shares_who", "kind", "who"),)

    section_id: Mapped[int] = mapped_column(ForeignKey("sections.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    who: Mapped[str] = mapped_column(String(60), primary_key=True, default="")
    may_edit: Mapped[bool] = mapped_column(default=False)


def usable(person: Person, about: str | None = None) -> Select[Section]:
    """The sections this person owns or that are shared with them, by title."""
    found = select(Section).where(access.visible(person, Section))
    if about is not None:
        found = found.where(Section.subject == about)
    return found.order_by(Section.title, Section.id)


def shares(section: Section) -> Select[SectionShare]:
    """With whom a section is shared."""
    mine = select(SectionShare).where(SectionShare.section_id == section.id)
    return mine.order_by(SectionShare.kind, SectionShare.who)


def may_edit(session: Session, section: Section, person: Person) -> bool:
    """Whether this person may change the section: its owner, or one it is shared with for editing."""
    if section.owner_id == person.id:
        return True
    return any(share.may_edit and _is_of(share, person) for share in session.scalars(shares(section)))


def _is_of(share: SectionShare, person: Person) -> bool:
    circles = {
        "everyone": {""},
        "department": {membership.department.key for membership in person.memberships},
        "role": {role.name for role in person.roles},
        "person": {str(person.id)},
    }
    return share.who in circles[share.kind]


def save(
    session: Session,
    about: Subject,
    title: str,
    rules: dict[str, Any],
    *,
    columns: Sequence[str] = (),
    sort: str = "",
    by: Person,
    now: datetime,
) -> Section:
    """Keep a filter under a name, for its maker alone. Raises NoTitle, UnknownField and what `rules.check` raises."""
    filters.check(about, rules)
    filters.check_sort(about, sort)
    section = Section(
        subject=about.key,
        title=_title(title),
        rules=rules,
        columns=_columns(about, columns),
        sort=sort,
        owner_id=by.id,
        created_at=now,
        changed_at=now,
    )
    session.add(section)
    session.flush()
    _record(session, "section_saved", section, by=by, now=now)
    return section


def change(
    session: Session,
    section: Section,
    *,
    title: str,
    rules: dict[str, Any],
    columns: Sequence[str],
    sort: str,
    by: Person,
    now: datetime,
) -> None:
    """Change a section for everybody who uses it. Raises NotAllowed and what `save` raises."""
    if not may_edit(session, section, by):
        raise NotAllowed
    about = subjects.of(section.subject)
    filters.check(about, rules)
    filters.check_sort(about, sort)
    section.title, section.rules, section.sort = _title(title), rules, sort
    section.columns, section.changed_at = _columns(about, columns), now
    _record(session, "section_changed", section, by=by, now=now)


def share(
    session: Session,
    section: Section,
    kind: str,
    who: str = "",
    *,
    may_edit: bool = False,
    by: Person,
    now: datetime,
) -> None:
    """Let others use a section; their own rights still decide what they see in it. Raises NotAllowed, NoCircle."""
    _must_own(section, by)
    if not circles.exists(session, kind, who):
        raise NoCircle(field="circle")
    row = session.get(SectionShare, (section.id, kind, who))
    if row is None:
        row = SectionShare(section_id=section.id, kind=kind, who=who)
        session.add(row)
    row.may_edit = may_edit
    _record(session, "section_shared", section, by=by, now=now, circle=kind, who=who, may_edit=may_edit)


def unshare(
    session: Session, section: Section, kind: str, who: str = "", *, by: Person, now: datetime
) -> None:
    """Take a share back. Raises NotAllowed."""
    _must_own(section, by)
    row = session.get(SectionShare, (section.id, kind, who))
    if row is not None:
        session.delete(row)
        _record(session, "section_unshared", section, by=by, now=now, circle=kind, who=who)


def remove(session: Session, section: Section, *, by: Person, now: datetime) -> None:
    """Delete a section with its shares; the records stay. Raises NotAllowed for anybody but its owner."""
    _must_own(section, by)
    _record(session, "section_removed", section, by=by, now=now)
    session.execute(delete(SectionShare).where(SectionShare.section_id == section.id))
    session.delete(section)


def _must_own(section: Section, by: Person) -> None:
    if section.owner_id != by.id:
        raise NotAllowed


def _title(title: str) -> str:
    title = " ".join(title.split())
    if not 0 < len(title) <= 80:
        raise NoTitle(field="title")
    return title


def _columns(about: Subject, columns: Sequence[str]) -> list[str]:
    for key in columns:
        if key not in about.fields:
            raise filters.UnknownField(name=key[:60])
    return list(dict.fromkeys(columns)) or list(about.columns)


def _record(session: Session, kind: str, section: Section, *, by: Person, now: datetime, **data: Any) -> None:
    what = {"title": section.title, "subject": section.subject, **data}
    history.record(session, kind, at=now, actor=by, subject=f"section:{section.id}", data=what)
