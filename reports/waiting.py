"""Where the time goes: queues and lengths of steps in a window, from the roll-ups or from the steps themselves.

The bottleneck of a window is the step with the most waiting in it: the sum of the parts of [ready, begun) that lie in the
window, which is the integral of its queue over time. A step that nobody began waits until it ends.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, cast, func, select
from sqlalchemy.orm import Session

from engine.process.definitions import Definition
from reports import past_steps, step_picks, step_rollups, step_sums, steps
from reports.cohort_facts import bucket
from reports.periods import DAY, Period
from reports.queries import Scope
from reports.step_picks import Pick
from reports.step_rollups import StepDay, StepWait
from reports.steps import Step, Stretch, overlap, seconds

By = tuple[str, ...]
STEP: By = ("diagram", "element")
PAIR: By = ("came_from_id", "department_id")
UNIT: By = ("department_id",)
Key = tuple[Any, ...]
Lengths = Mapping[int, tuple[int, int]]
"""Bucket (or exact seconds) to how many and their seconds together."""


class Sums(NamedTuple):
    """What steps alike did in a window. ``queue`` and ``present`` are seconds: of standing in the queue, of being open.

    ``ready``, of these ``taken`` (begun since, ``taken_seconds`` together) and ``back`` are of those that became ready in
    it; ``left`` and ``waited`` of those that left the queue in it; the rest of those that ended in it. ``waiting`` stand in
    the queue at its end.
    """

    queue: int = 0
    present: int = 0
    ready: int = 0
    taken: int = 0
    taken_seconds: int = 0
    back: int = 0
    left: int = 0
    waited: int = 0
    done: int = 0
    cancelled: int = 0
    abandoned: int = 0
    worked: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Neck:
    """A step of a diagram as a bottleneck. ``share`` is its part of all waiting; lengths are of begun steps, seconds."""

    diagram: str
    element: str
    sums: Sums
    share: float | None
    p50: float | None
    p85: float | None
    repeats: int = 0
    redos: int = 0
    broken: int = 0

    @property
    def rework(self) -> int:
        """Executions beyond the first of a case."""
        return self.repeats + self.redos

    @property
    def dwell(self) -> float | None:
        """Mean seconds from ready to begun of those that left their queue in the window."""
        return self.sums.waited / self.sums.left if self.sums.left else None


def is_rolled(session: Session, scope: Scope) -> bool:
    """Whether the roll-ups may be read for this scope."""
    in_roll_ups = scope.is_whole and not past_steps.is_imported(session, scope.ladder)
    return in_roll_ups and step_rollups.are_whole(session)


def sums(
    session: Session, scope: Scope, period: Period, window: Stretch, by: By, *, version: int | None = None
) -> dict[Key, Sums]:
    """The sums of a window by some columns of the steps; ``version`` is a definition's id."""
    if is_rolled(session, scope):
        return _rolled(session, scope, period, window, by, version)
    every = steps.facts(session, scope, window=window, definition_id=version)
    return gathered(every, window, by)


def gathered(every: Iterable[Step], window: Stretch, by: By) -> dict[Key, Sums]:
    """The sums of a window from the steps themselves."""
    found: dict[Key, Counter[str]] = {}
    for step in every:
        key = tuple(getattr(step, name) for name in by)
        found.setdefault(key, Counter()).update(_of(step, window))
    return {key: Sums(**counts) for key, counts in found.items() if any(counts.values())}


def _of(step: Step, window: Stretch) -> dict[str, int]:
    start, end = window
    told = {
        "queue": overlap(step.ready, step.left or end, window),
        "present": overlap(step.ready, step.ended or end, window),
        "waiting": int(step.ready < end and (step.left is None or step.left >= end)),
    }
    if start <= step.ready < end:
        told |= {"ready": 1, "back": int(step.is_back)}
        if step.started is not None:
            told |= {"taken": 1, "taken_seconds": step.waited or 0}
    if step.left is not None and start <= step.left < end:
        told |= {"left": 1, "waited": step.waited or 0}
    if step.ended is not None and start <= step.ended < end:
        told |= {"done": int(step.seq is not None), "cancelled": int(step.seq is None)}
        told |= {"abandoned": int(step.started is None), "worked": step.worked}
    return told


def _rolled(
    session: Session, scope: Scope, period: Period, window: Stretch, by: By, version: int | None
) -> dict[Key, Sums]:
    """The same from sums of days and months: what had happened before the window ended, less what had before it began."""
    is_cut = window[1] < steps.midnight(period.end)
    until = (period.end.replace(day=1) + 32 * DAY).replace(day=1) if is_cut else period.end
    before, after = (_upto(session, scope, day, by, version) for day in (period.start, until))
    nothing = (0,) * len(NAMES)
    found = {key: _summed(before.get(key, nothing), row, window) for key, row in after.items()}
    return {key: value for key, value in found.items() if any(value)}


NAMES = (
    "ready_n",
    "ready_at",
    "left_n",
    "left_at",
    "ended_n",
    "ended_at",
    "taken_n",
    "taken",
    "back",
    "waited",
    "done",
    "cancelled",
    "abandoned",
    "worked",
)


def _upto(session: Session, scope: Scope, day: date, by: By, version: int | None) -> dict[Key, Sequence[int]]:
    """The sums of everything before a day: whole months, then the days of its own."""
    month = day.replace(day=1)
    months = and_(StepDay.grain == step_sums.MONTH, StepDay.day < month)
    rest = and_(StepDay.grain == step_sums.DAY, StepDay.day >= month, StepDay.day < day)
    columns = [getattr(StepDay, name) for name in by]
    query = select(*columns, *(_summed_up(getattr(StepDay, name)) for name in NAMES)).group_by(*columns)
    found: dict[Key, Sequence[int]] = {}
    for part in (months, rest) if day > month else (months,):
        for row in session.execute(query.where(_of_process(scope, StepDay, version), part)):
            key, values = tuple(row[: len(by)]), row[len(by) :]
            known = found.get(key)
            found[key] = values if known is None else [a + b for a, b in zip(known, values, strict=True)]
    return found


def _summed(before: Sequence[int], after: Sequence[int], window: Stretch) -> Sums:
    """Time spent up to t is the moments left, plus t for each that stands, less the moments of becoming ready."""
    start, end = (seconds(at) for at in window)
    more = dict(zip(NAMES, (one - other for one, other in zip(after, before, strict=True)), strict=True))

    def spent(until: int, of: Sequence[int], place: int) -> int:
        return of[place + 1] + until * (of[0] - of[place]) - of[1]

    return Sums(
        queue=spent(end, after, 2) - spent(start, before, 2),
        present=spent(end, after, 4) - spent(start, before, 4),
        ready=more["ready_n"],
        taken=more["taken_n"],
        taken_seconds=more["taken"],
        back=more["back"],
        left=more["left_n"],
        waited=more["waited"],
        done=more["done"],
        cancelled=more["cancelled"],
        abandoned=more["abandoned"],
        worked=more["worked"],
        waiting=after[0] - after[2],
    )


def _of_process(scope: Scope, table: Any, version: int | None) -> ColumnElement[bool]:
    if version is not None:
        clause: ColumnElement[bool] = table.definition_id == version
        return clause
    within: ColumnElement[bool] = table.definition_id.in_(_versions(scope))
    return within


def _versions(scope: Scope) -> Select[int]:
    return select(Definition.id).where(Definition.process == scope.ladder)


def lengths(
    session: Session,
    scope: Scope,
    period: Period,
    window: Stretch,
    by: By,
    *,
    version: int | None = None,
    exact: bool = False,
) -> dict[Key, Lengths]:
    """How long begun steps waited that became ready in the window, in steps of a tenth or ``exact``."""
    if not exact and by in (STEP, PAIR) and is_rolled(session, scope) and _is_months(period, window):
        return _rolled_lengths(session, scope, period, by, version)
    found: dict[Key, dict[int, tuple[int, int]]] = {}
    for step in steps.facts(session, scope, window=window, definition_id=version):
        if step.started is None or step.waited is None or not window[0] <= step.ready < window[1]:
            continue
        mine = found.setdefault(tuple(getattr(step, name) for name in by), {})
        place = step.waited if exact else bucket(step.waited)
        n, whole = mine.get(place, (0, 0))
        mine[place] = (n + 1, whole + step.waited)
    return dict(found)


def _is_months(period: Period, window: Stretch) -> bool:
    """Whether a period is whole months; up to now counts as whole."""
    is_cut = window[1] < steps.midnight(period.end)
    return period.start.day == 1 and (period.end.day == 1 or is_cut)


ORDERED = tuple(
    getattr(StepWait, name) for name in ("came_from_id", "department_id", "diagram", "element", "bucket")
)
"""What lengths stand by, in the order of the table: SQLite adds them up without sorting. Steps have no pair there,
and pairs no step."""


def _summed_up(column: Any) -> ColumnElement[int]:
    """PostgreSQL would answer with decimals, which are slow to read."""
    return cast(func.sum(column), BigInteger)


def _rolled_lengths(
    session: Session, scope: Scope, period: Period, by: By, version: int | None
) -> dict[Key, Lengths]:
    columns = [getattr(StepWait, name) for name in by]
    whichever = and_(StepWait.came_from_id == step_sums.ANY, StepWait.department_id == 0)
    query = (
        select(*columns, StepWait.bucket, _summed_up(StepWait.n), _summed_up(StepWait.seconds))
        .where(StepWait.grain == step_sums.MONTH)
        .where(whichever if by == STEP else StepWait.came_from_id > step_sums.ANY)
        .where(StepWait.day >= period.start, StepWait.day < period.end)
        .group_by(*(ORDERED if session.get_bind().dialect.name == "sqlite" else (*columns, StepWait.bucket)))
    )
    versions = [version] if version is not None else session.scalars(_versions(scope)).all()
    found: dict[Key, dict[int, tuple[int, int]]] = {}
    for each in versions:  # one after the other they are read in the order of the table
        for *key, place, more, spent in session.execute(query.where(StepWait.definition_id == each)):
            if more:
                mine = found.setdefault(tuple(key), {})
                n, whole = mine.get(place, (0, 0))
                mine[place] = (n + more, whole + spent)
    return dict(found)


def percentile(spread: Lengths, share: float) -> float | None:
    """The nearest rank, read out as the mean of its bucket; None of nothing."""
    whole = sum(n for n, _ in spread.values())
    wanted = max(1, ceil(share * whole - 1e-9))
    for place in sorted(spread):
        n, total = spread[place]
        wanted -= n
        if wanted <= 0:
            return total / n
    return None


def counted(session: Session, scope: Scope, pick: Pick, by: By, *, window: Stretch) -> dict[Key, int]:
    """How many steps a pick lists, by some of their columns."""
    listed = step_picks.listed(session, scope, pick, known=window[1]).order_by(None).subquery()
    columns = [listed.c[name] for name in by]
    rows = session.execute(select(*columns, func.count()).group_by(*columns))
    return {tuple(row[:-1]): row[-1] for row in rows}


def necks(
    session: Session,
    scope: Scope,
    period: Period,
    window: Stretch,
    *,
    version: int | None = None,
    exact: bool = False,
) -> list[Neck]:
    """Every step that did something in the window, the most waiting first."""
    totals = sums(session, scope, period, window, STEP, version=version)
    spreads = lengths(session, scope, period, window, STEP, version=version, exact=exact)
    broken = counted(session, scope, Pick("broken", period, version=version), STEP, window=window)
    again = _again(session, scope, Pick("again", period, version=version), window)
    whole = sum(each.queue for each in totals.values())
    found = [
        Neck(
            diagram=key[0],
            element=key[1],
            sums=totals.get(key, Sums()),
            share=totals[key].queue / whole if whole and key in totals else None,
            p50=percentile(spreads.get(key, {}), 0.5),
            p85=percentile(spreads.get(key, {}), 0.85),
            repeats=again.get(key, (0, 0))[0],
            redos=again.get(key, (0, 0))[1],
            broken=broken.get(key, 0),
        )
        for key in totals.keys() | broken.keys() | again.keys()
    ]
    return sorted(found, key=lambda each: (-each.sums.queue, each.diagram, each.element))


def _again(session: Session, scope: Scope, pick: Pick, window: Stretch) -> dict[Key, tuple[int, int]]:
    """Executions beyond the first of a case: by who had done it the last time, and by another; in one pass."""
    listed = step_picks.listed(session, scope, pick, known=window[1]).order_by(None).subquery()
    same = func.coalesce(listed.c.before, 0) == func.coalesce(listed.c.actor_id, 0)
    columns = [listed.c[name] for name in STEP]
    query = select(*columns, func.sum(case((same, 1), else_=0)), func.count()).group_by(*columns)
    return {(row[0], row[1]): (row[2], row[3] - row[2]) for row in session.execute(query)}


def histogram(spread: Lengths, parts: Sequence[int]) -> list[int]:
    """How many lasted up to each bound of seconds (and more than the one before), and the rest."""
    found = [0] * (len(parts) + 1)
    for n, whole in spread.values():
        mean = whole / n
        found[next((place for place, bound in enumerate(parts) if mean <= bound), len(parts))] += n
    return found


def by_day(session: Session, scope: Scope, period: Period, window: Stretch, pick: Pick) -> list[float]:
    """The mean length of a step's queue on each day of the period."""
    every = [
        step
        for step in steps.facts(session, scope, window=window, definition_id=pick.version)
        if (step.diagram, step.element) == (pick.diagram, pick.element)
    ]
    found = []
    for day in period:
        part = steps.between(Period(day, day + DAY), window[1])
        whole = seconds(part[1]) - seconds(part[0])
        queue = sum(overlap(step.ready, step.left or part[1], part) for step in every)
        found.append(queue / whole if whole else 0.0)
    return found
