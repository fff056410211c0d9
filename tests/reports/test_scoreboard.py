"""The scoreboard: every number is as long as the list it opens and as what a person may see; budgets and percentiles."""

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import access
from engine.people import Department, Person
from engine.process.instances import Instance
from engine.sales.agreements import Agreement, AgreementVersion
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from reports import scoreboard
from reports.periods import DAY, Period
from reports.scoreboard import PERIODS, TOGETHER, Score
from tests.conftest import MONDAY
from tests.engine.sales import kit
from tests.reports.promising import agreements, anybody, opened, shaken

NOW = MONDAY + timedelta(days=10)


def only(session: Session, person: Person, name: str = "month", **more: Any) -> Score:
    return scoreboard.scoreboard(session, person, name, now=NOW, **more).scores[0]


def said(session: Session, agreement_id: int, **terms: Any) -> None:
    """The version in force says so."""
    version = AgreementVersion(
        agreement_id=agreement_id, number=1, state="in_force", terms=terms, terms_hash=""
    )
    session.add(version)
    session.flush()
    agreement = agreements(session, {})[agreement_id - 1]
    agreement.current_version_id = version.id


def judged(
    session: Session, owner: Person, departments: dict[str, Department], days: list[int], outcome: str
) -> list[Promise]:
    """Promises of the first agreement judged so many days after Monday."""
    made = opened(session, owner, departments, Random(1), len(days))
    for promise, day in zip(made, days, strict=True):
        promise.agreement_id, promise.provider_id = 1, departments["legal"].id
        promise.consumer_id = departments["sales"].id
        promise.outcome, promise.closed_at = outcome, MONDAY + timedelta(days=day)
        promise.requested_at = MONDAY - DAY
    session.commit()
    return made


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_every_number_is_as_long_as_its_list_and_holds_only_what_may_be_seen(
    session: Session,
    departments: dict[str, Department],
    anna: Person,
    borys: Person,
    clara: Person,
    dorota: Person,
    seed: int,
) -> None:
    dice = Random(seed)
    for promise in opened(session, anna, departments, dice, 60):
        shaken(promise, dice)
    session.commit()

    for person in (anna, borys, clara, dorota):
        kept = access.visible(person, Agreement)
        seen = set(session.scalars(select(Promise.id).join(Agreement).where(kept)))
        for name in PERIODS:
            board = scoreboard.scoreboard(session, person, name, now=NOW)
            period = board.period
            for score in board.scores:
                for what in TOGETHER:
                    query = scoreboard.promises_of(
                        person, score.agreement.id, what, period.start, period.end, NOW
                    )
                    ids = [each.id for each in session.scalars(query)]
                    assert score.n(what) == len(ids) == len(set(ids)), (name, what)
                    assert set(ids) <= seen


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_whoever_sees_an_agreement_sees_the_same_numbers_and_lists_as_long(
    session: Session, departments: dict[str, Department], anna: Person, seed: int
) -> None:
    """Members, heads, directors, deputies, people of a third department, people who sell nothing: by lot."""
    dice = Random(seed)
    for promise in opened(session, anna, departments, dice, 40):
        shaken(promise, dice)
    viewers = [anybody(session, departments, dice, number) for number in range(6)]
    session.commit()

    said: dict[int, list[dict[str, int]]] = {}
    for person in viewers:
        board = scoreboard.scoreboard(session, person, "month", now=NOW)
        for score in board.scores:
            listed = {what: _listed(session, person, score, what, board.period) for what in TOGETHER}
            assert {what: score.n(what) for what in TOGETHER} == listed
            said.setdefault(score.agreement.id, []).append(listed)
    assert any(len(numbers) > 1 for numbers in said.values())
    for numbers in said.values():
        assert all(each == numbers[0] for each in numbers)
        assert any(numbers[0].values())


def _listed(session: Session, person: Person, score: Score, what: str, period: Period) -> int:
    query = scoreboard.promises_of(person, score.agreement.id, what, period.start, period.end, NOW)
    return len(session.scalars(query).all())


def test_who_has_nothing_to_do_with_an_agreement_sees_nothing_of_it(
    session: Session, departments: dict[str, Department], anna: Person, dorota: Person
) -> None:
    agreements(session, departments)
    session.commit()
    codes = {
        person.name.split()[0]: [
            each.agreement.code for each in scoreboard.scoreboard(session, person, "week", now=NOW).scores
        ]
        for person in (anna, dorota)
    }
    assert codes["Anna"] == ["H1", "H2"]
    assert "H1" not in codes["Dorota"]


def test_what_is_open_and_overdue_is_broken_now_and_in_no_earlier_period(
    session: Session, departments: dict[str, Department], anna: Person
) -> None:
    (late, in_time) = judged(session, anna, departments, [0, 0], "kept")
    for promise in (late, in_time):
        promise.outcome = promise.closed_at = None
    late.due_at, in_time.due_at = NOW - DAY, NOW + DAY
    session.commit()

    assert only(session, anna).n("broken") == 1
    assert only(session, anna, day=date(2026, 10, 5)).n("broken") == 0


def test_an_error_budget_is_used_up_on_its_day(
    session: Session, departments: dict[str, Department], anna: Person
) -> None:
    judged(session, anna, departments, [1] * 36, "kept")
    judged(session, anna, departments, [2, 3, 3, 7], "broken")
    said(session, 1, target=90)
    session.commit()

    budget = only(session, anna).budget

    assert budget is not None
    assert (budget.base, budget.allowed, budget.used, budget.left) == (40, 4, 4, 0)
    assert (budget.gone_on, budget.goes_on) == (date(2026, 11, 23), None)
    assert dict(budget.burn)[date(2026, 11, 20)] == 3
    assert budget.burn[-1] == (date(2026, 11, 26), 4)


def test_a_budget_that_lasts_says_when_it_would_end(
    session: Session, departments: dict[str, Department], anna: Person
) -> None:
    judged(session, anna, departments, [1] * 36, "kept")
    judged(session, anna, departments, [2] * 4, "broken")
    said(session, 1, target=87)
    session.commit()

    budget = only(session, anna).budget
    assert budget is not None
    assert (budget.allowed, budget.left, budget.gone_on) == (5, 1, None)
    assert budget.goes_on is None  # 4 in 26 days: one more in a week, on 3 December, is in another month


def test_the_percentile_is_the_nearest_rank_at_most_five_percent_too_long(
    session: Session, departments: dict[str, Department], anna: Person
) -> None:
    dice = Random(9)
    times = [dice.randrange(1, 200_000) for _ in range(47)]
    for promise, seconds in zip(judged(session, anna, departments, [1] * 47, "kept"), times, strict=True):
        promise.work_seconds = seconds
    session.commit()

    exact = sorted(times)[40 - 1]  # ⌈0.85 · 47⌉ = 40
    found = only(session, anna).p85
    assert found is not None
    assert exact - 1 <= found <= exact * 1.05 + 1


def test_the_trend_is_eight_periods_back_and_this_one(
    session: Session, departments: dict[str, Department], anna: Person
) -> None:
    judged(session, anna, departments, [-7, 0, 7], "kept")
    judged(session, anna, departments, [-7], "broken")

    score = only(session, anna, "week")

    assert [(rate.n, rate.whole) for _, rate in score.trend] == [(0, 0)] * 6 + [(1, 2), (1, 1), (1, 1)]
    assert score.before.share == 1
    assert score.kept.is_few


def test_broken_commitments_name_the_department_whose_doing_it_was(
    session: Session, departments: dict[str, Department], anna: Person
) -> None:
    deal = kit.sale(session, anna)
    instance = session.get_one(Instance, deal.instance_id)
    for cause in (departments["legal"].id, departments["legal"].id, None):
        commitment = Commitment(
            deal_id=session.scalar(select(func.max(Deal.id))),
            instance_id=instance.id,
            direction="we_to_client",
            text="Oferta",
            state="broken",
            caused_by_id=cause,
            created_at=MONDAY,
            closed_at=MONDAY,
        )
        session.add(commitment)
    session.commit()

    board = scoreboard.scoreboard(session, anna, "month", now=NOW)

    assert board.causes == [(departments["legal"].id, 2), (None, 1)]
