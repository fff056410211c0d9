"""A year as a calendar: weeks from left to right, their days from top to bottom, each as green or red as it ended."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.charts.cells import shade
from reports.charts.marks import Part, PlotWords, empty, line, link, plot, rect, shape, text

WIDTH, LEFT, HEAD, TALLEST, LOWEST = 900, 40, 22, 22, 15


@dataclass(frozen=True, slots=True)
class Square:
    """A day in the row ``week_day`` (0: Monday) of the column ``week`` (0: the first).

    ``part.value`` above zero is drawn green, below zero red with ▼; zero that leads to a list is a draw, with =.
    Both signs are shapes: a mark's words are its name. Without a list nothing moved: a worked day is a dot then, a free
    one (``is_off``) nothing.
    """

    week: int
    week_day: int
    part: Part
    is_off: bool = False


def calendar(
    squares: Sequence[Square], weeks: Sequence[str], week_days: Sequence[str], words: PlotWords
) -> str:
    """``weeks`` are written over the columns, most of them empty; ``week_days`` beside the seven rows."""
    if not any(each.part.href for each in squares):
        return empty(words, WIDTH)
    width = min((WIDTH - LEFT) / max(len(weeks), 1), 1.5 * TALLEST)
    height = max(min(width, TALLEST), LOWEST)
    most = max(abs(each.part.value) for each in squares) or 1
    drawn = [text(LEFT + place * width + 1, 12, each, "m") for place, each in enumerate(weeks) if each]
    drawn += [
        text(LEFT - 6, HEAD + (place + 0.5) * height + 4, each, "m e") for place, each in enumerate(week_days)
    ]
    drawn += [_square(each, width, height, most) for each in squares]
    return plot(WIDTH, HEAD + 7 * height + 4, words.title, words.finding, drawn)


def _square(each: Square, width: float, height: float, most: float) -> str:
    x, y = LEFT + each.week * width, HEAD + each.week_day * height
    middle, low = x + width / 2, y + height / 2
    if not each.part.href:
        return "" if each.is_off else text(middle, low + 4, "·", "m c")
    value, dark = each.part.value, shade(abs(each.part.value), most)
    css = f"u{dark}" if value > 0 else f"d{dark}" if value < 0 else "h2"
    inside = rect(x + 1, y + 1, width - 2, height - 2, css)
    if value < 0:
        corners = ((middle - 3.5, low - 3), (middle + 3.5, low - 3), (middle, low + 3))
        inside += shape(corners, "tip-on" if dark >= 4 else "tip", closed=True)
    elif not value:
        inside += "".join(line(middle - 3, at, middle + 3, at, "ref") for at in (low - 1.5, low + 1.5))
    return link(each.part, inside)
