"""A director reads the reports in a browser: from a mark of a picture to the list and the deal, keeps, shares and pins, brings a history in."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department, Membership, Person
from engine.process.instances import Instance
from tests.browser.conftest import PageOf
from tests.reports import company, stepping

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAGES = ("dynamics", "funnel", "bottlenecks", "hand-overs", "variants", "workload", "flow", "forecast", "")
LOG = """nr;czynność;kiedy;osoba;kwota
17;Zapytanie;03.03.2025 09:12;Anna Wilk;
17;Oferta;05.03.2025 14:00;Anna Wilk;12000,50
17;Podpisana;20.03.2025 11:00;Anna Wilk;
18;Zapytanie;04.03.2025 09:00;Jan Lis;900,00
"""


@pytest.fixture
def director(session: Session, clara: Person, departments: dict[str, Department]) -> Person:
    """Clara, directing everything."""
    clara.memberships.append(Membership(department_id=departments["board"].id))
    session.commit()
    return clara


@pytest.fixture
def sale(session: Session, departments: dict[str, Department], anna: Person, borys: Person) -> None:
    """Half a year of deals until now, and the work items of some of them."""
    now = datetime.now(UTC)
    sellers = [(anna, departments["sales"]), (borys, departments["legal"])]
    company.half_year(session, sellers, [departments["presales"], None], until=now, count=60)
    held = list(session.scalars(select(Instance).order_by(Instance.id)))
    dice, began = Random(3), now - timedelta(days=40)
    for case in held[:10]:
        case.started_at, case.ended_at = began, began + timedelta(days=5 + dice.randrange(30))
    units = list(departments.values())
    for task in stepping.opened(session, held, units, dice, 60, [anna, borys]):
        task.diagram = "sales"
        back = now - timedelta(days=60) - MONDAY
        task.created_at += back
    session.commit()


def rows(page: Page) -> int:
    """How many a list says it holds."""
    found = re.match(r"[\d,]+", page.locator("p.sub").inner_text())
    assert found
    return int(found[0].replace(",", ""))
