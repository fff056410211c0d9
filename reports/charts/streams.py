"""Movement between stages: forward in arches above the line, back mirrored below it, as thick as they are frequent."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.charts.marks import Part, PlotWords, empty, line, plot, said, short, text

WIDTH, LEFT, RIGHT, THICKEST, THINNEST = 900, 60, 840, 26, 1.6


@dataclass(frozen=True, slots=True)
class Stream:
    """Moves from one place to another; places count from 0 in the order of the stages."""

    start: int
    end: int
    part: Part
    text: str = ""


def flow(stages: Sequence[str], streams: Sequence[Stream], words: PlotWords) -> str:
    """Stages from left to right; who goes right passes above, who comes back passes below.

    ``words.unit`` is said above (forward), ``words.across`` below (back).
    """
    if not stages:
        return empty(words, WIDTH)
    step = (RIGHT - LEFT) / max(len(stages) - 1, 1)
    up, down = _room(streams, step, forward=True), _room(streams, step, forward=False)
    axis = 34 + up
    most = max((each.part.value for each in streams), default=1) or 1
    ordered = sorted(streams, key=lambda each: -abs(each.end - each.start))
    is_back = any(each.end < each.start for each in streams)
    drawn = [text(0, 14, f"▲ {words.unit}", "vup")]
    if is_back:
        drawn.append(text(0, axis + 30 + down, f"▼ {words.across}", "vdn"))
    drawn += [_stream(each, step, axis, most) for each in ordered if each.part.value]
    drawn += [_place(name, LEFT + place * step, axis, step) for place, name in enumerate(stages)]
    return plot(WIDTH, axis + 38 + (down if is_back else 0), words.title, words.finding, drawn)


def _room(streams: Sequence[Stream], step: float, *, forward: bool) -> float:
    spans = [abs(each.end - each.start) for each in streams if (each.end > each.start) == forward]
    return _height(max(spans, default=0), step) + 24


def _height(span: int, step: float) -> float:
    return 0 if span == 0 else 26 + min(span * step * 0.18, 26 * span)


def _stream(each: Stream, step: float, axis: float, most: float) -> str:
    """An arch with a figure at its top; the path is as thick as its share of the most frequent."""
    start, end = LEFT + each.start * step, LEFT + each.end * step
    forward = each.end > each.start
    sign, foot = (-1, axis - 12) if forward else (1, axis + 26)
    top = foot + sign * _height(abs(each.end - each.start), step) * 4 / 3
    thick = max(each.part.value / most * THICKEST, THINNEST)
    bend = f"M{start:.1f} {foot:.1f}C{start:.1f} {top:.1f} {end:.1f} {top:.1f} {end:.1f} {foot:.1f}"
    arch = f'<path d="{bend}" class="{"fl-g" if forward else "fl-r"}" stroke-width="{thick:.1f}"/>'
    peak = foot + (top - foot) * 0.75
    label = text(
        (start + end) / 2,
        peak + (4 if thick > 12 else sign * (thick / 2 + 4) + (8 if sign > 0 else 0)),
        each.text,
        "v c",
    )
    return said(each.part, arch + label)


def _place(name: str, x: float, axis: float, step: float) -> str:
    shown = short(name, max(int(step / 6.6), 4))
    return (
        line(x, axis - 10, x, axis - 4, "zero")
        + text(x, axis + 10, shown, "b c")
        + line(x, axis + 18, x, axis + 24, "zero")
    )
