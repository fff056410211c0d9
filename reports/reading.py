"""Agreement dynamics from the log or the roll-ups: what to fetch for a window, and the arithmetic on it, in one place."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from engine.calendars import is_work_day, local_day
from engine.errors import NotFound
from reports import balance, dynamics, queries
from reports.balance import Line
from reports.dynamics import Cause, Day, Net, Passage, Row, Usual
from reports.gathering import Question, gather
from reports.ladders import Ladder
from reports.movements import Buckets, Total, Ways
from reports.periods import DAY, By, Period, before, containing
from reports.queries import Scope
from reports.units import Parts, Span, Unit, units
from reports.visits import Journey, journeys

BARS: dict[By, By] = {"day": "day", "week": "day", "month": "week"}
"""The picture is one step finer than the period its sentence is about."""
WINDOW: dict[By, int] = {"day": 27, "week": 3, "month": 5}
"""How many whole periods are shown before the current one, when nobody chose a window."""


@dataclass(frozen=True, slots=True)
class Dynamics:
    """Agreement dynamics of a window. The finding is about ``current``, its last period."""

    window: Period
    through: date
    bars: list[Day]
    current: Row
    previous: Row
    usual: Usual
    rows: list[Row]
    whole: Line
    stages: list[Line]
    passages: list[Passage]
    """What went from stage to stage in the current period."""
    calendar: Period
    """The window where ``bars`` are longer than days and it is no longer than a year, else no day."""
    ways: Mapping[date, Ways]
    """What its days moved forward and back; those without a move are left out."""
    habits: dict[str, float | None]
    """How many usually leave each stage forward."""
    units: list[Unit]
    group: str
    causes: list[Cause]
    net: Net
    idle: dict[str, Total]
    """What stands at the end of the period on each stage and has not moved for longer than the stage allows."""


def window(by: By, start: date | None, end: date | None, today: date) -> Period:
    """The chosen days, ``end`` with them, or the current period and the last few before it."""
    last = min(end or today, today)
    first = start or before(containing(last, by), WINDOW[by])[-1].start
    if first > last:
        raise NotFound
    return Period(first, last + DAY, by)


def movement(
    session: Session,
    scope: Scope,
    ladder: Ladder,
    chosen: Period,
    *,
    group: str = "team",
    parts: Parts | None = None,
) -> Dynamics:
    """Agreement dynamics of the ``chosen`` window, by its kind of period; ``group`` and ``parts`` as `units` means them."""
    through = chosen.last
    current = containing(through, chosen.by)
    since = queries.first_day(session, scope) or through
    now = Period(current.start, min(current.end, chosen.end), chosen.by)
    ask = Question(chosen, _finer(chosen), current, now, since, through)
    made = gather(session, scope, ask, limits(ladder, now.last), by_owner=group == "owner")
    drawn, judged = made.drawn, made.judged
    span = Span(now, current, ask.reach, since, through)
    return Dynamics(
        window=chosen,
        through=through,
        bars=dynamics.bars(drawn, ask.bars, since=since, through=through),
        current=drawn[now],
        previous=drawn[before(current)[0]],
        usual=dynamics.median([drawn[each] for each in ask.compared()]),
        rows=[drawn[each] for each in ask.listed()],
        whole=balance.balance(judged, made.start, made.end, now),
        stages=balance.by_stage(judged, made.start, made.end, now, ladder.keys),
        passages=dynamics.passages(judged, now),
        calendar=ask.calendar,
        ways=made.ways,
        habits=_habits(judged, ladder, current, since, through),
        units=units(session, scope, judged, span, group=group, parts=parts),
        group=group,
        causes=dynamics.causes(made.causes),
        net=made.net,
        idle=dict(made.idle),
    )


def limits(ladder: Ladder, day: date) -> dict[str, date]:
    """By stage the first day since which a move is recent enough: an older one makes idle what stands there."""
    found = {}
    for stage in ladder.stages:
        if stage.rots is not None:
            found[stage.key] = _work_days_back(day, stage.rots)
    return found


def _work_days_back(day: date, count: int) -> date:
    while count > 0:
        count -= is_work_day(day)
        day -= DAY
    while not is_work_day(day):
        day -= DAY
    return day


def _finer(chosen: Period) -> By:
    """Days for up to ten weeks, then weeks, then months: a picture has room for some seventy bars."""
    wanted = BARS[chosen.by]
    if wanted == "day" and chosen.days > 70:
        wanted = "week"
    return "month" if wanted == "week" and chosen.days > 490 else wanted


def _habits(
    buckets: Buckets, ladder: Ladder, current: Period, since: date, through: date
) -> dict[str, float | None]:
    return {
        stage: dynamics.usual(dynamics.leaving(buckets, stage), current, since=since, through=through).green
        for stage in ladder.keys
    }


def paths(session: Session, scope: Scope, ladder: Ladder) -> list[Journey]:
    """Every journey on the ladder; of a department or owner those it leads now (as of then)."""
    found = journeys(queries.histories(session, scope), ladder.ranks)
    return [each for each in found if leads(scope, each)]


def leads(scope: Scope, journey: Journey) -> bool:
    """Whether the scope's department or owner leads it now (as of then)."""
    in_department = scope.department_ids is None or (journey.last.department_id or 0) in scope.department_ids
    return in_department and scope.owner_id in (None, journey.last.owner_id or 0)


def today(scope: Scope, now: datetime) -> date:
    """The day the report stands on."""
    return local_day(scope.as_of or now)
