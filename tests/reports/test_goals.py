"""A goal counted backward: how many must leave each stage so that enough are won."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from engine.errors import NotAllowed
from engine.people import Department, Membership, Person
from reports import goals, ladders
from reports.goals import Goal, NotAGoal
from reports.periods import Period
from tests.conftest import MONDAY
from tests.reports import company
from tests.reports.histories import STAGES, Item, at_noon, write

NOVEMBER = date(2026, 11, 1)


def past(session: Session, counts: tuple[int, ...], fresh: int = 0) -> None:
    """Deals of September: so many came to each stage and no further, the last so many were won; all are over but for
    so many ``fresh`` ones."""
    company.define(session)
    items = []
    for place, count in enumerate(counts):
        for number in range(count):
            item = Item(f"deal:{place}{number:03}", amount=1000, start=date(2026, 9, 7)).new()
            for stage in STAGES[1 : place + 1]:
                item.after(1).to(stage)
            items.append(item.after(1).won() if place == len(STAGES) else item.after(1).lost())
    items += [Item(f"deal:9{n:03}", start=date(2026, 10, 30)).new() for n in range(fresh)]
    write(session, items)


@pytest.fixture
def boss(session: Session, clara: Person, departments: dict[str, Department]) -> Person:
    """Clara directs everything."""
    clara.memberships.append(Membership(department_id=departments["board"].id))
    session.commit()
    return clara


def test_what_must_leave_a_stage_is_the_goal_through_the_conversions_after_it(
    session: Session, boss: Person
) -> None:
    past(session, (40, 20, 10, 5, 25))  # reached: 100, 60, 40, 30, 25
    ladder = ladders.find(session, "sales")
    goal = goals.set_goal(session, ladder, NOVEMBER, won=10, by=boss, now=MONDAY)

    found = goals.needs(goal, ladder.keys)

    assert [round(share, 4) for share, _ in goal.conversions] == [0.6, 0.6667, 0.75, 0.8333]
    assert [round(found.out_of[stage] or 0, 2) for stage in STAGES] == [24, 16, 12, 10]
    assert round(found.green or 0, 2) == 62


def test_open_items_count_as_the_mature_estimate_foretells(session: Session, boss: Person) -> None:
    past(session, (20, 0, 0, 0, 20), fresh=30)
    ladder = ladders.find(session, "sales")

    shares, _ = goals.learned(session, ladder, NOVEMBER, None, now=at_noon(date(2026, 10, 30)))

    assert shares[0] == [0.5, 70]


def test_too_few_cohorts_say_nothing(session: Session, boss: Person) -> None:
    past(session, (40, 20, 10, 5, 14))  # 19 came to the last stage
    ladder = ladders.find(session, "sales")
    goal = goals.set_goal(session, ladder, NOVEMBER, won=10, by=boss, now=MONDAY)

    found = goals.needs(goal, ladder.keys)

    assert list(found.out_of.values()) == [None, None, None, 10]
    assert found.green is None


def test_a_goal_of_money_is_so_many_won_as_they_are_worth_on_average(session: Session, boss: Person) -> None:
    past(session, (0, 0, 0, 5, 25))
    ladder = ladders.find(session, "sales")
    goal = goals.set_goal(session, ladder, NOVEMBER, money=12_000_00, by=boss, now=MONDAY)

    assert goals.needs(goal, ladder.keys).wins == 12


def test_a_goal_holds_until_another_is_set_and_a_past_day_knows_the_one_of_that_day(
    session: Session, boss: Person
) -> None:
    past(session, (1, 1, 1, 1, 1))
    ladder = ladders.find(session, "sales")
    first = goals.set_goal(session, ladder, date(2026, 9, 9), won=5, by=boss, now=MONDAY)
    later = MONDAY.replace(hour=18)
    second = goals.set_goal(session, ladder, NOVEMBER, won=7, by=boss, now=later)

    def holds(day: date, **more: object) -> Goal | None:
        return goals.in_force(session, "sales", None, day, **more)  # type: ignore[arg-type]

    assert (holds(date(2026, 8, 31)), holds(date(2026, 10, 31)), holds(NOVEMBER)) == (None, first, second)
    assert holds(NOVEMBER, as_of=MONDAY) == first
    goals.set_goal(session, ladder, NOVEMBER, by=boss, now=later)
    assert holds(NOVEMBER) is None


def test_directors_set_goals_where_they_direct_and_nobody_else_does(
    session: Session, clara: Person, anna: Person, departments: dict[str, Department]
) -> None:
    past(session, (1, 1, 1, 1, 1))
    ladder, sales = ladders.find(session, "sales"), departments["sales"].id

    goals.set_goal(session, ladder, NOVEMBER, department_id=sales, won=5, by=clara, now=MONDAY)
    for by, where in ((anna, sales), (clara, None), (clara, departments["legal"].id)):
        with pytest.raises(NotAllowed):
            goals.set_goal(session, ladder, NOVEMBER, department_id=where, won=5, by=by, now=MONDAY)


@pytest.mark.parametrize("what", [{"won": 0}, {"won": -3}, {"won": 10**7}, {"money": 0}, {"money": 10**15}])
def test_what_is_no_goal_is_refused(session: Session, boss: Person, what: dict[str, int]) -> None:
    past(session, (1, 1, 1, 1, 1))
    with pytest.raises(NotAGoal):
        goals.set_goal(session, ladders.find(session, "sales"), NOVEMBER, by=boss, now=MONDAY, **what)


def test_a_week_has_the_part_of_the_months_goal_that_its_work_days_are() -> None:
    whole = Period(NOVEMBER, date(2026, 12, 1), "month")
    week = Period(date(2026, 11, 9), date(2026, 11, 16), "week")  # the 11th is free

    assert goals.part(whole) == pytest.approx(1)
    assert goals.part(week) == pytest.approx(4 / 20)
