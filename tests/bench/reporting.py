"""The reports' figures: two years of a million moves against a hundred thousand, on SQLite and on PostgreSQL."""

import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from statistics import median
from typing import Any

from sqlalchemy import String, cast, func, select, text
from sqlalchemy.orm import Session, sessionmaker

from engine.sales import ladders as moves
from engine.sales.deals import Deal
from reports import foresight, funnel, funnel_reading, ladders, reading, rollups
from reports.cohort_facts import VISIT
from reports.periods import Period, before, containing
from reports.queries import Scope
from reports.rollups import reads
from tests.bench import ground, years
from tests.bench.figures import Figure, cpu, ratio
from webapp import garbage

FEW, MANY = 10_000, 100_000
"""Deals; ten times as many moves."""
ROUNDS, VIEWS, WRITTEN, WRITES = 5, 3, 200, 9
LAST = years.last_day()
TWO_YEARS = Period(years.FIRST.replace(day=1), LAST + timedelta(days=1), "month")

Times = dict[str, list[float]]


def figures() -> Iterator[Figure]:
    """The whole company reads roll-ups; a section of a thousand deals reads their log."""
    for dialect, name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        times: dict[int, Times] = {}
        for deals in (FEW, MANY):
            rows = years.told(deals)
            with years.database(rows, deals, dialect) as factory:
                count = len(rows)
                del rows
                if deals == MANY:
                    yield _rebuilt(factory, count, name)
                else:
                    years.rolled(factory)
                    yield _written(factory, name)
                times[deals] = _read(factory)
        for what, target in (TARGETS | FROM_THE_LOG).items():
            taken = [1000 * each for each in times[MANY][what]]
            yield Figure(
                f"{what}, a million moves, {name}", median(taken), (min(taken), max(taken)), target, "ms"
            )
            if what in TARGETS and not what.startswith("section"):
                yield ratio(
                    f"{what}, a million against 100,000, {name}",
                    times[MANY][what],
                    times[FEW][what],
                    target=1.5,
                )


TARGETS = {
    "dynamics of two years": 50,
    "dynamics of a year with its calendar": 75,
    "funnel of two years": 50,
    "dwell percentiles": 50,
    "cumulative flow": 50,
    "section of 1,000 deals, dynamics": 100,
    "section of 1,000 deals, funnel": 100,
}
"""Milliseconds. The calendar's target is our own: it is the one picture that looks at every single day."""
FROM_THE_LOG = {
    "dynamics of a department, from the log": 5000,
    "strict funnel of half a year, from the log": 3000,
    "flow of half a year, from the log": 6000,
    "forecast of ninety days": 3000,
}
"""Milliseconds that we ask of ourselves where no roll-up may answer: a page that is waited for, and still comes."""


def _read(factory: sessionmaker[Session]) -> Times:
    """Seconds of each view, round by round: of this process on SQLite, of the clock where a server counts."""
    with factory() as session:
        session.connection(execution_options=_reading(session))
        views = _views(session)
        garbage.spare_the_loaded()
        spent = time.process_time if session.get_bind().dialect.name == "sqlite" else time.perf_counter
        found = {name: [_once(view, spent) for _ in range(ROUNDS)] for name, view in views.items()}
        whole = {name: [_alone(view, spent) for _ in range(3)] for name, view in _log_views(session).items()}
        return found | whole


def _alone(view: Callable[[], object], spent: Callable[[], float]) -> float:
    gc.collect()
    begin = spent()
    view()
    return spent() - begin


def _reading(session: Session) -> dict[str, Any]:
    return {"reading": True} if session.get_bind().dialect.name == "sqlite" else {}


def _once(view: Callable[[], object], spent: Callable[[], float]) -> float:
    view()
    gc.collect()
    begin = spent()
    for _ in range(VIEWS):
        view()
    return (spent() - begin) / VIEWS


def _views(session: Session) -> dict[str, Callable[[], object]]:
    ladder, whole, window = ladders.find(session, years.LADDER), Scope(years.LADDER), _window()
    keys = select(cast("deal:", String) + cast(Deal.id, String)).where(Deal.product_line == "rare")
    assert session.scalar(select(func.count()).select_from(keys.subquery())) in (FEW // 100, MANY // 100)
    section = Scope(years.LADDER, items=keys)

    def whole_funnel() -> object:
        counted = reads.cohorts(session, years.LADDER, TWO_YEARS)
        stayed = reads.stays(session, years.LADDER, TWO_YEARS, ground.NOW)
        return funnel.cohort(counted, stayed, TWO_YEARS, ladder.keys, as_of=ground.NOW)

    return {
        "dynamics of two years": lambda: reading.movement(session, whole, ladder, window, group="department"),
        "dynamics of a year with its calendar": lambda: reading.movement(
            session, whole, ladder, replace(window, start=_year_ago()), group="department"
        ),
        "funnel of two years": whole_funnel,
        "dwell percentiles": lambda: _percentiles(session, ladder),
        "cumulative flow": lambda: reads.arrivals(session, years.LADDER, LAST),
        "section of 1,000 deals, dynamics": lambda: reading.movement(
            session, section, ladder, window, group="department"
        ),
        "section of 1,000 deals, funnel": lambda: _section_funnel(session, section, ladder),
    }


def _log_views(session: Session) -> dict[str, Callable[[], object]]:
    """What no roll-up may answer, at its widest."""
    ladder, whole, window = ladders.find(session, years.LADDER), Scope(years.LADDER), _window()
    part = Scope(years.LADDER, department_ids=frozenset((1,)))
    half = Period(before(containing(LAST, "month"), 6)[-1].start, LAST + timedelta(days=1), "month")
    views = (
        lambda: reading.movement(session, part, ladder, window, group="department"),
        lambda: funnel_reading.cohort(session, whole, ladder, half, now=ground.NOW, view="strict"),
        lambda: funnel_reading.flow(session, whole, ladder, half, now=ground.NOW),
        lambda: foresight.foresee(session, whole, ladder, 90, now=ground.NOW),
    )
    return dict(zip(FROM_THE_LOG, views, strict=True))


def _percentiles(session: Session, ladder: Any) -> object:
    times = funnel.lengths(reads.stays(session, years.LADDER, TWO_YEARS, ground.NOW))
    return [funnel.dwell(times.get((VISIT, rank), ())) for rank in range(1, len(ladder.keys) + 1)]


def _section_funnel(session: Session, section: Scope, ladder: Any) -> object:
    return funnel_reading.cohort(session, section, ladder, TWO_YEARS, now=ground.NOW)


def _year_ago() -> date:
    return containing(LAST, "week").start - 52 * timedelta(days=7)


def _window() -> Period:
    return Period(years.FIRST, LAST + timedelta(days=1), "month")


def _rebuilt(factory: sessionmaker[Session], count: int, name: str) -> Figure:
    with factory() as session:
        begin = time.perf_counter()
        rollups.rebuild(session)
        session.commit()
        speed = count / (time.perf_counter() - begin)
    with factory.begin() as session:
        session.execute(text("ANALYZE"))
    return Figure(
        f"rebuild of a million moves, a second, {name}", speed, (speed, speed), 200_000, "", at_least=True
    )


def _written(factory: sessionmaker[Session], name: str) -> Figure:
    """A move written and committed with its roll-ups, against the row alone."""
    with_sums, bare = [], []
    for place in range(WRITES):
        with_sums.append(cpu(lambda: _write(factory, 2 * place, settles=True)))  # noqa: B023
        bare.append(cpu(lambda: _write(factory, 2 * place + 1, settles=False)))  # noqa: B023
    return ratio(f"a move with its roll-ups against the bare row, CPU, {name}", with_sums, bare, target=2)


def _write(factory: sessionmaker[Session], place: int, *, settles: bool) -> None:
    for number in range(1 + place * WRITTEN, 1 + (place + 1) * WRITTEN):
        with factory() as session:
            moves.write(
                session,
                f"deal:{number}",
                years.LADDER,
                "forward",
                now=ground.NOW + timedelta(seconds=number),
                cause="user",
                before=1000,
                from_stage="needs",
                from_rank=2,
                to_stage="offer",
                to_rank=3,
                dwell=3600,
                owner_id=1,
                department_id=1,
                amount=1000,
                currency="PLN",
                instance_id=number,
            )
            if not settles:
                session.info.pop(rollups.FRESH)
            session.commit()
