"""Two departments agree in two browsers side by side: the heads about the terms, their people about one promise."""

import re
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from engine.db import sessions
from tests.browser import walking
from tests.browser.conftest import PageOf
from tests.browser.walking import ANNA, CLARA, LEGAL, PRESALES, Firm

pytestmark = pytest.mark.browser

PLAN = "plan magazynu w pliku"


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a company that has begun."""
    return walking.founded(tmp_path_factory.mktemp("agreeing"))


@pytest.fixture
def engine_url(founded: Path, tmp_path: Path) -> str:
    """The company's file, for one walk."""
    return walking.copied(founded, tmp_path)


@pytest.fixture
def firm(database: Engine, site_app: Flask) -> Firm:
    """The company, whose clock is also the product's."""
    made = Firm(sessions(database, wiring=walking.connected()))
    site_app.extensions["clock"] = lambda: made.now
    return made


# ------------------------------------------------------------------------------------------------ the heads


def test_two_heads_negotiate_until_both_signed_the_same_words(
    page_of: PageOf, session: Session, firm: Firm, complaints: list[str]
) -> None:
    sales, presales = page_of(walking.person(session, CLARA)), page_of(walking.person(session, PRESALES))
    sales.goto("/agreements/?tab=in_force")
    sales.get_by_role("link", name="Solution design").click()
    sales.get_by_role("link", name="Propose a change").click()
    _length(sales, "deliver_time", "7")
    sales.get_by_role("button", name="Sign and send").click()
    expect(sales.get_by_text(re.compile("version 2 is on the table"))).to_be_visible()

    presales.goto("/agreements/?tab=waiting")
    presales.get_by_role("link", name="Solution design").click()
    stale = presales.context.new_page()
    stale.goto(presales.url)
    presales.get_by_role("link", name="Answer with a change").click()
    presales.locator("[name=capacity]").fill("5")
    ready = presales.locator("[name=ready]")
    ready.fill(f"{ready.input_value()}\n{PLAN}")
    presales.get_by_role("button", name="Sign and send").click()
    expect(presales.get_by_text(re.compile("version 3 is on the table"))).to_be_visible()

    stale.get_by_role("button", name="Sign version 2").click()  # a page of before the answer
    expect(stale.get_by_role("alert")).to_contain_text("waits for")
    _forgive(complaints)

    sales.reload()
    expect(sales.locator("main")).to_contain_text(PLAN)
    changed = sales.locator("tr.changed")
    expect(changed.filter(has_text="5")).not_to_have_count(0)
    sales.get_by_role("button", name="Sign version 3").click()
    expect(sales.get_by_text(re.compile("version 3 is in force"))).to_be_visible()
    presales.reload()
    expect(presales.get_by_text(re.compile("version 3 is in force"))).to_be_visible()


# ------------------------------------------------------------------------------------------------ one promise


def test_a_promise_is_returned_brought_renegotiated_delivered_and_accepted(
    page_of: PageOf, session: Session, firm: Firm
) -> None:
    deal = firm.deal(ANNA, "Bramki RFID", stage="discovery")
    seller, presales = page_of(walking.person(session, ANNA)), page_of(walking.person(session, PRESALES))
    presales.goto("/work/?list=queue")
    presales.get_by_role("link", name="Support the discovery").click()
    presales.get_by_role("button", name="Take it").click()
    _say(presales, "Return as not ready…")
    presales.get_by_label("znany termin, na kiedy potrzebne").check()
    presales.get_by_label("In your own words").fill("Bez daty nie wiemy, kogo wysłać.")
    _send(presales, "Return")
    expect(presales.get_by_text("Returned: no clock runs until everything is there.")).to_be_visible()

    seller.goto("/work/")
    seller.get_by_role("link", name="Support the discovery").first.click()
    expect(_band(seller)).to_contain_text("znany termin, na kiedy potrzebne")
    _say(seller, "Everything is there now…")
    seller.get_by_label("What was added, and where it is").fill("Spotkanie 25 listopada.")
    _send(seller, "Send it again")

    presales.goto("/work/")
    presales.get_by_role("link", name="Support the discovery").first.click()
    _say(presales, "Ask for another date…")
    _band(presales).locator("details[open] [name=due_day]").fill("2026-11-26")
    _band(presales).locator("details[open] [name=reason]").fill("Technik wraca w środę.")
    _send(presales, "Ask")

    promise = _promise_of(seller, deal)
    seller.goto(promise)
    seller.get_by_role("button", name=re.compile("Agree to")).click()
    expect(seller.get_by_text("Another date agreed")).to_be_visible()

    presales.goto("/work/")
    presales.get_by_role("link", name="Support the discovery").first.click()
    presales.get_by_label("Technical findings").fill("Bramki staną przy rampach 1 i 2.")
    presales.get_by_role("button", name=re.compile("Complete the task|Deliver")).last.click()

    seller.goto(promise)
    expect(seller.locator("main")).to_contain_text("Bramki staną przy rampach 1 i 2.")
    seller.get_by_role("button", name="Accept").click()
    seller.goto(promise)
    expect(seller.locator("main")).to_contain_text("Kept")
    expect(seller.locator("main")).to_contain_text("as renegotiated")
    _find_it_on_the_scoreboard(presales)


def _find_it_on_the_scoreboard(page: Page) -> None:
    """The number that counts it, and behind the number the promise itself."""
    page.goto("/agreements/scoreboard/?period=month")
    score = page.locator("details.score").filter(has_text="Discovery support")
    if score.get_attribute("open") is None:
        score.locator("summary").click()
    expect(score.locator(".score-kept")).to_contain_text("too few to judge")
    score.locator("a.count-link").first.click()
    expect(page.locator(".says")).to_contain_text("1 promise")
    page.locator("tbody").get_by_role("link", name="Support the discovery").click()
    expect(page.locator("main")).to_contain_text("as renegotiated")


# ------------------------------------------------------------------------------------------------ the chain


def test_a_seller_sees_what_a_department_says_and_agrees_anew_with_the_client(
    page_of: PageOf, session: Session, firm: Firm
) -> None:
    deal = firm.deal(ANNA, "Bramki RFID")
    seller, legal = page_of(walking.person(session, ANNA)), page_of(walking.person(session, LEGAL))
    seller.goto(f"/deals/{deal}/commitments")
    seller.get_by_label("What was agreed").fill("Umowa o poufności z ich poprawkami.")
    seller.get_by_label("By when").fill("2026-11-24")
    seller.get_by_label("Does it need another department?").select_option(label="Legal: Contract draft")
    seller.get_by_role("button", name="What would that mean?").click()
    expect(seller.get_by_role("region", name="What it means inside")).to_contain_text("there is enough of it")
    seller.get_by_role("button", name="Write it down").click()

    legal.goto("/work/?list=queue")
    legal.locator(".list-pane a.what").first.click()
    _say(legal, "Another date…")
    _band(legal).locator("details[open] [name=due_day]").fill("2026-11-24")
    _band(legal).locator("details[open] [name=due_time]").fill("12:00")
    _band(legal).locator("details[open] [name=reason]").fill("Radca jest w sądzie.")
    _send(legal, "Promise or propose")

    seller.goto(f"/deals/{deal}")
    seller.get_by_role("link", name="Umowa o poufności z ich poprawkami.").first.click()
    expect(seller.locator("section.threat")).to_contain_text("The earliest day you can offer the client")
    agreed = seller.locator("form#anew")
    assert agreed.get_by_label("New day").input_value() > "2026-11-24"
    agreed.get_by_role("button", name="Agreed anew").click()

    seller.goto(f"/deals/{deal}")
    seller.get_by_role("link", name="Umowa o poufności z ich poprawkami.").first.click()
    expect(seller.locator("section.threat")).to_have_count(0)
    expect(seller.get_by_role("region", name="The chain to the client")).to_contain_text("Promised")


def _promise_of(page: Page, deal: int) -> str:
    """The address of the promise that the deal's page shows."""
    page.goto(f"/deals/{deal}")
    return str(page.locator("aside a[href*='/promises/']").first.get_attribute("href"))


def _band(page: Page) -> Locator:
    return page.locator("#promise")


def _say(page: Page, word: str) -> None:
    _band(page).locator("summary", has_text=word).click()


def _send(page: Page, name: str) -> None:
    _band(page).locator("details[open]").get_by_role("button", name=name, exact=True).click()


def _length(page: Page, name: str, number: str) -> None:
    page.locator(f"[name={name}_number]").fill(number)


def _forgive(complaints: list[str]) -> None:
    """Chromium complains of a form that came back, which is what was wanted."""
    complaints[:] = [said for said in complaints if "422" not in said and "409" not in said]
