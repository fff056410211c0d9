"""A promise between two browsers side by side: asked, returned, brought, promised, moved to another date, delivered, accepted."""

from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.sales.promises import Promise
from tests.browser.conftest import PageOf
from tests.browser.test_accessibility import AXE, RULES
from tests.conftest import MONDAY
from tests.web import working
from tests.web.test_promise_screens import agree

pytestmark = pytest.mark.browser


@pytest.fixture
def promise(
    session: Session,
    site_app: Flask,
    departments: dict[str, Department],
    anna: Person,
    borys: Person,
    clara: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> Promise:
    """On Monday at 10 Anna asks Legal for a price."""
    site_app.extensions["clock"] = lambda: MONDAY
    monkeypatch.setattr(working, "BEFORE", MONDAY)
    agree(session, departments, clara, borys)
    task = working.asked(session, anna)
    session.commit()
    return session.scalars(select(Promise).where(Promise.task_id == task.id)).one()


def press(page: Page, name: str) -> None:
    """A button, after which another page is there."""
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def band(page: Page) -> Any:
    """Where the promise says how it stands."""
    return page.locator("#promise")


def test_a_promise_from_the_request_to_acceptance(
    page_of: PageOf, session: Session, promise: Promise, anna: Person, borys: Person, complaints: list[str]
) -> None:
    path = f"/work/tasks/{promise.task_id}"
    legal, sales = page_of(borys), page_of(anna)

    legal.goto(path)
    legal.get_by_text("Return as not ready…").click()
    legal.get_by_label("Zakres").check()
    press(legal, "Return")
    sales.goto("/work/")
    sales.get_by_role("link", name="Price the variant").click()
    expect(band(sales)).to_contain_text("Returned: bring what is missing")
    expect(band(sales)).to_contain_text("Missing: Zakres")
    sales.get_by_text("Everything is there now…").click()
    press(sales, "Send it again")

    legal.goto(path)
    press(legal, "Promise for Thu 19 Nov 10:00")
    legal.get_by_text("Ask for another date…").click()
    form = legal.locator("details[open]")
    form.get_by_label("Day", exact=True).fill("2026-11-21")
    form.get_by_label("Why").fill("Two are away")
    form.get_by_role("button", name="Ask", exact=True).click()
    expect(form).to_contain_text("Nobody works in")
    complaints[:] = [each for each in complaints if "422" not in each]  # the browser's own word for a refusal
    press(legal, "Take Mon 23 Nov 16:00")
    sales.goto(path)
    expect(band(sales)).to_contain_text("Another date is asked for")
    expect(band(sales)).to_contain_text("Two are away")
    press(sales, "Agree to Mon 23 Nov 16:00")

    legal.goto(path)
    expect(band(legal)).to_contain_text("first promised for Thu 19 Nov 10:00")
    legal.get_by_label("Licence and roll-out").check()
    legal.get_by_label("Net amount").fill("1 240 000")
    press(legal, "Deliver")
    sales.goto(path)
    expect(sales.locator(".task-form")).to_contain_text("1,240,000")
    press(sales, "Accept")

    session.expire_all()
    assert (promise.outcome, promise.manner, promise.returns) == ("kept", "renegotiated", 1)
    sales.goto(f"/promises/{promise.id}")
    expect(sales.locator(".talk li")).to_have_count(8)


@pytest.mark.parametrize(("dark", "width"), [(False, 1440), (True, 1440), (False, 360)])
def test_a_promise_is_for_everybody_to_use(
    page_of: PageOf, promise: Promise, borys: Person, dark: bool, width: int
) -> None:
    page = page_of(borys, dark=dark, width=width)
    for path in (f"/work/tasks/{promise.task_id}", f"/promises/{promise.id}", "/agreements/promises"):
        page.goto(path)
        if page.get_by_text("Another date…").count():
            page.get_by_text("Another date…").click()
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate(
            "rules => axe.run(document, {runOnly: rules}).then(done => done.violations.map(each => each.id + ': ' + each.nodes[0].html))",
            RULES,
        )
        assert found == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
