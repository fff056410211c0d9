"""A diagram that nobody here drew: uploaded, mended, deployed, started, and worked on by three people to its end."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Person
from engine.process.definitions import Definition
from engine.process.instances import Instance
from tests.browser.conftest import PageOf

CORPUS = (
    Path(os.environ.get("CONTENTUM_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
    / "miwg-reference"
)
MODEL = CORPUS / "C.1.0.bpmn"
WHOSE = {
    "Approver": "head:sales",
    "teamAssistant": "department:sales",
    "Accountant": "department:legal",
}
"""The lanes of the diagram, by their ids, and whose work they become."""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not MODEL.exists(), reason=f"the reference model is not at {MODEL}"),
]


def test_a_foreign_diagram_is_mended_deployed_and_worked_on_by_three_people(
    page_of: PageOf, session: Session, dorota: Person, anna: Person, borys: Person, clara: Person
) -> None:
    designer = page_of(dorota)
    _upload(designer)
    _give_the_lanes_away(designer)
    designer.get_by_role("button", name="Accept all repairs").click()
    expect(designer.get_by_text("It can be deployed")).to_be_visible()
    _deploy(designer)
    _start(designer, "Invoice 7/2026, Papiernia Dwa Dęby")

    assistant, approver, accountant = page_of(anna), page_of(clara), page_of(borys)
    _complete(assistant, "Assign Approver")
    _complete(approver, "Approve Invoice", choose="no")
    _complete(assistant, "Rechnung klären", choose="yes")
    _complete(approver, "Approve Invoice", choose="yes")
    _complete(accountant, "Prepare Bank Transfer")
    _complete(accountant, "Archive Invoice")

    case = session.scalars(select(Instance)).one()
    session.rollback()
    assert case.ended_at is not None
    assert case.outcome == "invoiceProcessed"
    _see_the_path(designer, case.id)


def test_a_finding_and_its_element_pick_each_other(page_of: PageOf, dorota: Person, anna: Person) -> None:
    page = page_of(dorota)
    _upload(page)
    item = page.locator('li[data-element="approveInvoice"], li[data-element="archiveInvoice"]').first
    element = item.get_attribute("data-element")

    item.locator("h3").click()
    expect(page.locator(f'bpmn-view .mark-picked[data-element-id="{element}"]')).to_be_visible()
    expect(item).to_have_attribute("aria-current", "true")

    page.locator('bpmn-view [data-element-id="invoice_approved"] .djs-hit').first.click(force=True)
    expect(page.locator('li[data-element="invoice_approved"]')).to_have_attribute("aria-current", "true")
    expect(item).not_to_have_attribute("aria-current", "true")


def test_the_whole_way_to_a_version_needs_no_script(
    page_of: PageOf, session: Session, dorota: Person, anna: Person
) -> None:
    page = page_of(dorota, java_script_enabled=False)
    page.goto("/processes/upload")
    page.locator("input[type=file]").set_input_files(MODEL)
    page.get_by_role("button", name="Examine").click()
    page.get_by_role("button", name="Accept all repairs").click()
    _deploy(page)

    assert session.scalars(select(Definition)).one().process == "invoices"
    session.rollback()


def test_a_bad_file_is_refused_in_place(
    page_of: PageOf, dorota: Person, tmp_path: Path, complaints: list[str]
) -> None:
    page = page_of(dorota)
    bad = tmp_path / "notes.bpmn"
    bad.write_text("These are notes.")
    page.goto("/processes/upload")
    page.locator("input[type=file]").set_input_files(bad)
    page.get_by_role("button", name="Examine").click()

    expect(page.get_by_role("alert")).to_contain_text("“notes.bpmn” is not well-formed XML")
    refused = [each for each in complaints if "422" in each]  # Chromium notes every answer of this kind
    assert complaints == refused
    complaints.clear()


def _upload(page: Page) -> None:
    page.goto("/processes/")
    page.get_by_role("link", name="Upload a diagram").first.click()
    page.locator("input[type=file]").set_input_files(MODEL)
    page.get_by_role("button", name="Examine").click()
    expect(page.get_by_text("Deployment is blocked")).to_be_visible()
    expect(page.locator("bpmn-view[data-ready]")).to_be_visible()


def _give_the_lanes_away(page: Page) -> None:
    for lane, whose in WHOSE.items():
        item = page.locator(f'li[data-element="{lane}"]')
        item.locator("select").select_option(whose)
        item.get_by_role("button", name="Accept").click()
        expect(page.locator(f'li[data-element="{lane}"] svg[aria-label="Accepted"]')).to_be_visible()


def _deploy(page: Page) -> None:
    page.get_by_role("link", name="Deploy version 1").click()
    page.get_by_label("Name of the process for machines").fill("invoices")
    page.get_by_label("Title in Polish").fill("Obieg faktur")
    page.get_by_label("Title in English").fill("Invoices")
    page.get_by_role("button", name="Deploy").click()
    expect(page.get_by_text("Deployed: invoices, version 1.")).to_be_visible()
    expect(page.get_by_role("heading", name="Invoices", exact=True)).to_be_visible()


def _start(page: Page, title: str) -> None:
    page.get_by_role("link", name="Start a case").click()
    page.get_by_label("What this case is called").fill(title)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    expect(page.locator("bpmn-view[data-ready]")).to_be_visible()
    expect(page.locator('bpmn-view .mark-now[data-element-id="assignApprover"]')).to_be_visible()


def _complete(page: Page, task: str, *, choose: str | None = None) -> None:
    page.goto("/work/?list=queue")
    page.get_by_role("link", name=task).click()
    expect(page.get_by_role("heading", name=task)).to_be_visible()
    if choose:
        page.get_by_label(choose, exact=True).check()
    page.get_by_role("button", name="Complete the task").click()
    expect(page.get_by_text(re.compile(f"Done: {task}"))).to_be_visible()


def _see_the_path(page: Page, case: int) -> None:
    page.goto(f"/processes/instances/{case}")
    expect(page.locator("bpmn-view[data-ready]")).to_be_visible()
    for element in (
        "StartEvent_1",
        "approveInvoice",
        "invoice_approved",
        "archiveInvoice",
        "invoiceProcessed",
    ):
        expect(page.locator(f'bpmn-view .mark-done[data-element-id="{element}"]')).to_be_visible()
    expect(page.locator('bpmn-view .mark-done[data-element-id="invoiceNotProcessed"]')).to_have_count(0)
    expect(page.locator("bpmn-view .mark-now")).to_have_count(0)
    expect(page.get_by_text("Ended: Invoice processed")).to_be_visible()
    history = page.locator(".tl")
    for who in ("Anna Wilk", "Clara Zając", "Borys Jawor"):
        expect(history.get_by_text(who).first).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_examination_is_never_wider_than_the_window(
    page_of: PageOf, dorota: Person, anna: Person, width: int, dark: bool
) -> None:
    page = page_of(dorota, width=width, dark=dark)
    _upload(page)
    address = page.url

    for path in (address, "/processes/", "/processes/upload"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
