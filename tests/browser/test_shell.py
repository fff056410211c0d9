"""The shell in a browser: door, menus, forms that come back, diagrams; with script and without."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, Response, render_template_string, request
from playwright.sync_api import expect
from sqlalchemy.orm import Session

from engine.people import Person
from engine.process import forms
from engine.sales.records import Product
from tests.browser.conftest import PageOf
from tests.web.test_forms import OFFER, PAGE
from webapp.access import needs
from webapp.forms import on_invalid

pytestmark = pytest.mark.browser

DIAGRAM = """{% extends "layout.html" %}
{% block styles %}<link rel="stylesheet" href="{{ asset('diagram.css') }}">{% endblock %}
{% block scripts %}<script type="module" src="{{ asset('viewer.js') }}"></script>{% endblock %}
{% block main %}<h1>Diagram</h1>
<bpmn-view src="/drawing" label="The sale" here="you are here" marks='{"now": ["qualification_stage"], "found": {"offer_stage": "1"}}'>No script, no drawing.</bpmn-view>
<ul><li data-element="offer_stage">Offer</li></ul>{% endblock %}"""


@pytest.fixture
def offer(site_app: Flask, session: Session, complaints: list[str]) -> Iterator[None]:
    """A page with a form at /offer; to send it back with mistakes (422) is no complaint."""
    session.add(Product(sku="P-1", name="Pompa", name_en="Pump"))
    session.commit()
    form = forms.from_json(OFFER)
    page = PAGE.replace("</form>", "<button>Send</button></form>").replace(
        'method="post"', 'method="post" novalidate'
    )

    @needs()
    def look() -> str:
        return render_template_string(page, form=form, values={}, plan=None)

    @needs()
    @on_invalid(look)
    def send() -> str:
        return str(forms.read(form, request.form.to_dict(flat=False)))

    site_app.add_url_rule("/offer", "look", look)
    site_app.add_url_rule("/offer", "send", send, methods=["POST"])
    yield
    complaints[:] = [said for said in complaints if "422" not in said]


@pytest.fixture
def drawing(site_app: Flask) -> None:
    """A page with the long sale's diagram at /diagram."""

    @needs()
    def diagram() -> str:
        return render_template_string(DIAGRAM)

    @needs()
    def xml() -> Response:
        return Response(Path("bpmn/sales_funnel.bpmn").read_bytes(), mimetype="application/xml")

    site_app.add_url_rule("/diagram", "diagram", diagram)
    site_app.add_url_rule("/drawing", "xml", xml)


def test_anna_comes_in_and_goes_out(page_of: PageOf, anna: Person) -> None:
    page = page_of(anna)
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()

    page.locator("summary", has_text="Anna Wilk: preferences, log out").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Log out")).to_be_hidden()
    page.locator("summary", has_text="Anna Wilk: preferences, log out").click()
    page.get_by_role("button", name="Log out").click()

    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_on_a_phone_every_place_can_be_reached_with_the_keyboard(
    page_of: PageOf, dorota: Person, script: bool
) -> None:
    page = page_of(dorota, width=360, java_script_enabled=script)
    places = page.get_by_role("navigation", name="Main")
    for title in ("My work", "Sales", "Database", "Agreements"):
        expect(places.get_by_role("link", name=title)).to_be_in_viewport(ratio=1)
    expect(places.get_by_role("link", name="Operations")).to_be_hidden()

    places.locator("summary", has_text="More").focus()
    page.keyboard.press("Enter")
    for title in ("Reports", "Processes", "Operations"):
        expect(places.get_by_role("link", name=title)).to_be_in_viewport(ratio=1)
    places.get_by_role("link", name="Operations").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Operations", exact=True)).to_be_visible()
    expect(places.locator("summary.here")).to_have_text("More")


def test_the_cursor_stands_in_the_first_field_that_is_wrong(
    page_of: PageOf, anna: Person, offer: None
) -> None:
    page = page_of(anna)
    page.goto("/offer")
    page.get_by_label("Discount").fill("a lot")

    page.get_by_role("button", name="Send").click()

    expect(page.get_by_label("Discount")).to_be_focused()
    expect(page.get_by_label("Discount")).to_have_value("a lot")


def test_a_total_is_worked_out_while_typing_goes_on(page_of: PageOf, anna: Person, offer: None) -> None:
    page = page_of(anna)
    page.goto("/offer")
    page.locator("[name=lines-0-quantity]").fill("3")
    page.locator("[name=lines-0-price]").fill("1000,50")
    page.keyboard.press("Tab")

    expect(page.locator("output").last).to_contain_text("3,001.50")
    expect(page.locator("[name=lines-0-price]")).to_have_value("1000,50")

    page.get_by_label("Discount").fill("9")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Reason")).to_be_visible()


def test_rows_are_added_and_taken_away(page_of: PageOf, anna: Person, offer: None) -> None:
    page = page_of(anna)
    page.goto("/offer")
    page.get_by_role("button", name="Add a row").click()
    expect(page.locator("[name=lines-2-product]")).to_be_focused()

    page.get_by_role("button", name="Remove the row").first.click()

    expect(page.locator("[name=lines-1-product]")).to_be_visible()
    expect(page.locator("[name=lines-2-product]")).to_have_count(0)


def test_without_script_the_same_form_asks_in_two_steps(page_of: PageOf, anna: Person, offer: None) -> None:
    page = page_of(anna, java_script_enabled=False)
    page.goto("/offer")
    page.get_by_label("Discount").fill("9")

    page.get_by_role("button", name="Send").click()
    page.get_by_label("Reason").fill("A regular client")
    page.get_by_role("button", name="Send").click()

    expect(page.locator("body")).to_contain_text("A regular client")


def test_a_diagram_and_its_list_answer_each_other(page_of: PageOf, anna: Person, drawing: None) -> None:
    page = page_of(anna)
    page.goto("/diagram")
    expect(page.locator("bpmn-view[data-ready]")).to_be_visible()

    expect(page.get_by_text("you are here")).to_be_visible()
    page.get_by_text("Offer", exact=True).last.click()
    expect(page.locator("g.mark-picked[data-element-id=offer_stage]")).to_be_visible()
    page.locator("g.djs-element[data-element-id=qualification_stage]").click()
    expect(page.locator("li[aria-current]")).to_have_count(1)


@pytest.mark.parametrize("media", ["screen", "print"])
def test_the_mark_of_the_drawing_tool_stays_uncovered(
    page_of: PageOf, anna: Person, drawing: None, media: str
) -> None:
    page = page_of(anna)
    page.goto("/diagram")
    expect(page.locator("bpmn-view[data-ready]")).to_be_visible()
    page.emulate_media(media=media)  # type: ignore[arg-type]  # one of its two words

    mark = page.locator(".bjs-powered-by")
    expect(mark).to_be_visible()
    on_top = mark.evaluate(
        """(mark) => {
          mark.scrollIntoView()
          const { x, y, width, height } = mark.getBoundingClientRect()
          return mark.contains(document.elementFromPoint(x + width / 2, y + height / 2))
        }"""
    )
    assert on_top


@pytest.mark.parametrize("width", [1280, 390, 360])
@pytest.mark.parametrize("dark", [False, True])
def test_pages_are_never_wider_than_the_window(page_of: PageOf, adam: Person, width: int, dark: bool) -> None:
    page = page_of(adam, width=width, dark=dark)
    for path in (
        "/administration/people",
        "/administration/people/new",
        "/administration/departments",
        "/preferences",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
