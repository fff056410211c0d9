"""The picture of a forecast: what is open on each stage, and how much of it is expected, with its bounds."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.charts.marks import Part, line, link, plot, rect, text

WIDTH, ROW, X, ROOM = 760, 40, 170, 260


@dataclass(frozen=True, slots=True)
class Row:
    """One stage: all that is open there (its mark opens the list), what is expected, and the words beside it."""

    name: str
    open: Part
    expected: float
    low: float
    high: float
    figure: str
    note: str


def outlook(rows: Sequence[Row], title: str, finding: str) -> str:
    """A bar a stage: the open ones pale, the expected part full, its bounds as a whisker."""
    most = max((row.open.value for row in rows), default=0) or 1
    drawn = [line(X, 0, X, len(rows) * ROW, "zero")]
    for place, row in enumerate(rows):
        drawn.append(_row(row, place * ROW, ROOM / most))
    return plot(WIDTH, max(len(rows) * ROW, 1), title, finding, drawn)


def _row(row: Row, y: float, scale: float) -> str:
    middle = y + ROW / 2
    bar = rect(X, middle - 9, row.open.value * scale, 18, "o") + rect(
        X, middle - 9, row.expected * scale, 18, "g"
    )
    low, high = X + row.low * scale, X + row.high * scale
    whisker = line(low, middle, high, middle, "ref") + "".join(
        line(end, middle - 4, end, middle + 4, "ref") for end in (low, high)
    )
    after = X + row.open.value * scale + 10
    return "".join(
        (
            text(0, middle + 4, row.name, "b"),
            link(row.open, bar),
            whisker,
            text(after, middle + 4, row.figure, "b"),
            text(WIDTH, middle + 4, row.note, "m e"),
        )
    )
