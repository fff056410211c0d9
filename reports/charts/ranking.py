"""Bars of one picture compared with each other: causes one under another, shares side by side."""

from collections.abc import Sequence

from reports.charts.marks import Part, PlotWords, empty, link, plot, rect, said, short, text

WIDTH, LEFT, RIGHT, ROW = 900, 260, 720, 30


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


def ranked(rows: Sequence[tuple[str, Part, str, str]], words: PlotWords) -> str:
    """Bars without a direction, the first the longest: (name, mark, figure, note), each a line of its own."""
    if not rows:
        return empty(words, WIDTH)
    most = max(part.value for _, part, _, _ in rows) or 1
    drawn = []
    for place, (name, part, figure, note) in enumerate(rows):
        y, width = place * ROW, max(2, part.value / most * (RIGHT - LEFT))
        bar = rect(LEFT, y + 6, width, 16, "rng-hot" if place == 0 else "rng")
        drawn.append(text(0, y + 19, short(name, 36), "b"))
        drawn.append(said(part, bar + text(LEFT + width + 8, y + 19, figure, "v")))
        drawn.append(text(WIDTH, y + 19, note, "m e"))
    return plot(WIDTH, len(rows) * ROW, words.title, words.finding, drawn)
