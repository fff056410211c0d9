"""The document connector: real PDF, in both languages, from checked facts only."""

import hashlib
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from connectors.document import KINDS, Document, Documents, printed
from engine.ports import Failed
from tests.connectors.kit import ask

FACTS: dict[str, Any] = {
    "number": "OF/2026/12",
    "client": "Meble Dolina <b>sp. z o.o.</b>",
    "lines": [{"name": "Biurko", "quantity": 2, "price": 1234.5}],
    "valid_until": "2026-12-01",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", ["pl", "en"])
def test_every_kind_prints_in_both_languages(session: Session, kind: str, locale: str) -> None:
    answer = ask(session, Documents(), kind, locale=locale, **FACTS)

    document = session.scalars(select(Document)).one()
    assert document.content.startswith(b"%PDF-")
    assert answer["document_id"] == document.id
    assert answer["document_name"] == f"{kind}-OF-2026-12.pdf"
    assert document.sha256 == hashlib.sha256(document.content).hexdigest()


def test_the_page_says_what_it_was_given_and_nothing_more(session: Session) -> None:
    ask(session, Documents(prints_later=True), "offer", **FACTS)

    page = session.scalars(select(Document)).one().content.decode()
    assert "Oferta OF/2026/12" in page
    assert "2\u00a0469,00 PLN" in page
    assert "01.12.2026" in page
    assert "&lt;b&gt;" in page
    assert "<b>" not in page


def test_numbers_and_words_are_english_where_asked(session: Session) -> None:
    ask(session, Documents(prints_later=True), "contract", locale="en", **FACTS)

    page = session.scalars(select(Document)).one().content.decode()
    assert "Contract (draft)" in page
    assert "2,469.00 PLN" in page
    assert "For the supplier" in page


def test_a_kept_page_is_printed_when_it_is_asked_for(session: Session) -> None:
    ask(session, Documents(prints_later=True), "offer", **FACTS)

    content, media = printed(session.scalars(select(Document)).one())

    assert content.startswith(b"%PDF-")
    assert media == "application/pdf"


def test_the_same_key_makes_one_document(session: Session) -> None:
    first = ask(session, Documents(prints_later=True), "offer", **FACTS)
    second = ask(session, Documents(prints_later=True), "offer", **FACTS)

    assert first == second
    assert len(session.scalars(select(Document.id)).all()) == 1


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"number": None}, "DATA_MISSING"),
        ({"client": ""}, "DATA_MISSING"),
        ({"lines": []}, "DATA_MISSING"),
        ({"lines": [{"name": "Biurko", "quantity": "two", "price": 1}]}, "BAD_INPUT"),
        ({"lines": "many"}, "BAD_INPUT"),
        ({"lines": [{"name": "x", "quantity": 1, "price": 1}] * 501}, "BAD_INPUT"),
        ({"valid_until": "tomorrow"}, "BAD_INPUT"),
        ({"text": "a" * 20_001}, "BAD_INPUT"),
        ({"currency": "zlotys"}, "BAD_INPUT"),
        ({"amount": "Infinity"}, "BAD_INPUT"),
    ],
)
def test_facts_that_do_not_fit_make_no_document(session: Session, changed: dict[str, Any], code: str) -> None:
    with pytest.raises(Failed) as refused:
        ask(session, Documents(), "offer", **{**FACTS, **changed})

    assert (refused.value.code, refused.value.permanent) == (code, True)
    assert session.scalars(select(Document.id)).all() == []


def test_an_unknown_kind_is_refused(session: Session) -> None:
    with pytest.raises(Failed, match="has no operation"):
        ask(session, Documents(), "passport", **FACTS)
