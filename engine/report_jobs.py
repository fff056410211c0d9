"""Exports that take their time: asked for by somebody, made in the background with progress, kept some days.

Only who asked may fetch the result; what it shows is what they may see when it is made.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, LargeBinary, Select, String, Text, delete, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import history
from engine.db import Base, BigId
from engine.errors import NotFound, Refusal
from engine.people import Person

PENDING = text("done_at IS NULL AND failed_at IS NULL")
LEASE = timedelta(minutes=5)
"""So long a worker may be silent about a job before another takes it over; every step forward renews it."""
TRIES = 3
KEPT = timedelta(days=7)
BROKEN = "broken"
"""``error`` of an export that failed by our fault; of one that was refused it is the refusal in its owner's language."""
MANY = 20
"""Exports one person may have waiting."""


class TooManyExports(Refusal):
    """Too many exports are waiting already. Fetch those first."""


class ReportJob(Base):
    """One export. ``report`` and ``query`` are the address it is made from, ``form`` what it becomes, in ``locale``.

    ``key`` makes it happen once; ``done`` of ``total`` steps are made. One with a ``schedule_id`` is mailed to its owner
    for its ``period``, the local day it was due. Times are UTC.
    """

    __tablename__ = "report_jobs"
    __table_args__ = (
        Index("ix_report_jobs_pending", "next_at", "id", sqlite_where=PENDING, postgresql_where=PENDING),
        Index("ix_report_jobs_owner", "owner_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    report: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(160))
    form: Mapped[str] = mapped_column(String(10))
    query: Mapped[str] = mapped_column(Text)
    part: Mapped[str] = mapped_column(String(60), default="")
    """The picture or table it is about; empty: all."""
    locale: Mapped[str] = mapped_column(String(5))
    schedule_id: Mapped[int | None] = mapped_column(
        ForeignKey("report_schedules.id", ondelete="SET NULL"), index=True
    )
    period: Mapped[str | None] = mapped_column(String(10))
    created_at: Mapped[datetime]
    next_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it."""
        return self.done_at is not None or self.failed_at is not None

    @property
    def share(self) -> float:
        """How much of it is made, from 0 to 1."""
        return min(self.done / self.total, 1) if self.total else 0


class ReportFile(Base):
    """What an export became. ``cid`` names a picture that a mail shows in its text."""

    __tablename__ = "report_files"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("report_jobs.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(160))
    media_type: Mapped[str] = mapped_column(String(120))
    cid: Mapped[str | None] = mapped_column(String(60))
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


def ask(
    session: Session,
    report: str,
    title: str,
    form: str,
    query: str,
    *,
    key: str,
    locale: str,
    part: str = "",
    schedule_id: int | None = None,
    period: str | None = None,
    by: Person,
    now: datetime,
) -> ReportJob:
    """Let an export be made; asked twice under one key it is one. Raises TooManyExports."""
    known = session.scalar(select(ReportJob).where(ReportJob.key == key))
    if known is not None:
        return known
    if schedule_id is None and len(session.scalars(pending(by).limit(MANY)).all()) == MANY:
        raise TooManyExports
    job = ReportJob(
        key=key,
        owner_id=by.id,
        report=report,
        title=title[:160],
        form=form,
        query=query,
        part=part[:60],
        locale=locale,
        schedule_id=schedule_id,
        period=period,
        created_at=now,
        next_at=now,
    )
    session.add(job)
    session.flush()
    what = {"report": report, "form": form, "query": query}
    history.record(session, "report_exported", at=now, actor=by, subject=f"export:{job.id}", data=what)
    return job


def mine(person: Person) -> Select[ReportJob]:
    """What somebody asked for, the latest first; what was mailed to them is there too."""
    return select(ReportJob).where(ReportJob.owner_id == person.id).order_by(ReportJob.id.desc())


def pending(person: Person) -> Select[ReportJob]:
    """What somebody waits for."""
    return mine(person).where(PENDING)


def one(session: Session, person: Person, job_id: int) -> ReportJob:
    """An export of this person. Raises NotFound."""
    found = session.scalar(mine(person).where(ReportJob.id == job_id))
    if found is None:
        raise NotFound
    return found


def files(job: ReportJob) -> Select[ReportFile]:
    """What an export became, without the pictures of its mail."""
    return (
        select(ReportFile)
        .where(ReportFile.job_id == job.id, ReportFile.cid.is_(None))
        .order_by(ReportFile.id)
    )


def lease(session: Session, now: datetime) -> ReportJob | None:
    """Take the oldest export that waits; nobody else takes it meanwhile. One that was tried too often has failed."""
    free = or_(ReportJob.leased_until.is_(None), ReportJob.leased_until <= now)
    waiting = (
        select(ReportJob)
        .where(PENDING, ReportJob.next_at <= now, free)
        .order_by(ReportJob.next_at, ReportJob.id)
    )
    job = session.scalar(waiting.limit(1).with_for_update(skip_locked=True))
    if job is None:
        return None
    job.tries += 1
    job.leased_until, job.done = now + LEASE, 0
    if job.tries > TRIES:
        fail(job, BROKEN, now=now)
    return job


def tell(job: ReportJob, done: int, total: int, *, now: datetime) -> None:
    """How far it is; the lease is renewed."""
    job.done, job.total, job.leased_until = done, total, now + LEASE


def finish(session: Session, job: ReportJob, made: Sequence[ReportFile], *, now: datetime) -> None:
    """Keep what it became."""
    for each in made:
        each.job_id, each.size = job.id, len(each.content)
    session.add_all(made)
    session.flush()
    job.done = job.total = max(job.total, 1)
    job.done_at, job.leased_until, job.error = now, None, None


def put_off(job: ReportJob, why: str, *, now: datetime) -> None:
    """Try again in a minute; after the last try it has failed."""
    job.error, job.leased_until = why, None
    job.next_at = now + timedelta(minutes=1)
    if job.tries >= TRIES:
        fail(job, why, now=now)


def fail(job: ReportJob, why: str, *, now: datetime) -> None:
    """It will not be made."""
    job.failed_at, job.error, job.leased_until = now, why, None


def sweep(session: Session, *, now: datetime) -> None:
    """Forget results whose days are over; the row stays, so that nothing is sent twice."""
    old = select(ReportJob.id).where(ReportJob.done_at < now - KEPT)
    session.execute(delete(ReportFile).where(ReportFile.job_id.in_(old)))
