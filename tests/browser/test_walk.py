"""The walk of a newcomer: the shipped processes, worked on by the people of an invented company in their browsers."""

import re
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from engine.db import sessions
from engine.sales.records import Client
from tests.browser import walking
from tests.browser.conftest import PageOf
from tests.browser.walking import ADRIAN, ANNA, CELINA, CLARA, CLERK, PRESALES, Firm
from webapp.demo import company

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a company that has begun."""
    return walking.founded(tmp_path_factory.mktemp("firm"))


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


# ------------------------------------------------------------------------------------------------ the door


def test_the_door_opens_without_script(site: str, browser: Browser, firm: Firm) -> None:
    context = browser.new_context(
        base_url=site, locale="en-GB", java_script_enabled=False, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto("/work/")
    page.get_by_label("Mail address").fill(company.address(ANNA))
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("not right")

    page.get_by_label("Password").fill(company.PASSWORD)
    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("heading", name="My work")).to_be_visible()
    context.close()


# ------------------------------------------------------------------------------------------------ the long sale


def test_a_seller_opens_a_deal_and_works_it_to_its_second_stage(
    page_of: PageOf, session: Session, firm: Firm
) -> None:
    page = page_of(walking.person(session, ANNA))
    page.goto("/sales/")
    page.get_by_role("link", name="New deal").click()
    _open_deal(page, "Terminale dla dwóch magazynów")
    expect(page.get_by_role("heading", name="Terminale dla dwóch magazynów")).to_be_visible()
    deal = page.url

    _open(page, "Qualify the opportunity")
    _qualify(page)
    _complete(page, "Qualify the opportunity")
    _agree_the_next_step(page)
    _complete(page, "Agree the next step")

    page.goto(deal)
    agreed = page.locator("aside li").filter(has_text="Klient przyśle plan obu magazynów.")
    expect(agreed).to_contain_text("Agreed")
    expect(_stage(page)).to_contain_text("Qualification")
    _open(page, "Decide about the stage")
    _choose(page, "Next stage")
    _complete(page, "Decide about the stage")

    page.goto(deal)
    expect(_stage(page)).to_contain_text("Discovery")
    page.get_by_role("link", name="Answers").click()
    expect(page.get_by_text("Dwa magazyny bez terminali.")).to_be_visible()


def test_presales_deliver_their_hand_off_and_the_seller_accepts(
    page_of: PageOf, session: Session, firm: Firm
) -> None:
    deal = firm.deal(ANNA, "Bramki RFID", stage="discovery")
    firm.do(deal, "meet_client", stakeholders=list(walking.PEOPLE))
    seller, presales = page_of(walking.person(session, ANNA)), page_of(walking.person(session, PRESALES))
    seller.goto(f"/deals/{deal}")
    promised = seller.locator("aside li").filter(has_text="Presales: Support the discovery")
    expect(promised).to_contain_text("Promised")

    presales.goto("/work/?list=queue")
    presales.get_by_role("link", name="Support the discovery").click()
    presales.get_by_role("button", name="Take it").click()
    expect(presales.get_by_role("button", name="Take it")).to_have_count(0)
    expect(presales.locator("#promise")).to_contain_text("Promised: deliver it in time")
    presales.get_by_label("Technical findings").fill("Bramki staną przy rampach 1 i 2.")
    presales.get_by_role("button", name="Deliver").click()
    expect(presales.get_by_text("Delivered: Support the discovery")).to_be_visible()

    seller.reload()
    promised.get_by_role("link", name="Support the discovery").click()
    seller.get_by_role("button", name="Accept").click()
    expect(seller.get_by_text("Accepted").first).to_be_visible()
    seller.goto(f"/deals/{deal}")
    expect(promised).to_contain_text("Kept")


def test_a_task_is_completed_without_script(
    page_of: PageOf, session: Session, firm: Firm, complaints: list[str]
) -> None:
    firm.deal(ANNA, "Serwis trzyletni")
    page = page_of(walking.person(session, ANNA), java_script_enabled=False)
    page.goto("/work/")
    page.get_by_role("link", name="Qualify the opportunity").click()
    _complete_button(page).click()
    expect(page.locator(".wrong").first).to_be_visible()
    _forgive(complaints)
    _qualify(page)
    _complete_button(page).click()

    expect(page.get_by_text("Done: Qualify the opportunity")).to_be_visible()
    expect(page.get_by_role("heading", name="Agree the next step")).to_be_visible()


# ------------------------------------------------------------------------------------------------ the board


def test_a_card_dragged_back_asks_why(
    page_of: PageOf, session: Session, firm: Firm, complaints: list[str]
) -> None:
    firm.deal(ANNA, "Linia etykiet", stage="discovery")
    page = page_of(walking.person(session, ANNA))
    page.goto("/sales/")
    _drag(page, _card(page, "Discovery", "Linia etykiet"), _column(page, "Qualification"))

    expect(page.get_by_role("heading", name="Discovery → Qualification")).to_be_visible()
    page.get_by_role("button", name="Move back").click()
    expect(page.locator("#reason-wrong")).to_be_visible()
    _forgive(complaints)
    page.get_by_label("Reason").select_option(label="The client changed the scope")
    page.get_by_label("Presales").check()
    page.get_by_role("button", name="Move back").click()

    expect(_card(page, "Qualification", "Linia etykiet")).to_be_visible()
    expect(_card(page, "Discovery", "Linia etykiet")).to_have_count(0)


def test_a_card_is_moved_on_by_its_menu_and_the_mistake_is_undone(
    page_of: PageOf, session: Session, firm: Firm
) -> None:
    firm.is_promised(firm.deal(ANNA, "Rozbudowa magazynu"), "Przyślą listę stanowisk.")
    page = page_of(walking.person(session, ANNA))
    page.goto("/sales/")
    card = _card(page, "Qualification", "Rozbudowa magazynu")
    card.locator("summary").click()
    card.get_by_label("Move to…").select_option(label="Discovery")
    card.get_by_role("button", name="Move", exact=True).click()
    expect(_card(page, "Discovery", "Rozbudowa magazynu")).to_be_visible()

    page.get_by_role("button", name="Undo").click()
    expect(_card(page, "Qualification", "Rozbudowa magazynu")).to_be_visible()


# ------------------------------------------------------------------------------------------------ the fast sale


def test_an_order_flows_by_itself_until_the_client_must_accept(
    page_of: PageOf, session: Session, firm: Firm
) -> None:
    client = session.scalars(select(Client).where(Client.class_.in_(["a", "b"]))).first()
    assert client is not None
    tax_id = client.tax_id
    page = page_of(walking.person(session, CLERK))
    page.goto("/sales/new?process=fast_sale")
    page.get_by_label("Tax id of the client").fill(str(tax_id))
    page.get_by_label("Phone").first.fill("+48 58 555 10 10")
    page.get_by_label("Mail address").fill("zakupy@klient.example")
    _choose(page, "Web")
    page.locator("[name=items-0-sku]").fill("LABEL-A")
    page.locator("[name=items-0-quantity]").fill("20")
    page.get_by_label("Delivery address").fill("Tczew, ul. Portowa 7")
    page.get_by_role("button", name="Open the deal").click()
    expect(page.get_by_text("has been opened")).to_be_visible()
    deal = page.url
    firm.pass_time(minutes=2)

    page.goto(deal)
    expect(_stage(page)).to_contain_text("Quote")
    expect(page.get_by_text("nobody has a task here.")).to_be_visible()
    page.goto("/sales/fast/")
    expect(page.locator(".gauge").filter(has_text="Quote").locator(".fig")).to_have_text("1")
    expect(page.get_by_text("Nothing is stuck. Everything flows.")).to_be_visible()


# ------------------------------------------------------------------------------------------------ agreements


def test_two_heads_bring_an_agreement_in_force(page_of: PageOf, session: Session, firm: Firm) -> None:
    sales, presales = page_of(walking.person(session, CLARA)), page_of(walking.person(session, PRESALES))
    sales.goto("/agreements/")
    sales.get_by_role("link", name="Propose an agreement").click()
    sales.get_by_label("What it is about").fill("Referencje na spotkanie")
    sales.get_by_label("Who delivers").select_option(label="Presales")
    sales.get_by_label("Who receives").select_option(label="Sales")
    sales.locator("[name=deliverable]").fill("Dwie referencje z tej samej branży")
    sales.locator("[name=deliver_time_number]").fill("2")
    sales.get_by_role("button", name="Sign and send").click()
    expect(sales.get_by_role("heading", name="Referencje na spotkanie")).to_be_visible()
    expect(sales.get_by_role("button", name=re.compile("Sign version"))).to_have_count(0)

    presales.goto("/agreements/?tab=waiting")
    presales.get_by_role("link", name="Referencje na spotkanie").click()
    presales.get_by_role("link", name="Answer with a change").click()
    presales.locator("[name=deliver_time_number]").fill("4")
    presales.get_by_role("button", name="Sign and send").click()
    expect(presales.get_by_text("version 2 is on the table")).to_be_visible()

    sales.reload()
    expect(sales.locator("tr.changed")).to_have_count(1)
    sales.get_by_role("button", name="Sign version 2").click()
    expect(sales.get_by_text("version 2 is in force")).to_be_visible()
    presales.goto("/agreements/")
    expect(presales.get_by_role("row").filter(has_text="Referencje na spotkanie")).to_contain_text("In force")


# ------------------------------------------------------------------------------------------------ reports


@pytest.fixture
def worked(firm: Firm) -> Firm:
    """A week of a few deals: two went on, one of them came back."""
    firm.deal(ANNA, "Skanery na rampy", stage="discovery")
    back = firm.deal(CELINA, "Druk etykiet", stage="discovery")
    firm.work(back, "discovery")
    firm.do(
        back,
        "decide_stage",
        decision="back",
        next_stage="qualification",
        reason="scope",
        causing_department=None,
    )
    firm.deal(ADRIAN, "Wózki z uchwytem")
    return firm


def test_a_bar_of_the_dynamics_leads_down_to_the_answers_of_a_task(
    page_of: PageOf, session: Session, worked: Firm
) -> None:
    page = page_of(walking.person(session, CLARA))
    page.goto("/reports/")
    page.get_by_role("link", name="Agreement dynamics").first.click()
    bar = page.locator("svg.plot a[aria-label*='forward 2']").first
    bar.click()
    expect(page.locator(".sub")).to_contain_text("2 rows")
    expect(page.locator("tbody tr")).to_have_count(2)

    page.locator("tbody tr").filter(has_text="Skanery na rampy").get_by_role(
        "link", name="Skanery na rampy"
    ).click()
    expect(page.get_by_role("heading", name="Skanery na rampy")).to_be_visible()
    page.get_by_role("link", name=re.compile("^Tasks")).click()
    page.get_by_role("link", name="Qualify the opportunity").click()
    expect(page.locator("#task .facts-left")).to_contain_text("Need")


def test_a_bar_of_the_funnel_opens_the_deals_it_counts(
    page_of: PageOf, session: Session, worked: Firm
) -> None:
    page = page_of(walking.person(session, CLARA))
    page.goto("/reports/funnel")
    bar = page.locator(".plot-wide svg a").first
    counted = re.search(r"\d+", (bar.get_attribute("aria-label") or "").rsplit(":", 1)[-1])
    assert counted is not None
    bar.click()

    expect(page.locator(".sub")).to_contain_text(f"{counted[0]} row")
    expect(page.locator("tbody tr")).to_have_count(int(counted[0]))


# ------------------------------------------------------------------------------------------------ sections


def test_a_section_made_with_the_mouse_shows_a_colleague_no_more_than_their_own(
    page_of: PageOf, session: Session, firm: Firm
) -> None:
    firm.deal(ANNA, "Duża linia", amount="900000")
    firm.deal(ANNA, "Mała drukarka", amount="9000", stage="discovery")
    firm.deal(ANNA, "Zwykły serwis", amount="20000")
    firm.deal(CELINA, "Duży magazyn", amount="700000")
    page = page_of(walking.person(session, ANNA))
    _build_a_section(page)
    expect(page.get_by_role("row").filter(has_text="Duża linia")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Mała drukarka")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Zwykły serwis")).to_have_count(0)
    _save_and_share(page, "Duże albo rozpoznane")

    colleague = page_of(walking.person(session, CELINA))
    colleague.goto("/database/deals")
    colleague.get_by_role("link", name="Duże albo rozpoznane").click()
    expect(colleague.get_by_role("row").filter(has_text="Duży magazyn")).to_be_visible()
    expect(colleague.locator("tbody tr")).to_have_count(1)


def _build_a_section(page: Page) -> None:
    page.goto("/database/deals")
    page.locator(".builder summary").first.click()
    _press(page, page.get_by_role("button", name="Rule", exact=True).first)
    _change(page, page.get_by_label("Field").first, "Amount")
    _change(page, page.get_by_label("Comparison").first, "is at least")
    page.get_by_label("Value").first.fill("500000")
    _press(page, page.get_by_role("button", name="Rule", exact=True).first)
    _change(page, page.get_by_label("Field").nth(1), "Stage")
    _change(page, page.get_by_label("Comparison").nth(1), "is")
    page.get_by_label("Value").nth(1).select_option(label="Discovery")
    page.get_by_label("how the rules are joined").select_option(label="any of these")
    _press(page, page.get_by_role("button", name="Show", exact=True))


def _save_and_share(page: Page, title: str) -> None:
    page.get_by_text("Save, share…").click()
    page.get_by_label("Save as a new section").fill(title)
    page.get_by_role("button", name="Save for me").click()
    page.get_by_text("Save, share…").click()
    page.get_by_label("Share with").select_option(label="Sales South")
    page.get_by_role("button", name="Share", exact=True).click()


# ------------------------------------------------------------------------------------------------ what hands do


def _open_deal(page: Page, title: str) -> None:
    page.get_by_label("Client", exact=True).select_option(index=1)
    page.get_by_label("Contact").select_option(index=1)
    page.get_by_label("What it is about").fill(title)
    page.get_by_label("Source").select_option(label="Referral")
    _choose(page, "Software")
    page.get_by_label("Estimated amount").fill("120 000")
    page.get_by_label("Expected close").fill("2027-02-26")
    _search(page, "owner", ANNA)
    page.get_by_role("button", name="Open the deal").click()


def _qualify(page: Page) -> None:
    page.get_by_label("Need", exact=True).fill("Dwa magazyny bez terminali.")
    _choose(page, "50–200 thousand")
    page.get_by_label("Decision maker").fill("Ewa Jawor")
    page.get_by_label("Date of need").fill("2027-03-01")
    _choose(page, "Yes")


def _agree_the_next_step(page: Page) -> None:
    _choose(page, "The client to us")
    page.get_by_label("What was agreed").fill("Klient przyśle plan obu magazynów.")
    page.get_by_label("Topic").select_option(label="Information")
    page.get_by_label("Due").fill("2026-11-20")
    page.get_by_label("Agreed with").fill("Ewa Jawor")
    page.get_by_role("textbox", name="Evidence").fill("Notatka ze spotkania")


def _forgive(complaints: list[str]) -> None:
    """Chromium complains of a form that came back, which is what was wanted."""
    complaints[:] = [said for said in complaints if "422" not in said]


def _open(page: Page, task: str) -> None:
    page.goto("/work/")
    page.get_by_role("link", name=task).first.click()
    expect(page.get_by_role("heading", name=task)).to_be_visible()


def _complete_button(page: Page) -> Locator:
    return page.get_by_role("button", name="Complete the task")


def _complete(page: Page, task: str) -> None:
    _complete_button(page).click()
    expect(page.get_by_text(f"Done: {task}")).to_be_visible()


def _choose(page: Page, answer: str) -> None:
    page.get_by_label(answer, exact=True).check()


def _search(page: Page, name: str, text: str) -> None:
    """Pick from a list that is searched by typing."""
    wrapper = page.locator(f"select[name={name}] + .ts-wrapper")
    wrapper.locator(".ts-control").click()
    page.keyboard.type(text)
    wrapper.locator(".option").filter(has_text=text).click()


def _stage(page: Page) -> Locator:
    return page.locator(".path [aria-current=step]")


def _column(page: Page, stage: str) -> Locator:
    return page.get_by_role("region", name=stage, exact=True)


def _card(page: Page, stage: str, title: str) -> Locator:
    return _column(page, stage).locator("li.card-deal").filter(has_text=title)


def _drag(page: Page, card: Locator, column: Locator) -> None:
    """With the mouse, as a hand does."""
    card.drag_to(
        column.locator("ol"), source_position={"x": 60, "y": 30}, target_position={"x": 60, "y": 40}, steps=12
    )


def _press(page: Page, button: Locator) -> None:
    with page.expect_navigation():
        button.click()


def _change(page: Page, select_: Locator, label: str) -> None:
    with page.expect_navigation():
        select_.select_option(label=label)
