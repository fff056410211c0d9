"""Roll-ups, the log of a few items and the database's own counting tell the same agreement dynamics."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from engine.db import sessions
from engine.people import Department, Membership, Person
from engine.sales.ladders import Move
from reports import (
    cohort_facts,
    dynamics,
    funnel_by_column,
    funnel_flow,
    funnel_items,
    funnel_reading,
    gathering,
    ladders,
    logged,
    queries,
    reading,
    rollups,
)
from reports.cohort_facts import OPEN, VISIT, StayKey, Stays, counts, stays
from reports.funnel import moment
from reports.funnel_flow import Flow
from reports.funnel_items import VIEWS, View
from reports.gathering import Question
from reports.movements import tell
from reports.periods import BY, DAY, By, Period, containing, pieces
from reports.queries import Scope
from reports.rollups import reads
from reports.visits import journeys
from tests.reports import company
from tests.reports.histories import FIRST, RANKS, Item, at_noon, facts, logs, write
from tests.reports.test_rollups import EVER, empty, ladder, move_of

__all__ = ["ladder"]
whatever = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
EVER_AFTER = at_noon(FIRST + timedelta(days=4000))
windows = st.tuples(st.integers(-10, 60), st.integers(1, 90), st.sampled_from(BY))


def question(start: int, days: int, by: By) -> Question:
    chosen = Period(FIRST + start * DAY, FIRST + (start + days) * DAY, by)
    current = containing(chosen.last, by)
    now = Period(current.start, min(current.end, chosen.end), by)
    finer: By = "week" if by == "month" else "day"
    return Question(chosen, finer, current, now, FIRST, chosen.last)


@whatever
@given(items=logs(), window=windows)
def test_the_three_ways_of_counting_agree(
    session: Session, ladder: None, items: list[Item], window: tuple[int, int, By]
) -> None:
    empty(session)
    write(session, items, commit=False)
    ask, scope = question(*window), Scope("sales")
    limits = {"meet": ask.now.last - 3 * DAY, "offer": ask.now.last - 9 * DAY}
    every = replace(scope, items=select(Move.item).distinct())

    assert gathering.is_kept(session, scope)
    kept = gathering.gather(session, scope, ask, limits, by_owner=False)
    there = gathering._logged(session, scope, ask, limits, by_owner=False)
    counted = gathering.gather(session, every, ask, limits, by_owner=False)

    added = gathering.gather(session, replace(scope, as_of=EVER_AFTER), ask, limits, by_owner=False)

    for other in (there, counted, added):
        assert [_plain(kept.drawn[each]) for each in ask.drawn()] == [
            _plain(other.drawn[each]) for each in ask.drawn()
        ]
        assert _judged(kept, ask) == _judged(other, ask)
        assert (kept.start, kept.end) == (other.start, other.end)
        assert (kept.net, kept.idle) == (other.net, other.idle)
        assert kept.causes == other.causes
        assert kept.ways == other.ways


def _plain(row: dynamics.Row) -> dict[str, object]:
    return {kind: total for kind, total in row.kinds.items() if total.n}


def _judged(found: gathering.Gathered, ask: Question) -> object:
    """The buckets of each part of the periods that are compared, whatever days they are kept under."""
    told: dict[tuple[object, ...], object] = {}
    for part in pieces([ask.now, *ask.compared()]):
        for key, total in found.judged.items():
            if key.day in part:
                place = (part, *key[1:])
                told[place] = told[place].plus(total) if place in told else total  # type: ignore[attr-defined]
    return told


@whatever
@given(items=logs(), window=windows, department=st.sampled_from((None, 1)), by_owner=st.booleans())
def test_a_few_items_counted_here_are_those_the_database_counts(
    session: Session, items: list[Item], window: tuple[int, int, By], department: int | None, by_owner: bool
) -> None:
    empty(session)
    write(session, items, commit=False)
    ask = question(*window)
    some = select(Move.item).where(Move.item.in_(["deal:0", "deal:2"])).distinct()
    mine = None if department is None else frozenset((0, department))
    scope = Scope("sales", items=some, department_ids=mine)
    limits = {"meet": ask.now.last - 3 * DAY}

    there = gathering._logged(session, scope, ask, limits, by_owner=by_owner)
    told = tell(logged.rows(session, scope, logged.listed(session, scope) or []))
    for counted in (
        gathering.gather(session, scope, ask, limits, by_owner=by_owner),
        gathering._counted(told, scope, ask, limits, by_owner=by_owner),
    ):
        assert [_plain(counted.drawn[each]) for each in ask.drawn()] == [
            _plain(there.drawn[each]) for each in ask.drawn()
        ]
        assert _judged(counted, ask) == _judged(there, ask)
        assert (counted.start, counted.end) == (there.start, there.end)
        assert (counted.causes, counted.net, counted.idle) == (there.causes, there.net, there.idle)


@whatever
@given(items=logs(), start=st.integers(-10, 60), days=st.integers(1, 90), view=st.sampled_from(VIEWS))
def test_the_funnel_of_a_section_is_the_same_by_column_and_by_row(
    session: Session, ladder: None, items: list[Item], start: int, days: int, view: View
) -> None:
    empty(session)
    write(session, items, commit=False)
    window = Period(FIRST + start * DAY, FIRST + (start + days) * DAY, "month")
    scope, now = Scope("sales", items=select(Move.item).distinct()), at_noon(FIRST + 400 * DAY)
    sales = ladders.find(session, "sales")

    found = funnel_reading.created(session, scope, sales, window)
    log = logged.columns(session, scope)

    assert (log is None) == (not any(item.rows for item in items))
    if log is not None:
        told = funnel_by_column.cohort(log, sales.keys, scope, window, now, view)
        seen = funnel_items.seen(found, view, len(sales.keys) + 1)
        ways = funnel_items.competing(seen, len(sales.keys) + 1)
        assert told == (counts(seen), stays(ways, now, under=window.start))


@whatever
@given(
    items=logs(), start=st.integers(-10, 60), days=st.integers(1, 90), department=st.sampled_from((None, 1))
)
def test_the_flow_is_the_same_by_column_and_by_row(
    session: Session, ladder: None, items: list[Item], start: int, days: int, department: int | None
) -> None:
    empty(session)
    write(session, items, commit=False)
    window = Period(FIRST + start * DAY, FIRST + (start + days) * DAY, "month")
    mine = None if department is None else frozenset((department,))
    scope, now = Scope("sales", department_ids=mine), at_noon(FIRST + 60 * DAY)
    sales = ladders.find(session, "sales")

    told = funnel_reading.flow(session, scope, sales, window, now=now)

    led = [each for each in journeys(facts(items), RANKS) if reading.leads(scope, each)]
    wanted = funnel_flow.flow(led, window, sales.keys, as_of=now)
    assert [_rounded(each) for each in told] == [_rounded(each) for each in wanted]


def _rounded(flow: Flow) -> Flow:
    """All its time to nine digits: a sum of the same days in another order."""
    return replace(flow, dwell=replace(flow.dwell, total=float(f"{flow.dwell.total:.9g}")))


@whatever
@given(items=logs(), window=windows)
def test_a_section_of_many_items_is_still_only_that_section(
    session: Session,
    ladder: None,
    monkeypatch: pytest.MonkeyPatch,
    items: list[Item],
    window: tuple[int, int, By],
) -> None:
    monkeypatch.setattr(logged, "FEW", 1)
    empty(session)
    write(session, items, commit=False)
    scope = Scope("sales", items=select(Move.item).where(Move.item.in_(["deal:0", "deal:2"])).distinct())
    ask, now, sales = question(*window), at_noon(FIRST + 400 * DAY), ladders.find(session, "sales")

    found = gathering.gather(session, scope, ask, {}, by_owner=False)
    told = funnel_reading.cohort(session, scope, sales, ask.chosen, now=now)

    wanted = gathering._logged(session, scope, ask, {}, by_owner=False)
    mine = funnel_reading.created(session, scope, sales, ask.chosen)
    assert (_judged(found, ask), found.end) == (_judged(wanted, ask), wanted.end)
    assert told.created.n == len(mine)


def test_reasons_of_several_lines_are_counted_by_row(session: Session) -> None:
    empty(session)
    write(session, [Item("deal:0").new().lost(reason="price\nand terms")], commit=False)
    scope = Scope("sales", items=select(Move.item).distinct())

    assert logged.columns(session, scope) is None
    found = gathering.gather(session, scope, question(0, 10, "month"), {}, by_owner=False)
    assert [cause[1] for cause in found.causes] == ["price\nand terms"]


@whatever
@given(items=logs(), days=st.integers(0, 60))
def test_cohorts_stays_and_time_spent_are_those_of_the_journeys(
    session: Session, ladder: None, items: list[Item], days: int
) -> None:
    empty(session)
    write(session, items, commit=False)
    mine, now = journeys(facts(items), RANKS), at_noon(FIRST + timedelta(days=400))
    window = Period(date(2026, 1, 1), date(2027, 4, 1), "month")

    assert reads.cohorts(session, "sales", window) == counts(mine)
    wanted: dict[StayKey, Stays] = {}
    for key, stay in stays(mine, now).items():
        place = key._replace(month=window.start)
        known = wanted.get(place, Stays())
        wanted[place] = Stays(known.n + stay.n, known.seconds + stay.seconds)
    assert reads.stays(session, "sales", window, now) == wanted
    before = FIRST + days * DAY
    spent = reads.spent(session, "sales", moment(before), before)
    assert {stage: seconds for stage, seconds in spent.items() if seconds} == _spent(items, before)


def _spent(items: list[Item], before: date) -> dict[str, int]:
    found: dict[str, int] = {}
    end = moment(before)
    for journey in journeys(facts(items), RANKS):
        for visit in journey.visits:
            if visit.entered < end:
                lasted = int((min(visit.left or end, end) - visit.entered).total_seconds())
                found[visit.stage] = found.get(visit.stage, 0) + lasted
    return {stage: seconds for stage, seconds in found.items() if seconds}


@whatever
@given(items=logs(), days=st.integers(0, 60))
def test_arrivals_are_the_first_times_anybody_stood_so_high(
    session: Session, ladder: None, items: list[Item], days: int
) -> None:
    empty(session)
    write(session, items, commit=False)
    before = FIRST + days * DAY

    found = reads.arrivals(session, "sales", before)

    firsts = [first for each in journeys(facts(items), RANKS) for first in each.firsts]
    assert sum(n for _, _, n in found) == sum(1 for first in firsts if first.day < before)
    assert found == sorted(found)


def test_an_open_visit_of_a_cohort_grows_with_the_clock(session: Session, ladder: None) -> None:
    write(session, [Item("deal:1").new()])
    window = Period(date(2026, 9, 1), date(2026, 10, 1), "month")

    found = reads.stays(session, "sales", window, at_noon(FIRST + timedelta(days=2)))

    assert [stay for key, stay in found.items() if key.what == VISIT and key.outcome == OPEN] == [
        Stays(1, 2 * 86400)
    ]


def test_a_ladder_in_no_roll_up_is_read_from_its_log(session: Session) -> None:
    write(session, [Item("deal:1").new()])
    session.execute(delete(rollups.LadderRollup))

    assert not gathering.is_kept(session, Scope("sales"))


def test_a_director_from_whom_no_deal_is_hidden_is_not_narrowed(
    session: Session, departments: dict[str, Department], clara: Person, anna: Person
) -> None:
    definition = company.define(session)
    company.carry(session, definition, Item("deal:1").new(), anna, departments["sales"].id)
    session.commit()
    assert not queries.scope(session, "sales", viewer=anna).is_whole
    clara.memberships.append(Membership(department_id=departments["board"].id, is_head=True))
    session.commit()
    assert queries.scope(session, "sales", viewer=clara).is_whole

    apart = Department(key="apart", name="Osobny", name_en="Apart")
    session.add(apart)
    session.commit()
    assert queries.scope(session, "sales", viewer=clara).is_whole
    assert not queries.scope(session, "promise", viewer=clara).is_whole

    company.carry(session, definition, Item("deal:2").new(), anna, apart.id)
    session.commit()
    assert not queries.scope(session, "sales", viewer=clara).is_whole


@pytest.mark.slow
def test_two_transactions_that_move_the_same_stages_do_not_wait_for_each_other_forever(
    database: Engine, session: Session, ladder: None
) -> None:
    """Each writes many rows that the other writes too, its items in another order."""
    del ladder
    session.add(move_of(facts([Item("deal:0").new()])[0]))
    session.commit()

    def work(first: int) -> None:
        for turn in range(8):
            with sessions(database)() as mine:
                items = [
                    Item(f"deal:{first + turn * 20 + n}").new().to("offer").after(1).lost() for n in range(6)
                ]
                told = facts(items if first % 2 else items[::-1])
                mine.add_all([move_of(fact) for fact in told])
                mine.commit()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, first) for first in (1001, 2000, 3001, 4000)]:
            done.result(timeout=60)

    assert rollups.compare(session) == []
    assert sum(total.n for total in rollups.read(session, "sales", EVER).values()) == 1 + 4 * 8 * 6 * 3


def test_open_stays_of_every_age_are_counted_in_the_same_steps(session: Session, ladder: None) -> None:
    ages = [0, 1, 2, 600, 601, 602, 3600, 6001, 6602, 86400, 10**6, 10**7]
    now = at_noon(FIRST + timedelta(days=200))
    items = [Item(f"deal:{number}").after(200 - age / 86400).new() for number, age in enumerate(ages)]
    write(session, items)
    window = Period(date(2026, 1, 1), date(2027, 12, 1), "month")

    found = reads.stays(session, "sales", window, now)

    for what in ("visit", "reach", "win"):
        steps = Counter(cohort_facts.bucket(age) for age in ages)
        assert {key.bucket: stay.n for key, stay in found.items() if key.what == what} == steps
        assert sum(stay.seconds for key, stay in found.items() if key.what == what) == sum(ages)


@given(start=st.integers(0, 400), days=st.integers(1, 420))
def test_what_a_period_is_added_up_from_holds_each_of_its_days_once(start: int, days: int) -> None:
    period = Period(FIRST + start * DAY, FIRST + (start + days) * DAY)

    held: Counter[date] = Counter()
    for sign, grain, first, last in reads._runs(period):
        assert containing(first, grain).start == first
        assert containing(last - DAY, grain).end == last
        for day in Period(first, last):
            held[day] += sign

    assert {day: n for day, n in held.items() if n} == dict.fromkeys(period, 1)


def test_a_month_without_its_last_day_is_the_month_less_that_day() -> None:
    runs = list(reads._runs(Period(date(2026, 10, 1), date(2026, 10, 31))))

    assert runs == [
        (1, "month", date(2026, 10, 1), date(2026, 11, 1)),
        (-1, "day", date(2026, 10, 31), date(2026, 11, 1)),
    ]
