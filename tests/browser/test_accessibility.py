"""Everybody can use every screen: WCAG 2.2 AA by axe in light and dark, a phone's width, and a focus that is seen."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, FilePayload, Page, expect
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from engine import absences, calendars
from engine.db import connect, sessions
from engine.process import definitions, inbox, instances
from engine.process.doctor import examine
from engine.sales import commitments, conversation
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from tests.browser import walking
from tests.browser.conftest import PageOf
from tests.browser.walking import ADMINISTRATOR, ANNA, CELINA, CLARA, CLERK, DESIGNER, PRESALES, Firm
from tests.engine.process import kit
from webapp.demo import agreements, company, trouble
from webapp.demo.terms import READY

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
READ = {"th-has-data-cells"}
"""What axe asks a person to read: the heads of groups of rows (scope=rowgroup), which have no cells of their own."""

Screen = Callable[[Page], object]


def at(path: str) -> Screen:
    """An address."""
    return lambda page: page.goto(path)


def first(path: str, link: str) -> Screen:
    """What the first such link of a page opens."""

    def go(page: Page) -> None:
        page.goto(path)
        with page.expect_navigation():
            page.locator(link).first.click()

    return go


def deal(more: str) -> Screen:
    """A page of the first deal on the board."""

    def go(page: Page) -> None:
        first("/sales/", ".card-deal a")(page)
        page.goto(page.url + more)

    return go


def doctor(page: Page) -> None:
    """The doctor's table with a diagram that needs repairs."""
    page.goto("/processes/upload")
    drawn = (
        (Path(__file__).parents[2] / "bpmn" / "complaint.bpmn").read_bytes().replace(b"sales_desk", b"lane_1")
    )
    file: FilePayload = {"name": "complaint.bpmn", "mimeType": "text/xml", "buffer": drawn}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Examine").click()
    expect(page.locator("bpmn-view[data-ready]")).to_be_visible()


def mended(page: Page) -> None:
    """The same table when every repair is agreed to, with the mended diagram to take home."""
    doctor(page)
    page.get_by_role("button", name="Accept all repairs").click()
    expect(page.get_by_role("link", name="Download the mended diagram")).to_be_visible()


def explained(page: Page) -> None:
    """What findings mean, one of them unfolded."""
    page.goto("/processes/findings")
    page.locator("details").evaluate_all("all => all.slice(0, 3).forEach(each => { each.open = true })")


def operating(page: Page) -> None:
    """A case with everything unfolded that may be done with it."""
    first("/processes/sales_funnel", "#cases a.what")(page)
    page.locator(".operate details.act").evaluate_all("all => all.forEach(each => { each.open = true })")
    expect(page.locator("#f-move-to")).to_be_visible()


def asked_back(page: Page) -> None:
    """A task that came back because something is missing, with what can be said about it unfolded."""
    first("/work/", ".list-pane a.what:has-text('Support the discovery')")(page)
    page.locator("#promise details.say").first.evaluate("each => { each.open = true }")


def promise(page: Page) -> None:
    """Everything that was said about it."""
    asked_back(page)
    with page.expect_navigation():
        page.get_by_role("link", name="The whole conversation").click()


def answering(page: Page) -> None:
    """The words of an answer, while they are written."""
    first("/agreements/?tab=waiting", "tbody a.what")(page)
    with page.expect_navigation():
        page.get_by_role("link", name="Answer with a change").click()


def trying(page: Page) -> None:
    """An answer whose term is changed, with what it would have meant beside it."""
    answering(page)
    page.get_by_label("Time to deliver", exact=True).fill("12")
    expect(page.locator("#effect-deliver_time")).to_contain_text("90 days")


def refused_cell(page: Page) -> None:
    """An answer with a cell of the table of cases that nobody can read."""
    answering(page)
    page.locator("[name=table-0-c0], [name=table-0-from]").first.fill("> > 5")
    page.locator("[name=table-0-deliver_number]").fill("2")
    page.get_by_role("button", name="Try on history").click()
    expect(page.locator("#table-wrong")).to_be_visible()


def heard(page: Page) -> None:
    """A deal with the forms of everything that can be said about it."""
    first("/sales/", ".card-deal a")(page)
    page.locator("main details").evaluate_all("all => all.forEach(each => { each.open = true })")


def of_agreement(more: str) -> Screen:
    """A page beside that of the agreement that waits."""

    def go(page: Page) -> None:
        first("/agreements/?tab=waiting", "tbody a.what")(page)
        page.goto(page.url.split("?")[0] + more)

    return go


def tried(page: Page) -> None:
    """A decision table with an answer."""
    page.goto("/processes/fast_sale/tables/route")
    page.get_by_label("Liczba sztuk").fill("12")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_text("Rules that apply")).to_be_visible()


DESK = "/administration/departments"
MESSAGES = "/operations/messages/"

SCREENS: dict[str, dict[str, Screen]] = {
    ANNA: {
        "my work": at("/work/"),
        "a task": first("/work/", ".list-pane a.what"),
        "a completed task": first("/work/?list=done", ".list-pane a.what"),
        "a new deal": at("/sales/new?process=sales_funnel"),
        "the board": at("/sales/"),
        "the list": at("/sales/list"),
        "a deal": first("/sales/", ".card-deal a"),
        "everything that can be said about it": heard,
        "its moves": deal("?tab=moves"),
        "its answers": deal("?tab=answers"),
        "a move": deal("/move?to=offer"),
        "a commitment": deal("/commitments"),
        "a request that came back": asked_back,
        "its promise": promise,
        "the calendar": at("/sales/calendar/"),
        "a threatened commitment": first("/sales/calendar/", "main a:has-text('poufności')"),
        "notices": at("/notices/"),
        "preferences": at("/preferences"),
    },
    CLERK: {"fast sales": at("/sales/fast/"), "an order": at("/sales/new?process=fast_sale")},
    CLARA: {
        "deals": at("/database/deals"),
        "clients": at("/database/clients"),
        "a client": first("/database/clients", "tbody a.what"),
        "agreements": at("/agreements/"),
        "a negotiation": first("/agreements/", "tbody a.what"),
        "a new agreement": at("/agreements/new"),
        "an answer": answering,
        "two versions": of_agreement("/versions?version=1&beside=3"),
        "promises": at("/agreements/promises"),
        "her week": at("/agreements/week/"),
        "the scoreboard": at("/agreements/scoreboard/?period=month"),
        "the scoreboard by name": at("/agreements/scoreboard/?order=name"),
        "an agreement on paper": at("/agreements/1/print"),
        "a version of an agreement": at("/agreements/1/versions/1"),
        "absences": at("/absences/"),
        "reports": at("/reports/"),
        "the dynamics": at("/reports/dynamics"),
        "the dynamics of months, with their days": at("/reports/dynamics?by=month"),
        "the moves behind a bar": first("/reports/dynamics", "svg.plot a"),
        "the funnel": at("/reports/funnel"),
        "the flow": at("/reports/funnel?view=flow"),
        "a case": first("/processes/sales_funnel", "#cases a.what"),
        "operating a case": operating,
        "a case that rests": first("/processes/sales_funnel", "#cases tr:has-text('Druk etykiet') a.what"),
    },
    DESIGNER: {
        "processes": at("/processes/"),
        "a process": at("/processes/sales_funnel"),
        "an upload": at("/processes/upload"),
        "the doctor": doctor,
        "a mended diagram": mended,
        "the findings": explained,
        "messages": at(MESSAGES),
        "messages that wait": at(f"{MESSAGES}?status=kept"),
        "no such message": at(f"{MESSAGES}?name=nothing"),
        "a refused message": first(f"{MESSAGES}?status=refused", "tbody a.what"),
        "a delivered message": first(f"{MESSAGES}?status=delivered", "tbody a.what"),
        "operations": at("/operations/"),
        "a cause": first("/operations/", "a.what[href*='code=']"),
        "an incident": first("/operations/", "a.what[href*='/incidents/']"),
        "resting cases": at("/operations/cases"),
        "outgoing mail": at("/operations/mails"),
        "hand-offs": at("/processes/sales_funnel/hand-offs"),
        "what differs": at("/processes/fast_sale/differences"),
        "the drawing before": at("/processes/fast_sale/differences?side=old"),
        "nothing differs": at("/processes/fast_sale/differences?from=1&to=1"),
        "a plan": at("/processes/fast_sale/migration"),
        "a plan tried": first("/processes/fast_sale/migration", ".recs a"),
        "a table": at("/processes/sales_funnel/tables/stage_policy"),
        "a table tried": tried,
        "scripts": first("/operations/", "a[href$='/scripts']"),
    },
    ADMINISTRATOR: {
        "people": at("/administration/people"),
        "a person": first("/administration/people", "tbody a"),
        "departments": at(DESK),
        "work hours": first(DESK, "a[href$='/calendar'], tbody a"),
        "special days": at("/administration/departments/1/special-days"),
        "inherited special days": at("/administration/departments/5/special-days"),
        "scripts to approve": first("/operations/", "a[href$='/scripts']"),
    },
}
"""Who looks at which screens."""


@pytest.fixture(scope="module")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a company at work: deals, orders, a negotiation; mail that failed, a rest, versions, a plan, days off."""
    path = walking.founded(tmp_path_factory.mktemp("lively"))
    engine = connect(f"sqlite:///{path}")
    firm = Firm(sessions(engine, wiring=trouble.plug(walking.connected())))
    firm.deal(ANNA, "Bramki RFID", stage="solution")
    firm.deal(ANNA, "Linia etykiet", stage="discovery", amount="180000")
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
    firm.order(CLERK)
    with firm.at_work() as session:
        agreements.negotiate(session, company.remember(session), now=firm.now)
    _return_a_request(firm)
    walking.disturb(firm)
    _talk(firm)
    engine.dispose()
    return path


def _return_a_request(firm: Firm) -> None:
    """Presales gives a request back: something of the list is missing. And the head of Presales will be away."""
    deal = firm.deal(ANNA, "Wózki widłowe", stage="discovery")
    with firm.at_work() as session:
        by = walking.person(session, PRESALES)
        asked = session.scalars(select(Promise).where(Promise.deal_id == deal)).one()
        conversation.give_back(session, asked, [READY[1]], note="Bez daty ani rusz.", by=by, now=firm.now)
        found, due_on = session.get_one(Deal, deal), calendars.local_day(firm.now) + timedelta(days=2)
        legal = agreements.of(session, "H5")
        commitments.record(session, found, direction="we_to_client", text="Umowa o poufności", due_on=due_on,
                           agreement=legal, anyway=True, by=walking.person(session, ANNA), now=firm.now)  # fmt: skip
        first_day = calendars.local_day(firm.now) + timedelta(days=10)
        deputy = walking.person(session, "Gabriela Norka")
        absences.record(session, by, deputy, first_day, first_day + timedelta(days=4), by=by, now=firm.now)


def _talk(firm: Firm) -> None:
    """Messages that found a case, that wait for one, and that nobody waits for."""
    steps = (kit.hear("paid", "payment.made", keep="P2D"), kit.hear("lost", "parcel.lost"), kit.end())
    file = kit.diagram(
        "paying", kit.start(), *steps, kit.way("begin", "paid", "lost", "done"), keeps="amount"
    )
    with firm.at_work() as session:
        by = walking.person(session, DESIGNER)
        accepted = [each.id for each in examine([file]).findings if each.repairable]
        paying = definitions.deploy(session, [file], accepted=accepted, by=by, now=firm.now)
        instances.start(session, paying, by=by, now=firm.now, title="Faktura 12", business_key="F-12")
        for key in ("F-12", "F-13"):
            inbox.receive(session, "payment.made", {"amount": 120}, key=key, business_key=key, now=firm.now)
        inbox.receive(session, "parcel.lost", {"amount": 7}, key="b-1", business_key="F-14", now=firm.now)


@pytest.fixture
def engine_url(lively: Path, tmp_path: Path) -> str:
    """The company's file, for one look."""
    return walking.copied(lively, tmp_path)


@pytest.fixture
def firm(database: Engine, site_app: Flask) -> Firm:
    """The company two days later, whose clock is the product's."""
    made = Firm(sessions(database, wiring=walking.connected()))
    made.pass_time(days=3)
    site_app.extensions["clock"] = lambda: made.now
    return made


@pytest.mark.parametrize("who", SCREENS)
def test_axe_finds_nothing_on_a_screen(page_of: PageOf, session: Session, firm: Firm, who: str) -> None:
    page = page_of(walking.person(session, who))
    found = {name: wrong for name, go in SCREENS[who].items() if (wrong := _looked_at(page, go))}
    assert not found, _read_out(found)


def test_axe_finds_nothing_at_the_door(site: str, browser: Browser) -> None:
    page = browser.new_page(base_url=site, locale="en-GB", reduced_motion="reduce")
    found = _looked_at(page, at("/log-in"))
    page.close()
    assert not found, _read_out({"log-in": found})


def test_axe_finds_nothing_where_a_cell_is_refused_and_a_term_is_tried(
    page_of: PageOf, session: Session, firm: Firm, complaints: list[str]
) -> None:
    page = page_of(walking.person(session, CLARA))
    page.set_viewport_size(
        {"width": 1440, "height": 5000}
    )  # all of it: the buttons at the foot lie over nothing
    found = {name: wrong for name, go in {"tried": trying, "refused": refused_cell}.items() if (wrong := _looked_at(page, go))}  # fmt: skip
    complaints[:] = [said for said in complaints if "422" not in said]
    assert not found, _read_out(found)


def test_axe_finds_nothing_in_the_menu_of_a_phone(page_of: PageOf, session: Session, firm: Firm) -> None:
    page = page_of(walking.person(session, DESIGNER), width=360)
    found = _looked_at(page, lambda page: page.locator(".shell-more > summary").click())
    assert not found, _read_out({"the menu": found})


@pytest.mark.parametrize(
    ("who", "go", "width"), [(DESIGNER, doctor, 1440), (CLARA, at("/reports/dynamics"), 360)]
)
def test_axe_finds_nothing_where_a_page_opens_in_the_dark(
    page_of: PageOf, session: Session, firm: Firm, who: str, go: Screen, width: int
) -> None:
    """Scripts that draw see the dark from the start."""
    page = page_of(walking.person(session, who), dark=True, width=width)
    assert not (found := _looked_at(page, go)), _read_out({who: found})


@pytest.mark.parametrize("who", SCREENS)
def test_no_screen_is_wider_than_a_small_phone(
    page_of: PageOf, session: Session, firm: Firm, who: str
) -> None:
    page = page_of(walking.person(session, who), width=360)
    wide = {}
    for name, go in SCREENS[who].items():
        go(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 360:
            wide[name] = f"{page.url} {width} px: {page.evaluate(WIDE)}"
    assert not wide


@pytest.mark.parametrize(
    ("who", "path"), [(ANNA, "/sales/"), (CLARA, "/reports/dynamics"), (PRESALES, "/work/")]
)
def test_the_focus_is_seen_wherever_the_tab_key_goes(
    page_of: PageOf, session: Session, firm: Firm, who: str, path: str
) -> None:
    page = page_of(walking.person(session, who))
    page.goto(path)
    unseen: list[str] = []
    for _ in range(40):
        page.keyboard.press("Tab")
        if said := page.evaluate(UNSEEN):
            unseen.append(said)
    assert not unseen


WIDE = """() => [...document.querySelectorAll("main *")].filter((each) => {
  const box = each.getBoundingClientRect()
  for (let up = each.parentElement; up; up = up.parentElement)
    if (getComputedStyle(up).overflowX !== "visible") return false
  return box.right > 361
}).slice(0, 3).map((each) => each.outerHTML.slice(0, 120)).join(" | ")"""
"""The first elements that stick out, unless something around them scrolls."""

UNSEEN = """() => {
  const at = document.activeElement
  if (!at || at === document.body) return null
  const shows = (each) => {
    const look = getComputedStyle(each)
    return (look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 1) || look.boxShadow !== "none"
  }
  return shows(at) || (at.parentElement && at.matches("input") && shows(at.parentElement)) ? null : at.outerHTML.slice(0, 120)
}"""
"""The focused element, if nothing shows that it has the focus."""


PALE = """(selector) => {
  const at = document.querySelector(selector)
  if (at.closest("svg")) return false
  const read = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const light = ([r, g, b]) => [r, g, b].map((each) => each / 255)
    .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4))
    .reduce((sum, each, which) => sum + each * [0.2126, 0.7152, 0.0722][which], 0)
  let under = at
  while (under.parentElement && (read(getComputedStyle(under).backgroundColor)[3] ?? 1) < 1) under = under.parentElement
  const look = getComputedStyle(at)
  const [high, low] = [light(read(look.color)), light(read(getComputedStyle(under).backgroundColor))].sort((a, b) => b - a)
  const size = parseFloat(look.fontSize)
  return (high + 0.05) / (low + 0.05) < (size >= 24 || (size >= 18.66 && look.fontWeight >= 700) ? 3 : 4.5)
}"""
"""Axe is not sure of a text's contrast where something overlaps it or it is one letter: then it is computed here
against the nearest opaque ground. Texts in pictures are left to `tests/web/test_contrast.py`."""


def _looked_at(page: Page, go: Screen) -> list[str]:
    """What is wrong with a screen in the light, and with its colours in the dark: nothing else of it changes there."""
    go(page)
    page.wait_for_load_state("load")
    if page.locator("bpmn-view").count():
        expect(page.locator("bpmn-view[data-ready]").first).to_be_visible()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = _judged(page, {"type": "tag", "values": RULES})
    page.emulate_media(color_scheme="dark")
    found += [
        f"in the dark, {said}" for said in _judged(page, {"type": "rule", "values": ["color-contrast"]})
    ]
    page.emulate_media(color_scheme="light")
    return [f"{page.url} {said}" for said in found]


def _judged(page: Page, only: dict[str, Any]) -> list[str]:
    results = page.evaluate(
        "only => axe.run(document, {runOnly: only, resultTypes: ['violations', 'incomplete']})", only
    )
    wrong = [f"{each['id']}: {_node(node)}" for each in results["violations"] for node in each["nodes"]]
    unsure = [
        f"not sure, {each['id']}: {_node(node)}"
        for each in results["incomplete"]
        for node in each["nodes"]
        if each["id"] not in READ
        and (each["id"] != "color-contrast" or page.evaluate(PALE, node["target"][0]))
    ]
    return wrong + unsure


def _node(node: dict[str, Any]) -> str:
    return f"{node['target']} {node['html'][:160]} · {node.get('failureSummary', '')[:300]}"


def _read_out(found: dict[str, list[str]]) -> str:
    return "\n".join(f"{name}:\n  " + "\n  ".join(said) for name, said in found.items())
