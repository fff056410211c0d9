"""Reports kept under a name: the address of a page, shared with rights and pinned.

Who opens a kept report sees what their own rights show; sharing it never widens that.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, Select, String, Text, delete, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import circles, history
from engine.db import Base, BigId
from engine.errors import NotAllowed, NotFound, Refusal
from engine.people import Person

LONGEST_ADDRESS = 2000


class NoReportTitle(Refusal):
    """Give the report a name of at most 80 characters."""


class NoReportCircle(Refusal):
    """A report is shared with everyone, a department, a role or a person; choose one from the list."""


class LongAddress(Refusal):
    """The filter of this report is too long to be kept."""


class KeptReport(Base):
    """A report with its filter: ``report`` is its key on the shelf, ``query`` the part of its address after ``?``."""

    __tablename__ = "saved_reports"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    report: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(80))
    query: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class ReportShare(Base):
    """Who else uses a kept report: ``kind`` everyone, department (key), role (name) or person (id), as text in ``who``."""

    __tablename__ = "report_shares"
    __table_args__ = (Index("ix_report_shares_who", "kind", "who"),)

    report_id: Mapped[int] = mapped_column(
        ForeignKey("saved_reports.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    who: Mapped[str] = mapped_column(String(60), primary_key=True, default="")


class ReportPin(Base):
    """A kept report that somebody wants first on their page of reports."""

    __tablename__ = "report_pins"

    report_id: Mapped[int] = mapped_column(
        ForeignKey("saved_reports.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True, index=True)


def usable(person: Person) -> Select[KeptReport]:
    """The kept reports this person owns or that are shared with them, by title."""
    return select(KeptReport).where(_seen(person)).order_by(KeptReport.title, KeptReport.id)


def pinned(person: Person) -> Select[int]:
    """The ids of what this person pinned."""
    return select(ReportPin.report_id).where(ReportPin.person_id == person.id)


def one(session: Session, person: Person, report_id: int) -> KeptReport:
    """A kept report, if this person may use it. Raises NotFound."""
    found = session.scalar(select(KeptReport).where(KeptReport.id == report_id, _seen(person)))
    if found is None:
        raise NotFound
    return found


def shares(report: KeptReport) -> Select[ReportShare]:
    """With whom a kept report is shared."""
    mine = select(ReportShare).where(ReportShare.report_id == report.id)
    return mine.order_by(ReportShare.kind, ReportShare.who)


def _seen(person: Person) -> ColumnElement[bool]:
    shared = circles.holds(person, ReportShare.kind, ReportShare.who)
    return or_(
        KeptReport.owner_id == person.id, KeptReport.id.in_(select(ReportShare.report_id).where(shared))
    )


def keep(session: Session, report: str, title: str, query: str, *, by: Person, now: datetime) -> KeptReport:
    """Keep a report under a name, for its maker alone. Raises NoReportTitle, LongAddress."""
    kept = KeptReport(
        report=report,
        title=_title(title),
        query=_query(query),
        owner_id=by.id,
        created_at=now,
        changed_at=now,
    )
    session.add(kept)
    session.flush()
    _record(session, "report_kept", kept, by=by, now=now)
    return kept


def change(
    session: Session, kept: KeptReport, *, title: str, query: str | None = None, by: Person, now: datetime
) -> None:
    """Give it another name, or another filter. Raises NotAllowed for anybody but its owner, and what `keep` raises."""
    _must_own(kept, by)
    kept.title, kept.changed_at = _title(title), now
    if query is not None:
        kept.query = _query(query)
    _record(session, "report_changed", kept, by=by, now=now)


def share(session: Session, kept: KeptReport, kind: str, who: str = "", *, by: Person, now: datetime) -> None:
    """Let others use it; their own rights still decide what they see. Raises NotAllowed, NoReportCircle."""
    _must_own(kept, by)
    if not circles.exists(session, kind, who):
        raise NoReportCircle(field="circle")
    if session.get(ReportShare, (kept.id, kind, who)) is None:
        session.add(ReportShare(report_id=kept.id, kind=kind, who=who))
        _record(session, "report_shared", kept, by=by, now=now, circle=kind, who=who)


def unshare(
    session: Session, kept: KeptReport, kind: str, who: str = "", *, by: Person, now: datetime
) -> None:
    """Take a share back. Raises NotAllowed."""
    _must_own(kept, by)
    row = session.get(ReportShare, (kept.id, kind, who))
    if row is not None:
        session.delete(row)
        _record(session, "report_unshared", kept, by=by, now=now, circle=kind, who=who)


def pin(session: Session, kept: KeptReport, *, on: bool, by: Person) -> None:
    """Put it first on one's own page of reports, or no more. A matter of taste: history does not tell it."""
    row = session.get(ReportPin, (kept.id, by.id))
    if on and row is None:
        session.add(ReportPin(report_id=kept.id, person_id=by.id))
    elif not on and row is not None:
        session.delete(row)


def remove(session: Session, kept: KeptReport, *, by: Person, now: datetime) -> None:
    """Delete a kept report with its shares, pins and schedules. Raises NotAllowed for anybody but its owner."""
    _must_own(kept, by)
    _record(session, "report_removed", kept, by=by, now=now)
    for table in (ReportShare, ReportPin):
        session.execute(delete(table).where(table.report_id == kept.id))
    session.delete(kept)


def _must_own(kept: KeptReport, by: Person) -> None:
    if kept.owner_id != by.id:
        raise NotAllowed


def _title(title: str) -> str:
    title = " ".join(title.split())
    if not 0 < len(title) <= 80:
        raise NoReportTitle(field="title")
    return title


def _query(query: str) -> str:
    if len(query) > LONGEST_ADDRESS:
        raise LongAddress(field="query")
    return query


def _record(session: Session, kind: str, kept: KeptReport, *, by: Person, now: datetime, **data: Any) -> None:
    what = {"title": kept.title, "report": kept.report, **data}
    history.record(session, kind, at=now, actor=by, subject=f"report:{kept.id}", data=what)
