"""The funnel by flow: how the stays that ended in a window ended, how many began, and how long they lasted."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reports.cohort_facts import second
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


@dataclass(frozen=True, slots=True)
class Passed:
    """What passed a stage in a window: visits that began, how those that ended did, and how long they lasted."""

    stage: str
    entries: int
    outcomes: Mapping[str, int]
    stays: Sequence[Stay]


def flow(
    journeys: Iterable[Journey], window: Period, stages: Sequence[str], *, as_of: datetime
) -> tuple[Flow, ...]:
    """The flow view: visits that ended in the window, stage by stage."""
    visits = [visit for journey in journeys for visit in journey.visits]
    return in_order(
        [_passed([each for each in visits if each.stage == stage], stage, window, as_of) for stage in stages]
    )


def _passed(visits: Sequence[Visit], stage: str, window: Period, as_of: datetime) -> Passed:
    outcomes = Counter(each.outcome or "" for each in visits if each.ended and each.ended.day in window)
    entries = sum(1 for each in visits if each.began.day in window)
    moments = ((second(each.entered), None if each.left is None else second(each.left), 1) for each in visits)
    return Passed(stage, entries, outcomes, stays(moments, *bounds(window, as_of)))


def in_order(passed: Sequence[Passed]) -> tuple[Flow, ...]:
    """The stages of a ladder one after the other."""
    entries = [each.entries for each in passed] + [0]
    found = []
    for place, each in enumerate(passed):
        is_last = place + 1 == len(passed)
        ratio = None if is_last or not each.entries else entries[place + 1] / each.entries
        found.append(Flow(each.stage, each.entries, dict(each.outcomes), dwell(each.stays), ratio))
    return tuple(found)


def bounds(window: Period, as_of: datetime) -> tuple[int, int]:
    """The seconds between which stays are watched: the window, as far as it is known."""
    return second(moment(window.start)), second(min(moment(window.end), as_of))


def stays(visits: Iterable[tuple[int, int | None, int]], start: int, end: int) -> list[Stay]:
    """Time on a stage within [start, end) of visits by the seconds of their beginning and end, and how many they are: one
    that began earlier is watched from ``start`` on, one that ended later is still open."""
    found = []
    for entered, left, n in visits:
        if entered >= end or (left is not None and left < start):
            continue
        ended = left is not None and left < end
        until = left if left is not None and ended else end
        found.append(
            Stay(max(0, until - entered) / DAY, "left" if ended else "", max(0, start - entered) / DAY, n)
        )
    return found


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


def bottlenecks(flows: Iterable[Flow]) -> list[Flow]:
    """The stages by all time spent there in the window, the most first."""
    return sorted(flows, key=lambda each: (-each.dwell.total, each.stage))
