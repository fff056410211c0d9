"""A paper of agreement dynamics for tests of what is made from papers, whatever the real ones say."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Person
from engine.sales.ladders import Move
from reports import charts, reading
from reports.charts import Column, Part, PlotWords
from webapp.reporting import shelf
from webapp.reporting.address import Asked
from webapp.reporting.paper import Cell, Figure, Paper, Table
from webapp.reporting.paper import Column as Head


def paper(session: Session, ask: Asked, viewer: Person | None) -> Paper:
    """Green and red of every period, and a name that a spreadsheet would take for a formula."""
    report = reading.movement(session, ask.scope(session, viewer), ask.ladder, ask.window())
    marks = [
        Column(
            f"{each.period.start:%d.%m}",
            Part(each.green.n, ask.listed(each.period), f"{each.green.n} forward"),
        )
        for each in report.rows
    ]
    said = f"{report.current.green.n} forward, {report.current.red.n} back"
    figure = Figure("moves", "Moves", said, charts.histogram(marks, PlotWords("Moves", said, "n")), "periods")
    rows = [
        [
            Cell(each.period.start),
            Cell(each.green.n, ask.listed(each.period)),
            Cell(each.green.money / 100),
            Cell(each.red_share),
        ]
        for each in report.rows
    ]
    heads = [
        Head("Period", "day"),
        Head("Forward", "count"),
        Head("=Money", "money"),
        Head("Share back", "share"),
    ]
    names = [
        [Cell('=HYPERLINK("http://evil.example")'), Cell(move)]
        for move in session.scalars(select(Move.id).limit(3))
    ]
    return Paper(
        "dynamics",
        "Agreement dynamics",
        f"{ask.ladder.key}, {ask.window().start:%Y-%m-%d}",
        ask.moment,
        said,
        ("Forward is every move to a later stage.",),
        (figure,),
        (
            Table("periods", "Period/by*period", heads, rows),
            Table("names", "Names", [Head("Name"), Head("n", "count")], names),
        ),
        ("Too few to judge.",),
    )


@contextmanager
def shelved() -> Iterator[None]:
    """In this block the shelf's agreement dynamics is on this paper."""
    before = shelf.REPORTS
    found = tuple(replace(each, paper=paper) if each.key == "dynamics" else each for each in before)
    modules = _users()
    for module in modules:
        module.REPORTS = found
    try:
        yield
    finally:
        for module in modules:
            module.REPORTS = before


def _users() -> list[object]:
    import sys

    return [each for each in list(sys.modules.values()) if getattr(each, "REPORTS", None) is shelf.REPORTS]
