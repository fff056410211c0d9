"""The form of a wording without script: rows of cases and steps, times with units, everything kept when it comes back."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.history import Event
from engine.people import Department, Person
from engine.sales import negotiating
from engine.sales.agreements import Agreement, AgreementVersion
from tests.conftest import MONDAY
from tests.web import sales_kit
from tests.web.conftest import Visitor

Enter = Callable[[Person], Visitor]
ROW = {"promise_number": "", "promise_unit": "days", "deliver_unit": "days"}


def rows(name: str, *given: dict[str, str]) -> dict[str, str]:
    """Rows as the form sends them."""
    sent = {f"{name}-{at}-{key}": value for at, row in enumerate(given) for key, value in row.items()}
    return {f"{name}-asked": "1", **sent}


CASES = rows(
    "table",
    {**ROW, "from": "1 000 000", "deliver_number": "6"},
    {**ROW, "from": "200000", "to": "1000000", "product_line": "wms, rfid", "deliver_number": "5"},
    {**ROW, "kind": "extension", "deliver_number": "4", "deliver_unit": "hours"},
    dict(ROW),
)
STEPS = rows(
    "steps",
    {"number": "2", "unit": "days", "side": "after", "who": "common_manager", "how": "task"},
    {"number": "4", "unit": "hours", "side": "before", "who": "provider_head", "how": "notice"},
    {"number": "", "unit": "days", "side": "after", "who": "consumer_head", "how": "notice"},
    {"number": "", "unit": "days", "side": "after", "who": "", "how": "notice"},
)
WHOLE = {
    "title": "Wycena",
    "deliverable": "Wycena z kalkulacją",
    "deliver_time_number": "4",
    "deliver_time_unit": "days",
    "accepts": "consumer",
    "acceptance_window_number": "2",
    "acceptance_window_unit": "days",
    "capacity_week": "5",
    "in_flight": "new",
    "notice_number": "10",
    "notice_unit": "days",
    **CASES,
    **STEPS,
}


def without_cases() -> dict[str, str]:
    """The whole form, its table of cases empty."""
    return {name: value for name, value in WHOLE.items() if not name.startswith("table-")}


@pytest.fixture
def sides(departments: dict[str, Department], clara: Person, borys: Person) -> dict[str, int]:
    """Legal delivers, Sales receives; both have heads."""
    return {"provider": departments["legal"].id, "consumer": departments["sales"].id}


def made(session: Session) -> dict[str, Any]:
    return session.scalars(select(AgreementVersion).order_by(AgreementVersion.number.desc())).all()[0].terms


def test_rows_become_a_table_and_steps(
    as_: Enter, clara: Person, sides: dict[str, int], session: Session
) -> None:
    answer = as_(clara).send("/agreements/new", {**WHOLE, **sides})

    assert answer.status_code == 303, answer.get_data(as_text=True)
    said = made(session)
    assert [each["expression"] for each in said["table"]["inputs"]] == [
        "deal.amount",
        "deal.product_line",
        "deal.kind",
    ]
    assert [each["when"] for each in said["table"]["rules"]] == [
        [">= 1000000", "-", "-"],
        ["[200000..1000000)", '"wms", "rfid"', "-"],
        ["-", "-", '"extension"'],
    ]
    assert [each["deliver_time"] for each in said["table"]["rules"]] == ["P6D", "P5D", "PT4H"]
    assert [(each["after"], each["who"]) for each in said["steps"]] == [
        ("-PT4H", "provider_head"),
        ("P0D", "consumer_head"),
        ("P2D", "common_manager"),
    ]
    assert (said["notice"], said["in_flight"], said["capacity_week"]) == ("P10D", "new", 5)


def test_what_was_signed_is_shown_in_the_form_and_sent_back_unchanged(
    as_: Enter, clara: Person, borys: Person, sides: dict[str, int], session: Session
) -> None:
    as_(clara).send("/agreements/new", {**WHOLE, **sides})
    found = session.scalars(select(Agreement)).one()
    path = f"/agreements/{found.id}/wording"
    page = as_(borys).get(path).get_data(as_text=True)
    answer = as_(borys).send(path, typed_on(page))

    assert answer.status_code == 400
    assert "These terms are the same as before" in answer.get_data(as_text=True)


def typed_on(page: str) -> dict[str, str]:
    """What the form of a page sends when nobody touches it."""
    form = page[page.index('<form class="pane pane-body terms-form"') :]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        radio = 'type="radio"' in tag and "checked" not in tag
        if name and not radio and name[1] != "csrf_token":
            found[name[1]] = value[1] if value else ""
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        first = re.search(r'value="([^"]*)"', options)
        found[name] = chosen[1] if chosen else first[1] if first else ""
    areas = re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL)
    return {name: unescape(value) for name, value in (found | dict(areas)).items()}


def test_another_row_comes_without_script_and_nothing_is_judged(
    as_: Enter, clara: Person, sides: dict[str, int], session: Session
) -> None:
    fields = {**WHOLE, **sides, "title": "", "more": "table", "deliver_time_number": "wiele"}
    answer = as_(clara).send("/agreements/new", fields)

    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert 'name="table-4-from"' in page
    assert 'name="table-5-from"' not in page
    assert 'value="1 000 000"' in page
    assert 'value="wiele"' in page
    assert "This is needed." not in page
    assert session.scalars(select(Agreement)).all() == []


def test_everything_that_is_wrong_is_said_at_once_beside_its_field(
    as_: Enter, clara: Person, sides: dict[str, int], session: Session
) -> None:
    wrong = {
        "title": "",
        "deliver_time_number": "trzy",
        "capacity": "0",
        "accepts": "at_once",
        "valid_to": "2026-01-01",
        "provider": "",
    }
    answer = as_(clara).send("/agreements/new", {**WHOLE, **sides, **wrong})

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for field in ("title", "deliver_time", "capacity", "acceptance_window", "provider"):
        assert f'id="{field}-wrong"' in page, field
    assert "Give a whole number." in page
    assert "Nothing is sent yet: some fields need a correction." in page
    assert 'value="trzy"' in page
    assert 'value="1 000 000"' in page
    assert session.scalars(select(Agreement)).all() == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({**ROW, "from": "dużo", "deliver_number": "6"}, "Row 1 of the table, column “Amount”: “dużo”"),
        ({**ROW, "from": "500", "to": "100", "deliver_number": "6"}, "Row 1 of the table, column “Amount”"),
        ({**ROW, "from": "100", "deliver_number": ""}, "Row 1 of the table says no time"),
        ({**ROW, "from": "100", "deliver_number": "sześć"}, "Row 1 of the table says no time"),
    ],
)
def test_a_row_that_cannot_be_read_says_which_and_stays(
    as_: Enter, clara: Person, sides: dict[str, int], row: dict[str, str], said: str
) -> None:
    answer = as_(clara).send("/agreements/new", {**without_cases(), **sides, **rows("table", row)})

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert said in page
    assert f'value="{row["from"]}"' in page


def test_something_else_may_be_asked_of_a_deal(
    as_: Enter, clara: Person, sides: dict[str, int], session: Session
) -> None:
    row = rows("table", {**ROW, "other": '"high"', "deliver_number": "1"})
    asked = {"table-other": "deal.priority", "table-other_label": "Priorytet"}
    client = as_(clara)
    client.send("/agreements/new", {**without_cases(), **sides, **asked, **row})
    wrong = client.send(
        "/agreements/new", {**without_cases(), **sides, **asked, **row, "table-other": "deal.("}
    )

    assert made(session)["table"]["inputs"] == [{"expression": "deal.priority", "label": "Priorytet"}]
    assert wrong.status_code == 422
    assert "Column" in wrong.get_data(as_text=True)


ABOVE = {
    "inputs": [{"expression": "deal.amount", "label": "Kwota"}],
    "rules": [{"when": ["> 1000000"], "promise_time": None, "deliver_time": "P6D"}],
}


@pytest.fixture
def asked(session: Session, clara: Person, borys: Person, departments: dict[str, Department]) -> Agreement:
    """Clara of Sales proposed to Legal words with a table that is written in signs; Borys has to answer."""
    legal, sales = departments["legal"], departments["sales"]
    said = {**sales_kit.TERMS, "table": ABOVE}
    found = negotiating.draft(
        session, "Wycena", provider=legal, consumer=sales, terms=said, by=clara, now=MONDAY
    )
    negotiating.propose(session, found, by=clara, now=MONDAY)
    session.commit()
    return found


def test_a_table_written_in_signs_is_shown_cell_by_cell_and_sent_back_unchanged(
    as_: Enter, borys: Person, asked: Agreement, session: Session
) -> None:
    path = f"/agreements/{asked.id}/wording"
    page = as_(borys).get(path).get_data(as_text=True)
    answer = as_(borys).send(path, {**typed_on(page), "target": "70"})

    assert 'name="table-0-c0" value="&gt; 1000000"' in page
    assert 'aria-label="Kwota, row 1"' in page
    assert answer.status_code == 303
    assert (made(session)["target"], made(session)["table"]) == (70, ABOVE)


def test_cells_rows_and_columns_are_changed_without_script(
    as_: Enter, borys: Person, asked: Agreement, session: Session
) -> None:
    client, path = as_(borys), f"/agreements/{asked.id}/wording"
    sent = typed_on(client.get(path).get_data(as_text=True))
    more = client.send(path, {**sent, "more": "table"}).get_data(as_text=True)
    column = {"table-expression-1": "deal.kind", "table-label-1": "Rodzaj", "more": "columns"}
    wider = client.send(path, {**sent, **column}).get_data(as_text=True)
    row = {"table-1-c0": "<= 5000", "table-1-c1": '"service"', "table-1-deliver_number": "1"}
    cells = {"table-0-c0": "> 500000", "table-1-deliver_unit": "days"}
    client.send(path, {**typed_on(wider), **cells, **row})

    assert 'name="table-2-c0"' in more
    assert 'aria-label="Rodzaj, row 1"' in wider
    said = made(session)["table"]
    assert [each["expression"] for each in said["inputs"]] == ["deal.amount", "deal.kind"]
    assert [each["when"] for each in said["rules"]] == [["> 500000", "-"], ["<= 5000", '"service"']]


def test_an_empty_row_and_a_column_that_asks_nothing_go(
    as_: Enter, borys: Person, asked: Agreement, session: Session
) -> None:
    path = f"/agreements/{asked.id}/wording"
    sent = typed_on(as_(borys).get(path).get_data(as_text=True))
    gone = {"table-0-c0": "", "table-0-deliver_number": "", "table-expression-0": ""}
    as_(borys).send(path, {**sent, **gone})

    assert "table" not in made(session)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"table-0-c0": "> > 5"}, "Row 1 of the table, column “Kwota”: “&gt; &gt; 5” cannot be read"),
        ({"table-0-c0": "x" * 300}, "Row 1 of the table, column “Kwota”"),
        ({"table-expression-0": "__import__("}, "Column 1 of the table cannot be read: “__import__(”"),
        ({"table-expression-0": ""}, "The table of cases needs up to 6 columns"),
        ({"table-0-deliver_number": "sześć"}, "Row 1 of the table says no time"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named_and_stays(
    as_: Enter, borys: Person, asked: Agreement, wrong: dict[str, str], said: str, session: Session
) -> None:
    path = f"/agreements/{asked.id}/wording"
    sent = typed_on(as_(borys).get(path).get_data(as_text=True))
    answer = as_(borys).send(path, {**sent, **wrong})

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert said in page
    assert 'id="table-wrong"' in page
    assert made(session)["table"] == ABOVE


def test_rows_of_amounts_may_be_written_as_cells(
    as_: Enter, clara: Person, sides: dict[str, int], session: Session
) -> None:
    page = as_(clara).send("/agreements/new", {**WHOLE, **sides, "more": "written"}).get_data(as_text=True)
    sent = typed_on(page)
    as_(clara).send("/agreements/new", {**sent, **sides, "table-0-c0": "> 1000000"})

    assert sent["table-0-c0"] == ">= 1000000"
    assert made(session)["table"]["rules"][0]["when"] == ["> 1000000", "-", "-"]


def test_a_head_of_another_department_proposes_nothing_for_these_two(
    as_: Enter, anna: Person, sides: dict[str, int], session: Session
) -> None:
    answer = as_(anna).send("/agreements/new", {**WHOLE, **sides})

    assert answer.status_code == 400
    assert "Only the head of" in answer.get_data(as_text=True)
    assert "Wycena z kalkulacją" in answer.get_data(as_text=True)
    assert session.scalars(select(Agreement)).all() == []


def test_the_form_speaks_polish(as_: Enter, clara: Person, sides: dict[str, int]) -> None:
    clara.locale = "pl"
    page = as_(clara).get("/agreements/new").get_data(as_text=True)

    assert "Gdy coś pójdzie źle" in page
    assert "Dodaj wiersz" in page


# ------------------------------------------------------------------------------------------- tried on history


def test_a_changed_term_says_beside_itself_what_it_would_have_meant_and_nothing_is_kept(
    as_: Enter, borys: Person, asked: Agreement, session: Session
) -> None:
    client, path = as_(borys), f"/agreements/{asked.id}"
    sent = typed_on(client.get(f"{path}/wording").get_data(as_text=True))
    events = len(session.scalars(select(Event)).all())
    changed = {**sent, "deliver_time_number": "12", "deliver_time_unit": "days"}
    page = client.send(f"{path}/trial", changed).get_data(as_text=True)
    live = client.send(f"{path}/trial", changed, headers={"HX-Request": "true"}).get_data(as_text=True)

    said = '<p class="effect" id="effect-deliver_time"{}>Too few to judge: 0 cases in 90 days.</p>'
    assert said.format("") in page
    assert 'name="deliver_time_number" inputmode="numeric" value="12"' in page
    assert said.format(' hx-swap-oob="true"') in live
    assert '<p class="effect" id="effect-target" hx-swap-oob="true"></p>' in live
    assert "1 term is changed." in live
    assert "<html" not in live
    session.expire_all()
    assert len(session.scalars(select(Event)).all()) == events
    assert [each.number for each in session.scalars(select(AgreementVersion))] == [1]


def test_words_as_they_are_have_nothing_to_try(as_: Enter, borys: Person, asked: Agreement) -> None:
    client, path = as_(borys), f"/agreements/{asked.id}"
    sent = typed_on(client.get(f"{path}/wording").get_data(as_text=True))
    live = client.send(f"{path}/trial", sent, headers={"HX-Request": "true"}).get_data(as_text=True)

    assert "Nothing is changed yet." in live


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"deliver_time_number": "P1D; DROP"}, "Time to deliver", "Give a whole number."),
        ({"deliver_time_number": "999999999999"}, "Time to deliver", "Give a whole number."),
        ({"capacity": "-1"}, "Open at once, at most", "Give a whole number."),
        ({"table-0-c0": "__import__('os')"}, "Other times in these cases", "cannot be read"),
        ({"ready": "x" * 600}, "Ready, when", "This is too long"),
        ({"accepts": "nobody"}, "Accepted by", "Choose one of"),
    ],
)
def test_what_cannot_be_tried_is_refused_by_field(
    as_: Enter, borys: Person, asked: Agreement, wrong: dict[str, str], field: str, said: str
) -> None:
    client, path = as_(borys), f"/agreements/{asked.id}"
    sent = {**typed_on(client.get(f"{path}/wording").get_data(as_text=True)), **wrong}
    live = client.send(f"{path}/trial", sent, headers={"HX-Request": "true"}).get_data(as_text=True)
    answer = client.send(f"{path}/trial", sent)

    assert "This cannot be tried yet:" in live
    assert f"{field}: " in live
    assert said in live
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)


def test_strangers_try_nothing(as_: Enter, asked: Agreement, adam: Person) -> None:
    answer = as_(adam).send(f"/agreements/{asked.id}/trial", {"deliver_time_number": "1"})

    assert answer.status_code == 404


# ------------------------------------------------------------------------------------------- drafts of answers


def test_an_answer_is_kept_as_a_draft_that_the_other_side_does_not_see(
    as_: Enter, borys: Person, clara: Person, asked: Agreement, session: Session
) -> None:
    client, path = as_(borys), f"/agreements/{asked.id}"
    sent = typed_on(client.get(f"{path}/wording").get_data(as_text=True))
    client.send(f"{path}/wording", {**sent, "target": "61", "draft": "1"})
    client.send(f"{path}/wording", {**sent, "target": "62", "draft": "1"})
    form = client.get(f"{path}/wording").get_data(as_text=True)
    theirs = as_(clara).get(path).get_data(as_text=True)

    assert [(each.number, each.state) for each in session.scalars(select(AgreementVersion))] == [
        (1, "proposed"),
        (2, "draft"),
    ]
    assert (
        session.get_one(Agreement, asked.id).negotiating_version_id
        == session.scalars(select(AgreementVersion.id).where(AgreementVersion.number == 1)).one()
    )
    assert 'name="target" inputmode="numeric" autocomplete="off" value="62"' in form
    assert "Your side keeps a draft" in client.get(path).get_data(as_text=True)
    assert "keeps a draft" not in theirs
    assert "/versions/2" not in theirs
    assert as_(clara).get(f"{path}/versions/2").status_code == 404


def test_what_is_sent_takes_the_place_of_the_draft(
    as_: Enter, borys: Person, asked: Agreement, session: Session
) -> None:
    client, path = as_(borys), f"/agreements/{asked.id}/wording"
    sent = typed_on(client.get(path).get_data(as_text=True))
    client.send(path, {**sent, "target": "61", "draft": "1"})
    again = typed_on(client.get(path).get_data(as_text=True))
    answer = client.send(path, again)

    assert answer.status_code == 303
    rows = session.execute(select(AgreementVersion.number, AgreementVersion.state)).all()
    assert [tuple(each) for each in rows] == [(1, "superseded"), (2, "countered")]
    assert made(session)["target"] == 61


def test_a_draft_is_dropped(as_: Enter, borys: Person, asked: Agreement, session: Session) -> None:
    client, path = as_(borys), f"/agreements/{asked.id}/wording"
    sent = typed_on(client.get(path).get_data(as_text=True))
    client.send(path, {**sent, "target": "61", "draft": "1"})
    answer = client.send(path, {**sent, "drop": "1"})

    assert answer.location.endswith(path)
    assert [each.number for each in session.scalars(select(AgreementVersion))] == [1]
    assert 'value="61"' not in client.get(path).get_data(as_text=True)


def test_members_keep_no_draft(as_: Enter, anna: Person, asked: Agreement, session: Session) -> None:
    client, path = as_(anna), f"/agreements/{asked.id}/wording"
    client.send(path, {"deliverable": "Inne", "deliver_time_number": "2", "draft": "1", "version": "1"})

    assert [each.number for each in session.scalars(select(AgreementVersion))] == [1]
