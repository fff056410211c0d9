"""One step of a process: how long it takes, what waits in its queue now, and its worst cases."""

from collections.abc import Sequence
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup
from sqlalchemy import select

from engine.errors import NotFound
from reports import charts, step_picks, steps, waiting
from reports.charts import Column as Bar
from reports.charts import Part, PlotWords, Post
from reports.step_picks import Pick
from reports.waiting import Neck
from webapp import formats
from webapp.access import needs
from webapp.reporting.bottleneck_paper import BEGUN, necks_of
from webapp.reporting.page import bp
from webapp.reporting.seen import Seen, around, begun, in_time, nothing
from webapp.reporting.steps import known, waited

WORST, QUEUE = 10, 10
BOUNDS = (900, 3_600, 4 * 3_600, 8 * 3_600, 86_400, 2 * 86_400, 4 * 86_400, 8 * 86_400, 16 * 86_400)


@bp.get("/bottlenecks/step")
@needs("employee", "director")
def bottleneck_step() -> ResponseReturnValue:
    """One step: how long it takes, what waits in its queue now, and its worst cases."""
    seen = begun()
    if seen is None:
        return nothing()
    diagram, element = request.args.get("diagram", ""), request.args.get("element", "")
    neck = next((each for each in necks_of(seen) if (each.diagram, each.element) == (diagram, element)), None)
    if neck is None and not any(
        seen.plans.plan(each).element(diagram, element) for each in seen.plans.versions
    ):
        raise NotFound
    neck = neck or Neck(diagram, element, waiting.Sums(), None, None, None)
    queue = _rows(seen, seen.pick("waiting", diagram=diagram, element=element), QUEUE)
    worst = _worst(seen, diagram, element)
    return render_template(
        "reporting/bottleneck_step.html",
        neck=neck,
        title=seen.plans.step(diagram, element),
        changed_back=url_for("reports.bottlenecks", **_back(seen)),
        where={"diagram": diagram, "element": element},
        spread=_spread(seen, neck),
        queue=queue,
        worst=worst,
        known=known(seen, [*queue, *worst]),
        meaning=BEGUN,
        waited=waited,
        as_of=seen.window[1],
        **around(seen),
    )


def _back(seen: Seen) -> dict[str, Any]:
    days = {"from": seen.period.start.isoformat(), "to": seen.period.last.isoformat()}
    return {**seen.ask.kept(), **days, "version": seen.only}


def _rows(seen: Seen, pick: Pick, most: int) -> Sequence[Any]:
    return seen.session.execute(
        step_picks.listed(seen.session, seen.scope, pick, known=seen.window[1]).limit(most)
    ).all()


def _worst(seen: Seen, diagram: str, element: str) -> Sequence[Any]:
    """Those that waited longest of what left the queue in these days."""
    every = [
        step
        for step in steps.facts(seen.session, seen.scope, window=seen.window, definition_id=seen.only)
        if (step.diagram, step.element) == (diagram, element)
        and step.left is not None
        and seen.window[0] <= step.left < seen.window[1]
    ]
    longest = sorted(every, key=lambda step: (-(step.waited or 0), step.id))[:WORST]
    told = steps.told(seen.session, seen.scope)
    rows = seen.session.execute(select(*told.c).where(told.c.id.in_([step.id for step in longest]))).all()
    return sorted(rows, key=lambda row: (row.ready - row.left, row.id))


def _spread(seen: Seen, neck: Neck) -> Markup:
    """How long it waited until it was begun, as a picture."""
    spreads = waiting.lengths(
        seen.session, seen.scope, seen.period, seen.window, waiting.STEP, version=seen.only
    )
    spread = spreads.get((neck.diagram, neck.element), {})
    counts = waiting.histogram(spread, BOUNDS)
    labels = [f"≤{formats.NB}{in_time(bound)}" for bound in BOUNDS] + [f">{formats.NB}{in_time(BOUNDS[-1])}"]
    where = {"diagram": neck.diagram, "element": neck.element}
    columns = [
        Bar(label, Part(n, seen.listed("taken", **where) if n else "", f"{label}: {n}"), formats.count(n))
        for label, n in zip(labels, counts, strict=True)
    ]
    posts = [
        Post(place_of(value), f"{name} {in_time(value)}")
        for name, value in (("p50", neck.p50), ("p85", neck.p85))
        if value is not None
    ]
    finding = gettext(
        "Half were begun within %(half)s, 85%% within %(most)s.",
        half=in_time(neck.p50),
        most=in_time(neck.p85),
    )
    said = PlotWords(gettext("From ready until begun"), finding if neck.p50 is not None else "")
    return Markup(charts.histogram(columns, said, posts=posts))  # noqa: S704  # charts escape every word


def place_of(value: float) -> float:
    """Where a length lies among the columns, counted from the left edge."""
    low = 0.0
    for place, bound in enumerate(BOUNDS):
        if value <= bound:
            return place + (value - low) / (bound - low)
        low = bound
    return len(BOUNDS) + 0.5
