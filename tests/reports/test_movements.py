"""Movements: what each kind of move changes, and that the database tells the same as the plain function."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.orm import Session

from engine.people import Department
from engine.sales.ladders import Move
from reports import queries
from reports.movements import tally, tell, within
from reports.periods import Period
from reports.queries import Scope
from tests.reports.histories import FIRST, RANKS, Item, facts, logs, write

EVER = Period(FIRST, FIRST + timedelta(days=400))
whatever = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def told(*items: Item) -> list[tuple[str, str, str]]:
    return [(each.kind, each.left, each.entered) for each in tell(facts(items))]


def test_a_suspended_item_stands_nowhere_until_it_is_resumed() -> None:
    item = Item("deal:1").new().to("needs").suspended().resumed().to("meet").won()

    assert told(item) == [
        ("new", "", "meet"),
        ("forward", "meet", "needs"),
        ("suspended", "needs", ""),
        ("resumed", "", "needs"),
        ("backward", "needs", "meet"),
        ("won", "meet", ""),
    ]


def test_a_sale_lost_while_suspended_leaves_no_open_stage() -> None:
    assert told(Item("deal:1").new().suspended().lost())[-1] == ("lost", "", "")


def test_a_mistake_and_its_correction_change_nothing() -> None:
    item = Item("deal:1").new().to("offer").mistake().to("needs")

    assert told(item) == [
        ("new", "", "meet"),
        ("mistaken", "", ""),
        ("corrected", "", ""),
        ("forward", "meet", "needs"),
    ]


def test_a_correction_that_was_not_yet_known_leaves_the_mistake_in_force() -> None:
    item = Item("deal:1").new().to("offer").mistake()

    assert [each.kind for each in tell(facts([item])[:2])] == ["new", "forward_skip"]


def test_an_item_that_changes_hands_is_taken_over_and_handed_over() -> None:
    item = Item("deal:1", department_id=1).new()
    item.department_id = 2
    item.to("needs")

    first = [(each.kind, each.left, each.entered) for each in within(tell(facts([item])), department_ids={1})]
    second = [
        (each.kind, each.left, each.entered) for each in within(tell(facts([item])), department_ids={2})
    ]

    assert first == [("new", "", "meet"), ("handed_over", "meet", "")]
    assert second == [("taken_over", "", "meet"), ("forward", "meet", "needs")]


@given(logs())
def test_between_opening_and_closing_the_jumps_add_up_to_how_far_the_item_came(items: list[Item]) -> None:
    for item in items:
        first = jumps = 0
        for each in tell(facts([item])):
            if each.entered and not each.left:
                first, jumps = RANKS[each.entered], 0
            elif each.entered:
                jumps += (each.fact.to_rank or 0) - (each.fact.from_rank or 0)
                assert RANKS[each.entered] - first == jumps


@pytest.fixture
def two(session: Session, departments: dict[str, Department]) -> tuple[int, int]:
    return departments["sales"].id, departments["legal"].id


def fill(session: Session, items: list[Item]) -> None:
    session.rollback()
    session.execute(delete(Move))
    write(session, items, commit=False)


@whatever
@given(data=st.data())
def test_the_database_groups_movements_as_the_plain_function_does(
    session: Session, two: tuple[int, int], data: st.DataObject
) -> None:
    items = data.draw(logs(departments=(None, *two)))
    fill(session, items)

    assert queries.grouped(session, Scope("sales"), EVER) == tally(tell(facts(items)))


@whatever
@given(data=st.data())
def test_the_database_narrows_to_a_department_as_the_plain_function_does(
    session: Session, two: tuple[int, int], data: st.DataObject
) -> None:
    items = data.draw(logs(departments=(None, *two)))
    fill(session, items)
    scope = Scope("sales", department_ids=frozenset({two[0]}))

    narrowed = tally(within(tell(facts(items)), department_ids={two[0]}))

    assert queries.grouped(session, scope, EVER) == narrowed


@whatever
@given(data=st.data())
def test_a_report_as_of_yesterday_does_not_know_what_was_recorded_today(
    session: Session, two: tuple[int, int], data: st.DataObject
) -> None:
    items = data.draw(logs(departments=(None, *two)))
    fill(session, items)
    known = facts(items)
    as_of = data.draw(st.sampled_from([fact.at for fact in known]))

    seen = [fact for fact in known if fact.at <= as_of]

    assert queries.grouped(session, Scope("sales", as_of=as_of), EVER) == tally(tell(seen))
