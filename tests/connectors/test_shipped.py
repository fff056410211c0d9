"""The shipped fast sale through the real connectors and tables: what the diagrams ask, the connectors serve."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker

from connectors.catalogue import Parcel
from connectors.document import Document
from connectors.mail import OutgoingMail
from engine.db import sessions
from engine.people import Department, Membership, Person, Role
from engine.process import clock, definitions, instances
from engine.process.definitions import Definition
from engine.process.incidents import Incident
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales.deals import Deal
from engine.sales.records import Client, Product
from tests.bpmn.walk import KNOWN, bundle
from tests.conftest import MONDAY
from webapp.settings import Settings
from webapp.wiring import build


class Desk:
    """The sales desk with its worker: orders come in, time passes, people do what is theirs."""

    def __init__(self, database: Engine) -> None:
        self.factory: sessionmaker[Session] = sessions(database, wiring=build(Settings(), prints_later=True))
        self.now: datetime = MONDAY

    def order(self, definition: Definition, **payload: Any) -> int:
        with self.factory.begin() as session:
            made = instances.start(
                session, definition, payload, by=None, now=self.now, message="order.request"
            )
            id_ = made.id
        self.later(seconds=1)
        return id_

    def later(self, **length: float) -> None:
        self.now += timedelta(**length)
        clock.settle(self.factory, now=self.now)

    def hear(self, id_: int, message: str, **payload: Any) -> None:
        with self.factory.begin() as session:
            instances.send(session, session.get_one(Instance, id_), message, payload, by=None, now=self.now)
        self.later(seconds=1)

    def do(self, id_: int, element: str, **raw: Any) -> None:
        with self.factory.begin() as session:
            query = select(UserTask).where(UserTask.instance_id == id_, UserTask.closed_at.is_(None))
            found = session.scalars(query.where(UserTask.element == element)).one()
            instances.complete(session, found, raw, by=None, now=self.now)
        self.later(seconds=1)

    def open_(self, id_: int) -> list[str]:
        with self.factory() as session:
            query = select(UserTask.element).where(UserTask.instance_id == id_, UserTask.closed_at.is_(None))
            return list(session.scalars(query))

    def all_(self, model: type[Any]) -> list[Any]:
        with self.factory() as session:
            return list(session.scalars(select(model).order_by(model.id)))

    def deal(self, id_: int) -> Deal:
        with self.factory() as session:
            return session.scalars(select(Deal).where(Deal.instance_id == id_)).one()


@pytest.fixture
def desk(database: Engine, session: Session) -> Desk:
    """Departments with one person each, ten desks in stock, one known client."""
    for key in KNOWN.departments:
        unit = Department(key=key, name=key, name_en=key)
        session.add(unit)
        session.flush()
        email = f"{key.replace('_', '-')}@wislane.example"
        person = Person(email=email, name=f"Ola {key}", created_at=MONDAY, roles=[Role(name="employee")])
        person.memberships.append(Membership(department_id=unit.id, is_head=True))
        session.add(person)
    session.add(
        Product(
            sku="DESK-1", name="Biurko", name_en="Desk", list_price=Decimal(800), cost=Decimal(500), stock=10
        )
    )
    session.add(Client(name="Meble Dolina", tax_id="5250001009", class_="a", created_at=MONDAY))
    session.commit()
    return Desk(database)


@pytest.fixture
def fast_sale(desk: Desk) -> Definition:
    with desk.factory.begin() as session:
        return definitions.deploy(
            session, bundle("fast_sale"), process="fast_sale", known=KNOWN, by=None, now=MONDAY
        )


ORDER = {
    "client_id": 1,
    "items": [{"sku": "DESK-1", "quantity": 2}],
    "address": "ul. Długa 5, Gdańsk",
    "payment": "prepay",
    "email": "biuro@meble-dolina.example",
    "channel": "web",
}


def test_an_order_flows_to_the_quote_by_itself(desk: Desk, fast_sale: Definition) -> None:
    id_ = desk.order(fast_sale, **ORDER)

    assert desk.all_(Incident) == []
    assert [(mail.to, mail.sent_at) for mail in desk.all_(OutgoingMail)] == [([ORDER["email"]], None)]
    assert [paper.kind for paper in desk.all_(Document)] == ["quote"]
    assert (desk.deal(id_).amount, desk.deal(id_).stage) == (Decimal(1600), "quote")
    assert desk.open_(id_) == []


def test_a_paid_order_is_packed_shipped_and_won(desk: Desk, fast_sale: Definition) -> None:
    id_ = desk.order(fast_sale, **ORDER)

    desk.hear(id_, "quote.accepted")
    desk.hear(id_, "payment.received", amount=1600)
    assert (desk.all_(Product)[0].stock, desk.all_(Product)[0].reserved) == (10, 2)
    desk.do(id_, "pick_and_pack", picking="complete", parcels="1", weight="10")
    desk.do(id_, "hand_to_carrier")
    desk.do(id_, "deliver_goods", delivery="delivered", received_by="Jan")
    desk.later(days=5)  # then feedback is asked for
    desk.later(days=14)

    assert desk.all_(Incident) == []
    assert desk.deal(id_).status == "won"
    assert (desk.all_(Product)[0].stock, desk.all_(Product)[0].reserved) == (8, 0)
    assert [parcel.address for parcel in desk.all_(Parcel)] == [ORDER["address"]]
    assert [paper.kind for paper in desk.all_(Document)] == ["quote", "invoice", "invoice"]


def test_an_order_that_cannot_be_filled_asks_a_person(desk: Desk, fast_sale: Definition) -> None:
    id_ = desk.order(fast_sale, **{**ORDER, "items": [{"sku": "DESK-1", "quantity": 11}]})

    assert desk.all_(Incident) == []
    assert len(desk.open_(id_)) == 1
    assert desk.all_(Document) == []


def test_an_order_without_an_address_to_write_to_asks_a_person(desk: Desk, fast_sale: Definition) -> None:
    id_ = desk.order(fast_sale, **{**ORDER, "email": None})

    assert desk.all_(Incident) == []
    assert desk.open_(id_) == ["pass_quote_on"]


def test_the_same_order_sent_twice_is_worked_on_once(desk: Desk, fast_sale: Definition) -> None:
    first = desk.order(fast_sale, **ORDER)
    second = desk.order(fast_sale, **ORDER)

    assert desk.deal(first).status == "open"
    assert desk.deal(second).status == "lost"
    assert len(desk.all_(OutgoingMail)) == 1


def test_a_cancelled_order_gives_its_goods_back(desk: Desk, fast_sale: Definition) -> None:
    id_ = desk.order(fast_sale, **ORDER)
    desk.hear(id_, "quote.accepted")
    desk.hear(id_, "payment.received", amount=1600)

    desk.hear(id_, "client.cancelled")

    assert desk.all_(Incident) == []
    assert desk.all_(Product)[0].reserved == 0
