"""Foretelling open items: the chances follow from what history did, and a forecast that knows nothing is found out."""

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports import backtest, forecast
from reports.forecast import Path, Stay

START = datetime(2025, 1, 1, tzinfo=UTC)
HORIZON = timedelta(days=60)
"""Sixty steps of a day."""
DAY = timedelta(days=1)
ENDS = ("won", "lost")

stays = st.lists(st.tuples(st.integers(1, 50), st.sampled_from(ENDS)), min_size=1, max_size=60)


def _one(name: int, days: int, to: str) -> Path:
    return Path(f"deal:{name}", (Stay("talks", START, START + days * DAY, to),), 100)


def _learn(paths: list[Path], as_of: datetime = START + 400 * DAY) -> forecast.Model:
    return forecast.learn(paths, as_of=as_of, horizon=HORIZON)


@given(stays)
def test_with_one_stage_and_nothing_open_the_chance_is_the_share_that_was_won(
    ended: list[tuple[int, str]],
) -> None:
    model = _learn([_one(n, days, to) for n, (days, to) in enumerate(ended)])
    for days in range(61):
        won = sum(1 for long, to in ended if to == "won" and long <= days)
        assert model.within["talks"][days] == pytest.approx(won / len(ended))


@given(stays, st.integers(0, 50))
def test_an_item_that_has_waited_goes_on_like_those_that_waited_as_long(
    ended: list[tuple[int, str]], age: int
) -> None:
    model = _learn([_one(n, days, to) for n, (days, to) in enumerate(ended)])
    reliable = min(age, model.longest["talks"])
    others = [(days, to) for days, to in ended if days > reliable]
    chances = model.chances("talks", age * DAY)
    for days in range(50):
        won = sum(1 for long, to in others if to == "won" and long <= reliable + days)
        assert chances[days] == pytest.approx(won / len(others) if others else 0)


@given(
    stays,
    st.lists(
        st.tuples(st.integers(1, 20), st.sampled_from(["won", "lost", "offer"])), min_size=1, max_size=40
    ),
)
def test_two_stages_are_every_stay_on_the_first_followed_by_every_stay_on_the_second(
    second: list[tuple[int, str]], first: list[tuple[int, str]]
) -> None:
    paths = [_one(n, days, to) for n, (days, to) in enumerate(second)]
    paths += [
        Path(f"lead:{n}", (Stay("start", START, START + days * DAY, "talks" if to == "offer" else to),), 0)
        for n, (days, to) in enumerate(first)
    ]
    model = _learn(paths)
    for days in (1, 7, 30, 59):
        straight = sum(1 for long, to in first if to == "won" and long <= days) / len(first)
        both = sum(
            1 / len(first) / len(second)
            for long, to in first
            if to == "offer"
            for more, end in second
            if end == "won" and long + more <= days
        )
        assert model.within["start"][days] == pytest.approx(straight + both)


def _random_history(seed: int, items: int = 120) -> list[Path]:
    """Items that wander over two stages; some are still open a year later."""
    dice = Random(seed)
    found = []
    for n in range(items):
        moment, state, walked = START + dice.randrange(365) * DAY, "start", []
        while state not in ENDS:
            until = moment + dice.randint(1, 70) * DAY
            to = dice.choice(("start", "talks", "won", "lost", "suspended", "rerouted"))
            to = to if to != state else "won"
            if until > START + 400 * DAY:
                walked.append(Stay(state, moment))
                break
            walked.append(Stay(state, moment, until, to))
            if to == "rerouted":
                break
            moment, state = until, to
        found.append(Path(f"deal:{n}", tuple(walked), 100))
    return found


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_chances_only_grow_with_time_and_stay_chances(seed: int) -> None:
    model = _learn(_random_history(seed))
    for state, chances in model.within.items():
        assert all(a <= b + 1e-12 for a, b in itertools.pairwise(chances)), state
        assert -1e-12 <= chances[0] <= chances[-1] <= 1 + 1e-9
        outlook = model.outlook(state, 10 * DAY, HORIZON)
        assert outlook is not None
        assert (outlook.half or 0) <= (outlook.most or 0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_what_was_foretold_on_a_day_of_the_past_knew_nothing_of_what_came_after(seed: int) -> None:
    history, now = _random_history(seed), START + 400 * DAY
    moment = now - HORIZON
    until_then = [path for each in history if (path := forecast.until(each, moment)) is not None]
    told = backtest.tried(history, as_of=now, horizon=HORIZON).rounds
    model = forecast.learn(until_then, as_of=moment, horizon=HORIZON)
    open_then = [path for path in until_then if path.last.until is None]
    said = sum(
        outlook.chance
        for path in open_then
        if (outlook := model.outlook(path.last.state, moment - path.last.since, HORIZON))
    )
    assert told[0].n == len(open_then)
    assert told[0].foreseen == pytest.approx(said)


def _sorted_by_stage(seed: int) -> list[Path]:
    """Whoever comes to the offer is won in a month, whoever stays on talks is lost in a season."""
    dice = Random(seed)
    found = []
    for n in range(600):
        begun = START + dice.randrange(500) * DAY
        if dice.random() < 0.5:
            stay = Stay("talks", begun, begun + dice.randint(60, 100) * DAY, "lost")
            found.append(Path(f"deal:{n}", (stay,), 100))
        else:
            met = begun + dice.randint(1, 3) * DAY
            path = (
                Stay("talks", begun, met, "offer"),
                Stay("offer", met, met + dice.randint(20, 40) * DAY, "won"),
            )
            found.append(Path(f"deal:{n}", path, 100))
    return found


def test_where_stages_tell_something_the_forecast_beats_counting() -> None:
    trial = backtest.tried(_sorted_by_stage(7), as_of=START + 480 * DAY, horizon=HORIZON)
    assert trial.is_enough
    assert trial.is_better
    assert trial.brier is not None
    assert trial.base_brier is not None
    assert trial.brier < trial.base_brier / 4
    assert all(abs(each.foreseen - each.won) < 0.25 * each.won for each in trial.rounds)


def test_a_company_that_has_just_begun_has_nothing_to_try_it_on() -> None:
    history = [_one(n, 5, "won") for n in range(20)]
    trial = backtest.tried(history, as_of=START + 30 * DAY, horizon=HORIZON)
    assert not trial.is_enough
    assert not trial.is_better
    assert trial.brier is None


def test_the_scores_are_means_over_every_item_that_was_foretold() -> None:
    history, now = _sorted_by_stage(3), START + 480 * DAY
    trial = backtest.tried(history, as_of=now, horizon=HORIZON)
    assert trial.n == sum(each.n for each in trial.rounds)
    open_at = Counter(
        each.at
        for each in trial.rounds
        for path in history
        if any(stay.since <= each.at and (stay.until is None or stay.until > each.at) for stay in path.stays)
    )
    assert {each.at: each.n for each in trial.rounds} == dict(open_at)
