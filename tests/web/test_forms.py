"""A diagram's form on a page: every type of field, what was typed, what is wrong, what depends on what."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, render_template_string
from sqlalchemy.orm import Session

from engine.people import Person
from engine.process import forms
from engine.process.blueprint import Blueprint, Stage, Text
from engine.process.forms.model import TYPES
from engine.sales.records import Client, Product
from tests.conftest import MONDAY
from tests.web.conftest import Visitor
from webapp import asking
from webapp.access import needs
from webapp.forms import on_invalid

PAGE = """{% extends "layout.html" %}{% from "_form.html" import render_form_fields with context %}
{% block main %}<form method="post">{{ csrf() }}{{ render_form_fields(form, values, errors, locale, plan) }}</form>{% endblock %}"""

EVERYTHING = {
    "key": "everything",
    "title": {"pl": "Wszystko", "en": "Everything"},
    "fields": [
        {
            "key": f"a_{kind}",
            "type": kind,
            "label": {"pl": f"Pole {kind}", "en": f"Field {kind}"},
            "hint": "Careful.",
        }
        | ({"options": ["red", "blue"]} if kind.startswith("choice") else {})
        for kind in sorted(TYPES - {"lines", "computed"})
    ],
}

OFFER = {
    "key": "offer",
    "title": "Offer",
    "fields": [
        {"key": "discount", "type": "percent", "label": "Discount", "required": True, "default": 0},
        {"key": "reason", "type": "text", "label": "Reason", "required": True, "when": "discount > 5"},
        {
            "key": "lines",
            "type": "lines",
            "label": "Lines",
            "rows": 2,
            "columns": [
                {"key": "product", "type": "product", "label": "Product", "required": True},
                {"key": "quantity", "type": "integer", "label": "Quantity", "required": True, "min": 1},
                {"key": "price", "type": "money", "label": "Price"},
                {"key": "net", "type": "computed", "label": "Net", "expression": "quantity * price"},
            ],
        },
        {
            "key": "total",
            "type": "computed",
            "label": "Total",
            "expression": "sum(line.net for line in lines)",
            "unit": "zł",
        },
    ],
}


@pytest.fixture
def page(
    app: Flask, as_: Callable[[Person], Visitor], anna: Person, session: Session
) -> Callable[..., Visitor]:
    """``page(form, values)`` is Anna's browser on an application that shows the form at /form."""
    session.add(Client(name="Młyn Zalesie", created_at=MONDAY))
    session.add(Product(sku="P-1", name="Pompa", name_en="Pump"))
    session.add(Product(sku="P-2", name="Zawór", name_en="Valve", active=False))
    session.commit()

    def show(described: dict[str, Any], values: dict[str, Any] | None = None) -> Visitor:
        form = forms.from_json(described)
        ladder = (Stage("offer", Text(pl="Oferta", en="Offer"), 1),)
        plan = Blueprint(process="p", title=Text(), kind="funnel", diagrams={}, ladder=ladder)

        @needs()
        def look() -> str:
            return render_template_string(PAGE, form=form, values=values or {}, plan=plan)

        @needs()
        @on_invalid(look)
        def send() -> str:
            from flask import request

            return str(forms.read(form, request.form.to_dict(flat=False)))

        app.add_url_rule("/form", "look", look)
        app.add_url_rule("/form", "send", send, methods=["POST"])
        return as_(anna)

    return show


def test_every_type_has_a_control_with_a_label_a_name_and_a_hint(page: Callable[..., Visitor]) -> None:
    shown = page(EVERYTHING).get("/form").get_data(as_text=True)

    for field in EVERYTHING["fields"]:
        assert isinstance(field, dict)
        assert re.search(rf'<(input|select|textarea)[^>]* name="{field["key"]}"', shown), field["key"]
        assert f"Field {field['type']}" in shown
    assert shown.count("Careful.") == len(EVERYTHING["fields"])
    assert "Młyn Zalesie" in shown
    assert "Anna Wilk" in shown
    assert "Pump (P-1)" in shown
    assert "Valve" not in shown
    assert '<option value="offer">Offer</option>' in shown


def test_a_draft_is_put_back_into_the_fields(page: Callable[..., Visitor]) -> None:
    values = {
        "a_text": ["So far <b>"],
        "a_yes_no": ["no"],
        "a_choices": ["red", "blue"],
        "a_money": "1 240,50",
    }

    shown = page(EVERYTHING, values).get("/form").get_data(as_text=True)

    assert 'value="So far &lt;b&gt;"' in shown
    assert re.search(r'name="a_yes_no" value="no" checked', shown)
    assert shown.count('name="a_choices" value="red" checked') == 1
    assert 'value="1 240,50"' in shown


def test_a_form_with_mistakes_keeps_what_was_typed_and_names_the_fields(page: Callable[..., Visitor]) -> None:
    answer = page(OFFER).send("/form", {"discount": "a lot", "lines-0-product": "1", "lines-0-quantity": "0"})

    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="a lot"' in shown
    assert 'id="discount-wrong"' in shown
    assert re.search(r'name="lines-0-quantity"[^>]* aria-invalid="true"', shown)
    assert re.search(r'<option value="1" selected>Pump', shown)


def test_a_field_appears_when_the_answer_above_asks_for_it(page: Callable[..., Visitor]) -> None:
    browser = page(OFFER)
    assert 'name="reason"' not in browser.get("/form").get_data(as_text=True)

    answer = browser.send("/form", {"discount": "7"}, headers={"X-Fields": "1"})

    assert answer.status_code == 200
    shown = answer.get_data(as_text=True)
    assert 'name="reason"' in shown
    assert "aria-invalid" not in shown
    assert browser.send("/form", {"discount": "7"}).status_code == 422


def test_totals_are_worked_out_before_anything_is_sent(page: Callable[..., Visitor]) -> None:
    typed = {"discount": "0", "lines-0-quantity": "3", "lines-0-price": "1 000,50"}

    shown = page(OFFER).send("/form", typed, headers={"X-Fields": "1"}).get_data(as_text=True)

    assert shown.replace("\N{NO-BREAK SPACE}", " ").count("3,001.50") == 2


def test_lines_offer_a_spare_row(page: Callable[..., Visitor]) -> None:
    shown = (
        page(OFFER, {"lines-0-quantity": ["2"], "lines-1-quantity": ["5"]})
        .get("/form")
        .get_data(as_text=True)
    )

    assert 'name="lines-2-quantity"' in shown
    assert 'name="lines-3-quantity"' not in shown


def test_answers_become_names_of_a_page() -> None:
    answers = {"discount": 3, "lines": [{"product": 1}, {"product": 2}], "tags": ["a"]}

    assert asking.flat(answers) == {"discount": 3, "lines-0-product": 1, "lines-1-product": 2, "tags": ["a"]}
