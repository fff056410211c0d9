"""Durations against textbook cases, against what must always hold, and against lifelines."""

import itertools
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.survival import (
    Estimate,
    Stay,
    ever,
    incidence,
    nearest_rank,
    quantile,
    survival,
    weighted_rank,
)
from tests.oracles import asking

OUTCOMES = ("", "further", "lost", "rerouted")
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def stays(*, most: int = 40) -> st.SearchStrategy[list[Stay]]:
    """Stays with ties, open ones, delayed entry and weights."""
    one = st.tuples(
        st.integers(0, 12), st.sampled_from(OUTCOMES), st.sampled_from((0, 0, 0, 1, 4)), st.integers(1, 4)
    )
    return st.lists(
        one.map(lambda row: Stay(row[0] + row[2] + (row[2] > 0), row[1], row[2], row[3])),
        min_size=1,
        max_size=most,
    )


def shares(curve: list[tuple[float, float, float, float]]) -> list[tuple[float, float]]:
    return [(time, share) for time, share, _, _ in curve]


def test_a_percentile_is_a_value_that_was_there() -> None:
    assert [nearest_rank([15, 20, 35, 40, 50], share) for share in (0.05, 0.3, 0.4, 0.5, 1)] == [
        15,
        20,
        20,
        35,
        50,
    ]
    assert nearest_rank([], 0.5) is None


@unhurried
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), max_size=9), st.integers(1, 20))
def test_a_percentile_of_weights_is_that_of_the_values_written_out(
    rows: list[tuple[int, int]], twentieths: int
) -> None:
    written = [time for time, n in rows for _ in range(n)]
    found = weighted_rank([Stay(time, "x", n=n) for time, n in rows], twentieths / 20)

    assert found == nearest_rank(written, twentieths / 20)


def test_survival_equals_the_remission_times_of_freireich() -> None:
    """The 6-MP group of the trial every textbook prints: 0.857 at 6, 0.807 at 7, 0.690 at 13, 0.448 at 23."""
    ended = (6, 6, 6, 7, 10, 13, 16, 22, 23)
    still = (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
    curve = survival([*(Stay(t, "relapse") for t in ended), *(Stay(t) for t in still)])

    found = {point.time: round(point.share, 3) for point in curve}
    assert [found[time] for time in (6, 7, 13, 23)] == [0.857, 0.807, 0.69, 0.448]
    assert quantile(curve, 0.5) == 23
    assert quantile(curve, 0.85) is None


def test_open_visits_make_the_median_longer_than_that_of_the_ended_ones() -> None:
    found = [*(Stay(n, "left") for n in (1, 2, 3)), *(Stay(9) for _ in range(4))]

    assert nearest_rank([1, 2, 3], 0.5) == 2
    assert quantile(survival(found), 0.5) is None


def test_who_was_watched_from_later_on_is_not_at_risk_before() -> None:
    found = survival([Stay(1, "left"), Stay(4, "left", since=2), Stay(5, since=0)])

    assert shares(found) == [(1, 0.5), (4, 0.25)]


def test_who_passed_at_once_was_there_all_the_same() -> None:
    assert shares(survival([Stay(0, "left"), Stay(3, "left")])) == [(0, 0.5), (3, 0)]


@unhurried
@given(stays())
def test_the_shares_of_all_outcomes_and_of_those_still_there_make_one(found: list[Stay]) -> None:
    parts = [dict(incidence(found, outcome)) for outcome in OUTCOMES[1:]]

    for point in survival(found):
        assert point.share + sum(part[point.time] for part in parts) == pytest.approx(1)
        assert point.low <= point.share + 1e-12 <= point.high + 2e-12


@unhurried
@given(stays(), st.sampled_from(OUTCOMES[1:]))
def test_the_share_gone_by_an_outcome_never_falls_and_stays_a_share(found: list[Stay], outcome: str) -> None:
    curve = [share for _, share in incidence(found, outcome)]
    estimate = ever(found, outcome)

    assert all(later >= earlier for earlier, later in itertools.pairwise(curve))
    if estimate is None:
        assert not any(stay.outcome for stay in found)
        return
    assert estimate.share == pytest.approx(curve[-1])
    assert -1e-12 <= estimate.low <= estimate.share + 1e-12 <= estimate.high + 2e-12 <= 1 + 1e-9


@unhurried
@given(stays(most=15), st.sampled_from(OUTCOMES[1:]))
def test_a_weight_is_as_many_stays(found: list[Stay], outcome: str) -> None:
    written = [Stay(each.until, each.outcome, each.since) for each in found for _ in range(each.n)]

    assert survival(found) == survival(written)
    assert ever(found, outcome) == ever(written, outcome)


@unhurried
@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from(("further", "lost"))), min_size=1))
def test_without_open_cases_the_estimate_is_the_plain_share(ends: list[tuple[int, str]]) -> None:
    found = ever([Stay(time, outcome) for time, outcome in ends], "further")

    assert found is not None
    assert found.share == pytest.approx(sum(outcome == "further" for _, outcome in ends) / len(ends))


def test_the_interval_without_open_cases_is_about_that_of_a_share() -> None:
    found = ever([*(Stay(1, "further") for _ in range(40)), *(Stay(2, "lost") for _ in range(60))], "further")

    assert found is not None
    assert (round(found.low, 2), round(found.high, 2)) == (0.3, 0.49)


def test_nothing_ended_has_no_estimate_and_all_ended_alike_are_not_certain() -> None:
    """Two of two: the exact interval of Clopper and Pearson begins at the square root of 0.025."""
    two = [Stay(3, "further"), Stay(5, "further")]

    assert ever([Stay(3), Stay(5)], "further") is None
    assert ever(two, "further") == Estimate(1, pytest.approx(0.158, abs=0.001), 1)
    assert ever(two, "lost") == Estimate(0, 0, pytest.approx(0.842, abs=0.001))


def test_a_young_cohort_is_foretold_better_than_it_is_counted() -> None:
    """Six in ten win after up to 100 days; watched for 60 days, the estimate is near where the count is far off."""
    dice, found = Random(7), []
    for _ in range(4000):
        ends, watched = dice.uniform(0, 100), dice.uniform(10, 110)
        outcome = "further" if dice.random() < 0.6 else "lost"
        found.append(Stay(ends, outcome) if ends < watched else Stay(watched))
    counted = sum(stay.outcome == "further" for stay in found) / len(found)
    estimate = ever(found, "further")

    assert estimate is not None
    assert counted < 0.4
    assert estimate.share == pytest.approx(0.6, abs=0.03)
    assert estimate.low < 0.6 < estimate.high
    share_if_losses_were_censored = (
        1 - survival([Stay(s.until, s.outcome if s.outcome == "further" else "") for s in found])[-1].share
    )
    assert share_if_losses_were_censored > 0.9  # why losses must compete instead


# ------------------------------------------------------------------------------------------------ lifelines


def _random(dice: Random, *, ties: bool, delayed: bool) -> list[Stay]:
    found = []
    for _ in range(dice.randrange(12, 60)):
        since = dice.uniform(0, 3) if delayed and dice.random() < 0.5 else 0.0
        length = dice.randrange(1, 12) if ties else dice.expovariate(0.1) + 0.01
        found.append(Stay(since + length, dice.choice(OUTCOMES[:3]), since, dice.randrange(1, 4)))
    first = [
        Stay(0.005 + each / 1000, "", 0.0, 20) for each in range(2)
    ]  # somebody is watched from the start
    return [*found, *first]


def _judged(cases: list[tuple[list[Stay], str | None]]) -> list[list[list[float | None]]]:
    asked = [
        {
            "stays": [[s.since, s.until, OUTCOMES.index(s.outcome), s.n] for s in found],
            "of": None if of is None else OUTCOMES.index(of),
        }
        for found, of in cases
    ]
    told: list[list[list[float | None]]] = asking.ask("survival", asked)
    return told


@pytest.mark.oracle
@pytest.mark.slow
@asking.here
def test_lifelines_finds_the_same_curves_and_intervals() -> None:
    """Kaplan and Meier with ties, weights and delayed entry; Aalen and Johansen without ties, which it cannot."""
    dice = Random(2026)
    cases: list[tuple[list[Stay], str | None]] = []
    for _ in range(12):
        cases.append((_random(dice, ties=True, delayed=dice.random() < 0.5), None))
        cases.append((_random(dice, ties=False, delayed=dice.random() < 0.5), dice.choice(OUTCOMES[1:3])))
    compared = 0
    for (found, of), told in zip(cases, _judged(cases), strict=True):
        mine = (
            survival(found)
            if of is None
            else [(time, *_estimate(found, of, time)) for time, _ in incidence(found, of)]
        )
        assert [point[0] for point in mine] == pytest.approx([row[0] for row in told], abs=1e-9)
        for point, row in zip(mine, told, strict=True):
            assert point[1] == pytest.approx(row[1], abs=1e-9)
            if None not in row and 0 < point[1] < 1:
                assert point[2:] == pytest.approx(row[2:], abs=1e-9)
                compared += 1
    assert compared > 200


def _estimate(found: list[Stay], of: str, by: float) -> tuple[float, float, float]:
    estimate = ever(found, of, by=by)
    assert estimate is not None
    return estimate.share, estimate.low, estimate.high
