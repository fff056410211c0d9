"""The funnel: how far a cohort came, what became of visits that ended, and where the time went.

Cohort: the items created in a window. An item reached a stage if it ever stood on it or beyond (a return counts
once), touched it if it stood there. Flow: the visits that ended in a window. Both are views of the same journeys.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from engine.calendars import HOME
from reports.movements import Total
from reports.periods import Period, spanning
from reports.survival import Estimate, Stay, ever, nearest_rank, quantile, survival
from reports.visits import Journey, Visit

DAY = 86400.0
FATES = ("reached", "further", "lost", "open", "gone", "touched", "skipped")


@dataclass(frozen=True, slots=True)
class Dwell:
    """Time on one stage, in days round the clock. p50 and p85 are of visits that ended; ``median`` counts open ones.

    ``total`` is all time spent there within the window: what bottlenecks are ranked by.
    """

    ended: int = 0
    open: int = 0
    p50: float | None = None
    p85: float | None = None
    median: float | None = None
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of a cohort: reached = further + lost + open + gone. ``mature`` foretells the conversion."""

    stage: str
    rank: int
    reached: Total
    further: Total
    lost: Total
    open: Total
    gone: Total
    touched: Total
    mature: Estimate | None
    dwell: Dwell

    @property
    def conversion(self) -> float | None:
        """How many of those that reached it went further; None when nobody reached it."""
        return self.further.n / self.reached.n if self.reached.n else None

    @property
    def foreseen(self) -> float | None:
        """The conversion when the open ones will have ended, else the plain one."""
        return self.mature.share if self.mature else self.conversion

    @property
    def skipped(self) -> Total:
        """Those that reached it without ever standing on it."""
        return self.reached.plus(self.touched, -1)

    @property
    def skip_share(self) -> float | None:
        """1 - touched / reached."""
        return self.skipped.n / self.reached.n if self.reached.n else None


@dataclass(frozen=True, slots=True)
class Month:
    """One part of a cohort. ``reached`` by rank, the last is won; ``young`` ranks cannot be compared yet."""

    period: Period
    n: int
    reached: tuple[int, ...]
    young: tuple[bool, ...]
    lost: int
    open: int


@dataclass(frozen=True, slots=True)
class Cohort:
    """The whole cohort as of a moment: created = won + lost + open + gone."""

    window: Period
    created: Total
    won: Total
    lost: Total
    open: Total
    gone: Total
    mature: Estimate | None
    steps: tuple[Step, ...]
    months: tuple[Month, ...]
    to_win: Dwell

    @property
    def leak(self) -> Step | None:
        """Where the smallest part will go on, of the stages that at least five reached."""
        known = [step for step in self.steps if step.reached.n >= 5]
        return min(known, key=lambda step: (step.foreseen or 0.0, step.rank), default=None)

    @property
    def bottleneck(self) -> Step | None:
        """Where most time is spent in all."""
        return max(self.steps, key=lambda step: (step.dwell.total, -step.rank), default=None)


@dataclass(frozen=True, slots=True)
class Flow:
    """One stage in a window: how the visits that ended there ended, and how many began."""

    stage: str
    entries: int
    outcomes: Mapping[str, int]
    dwell: Dwell

    @property
    def ended(self) -> int:
        """Visits that ended."""
        return sum(self.outcomes.values())

    def share(self, outcome: str) -> float | None:
        """The part of ended visits with this outcome; None when none ended."""
        return self.outcomes.get(outcome, 0) / self.ended if self.ended else None


def moment(day: date) -> datetime:
    """When the organization's day begins."""
    return datetime.combine(day, time(), tzinfo=HOME)


def created_in(journeys: Iterable[Journey], window: Period) -> list[Journey]:
    """The cohort of a window."""
    return [journey for journey in journeys if journey.created.day in window]


def members(cohort: Iterable[Journey], rank: int, fate: str) -> list[Journey]:
    """Those of a cohort that a cell counts. ``rank`` is the stage's; one above all is winning."""
    return [journey for journey in cohort if journey.highest >= rank and _has(journey, rank, fate)]


def _has(journey: Journey, rank: int, fate: str) -> bool:
    if fate in ("touched", "skipped"):
        return (rank in journey.touched) == (fate == "touched")
    if fate == "reached":
        return True
    further = journey.highest > rank
    if fate == "further" or further:
        return further and fate == "further"
    ends = {"lost": ("lost",), "gone": ("rerouted",), "open": ("open", "suspended")}
    return journey.status in ends[fate]


def deciding(journey: Journey, rank: int, fate: str) -> int:
    """The id of the move that says why the item is in this cell."""
    if fate in ("reached", "skipped"):
        return journey.firsts[rank - 1].id
    if fate == "further":
        return journey.firsts[rank].id
    if fate == "touched":
        return next(visit.began.id for visit in journey.visits if visit.rank == rank)
    return journey.last.id


def total(journeys: Iterable[Journey]) -> Total:
    """How many, and their money."""
    listed = list(journeys)
    return Total(len(listed), 0, sum(journey.money for journey in listed))


def cohort(journeys: Sequence[Journey], window: Period, stages: Sequence[str], *, as_of: datetime) -> Cohort:
    """The cohort view of items created in a window, on a ladder with these stages."""
    mine = created_in(journeys, window)
    ends = {name: [each for each in mine if each.status in of] for name, of in _ENDS.items()}
    top = len(stages) + 1
    usual = [_time_to(mine, rank) for rank in range(1, top + 1)]
    won_after = [_days(each.created.at, each.last.at) for each in ends["won"]]
    return Cohort(
        window,
        total(mine),
        total(ends["won"]),
        total(ends["lost"]),
        total(ends["open"]),
        total(ends["gone"]),
        ever([_until(each, 0, top, as_of) for each in mine], "further"),
        tuple(_step(mine, stage, rank, as_of) for rank, stage in enumerate(stages, start=1)),
        tuple(_month(mine, part, usual, as_of) for part in spanning(window.start, window.end, "month")),
        Dwell(len(won_after), p50=nearest_rank(won_after, 0.5), p85=nearest_rank(won_after, 0.85)),
    )


_ENDS = {"won": ("won",), "lost": ("lost",), "open": ("open", "suspended"), "gone": ("rerouted",)}


def _step(mine: Sequence[Journey], stage: str, rank: int, as_of: datetime) -> Step:
    counts = {fate: total(members(mine, rank, fate)) for fate in FATES if fate != "skipped"}
    reached = members(mine, rank, "reached")
    visits = [visit for each in mine for visit in each.visits if visit.rank == rank]
    born = min((visit.entered for visit in visits), default=as_of)
    return Step(
        stage,
        rank,
        mature=ever([_until(each, rank - 1, rank + 1, as_of) for each in reached], "further"),
        dwell=dwell(visits, born, as_of),
        **counts,
    )


def _until(journey: Journey, start: int, rank: int, as_of: datetime) -> Stay:
    """From first standing at rank ``start`` + 1 until first reaching ``rank``, being lost, or now."""
    began = journey.firsts[start].at if start < journey.highest else journey.created.at
    if journey.highest >= rank:
        return Stay(_days(began, journey.firsts[rank - 1].at) + _TICK, "further")
    if journey.status in ("lost", "rerouted"):
        return Stay(_days(began, journey.last.at) + _TICK, "lost")
    return Stay(_days(began, as_of) + _TICK)


_TICK = 1e-9
"""An item that passes two stages in one moment was on the first for no time, but it was there."""


def _days(start: datetime, end: datetime) -> float:
    return max(0.0, (end - start).total_seconds()) / DAY


def _month(mine: Sequence[Journey], part: Period, usual: Sequence[float | None], as_of: datetime) -> Month:
    of = created_in(mine, part)
    reached = tuple(len(members(of, rank, "reached")) for rank in range(1, len(usual) + 1))
    age = _days(moment(part.end), as_of)
    young = tuple(long is None or age < long for long in usual)
    states = Counter(each.status for each in of)
    return Month(part, len(of), reached, young, states["lost"], states["open"] + states["suspended"])


def _time_to(mine: Sequence[Journey], rank: int) -> float | None:
    """The p90 of days from creation until reaching a rank, of those that did."""
    return nearest_rank(
        (_days(each.created.at, each.firsts[rank - 1].at) for each in mine if each.highest >= rank), 0.9
    )


def flow(
    journeys: Iterable[Journey], window: Period, stages: Sequence[str], *, as_of: datetime
) -> tuple[Flow, ...]:
    """The flow view: visits that ended in the window, stage by stage."""
    visits = [visit for journey in journeys for visit in journey.visits]
    start, end = moment(window.start), min(moment(window.end), as_of)
    found = []
    for stage in stages:
        of = [visit for visit in visits if visit.stage == stage]
        outcomes = Counter(each.outcome or "" for each in of if each.ended and each.ended.day in window)
        entries = sum(1 for each in of if each.began.day in window)
        found.append(Flow(stage, entries, dict(outcomes), dwell(of, start, end)))
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


def dwell(visits: Iterable[Visit], start: datetime, end: datetime) -> Dwell:
    """Time on a stage within [start, end): a visit that began earlier is watched from ``start`` on, one that ended
    later is still open."""
    stays, overlap, closed = [], 0.0, []
    for visit in visits:
        if visit.entered >= end or (visit.left is not None and visit.left < start):
            continue
        left = visit.left if visit.left is not None and visit.left < end else None
        whole = _days(visit.entered, left or end)
        since = _days(visit.entered, start)
        overlap += whole - since
        stays.append(Stay(whole + _TICK, "left" if left else "", since))
        closed += [whole] if left else []
    return Dwell(
        len(closed),
        len(stays) - len(closed),
        nearest_rank(closed, 0.5),
        nearest_rank(closed, 0.85),
        quantile(survival(stays), 0.5),
        overlap,
    )


def bottlenecks(flows: Iterable[Flow]) -> list[Flow]:
    """The stages by all time spent there in the window, the most first."""
    return sorted(flows, key=lambda each: (-each.dwell.total, each.stage))
