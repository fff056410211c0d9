"""What the guide shows: each picture's name, whose eyes see it, and the clicks that lead there."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import FilePayload, Locator, Page

BPMN = Path(__file__).parents[2] / "bpmn"

SELLER = "the seller with most to do"
PRESALES, CLERK = "Filip Ryś", "Ewa Gronostaj"
DIRECTOR, DESIGNER, ADMINISTRATOR = "Klara Zając", "Dorota Sowa", "Adam Bocian"


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: ``go`` brings a fresh window of ``who`` (empty: a stranger) to what is to be seen."""

    name: str
    who: str
    go: Callable[[Page], object]
    width: int = 1440
    height: int = 900
    dark: bool = False
    language: str = "en"


def at(path: str) -> Callable[[Page], object]:
    """Simply an address."""
    return lambda page: page.goto(path)


def task(page: Page) -> None:
    """The first task of the person's own list, opened."""
    page.goto("/work/")
    _go(page, page.locator(".list-pane a.what").first)


def hand_off(page: Page) -> None:
    """A task under a promise, in the queue of the department that gave it."""
    page.goto("/work/?list=queue")
    _go(page, page.locator(".list-pane tr:has(.pstate) a.what").first)


def move_back(page: Page) -> None:
    """What the board asks before a deal goes back."""
    page.goto("/sales/")
    card = page.locator(".board-col").nth(2).locator("li[data-card]").first
    card.locator("summary").click()
    card.locator("select[name=to]").select_option("discovery")
    _go(page, card.locator("form[data-move] button"))


def deal(page: Page) -> None:
    """A deal with some history: one that stands late in the funnel."""
    page.goto("/sales/")
    late = [column for column in page.locator(".board-col").all() if column.locator(".card-deal").count()][-1]
    _go(page, late.locator(".card-deal .top a").first)


def agreed(page: Page) -> None:
    """What was agreed with the client of a deal."""
    deal(page)
    page.goto(f"{page.url}?tab=commitments")


def new_deal(page: Page) -> None:
    """The form that opens a long sale."""
    page.goto("/sales/new?process=sales_funnel")


def section(page: Page) -> None:
    """The filter of the database with two rules of which either will do."""
    either = [
        {"field": "amount", "op": "at_least", "value": "200000"},
        {"field": "stage", "op": "is", "value": "solution"},
    ]
    page.goto("/database/deals?" + urlencode({"rules": json.dumps({"any": either}), "filter": "open"}))


def negotiation(page: Page) -> None:
    """The agreement that waits for an answer: both wordings side by side."""
    page.goto("/agreements/?tab=waiting")
    _go(page, page.locator("tbody a.what").first)


def kept(page: Page) -> None:
    """The promises behind a number: which were kept under an agreement."""
    page.goto("/agreements/?tab=in_force")
    _go(page, page.locator("tbody tr").filter(has_text="H2").locator("a.count-link").first)


def conversation(page: Page) -> None:
    """A promise that was kept at a later date, with everything that was said about it."""
    page.goto("/agreements/promises?state=renegotiated")
    _go(page, page.locator("tbody a.what").first)


def counted(page: Page) -> None:
    """The scoreboard, with the solution design unfolded."""
    page.goto("/agreements/scoreboard/?period=days90")
    page.locator("details.score", has_text="H2").locator("summary").click()


def months(page: Page) -> None:
    """What passes between the stages, and the days of half a year."""
    page.goto("/reports/dynamics?by=month")
    page.locator("#between").evaluate("part => window.scrollTo(0, part.offsetTop - 40)")


def bar_opened(page: Page) -> None:
    """The list behind the highest green bar of the dynamics."""
    page.goto("/reports/dynamics")
    bars = page.locator("svg.plot a[aria-label*=forward]").all()
    _go(page, max(bars, key=lambda bar: int((bar.get_attribute("aria-label") or "0").split()[-1])))


def path(page: Page) -> None:
    """The way a running deal has taken, on its diagram."""
    page.goto("/processes/sales_funnel")
    _go(page, page.locator("#cases a").first)


def process(page: Page) -> None:
    """The long sale in the catalogue, with its drawing."""
    page.goto("/processes/sales_funnel")


def doctor(page: Page) -> None:
    """The doctor's table with a diagram that came from another tool."""
    page.goto("/processes/upload")
    drawn = (BPMN / "complaint.bpmn").read_text(encoding="utf-8")
    drawn = re.sub(r"<bpmn:extensionElements>.*?</bpmn:extensionElements>", "", drawn, flags=re.DOTALL)
    drawn = drawn.replace("sales_desk", "lane_1").replace(' default="how_to_settle_to_refund_complaint"', "")
    file: FilePayload = {"name": "reklamacja.bpmn", "mimeType": "application/xml", "buffer": drawn.encode()}
    page.locator("input[type=file]").set_input_files(file)
    _go(page, page.locator("main form button.btn-primary"))


def differences(page: Page) -> None:
    """What the second version of the fast sale does otherwise, with the drawing moved to a sign."""
    page.goto("/processes/fast_sale/differences")
    page.locator("bpmn-view[data-ready]").wait_for()
    page.locator(".differences li[data-element=ask_feedback]").click()


def plan(page: Page) -> None:
    """The plan that takes the cases of the first version over."""
    page.goto("/processes/fast_sale/migration?from=1&to=2")


def cause(page: Page) -> None:
    """What stopped several cases at once."""
    page.goto("/operations/")


def incident(page: Page) -> None:
    """One incident: the call, and what it asks."""
    page.goto("/operations/")
    _go(page, page.locator("a.what[href*='/incidents/']").first)


def resting(page: Page) -> None:
    """A deal that rests, with what may be done about it; whether a case rests only its own page says."""
    page.goto("/processes/sales_funnel")
    links = [str(link.get_attribute("href")) for link in page.locator("#cases a.what").all()]
    page.goto(next(link for link in links if 'class="rests"' in page.request.get(link).text()))
    page.locator("details.act").filter(has=page.locator("[name=checkpoint]")).evaluate(
        "each => { each.open = true }"
    )
    page.locator(".operate").evaluate("each => each.scrollIntoView({block: 'start'})")


def special_days(page: Page) -> None:
    """Days on which the sales desk works otherwise, its own and the company's."""
    page.goto("/administration/departments")
    _go(page, page.locator("tbody a", has_text=re.compile("Sales desk|Biuro zamówień")).first)
    _go(page, page.locator("a[href$='/special-days']").first)


def table(page: Page) -> None:
    """A decision table, and what it answers."""
    page.goto("/processes/fast_sale/tables/route?items_count=12&list_amount=3200&client_class=%22a%22&try=1")


def _go(page: Page, link: Locator) -> None:
    with page.expect_navigation():
        link.click()


PICTURES = (
    Picture("log-in", "", at("/log-in"), height=760),
    Picture("my-work", SELLER, task),
    Picture("my-work-dark", SELLER, task, dark=True),
    Picture("my-work-phone", SELLER, at("/work/"), width=390, height=844),
    Picture("task-phone", SELLER, task, width=390, height=844),
    Picture("promise", PRESALES, hand_off),
    Picture("new-deal", SELLER, new_deal, height=1000),
    Picture("board", DIRECTOR, at("/sales/")),
    Picture("board-dark", DIRECTOR, at("/sales/"), dark=True),
    Picture("move-back", DIRECTOR, move_back),
    Picture("deal", DIRECTOR, deal, height=1100),
    Picture("deal-phone", DIRECTOR, deal, width=390, height=844),
    Picture("commitments", DIRECTOR, agreed),
    Picture("fast", CLERK, at("/sales/fast/")),
    Picture("database", DIRECTOR, at("/database/deals")),
    Picture("section", DIRECTOR, section),
    Picture("agreements", DIRECTOR, at("/agreements/?tab=in_force")),
    Picture("negotiation", DIRECTOR, negotiation, height=1100),
    Picture("promises", DIRECTOR, kept),
    Picture("hand-offs", DESIGNER, at("/processes/sales_funnel/hand-offs"), height=1100),
    Picture("conversation", DIRECTOR, conversation),
    Picture("week", PRESALES, at("/agreements/week/")),
    Picture("scoreboard", DIRECTOR, counted, height=1100),
    Picture("dynamics", DIRECTOR, at("/reports/dynamics"), height=1100),
    Picture("dynamics-dark", DIRECTOR, at("/reports/dynamics"), height=1100, dark=True),
    Picture("dynamics-phone", DIRECTOR, at("/reports/dynamics"), width=390, height=844),
    Picture("passages", DIRECTOR, months),
    Picture("moves", DIRECTOR, bar_opened),
    Picture("funnel", DIRECTOR, at("/reports/funnel"), height=1100),
    Picture("processes", DESIGNER, at("/processes/")),
    Picture("process", DESIGNER, process, height=1100),
    Picture("doctor", DESIGNER, doctor),
    Picture("path", DIRECTOR, path, height=1100),
    Picture("differences", DESIGNER, differences, height=1080),
    Picture("migration", DESIGNER, plan),
    Picture("table", DESIGNER, table),
    Picture("incidents", DESIGNER, cause),
    Picture("incident", DESIGNER, incident),
    Picture("operate", DIRECTOR, resting, height=1000),
    Picture("special-days", ADMINISTRATOR, special_days),
    Picture("mail", DESIGNER, at("/operations/mails")),
    Picture("administration", ADMINISTRATOR, at("/administration/people")),
    Picture("pl-my-work", SELLER, task, language="pl"),
    Picture("pl-board", DIRECTOR, at("/sales/"), language="pl"),
    Picture("pl-deal", DIRECTOR, deal, language="pl", height=1100),
    Picture("pl-negotiation", DIRECTOR, negotiation, language="pl", height=1100),
    Picture("pl-dynamics", DIRECTOR, at("/reports/dynamics"), language="pl", height=1100),
    Picture("pl-funnel", DIRECTOR, at("/reports/funnel"), language="pl", height=1100),
    Picture("pl-doctor", DESIGNER, doctor, language="pl"),
    Picture("pl-differences", DESIGNER, differences, language="pl", height=1080),
    Picture("pl-incident", DESIGNER, incident, language="pl"),
    Picture("pl-operate", DIRECTOR, resting, language="pl", height=1000),
)
"""The walk of a newcomer, in the order of the guide."""
