"""Operating a case from its page: what is offered to whom, what each form does, and what a broken case tells."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.ports import Failed
from engine.process import incidents, instances, operating, resting
from engine.process.advancing import Unreadable
from engine.process.checkpoints import Checkpoint
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales.deals import Deal
from engine.sales.ladders import Move
from tests.engine.process.kit import World, asks, choice, diagram, end, fork, form, service, start, task, way
from tests.web import house
from tests.web.conftest import Visitor
from tests.web.house import words

Browser = Callable[[Person], Visitor]


@pytest.fixture
def world(database: Engine) -> World:
    """A worker beside the web."""
    return World(database)


@pytest.fixture
def order(world: World, departments: dict[str, Department]) -> Definition:
    """Sales takes an order; packing and invoicing run side by side; large ones are checked."""
    return world.deploy(
        diagram(
            "order",
            start(),
            task("take", form="take"),
            fork("split"),
            task("pack"),
            task("invoice"),
            fork("join"),
            choice("large", default="large_done"),
            task("check"),
            end(),
            way("begin", "take", "split", "pack", "join", "large", "done"),
            way("split", "invoice", "join"),
            way("large", "check", when="amount > 100"),
            way("check", "done"),
        ),
        form("take", asks("amount", "integer")),
    )


@pytest.fixture
def case(world: World, order: Definition, session: Session, anna: Person) -> int:
    """An order of Anna's that is being packed and invoiced."""
    id_ = world.start(order, by=anna)
    world.complete(id_, "take", amount="5")
    return id_


def address(id_: int) -> str:
    return f"/processes/instances/{id_}"


def test_a_designer_moves_a_case_and_history_says_so_plainly(
    as_: Browser, dorota: Person, world: World, case: int
) -> None:
    office = as_(dorota)
    page = office.get(address(case)).get_data(as_text=True)
    assert 'value="order/check"' in page
    assert 'value="order/begin"' not in page
    assert re.search(r'<select[^>]* name="from">\s*<option value="">', page)

    sent = {"act": "move", "from": "", "to": "order/check", "reason": "packed by hand"}
    answer = office.send(f"{address(case)}/position", sent)

    assert answer.status_code == 303
    assert world.open_(case) == ["check"]
    told = words(office.get(address(case)).get_data(as_text=True))
    assert "Dorota Sowa : moved the case from “pack”, “invoice” to “check” packed by hand" in told


def test_a_move_that_cannot_be_is_said_beside_the_step_and_keeps_what_was_typed(
    as_: Browser, dorota: Person, world: World, case: int
) -> None:
    with world.looking() as session:
        token = session.scalars(select(UserTask.token).where(UserTask.element == "pack")).one()

    sent = {"act": "move", "from": token, "to": "order/join", "reason": "quick"}
    answer = as_(dorota).send(f"{address(case)}/position", sent)

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "waits for every way that leads into it" in page
    assert 'value="quick"' in page
    assert sorted(world.open_(case)) == ["invoice", "pack"]


def test_a_resting_case_says_since_when_and_why_and_refuses_its_people(
    as_: Browser, clara: Person, anna: Person, world: World, case: int
) -> None:
    as_(clara).send(f"{address(case)}/rest", {"act": "rest", "reason": "the client is away"})
    seller = as_(anna)
    with world.looking() as session:
        id_ = session.scalars(select(UserTask.id).where(UserTask.element == "pack")).one()

    page = words(seller.get(address(case)).get_data(as_text=True))
    answer = seller.send(f"/work/tasks/{id_}/completion", {"key": "k"})

    assert "Clara Zając wrote: “the client is away”" in page
    assert answer.status_code == 400
    assert "the client is away" in answer.get_data(as_text=True)
    as_(clara).send(f"{address(case)}/resumption", {"act": "resume", "reason": "back"})
    assert seller.send(f"/work/tasks/{id_}/completion", {"key": "k"}).status_code == 303


def test_data_are_changed_as_they_are_typed(as_: Browser, dorota: Person, world: World, case: int) -> None:
    office = as_(dorota)
    wrong = office.send(f"{address(case)}/data", {"act": "data", "value:amount": "many", "reason": "r"})
    same = office.send(f"{address(case)}/data", {"act": "data", "value:amount": "5", "reason": "r"})
    right = office.send(f"{address(case)}/data", {"act": "data", "value:amount": "500", "reason": "a zero"})

    assert wrong.status_code == 422
    assert "Write it as it stood there" in wrong.get_data(as_text=True)
    assert "Nothing was changed" in same.get_data(as_text=True)
    assert right.status_code == 303
    assert "5 → 500" in words(office.get(address(case)).get_data(as_text=True))
    world.complete(case, "pack")
    world.complete(case, "invoice")
    assert world.open_(case) == ["check"]


def test_data_of_one_token_are_shown_by_its_own_address(
    as_: Browser, dorota: Person, world: World, case: int
) -> None:
    with world.looking() as session:
        token = session.scalars(select(UserTask.token).where(UserTask.element == "pack")).one()
    office = as_(dorota)

    page = office.get(f"{address(case)}?token={token}").get_data(as_text=True)
    sent = {"act": "data", "token": token, "value:amount": "7", "reason": "r"}
    answer = office.send(f"{address(case)}/data", sent)

    assert f'name="token" value="{token}"' in page
    assert answer.status_code == 303
    with world.looking() as session:
        seen = {each.element: each.data for each in session.scalars(select(UserTask))}
    assert (seen["pack"]["amount"], seen["invoice"]["amount"]) == (7, 5)


def test_a_case_goes_back_to_what_was_kept(as_: Browser, dorota: Person, world: World, case: int) -> None:
    office = as_(dorota)
    office.send(f"{address(case)}/kept", {"act": "keep", "name": "Before packing", "reason": "to be safe"})
    world.complete(case, "pack")
    (kept,) = world.rows(Checkpoint)
    page = office.get(address(case)).get_data(as_text=True)
    assert "Before packing" in page

    answer = office.send(
        f"{address(case)}/return", {"act": "return", "checkpoint": kept.id, "reason": "wrong"}
    )

    assert answer.status_code == 303
    assert sorted(world.open_(case)) == ["invoice", "pack"]
    assert "went back to the state of" in office.get(address(case)).get_data(as_text=True)


def test_a_head_gives_a_task_to_a_colleague(
    as_: Browser, clara: Person, anna: Person, world: World, case: int
) -> None:
    with world.looking() as session:
        id_ = session.scalars(select(UserTask.id).where(UserTask.element == "pack")).one()
    sent = {"act": "hands", "task": id_, "hands": f"person:{anna.id}", "reason": "holidays"}

    answer = as_(clara).send(f"{address(case)}/hands", sent)

    assert answer.status_code == 303
    assert {each.assignee_id for each in world.rows(UserTask) if each.id == id_} == {anna.id}
    assert "gave “pack” to Anna Wilk" in words(as_(clara).get(address(case)).get_data(as_text=True))
    nowhere = as_(clara).send(f"{address(case)}/hands", {**sent, "hands": "department:nowhere"})
    assert nowhere.status_code == 422


@pytest.mark.parametrize("verb", ["rest", "resumption", "position", "data", "kept", "return", "look"])
def test_a_seller_operates_nothing(as_: Browser, anna: Person, world: World, case: int, verb: str) -> None:
    seller = as_(anna)
    assert seller.send(f"{address(case)}/{verb}", {"reason": "why", "to": "order/check"}).status_code == 403
    page = seller.get(address(case)).get_data(as_text=True)
    assert 'id="operate"' not in page
    sent = {"task": 1, "hands": f"person:{anna.id}", "reason": "mine"}
    assert seller.send(f"{address(case)}/hands", sent).status_code in {403, 404}


def test_what_a_designer_may_not_see_they_may_not_operate(
    as_: Browser, dorota: Person, clara: Person, borys: Person, session: Session, case: int
) -> None:
    director = as_(borys)
    assert director.send(f"{address(case)}/position", {"reason": "why"}).status_code == 403
    assert as_(dorota).send(f"{address(case + 99)}/position", {"reason": "why"}).status_code == 404


def spoil(world: World, id_: int) -> None:
    with world.factory.begin() as session:
        session.execute(update(Instance).where(Instance.id == id_).values(state=b"\x00broken"))


def test_whoever_meets_a_broken_state_is_told_whom_to_ask_and_loses_no_neighbour(
    as_: Browser, anna: Person, clara: Person, dorota: Person, world: World, order: Definition, case: int
) -> None:
    other = world.start(order, by=anna)
    seller = as_(anna)
    as_(dorota).send(f"{address(case)}/kept", {"act": "keep", "reason": "to be safe"})
    spoil(world, case)
    with world.looking() as session:
        id_ = session.scalars(select(UserTask.id).where(UserTask.element == "pack")).one()

    answer = seller.send(f"/work/tasks/{id_}/completion", {"key": "k"})

    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert "could not be read" in page
    assert "they can go back to a kept state" in page
    assert world.instance(case).quarantined_at is not None
    assert [each.code for each in world.incidents()] == ["BrokenState"]
    assert "could not be read" in seller.get(address(case)).get_data(as_text=True)
    world.complete(other, "take", amount="1")
    assert as_(dorota).get(address(case)).status_code == 200


def test_an_operator_lifts_a_quarantine_from_the_incident(
    as_: Browser, adam: Person, dorota: Person, world: World, case: int
) -> None:
    as_(dorota).send(f"{address(case)}/kept", {"act": "keep", "reason": "to be safe"})
    (kept,) = world.rows(Checkpoint)
    spoil(world, case)
    as_(dorota).send(f"{address(case)}/position", {"act": "move", "to": "order/check", "reason": "r"})
    (incident,) = world.incidents()
    office = as_(adam)
    place = f"/operations/incidents/{incident.id}"

    page = office.get(place).get_data(as_text=True)
    unreadable = office.send(f"{place}/look", {"act": "look", "reason": "mended?"})
    answer = office.send(
        f"{place}/return", {"act": "return", "checkpoint": kept.id, "reason": "the last good one"}
    )

    assert "to be safe" in page
    assert unreadable.status_code == 400
    assert answer.status_code == 303
    assert world.instance(case).quarantined_at is None
    assert sorted(world.open_(case)) == ["invoice", "pack"]
    assert world.incidents()[0].resolution == "mended"


def test_a_broken_case_can_be_stopped_from_its_incident(
    as_: Browser, adam: Person, dorota: Person, world: World, case: int
) -> None:
    spoil(world, case)
    as_(dorota).send(f"{address(case)}/position", {"act": "move", "to": "order/check", "reason": "r"})

    answer = as_(adam).send("/operations/incidents/1/end", {"act": "look", "reason": "nobody needs it"})

    assert answer.status_code == 303
    assert world.instance(case).outcome == "stopped"
    assert world.incidents()[0].resolution == "stopped"


def test_resting_cases_are_listed(
    as_: Browser, adam: Person, dorota: Person, world: World, case: int
) -> None:
    office = as_(adam)
    assert "No case is resting" in office.get("/operations/cases").get_data(as_text=True)
    as_(dorota).send(f"{address(case)}/rest", {"act": "rest", "reason": "r"})
    page = office.get("/operations/cases").get_data(as_text=True)
    assert "Let rest by hand" in page
    assert f"Case {case}" in page


def test_the_page_speaks_polish(as_: Browser, dorota: Person, session: Session, case: int) -> None:
    dorota.locale = "pl"
    session.commit()
    page = as_(dorota).get(address(case)).get_data(as_text=True)
    assert "Przenieś do kroku" in page
    assert "Operate" not in words(page)


def test_an_incident_is_marked_on_the_drawing(
    as_: Browser, dorota: Person, world: World, departments: dict[str, Department]
) -> None:
    calls = world.deploy(
        diagram("calls", start(), service("book", connector="shop"), end(), way("begin", "book", "done"))
    )
    world.shop.failures = [Failed("closed", permanent=True)]
    id_ = world.start(calls)
    world.later(seconds=1)

    page = as_(dorota).get(address(id_)).get_data(as_text=True)

    assert '"found": {"book": "!"}' in page
    assert '"now": ["book"]' in page
    assert 'href="/operations/incidents/1"' in page


@pytest.mark.slow
def test_a_deal_moved_by_hand_changes_its_stage_as_an_override_and_comes_back_with_its_kept_state(
    engine_url: str, tmp_path: Path
) -> None:
    with house.opened(engine_url, tmp_path) as home, home.factory.begin() as session:
        clara = session.scalars(select(Person).where(Person.name == house.CLARA)).one()
        deal = session.scalars(select(Deal).where(Deal.stage == "solution").limit(1)).one()
        case = session.get_one(Instance, deal.instance_id)

        operating.move(
            session, case, None, "discovery", "meet_client", "too early", by=clara, now=home.firm.now
        )
        assert (deal.stage, deal.status) == ("discovery", "open")
        kept = session.scalars(select(Checkpoint).where(Checkpoint.instance_id == case.id)).one()
        operating.restore(session, case, kept, "it was right", by=clara, now=home.firm.now)
        assert (deal.stage, deal.status) == ("solution", "open")

        by_hand = session.scalars(select(Move).where(Move.item == f"deal:{deal.id}", Move.cause == "admin"))
        assert [(each.kind, each.to_stage, each.reason, each.note) for each in by_hand.all()] == [
            ("backward", "discovery", "override", "too early"),
            ("forward", "solution", "override", "it was right"),
        ]


# ------------------------------------------------------------------------------------------- the list of cases


def listed(visitor: Visitor, which: str, page: int = 1) -> list[int]:
    """The cases that the page of their process shows under a filter."""
    found = visitor.get(f"/processes/order?cases={which}&page={page}").get_data(as_text=True)
    return sorted(int(id_) for id_ in re.findall(r'class="what" href="/processes/instances/(\d+)"', found))


def test_running_cases_are_narrowed_to_those_that_rest_and_those_that_need_a_person(
    as_: Browser, dorota: Person, world: World, order: Definition, anna: Person
) -> None:
    plain, rests, stuck, broken, ended = (world.start(order, by=anna) for _ in range(5))
    with world.factory.begin() as session:
        found = {each.id: each for each in session.scalars(select(Instance))}
        operating.suspend(session, found[rests], "the client is away", by=None, now=world.now)
        instances.cancel(session, found[ended], "withdrawn", by=None, now=world.now)
        for id_ in (stuck, stuck, ended):
            incidents.open_(session, found[id_], code="Refused", message="no", now=world.now)
    resting.put_aside(world.factory, Unreadable(broken, "v1"), now=world.now)
    office = as_(dorota)

    shown = {which: listed(office, which) for which in ("", "person", "resting", "suspended", "nonsense")}

    everything = [plain, rests, stuck, broken]
    assert shown[""] == shown["nonsense"] == sorted(everything)
    assert (shown["person"], shown["resting"]) == ([stuck, broken], [rests, broken])
    assert shown["suspended"] == [rests]
    page = words(office.get("/processes/order?cases=resting").get_data(as_text=True))
    assert "All 4 Need a person 2 Resting 2 Let rest by hand 1" in page
    assert "Its state cannot be read" in page


def test_the_filter_of_the_list_goes_along_to_its_next_page_and_none_is_offered_where_all_is_well(
    as_: Browser, dorota: Person, world: World, order: Definition, anna: Person
) -> None:
    office = as_(dorota)
    first = world.start(order, by=anna)
    assert "cases=resting" not in office.get("/processes/order").get_data(as_text=True)
    assert "No case answers this filter." in office.get("/processes/order?cases=person").get_data(
        as_text=True
    )
    with world.factory.begin() as session:
        for _ in range(52):
            session.add(
                Instance(
                    definition_id=order.id, process="order", started_at=world.now, suspended_at=world.now
                )
            )

    page = office.get("/processes/order?cases=resting").get_data(as_text=True)

    assert "/processes/order?cases=resting&amp;page=2#cases" in page
    assert len(listed(office, "resting", 1)) == 50
    assert first not in listed(office, "resting", 2)
    assert len(listed(office, "resting", 2)) == 2
