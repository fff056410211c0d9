"""Reports kept under a name: listed first, shared, pinned; opening one gives what the reader may see."""

from collections.abc import Sequence
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import report_schedules, reports_kept
from engine.reports_kept import KeptReport
from webapp import flashes, record_words
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.forms import on_invalid
from webapp.reporting import paper_here, schedule_words
from webapp.reporting.page import bp
from webapp.reporting.shelf import REPORTS, Report

SELLERS = ("employee", "director")


@bp.app_template_global()
def kept_reports() -> list[tuple[KeptReport, Report, bool]]:
    """What this reader kept or was given, the pinned first: each with its report, and whether it is pinned."""
    pinned = set(db.session.scalars(reports_kept.pinned(me())))
    known = {each.key: each for each in REPORTS}
    rows = db.session.scalars(reports_kept.usable(me())).all()
    found = [(row, known[row.report], row.id in pinned) for row in rows if row.report in known]
    return sorted(found, key=lambda each: not each[2])


@bp.post("/kept")
@needs(*SELLERS)
def keep() -> ResponseReturnValue:
    """Keep the report of a page under a name. Raises NoSuchReport, NoReportTitle, LongAddress."""
    report = paper_here.report_of(request.form.get("report", ""))
    query = paper_here.plain(request.form.get("query", ""))
    title = request.form.get("title", "") or str(report.title)
    kept = reports_kept.keep(db.session(), report.key, title, query, by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("Kept. It stands on the first page of the reports."))
    return _to(kept)


@bp.get("/kept/<int:kept_id>")
@needs(*SELLERS)
def kept(kept_id: int) -> ResponseReturnValue:
    """What a kept report is, who uses it, and when it is sent. Raises NotFound."""
    return page(kept_id)


def page(kept_id: int) -> ResponseReturnValue:
    """The page of a kept report, also with what was refused."""
    row = _kept(kept_id)
    plans = db.session.scalars(report_schedules.of(row)).all()
    return render_template(
        "reporting/saved.html",
        kept=row,
        report=next((each for each in REPORTS if each.key == row.report), None),
        is_mine=row.owner_id == me().id,
        is_pinned=row.id in set(db.session.scalars(reports_kept.pinned(me()))),
        shares=db.session.scalars(reports_kept.shares(row)).all(),
        circles=record_words.circles(),
        circle=dict(record_words.circles()),
        people=list(record_words.people().items()),
        plans=[(each, _readers(each)) for each in plans],
        words=schedule_words,
        rhythms=schedule_words.rhythms(),
        weekdays=schedule_words.weekdays(),
    )


@bp.get("/kept/<int:kept_id>/open")
@needs(*SELLERS)
def open_kept(kept_id: int) -> ResponseReturnValue:
    """To the report itself; what it shows is up to the reader's rights. Raises NotFound."""
    row = _kept(kept_id)
    report = next((each for each in REPORTS if each.key == row.report), None)
    address = url_for(report.endpoint) if report else url_for(".index")
    return redirect(f"{address}?{row.query}" if row.query else address, code=303)


@bp.post("/kept/<int:kept_id>")
@needs(*SELLERS)
@on_invalid(page)
def rename(kept_id: int) -> ResponseReturnValue:
    """Give it another name. Raises NotFound, NotAllowed, NoReportTitle."""
    row = _kept(kept_id)
    reports_kept.change(db.session(), row, title=request.form.get("title", ""), by=me(), now=now())
    return _done(row, gettext("The name has been changed."))


@bp.post("/kept/<int:kept_id>/shares")
@needs(*SELLERS)
@on_invalid(page)
def share_kept(kept_id: int) -> ResponseReturnValue:
    """Let others use it. Raises NotFound, NotAllowed, NoReportCircle."""
    row = _kept(kept_id)
    reports_kept.share(db.session(), row, *_circle(), by=me(), now=now())
    return _done(row, gettext("Shared. Everybody sees in it what their own rights show."))


@bp.post("/kept/<int:kept_id>/shares/removal")
@needs(*SELLERS)
def unshare_kept(kept_id: int) -> ResponseReturnValue:
    """Take a share back. Raises NotFound, NotAllowed."""
    row = _kept(kept_id)
    reports_kept.unshare(db.session(), row, *_circle(), by=me(), now=now())
    return _done(row, gettext("Not shared with them any more."))


@bp.post("/kept/<int:kept_id>/pin")
@needs(*SELLERS)
def pin_kept(kept_id: int) -> ResponseReturnValue:
    """Put it first on my page of reports, or no more. Raises NotFound."""
    row = _kept(kept_id)
    reports_kept.pin(db.session(), row, on=request.form.get("on") == "1", by=me())
    db.session.commit()
    return redirect(url_for(".index"), code=303)


@bp.post("/kept/<int:kept_id>/removal")
@needs(*SELLERS)
def remove_kept(kept_id: int) -> ResponseReturnValue:
    """Delete it with its shares and its mails. Raises NotFound, NotAllowed."""
    reports_kept.remove(db.session(), _kept(kept_id), by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("The kept report has been removed."))
    return redirect(url_for(".index"), code=303)


def _kept(kept_id: int) -> KeptReport:
    return reports_kept.one(db.session(), me(), kept_id)


def _readers(schedule: report_schedules.ReportSchedule) -> Sequence[Any]:
    return db.session.scalars(report_schedules.readers(schedule)).all()


def _circle() -> tuple[str, str]:
    kind, _, who = request.form.get("circle", "").partition(":")
    return kind, who


def _done(row: KeptReport, said: str) -> ResponseReturnValue:
    db.session.commit()
    flashes.say(said)
    return _to(row)


def _to(row: KeptReport) -> ResponseReturnValue:
    return redirect(url_for(".kept", kept_id=row.id), code=303)
