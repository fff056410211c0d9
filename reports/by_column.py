"""Moves of a log added up by column: what reports ask of whom the roll-ups do not know.

The arithmetic is that of `reports.rollups.columns`, which fills the roll-ups; here it is asked for any days, by owner,
and for a department's or an owner's part. `reports.movements` is the definition, property tests hold both
equal. Whatever is told here of some items is added to what is told of others.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from reports.dynamics import Net, Row
from reports.movements import HANDED_OVER, RED, TAKEN_OVER, Buckets, Key, Total
from reports.periods import Period
from reports.queries import Scope
from reports.rollups.columns import frames, moves, periods
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
            own = chosen(every, _mine(frame, scope))
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
        of, none = chosen(some.columns, passed), np.zeros(int(passed.sum()), np.int64)
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


def day_number(day: date) -> int:
    """A day as days since 1970."""
    return day.toordinal() - EPOCH


def during(days: Ints, period: Period) -> Marks:
    """Which days lie in a period."""
    return (days >= day_number(period.start)) & (days < day_number(period.end))


def chosen(frame: Mapping[str, Any], marks: Marks) -> Frame:
    """The rows of a frame that are marked."""
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
    first, last = np.searchsorted(days, (day_number(period.start), day_number(period.end)))
    told = zip(kinds, (until[last] - until[first]).tolist(), strict=True)
    return Row(period, {kind: Total(*sums) for kind, sums in told if sums[0]})


def parts(of: Counted, wanted: Sequence[Period], *, by_owner: bool) -> Buckets:
    """The buckets of some periods that do not overlap, each added up and kept under its first day."""
    listed = sorted(wanted, key=lambda period: period.start)
    starts = np.array([day_number(period.start) for period in listed])
    ends = np.array([day_number(period.end) for period in listed])
    part = np.searchsorted(starts, of.every["day"], "right") - 1
    inside = (part >= 0) & (of.every["day"] < ends[part])
    frame = chosen(of.every, inside)
    columns = {"part": part[inside], "unit": frame["owner_id" if by_owner else "department_id"]}
    columns |= {name: frame[name] for name in (*FINE, *SUMS)}
    told, texts = summed(columns, ("part", "unit", *FINE)), of.words.texts()
    return {
        Key(listed[part].start, unit, texts[left], texts[entered], texts[kind]): Total(*sums)
        for part, unit, left, entered, kind, *sums in told
    }


def summed(frame: Frame, keys: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """Rows alike added up: their keys, then their sums in the frame's order."""
    found = frames.grouped(frame, keys)
    return zip(*(column.tolist() for column in found.values()), strict=True)


def positions(of: Counted, before: date, limits: Mapping[str, date] | None = None) -> dict[str, Total]:
    """What stood on each open position when the day ``before`` began; with ``limits`` only what had not moved since
    before its position's."""
    columns, entered, texts = of.moves.columns, of.moves.entered, of.words.texts()
    known = np.flatnonzero(columns["day"] < day_number(before))
    last = known[frames.ends(frames.begins(columns["item"][known]))]
    last = last[(entered[last] > 0) & of.mine[last]]
    if limits is not None:
        rested = np.array([day_number(limits[text]) if text in limits else NEVER for text in texts])
        last = last[columns["day"][last] < rested[entered[last]]]
    frame = {"stage": entered[last], "n": np.ones(len(last), np.int64), "money": columns["money"][last]}
    return {texts[stage]: Total(n, 0, money) for stage, n, money in summed(frame, ("stage",))}


def causes(of: Counted, period: Period) -> dict[tuple[int, str, str], Total]:
    """Red movements by causing department or 0, reason or "", kind."""
    columns = of.moves.columns
    is_red = of.words.marks(RED)[columns["kind"]]
    red = chosen(columns, is_red & of.mine & during(columns["day"], period))
    frame = {name: red[name] for name in ("cause_id", "reason", "kind")}
    frame |= {"n": np.ones(len(red["kind"]), np.int64), "money": red["money"]}
    texts = of.words.texts()
    return {
        (cause, texts[reason], texts[kind]): Total(n, 0, money)
        for cause, reason, kind, n, money in summed(frame, ("cause_id", "reason", "kind"))
    }


def net(of: Counted, period: Period) -> Net:
    """How the items that moved stand at the end of a period against its beginning."""
    columns = of.moves.columns
    return Net(*periods.net(chosen(columns, of.mine & during(columns["day"], period)), of.words))
