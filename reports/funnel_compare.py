"""Two cohorts side by side: whether one does better, or whether it is too early to say."""

from dataclasses import dataclass
from typing import Literal

from reports.funnel import ENOUGH, Cohort
from reports.survival import Estimate

Kind = Literal["better", "worse", "few", "unclear"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be said of two shares. Fewer than `ENOUGH` in either, or nothing decided yet: ``few``. Intervals that
    overlap: ``unclear``. Else the second is ``better`` or ``worse`` than the first, by ``points`` of 100."""

    kind: Kind
    points: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One stage, or with an empty one the whole way, of both cohorts. ``n`` reached it, ``some`` went further."""

    stage: str
    n: tuple[int, int]
    some: tuple[int, int]
    mature: tuple[Estimate | None, Estimate | None]
    p50: tuple[float | None, float | None]
    verdict: Verdict


def verdict(n: tuple[int, int], first: Estimate | None, second: Estimate | None) -> Verdict:
    """Whether the second is better than the first."""
    if min(n) < ENOUGH or first is None or second is None:
        return Verdict("few")
    points = (second.share - first.share) * 100
    if first.low <= second.high and second.low <= first.high:
        return Verdict("unclear", points)
    return Verdict("better" if points > 0 else "worse", points)


def compare(first: Cohort, second: Cohort) -> tuple[Row, ...]:
    """Stage by stage, then the whole way from creation until won."""
    rows = []
    for one, other in zip(first.steps, second.steps, strict=True):
        n, mature = (one.reached.n, other.reached.n), (one.mature, other.mature)
        some, p50 = (one.further.n, other.further.n), (one.dwell.p50, other.dwell.p50)
        rows.append(Row(one.stage, n, some, mature, p50, verdict(n, *mature)))
    n, mature = (first.created.n, second.created.n), (first.mature, second.mature)
    some, p50 = (first.arrived.n, second.arrived.n), (first.to_win.p50, second.to_win.p50)
    return (*rows, Row("", n, some, mature, p50, verdict(n, *mature)))
