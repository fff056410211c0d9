"""Workload on the screen: what is open with whom, what is overdue, and how much was open on average."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, ngettext, pgettext
from sqlalchemy.orm import Session

from engine.people import Person
from reports import charts, workload
from reports.charts import Part, PlotWords
from reports.workload import Load
from webapp import formats
from webapp.access import needs
from webapp.reporting.address import Asked
from webapp.reporting.page import bp
from webapp.reporting.paper import Cell, Column, Figure, Paper, Table
from webapp.reporting.seen import Seen, around, begun, look, nothing, opening

DEFINITION = (
    lazy_gettext(
        "Open, overdue and oldest are as of the moment of the report. A department holds what waits in its queue or lies with its people now; a person holds what they took or were given."
    ),
    lazy_gettext(
        "Open on average = the time that work was open in these days, all of it together, divided by the length of these days. For a department from ready until the end, by whose work it was when it became ready; for a person from when somebody began until the end, of what they did or have."
    ),
)


@bp.get("/workload", endpoint="workload")
@needs("employee", "director")
def page() -> ResponseReturnValue:
    """Departments and people."""
    seen = begun()
    if seen is None:
        return nothing()
    return render_template("reporting/process.html", paper=_paper(seen), **around(seen))


def paper(session: Session, ask: Asked, viewer: Person | None) -> Paper:
    """Workload as one description."""
    return _paper(look(session, ask, viewer))


def plain(session: Session, ask: Asked, viewer: Person | None) -> dict[str, Any]:
    """Every number of the workload."""
    seen = look(session, ask, viewer)
    by = {"departments": _departments(seen), "people": _people(seen)}
    names = {"departments": seen.names.department, "people": seen.names.person}
    return {
        **opening(seen, "workload"),
        **{key: [{**asdict(each), "name": names[key](each.id)} for each in rows] for key, rows in by.items()},
    }


def _departments(seen: Seen) -> list[Load]:
    return workload.departments(seen.session, seen.scope, seen.period, seen.window, seen.ask.moment)


def _people(seen: Seen) -> list[Load]:
    found = workload.people(seen.session, seen.scope, seen.period, seen.window, seen.ask.moment)
    seen.names.learn(each.id for each in found)
    return found


def _paper(seen: Seen) -> Paper:
    units, people = _departments(seen), _people(seen)
    return Paper(
        key="workload",
        title=gettext("Workload"),
        about=seen.about,
        known=seen.window[1],
        finding=_finding(seen, units),
        definition=[str(each) for each in DEFINITION],
        figures=[_figure(seen, units)] if any(each.open for each in units) else [],
        tables=[_by_department(seen, units), _by_person(seen, people)],
    )


def _finding(seen: Seen, units: Sequence[Load]) -> str:
    n, late = sum(each.open for each in units), sum(each.overdue for each in units)
    if not n:
        return str(gettext("Nothing is open."))
    said = ngettext("%(num)d piece of work is open", "%(num)d pieces of work are open", n)
    most = units[0]
    return str(
        gettext(
            "%(open)s, %(late)s of them overdue; most with %(department)s: %(n)s.",
            open=said,
            late=formats.number(late),
            department=_unit(seen, most.id),
            n=formats.number(most.open),
        )
    )


def _unit(seen: Seen, id_: int) -> str:
    return seen.names.department(id_)


def _figure(seen: Seen, units: Sequence[Load]) -> Figure:
    rows = [
        (
            _unit(seen, each.id),
            Part(each.open, seen.listed("open", holder=each.id), f"{_unit(seen, each.id)}: {each.open}"),
            formats.number(each.open),
            gettext("%(n)s overdue", n=formats.number(each.overdue)) if each.overdue else "",
        )
        for each in units
        if each.open
    ]
    said = PlotWords(gettext("Open work by department"), _finding(seen, units))
    return Figure("open", said.title, said.finding, charts.ranked(rows, said), "departments")


def _columns(first: str) -> tuple[Column, ...]:
    return (
        Column(first),
        Column(pgettext("steps", "open"), "count"),
        Column(pgettext("steps", "overdue"), "count"),
        Column(gettext("oldest since"), "day"),
        Column(pgettext("steps", "completed"), "count"),
        Column(gettext("open on average"), "count"),
    )


def _by_department(seen: Seen, units: Sequence[Load]) -> Table:
    rows = [
        [
            Cell(_unit(seen, each.id)),
            *_open(seen, each, holder=each.id),
            Cell(each.done, seen.listed("done", receiver=each.id) if each.done else ""),
            _average(each, seen.listed("present", receiver=each.id)),
        ]
        for each in units
    ]
    return Table("departments", gettext("By department"), _columns(gettext("Department")), rows)


def _by_person(seen: Seen, people: Sequence[Load]) -> Table:
    rows = [
        [
            Cell(seen.names.person(each.id) if each.id else pgettext("steps", "nobody yet")),
            *_open(seen, each, person=each.id),
            Cell(each.done, seen.listed("done", person=each.id) if each.done else ""),
            _average(each, seen.listed("working", person=each.id)),
        ]
        for each in people
    ]
    return Table("people", gettext("By person"), _columns(pgettext("report", "Person")), rows)


def _open(seen: Seen, load: Load, **who: int) -> list[Cell]:
    return [
        Cell(load.open, seen.listed("open", **who) if load.open else ""),
        Cell(load.overdue, seen.listed("overdue", **who) if load.overdue else ""),
        Cell(load.oldest.date() if load.oldest else None),
    ]


def _average(load: Load, href: str) -> Cell:
    if load.average is None:
        return Cell(None)
    return Cell(round(load.average, 2), href if load.average else "")
