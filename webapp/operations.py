"""Operations: what the engine could not do by itself, and what left the house as mail."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from sqlalchemy import Select, func, select
from sqlalchemy.orm.exc import StaleDataError

from engine import access
from engine.errors import NotFound, Refusal
from engine.history import Event
from engine.people import Person
from engine.process import definitions, inbox, incidents, instances, jobs, operating, resting
from engine.process.blueprint import Text
from engine.process.checkpoints import Checkpoint
from engine.process.definitions import Definition
from engine.process.editing import NothingChanged
from engine.process.incidents import Incident
from engine.process.instances import Instance
from engine.process.outbox import Job
from engine.process.overrides import reasoned
from engine.process.resting import UnreadableToo
from engine.sales.deals import Deal
from webapp import flashes, wiring
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.forms import on_invalid
from webapp.incident_words import CODES, RESOLUTIONS
from webapp.operate_page import Datum, changed, is_long, kept_of, written

bp = Blueprint("operations", __name__, url_prefix="/operations")

SIZE = 50
MOST = 100
"""Incidents of one cause that are tried again with one press."""


@bp.context_processor
def _helpers() -> dict[str, object]:
    return {
        "areas": areas,
        "codes": CODES,
        "resolutions": RESOLUTIONS,
        "page_of": lambda page: url_for(request.endpoint or ".index", page=page),
    }


def areas(current: str) -> list[dict[str, object]]:
    """The tabs of operations, each with how many rows its list has."""
    found = [
        ("index", "operations.index", gettext("Incidents"), incidents.still_open()),
        ("cases", "operations.cases", gettext("Resting cases"), _resting()),
        ("messages", "messages.index", gettext("Messages"), inbox.latest()),
        ("mails", "operations.mails", gettext("Outgoing mail"), wiring.outgoing()),
    ]
    return [
        {"href": url_for(view), "title": title, "count": number_of(rows), "current": key == current}
        for key, view, title, rows in found
    ]


@bp.get("/")
@needs("administrator", "designer")
def index() -> ResponseReturnValue:
    """The open incidents, the oldest first, by cause where there are many; and those somebody dealt with last."""
    page = max(request.args.get("page", 1, type=int), 1)
    cause = {name: request.values.get(name, "") for name in ("process", "element", "code")}
    chosen = incidents.narrowed(incidents.still_open(), **cause)
    waiting = part(chosen, page)
    done = [] if any(cause.values()) else db.session.scalars(incidents.resolved().limit(20)).all()
    return render_template(
        "operations/incidents.html",
        waiting=waiting,
        done=done,
        page=page,
        count=number_of(chosen),
        size=SIZE,
        most=MOST,
        cause=cause,
        causes=_causes(),
        about=_about([*waiting, *done]),
    )


@bp.post("/retrials")
@needs("administrator", "designer")
@on_invalid(index)
def retry_all() -> ResponseReturnValue:
    """Try again what one cause stopped, at most so many, each in a transaction of its own."""
    reason = reasoned(request.form.get("reason", ""))
    cause = {name: request.form.get(name, "") for name in ("process", "element", "code")}
    chosen = incidents.narrowed(incidents.still_open(), **cause)
    ids = db.session.scalars(chosen.with_only_columns(Incident.id).limit(MOST)).all()
    refused = [id_ for id_ in ids if not _retried(id_, reason)]
    left = number_of(chosen) - len(refused)
    tried = len(ids) - len(refused)
    said = ngettext("%(num)d is being tried again.", "%(num)d are being tried again.", tried)
    if refused:
        more = ngettext("%(num)d could not be.", "%(num)d could not be.", len(refused))
        said = f"{said} {more}"
    if left > 0:
        more = ngettext("%(num)d is left: press again.", "%(num)d are left: press again.", left)
        said = f"{said} {more}"
    flashes.say(said)
    return redirect(url_for(".index"), code=303)


def _retried(incident_id: int, reason: str) -> bool:
    try:
        jobs.retry(db.session(), _incident(incident_id), by=me(), now=now(), reason=reason)
        db.session.commit()
    except (Refusal, StaleDataError):
        db.session.rollback()
        return False
    return True


@bp.get("/cases")
@needs("administrator", "designer")
def cases() -> ResponseReturnValue:
    """Running cases that rest or cannot be read, the longest first."""
    page = max(request.args.get("page", 1, type=int), 1)
    rows = part(_resting(), page)
    return render_template(
        "operations/cases.html",
        rows=rows,
        page=page,
        count=number_of(_resting()),
        size=SIZE,
        about=about_cases(rows),
        incidents=_broken(rows),
        reasons=_reasons(rows),
    )


@bp.get("/incidents/<int:incident_id>")
@needs("administrator", "designer")
def incident(incident_id: int) -> ResponseReturnValue:
    """One incident: what happened, where, with what data, how often it was tried, and what can be done."""
    found = _incident(incident_id)
    job = db.session.get(Job, found.job_id) if found.job_id else None
    case = db.session.get_one(Instance, found.instance_id)
    is_open = found.resolved_at is None and case.ended_at is None and not instances.at_rest(case)
    return render_template(
        "operations/incident.html",
        incident=found,
        job=job,
        case=case,
        about=_about([found])[found.id],
        data=shown(found.data or {}),
        inputs=shown(incidents.shown(job.inputs)) if job and job.kind == "call" and is_open else (),
        kept=kept_of(case) if case.quarantined_at is not None else (),
    )


@bp.post("/incidents/<int:incident_id>/retry")
@needs("administrator", "designer")
@on_invalid(incident)
def retry(incident_id: int) -> ResponseReturnValue:
    """Try again what stopped."""
    jobs.retry(db.session(), _incident(incident_id), by=me(), now=now(), reason=_reason())
    return _done(gettext("It is being tried again."))


@bp.post("/incidents/<int:incident_id>/skip")
@needs("administrator", "designer")
@on_invalid(incident)
def skip(incident_id: int) -> ResponseReturnValue:
    """Go on without what stopped."""
    jobs.skip(db.session(), _incident(incident_id), by=me(), now=now(), reason=_reason())
    return _done(gettext("The incident is closed."))


@bp.post("/incidents/<int:incident_id>/inputs")
@needs("administrator", "designer")
@on_invalid(incident)
def edit(incident_id: int) -> ResponseReturnValue:
    """Change what the stopped call asks, and try again."""
    found, reason = _incident(incident_id), _reason()
    job = db.session.get(Job, found.job_id) if found.job_id else None
    masked = incidents.shown(job.inputs) if job else {}
    typed = {name: text for name, text in request.form.items() if name.startswith("value:")}
    kept = {name for name, text in typed.items() if text == incidents.MASK}
    shortened = {
        name
        for name, text in typed.items()
        if (key := name.removeprefix("value:")) in masked and text == written(masked[key])
    }
    fields = {name: text for name, text in typed.items() if name not in kept | shortened}
    wanted = changed(fields, job.inputs if job else {})
    try:
        jobs.edit(db.session(), found, wanted, by=me(), now=now(), reason=reason)
    except NothingChanged as refusal:
        refusal.field = "changes"
        raise
    jobs.retry(db.session(), found, by=me(), now=now(), reason=reason)
    return _done(gettext("The call was changed and is being tried again."))


@bp.post("/incidents/<int:incident_id>/look")
@needs("administrator", "designer")
@on_invalid(incident)
def look_again(incident_id: int) -> ResponseReturnValue:
    """Read a broken state once more."""
    operating.look_again(db.session(), _case_of(incident_id), _reason(), by=me(), now=now())
    return _done(gettext("The state can be read again. The case goes on."))


@bp.post("/incidents/<int:incident_id>/return")
@needs("administrator", "designer")
@on_invalid(incident)
def restore(incident_id: int) -> ResponseReturnValue:
    """Go back to a kept state where the present one is broken."""
    checkpoint = db.session.get(Checkpoint, request.form.get("checkpoint", 0, type=int))
    if checkpoint is None:
        raise NotFound
    try:
        operating.restore(db.session(), _case_of(incident_id), checkpoint, _reason(), by=me(), now=now())
    except UnreadableToo as refusal:
        refusal.field = "checkpoint"
        raise
    return _done(gettext("The case stands again where it stood then."))


@bp.post("/incidents/<int:incident_id>/end")
@needs("administrator", "designer")
@on_invalid(incident)
def stop(incident_id: int) -> ResponseReturnValue:
    """Stop a case whose state is broken, for good."""
    case, reason = _case_of(incident_id), reasoned(_reason())
    instances.cancel(db.session(), case, reason, by=me(), now=now())
    incidents.resolve(db.session(), _incident(incident_id), "stopped", by=me(), now=now(), reason=reason)
    return _done(gettext("The case was stopped. Its history stays."))


@bp.get("/mails")
@needs("administrator", "designer")
def mails() -> ResponseReturnValue:
    """Mail that left, or that waits here because no server is set."""
    page = max(request.args.get("page", 1, type=int), 1)
    return render_template(
        "operations/mails.html",
        mails=part(wiring.outgoing(), page),
        page=page,
        count=number_of(wiring.outgoing()),
        size=SIZE,
    )


def _incident(incident_id: int) -> Incident:
    found = db.session.get(Incident, incident_id)
    if found is None:
        raise NotFound
    return found


def _case_of(incident_id: int) -> Instance:
    """The case of an incident about a broken state. Raises NotFound for any other."""
    case = db.session.get_one(Instance, _incident(incident_id).instance_id)
    if case.quarantined_at is None:
        raise NotFound
    return case


def _reason() -> str:
    return request.form.get("reason", "")


def _done(said: str) -> ResponseReturnValue:
    db.session.commit()
    flashes.say(said)
    return redirect(url_for(".index"), code=303)


def shown(data: Mapping[str, Any]) -> list[Datum]:
    """Data as they are read and typed, name by name."""
    return [Datum(name, written(value), is_long(value)) for name, value in sorted(data.items())]


def _resting() -> Select[Instance]:
    since = func.coalesce(Instance.quarantined_at, Instance.suspended_at)
    return (
        select(Instance).where(Instance.ended_at.is_(None), since.is_not(None)).order_by(since, Instance.id)
    )


def _causes() -> list[dict[str, Any]]:
    """What stopped more than one case, the most first; broken states are mended one by one."""
    found = db.session.execute(incidents.causes().limit(30)).all()
    newest = {each.process: each for each in db.session.scalars(definitions.catalogue())}
    return [
        {
            "process": process,
            "element": element or "",
            "code": code,
            "count": count,
            "since": since,
            "title": newest[process].text if process in newest else Text(process, process),
            "step": _step(newest.get(process), element),
        }
        for process, element, code, count, since in found
        if count > 1 and code != resting.BROKEN
    ]


def _step(definition: Definition | None, element: str | None) -> Text:
    plan = definitions.blueprint(db.session(), definition) if definition else None
    names = [each.name for _, each in plan.everything() if each.id == element] if plan else []
    return names[0] if names and (names[0].pl or names[0].en) else Text(element or "", element or "")


def about_cases(rows: Sequence[Instance]) -> Mapping[int, dict[str, Any]]:
    """Each resting case as `_about` tells of an incident's, by its own id."""
    found = _about([Incident(id=case.id, instance_id=case.id) for case in rows])
    return dict(found)


def _broken(rows: Sequence[Instance]) -> Mapping[int, Incident]:
    """The incidents of broken states among these cases."""
    ids = [case.id for case in rows if case.quarantined_at is not None]
    query = incidents.still_open().where(Incident.instance_id.in_(ids), Incident.code == resting.BROKEN)
    return {each.instance_id: each for each in db.session.scalars(query)}


def _reasons(rows: Sequence[Instance]) -> Mapping[int, dict[str, str]]:
    """Who let each of these cases rest, and why."""
    ids = [case.id for case in rows if case.suspended_at is not None]
    said = (
        select(Event.instance_id, Event.data["reason"].as_string(), Person.name)
        .join(Person, Person.id == Event.actor_id)
        .where(Event.instance_id.in_(ids), Event.kind == "overridden")
        .where(Event.data["what"].as_string() == "suspended")
        .order_by(Event.id)
    )
    return {case: {"why": why, "who": who} for case, why, who in db.session.execute(said)}


def number_of(rows: Select[Any]) -> int:
    """How many rows there are."""
    return db.session.scalar(select(func.count()).select_from(rows.order_by(None).subquery())) or 0


def part(rows: Select[Any], page: int) -> Sequence[Any]:
    """The rows of one page."""
    return db.session.scalars(rows.limit(SIZE).offset((page - 1) * SIZE)).all()


def _about(found: Sequence[Incident]) -> Mapping[int, dict[str, Any]]:
    """Where each incident happened: its case, its process, the step's name, and the deal where it may be seen."""
    ids = {each.instance_id for each in found}
    cases = {case.id: case for case in db.session.scalars(select(Instance).where(Instance.id.in_(ids)))}
    seen = select(Deal).where(Deal.instance_id.in_(ids), access.visible(me(), Deal))
    sold = {deal.instance_id: deal for deal in db.session.scalars(seen)}
    mine = select(Instance.id).where(Instance.id.in_(ids), access.visible(me(), Instance))
    open_ = set(db.session.scalars(mine))
    return {
        each.id: {
            **_place(each, cases[each.instance_id]),
            "deal": sold.get(each.instance_id),
            "is_open": each.instance_id in open_,
        }
        for each in found
    }


def _place(found: Incident, case: Instance) -> dict[str, Any]:
    definition = db.session.get_one(Definition, case.definition_id)
    plan = definitions.blueprint(db.session(), definition)
    element = plan.element(found.diagram or "", found.element or "")
    name = element.name if element and (element.name.pl or element.name.en) else Text(found.element or "")
    return {"case": case, "process": definition.text, "step": name}
