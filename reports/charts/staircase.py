"""The funnel: one bar a stage, split into further, lost and still open; the same for a phone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reports.charts.marks import Part, line, link, plot, rect, short, text


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
    drawn = [text(0, middle + 5, step.rank, "m"), text(16, middle + 5, short(step.name, 20), "b")]
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
