"""Reports on screen: what they say, whose deals they count, and that every number opens a list as long as it says."""

import csv
import io
import re
from datetime import date, timedelta
from random import Random

import pytest
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.process.definitions import Definition
from tests.reports import company
from tests.reports.histories import Item
from tests.web.conftest import Clock, Visitor
from tests.web.report_kit import THURSDAY, As, counted, director, length, long_sale, page

__all__ = ["director", "long_sale"]


def test_the_finding_says_number_direction_and_whose_doing(
    as_: As, director: Person, long_sale: Definition
) -> None:
    text = page(as_(director).get("/reports/dynamics"))
    finding = re.sub(
        r"\s+", " ", re.sub(r"<[^>]+>", "", text.partition('<p class="finding">')[2].partition("</p>")[0])
    )

    assert re.search(r"▲ \d+ forward this week", finding)
    assert re.search(r"▼ \d+ back, \d+ of them caused by", finding)


def test_every_line_of_the_balance_adds_up(as_: As, director: Person, long_sale: Definition) -> None:
    text = page(as_(director).get("/reports/dynamics?by=month"))

    assert "it adds up" in text
    assert "it does not add up" not in text


@pytest.mark.slow
@pytest.mark.parametrize(
    "address",
    [
        "/reports/dynamics",
        "/reports/dynamics?by=day&group=owner",
        "/reports/dynamics?by=month&as_of=2026-11-02",
        "/reports/funnel",
        "/reports/funnel?from=2026-06-01&to=2026-08-31",
        "/reports/funnel?view=flow",
    ],
)
@pytest.mark.parametrize("narrowed", [False, True])
def test_every_number_opens_a_list_as_long_as_it_says(
    as_: As, director: Person, anna: Person, long_sale: Definition, address: str, narrowed: bool
) -> None:
    """Every link of the two reports as they open; of the other views a third, drawn by lot."""
    client = as_(anna if narrowed else director)
    numbers = list(dict.fromkeys(counted(page(client.get(address)))))

    assert len(numbers) > 10
    some = Random(7).sample(numbers, len(numbers) // 3 + 1) if "?" in address else numbers
    for number, opened in some:
        assert length(client, opened) == number, opened


@pytest.mark.slow
def test_a_department_reads_its_own_part_and_it_still_adds_up(
    as_: As, director: Person, long_sale: Definition, departments: dict[str, Department]
) -> None:
    client = as_(director)
    text = page(client.get(f"/reports/dynamics?department={departments['legal'].id}&by=month"))

    assert "it does not add up" not in text
    for number, opened in counted(text):
        assert length(client, opened) == number


@pytest.mark.parametrize("narrowed", [False, True])
def test_what_passes_between_two_stages_and_every_day_of_the_calendar_open_their_list(
    as_: As, director: Person, anna: Person, long_sale: Definition, narrowed: bool
) -> None:
    client = as_(anna if narrowed else director)
    text = page(client.get("/reports/dynamics?by=month"))
    arcs = re.findall(r'<a href="([^"]*left=[^"]*)" aria-label="[^"]* → [^"]*: (\d+)"', text)
    days = re.findall(r'<a href="([^"]*)" aria-label="[^"]*: (\d+) forward, (\d+) back"', text)

    assert len(arcs) > 3
    assert len(days) > 20
    for address, *numbers in arcs + Random(7).sample(days, 12):
        opened = address.replace("&amp;", "&")
        assert length(client, opened) == sum(map(int, numbers)), opened


def test_whoever_sees_fewer_deals_counts_fewer(
    as_: As, director: Person, anna: Person, long_sale: Definition
) -> None:
    whole, part = (
        length(as_(who), "/reports/moves?from=2026-01-01&to=2026-12-31") for who in (director, anna)
    )

    assert 0 < part < whole


def test_roll_ups_and_the_log_give_the_director_the_same_page(
    as_: As, director: Person, long_sale: Definition
) -> None:
    rolled = page(as_(director).get("/reports/dynamics"))
    told = page(as_(director).get("/reports/dynamics?group=owner"))

    picture = r'<svg class="plot".*?</svg>'
    assert re.findall(picture, rolled, re.DOTALL)[0] == re.findall(picture, told, re.DOTALL)[0]


def test_a_report_as_of_a_day_does_not_change_when_more_happens(
    as_: As,
    session: Session,
    director: Person,
    long_sale: Definition,
    anna: Person,
    departments: dict[str, Department],
    clock: Clock,
) -> None:
    clock.at = THURSDAY + timedelta(days=1)
    client, address = as_(director), "/reports/dynamics?as_of=2026-11-19"
    before = _said(client, address)
    item = Item("deal:later", start=date(2026, 11, 20)).new().to("offer").lost()
    company.tell(session, long_sale, [(item, anna, departments["sales"].id)])

    assert _said(client, address) == before
    assert _said(client, "/reports/dynamics") != before


def _said(client: Visitor, address: str) -> str:
    """The page without the tokens of its forms, which no two pages share."""
    return re.sub(r'name="csrf_token" value="[^"]*"', "", page(client.get(address)).partition("<main")[2])


@pytest.mark.parametrize(
    "wrong",
    [
        "by=decade",
        "from=yesterday",
        "from=0001-01-01",
        "measure=luck",
        "department=x",
        "owner=-1",
        "as_of=2026-13-01",
        "from=2026-12-24",
        "view=both",
    ],
)
def test_an_address_that_makes_no_sense_is_refused_in_words(
    as_: As, director: Person, long_sale: Definition, wrong: str
) -> None:
    name = "funnel" if wrong.startswith("view") else "dynamics"
    answer = as_(director).get(f"/reports/{name}?{wrong}")

    assert answer.status_code == 400
    assert wrong.partition("=")[0] in answer.get_data(as_text=True)


def test_an_unknown_ladder_is_not_there(as_: As, director: Person, long_sale: Definition) -> None:
    assert as_(director).get("/reports/dynamics?ladder=nothing").status_code == 404


def test_without_a_process_with_stages_the_page_teaches(as_: As, clara: Person) -> None:
    for address in ("/reports/", "/reports/dynamics", "/reports/funnel"):
        assert "There is no process with stages yet" in page(as_(clara).get(address))


def test_an_administrator_opens_no_report(as_: As, adam: Person, long_sale: Definition) -> None:
    assert as_(adam).get("/reports/dynamics").status_code == 403


def test_a_downloaded_list_is_as_long_and_no_cell_is_a_formula(
    as_: As,
    session: Session,
    director: Person,
    long_sale: Definition,
    anna: Person,
    departments: dict[str, Department],
) -> None:
    item = (
        Item("deal:evil", start=date(2026, 11, 17))
        .new()
        .to("needs", reason="=HYPERLINK(1)")
        .lost(reason="-1+1")
    )
    company.tell(session, long_sale, [(item, anna, departments["sales"].id)])
    client, address = as_(director), "?from=2026-11-16&to=2026-11-19"

    text = page(client.get(f"/reports/moves.csv{address}")).lstrip("\N{ZERO WIDTH NO-BREAK SPACE}")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))

    assert len(rows) - 1 == length(client, f"/reports/moves{address}")
    assert "'=HYPERLINK(1)" in text
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "-", "@")]


def test_pages_obey_the_policy_without_style_or_script(
    as_: As, director: Person, long_sale: Definition
) -> None:
    for address in (
        "/reports/",
        "/reports/dynamics",
        "/reports/dynamics?measure=money&by=month",
        "/reports/funnel",
        "/reports/funnel?view=flow",
    ):
        text = page(as_(director).get(address))
        assert not re.search(r"\sstyle=|\son[a-z]+=|<script(?![^>]*src=)", text)


def test_a_picture_says_everything_that_its_colours_say(
    as_: As, director: Person, long_sale: Definition
) -> None:
    text = page(as_(director).get("/reports/dynamics"))
    marks = re.findall(r'<a href="[^"]+" aria-label="([^"]+)">', text)

    assert marks
    assert all(re.search(r"\d", said) for said in marks)
    assert {"▲ forward", "▼ back"} <= set(re.findall(r">([▲▼] \w+)</text>", text))


def test_money_is_shown_as_money(as_: As, director: Person, long_sale: Definition) -> None:
    text = page(as_(director).get("/reports/dynamics?measure=money"))

    assert re.search(r"▲ <a[^>]*>PLN\N{NO-BREAK SPACE}[\d.]+[mk]", text)
    assert "it does not add up" not in text


def test_in_polish_every_word_of_a_report_is_polish(as_: As, director: Person, long_sale: Definition) -> None:
    for address in (
        "/reports/",
        "/reports/dynamics",
        "/reports/dynamics?by=month",
        "/reports/funnel",
        "/reports/funnel?view=flow",
        "/reports/moves",
    ):
        text = page(as_(director).get(address + "?lang=pl" if "?" not in address else address + "&lang=pl"))
        said = re.sub(r"<[^>]+>", " ", text.partition("<main")[2])
        assert not re.search(r"\b(the|forward|back|lost|open|stage|period|judge|reached|and)\b", said), (
            address
        )


def test_on_paper_the_balance_leaves_out_what_nothing_stands_in_so_that_its_end_is_on_the_page(
    as_: As, director: Person, long_sale: Definition
) -> None:
    text = as_(director).get("/reports/paper/dynamics?by=month").get_data(as_text=True)
    heads = re.findall(r"<th [^>]*>([^<]*)</th>", text.partition("<thead>")[2].partition("</thead>")[0])

    assert {"Stage", "+ New", "at the end", "it adds up"} <= set(heads)
    assert "+ Taken over" not in heads
    assert len(heads) < 18
