"""Operations: what the engine could not do by itself, and what left the house as mail."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy import Select, func, select

from engine import access
from engine.errors import NotFound
from engine.process import definitions, incidents, jobs
from engine.process.blueprint import Text
from engine.process.definitions import Definition
from engine.process.incidents import Incident
from engine.process.instances import Instance
from engine.process.outbox import Job
from engine.sales.deals import Deal
from webapp import flashes, wiring
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.forms import on_invalid

bp = Blueprint("operations", __name__, url_prefix="/operations")

SIZE = 50

CODES = {
    "DATA_MISSING": lazy_gettext("Something needed is missing"),
    "BAD_INPUT": lazy_gettext("A value does not fit"),
    "NO_STOCK": lazy_gettext("Not enough in stock"),
    "CARRIER_FAILED": lazy_gettext("The carrier refused"),
    "ADDRESS_REFUSED": lazy_gettext("The mail address was refused"),
    "NOT_ALLOWED": lazy_gettext("An address that is not allowed"),
    "UNKNOWN_CONNECTOR": lazy_gettext("There is no such connector"),
    "UNKNOWN_OPERATION": lazy_gettext("The connector cannot do this"),
    "FAILED": lazy_gettext("The connector failed"),
    "StepBudget": lazy_gettext("The process goes round for ever"),
    "BrokenState": lazy_gettext("The stored state is broken"),
    "ExpressionFailed": lazy_gettext("An expression could not be evaluated"),
}
"""What happened, for the codes that come up; any other code is shown as it is."""

RESOLUTIONS = {"retried": lazy_gettext("Tried again"), "skipped": lazy_gettext("Gone on without it")}


@bp.context_processor
def _helpers() -> dict[str, object]:
    def areas(current: str) -> list[dict[str, object]]:
        found = [
            ("index", gettext("Incidents"), incidents.still_open()),
            ("mails", gettext("Outgoing mail"), wiring.outgoing()),
        ]
        return [
            {"href": url_for(f".{view}"), "title": title, "count": _count(rows), "current": view == current}
            for view, title, rows in found
        ]

    return {
        "areas": areas,
        "codes": CODES,
        "resolutions": RESOLUTIONS,
        "page_of": lambda page: url_for(request.endpoint or ".index", page=page),
    }


@bp.get("/")
@needs("administrator", "designer")
def index() -> ResponseReturnValue:
    """The open incidents, the oldest first, and those somebody dealt with last."""
    page = max(request.args.get("page", 1, type=int), 1)
    waiting = _part(incidents.still_open(), page)
    done = db.session.scalars(incidents.resolved().limit(20)).all()
    return render_template(
        "operations/incidents.html",
        waiting=waiting,
        done=done,
        page=page,
        count=_count(incidents.still_open()),
        size=SIZE,
        about=_about([*waiting, *done]),
    )


@bp.get("/incidents/<int:incident_id>")
@needs("administrator", "designer")
def incident(incident_id: int) -> ResponseReturnValue:
    """One incident: what happened, where, how often it was tried, and what can be done."""
    found = _incident(incident_id)
    job = db.session.get(Job, found.job_id) if found.job_id else None
    case = db.session.get_one(Instance, found.instance_id)
    return render_template(
        "operations/incident.html", incident=found, job=job, case=case, about=_about([found])[found.id]
    )


@bp.post("/incidents/<int:incident_id>/retry")
@needs("administrator", "designer")
@on_invalid(incident)
def retry(incident_id: int) -> ResponseReturnValue:
    """Try again what stopped."""
    jobs.retry(
        db.session(), _incident(incident_id), by=me(), now=now(), reason=request.form.get("reason", "")
    )
    db.session.commit()
    flashes.say(gettext("It is being tried again."))
    return redirect(url_for(".index"), code=303)


@bp.post("/incidents/<int:incident_id>/skip")
@needs("administrator", "designer")
@on_invalid(incident)
def skip(incident_id: int) -> ResponseReturnValue:
    """Go on without what stopped."""
    jobs.skip(db.session(), _incident(incident_id), by=me(), now=now(), reason=request.form.get("reason", ""))
    db.session.commit()
    flashes.say(gettext("The incident is closed."))
    return redirect(url_for(".index"), code=303)


@bp.get("/mails")
@needs("administrator", "designer")
def mails() -> ResponseReturnValue:
    """Mail that left, or that waits here because no server is set."""
    page = max(request.args.get("page", 1, type=int), 1)
    return render_template(
        "operations/mails.html",
        mails=_part(wiring.outgoing(), page),
        page=page,
        count=_count(wiring.outgoing()),
        size=SIZE,
    )


def _incident(incident_id: int) -> Incident:
    found = db.session.get(Incident, incident_id)
    if found is None:
        raise NotFound
    return found


def _count(rows: Select[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(rows.order_by(None).subquery())) or 0


def _part(rows: Select[Any], page: int) -> Sequence[Any]:
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
