"""How long it takes, drawn: how many fell into each step of a length, and where half and most of them end."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.charts.marks import Part, PlotWords, empty, grid, line, plot, rect, said, text

WIDTH, HEIGHT, LEFT, RIGHT, TOP, FLOOR = 900, 260, 46, 892, 34, 214


@dataclass(frozen=True, slots=True)
class Column:
    """One step: its label under it, the figure above it. ``css`` is a class of plot.css, grey unless said."""

    label: str
    part: Part
    text: str = ""
    css: str = "rng"


@dataclass(frozen=True, slots=True)
class Post:
    """A line across: ``place`` counts columns from the left edge, 2.5 is the middle of the third one."""

    place: float
    label: str


def histogram(columns: Sequence[Column], words: PlotWords, *, posts: Sequence[Post] = ()) -> str:
    """Columns side by side, each a link to what it counts; ``posts`` mark p50, p85 or a limit above them."""
    if not columns:
        return empty(words, WIDTH)
    most = max(each.part.value for each in columns) or 1
    scale, step = (FLOOR - TOP - 14) / most, (RIGHT - LEFT) / len(columns)
    every = max(1, round(max(len(each.label) for each in columns) * 7 / step + 0.3))
    drawn = [grid(most, LEFT, RIGHT, FLOOR, scale)]
    for place, each in enumerate(columns):
        drawn.append(_column(each, LEFT + place * step, step, scale, labelled=place % every == 0))
    drawn += [line(LEFT, FLOOR, RIGHT, FLOOR, "zero"), text(LEFT - 8, 14, words.unit, "m e")]
    drawn += [_post(each, step, height) for height, each in enumerate(posts)]
    drawn.append(text(RIGHT, HEIGHT - 8, words.across, "m e"))
    return plot(WIDTH, HEIGHT, words.title, words.finding, drawn)


def _column(column: Column, x: float, step: float, scale: float, *, labelled: bool) -> str:
    gap = min(step * 0.12, 4)
    top = FLOOR - column.part.value * scale
    inside = rect(x + gap, top, step - 2 * gap, FLOOR - top, column.css)
    if column.text and step > 7 * len(column.text):
        inside += text(x + step / 2, top - 4, column.text, "v c")
    drawn = said(column.part, inside) if column.part.value else ""
    return drawn + (text(x + step / 2, FLOOR + 16, column.label, "c") if labelled else "")


def _post(post: Post, step: float, row: int) -> str:
    x, near_end = LEFT + post.place * step, LEFT + post.place * step > RIGHT - 130
    y = 12 + 13 * (row % 2)
    label = text(x - 5, y, post.label, "b e") if near_end else text(x + 5, y, post.label, "b")
    return line(x, 2, x, FLOOR, "lim") + label
