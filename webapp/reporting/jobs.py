"""Exports: asked for on any report's page, made at once where that is quick, else in the background with progress."""

from io import BytesIO
from secrets import token_hex

from flask import current_app, make_response, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup
from sqlalchemy.orm import undefer

from engine import report_jobs
from engine.errors import NotFound
from engine.report_jobs import ReportFile
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.languages import current
from webapp.reporting import figures, jobs_logs, paper_here
from webapp.reporting import files as report_files
from webapp.reporting.files import File
from webapp.reporting.page import bp
from webapp.reporting.paper import Paper
from webapp.reporting.shelf import REPORTS, Report

LATELY = 100


@bp.app_template_global()
def report_here() -> Report | None:
    """The report whose page this is, if it can be put on paper."""
    return next((each for each in REPORTS if each.endpoint == request.endpoint and each.paper), None)


@bp.app_template_global()
def query_here() -> str:
    """The filter of this page, as it is kept."""
    return paper_here.plain(request.query_string.decode("utf-8", "replace"))


@bp.get("/paper/<key>")
@needs("employee", "director")
def paper(key: str) -> ResponseReturnValue:
    """A report as it will be printed."""
    report = paper_here.report_of(key)
    query = query_here()
    found = _described(report, query)
    pictures = {each.key: Markup(each.svg) for each in found.figures}  # noqa: S704  # charts escape every word
    back = f"{url_for(report.endpoint)}?{query}"
    return render_template(
        "reporting/paper.html",
        paper=figures.printed(found),
        pictures=pictures,
        rows=figures.rows,
        back=back,
        report=report,
        query=query,
        keys=report_files.keys(found),
    )


@bp.post("/exports")
@needs("employee", "director")
def export() -> ResponseReturnValue:
    """A file at once where it is quick; else a page that says how far it is.

    Raises NoSuchReport, NoPaper, NoSuchForm, NoPicture, CannotPrint, TooManyExports and what the filter raises.
    """
    report = paper_here.report_of(request.form.get("report", ""))
    form, part = request.form.get("form", ""), request.form.get("part", "")
    query = paper_here.plain(request.form.get("query", "")[:2000])
    if form not in (*report_files.FORMS, *jobs_logs.FORMS):
        raise report_files.NoSuchForm(name=form[:20])
    if form in report_files.FORMS:
        found = _described(report, query)
        if report_files.is_small(found, form):
            return _given(report_files.make(found, form, which=part, root=_root()))
    job = report_jobs.ask(
        db.session(),
        report.key,
        str(report.title),
        form,
        query,
        part=part,
        key=f"web:{me().id}:{request.form.get('key') or token_hex(12)}"[:120],
        locale=current(),
        by=me(),
        now=now(),
    )
    db.session.commit()
    return redirect(url_for(".one_export", job_id=job.id), code=303)


@bp.post("/exports/<any(svg, png):form>/<part>")
@needs("employee", "director")
def picture(form: str, part: str) -> ResponseReturnValue:
    """One picture of a report as a file. Raises what `export` raises."""
    report = paper_here.report_of(request.form.get("report", ""))
    query = paper_here.plain(request.form.get("query", "")[:2000])
    return _given(report_files.make(_described(report, query), form, which=part, root=_root()))


@bp.get("/exports")
@needs()
def exports() -> ResponseReturnValue:
    """What I asked for lately."""
    jobs = db.session.scalars(report_jobs.mine(me()).limit(LATELY)).all()
    files = {job.id: db.session.scalars(report_jobs.files(job)).all() for job in jobs if job.done_at}
    return render_template("reporting/jobs.html", jobs=jobs, files=files, kept=report_jobs.KEPT.days)


@bp.get("/exports/<int:job_id>")
@needs()
def one_export(job_id: int) -> ResponseReturnValue:
    """How far one export is; it reads itself again until it is made. Raises NotFound."""
    job = report_jobs.one(db.session(), me(), job_id)
    files = db.session.scalars(report_jobs.files(job)).all()
    page = make_response(
        render_template("reporting/jobs_one.html", job=job, files=files, kept=report_jobs.KEPT.days)
    )
    if not job.is_over:
        page.headers["Refresh"] = "2"
    return page


@bp.get("/exports/<int:job_id>/files/<int:file_id>")
@needs()
def fetch(job_id: int, file_id: int) -> ResponseReturnValue:
    """A file I asked for. Raises NotFound, also when its days are over."""
    job = report_jobs.one(db.session(), me(), job_id)
    query = report_jobs.files(job).where(ReportFile.id == file_id).options(undefer(ReportFile.content))
    file = db.session.scalar(query)
    if file is None:
        raise NotFound
    return _given(File(file.name, file.media_type, file.content))


def _described(report: Report, query: str) -> Paper:
    return paper_here.described(db.session(), report, query, me(), locale=current(), now=now())


def _root() -> str:
    """Under which address this reader knows the product."""
    known: str = current_app.extensions["settings"].public_url
    return known or request.url_root.rstrip("/")


def _given(file: File) -> ResponseReturnValue:
    return send_file(
        BytesIO(file.content),
        mimetype=file.media_type,
        as_attachment=True,
        download_name=file.name,
        max_age=0,
    )


def words_of(form: str) -> str:
    """What a form is called."""
    names: dict[str, str] = {
        "pdf": "PDF",
        "xlsx": gettext("Workbook (XLSX)"),
        "csv": gettext("Tables (CSV)"),
        "svg": gettext("Picture (SVG)"),
        "png": gettext("Picture (PNG)"),
        "xes": gettext("Event log (XES)"),
        "ocel": gettext("Event log (OCEL 2.0)"),
        "mail": gettext("Mail"),
    }
    return names.get(form, form)


bp.app_template_global("words_of_form")(words_of)
