"""Which reports there are: each with its page, its description as a paper, and its numbers for machines."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from flask_babel import lazy_gettext, lazy_pgettext
from sqlalchemy.orm import Session

from engine.people import Person
from reports.ladders import Ladder
from webapp.reporting import (
    bottleneck_paper,
    dynamics_paper,
    flow,
    forecast,
    funnel_paper,
    funnel_plain,
    handovers,
    promises,
    variants,
    workload,
)
from webapp.reporting.address import Asked
from webapp.reporting.paper import Paper

Describe = Callable[[Session, Asked, Person | None], Paper]
Tell = Callable[[Session, Asked, Person | None], dict[str, Any]]
"""Every number of the report, in plain values: what ``contentum report NAME --json`` prints, read without steps."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report on the shelf. ``key`` is its name in addresses and on the command line.

    ``of`` says what it is about: any ladder, what runs as a process, or all of them together.
    """

    key: str
    title: Any
    about: Any
    endpoint: str
    icon: str
    paper: Describe | None = None
    plain: Tell | None = None
    of: Literal["ladder", "process", "all"] = "ladder"

    def serves(self, ladder: Ladder) -> bool:
        """Whether it says something about this ladder in particular."""
        return self.of == "ladder" or (self.of == "process" and ladder.of in ("deal", "case"))


REPORTS: tuple[Report, ...] = (
    Report(
        "dynamics",
        lazy_gettext("Agreement dynamics"),
        lazy_gettext("What is moving now: forward and back, against what is usual, and whose doing it is."),
        "reports.dynamics",
        "chart-bar",
        dynamics_paper.paper,
        dynamics_paper.plain,
    ),
    Report(
        "funnel",
        lazy_pgettext("report", "Funnel"),
        lazy_gettext(
            "What became of those created in a period: conversion from stage to stage, and where the time goes."
        ),
        "reports.funnel",
        "filter",
        funnel_paper.paper,
        funnel_plain.plain,
    ),
    Report(
        "bottlenecks",
        lazy_gettext("Bottlenecks"),
        lazy_gettext(
            "Where work waits, drawn on the diagram: by time, how often, rework and broken promises."
        ),
        "reports.bottlenecks",
        "sitemap",
        bottleneck_paper.paper,
        bottleneck_paper.plain,
        of="process",
    ),
    Report(
        "variants",
        lazy_gettext("Variants"),
        lazy_gettext(
            "Which ways cases really take, with loops and skips on the diagram, and what is done again."
        ),
        "reports.variants",
        "arrows-diff",
        variants.paper,
        variants.plain,
        of="process",
    ),
    Report(
        "handovers",
        lazy_gettext("Hand-overs"),
        lazy_gettext("Which department passes work to which, how long it lies there, and what comes back."),
        "reports.handovers",
        "hand-grab",
        handovers.paper,
        handovers.plain,
        of="process",
    ),
    Report(
        "flow",
        lazy_pgettext("report", "Flow"),
        lazy_gettext(
            "How much of a case's time somebody works on it, how work piles up, what was done by hand."
        ),
        "reports.flow",
        "player-track-next",
        flow.paper,
        flow.plain,
        of="process",
    ),
    Report(
        "workload",
        lazy_gettext("Workload"),
        lazy_gettext("What is open with whom, what is overdue, and how much was open on average."),
        "reports.workload",
        "users",
        workload.paper,
        workload.plain,
        of="process",
    ),
    Report(
        "promises",
        lazy_gettext("Promises over time"),
        lazy_gettext(
            "What departments promised each other: kept, broken, by whom, and what clients felt of it."
        ),
        "reports.promises",
        "writing-sign",
        promises.paper,
        promises.plain,
        of="all",
    ),
    Report(
        "forecast",
        lazy_gettext("Forecast"),
        lazy_gettext("What becomes of what is open: how many, how much, when; beside its trial on the past."),
        "reports.forecast",
        "clock",
        forecast.paper,
        forecast.plain,
        of="process",
    ),
)
"""In the order of the first page. The shelf knows the rooms; `webapp.reporting.page`, which every room imports, does not know
the shelf."""
