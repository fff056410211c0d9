"""The funnel against counting by hand, and its identities on random histories."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports import funnel, funnel_flow, funnel_items
from reports.cohort_facts import counts, stays
from reports.funnel_items import FATES, VIEWS, View
from reports.movements import OUTSIDE, tell
from reports.periods import Period
from reports.visits import Journey, journeys
from tests.reports.histories import FIRST, RANKS, STAGES, Item, at_noon, facts, logs

MONTH = Period(FIRST, FIRST + timedelta(days=30))
LATER = at_noon(FIRST + timedelta(days=200))
TOP = len(STAGES) + 1
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def walked(*items: Item) -> list[Journey]:
    return journeys(facts(items), RANKS)


def counted(
    every: list[Journey], window: Period = MONTH, *, view: View = "cohort", as_of: datetime = LATER
) -> funnel.Cohort:
    """As the reading does it: what the view sees of those created in the window, as counts and lengths of stay."""
    seen = funnel_items.seen(funnel_items.created_in(every, window), view, TOP)
    times = stays(funnel_items.competing(seen, TOP), as_of)
    return funnel.cohort(counts(seen), times, window, STAGES, as_of=as_of, view=view)


def cohort(*items: Item, view: View = "cohort", as_of: datetime = LATER) -> funnel.Cohort:
    return counted(walked(*items), view=view, as_of=as_of)


def test_reached_counts_a_skipped_stage_and_touched_does_not() -> None:
    first, second, *_ = cohort(Item("deal:1").new().to("offer"), Item("deal:2").new().to("needs")).steps

    assert (first.reached.n, first.further.n, first.conversion) == (2, 2, 1.0)
    assert (second.reached.n, second.touched.n, second.skip_share) == (2, 1, 0.5)


def test_coming_back_and_going_on_again_counts_once() -> None:
    steps = cohort(Item("deal:1").new().to("offer").to("meet").to("offer")).steps

    assert [step.reached.n for step in steps] == [1, 1, 1, 0]


def test_a_stage_that_nobody_reached_has_no_conversion() -> None:
    assert cohort(Item("deal:1").new()).steps[3].conversion is None


def test_a_deal_is_lost_where_it_had_come_to_not_where_it_had_gone_back_to() -> None:
    steps = cohort(Item("deal:1").new().to("offer").to("meet").lost()).steps

    assert [step.lost.n for step in steps] == [0, 0, 1, 0]


def test_a_win_that_was_opened_again_is_open_and_not_won() -> None:
    found = cohort(Item("deal:1").new().to("sign").won().reopened("sign"))

    assert (found.won.n, found.open.n, found.steps[3].open.n) == (0, 1, 1)


def test_only_items_created_in_the_window_are_its_cohort() -> None:
    assert cohort(Item("deal:1").new(), Item("deal:2", start=MONTH.end).new()).created.n == 1


def test_a_mistaken_skip_was_never_reached() -> None:
    steps = cohort(Item("deal:1").new().to("sign").mistake()).steps

    assert [step.reached.n for step in steps] == [1, 0, 0, 0]


def test_money_of_the_cohort_is_that_of_the_last_move() -> None:
    item = Item("deal:1", amount=1000).new()
    item.amount = 1700
    item.to("needs")

    assert cohort(item).steps[0].further.money == 170_000


def test_strictly_a_stage_counts_only_after_every_one_before_it() -> None:
    items = [
        Item("deal:1").new().to("needs").to("offer").to("sign").won(),
        Item("deal:2").new().to("offer").to("needs").to("sign").won(),
        Item("deal:3").new("needs").to("meet").to("needs"),
    ]
    steps = cohort(*items, view="strict").steps

    assert [step.reached.n for step in steps] == [3, 3, 1, 1]
    assert [step.further.n for step in steps] == [3, 1, 1, 1]
    assert [step.aside.n for step in steps] == [0, 1, 0, 0]
    assert [step.open.n for step in steps] == [0, 1, 0, 0]


def test_touched_counts_only_those_that_stood_there() -> None:
    items = [Item("deal:1").new().to("offer"), Item("deal:2").new().to("needs").lost()]
    steps = cohort(*items, view="touched").steps

    assert [step.reached.n for step in steps] == [2, 1, 1, 0]
    assert [step.lost.n for step in steps] == [0, 1, 0, 0]
    assert [step.conversion for step in steps] == [1, 0, 0, None]


def test_a_skipped_stage_is_no_success_of_its_own_in_the_touched_view() -> None:
    """Three skip the second stage, two stand on it and are lost: all of those it saw are lost."""
    items = [Item(f"deal:{n}").new().to("offer") for n in range(3)]
    items += [Item(f"deal:1{n}").new().to("needs").after(3).lost() for n in range(2)]

    seen, whole = cohort(*items, view="touched").steps[1].mature, cohort(*items).steps[1].mature
    assert seen
    assert whole
    assert (seen.share, whole.share) == (0, 0.6)


@unhurried
@given(logs(), st.sampled_from(VIEWS))
def test_every_deal_of_a_cohort_is_counted_once_at_every_stage(items: list[Item], view: View) -> None:
    found = cohort(*items, view=view)
    reached = [step.reached.n for step in found.steps]

    assert found.created.n == found.won.n + found.lost.n + found.open.n + found.gone.n
    if view != "touched":
        assert reached == sorted(reached, reverse=True)
    assert all(
        step.reached == step.further.plus(step.lost).plus(step.open).plus(step.gone).plus(step.aside)
        for step in found.steps
    )
    if view == "cohort":
        assert found.steps[-1].further == found.won
    assert sum(month.n for month in found.months) == found.created.n
    assert all(
        sum(month.reached[step.rank - 1] for month in found.months) == step.reached.n for step in found.steps
    )


@unhurried
@given(logs(), st.sampled_from(VIEWS))
def test_without_open_ones_the_mature_estimate_is_the_conversion(items: list[Item], view: View) -> None:
    found = cohort(*items, view=view)

    for step in found.steps:
        if step.reached.n and not step.open.n:
            assert step.foreseen == pytest.approx(step.conversion)
    if not found.open.n and found.created.n and view == "cohort":
        assert found.mature
        assert found.mature.share == pytest.approx(found.won_share)


@unhurried
@given(logs())
def test_reached_and_touched_equal_what_the_raw_moves_say(items: list[Item]) -> None:
    mine = [item for item in items if item.rows[0]["at"].date() in MONTH]
    stood = [{RANKS[each.entered] for each in tell(facts([item])) if each.entered} for item in mine]
    ends = [[each.kind for each in tell(facts([item])) if each.kind not in OUTSIDE][-1] for item in mine]
    best = [TOP if end == "won" else max(ranks) for ranks, end in zip(stood, ends, strict=True)]

    for rank, step in enumerate(cohort(*items).steps, start=1):
        assert step.reached.n == sum(1 for each in best if each >= rank)
        assert step.touched.n == sum(1 for ranks in stood if rank in ranks)


@unhurried
@given(logs(), st.integers(1, TOP), st.sampled_from(FATES), st.sampled_from(VIEWS))
def test_every_cell_lists_as_many_moves_as_it_counts(
    items: list[Item], rank: int, fate: str, view: View
) -> None:
    every = walked(*items)
    seen = funnel_items.seen(funnel_items.created_in(every, MONTH), view, TOP)
    listed = {
        funnel_items.deciding(each, rank, fate, view) for each in funnel_items.members(seen, rank, fate, view)
    }
    found = counted(every, view=view)

    if rank < TOP:
        assert len(listed) == getattr(found.steps[rank - 1], fate).n
    elif fate == "reached":
        assert len(listed) == found.steps[-1].further.n or view == "touched"


@unhurried
@given(logs(), st.integers(0, 40), st.integers(1, 40))
def test_the_shares_of_visits_that_ended_add_up_to_one(items: list[Item], start: int, days: int) -> None:
    window = Period(FIRST + timedelta(days=start), FIRST + timedelta(days=start + days))
    every = walked(*items)

    for each in funnel_flow.flow(every, window, STAGES, as_of=LATER):
        left = [m for m in tell(facts(items)) if m.left == each.stage and m.fact.day in window]
        assert each.ended == len(left) == len(funnel_flow.ended_in(every, window, each.stage, None))
        if each.ended:
            assert sum(each.share(outcome) or 0 for outcome in each.outcomes) == pytest.approx(1)
        else:
            assert each.share("forward") is None


@unhurried
@given(logs(), st.integers(0, 40), st.integers(1, 40))
def test_dwell_in_a_window_is_the_time_that_lies_in_it(items: list[Item], start: int, days: int) -> None:
    """Counted again by looking at every item at the middle of every tenth of a day."""
    begin, end = (funnel_items.moment(FIRST + timedelta(days=day)) for day in (start, start + days))
    visits = [visit for journey in walked(*items) for visit in journey.visits]
    window = Period(FIRST + timedelta(days=start), FIRST + timedelta(days=start + days))
    flows = funnel_flow.flow(walked(*items), window, STAGES, as_of=end)
    ticks = [begin + timedelta(days=(step + 0.5) / 10) for step in range(days * 10)]
    seen = sum(1 for v in visits for tick in ticks if v.entered <= tick < (v.left or end)) / 10

    told = sum(each.dwell.total for each in flows)
    assert told == pytest.approx(seen, abs=0.11 * (len(visits) + 1))


def test_the_stage_where_most_time_is_spent_is_the_first_bottleneck() -> None:
    items = [Item(f"deal:{n}").new().after(2).to("needs").after(1).to("offer") for n in range(3)]
    items.append(Item("deal:9").new().after(1).to("offer").after(20).to("sign"))
    window = Period(FIRST, FIRST + timedelta(days=22))

    found = funnel_flow.bottlenecks(funnel_flow.flow(walked(*items), window, STAGES, as_of=LATER))

    assert found[0].stage == "offer"
    assert [round(each.dwell.total, 1) for each in found if each.stage == "meet"] == [7.0]


def test_the_months_that_are_too_young_to_compare_are_marked() -> None:
    items = [
        Item(f"deal:{n}", start=FIRST + timedelta(days=n * 10)).new().after(20).to("needs") for n in range(3)
    ]
    found = counted(walked(*items), as_of=at_noon(date(2026, 10, 15)))

    assert [month.period.start for month in found.months] == [date(2026, 9, 7), date(2026, 10, 1)]
    assert [month.young[1] for month in found.months] == [True, True]
    assert [month.young[0] for month in found.months] == [False, False]
