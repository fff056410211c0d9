"""Operations and documents in a browser: who may look, what can be done, and that doing it moves the case."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from connectors.document import Document, Documents
from connectors.mail import Mail
from engine.people import Department, Person
from engine.ports import Call, Failed
from engine.process import operating
from engine.process.definitions import Definition
from engine.process.incidents import Incident
from engine.process.instances import Instance
from engine.sales.deals import Deal
from tests.conftest import MONDAY
from tests.connectors.kit import ask
from tests.engine.process.kit import World, diagram, end, service, start, task, way
from tests.web.conftest import Clock, Visitor


@pytest.fixture
def stopped(world: World, departments: dict[str, Department]) -> int:
    """A case that waits for a person because nobody has its connector's answer. Its id."""
    definition = world.deploy(
        diagram(
            "booking",
            start(),
            service("book", connector="shop", operation="book"),
            task("ship"),
            end(),
            way("begin", "book", "ship", "done"),
        )
    )
    world.shop.failures = [Failed("the carrier is closed", permanent=True)]
    id_ = world.start(definition)
    world.later(seconds=1)
    return id_


@pytest.fixture
def world(database: Engine) -> World:
    """A worker beside the web."""
    return World(database)


@pytest.fixture
def incident(session: Session, stopped: int) -> Incident:
    found = session.scalars(select(Incident)).one()
    session.commit()
    return found


def test_an_incident_says_what_happened_and_where(
    as_: Callable[[Person], Visitor], dorota: Person, incident: Incident
) -> None:
    office = as_(dorota)

    listed = office.get("/operations/").get_data(as_text=True)
    opened = office.get(f"/operations/incidents/{incident.id}").get_data(as_text=True)

    assert "The connector failed" in listed
    assert "the carrier is closed" in opened
    assert f'href="/processes/instances/{incident.instance_id}"' in opened
    assert "book" in opened


def test_trying_again_moves_the_case_on(
    as_: Callable[[Person], Visitor],
    adam: Person,
    incident: Incident,
    world: World,
    stopped: int,
    clock: Clock,
) -> None:
    office = as_(adam)
    clock.at = world.now

    answer = office.send(f"/operations/incidents/{incident.id}/retry", {"reason": "they are open again"})
    world.later(seconds=1)

    assert (answer.status_code, answer.location) == (303, "/operations/")
    assert world.open_(stopped) == ["ship"]
    page = office.get("/operations/").get_data(as_text=True)
    assert "Tried again" in page
    assert "they are open again" in page


def test_going_on_without_it_moves_the_case_on(
    as_: Callable[[Person], Visitor], adam: Person, incident: Incident, world: World, stopped: int
) -> None:
    answer = as_(adam).send(f"/operations/incidents/{incident.id}/skip", {"reason": "booked by phone"})

    assert answer.status_code == 303
    assert world.open_(stopped) == ["ship"]


def test_without_a_reason_nothing_is_done(
    as_: Callable[[Person], Visitor], adam: Person, incident: Incident, world: World
) -> None:
    answer = as_(adam).send(f"/operations/incidents/{incident.id}/retry", {"reason": " "})

    assert answer.status_code == 422
    assert "Say why" in answer.get_data(as_text=True)
    assert world.incidents()[0].resolved_at is None


def test_an_incident_is_resolved_once(
    as_: Callable[[Person], Visitor], adam: Person, dorota: Person, incident: Incident
) -> None:
    as_(adam).send(f"/operations/incidents/{incident.id}/retry", {"reason": "again"})

    answer = as_(dorota).send(f"/operations/incidents/{incident.id}/retry", {"reason": "again"})

    assert answer.status_code == 400
    assert "already dealt with" in answer.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/operations/", "/operations/mails", "/operations/incidents/1"])
def test_a_seller_has_no_business_in_operations(
    as_: Callable[[Person], Visitor], anna: Person, path: str
) -> None:
    assert as_(anna).get(path).status_code == 403


def test_an_incident_that_is_not_there_is_not_found(as_: Callable[[Person], Visitor], adam: Person) -> None:
    assert as_(adam).get("/operations/incidents/77").status_code == 404


def test_mail_without_a_server_is_listed(
    as_: Callable[[Person], Visitor], adam: Person, session: Session
) -> None:
    ask(session, Mail(), "send", to="ewa@klient.example", subject="Wycena <b>", text="Dzień dobry")
    session.commit()

    page = as_(adam).get("/operations/mails").get_data(as_text=True)

    assert "Wycena &lt;b&gt;" in page
    assert "ewa@klient.example" in page
    assert "kept here" in page


@pytest.fixture
def offer(session: Session, anna: Person) -> Document:
    """An offer of a deal of Anna's."""
    definition = Definition(
        process="sale",
        version=1,
        title={"pl": "", "en": ""},
        kind="funnel",
        content_hash="0",
        deployed_at=MONDAY,
    )
    session.add(definition)
    session.flush()
    instance = Instance(definition_id=definition.id, process="sale", started_at=MONDAY, owner_id=anna.id)
    session.add(instance)
    session.flush()
    session.add(
        Deal(
            instance_id=instance.id,
            process="sale",
            ladder="sale",
            number="S-7",
            title="Suwnica",
            amount=5000,
            owner_id=anna.id,
            opened_at=MONDAY,
            details={},
        )
    )
    session.flush()
    inputs = {"client": "Stocznia Mewa"}
    made = Call("7:a", "document", "offer", inputs, session, MONDAY + timedelta(days=1), instance.id)
    session.commit()
    Documents(prints_later=True).run(made)
    session.commit()
    return session.scalars(select(Document)).one()


def test_a_document_of_a_deal_one_sees_is_downloaded_as_paper(
    as_: Callable[[Person], Visitor], anna: Person, offer: Document
) -> None:
    listed = as_(anna).get("/documents/").get_data(as_text=True)
    answer = as_(anna).get(f"/documents/{offer.id}")

    assert "offer-S-7.pdf" in listed
    assert answer.data.startswith(b"%PDF-")
    assert answer.headers["Content-Disposition"] == "attachment; filename=offer-S-7.pdf"


@pytest.mark.parametrize("who", ["borys", "adam", "dorota"])
def test_a_document_of_a_deal_one_does_not_see_is_not_there(
    as_: Callable[[Person], Visitor], offer: Document, who: str, request: pytest.FixtureRequest
) -> None:
    visitor = as_(request.getfixturevalue(who))

    assert visitor.get(f"/documents/{offer.id}").status_code in {403, 404}
    assert "offer-S-7.pdf" not in visitor.get("/documents/").get_data(as_text=True)


def test_the_pages_speak_polish(
    as_: Callable[[Person], Visitor], adam: Person, session: Session, incident: Incident
) -> None:
    adam.locale = "pl"
    session.commit()

    page = as_(adam).get(f"/operations/incidents/{incident.id}").get_data(as_text=True)

    assert "Łącznik zawiódł" in page
    assert "Idź dalej bez tego" in page


def test_what_a_call_asks_is_changed_on_its_incident_and_secrets_stay_masked(
    as_: Callable[[Person], Visitor], adam: Person, world: World, departments: dict[str, Department]
) -> None:
    definition = world.deploy(
        diagram(
            "parcel",
            start(),
            service("book", connector="shop", in__sku="'A-1'", in__count="3", in__api_key="'s3cret'"),
            task("ship"),
            end(),
            way("begin", "book", "ship", "done"),
        )
    )
    world.shop.failures = [Failed("no such thing", permanent=True)]
    id_ = world.start(definition)
    world.later(seconds=1)
    office, place = as_(adam), "/operations/incidents/1"
    page = office.get(place).get_data(as_text=True)
    assert "s3cret" not in page

    typed = {
        "act": "inputs",
        "value:sku": "B-2",
        "value:count": "3",
        "value:api_key": "•••",
        "reason": "typo",
    }
    wrong = office.send(f"{place}/inputs", {**typed, "value:count": "many"})
    same = office.send(f"{place}/inputs", {**typed, "value:sku": "A-1"})
    answer = office.send(f"{place}/inputs", typed)
    world.now += timedelta(days=1)
    world.later(seconds=1)

    assert (wrong.status_code, same.status_code, answer.status_code) == (422, 422, 303)
    assert "Nothing was changed" in same.get_data(as_text=True)
    assert dict(world.shop.asked[-1].inputs) == {"sku": "B-2", "count": 3, "api_key": "s3cret"}
    assert world.open_(id_) == ["ship"]


def test_everything_one_cause_stopped_is_tried_again_with_one_press(
    as_: Callable[[Person], Visitor], adam: Person, world: World, stopped: int, clock: Clock
) -> None:
    with world.looking() as session:
        definition = session.get_one(Definition, session.get_one(Instance, stopped).definition_id)
    for _ in range(3):
        world.shop.failures = [Failed("the carrier is closed", permanent=True)]
        world.start(definition)
        world.later(seconds=1)
    with world.factory.begin() as session:
        resting = session.scalars(select(Instance).order_by(Instance.id.desc())).first()
        assert resting is not None
        operating.suspend(session, resting, "a pause", by=None, now=world.now)
    office, clock.at = as_(adam), world.now
    listed = office.get("/operations/").get_data(as_text=True)
    assert "The same cause, several cases" in listed
    cause = {"process": "booking", "element": "book", "code": "FAILED"}
    assert "Try all of these again" in office.get("/operations/", query_string=cause).get_data(as_text=True)

    without = office.send("/operations/retrials", {**cause, "reason": " "})
    answer = office.send("/operations/retrials", {**cause, "reason": "they are open again"})
    said = office.get("/operations/").get_data(as_text=True)
    world.later(seconds=1)

    assert (without.status_code, answer.status_code) == (422, 303)
    assert "3 are being tried again. 1 could not be." in said
    assert world.open_(stopped) == ["ship"]
    assert [each.resolution for each in world.incidents()] == ["retried"] * 3 + [None]
