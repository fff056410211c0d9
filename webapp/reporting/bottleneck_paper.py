"""Bottlenecks as one description: finding, picture and table of where work waits."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext, pgettext
from sqlalchemy.orm import Session

from engine.people import Person
from reports import charts, waiting
from reports.charts import Part, PlotWords
from reports.waiting import Neck
from webapp import formats
from webapp.reporting.address import Asked
from webapp.reporting.heat import HEATS, MEANINGS, heat_of, hottest, step_href, tag
from webapp.reporting.paper import Cell, Column, Figure, Paper, Table
from webapp.reporting.seen import Seen, in_days, in_time, look, opening

BEGUN = lazy_gettext(
    "A step begins when somebody takes it; one that nobody took began when it was done. Times are round the clock; p50 and p85 are of steps that became ready in these days and have begun."
)


def paper(session: Session, ask: Asked, viewer: Person | None) -> Paper:
    """Bottlenecks as one description."""
    seen = look(session, ask, viewer)
    return paper_of(seen, necks_of(seen))


def plain(session: Session, ask: Asked, viewer: Person | None) -> dict[str, Any]:
    """Every number of the bottlenecks, lengths in seconds and exact."""
    seen = look(session, ask, viewer)
    found = waiting.necks(session, seen.scope, seen.period, seen.window, version=seen.only, exact=True)
    return {
        **opening(seen, "bottlenecks"),
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


def necks_of(seen: Seen) -> list[Neck]:
    """The steps in which work waited, the most first."""
    return waiting.necks(seen.session, seen.scope, seen.period, seen.window, version=seen.only)


def paper_of(seen: Seen, necks: Sequence[Neck]) -> Paper:
    """The description of what was read."""
    return Paper(
        key="bottlenecks",
        title=gettext("Bottlenecks"),
        about=seen.about,
        known=seen.window[1],
        finding=_finding(seen, necks),
        definition=[str(MEANINGS[seen.ask.heat]), str(BEGUN)],
        figures=[_figure(seen, necks)] if any(each.sums.queue for each in necks) else [],
        tables=[_table(seen, hottest(seen, necks))],
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
        gettext("%(heat)s: most at “%(step)s”, %(n)s.", heat=HEATS[heat], step=step, n=tag(hottest, heat))
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
