"""Pictures of the reports as SVG text: no style, no script, colours by class, every mark a link to what it counts.

Words, figures and addresses come from outside, already in the reader's language. The same text serves the screen,
print, PDF and mail. Positive is drawn up and green, negative down and red; the signs stand beside the colours.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape


@dataclass(frozen=True, slots=True)
class Part:
    """One mark: how large, where it leads, what it says aloud."""

    value: float = 0
    href: str = ""
    title: str = ""


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


@dataclass(frozen=True, slots=True)
class MovesWords:
    """What the picture of moves says around its bars."""

    title: str
    description: str
    forward: str
    backward: str
    unit: str
    now: str


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of the funnel, or the last row that says how it ended."""

    rank: str
    name: str
    further: Part
    lost: Part
    open: Part
    skipped: Part
    total_text: str
    texts: Mapping[str, str]
    """further, lost, open: the figures written into the bar."""
    rest: str
    """What had no room in the bar, in words."""
    share: str
    part: str
    mature: str = ""
    interval: str = ""
    p50: float | None = None
    median: float | None = None
    p85: float | None = None
    dwell: str = ""
    is_hot: bool = False


@dataclass(frozen=True, slots=True)
class FunnelWords:
    """What the picture of the funnel says in its head."""

    title: str
    description: str
    heads: Sequence[str] = field(default=("",) * 6)
    """stage, bar, further, n, mature, dwell"""


def text(x: float, y: float, words: object, css: str = "") -> str:
    """Words at a place."""
    return f'<text x="{x:g}" y="{y:g}"{_class(css)}>{escape(str(words))}</text>'


def rect(x: float, y: float, width: float, height: float, css: str, more: str = "") -> str:
    """A rectangle, never narrower than nothing."""
    size = f'width="{max(width, 0):.2f}" height="{max(height, 0):.2f}"'
    return f'<rect x="{x:.2f}" y="{y:.2f}" {size}{_class(css)}{more}/>'


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    """A straight line."""
    return f'<line x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}"{_class(css)}/>'


def link(part: Part, inside: str) -> str:
    """What a mark leads to; a mark of nothing leads nowhere."""
    if not part.href:
        return inside
    said = escape(part.title)
    return f'<a href="{escape(part.href)}" aria-label="{said}">{inside}<title>{said}</title></a>'


def _class(css: str) -> str:
    return f' class="{css}"' if css else ""


def plot(
    width: float, height: float, title: str, description: str, inside: Iterable[str], css: str = "plot"
) -> str:
    head = f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
    box = f'viewBox="0 0 {width:g} {height:g}"'
    return f'<svg class="{css}" {box} role="group" aria-label="{escape(title)}">{head}{"".join(inside)}</svg>'


def nice(most: float, lines: int = 4) -> float:
    """A round step (1, 2 or 5 times a power of ten, at least 1 in counts) for about so many lines."""
    step = 1.0
    while most / step > lines:
        step *= 2.5 if f"{step:e}"[0] == "2" else 2
    return step


# ------------------------------------------------------------------------------------------------ moves


WIDTH, LEFT, RIGHT, TOP, LABELS = 900, 40, 896, 40, 42


def moves(bars: Sequence[Bar], words: MovesWords) -> str:
    """Bars up and down from zero, the usual as a tick, the band of too little green behind them."""
    up = max((each.up.value + each.new.value for each in bars), default=0)
    up = max(up, *(max(each.usual or 0, each.limit or 0) for each in bars), 1) if bars else 1
    down = max((each.down.value for each in bars), default=0) or up * 0.15
    height = 312
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
    near_end = x > RIGHT - 120
    said = text(x - 5, 14, words, "b e") if near_end else text(x + 5, 14, words, "b")
    return line(x, 4, x, floor, "zero") + said


# ------------------------------------------------------------------------------------------------ causes


def causes(rows: Sequence[tuple[str, Part, str, str]], title: str) -> str:
    """Who caused the red: (name, mark, figure, note), each a line of its own."""
    most = max((part.value for _, part, _, _ in rows), default=1) or 1
    drawn = []
    for place, (name, part, figure, note) in enumerate(rows):
        y = place * 42
        width = max(2, part.value / most * (340 - 7 * len(figure)))
        drawn.append(text(0, y + 12, name, "b") + text(376, y + 12, note, "m e"))
        drawn.append(
            link(part, rect(0, y + 19, width, 11, "r")) + text(width + 8, y + 29, f"▼ {figure}", "vdn")
        )
    return plot(376, max(len(rows) * 42 - 6, 1), title, "", drawn, "plot plot-causes")


# ------------------------------------------------------------------------------------------------ funnel

HATCH = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path d="M0 0v6" class="hatch"/></pattern></defs>'
)
FULL, BAR_X, BAR_WIDTH, ROW = 1390, 150, 500, 43
DWELL_X, DWELL_WIDTH = 1030, 260


def funnel(steps: Sequence[Step], won: Step, words: FunnelWords) -> str:
    """One bar a stage, split into further, lost and still open, with conversion and dwell beside it."""
    most = max((each.further.value + each.lost.value + each.open.value for each in steps), default=1) or 1
    longest = (
        max((value for each in steps for value in (each.p85, each.median, each.p50) if value), default=1) or 1
    )
    stage, bar, further, n, mature, dwell = words.heads
    heads = (
        (0, stage, "m"),
        (BAR_X, bar, "m"),
        (786, further, "m e"),
        (878, n, "m e"),
        (994, mature, "m e"),
        (DWELL_X, dwell, "m"),
    )
    drawn = [HATCH, *(text(x, 12, said, css) for x, said, css in heads)]
    for place, each in enumerate(steps):
        y = 22 + place * ROW
        drawn += [
            line(0, y, FULL, y, "gl"),
            _funnel_row(each, y, BAR_WIDTH / most),
            _dwell(each, y, DWELL_WIDTH / longest),
        ]
    bottom = 22 + len(steps) * ROW
    drawn += [line(0, bottom, FULL, bottom, "zero"), _won_row(won, bottom, BAR_WIDTH / most)]
    return plot(FULL, bottom + 36, words.title, words.description, drawn)


def _funnel_row(step: Step, y: float, scale: float) -> str:
    middle, top, height = y + ROW / 2, y + 9, 25
    drawn = [text(0, middle + 5, step.rank, "m"), text(16, middle + 5, _short(step.name, 20), "b")]
    x = float(BAR_X)
    for part, css, key, text_css in (
        (step.further, "g", "further", "w"),
        (step.lost, "r", "lost", "wr c"),
        (step.open, "o", "open", "c"),
    ):
        if not part.value:
            continue
        width = part.value * scale
        drawn.append(
            link(
                part,
                rect(x, top, width, height, css) + _inside(x, top, width, step.texts.get(key, ""), text_css),
            )
        )
        if key == "further" and step.skipped.value:
            hatched = min(step.skipped.value * scale, width)
            drawn.append(
                link(
                    step.skipped,
                    rect(x + width - hatched, top, hatched, height, "skip", ' fill="url(#hatch)"'),
                )
            )
        x += width + 1.5
    drawn.append(text(x + 8, top + 17, step.total_text, "v"))
    drawn.append(text(x + 16 + 8 * len(step.total_text), top + 17, step.rest, "m"))
    drawn += [text(786, middle + 5, step.share, "b e"), text(878, middle + 5, step.part, "m e")]
    drawn += [text(944, middle + 5, step.mature, "b e"), text(994, middle + 5, step.interval, "m e")]
    return "".join(drawn)


def _inside(x: float, top: float, width: float, words: str, css: str) -> str:
    """A figure in its part of the bar, where there is room for it."""
    if width < 8 * len(words) + 6 or not words:
        return ""
    return text(x + width / 2 if "c" in css.split() else x + 8, top + 17, words, css)


def fits(value: float, most: float, words: str) -> bool:
    """Whether a figure has room in its part of the funnel's bar; else it is said beside it."""
    return value * BAR_WIDTH / (most or 1) >= 8 * len(words) + 6


def _dwell(step: Step, y: float, scale: float) -> str:
    """From p50 to p85 of the visits that ended; a ring where half of all, the open ones counted, have left."""
    middle = y + ROW / 2
    drawn = [line(DWELL_X, middle, DWELL_X + DWELL_WIDTH, middle, "gl")]
    if step.p50 is not None and step.p85 is not None:
        start = DWELL_X + step.p50 * scale
        css = "rng-hot" if step.is_hot else "rng"
        drawn.append(rect(start, middle - 4, (step.p85 - step.p50) * scale, 8, css))
        drawn.append(f'<circle cx="{start:.1f}" cy="{middle:g}" r="5" class="dot"/>')
    if step.median is not None:
        x = DWELL_X + step.median * scale
        drawn.append(line(x, middle - 8, x, middle + 8, "ref"))
    drawn.append(text(FULL, middle + 5, step.dwell, "b e" if step.is_hot else "e"))
    return "".join(drawn)


def _won_row(won: Step, y: float, scale: float) -> str:
    middle = y + 18
    width = won.further.value * scale
    inside = rect(BAR_X, middle - 10, max(width, 1), 18, "gw") + (
        text(BAR_X + 8, middle + 4, won.total_text, "on") if width > 12 * len(won.total_text) else ""
    )
    shown = text(
        BAR_X + width + 8,
        middle + 4,
        won.rest if width > 12 * len(won.total_text) else f"{won.total_text} {won.rest}",
        "m",
    )
    drawn = [text(16, middle + 4, f"✓ {won.name}", "b"), link(won.further, inside), shown]
    drawn += [text(786, middle + 4, won.share, "b e"), text(878, middle + 4, won.part, "m e")]
    drawn += [text(944, middle + 4, won.mature, "b e"), text(994, middle + 4, won.interval, "m e")]
    drawn += [
        text(DWELL_X, middle + 4, won.texts.get("dwell", ""), "m"),
        text(FULL, middle + 4, won.dwell, "b e"),
    ]
    return "".join(drawn)


def shares(parts: Sequence[tuple[Part, str]], title: str, width: float = 220) -> str:
    """One bar of parts that make a whole, each a link."""
    whole = sum(part.value for part, _ in parts) or 1
    x, drawn = 0.0, []
    for part, css in parts:
        length = part.value / whole * width
        if length:
            drawn.append(link(part, rect(x, 0, max(length - 1, 1), 12, css)))
        x += length
    return plot(width, 12, title, "", drawn, "plot plot-shares")


def _short(name: str, length: int) -> str:
    return name if len(name) <= length else name[: length - 1].rstrip() + "…"


NARROW = 360


def funnel_narrow(steps: Sequence[Step], won: Step, words: FunnelWords) -> str:
    """The same for a phone: each stage its own block, name and share over the bar, figures under it."""
    most = max((each.further.value + each.lost.value + each.open.value for each in steps), default=1) or 1
    drawn = []
    for place, each in enumerate([*steps, won]):
        y = place * 74
        drawn += [line(0, y, NARROW, y, "gl"), text(0, y + 19, f"{each.rank} {each.name}".strip(), "b")]
        drawn.append(text(NARROW, y + 19, f"{each.share} · {each.part}", "e b"))
        x = 0.0
        for part, css in ((each.further, "g"), (each.lost, "r"), (each.open, "o")):
            width = part.value * NARROW / most
            if width:
                drawn.append(link(part, rect(x, y + 28, max(width - 1.5, 1), 18, css)))
            x += width
        drawn.append(text(0, y + 62, each.texts.get("all", each.rest), "m"))
        drawn.append(text(NARROW, y + 62, each.texts.get("days", each.dwell), "m e"))
    return plot(NARROW, len(steps) * 74 + 74, words.title, words.description, drawn)
