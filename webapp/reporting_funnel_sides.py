"""The two cohorts that a funnel sets side by side: other days, or two versions of the process."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine.people import Person
from reports import funnel_items, funnel_reading, funnel_segments
from reports.funnel import Cohort
from webapp.reporting_address import Asked
from webapp.reporting_funnel_asked import Options

VERSION = "version"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two. ``value`` is its version; empty when the sides differ in their days."""

    cohort: Cohort
    value: str = ""


def sides(
    session: Session, ask: Asked, chosen: Options, viewer: Person | None, *, now: datetime
) -> tuple[Side, Side] | None:
    """The earlier and the later one; None when nothing, or not enough, was chosen to compare."""
    scope, view = ask.scope(session, viewer), funnel_items.view_of(ask.view)
    if chosen.other:
        first, second = (
            funnel_reading.cohort(session, scope, ask.ladder, window, now=now, view=view)
            for window in (chosen.other, ask.cohort())
        )
        return Side(first), Side(second)
    if chosen.against != VERSION:
        return None
    mine = funnel_reading.created(session, scope, ask.ladder, ask.cohort())
    values = funnel_segments.values(session, VERSION, mine)
    found = [
        Side(
            funnel_reading.told(
                [each for each in mine if values[each.item] == version],
                ask.ladder,
                ask.cohort(),
                as_of=ask.moment,
                view=view,
            ),
            version,
        )
        for version in _two(sorted(Counter(values.values()), key=int), chosen.versions)
    ]
    return (found[0], found[1]) if len(found) == 2 else None


def versions(session: Session, ask: Asked, viewer: Person | None) -> list[str]:
    """The versions in which those created in the window began, the oldest first."""
    mine = funnel_reading.created(session, ask.scope(session, viewer), ask.ladder, ask.cohort())
    return sorted(set(funnel_segments.values(session, VERSION, mine).values()), key=int)


def _two(known: Sequence[str], chosen: tuple[str, str]) -> Sequence[str]:
    """The chosen two, else the two newest."""
    return chosen if all(chosen) else known[-2:]
