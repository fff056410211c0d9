"""Cohorts and stays: every reading of the funnel is a sum of them."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports import funnel_items as funnel
from reports.cohort_facts import BOUNDS, GONE, CohortKey, Stays, bucket, counts, mask, stays
from reports.movements import Total
from reports.visits import journeys
from tests.reports.histories import FIRST, RANKS, STAGES, Item, at_noon, facts, logs

LATER = at_noon(FIRST + timedelta(days=300))
SEPTEMBER = date(2026, 9, 1)
DAY = 86400
whatever = settings(max_examples=80, deadline=None)


@pytest.mark.parametrize(
    ("seconds", "number"),
    [(0, 0), (1, 0), (2, 1), (61, 1), (62, 2), (601, 10), (602, 11), (3600, 29), (DAY, 63)],
)
def test_a_bucket_is_the_first_step_that_is_as_long_as_the_seconds(seconds: int, number: int) -> None:
    assert bucket(seconds) == number


@given(st.integers(2, 10**9))
def test_a_bucket_is_a_tenth_wide_or_a_minute(seconds: int) -> None:
    number = bucket(seconds)

    shorter, longest = BOUNDS[number - 1], BOUNDS[number]
    assert shorter < seconds <= longest
    assert longest - shorter == pytest.approx(max(shorter / 10, 60))


def test_what_one_sale_adds() -> None:
    items = [Item("deal:1").new().after(2).to("needs").after(1).to("sign").after(3).won()]
    (journey,) = journeys(facts(items), RANKS)

    assert counts([journey]) == {CohortKey(SEPTEMBER, 5, "won", mask((1, 2, 4))): Total(1, 0, 100000)}
    told = {key[1:4]: stay for key, stay in stays([journey], LATER).items()}
    assert told == {
        ("reach", 1, "further"): Stays(1, 2 * DAY),
        ("reach", 2, "further"): Stays(1, DAY),
        ("reach", 3, "further"): Stays(1, 0),
        ("reach", 4, "further"): Stays(1, 3 * DAY),
        ("win", 0, "further"): Stays(1, 6 * DAY),
        ("visit", 1, "ended"): Stays(1, 2 * DAY),
        ("visit", 2, "ended"): Stays(1, DAY),
        ("visit", 4, "ended"): Stays(1, 3 * DAY),
        ("arrive", 1, "further"): Stays(1, 0),
        ("arrive", 2, "further"): Stays(1, 2 * DAY),
        ("arrive", 3, "further"): Stays(1, 3 * DAY),
        ("arrive", 4, "further"): Stays(1, 3 * DAY),
        ("arrive", 5, "further"): Stays(1, 6 * DAY),
    }


def test_an_open_stay_is_as_old_as_the_report() -> None:
    found = stays(journeys(facts([Item("deal:1").new()]), RANKS), at_noon(FIRST + timedelta(days=10)))

    assert {(key.what, key.outcome, stay.seconds) for key, stay in found.items()} == {
        ("reach", "", 10 * DAY),
        ("win", "", 10 * DAY),
        ("arrive", "further", 0),
        ("visit", "", 10 * DAY),
    }


@whatever
@given(logs())
def test_the_cells_of_the_funnel_are_sums_of_cohorts(items: list[Item]) -> None:
    mine = journeys(facts(items), RANKS)
    found = counts(mine)

    for rank in range(1, len(STAGES) + 1):
        reached = sum(total.n for key, total in found.items() if key.highest >= rank)
        touched = sum(total.n for key, total in found.items() if key.touched >> rank - 1 & 1)
        lost = sum(
            total.money for key, total in found.items() if key.highest == rank and key.status == "lost"
        )
        assert reached == len(funnel.members(mine, rank, "reached"))
        assert touched == len(funnel.members(mine, rank, "touched"))
        assert lost == sum(each.money for each in funnel.members(mine, rank, "lost"))
    assert sum(total.n for total in found.values()) == len(items)


@whatever
@given(logs())
def test_the_stays_are_those_of_which_the_funnel_tells_what_is_to_come(items: list[Item]) -> None:
    mine = journeys(facts(items), RANKS)
    found = stays(mine, LATER)

    for rank in range(1, len(STAGES) + 1):
        ways: Counter[str] = Counter()
        for key, stay in found.items():
            if (key.what, key.rank) == ("reach", rank):
                ways[key.outcome] += stay.n
        reached = funnel.members(mine, rank, "reached")
        assert sum(ways.values()) == len(reached)
        assert ways["further"] == len(funnel.members(mine, rank, "further"))
        assert ways["lost"] == sum(each.highest == rank and each.status in GONE for each in reached)
