"""What many steps add to their roll-ups, summed up column by column: the same as `reports.step_rollups.adds` row by row."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import orjson
from sqlalchemy import Connection, text

from reports.rollups.columns.moves import buckets
from reports.steps import BEGINNING, Step, midnight, seconds

Numbers = Any
"""A column of whole numbers."""
Place = tuple[Any, ...]
"""Grain, definition, day, department before, department, diagram, element, bucket or None."""
DAY, MONTH = "day", "month"
ANY = -1
"""As the department before: whichever."""
CHUNK = 400_000
NEVER = -(2**62)
"""The second of what has not happened."""
SECOND = {
    "postgresql": "floor(extract(epoch FROM {0}))::bigint - 946684800",
    "sqlite": "CAST(strftime('%s', substr({0}, 1, 19)) AS INTEGER) - 946684800",
}
NAMES = ("ready", "started", "ended", "before", "done")


@dataclass(frozen=True, slots=True)
class Columns:
    """Steps as columns. ``kind`` is a place in ``kinds``: definition, department before, department, diagram, element."""

    kinds: list[tuple[Any, ...]]
    kind: Numbers
    ready: Numbers
    started: Numbers
    ended: Numbers
    before: Numbers
    done: Numbers
    pauses: Mapping[int, list[Any]]


def totals(
    connection: Connection, heard: Callable[[int], None] | None = None
) -> Iterator[tuple[Place, dict[str, int]]]:
    """What all steps add: a place may be told several times. ``heard`` is told how many steps are behind."""
    behind = 0
    rows = connection.execute(text(_query(connection.dialect.name)), execution_options={"yield_per": CHUNK})
    for part in rows.partitions(CHUNK):
        yield from _told(_columns(part))
        behind += len(part)
        if heard is not None:
            heard(behind)


def _query(dialect: str) -> str:
    ready, *moments = (SECOND[dialect].format(name) for name in ("opened_at", "started_at", "closed_at"))
    started, ended = (f"coalesce({each}, {NEVER})" for each in moments)
    return (
        f"SELECT {ready}, {started}, {ended}, coalesce(came_before_id, 0), "
        "CASE WHEN done_seq IS NULL THEN 0 ELSE 1 END, definition_id, coalesce(came_from_id, 0), "
        "coalesce(department_id, 0), diagram, element, CAST(pauses AS TEXT) FROM user_tasks"
    )


def _columns(rows: Any) -> Columns:
    *numbers, definition, came_from, department, diagram, element, pauses = zip(*rows, strict=True)
    kinds: dict[tuple[Any, ...], int] = {}
    each = zip(definition, came_from, department, diagram, element, strict=True)
    kind = [kinds.setdefault(one, len(kinds)) for one in each]
    named = {name: np.array(column, dtype=np.int64) for name, column in zip(NAMES, numbers, strict=True)}
    paused = {place: orjson.loads(said) for place, said in enumerate(pauses) if said}
    return Columns(list(kinds), np.array(kind, dtype=np.int64), pauses=paused, **named)


def _told(steps: Columns) -> Iterator[tuple[Place, dict[str, int]]]:
    began, ended = steps.started != NEVER, steps.ended != NEVER
    left = np.where(began, steps.started, steps.ended)
    waited = left - steps.ready
    came_from, department = (np.array([kind[n] for kind in steps.kinds])[steps.kind] for n in (1, 2))
    handed = (came_from != 0) & (came_from != department)
    came = {
        "ready_n": np.ones_like(steps.ready),
        "ready_at": steps.ready,
        "back": handed & (steps.before == department) & (department != 0),
        "taken_n": began,
        "taken": np.where(began, waited, 0),
    }
    yield from _on_days(steps, steps.ready, came, np.full(len(began), fill_value=True))
    gone = {"left_n": np.ones_like(left), "left_at": left, "waited": waited}
    yield from _on_days(steps, left, gone, began | ended)
    over = {
        "ended_n": np.ones_like(left),
        "ended_at": steps.ended,
        "done": steps.done,
        "cancelled": 1 - steps.done,
        "abandoned": ~began,
        "worked": _worked(steps, began & ended),
    }
    yield from _on_days(steps, steps.ended, over, ended)
    yield from _lengths(steps, waited, began)


def _worked(steps: Columns, both: Numbers) -> Numbers:
    """Seconds in which somebody had each step until it ended."""
    found = np.where(both, np.maximum(steps.ended - steps.started, 0), 0)
    for place, pauses in steps.pauses.items():
        if both[place] and pauses:
            start, end = (
                BEGINNING + timedelta(seconds=int(each[place])) for each in (steps.started, steps.ended)
            )
            one = Step(0, 0, 0, "", "", None, start, start, end, None, None, 0, 0, 0, pauses)
            found[place] = one.worked
    return found


def _on_days(
    steps: Columns, at: Numbers, values: Mapping[str, Numbers], which: Numbers
) -> Iterator[tuple[Place, dict[str, int]]]:
    """By day and by month."""
    if not which.any():
        return
    kind, days = steps.kind[which], _days(at[which])
    chosen = {name: column[which].astype(np.int64) for name, column in values.items()}
    for grain in (DAY, MONTH):
        for (which_kind, day), sums in _grouped([kind, _starts(days, grain)], chosen):
            definition, *where = steps.kinds[which_kind]
            yield (grain, definition, date.fromordinal(day), *where, None), sums


def _lengths(steps: Columns, waited: Numbers, which: Numbers) -> Iterator[tuple[Place, dict[str, int]]]:
    """By pair of departments and by element."""
    if not which.any():
        return
    kind, days, spent = steps.kind[which], _days(steps.ready[which]), waited[which]
    step = buckets(spent)
    values = {"n": np.ones_like(spent), "seconds": spent}
    for where in (lambda kind: (kind[1], kind[2], "", ""), lambda kind: (ANY, 0, kind[3], kind[4])):
        alike: dict[tuple[Any, ...], int] = {}
        mapped = [alike.setdefault((each[0], *where(each)), len(alike)) for each in steps.kinds]
        named = list(alike)
        keys = [np.array(mapped)[kind], _starts(days, MONTH), step]
        for (its, day, length), sums in _grouped(keys, values):
            definition, *rest = named[its]
            yield (MONTH, definition, date.fromordinal(day), *rest, length), sums


def _days(at: Numbers) -> Numbers:
    """The organization's local days of moments, as ordinals."""
    first = (BEGINNING + timedelta(seconds=int(at.min()))).date() - timedelta(days=1)
    many = int(at.max() - at.min()) // 86_400 + 4
    midnights = [seconds(midnight(first + timedelta(days=number))) for number in range(many)]
    return np.searchsorted(midnights, at, side="right") - 1 + first.toordinal()


def _starts(days: Numbers, grain: str) -> Numbers:
    """The first day of the month of each, or itself."""
    if grain == DAY:
        return days
    every, place = np.unique(days, return_inverse=True)
    starts = [date.fromordinal(int(day)).replace(day=1).toordinal() for day in every]
    return np.array(starts)[place]


def _grouped(
    keys: list[Numbers], values: Mapping[str, Numbers]
) -> Iterator[tuple[tuple[int, ...], dict[str, int]]]:
    """The sums of what has the same keys."""
    order = np.lexsort(keys[::-1])
    ordered = [key[order] for key in keys]
    changes = np.logical_or.reduce([key[1:] != key[:-1] for key in ordered])
    firsts = np.concatenate(([0], np.flatnonzero(changes) + 1))
    sums = [np.add.reduceat(column[order], firsts).tolist() for column in values.values()]
    found = zip(*(key[firsts].tolist() for key in ordered), strict=True)
    for key, row in zip(found, zip(*sums, strict=True), strict=True):
        yield key, dict(zip(values, row, strict=True))
