"""How much stood where over time: layers one on another, as the cumulative flow draws them."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.charts.marks import Part, PlotWords, empty, grid, line, plot, rect, said, shape, text

WIDTH, HEIGHT, LEFT, RIGHT, TOP, FLOOR = 900, 320, 52, 740, 24, 276


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer with a value for every label. ``css`` is a class of plot.css; without it a shade by its place."""

    name: str
    values: Sequence[Part]
    css: str = ""


def areas(
    layers: Sequence[Layer], labels: Sequence[str], words: PlotWords, *, cumulative: bool = False
) -> str:
    """Layers from the top down, named at their right end; every label's share of a layer is a link.

    Values are stacked one on another; with ``cumulative`` they are heights already (how many ever reached a stage),
    each at least the next one's, and a layer is what lies between them.
    """
    if not labels or not layers:
        return empty(words, WIDTH)
    heights = _heights(layers, cumulative=cumulative)
    top = max(heights[0]) or 1
    scale, step = (FLOOR - TOP) / top, (RIGHT - LEFT) / max(len(labels) - 1, 1)
    drawn = [grid(top, LEFT, RIGHT, FLOOR, scale)]
    for place, each in enumerate(layers):
        edge = [(LEFT + at * step, FLOOR - value * scale) for at, value in enumerate(heights[place])]
        css = each.css or f"s{_tone(place, len(layers))}"
        drawn += [
            shape([*edge, (RIGHT, FLOOR), (LEFT, FLOOR)], css, closed=True),
            shape(edge, "edge"),
        ]
    drawn += [_hits(each, heights, place, step, scale) for place, each in enumerate(layers)]
    drawn += [_names(layers, heights, scale), _under(labels, step), line(LEFT, FLOOR, RIGHT, FLOOR, "zero")]
    drawn += [text(LEFT - 8, 12, words.unit, "m e"), text(RIGHT, HEIGHT - 6, words.across, "m e")]
    return plot(WIDTH, HEIGHT, words.title, words.finding, drawn)


def _heights(layers: Sequence[Layer], *, cumulative: bool) -> list[list[float]]:
    """The upper edge of every layer, the uppermost first."""
    own = [[part.value for part in each.values] for each in layers]
    if cumulative:
        return own
    found, below = [], [0.0] * len(own[0])
    for values in reversed(own):
        below = [ground + value for ground, value in zip(below, values, strict=True)]
        found.append(below)
    return found[::-1]


def _tone(place: int, count: int) -> int:
    """From the lightest (1) to the darkest (8) over however many there are."""
    return 1 + round(place * 7 / max(count - 1, 1))


def _hits(layer: Layer, heights: list[list[float]], place: int, step: float, scale: float) -> str:
    """What a finger or the keyboard meets: an unseen field a label wide over the layer at that label."""
    below = heights[place + 1] if place + 1 < len(heights) else [0.0] * len(layer.values)
    every = max(1, round(12 / step))
    drawn = []
    for at, part in enumerate(layer.values):
        if part.value and part.href and at % every == 0:
            top, floor = FLOOR - heights[place][at] * scale, FLOOR - below[at] * scale
            x, width = LEFT + (at - 0.5) * step, step * every
            drawn.append(said(part, rect(max(x, LEFT), top, width, max(floor - top, 3), "hit")))
    return "".join(drawn)


def _names(layers: Sequence[Layer], heights: list[list[float]], scale: float) -> str:
    drawn, free = [], 0.0
    for place, each in enumerate(layers):
        below = heights[place + 1][-1] if place + 1 < len(layers) else 0
        middle = FLOOR - (heights[place][-1] + below) / 2 * scale
        y = max(middle + 4, free)
        drawn += [line(RIGHT, middle, RIGHT + 8, y - 4, "gl"), text(RIGHT + 11, y, each.name, "b")]
        free = y + 14
    return "".join(drawn)


def _under(labels: Sequence[str], step: float) -> str:
    every = max(1, round((max(len(each) for each in labels) * 6.5 + 10) / step + 0.3))
    shown = [(place, each) for place, each in enumerate(labels) if place % every == 0]
    return "".join(text(LEFT + place * step, FLOOR + 18, each, "c") for place, each in shown)
