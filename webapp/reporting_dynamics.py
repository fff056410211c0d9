"""Agreement dynamics on the screen: what is moving now, and what is usual."""

from flask import render_template
from flask.typing import ResponseReturnValue

from reports import dynamics as arithmetic
from reports import ladders, reading
from reports.balance import IN_KINDS, OUT_KINDS
from reports.movements import GREEN
from webapp import reporting_pictures as pictures
from webapp import reporting_units as side
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.reporting import bp, shared
from webapp.reporting_address import asked
from webapp.reporting_words import Names

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
    report = reading.movement(
        session, scope, ask.ladder, ask.window(), group=ask.group, parts=side.parts(session, ask, me())
    )
    names = Names(session, ask.ladder)
    if report.group == "owner":
        names.learn(int(unit.id) for unit in report.units)
    about = shared(session, ask, scope, names)
    titles = {each.id: each.title for each in about["sections"]}
    return render_template(
        "reporting/dynamics.html",
        report=report,
        picture=pictures.moves(ask, report),
        causes=pictures.causes(ask, report, names),
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
