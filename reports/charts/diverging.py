"""Moves over time: forward drawn up, back drawn down, against what is usual."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.charts.marks import Part, line, link, nice, plot, rect, text


@dataclass(frozen=True, slots=True)
class Bar:
    """One period. ``up`` and ``down`` are the figures over and under the bar; their parts are drawn outwards."""

    label: str
    second: str
    forward: Part
    won: Part
    new: Part
    backward: Part
    lost: Part
    up: Part
    down: Part
    up_text: str = ""
    down_text: str = ""
    usual: float | None = None
    limit: float | None = None
    is_off: bool = False
    is_low: bool = False
    is_now: bool = False
    aim: float | None = None
    """What the goal needs; drawn as a diamond."""


@dataclass(frozen=True, slots=True)
class MovesWords:
    """What the picture of moves says around its bars."""

    title: str
    description: str
    forward: str
    backward: str
    unit: str
    now: str


WIDTH, LEFT, RIGHT, TOP, LABELS = 900, 40, 896, 40, 42


def moves(bars: Sequence[Bar], words: MovesWords) -> str:
    """Bars up and down from zero, the usual as a tick, the band of too little green behind them."""
    up = max((each.up.value + each.new.value for each in bars), default=0)
    up = max(up, *(max(each.usual or 0, each.limit or 0, each.aim or 0) for each in bars), 1) if bars else 1
    down = max((each.down.value for each in bars), default=0) or up * 0.15
    height = 268
    scale = (height - TOP - LABELS - 42) / (up + down)
    zero = TOP + up * scale
    step = (RIGHT - LEFT) / max(len(bars), 1)
    floor = height - LABELS - 6
    drawn = [
        _grid(up, down, zero, scale),
        *(_ground(each, place, step, zero, scale, floor) for place, each in enumerate(bars)),
    ]
    drawn += [_moves_bar(each, place, step, zero, scale) for place, each in enumerate(bars)]
    every = max(1, round(26 / step))
    drawn += [_under(each, place, step, height, shown=place % every == 0) for place, each in enumerate(bars)]
    drawn += [line(LEFT, zero, RIGHT, zero, "zero"), _now(bars, step, floor, words.now)]
    drawn += [
        text(LEFT + 2, 14, f"▲ {words.forward}", "vup"),
        text(LEFT + 2, floor - 2, f"▼ {words.backward}", "vdn"),
    ]
    drawn.append(text(LEFT - 8, 14, words.unit, "m e"))
    return plot(WIDTH, height, words.title, words.description, drawn)


def _grid(up: float, down: float, zero: float, scale: float) -> str:
    step, drawn = nice(up + down), [text(LEFT - 8, zero + 4, 0, "m e")]
    for sign, most in ((-1, up), (1, down)):
        value = step
        while value <= most:
            y = zero + sign * value * scale
            drawn += [line(LEFT, y, RIGHT, y, "gl"), text(LEFT - 8, y + 4, f"{value:g}", "m e")]
            value += step
    return "".join(drawn)


def _ground(bar: Bar, place: int, step: float, zero: float, scale: float, floor: float) -> str:
    """What lies behind the bars: free days, and too little green."""
    x = LEFT + place * step
    if bar.is_off:
        return rect(x, 22, step, floor - 22, "off")
    if bar.limit is None or bar.limit <= 0:
        return ""
    y = zero - bar.limit * scale
    return rect(x, y, step, zero - y, "band") + line(x, y, x + step, y, "lim")


def _moves_bar(bar: Bar, place: int, step: float, zero: float, scale: float) -> str:
    width = min(step * 0.6, 34)
    x = LEFT + place * step + (step - width) / 2
    middle, drawn = x + width / 2, []
    top = zero
    for part, css in ((bar.forward, "g"), (bar.won, "gw"), (bar.new, "g2")):
        if part.value:
            gap = 1.5 if css == "g2" else 0
            top -= part.value * scale + gap
            drawn.append(link(part, rect(x, top, width, part.value * scale, css)))
    bottom = zero
    for part, css in ((bar.backward, "r"), (bar.lost, "rw")):
        if part.value:
            drawn.append(link(part, rect(x, bottom, width, part.value * scale, css)))
            bottom += part.value * scale
    label = top - 4
    if bar.usual is not None and not bar.is_off:
        usual = zero - bar.usual * scale
        drawn.append(line(x - width * 0.25, usual, x + width * 1.25, usual, "ref"))
        label = usual - 4 if label - 11 < usual < label + 4 else label
    if bar.aim is not None and not bar.is_off:
        drawn.append(text(x + width * 1.25 + 1, zero - bar.aim * scale + 4, "\N{WHITE DIAMOND}", "b c"))
    if bar.is_low:
        drawn.append(
            rect(x - 4, min(label, top) - 13, width + 8, bottom + 18 - min(label, top) + 13, "sel", ' rx="3"')
        )
    if bar.up_text:
        drawn.append(link(bar.up, text(middle, label, bar.up_text, "vup c")))
    if bar.down_text:
        drawn.append(link(bar.down, text(middle, bottom + 13, bar.down_text, "vdn c")))
    return "".join(drawn)


def _under(bar: Bar, place: int, step: float, height: float, *, shown: bool) -> str:
    if not shown:
        return ""
    middle = LEFT + (place + 0.5) * step
    css = "now c" if bar.is_now else "c m" if bar.is_off else "c"
    return text(middle, height - 24, bar.label, css) + text(middle, height - 9, bar.second, "m c")


def _now(bars: Sequence[Bar], step: float, floor: float, words: str) -> str:
    """Where the period begins that the finding is about."""
    first = next((place for place, each in enumerate(bars) if each.is_now), None)
    if not first or sum(each.is_now for each in bars) == 0:
        return ""
    x = LEFT + first * step
    near_end = x > RIGHT - 7 * len(words)
    said = text(x - 5, 14, words, "b e") if near_end else text(x + 5, 14, words, "b")
    return line(x, 4, x, floor, "zero") + said
