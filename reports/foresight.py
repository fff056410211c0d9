"""The forecast of what a person sees open: learned from a sample of whole histories, tried on the past, added up.

Sums of chances: the number won is their sum, its spread that of independent trials (Poisson's binomial), money likewise.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import access
from engine.calendars import local_day
from engine.sales.ladders import Move
from reports import backtest, forecast, gathering, queries
from reports.backtest import Trial
from reports.forecast import Outlook
from reports.ladders import Ladder
from reports.movements import Fact
from reports.periods import DAY
from reports.queries import Scope
from reports.rollups import reads

HORIZONS = (30, 90, 180)
"""Days that a forecast may look ahead."""
SAMPLE = 4000
"""Histories to learn from, at most: every m-th item, so that the report costs the same in a large company."""
YEARS = timedelta(days=1096)
"""How old an item may be to teach anything."""
Z80 = 1.2815515655446004


@dataclass(frozen=True, slots=True)
class Line:
    """One open item. ``money`` in hundredths; ``since`` when it came to its stage."""

    item: str
    instance_id: int | None
    owner_id: int | None
    stage: str
    since: datetime
    money: int
    outlook: Outlook


@dataclass(frozen=True, slots=True)
class Spread:
    """An expected value and the bounds between which it lies in four cases of five."""

    value: float = 0.0
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True, slots=True)
class Sum:
    """Some open items together. Money in hundredths: all of it, and what is expected to be won."""

    n: int
    money: int
    won: Spread
    won_money: Spread


@dataclass(frozen=True, slots=True)
class Foresight:
    """The forecast. ``learned`` of ``known`` histories taught it; ``stages`` in the ladder's order."""

    horizon: int
    as_of: datetime
    lines: Sequence[Line]
    whole: Sum
    stages: Sequence[tuple[str, Sum]]
    trial: Trial
    learned: int
    known: int
    silent: int = 0
    """Open items on stages of which history says nothing."""
    pace: Sequence[tuple[str, Outlook]] = field(default=())
    """What is foreseen of an item that comes to each stage today."""


def foresee(session: Session, scope: Scope, ladder: Ladder, days: int, *, now: datetime) -> Foresight:
    """The forecast for the next ``days`` days of what is open in a scope as of its moment, else now."""
    as_of, horizon = scope.as_of or now, timedelta(days=days)
    history, known = _sample(session, scope, as_of)
    model = forecast.learn(history, as_of=as_of, horizon=horizon)
    lines, silent = [], 0
    for row in _standing(session, scope, as_of):
        outlook = model.outlook(row.entered, as_of - row.at, horizon)
        if outlook is None:
            silent += 1
            continue
        lines.append(
            Line(row.item, row.instance_id, row.owner_id, row.entered, row.at, int(row.money), outlook)
        )
    lines.sort(key=lambda line: (-line.outlook.chance * line.money, -line.outlook.chance, line.item))
    paces = ((stage, model.outlook(stage, timedelta(0), horizon)) for stage in ladder.keys)
    return Foresight(
        days,
        as_of,
        lines,
        added(lines),
        _by_stage(lines, ladder),
        backtest.tried(history, as_of=as_of, horizon=horizon),
        len(history),
        known,
        silent,
        [(stage, outlook) for stage, outlook in paces if outlook is not None],
    )


def _standing(session: Session, scope: Scope, as_of: datetime) -> Iterable[Any]:
    """What stands open: known item by item of the whole company now, else found by each item's last move."""
    if gathering.is_kept(session, scope):
        return reads.stood(session, scope.ladder)
    return session.execute(queries.stood(scope, local_day(as_of) + DAY))


def added(lines: Sequence[Line]) -> Sum:
    """The lines together."""
    chances = [line.outlook.chance for line in lines]
    money = [line.money for line in lines]
    won = _spread(sum(chances), sum(p * (1 - p) for p in chances), len(lines))
    expected = sum(p * m for p, m in zip(chances, money, strict=True))
    variance = sum(p * (1 - p) * m * m for p, m in zip(chances, money, strict=True))
    return Sum(len(lines), sum(money), won, _spread(expected, variance, sum(money)))


def _spread(value: float, variance: float, most: float) -> Spread:
    reach = Z80 * math.sqrt(max(variance, 0.0))
    return Spread(value, max(value - reach, 0.0), min(value + reach, most))


def _by_stage(lines: Sequence[Line], ladder: Ladder) -> list[tuple[str, Sum]]:
    found: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        found[line.stage].append(line)
    order = [*ladder.keys, *sorted(found.keys() - set(ladder.keys))]
    return [(stage, added(found[stage])) for stage in order if stage in found]


def _sample(session: Session, scope: Scope, as_of: datetime) -> tuple[list[forecast.Path], int]:
    """Whole histories of every m-th item that began in the last years, whoever leads it; and how many there are."""
    everybody = Scope(scope.ladder, scope.viewer, scope.as_of)
    begun = [Move.ladder == scope.ladder, Move.seq == 1, Move.day > local_day(as_of - YEARS)]
    if scope.viewer is not None:
        begun.append(access.visible(scope.viewer, Move))
    known = session.scalar(select(func.count()).select_from(Move).where(*begun)) or 0
    every = max(1, math.ceil(known / SAMPLE))
    items = select(Move.item).where(*begun, Move.id % every == 0)
    query = queries.facts(everybody, items=items).order_by(Move.item, Move.seq)
    rows = (Fact._make(row) for row in session.execute(query))
    return forecast.paths(row for row in rows if row.at <= as_of), known
