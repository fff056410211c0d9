"""Flow on the screen: how much of a case's time is worked, how the work piles up, what was done by hand."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, ngettext, pgettext
from sqlalchemy.orm import Session

from engine.history import Event
from engine.people import Person
from reports import charts, flow
from reports.charts import Layer, Part, PlotWords
from reports.flow import Case, Level
from reports.periods import Period
from webapp import formats, override_words
from webapp.access import needs
from webapp.reporting import words
from webapp.reporting.address import Asked
from webapp.reporting.page import bp
from webapp.reporting.paper import Cell, Column, Figure, Paper, Table
from webapp.reporting.seen import Seen, around, begun, called, in_days, look, nothing, opening

WORST, HANDS = 15, 100
BEGINNING = date(1990, 1, 1)
"""No history is older."""

DEFINITION = (
    lazy_gettext(
        "Flow efficiency = time in which somebody had a step of the case / time from its start to its end, of all cases that ended in these days together. Time in which two had a step is counted once. Round the clock, and in the work time of the department of whoever leads the case."
    ),
    lazy_gettext(
        "Cumulative flow: how many had ever reached a stage or one beyond by the end of a period. The height between two lines is how many have reached the one and not the next, lost ones included."
    ),
    lazy_gettext("By hand: what operators did outside the diagram, with who and why."),
)


@bp.get("/flow", endpoint="flow")
@needs("employee", "director")
def page() -> ResponseReturnValue:
    """Flow efficiency, cumulative flow, overrides."""
    seen = begun()
    if seen is None:
        return nothing()
    return render_template("reporting/process.html", paper=_paper(seen), **around(seen))


def paper(session: Session, ask: Asked, viewer: Person | None) -> Paper:
    """Flow as one description."""
    return _paper(look(session, ask, viewer))


def plain(session: Session, ask: Asked, viewer: Person | None) -> dict[str, Any]:
    """Every number of the flow; times in seconds."""
    seen = look(session, ask, viewer)
    cases = flow.cases(session, seen.scope, seen.window)
    whole = flow.efficiency(cases)
    names = [*ask.ladder.keys, "won"]
    return {
        **opening(seen, "flow"),
        "cases": whole.n,
        "touch_seconds": whole.touch,
        "span_seconds": whole.span,
        "efficiency": whole.share,
        "work_touch_seconds": whole.work_touch,
        "work_span_seconds": whole.work_span,
        "work_efficiency": whole.work_share,
        "cumulative": [
            {"to": each.period.last.isoformat(), "reached": dict(zip(names, each.reached, strict=True))}
            for each in flow.course(session, seen.scope, ask.ladder, seen.period)
        ],
        "by_hand": [_told(each) for each in session.scalars(flow.by_hand(seen.scope, seen.window))],
    }


def _told(event: Event) -> dict[str, Any]:
    data = event.data or {}
    return {
        "instance": event.instance_id,
        "at": event.at.isoformat(),
        "what": data.get("what") or event.kind,
        "person": event.actor_id,
        "reason": data.get("reason"),
    }


def _paper(seen: Seen) -> Paper:
    cases = flow.cases(seen.session, seen.scope, seen.window)
    levels = flow.course(seen.session, seen.scope, seen.ask.ladder, _finer(seen.period))
    hands = seen.session.scalars(flow.by_hand(seen.scope, seen.window).limit(HANDS)).all()
    return Paper(
        key="flow",
        title=pgettext("report", "Flow"),
        about=seen.about,
        known=seen.window[1],
        finding=_finding(cases),
        definition=[str(each) for each in DEFINITION],
        figures=[_figure(seen, levels)] if any(each.reached[0] for each in levels) else [],
        tables=[
            _by_period(seen, cases),
            _cumulative(seen, levels),
            *([_worst(cases)] if cases else []),
            *([_by_hand(seen, hands)] if hands else []),
        ],
    )


def _finer(period: Period) -> Period:
    """Weeks for up to thirty of them, else months: a picture of three points shows nothing."""
    return Period(period.start, period.end, "week" if period.days <= 210 else "month")


def _finding(cases: Sequence[Case]) -> str:
    if not cases:
        return str(gettext("No case ended in these days."))
    whole = flow.efficiency(cases)
    said = ngettext(
        "Of the time of %(num)d case that ended, somebody worked on it for %(share)s",
        "Of the time of %(num)d cases that ended, somebody worked on them for %(share)s",
        whole.n,
        share=formats.percent(whole.share, 1),
    )
    more = gettext(
        "%(share)s of the work time; the rest is waiting.", share=formats.percent(whole.work_share, 1)
    )
    return f"{said}, {more}"


def _by_period(seen: Seen, cases: Sequence[Case]) -> Table:
    columns = (
        Column(pgettext("report", "Period")),
        Column(gettext("cases ended"), "count"),
        Column(gettext("mean length"), "days"),
        Column(gettext("worked on, mean"), "days"),
        Column(gettext("flow efficiency"), "share"),
        Column(gettext("in work time"), "share"),
    )
    rows = []
    for part, each in reversed(flow.by_period(cases, seen.period)):
        rows.append(
            [
                Cell(words.span(part)),
                Cell(each.n, _cases_href(seen, part) if each.n else ""),
                Cell(in_days(each.span / each.n) if each.n else None),
                Cell(in_days(each.touch / each.n) if each.n else None),
                Cell(each.share),
                Cell(each.work_share),
            ]
        )
    return Table("efficiency", gettext("Flow efficiency"), columns, rows)


def _cases_href(seen: Seen, part: Period) -> str:
    days: dict[str, Any] = {"from": part.start.isoformat(), "to": part.last.isoformat()}
    kept: dict[str, Any] = seen.ask.kept()
    return url_for("reports.cases", **kept, **days, variant="*")


def _figure(seen: Seen, levels: Sequence[Level]) -> Figure:
    """The first stage stands highest; each layer's upper edge is how many ever came so far."""
    names = _stages(seen)
    layers = [
        Layer(name, [_part(seen, level, rank, name) for level in levels], "gw" if stage == "won" else "")
        for rank, (stage, name) in enumerate(names, 1)
    ]
    last = levels[-1]
    finding = gettext(
        "%(all)s had reached “%(first)s”, %(won)s were won.",
        all=formats.number(last.reached[0]),
        first=names[0][1],
        won=formats.number(last.reached[-1]),
    )
    said = PlotWords(gettext("Cumulative flow"), finding)
    labels = [" ".join(words.labels(level.period)) for level in levels]
    return Figure(
        "cumulative", said.title, finding, charts.areas(layers, labels, said, cumulative=True), "cumulative"
    )


def _stages(seen: Seen) -> list[tuple[str, str]]:
    known = [(key, seen.names.stage(key)) for key in seen.ask.ladder.keys]
    return [*known, ("won", pgettext("report", "Won"))]


def _part(seen: Seen, level: Level, rank: int, name: str) -> Part:
    n = level.reached[rank - 1]
    title = f"{words.span(level.period)}, {name}: {formats.number(n)}"
    return Part(n, _reach_href(seen, level.period, rank), title)


def _reach_href(seen: Seen, part: Period, rank: int) -> str:
    keys = [*seen.ask.ladder.keys, "won"]
    return seen.ask.cell(part, "reach", "", keys[rank - 1])


def _cumulative(seen: Seen, levels: Sequence[Level]) -> Table:
    """By the end of each period how many had ever come so far; the link opens those of the period itself."""
    names = _stages(seen)
    columns = (Column(gettext("By the end of")), *(Column(name, "count") for _, name in names))
    rows = []
    for place in range(len(levels) - 1, -1, -1):
        level = levels[place]
        rows.append(
            [
                Cell(words.span(level.period)),
                *(_since(seen, level, rank) for rank in range(1, len(names) + 1)),
            ]
        )
    return Table("cumulative", gettext("How many had ever reached each stage"), columns, rows)


def _since(seen: Seen, level: Level, rank: int) -> Cell:
    """All of them since the beginning of the ladder's history."""
    n = level.reached[rank - 1]
    since = Period(BEGINNING, level.period.end)
    return Cell(n, _reach_href(seen, since, rank) if n else "")


def _worst(cases: Sequence[Case]) -> Table:
    columns = (
        Column(pgettext("report", "Case")),
        Column(pgettext("report", "Ended"), "day"),
        Column(pgettext("steps", "length"), "days"),
        Column(pgettext("steps", "worked on"), "days"),
        Column(gettext("flow efficiency"), "share"),
        Column(gettext("in work time"), "share"),
    )
    rows = [
        [
            Cell(each.title or f"#{each.instance_id}", url_for("cases.case", instance_id=each.instance_id)),
            Cell(each.ended.date()),
            Cell(in_days(each.span)),
            Cell(in_days(each.touch)),
            Cell(each.efficiency),
            Cell(each.work_efficiency),
        ]
        for each in sorted(cases, key=lambda each: each.touch - each.span)[:WORST]
    ]
    return Table("worst", gettext("The longest waits"), columns, rows)


def _by_hand(seen: Seen, hands: Sequence[Event]) -> Table:
    columns = (
        Column(pgettext("report", "When"), "moment"),
        Column(pgettext("report", "Who")),
        Column(pgettext("report", "What")),
        Column(gettext("Why")),
        Column(pgettext("report", "Case")),
    )
    seen.names.learn(each.actor_id for each in hands)
    titles = called(seen.session, {each.instance_id for each in hands if each.instance_id})
    rows = [_hand(seen, each, titles.get(each.instance_id or 0, "")) for each in hands]
    return Table("by_hand", gettext("By hand, outside the diagram"), columns, rows)


def _hand(seen: Seen, event: Event, title: str) -> list[Cell]:
    data, plan = event.data or {}, seen.plans.plan(seen.plans.versions[0])
    said = (
        gettext("took the case over to version %(version)s", version=data.get("to", "?"))
        if event.kind == "migrated"
        else override_words.told(plan, event)[0]
    )
    return [
        Cell(event.at),
        Cell(seen.names.person(event.actor_id) if event.actor_id else gettext("by itself")),
        Cell(said),
        Cell(str(data.get("reason") or "")),
        Cell(title or f"#{event.instance_id}", url_for("cases.case", instance_id=event.instance_id)),
    ]
