"""Fast sales: the phases as gauges, and only what does not flow by itself."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import func

from engine.process import definitions
from engine.sales import phases
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.sales import definition_of, here

bp = Blueprint("fast", __name__, url_prefix="/sales/fast")

SHOWN = 30
WORK_DAY = timedelta(hours=8)


@bp.context_processor
def _helpers() -> dict[str, object]:
    return {"here": here}


@bp.get("/")
@needs("employee", "director")
def index() -> ResponseReturnValue:
    """The phases of a flow and its exceptions: late tasks, or incidents."""
    definition = definition_of("flow")
    if definition is None:
        return render_template("sales/nothing_fast.html")
    session = db.session()
    late = phases.overdue(me(), definition.process, now=now())
    broken = phases.broken(me(), definition.process)
    tab = "incidents" if request.args.get("tab") == "incidents" else "late"
    limit = min(request.args.get("rows", SHOWN, type=int), 1000)
    counts = {"late": _count(late), "incidents": _count(broken)}
    plan = definitions.blueprint(session, definition)
    found = phases.phases(session, me(), plan, definition.process, now=now())
    return render_template(
        "sales/fast.html",
        definition=definition,
        plan=plan,
        phases=found,
        jam=_jam(found),
        flow=phases.flowing(session, me(), definition.process, now=now()),
        tab=tab,
        tabs=_tabs(definition.process, counts, tab),
        rows=session.execute((late if tab == "late" else broken).limit(limit)).all(),
        count=counts[tab],
        limit=limit,
        moment_now=now(),
    )


def _count(query: Any) -> int:
    inner = query.with_only_columns(func.count()).order_by(None)
    return db.session.scalar(inner) or 0


def _jam(found: list[phases.Phase]) -> phases.Phase | None:
    """The phase with the oldest sale, if that one has waited longer than a work day."""
    waiting = [each for each in found if each.oldest is not None and now() - each.oldest > WORK_DAY]
    return min(waiting, key=lambda each: each.oldest or now()) if waiting else None


def _tabs(process: str, counts: dict[str, int], current: str) -> list[dict[str, Any]]:
    titles = {"late": gettext("Stuck"), "incidents": gettext("Connector failed")}
    return [
        {
            "title": titles[key],
            "href": url_for(".index", process=process, tab=key),
            "count": counts[key],
            "current": key == current,
        }
        for key in titles
    ]
