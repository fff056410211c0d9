"""What the whole log of a ladder adds up to: the rows of every roll-up and of its journeys, as columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reports.movements import RED
from reports.rollups.columns import frames, moves, periods, stays
from reports.rollups.columns.moves import Moves
from reports.rollups.columns.periods import GRAINS
from reports.rollups.columns.source import Heard, Log
from reports.rollups.columns.words import Frame, Ints, Marks, Words
from reports.rollups.steps import Course

KEYS = {
    "rollup_days": ("day", "department_id", "from_stage", "to_stage", "kind"),
    "rollup_causes": ("day", "cause_id", "reason", "kind"),
    "rollup_nets": ("grain", "day"),
    "rollup_cohorts": ("month", "highest", "status", "touched"),
    "rollup_stays": ("month", "what", "rank", "outcome", "bucket"),
    "rollup_reach": ("day", "rank"),
}
"""By what each table's sums are kept, without the ladder and what `_by_grain` adds."""


@dataclass(slots=True)
class Whole:
    """Sums by the names of their tables, and the columns of every item that counts, in the order of the items."""

    words: Words
    sums: dict[str, Frame]
    journeys: Mapping[str, Any]


@dataclass(slots=True)
class _Parts:
    """Sums of some items each, to be added up together."""

    sums: dict[str, list[Frame]] = field(default_factory=lambda: {name: [] for name in KEYS})
    journeys: list[Frame] = field(default_factory=list)
    periods: list[str] = field(default_factory=list)

    def take(self, table: str, *found: Frame) -> None:
        """Add up alike rows of a part at once: there are far fewer sums than moves."""
        for frame in found:
            self.sums[table].append(frames.grouped(frame, KEYS[table]))


def whole(log: Log, course: Course, heard: Heard) -> Whole:
    """Add up a log. ``heard`` hears how many moves are done."""
    parts, done = _Parts(), 0
    for frame in moves.slices(log):
        _part(frame, course, log.words, parts)
        done += len(frame["id"])
        heard(done)
    sums = {name: frames.grouped(frames.joined(found), KEYS[name]) for name, found in parts.sums.items()}
    for name in ("rollup_days", "rollup_causes"):
        sums[name] = _by_grain(sums[name], log.words)
    journeys: dict[str, Any] = dict(frames.joined(parts.journeys))
    journeys["item"] = [log.items[number] for number in journeys["item"].tolist()]
    return Whole(log.words, sums, journeys | {"periods": parts.periods})


def _part(frame: Frame, course: Course, words: Words, parts: _Parts) -> None:
    skipped, kind = moves.outside(frame, words)
    some = moves.counted(frame, skipped, course, words)
    parts.take("rollup_days", _days(some.columns, some.left, some.entered, some.columns["kind"], some.gain))
    if skipped.any():
        none = np.zeros(int(skipped.sum()), np.int64)
        lost = {name: column[skipped] for name, column in frame.items()}
        parts.take("rollup_days", _days(lost, none, none, kind[skipped], none))
    parts.take("rollup_causes", _causes(some.columns, words.marks(RED)[some.columns["kind"]]))
    in_periods = periods.told(some, words)
    parts.take("rollup_nets", *periods.nets(in_periods, words))
    risen = stays.rises(some)
    each = stays.items(some, risen, words)
    parts.take("rollup_cohorts", stays.cohorts(each, some, course))
    parts.take("rollup_reach", stays.reach(each, some, risen, course))
    parts.take("rollup_stays", *stays.stays(each, some, risen, course, words))
    parts.journeys.append(_journeys(each, some))
    parts.periods += periods.written(in_periods, some)


def _days(columns: Frame, left: Ints, entered: Ints, kind: Ints, gain: Ints) -> Frame:
    return {
        "day": columns["day"],
        "department_id": columns["department_id"],
        "from_stage": left,
        "to_stage": entered,
        "kind": kind,
        "n": np.ones(len(kind), np.int64),
        "dwell": columns["dwell"],
        "money": columns["money"],
        "gain": gain,
        "moment": columns["second"],
    }


def _causes(columns: Frame, red: Marks) -> Frame:
    found = {name: columns[name][red] for name in ("day", "cause_id", "reason", "kind", "money")}
    return found | {"n": np.ones(len(found["day"]), np.int64)}


def _journeys(each: stays.Items, some: Moves) -> Frame:
    last = {name: column[some.ends] for name, column in some.columns.items()}
    return {
        "item": last["item"],
        "seq": some.seq,
        "move_id": last["id"],
        "instance_id": last["instance_id"],
        "department_id": last["department_id"],
        "owner_id": last["owner_id"],
        "created": each.created,
        "created_day": each.created_day,
        "status": each.status,
        "stage": some.entered[some.ends],
        "rank": some.rank[some.ends],
        "entered": each.moved,
        "highest": each.highest,
        "began": each.began,
        "arrived": each.arrived,
        "touched": each.touched,
        "money": last["money"],
        "moved": each.moved,
        "moved_day": each.moved_day,
    }


def _by_grain(frame: Frame, words: Words) -> Frame:
    """Sums of days as sums of days, weeks and months."""
    found = [
        frame | {"day": start(frame["day"]), "grain": np.full(len(frame["day"]), words.number(grain))}
        for grain, start in GRAINS
    ]
    return frames.joined(found)
