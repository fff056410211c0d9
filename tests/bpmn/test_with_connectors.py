"""Both shipped processes through the engine itself: a database, the sales listeners, the connectors out of the box."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker

from engine.db import sessions
from engine.people import Department, Membership, Person, Role
from engine.process import clock, definitions, incidents, instances, subscriptions, tasks
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import commitments, deals
from engine.sales.deals import Deal
from engine.sales.ladders import Move
from engine.sales.records import Client, Contact, Product
from tests.bpmn.walk import DEPARTMENTS, KNOWN, bundle, fill, shipped_forms
from tests.conftest import MONDAY
from webapp import wiring
from webapp.settings import Settings

pytestmark = pytest.mark.slow


class House:
    """A small company with both processes deployed; Celina does everything, the clock is ours."""

    def __init__(self, factory: sessionmaker[Session]) -> None:
        self.factory, self.now = factory, MONDAY
        with factory.begin() as session:
            for key in DEPARTMENTS.split():
                session.add(Department(key=key, name=key, name_en=key))
            session.flush()
            self.celina = _celina(session)
            client = Client(
                name="Młyny Zielone", tax_id="5260250995", class_="b", email="biuro@mlyny.example"
            )
            client.created_at = MONDAY
            session.add(client)
            session.flush()
            session.add(Contact(client_id=client.id, name="Ewa Jawor"))
            session.add(
                Product(
                    sku="SIT-1",
                    name="Sito",
                    name_en="Sieve",
                    unit="szt.",
                    list_price=Decimal(400),
                    cost=Decimal(250),
                    stock=10,
                    reserved=0,
                    active=True,
                )
            )
            for process in ("sales_funnel", "fast_sale"):
                definitions.deploy(
                    session, bundle(process), process=process, known=KNOWN, by=None, now=MONDAY
                )

    def start(self, process: str, form: str, **answers: Any) -> int:
        """Start a process by its form, as the page does. Returns the instance's id."""
        with self.factory.begin() as session:
            definition = definitions.newest(session, process)
            assert definition is not None
            begun = instances.start(
                session, definition, _sent(form, answers), by=self._me(session), now=self.now
            )
            number = begun.id
        self.settle()
        return number

    def do(self, instance: int, element: str, **answers: Any) -> None:
        """Complete an open task, as the page does."""
        with self.factory.begin() as session:
            task = next(each for each in self._open(session, instance) if each.element == element)
            raw = _sent(task.form, answers) if task.form else {}
            instances.complete(session, task, raw, by=self._me(session), now=self.now)
        self.settle()

    def send(self, instance: int, message: str, **payload: Any) -> None:
        """Bring a message."""
        with self.factory.begin() as session:
            instances.send(
                session, session.get_one(Instance, instance), message, payload, by=None, now=self.now
            )
        self.settle()

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)
        self.settle()

    def settle(self) -> None:
        """Everything that is due happens, and nothing went wrong."""
        clock.settle(self.factory, now=self.now)
        with self.factory() as session:
            broken = session.scalars(select(incidents.Incident)).all()
            assert [(each.element, each.message) for each in broken] == []

    def tasks(self, instance: int) -> list[str]:
        """The elements of the open tasks."""
        with self.factory() as session:
            return sorted(each.element for each in self._open(session, instance))

    def moves(self, instance: int) -> list[tuple[str, str | None]]:
        """What happened to the deal, by kind and stage."""
        with self.factory() as session:
            item = f"deal:{session.scalars(select(Deal.id).where(Deal.instance_id == instance)).one()}"
            rows = session.scalars(select(Move).where(Move.item == item).order_by(Move.seq)).all()
            return [(each.kind, each.to_stage) for each in rows]

    def due(self, instance: int, element: str) -> datetime | None:
        """When the timer of an element fires."""
        with self.factory() as session:
            found = [each for each in subscriptions.of(session, instance) if each.element == element]
            return found[0].due_at

    def _open(self, session: Session, instance: int) -> list[UserTask]:
        return list(tasks.open_of(session, instance))

    def _me(self, session: Session) -> Person:
        return session.get_one(Person, self.celina)


def _celina(session: Session) -> int:
    roles = [Role(name=name) for name in ("employee", "director")]
    person = Person(email="celina@wislane.example", name="Celina Bór", created_at=MONDAY, roles=roles)
    for department in session.scalars(select(Department).order_by(Department.id)):
        person.memberships.append(Membership(department_id=department.id, is_head=True))
    session.add(person)
    session.flush()
    return person.id


def _sent(form: str, answers: dict[str, Any]) -> dict[str, list[str]]:
    """The answers as a page would send them."""
    found = shipped_forms()[form]
    raw: dict[str, list[str]] = {}
    for key, value in fill(found, answers).items():
        field = found.field(key)
        if value is None or field is None or field.type == "computed":
            continue
        if field.type == "lines":
            for number, row in enumerate(value):
                cells = {column.key for column in field.columns if column.type != "computed"}
                raw |= {
                    f"{key}-{number}-{cell}": [_said(row[cell])] for cell in cells if row[cell] is not None
                }
        else:
            raw[key] = [_said(value)]
    return raw


def _said(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


@pytest.fixture
def house(database: Engine) -> House:
    """The company on a Monday morning."""
    factory = sessions(database)
    factory.configure(info={"wiring": wiring.build(Settings(), prints_later=True)})
    return House(factory)


def order(house: House, quantity: int = 2, **answers: Any) -> int:
    items = [{"sku": "SIT-1", "quantity": quantity}]
    given = {"tax_id": "5260250995", "items": items, "address": "Młyńska 5, Gdańsk", **answers}
    return house.start("fast_sale", "new_order", **given)


def test_a_small_order_flows_from_the_form_to_the_warehouse_without_anybody(house: House) -> None:
    number = order(house)
    assert house.tasks(number) == []
    house.send(number, "quote.accepted")
    house.send(number, "payment.received", amount=800.0)
    assert house.tasks(number) == ["pick_and_pack"]
    house.do(number, "pick_and_pack", picking="complete")
    house.do(number, "hand_to_carrier")
    house.do(number, "deliver_goods", delivery="delivered")
    house.wait(days=14)
    house.wait(days=14)

    assert [kind for kind, _ in house.moves(number)] == [
        "new",
        "forward_skip",
        "forward",
        "forward",
        "forward",
        "forward",
        "forward",
        "won",
    ]
    with house.factory() as session:
        product = session.scalars(select(Product)).one()
        assert (product.stock, product.reserved) == (8, 0)


def test_an_order_beyond_the_stock_asks_the_desk_for_a_substitute(house: House) -> None:
    number = order(house, quantity=12)

    assert house.tasks(number) == ["offer_substitute"]
    house.do(number, "offer_substitute", substitute="substitute", items=[{"sku": "SIT-1", "quantity": 1}])
    assert house.tasks(number) == []
    assert house.moves(number)[-1] == ("forward_skip", "quote")


def test_an_order_for_an_unknown_product_asks_the_desk_to_complete_it(house: House) -> None:
    items = [{"sku": "NIE-MA", "quantity": 1}]
    number = house.start("fast_sale", "new_order", tax_id="5260250995", items=items)

    assert house.tasks(number) == ["complete_data"]
    house.do(number, "complete_data", items=[{"sku": "SIT-1", "quantity": 1}])
    assert house.tasks(number) == []


def test_the_same_order_twice_in_a_day_is_dropped(house: House) -> None:
    order(house)
    again = order(house)

    assert [kind for kind, _ in house.moves(again)][-1] == "lost"


def test_a_silent_quote_is_lost_after_three_days_round_the_clock(house: House) -> None:
    number = order(house)
    assert house.due(number, "quote_silent_three_days") == MONDAY + timedelta(hours=72)
    for _ in range(3):
        house.wait(days=1, minutes=1)

    assert [kind for kind, _ in house.moves(number)][-1] == "lost"


def test_a_paid_order_cancelled_before_shipping_gives_the_goods_back_and_asks_for_a_refund(
    house: House,
) -> None:
    number = order(house)
    house.send(number, "quote.accepted")
    house.send(number, "payment.received", amount=800.0)
    house.send(number, "client.cancelled")

    assert house.tasks(number) == ["refund"]
    with house.factory() as session:
        assert session.scalars(select(Product)).one().reserved == 0


def test_a_long_sale_climbs_skips_goes_back_is_lost_and_keeps_its_history(house: House) -> None:
    number = house.start("sales_funnel", "new_deal", owner=house.celina, amount=40_000)
    house.do(number, "qualify", fit="yes")
    house.do(number, "agree_next_step")
    house.do(number, "decide_stage", decision="advance")
    house.do(number, "meet_client")
    house.do(number, "support_discovery")
    house.do(number, "confirm_needs")
    house.do(number, "decide_stage", decision="skip", next_stage="offer", reason="not_needed")
    line = {"quantity": 10, "list_price": 5000, "cost": 2000, "rebate": 0}
    house.do(number, "cost_offer", lines=[line], payment_terms="days_14", valid_until="2026-12-11")
    house.do(number, "present_offer", client_answer="scope", reason="scope")
    house.do(number, "request_solution", custom=False, pilot=False)
    with house.factory.begin() as session:
        deal = deals.of(session, number)
        assert deal is not None
        assert (deal.amount, deal.margin) == (Decimal(50_000), Decimal(60))
        deals.withdraw(session, deal, "no_budget", by=session.get_one(Person, house.celina), now=house.now)
    house.do(number, "record_loss", reason="no_budget")

    assert house.moves(number) == [
        ("new", "qualification"),
        ("forward", "discovery"),
        ("forward_skip", "offer"),
        ("backward", "solution"),
        ("lost", None),
    ]


def test_a_large_loss_counts_at_once_and_its_reopening_as_a_move_of_its_own(house: House) -> None:
    number = house.start("sales_funnel", "new_deal", owner=house.celina, amount=400_000)
    house.do(number, "qualify", fit="no")
    house.do(number, "record_loss", reason="no_budget")
    assert house.moves(number)[-1] == ("lost", None)
    house.do(number, "review_loss", loss_verdict="reopen", next_stage="discovery", reason="client_changed")

    assert house.moves(number)[-1] == ("reopened", "discovery")
    assert house.tasks(number) == ["meet_client", "support_discovery"]


def test_a_deal_is_won_when_the_contract_is_signed_and_ends_when_production_took_it_over(
    house: House,
) -> None:
    number = house.start("sales_funnel", "new_deal", owner=house.celina)
    with house.factory.begin() as session:
        deal = deals.of(session, number)
        assert deal is not None
        celina = session.get_one(Person, house.celina)
        commitments.record(
            session, deal, direction="client_to_us", text="Przyślą listę.", by=celina, now=house.now
        )
        deals.move(session, deal, "contract", reason="mistake", by=celina, now=house.now)
    if house.tasks(number) == ["approve_card"]:
        house.do(number, "approve_card", move_approved=True)
    house.do(number, "draft_contract")
    house.do(number, "review_contract", has_redlines=False)
    house.do(number, "set_security", security_kind="none")
    house.do(number, "sign_contract", client_answer="accepted")
    house.do(number, "decide_stage", decision="advance")
    assert house.moves(number)[-1] == ("won", None)
    house.do(number, "prepare_hand_over")
    house.do(number, "accept_hand_over", hand_over_accepted=True)

    with house.factory() as session:
        assert session.get_one(Instance, number).outcome == "won"


def test_a_suspended_deal_wakes_up_on_its_day_where_it_stood(house: House) -> None:
    number = house.start("sales_funnel", "new_deal", owner=house.celina)
    with house.factory.begin() as session:
        deal = deals.of(session, number)
        assert deal is not None
        until = (house.now + timedelta(days=20)).date()
        deals.suspend(session, deal, until, "timing", by=session.get_one(Person, house.celina), now=house.now)
    assert house.tasks(number) == []
    house.wait(days=21)

    assert house.tasks(number) == ["qualify"]
    assert [kind for kind, _ in house.moves(number)] == ["new", "suspended", "resumed"]


def test_a_deal_rots_in_the_work_days_of_its_stage(house: House) -> None:
    number = house.start("sales_funnel", "new_deal", owner=house.celina)
    ten_work_days = MONDAY + timedelta(days=14)

    assert house.due(number, "stage_rots") == ten_work_days
    house.wait(days=22)
    assert house.tasks(number) == ["qualify", "review_stage"]
    assert house.moves(number) == [("new", "qualification")]


def test_a_complex_order_goes_on_as_a_long_sale(house: House) -> None:
    number = order(house, quantity=600)

    assert house.moves(number)[-1][0] == "rerouted"
    with house.factory() as session:
        begun = session.scalars(select(Instance).where(Instance.process == "sales_funnel")).one()
        deal = deals.of(session, begun.id)
        assert deal is not None
        assert deal.client_id is not None
    assert house.tasks(begun.id) == ["complete_deal_card"]
