"""What every picture is made of: marks that lead somewhere, words, the frame that says the finding."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Part:
    """One mark: how large, where it leads, what it says aloud."""

    value: float = 0
    href: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class PlotWords:
    """What a picture says: its title, the finding that a reader who cannot see it hears, and the unit of its axis.

    ``across`` names what runs from left to right, ``nothing`` is written where there is nothing to draw.
    """

    title: str
    finding: str
    unit: str = ""
    across: str = ""
    nothing: str = "–"


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
    width: float, height: float, title: str, finding: str, inside: Iterable[str], css: str = "plot"
) -> str:
    """The frame: a group of links for the keyboard, named by its title and by what it shows."""
    said = escape(" ".join(each for each in (_ended(title), finding) if each))
    head = f"<title>{escape(title)}</title><desc>{escape(finding)}</desc>"
    box = f'viewBox="0 0 {width:g} {height:g}"'
    return f'<svg class="{css}" {box} role="group" aria-label="{said}">{head}{"".join(inside)}</svg>'


def _ended(sentence: str) -> str:
    return sentence if not sentence or sentence[-1] in ".!?…" else f"{sentence}."


def shape(points: Iterable[tuple[float, float]], css: str, *, closed: bool = False) -> str:
    """A line through points, or the area inside them."""
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path d="M{path}{"Z" if closed else ""}"{_class(css)}/>' if path else ""


def said(part: Part, inside: str) -> str:
    """A mark that leads to its list, or one without a list that still says what it is."""
    if part.href or not part.title:
        return link(part, inside)
    return f"<g>{inside}<title>{escape(part.title)}</title></g>"


def grid(most: float, left: float, right: float, zero: float, scale: float, lines: int = 4) -> str:
    """Level lines from zero up to ``most`` with their values."""
    step, value = nice(most, lines) if most > 1 else most / 4 or 1, 0.0
    drawn = []
    while value <= most * 1.0001:
        y = zero - value * scale
        drawn += [line(left, y, right, y, "gl"), text(left - 8, y + 4, f"{value:g}", "m e")]
        value += step
    return "".join(drawn)


def empty(words: PlotWords, width: float) -> str:
    """A picture of nothing says so."""
    return plot(width, 60, words.title, words.finding, [text(width / 2, 34, words.nothing, "m c")])


def nice(most: float, lines: int = 4) -> float:
    """A round step (1, 2 or 5 times a power of ten, at least 1 in counts) for about so many lines."""
    step = 1.0
    while most / step > lines:
        step *= 2.5 if f"{step:e}"[0] == "2" else 2
    return step


def short(name: str, length: int) -> str:
    """A name cut to so many signs."""
    return name if len(name) <= length else name[: length - 1].rstrip() + "…"
