"""The database through the web: lists, the filter builder, saved sections, export, clients and leads by form."""

import csv
import io
import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Person
from engine.process import definitions, doctor
from engine.sales import clients, leads, rules, sections
from engine.sales.deals import Deal
from engine.sales.records import Client, Contact, Contract, Lead
from engine.sales.sections import Section
from engine.sales.subjects import SUBJECTS
from tests.conftest import MONDAY
from tests.engine.sales.kit import sale
from tests.engine.sales.test_leads import FUNNEL
from tests.web.conftest import Visitor
from tests.web.test_work import text

As = Callable[[Person], Visitor]
BIG: dict[str, Any] = {"field": "amount", "op": "over", "value": "5000"}


@pytest.fixture
def deals(session: Session, anna: Person) -> list[Deal]:
    """Two deals of Anna's, a small one and a big one."""
    made = [sale(session, anna, 1000, title="Suwnica"), sale(session, anna, 90000, title="Linia")]
    for deal in made:
        deal.department_id = anna.department_ids[0]
    session.commit()
    return made


def listed(page: Any) -> list[str]:
    """The records of a list, by their first column."""
    return re.findall(r'<a class="what" href="[^"]+">([^<]*)</a>', page.get_data(as_text=True))


def asked(address: str) -> dict[str, str]:
    """The query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def address(subject: str, **query: Any) -> str:
    """A list under rules."""
    parts = {name: json.dumps(value) if name == "rules" else value for name, value in query.items()}
    return f"/database/{subject}?{urlencode(parts)}"


# ------------------------------------------------------------------------------------------------ lists


def test_the_database_opens_with_deals_and_every_kind_of_record_is_a_list(as_: As, anna: Person) -> None:
    browser = as_(anna)

    assert browser.get("/database/").location == "/database/deals"
    for subject in SUBJECTS:
        assert browser.get(f"/database/{subject}").status_code == 200
    assert browser.get("/database/payroll").status_code == 404


def test_a_list_is_filtered_and_sorted_by_its_address(as_: As, deals: list[Deal], anna: Person) -> None:
    browser = as_(anna)

    assert listed(browser.get(address("deals", sort="amount"))) == ["Suwnica", "Linia"]
    page = browser.get(address("deals", rules=BIG))
    assert listed(page) == ["Linia"]
    assert "Amount is over 5,000" in text(page)
    assert "1 record " in text(page)


def test_who_may_not_see_a_deal_does_not_see_it_in_any_list(
    as_: As, deals: list[Deal], borys: Person
) -> None:
    assert listed(as_(borys).get("/database/deals")) == []
    assert listed(as_(borys).get(address("deals", rules={"not": BIG}))) == []


def test_who_neither_sells_nor_directs_has_no_database(as_: As, adam: Person) -> None:
    for path in ("/database/deals", "/database/clients/new", "/database/leads/new", "/database/deals/export"):
        assert as_(adam).get(path).status_code == 403


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"rules": {"field": "salary", "op": "is", "value": "1"}}, "There is no field “salary”"),
        ({"rules": {"field": "amount", "op": "like", "value": "1"}}, "“Amount” cannot be compared by “like”"),
        (
            {"rules": {"field": "amount", "op": "over", "value": "many"}},
            "“many” is not a value that “Amount” can have",
        ),
        ({"rules": ["x"]}, "This filter cannot be read"),
        ({"sort": "salary"}, "There is no field “salary”"),
        ({"columns": "title,salary"}, "There is no field “salary”"),
    ],
)
def test_a_list_that_cannot_be_asked_for_says_what_is_wrong(
    as_: As, anna: Person, query: dict[str, Any], said: str
) -> None:
    page = as_(anna).get(address("deals", **query))

    assert page.status_code == 400
    assert said in text(page)


def test_what_is_wrong_is_said_in_the_readers_language(as_: As, session: Session, anna: Person) -> None:
    anna.locale = "pl"
    session.commit()

    page = as_(anna).get(address("deals", rules={"field": "amount", "op": "over", "value": "dużo"}))

    assert "„dużo” nie może być wartością pola „Kwota”." in text(page)


def test_rules_that_are_no_json_are_refused(as_: As, anna: Person) -> None:
    assert as_(anna).get("/database/deals?rules={").status_code == 400
    assert as_(anna).get("/database/deals?section=99").status_code == 404


def test_a_long_list_is_turned_page_by_page(as_: As, session: Session, anna: Person) -> None:
    session.add_all(Client(name=f"Client {number:03}", created_at=MONDAY) for number in range(60))
    session.commit()

    first, second = (listed(as_(anna).get(address("clients", page=page))) for page in (1, 2))

    assert (len(first), len(second)) == (50, 10)
    assert (first[0], second[-1]) == ("Client 000", "Client 059")


# ------------------------------------------------------------------------------------------------ the builder


def built(browser: Visitor, **fields: Any) -> Any:
    """The rules that a press of the builder leads to."""
    answer = browser.get("/database/deals/filter", query_string=fields)
    assert answer.status_code == 302
    return json.loads(asked(answer.location).get("rules", "{}"))


ROW = {"groups": "1", "g0": "1", "g0m": "all", "g0r0f": "amount", "g0r0o": "over", "g0r0v": "5000"}
SECOND = {"g0": "2", "g0r1f": "status", "g0r1o": "one_of", "g0r1v": ["won", "lost"]}


def test_the_builder_writes_groups_of_rules(as_: As, anna: Person) -> None:
    browser = as_(anna)
    won = {"field": "status", "op": "one_of", "value": ["won", "lost"]}

    assert built(browser, **ROW) == BIG
    assert built(browser, **{**ROW, **SECOND}) == {"all": [BIG, won]}
    assert built(browser, **{**ROW, **SECOND, "g0m": "any"}) == {"any": [BIG, won]}
    assert built(browser, **{**ROW, **SECOND, "g0m": "none"}) == {"not": {"any": [BIG, won]}}
    two = {**ROW, "groups": "2", "m": "any", "g1": "1", "g1m": "none", "g1r0f": "title", "g1r0o": "empty"}
    assert built(browser, **two) == {"any": [BIG, {"not": {"any": [{"field": "title", "op": "empty"}]}}]}


def test_buttons_of_the_builder_add_and_take_away(as_: As, anna: Person) -> None:
    browser = as_(anna)
    fresh = {"field": "number", "op": "filled"}

    assert built(browser, groups="1", g0="0", press="add:0") == fresh
    assert built(browser, **ROW, press="add:0") == {"all": [BIG, fresh]}
    assert built(browser, **ROW, press="group") == {"all": [BIG, fresh]}
    assert built(browser, **{**ROW, **SECOND}, press="remove:0.1") == BIG
    assert built(browser, **ROW, press="remove:0.0") == {}


def test_a_value_that_cannot_be_read_is_named_and_begins_anew(as_: As, anna: Person) -> None:
    browser = as_(anna)

    answer = browser.get(
        "/database/deals/filter", query_string={**ROW, "g0r0v": "many"}, follow_redirects=True
    )

    assert "“many” is not a value that “Amount” can have." in text(answer)
    assert built(browser, **{**ROW, "g0r0v": "many"}) == {**BIG, "value": "0"}


def test_choosing_another_field_begins_its_rule_anew_without_a_word(as_: As, anna: Person) -> None:
    changed = {**ROW, "g0r0f": "opened_at", "press": "refresh:g0r0f"}

    assert built(as_(anna), **changed) == {"field": "opened_at", "op": "filled"}
    answer = as_(anna).get(
        "/database/deals/filter", query_string={**changed, "g0r0o": "on"}, follow_redirects=True
    )
    assert "is not a value" not in text(answer)
    assert 'name="g0r0f" aria-label="Field" autofocus' in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "filter_",
    [
        {},
        BIG,
        {"any": [BIG, {"field": "title", "op": "empty"}]},
        {"not": {"any": [BIG]}},
        {"not": BIG},
        {"all": [BIG, {"any": [BIG, BIG]}, {"not": {"any": [BIG, BIG]}}]},
        {"any": [{"all": [BIG, {"field": "expected_close", "op": "on", "value": "2026-12-01"}]}, BIG]},
        {"all": [BIG, {"not": {"all": [BIG, BIG]}}]},
        {"any": [BIG, {"all": [BIG, {"any": [BIG, {"not": BIG}]}]}]},
    ],
)
def test_what_the_builder_shows_it_writes_back_with_the_same_meaning(
    as_: As, session: Session, deals: list[Deal], anna: Person, filter_: Any
) -> None:
    page = as_(anna).get(address("deals", rules=filter_, filter="open")).get_data(as_text=True)

    form = page.split('class="builder-form')[1].split("</form>")[0]
    again = built(as_(anna), **_fields(form))

    viewer = rules.Viewer(session, anna, MONDAY)
    assert _ids(session, again, viewer) == _ids(session, filter_, viewer)
    assert sorted(rules.keys(again)) == sorted(rules.keys(filter_))


def _ids(session: Session, filter_: Any, viewer: rules.Viewer) -> list[int]:
    return [deal.id for deal in session.scalars(rules.query(SUBJECTS["deals"], filter_, viewer))]


def _fields(form: str) -> dict[str, list[str]]:
    """What a browser would send of a form."""
    sent: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ("checkbox" not in tag or " checked" in tag):
            sent.setdefault(name[1], []).append(unescape(value[1]) if value else "")
    for name, inside in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        options = re.findall(r'<option value="([^"]*)"( selected)?', inside)
        picked = [value for value, selected in options if selected] or [options[0][0]]
        sent.setdefault(name, []).extend(map(unescape, picked))
    sent.pop("columns", None)
    return sent


def test_ticked_columns_keep_their_order_and_new_ones_follow(as_: As, anna: Person) -> None:
    usual = list(SUBJECTS["deals"].columns)

    same = as_(anna).get("/database/deals/filter", query_string={"columns": sorted(usual)})
    more = as_(anna).get(
        "/database/deals/filter", query_string={"columns": ["number", "amount", "title", "salary"]}
    )

    assert "columns" not in asked(same.location)
    assert asked(more.location)["columns"] == "title,amount,number"


# ------------------------------------------------------------------------------------------------ sections


@pytest.fixture
def section(session: Session, anna: Person) -> Section:
    """Anna's big deals."""
    made = sections.save(session, SUBJECTS["deals"], "Big ones", BIG, by=anna, now=MONDAY)
    session.commit()
    return made


def test_a_filter_is_saved_as_a_section_and_becomes_a_tab(
    as_: As, session: Session, deals: list[Deal], anna: Person, borys: Person
) -> None:
    sent = {"title": "Big ones", "rules": json.dumps(BIG), "sort": "-amount", "columns": "title,amount"}

    answer = as_(anna).send("/database/deals/sections", sent, follow_redirects=True)

    assert "Big ones 1" in text(answer)
    assert listed(answer) == ["Linia"]
    made = session.scalars(select(Section)).one()
    assert (made.rules, made.sort, made.columns) == (BIG, "-amount", ["title", "amount"])
    assert "Big ones" not in text(as_(borys).get("/database/deals"))
    assert as_(borys).get(f"/database/deals?section={made.id}").status_code == 404


def test_a_section_needs_a_name(as_: As, session: Session, anna: Person) -> None:
    answer = as_(anna).send("/database/deals/sections", {"title": " ", "rules": json.dumps(BIG)})

    assert answer.status_code == 422
    assert 'id="title-wrong"' in answer.get_data(as_text=True)
    assert session.scalars(select(Section)).all() == []


def test_a_section_with_an_unknown_field_is_not_saved(as_: As, session: Session, anna: Person) -> None:
    sent = {"title": "X", "rules": json.dumps({"field": "salary", "op": "is", "value": "1"})}

    assert as_(anna).send("/database/deals/sections", sent).status_code == 400
    assert session.scalars(select(Section)).all() == []


def test_a_shared_section_shows_each_their_own_and_may_be_changed_by_whom_it_is_shared_for(
    as_: As, session: Session, deals: list[Deal], section: Section, anna: Person, borys: Person
) -> None:
    as_(anna).send(f"/database/sections/{section.id}/shares", {"circle": "department:legal"})
    path = f"/database/deals?section={section.id}"
    assert listed(as_(borys).get(path)) == []
    assert listed(as_(anna).get(path)) == ["Linia"]

    changed = {"title": "Ours", "rules": "{}", "sort": "", "columns": ""}
    assert as_(borys).send(f"/database/sections/{section.id}", changed).status_code == 403

    as_(anna).send(f"/database/sections/{section.id}/shares", {"circle": "department:legal", "may_edit": "1"})
    assert as_(borys).send(f"/database/sections/{section.id}", changed).status_code == 303
    assert (section.title, section.rules) == ("Ours", {})
    assert as_(borys).send(f"/database/sections/{section.id}/removal").status_code == 403
    assert (
        as_(borys).send(f"/database/sections/{section.id}/shares", {"circle": "everyone:"}).status_code == 403
    )


def test_a_share_is_taken_back_and_a_section_removed(
    as_: As, session: Session, section: Section, anna: Person, borys: Person
) -> None:
    as_(anna).send(f"/database/sections/{section.id}/shares", {"circle": "everyone:"})
    assert "Big ones" in text(as_(borys).get("/database/deals"))

    as_(anna).send(f"/database/sections/{section.id}/shares/removal", {"circle": "everyone:"})
    assert "Big ones" not in text(as_(borys).get("/database/deals"))

    as_(anna).send(f"/database/sections/{section.id}/removal")
    assert session.scalars(select(Section)).all() == []


def test_a_section_that_can_no_longer_be_read_spoils_no_other_list(
    as_: As, session: Session, section: Section, deals: list[Deal], anna: Person
) -> None:
    section.rules = {"field": "gone", "op": "is", "value": "1"}
    session.commit()

    assert len(listed(as_(anna).get("/database/deals"))) == 2
    assert as_(anna).get(f"/database/deals?section={section.id}").status_code == 400


# ------------------------------------------------------------------------------------------------ export


def test_a_list_is_exported_as_it_is_shown(as_: As, deals: list[Deal], anna: Person) -> None:
    answer = as_(anna).get("/database/deals/export?columns=title,amount,owner,opened_at&sort=amount")

    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert rows[0] == ["Title", "Amount", "Owner", "Opened"]
    assert rows[1:] == [["Suwnica", "1000.00", "Anna Wilk", "2026-11-16 10:00"],
                        ["Linia", "90000.00", "Anna Wilk", "2026-11-16 10:00"]]  # fmt: skip
    assert 'filename="deals-2026-11-16.csv"' in answer.headers["Content-Disposition"]


def test_an_export_in_polish_is_what_a_polish_spreadsheet_reads(
    as_: As, session: Session, deals: list[Deal], anna: Person
) -> None:
    anna.locale = "pl"
    session.commit()

    answer = as_(anna).get("/database/deals/export?columns=title,amount&sort=amount").get_data(as_text=True)

    assert answer.splitlines()[:2] == ["\N{BYTE ORDER MARK}Tytuł;Kwota", "Suwnica;1000,00"]


@pytest.mark.parametrize("name", ["=1+1", "+48", "-2", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x";"y")'])
def test_a_text_that_looks_like_a_formula_is_exported_as_text(
    as_: As, session: Session, anna: Person, name: str
) -> None:
    session.add(Client(name=name, created_at=MONDAY))
    session.commit()

    answer = as_(anna).get("/database/clients/export?columns=name")

    assert list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))[1] == [f"'{name}"]


def test_an_export_shows_nobody_more_than_the_list(as_: As, deals: list[Deal], borys: Person) -> None:
    assert len(as_(borys).get("/database/deals/export").get_data(as_text=True).splitlines()) == 1


# ------------------------------------------------------------------------------------------------ clients


def test_a_client_is_added_by_form(as_: As, session: Session, anna: Person) -> None:
    sent = {"name": "Młyn Zalesie", "tax_id": "000-000-00-00", "class": "b", "city": "Brzeg"}

    answer = as_(anna).send("/database/clients/new", sent, follow_redirects=True)

    made = session.scalars(select(Client)).one()
    assert (made.tax_id, made.class_, made.owner_id) == ("0000000000", "b", anna.id)
    page = text(answer)
    assert "Młyn Zalesie is in the database." in page
    assert "Anna Wilk: added the client" in page


def test_a_client_of_the_same_name_is_shown_before_another_is_made(
    as_: As, session: Session, anna: Person
) -> None:
    clients.add(session, {"name": "Młyn Zalesie"}, by=anna, now=MONDAY)
    session.commit()
    sent = {"name": "MŁYN ZALESIE S.A.", "city": "Brzeg"}

    asked_ = as_(anna).send("/database/clients/new", sent)

    assert asked_.status_code == 422
    assert "Perhaps it is here already: Młyn Zalesie" in text(asked_)
    assert 'value="Brzeg"' in asked_.get_data(as_text=True)
    assert as_(anna).send("/database/clients/new", {**sent, "anyway": "1"}).status_code == 303
    assert len(session.scalars(select(Client)).all()) == 2


def test_wrong_fields_of_a_client_are_named(as_: As, session: Session, anna: Person) -> None:
    answer = as_(anna).send("/database/clients/new", {"name": "", "tax_id": "1", "email": "?"})

    html = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert [name for name in ("name", "tax_id", "email") if f'id="{name}-wrong"' in html] == [
        "name",
        "tax_id",
        "email",
    ]
    assert session.scalars(select(Client)).all() == []


def test_a_client_is_changed_and_gets_contacts(as_: As, session: Session, anna: Person) -> None:
    made = clients.add(session, {"name": "Młyn Zalesie", "city": "Brzeg"}, by=anna, now=MONDAY)
    session.commit()
    path = f"/database/clients/{made.id}"

    assert 'value="Brzeg"' in as_(anna).get(f"{path}/change").get_data(as_text=True)
    changed = as_(anna).send(
        f"{path}/change", {"name": "Młyn Zalesie", "city": "Nysa"}, follow_redirects=True
    )
    assert "city Brzeg → Nysa" in text(changed)
    assert as_(anna).send(f"{path}/contacts", {"name": ""}).status_code == 422
    added = as_(anna).send(f"{path}/contacts", {"name": "Ewa", "role": "pays"}, follow_redirects=True)
    assert "Ewa · pays" in text(added)
    assert session.scalars(select(Contact.client_id)).all() == [made.id]


def test_a_clients_page_shows_only_deals_its_reader_may_see(
    as_: As, session: Session, deals: list[Deal], anna: Person, borys: Person
) -> None:
    made = clients.add(session, {"name": "Młyn Zalesie"}, by=anna, now=MONDAY)
    for deal in deals:
        deal.client_id = made.id
    session.add(Contract(number="U-1", client_id=made.id, title="Umowa", owner_id=anna.id, amount=10))
    session.commit()

    mine, theirs = (text(as_(who).get(f"/database/clients/{made.id}")) for who in (anna, borys))

    assert "Suwnica" in mine
    assert "U-1" in mine
    assert "No deal that you may see." in theirs
    assert "U-1" not in theirs
    contract = session.scalars(select(Contract)).one()
    assert "Młyn Zalesie" in text(as_(anna).get(f"/database/contracts/{contract.id}"))
    assert as_(borys).get(f"/database/contracts/{contract.id}").status_code == 404


# ------------------------------------------------------------------------------------------------ leads


@pytest.fixture
def lead(session: Session, anna: Person) -> Lead:
    """What came from the website."""
    made = leads.add(
        session, {"title": "Linia", "company": "Młyn Zalesie", "source": "web"}, by=anna, now=MONDAY
    )
    session.commit()
    return made


def test_a_lead_is_written_down_for_a_client(as_: As, session: Session, anna: Person) -> None:
    made = clients.add(session, {"name": "Młyn Zalesie"}, by=anna, now=MONDAY)
    session.commit()
    path = f"/database/leads/new?client={made.id}"

    assert as_(anna).send(path, {"title": ""}).status_code == 422
    assert as_(anna).send(path, {"title": "Serwis"}).status_code == 303
    assert session.scalars(select(Lead.client_id)).all() == [made.id]
    assert as_(anna).send("/database/leads/new", {"title": "Serwis"}).status_code == 422


def test_a_lead_is_rejected_with_a_reason(as_: As, session: Session, lead: Lead, anna: Person) -> None:
    path = f"/database/leads/{lead.id}"
    assert as_(anna).send(f"{path}/rejection", {"reason": ""}).status_code == 422

    answer = as_(anna).send(f"{path}/rejection", {"reason": "No budget"}, follow_redirects=True)

    assert "rejected the lead: No budget" in text(answer)
    assert "Start a long sale" not in text(answer)
    assert as_(anna).send(f"{path}/rejection", {"reason": "Again"}).status_code == 409


def test_a_long_sale_starts_from_a_lead_once(as_: As, session: Session, lead: Lead, anna: Person) -> None:
    definitions.deploy(session, [doctor.File("long.bpmn", FUNNEL)], accepted="all", by=None, now=MONDAY)
    session.commit()
    path = f"/database/leads/{lead.id}"
    assert "Start a long sale" in text(as_(anna).get(path))

    answer = as_(anna).send(f"{path}/deal")

    deal = session.scalars(select(Deal)).one()
    assert answer.location == f"/deals/{deal.id}"
    assert [deal.title, deal.source, lead.status] == ["Linia", "web", "converted"]
    assert as_(anna).send(f"{path}/deal").status_code == 409
    assert len(session.scalars(select(Deal)).all()) == 1
    assert f"/deals/{deal.id}" in as_(anna).get(path).get_data(as_text=True)


def test_without_such_a_process_the_lead_leads_to_the_form_of_a_deal(
    as_: As, lead: Lead, anna: Person
) -> None:
    page = as_(anna).get(f"/database/leads/{lead.id}").get_data(as_text=True)

    assert "Start a long sale" not in page
    assert 'href="/sales/new"' in page
    assert as_(anna).send(f"/database/leads/{lead.id}/deal").status_code == 400


def test_somebody_elses_lead_does_not_exist(as_: As, lead: Lead, borys: Person) -> None:
    assert as_(borys).get(f"/database/leads/{lead.id}").status_code == 404
    assert as_(borys).send(f"/database/leads/{lead.id}/rejection", {"reason": "x"}).status_code == 404
