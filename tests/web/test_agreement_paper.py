"""An agreement on paper: full sentences in both languages, signatures with who stood in, and PDF."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from connectors import paper
from engine import absences
from engine.people import Department, Person
from engine.sales import negotiating
from engine.sales.agreements import AgreementVersion
from tests.conftest import MONDAY
from tests.web import sales_kit
from tests.web.conftest import Visitor
from tests.web.house import words

Enter = Callable[[Person], Visitor]
TODAY = date(2026, 11, 16)
TABLE = {
    "inputs": [{"expression": "deal.amount", "label": "Kwota"}],
    "rules": [{"when": [">= 1000000"], "promise_time": None, "deliver_time": "P6D"}],
}
TERMS = {
    **sales_kit.TERMS,
    "acceptance": ["zgodny z ofertą"],
    "promise_time": "PT4H",
    "table": TABLE,
    "capacity": 8,
    "capacity_week": 5,
    "pause_reasons": ["klient milczy"],
    "rework": 2,
    "accepts": "consumer",
    "acceptance_window": "P2D",
    "buffer": "P1D",
    "steps": [{"after": "P1D", "who": "common_manager", "how": "task"}],
    "escalation": "kierownicy",
    "consequence": "rozmowa",
    "in_flight": "new",
    "notice": "P10D",
    "valid_from": "2026-12-01",
    "valid_to": "2027-05-31",
    "review_on": "2027-03-01",
}


@pytest.fixture
def version(
    session: Session, departments: dict[str, Department], clara: Person, borys: Person, dorota: Person
) -> AgreementVersion:
    """Every term there is; Dorota signed for Legal while Borys is away."""
    sides = {"provider": departments["legal"], "consumer": departments["sales"]}
    made = negotiating.draft(
        session,
        "Projekt umowy",
        title_en="Contract draft",
        code="H5",
        terms=TERMS,
        by=clara,
        now=MONDAY,
        **sides,
    )
    found = negotiating.propose(session, made, by=clara, now=MONDAY)
    absences.record(session, borys, dorota, TODAY, TODAY + timedelta(days=3), by=borys, now=MONDAY)
    negotiating.accept(session, found, by=dorota, now=MONDAY)
    session.commit()
    return found


def test_every_term_is_a_sentence_in_the_language_that_was_chosen(
    as_: Enter, clara: Person, version: AgreementVersion
) -> None:
    path = f"/agreements/{version.agreement_id}/print"
    english, polish = (
        words(as_(clara).get(f"{path}?in={each}").get_data(as_text=True)) for each in ("en", "pl")
    )

    for said in (
        "Agreement: Contract draft",
        "1.1 The provider delivers to the receiver: Projekt umowy",
        "The provider delivers within 3 work days.",
        "from 1,000,000 – 6 work days",
        "Both sides aim at 90% of promises kept.",
        "At most 8 promises are open at once",
        "At most 5 promises fall due in a week",
        "It may be handed back for correction at most 2 times",
        "When the receiver is silent for 2 work days after delivery, it is accepted.",
        "This holds from Tuesday 1 December 2026 to Monday 31 May 2027.",
        "It ends 10 work days later",
        "Both sides look at it again on Monday 1 March 2027.",
        version.terms_hash,
    ):
        assert said in english, said
    assert "Ustalenie: Projekt umowy" in polish
    assert "Naraz otwartych może być najwyżej 8 obietnic" in polish
    assert "Obowiązuje od: wtorek, 1 grudnia 2026, do: poniedziałek, 31 maja 2027." in polish


def test_the_paper_says_who_signed_in_whose_place(
    as_: Enter, clara: Person, version: AgreementVersion
) -> None:
    text = words(as_(clara).get(f"/agreements/{version.agreement_id}/print").get_data(as_text=True))

    assert "Clara Zając" in text
    assert "Dorota Sowa standing in for Borys Jawor" in text
    assert "Monday 16 November 2026, 10:00" in text


def test_no_term_is_left_out_of_the_paper(as_: Enter, clara: Person, version: AgreementVersion) -> None:
    text = words(as_(clara).get(f"/agreements/{version.agreement_id}/print").get_data(as_text=True))

    for said in (
        "warunki",
        "zgodny z ofertą",
        "klient milczy",
        "kierownicy",
        "rozmowa",
        "gets a task",
        "1 work day before",
    ):
        assert said in text, said


def test_it_is_taken_as_pdf(as_: Enter, clara: Person, version: AgreementVersion) -> None:
    try:
        paper.print_("<p></p>")
    except paper.NoPrinter:
        pytest.skip("nothing here can print")
    answer = as_(clara).get(f"/agreements/{version.agreement_id}/pdf?in=pl")

    assert answer.data.startswith(b"%PDF-")
    assert answer.headers["Content-Disposition"] == "attachment; filename=H5-v1.pdf"


def test_where_nothing_can_print_the_page_is_shown_instead(
    as_: Enter, clara: Person, version: AgreementVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: str) -> bytes:
        raise paper.NoPrinter

    monkeypatch.setattr(paper, "print_", broken)
    client = as_(clara)
    answer = client.get(f"/agreements/{version.agreement_id}/pdf", follow_redirects=True)

    assert "Print this page instead." in answer.get_data(as_text=True)


def test_paper_is_for_those_who_may_read_it(
    as_: Enter, adam: Person, clara: Person, version: AgreementVersion
) -> None:
    path = f"/agreements/{version.agreement_id}"

    assert as_(adam).get(f"{path}/print").status_code == 404
    assert as_(adam).get(f"{path}/pdf").status_code == 404
    assert as_(clara).get(f"{path}/print?version=7").status_code == 404
