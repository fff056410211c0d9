"""Goals are set by directors and stand in the report; days with too little green stand on a page with their answers."""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.process.definitions import Definition
from reports.goals import Goal
from reports.low_green import LowGreen
from tests.web.report_kit import THURSDAY, As, counted, director, length, long_sale, page

__all__ = ["director", "long_sale"]


def typed(**more: str) -> dict[str, str]:
    return {"ladder": "sales", "department": "", "month": "2026-11", "won": "", "money": "", **more}


def test_a_goal_is_set_counted_backward_and_stands_in_the_report(
    as_: As, session: Session, director: Person, long_sale: Definition
) -> None:
    client = as_(director)
    assert "needed for the goal" not in page(client.get("/reports/dynamics"))

    answer = client.send("/reports/goals", typed(won="4"))
    assert answer.status_code == 303

    text = page(client.get("/reports/goals?ladder=sales"))
    assert "4.0 must leave Sign forward: that is the goal" in text
    assert "must leave Meet forward: of those that reach Needs" in text
    report = page(client.get("/reports/dynamics"))
    assert "needed for the goal" in report
    assert "The goal needs" in report


def test_a_goal_stands_in_the_picture_of_money_too(
    as_: As, session: Session, director: Person, long_sale: Definition
) -> None:
    client = as_(director)
    assert "\N{WHITE DIAMOND}" not in page(client.get("/reports/dynamics?measure=money"))

    client.send("/reports/goals", typed(won="4"))

    assert session.scalars(select(Goal)).one().worth
    drawn = page(client.get("/reports/dynamics?measure=money"))
    assert "needed for the goal, each move at what one that is won is worth" in drawn
    assert re.search(r"<text[^>]*>\N{WHITE DIAMOND}</text>", drawn)


def test_a_narrowed_view_says_nothing_of_the_companys_goal(
    as_: As, director: Person, anna: Person, long_sale: Definition
) -> None:
    as_(director).send("/reports/goals", typed(won="4"))

    assert "needed for the goal" not in page(as_(anna).get("/reports/dynamics"))
    assert "needed for the goal" not in page(as_(director).get(f"/reports/dynamics?owner={anna.id}"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"won": "many"}, "A goal is a whole number"),
        ({"won": "0"}, "A goal is a whole number"),
        ({"won": "1.5"}, "A goal is a whole number"),
        ({"money": "1e30"}, "A goal is a whole number"),
        ({"money": "NaN"}, "A goal is a whole number"),
        ({"won": "4", "month": "soon"}, "Choose a month"),
    ],
)
def test_what_is_no_goal_comes_back_with_what_was_typed(
    as_: As, session: Session, director: Person, long_sale: Definition, wrong: dict[str, str], said: str
) -> None:
    answer = as_(director).send("/reports/goals", typed(**wrong))

    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    assert session.scalar(select(Goal)) is None


def test_only_directors_open_the_goals_and_only_where_they_direct(
    as_: As,
    session: Session,
    anna: Person,
    clara: Person,
    departments: dict[str, Department],
    long_sale: Definition,
) -> None:
    assert as_(anna).get("/reports/goals").status_code == 403
    assert as_(clara).send("/reports/goals", typed(won="4")).status_code == 403
    legal = str(departments["legal"].id)
    assert as_(clara).send("/reports/goals", typed(won="4", department=legal)).status_code == 403
    sales = str(departments["sales"].id)
    assert as_(clara).send("/reports/goals", typed(won="4", department=sales)).status_code == 303


def test_low_days_stand_with_their_answers_and_each_number_opens_its_list(
    as_: As,
    session: Session,
    director: Person,
    borys: Person,
    departments: dict[str, Department],
    long_sale: Definition,
) -> None:
    sales, day = departments["sales"].id, THURSDAY.date() - timedelta(days=1)
    client = as_(director)
    count = length(client, f"/reports/moves?kinds=forward,forward_skip,won&unit={sales}&from={day}&to={day}")
    alarm = LowGreen(
        ladder="sales",
        department_id=sales,
        day=day,
        green=count,
        least=9,
        expected=12.5,
        raised_at=THURSDAY,
        cause="people",
        explanation="Szkolenie całego działu.",
        action="Dyżury.",
        answered_at=THURSDAY,
        answered_by_id=director.id,
    )
    older = LowGreen(
        ladder="sales",
        department_id=0,
        day=date(2026, 11, 3),
        green=0,
        least=2,
        expected=5,
        raised_at=THURSDAY,
    )
    session.add_all([alarm, older])
    session.commit()

    text = page(client.get("/reports/alarms?ladder=sales"))
    assert "People were missing" in text
    assert "Szkolenie całego działu." in text
    assert "not yet" in text
    for number, address in counted(text):
        assert length(client, address) == number
    assert "No day was too low" in page(as_(borys).get("/reports/alarms?ladder=sales"))
