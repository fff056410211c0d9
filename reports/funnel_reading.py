"""The funnel from the log or the roll-ups: what to fetch for a window, whole or by segment, and what its cells list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from engine.calendars import local_day
from engine.sales.ladders import Move
from reports import (
    funnel,
    funnel_by_column,
    funnel_flow,
    funnel_items,
    funnel_segments,
    gathering,
    logged,
    queries,
    reading,
    rollups,
)
from reports.cohort_facts import counts, stays
from reports.funnel import Cohort
from reports.funnel_flow import Closed, Flow
from reports.funnel_items import View
from reports.ladders import Ladder
from reports.movements import Buckets, Fact, Total
from reports.periods import Period
from reports.queries import Scope
from reports.rollups import columns
from reports.rollups import reads as rolled
from reports.visits import Journey, journeys

FLOW = "flow"
WHOLE = {"won": ("won",), **{end: of for end, of in funnel_items.ENDS.items() if end != "aside"}}
"""How the whole of a cohort stands, by status."""


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a cohort with one value of a segment; empty: nobody said."""

    value: str
    cohort: Cohort


def cohort(
    session: Session,
    scope: Scope,
    ladder: Ladder,
    window: Period,
    *,
    now: datetime,
    view: View = "cohort",
    exact: bool = False,
) -> Cohort:
    """A view of those created in a window, as of the scope's moment, else now. ``exact``: lengths to the second."""
    as_of = scope.as_of or now
    if view != "strict" and not exact and _is_rolled_up(session, scope, ladder, window, now):
        counted = rolled.cohorts(session, ladder.key, window)
        lengths = rolled.stays(session, ladder.key, window, as_of)
        return funnel.cohort(counted, lengths, window, ladder.keys, as_of=as_of, view=view)
    if not exact and len(ladder.keys) <= columns.RANKS:
        log = logged.columns(session, scope, items=_begun(scope, window))
        if log is not None:
            counted, lengths = funnel_by_column.cohort(log, ladder.keys, scope, window, as_of, view)
            return funnel.cohort(counted, lengths, window, ladder.keys, as_of=as_of, view=view)
    mine = created(session, scope, ladder, window)
    return told(mine, ladder, window, as_of=as_of, view=view, exact=exact)


def _is_rolled_up(session: Session, scope: Scope, ladder: Ladder, window: Period, now: datetime) -> bool:
    """Whether the roll-ups know this: the whole company as of now, whole months (up to today is one), these stages."""
    ends = window.end.day == 1 or window.last >= local_day(now)
    is_in_months = window.start.day == 1 and ends
    return scope.is_whole and is_in_months and rolled.stages(session, ladder.key) == ladder.keys


def told(
    mine: Iterable[Journey],
    ladder: Ladder,
    window: Period,
    *,
    as_of: datetime,
    view: View = "cohort",
    exact: bool = False,
) -> Cohort:
    """The same of these journeys: counted and measured, then added up like roll-ups."""
    seen = funnel_items.seen(mine, view, len(ladder.stages) + 1)
    ways = funnel_items.competing(seen, len(ladder.stages) + 1)
    lengths = stays(ways, as_of, exact=exact, under=window.start)
    return funnel.cohort(counts(seen), lengths, window, ladder.keys, as_of=as_of, view=view)


def created(session: Session, scope: Scope, ladder: Ladder, window: Period) -> list[Journey]:
    """The journeys of those created in a window; of a department or owner those it leads now (as of then)."""
    return funnel_items.created_in(_journeys(session, scope, ladder, _begun(scope, window)), window)


def _begun(scope: Scope, window: Period) -> Select[Any]:
    """The items that may have been created in a window."""
    days = (Move.day >= window.start, Move.day < window.end)
    first = or_(Move.seq == 1, Move.kind.in_(("new", "rerouted")))
    return select(Move.item).where(Move.ladder == scope.ladder, *days, first)


def flow(
    session: Session, scope: Scope, ladder: Ladder, window: Period, *, now: datetime
) -> tuple[Flow, ...]:
    """The stays that ended in a window, or lasted in it."""
    as_of = scope.as_of or now
    log = logged.columns(session, scope) if len(ladder.keys) <= columns.RANKS else None
    if log is not None:
        return funnel_by_column.flow(log, ladder.keys, scope, window, as_of)
    return funnel_flow.flow(_present(session, scope, ladder, window), window, ladder.keys, as_of=as_of)


def closed(session: Session, scope: Scope, window: Period) -> Closed:
    """Those won and lost in a window, by the day of their end; of a department or owner those it led then."""
    whole = gathering.is_kept(session, scope)
    buckets = (
        rollups.read(session, scope.ladder, window) if whole else queries.grouped(session, scope, window)
    )
    return Closed(*(_of_kind(buckets, kind) for kind in ("won", "lost")))


def _of_kind(buckets: Buckets, kind: str) -> Total:
    return funnel.total(each for key, each in buckets.items() if key.kind == kind)


def segments(
    session: Session, scope: Scope, ladder: Ladder, window: Period, segment: str, *, now: datetime, view: View
) -> list[Part]:
    """The cohort of each value of a segment, the largest first."""
    mine = created(session, scope, ladder, window)
    values = funnel_segments.values(session, segment, mine)
    parts = {value: [each for each in mine if values[each.item] == value] for value in set(values.values())}
    as_of = scope.as_of or now
    found = [Part(value, told(of, ladder, window, as_of=as_of, view=view)) for value, of in parts.items()]
    return sorted(found, key=lambda part: (-part.cohort.created.n, part.value))


def part(
    session: Session,
    scope: Scope,
    ladder: Ladder,
    window: Period,
    segment: str,
    value: str,
    *,
    now: datetime,
    view: View = "cohort",
) -> Cohort:
    """The cohort of one value of a segment."""
    mine = _with(session, created(session, scope, ladder, window), segment, value)
    return told(mine, ladder, window, as_of=scope.as_of or now, view=view)


def members(
    session: Session,
    scope: Scope,
    ladder: Ladder,
    window: Period,
    *,
    view: str,
    rank: int,
    fate: str,
    segment: str = "",
    value: str = "",
) -> set[int]:
    """The ids of the moves that a cell of the funnel counts: of a cohort the deciding one of each item (``rank`` 0: of
    the whole cohort), of the flow those that ended (or, with the fate ``entries``, began) the visits."""
    if view == FLOW:
        return _visits(session, scope, ladder, window, ladder.keys[rank - 1], fate)
    mine = created(session, scope, ladder, window)
    if segment:
        mine = _with(session, mine, segment, value)
    if not rank:
        ends = [each for each in mine if fate == "reached" or each.status in WHOLE[fate]]
        return {each.created.id if fate == "reached" else each.last.id for each in ends}
    seen = funnel_items.seen(mine, view, len(ladder.stages) + 1)
    found = funnel_items.members(seen, rank, fate, view)
    return {funnel_items.deciding(each, rank, fate, view) for each in found}


def _visits(
    session: Session, scope: Scope, ladder: Ladder, window: Period, stage: str, fate: str
) -> set[int]:
    mine = _present(session, scope, ladder, window)
    if fate == "entries":
        return {visit.began.id for visit in funnel_flow.began_in(mine, window, stage)}
    ended = funnel_flow.ended_in(mine, window, stage, fate or None)
    return {visit.ended.id for visit in ended if visit.ended}


def _with(session: Session, mine: Sequence[Journey], segment: str, value: str) -> list[Journey]:
    values = funnel_segments.values(session, segment, mine)
    return [each for each in mine if values[each.item] == value]


def _present(session: Session, scope: Scope, ladder: Ladder, window: Period) -> list[Journey]:
    """The journeys of those that moved in a window or later, or stood open when it began."""
    moved = select(Move.item).where(Move.ladder == scope.ladder, Move.day >= window.start)
    stood = (
        queries.stood(Scope(scope.ladder, scope.viewer, scope.as_of), window.start).order_by(None).subquery()
    )
    return _journeys(session, scope, ladder, moved.union(select(stood.c.item)))


def _journeys(session: Session, scope: Scope, ladder: Ladder, items: Select[Any] | Any) -> list[Journey]:
    """Those of these items that the scope leads; of few items of a section simply all are read."""
    few = logged.listed(session, scope)
    if few is not None:
        told = logged.rows(session, scope, few)
    else:
        query = queries.facts(scope, items=items).order_by(Move.item, Move.seq)
        told = [Fact._make(row) for row in session.execute(query)]
    return [each for each in journeys(told, ladder.ranks) if reading.leads(scope, each)]
