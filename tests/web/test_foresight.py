"""The forecast and promises over time on screen: what they say, and that every number opens a list as long as it says."""

import html
import re
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy.orm import Session

from engine.people import Department, Person
from tests.conftest import MONDAY
from tests.reports.promising import opened, shaken
from tests.web.conftest import Clock, Visitor
from tests.web.test_reporting import As, director, length, long_sale, page  # noqa: F401  # fixtures

LINK = re.compile(r'<a class="count-link" href="([^"]+)">([\d\N{NO-BREAK SPACE},]+)</a>')


def _numbers(text: str) -> list[tuple[int, str]]:
    return [
        (int(re.sub(r"\D", "", number)), html.unescape(address)) for address, number in LINK.findall(text)
    ]


def _rows(client: Visitor, address: str) -> int:
    found = re.search(r'<p class="sub">([\d,]+) rows?', page(client.get(address)))
    assert found, address
    return int(found[1].replace(",", ""))


@pytest.mark.slow
@pytest.mark.usefixtures("long_sale")
@pytest.mark.parametrize("days", [30, 90])
def test_every_number_of_the_forecast_opens_what_is_open(as_: As, director: Person, days: int) -> None:  # noqa: F811
    client = as_(director)
    text = page(client.get(f"/reports/forecast?horizon={days}"))
    for number, address in _numbers(text):
        assert number == _rows(client, address), address


@pytest.mark.usefixtures("long_sale")
def test_a_forecast_that_has_not_earned_its_place_is_not_shown(as_: As, director: Person) -> None:  # noqa: F811
    text = page(as_(director).get("/reports/forecast?horizon=180"))

    assert "A forecast has to earn its place" in text
    assert "Expected to be won" not in text


@pytest.mark.usefixtures("long_sale")
def test_an_unknown_horizon_is_refused_by_name(as_: As, director: Person) -> None:  # noqa: F811
    answer = as_(director).get("/reports/forecast?horizon=31")

    assert answer.status_code == 400
    assert "horizon" in answer.get_data(as_text=True)


@pytest.mark.slow
@pytest.mark.usefixtures("long_sale")
@pytest.mark.parametrize("by", ["week", "month"])
def test_every_number_of_promises_opens_as_many_promises(
    as_: As,
    session: Session,
    director: Person,  # noqa: F811
    anna: Person,
    departments: dict[str, Department],
    clock: Clock,
    by: str,
) -> None:
    clock.at = MONDAY + timedelta(days=10)
    dice = Random(5)
    for promise in opened(session, anna, departments, dice, 30):
        shaken(promise, dice)
    session.commit()
    for person in (director, anna):
        client = as_(person)
        found = _numbers(page(client.get(f"/reports/promises?by={by}")))
        assert len(found) >= 5
        for number, address in dict.fromkeys(found):
            assert number == _rows(client, address), address
