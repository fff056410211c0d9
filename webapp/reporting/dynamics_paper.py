"""Agreement dynamics as a paper for print, mail and files, and as plain numbers for machines."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_babel import gettext, pgettext
from sqlalchemy.orm import Session

from engine.people import Person
from reports import reading
from reports.balance import IN_KINDS, OUT_KINDS, Line
from reports.dynamics import Cause, Day, Passage, Row
from reports.movements import GREEN, GREY, RED, Total, Ways
from reports.periods import Period
from reports.reading import Dynamics
from reports.units import Unit
from webapp.reporting import between, pictures, words
from webapp.reporting import units as side
from webapp.reporting.address import Asked
from webapp.reporting.aims import Aims, aims
from webapp.reporting.finding import finding, remarks
from webapp.reporting.item_words import says
from webapp.reporting.paper import Cell, Column, Figure, Form, Paper, Table
from webapp.reporting.words import Names


def read(session: Session, ask: Asked, viewer: Person | None) -> tuple[Dynamics, Aims | None]:
    """The report and the goal beside it."""
    scope = ask.scope(session, viewer)
    parts = side.parts(session, ask, viewer)
    report = reading.movement(session, scope, ask.ladder, ask.window(), group=ask.group, parts=parts)
    return report, aims(session, ask, scope, report)


def paper(session: Session, ask: Asked, viewer: Person | None) -> Paper:
    """The report as a description: finding, picture, balance, periods, units, causes."""
    report, aim = read(session, ask, viewer)
    names = Names(session, ask.ladder)
    phrases, said = says(ask.ladder.of), finding(ask, report, names)
    picture = str(pictures.moves(ask, report, aim, said))
    periods = gettext("Period by period")
    figures = [Figure("moves", gettext("Picture of the moves"), said, picture, "bars")]
    tables = [
        _stages(ask, report, names, aim),
        _periods(ask, "periods", periods, report.rows),
        _periods(ask, "bars", gettext("The picture in figures"), [bar.row for bar in report.bars]),
        _units(session, ask, report, names, viewer),
        _causes(ask, report, names),
    ]
    if report.passages:
        tables.append(between.passages(ask, report, names))
        svg, what = str(between.streams(ask, report, names)), between.finding(ask, report, names)
        figures.append(Figure("between", tables[-1].title, what, svg, "between"))
    if report.ways:
        tables.append(between.weeks(ask, report))
        svg, what = str(between.calendar(ask, report)), between.extremes(ask, report)
        figures.append(Figure("days", tables[-1].title, what, svg, "days"))
    return Paper(
        "dynamics",
        gettext("Agreement dynamics"),
        about(session, ask, viewer, report.window, names),
        ask.moment,
        said,
        definition=(phrases["about"],),
        figures=figures,
        tables=tables,
        warnings=remarks(ask, report),
    )


def about(session: Session, ask: Asked, viewer: Person | None, window: Period, names: Names) -> str:
    """What a report covers, as its filter reads: ladder, section, whose, days."""
    chosen = ask.section_for(session, viewer)
    parts = [names.ladder, words.days(window.start, window.last)]
    if chosen is not None:
        parts.insert(1, str(gettext("section “%(title)s”", title=chosen.title)))
    if ask.product is not None:
        parts.insert(1, ask.product or str(pgettext("report", "without a product")))
    for id_ in (ask.department, ask.team):
        if id_:
            parts.insert(1, names.department(id_))
    if ask.owner:
        parts.insert(1, names.person(ask.owner))
    if ask.as_of:
        parts.append(str(gettext("as it was known on %(day)s", day=words.days(ask.as_of, ask.as_of))))
    return ", ".join(parts)


def _form(ask: Asked) -> Form:
    return "money" if ask.measure == "money" else "count"


def _cell(ask: Asked, total: Total, href: str = "") -> Cell:
    return Cell(total.money / 100 if ask.measure == "money" else total.n, href if total.n else "")


def _stages(ask: Asked, report: Dynamics, names: Names, aim: Aims | None) -> Table:
    """The balance: the whole ladder first, then every stage."""
    form, now = _form(ask), report.current.period
    of = ask.ladder.of
    ins, outs = (*IN_KINDS, "forward", "backward"), (*OUT_KINDS, "forward", "backward")
    columns = [
        Column(pgettext("report", "Stage")),
        Column(pgettext("report", "at the start"), form),
        *(Column(f"+ {words.kind(kind, of)}", form) for kind in ins),
        *(Column(f"− {words.kind(kind, of)}", form) for kind in outs),
        Column(gettext("changed amounts"), "money"),
        Column(pgettext("report", "at the end"), form),
        Column(gettext("it adds up")),
        Column(pgettext("report", "needed"), "count"),
        Column(pgettext("report", "idle"), "count"),
    ]
    rows = []
    for line in (report.whole, *report.stages):
        came = [_cell(ask, line.into(*_with_skips(each)), _into(ask, now, line, each)) for each in ins]
        went = [_cell(ask, line.out_of(*_with_skips(each)), _out(ask, now, line, each)) for each in outs]
        needed = aim.stage(line.stage, now) if aim and line.stage else None
        rows.append(
            [
                Cell(names.stage(line.stage) or gettext("Balance of the whole ladder")),
                _cell(ask, line.start, ask.stood(now.start, line.stage or None)),
                *came,
                *went,
                Cell(line.gained.money / 100),
                _cell(ask, line.end, ask.stood(now.end, line.stage or None)),
                Cell(pgettext("balance", "yes") if line.is_balanced else pgettext("balance", "NO")),
                Cell(None if needed is None else round(needed, 1)),
                Cell(report.idle.get(line.stage, Total()).n if line.stage else None),
            ]
        )
    return Table("balance", gettext("Balance of every stage"), columns, rows)


def _with_skips(kind: str) -> Sequence[str]:
    return ("forward", "forward_skip") if kind == "forward" else (kind,)


def _into(ask: Asked, now: Period, line: Line, kind: str) -> str:
    where = {"entered": line.stage} if line.stage else {"entered": "*", "left": "-"}
    return ask.listed(now, _with_skips(kind), **where)


def _out(ask: Asked, now: Period, line: Line, kind: str) -> str:
    where = {"left": line.stage} if line.stage else {"left": "*", "entered": "-"}
    return ask.listed(now, _with_skips(kind), **where)


def _periods(ask: Asked, key: str, title: str, rows: Sequence[Row]) -> Table:
    form, phrases = _form(ask), says(ask.ladder.of)
    columns = [
        Column(pgettext("report", "Period")),
        Column(f"▲ {pgettext('report', 'forward')}", form),
        Column(phrases["of_won"], form),
        Column(f"▼ {pgettext('report', 'back')}", form),
        Column(phrases["of_lost"], form),
        Column(pgettext("report", "net"), form),
        Column(gettext("share back"), "share"),
        Column(pgettext("report", "new"), form),
        Column(phrases["aside"], form),
        Column(gettext("Mistakes taken back, not counted"), form),
    ]
    told = [
        [
            Cell(words.span(row.period)),
            _cell(ask, row.green, ask.listed(row.period, GREEN)),
            _cell(ask, row.of("won"), ask.listed(row.period, ("won",))),
            _cell(ask, row.red, ask.listed(row.period, RED)),
            _cell(ask, row.of("lost"), ask.listed(row.period, ("lost",))),
            _cell(ask, row.net),
            Cell(row.red_share),
            _cell(ask, row.new, ask.listed(row.period, ("new",))),
            _cell(ask, row.grey, ask.listed(row.period, GREY)),
            _cell(ask, row.corrected, ask.listed(row.period, ("mistaken",))),
        ]
        for row in rows
    ]
    return Table(key, title, columns, told)


def _units(session: Session, ask: Asked, report: Dynamics, names: Names, viewer: Person | None) -> Table:
    form = _form(ask)
    columns = [
        Column(str(side.HEADS[report.group])),
        Column(f"▲ {pgettext('report', 'forward')}", form),
        Column(pgettext("report", "usually"), form),
        Column(f"▼ {pgettext('report', 'back')}", form),
        Column(pgettext("report", "net"), form),
    ]
    money = ask.measure == "money"
    rows = []
    for each in side.shown(ask, report, names, side.titles(session, viewer), linked=False):
        row, usual = each.unit.row, each.unit.usual
        habit = None if usual.money_green is None else usual.money_green / 100
        rows.append(
            [
                Cell(each.title),
                _cell(ask, row.green, each.green),
                Cell(habit if money else usual.green),
                _cell(ask, row.red, each.red),
                _cell(ask, row.net),
            ]
        )
    return Table("units", gettext("Who moved"), columns, rows)


def _causes(ask: Asked, report: Dynamics, names: Names) -> Table:
    columns = [
        Column(gettext("Caused by")),
        Column(pgettext("report", "Reason")),
        Column(f"▼ {pgettext('report', 'back')}", "count"),
    ]
    rows = [
        [
            Cell(pictures.caused_by(names, cause.department_id)),
            Cell(names.reason(reason)),
            Cell(n, ask.listed(report.current.period, RED, cause=cause.department_id, reason=reason)),
        ]
        for cause in report.causes
        for reason, n in cause.reasons
    ]
    return Table("causes", gettext("Whose doing it was"), columns, rows)


# ------------------------------------------------------------------------------------------------ for machines


def plain(session: Session, ask: Asked, viewer: Person | None) -> dict[str, Any]:
    """Every number of the report; docs/reports-json.md says what each means."""
    found, aim = read(session, ask, viewer)
    return {
        **_head(ask, found.window.start, found.window.last),
        "by": ask.by,
        "current": _row(found.current),
        "usual": _usual(found),
        "previous": _row(found.previous),
        "goal": _goal(found, aim),
        "periods": [_row(row) for row in found.rows],
        "bars": [_bar(bar, aim) for bar in found.bars],
        "balance": _line(found.whole),
        "stages": [_stage(found, line, aim) for line in found.stages],
        "passages": [_passage(each) for each in found.passages],
        "days": [_ways(day, ways) for day, ways in sorted(found.ways.items())],
        "group": found.group,
        "units": [_unit(found, unit) for unit in found.units],
        "causes": [_cause(cause) for cause in found.causes],
        "net": {name: getattr(found.net, name) for name in ("further", "back", "same", "recovered")},
    }


def _usual(found: Dynamics) -> dict[str, Any]:
    usual = found.usual
    return {
        "green": usual.green,
        "red": usual.red,
        "money_green": _units_of(usual.money_green),
        "money_red": _units_of(usual.money_red),
        "too_few": usual.too_few,
    }


def _bar(bar: Day, aim: Aims | None) -> dict[str, Any]:
    needed = aim.green(bar.row.period) if aim else None
    judged = {"usual": bar.usual, "limit": bar.limit, "off": bar.is_off, "low": bar.is_low}
    return {**_row(bar.row), **judged, "needed": needed}


def _stage(found: Dynamics, line: Line, aim: Aims | None) -> dict[str, Any]:
    return {
        **_line(line),
        "usual": found.habits.get(line.stage),
        "needed": aim.stage(line.stage, found.current.period) if aim else None,
        "idle": found.idle.get(line.stage, Total()).n,
    }


def _passage(each: Passage) -> dict[str, Any]:
    return {
        "left": each.left,
        "entered": each.entered or None,
        "forward": each.is_forward,
        "dwell_seconds": each.total.dwell,
        **_amount(each.total),
    }


def _ways(day: date, ways: Ways) -> dict[str, Any]:
    return {"day": day, "green": _amount(ways.green), "red": _amount(ways.red)}


def _unit(found: Dynamics, unit: Unit) -> dict[str, Any]:
    of_departments = found.group in ("department", "team")
    return {
        "id": unit.id or None,
        **({"department_id": unit.id or None} if of_departments else {}),
        "alone": unit.is_alone,
        "usual_green": unit.usual.green,
        "too_few": unit.usual.too_few,
        **_row(unit.row),
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "department_id": cause.department_id or None,
        "n": cause.n,
        "money": cause.money / 100,
        "reasons": dict(cause.reasons),
    }


def _head(ask: Asked, first: date, last: date) -> dict[str, Any]:
    filters = {"section": ask.section, "product": ask.product, "department": ask.department}
    whose = {"team": ask.team, "owner": ask.owner}
    return {
        "ladder": ask.ladder.key,
        "from": first,
        "to": last,
        "as_of": ask.moment,
        "filter": filters | whose,
    }


def _goal(found: Dynamics, aim: Aims | None) -> dict[str, Any] | None:
    if aim is None:
        return None
    goal = aim.needs.goal
    return {
        "won": goal.won,
        "money": _units_of(goal.money),
        "month": goal.month,
        "wins": aim.needs.wins,
        "needed_green": aim.green(found.current.period),
        "conversions": [{"share": share, "n": n} for share, n in goal.conversions],
    }


def _units_of(hundredths: float | None) -> float | None:
    return None if hundredths is None else hundredths / 100


def _amount(total: Total) -> dict[str, float]:
    return {"n": total.n, "money": total.money / 100}


def _row(row: Row) -> dict[str, Any]:
    figures = {
        "green": row.green,
        "red": row.red,
        "grey": row.grey,
        "new": row.new,
        "corrected": row.corrected,
    }
    return {
        "from": row.period.start,
        "to": row.period.last,
        **{name: _amount(total) for name, total in figures.items()},
        "net": _amount(row.net),
        "red_share": row.red_share,
        "kinds": {kind: _amount(total) for kind, total in row.kinds.items()},
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "stage": line.stage or None,
        "start": _amount(line.start),
        "came": {kind: _amount(total) for kind, total in line.came.items() if total.n},
        "went": {kind: _amount(total) for kind, total in line.went.items() if total.n},
        "changed_amounts": line.gained.money / 100,
        "end": _amount(line.end),
        "balanced": line.is_balanced,
    }
