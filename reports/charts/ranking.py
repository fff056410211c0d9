"""Bars of one picture compared with each other: causes one under another, shares side by side."""

from collections.abc import Sequence

from reports.charts.marks import Part, link, plot, rect, text


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
