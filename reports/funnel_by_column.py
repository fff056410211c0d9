"""The funnel of whom the roll-ups do not know, added up by column: the cohort of a window in every view, and its flow.

`reports.cohort_facts` and `reports.funnel_flow` are the definitions, property tests hold both equal.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from reports import funnel_flow
from reports.by_column import EPOCH, Counted, chosen, counted, during, summed
from reports.cohort_facts import CohortKey, StayKey, Stays, second
from reports.funnel_flow import Flow, Passed
from reports.funnel_items import View
from reports.movements import Total
from reports.periods import Period
from reports.queries import Scope
from reports.rollups.columns import frames, stays, strict
from reports.rollups.columns.source import Log
from reports.rollups.columns.words import Frame
from reports.visits import OUTCOMES


def cohort(
    log: Log, stages: Sequence[str], scope: Scope, window: Period, as_of: datetime, view: View
) -> tuple[dict[CohortKey, Total], dict[StayKey, Stays]]:
    """`reports.cohort_facts.counts` of those created in a window, and their `reports.cohort_facts.stays` in its steps, all
    under its first day."""
    found: dict[CohortKey, Total] = {}
    lengths: dict[StayKey, Stays] = {}
    for of in _created(log, stages, scope, window):
        risen = stays.rises(of.moves)
        each = stays.items(of.moves, risen, of.words)
        if view == "strict":
            each, risen = strict.in_order(each, of.moves, of.course)
        for key, total in _counts(of, each):
            found[key] = found.get(key, Total()).plus(total)
        for place, (n, seconds) in _lengths(of, each, risen, as_of, window.start):
            known = lengths.get(place, Stays())
            lengths[place] = Stays(known.n + n, known.seconds + seconds)
    return found, lengths


def _created(log: Log, stages: Sequence[str], scope: Scope, window: Period) -> Iterator[Counted]:
    """Only the items that were created in a window and that the scope leads now (as of then)."""
    wanted = np.zeros(len(log.items), bool)
    for of in counted(log, stages, scope):
        first, last, item = of.moves.starts, of.moves.ends, of.moves.columns["item"]
        wanted[item[first][during(of.moves.columns["day"][first], window) & of.mine[last]]] = True
    left = chosen(log.moves, wanted[log.moves["item"]])
    yield from counted(Log(left, log.items, log.words), stages, Scope(scope.ladder))


def _counts(of: Counted, each: stays.Items) -> Iterator[tuple[CohortKey, Total]]:
    frame = stays.cohorts(each, of.moves, of.course)
    told, texts = summed(frame, ("month", "highest", "status", "touched")), of.words.texts()
    for month, highest, status, touched, n, money in told:
        first = date.fromordinal(EPOCH + month)
        yield CohortKey(first, highest, texts[status], touched), Total(n, 0, money)


def _lengths(
    of: Counted, each: stays.Items, risen: stays.Rises, as_of: datetime, under: date
) -> Iterator[tuple[StayKey, Stays]]:
    found = stays.stays(each, of.moves, risen, of.course, of.words)
    frame = frames.joined([*found, *stays.lasting(each, of.moves, second(as_of), of.words)])
    del frame["month"]
    told, texts = summed(frame, ("what", "rank", "outcome", "bucket")), of.words.texts()
    for what, rank, outcome, step, n, seconds in told:
        yield StayKey(under, texts[what], rank, texts[outcome], step), Stays(n, seconds)


@dataclass(slots=True)
class _Stage:
    entries: int
    outcomes: Counter[str]
    visits: list[Frame]


def flow(log: Log, stages: Sequence[str], scope: Scope, window: Period, as_of: datetime) -> tuple[Flow, ...]:
    """`reports.funnel_flow.flow` of what the scope leads now (as of then)."""
    start, end = funnel_flow.bounds(window, as_of)
    told = {stage: _Stage(0, Counter(), []) for stage in stages}
    for of in counted(log, stages, scope):
        visits, texts = _visits(of), of.words.texts()
        for number, stage in enumerate(texts):
            if stage in told:
                mine = chosen(visits, visits["stage"] == number)
                _note(told[stage], mine, texts, window)
                told[stage].visits.append(_watched(mine, start, end))
    passed = [
        Passed(stage, each.entries, each.outcomes, funnel_flow.stays(_pairs(each.visits), start, end))
        for stage, each in told.items()
    ]
    return funnel_flow.in_order(passed)


def _visits(of: Counted) -> Frame:
    """Every visit: its stage, when it began and ended (0: it lasts), and the kind of the move that ended it."""
    columns, last = of.moves.columns, np.zeros(len(of.mine), bool)
    last[of.moves.ends] = True
    led = of.mine[of.moves.ends][np.cumsum(of.moves.first) - 1]
    began = np.flatnonzero((of.moves.entered > 0) & led)
    lasts = last[began]
    ended = np.where(lasts, began, began + 1)
    return {
        "stage": of.moves.entered[began],
        "began_day": columns["day"][began],
        "began": columns["second"][began],
        "lasts": lasts.astype(np.int64),
        "ended_day": columns["day"][ended],
        "ended": columns["second"][ended],
        "kind": columns["kind"][ended],
    }


def _note(stage: _Stage, visits: Frame, texts: Sequence[str], window: Period) -> None:
    stage.entries += int(during(visits["began_day"], window).sum())
    ended = during(visits["ended_day"], window) & (visits["lasts"] == 0)
    kinds, counts = np.unique(visits["kind"][ended], return_counts=True)
    for kind, n in zip(kinds.tolist(), counts.tolist(), strict=True):
        stage.outcomes[OUTCOMES.get(texts[kind], "rerouted")] += n


def _watched(visits: Frame, start: int, end: int) -> Frame:
    """Those that lasted in the window, each once for all that began and ended at the same seconds."""
    present = (visits["began"] < end) & ((visits["lasts"] > 0) | (visits["ended"] >= start))
    names = ("began", "lasts", "ended")
    frame = {name: visits[name][present] for name in names}
    return frame | {"n": np.ones(int(present.sum()), np.int64)}


def _pairs(visits: Sequence[Frame]) -> Iterator[tuple[int, int | None, int]]:
    for each in visits:
        for began, lasts, ended, n in summed(each, ("began", "lasts", "ended")):
            yield began, None if lasts else ended, n
