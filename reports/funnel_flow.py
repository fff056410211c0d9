"""The funnel by flow: how the stays that ended in a window ended, how many began, and how long they lasted."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reports.funnel import DAY, Dwell, dwell
from reports.funnel_items import moment
from reports.movements import Total
from reports.periods import Period
from reports.survival import Stay
from reports.visits import Journey, Visit

OUTCOMES = ("forward", "back", "lost", "suspended", "rerouted")


@dataclass(frozen=True, slots=True)
class Flow:
    """One stage in a window: how the visits that ended there ended, and how many began.

    ``ratio`` is the next stage's entries over this one's: the flow ratio, which is not a conversion.
    """

    stage: str
    entries: int
    outcomes: Mapping[str, int]
    dwell: Dwell
    ratio: float | None = None

    @property
    def ended(self) -> int:
        """Visits that ended."""
        return sum(self.outcomes.values())

    def share(self, outcome: str) -> float | None:
        """The part of ended visits with this outcome; None when none ended."""
        return self.outcomes.get(outcome, 0) / self.ended if self.ended else None


@dataclass(frozen=True, slots=True)
class Closed:
    """Those won and lost in a window, whenever they were created."""

    won: Total = field(default_factory=Total)
    lost: Total = field(default_factory=Total)

    @property
    def rate(self) -> float | None:
        """Won of won and lost: kind to the quick, for what is decided fast is counted first."""
        ended = self.won.n + self.lost.n
        return self.won.n / ended if ended else None


def flow(
    journeys: Iterable[Journey], window: Period, stages: Sequence[str], *, as_of: datetime
) -> tuple[Flow, ...]:
    """The flow view: visits that ended in the window, stage by stage."""
    visits = [visit for journey in journeys for visit in journey.visits]
    by_stage = {stage: [visit for visit in visits if visit.stage == stage] for stage in stages}
    entries = [sum(1 for each in by_stage[stage] if each.began.day in window) for stage in stages]
    start, end = moment(window.start), min(moment(window.end), as_of)
    found = []
    for place, stage in enumerate(stages):
        of = by_stage[stage]
        outcomes = Counter(each.outcome or "" for each in of if each.ended and each.ended.day in window)
        ratio = entries[place + 1] / entries[place] if place + 1 < len(stages) and entries[place] else None
        found.append(Flow(stage, entries[place], dict(outcomes), within(of, start, end), ratio))
    return tuple(found)


def ended_in(journeys: Iterable[Journey], window: Period, stage: str, outcome: str | None) -> list[Visit]:
    """The visits that a cell of the flow view counts."""
    return [
        visit
        for journey in journeys
        for visit in journey.visits
        if visit.stage == stage
        and visit.ended
        and visit.ended.day in window
        and outcome in (None, visit.outcome)
    ]


def began_in(journeys: Iterable[Journey], window: Period, stage: str) -> list[Visit]:
    """The visits of a stage that began in the window."""
    return [
        visit
        for journey in journeys
        for visit in journey.visits
        if visit.stage == stage and visit.began.day in window
    ]


def within(visits: Iterable[Visit], start: datetime, end: datetime) -> Dwell:
    """Time on a stage within [start, end): a visit that began earlier is watched from ``start`` on, one that ended
    later is still open."""
    stays = []
    for visit in visits:
        if visit.entered >= end or (visit.left is not None and visit.left < start):
            continue
        left = visit.left if visit.left is not None and visit.left < end else None
        stays.append(
            Stay(_days(visit.entered, left or end), "left" if left else "", _days(visit.entered, start))
        )
    return dwell(stays)


def _days(start: datetime, end: datetime) -> float:
    return max(0.0, (end - start).total_seconds()) / DAY


def bottlenecks(flows: Iterable[Flow]) -> list[Flow]:
    """The stages by all time spent there in the window, the most first."""
    return sorted(flows, key=lambda each: (-each.dwell.total, each.stage))
