"""The worker of exports and of reports that are mailed: one job at a time, with progress, from the clock."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property

from flask import Flask, render_template
from flask_babel import force_locale, gettext
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from engine import notices, report_jobs, report_schedules
from engine.calendars import HOME
from engine.errors import NotAllowed, Refusal
from engine.people import Person
from engine.process import outbox
from engine.report_jobs import ReportFile, ReportJob
from engine.report_schedules import ReportSchedule
from engine.reports_kept import KeptReport
from webapp.errors import words
from webapp.reporting import figures, files, jobs_logs, paper_here
from webapp.reporting.files import File
from webapp.reporting.paper import Paper
from webapp.settings import Settings

log = logging.getLogger(__name__)
Now = Callable[[], datetime]
SHOWN_ROWS, SHOWN_TABLES = 12, 4
"""What of a report a mail shows in its text; the whole is attached."""


class Gone(Refusal):
    """The report was removed, or is not shared with this person any more."""


class Worker:
    """Makes what was asked for. ``app`` is built when the first job comes: the clock of a quiet house needs none."""

    def __init__(self, settings: Settings, app: Flask | None = None) -> None:
        self._settings = settings
        if app is not None:
            self.__dict__["app"] = app

    @cached_property
    def app(self) -> Flask:
        """The application, for its addresses, words and templates."""
        from webapp.app import create_app  # it imports every page, and pages import this

        return create_app(self._settings)

    def plan(self, factory: sessionmaker[Session], now: Now = lambda: datetime.now(UTC)) -> int:
        """Turn schedules whose moment has come into one job for each reader. Returns how many."""
        with factory() as session:
            session.connection(execution_options={"reading": True})
            if session.scalar(report_schedules.due(now()).limit(1)) is None:
                return 0
        with factory.begin() as session:
            due = session.scalars(report_schedules.due(now()).with_for_update(skip_locked=True)).all()
            return sum(_plan(session, schedule, now()) for schedule in due)

    def work(self, factory: sessionmaker[Session], now: Now = lambda: datetime.now(UTC)) -> int:
        """Make one export, if one waits. Returns how many were made."""
        if not _waits(factory, now()):
            return 0
        with factory.begin() as session:
            job = report_jobs.lease(session, now())
        if job is None or job.is_over:
            return 0
        # templates of pages ask who is there: nobody is
        with self.app.test_request_context("/"), force_locale(job.locale):
            self._make(factory, job, now)
        return 1

    def _make(self, factory: sessionmaker[Session], job: ReportJob, now: Now) -> None:
        try:
            made, letter = self._made(factory, job, now)
        except Refusal as refusal:
            said = words(refusal)
            _change(factory, job, lambda session, row: _refused(session, row, said, now()))
        except Exception:  # the worker's door: one export that breaks must not stop the others
            log.exception("export %s", job.id)
            _change(factory, job, lambda _, row: report_jobs.put_off(row, report_jobs.BROKEN, now=now()))
        else:
            _change(factory, job, lambda session, row: _finished(session, row, made, letter, now()))

    def _made(
        self, factory: sessionmaker[Session], job: ReportJob, now: Now
    ) -> tuple[list[ReportFile], dict[str, str]]:
        """The files of a job, made from what its owner may see at this moment, and the words of a mail."""

        def tell(done: int, total: int) -> None:
            _change(factory, job, lambda _, row: report_jobs.tell(row, done, total, now=now()))

        with factory() as session:
            session.connection(execution_options={"reading": True})
            owner = session.get_one(Person, job.owner_id)
            if owner.left_at is not None or not owner.has(*report_schedules.READS):
                raise NotAllowed
            report = paper_here.report_of(job.report)
            if job.form in jobs_logs.FORMS:
                with paper_here.as_if_at(report, job.query, job.locale, now(), session) as ask:
                    return [_row(jobs_logs.make(session, ask, owner, job.form, tell))], {}
            kept = _kept(session, job, owner) if job.schedule_id else None
            paper = paper_here.described(session, report, job.query, owner, locale=job.locale, now=now())
        tell(1, 3)
        root = self._settings.public_url
        if job.form != "mail":
            return [_row(files.make(paper, job.form, which=job.part, root=root))], {}
        return _letter(paper, kept.title if kept else job.title, root)


def _plan(session: Session, schedule: ReportSchedule, now: datetime) -> int:
    """One job for each reader; the key lets a period be sent once, whoever plans it again."""
    period = report_schedules.turn(schedule, now).isoformat()
    kept = session.get_one(KeptReport, schedule.report_id)
    people = session.scalars(report_schedules.readers(schedule)).all()
    for person in people:
        report_jobs.ask(
            session,
            kept.report,
            kept.title,
            "mail",
            kept.query,
            key=f"schedule:{schedule.id}:{period}:{person.id}",
            locale=person.locale or "pl",
            schedule_id=schedule.id,
            period=period,
            by=person,
            now=now,
        )
    return len(people)


def _waits(factory: sessionmaker[Session], now: datetime) -> bool:
    with factory() as session:
        session.connection(execution_options={"reading": True})
        waiting = select(ReportJob.id).where(report_jobs.PENDING, ReportJob.next_at <= now).limit(1)
        return session.scalar(waiting) is not None


def _change(
    factory: sessionmaker[Session], job: ReportJob, how: Callable[[Session, ReportJob], None]
) -> None:
    with factory.begin() as session:
        how(session, session.get_one(ReportJob, job.id))


def _kept(session: Session, job: ReportJob, owner: Person) -> KeptReport:
    """The report of a schedule, if its reader may still open it. Raises Gone."""
    schedule = session.get(ReportSchedule, job.schedule_id)
    kept = session.get(KeptReport, schedule.report_id) if schedule else None
    if kept is None or not report_schedules.may_read(session, kept, owner):
        raise Gone
    return kept


def _refused(session: Session, job: ReportJob, said: str, now: datetime) -> None:
    """Nothing is sent; whose schedule it is learns who went without and why."""
    report_jobs.fail(job, said, now=now)
    schedule = session.get(ReportSchedule, job.schedule_id) if job.schedule_id else None
    if schedule is None:
        return
    reader = session.get_one(Person, job.owner_id)
    data = {"title": job.title, "about": reader.name, "reason": said}
    notices.tell(
        session, [schedule.owner_id], "report_not_sent", f"report:{schedule.report_id}", data, now=now
    )


def _finished(
    session: Session, job: ReportJob, made: list[ReportFile], letter: dict[str, str], now: datetime
) -> None:
    report_jobs.finish(session, job, made, now=now)
    if letter:
        inputs = {"to": job.owner_id, **letter, "files": [each.id for each in made]}
        outbox.put(
            session, "notice", "mail", operation="notice", key=f"report:{job.key}", inputs=inputs, now=now
        )


def _letter(paper: Paper, title: str, root: str) -> tuple[list[ReportFile], dict[str, str]]:
    """The PDF, the pictures of the text, and the text itself, plain and as a page."""
    made = [_row(files.make(paper, "pdf", root=root))]
    for figure in paper.figures:
        picture = files.make(paper, "png", which=figure.key)
        made.append(_row(picture, cid=f"{figure.key}@contentum"))
    shown = [figures.filled(each) for each in paper.tables[:SHOWN_TABLES]]
    tables = [(each, figures.rows(each)) for each in shown]
    about = {"paper": paper, "title": title, "tables": tables, "most": SHOWN_ROWS, "root": root}
    day = paper.known.astimezone(HOME).date()
    subject = gettext("%(title)s, %(day)s", title=title, day=figures.shown(day, "day"))
    return made, {
        "subject": subject,
        "text": render_template("mail/report.txt", **about),
        "html": render_template("mail/report.html", **about),
    }


def _row(file: File, cid: str | None = None) -> ReportFile:
    return ReportFile(name=file.name[:160], media_type=file.media_type, content=file.content, cid=cid)
