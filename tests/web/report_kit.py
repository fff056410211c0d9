"""A company to report on, and how a test reads the pages about it."""

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from engine.people import Department, Membership, Person
from engine.process.definitions import Definition
from tests.conftest import MONDAY
from tests.reports import company
from tests.web.conftest import Clock, Visitor

THURSDAY = MONDAY + timedelta(days=3)
As = Callable[[Person], Visitor]


@pytest.fixture
def long_sale(
    session: Session, departments: dict[str, Department], anna: Person, borys: Person, clock: Clock
) -> Definition:
    """Half a year of deals that Anna (Sales) and Borys (Legal) lead."""
    clock.at = THURSDAY
    sellers = [(anna, departments["sales"]), (anna, departments["sales"]), (borys, departments["legal"])]
    causes = [departments["presales"], departments["presales"], departments["legal"], None]
    return company.half_year(session, sellers, causes, until=THURSDAY)


@pytest.fixture
def director(session: Session, clara: Person, departments: dict[str, Department]) -> Person:
    """Clara, directing everything."""
    clara.memberships.append(Membership(department_id=departments["board"].id))
    session.commit()
    return clara


def page(answer: TestResponse) -> str:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_data(as_text=True)


def counted(text: str) -> list[tuple[int, str]]:
    """Every number on a page that is a link to a list, with the list's address."""
    found = re.findall(
        r'<a class="count-link" href="([^"]*/reports/moves[^"]*)">([\d\N{NO-BREAK SPACE},]+)', text
    )
    return [(int(re.sub(r"\D", "", number)), html.unescape(address)) for address, number in found]


def length(client: Visitor, address: str) -> int:
    text = page(client.get(address))
    found = re.search(r'<p class="sub">([\d,]+) rows?', text)
    assert found, address
    return int(found[1].replace(",", ""))
