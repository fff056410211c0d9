"""The two cohorts that a funnel sets side by side: other days, or two versions of the process."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine.people import Person
from engine.process import definitions
from reports import funnel_items, funnel_reading, funnel_segments
from reports.funnel import Cohort
from webapp.reporting.address import Asked, Unknown
from webapp.reporting.funnel_asked import Options

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
        for version in _two(session, ask, sorted(Counter(values.values()), key=int), chosen.versions)
    ]
    return (found[0], found[1]) if len(found) == 2 else None


def versions(session: Session, ask: Asked, viewer: Person | None) -> list[str]:
    """The versions in which those created in the window began, the oldest first."""
    mine = funnel_reading.created(session, ask.scope(session, viewer), ask.ladder, ask.cohort())
    return sorted(set(funnel_segments.values(session, VERSION, mine).values()), key=int)


def _two(session: Session, ask: Asked, met: Sequence[str], chosen: tuple[str, str]) -> Sequence[str]:
    """The chosen two, else the two newest; beside one that was chosen alone, the newest other.

    Raises `Unknown` for a version that the process never had.
    """
    known = {*met, *(str(each.version) for each in session.scalars(definitions.versions(ask.ladder.key)))}
    for name, version in zip(("version_a", "version_b"), chosen, strict=True):
        if version and version not in known:
            raise Unknown(name=name, value=version)
    if all(chosen) or not any(chosen):
        return chosen if all(chosen) else met[-2:]
    other = [version for version in met if version not in chosen][-1:]
    return [chosen[0], *other] if chosen[0] else [*other, chosen[1]]
