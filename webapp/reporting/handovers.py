"""Hand-overs between departments on the screen: how many, how long they lie, what comes back."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, pgettext
from sqlalchemy.orm import Session

from engine.people import Person
from reports import charts, handovers
from reports.charts import Cell as Square
from reports.charts import Part, PlotWords
from reports.handovers import Cell as Pair
from webapp import formats
from webapp.access import needs
from webapp.reporting.address import Asked
from webapp.reporting.page import bp
from webapp.reporting.paper import Cell, Column, Figure, Paper, Table
from webapp.reporting.seen import Seen, around, begun, in_days, in_time, look, nothing, opening

DEFINITION = (
    lazy_gettext(
        "A hand-over is a step of one department that became ready in these days because a step of another was completed; machines between them do not part them, a client's message or a timer does."
    ),
    lazy_gettext(
        "The delay is from ready until somebody of the receiving department began it, round the clock; it is of those begun. Come back: the work returned to the department that had handed it over before (A > B > A)."
    ),
)


@bp.get("/hand-overs", endpoint="handovers")
@needs("employee", "director")
def page() -> ResponseReturnValue:
    """The matrix and its list."""
    seen = begun()
    if seen is None:
        return nothing()
    return render_template("reporting/process.html", paper=_paper(seen, _cells(seen)), **around(seen))


def paper(session: Session, ask: Asked, viewer: Person | None) -> Paper:
    """Hand-overs as one description."""
    seen = look(session, ask, viewer)
    return _paper(seen, _cells(seen))


def plain(session: Session, ask: Asked, viewer: Person | None) -> dict[str, Any]:
    """Every number of the hand-overs, delays in seconds and exact."""
    seen = look(session, ask, viewer)
    found = handovers.matrix(session, seen.scope, seen.period, seen.window, exact=True)
    return {
        **opening(seen, "handovers"),
        "pairs": [
            {
                **asdict(each),
                "giver_name": seen.names.department(each.giver),
                "receiver_name": seen.names.department(each.receiver),
                "is_within": each.is_within,
            }
            for each in found
        ],
    }


def _cells(seen: Seen) -> list[Pair]:
    return handovers.matrix(seen.session, seen.scope, seen.period, seen.window)


def _paper(seen: Seen, cells: Sequence[Pair]) -> Paper:
    between = [each for each in cells if not each.is_within]
    return Paper(
        key="handovers",
        title=gettext("Hand-overs"),
        about=seen.about,
        known=seen.window[1],
        finding=_finding(seen, between),
        definition=[str(each) for each in DEFINITION],
        figures=[_matrix(seen, cells, between)] if between else [],
        tables=[_table(seen, between)] if between else [],
    )


def _finding(seen: Seen, between: Sequence[Pair]) -> str:
    n = sum(each.n for each in between)
    if not n:
        return str(gettext("No work passed from department to department in these days."))
    back = sum(each.back for each in between)
    slow = max(between, key=lambda each: (each.mean or 0) * each.taken)
    return " ".join(
        (
            gettext(
                "%(n)s hand-overs, %(back)s of them came back.",
                n=formats.number(n),
                back=formats.number(back),
            ),
            gettext(
                "Most time passes between %(giver)s and %(receiver)s: half are begun within %(half)s, 85%% within %(most)s.",
                giver=seen.names.department(slow.giver),
                receiver=seen.names.department(slow.receiver),
                half=in_time(slow.p50),
                most=in_time(slow.p85),
            ),
        )
    )


def _href(seen: Seen, pair: Pair, kind: str = "ready", **more: Any) -> str:
    return seen.listed(kind, giver=pair.giver, receiver=pair.receiver, **more)


def _matrix(seen: Seen, cells: Sequence[Pair], between: Sequence[Pair]) -> Figure:
    """Who gives stands at the left, who receives above; shaded by the number, which stands in the cell."""
    givers = sorted({each.giver for each in between}, key=_nobody_last)
    receivers = sorted({each.receiver for each in between}, key=_nobody_last)
    known = {(each.giver, each.receiver): each for each in cells}
    squares = [[_square(seen, known.get((giver, receiver))) for receiver in receivers] for giver in givers]
    rows, columns = ([seen.names.department(unit) for unit in units] for units in (givers, receivers))
    said = PlotWords(
        gettext("Who hands over to whom"),
        _finding(seen, between),
        pgettext("hand-over", "from"),
        pgettext("hand-over", "to"),
    )
    most = max(each.n for each in between)
    picture = charts.heat(rows, columns, squares, said, most=most, height=38)
    return Figure("matrix", said.title, said.finding, picture, "pairs")


def _nobody_last(unit: int) -> tuple[bool, int]:
    return not unit, unit


def _square(seen: Seen, pair: Pair | None) -> Square | None:
    if pair is None:
        return None
    giver, receiver = (seen.names.department(each) for each in (pair.giver, pair.receiver))
    if pair.is_within:
        title = gettext("%(n)s stayed in %(department)s", n=formats.number(pair.n), department=giver)
        return Square(Part(0, _href(seen, pair), title), f"({formats.number(pair.n)})")
    shown = f"{formats.number(pair.n)} · {in_time(pair.p50)}"
    title = gettext(
        "%(giver)s → %(receiver)s: %(figures)s (how many; within what time half are begun)",
        giver=giver,
        receiver=receiver,
        figures=shown,
    )
    return Square(Part(pair.n, _href(seen, pair), title), shown)


def _table(seen: Seen, between: Sequence[Pair]) -> Table:
    columns = (
        Column(pgettext("hand-over", "From")),
        Column(pgettext("hand-over", "To")),
        Column(gettext("hand-overs"), "count"),
        Column(pgettext("steps", "begun"), "count"),
        Column(pgettext("steps", "not begun"), "count"),
        Column(gettext("mean delay"), "days"),
        Column("p50", "days"),
        Column("p85", "days"),
        Column(pgettext("steps", "came back"), "count"),
        Column(pgettext("report", "share"), "share"),
    )
    return Table("pairs", gettext("Hand-overs"), columns, [_row(seen, each) for each in between])


def _row(seen: Seen, pair: Pair) -> list[Cell]:
    waits = pair.n - pair.taken
    return [
        Cell(seen.names.department(pair.giver)),
        Cell(seen.names.department(pair.receiver)),
        Cell(pair.n, _href(seen, pair)),
        Cell(pair.taken, _href(seen, pair, "taken") if pair.taken else ""),
        Cell(waits, _href(seen, pair, "untaken") if waits else ""),
        Cell(in_days(pair.mean)),
        Cell(in_days(pair.p50)),
        Cell(in_days(pair.p85)),
        Cell(pair.back, _href(seen, pair, back="1") if pair.back else ""),
        Cell(pair.back / pair.n if pair.n else None),
    ]
