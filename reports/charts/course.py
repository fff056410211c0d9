"""Something over time: lines with a band of what is usual or not yet certain around them."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.charts.marks import Part, PlotWords, empty, grid, line, plot, said, shape, text

WIDTH, HEIGHT, LEFT, RIGHT, TOP, FLOOR = 900, 280, 46, 752, 24, 232
MARKS = ("●", "■", "▲", "◆", "○", "□", "△", "◇")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a point for every label, None where nothing is known.

    ``low`` and ``high`` are the band around it, of the same length. ``css`` is a class of plot.css for its points
    (``g`` forward, ``r`` back, ``am`` at risk); without it the line is ink. Lines differ also by their stroke and marks.
    """

    name: str
    points: Sequence[Part | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()
    css: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """A straight line across at a value: a target, a budget, a limit."""

    value: float
    label: str


def lines(
    series: Sequence[Line],
    labels: Sequence[str],
    words: PlotWords,
    *,
    levels: Sequence[Level] = (),
    most: float | None = None,
) -> str:
    """Lines over the same labels from left to right, named at their right end; every point is a link.

    ``most`` is the top of the axis when it is known beforehand (1 for shares).
    """
    if not labels or not series:
        return empty(words, WIDTH)
    top = most or _most(series, levels)
    scale, step = (FLOOR - TOP) / top, (RIGHT - LEFT) / max(len(labels) - 1, 1)
    drawn = [grid(top, LEFT, RIGHT, FLOOR, scale), text(LEFT - 8, 12, words.unit, "m e")]
    drawn += [_band(each, step, scale) for each in series]
    drawn += [_level(each, scale) for each in levels]
    for place, each in enumerate(series):
        drawn.append(_line(each, place, step, scale))
    drawn += [_ends(series, scale), _under(labels, step), text(RIGHT, HEIGHT - 6, words.across, "m e")]
    return plot(WIDTH, HEIGHT, words.title, words.finding, drawn)


def _most(series: Sequence[Line], levels: Sequence[Level]) -> float:
    found = [point.value for each in series for point in each.points if point]
    found += [value for each in series for value in each.high if value is not None]
    return max([*found, *(each.value for each in levels)], default=0) or 1


def _runs(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """The pieces of a line between which nothing is known."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]


def _band(each: Line, step: float, scale: float) -> str:
    ends = [
        None
        if low is None or high is None
        else (LEFT + place * step, FLOOR - low * scale, FLOOR - high * scale)
        for place, (low, high) in enumerate(zip(each.low, each.high, strict=True))
    ]
    lower = _runs([end and (end[0], end[1]) for end in ends])
    upper = _runs([end and (end[0], end[2]) for end in ends])
    pieces = zip(lower, upper, strict=True)
    return "".join(shape([*below, *reversed(above)], "band", closed=True) for below, above in pieces)


def _line(each: Line, place: int, step: float, scale: float) -> str:
    points = [
        None if point is None else (LEFT + at * step, FLOOR - point.value * scale)
        for at, point in enumerate(each.points)
    ]
    drawn = [shape(run, f"ln ln{place % 4}") for run in _runs(points) if len(run) > 1]
    every = 1 if step > 9 else 2
    for at, (point, where) in enumerate(zip(each.points, points, strict=True)):
        if point and where and (at % every == 0 or at == len(points) - 1):
            mark = text(where[0], where[1] + 3.5, MARKS[place % len(MARKS)], f"mark{_fill(each)} c")
            drawn.append(
                said(point, f'<circle cx="{where[0]:.1f}" cy="{where[1]:.1f}" r="7" class="hit"/>{mark}')
            )
    return "".join(drawn)


def _fill(each: Line) -> str:
    return f" t{each.css}" if each.css else ""


def _ends(series: Sequence[Line], scale: float) -> str:
    """Names at the right end, pushed apart where lines end close to each other."""
    last = [
        (
            FLOOR - next((point.value for point in reversed(each.points) if point), 0.0) * scale,
            place,
            each.name,
        )
        for place, each in enumerate(series)
    ]
    drawn, free = [], 0.0
    for y, place, name in sorted(last):
        free = max(y + 4, free)
        drawn.append(text(RIGHT + 10, free, f"{MARKS[place % len(MARKS)]} {name}", "b"))
        free += 15
    return "".join(drawn)


def _level(level: Level, scale: float) -> str:
    y = FLOOR - level.value * scale
    return line(LEFT, y, RIGHT, y, "lim") + text(LEFT + 4, y - 4, level.label, "m")


def _under(labels: Sequence[str], step: float) -> str:
    every = max(1, round((max(len(each) for each in labels) * 6.5 + 10) / step + 0.3))
    shown = [(place, each) for place, each in enumerate(labels) if place % every == 0]
    return "".join(text(LEFT + place * step, FLOOR + 18, each, "c") for place, each in shown)
