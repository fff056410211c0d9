"""The funnel against the same numbers counted from raw events by brute force."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports import funnel, funnel_flow, funnel_items
from reports.cohort_facts import counts, stays
from reports.funnel_items import VIEWS, View
from reports.periods import Period
from reports.visits import journeys
from tests.reports import brute_funnel as brute
from tests.reports.histories import FIRST, RANKS, STAGES, Item, at_noon, facts, logs

LATER = at_noon(FIRST + timedelta(days=200))
WINDOW = Period(FIRST, FIRST + timedelta(days=30))
TOP = len(STAGES) + 1
FATES = ("reached", "further", "lost", "open", "gone", "aside")
some = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def told(items: list[Item], view: View) -> funnel.Cohort:
    mine = funnel_items.created_in(journeys(facts(items), RANKS), WINDOW)
    seen = funnel_items.seen(mine, view, TOP)
    times = stays(funnel_items.competing(seen, TOP), LATER, exact=True)
    return funnel.cohort(counts(seen), times, WINDOW, STAGES, as_of=LATER, view=view)


def raw(items: list[Item]) -> list[list[brute.Row]]:
    return [item.rows for item in items if item.rows[0]["at"].date() in WINDOW]


@some
@given(logs(), st.sampled_from(VIEWS))
def test_every_cell_of_every_view(items: list[Item], view: View) -> None:
    found = told(items, view)

    for step, cells in zip(found.steps, brute.cells(raw(items), STAGES, view), strict=True):
        assert {fate: getattr(step, fate).n for fate in FATES} == {fate: cells[fate] for fate in FATES}


@some
@given(logs())
def test_how_the_whole_cohort_stands_and_what_it_will_win(items: list[Item]) -> None:
    found, mine = told(items, "cohort"), raw(items)
    ends = [brute.status(rows) for rows in mine]

    assert (found.won.n, found.lost.n, found.gone.n) == tuple(
        ends.count(end) for end in ("won", "lost", "rerouted")
    )
    assert found.open.n == ends.count("open") + ends.count("suspended")
    mature = brute.win_in_the_end(mine, LATER)
    assert (found.mature.share if found.mature else None) == (
        None if mature is None else pytest.approx(mature)
    )


@some
@given(logs(), st.sampled_from(STAGES), st.sampled_from((0.5, 0.85, 0.95)))
def test_how_long_stays_last(items: list[Item], stage: str, share: float) -> None:
    times = brute.lengths(raw(items), stage, LATER)
    dwell = told(items, "cohort").steps[RANKS[stage] - 1].dwell
    expected = brute.stay_of(times, share)
    found = {0.5: dwell.p50, 0.85: dwell.p85, 0.95: dwell.p95}[share]

    assert (dwell.ended, dwell.open) == (
        sum(ended for _, ended in times),
        sum(not ended for _, ended in times),
    )
    assert dwell.total == pytest.approx(sum(days for days, _ in times))
    assert found == (None if expected is None else pytest.approx(expected))


@some
@given(logs(), st.integers(0, 40), st.integers(1, 40))
def test_how_stages_are_left_in_a_window(items: list[Item], start: int, days: int) -> None:
    window = Period(FIRST + timedelta(days=start), FIRST + timedelta(days=start + days))

    for flow in funnel_flow.flow(journeys(facts(items), RANKS), window, STAGES, as_of=LATER):
        outcomes, entries = brute.left_in([item.rows for item in items], flow.stage, list(window))
        assert (flow.outcomes, flow.entries) == (dict(outcomes), entries)
