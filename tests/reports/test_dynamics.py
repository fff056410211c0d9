"""Agreement dynamics against counting by hand, and the conservation that must always add up."""

from datetime import date, timedelta
from itertools import accumulate
from math import exp, factorial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.orm import Session

from engine.people import Department
from engine.sales.ladders import Move
from reports import balance, dynamics, queries
from reports.movements import Buckets, Key, Total, standing, tally, tell, within
from reports.periods import DAY, Period, containing, spanning
from reports.queries import Cut, Scope
from tests.reports.histories import FIRST, STAGES, Item, facts, logs, write

EVER = Period(FIRST, FIRST + timedelta(days=400))
WEEK = Period(date(2026, 9, 14), date(2026, 9, 21), "week")
whatever = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def green(day: date, n: int) -> Buckets:
    return {Key(day, 0, "meet", "needs", "forward"): Total(n)}


def test_green_is_forward_skips_and_won_and_red_is_backward_and_lost() -> None:
    items = [
        Item("deal:1").new().after(8).to("needs").to("sign").won(),
        Item("deal:2").new("offer").after(8).to("meet").lost(),
        Item("deal:3").new().after(8).suspended(),
        Item("deal:4").new().after(8).to("sign").mistake(),
    ]

    (row,) = dynamics.by_period(tally(tell(facts(items))), [WEEK])

    assert (row.green.n, row.red.n, row.grey.n, row.new.n) == (3, 2, 1, 0)
    assert (row.corrected.n, row.net.n, row.red_share) == (1, 1, 0.4)


def test_a_period_without_moves_is_a_row_with_nothing_in_it() -> None:
    rows = dynamics.by_period({}, spanning(FIRST, FIRST + 3 * DAY, "day"))

    assert [(row.green.n, row.red_share) for row in rows] == [(0, None)] * 3


def test_money_is_counted_at_the_amount_of_the_move() -> None:
    item = Item("deal:1", amount=1000).new().after(8).to("needs")
    item.amount = 1500
    item.after(1).to("offer")

    (row,) = dynamics.by_period(tally(tell(facts([item]))), [WEEK])

    assert row.green.money == 250_000


def test_usual_is_the_median_of_the_last_eight_periods_up_to_the_same_day() -> None:
    monday = date(2026, 11, 16)
    buckets: Buckets = {}
    for week, n in enumerate((9, 3, 4, 5, 6, 7, 8, 1), start=1):
        buckets |= green(monday - week * 7 * DAY, n)
        buckets |= green(monday - week * 7 * DAY + 4 * DAY, 100)

    habit = dynamics.usual(buckets, containing(monday, "week"), since=date(2026, 1, 1), through=monday + DAY)

    assert habit.green == 5.5


def test_with_fewer_than_four_earlier_periods_nothing_is_usual() -> None:
    week = containing(date(2026, 11, 16), "week")

    assert dynamics.usual({}, week, since=week.start - 21 * DAY, through=week.last).green is None
    assert dynamics.usual({}, week, since=week.start - 28 * DAY, through=week.last).green == 0


def test_a_day_is_compared_with_worked_days_of_the_same_weekday() -> None:
    """Wednesday 11 November is a holiday, so it is passed over."""
    days = dynamics.alike(containing(date(2026, 11, 18), "day"), since=date(2026, 9, 1))

    assert [each.start for each in days][:2] == [date(2026, 11, 4), date(2026, 10, 28)]
    assert len(days) == 8


@pytest.mark.parametrize("expected", [0.5, 2.9, 3.1, 10, 43.5])
def test_the_limit_is_the_poisson_quantile_of_five_percent(expected: float) -> None:
    chances = (expected**count * exp(-expected) / factorial(count) for count in range(100))
    by_hand = next(count for count, reached in enumerate(accumulate(chances)) if reached >= 0.05)

    assert dynamics.least(expected) == by_hand


def test_a_day_below_the_limit_has_too_little_green_and_a_free_day_never() -> None:
    wednesday = date(2026, 11, 18)
    buckets = green(wednesday, 4)
    for week in range(1, 10):
        buckets |= green(wednesday - week * 7 * DAY, 10)
    through, since = wednesday, date(2026, 6, 1)

    low, saturday = dynamics.bars(
        dynamics.Rows(buckets),
        [Period(wednesday, wednesday + DAY), Period(date(2026, 11, 21), date(2026, 11, 22))],
        since=since,
        through=through,
    )

    assert (low.limit, low.is_low, low.usual) == (dynamics.least(10), True, 10)
    assert (saturday.is_off, saturday.is_low) == (True, False)


def test_a_period_in_which_few_moves_are_expected_is_not_judged() -> None:
    assert dynamics.Usual(12, 7).too_few
    assert not dynamics.Usual(15, 5).too_few
    assert not dynamics.Usual().too_few


def test_net_compares_the_end_with_the_start_and_sees_what_was_regained() -> None:
    items = [
        Item("deal:1").new("offer").after(8).to("meet").to("offer"),
        Item("deal:2").new("offer").after(8).to("needs").won(),
        Item("deal:3").new("offer").after(8).to("needs"),
    ]
    moved = [each for each in tell(facts(items)) if each.fact.day in WEEK]

    assert dynamics.net(moved) == dynamics.Net(further=1, back=1, same=1, recovered=2)


def test_causes_name_the_department_with_most_red_first() -> None:
    found = dynamics.causes(
        [(2, "time", "lost", 2, 0), (1, "scope", "backward", 4, 0), (1, "price", "lost", 1, 0)]
    )

    assert [(cause.department_id, cause.n, cause.reasons[0]) for cause in found] == [
        (1, 5, ("scope", 4)),
        (2, 2, ("time", 2)),
    ]


# ------------------------------------------------------------------------------------------------ conservation


@given(logs(departments=(1, 2)), st.integers(0, 60), st.integers(1, 40), st.sampled_from((None, {1})))
def test_start_and_what_came_without_what_went_is_the_end(
    items: list[Item], start: int, days: int, department_ids: set[int] | None
) -> None:
    period = Period(FIRST + start * DAY, FIRST + (start + days) * DAY)
    movements = list(within(tell(facts(items)), department_ids=department_ids))
    begin, end = (standing(movements, before=day) for day in (period.start, period.end))
    buckets = tally(movements)

    whole = balance.balance(buckets, begin, end, period)
    stages = balance.by_stage(buckets, begin, end, period, STAGES)

    assert whole.is_balanced
    assert all(line.is_balanced for line in stages)
    assert sum(line.end.n for line in stages) == whole.end.n


def test_a_move_that_the_log_lost_breaks_the_balance() -> None:
    item = Item("deal:1").new().after(8).to("needs").to("offer")
    del item.rows[1]
    movements = tell(facts([item]))

    lines = balance.by_stage(
        tally(movements),
        standing(movements, before=WEEK.start),
        standing(movements, before=WEEK.end),
        WEEK,
        STAGES,
    )

    assert [line.stage for line in lines if not line.is_balanced] == ["meet", "needs"]


@pytest.fixture
def two(session: Session, departments: dict[str, Department]) -> tuple[int, int]:
    return departments["sales"].id, departments["legal"].id


@whatever
@given(data=st.data())
@pytest.mark.slow
def test_the_database_finds_the_same_items_standing(
    session: Session, two: tuple[int, int], data: st.DataObject
) -> None:
    items = data.draw(logs(departments=two))
    session.rollback()
    session.execute(delete(Move))
    write(session, items, commit=False)
    day = FIRST + data.draw(st.integers(0, 80)) * DAY
    ids = data.draw(st.sampled_from((None, frozenset({two[0]}))))

    expected = standing(within(tell(facts(items)), department_ids=ids), before=day)

    assert queries.positions(session, Scope("sales", department_ids=ids), day) == expected


@whatever
@given(data=st.data())
@pytest.mark.slow
def test_the_number_on_a_mark_is_the_length_of_the_list_it_opens(
    session: Session, two: tuple[int, int], data: st.DataObject
) -> None:
    items = data.draw(logs(departments=two))
    session.rollback()
    session.execute(delete(Move))
    write(session, items, commit=False)
    scope = Scope("sales", department_ids=data.draw(st.sampled_from((None, frozenset({two[0]})))))
    day = FIRST + data.draw(st.integers(0, 60)) * DAY
    period = containing(day, data.draw(st.sampled_from(("day", "week", "month"))))
    buckets = queries.grouped(session, scope, period)

    (row,) = dynamics.by_period(buckets, [period])
    lines = balance.by_stage(
        buckets,
        queries.positions(session, scope, period.start),
        queries.positions(session, scope, period.end),
        period,
        STAGES,
    )

    def length(cut: Cut) -> int:
        return len(session.execute(queries.listed(scope, cut)).all())

    assert length(Cut(period, ("forward", "forward_skip", "won"))) == row.green.n
    assert length(Cut(period, ("backward", "lost"))) == row.red.n
    for line in lines:
        for kind, total in line.came.items():
            assert length(Cut(period, (kind,), entered=line.stage)) == total.n
        for kind, total in line.went.items():
            assert length(Cut(period, (kind,), left=line.stage)) == total.n
        assert len(session.execute(queries.stood(scope, period.end, line.stage)).all()) == line.end.n
    for cause, reason, kind, n, _ in queries.causes(session, scope, period):
        assert length(Cut(period, (kind,), cause=cause, reason=reason)) == n


@whatever
@given(items=logs(), days=st.tuples(st.integers(-5, 60), st.integers(1, 60)))
def test_what_passes_between_the_stages_is_every_move_forward_and_back(
    items: list[Item], days: tuple[int, int]
) -> None:
    told = tell(facts(items))
    period = Period(FIRST + days[0] * DAY, FIRST + sum(days) * DAY)
    counted: dict[tuple[str, str, bool], int] = {}
    for each in told:
        is_moved = each.left and each.kind in ("forward", "forward_skip", "won", "backward")
        if is_moved and period.start <= each.fact.day < period.end:
            where = (each.left, "" if each.kind == "won" else each.entered, each.kind != "backward")
            counted[where] = counted.get(where, 0) + 1

    found = dynamics.passages(tally(told), period)

    assert {(each.left, each.entered, each.is_forward): each.total.n for each in found} == counted
    assert [each.total.n for each in found] == sorted(counted.values(), reverse=True)
    (row,) = dynamics.by_period(tally(told), [period])
    assert sum(each.total.n for each in found if each.is_forward) <= row.green.n
