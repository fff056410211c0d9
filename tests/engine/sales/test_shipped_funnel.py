"""The shipped long sale: its deals move, wait, are lost and agree things as its own diagram and tables say."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.process import definitions, doctor, instances, operating, tasks
from engine.process.incidents import Incident
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import commitments, deals, exits, ladders, remembering
from engine.sales.deals import Deal
from engine.sales.records import Client, Contact
from tests.conftest import MONDAY
from tests.engine.sales import live
from tests.engine.sales.kit import kinds

BPMN = Path(__file__).parents[3] / "bpmn"
HOUR = timedelta(hours=1)


@pytest.fixture
def deal(session: Session, anna: Person, clara: Person, departments: dict[str, Department]) -> Deal:
    """A deal of Anna's on its first stage."""
    session.info["wiring"] = live.WIRING
    paths = [BPMN / "sales_funnel.bpmn", *sorted((BPMN / "stages").iterdir()), *sorted(BPMN.glob("*.dmn"))]
    paths += sorted((BPMN / "forms").iterdir())
    files = [doctor.File(path.name, path.read_bytes()) for path in paths]
    definition = definitions.deploy(
        session, files, process="sales_funnel", accepted="all", by=None, now=MONDAY
    )
    client = Client(name="Stocznia Mewa", created_at=MONDAY)
    session.add(client)
    session.flush()
    contact = Contact(client_id=client.id, name="Ewa Jawor")
    session.add(contact)
    session.flush()
    answers: dict[str, Any] = {
        "client": client.id,
        "contact": contact.id,
        "title": "Suwnica",
        "source": "event",
        "product_line": "machines",
        "amount": 400000,
        "currency": "PLN",
        "expected_close": "2026-12-18",
        "owner": anna.id,
        "kind": "new",
    }
    raw = {key: [str(value)] for key, value in answers.items()}
    instance = instances.start(session, definition, raw, by=anna, now=MONDAY)
    found = deals.of(session, instance.id)
    assert found is not None
    return found


def told(session: Session, deal: Deal) -> list[str]:
    return kinds(session.scalars(ladders.moves(f"deal:{deal.id}")).all())


def task(session: Session, deal: Deal, element: str) -> UserTask:
    return next(each for each in tasks.open_of(session, deal.instance_id) if each.element == element)


def promise_something(session: Session, deal: Deal, by: Person) -> None:
    """The client promises us a meeting, which the first stage demands before it is left."""
    given = {"direction": "client_to_us", "text": "Spotkanie z kierownikiem hali"}
    commitments.record(session, deal, **given, by=by, now=MONDAY)


def test_a_stage_is_left_only_with_what_its_diagram_demands(
    session: Session, deal: Deal, anna: Person
) -> None:
    with pytest.raises(exits.ExitHeld) as refused:
        deals.move(session, deal, "discovery", by=anna, now=MONDAY)

    assert refused.value.places["stage"].into("en") == "Qualification"
    assert "the client has promised us something" in refused.value.places["needed"].into("en")
    promise_something(session, deal, anna)
    assert deals.move(session, deal, "discovery", by=anna, now=MONDAY) == "allow"


def lose(session: Session, deal: Deal, by: Person) -> None:
    raw = {"reason": ["price"], "lesson": ["Za drogo"], "competitor": ["Żuraw"]}
    instances.complete(session, task(session, deal, "record_loss"), raw, by=by, now=MONDAY + 2 * HOUR)


def test_a_new_deal_carries_what_its_form_brought(session: Session, deal: Deal, anna: Person) -> None:
    assert (deal.stage, deal.title, deal.owner_id) == ("qualification", "Suwnica", anna.id)
    assert (str(deal.amount), deal.expected_close) == ("400000.00", date(2026, 12, 18))
    assert told(session, deal) == ["new"]


def test_the_next_stage_is_allowed_and_a_long_skip_asks_the_director(
    session: Session, deal: Deal, anna: Person
) -> None:
    promise_something(session, deal, anna)
    assert deals.move(session, deal, "discovery", by=anna, now=MONDAY + HOUR) == "allow"
    assert deal.stage == "discovery"

    verdict = deals.move(session, deal, "negotiation", reason="scope", by=anna, now=MONDAY + 2 * HOUR)

    assert (verdict, deal.stage) == ("approve", "discovery")
    consent = task(session, deal, "approve_card")
    assert consent.audience == "role:director"


def test_what_the_director_agrees_to_happens_with_the_reason_given_first(
    session: Session, deal: Deal, anna: Person, clara: Person, departments: dict[str, Department]
) -> None:
    promise_something(session, deal, anna)
    deals.move(session, deal, "negotiation", by=clara, now=MONDAY, reason="scope")
    causing = departments["presales"].id
    deals.move(
        session, deal, "qualification", reason="scope", causing_department=causing, by=anna, now=MONDAY + HOUR
    )
    raw = {"move_approved": ["yes"]}
    instances.complete(session, task(session, deal, "approve_card"), raw, by=clara, now=MONDAY + 2 * HOUR)

    last = ladders.last(session, f"deal:{deal.id}")
    assert last is not None
    assert (last.kind, last.reason, last.causing_department_id) == ("backward", "scope", causing)


def test_the_table_refuses_a_jump_to_the_contract(session: Session, deal: Deal, anna: Person) -> None:
    promise_something(session, deal, anna)
    with pytest.raises(deals.NotByPolicy):
        deals.move(session, deal, "contract", reason="scope", by=anna, now=MONDAY)


def test_suspending_waking_and_giving_up(session: Session, deal: Deal, anna: Person) -> None:
    deals.suspend(session, deal, date(2026, 12, 1), "budget", by=anna, now=MONDAY + HOUR)
    waits = deal.status, deal.suspended_until
    deals.resume(session, deal, by=anna, now=MONDAY + HOUR)
    back = deal.status
    deals.suspend(session, deal, date(2026, 12, 1), "budget", by=anna, now=MONDAY + HOUR)
    deals.close(session, deal, "no_budget", by=anna, now=MONDAY + HOUR)
    lose(session, deal, anna)

    assert (waits, back) == (("suspended", date(2026, 12, 1)), "open")
    assert told(session, deal)[:4] == ["new", "suspended", "resumed", "suspended"]
    assert deal.status == "lost"


def test_a_lost_deal_closes_what_was_agreed_with_the_client(
    session: Session, deal: Deal, anna: Person
) -> None:
    made = commitments.record(session, deal, direction="mutual", text="Wizyta", by=anna, now=MONDAY)
    deals.withdraw(session, deal, "price", by=anna, now=MONDAY + HOUR)
    lose(session, deal, anna)

    assert (deal.status, deal.loss_reason, deal.competitor) == ("lost", "price", "Żuraw")
    assert made.state == "obsolete"


def test_on_its_day_a_commitment_is_asked_about_once_and_the_answer_settles_it(
    session: Session, deal: Deal, anna: Person
) -> None:
    made = commitments.record(
        session, deal, direction="client_to_us", text="Lista", due_on=date(2026, 11, 17), by=anna, now=MONDAY
    )
    early = remembering.ask_due(session, now=MONDAY)
    first = remembering.ask_due(session, now=MONDAY + timedelta(days=1))
    again = remembering.ask_due(session, now=MONDAY + timedelta(days=2))
    question = task(session, deal, "was_it_kept")
    instances.complete(session, question, {"outcome": ["kept"]}, by=anna, now=MONDAY + timedelta(days=2))

    assert (early, first, again) == (0, 1, 0)
    assert made.state == "kept"


def test_who_answers_that_it_was_broken_names_whose_doing_it_was(
    session: Session, deal: Deal, anna: Person
) -> None:
    made = commitments.record(
        session, deal, direction="we_to_client", text="Plan", due_on=date(2026, 11, 17), by=anna, now=MONDAY
    )
    later = MONDAY + timedelta(days=2)
    remembering.ask_due(session, now=later)
    question, theirs = task(session, deal, "was_it_kept"), deal.department_id
    said = {"outcome": ["broken"], "reason": ["Za późno"], "caused_by": [str(theirs)]}
    instances.complete(session, question, said, by=anna, now=later)

    assert theirs is not None
    assert (made.state, made.caused_by_id) == ("broken", theirs)


def test_a_deal_that_rests_is_asked_about_its_commitments_when_it_is_awake(
    session: Session, deal: Deal, anna: Person, clara: Person
) -> None:
    commitments.record(
        session, deal, direction="client_to_us", text="Lista", due_on=date(2026, 11, 17), by=anna, now=MONDAY
    )
    case = session.get_one(Instance, deal.instance_id)
    day = timedelta(days=1)
    operating.suspend(session, case, "Klient rozstrzyga przetarg.", by=clara, now=MONDAY)
    resting = remembering.ask_due(session, now=MONDAY + day)
    operating.resume(session, case, "Rozstrzygnięty.", by=clara, now=MONDAY + 2 * day)
    awake = remembering.ask_due(session, now=MONDAY + 3 * day)

    assert (resting, awake) == (0, 1)
    assert session.scalars(select(Incident)).all() == []
