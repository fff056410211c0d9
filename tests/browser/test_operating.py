"""Those who keep cases going, in a browser: versions compared and taken over, a case let rest and moved, an incident."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from engine.db import connect, sessions
from engine.people import Department
from engine.process import definitions, instances, migrating
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from tests.browser import walking
from tests.browser.conftest import PageOf
from tests.browser.walking import ADMINISTRATOR, CLARA, CLERK, DESIGNER, Firm
from webapp.demo import trouble

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a company in which three parcels are packed and two quotes could not be sent."""
    path = walking.founded(tmp_path_factory.mktemp("operating"))
    engine = connect(f"sqlite:///{path}")
    firm = Firm(sessions(engine, wiring=trouble.plug(walking.connected())))
    for sku in ("LABEL-A", "RIBB-01"):
        firm.order(CLERK, email=f"zamowienia@{trouble.MISTYPED}", items=[{"sku": sku, "quantity": "3"}])
    for _ in range(12):
        firm.pass_time(minutes=20)
    with firm.at_work() as session:
        first = _deploy(session, firm, ("ask", "pack"))
        for number in range(3):
            by = walking.person(session, CLERK)
            case = instances.start(session, first, by=by, now=firm.now)
            case.title = f"Paczka {number + 1}"
        walking.deploy_scripts(session, walking.person(session, DESIGNER), firm.now)
    engine.dispose()
    return path


@pytest.fixture
def engine_url(founded: Path, tmp_path: Path) -> str:
    """The company's file, for one walk."""
    return walking.copied(founded, tmp_path)


@pytest.fixture
def firm(database: Engine, site_app: Flask) -> Firm:
    """The company three days later, whose clock is the product's."""
    made = Firm(sessions(database, wiring=walking.connected()))
    made.now += timedelta(days=3)
    site_app.extensions["clock"] = lambda: made.now
    return made


def test_a_designer_takes_three_cases_over_to_another_version_and_back(
    page_of: PageOf, session: Session, firm: Firm
) -> None:
    with firm.at_work() as other:
        _deploy(other, firm, ("weigh", "pack"))
    page = page_of(walking.person(session, DESIGNER))
    page.goto("/processes/parcel")
    page.get_by_role("link", name="What differs").click()
    _see_both_drawings_answer(page)

    page.get_by_role("link", name="Take 3 cases over…").click()
    page.get_by_label(re.compile("^Ask")).select_option(label="Weigh")
    page.get_by_label("Why").fill("The scales are here.")
    page.get_by_role("button", name="Try it on every case").click()
    _work(page, firm, "Tried on every case")
    expect(page.locator(".tallies")).to_contain_text(re.compile(r"fit\s*3"))
    assert _versions(session) == [1, 1, 1], "trying changes nothing"

    page.get_by_role("button", name="Take 3 cases over").click()
    _work(page, firm, "Done")
    assert _versions(session) == [2, 2, 2]
    assert _standing(session) == {"weigh"}

    page.get_by_role("button", name="Take 3 cases back").click()
    _work(page, firm, "Taken back")
    assert _versions(session) == [1, 1, 1]
    assert _standing(session) == {"ask"}


def test_a_director_lets_a_case_rest_moves_it_and_brings_it_back(
    page_of: PageOf, session: Session, firm: Firm
) -> None:
    page = page_of(walking.person(session, CLARA))
    page.goto("/processes/parcel")
    page.get_by_role("link", name="Paczka 1").click()

    _operate(page, "Let it rest", "The client is on holiday.")
    expect(page.locator(".rests")).to_contain_text("The client is on holiday.")
    _operate(page, "Let it go on", "They are back.")
    expect(page.locator(".rests")).to_have_count(0)

    _operate(page, "Move to a step", "It was weighed at the client’s.", to="Pack")
    expect(page.get_by_label("Now").get_by_text("Pack", exact=True).first).to_be_visible()
    _operate(page, "Go back to a kept state", "It was not.", kept=0)
    expect(page.get_by_label("Now").get_by_text("Ask", exact=True).first).to_be_visible()

    told = page.locator(".tl")
    for reason in ("on holiday", "They are back", "weighed at the client", "It was not"):
        expect(told).to_contain_text(reason)


def test_an_operator_puts_an_address_right_and_the_quote_goes_out(
    page_of: PageOf, session: Session, firm: Firm
) -> None:
    page = page_of(walking.person(session, DESIGNER))
    page.goto("/operations/")
    page.locator("a.what[href*='/incidents/']").first.click()
    expect(page.get_by_text(trouble.MISTYPED).first).to_be_visible()
    page.get_by_label("to", exact=True).fill("zamowienia@klient.example")
    page.get_by_label("Why it is changed").fill("Two letters had changed places.")
    page.get_by_role("button", name="Change it and try again").click()
    expect(page.get_by_text("The call was changed")).to_be_visible()
    firm.settle()

    page.get_by_role("link", name=re.compile("^Outgoing mail")).click()
    expect(page.get_by_text("zamowienia@klient.example")).to_be_visible()
    page.get_by_role("link", name=re.compile("^Incidents")).click()
    expect(page.get_by_text("Two letters had changed places.")).to_be_visible()


def test_what_one_cause_stopped_is_tried_again_with_one_press(
    page_of: PageOf, session: Session, firm: Firm
) -> None:
    page = page_of(walking.person(session, DESIGNER))
    page.goto("/operations/")
    page.locator("a.what[href*='code=']").click()
    page.get_by_label("Reason").fill("The client’s mail server answers again.")
    page.get_by_role("button", name="Try all of these again").click()

    expect(page.get_by_text("2 are being tried again.")).to_be_visible()
    expect(page.get_by_text("Nothing waits for you here")).to_be_visible()


def test_an_administrator_approves_scripts_of_somebody_else(
    page_of: PageOf, session: Session, firm: Firm
) -> None:
    page = page_of(walking.person(session, ADMINISTRATOR))
    page.goto("/operations/")
    page.get_by_role("link", name="counting, version 1").click()
    expect(page.locator("pre.script")).to_contain_text("for line in lines:")
    page.get_by_label("Note").fill("Adds net amounts; nothing else.")
    page.get_by_role("button", name="Approve these scripts").click()

    expect(page.locator("main")).to_contain_text("Adam Bocian approved these texts")
    expect(page.get_by_text("Adds net amounts; nothing else.")).to_be_visible()
    version = session.scalars(select(Definition).where(Definition.process == "counting")).one()
    session.rollback()
    assert not version.waits


def test_a_special_day_of_the_company_holds_for_the_departments_below(
    page_of: PageOf, session: Session, firm: Firm
) -> None:
    page = page_of(walking.person(session, ADMINISTRATOR))
    company, desk = _unit(session, "company"), _unit(session, "sales_desk")
    page.goto(f"/administration/departments/{company}/special-days")
    page.get_by_label("Day", exact=True).fill("2026-12-24")
    page.get_by_label("What it is").fill("Wigilia")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text="2026-12-24")).to_contain_text("closed")

    page.goto(f"/administration/departments/{desk}/special-days")
    expect(page.get_by_role("row").filter(has_text="Wigilia")).to_contain_text("from Company")


# ------------------------------------------------------------------------------------------------ what hands do


def _see_both_drawings_answer(page: Page) -> None:
    """Both versions carry their signs, and pressing a line of the list picks its element."""
    new = page.get_by_role("region", name="Diagram")
    expect(new.locator("bpmn-view[data-ready] .pin").filter(has_text="+").first).to_be_visible()
    page.locator(".differences li").filter(has_text="Weigh").first.click()
    expect(page.locator(".djs-element.mark-picked")).to_have_attribute("data-element-id", "weigh")
    page.locator(".differences li").filter(has_text="Ask").get_by_role("link").first.click()
    expect(page.locator("bpmn-view[data-ready] .pin").filter(has_text="−").first).to_be_visible()


def _work(page: Page, firm: Firm, until: str) -> None:
    """The clock does what the plan asks for, and the page says so by itself."""
    while migrating.work(firm.factory, now=firm.now):
        pass
    expect(page.locator("#migration [role=status]")).to_contain_text(until, timeout=8_000)


def _operate(page: Page, title: str, reason: str, *, to: str | None = None, kept: int | None = None) -> None:
    """Unfold what may be done, say why, and do it."""
    act = page.locator("details.act").filter(has=page.locator("summary", has_text=title))
    act.locator("summary").click()
    if to is not None:
        act.get_by_label("Where to").select_option(label=to)
    if kept is not None:
        act.get_by_role("radio").nth(kept).check()
    act.get_by_label("Reason").fill(reason)
    with page.expect_navigation():
        act.get_by_role("button", name=title).click()


def _deploy(session: Session, firm: Firm, steps: tuple[str, ...]) -> Definition:
    by = walking.person(session, DESIGNER)
    return definitions.deploy(session, [walking.parcel(*steps)], accepted="all", by=by, now=firm.now)


def _versions(session: Session) -> list[int]:
    query = select(Definition.version).join(Instance, Instance.definition_id == Definition.id)
    found = session.scalars(query.where(Instance.process == "parcel").order_by(Instance.id)).all()
    session.rollback()
    return list(found)


def _standing(session: Session) -> set[str]:
    open_ = select(UserTask.element).join(Instance, Instance.id == UserTask.instance_id)
    found = session.scalars(open_.where(Instance.process == "parcel", UserTask.closed_at.is_(None))).all()
    session.rollback()
    return set(found)


def _unit(session: Session, key: str) -> int:
    found = session.scalars(select(Department.id).where(Department.key == key)).one()
    session.rollback()
    return found
