"""A table whose cells are the darker the more they hold, as hand-overs between departments."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from reports.charts.marks import Part, PlotWords, empty, line, plot, rect, said, short, text

WIDTH, LEFT, SHADES = 900, 190, 5
TOP, LOW = 92, 44
"""Height of the heads where they are turned, and where they fit as they are."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its value sets the shade, ``text`` is written into it; ``is_marked`` draws a frame around it."""

    part: Part
    text: str = ""
    is_marked: bool = False


def heat(
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Sequence[Sequence[Cell | None]],
    words: PlotWords,
    *,
    most: float | None = None,
    height: int = 30,
) -> str:
    """Rows × columns; ``cells[row][column]`` is None where there can be nothing. ``most`` is the value of the darkest.

    ``words.unit`` stands over the rows, ``words.across`` over the columns.
    """
    if not rows or not columns:
        return empty(words, WIDTH)
    top = most or max((cell.part.value for row in cells for cell in row if cell), default=0) or 1
    longest = max((len(cell.text) for row in cells for cell in row if cell), default=0)
    step = min((WIDTH - LEFT - 4) / len(columns), max(96, longest * 7 + 12))
    slanted = max(len(each) for each in columns) * 7 > step - 6
    head = TOP if slanted else LOW
    drawn = [text(LEFT, 12, words.across, "m"), text(0, head - 8, words.unit, "m")]
    drawn += [_head(each, LEFT + place * step, step, slanted=slanted) for place, each in enumerate(columns)]
    for place, name in enumerate(rows):
        y = head + place * height
        drawn += [
            line(0, y, LEFT + step * len(columns), y, "gl"),
            text(0, y + height / 2 + 4, short(name, 26), "b"),
        ]
        drawn += [
            _cell(cell, LEFT + x * step, y, step, height, top) for x, cell in enumerate(cells[place]) if cell
        ]
    return plot(WIDTH, head + len(rows) * height + 4, words.title, words.finding, drawn)


def shade(value: float, most: float) -> int:
    """Which of the five shades a value has; 0 is none."""
    return min(SHADES, 1 + int(value / most * SHADES)) if value > 0 else 0


def _head(name: str, x: float, step: float, *, slanted: bool) -> str:
    if not slanted:
        return text(x + step / 2, LOW - 8, name, "c")
    x, y = x + step / 2 + 3, TOP - 8
    turned = f'<text x="{x:g}" y="{y:g}" transform="rotate(-38 {x:g} {y:g})">{escape(short(name, 15))}</text>'
    return f"<g>{turned}<title>{escape(name)}</title></g>"


def _cell(cell: Cell, x: float, y: float, width: float, height: float, most: float) -> str:
    dark = shade(cell.part.value, most)
    inside = rect(x + 1, y + 1, width - 2, height - 2, f"h{dark}") if dark else ""
    if cell.is_marked:
        inside += rect(x + 2, y + 2, width - 4, height - 4, "sel")
    ink = "wh c" if dark >= 4 else "v c"
    inside += text(x + width / 2, y + height / 2 + 4, cell.text, ink if cell.part.value else "m c")
    return said(cell.part, inside)
