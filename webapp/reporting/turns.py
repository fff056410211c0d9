"""The cases behind what came again, and behind what was completed right after what."""

from itertools import pairwise
from typing import TYPE_CHECKING

from flask import request
from flask_babel import gettext

from reports import variants
from reports.variants import Element
from webapp.reporting import words
from webapp.reporting.address import Unknown

if TYPE_CHECKING:
    from webapp.reporting.seen import Seen


def in_turn(seen: "Seen") -> tuple[list[int], str]:
    """The cases that ended in these days in which a step came ``again``, or ``then`` right after ``first``.

    Raises `Unknown`.
    """
    ended, _ = variants.paths(seen.session, seen.scope, seen.window, version=seen.only)
    if request.args.get("again"):
        step = step_named(seen, "again")
        said = gettext("Cases in which this was done again: %(step)s", step=seen.plans.step(*step))
        found = [each.instance_id for each in ended if each.steps.count(step) > 1]
    else:
        one, other = step_named(seen, "first"), step_named(seen, "then")
        said = gettext(
            "Cases in which %(first)s was followed by %(second)s",
            first=seen.plans.step(*one),
            second=seen.plans.step(*other),
        )
        found = [each.instance_id for each in ended if (one, other) in pairwise(each.steps)]
    return found, f"{said} · {words.span(seen.period)}"


def step_named(seen: "Seen", name: str) -> Element:
    """A step as an address names it: its diagram, a dot, its element. Raises `Unknown`."""
    diagram, dot, element = request.args.get(name, "").rpartition(".")
    if not dot:
        raise Unknown(name=name, value=request.args.get(name, "")[:60])
    seen.check_step(diagram, element, name)
    return diagram, element
