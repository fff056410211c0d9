"""Forms: what they may say, what people may type, and how answers read afterwards."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from engine.errors import Invalid, Refusal
from engine.process import expressions, forms
from engine.process.blueprint import Text
from engine.process.decisions import refusals as decisions_refusals
from engine.process.expressions import refusals as expressions_refusals
from engine.process.forms import Form, FormWrong, refusals

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OFFER: dict[str, Any] = {
    "key": "offer",
    "title": {"pl": "Oferta", "en": "Offer"},
    "intro": {"pl": "Wpisz, co oferujemy.", "en": "Write what we offer."},
    "fields": [
        {"key": "client", "type": "client", "label": {"pl": "Klient", "en": "Client"}, "required": True},
        {
            "key": "lines",
            "type": "lines",
            "label": {"pl": "Pozycje", "en": "Lines"},
            "required": True,
            "max": 3,
            "rows": 2,
            "columns": [
                {
                    "key": "product",
                    "type": "product",
                    "label": {"pl": "Produkt", "en": "Product"},
                    "required": True,
                },
                {"key": "quantity", "type": "integer", "label": {"pl": "Ilość", "en": "Quantity"}, "min": 1},
                {"key": "price", "type": "money", "label": {"pl": "Cena", "en": "Price"}, "unit": "PLN"},
                {"key": "net", "type": "computed", "label": "Netto", "expression": "quantity * price"},
            ],
        },
        {
            "key": "total",
            "type": "computed",
            "label": {"pl": "Razem", "en": "Total"},
            "unit": "PLN",
            "expression": "sum(line.net for line in lines)",
            "binds": "deal.amount",
        },
        {
            "key": "discount",
            "type": "percent",
            "label": {"pl": "Rabat", "en": "Discount"},
            "min": 0,
            "max": 100,
        },
        {
            "key": "reason",
            "type": "text",
            "label": {"pl": "Powód rabatu", "en": "Reason"},
            "required": True,
            "when": "discount > 5",
        },
    ],
}


class Known:
    """Anna's clients 1 and 2 and products 1 to 9 exist."""

    def exists(self, kind: str, id_: int) -> bool:
        return id_ <= {"client": 2, "product": 9}.get(kind, 0)


def form(*fields: dict[str, Any]) -> Form:
    return forms.from_json({"key": "f", "title": "F", "fields": list(fields)})


def one(kind: str, **more: Any) -> Form:
    return form({"key": "it", "type": kind, **more})


def sent(typed: dict[str, str]) -> dict[str, list[str]]:
    return {name: [text] for name, text in typed.items()}


def answer(asked: Form, *typed: str, known: Known | None = None) -> Any:
    return forms.read(asked, {"it": list(typed)}, known=known, now=MONDAY)["it"]


def errors(asked: Form, typed: dict[str, str], known: Known | None = None) -> dict[str, type]:
    with pytest.raises(Invalid) as invalid:
        forms.read(asked, sent(typed), known=known, now=MONDAY)
    for name, refusal in invalid.value.errors.items():
        assert refusal.field == name
    return {name: type(refusal) for name, refusal in invalid.value.errors.items()}


FILLED = {
    "client": "2",
    "lines-0-product": "1",
    "lines-0-quantity": "3",
    "lines-0-price": "1 240,10",
    "lines-4-product": "9",
    "lines-4-quantity": "2",
    "lines-4-price": "0.05",
    "lines-7-quantity": " ",
    "discount": "7,5 %",
    "reason": " Stały   klient ",
}


def test_an_offer_is_read_into_typed_answers() -> None:
    answers = forms.read(forms.load(json.dumps(OFFER)), sent(FILLED), known=Known(), now=MONDAY)

    assert answers == {
        "client": 2,
        "lines": [
            {"product": 1, "quantity": 3, "price": 1240.1, "net": 3720.3},
            {"product": 9, "quantity": 2, "price": 0.05, "net": 0.1},
        ],
        "total": 3720.4,
        "discount": 7.5,
        "reason": "Stały klient",
    }
    assert json.loads(json.dumps(answers)) == answers
    assert expressions.evaluate("total > 3720.39 and lines[0].price <= 1240.10", answers)


def test_everything_wrong_is_named_by_field_at_once() -> None:
    wrong = {
        "client": "7",
        "lines-0-quantity": "0",
        "lines-0-price": "12,345",
        "lines-1-product": "10",
        "discount": "120",
    }

    assert errors(form(*OFFER["fields"]), wrong, Known()) == {
        "client": refusals.NotThere,
        "lines-0-product": refusals.Required,
        "lines-0-quantity": refusals.TooSmall,
        "lines-1-product": refusals.NotThere,
        "discount": refusals.TooBig,
    }


def test_a_field_whose_condition_does_not_hold_is_neither_asked_nor_taken() -> None:
    typed = {**FILLED, "discount": "5", "reason": "x" * 500}

    assert forms.read(form(*OFFER["fields"]), sent(typed))["reason"] is None


def test_a_field_whose_condition_holds_is_required() -> None:
    typed = {name: text for name, text in FILLED.items() if name != "reason"}

    assert errors(form(*OFFER["fields"]), typed) == {"reason": refusals.Required}


def test_what_is_shown_follows_what_was_typed() -> None:
    offer = form(*OFFER["fields"])

    assert "reason" in forms.asked(offer, {"discount": ["6"]})
    assert "reason" not in forms.asked(offer, {"discount": ["six"], "client": ["none"]})
    assert "reason" not in forms.asked(offer, {})


def test_every_field_has_an_answer_even_when_nothing_was_typed() -> None:
    asked = form(
        {"key": "note", "type": "paragraph"},
        {"key": "kinds", "type": "choices", "options": ["a"]},
        {"key": "rows", "type": "lines", "columns": [{"key": "x", "type": "text"}]},
        {"key": "twice", "type": "computed", "expression": "note * 2"},
    )

    assert forms.read(asked, {"note": ["  "]}) == {"note": None, "kinds": [], "rows": [], "twice": None}


@pytest.mark.parametrize(
    ("kind", "typed", "wanted"),
    [
        ("number", "1 240 000,50", 1240000.5),
        ("number", "1\u00a0240\u00a0000,50", 1240000.5),
        ("number", "1\u202f240\u202f000", 1240000),
        ("number", "1,240,000.50", 1240000.5),
        ("number", "1.240.000,50", 1240000.5),
        ("number", "1,240,000", 1240000),
        ("number", "1'240'000.5", 1240000.5),
        ("number", "1,240", 1.24),
        ("number", ",5", 0.5),
        ("number", "-3,25", -3.25),
        ("number", "\u22123", -3),
        ("number", "+7", 7),
        ("money", "1,240", 1240),
        ("money", "1.240", 1240),
        ("money", "1 240 000,50 zł", 1240000.5),
        ("money", "1,240,000.50 PLN", 1240000.5),
        ("money", "0,1", 0.1),
        ("integer", "1 200", 1200),
        ("integer", "1.200", 1200),
        ("percent", "12,5%", 12.5),
        ("text", "  Zakład\n Szczotka ", "Zakład Szczotka"),
        ("paragraph", "one\r\n\r\ntwo", "one\n\ntwo"),
        ("date", "2026-11-24", "2026-11-24"),
        ("date", "24.11.2026", "2026-11-24"),
        ("date", "1.2.2026", "2026-02-01"),
        ("datetime", "2026-07-01T09:30", "2026-07-01T07:30:00+00:00"),
        ("datetime", "1.12.2026 09:30", "2026-12-01T08:30:00+00:00"),
        ("datetime", "2026-07-01T09:30:00Z", "2026-07-01T09:30:00+00:00"),
        ("email", " Anna@Szczotka.Example.com ", "Anna@szczotka.example.com"),
        ("phone", "+48 (22) 555-01-23", "+48225550123"),
        ("tax_id", "PL 526-025-02-74", "5260250274"),
        ("currency", "eur", "EUR"),
        ("yes_no", "tak", True),
        ("yes_no", "on", True),
        ("yes_no", "0", False),
        ("person", "12", 12),
        ("stage", "solution", "solution"),
        ("file", "C:\\Umowy\\umowa.pdf", "umowa.pdf"),
    ],
)
def test_people_write_as_they_are_used_to(kind: str, typed: str, wanted: Any) -> None:
    found = answer(one(kind), typed)

    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    ("kind", "typed", "refusal"),
    [
        ("number", "twelve", refusals.NotANumber),
        ("number", "1 2", refusals.NotANumber),
        ("number", "1,2,3", refusals.NotANumber),
        ("number", "1.2,3.4", refusals.NotANumber),
        ("number", "1,24.000,5", refusals.NotANumber),
        ("number", "1e5", refusals.NotANumber),
        ("number", "nan", refusals.NotANumber),
        ("number", "inf", refusals.NotANumber),
        ("number", "٣", refusals.NotANumber),
        ("number", "--5", refusals.NotANumber),
        ("number", ",", refusals.NotANumber),
        ("number", "9" * 100, refusals.NotANumber),
        ("number", "9" * 16, refusals.TooBig),
        ("number", "-" + "9" * 16, refusals.TooSmall),
        ("number", "0,1234567", refusals.TooPrecise),
        ("money", "12,3456", refusals.TooPrecise),
        ("money", "0,125", refusals.TooPrecise),
        ("integer", "1,5", refusals.NotWhole),
        ("text", "x" * 301, refusals.TooLong),
        ("paragraph", "x" * 10_001, refusals.TooLong),
        ("paragraph", "x" * 30_000, refusals.TooLong),
        ("paragraph", "a\0b", refusals.NotText),
        ("text", "a\ud800b", refusals.NotText),
        ("text", "a\x1b[31m", refusals.NotText),
        ("date", "tomorrow", refusals.NotADate),
        ("date", "2026-02-30", refusals.NotADate),
        ("date", "0001-01-01", refusals.NotADate),
        ("date", "2026-11-24T10:00", refusals.NotADate),
        ("datetime", "2026-11-24", refusals.NotATime),
        ("datetime", "2026-11-24T25:00", refusals.NotATime),
        ("email", "anna", refusals.NotAnEmail),
        ("email", "anna@szczotka.example.com\nBcc: all@example.com", refusals.NotAnEmail),
        ("phone", "call me", refusals.NotAPhone),
        ("phone", "12", refusals.NotAPhone),
        ("tax_id", "5260250275", refusals.NotATaxId),
        ("tax_id", "abc", refusals.NotATaxId),
        ("currency", "XXX", refusals.NotAnOption),
        ("yes_no", "maybe", refusals.NotAnOption),
        ("person", "Anna", refusals.NotThere),
        ("client", "0", refusals.NotThere),
        ("client", "-1", refusals.NotThere),
        ("client", "1" * 30, refusals.NotThere),
        ("file", "..", refusals.NotText),
    ],
)
def test_what_does_not_fit_is_refused_in_its_own_words(kind: str, typed: str, refusal: type) -> None:
    assert errors(one(kind), {"it": typed}) == {"it": refusal}


@pytest.mark.parametrize(
    ("more", "typed", "refusal"),
    [
        ({"type": "text", "max": 3}, "long", refusals.TooLong),
        ({"type": "text", "min": 3}, "ab", refusals.TooShort),
        ({"type": "number", "min": 0}, "-1", refusals.TooSmall),
        ({"type": "money", "max": 0.3}, "0,31", refusals.TooBig),
        ({"type": "date", "min": "today()"}, "2026-03-01", refusals.TooEarly),
        ({"type": "date", "max": "today() + timedelta(days=90)"}, "2026-06-01", refusals.TooLate),
        ({"type": "datetime", "min": "now()"}, "2026-03-02T09:59", refusals.TooEarly),
        ({"type": "choice", "options": ["a", "b"]}, "c", refusals.NotAnOption),
        ({"type": "choices", "options": ["a", "b"]}, "c", refusals.NotAnOption),
        ({"type": "choices", "options": ["a", "b"], "min": 2}, "a", refusals.TooFew),
        ({"type": "currency", "options": ["PLN"]}, "EUR", refusals.NotAnOption),
        ({"type": "stage", "options": ["offer"]}, "contract", refusals.NotAnOption),
        ({"type": "text", "required": True}, " ", refusals.Required),
        ({"type": "yes_no", "required": True}, "", refusals.Required),
        ({"type": "choices", "options": ["a"], "required": True}, "", refusals.Required),
    ],
)
def test_the_bounds_of_a_field_are_kept(more: dict[str, Any], typed: str, refusal: type) -> None:
    assert errors(form({"key": "it", **more}), {"it": typed}) == {"it": refusal}


def test_bounds_themselves_are_inside() -> None:
    assert answer(one("money", min=0, max=0.3), "0,30") == 0.3
    assert answer(one("date", min="today()", max="today()"), "2026-03-02") == "2026-03-02"
    assert answer(one("datetime", min="now()"), "2026-03-02T10:00") == "2026-03-02T09:00:00+00:00"


def test_several_choices_are_kept_once_each() -> None:
    assert answer(one("choices", options=["a", "b", "c"]), "b", "a", "b") == ["b", "a"]


def test_a_record_must_exist_where_somebody_can_tell() -> None:
    assert answer(one("client"), "2", known=Known()) == 2
    assert errors(one("client"), {"it": "3"}, Known()) == {"it": refusals.NotThere}
    assert answer(one("client"), "3") == 3


@pytest.mark.parametrize(
    "name",
    [
        "other",
        "__builtins__",
        "typename",
        "len",
        "it.x",
        "it-0-x",
        "lines-0-other",
        "lines-x-a",
        "lines-0-sum",
        "sum",
    ],
)
def test_only_declared_fields_are_taken(name: str) -> None:
    columns = [{"key": "a", "type": "integer"}, {"key": "sum", "type": "computed", "expression": "a"}]
    asked = form({"key": "it", "type": "text"}, {"key": "lines", "type": "lines", "columns": columns})

    assert errors(asked, {"it": "fine", name: "1"}) == {name: refusals.UnknownField}


def test_the_token_and_the_key_of_a_page_are_no_answers() -> None:
    assert forms.read(one("text"), sent({"it": "a", "csrf_token": "t", "key": "k"})) == {"it": "a"}


def test_a_computed_field_cannot_be_sent() -> None:
    assert errors(form(*OFFER["fields"]), {**FILLED, "total": "1"}) == {"total": refusals.UnknownField}


def test_a_flood_of_names_is_refused() -> None:
    with pytest.raises(Invalid):
        forms.read(one("text"), {f"x{n}": ["1"] for n in range(6_000)})


def test_rows_are_counted() -> None:
    columns = [{"key": "a", "type": "integer"}]
    asked = form({"key": "lines", "type": "lines", "columns": columns, "min": 2, "max": 3})

    assert errors(asked, {"lines-0-a": "1"}) == {"lines": refusals.TooFew}
    assert errors(asked, {f"lines-{n}-a": "1" for n in range(4)}) == {"lines": refusals.TooMany}
    assert forms.read(asked, {}) == {"lines": []}


def test_a_column_may_depend_on_the_fields_above_and_the_columns_before() -> None:
    columns = [
        {"key": "price", "type": "money"},
        {"key": "shortage", "type": "yes_no"},
        {"key": "when", "type": "date", "required": True, "when": "shortage"},
        {"key": "net", "type": "computed", "expression": "price * (100 - discount) / 100"},
    ]
    asked = form(
        {"key": "discount", "type": "percent"}, {"key": "lines", "type": "lines", "columns": columns}
    )
    typed = {"discount": "10", "lines-0-price": "50", "lines-1-price": "10", "lines-1-shortage": "yes"}

    assert errors(asked, typed) == {"lines-1-when": refusals.Required}
    typed["lines-1-shortage"] = "no"
    assert [row["net"] for row in forms.read(asked, sent(typed))["lines"]] == [45, 9]


def test_a_draft_keeps_what_was_typed_however_wrong() -> None:
    offer = form(*OFFER["fields"])
    typed = {
        "client": ["nobody"],
        "lines-0-price": [" 12,"],
        "total": ["9"],
        "other": ["x"],
        "reason": ["a\0" * 30_000],
    }

    kept = forms.draft(offer, typed)

    assert kept["client"] == ["nobody"]
    assert kept["lines-0-price"] == [" 12,"]
    assert set(kept) == {"client", "lines-0-price", "reason"}
    assert len(kept["reason"][0]) <= 20_000
    assert "\0" not in kept["reason"][0]


def test_a_form_survives_its_json() -> None:
    offer = forms.load(json.dumps(OFFER))

    assert offer == forms.from_json(json.loads(json.dumps(offer.to_json())))
    assert offer.title == Text(pl="Oferta", en="Offer")
    assert offer.binds == {"total": "deal.amount"}
    assert offer.names == {"client", "lines", "total", "discount", "reason"}
    column = offer.fields[1].column("quantity")
    assert column is not None
    assert column.min == 1


def test_zero_and_false_survive_too() -> None:
    asked = form(
        {"key": "it", "type": "number", "min": 0, "default": 0},
        {"key": "b", "type": "yes_no", "default": False},
    )

    again = forms.from_json(asked.to_json())

    assert again == asked
    assert again.fields[0].min == 0
    assert again.fields[1].default is False


def field_of(**more: Any) -> list[dict[str, Any]]:
    return [{"key": "it", "type": "text", **more}]


LINES = {"key": "rows", "type": "lines", "columns": [{"key": "a", "type": "text"}]}


@pytest.mark.parametrize(
    ("fields", "refusal", "names"),
    [
        (field_of(type="wish"), refusals.UnknownType, "“it”.*wish"),
        (field_of(type=None), refusals.UnknownType, "“it”"),
        (field_of() + field_of(), refusals.SameKey, "“it”"),
        (field_of(key="__builtins__"), refusals.BadKey, "__builtins__"),
        (field_of(key="typename"), refusals.BadKey, "typename"),
        (field_of(key="csrf_token"), refusals.BadKey, "csrf_token"),
        (field_of(key="class"), refusals.TakenKey, "class"),
        (field_of(key="len"), refusals.TakenKey, "len"),
        (field_of(key="today"), refusals.TakenKey, "today"),
        (field_of(key="a__b"), refusals.BadKey, "a__b"),
        (field_of(key="_f_len"), refusals.BadKey, "_f_len"),
        (field_of(key="a-b"), refusals.BadKey, "a-b"),
        (field_of(key="a.b"), refusals.BadKey, "a.b"),
        (field_of(key=""), refusals.BadKey, "“f”"),
        (field_of(key=5), refusals.BadKey, "5"),
        (["text"], refusals.BadKey, "“f”"),
        (field_of(requierd=True), refusals.UnknownProperty, "requierd"),
        (field_of(required="yes"), refusals.UnknownProperty, "required"),
        (field_of(max="3"), refusals.UnknownProperty, "max"),
        (field_of(max=True), refusals.UnknownProperty, "max"),
        (field_of(binds="deal.__class__"), refusals.UnknownProperty, "binds"),
        (field_of(when="1 +"), refusals.BadExpression, "“it”"),
        (field_of(when="().__class__"), refusals.BadExpression, "__class__"),
        (field_of(when="open('x')"), refusals.BadExpression, "open"),
        (field_of(when="it == 'a'"), refusals.ReadsLater, "“it”"),
        ([*field_of(when="later > 1"), {"key": "later", "type": "number"}], refusals.ReadsLater, "later"),
        (field_of(type="date", min="soon"), refusals.ReadsLater, "soon"),
        (field_of(type="date", min="1 +"), refusals.BadExpression, "“it”"),
        (field_of(type="computed"), refusals.PartsMissing, "expression"),
        (field_of(type="choice"), refusals.PartsMissing, "options"),
        (field_of(type="choice", options=["a", "a"]), refusals.SameKey, "it: a"),
        (field_of(type="choice", options=[{"label": "a"}]), refusals.PartsMissing, "options"),
        (field_of(type="choice", options=[5]), refusals.PartsMissing, "options"),
        (field_of(type="lines"), refusals.PartsMissing, "columns"),
        (field_of(type="lines", columns=[LINES]), refusals.UnknownType, "lines"),
        (
            field_of(type="lines", columns=[{"key": "a", "type": "text", "when": "b"}]),
            refusals.ReadsLater,
            "b",
        ),
        (field_of(label=5), refusals.PartsMissing, "pl, en"),
        (field_of(label={"de": "x"}), refusals.PartsMissing, "pl, en"),
    ],
)
def test_a_wrong_form_is_refused_by_field(fields: list[Any], refusal: type[FormWrong], names: str) -> None:
    with pytest.raises(refusal, match=names):
        form(*fields)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "not json",
        "[]",
        "null",
        "[" * 100_000,
        '{"key": "f", "title": "F"}',
        '{"key": "", "title": "F", "fields": []}',
        '{"key": "f", "title": "F", "fields": [], "script": "x"}',
        '{"key": "f", "title": "F", "fields": [{"key": "a", "type": "number", "max": NaN}]}',
        '{"key": "f", "title": "F", "fields": []}' + " " * 200_000,
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_form_is_refused(source: str | bytes) -> None:
    with pytest.raises(refusals.NotAForm):
        forms.load(source)


def test_a_form_without_a_title_is_refused() -> None:
    with pytest.raises(refusals.PartsMissing, match="title"):
        forms.load('{"key": "f", "fields": []}')


def test_a_gateway_without_conditions_becomes_a_choice() -> None:
    ways = [("flow_1", Text(pl="Tak", en="Yes")), ("flow_2", Text(pl="Nie", en="No"))]
    asked = forms.choice_form("fit", Text(pl="Pasuje?", en="Does it fit?"), "way", ways)

    assert forms.from_json(asked.to_json()) == asked
    assert forms.read(asked, {"way": ["flow_2"]}) == {"way": "flow_2"}
    assert errors(asked, {}) == {"way": refusals.Required}


def test_a_gateway_with_several_ways_becomes_choices() -> None:
    ways = [("a", Text(pl="A", en="A")), ("b", Text(pl="B", en="B"))]
    asked = forms.choice_form("which", Text(pl="Które?", en="Which?"), "ways", ways, many=True)

    assert forms.read(asked, {"ways": ["a", "b"]}) == {"ways": ["a", "b"]}


FIRST_ROW = "Produkt: Miotła; Ilość: 3; Cena: 1\u00a0240,10\u00a0PLN; Netto: 3\u00a0720,3"


def test_answers_read_back_in_both_languages() -> None:
    offer = form(*OFFER["fields"])
    answers = forms.read(offer, sent(FILLED), known=Known())
    names = {("client", 2): "Zakład Szczotka", ("product", 1): "Miotła"}

    polish = forms.display(offer, answers, "pl", names=lambda kind, id_: names.get((kind, id_)))
    english = dict(forms.display(offer, {**answers, "reason": None}, "en"))

    assert polish == [
        ("Klient", "Zakład Szczotka"),
        (
            "Pozycje",
            f"{FIRST_ROW}\nProdukt: #9; Ilość: 2; Cena: 0,05\u00a0PLN; Netto: 0,1",
        ),
        ("Razem", "3\u00a0720,4\u00a0PLN"),
        ("Rabat", "7,5\u00a0%"),
        ("Powód rabatu", "Stały klient"),
    ]
    assert english["Client"] == "#2"
    assert english["Total"] == "3,720.4\u00a0PLN"
    assert "Reason" not in english


def test_choices_dates_and_yes_or_no_read_as_words() -> None:
    asked = form(
        {
            "key": "fit",
            "type": "choice",
            "options": [{"value": "y", "label": {"pl": "Pasuje", "en": "It fits"}}],
        },
        {"key": "sure", "type": "yes_no"},
        {"key": "on", "type": "date"},
        {"key": "at", "type": "datetime"},
        {"key": "kinds", "type": "choices", "options": ["a", "b"]},
    )
    answers = {
        "fit": "y",
        "sure": False,
        "on": "2026-11-24",
        "at": "2026-07-01T07:30:00+00:00",
        "kinds": ["b", "a"],
    }

    texts = [text for _, text in forms.display(asked, answers, "pl")]

    assert texts == ["Pasuje", "nie", "24.11.2026", "01.07.2026, 09:30", "b, a"]
    assert forms.display(asked, answers, "en")[2] == ("on", "2026-11-24")
    assert forms.display(asked, {"on": "broken", "fit": "gone"}, "en") == [("fit", "gone"), ("on", "broken")]


def spoken() -> Iterator[type[Refusal]]:
    """Every refusal of the fenced languages."""
    for module in (refusals, decisions_refusals, expressions_refusals):
        for found in vars(module).values():
            if isinstance(found, type) and issubclass(found, Refusal) and found.__module__ == module.__name__:
                yield found


@pytest.mark.parametrize("refusal", list(spoken()), ids=lambda refusal: refusal.__name__)
def test_every_refusal_speaks_polish_with_the_same_places(refusal: type[Refusal]) -> None:
    area = Path(__file__).parents[3] / "webapp" / "translations" / "pl" / "languages.po"
    with area.open("rb") as file:
        catalogue = read_po(file, locale="pl")
    english = " ".join((refusal.__doc__ or "").split())

    message = catalogue.get(english)

    assert message is not None
    assert set(re.findall(r"%\(\w+\)s", str(message.string))) == set(re.findall(r"%\(\w+\)s", english))
    assert message.string
