"""Pictures of the reports as SVG text: no style, no script, colours by class, every mark a link to what it counts.

Words, figures and addresses come from outside, already in the reader's language. The same text serves the screen,
print, PDF and mail. Positive is drawn up and green, negative down and red; signs and shapes stand beside the colours.
One module a picture; its title and finding are what a screen reader says of it.
"""

from reports.charts.calendar import Square, calendar
from reports.charts.cells import Cell, heat
from reports.charts.columns import Column, Post, histogram
from reports.charts.diverging import Bar, MovesWords, moves
from reports.charts.layers import Layer, areas
from reports.charts.marks import Part, PlotWords, line, link, nice, plot, rect, said, shape, text
from reports.charts.ranking import causes, ranked, shares
from reports.charts.streams import Stream, flow

__all__ = [
    "Bar",
    "Cell",
    "Column",
    "Layer",
    "MovesWords",
    "Part",
    "PlotWords",
    "Post",
    "Square",
    "Stream",
    "areas",
    "calendar",
    "causes",
    "flow",
    "heat",
    "histogram",
    "line",
    "link",
    "moves",
    "nice",
    "plot",
    "ranked",
    "rect",
    "said",
    "shape",
    "shares",
    "text",
]
