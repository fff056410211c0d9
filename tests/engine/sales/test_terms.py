"""What an agreement says is read field by field; what cannot be meant is refused at its field."""

from typing import Any

import pytest

from engine.errors import Invalid
from engine.sales import cases, terms
from tests.conftest import MONDAY

PLAIN = {"deliverable": "Projekt umowy", "deliver_time": "P3D"}
TABLE = {
    "inputs": [{"expression": "deal.amount", "label": "Kwota"}, {"expression": "priority"}],
    "rules": [
        {"when": ["> 1000000", "-"], "promise_time": None, "deliver_time": "P6D"},
        {"when": [None, '"pilne"'], "promise_time": "PT1H"},
    ],
}


def wrong(**more: Any) -> dict[str, type]:
    with pytest.raises(Invalid) as caught:
        terms.clean({**PLAIN, **more})
    return {field: type(refusal) for field, refusal in caught.value.errors.items()}


@pytest.mark.parametrize(
    ("field", "raw", "refusal"),
    [
        ("capacity", "0", terms.OutOfRange),
        ("capacity", "-1", terms.NotANumber),
        ("capacity_week", "0", terms.OutOfRange),
        ("target", "0", terms.OutOfRange),
        ("target", "101", terms.OutOfRange),
        ("target", "9,5", terms.NotANumber),
        ("target", "٩٠", terms.NotANumber),
        ("rework", "x", terms.NotANumber),
        ("deliver_time", "P0D", terms.NoTimeAtAll),
        ("deliver_time", "trzy dni", terms.NotADuration),
        ("deliver_time", "P99999D", terms.NotADuration),
        ("valid_from", "jutro", terms.NotADay),
        ("valid_from", "0026-01-01", terms.NotADay),
        ("accepts", "maybe", terms.NotAChoice),
        ("acceptance_window", "P2D", terms.OnlyWhenAccepted),
        ("steps", '[{"after": "P1D", "who": "everybody", "how": "task"}]', terms.StepUnreadable),
        ("steps", '[{"after": "", "who": "director", "how": "task"}]', terms.StepUnreadable),
        ("steps", "{", cases.NotATable),
        ("ready", "x" * 600, terms.TooMuch),
    ],
)
def test_a_term_that_cannot_be_meant_is_refused_at_its_field(field: str, raw: str, refusal: type) -> None:
    assert wrong(**{field: raw}) == {field: refusal}


def test_what_is_needed_is_named() -> None:
    with pytest.raises(Invalid) as caught:
        terms.clean({"target": "90"})

    assert set(caught.value.errors) == {"deliverable", "deliver_time"}


def test_it_ends_after_it_begins_and_is_reviewed_in_between() -> None:
    begins = {"valid_from": "2026-12-01"}

    assert wrong(**begins, valid_to="2026-12-01") == {"valid_to": terms.EndsBeforeItBegins}
    assert wrong(**begins, review_on="2026-11-30") == {"review_on": terms.ReviewedOutside}
    assert wrong(valid_to="2027-01-01", review_on="2027-01-02") == {"review_on": terms.ReviewedOutside}
    assert terms.clean({**PLAIN, **begins, "valid_to": "2027-06-30", "review_on": "2027-06-30"})


def test_what_goes_without_saying_is_not_written_down() -> None:
    plain = terms.clean(PLAIN)

    assert terms.clean({**PLAIN, "accepts": "at_once", "in_flight": "old", "ready": "\n \n"}) == plain
    assert terms.clean({**PLAIN, "in_flight": "new"})["in_flight"] == "new"


def test_cleaning_twice_changes_nothing() -> None:
    steps = [
        {"after": "P1D", "who": "director", "how": "task"},
        {"after": "-pt4h", "who": "provider_head", "how": "notice"},
    ]
    once = terms.clean(
        {**PLAIN, "table": TABLE, "steps": steps, "accepts": "consumer", "acceptance_window": "P2D"}
    )

    assert terms.clean(once) == once
    assert [each["after"] for each in once["steps"]] == ["-PT4H", "P1D"]


@pytest.mark.parametrize(
    ("facts", "times"),
    [
        ({"deal": {"amount": 2_000_000}}, (None, "P6D", 0)),
        ({"deal": {"amount": 5}, "priority": "pilne"}, ("PT1H", "P3D", 1)),
        ({"deal": {"amount": 2_000_000}, "priority": "pilne"}, (None, "P6D", 0)),
        ({"deal": {"amount": 5}, "priority": "zwykłe"}, (None, "P3D", None)),
        ({}, (None, "P3D", None)),
        ({"deal": {"amount": "dużo"}}, (None, "P3D", None)),
    ],
)
def test_the_first_case_that_applies_says_the_times(facts: dict[str, Any], times: tuple[Any, ...]) -> None:
    said = terms.clean({**PLAIN, "table": TABLE})

    assert terms.said_for(said, facts, MONDAY) == times


@pytest.mark.parametrize(
    ("table", "refusal"),
    [
        ({"inputs": [], "rules": [{"when": [], "deliver_time": "P1D"}]}, cases.NotATable),
        ({"inputs": [{"expression": "deal.amount"}], "rules": [{"when": [], "deliver_time": "P1D"}]}, cases.NotATable),
        ({"inputs": [{"expression": "1 +"}], "rules": [{"when": ["1"]}]}, cases.ColumnUnreadable),
        ({"inputs": [{"expression": "42"}], "rules": [{"when": ["1"]}]}, cases.ColumnUnreadable),
        ({"inputs": [{"expression": "deal.amount"}], "rules": [{"when": ["> >"], "deliver_time": "P1D"}]}, cases.CellUnreadable),
        ({"inputs": [{"expression": "deal.amount"}], "rules": [{"when": ["> 1"]}]}, cases.RowWithoutTime),
        ({"inputs": [{"expression": "deal.amount"}], "rules": [{"when": ["> 1"], "deliver_time": "soon"}]}, cases.RowWithoutTime),
        ({"inputs": [{"expression": "deal.amount"}], "rules": [{"when": ["> 1"], "deliver_time": "P0D"}]}, cases.RowWithoutTime),
        ("[1, 2", cases.NotATable),
        ([1], cases.NotATable),
    ],
)  # fmt: skip
def test_a_table_that_could_not_decide_is_refused_before_it_is_signed(table: Any, refusal: type) -> None:
    assert wrong(table=table) == {"table": refusal}


def test_a_table_without_rows_says_nothing() -> None:
    assert "table" not in terms.clean(
        {**PLAIN, "table": {"inputs": [{"expression": "deal.amount"}], "rules": []}}
    )


def test_rows_of_a_table_are_compared_row_by_row() -> None:
    old = terms.clean({**PLAIN, "table": TABLE})
    first, second = old["table"]["rules"]
    between = {"when": ["> 500000", "-"], "promise_time": None, "deliver_time": "P4D"}
    new = {**old, "table": {**old["table"], "rules": [first, between, second]}}

    (found,) = [each for each in terms.difference(old, new) if each.changed]

    assert [(row.before, row.after) for row in found.rows] == [
        (first, first),
        (None, between),
        (second, second),
    ]


def test_a_step_that_changed_stands_beside_what_it_was() -> None:
    step = {"after": "P1D", "who": "provider_head", "how": "notice"}
    old, new = {**PLAIN, "steps": [step]}, {**PLAIN, "steps": [{**step, "how": "task"}]}

    (found,) = [each for each in terms.difference(old, new) if each.changed]

    assert [(row.before, row.after, row.changed) for row in found.rows] == [
        (step, {**step, "how": "task"}, True)
    ]
