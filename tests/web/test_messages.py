"""Messages in a browser and on the command line: what is seen of them, how one is sent, and what sales people record."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from engine.history import Event
from engine.people import Department, Person
from engine.process import inbox, instances, subscriptions, tasks
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.messages import Message
from engine.sales.deals import Deal
from tests.browser import walking
from tests.browser.walking import CLERK, Firm
from tests.conftest import MONDAY
from tests.engine.process.kit import World, choice, diagram, end, hear, start, task, way
from tests.web.conftest import Clock, Visitor
from tests.web.house import words
from webapp import clockwork, shipped
from webapp.cli import main
from webapp.demo import company

Browser = Callable[[Person], Visitor]
LIST = "/operations/messages/"


@pytest.fixture
def world(database: Engine) -> World:
    """A worker beside the web."""
    return World(database)


@pytest.fixture
def orders(world: World, departments: dict[str, Department]) -> Definition:
    """Orders that wait to be paid; a large payment is checked, a strange one breaks the diagram."""
    return world.deploy(
        diagram(
            "order",
            start(),
            task("work"),
            hear("wait", "order.paid", keep="P2D"),
            choice("large", default="large_ship"),
            task("ship"),
            task("check"),
            end(),
            way("begin", "work", "wait", "large", "ship", "done"),
            way("large", "check", when="1000 / amount < 1"),
            way("check", "done"),
            keeps="amount",
        )
    )


def opened(
    world: World, orders: Definition, key: str, by: Person | None = None, *, waits: bool = True
) -> int:
    with world.factory.begin() as session:
        owner = session.get_one(Person, by.id) if by else None
        case = instances.start(session, orders, {}, by=owner, now=world.now, business_key=key)
    if waits:
        world.complete(case.id, "work", by=by)
    return case.id


def sent(world: World, key: str, business_key: str, /, **payload: object) -> Message:
    with world.factory.begin() as session:
        return inbox.receive(
            session, "order.paid", payload, key=key, business_key=business_key, now=world.now
        )


# ------------------------------------------------------------------------------------------------ the list


@pytest.fixture
def three(world: World, orders: Definition) -> dict[str, Message]:
    """One message of each kind: delivered, kept, refused."""
    opened(world, orders, "Z-1")
    found = {"delivered": sent(world, "p1", "Z-1", amount=10)}
    found["refused"] = sent(world, "p3", "Z-3", amount=5, password="geheim", note="<b>pilne</b>")
    with world.factory.begin() as session:
        row = session.get_one(Message, found["refused"].id)
        row.keep_until, row.refused_at, row.reason = None, MONDAY, "nobody"
    found["kept"] = sent(world, "p2", "Z-2")
    return found


def test_messages_are_listed_with_what_became_of_each_and_narrowed_by_state_and_name(
    as_: Browser, dorota: Person, three: dict[str, Message]
) -> None:
    office = as_(dorota)

    page = words(office.get(LIST).get_data(as_text=True))
    assert "delivered to Case 1" in page
    assert "kept until" in page
    assert "nobody waited for it" in page

    kept = office.get(f"{LIST}?status=kept&name=order.paid").get_data(as_text=True)
    assert (">Z-2<" in kept, ">Z-1<" in kept, ">Z-3<" in kept) == (True, False, False)
    assert "No message answers this filter" in office.get(f"{LIST}?name=no.such").get_data(as_text=True)


@pytest.mark.parametrize("place", ["", "cases", "messages/", "mails"])
def test_a_tab_of_operations_counts_what_its_list_shows(
    as_: Browser, dorota: Person, three: dict[str, Message], place: str
) -> None:
    office = as_(dorota)
    rows = office.get(LIST).get_data(as_text=True).count('class="what"')

    page = office.get(f"/operations/{place}").get_data(as_text=True)

    assert rows == len(three)
    assert f'Messages <span class="n">{rows}</span>' in page


def test_a_long_list_comes_in_pages(as_: Browser, adam: Person, world: World, orders: Definition) -> None:
    for number in range(53):
        sent(world, f"p{number}", f"Z-{number}")
    office = as_(adam)

    first, second = (office.get(f"{LIST}?page={page}").get_data(as_text=True) for page in (1, 2))

    assert (first.count('class="what"'), second.count('class="what"')) == (50, 3)


def test_one_message_shows_what_it_carried_without_its_secrets(
    as_: Browser, adam: Person, three: dict[str, Message]
) -> None:
    page = as_(adam).get(f"{LIST}{three['refused'].id}").get_data(as_text=True)

    assert "geheim" not in page
    assert "&lt;b&gt;pilne" in page
    assert "It was kept" in words(page) or "so it was kept" in words(page)
    assert "Deliver again" in page


@pytest.mark.parametrize("path", [LIST, f"{LIST}1"])
def test_a_seller_has_no_business_with_messages(as_: Browser, anna: Person, path: str) -> None:
    assert as_(anna).get(path).status_code == 403
    assert as_(anna).send(f"{LIST}1/again", {"reason": "r"}).status_code == 403


def test_a_message_that_is_not_there_is_not_found(as_: Browser, adam: Person) -> None:
    assert as_(adam).get(f"{LIST}77").status_code == 404


def test_a_refused_message_is_delivered_again_for_a_reason_once(
    as_: Browser, adam: Person, world: World, orders: Definition, three: dict[str, Message], session: Session
) -> None:
    id_, office = opened(world, orders, "Z-3"), as_(adam)
    address = f"{LIST}{three['refused'].id}"

    wrong = office.send(f"{address}/again", {"reason": " "})
    right = office.send(f"{address}/again", {"reason": "the order was late"})
    twice = office.send(f"{address}/again", {"reason": "the order was late"})

    assert wrong.status_code == 422
    assert (right.status_code, right.location) == (303, twice.location)
    assert world.open_(id_) == ["ship"]
    page = words(office.get(address).get_data(as_text=True))
    assert "Adam Lis : It was delivered again, as a new message." in page
    assert "the order was late" in page
    assert "Deliver again" not in page
    again = office.send(f"{LIST}{three['delivered'].id}/again", {"reason": "why not"})
    assert again.status_code == 400


def test_a_message_a_case_could_not_go_on_with_leads_to_its_incident(
    as_: Browser, dorota: Person, world: World, orders: Definition
) -> None:
    id_ = opened(world, orders, "Z-1", waits=False)
    message = sent(world, "p1", "Z-1", amount=0)
    world.complete(id_, "work")

    clockwork.tick(world.factory, lambda: world.now)

    office = as_(dorota)
    page = office.get(f"{LIST}{message.id}").get_data(as_text=True)
    assert "could not go on with it:" in page
    (incident,) = world.incidents()
    assert f'href="/operations/incidents/{incident.id}"' in page
    assert "Deliver again" not in page
    office.send(f"/operations/incidents/{incident.id}/skip", {"reason": "paid in cash"})
    assert "paid in cash" in office.get("/operations/").get_data(as_text=True)


def test_the_products_clock_brings_kept_messages(world: World, orders: Definition) -> None:
    id_ = opened(world, orders, "Z-1", waits=False)
    sent(world, "p1", "Z-1", amount=7)
    world.complete(id_, "work")

    assert clockwork.tick(world.factory, lambda: world.now) == 1

    assert world.open_(id_) == ["ship"]


# ------------------------------------------------------------------------------------------------ from a case


@pytest.fixture
def waiting(world: World, orders: Definition, session: Session, anna: Person) -> int:
    """A case of Anna's that waits for its payment."""
    return opened(world, orders, "Z-1", by=anna)


def form(world: World, id_: int, data: str) -> dict[str, str]:
    with world.looking() as session:
        token = next(each.token for each in subscriptions.of(session, id_) if each.name == "order.paid")
    return {"act": "send", "token": token, "message": "order.paid", "data": data}


@pytest.mark.parametrize("who", ["dorota", "clara"])
def test_who_designs_or_directs_sends_a_case_what_it_waits_for(
    as_: Browser, world: World, waiting: int, who: str, request: pytest.FixtureRequest
) -> None:
    person: Person = request.getfixturevalue(who)
    office, address = as_(person), f"/processes/instances/{waiting}"
    page = office.get(address).get_data(as_text=True)
    assert "Send it…" in page
    assert "This process reads: amount" in words(page)

    answer = office.send(f"{address}/messages", form(world, waiting, "amount = 5000\n\n"))

    assert answer.status_code == 303
    assert world.open_(waiting) == ["check"]
    assert f"{person.name} : received the message “order.paid”" in words(
        office.get(address).get_data(as_text=True)
    )
    late = office.send(f"{address}/messages", {"token": "gone", "message": "order.paid"})
    assert late.status_code == 400
    assert "not waiting for “order.paid”" in late.get_data(as_text=True)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("amount 5000", "This line is not: “amount 5000”"),
        ("amonut = 5000", "reads nothing called “amonut”. It reads: amount"),
    ],
)
def test_what_is_typed_wrong_comes_back_with_what_to_do(
    as_: Browser, dorota: Person, world: World, waiting: int, data: str, said: str
) -> None:
    answer = as_(dorota).send(f"/processes/instances/{waiting}/messages", form(world, waiting, data))

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert said in words(page)
    assert f">{data}</textarea>" in page
    assert world.open_(waiting) == []


def test_a_diagram_that_cannot_go_on_says_so_and_the_case_still_waits(
    as_: Browser, dorota: Person, world: World, waiting: int
) -> None:
    answer = as_(dorota).send(f"/processes/instances/{waiting}/messages", form(world, waiting, "amount = 0"))

    assert answer.status_code == 400
    assert "1000 / amount" in answer.get_data(as_text=True)
    assert [each.name for each in world.timers()] == ["order.paid"]


def test_a_seller_sees_what_a_case_waits_for_and_cannot_send_it(
    as_: Browser, anna: Person, world: World, waiting: int
) -> None:
    page = as_(anna).get(f"/processes/instances/{waiting}").get_data(as_text=True)

    assert "order.paid" in page
    assert "Send it…" not in page
    assert (
        as_(anna).send(f"/processes/instances/{waiting}/messages", form(world, waiting, "")).status_code
        == 403
    )


# ------------------------------------------------------------------------------------------------ a fast sale


@pytest.fixture
def delivered(session: Session, database: Engine, clock: Clock) -> Deal:
    """An order of the demo's company that was shipped two days ago: the process waits for what the client says."""
    from engine.db import sessions

    firm = Firm(sessions(database, wiring=walking.connected()))
    with firm.at_work() as inner:
        founded = company.found(inner, now=MONDAY, seed=3, clients=10)
        shipped.deploy(inner, by=founded.people[walking.DESIGNER], now=MONDAY)
    firm.order(CLERK)
    deal = session.scalars(select(Deal).where(Deal.process == "fast_sale")).one()
    session.commit()
    _until(firm, deal, "complaint.filed")
    session.expire_all()
    clock.at = firm.now
    return deal


def _until(firm: Firm, deal: Deal, message: str) -> None:
    """The sale flows until it waits for this message; what it waits for on the way is told it, and its tasks are done."""
    for _ in range(40):
        with firm.factory.begin() as inner:
            rows = subscriptions.of(inner, deal.instance_id)
            names = {each.name for each in rows if each.name}
            if message in names:
                return
            case = inner.get_one(Instance, deal.instance_id)
            for name, payload in (
                ("quote.accepted", {}),
                ("payment.received", {"paid": 10**6, "amount": 10**6}),
            ):
                if name in names:
                    instances.send(inner, case, name, payload, by=None, now=firm.now)
        with firm.factory() as inner:
            open_ = [each.element for each in tasks.open_of(inner, deal.instance_id)]
        for element in open_:
            firm.do(deal.id, element, **({"picking": "complete"} if element == "pick_and_pack" else {}))
        firm.pass_time(hours=4)
    raise AssertionError(names, open_)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("message", "label", "then"),
    [
        ("complaint.filed", "The client filed a complaint", "Describe the complaint"),
        ("feedback.received", "The client gave feedback", "nothing, the deal is over"),
    ],
)
def test_the_person_in_charge_records_what_the_client_of_a_fast_sale_says(
    as_: Browser, session: Session, delivered: Deal, message: str, label: str, then: str
) -> None:
    owner = session.get_one(Person, delivered.owner_id)
    owner.locale = "en"
    desk, address = as_(owner), f"/deals/{delivered.id}"
    page = desk.get(address).get_data(as_text=True)
    assert "Waits to hear from the client" in page
    assert re.search(rf'name="message" value="{message}"', page)

    answer = desk.send(f"{address}/heard", {"message": message})

    assert answer.status_code == 303
    page = words(desk.get(address).get_data(as_text=True))
    assert then in page
    assert label in page
    assert "Waits to hear from the client" not in page
    assert desk.send(f"{address}/heard", {"message": message}).status_code == 400
    assert desk.send(f"{address}/heard", {"message": "client.cancelled"}).status_code == 400


# ------------------------------------------------------------------------------------------------ command line


@pytest.fixture
def send(engine_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """``contentum send …``: how it ends and what it prints."""
    monkeypatch.setenv("DATABASE_URL", engine_url)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))

    def act(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["send", *arguments])
        return result.exit_code, result.output.strip()

    return act


def test_the_command_line_sends_a_message_and_says_what_became_of_it(
    send: Callable[..., tuple[int, str]], world: World, orders: Definition, tmp_path: Path
) -> None:
    id_ = opened(world, orders, "Z-1")
    data = tmp_path / "paid.json"
    data.write_text(json.dumps({"amount": 5000}))

    assert send("order.paid", "--key", "p1", "--business-key", "Z-1", "--data", f"@{data}") == (
        0,
        f"“order.paid” was delivered to Z-1 (case {id_}).",
    )
    assert world.open_(id_) == ["check"]
    assert send("order.paid", "--key", "p1")[1] == f"“order.paid” was delivered to Z-1 (case {id_})."
    code, said = send("order.paid", "--key", "p2", "--business-key", "Z-2")
    assert code == 0
    assert said.startswith("“order.paid” is kept until 20")


def test_the_command_line_ends_with_one_and_says_why_it_was_refused(
    send: Callable[..., tuple[int, str]], world: World, departments: dict[str, Department], tmp_path: Path
) -> None:
    world.deploy(diagram("order", start(), hear("wait", "order.paid"), end(), way("begin", "wait", "done")))
    wrong = {
        (
            "order.paid",
            "--key",
            "p1",
        ): "“order.paid” was refused: no case waits for it and none begins with it.",
        ("no.such", "--key", "p1"): "No process knows a message “no.such”.",
        ("order.paid", "--key", " "): "A message needs a key of its sender’s own",
        ("order.paid", "--key", "p2", "--data", "[1]"): "The data must be an object",
        ("order.paid", "--key", "p2", "--data", "{"): "The data cannot be read",
        ("order.paid", "--key", "p2", "--data", f"@{tmp_path}/none"): "The data cannot be read",
    }
    for arguments, said in wrong.items():
        code, output = send(*arguments)
        assert (code, said in output) == (1, True), output
    assert [each.key for each in world.rows(Message)] == ["p1"]
    assert [each.kind for each in world.rows(Event) if each.subject][-1:] == ["message_refused"]


def test_a_signal_from_the_command_line(
    send: Callable[..., tuple[int, str]], world: World, departments: dict[str, Department]
) -> None:
    drawn = diagram(
        "listening", start(), hear("wait", "prices.changed", "signal"), task("look"), end(),
        way("begin", "wait", "look", "done"),
    )  # fmt: skip
    ids = [world.start(world.deploy(drawn)) for _ in range(2)]

    code, said = send("prices.changed", "--key", "s1", "--signal")

    assert (code, said.count("case ")) == (0, 2)
    world.later(days=9999)
    assert [world.open_(each) for each in ids] == [["look"], ["look"]]
