"""Variants on the screen: the ways that cases really took, drawn on the diagram, with loops and skips."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, ngettext, pgettext
from sqlalchemy.orm import Session

from engine.people import Person
from reports import charts, variants
from reports.charts import Part, PlotWords
from reports.variants import Again, Element, Follow, Path, Variant
from webapp import formats
from webapp.access import needs
from webapp.reporting.address import Asked, changed
from webapp.reporting.asked import one_of
from webapp.reporting.heat import drawings_shown, file_of
from webapp.reporting.page import bp
from webapp.reporting.paper import Cell, Column, Figure, Paper, Table
from webapp.reporting.seen import Seen, around, begun, in_days, look, nothing, opening

TOP, PAIRS, LONGEST = 15, 25, 7

DEFINITION = (
    lazy_gettext(
        "A variant is a way that cases took: the steps completed in them, in the order in which they were completed. Only cases that ended in these days are counted; open ones stand apart, their way is not over."
    ),
    lazy_gettext(
        "A loop is a step completed again in the same case. A skip is a step of the most frequent way that a case did without. Rework counts executions beyond the first: by the same person (repeat) or by another (redo)."
    ),
)


@bp.get("/variants", endpoint="variants")
@needs("employee", "director")
def page() -> ResponseReturnValue:
    """The ways, and the chosen one on the drawing."""
    seen = begun()
    if seen is None:
        return nothing()
    ended, running = _paths(seen)
    ways = variants.variants(ended)
    key = request.args.get("variant", "")
    one_of(request.args, "variant", {each.key for each in ways})
    chosen = next((each for each in ways if each.key == key), ways[0] if ways else None)
    drawings = drawings_shown(seen)
    shown = one_of(request.args, "drawing", drawings) or next(iter(drawings), "")
    return render_template(
        "reporting/variants.html",
        paper=_paper(seen, ended, running, ways),
        chosen=chosen,
        chosen_place=ways.index(chosen) + 1 if chosen else 0,
        chosen_steps=[_named(seen, each) for each in chosen.steps] if chosen else [],
        loops=_loops(seen, chosen) if chosen else [],
        skips=[_named(seen, each) for each in chosen.skips(ways[0])] if chosen else [],
        cases_href=seen.cases(chosen.key) if chosen else "",
        drawings=drawings,
        drawing=shown,
        marks=_marks(seen, chosen, ways[0], shown) if chosen else {},
        **around(seen),
    )


def paper(session: Session, ask: Asked, viewer: Person | None) -> Paper:
    """Variants as one description."""
    seen = look(session, ask, viewer)
    ended, running = _paths(seen)
    return _paper(seen, ended, running, variants.variants(ended))


def plain(session: Session, ask: Asked, viewer: Person | None) -> dict[str, Any]:
    """Every variant, what follows what, and rework; times in seconds."""
    seen = look(session, ask, viewer)
    ended, running = _paths(seen)
    return {
        **opening(seen, "variants"),
        "ended": len(ended),
        "open": len(running),
        "variants": [
            {
                "key": each.key,
                "n": each.n,
                "share": each.share,
                "mean_seconds": each.mean,
                "steps": [".".join(step) for step in each.steps],
            }
            for each in variants.variants(ended)
        ],
        "follows": [
            {
                "from": ".".join(each.first),
                "to": ".".join(each.second),
                "n": each.n,
                "mean_seconds": each.mean,
            }
            for each in variants.follows(ended)
        ],
        "rework": [
            {"step": ".".join(each.step), "cases": each.cases, "repeats": each.repeats, "redos": each.redos}
            for each in variants.rework(ended)
        ],
    }


def _paths(seen: Seen) -> tuple[list[Path], list[Path]]:
    return variants.paths(seen.session, seen.scope, seen.window, version=seen.only)


def _named(seen: Seen, step: Element) -> str:
    return seen.plans.step(*step)


def _loops(seen: Seen, way: Variant) -> list[str]:
    return [f"{_named(seen, step)} ×{n + 1}" for step, n in way.loops.items()]


def _marks(seen: Seen, way: Variant, usual: Variant, file: str) -> dict[str, Any]:
    """The flows that the cases of a way took, its steps, loops with how often, and what it skips."""
    taken = variants.flows(seen.session, way.instances)
    here = {flow: n for (diagram, flow), n in taken.items() if file_of(seen, diagram) == file}
    steps_here = [element for diagram, element in way.steps if file_of(seen, diagram) == file]
    loops = {
        element: f"↻ {n + 1}×"
        for (diagram, element), n in way.loops.items()
        if file_of(seen, diagram) == file
    }
    skips = {element: "∅" for diagram, element in way.skips(usual) if file_of(seen, diagram) == file}
    return {
        "done": [*dict.fromkeys(steps_here), *here],
        "found": {**loops, **skips},
        "taken": _parted(here, way.n),
    }


def _parted(flows: dict[str, int], whole: int) -> dict[str, str]:
    """A figure only where ways part: what every case took needs none."""
    return {flow: formats.number(n) for flow, n in flows.items() if n < whole}


# ------------------------------------------------------------------------------------------------ the paper


def _paper(seen: Seen, ended: Sequence[Path], running: Sequence[Path], ways: Sequence[Variant]) -> Paper:
    again, pairs = variants.rework(ended), variants.follows(ended)
    tables = [_table(seen, ways)] if ways else []
    tables += [_rework(seen, again)] if again else []
    tables += [_pairs(seen, pairs, ended)] if pairs else []
    return Paper(
        key="variants",
        title=gettext("Variants"),
        about=seen.about,
        known=seen.window[1],
        finding=_finding(ended, running, ways),
        definition=[str(each) for each in DEFINITION],
        figures=[_figure(seen, ways)] if ways and ways[0].n > 1 else [],
        tables=tables,
    )


def _finding(ended: Sequence[Path], running: Sequence[Path], ways: Sequence[Variant]) -> str:
    if not ways:
        return str(gettext("No case ended in these days; %(n)s are open.", n=formats.number(len(running))))
    said: str = ngettext(
        "%(num)d case ended on %(ways)s ways",
        "%(num)d cases ended on %(ways)s ways",
        len(ended),
        ways=formats.number(len(ways)),
    )
    more = gettext(
        "the most frequent holds %(share)s of them. %(n)s are open and counted apart.",
        share=formats.percent(ways[0].share),
        n=formats.number(len(running)),
    )
    return f"{said}; {more}"


def _figure(seen: Seen, ways: Sequence[Variant]) -> Figure:
    rows = [
        (
            gettext("%(place)s: %(steps)s steps", place=place, steps=len(each.steps)),
            Part(each.n, seen.cases(each.key), f"{place}: {each.n}"),
            formats.number(each.n),
            formats.percent(each.share),
        )
        for place, each in enumerate(ways[:10], 1)
    ]
    finding = gettext(
        "Ten ways hold %(share)s of the cases.", share=formats.percent(sum(each.share for each in ways[:10]))
    )
    said = PlotWords(gettext("The most frequent ways"), finding)
    return Figure("ways", said.title, said.finding, charts.ranked(rows, said), "variants")


def _table(seen: Seen, ways: Sequence[Variant]) -> Table:
    columns = (
        Column(pgettext("variant", "Way")),
        Column(pgettext("steps", "cases"), "count"),
        Column(pgettext("report", "share"), "share"),
        Column(gettext("mean length"), "days"),
        Column(pgettext("variant", "steps"), "count"),
        Column(pgettext("variant", "loops")),
        Column(pgettext("variant", "skips")),
    )
    rows = [_row(seen, place, each, ways[0]) for place, each in enumerate(ways[:TOP], 1)]
    return Table("variants", gettext("Ways that cases took"), columns, rows)


def _row(seen: Seen, place: int, way: Variant, usual: Variant) -> list[Cell]:
    named = [_named(seen, step) for step in way.steps]
    shown = " → ".join(named[:LONGEST]) + (" → …" if len(named) > LONGEST else "")
    return [
        Cell(f"{place}", _way_href(way), shown or gettext("no step completed")),
        Cell(way.n, seen.cases(way.key)),
        Cell(way.share),
        Cell(in_days(way.mean)),
        Cell(len(way.steps)),
        Cell(", ".join(_loops(seen, way))),
        Cell(", ".join(_named(seen, step) for step in way.skips(usual))),
    ]


def _way_href(way: Variant) -> str:
    return f"{changed(variant=way.key)}#way" if request and request.endpoint == "reports.variants" else ""


def _rework(seen: Seen, again: Sequence[Again]) -> Table:
    columns = (
        Column(pgettext("report", "Step")),
        Column(pgettext("steps", "cases"), "count"),
        Column(pgettext("steps", "done again"), "count"),
        Column(gettext("by the same person"), "count"),
        Column(gettext("by another"), "count"),
    )
    rows = [
        [
            Cell(_named(seen, each.step)),
            Cell(each.cases, seen.cases(again=".".join(each.step))),
            _done(seen, each.repeats + each.redos, "again", each.step),
            _done(seen, each.repeats, "repeat", each.step),
            _done(seen, each.redos, "redo", each.step),
        ]
        for each in again
    ]
    return Table("rework", gettext("Done again in the cases that ended"), columns, rows)


def _done(seen: Seen, n: int, kind: str, step: Element, **more: str) -> Cell:
    """A number of steps done in the cases that ended, with their list."""
    diagram, element = step
    return Cell(n, seen.listed(kind, diagram=diagram, element=element, over=1, **more) if n else "")


def cases_of(ended: Sequence[Path]) -> Counter[tuple[Element, Element]]:
    """In how many cases one step was completed right after another."""
    return Counter(pair for path in ended for pair in set(pairwise(path.steps)))


def _pairs(seen: Seen, pairs: Sequence[Follow], ended: Sequence[Path]) -> Table:
    columns = (
        Column(pgettext("report", "Step")),
        Column(gettext("followed by")),
        Column(pgettext("steps", "cases"), "count"),
        Column(pgettext("steps", "times"), "count"),
        Column(gettext("mean time between"), "days"),
    )
    held = cases_of(ended)
    rows = [
        [
            Cell(_named(seen, each.first)),
            Cell(_named(seen, each.second)),
            Cell(
                held[each.first, each.second],
                seen.cases(first=".".join(each.first), then=".".join(each.second)),
            ),
            _done(seen, each.n, "after", each.second, first=".".join(each.first)),
            Cell(in_days(each.mean)),
        ]
        for each in pairs[:PAIRS]
    ]
    return Table("follows", gettext("What is completed after what"), columns, rows)
