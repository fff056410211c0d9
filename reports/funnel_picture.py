"""The picture of the funnel as SVG text, see `reports.charts`: each stage one bar whose parts add up, conversion and
mature estimate beside it, and the range of the time spent there. Once wide, once for a phone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from reports.charts import Part, line, link, rect, text
from reports.survival import Estimate

FULL, BAR_X, BAR_WIDTH, ROW = 1390, 162, 488, 43
DWELL_X, DWELL_WIDTH = 1030, 255
NARROW, BLOCK = 360, 76
HATCH = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path d="M0 0v6" class="hatch"/></pattern></defs>'
)


@dataclass(frozen=True, slots=True)
class Slice:
    """One part of a bar: the mark, its class, the figure inside it where there is room, else beside it in words."""

    part: Part
    css: str
    figure: str
    said: str


@dataclass(frozen=True, slots=True)
class Range:
    """Days on a stage: None where a percentile is not reached. ``text`` says it in figures."""

    p50: float | None = None
    p85: float | None = None
    p95: float | None = None
    text: str = ""
    is_hot: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One stage of the funnel, or the last row: those that were won. ``skipped`` are hatched within the first slice."""

    rank: str
    name: str
    slices: Sequence[Slice]
    skipped: Part
    total: str
    rest: str
    share: str
    part: str
    mature: str
    interval: str
    dwell: Range
    dwell_said: str = ""
    below: str = ""
    """What the phone says under the bar."""


@dataclass(frozen=True, slots=True)
class Words:
    """What the picture says around its rows. ``heads``: stage, bar, further, n, mature, dwell."""

    title: str
    description: str
    heads: Sequence[str]


def wide(rows: Sequence[Row], won: Row, words: Words) -> str:
    """Stages under each other, the won ones last."""
    most = _most(rows)
    longest = _longest([row.dwell for row in rows])
    places = ((0, "m"), (BAR_X, "m"), (786, "m e"), (878, "m e"), (994, "m e"), (DWELL_X, "m"))
    drawn = [HATCH]
    drawn += [text(x, 12, said, css) for (x, css), said in zip(places, words.heads, strict=True)]
    for place, row in enumerate(rows):
        y = 22 + place * ROW
        drawn += [line(0, y, FULL, y, "gl"), _row(row, y, ROW, BAR_WIDTH / most)]
        drawn.append(_dwell(row.dwell, y + ROW / 2, DWELL_WIDTH / longest))
    bottom = 22 + len(rows) * ROW
    drawn += [line(0, bottom, FULL, bottom, "zero"), _row(won, bottom, 38, BAR_WIDTH / most)]
    drawn.append(text(DWELL_X, bottom + 24, won.dwell_said, "m"))
    drawn.append(text(FULL, bottom + 24, won.dwell.text, "b e"))
    return _plot(FULL, bottom + 40, words, drawn)


def narrow(rows: Sequence[Row], won: Row, words: Words) -> str:
    """The same for a phone: each stage its own block, name and share over the bar, figures under it."""
    most, drawn = _most(rows), [HATCH]
    for place, row in enumerate([*rows, won]):
        y = place * BLOCK
        css = "zero" if row is won else "gl"
        drawn += [line(0, y, NARROW, y, css), text(0, y + 19, f"{row.rank} {row.name}".strip(), "b")]
        drawn.append(text(NARROW, y + 19, f"{row.share} · {row.part}", "b e"))
        drawn.append(_bar(row, 0, y + 28, 18, (NARROW - 8) / most, with_figures=False)[0])
        drawn.append(text(0, y + 63, row.below, "m"))
        drawn.append(text(NARROW, y + 63, row.dwell.text, "m e"))
    return _plot(NARROW, (len(rows) + 1) * BLOCK, words, drawn)


def fits(value: float, most: float, words: str) -> bool:
    """Whether a figure has room in its part of the bar; else it is said beside it."""
    return value * BAR_WIDTH / (most or 1) >= 8 * len(words) + 6


def _most(rows: Iterable[Row]) -> float:
    return max((sum(each.part.value for each in row.slices) for row in rows), default=0) or 1


def _longest(dwells: Sequence[Range]) -> float:
    """The days that fill the width; with room for an arrow where one is not reached."""
    known = max((days for each in dwells for days in (each.p95, each.p85, each.p50) if days), default=1.0)
    is_cut = any(each.p50 is not None and each.p85 is None for each in dwells)
    return known * (1.25 if is_cut else 1)


def _row(row: Row, y: float, height: float, scale: float) -> str:
    middle, size = y + height / 2, 25 if height == ROW else 18
    name = row.name if len(row.name) <= 19 else row.name[:18].rstrip() + "…"
    bar, end = _bar(row, BAR_X, middle - size / 2, size, scale)
    drawn = [text(0, middle + 5, row.rank, "m"), text(16, middle + 5, name, "b"), bar]
    drawn += [
        text(end + 8, middle + 5, row.total, "v"),
        text(end + 18 + 8 * len(row.total), middle + 5, row.rest, "m"),
    ]
    drawn += [text(786, middle + 5, row.share, "b e"), text(878, middle + 5, row.part, "m e")]
    drawn += [text(944, middle + 5, row.mature, "b e"), text(994, middle + 5, row.interval, "m e")]
    return "".join(drawn)


def _bar(
    row: Row, x: float, top: float, height: float, scale: float, *, with_figures: bool = True
) -> tuple[str, float]:
    """The bar, and where it ends."""
    drawn = []
    for place, each in enumerate(row.slices):
        width = each.part.value * scale
        if not width:
            continue
        inside = rect(x, top, max(width - 1.5, 1), height, each.css)
        if with_figures and width >= 8 * len(each.figure) + 6:
            centre = x + width / 2
            inside += text(
                centre,
                top + height / 2 + 4.5,
                each.figure,
                "wr c" if each.css == "r" else "w c" if each.css in ("g", "gw") else "c",
            )
        drawn.append(link(each.part, inside))
        if not place and row.skipped.value:
            hatched = min(row.skipped.value * scale, width) - 1.5
            box = rect(x + width - 1.5 - hatched, top, hatched, height, "skip", ' fill="url(#hatch)"')
            drawn.append(link(row.skipped, box))
        x += width
    return "".join(drawn), x


def _dwell(days: Range, middle: float, scale: float) -> str:
    """A dot where half have left, a bar to where 85 %, a tick where 95 %; an arrow where that is not reached."""
    drawn = [line(DWELL_X, middle, DWELL_X + DWELL_WIDTH, middle, "gl")]
    if days.p50 is not None:
        start, css = DWELL_X + days.p50 * scale, "rng-hot" if days.is_hot else "rng"
        end = DWELL_X + (DWELL_WIDTH - 6 if days.p85 is None else days.p85 * scale)
        drawn.append(rect(start, middle - 4, end - start, 8, css))
        if days.p85 is None:
            drawn.append(f'<path d="M{end:.1f} {middle - 6:g}l8 6l-8 6z" class="{css}"/>')
        drawn.append(f'<circle cx="{start:.1f}" cy="{middle:g}" r="5" class="dot"/>')
    if days.p95 is not None:
        x = DWELL_X + days.p95 * scale
        drawn.append(line(x, middle - 8, x, middle + 8, "ref"))
    drawn.append(text(FULL, middle + 5, days.text, "b e" if days.is_hot else "e"))
    return "".join(drawn)


def _plot(width: float, height: float, words: Words, inside: Iterable[str]) -> str:
    head = f"<title>{escape(words.title)}</title><desc>{escape(words.description)}</desc>"
    box = f'viewBox="0 0 {width:g} {height:g}"'
    return f'<svg class="plot" {box} role="group" aria-label="{escape(words.title)}">{head}{"".join(inside)}</svg>'


def pair(found: Sequence[Estimate | None], title: str, width: float = 200) -> str:
    """Estimates under each other as a dot on its interval, from 0 to 1; the first one grey, the second dark."""
    drawn = [line(0, 25, width, 25, "gl")]
    drawn += [line(width * part / 4, 3, width * part / 4, 25, "gl") for part in range(5)]
    for place, each in enumerate(found):
        if each is None:
            continue
        y, css = 8 + place * 10, "rng-hot" if place else "rng"
        start, end, middle = (4 + value * (width - 8) for value in (each.low, each.high, each.share))
        drawn += [rect(start, y - 1.5, end - start, 3, css), rect(middle - 3, y - 4, 6, 8, css)]
    return (
        f'<svg class="plot plot-pair" viewBox="0 0 {width:g} 26" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(drawn)}</svg>"
    )
