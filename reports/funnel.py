"""The funnel of a cohort: how far the items created in a window came, and where their time went.

An item reached a stage if it ever stood on it or beyond (a return counts once), touched it if it stood there. Strictly
it reached a stage only by standing on every one before it, in their order. All three are sums of the same counts
(`reports.cohort_facts`), so the roll-ups and the log give the same numbers.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from reports.cohort_facts import ARRIVE, FURTHER, REACH, VISIT, WIN, CohortKey, StayKey, Stays, month
from reports.funnel_items import ENDS, FATES, View, has, moment
from reports.movements import Total
from reports.periods import Period, spanning
from reports.survival import Estimate, Stay, ever, quantile, survival, weighted_rank

DAY = 86400.0
ENOUGH = 20
"""Fewer items than this are not compared."""


@dataclass(frozen=True, slots=True)
class Dwell:
    """Time on one stage, in days round the clock: Kaplan and Meier over all visits, the open ones counted.

    A percentile is None where it is not reached. ``total`` is all time spent there: what bottlenecks are ranked by.
    """

    ended: int = 0
    open: int = 0
    p50: float | None = None
    p85: float | None = None
    p95: float | None = None
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of a cohort: reached = further + lost + open + gone + aside. ``mature`` foretells the conversion."""

    stage: str
    rank: int
    reached: Total
    further: Total
    lost: Total
    open: Total
    gone: Total
    aside: Total
    touched: Total
    skipped: Total
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
    """The whole cohort as of a moment: created = won + lost + open + gone, whatever the view."""

    window: Period
    view: View
    created: Total
    won: Total
    lost: Total
    open: Total
    gone: Total
    mature: Estimate | None
    """The win rate when all have ended; in the strict view of wins in order."""
    steps: tuple[Step, ...]
    months: tuple[Month, ...]
    to_win: Dwell
    """Days from creation until won, of those won: nearest ranks, ``total`` is their sum."""

    @property
    def arrived(self) -> Total:
        """Those that won as the view counts it: strictly in order."""
        return self.steps[-1].further if self.view == "strict" and self.steps else self.won

    @property
    def won_share(self) -> float | None:
        """Won, as the view counts it, of all created: too low while some are open."""
        return self.arrived.n / self.created.n if self.created.n else None

    @property
    def leak(self) -> Step | None:
        """Where the smallest part will go on, of the stages that at least five reached."""
        known = [step for step in self.steps if step.reached.n >= 5]
        return min(known, key=lambda step: (step.foreseen or 0.0, step.rank), default=None)

    @property
    def bottleneck(self) -> Step | None:
        """Where most time is spent in all."""
        return max(self.steps, key=lambda step: (step.dwell.total, -step.rank), default=None)

    @property
    def velocity(self) -> "Velocity | None":
        """What the open ones are worth a day; None until the share, the amount and the length are known."""
        if self.view == "strict" or not self.mature or not self.won.n or not self.to_win.total:
            return None
        return Velocity(
            self.open, self.mature.share, self.won.money / self.won.n, self.to_win.total / self.won.n
        )


@dataclass(frozen=True, slots=True)
class Velocity:
    """The sales velocity equation, as sales handbooks and CRM vendors (Salesforce, HubSpot) print it:

    opportunities x win rate x average amount / length of the cycle. Here: the open items of the cohort, its mature win
    rate (Aalen and Johansen), the mean amount of its won ones in hundredths, their mean days from creation until won.
    """

    open: Total
    rate: float
    amount: float
    days: float

    @property
    def daily(self) -> float:
        """Hundredths of the currency a day."""
        return self.open.n * self.rate * self.amount / self.days


Lengths = Mapping[tuple[str, int], Sequence[Stay]]
"""Stays in days by what they are and their rank."""


def lengths(found: Mapping[StayKey, Stays]) -> dict[tuple[str, int], list[Stay]]:
    """Stays in days, each step read out as the mean of its members, whatever their months."""
    sums: dict[tuple[str, int, str, int], tuple[int, int]] = {}
    for (_, what, rank, outcome, number), (n, seconds) in found.items():
        step = (what, rank, outcome, number)
        known = sums.get(step, (0, 0))
        sums[step] = (known[0] + n, known[1] + seconds)
    told: defaultdict[tuple[str, int], list[Stay]] = defaultdict(list)
    for (what, rank, outcome, _), (n, seconds) in sums.items():
        if n:
            told[what, rank].append(Stay(seconds / n / DAY, outcome, n=n))
    return dict(told)


def cohort(
    counted: Mapping[CohortKey, Total],
    stayed: Mapping[StayKey, Stays],
    window: Period,
    stages: Sequence[str],
    *,
    as_of: datetime,
    view: View = "cohort",
) -> Cohort:
    """A view of the items created in a window, on a ladder with these stages, from their counts and lengths of stay."""
    whole: defaultdict[CohortKey, Total] = defaultdict(Total)
    for key, each in counted.items():
        alike = key._replace(month=window.start)
        whole[alike] = whole[alike].plus(each)
    times, top = lengths(stayed), len(stages) + 1
    return Cohort(
        window,
        view,
        created=total(whole.values()),
        won=_in_state(whole, ("won",)),
        lost=_in_state(whole, ENDS["lost"]),
        open=_in_state(whole, ENDS["open"]),
        gone=_in_state(whole, ENDS["gone"]),
        mature=ever(times.get((WIN, 0), ()), FURTHER),
        steps=tuple(_step(whole, times, stage, rank, view) for rank, stage in enumerate(stages, start=1)),
        months=tuple(_months(counted, times, window, top, view, as_of)),
        to_win=_to_win(times.get((WIN, 0), ())),
    )


def total(totals: Iterable[Total]) -> Total:
    """How many, and their money."""
    listed = list(totals)
    return Total(sum(each.n for each in listed), 0, sum(each.money for each in listed))


def _in_state(counted: Mapping[CohortKey, Total], states: Sequence[str]) -> Total:
    return total(each for key, each in counted.items() if key.status in states)


def _step(counted: Mapping[CohortKey, Total], times: Lengths, stage: str, rank: int, view: View) -> Step:
    here = [(key, each) for key, each in counted.items() if has(key, rank, "reached", view)]
    cells = {fate: total(each for key, each in here if has(key, rank, fate, view)) for fate in FATES}
    ways: Iterable[Stay] = times.get((REACH, rank), ())
    if view == "touched":
        skipped = total(each for key, each in counted.items() if has(key, rank, "skipped", "cohort"))
        ways = _without(ways, skipped.n)
    return Step(stage, rank, mature=ever(ways, FURTHER), dwell=dwell(times.get((VISIT, rank), ())), **cells)


def _without(ways: Iterable[Stay], skipped: int) -> Iterator[Stay]:
    """Without those that skipped the stage: they went further in no time at all."""
    for stay in ways:
        passed = stay.outcome == FURTHER and stay.until <= 1 / DAY
        gone = min(skipped, stay.n) if passed else 0
        skipped -= gone
        if not gone:
            yield stay
        elif stay.n > gone:
            yield replace(stay, n=stay.n - gone)


def dwell(stays: Sequence[Stay]) -> Dwell:
    """Visits of one stage."""
    curve = survival(stays)
    ended = sum(stay.n for stay in stays if stay.outcome)
    return Dwell(
        ended,
        sum(stay.n for stay in stays) - ended,
        quantile(curve, 0.5),
        quantile(curve, 0.85),
        quantile(curve, 0.95),
        sum((stay.until - stay.since) * stay.n for stay in stays),
    )


def _to_win(stays: Iterable[Stay]) -> Dwell:
    won = [stay for stay in stays if stay.outcome == FURTHER]
    return Dwell(
        sum(stay.n for stay in won),
        0,
        weighted_rank(won, 0.5),
        weighted_rank(won, 0.85),
        weighted_rank(won, 0.95),
        sum(stay.until * stay.n for stay in won),
    )


def _months(
    counted: Mapping[CohortKey, Total], times: Lengths, window: Period, top: int, view: View, as_of: datetime
) -> Iterator[Month]:
    """Month by month, and which ranks nine in ten of those that reach them need longer for than the month is old."""
    usual = [weighted_rank(times.get((ARRIVE, rank), ()), 0.9) for rank in range(1, top + 1)]
    by_month: defaultdict[date, list[tuple[CohortKey, int]]] = defaultdict(list)
    for key, each in counted.items():
        by_month[key.month].append((key, each.n))
    for part in spanning(window.start, window.end, "month"):
        of = by_month[month(part.start)]
        age = (as_of - moment(part.end)).total_seconds() / DAY
        yield Month(
            part,
            sum(n for _, n in of),
            tuple(sum(n for key, n in of if has(key, rank, "reached", view)) for rank in range(1, top + 1)),
            tuple(long is None or age < long for long in usual),
            sum(n for key, n in of if key.status in ENDS["lost"]),
            sum(n for key, n in of if key.status in ENDS["open"]),
        )
