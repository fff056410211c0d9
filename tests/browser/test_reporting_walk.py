"""A director reads the reports in a browser: from a mark of a picture to the list and the deal; keeps one, shares and pins it."""

import re
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import FilePayload, Page, expect
from sqlalchemy.orm import Session

from engine.db import connect, sessions
from tests.browser import walking
from tests.browser.conftest import PageOf
from tests.browser.test_accessibility import WIDE, _looked_at, at
from tests.browser.walking import ADRIAN, ANNA, CELINA, ZOFIA, Firm

pytestmark = pytest.mark.browser

REPORTS = ("dynamics", "funnel", "bottlenecks", "hand-overs", "variants", "workload", "flow", "forecast")
LOG = """nr;czynność;kiedy;osoba;kwota
17;Zapytanie;03.03.2025 09:12;Anna Wilk;
17;Oferta;05.03.2025 14:00;Anna Wilk;12000,50
17;Podpisana;20.03.2025 11:00;Anna Wilk;
18;Zapytanie;04.03.2025 09:00;Jan Lis;900,00
"""
WRONG = LOG + "19;Zapytanie;wczoraj;Jan Lis;\n"


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Firm]:
    """The file of a company after a week of a few deals: two went on, one of them came back."""
    path = walking.founded(tmp_path_factory.mktemp("firm"))
    engine = connect(f"sqlite:///{path}")
    firm = Firm(sessions(engine, wiring=walking.connected()))
    firm.deal(ANNA, "Skanery na rampy", stage="discovery")
    back = firm.deal(CELINA, "Druk etykiet", stage="discovery")
    firm.work(back, "discovery")
    gone = {"decision": "back", "next_stage": "qualification", "reason": "scope", "causing_department": None}
    firm.do(back, "decide_stage", **gone)
    firm.deal(ADRIAN, "Wózki z uchwytem")
    firm.pass_time(hours=3)
    engine.dispose()
    return path, firm


@pytest.fixture
def engine_url(begun: tuple[Path, Firm], tmp_path: Path) -> str:
    """A copy of that file for one walk."""
    return walking.copied(begun[0], tmp_path)


@pytest.fixture
def zofia(begun: tuple[Path, Firm], session: Session, site_app: Flask, page_of: PageOf) -> Page:
    """Zofia, who directs everything, at her desk."""
    site_app.extensions["clock"] = lambda: begun[1].now
    return page_of(walking.person(session, ZOFIA))


def rows(page: Page) -> int:
    """How many a list says it holds."""
    found = re.match(r"[\d,]+", page.locator("p.sub").inner_text())
    assert found
    return int(found[0].replace(",", ""))


def test_from_a_mark_to_the_list_to_the_deal(zofia: Page) -> None:
    zofia.goto("/reports/dynamics")
    mark = zofia.locator("svg.plot a[href*='/reports/moves']").first
    with zofia.expect_navigation():
        mark.focus()
        zofia.keyboard.press("Enter")
    assert rows(zofia) > 0

    with zofia.expect_navigation():
        zofia.locator("tbody a[href*='/deals/']").first.click()
    expect(zofia.locator("h1")).to_contain_text(re.compile("Skanery|Druk|Wózki"))


def test_a_picture_is_one_stop_of_the_tab_key_and_arrows_lead_from_mark_to_mark(zofia: Page) -> None:
    zofia.goto("/reports/dynamics")
    picture = zofia.locator("#between svg")
    marks = picture.locator("a")
    assert marks.count() > 1
    expect(picture.locator("a[tabindex='0']")).to_have_count(1)

    marks.first.focus()
    zofia.keyboard.press("End")
    expect(marks.last).to_be_focused()
    zofia.keyboard.press("Home")
    expect(marks.first).to_be_focused()
    zofia.keyboard.press("Tab")
    assert not picture.evaluate("picture => picture.contains(document.activeElement)")


def test_from_a_cell_of_the_funnel_to_its_list_and_from_a_step_to_its_queue(zofia: Page) -> None:
    zofia.goto("/reports/funnel")
    cell = zofia.locator("table a.count-link").first
    counts = int(cell.inner_text())
    with zofia.expect_navigation():
        cell.click()
    assert rows(zofia) == counts

    zofia.goto("/reports/bottlenecks")
    expect(zofia.locator("bpmn-view[data-ready]")).to_be_visible()
    with zofia.expect_navigation(url=re.compile("/reports/bottlenecks/step")):
        zofia.locator("bpmn-view .pin-heat").first.click()
    expect(zofia.locator("h1")).not_to_be_empty()

    zofia.goto("/reports/hand-overs")
    if zofia.locator("table a.count-link").count():
        number = zofia.locator("table a.count-link").first
        counts = int(number.inner_text())
        with zofia.expect_navigation():
            number.click()
        assert rows(zofia) == counts

    zofia.goto("/reports/forecast")
    expect(zofia.locator("main")).to_contain_text("A forecast has to earn its place")


def test_a_report_is_kept_shared_and_pinned(zofia: Page) -> None:
    zofia.goto("/reports/dynamics?by=month&measure=money")
    zofia.locator(".keep-menu > summary").click()
    zofia.get_by_label("Keep it under a name").fill("Pieniądze miesiąca")
    with zofia.expect_navigation():
        zofia.get_by_role("button", name="Keep", exact=True).click()
    if "/kept/" not in zofia.url:
        with zofia.expect_navigation():
            zofia.get_by_role("link", name="Pieniądze miesiąca").first.click()

    zofia.get_by_label("Share with").select_option("everyone:")
    with zofia.expect_navigation():
        zofia.get_by_role("button", name="Share", exact=True).click()
    expect(zofia.get_by_role("button", name="Take back")).to_be_visible()
    with zofia.expect_navigation():
        zofia.get_by_role("button", name="Pin", exact=True).click()
    zofia.goto("/reports/")
    expect(zofia.locator("main")).to_contain_text("Pieniądze miesiąca")
    with zofia.expect_navigation():
        zofia.get_by_role("link", name="Pieniądze miesiąca").first.click()


def brought(page: Page, text: str) -> None:
    """A file is sent to be looked at."""
    page.goto("/reports/history/")
    file: FilePayload = {"name": "dawna.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("input[type=file]").set_input_files(file)
    with page.expect_navigation():
        page.get_by_role("button", name="Look at it").click()


def test_a_history_is_looked_at_before_it_is_brought_in(zofia: Page) -> None:
    brought(zofia, LOG)
    expect(zofia.locator("#preview")).to_contain_text("4 events, 2 cases.")
    with zofia.expect_navigation():
        zofia.get_by_role("button", name="Import", exact=True).click()
    expect(zofia.locator("main")).to_contain_text("Waits for its turn")

    brought(zofia, WRONG)
    expect(zofia.locator("#preview .refusal")).to_contain_text("Line 6")


def test_everybody_can_read_them_and_nothing_is_wider_than_a_phone(
    begun: tuple[Path, Firm], session: Session, site_app: Flask, page_of: PageOf
) -> None:
    site_app.extensions["clock"] = lambda: begun[1].now
    page = page_of(walking.person(session, ZOFIA))
    found, wide = [], []
    for report in ("", *REPORTS):
        found += _looked_at(page, at(f"/reports/{report}"))
        page.set_viewport_size({"width": 360, "height": 844})
        page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true")
        if stuck := page.evaluate(WIDE):
            wide.append(f"{report}: {stuck}")
        page.set_viewport_size({"width": 1440, "height": 900})
    brought(page, WRONG)
    found += _looked_at(page, at(page.url))

    assert not found, "\n".join(found)
    assert not wide, "\n".join(wide)
