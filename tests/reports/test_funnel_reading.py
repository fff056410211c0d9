"""The funnel from roll-ups and from the log, by segment and side by side: the same numbers, and lists as long as they say."""

import re
from dataclasses import asdict, is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.process.definitions import Definition
from reports import funnel_compare, funnel_items, funnel_reading, ladders
from reports.funnel import ENOUGH, Cohort
from reports.funnel_compare import verdict
from reports.funnel_items import VIEWS, View
from reports.ladders import Ladder
from reports.periods import DAY, Period
from reports.queries import Scope
from reports.survival import Estimate
from tests.conftest import MONDAY
from tests.reports import company
from tests.reports.histories import STAGES, Item
from webapp.reporting.address import Asked
from webapp.reporting.funnel_plain import plain

NOW = MONDAY + timedelta(days=3)
TODAY = NOW.date()
WINDOW = Period((TODAY - 183 * DAY).replace(day=1), TODAY + DAY, "month")
WHOLE = Scope("sales")


@pytest.fixture
def sales(session: Session, departments: dict[str, Department], anna: Person, borys: Person) -> Definition:
    """Half a year of deals of two people."""
    sellers = [(anna, departments["sales"]), (borys, departments["legal"])]
    return company.half_year(session, sellers, [None], until=NOW, count=90)


def ladder(session: Session) -> Ladder:
    return ladders.find(session, "sales")


def rounded(value: Any) -> Any:
    """The same with floats to nine digits: sums of the same numbers in another order."""
    if is_dataclass(value) and not isinstance(value, type):
        return rounded(asdict(value))
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(each) for each in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def from_the_log(session: Session, view: View, window: Period = WINDOW) -> Cohort:
    mine = funnel_reading.created(session, WHOLE, ladder(session), window)
    return funnel_reading.told(mine, ladder(session), window, as_of=NOW, view=view)


@pytest.mark.parametrize("view", ["cohort", "touched"])
def test_roll_ups_and_the_log_give_the_same_funnel(
    session: Session, sales: Definition, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = from_the_log(session, view)
    monkeypatch.setattr(funnel_reading, "created", None)  # whoever asks the log now fails

    found = funnel_reading.cohort(session, WHOLE, ladder(session), WINDOW, now=NOW, view=view)

    assert found.created.n > 50
    assert rounded(found) == rounded(told)


def test_a_window_of_odd_days_goes_through_the_log_and_adds_up(session: Session, sales: Definition) -> None:
    middle = WINDOW.start + 75 * DAY
    parts = [
        funnel_reading.cohort(session, WHOLE, ladder(session), window, now=NOW)
        for window in (Period(WINDOW.start, middle, "month"), Period(middle, WINDOW.end, "month"))
    ]
    whole = funnel_reading.cohort(session, WHOLE, ladder(session), WINDOW, now=NOW)

    assert sum(part.created.n for part in parts) == whole.created.n
    assert [sum(steps) for steps in zip(*([s.reached.n for s in p.steps] for p in parts), strict=True)] == [
        step.reached.n for step in whole.steps
    ]


@pytest.mark.parametrize("view", VIEWS)
def test_every_cell_of_every_segment_lists_as_many_as_it_counts(
    session: Session, sales: Definition, view: View
) -> None:
    of = ladder(session)
    for part in funnel_reading.segments(session, WHOLE, of, WINDOW, "owner", now=NOW, view=view):
        for step in part.cohort.steps[1:3]:
            for fate in funnel_items.FATES:
                listed = funnel_reading.members(
                    session,
                    WHOLE,
                    of,
                    WINDOW,
                    view=view,
                    rank=step.rank,
                    fate=fate,
                    segment="owner",
                    value=part.value,
                )
                assert len(listed) == getattr(step, fate).n, (step.stage, fate)


@pytest.mark.parametrize("segment", ["owner", "department", "product", "source", "sector", "version"])
def test_the_parts_of_a_segment_make_the_whole(session: Session, sales: Definition, segment: str) -> None:
    whole = funnel_reading.cohort(session, WHOLE, ladder(session), WINDOW, now=NOW)
    parts = funnel_reading.segments(session, WHOLE, ladder(session), WINDOW, segment, now=NOW, view="cohort")

    assert sum(part.cohort.created.n for part in parts) == whole.created.n
    assert sum(part.cohort.won.money for part in parts) == whole.won.money
    assert len(parts) == (2 if segment in ("owner", "department") else 1)


def test_the_whole_of_a_cohort_lists_as_many_as_it_counts(session: Session, sales: Definition) -> None:
    of = ladder(session)
    whole = funnel_reading.cohort(session, WHOLE, of, WINDOW, now=NOW)
    listed = {
        fate: len(funnel_reading.members(session, WHOLE, of, WINDOW, view="cohort", rank=0, fate=fate))
        for fate in ("reached", "won", "lost", "open", "gone")
    }

    assert listed == {
        "reached": whole.created.n,
        "won": whole.won.n,
        "lost": whole.lost.n,
        "open": whole.open.n,
        "gone": whole.gone.n,
    }


def test_the_win_rate_by_close_date_counts_ends_and_not_beginnings(
    session: Session, departments: dict[str, Department], anna: Person
) -> None:
    old = Item("deal:1", start=TODAY - 90 * DAY).new().after(85).won()
    young = Item("deal:2", start=TODAY - 9 * DAY).new().after(2).lost()
    company.tell(session, company.define(session), [(i, anna, departments["sales"].id) for i in (old, young)])
    fortnight = Period(TODAY - 13 * DAY, TODAY + DAY, "month")

    closed = funnel_reading.closed(session, WHOLE, fortnight)
    cohort = funnel_reading.cohort(session, WHOLE, ladder(session), fortnight, now=NOW)

    assert (closed.won.n, closed.lost.n, closed.rate) == (1, 1, 0.5)
    assert (cohort.created.n, cohort.won_share) == (1, 0)


def test_velocity_is_open_times_rate_times_amount_over_length(session: Session, sales: Definition) -> None:
    found = funnel_reading.cohort(session, WHOLE, ladder(session), WINDOW, now=NOW)
    velocity = found.velocity

    assert velocity is not None
    assert found.mature is not None
    assert velocity.days == pytest.approx(found.to_win.total / found.won.n)
    assert velocity.daily == pytest.approx(
        found.open.n * found.mature.share * (found.won.money / found.won.n) / velocity.days
    )


# ------------------------------------------------------------------------------------------------ side by side


def test_nothing_is_said_of_few_or_of_intervals_that_overlap() -> None:
    low, high = Estimate(0.3, 0.2, 0.4), Estimate(0.6, 0.5, 0.7)

    assert verdict((ENOUGH, ENOUGH), low, high).kind == "better"
    assert verdict((ENOUGH, ENOUGH), high, low).kind == "worse"
    assert verdict((ENOUGH, ENOUGH - 1), low, high).kind == "few"
    assert verdict((ENOUGH, ENOUGH), low, None).kind == "few"
    assert verdict((ENOUGH, ENOUGH), low, Estimate(0.5, 0.4, 0.6)).kind == "unclear"


def test_a_cohort_beside_itself_differs_in_nothing(session: Session, sales: Definition) -> None:
    same = from_the_log(session, "cohort")

    assert {row.verdict.kind for row in funnel_compare.compare(same, same)} <= {"unclear", "few"}


# ------------------------------------------------------------------------------------------------ for machines


def test_every_field_for_machines_is_told_on_its_page(session: Session, sales: Definition) -> None:
    page = (Path(__file__).parents[2] / "docs" / "reports-json-funnel.md").read_text(encoding="utf-8")
    ask = Asked(ladder(session), NOW, more={"against": "before"})

    told = plain(session, ask, None)

    missing = {name for name in names(told) if not re.search(rf"[`.\"]{name}\b", page)}
    assert missing - set(STAGES) == set()
    assert told["views"]["cohort"]["stages"] == told["stages"]
    assert all(abs(sum(each["shares"].values()) - 1) < 1e-9 for each in told["flow"] if each["ended"])


def names(value: Any) -> set[str]:
    """Every name of a field, however deep."""
    if isinstance(value, dict):
        return set(value) | {name for each in value.values() for name in names(each)}
    return {name for each in value for name in names(each)} if isinstance(value, (list, tuple)) else set()
