"""The funnel as a paper: what the screen shows, for print, mail and files."""

from collections.abc import Iterator, Sequence

from flask_babel import gettext, pgettext
from sqlalchemy.orm import Session

from engine.people import Person
from reports import funnel_compare, funnel_items, funnel_reading
from reports.funnel import ENOUGH, Cohort, Dwell
from reports.funnel_flow import OUTCOMES, Flow
from reports.funnel_reading import Part
from reports.movements import Total
from reports.queries import Scope
from reports.survival import Estimate
from webapp.reporting import funnel_pictures as pictures
from webapp.reporting import funnel_words as said
from webapp.reporting import words
from webapp.reporting.address import Asked
from webapp.reporting.funnel_asked import options
from webapp.reporting.funnel_lists import ALL, WON
from webapp.reporting.funnel_sides import Side, sides
from webapp.reporting.paper import Cell, Column, Figure, Form, Paper, Table
from webapp.reporting.words import Names


def paper(session: Session, ask: Asked, viewer: Person | None) -> Paper:
    """The funnel in the view that the address asks for."""
    scope, names = ask.scope(session, viewer), Names(session, ask.ladder)
    return (_flow if ask.view == "flow" else _cohort)(session, ask, scope, names, viewer)


def _cohort(session: Session, ask: Asked, scope: Scope, names: Names, viewer: Person | None) -> Paper:
    window, view, chosen = ask.cohort(), funnel_items.view_of(ask.view), options(ask)
    found = funnel_reading.cohort(session, scope, ask.ladder, window, now=ask.moment, view=view)
    finding = str(said.finding(found, names, lambda _fate, _stage: "").striptags())
    tables = [_stages(ask, found, names), _months(ask, found, names)]
    if chosen.segment:
        parts = funnel_reading.segments(
            session, scope, ask.ladder, window, chosen.segment, now=ask.moment, view=view
        )
        titles = [said.value(session, ask.ladder, names, chosen.segment, part.value) for part in parts]
        tables.append(_segments(ask, parts, titles, chosen.segment, names))
    both = sides(session, ask, chosen, viewer, now=ask.moment) if chosen.against else None
    if both:
        tables.append(_compared(ask, both, names))
    picture = str(pictures.funnel(ask, found, names))
    title = gettext("How many reached each stage and what became of them")
    return _paper(ask, finding, [Figure("funnel", title, finding, picture, "stages")], tables)


def _flow(session: Session, ask: Asked, scope: Scope, names: Names, _viewer: Person | None) -> Paper:
    flows = funnel_reading.flow(session, scope, ask.ladder, ask.cohort(), now=ask.moment)
    neck = max(flows, key=lambda each: each.dwell.total, default=None)
    finding = str(said.flow_finding(neck, names).striptags()) if neck else ""
    return _paper(ask, finding, [], [_left(ask, flows, names)])


def _paper(ask: Asked, finding: str, figures: Sequence[Figure], tables: Sequence[Table]) -> Paper:
    window = ask.cohort()
    about = words.days(window.start, window.last)
    title = f"{pgettext('report', 'Funnel')} · {said.view(ask.view)}"
    return Paper(
        "funnel", title, about, ask.moment, finding, said.definition(ask.view, window), figures, tables
    )


def _columns(first: str, *rest: tuple[str, Form]) -> list[Column]:
    return [Column(first), *(Column(title, form) for title, form in rest)]


MATURE: tuple[Form, ...] = ("share", "share", "share")


def _mature_heads() -> list[tuple[str, Form]]:
    heads = (gettext("when all have ended"), gettext("at least"), gettext("at most"))
    return list(zip(heads, MATURE, strict=True))


def _mature(found: Estimate | None, *, enough: bool = True) -> list[Cell]:
    if found is None or not enough:
        return [Cell(None, note=gettext("not enough yet"))] * 3
    return [Cell(found.share), Cell(found.low), Cell(found.high)]


def _days(dwell: Dwell) -> list[Cell]:
    ever = dwell.ended + dwell.open
    return [
        Cell(value, note=pgettext("report", "not reached") if value is None and ever else "")
        for value in (dwell.p50, dwell.p85, dwell.p95)
    ]


def _stages(ask: Asked, found: Cohort, names: Names) -> Table:
    fates = [fate for fate in funnel_items.FATES if _is_told(found, fate)]
    titles = {
        "reached": pgettext("report", "reached"),
        "touched": gettext("stood on it"),
        "skipped": pgettext("report", "skipped"),
        "further": gettext("went further"),
        "lost": pgettext("report", "lost"),
        "open": pgettext("report", "open"),
        "gone": gettext("to another process"),
        "aside": gettext("won another way"),
    }
    form: Form = "count" if ask.measure == "count" else "money"
    columns = _columns(
        pgettext("report", "Stage"),
        *((titles[fate], form) for fate in fates),
        (pgettext("report", "conversion"), "share"),
        *_mature_heads(),
        ("p50", "days"),
        ("p85", "days"),
        ("p95", "days"),
        (gettext("days spent in all"), "days"),
    )
    rows = [
        [
            Cell(names.stage(step.stage)),
            *(_count(ask, found, getattr(step, fate), fate, step.stage) for fate in fates),
            Cell(step.conversion),
            *_mature(step.mature),
            *_days(step.dwell),
            Cell(step.dwell.total),
        ]
        for step in found.steps
    ]
    return Table("stages", gettext("Stage by stage"), columns, rows)


def _is_told(found: Cohort, fate: str) -> bool:
    if fate in ("touched", "skipped"):
        return found.view == "cohort"
    if fate == "aside":
        return found.view == "strict"
    return fate != "gone" or bool(found.gone.n)


def _count(ask: Asked, found: Cohort, total: Total, fate: str, stage: str) -> Cell:
    value = total.n if ask.measure == "count" else total.money / 100
    return Cell(value, pictures.within(ask, found, fate, stage) if total.n else "")


def _months(ask: Asked, found: Cohort, names: Names) -> Table:
    heads = [*(names.stage(step.stage) for step in found.steps[1:]), said.whole("won")]
    stages = [*(step.stage for step in found.steps[1:]), WON]
    columns = _columns(
        pgettext("report", "Created"),
        ("n", "count"),
        *((head, "share") for head in heads),
        (said.whole("lost"), "count"),
        (said.whole("open"), "count"),
    )
    rows = []
    for month in found.months:
        shares = [
            Cell(
                reached / month.n if month.n else None,
                ask.cell(month.period, found.view, "reached", stage) if reached else "",
                gettext("too young") if young else "",
            )
            for stage, reached, young in zip(stages, month.reached[1:], month.young[1:], strict=True)
        ]
        ends = [
            Cell(n, ask.cell(month.period, found.view, fate, ALL) if n else "")
            for fate, n in (("reached", month.n), ("lost", month.lost), ("open", month.open))
        ]
        rows.append([Cell(words.month(month.period)), ends[0], *shares, *ends[1:]])
    return Table("months", gettext("Month by month"), columns, rows)


def _segments(ask: Asked, parts: Sequence[Part], titles: Sequence[str], segment: str, names: Names) -> Table:
    stages = [step.stage for step in parts[0].cohort.steps[1:]] if parts else []
    columns = _columns(
        said.segment(segment),
        ("n", "count"),
        *((names.stage(stage), "share") for stage in stages),
        (said.whole("won"), "share"),
        *_mature_heads(),
        (gettext("days until won"), "days"),
    )
    rows = [[Cell(title), *_part(ask, part, segment)] for part, title in zip(parts, titles, strict=True)]
    return Table("segments", gettext("By segment"), columns, rows)


def _part(ask: Asked, part: Part, segment: str) -> Iterator[Cell]:
    of, whole = part.cohort, part.cohort.created.n
    yield Cell(whole, pictures.within(ask, of, "reached", ALL, segment, part.value))
    for stage, n in (*((step.stage, step.reached.n) for step in of.steps[1:]), (WON, of.arrived.n)):
        yield Cell(n / whole, pictures.within(ask, of, "reached", stage, segment, part.value) if n else "")
    yield from _mature(of.mature, enough=whole >= ENOUGH)
    yield Cell(of.to_win.p50)


def _compared(ask: Asked, both: tuple[Side, Side], names: Names) -> Table:
    titles = [
        gettext("version %(number)s", number=side.value)
        if side.value
        else words.days(side.cohort.window.start, side.cohort.window.last)
        for side in both
    ]
    heads: list[tuple[str, Form]] = []
    for title in titles:
        heads += [(title, "count"), (gettext("went further"), "count"), *_mature_heads()]
    columns = _columns(pgettext("report", "Stage"), *heads, (gettext("What may be said"), "text"))
    rows = []
    for row in funnel_compare.compare(both[0].cohort, both[1].cohort):
        cells = [Cell(names.stage(row.stage) if row.stage else gettext("from creation until won"))]
        for place, side in enumerate(both):
            segment = "version" if side.value else ""
            reached = pictures.within(ask, side.cohort, "reached", row.stage or ALL, segment, side.value)
            fate, stage = ("further", row.stage) if row.stage else ("reached", WON)
            further = pictures.within(ask, side.cohort, fate, stage, segment, side.value)
            n, some = row.n[place], row.some[place]
            cells += [Cell(n, reached if n else ""), Cell(some, further if some else "")]
            cells += _mature(row.mature[place])
        rows.append([*cells, Cell(said.verdict(row.verdict))])
    return Table("compare", gettext("Side by side"), columns, rows)


def _left(ask: Asked, flows: Sequence[Flow], names: Names) -> Table:
    columns = _columns(
        pgettext("report", "Stage"),
        (gettext("stays begun"), "count"),
        (gettext("flow ratio"), "share"),
        (gettext("stays ended"), "count"),
        *((said.fate("flow", outcome), "count") for outcome in OUTCOMES),
        ("p50", "days"),
        ("p85", "days"),
        ("p95", "days"),
        (gettext("days spent in all"), "days"),
    )
    rows = []
    for flow in flows:
        counts = [("", flow.ended), *((outcome, flow.outcomes.get(outcome, 0)) for outcome in OUTCOMES)]
        cells = [
            Cell(n, ask.cell(ask.cohort(), "flow", fate, flow.stage) if n else "")
            for fate, n in (("entries", flow.entries), *counts)
        ]
        rows.append(
            [
                Cell(names.stage(flow.stage)),
                cells[0],
                Cell(flow.ratio),
                *cells[1:],
                *_days(flow.dwell),
                Cell(flow.dwell.total),
            ]
        )
    return Table("flow", gettext("How stages were left"), columns, rows)
