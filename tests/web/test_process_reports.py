"""Reports of steps on screen: every number opens a list as long as it says, for whoever reads it."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from engine.people import Department, Membership, Person
from engine.process.instances import Instance
from tests.conftest import MONDAY
from tests.reports import company, stepping
from tests.web.conftest import Clock, Visitor
from webapp.reporting.address import read
from webapp.reporting.shelf import REPORTS

As = Callable[[Person], Visitor]
NOW = MONDAY + timedelta(days=60)
MINE = ("bottlenecks", "variants", "handovers", "flow", "workload")


@pytest.fixture
def sale(
    session: Session, departments: dict[str, Department], anna: Person, borys: Person, clock: Clock
) -> None:
    """A process with cases, moves and a hundred work items."""
    clock.at = NOW
    sellers = [(anna, departments["sales"]), (borys, departments["legal"])]
    company.half_year(session, sellers, [None], until=MONDAY, count=20)
    held = list(session.scalars(select(Instance).order_by(Instance.id)))
    dice = Random(3)
    for case in held[:10]:
        case.started_at, case.ended_at = MONDAY, MONDAY + timedelta(days=20 + dice.randrange(30))
    units = list(departments.values())
    for task in stepping.opened(session, held, units, dice, 100, [anna, borys]):
        task.diagram = "sales"
    session.commit()


@pytest.fixture
def director(session: Session, clara: Person, departments: dict[str, Department]) -> Person:
    """Clara, directing everything."""
    clara.memberships.append(Membership(department_id=departments["board"].id))
    session.commit()
    return clara


def page(answer: TestResponse) -> str:
    assert answer.status_code == 200, answer.get_data(as_text=True)[-3000:]
    return answer.get_data(as_text=True)


def counted(text: str) -> list[tuple[int, str]]:
    """Every whole number that is a link to a list of steps, cases or moves."""
    found = re.findall(
        r'<a class="count-link" href="([^"]*/reports/(?:steps|cases|moves)[^"]*)">([\d\N{NO-BREAK SPACE},]+)</a>',
        text,
    )
    return [(int(re.sub(r"\D", "", number)), html.unescape(address)) for address, number in found]


def length(client: Visitor, address: str) -> int:
    found = re.search(r'<p class="sub">([\d,]+) rows?', page(client.get(address)))
    assert found, address
    return int(found[1].replace(",", ""))


@pytest.mark.slow
@pytest.mark.parametrize("report", ["bottlenecks", "variants", "hand-overs", "flow", "workload"])
@pytest.mark.parametrize("narrowed", [False, True])
def test_every_number_opens_a_list_as_long_as_it_says(
    as_: As, director: Person, anna: Person, sale: None, report: str, narrowed: bool
) -> None:
    client = as_(anna if narrowed else director)
    days = "from=2026-11-20&to=2027-01-06"
    numbers = dict.fromkeys(counted(page(client.get(f"/reports/{report}?ladder=sales&{days}"))))

    assert len(numbers) >= 3
    for number, opened in list(numbers)[:: max(1, len(numbers) // 12)]:
        assert length(client, opened) == number, opened


@pytest.mark.parametrize("narrowed", [False, True])
def test_what_was_done_again_and_what_came_after_what_open_their_steps(
    as_: As, director: Person, anna: Person, sale: None, narrowed: bool
) -> None:
    client = as_(anna if narrowed else director)
    days = "from=2026-11-20&to=2027-01-06"
    numbers = counted(page(client.get(f"/reports/variants?ladder=sales&{days}")))
    kinds = ("again", "repeat", "redo", "after")
    of_kind = {kind: [each for each in numbers if f"kind={kind}" in each[1]] for kind in kinds}

    assert all(of_kind.values())
    for number, opened in [each for found in of_kind.values() for each in found[:3]]:
        assert length(client, opened) == number, opened


def test_a_company_without_processes_is_told_what_to_do(as_: As, session: Session, director: Person) -> None:
    client = as_(director)
    for report in ("", "dynamics", "funnel", "bottlenecks", "flow", "alarms", "goals", "forecast"):
        text = page(client.get(f"/reports/{report}"))
        assert "There is no process with stages yet" in text, report
        assert 'href="/reports/history/"' in text, report


def test_the_table_begins_with_the_step_that_is_shaded_most(as_: As, director: Person, sale: None) -> None:
    client = as_(director)
    days = "ladder=sales&from=2026-11-20&to=2027-01-06"
    done = [
        n
        for n, opened in counted(page(client.get(f"/reports/bottlenecks?{days}&heat=frequency")))
        if "kind=done" in opened
    ]

    assert len(set(done)) > 1
    assert done == sorted(done, reverse=True)


def test_a_step_opens_its_page_with_its_queue_and_its_worst_cases(
    as_: As, director: Person, sale: None
) -> None:
    client = as_(director)
    text = page(client.get("/reports/bottlenecks?ladder=sales&from=2026-11-20"))
    step = re.search(r'<a class="what" href="([^"]*/bottlenecks/step[^"]*)">', text)
    assert step
    shown = page(client.get(html.unescape(step[1])))

    assert "Its queue at the end of these days" in shown
    assert "Its worst cases" in shown
    assert "/work/tasks/" in shown
    assert '<svg class="plot"' in shown


def test_a_list_is_a_file_too_and_no_spreadsheet_takes_it_for_formulas(
    as_: As, director: Person, sale: None, session: Session
) -> None:
    for case in session.scalars(select(Instance)):
        case.title = "=1+1"
    session.commit()
    text = page(as_(director).get("/reports/steps.csv?ladder=sales&kind=ready&from=2026-11-01"))

    assert text.splitlines()[0].startswith("\N{ZERO WIDTH NO-BREAK SPACE}Step;Case;")
    assert "'=1+1" in text
    assert len(text.splitlines()) > 50


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("/reports/steps?kind=everything", "kind"),
        ("/reports/bottlenecks?heat=hot", "heat"),
        ("/reports/bottlenecks?version=99", "version"),
        ("/reports/workload?from=2026-12-31&to=2026-12-01", "begin"),
        ("/reports/steps?person=x", "person"),
    ],
)
def test_what_an_address_asks_wrongly_is_said(
    as_: As, director: Person, sale: None, address: str, named: str
) -> None:
    answer = as_(director).get(address)

    assert 400 <= answer.status_code < 500
    assert named in answer.get_data(as_text=True)


def test_the_drawing_is_that_of_a_version_or_nothing(as_: As, director: Person, sale: None) -> None:
    assert as_(director).get("/reports/bottlenecks/drawings/999/x.bpmn").status_code == 404
    assert as_(director).get("/reports/bottlenecks/step?element=nowhere&diagram=x").status_code == 404


def test_every_paper_says_how_it_is_counted_and_machines_read_its_numbers(
    app: Flask, session: Session, sale: None
) -> None:
    for report in REPORTS:
        if report.key not in MINE:
            continue
        assert report.paper is not None
        assert report.plain is not None
        with app.test_request_context("/"):
            ask = read(session, {"ladder": "sales", "from": "2026-11-20"}, NOW)
            paper = report.paper(session, ask, None)
            plain = report.plain(session, ask, None)
        assert paper.definition
        assert paper.finding
        assert all(len(row) == len(table.columns) for table in paper.tables for row in table.rows)
        assert plain["report"] == report.key
        assert plain["from"] == "2026-11-20"
