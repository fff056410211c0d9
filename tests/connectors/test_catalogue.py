"""The catalogue connector on real tables: what is free can be promised once, and leaves once."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from connectors.catalogue import Catalogue, Parcel, Reservation
from engine.history import Event
from engine.ports import Call, Failed
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.sales.deals import Deal
from engine.sales.records import Client, Product
from tests.conftest import MONDAY
from tests.connectors.kit import ask

CATALOGUE = Catalogue()


@pytest.fixture
def desk(session: Session) -> Product:
    """Ten desks for 800, made for 500."""
    desk = Product(
        sku="DESK-1", name="Biurko", name_en="Desk", list_price=Decimal(800), cost=Decimal(500), stock=10
    )
    session.add(desk)
    session.commit()
    return desk


@pytest.fixture
def client(session: Session) -> Client:
    """A furniture shop of class b."""
    shop = Client(name="Meble Dolina", tax_id="5250001009", class_="b", created_at=MONDAY)
    session.add(shop)
    session.commit()
    return shop


def of(sku: str, quantity: Any) -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": quantity}]


def test_an_order_is_enriched_with_who_orders_and_what_it_is_worth(
    session: Session, desk: Product, client: Client
) -> None:
    answer = ask(session, CATALOGUE, "enrich", tax_id="PL 525-000-10-09", items=of("DESK-1", 3))

    assert answer == {
        "client_id": client.id,
        "client_class": "b",
        "items_count": 3,
        "list_amount": 2400.0,
        "duplicate_of": None,
    }


@pytest.mark.parametrize(
    "inputs",
    [
        {"tax_id": "5250001009"},
        {"items": of("DESK-1", 1)},
        {"tax_id": "5250001009", "items": []},
        {"tax_id": "5250001009", "items": of("NONE-1", 1)},
        {"tax_id": "1111111111", "items": of("DESK-1", 1)},
    ],
)
def test_an_order_that_lacks_something_says_so(
    session: Session, desk: Product, client: Client, inputs: dict[str, Any]
) -> None:
    with pytest.raises(Failed) as refused:
        ask(session, CATALOGUE, "enrich", **inputs)

    assert (refused.value.code, refused.value.permanent) == ("DATA_MISSING", True)


def test_the_price_is_the_list_price_less_the_discount(session: Session, desk: Product) -> None:
    answer = ask(session, CATALOGUE, "price", items=of("DESK-1", 3), discount=10)

    assert (answer["amount"], answer["margin"]) == (2160.0, 30.56)
    assert answer["lines"] == [
        {"sku": "DESK-1", "name": "Biurko", "quantity": 3, "unit": "szt.", "price": 720.0, "net": 2160.0}
    ]


@pytest.mark.parametrize("discount", [-1, 101, "much", float("nan"), [5]])
def test_a_discount_that_is_none_is_refused(session: Session, desk: Product, discount: Any) -> None:
    with pytest.raises(Failed) as refused:
        ask(session, CATALOGUE, "price", items=of("DESK-1", 1), discount=discount)

    assert refused.value.code == "BAD_INPUT"


@pytest.mark.parametrize("quantity", [0, -1, 1.5, "many", 10**9])
def test_a_quantity_that_is_none_is_refused(session: Session, desk: Product, quantity: Any) -> None:
    with pytest.raises(Failed) as refused:
        ask(session, CATALOGUE, "check", items=of("DESK-1", quantity))

    assert refused.value.code == "BAD_INPUT"


def test_what_was_promised_to_one_is_not_free_for_another(session: Session, desk: Product) -> None:
    assert ask(session, CATALOGUE, "check", items=of("DESK-1", 10)) == {"available": True}

    ask(session, CATALOGUE, "reserve", items=of("DESK-1", 7))

    with pytest.raises(Failed) as refused:
        ask(session, CATALOGUE, "check", items=of("DESK-1", 2) + of("DESK-1", 2))
    assert (refused.value.code, refused.value.permanent) == ("NO_STOCK", True)


def test_a_product_off_the_price_list_cannot_be_ordered(session: Session, desk: Product) -> None:
    desk.active = False

    with pytest.raises(Failed, match="price list"):
        ask(session, CATALOGUE, "check", items=of("DESK-1", 1))


def test_reserving_again_corrects_and_releasing_gives_everything_back(
    session: Session, desk: Product
) -> None:
    ask(session, CATALOGUE, "reserve", items=of("DESK-1", 7))
    ask(session, CATALOGUE, "reserve", items=of("DESK-1", 9))
    assert desk.reserved == 9

    answer = ask(session, CATALOGUE, "release")

    assert answer == {"reserved": False, "released": 9}
    assert desk.reserved == 0
    assert ask(session, CATALOGUE, "release")["released"] == 0


def test_the_carrier_takes_the_reserved_goods_off_the_stock(session: Session, desk: Product) -> None:
    ask(session, CATALOGUE, "reserve", items=of("DESK-1", 4))

    answer = ask(session, CATALOGUE, "book_carrier", address="ul. Długa 5, Gdańsk", parcels=2, weight=40)

    parcel = session.scalars(select(Parcel)).one()
    assert answer == {"parcel": parcel.number}
    assert (desk.stock, desk.reserved) == (6, 0)
    assert session.scalars(select(Reservation.closed_at)).all() == [MONDAY]


def test_every_parcel_has_its_own_number(session: Session) -> None:
    booked = [ask(session, CATALOGUE, "book_carrier", address="ul. Długa 5")["parcel"] for _ in range(3)]

    assert len(set(booked)) == 3


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({}, "DATA_MISSING"),
        ({"address": "somewhere"}, "CARRIER_FAILED"),
        ({"address": "ul. Długa 5", "weight": 32}, "CARRIER_FAILED"),
        ({"address": "ul. Długa 5", "parcels": 101}, "CARRIER_FAILED"),
    ],
)
def test_the_carrier_refuses_what_it_cannot_deliver(
    session: Session, inputs: dict[str, Any], code: str
) -> None:
    with pytest.raises(Failed) as refused:
        ask(session, CATALOGUE, "book_carrier", **inputs)

    assert (refused.value.code, refused.value.permanent) == (code, True)


def test_goods_are_held_by_the_case_that_asked(session: Session, desk: Product) -> None:
    ask(session, CATALOGUE, "reserve", items=of("DESK-1", 4))

    another = Call("2:b", "catalogue", "release", {}, session, MONDAY, 99)

    assert CATALOGUE.run(another)["released"] == 0
    assert desk.reserved == 4


def test_an_unknown_operation_is_refused(session: Session) -> None:
    with pytest.raises(Failed, match="has no operation"):
        ask(session, CATALOGUE, "steal")


@pytest.fixture
def deal(session: Session, desk: Product, client: Client) -> Deal:
    """An order of five desks whose case says nothing itself."""
    definition = Definition(
        process="order",
        version=1,
        title={"pl": "", "en": ""},
        kind="flow",
        content_hash="0",
        deployed_at=MONDAY,
    )
    session.add(definition)
    session.flush()
    instance = Instance(definition_id=definition.id, process="order", started_at=MONDAY)
    session.add(instance)
    session.flush()
    deal = Deal(
        instance_id=instance.id,
        process="order",
        ladder="order",
        number="Z-1",
        client_id=client.id,
        opened_at=MONDAY,
        details={"items": of("DESK-1", 5)},
    )
    session.add(deal)
    session.commit()
    return deal


def asked_by(deal: Deal, session: Session, operation: str, **inputs: Any) -> dict[str, Any]:
    return CATALOGUE.run(Call("9:a", "catalogue", operation, inputs, session, MONDAY, deal.instance_id))


def test_a_case_that_names_nothing_means_its_own_order(session: Session, deal: Deal, desk: Product) -> None:
    assert asked_by(deal, session, "enrich")["items_count"] == 5
    assert asked_by(deal, session, "check") == {"available": True}
    asked_by(deal, session, "reserve")

    assert desk.reserved == 5


def test_the_price_is_what_the_deal_is_worth_and_a_new_one_is_a_fact(session: Session, deal: Deal) -> None:
    asked_by(deal, session, "price")
    assert (deal.amount, deal.margin) == (Decimal(4000), Decimal("37.50"))
    assert session.scalars(select(Event)).all() == []

    asked_by(deal, session, "price", discount=10)

    fact = session.scalars(select(Event)).one()
    assert (fact.kind, fact.seq, fact.subject) == ("amount_changed", 1, f"deal:{deal.id}")
    assert fact.data == {"from": 4000.0, "to": 3600.0, "currency": "PLN"}


def test_the_same_order_sent_twice_is_noticed(session: Session, deal: Deal, client: Client) -> None:
    again = ask(session, CATALOGUE, "enrich", client_id=client.id, items=of("DESK-1", 5))
    other = ask(session, CATALOGUE, "enrich", client_id=client.id, items=of("DESK-1", 4))

    assert again["duplicate_of"] == deal.id
    assert other["duplicate_of"] is None
    assert asked_by(deal, session, "enrich")["duplicate_of"] is None
