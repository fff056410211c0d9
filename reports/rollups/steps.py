"""What one move adds to every roll-up: an item's state before it, its state after it, and sums.

`reports.rollups.columns` writes the same for a whole log at once. The definitions are those of `reports.movements`,
`reports.cohort_facts` and `reports.dynamics.net`; property tests hold them equal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from engine.sales.ladders import Move
from reports.cohort_facts import ARRIVE, ENDED, FURTHER, GONE, LOST, REACH, VISIT, WIN, bucket, second
from reports.movements import MISTAKEN, OPENING, RED, cents

ENDS = {"won": 1 << 20, "lost": -1}
"""A rank above all and one below all, as `reports.dynamics.net` compares them."""
ENTERING = frozenset((*OPENING, "rerouted"))
CLOSING = frozenset(("won", "lost", "suspended", "rerouted"))


class Step(NamedTuple):
    """A move as roll-ups count it. ``second`` since 2000, ``day`` in ISO form, ``money`` in hundredths."""

    id: int
    item: str
    seq: int
    kind: str
    from_stage: str | None
    to_stage: str | None
    from_rank: int | None
    to_rank: int | None
    second: int
    day: str
    dwell: int | None
    department_id: int | None
    owner_id: int | None
    money: int
    reason: str | None
    cause_id: int | None
    instance_id: int | None
    corrects_id: int | None


def noted(move: Move) -> Step:
    """A move that was just written."""
    value = move.__dict__.get
    at, day = move.at, move.day
    return Step(
        move.id,
        move.item,
        move.seq,
        move.kind,
        value("from_stage"),
        value("to_stage"),
        value("from_rank"),
        value("to_rank"),
        second(at),
        day.isoformat(),
        value("dwell"),
        value("department_id"),
        value("owner_id"),
        cents(value("amount")),
        value("reason"),
        value("causing_department_id"),
        value("instance_id"),
        value("corrects_id"),
    )


@dataclass(slots=True)
class State:
    """An item after some moves: the columns of `reports.rollups.tables.JourneyRow` after its key."""

    seq: int
    move_id: int
    instance_id: int | None
    department_id: int
    owner_id: int
    created: int
    created_day: str
    status: str
    stage: str
    rank: int
    entered: int
    highest: int
    began: int
    arrived: int
    touched: int
    money: int
    moved: int
    moved_day: str
    periods: list[list[Any]]


Table = dict[tuple[Any, ...], list[int]]
"""Sums by key: [n, and what else the table adds up]."""


@dataclass(slots=True)
class Sums:
    """What moves add to the roll-ups of one ladder, by the keys of each table without ladder and grain."""

    days: Table = field(default_factory=dict)
    causes: Table = field(default_factory=dict)
    nets: Table = field(default_factory=dict)
    cohorts: Table = field(default_factory=dict)
    stays: Table = field(default_factory=dict)
    reach: Table = field(default_factory=dict)

    def tables(self) -> tuple[Table, ...]:
        """All of them, in the order in which they are written."""
        return self.days, self.causes, self.nets, self.cohorts, self.stays, self.reach

    def take(self, other: "Sums", sign: int = 1) -> None:
        """Add what others add; with ``sign`` -1 take it back."""
        for mine, its in zip(self.tables(), other.tables(), strict=True):
            for key, values in its.items():
                _add(mine, key, [sign * value for value in values])


def _add(table: Table, key: tuple[Any, ...], values: Sequence[int]) -> None:
    known = table.get(key)
    if known is None:
        table[key] = list(values)
        return
    for place, value in enumerate(values):
        known[place] += value


def _count(table: Table, key: tuple[Any, ...], seconds: int) -> None:
    """One more stay, as `_add` would add it."""
    known = table.get(key)
    if known is None:
        table[key] = [1, seconds]
    else:
        known[0] += 1
        known[1] += seconds


def _move(table: Table, key: tuple[Any, ...], step: Step, gain: int) -> None:
    """One more move, as `_add` would add it."""
    known = table.get(key)
    if known is None:
        table[key] = [1, step.dwell or 0, step.money, gain, step.second]
        return
    known[0] += 1
    known[1] += step.dwell or 0
    known[2] += step.money
    known[3] += gain
    known[4] += step.second


@lru_cache(maxsize=4096)
def starts(day: str) -> tuple[str, str, str]:
    """The first days of a day's day, ISO week and month."""
    found = date.fromisoformat(day)
    return day, (found - timedelta(days=found.weekday())).isoformat(), f"{day[:7]}-01"


@lru_cache(maxsize=4096)
def month(day: str) -> str:
    """The first day of a day's month."""
    return f"{day[:7]}-01"


@dataclass(frozen=True, slots=True)
class Course:
    """A ladder's ranks by stage, as `reports.ladders.Ladder` has them."""

    ranks: Mapping[str, int]

    @classmethod
    def of(cls, stages: Sequence[str]) -> "Course":
        """The course of these stages in order."""
        return cls({key: rank for rank, key in enumerate(stages, start=1)})

    @property
    def top(self) -> int:
        """The rank of winning."""
        return len(self.ranks) + 1

    def rank(self, stage: str, said: int | None) -> int:
        """The rank of a stage; one of an older version keeps its own, within the ladder."""
        return self.ranks.get(stage) or min(max(said or 1, 1), max(len(self.ranks), 1))


def tell(steps: Sequence[Step], course: Course, sums: Sums) -> State | None:
    """Add the whole history of an item, in order, and say where it stands. None when nothing of it counts."""
    mistaken = {step.corrects_id for step in steps}
    state: State | None = None
    for step in steps:
        if step.kind == "corrected":
            outside(step, "corrected", sums)
        elif step.id in mistaken:
            outside(step, MISTAKEN, sums)
        else:
            state = go(state, step, course, sums)
    if state is not None:
        state.seq = steps[-1].seq
        stand(state, course, sums)
    return state


def outside(step: Step, kind: str, sums: Sums) -> None:
    """A move that changes nothing: a mistake, or what takes it back."""
    key = (step.day, step.department_id or 0, "", "", kind)
    _move(sums.days, key, step, 0)


def go(state: State | None, step: Step, course: Course, sums: Sums) -> State:
    """One move that counts: what it adds for good. What only the last move says is `stand`'s."""
    kind, now = step.kind, step.second
    entered = _entered(step) if kind in ENTERING else ""
    left = (step.from_stage or "") if state is not None and state.stage else ""
    gain = step.money - state.money if state is not None and left else 0
    key = (step.day, step.department_id or 0, left, entered, kind)
    _move(sums.days, key, step, gain)
    if kind in RED:
        _add(sums.causes, (step.day, step.cause_id or 0, step.reason or "", kind), (1, step.money))
    if state is None:
        state = _created(step)
    elif state.stage:
        seconds = max(0, now - state.entered)
        stay = (month(state.created_day), VISIT, state.rank, ENDED, bucket(seconds))
        _count(sums.stays, stay, seconds)
    _compare(state, step, sums)
    state.stage, state.entered = entered, now
    state.rank = course.rank(entered, step.to_rank) if entered else 0
    if entered:
        _come(state, step, sums)
    state.status = kind if kind in CLOSING and not entered else "open"
    state.seq, state.move_id, state.money, state.instance_id = step.seq, step.id, step.money, step.instance_id
    state.department_id, state.owner_id = step.department_id or 0, step.owner_id or 0
    state.moved, state.moved_day = now, step.day
    return state


def _entered(step: Step) -> str:
    return step.to_stage or (step.from_stage if step.kind == "resumed" else None) or ""


def _created(step: Step) -> State:
    return State(
        0, 0, None, 0, 0, step.second, step.day, "open", "", 0, 0, 0, 0, 0, 0, 0, step.second, step.day, []
    )


def _come(state: State, step: Step, sums: Sums) -> None:
    """It stands on a rank: the way to those it had not reached is over."""
    state.touched |= 1 << state.rank - 1
    now, created = step.second, month(state.created_day)
    for rank in range(state.highest + 1, state.rank + 1):
        if state.highest:
            _way(created, REACH, rank - 1, FURTHER, now - state.arrived, sums)
        else:
            state.began = now
        state.highest, state.arrived = rank, now
        _way(created, ARRIVE, rank, FURTHER, now - state.created, sums)
        _add(sums.reach, (step.day, rank), (1,))


def _way(created: str, what: str, rank: int, outcome: str, seconds: int, sums: Sums, sign: int = 1) -> None:
    length = max(0, seconds)
    _add(sums.stays, (created, what, rank, outcome, bucket(length)), (sign, sign * length))


def _compare(state: State, step: Step, sums: Sums) -> None:
    """Where it stood when the day, week and month began against where it stands now."""
    after, periods = ENDS.get(step.kind) or step.to_rank or step.from_rank or 0, state.periods
    if not periods:
        periods += [_period(start, step) for start in starts(step.day)]
    elif periods[0][0] != step.day:
        for place, start in enumerate(starts(step.day)):
            if periods[place][0] != start:
                _net(place, periods[place], sums)
                periods[place] = _period(start, step)
    for period in periods:
        period[2] = after
        if period[4]:
            open_ = [rank for rank in period[4] if rank > after]
            period[3] += len(period[4]) - len(open_)
            period[4] = open_
        if step.kind == "backward":
            period[4].append(step.from_rank or 0)


def _period(start: str, step: Step) -> list[Any]:
    return [start, step.from_rank or step.to_rank or 0, 0, 0, []]


def _net(place: int, period: Sequence[Any], sums: Sums, sign: int = 1) -> None:
    start, began, after, recovered, _ = period
    table, key = sums.nets, (place, start)
    known = table.get(key)
    if known is None:
        known = table[key] = [0, 0, 0, 0]
    known[0 if after > began else 1 if after < began else 2] += sign
    known[3] += sign * recovered


def stand(state: State, course: Course, sums: Sums, sign: int = 1) -> None:
    """What only the last move says: the next one takes it back, by the ``sign`` -1, and adds it anew."""
    is_won, created = state.status == "won", month(state.created_day)
    highest = course.top if is_won else state.highest
    _add(sums.cohorts, (created, highest, state.status, state.touched), (sign, sign * state.money))
    for place, period in enumerate(state.periods):
        _net(place, period, sums, sign)
    if is_won:
        _win(state, course, sums, sign)
    elif state.status in GONE and state.highest:
        _way(created, REACH, state.highest, LOST, state.moved - state.arrived, sums, sign)
    if is_won or state.status in GONE:
        began = state.began if state.highest else state.moved if is_won else state.created
        _way(created, WIN, 0, FURTHER if is_won else LOST, state.moved - began, sums, sign)


def _win(state: State, course: Course, sums: Sums, sign: int) -> None:
    """Winning is beyond every rank that it had not reached."""
    created = month(state.created_day)
    for rank in range(state.highest, course.top):
        if rank:
            seconds = state.moved - state.arrived if rank == state.highest else 0
            _way(created, REACH, rank, FURTHER, seconds, sums, sign)
        _way(created, ARRIVE, rank + 1, FURTHER, state.moved - state.created, sums, sign)
        _add(sums.reach, (state.moved_day, rank + 1), (sign,))
