"""What forms bring goes where it is bound; changes of amount and owner are facts of their own."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import NotAllowed
from engine.history import Event
from engine.people import Department, Person
from engine.process.instances import Instance
from engine.sales import deals
from engine.sales.ladders import Move
from engine.sales.records import Client, Contract
from tests.conftest import MONDAY
from tests.engine.sales.kit import case, sale, task, tell


def form(**binds: str) -> dict[str, object]:
    fields = [{"key": key, "type": "text", "binds": place} for key, place in binds.items()]
    return {"key": "form", "title": "Form", "fields": fields}


def events(session: Session, kind: str) -> list[Event]:
    return list(session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)))


def test_starting_a_funnel_opens_a_deal_with_a_number_and_a_department(
    session: Session, anna: Person, departments: dict[str, Department]
) -> None:
    instance = case(session, anna)
    answers = {"what": "Suwnica", "how_much": 1240000.5, "until": "2026-12-18", "scope": "2 hale"}
    bound = form(what="deal.title", how_much="deal.amount", until="deal.expected_close", scope="deal.scope")

    tell(session, instance, answers, bound, by=anna, start=True)

    deal = deals.of(session, instance.id)
    assert deal is not None
    assert (deal.number, deal.title, deal.amount) == ("S-2026-0001", "Suwnica", Decimal("1240000.50"))
    assert (deal.expected_close, deal.details) == (date(2026, 12, 18), {"scope": "2 hale"})
    assert (deal.owner_id, deal.department_id) == (anna.id, departments["sales"].id)
    assert (instance.business_key, instance.title) == ("S-2026-0001", "Suwnica")


def test_numbers_go_on_and_say_long_or_fast(session: Session, anna: Person) -> None:
    first, second = sale(session, anna), sale(session, anna)
    fast = sale(session, anna, kind="flow")

    assert [first.number, second.number, fast.number] == ["S-2026-0001", "S-2026-0002", "Z-2026-0003"]


def test_a_plain_process_is_no_deal(session: Session, anna: Person) -> None:
    instance = case(session, anna)

    tell(session, instance, {}, None, by=anna, kind="plain", start=True)

    assert deals.of(session, instance.id) is None


def test_a_message_start_fills_the_deal_by_name(session: Session, anna: Person) -> None:
    instance = case(session, anna)

    payload = {"title": "Z zapytania", "amount": "500", "address": "Gdynia"}
    tell(session, instance, payload, None, by=None, start=True, message="lead.qualified")

    deal = deals.of(session, instance.id)
    assert deal is not None
    assert (deal.title, deal.amount, deal.details) == (
        "Z zapytania",
        Decimal("500.00"),
        {"address": "Gdynia"},
    )


def test_a_client_is_found_by_tax_id_and_made_once(session: Session, anna: Person) -> None:
    asked = form(nip="client.tax_id", firm="client.name")
    for _ in range(2):
        tell(
            session,
            case(session, anna),
            {"nip": "5260250274", "firm": "Młyn Zalesie"},
            asked,
            by=anna,
            start=True,
        )

    (client,) = session.scalars(select(Client)).all()
    instances = session.scalars(select(Instance.title)).all()
    assert client.name == "Młyn Zalesie"
    assert instances == ["Młyn Zalesie", "Młyn Zalesie"]


def test_later_answers_change_the_deal_and_an_amount_leaves_its_own_fact(
    session: Session, anna: Person
) -> None:
    deal = sale(session, anna)
    instance = session.get_one(Instance, deal.instance_id)
    open_task = task(session, instance, assignee=anna)

    answers = {"how_much": 1500, "name": "Dwie suwnice", "empty": None}
    bound = form(how_much="deal.amount", name="deal.title", empty="deal.source")
    tell(session, instance, answers, bound, by=anna)

    (event,) = events(session, "amount_changed")
    assert event.data == {"from": "1000.00", "to": "1500.00", "currency": "PLN"}
    assert deal.amount == Decimal("1500.00")
    assert open_task.about == "Dwie suwnice"


def test_answers_bound_to_a_contract_make_one_and_a_signature_signs_it(
    session: Session, anna: Person
) -> None:
    deal = sale(session, anna)
    instance = session.get_one(Instance, deal.instance_id)

    tell(session, instance, {"template": "ramowa"}, form(template="contract.template"), by=anna)
    tell(session, instance, {"day": "2026-11-20"}, form(day="contract.signed_on"), by=anna)

    (contract,) = session.scalars(select(Contract)).all()
    assert (contract.number, contract.template, contract.status) == ("U-2026-0001", "ramowa", "signed")
    assert (contract.deal_id, contract.amount) == (deal.id, deal.amount)


def test_expressions_read_the_deal_as_it_is_now(session: Session, anna: Person) -> None:
    deal = sale(session, anna)
    deal.client_id = _client(session, class_="a").id
    instance = session.get_one(Instance, deal.instance_id)

    seen = deals.facts(session, instance)["deal"]

    assert (seen["amount"], seen["owner"], seen["client_class"]) == (Decimal("1000.00"), anna.email, "a")
    assert seen["number"] == "S-2026-0001"


def test_changing_the_amount_is_a_fact_and_not_a_move(session: Session, anna: Person) -> None:
    deal = sale(session, anna)

    deals.change_amount(session, deal, "1200", reason="trzeci magazyn", by=anna, now=MONDAY)

    (event,) = events(session, "amount_changed")
    assert event.data is not None
    assert (event.data["from"], event.data["to"], event.data["reason"]) == (
        "1000.00",
        "1200.00",
        "trzeci magazyn",
    )
    assert session.scalars(select(Move)).all() == []


@pytest.mark.parametrize("typed", ["dużo", "", "1 000"])
def test_an_amount_is_a_number(session: Session, anna: Person, typed: str) -> None:
    with pytest.raises(deals.NotAnAmount):
        deals.change_amount(session, sale(session, anna), typed, by=anna, now=MONDAY)


def test_open_tasks_follow_the_new_owner(
    session: Session, anna: Person, clara: Person, borys: Person
) -> None:
    deal = sale(session, anna)
    instance = session.get_one(Instance, deal.instance_id)
    hers = task(session, instance, assignee=anna, audience="department:sales")
    legal = task(session, instance, assignee=borys, audience="department:legal")

    deals.change_owner(session, deal, clara, by=clara, now=MONDAY)

    assert (deal.owner_id, instance.owner_id) == (clara.id, clara.id)
    assert (hers.assignee_id, legal.assignee_id) == (clara.id, borys.id)
    assert len(events(session, "owner_changed")) == 1


def test_who_only_has_a_task_in_a_deal_does_not_steer_it(
    session: Session, anna: Person, borys: Person
) -> None:
    deal = sale(session, anna)
    task(session, session.get_one(Instance, deal.instance_id), assignee=borys)

    with pytest.raises(NotAllowed):
        deals.change_amount(session, deal, "1", by=borys, now=MONDAY)


def test_a_director_steers_the_deals_below(session: Session, anna: Person, clara: Person) -> None:
    assert deals.steers(session, sale(session, anna), clara)


def _client(session: Session, **what: object) -> Client:
    made = Client(name="Stocznia Mewa", created_at=MONDAY, **what)
    session.add(made)
    session.flush()
    return made
