"""Moves of a log added up by column: what reports ask of whom the roll-ups do not know.

The arithmetic is that of `reports.rollups.columns`, which fills the roll-ups; here it is asked for any days, by owner,
and for a department's or an owner's part. `reports.movements` and `reports.cohort_facts` are the definitions, property
tests hold them equal. Whatever is told here of some items is added to what is told of others.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np

from reports.cohort_facts import CohortKey, StayKey, Stays, second
from reports.dynamics import Net, Row
from reports.movements import HANDED_OVER, RED, TAKEN_OVER, Buckets, Key, Total
from reports.periods import Period
from reports.queries import Scope
from reports.rollups.columns import frames, moves, periods, stays
from reports.rollups.columns.moves import Moves
from reports.rollups.columns.source import Log
from reports.rollups.columns.words import Frame, Ints, Marks, Words
from reports.rollups.steps import Course

EPOCH = date(1970, 1, 1).toordinal()
NEVER = -(10**9)
"""A day before all days."""
SUMS = ("n", "dwell", "money", "gain")
FINE = ("left", "entered", "kind")


@dataclass(frozen=True, slots=True)
class Counted:
    """``moves`` of some items are those that count, ``mine`` those of the scope's department or owner; ``every`` has all of
    theirs, also mistakes and what they took over and handed over, with what each left, entered and changed."""

    moves: Moves
    mine: Marks
    every: Frame
    words: Words
    course: Course


def counted(log: Log, stages: Sequence[str], scope: Scope) -> Iterator[Counted]:
    """The moves of a log on a ladder with these stages, some whole items at a time."""
    course = Course.of(stages)
    for frame in moves.slices(log):
        skipped, kind = moves.outside(frame, log.words)
        some = moves.counted(frame, skipped, course, log.words)
        every = _every(frame, some, skipped, kind)
        mine = _mine(some.columns, scope)
        if scope.department_ids is not None or scope.owner_id is not None:
            own = _chosen(every, _mine(frame, scope))
            every = frames.joined([own, *_passed(some, mine, log.words)])
        yield Counted(some, mine, every, log.words, course)


def _mine(columns: Frame, scope: Scope) -> Marks:
    """Whose moves they are: of the scope's departments and owner."""
    found = np.ones(len(columns["item"]), bool)
    if scope.department_ids is not None:
        found &= np.isin(columns["department_id"], sorted(scope.department_ids))
    if scope.owner_id is not None:
        found &= columns["owner_id"] == scope.owner_id
    return found


def _every(frame: Frame, some: Moves, skipped: Marks, kind: Ints) -> Frame:
    names = ("day", "department_id", "owner_id", "dwell", "money")
    found = {name: frame[name] for name in names} | {"kind": kind, "n": np.ones(len(kind), np.int64)}
    for name, column in (("left", some.left), ("entered", some.entered), ("gain", some.gain)):
        found[name] = np.zeros(len(kind), np.int64)
        found[name][~skipped] = column
    return found


def _passed(some: Moves, mine: Marks, words: Words) -> Iterator[Frame]:
    """What changed hands while it was open: `reports.movements.within`."""
    was_mine = np.zeros(len(mine), bool)
    was_mine[1:] = mine[:-1] & ~some.first[1:]
    for kind, marks in ((TAKEN_OVER, mine & ~was_mine), (HANDED_OVER, ~mine & was_mine)):
        passed = marks & (some.left > 0)
        of, none = _chosen(some.columns, passed), np.zeros(int(passed.sum()), np.int64)
        left = some.left[passed]
        yield {
            **{name: of[name] for name in ("day", "department_id", "owner_id")},
            "dwell": none,
            "money": of["money"] - some.gain[passed],
            "kind": none + words.number(kind),
            "n": none + 1,
            "left": none if kind == TAKEN_OVER else left,
            "entered": left if kind == TAKEN_OVER else none,
            "gain": none,
        }


def _day(day: date) -> int:
    """A day as days since 1970."""
    return day.toordinal() - EPOCH


def _during(days: Ints, period: Period) -> Marks:
    return (days >= _day(period.start)) & (days < _day(period.end))


def _chosen(frame: Mapping[str, Any], marks: Marks) -> Frame:
    return {name: column[marks] for name, column in frame.items()}


def rows(of: Counted, wanted: Iterable[Period]) -> dict[Period, Row]:
    """What each of these periods, which may overlap, adds up to by kind."""
    days, day = np.unique(of.every["day"], return_inverse=True)
    numbers, kind = np.unique(of.every["kind"], return_inverse=True)
    until = np.zeros((len(days) + 1, len(numbers), len(SUMS)), np.int64)
    np.add.at(until, (day + 1, kind), np.stack([of.every[name] for name in SUMS], axis=1))
    np.cumsum(until, axis=0, out=until)
    texts = of.words.texts()
    kinds = [texts[number] for number in numbers.tolist()]
    return {period: _row(period, days, until, kinds) for period in wanted}


def _row(period: Period, days: Ints, until: Ints, kinds: Sequence[str]) -> Row:
    first, last = np.searchsorted(days, (_day(period.start), _day(period.end)))
    told = zip(kinds, (until[last] - until[first]).tolist(), strict=True)
    return Row(period, {kind: Total(*sums) for kind, sums in told if sums[0]})


def parts(of: Counted, wanted: Sequence[Period], *, by_owner: bool) -> Buckets:
    """The buckets of some periods that do not overlap, each added up and kept under its first day."""
    listed = sorted(wanted, key=lambda period: period.start)
    starts = np.array([_day(period.start) for period in listed])
    ends = np.array([_day(period.end) for period in listed])
    part = np.searchsorted(starts, of.every["day"], "right") - 1
    inside = (part >= 0) & (of.every["day"] < ends[part])
    frame = _chosen(of.every, inside)
    columns = {"part": part[inside], "unit": frame["owner_id" if by_owner else "department_id"]}
    columns |= {name: frame[name] for name in (*FINE, *SUMS)}
    told, texts = _rows(columns, ("part", "unit", *FINE)), of.words.texts()
    return {
        Key(listed[part].start, unit, texts[left], texts[entered], texts[kind]): Total(*sums)
        for part, unit, left, entered, kind, *sums in told
    }


def _rows(frame: Frame, keys: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """Rows alike added up: their keys, then their sums in the frame's order."""
    found = frames.grouped(frame, keys)
    return zip(*(column.tolist() for column in found.values()), strict=True)


def positions(of: Counted, before: date, limits: Mapping[str, date] | None = None) -> dict[str, Total]:
    """What stood on each open position when the day ``before`` began; with ``limits`` only what had not moved since
    before its position's."""
    columns, entered, texts = of.moves.columns, of.moves.entered, of.words.texts()
    known = np.flatnonzero(columns["day"] < _day(before))
    last = known[frames.ends(frames.begins(columns["item"][known]))]
    last = last[(entered[last] > 0) & of.mine[last]]
    if limits is not None:
        rested = np.array([_day(limits[text]) if text in limits else NEVER for text in texts])
        last = last[columns["day"][last] < rested[entered[last]]]
    frame = {"stage": entered[last], "n": np.ones(len(last), np.int64), "money": columns["money"][last]}
    return {texts[stage]: Total(n, 0, money) for stage, n, money in _rows(frame, ("stage",))}


def causes(of: Counted, period: Period) -> dict[tuple[int, str, str], Total]:
    """Red movements by causing department or 0, reason or "", kind."""
    columns = of.moves.columns
    is_red = of.words.marks(RED)[columns["kind"]]
    red = _chosen(columns, is_red & of.mine & _during(columns["day"], period))
    frame = {name: red[name] for name in ("cause_id", "reason", "kind")}
    frame |= {"n": np.ones(len(red["kind"]), np.int64), "money": red["money"]}
    texts = of.words.texts()
    return {
        (cause, texts[reason], texts[kind]): Total(n, 0, money)
        for cause, reason, kind, n, money in _rows(frame, ("cause_id", "reason", "kind"))
    }


def net(of: Counted, period: Period) -> Net:
    """How the items that moved stand at the end of a period against its beginning."""
    columns = of.moves.columns
    return Net(*periods.net(_chosen(columns, of.mine & _during(columns["day"], period)), of.words))


def created(log: Log, stages: Sequence[str], scope: Scope, window: Period) -> Iterator[Counted]:
    """Only the items that were created in a window and that the scope leads now (as of then)."""
    chosen = np.zeros(len(log.items), bool)
    for of in counted(log, stages, scope):
        first, last, item = of.moves.starts, of.moves.ends, of.moves.columns["item"]
        chosen[item[first][_during(of.moves.columns["day"][first], window) & of.mine[last]]] = True
    left = {name: column[chosen[log.moves["item"]]] for name, column in log.moves.items()}
    yield from counted(Log(left, log.items, log.words), stages, Scope(scope.ladder))


def cohorts(of: Counted) -> dict[CohortKey, Total]:
    """`reports.cohort_facts.counts` of these items."""
    each, _ = _items(of)
    frame = stays.cohorts(each, of.moves, of.course)
    told, texts = _rows(frame, ("month", "highest", "status", "touched")), of.words.texts()
    return {
        CohortKey(date.fromordinal(EPOCH + month), highest, texts[status], touched): Total(n, 0, money)
        for month, highest, status, touched, n, money in told
    }


def _items(of: Counted) -> tuple[stays.Items, stays.Rises]:
    risen = stays.rises(of.moves)
    return stays.items(of.moves, risen, of.words), risen


def lengths(of: Counted, as_of: datetime, under: date) -> dict[StayKey, Stays]:
    """`reports.cohort_facts.stays` of these items in its steps, all under one month."""
    each, risen = _items(of)
    found = stays.stays(each, of.moves, risen, of.course, of.words)
    found += stays.lasting(each, of.moves, second(as_of), of.words)
    frame = frames.joined(found)
    del frame["month"]
    told, texts = _rows(frame, ("what", "rank", "outcome", "bucket")), of.words.texts()
    return {
        StayKey(under, texts[what], rank, texts[outcome], step): Stays(n, seconds)
        for what, rank, outcome, step, n, seconds in told
    }


def cohort(
    log: Log, stages: Sequence[str], scope: Scope, window: Period, as_of: datetime
) -> tuple[dict[CohortKey, Total], dict[StayKey, Stays]]:
    """The counts and the lengths of stay of those created in a window, the lengths under its first day."""
    counts: dict[CohortKey, Total] = {}
    found: dict[StayKey, Stays] = {}
    for of in created(log, stages, scope, window):
        for key, total in cohorts(of).items():
            counts[key] = counts.get(key, Total()).plus(total)
        for place, (n, seconds) in lengths(of, as_of, window.start).items():
            known = found.get(place, Stays())
            found[place] = Stays(known.n + n, known.seconds + seconds)
    return counts, found
