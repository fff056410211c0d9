"""Bottlenecks on the diagram: where the time goes, step by step, over the real drawing and as a table."""

from collections.abc import Sequence
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, lazy_pgettext, ngettext, pgettext
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.people import Person
from engine.process import definitions
from engine.process.definitions import Definition
from reports import charts, step_picks, steps, waiting
from reports.charts import Column as Bar
from reports.charts import Part, PlotWords, Post
from reports.step_picks import Pick
from reports.waiting import Neck
from webapp import formats
from webapp.access import needs
from webapp.database import db
from webapp.processes import drawings_of, drawn
from webapp.reporting.address import Asked
from webapp.reporting.asked import one_of
from webapp.reporting.page import bp
from webapp.reporting.paper import Cell, Column, Figure, Paper, Table
from webapp.reporting.steps import Seen, around, begun, in_days, in_time, known, look, nothing, waited

HEATS = {
    "waiting": lazy_pgettext("heat", "Waiting"),
    "frequency": lazy_pgettext("heat", "How often"),
    "dwell": lazy_pgettext("heat", "Mean wait"),
    "rework": lazy_pgettext("heat", "Rework"),
    "breaches": lazy_pgettext("heat", "Broken promises"),
}
MEANINGS = {
    "waiting": lazy_gettext(
        "Shaded by all the time that work stood in the queue of a step in these days: the sum of the parts of ready → begun that lie in them, which is how long the queue was, day after day. A step that nobody began waits until it ends."
    ),
    "frequency": lazy_gettext("Shaded by how often a step was completed in these days."),
    "dwell": lazy_gettext(
        "Shaded by the mean time from ready until begun, of what left the queue in these days. It hides how many waited: a rare step may look worse than the one that holds the company up."
    ),
    "rework": lazy_gettext(
        "Shaded by how often a step was completed again in the same case: by the person who did it the last time (repeat) or by another (redo)."
    ),
    "breaches": lazy_gettext(
        "Shaded by promises broken in these days: delivered late or refused for good, or open past their time."
    ),
}
"""The definition in words, of each way to shade."""
BEGUN = lazy_gettext(
    "A step begins when somebody takes it; one that nobody took began when it was done. Times are round the clock; p50 and p85 are of steps that became ready in these days and have begun."
)
LEVELS = 5
WORST, QUEUE = 10, 10
BOUNDS = (900, 3_600, 4 * 3_600, 8 * 3_600, 86_400, 2 * 86_400, 4 * 86_400, 8 * 86_400, 16 * 86_400)


@bp.get("/bottlenecks")
@needs("employee", "director")
def bottlenecks() -> ResponseReturnValue:
    """The diagram with its heat, and the table of the same."""
    seen = begun()
    if seen is None:
        return nothing()
    necks = _necks(seen)
    paper = _paper(seen, necks)
    plan = seen.plans.plan(seen.version) if seen.version else None
    drawings = drawings_shown(seen)
    wanted = one_of(request.args, "drawing", drawings)
    shown = wanted or _busiest(seen, necks, list(drawings))
    return render_template(
        "reporting/bottlenecks.html",
        paper=paper,
        plan=plan,
        drawings=drawings,
        drawing=shown,
        marks=_marks(seen, necks, shown),
        heats=HEATS,
        meaning=MEANINGS[seen.ask.heat],
        levels=range(1, LEVELS + 1),
        elements=[(each.element if file_of(seen, each.diagram) == shown else "") for each in necks],
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


@bp.get("/bottlenecks/step")
@needs("employee", "director")
def bottleneck_step() -> ResponseReturnValue:
    """One step: how long it takes, what waits in its queue now, and its worst cases."""
    seen = begun()
    if seen is None:
        return nothing()
    diagram, element = request.args.get("diagram", ""), request.args.get("element", "")
    neck = next((each for each in _necks(seen) if (each.diagram, each.element) == (diagram, element)), None)
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


def paper(session: Session, ask: Asked, viewer: Person | None) -> Paper:
    """Bottlenecks as one description."""
    seen = look(session, ask, viewer)
    return _paper(seen, _necks(seen))


def plain(session: Session, ask: Asked, viewer: Person | None) -> dict[str, Any]:
    """Every number of the bottlenecks, lengths in seconds and exact."""
    seen = look(session, ask, viewer)
    found = waiting.necks(session, seen.scope, seen.period, seen.window, version=seen.only, exact=True)
    return {
        "report": "bottlenecks",
        "ladder": ask.ladder.key,
        "from": seen.period.start.isoformat(),
        "to": seen.period.last.isoformat(),
        "known": seen.window[1].isoformat(),
        "steps": [_plain(seen, each) for each in found],
    }


def _plain(seen: Seen, neck: Neck) -> dict[str, Any]:
    return {
        "diagram": neck.diagram,
        "element": neck.element,
        "name": seen.plans.step(neck.diagram, neck.element),
        **neck.sums._asdict(),
        "share": neck.share,
        "p50": neck.p50,
        "p85": neck.p85,
        "dwell": neck.dwell,
        "repeats": neck.repeats,
        "redos": neck.redos,
        "broken": neck.broken,
    }


def _necks(seen: Seen) -> list[Neck]:
    return waiting.necks(seen.session, seen.scope, seen.period, seen.window, version=seen.only)


# ------------------------------------------------------------------------------------------------ the drawing


def drawings_shown(seen: Seen) -> dict[str, Any]:
    """The drawings of the version shown that there are: a history from elsewhere has none."""
    if seen.version is None:
        return {}
    files = definitions.files(seen.session, seen.version, "bpmn")
    return {file: each for file, each in drawings_of(seen.plans.plan(seen.version)).items() if file in files}


def file_of(seen: Seen, diagram: str) -> str:
    found = seen.plans.plan(seen.version).diagrams.get(diagram) if seen.version else None
    return found.file if found else ""


def _busiest(seen: Seen, necks: Sequence[Neck], files: Sequence[str]) -> str:
    """The drawing with the hottest step."""
    hottest = sorted(necks, key=lambda each: -heat_of(each, seen.ask.heat))
    return next(
        (file for each in hottest if (file := file_of(seen, each.diagram)) in files), "".join(files[:1])
    )


def heat_of(neck: Neck, heat: str) -> float:
    """What shades a step."""
    values: dict[str, float] = {
        "waiting": neck.sums.queue,
        "frequency": neck.sums.done,
        "dwell": neck.dwell or 0,
        "rework": neck.rework,
        "breaches": neck.broken,
    }
    return values[heat]


def level(value: float, most: float) -> int:
    """Which of the shades, 0 for none: equal steps up to the hottest."""
    return 0 if value <= 0 or most <= 0 else max(1, min(LEVELS, -int(-value * LEVELS // most)))


def _marks(seen: Seen, necks: Sequence[Neck], file: str) -> dict[str, Any]:
    most = max((heat_of(each, seen.ask.heat) for each in necks), default=0)
    return {
        "heat": {
            each.element: {
                "level": level(heat_of(each, seen.ask.heat), most),
                "words": _tag(each, seen.ask.heat),
                "href": step_href(seen, each),
            }
            for each in necks
            if file_of(seen, each.diagram) == file and heat_of(each, seen.ask.heat) > 0
        }
    }


def _tag(neck: Neck, heat: str) -> str:
    value = heat_of(neck, heat)
    return in_time(value) if heat in ("waiting", "dwell") else formats.number(value)


def step_href(seen: Seen, neck: Neck) -> str:
    """The page of a step."""
    days: dict[str, Any] = {"from": seen.period.start.isoformat(), "to": seen.period.last.isoformat()}
    where: dict[str, Any] = {"diagram": neck.diagram, "element": neck.element}
    return url_for("reports.bottleneck_step", **seen.ask.kept(), version=seen.only, **days, **where)


# ------------------------------------------------------------------------------------------------ the paper


def _paper(seen: Seen, necks: Sequence[Neck]) -> Paper:
    return Paper(
        key="bottlenecks",
        title=gettext("Bottlenecks"),
        about=seen.about,
        known=seen.window[1],
        finding=_finding(seen, necks),
        definition=[str(MEANINGS[seen.ask.heat]), str(BEGUN)],
        figures=[_figure(seen, necks)] if any(each.sums.queue for each in necks) else [],
        tables=[_table(seen, necks)],
    )


def _finding(seen: Seen, necks: Sequence[Neck]) -> str:
    if seen.ask.heat != "waiting":
        return _most(seen, necks)
    return _finding_of_waiting(seen, necks)


def _finding_of_waiting(seen: Seen, necks: Sequence[Neck]) -> str:
    top = necks[0] if necks else None
    if top is None or not top.sums.queue:
        return str(gettext("No work waited in these days."))
    said = gettext(
        "Work waits longest at “%(step)s”: %(time)s in all, %(share)s of all waiting.",
        step=seen.plans.step(top.diagram, top.element),
        time=in_time(top.sums.queue),
        share=formats.percent(top.share),
    )
    length = top.sums.queue / max((seen.window[1] - seen.window[0]).total_seconds(), 1)
    more = gettext("On average %(n)s stood in its queue", n=formats.number(length, 1))
    now = ngettext("%(num)d stands there at the end.", "%(num)d stand there at the end.", top.sums.waiting)
    return f"{said} {more}; {now}"


def _most(seen: Seen, necks: Sequence[Neck]) -> str:
    """The same of another way to shade."""
    heat = seen.ask.heat
    hottest = max(necks, key=lambda each: heat_of(each, heat), default=None)
    if hottest is None or not heat_of(hottest, heat):
        return str(gettext("%(heat)s: nothing in these days.", heat=HEATS[heat]))
    step = seen.plans.step(hottest.diagram, hottest.element)
    return str(
        gettext("%(heat)s: most at “%(step)s”, %(n)s.", heat=HEATS[heat], step=step, n=_tag(hottest, heat))
    )


def _figure(seen: Seen, necks: Sequence[Neck]) -> Figure:
    rows = [
        (
            seen.plans.step(each.diagram, each.element),
            Part(
                each.sums.queue,
                step_href(seen, each),
                f"{seen.plans.step(each.diagram, each.element)}: {in_time(each.sums.queue)}",
            ),
            in_time(each.sums.queue),
            formats.percent(each.share),
        )
        for each in necks[:8]
        if each.sums.queue
    ]
    said = PlotWords(gettext("Where work waited"), _finding_of_waiting(seen, necks))
    return Figure("waiting", said.title, said.finding, charts.ranked(rows, said), "steps")


def _table(seen: Seen, necks: Sequence[Neck]) -> Table:
    columns = (
        Column(pgettext("report", "Step")),
        Column(gettext("waited in all"), "days"),
        Column(pgettext("report", "share"), "share"),
        Column(gettext("waits at the end"), "count"),
        Column(gettext("became ready"), "count"),
        Column(pgettext("steps", "completed"), "count"),
        Column(gettext("not begun, ended"), "count"),
        Column("p50", "days"),
        Column("p85", "days"),
        Column(gettext("had it, mean"), "days"),
        Column(pgettext("steps", "done again"), "count"),
        Column(gettext("promises broken"), "count"),
    )
    return Table("steps", pgettext("steps", "Steps"), columns, [_line(seen, each) for each in necks])


def _line(seen: Seen, neck: Neck) -> list[Cell]:
    where = {"diagram": neck.diagram, "element": neck.element}
    sums = neck.sums
    ended = sums.done + sums.cancelled

    def count(n: int, kind: str) -> Cell:
        return Cell(n, seen.listed(kind, **where) if n else "")

    return [
        Cell(seen.plans.step(neck.diagram, neck.element), step_href(seen, neck)),
        Cell(in_days(sums.queue), seen.listed("queued", **where) if sums.queue else ""),
        Cell(neck.share),
        count(sums.waiting, "waiting"),
        count(sums.ready, "ready"),
        count(sums.done, "done"),
        count(sums.abandoned, "abandoned"),
        Cell(in_days(neck.p50)),
        Cell(in_days(neck.p85)),
        Cell(in_days(sums.worked / ended) if ended and sums.worked else None),
        count(neck.rework, "again"),
        count(neck.broken, "broken"),
    ]


# ------------------------------------------------------------------------------------------------ one step


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
