"""Shares with how sure they are: a point and its interval a line, two of them compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.charts.marks import Part, PlotWords, empty, line, plot, rect, said, short, text

WIDTH, LEFT, RIGHT, TOP = 900, 250, 700, 40


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share with its interval, all parts of ``most``. ``text`` says it in figures; empty ends mean “not enough yet”."""

    part: Part
    low: float | None
    high: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the picture: a name and one estimate, or two to compare; ``note`` stands at the right."""

    name: str
    first: Estimate
    second: Estimate | None = None
    note: str = ""


def forest(
    rows: Sequence[Row],
    words: PlotWords,
    *,
    keys: tuple[str, str] | None = None,
    most: float = 1,
    ticks: Sequence[tuple[float, str]] = (),
) -> str:
    """Points ● (and ◇ for the second of a pair) on their intervals; ``keys`` name the two, ``ticks`` the axis."""
    if not rows:
        return empty(words, WIDTH)
    height = 46 if any(each.second for each in rows) else 30
    scale, floor = (RIGHT - LEFT) / most, TOP + len(rows) * height
    drawn = [text(LEFT, 14, f"● {keys[0]}   ◇ {keys[1]}" if keys else words.unit, "b")]
    for value, label in ticks:
        x = LEFT + value * scale
        drawn += [line(x, TOP - 8, x, floor, "gl"), text(x, floor + 16, label, "m c")]
    for place, each in enumerate(rows):
        drawn.append(_row(each, TOP + place * height, height, scale))
    return plot(WIDTH, floor + 24, words.title, words.finding, drawn)


def _row(row: Row, y: float, height: float, scale: float) -> str:
    drawn = [line(0, y, WIDTH, y, "gl"), text(0, y + height / 2 + 4, short(row.name, 34), "b")]
    if row.second is None:
        drawn.append(_estimate(row.first, y + height / 2, scale, "●", "rng"))
    else:
        drawn.append(_estimate(row.first, y + height * 0.3, scale, "●", "rng"))
        drawn.append(_estimate(row.second, y + height * 0.72, scale, "◇", "rng-2"))
    return "".join(drawn) + text(WIDTH, y + height / 2 + 4, row.note, "m e")


def _estimate(each: Estimate, y: float, scale: float, mark: str, css: str) -> str:
    inside = ""
    if each.low is not None and each.high is not None:
        inside = rect(LEFT + each.low * scale, y - 3, max((each.high - each.low) * scale, 1), 6, css)
        inside += text(LEFT + each.part.value * scale, y + 4.5, mark, "mark c")
    return said(each.part, inside) + text(RIGHT + 12, y + 4, each.text, "v")
