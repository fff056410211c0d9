"""Messages and signals: each reaches whom it is meant for, once; an early one waits, a late one is refused for all to see."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, select, text
from sqlalchemy.orm import Session

from engine.errors import Refusal
from engine.history import Event
from engine.people import Person
from engine.process import clock, delivering, doctor, hearing, inbox, incidents, instances, jobs, operating
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.messages import Message, MessageAddress
from engine.process.outbox import Job
from engine.process.subscriptions import Subscription
from tests.conftest import MONDAY
from tests.engine.process.kit import (
    World,
    after,
    asks,
    choice,
    diagram,
    end,
    fork,
    form,
    hear,
    start,
    task,
    tell,
    way,
)


def order(name: str = "order", **said: str) -> doctor.File:
    """Somebody works, then it waits to hear that the order was paid, then somebody ships."""
    return diagram(
        name,
        start(form="order"),
        task("work"),
        hear("wait", "order.paid", **said),
        task("ship"),
        end(),
        way("begin", "work", "wait", "ship", "done"),
        keeps="order, amount",
    )


ORDER = form("order", asks("amount", "integer"))


def keyed(file: doctor.File, **properties: Mapping[str, str]) -> doctor.File:
    """The diagram with correlation properties: by the message's name, the expression that reads each from a payload."""
    said = "".join(
        f'<correlationProperty id="{key}" name="{key}">'
        + "".join(
            f'<correlationPropertyRetrievalExpression messageRef="msg_{name}"><messagePath>{expression}</messagePath>'
            "</correlationPropertyRetrievalExpression>"
            for name, expression in by_message.items()
        )
        + "</correlationProperty>"
        for key, by_message in properties.items()
    )
    return doctor.File(file.name, file.content.replace(b"<process ", said.encode() + b"<process ", 1))


@pytest.fixture
def orders(world: World) -> Definition:
    """Orders that must be waiting when the payment comes."""
    return world.deploy(order(), ORDER)


@pytest.fixture
def patient(world: World) -> Definition:
    """Orders for which a payment is kept three days."""
    return world.deploy(order(keep="P3D"), ORDER)


def opened(world: World, definition: Definition, key: str | None = None, *, waits: bool = True) -> int:
    """A case with this business key, which waits for its message already, or not yet."""
    with world.factory.begin() as session:
        case = instances.start(session, definition, {}, by=None, now=world.now, business_key=key)
    if waits:
        world.complete(case.id, "work")
    return case.id


def paid(world: World, key: str, business_key: str | None = None, /, **payload: Any) -> Message:
    """The message that an order was paid, in a transaction of its own."""
    return said(world, "order.paid", key, business_key, **payload)


def said(world: World, name: str, key: str, business_key: str | None = None, /, **payload: Any) -> Message:
    with world.factory.begin() as session:
        return inbox.receive(session, name, payload, key=key, business_key=business_key, now=world.now)


def works(world: World, **length: float) -> int:
    """Move the clock; let kept messages find their cases, and what follows happen."""
    world.now += timedelta(**length)
    done = inbox.work(world.factory, now=world.now)
    clock.settle(world.factory, now=world.now)
    return done


def facts(world: World) -> list[str]:
    """What history says of messages, in order."""
    return [each.kind for each in world.rows(Event) if each.kind.startswith("message_")]


# ------------------------------------------------------------------------------------------------ who is meant


def test_a_business_key_names_the_case_beside_the_payload_or_in_it(world: World, orders: Definition) -> None:
    first, second, third = (opened(world, orders, key) for key in ("Z-1", "Z-2", "Z-3"))

    beside = paid(world, "p1", "Z-2")
    inside = paid(world, "p2", business_key="Z-3")

    assert [world.open_(each) for each in (first, second, third)] == [[], ["ship"], ["ship"]]
    assert (beside.receivers, inside.receivers, beside.status) == ([second], [third], "delivered")
    assert facts(world) == ["message_delivered", "message_delivered"]
    assert world.history(second).count("received") == 1


def test_of_cases_of_one_process_under_one_key_the_longest_waiting_gets_it_and_of_two_processes_both(
    world: World, orders: Definition
) -> None:
    other = world.deploy(order("other"), ORDER)
    first, second, beside = opened(world, orders, "Z"), opened(world, orders, "Z"), opened(world, other, "Z")

    assert sorted(paid(world, "p1", "Z").receivers) == [first, beside]
    assert paid(world, "p2", "Z").receivers == [second]


@pytest.fixture
def asking(world: World) -> Definition:
    """An offer is sent out under the deal's number, the client's answer carries it deeper; by then the client is known, too."""
    drawn = diagram(
        "asking",
        start(form="deal"),
        tell("send", "offer.sent", payload="deal"),
        fork("split"),
        hear("answer", "offer.answered"),
        task("visit", form="client"),
        tell("confirm", "client.known", payload="deal, client"),
        hear("thanks", "client.thanked"),
        task("read"),
        end(),
        end("thanked"),
        way("begin", "send", "split", "answer", "read", "done"),
        way("split", "visit", "confirm", "thanks", "thanked"),
    )
    names = {"offer.sent": "deal", "client.known": "deal", "offer.answered": "order.deal"}
    clients = {"client.known": "client", "offer.answered": "order['client']", "client.thanked": "client"}
    return world.deploy(
        keyed(drawn, deal_key=names, client_key=clients),
        form("deal", asks("deal", "text")),
        form("client", asks("client", "integer")),
    )


def test_a_correlation_value_finds_the_case_whatever_expression_reads_it(
    world: World, asking: Definition
) -> None:
    first, second = world.start(asking, deal="D-1"), world.start(asking, deal="D-2")

    message = said(world, "offer.answered", "a1", order={"deal": "D-2", "client": 9})

    assert message.receivers == [second]
    assert (world.open_(first), sorted(world.open_(second))) == (["visit"], ["read", "visit"])
    assert said(world, "offer.answered", "a2", order={"deal": "D-3"}).status == "refused"
    assert said(world, "offer.answered", "a3").status == "refused"


def test_a_key_that_a_case_comes_to_know_while_it_waits_counts_from_then_on(
    world: World, asking: Definition
) -> None:
    first, second = world.start(asking, deal="D-1"), world.start(asking, deal="D-1")
    for id_, client in ((first, "1"), (second, "2")):
        world.complete(id_, "visit", client=client)

    assert said(world, "offer.answered", "a1", order={"deal": "D-1", "client": 3}).status == "refused"
    assert said(world, "offer.answered", "a2", order={"deal": "D-1"}).status == "refused"
    assert said(world, "offer.answered", "a3", order={"deal": "D-1", "client": 2.0}).receivers == [second]
    assert said(world, "client.thanked", "a4", client=1).receivers == [first]


def test_a_case_goes_by_what_the_message_that_started_it_said_also_inside_a_sub_process(
    world: World,
) -> None:
    inside = (
        '<subProcess id="inner" name="inner">'
        + start("in_begin") + hear("wait", "order.paid") + task("ship") + end("in_done")
        + way("in_begin", "wait", "ship", "in_done") + "</subProcess>"
    )  # fmt: skip
    drawn = diagram(
        "shop",
        start("came", message="order.placed"),
        inside,
        end(),
        way("came", "inner", "done"),
        lane="sales",
    )
    world.deploy(keyed(drawn, number={"order.placed": "order.number", "order.paid": "number"}))
    ids = [said(world, "order.placed", f"o{each}", order={"number": each}).receivers[0] for each in (1, 2)]

    assert said(world, "order.paid", "p", number=2).receivers == [ids[1]]
    assert (world.open_(ids[0]), world.open_(ids[1])) == ([], ["ship"])


def test_an_answer_between_cases_finds_its_way_by_their_key(world: World) -> None:
    pricing = diagram(
        "pricing",
        start("asked", message="price.asked"),
        task("price", form="price"),
        tell("answer", "price.ready", payload="number, price"),
        end(),
        way("asked", "price", "answer", "done"),
        keeps="number",
    )
    buying = diagram(
        "buying",
        start(form="number"),
        tell("ask", "price.asked", payload="number"),
        hear("wait", "price.ready"),
        task("buy"),
        end(),
        way("begin", "ask", "wait", "buy", "done"),
        keeps="price",
    )
    keys = {"price.asked": "number", "price.ready": "number"}
    world.deploy(pricing, form("price", asks("price", "integer")))
    bought = world.deploy(keyed(buying, number_key=keys), form("number", asks("number", "integer")))
    first, second = world.start(bought, number="1"), world.start(bought, number="2")
    world.later(seconds=1)

    asked = [each.id for each in world.rows(Instance) if each.process == "pricing"]
    world.complete(asked[1], "price", price="90")
    world.later(seconds=1)

    assert (world.open_(first), world.open_(second)) == ([], ["buy"])
    assert b"90" in world.instance(second).state


def test_old_versions_are_found_by_their_own_keys(world: World, asking: Definition) -> None:
    old = world.start(asking, deal="D-1")
    renamed = diagram(
        "asking", start(), hear("answer", "offer.answered"), end(), way("begin", "answer", "done")
    )
    world.deploy(renamed)

    assert said(world, "offer.answered", "a1", order={"deal": "D-1"}).receivers == [old]


# ------------------------------------------------------------------------------------------------ early and late


HEARING = {
    "a catching event": hear("wait", "order.paid", keep="P3D"),
    "a receive task": '<receiveTask id="wait" name="wait" messageRef="msg_order.paid"><extensionElements>'
    '<spiffworkflow:properties><spiffworkflow:property name="keep" value="P3D"/></spiffworkflow:properties>'
    "</extensionElements></receiveTask>",
}


@pytest.mark.parametrize("kind", HEARING)
def test_an_early_message_waits_for_the_case_and_is_given_to_it_when_it_comes_to_wait(
    world: World, kind: str
) -> None:
    drawn = diagram(
        "order", start(), task("work"), HEARING[kind], task("ship"), end(),
        way("begin", "work", "wait", "ship", "done"),
    )  # fmt: skip
    name = "" if b'name="order.paid"' in drawn.content else '<message id="msg_order.paid" name="order.paid"/>'
    content = drawn.content.replace(b"<process ", name.encode() + b"<process ", 1)
    id_ = opened(world, world.deploy(doctor.File("order.bpmn", content)), "Z-1", waits=False)

    early = paid(world, "p1", "Z-1")
    assert (early.status, early.keep_until) == ("kept", MONDAY + timedelta(days=3))
    assert works(world, hours=1) == 0

    world.complete(id_, "work")
    assert works(world, seconds=1) == 1

    assert world.open_(id_) == ["ship"]
    assert world.rows(Message)[0].receivers == [id_]
    assert facts(world) == ["message_kept", "message_delivered"]
    assert works(world, days=9) == 0


def on_the_edge(keep: str, host: str = "work") -> str:
    return (
        f'<boundaryEvent id="edge" name="edge" attachedToRef="{host}"><extensionElements><spiffworkflow:properties>'
        f'<spiffworkflow:property name="keep" value="{keep}"/></spiffworkflow:properties></extensionElements>'
        '<messageEventDefinition id="edge_m" messageRef="msg_order.paid"/></boundaryEvent>'
    )


def aside(keep: str, *, interrupting: bool) -> str:
    """An event sub-process that says itself how long a message waits for it."""
    return (
        '<subProcess id="aside" name="aside" triggeredByEvent="true"><extensionElements><spiffworkflow:properties>'
        f'<spiffworkflow:property name="keep" value="{keep}"/></spiffworkflow:properties></extensionElements>'
        f'<startEvent id="heard" name="heard" isInterrupting="{str(interrupting).lower()}">'
        '<messageEventDefinition id="heard_m" messageRef="msg_order.paid"/></startEvent>'
        + task("note") + end("noted") + way("heard", "note", "noted") + "</subProcess>"
    )  # fmt: skip


@pytest.mark.parametrize(
    "part",
    [
        on_the_edge("P3D"),
        aside("P3D", interrupting=False),
        aside("P3D", interrupting=True),
        start("other", message="order.paid", keep="P3D"),
    ],
    ids=["boundary", "event sub-process", "interrupting event sub-process", "message start"],
)
def test_every_element_that_hears_may_say_how_long_an_early_message_waits(world: World, part: str) -> None:
    leads = (way("edge", "done") if "edge" in part else "") + (
        way("other", "work") if "other" in part else ""
    )
    world.deploy(diagram("order", start(), task("work"), part, end(), way("begin", "work", "done"), leads))

    with world.factory() as session:
        assert hearing.keeps(session, "order.paid", MONDAY) == MONDAY + timedelta(days=3)


def test_a_length_nobody_can_read_is_found_by_the_doctor_and_keeps_nothing(world: World) -> None:
    found = doctor.examine([order(keep="a while"), ORDER], accepted="all").findings
    world.deploy(order(keep="a while"), ORDER)

    assert [(each.code, each.element) for each in found if each.code == "Q05"] == [("Q05", "wait")]
    assert paid(world, "p1", "Z-1").status == "refused"


def test_a_message_that_waited_in_vain_is_refused_once_for_all_to_see(
    world: World, patient: Definition
) -> None:
    opened(world, patient, "Z-1", waits=False)
    paid(world, "p1", "Z-1")

    assert works(world, days=2, hours=23) == 0
    assert works(world, hours=1) == 1
    assert works(world, days=1) == 0

    (message,) = world.rows(Message)
    assert (message.status, message.reason, message.receivers) == ("refused", "late", [])
    assert facts(world) == ["message_kept", "message_refused"]
    with world.looking() as session:
        assert session.scalars(select(MessageAddress)).all() == []


def test_a_kept_message_waits_for_the_case_that_carries_its_values(world: World, asking: Definition) -> None:
    early = diagram(
        "early",
        start(form="number"),
        tell("send", "parcel.sent", payload="number"),
        task("work"),
        hear("wait", "parcel.back", keep="P1D"),
        end(),
        way("begin", "send", "work", "wait", "done"),
    )
    keys = {"parcel.sent": "number", "parcel.back": "parcel.number"}
    sending = world.deploy(keyed(early, number_key=keys), form("number", asks("number", "integer")))
    first, second = world.start(sending, number="1"), world.start(sending, number="2")
    said(world, "parcel.back", "b1", parcel={"number": 2})
    world.complete(first, "work")
    assert works(world, seconds=1) == 0

    world.complete(second, "work")
    assert works(world, seconds=1) == 1

    assert (world.instance(first).ended_at, world.instance(second).outcome) == (None, "done")


def test_messages_that_wait_for_others_do_not_keep_one_from_its_case(
    world: World, patient: Definition
) -> None:
    """More early ones than a tick looks at, and a case that waits: only its own is looked at."""
    for number in range(inbox.BATCH + 5):
        paid(world, f"p{number}", f"Z-{number}")
    waiting = [opened(world, patient, f"Z-{number}") for number in (3, inbox.BATCH + 2)]

    assert works(world, seconds=1) == 2
    assert [world.open_(each) for each in waiting] == [["ship"], ["ship"]]


def test_a_late_message_is_refused_and_the_sender_is_told(world: World, orders: Definition) -> None:
    id_ = opened(world, orders, "Z-1")
    paid(world, "p1", "Z-1")

    late = paid(world, "p2", "Z-1")

    assert (late.status, late.reason) == ("refused", "nobody")
    assert facts(world) == ["message_delivered", "message_refused"]
    assert world.open_(id_) == ["ship"]


def test_what_a_case_throws_too_early_is_kept_and_too_late_is_refused(
    world: World, patient: Definition
) -> None:
    cashier = world.deploy(
        diagram("cashier", start(form="key"), tell("tell", "order.paid", payload="business_key"), end(),
                way("begin", "tell", "done")),
        form("key", asks("business_key", "text")),
    )  # fmt: skip
    id_ = opened(world, patient, "Z-1", waits=False)
    world.start(cashier, business_key="Z-1")
    world.later(seconds=1)
    assert [each.status for each in world.rows(Message)] == ["kept"]

    world.complete(id_, "work")
    works(world, seconds=1)
    assert world.open_(id_) == ["ship"]

    definition = world.deploy(
        order(), ORDER
    )  # nothing is kept by this version, but the older one's word stands
    assert definition.version == 2
    world.start(cashier, business_key="Z-9")
    world.later(seconds=1)
    works(world, days=4)
    assert [each.status for each in world.rows(Message)] == ["delivered", "refused"]


def test_a_kept_message_starts_a_process_as_soon_as_there_is_one(world: World) -> None:
    drawn = diagram(
        "shop",
        start("came", message="order.placed", keep="P1D"),
        task("pack"),
        end(),
        way("came", "pack", "done"),
    )
    definition = world.deploy(drawn)
    with world.factory.begin() as session:
        session.get_one(Definition, definition.id).retired_at = MONDAY
    assert said(world, "order.placed", "o1").status == "kept"
    assert works(world, seconds=1) == 0

    with world.factory.begin() as session:
        session.get_one(Definition, definition.id).retired_at = None
    assert works(world, seconds=1) == 1

    assert [each.process for each in world.rows(Instance)] == ["shop"]


# ------------------------------------------------------------------------------------------------ once


def test_the_same_key_acts_once_and_gives_back_the_first_ones_row(world: World, orders: Definition) -> None:
    first, second = opened(world, orders, "Z-1"), opened(world, orders, "Z-1")

    messages = [paid(world, "p1", "Z-1") for _ in range(3)]

    assert len({each.id for each in messages}) == 1
    assert (world.open_(first), world.open_(second)) == (["ship"], [])
    assert facts(world) == ["message_delivered"]


@pytest.mark.parametrize("case", ["waiting", "starting"])
def test_the_same_key_at_the_very_same_moment_acts_once(world: World, orders: Definition, case: str) -> None:
    name = "order.paid"
    if case == "starting":
        name = "order.placed"
        world.deploy(
            diagram("shop", start("came", message=name), task("pack"), end(), way("came", "pack", "done"))
        )
    ids = [opened(world, orders, "Z-1") for _ in range(2)]
    together = Barrier(6, timeout=30)

    def send(_: int) -> int:
        with world.factory() as session:
            together.wait()
            found = inbox.receive(session, name, {}, key="p1", business_key="Z-1", now=world.now)
            session.commit()
            return found.id

    with ThreadPoolExecutor(6) as threads:
        assert len(set(threads.map(send, range(6)))) == 1
    assert len([each for each in world.rows(Instance) if each.process == "shop"]) == (case == "starting")
    assert sum(world.open_(each) == ["ship"] for each in ids) == (case == "waiting")
    assert facts(world) == ["message_delivered"]


def test_long_keys_of_a_sender_do_not_run_together(world: World, orders: Definition) -> None:
    other = world.deploy(order("other"), ORDER)
    ids = [opened(world, each, "Z-1") for each in (orders, other)]

    assert sorted(paid(world, "k" * 120, "Z-1").receivers) == ids


def test_two_clocks_at_once_bring_a_kept_message_once(world: World, patient: Definition) -> None:
    ids = [opened(world, patient, "Z-1", waits=False) for _ in range(2)]
    paid(world, "p1", "Z-1")
    for each in ids:
        world.complete(each, "work")
    together = Barrier(4, timeout=30)

    def tick(_: int) -> int:
        together.wait()
        return inbox.work(world.factory, now=world.now)

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(tick, range(4))) == 1
    assert sorted(world.open_(each) for each in ids) == [[], ["ship"]]


def test_what_is_not_committed_never_came(world: World, orders: Definition) -> None:
    id_ = opened(world, orders, "Z-1")
    with world.factory() as session:
        inbox.receive(session, "order.paid", {}, key="p1", business_key="Z-1", now=MONDAY)
        session.rollback()

    assert (world.rows(Message), facts(world), world.open_(id_)) == ([], [], [])
    assert paid(world, "p1", "Z-1").receivers == [id_]


# ------------------------------------------------------------------------------------------------ refused at the door


def test_a_name_nobody_hears_is_refused_also_one_that_is_only_thrown(
    world: World, asking: Definition
) -> None:
    for name in ("no.such", "offer.sent", "nul\x00"):
        with pytest.raises(inbox.UnknownMessage):
            said(world, name, "k")
    assert world.rows(Message) == []


@pytest.mark.parametrize(
    ("key", "payload", "refusal"),
    [
        ("", {}, inbox.KeyMissing),
        ("  ", {}, inbox.KeyMissing),
        ("k" * 121, {}, inbox.KeyMissing),
        ("nul\x00", {}, inbox.KeyMissing),
        ("k", {"text": "x" * inbox.LARGEST}, inbox.PayloadTooLarge),
        ("k", {"text": "nul\x00"}, inbox.PayloadUnreadable),
        ("k", {"number": 10**30}, inbox.PayloadUnreadable),
        ("k", {"half": "\ud800"}, inbox.PayloadUnreadable),
        ("k", {1: "a"}, inbox.PayloadUnreadable),
    ],
)
def test_what_cannot_be_kept_is_refused_at_the_door(
    world: World, orders: Definition, key: str, payload: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal), world.factory.begin() as session:
        inbox.receive(session, "order.paid", payload, key=key, now=MONDAY)
    assert world.rows(Message) == []


# ------------------------------------------------------------------------------------------------ signals


@pytest.fixture
def listeners(world: World) -> Definition:
    """Cases that wait for new prices, each by itself."""
    return world.deploy(
        diagram(
            "listening",
            start(form="n"),
            hear("wait", "prices.changed", "signal"),
            choice("high", default="high_look"),
            task("look"),
            task("ask"),
            end(),
            way("begin", "wait", "high", "look", "done"),
            way("high", "ask", when="1 / n > 1"),
            way("ask", "done"),
        ),
        form("n", asks("n", "integer")),
    )


def test_a_signal_reaches_everybody_and_starts_what_begins_with_it(
    world: World, listeners: Definition
) -> None:
    drawn = diagram("pricing", start("came", message="prices.changed"), task("print"), end(),
                    way("came", "print", "done"))  # fmt: skip
    signal = drawn.content.replace(b"<messageEventDefinition", b"<signalEventDefinition")
    signal = signal.replace(b'messageRef="msg_', b'signalRef="msg_').replace(b"<message id", b"<signal id")
    world.deploy(doctor.File("pricing.bpmn", signal))
    ids = [world.start(listeners, n="5") for _ in range(3)]

    with world.factory.begin() as session:
        inbox.receive(session, "prices.changed", {}, key="s1", kind="signal", now=MONDAY)
    world.later(seconds=1)

    assert [world.open_(each) for each in ids] == [["look"]] * 3
    assert [each.process for each in world.rows(Instance)][3:] == ["pricing"]
    assert sorted(world.rows(Message)[0].receivers) == [each.id for each in world.rows(Instance)]


@pytest.mark.slow
def test_a_signal_reaches_five_hundred_cases_of_which_one_cannot_go_on(
    world: World, listeners: Definition
) -> None:
    ids = [world.start(listeners, n="0" if number == 250 else "5") for number in range(500)]

    with world.factory.begin() as session:
        found = inbox.receive(session, "prices.changed", {}, key="s1", kind="signal", now=MONDAY)
    world.later(seconds=1)

    assert sorted(found.receivers) == ids
    assert [id_ for id_ in ids if world.open_(id_) != ["look"]] == [ids[250]]
    assert [each.instance_id for each in world.incidents()] == [ids[250]]
    assert [each.kind for each in world.timers()] == ["signal"]


def test_a_signal_for_nobody_is_no_trouble(world: World, listeners: Definition) -> None:
    with world.factory.begin() as session:
        found = inbox.receive(session, "prices.changed", {}, key="s1", kind="signal", now=MONDAY)

    assert (found.status, found.receivers) == ("delivered", [])


# ------------------------------------------------------------------------------------------------ a case that rests


def rest(world: World, id_: int, by: Person, *, ends: bool = False) -> None:
    with world.factory.begin() as session:
        act = operating.resume if ends else operating.suspend
        act(session, session.get_one(Instance, id_), "away", by=session.get_one(Person, by.id), now=world.now)


def test_a_resting_case_gets_its_message_when_it_goes_on(
    world: World, orders: Definition, dorota: Person
) -> None:
    id_ = opened(world, orders, "Z-1")
    rest(world, id_, dorota)

    assert paid(world, "p1", "Z-1").receivers == [id_]
    world.later(hours=1)
    assert world.open_(id_) == []
    rest(world, id_, dorota, ends=True)
    world.later(seconds=1)

    assert world.open_(id_) == ["ship"]


def test_what_a_case_waits_for_no_more_when_it_goes_on_is_told_as_late(
    world: World, orders: Definition, dorota: Person
) -> None:
    id_ = opened(world, orders, "Z-1")
    rest(world, id_, dorota)
    for key in ("p1", "p2"):
        paid(world, key, "Z-1")
    rest(world, id_, dorota, ends=True)
    world.later(seconds=1)

    assert world.open_(id_) == ["ship"]
    assert [each.instance_id for each in world.rows(Event) if each.kind == "message_refused"] == [id_]


# ------------------------------------------------------------------------------------------------ a case that cannot


@pytest.fixture
def dividing(world: World) -> Definition:
    """An order whose way on divides by what the message brings."""
    return world.deploy(
        diagram(
            "dividing",
            start(),
            task("work"),
            hear("wait", "order.paid", keep="P3D"),
            choice("large", default="large_ship"),
            task("ship"),
            task("check"),
            end(),
            way("begin", "work", "wait", "large", "ship", "done"),
            way("large", "check", when="100 / amount > 1"),
            way("check", "done"),
            keeps="amount",
        )
    )


def test_a_sender_who_waits_is_told_that_the_diagram_cannot_go_on_and_may_send_it_right(
    world: World, dividing: Definition
) -> None:
    id_ = opened(world, dividing, "Z-1")

    with pytest.raises(Refusal, match="amount"):
        paid(world, "p1", "Z-1", amount=0)
    assert (world.rows(Message), world.incidents()) == ([], [])

    assert paid(world, "p1", "Z-1", amount=5).receivers == [id_]
    assert world.open_(id_) == ["check"]


def test_a_kept_message_no_case_can_go_on_with_is_an_incident_from_which_it_can_be_handed_in_again(
    world: World, dividing: Definition, dorota: Person
) -> None:
    broken, sound = (opened(world, dividing, key, waits=False) for key in ("Z-1", "Z-2"))
    paid(world, "p1", "Z-1", amount=0)
    paid(world, "p2", "Z-2", amount=500)
    for each in (broken, sound):
        world.complete(each, "work")

    assert works(world, seconds=1) == 2
    assert works(world, seconds=1) == 0

    message = world.rows(Message)[0]
    assert (message.status, message.receivers) == ("refused", [broken])
    assert "amount" in (message.reason or "")
    assert world.open_(sound) == ["ship"]
    (incident,) = world.incidents()
    assert (incident.instance_id, incident.code, incident.element) == (broken, "ExpressionFailed", "wait")
    with pytest.raises(inbox.NotRefused), world.factory.begin() as session:
        inbox.again(
            session,
            session.get_one(Message, message.id),
            "try",
            by=session.get_one(Person, dorota.id),
            now=MONDAY,
        )

    with world.factory.begin() as session:
        by, found = session.get_one(Person, dorota.id), session.scalars(incidents.still_open()).one()
        session.scalars(select(Job).where(Job.id == found.job_id)).one().inputs = {"amount": 20}
        jobs.retry(session, found, by=by, now=world.now, reason="it was a typo")
    world.later(seconds=1)

    assert world.open_(broken) == ["check"]


def test_what_one_case_throws_and_another_cannot_go_on_with_stops_the_other_only(
    world: World, dividing: Definition
) -> None:
    id_ = opened(world, dividing, "Z-1")
    cashier = world.deploy(
        diagram("cashier", start(form="paid"), tell("tell", "order.paid", payload="business_key, amount"), end(),
                way("begin", "tell", "done")),
        form("paid", asks("business_key", "text"), asks("amount", "integer")),
    )  # fmt: skip

    world.start(cashier, business_key="Z-1", amount="0")
    world.later(seconds=1)

    assert [(each.instance_id, each.element) for each in world.incidents()] == [(id_, "wait")]
    assert all(each.done_at or each.instance_id == id_ for each in world.jobs())


def test_a_kept_message_nobody_can_start_with_is_refused_with_the_reason_and_the_clock_goes_on(
    world: World, patient: Definition
) -> None:
    drawn = diagram(
        "shop",
        start("came", message="order.placed", keep="P1D"),
        choice("large", default="large_pack"),
        task("pack"),
        task("check"),
        end(),
        way("came", "large", "pack", "done"),
        way("large", "check", when="100 / amount > 1"),
        way("check", "done"),
        keeps="amount",
    )
    definition = world.deploy(drawn)
    with world.factory.begin() as session:
        session.get_one(Definition, definition.id).retired_at = MONDAY
    said(world, "order.placed", "o1", amount=0)
    with world.factory.begin() as session:
        session.get_one(Definition, definition.id).retired_at = None

    assert works(world, seconds=1) == 1
    assert works(world, seconds=1) == 0

    (message,) = world.rows(Message)
    assert message.status == "refused"
    assert "amount" in (message.reason or "")
    assert world.rows(Instance) == []


# ------------------------------------------------------------------------------------------------ again


def test_a_refused_message_is_brought_anew_with_a_reason_and_once(
    world: World, orders: Definition, dorota: Person
) -> None:
    refused = paid(world, "p1", "Z-1", amount=7)
    id_ = opened(world, orders, "Z-1")

    def again(reason: str) -> Message:
        with world.factory.begin() as session:
            by = session.get_one(Person, dorota.id)
            return inbox.again(session, session.get_one(Message, refused.id), reason, by=by, now=world.now)

    with pytest.raises(jobs.ReasonMissing):
        again(" ")
    first, second = again("the order was late"), again("the order was late")

    assert first.id == second.id != refused.id
    assert first.receivers == [id_]
    assert world.rows(Message)[0].status == "refused"
    told = [each for each in world.rows(Event) if each.kind == "message_repeated"]
    assert (told[0].subject, told[0].actor_id, told[0].data["reason"]) == (
        f"message:{refused.id}",
        dorota.id,
        "the order was late",
    )


# ------------------------------------------------------------------------------------------------ the price


@contextmanager
def statements(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """The statements of a block."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def waiting_rows(session: Session, definition: Definition, count: int, address: str | None) -> None:
    """So many cases that wait for the message, as rows: under business keys, or under correlation values."""
    from engine.process import subscriptions

    numbers = range(100_000 * count, 100_001 * count)
    session.execute(
        insert(Instance),
        [
            {"id": each, "definition_id": definition.id, "process": "order", "business_key": f"B-{each}",
             "started_at": MONDAY, "version": 1, "seq": 0, "title": "", "state": b""}
            for each in numbers
        ],
    )  # fmt: skip
    session.execute(
        insert(Subscription),
        [
            {"instance_id": each, "kind": "message", "token": "t-1", "diagram": "order", "element": "wait",
             "name": "order.paid",
             "correlation_hash": subscriptions.address({address: each} if address else {}, f"B-{each}")}
            for each in numbers
        ],
    )  # fmt: skip


def plan_of(session: Session, query: Any) -> str:
    """How the database goes about a query."""
    written = str(query.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        session.execute(text("ANALYZE"))
    rows = session.execute(
        text(("EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN ") + written.replace(":", r"\:"))
    )
    return "\n".join(str(row[-1]) for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize("correlated", [False, True])
def test_one_message_among_ten_thousand_waiting_costs_what_it_costs_among_ten(
    world: World, correlated: bool
) -> None:
    drawn = keyed(order(), number={"order.paid": "number"}) if correlated else order()
    definition = world.deploy(drawn, ORDER)
    own = {"number": 5} if correlated else {}
    counts = []
    for count in (10, 9_990):
        with world.factory.begin() as session:
            waiting_rows(session, definition, count, "number" if correlated else None)
        id_ = opened(world, definition, "Z-1")
        if correlated:
            with world.factory.begin() as session:
                session.scalars(
                    select(Subscription).where(Subscription.instance_id == id_)
                ).one().correlation_hash = next(iter(hearing.addresses(session, "order.paid", own, None)))
        paid(world, f"warm {count}", "Z-0")
        with statements(world.engine) as seen:
            message = paid(world, f"p{count}", None if correlated else "Z-1", **own)
        assert message.receivers == [id_]
        counts.append(len(seen))

    assert counts[0] == counts[1] <= 25
    with world.factory() as session:
        letter = delivering.Letter("message", "order.paid", "k", own, "Z-1")
        assert "ix_subscriptions_name" in plan_of(session, delivering.meant(session, letter))
        looking = plan_of(session, inbox.waiting(world.now))
        assert "ix_subscriptions_name" in looking
        if world.engine.dialect.name == "sqlite":  # PostgreSQL reads a table of a few rows whole
            assert "ix_messages_open" in looking


@pytest.mark.slow
def test_many_kept_messages_and_many_waiting_cases_are_matched_without_looking_at_each_pair(
    world: World, patient: Definition
) -> None:
    with world.factory.begin() as session:
        waiting_rows(session, patient, 5_000, None)
    for number in range(300):
        paid(world, f"p{number}", f"Z-{number}")
    id_ = opened(world, patient, "Z-7")

    began = time.process_time()
    assert inbox.work(world.factory, now=world.now) == 1

    assert time.process_time() - began < 0.3
    assert world.open_(id_) == ["ship"]


def test_a_clock_with_nothing_kept_looks_once(world: World, patient: Definition) -> None:
    opened(world, patient, "Z-1")
    with statements(world.engine) as seen:
        assert inbox.work(world.factory, now=world.now) == 0

    assert len([each for each, _ in seen if each.startswith("SELECT")]) == 1
    assert not [each for each, _ in seen if "IMMEDIATE" in each]


def test_a_timer_and_its_message_at_once_let_one_of_them_win(world: World) -> None:
    racing = diagram(
        "racing", start(), task("answer"), on_the_edge("P1D", "answer"),
        after("too_late", "answer", "PT1H"), task("call"), end(),
        way("begin", "answer", "done"), way("edge", "done"), way("too_late", "call", "done"),
    )  # fmt: skip
    id_ = world.start(world.deploy(racing))
    with world.factory.begin() as session:
        session.get_one(Instance, id_).business_key = "Z-1"
    world.later(hours=1)

    assert world.open_(id_) == ["call"]
    assert paid(world, "p1", "Z-1").status == "kept"
