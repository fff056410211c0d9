"""The funnel on the screen: what became of what was."""

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext, lazy_pgettext

from reports import funnel as funnels
from reports import ladders, reading
from webapp import reporting_pictures as pictures
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.reporting import bp, shared
from webapp.reporting_address import asked
from webapp.reporting_words import Names

OUTCOME_HEADS = {
    "forward": lazy_gettext("▲ went forward"),
    "back": lazy_gettext("▼ went back"),
    "lost": lazy_gettext("✕ lost"),
    "suspended": lazy_pgettext("report", "put aside"),
    "rerouted": lazy_pgettext("report", "to another process"),
}


@bp.get("/funnel")
@needs("employee", "director")
def funnel() -> ResponseReturnValue:
    """The funnel, by cohort or by flow."""
    session = db.session()
    if not ladders.known(session):
        return render_template("reporting/nothing.html")
    ask = asked(session, now())
    scope = ask.scope(session, me())
    names = Names(session, ask.ladder)
    report = reading.conversion(session, scope, ask.ladder, ask.cohort(), now=ask.moment)
    return render_template(
        f"reporting/funnel_{ask.view}.html",
        report=report,
        cohort=report.cohort,
        flows=report.flows,
        bottlenecks=funnels.bottlenecks(report.flows),
        outcomes=[
            each for each in ("forward", "back", "lost", "suspended", "rerouted") if _happens(report, each)
        ],
        picture=pictures.funnel(ask, report.cohort, names),
        narrow=pictures.funnel(ask, report.cohort, names, narrow=True),
        in_days=pictures.in_days,
        reached_heads=[(names.stage(step.stage), "num") for step in report.cohort.steps[1:]],
        outcome_heads=OUTCOME_HEADS,
        flow_bar=lambda flow: pictures.left(ask, report.window, flow, names),
        **shared(session, ask, scope, names),
    )


def _happens(report: reading.Funnel, outcome: str) -> bool:
    return outcome != "rerouted" or any(each.outcomes.get(outcome) for each in report.flows)
