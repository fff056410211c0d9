"""The funnel on the screen: what became of what was."""

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext, lazy_pgettext
from sqlalchemy.orm import Session

from reports import funnel_compare, funnel_flow, funnel_items, funnel_reading, ladders
from reports.funnel_flow import OUTCOMES, Flow
from reports.queries import Scope
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.reporting import funnel_pictures as pictures
from webapp.reporting import funnel_words as said
from webapp.reporting.address import Asked, asked
from webapp.reporting.funnel_asked import AGAINST, VIEWS, Options, options, segments
from webapp.reporting.funnel_sides import VERSION, sides, versions
from webapp.reporting.page import bp, shared
from webapp.reporting.words import Names

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
    """The funnel, by cohort (as it was reached, strictly, literally) or by flow."""
    session = db.session()
    if not ladders.known(session):
        return render_template("reporting/nothing.html")
    ask = asked(session, now())
    scope, names, chosen = ask.scope(session, me()), Names(session, ask.ladder), options(ask)
    window = ask.cohort()
    show = _flow if ask.view == "flow" else _cohort
    return render_template(
        "reporting/funnel_flow.html" if ask.view == "flow" else "reporting/funnel_cohort.html",
        **show(session, ask, scope, names, chosen),
        window=window,
        closed=funnel_reading.closed(session, scope, window),
        definition=said.definition(ask.view, window),
        views=[(view, said.view(view)) for view in VIEWS],
        tell=said,
        in_days=said.in_days,
        **shared(session, ask, scope, names),
    )


def _cohort(session: Session, ask: Asked, scope: Scope, names: Names, chosen: Options) -> dict[str, Any]:
    view, window = funnel_items.view_of(ask.view), ask.cohort()
    cohort = funnel_reading.cohort(session, scope, ask.ladder, window, now=ask.moment, view=view)
    parts = (
        funnel_reading.segments(session, scope, ask.ladder, window, chosen.segment, now=ask.moment, view=view)
        if chosen.segment
        else []
    )
    if chosen.segment == "owner":
        names.learn(int(part.value) for part in parts if part.value)
    both = sides(session, ask, chosen, me(), now=ask.moment) if chosen.against else None
    return {
        "cohort": cohort,
        "finding": said.finding(cohort, names, lambda fate, stage: ask.cell(window, view, fate, stage)),
        "picture": pictures.funnel(ask, cohort, names),
        "narrow": pictures.funnel(ask, cohort, names, narrow=True),
        "chosen": chosen,
        "segments": segments(ask),
        "against": AGAINST,
        "parts": [
            (part, said.value(session, ask.ladder, names, chosen.segment, part.value)) for part in parts
        ],
        "part_bar": lambda part, title: pictures.ended(ask, part.cohort, title, chosen.segment, part.value),
        "within": lambda of, fate, stage, segment="", value="": pictures.within(
            ask, of, fate, stage, segment, value
        ),
        "sides": both,
        "rows": funnel_compare.compare(both[0].cohort, both[1].cohort) if both else (),
        "versions": versions(session, ask, me()) if chosen.against == VERSION else [],
        "intervals": pictures.intervals,
    }


def _flow(session: Session, ask: Asked, scope: Scope, names: Names, _chosen: Options) -> dict[str, Any]:
    window = ask.cohort()
    flows = funnel_reading.flow(session, scope, ask.ladder, window, now=ask.moment)
    necks = funnel_flow.bottlenecks(flows)
    return {
        "flows": flows,
        "bottlenecks": necks,
        "finding": said.flow_finding(necks[0], names) if necks else "",
        "outcomes": [each for each in OUTCOMES if each != "rerouted" or _happens(flows, each)],
        "outcome_heads": OUTCOME_HEADS,
        "flow_bar": lambda flow: pictures.left(ask, window, flow, names),
    }


def _happens(flows: tuple[Flow, ...], outcome: str) -> bool:
    return any(each.outcomes.get(outcome) for each in flows)
