"""How the steps of a drawing are shaded: by what, how strongly, and which drawings there are."""

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext, lazy_pgettext

from engine.process import definitions
from reports.waiting import Neck
from webapp import formats
from webapp.processes import drawings_of
from webapp.reporting.seen import Seen, in_time

HEATS = {
    "waiting": lazy_pgettext("heat", "Waiting"),
    "frequency": lazy_pgettext("heat", "How often"),
    "dwell": lazy_pgettext("heat", "Mean wait"),
    "rework": lazy_pgettext("heat", "Rework"),
    "breaches": lazy_pgettext("heat", "Broken promises"),
}
MEANINGS = {
    "waiting": lazy_gettext(
        "Shaded by all the time that work stood in the queue of a step in these days: the sum of the parts of ready → begun that lie in them, which is how long the queue was, day after day. A step that nobody began waits until it ends."
    ),
    "frequency": lazy_gettext("Shaded by how often a step was completed in these days."),
    "dwell": lazy_gettext(
        "Shaded by the mean time from ready until begun, of what left the queue in these days. It hides how many waited: a rare step may look worse than the one that holds the company up."
    ),
    "rework": lazy_gettext(
        "Shaded by how often a step was completed again in the same case: by the person who did it the last time (repeat) or by another (redo)."
    ),
    "breaches": lazy_gettext(
        "Shaded by promises broken in these days: delivered late or refused for good, or open past their time."
    ),
}
"""The definition in words, of each way to shade."""
LEVELS = 5


def drawings_shown(seen: Seen) -> dict[str, Any]:
    """The drawings of the version shown that there are: a history from elsewhere has none."""
    if seen.version is None:
        return {}
    files = definitions.files(seen.session, seen.version, "bpmn")
    return {file: each for file, each in drawings_of(seen.plans.plan(seen.version)).items() if file in files}


def file_of(seen: Seen, diagram: str) -> str:
    """The drawing that shows a diagram, in the version shown."""
    found = seen.plans.plan(seen.version).diagrams.get(diagram) if seen.version else None
    return found.file if found else ""


def hottest(seen: Seen, necks: Sequence[Neck]) -> list[Neck]:
    """The steps, those first that are shaded most."""
    return sorted(necks, key=lambda each: -heat_of(each, seen.ask.heat))


def busiest(seen: Seen, necks: Sequence[Neck], files: Sequence[str]) -> str:
    """The drawing with the hottest step."""
    return next(
        (file for each in hottest(seen, necks) if (file := file_of(seen, each.diagram)) in files),
        "".join(files[:1]),
    )


def heat_of(neck: Neck, heat: str) -> float:
    """What shades a step."""
    values: dict[str, float] = {
        "waiting": neck.sums.queue,
        "frequency": neck.sums.done,
        "dwell": neck.dwell or 0,
        "rework": neck.rework,
        "breaches": neck.broken,
    }
    return values[heat]


def level(value: float, most: float) -> int:
    """Which of the shades, 0 for none: equal steps up to the hottest."""
    return 0 if value <= 0 or most <= 0 else max(1, min(LEVELS, -int(-value * LEVELS // most)))


def marks(seen: Seen, necks: Sequence[Neck], file: str) -> dict[str, Any]:
    """What the viewer draws on the steps of a drawing."""
    most = max((heat_of(each, seen.ask.heat) for each in necks), default=0)
    return {
        "heat": {
            each.element: {
                "level": level(heat_of(each, seen.ask.heat), most),
                "words": tag(each, seen.ask.heat),
                "href": step_href(seen, each),
            }
            for each in necks
            if file_of(seen, each.diagram) == file and heat_of(each, seen.ask.heat) > 0
        }
    }


def tag(neck: Neck, heat: str) -> str:
    """The figure on a step."""
    value = heat_of(neck, heat)
    return in_time(value) if heat in ("waiting", "dwell") else formats.number(value)


def step_href(seen: Seen, neck: Neck) -> str:
    """The page of a step."""
    days: dict[str, Any] = {"from": seen.period.start.isoformat(), "to": seen.period.last.isoformat()}
    where: dict[str, Any] = {"diagram": neck.diagram, "element": neck.element}
    return url_for("reports.bottleneck_step", **seen.ask.kept(), version=seen.only, **days, **where)
