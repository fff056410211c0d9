"""The funnel on screen: four views, segments, two cohorts side by side; every number opens a list as long as it says."""

import re

import pytest
from sqlalchemy.orm import Session

from engine.people import Person
from engine.process.definitions import Definition
from reports import ladders
from tests.web.report_kit import THURSDAY, As, counted, director, length, long_sale, page
from webapp.reporting.address import Asked
from webapp.reporting.funnel_paper import paper

__all__ = ["director", "long_sale"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "narrowed"),
    [
        ("view=strict", False),
        ("view=touched", True),
        ("segment=owner", True),
        ("view=strict&segment=version&against=before&from=2026-08-15&to=2026-10-31", False),
        ("against=version&from=2026-08-15", False),
        ("view=flow&as_of=2026-11-02", True),
    ],
)
def test_every_number_opens_a_list_as_long_as_it_says(
    as_: As, director: Person, anna: Person, long_sale: Definition, address: str, narrowed: bool
) -> None:
    client = as_(anna if narrowed else director)
    numbers = dict.fromkeys(counted(page(client.get(f"/reports/funnel?{address}"))))

    assert len(numbers) > 10
    for number, opened in numbers:
        assert length(client, opened) == number, opened


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("cohort", "A stage counts who ever stood on it or beyond"),
        ("strict", "only who stood on every stage before it, in their order"),
        ("touched", "only who ever stood on it"),
        ("flow", "This is not a conversion"),
    ],
)
def test_every_view_says_under_its_title_what_it_counts(
    as_: As, director: Person, long_sale: Definition, view: str, words: str
) -> None:
    text = page(as_(director).get(f"/reports/funnel?view={view}"))

    assert words in text.partition('<p class="sub">')[2].partition("</p>")[0]


def test_the_shares_and_lengths_stand_beside_how_sure_they_are(
    as_: As, director: Person, long_sale: Definition
) -> None:
    text = page(as_(director).get("/reports/funnel"))

    assert len(re.findall(r"\(\d+–\d+\)", text)) >= 5
    assert "Too low while some are open" in text
    assert "Leans to the quick" in text
    assert re.search(r"Velocity: \d+ open × \d+%", text)
    assert re.search(r'class="num young"', text)


def test_two_cohorts_are_judged_only_when_there_is_enough(
    as_: As, director: Person, long_sale: Definition
) -> None:
    few = page(as_(director).get("/reports/funnel?from=2026-11-01&against=before"))
    one = page(as_(director).get("/reports/funnel?against=version"))

    assert "not enough yet" in few
    assert "All of them began in one version" in one


@pytest.mark.parametrize(
    "wrong",
    [
        "segment=luck",
        "against=everything",
        "view=none",
        "against=days&other_from=2026-05-05&other_to=2026-05-01",
        "against=days&other_from=soon&other_to=2026-05-01",
        "against=version&version_a=x&version_b=2",
    ],
)
def test_an_address_that_makes_no_sense_is_refused_by_name(
    as_: As, director: Person, long_sale: Definition, wrong: str
) -> None:
    answer = as_(director).get(f"/reports/funnel?{wrong}")
    names = [each.partition("=")[0] for each in wrong.split("&")]

    assert answer.status_code == 400
    assert any(name in answer.get_data(as_text=True) for name in names)


@pytest.mark.parametrize(
    "cell",
    [
        "cell=cohort&fate=luck&stage=meet",
        "cell=cohort&fate=reached&stage=nowhere",
        "cell=cohort&fate=aside&stage=all",
        "cell=flow&fate=forward&stage=won",
        "cell=strict&fate=reached&stage=meet&segment=luck&value=1",
    ],
)
def test_a_cell_that_no_funnel_has_is_refused(
    as_: As, director: Person, long_sale: Definition, cell: str
) -> None:
    assert as_(director).get(f"/reports/moves?{cell}").status_code == 400


@pytest.mark.parametrize("view", ["cohort", "strict", "touched", "flow"])
def test_the_paper_says_what_the_screen_says(
    as_: As, session: Session, director: Person, long_sale: Definition, view: str
) -> None:
    client = as_(director)
    with client.application.test_request_context("/?lang=en"):
        ask = Asked(ladders.find(session, "sales"), THURSDAY, view=view, more={"segment": "owner"})
        told = paper(session, ask, director)
    text = re.sub(r"<[^>]+>", "", page(client.get(f"/reports/funnel?view={view}&segment=owner&lang=en")))

    assert told.finding
    assert told.definition[0] in text
    assert all(len(row) == len(table.columns) for table in told.tables for row in table.rows)
    stages = told.tables[0].rows
    assert [row[0].value for row in stages] == ["Meet", "Needs", "Offer", "Sign"]
    for row in stages:
        for cell in row:
            if cell.href:
                assert length(client, cell.href) == cell.value


def test_in_polish_every_word_is_polish(as_: As, director: Person, long_sale: Definition) -> None:
    for address in ("view=strict&segment=owner&against=before", "view=touched", "view=flow"):
        text = page(as_(director).get(f"/reports/funnel?{address}&lang=pl"))
        mine = re.sub(
            r'<details class="menu keep-menu">.*?</details>', "", text.partition("<main")[2], flags=re.DOTALL
        )
        said = re.sub(r"<[^>]+>", " ", mine)
        assert not re.search(r"\b(the|forward|lost|open|stage|reached|and|won|of|yet|days)\b", said), address
        assert not re.search(r"\sstyle=|\son[a-z]+=|<script(?![^>]*src=)", text)
