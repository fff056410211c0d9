"""Mails of a kept report: planned and cancelled on its page."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import report_schedules, reports_kept
from engine.errors import NotFound
from engine.report_schedules import ReportSchedule
from webapp import flashes
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.forms import on_invalid
from webapp.reporting import saved
from webapp.reporting.page import bp


@bp.post("/kept/<int:kept_id>/schedules")
@needs("employee", "director")
@on_invalid(saved.page)
def plan_mail(kept_id: int) -> ResponseReturnValue:
    """Send it again and again. Raises NotFound, NotAllowed and what `report_schedules.plan` refuses by field."""
    row = reports_kept.one(db.session(), me(), kept_id)
    rhythm = request.form.get("rhythm", "")
    report_schedules.plan(
        db.session(),
        row,
        rhythm=rhythm,
        day=request.form.get("monthday" if rhythm == "monthly" else "day", ""),
        at=request.form.get("at", ""),
        people=[int(each) for each in request.form.getlist("people") if each.isascii() and each.isdigit()][
            :200
        ],
        by=me(),
        now=now(),
    )
    db.session.commit()
    flashes.say(gettext("It will be sent."))
    return redirect(url_for(".kept", kept_id=kept_id), code=303)


@bp.post("/kept/<int:kept_id>/schedules/<int:schedule_id>/removal")
@needs("employee", "director")
def cancel_mail(kept_id: int, schedule_id: int) -> ResponseReturnValue:
    """Send it no more. Raises NotFound, NotAllowed."""
    row = reports_kept.one(db.session(), me(), kept_id)
    schedule = db.session.get(ReportSchedule, schedule_id)
    if schedule is None or schedule.report_id != row.id:
        raise NotFound
    report_schedules.cancel(db.session(), schedule, by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("It is not sent any more."))
    return redirect(url_for(".kept", kept_id=kept_id), code=303)
