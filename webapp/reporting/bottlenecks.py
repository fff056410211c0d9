"""Bottlenecks on the diagram: where the time goes, step by step, over the real drawing and as a table."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from engine.errors import NotFound
from engine.process import definitions
from engine.process.definitions import Definition
from webapp.access import needs
from webapp.database import db
from webapp.processes import drawn
from webapp.reporting.asked import one_of
from webapp.reporting.bottleneck_paper import necks_of, paper_of
from webapp.reporting.heat import HEATS, LEVELS, MEANINGS, busiest, drawings_shown, file_of, hottest, marks
from webapp.reporting.page import bp
from webapp.reporting.seen import around, begun, nothing


@bp.get("/bottlenecks")
@needs("employee", "director")
def bottlenecks() -> ResponseReturnValue:
    """The diagram with its heat, and the table of the same."""
    seen = begun()
    if seen is None:
        return nothing()
    necks = necks_of(seen)
    found = paper_of(seen, necks)
    plan = seen.plans.plan(seen.version) if seen.version else None
    drawings = drawings_shown(seen)
    wanted = one_of(request.args, "drawing", drawings)
    shown = wanted or busiest(seen, necks, list(drawings))
    return render_template(
        "reporting/bottlenecks.html",
        paper=found,
        plan=plan,
        drawings=drawings,
        drawing=shown,
        marks=marks(seen, necks, shown),
        heats=HEATS,
        meaning=MEANINGS[seen.ask.heat],
        levels=range(1, LEVELS + 1),
        elements=[
            (each.element if file_of(seen, each.diagram) == shown else "") for each in hottest(seen, necks)
        ],
        **around(seen),
    )


@bp.get("/bottlenecks/drawings/<int:definition_id>/<path:file>")
@needs("employee", "director")
def bottleneck_drawing(definition_id: int, file: str) -> ResponseReturnValue:
    """A drawing of a version, for whoever reads its report."""
    definition = db.session.get(Definition, definition_id)
    if definition is None:
        raise NotFound
    return drawn(definitions.files(db.session(), definition, "bpmn"), file)
