"""Agreement dynamics on the screen: what is moving now, and what is usual."""

from collections.abc import Iterable
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from reports import dynamics as arithmetic
from reports import ladders, low_green, reading
from reports.balance import IN_KINDS, OUT_KINDS
from reports.low_green import LowGreen
from reports.movements import GREEN, Total
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.reporting import between, pictures
from webapp.reporting import units as side
from webapp.reporting.address import Asked, asked
from webapp.reporting.dynamics_paper import read
from webapp.reporting.finding import finding, low_days
from webapp.reporting.page import bp, shared
from webapp.reporting.seen import in_time
from webapp.reporting.words import Names

FORWARD = ("forward", "forward_skip")
CAME = {"opened": IN_KINDS, "forward": FORWARD, "back": ("backward",)}
WENT = {
    "forward": GREEN,
    "back": ("backward",),
    "lost": ("lost",),
    "aside": ("suspended", "rerouted", "handed_over"),
}
"""Columns of the table of stages: what came to a stage and what left it, by kinds."""


@bp.get("/dynamics")
@needs("employee", "director")
def dynamics() -> ResponseReturnValue:
    """Agreement dynamics."""
    session = db.session()
    if not ladders.known(session):
        return render_template("reporting/nothing.html")
    ask = asked(session, now())
    scope = ask.scope(session, me())
    report, found = read(session, ask, me())
    names = Names(session, ask.ladder)
    if report.group == "owner":
        names.learn(int(unit.id) for unit in report.units)
    about = shared(session, ask, scope, names)
    titles = {each.id: each.title for each in about["sections"]}
    return render_template(
        "reporting/dynamics.html",
        report=report,
        picture=pictures.moves(ask, report, found, finding(ask, report, names)),
        aims=found if ask.measure == "count" else None,
        low=low_days(ask, report),
        money_aims=found if ask.measure == "money" else None,
        alarm=_alarm(session, ask, report),
        causes_said=low_green.CAUSES,
        idle=_together(report.idle.values()),
        causes=pictures.causes(ask, report, names),
        **_pictured(ask, report, names),
        came=CAME,
        went=WENT,
        in_kinds=IN_KINDS,
        out_kinds=OUT_KINDS,
        enough=arithmetic.ENOUGH,
        units=side.shown(ask, report, names, titles),
        groups=side.groups(ask),
        unit_head=side.HEADS[report.group],
        **about,
    )


def _pictured(ask: Asked, report: reading.Dynamics, names: Names) -> dict[str, Any]:
    """Where moves went and on which days, each with its figures."""
    drawn: dict[str, Any] = {"in_time": in_time}
    if report.passages:
        drawn |= {
            "streams": between.streams(ask, report, names),
            "between": between.passages(ask, report, names),
        }
    if report.ways:
        drawn |= {"calendar": between.calendar(ask, report), "days": between.weeks(ask, report)}
    return drawn


def _together(totals: Iterable[Total]) -> Total:
    found = Total()
    for each in totals:
        found = found.plus(each)
    return found


def _alarm(session: Session, ask: Asked, report: reading.Dynamics) -> LowGreen | None:
    """What was asked about the last day with too little green in the picture."""
    days = [bar.row.period.start for bar in low_days(ask, report)]
    if not days:
        return None
    unit = ask.team or ask.department or low_green.WHOLE
    mine = (LowGreen.ladder == ask.ladder.key, LowGreen.department_id == unit, LowGreen.day == days[-1])
    return session.scalar(low_green.seen(me()).where(*mine))
