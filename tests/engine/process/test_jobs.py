"""The outbox: effects leave after the commit, act once, are tried again, and end with a person when they cannot."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.history import Event
from engine.people import Person
from engine.ports import Call, Failed, Wiring
from engine.process import advancing, incidents, instances, jobs, outbox
from engine.process.definitions import Definition
from engine.process.incidents import Incident
from engine.process.instances import Instance
from tests.conftest import MONDAY
from tests.engine.process.kit import (
    World,
    after,
    asks,
    caught,
    choice,
    diagram,
    end,
    form,
    script,
    service,
    start,
    task,
    way,
)


@pytest.fixture
def booking(world: World) -> Definition:
    """A parcel is booked by a connector; without stock somebody offers something else."""
    return world.deploy(
        diagram(
            "booking",
            start(form="order"),
            service("book", connector="shop", operation="book", in__sku="sku", in__price="deal.price"),
            caught("no_stock", "book", "NO_STOCK"),
            task("offer_other"),
            task("ship"),
            end(),
            end("other"),
            way("begin", "book", "ship", "done"),
            way("no_stock", "offer_other", "other"),
            keeps="parcel",
        ),
        form("order", asks("sku", "text", required=True)),
    )


@pytest.fixture(autouse=True)
def _price(world: World) -> None:
    world.more = {"facts": (lambda _session, _instance: {"deal": {"price": Decimal("12.50"), "on": MONDAY}},)}


def test_a_call_leaves_with_its_inputs_and_its_answer_moves_the_case(
    world: World, booking: Definition
) -> None:
    world.shop.answer = {"parcel": "P-1"}
    id_ = world.start(booking, sku="A-1")
    assert world.shop.asked == []

    world.later(seconds=1)

    (call,) = world.shop.asked
    assert (call.operation, call.inputs) == ("book", {"sku": "A-1", "price": 12.5})
    assert (call.instance_id, call.now) == (id_, world.now)
    assert world.open_(id_) == ["ship"]
    assert b"P-1" in world.instance(id_).state
    assert [fact for fact in world.history(id_) if "book" in fact] == ["answered book", "passed book"]
    assert world.jobs()[0].answer == {"parcel": "P-1"}


def test_a_call_is_not_made_while_the_command_may_still_fail(world: World, booking: Definition) -> None:
    with world.factory() as session:
        instances.start(session, booking, {"sku": "A-1"}, by=None, now=MONDAY)
        session.rollback()

    world.later(seconds=1)

    assert world.shop.asked == []


def test_nothing_due_means_nothing_is_asked_again(world: World, booking: Definition) -> None:
    world.start(booking, sku="A-1")

    assert world.later(seconds=1) == 1
    assert world.later(hours=1) == 0
    assert len(world.shop.asked) == 1


def test_the_database_is_free_while_a_connector_works(world: World, booking: Definition) -> None:
    other = world.start(booking, sku="B-1")
    world.shop.during = lambda _call: world.shop.asked[1:] or _touch(world, other)

    world.later(seconds=1)

    assert world.instance(other).title == "touched"


def _touch(world: World, instance_id: int) -> None:
    with world.factory.begin() as session:
        session.get_one(Instance, instance_id).title = "touched"


def test_a_failure_that_may_pass_is_tried_again_with_the_same_key(world: World, booking: Definition) -> None:
    world.shop.failures = [Failed("busy"), ConnectionError("gone")]
    id_ = world.start(booking, sku="A-1")

    world.later(seconds=1)
    assert world.later(seconds=0.5) == 0
    world.later(seconds=5)
    world.later(seconds=5)

    assert world.open_(id_) == ["ship"]
    assert len({call.key for call in world.shop.asked}) == 1
    assert len(world.shop.asked) == 3


def test_pauses_grow_to_a_quarter_of_an_hour(world: World) -> None:
    from engine.process.jobs import _pause

    assert 1.6 <= _pause(1).total_seconds() <= 2.4
    assert 12 * 60 <= _pause(30).total_seconds() <= 18 * 60


def fail_eight_times(world: World) -> None:
    world.shop.failures = [Failed("the carrier is closed")] * jobs.TRIES
    for _ in range(jobs.TRIES + 2):
        world.later(minutes=20)


def test_after_eight_tries_a_person_is_asked(world: World, booking: Definition) -> None:
    id_ = world.start(booking, sku="A-1")

    fail_eight_times(world)

    assert len(world.shop.asked) == 8
    (incident,) = world.incidents()
    assert (incident.instance_id, incident.element, incident.code) == (id_, "book", "FAILED")
    assert incident.message == "the carrier is closed"
    assert world.history(id_)[-1] == "incident_opened book"
    assert world.later(hours=9) == 0


def test_an_incident_can_be_tried_again(
    world: World, booking: Definition, session: Session, anna: Person
) -> None:
    id_ = world.start(booking, sku="A-1")
    fail_eight_times(world)

    with world.factory.begin() as mine:
        found = mine.scalars(incidents.still_open()).one()
        jobs.retry(mine, found, by=anna, now=world.now, reason="they opened")
    world.later(seconds=1)

    assert world.open_(id_) == ["ship"]
    (incident,) = world.incidents()
    assert (incident.resolution, incident.resolved_by_id, incident.reason) == (
        "retried",
        anna.id,
        "they opened",
    )
    with world.factory() as mine:
        assert mine.scalars(incidents.still_open()).all() == []
        with pytest.raises(jobs.AlreadyResolved):
            jobs.retry(mine, mine.scalars(select(Incident)).one(), by=anna, now=world.now, reason="why")


def test_resolving_asks_for_a_reason(
    world: World, booking: Definition, session: Session, anna: Person
) -> None:
    world.start(booking, sku="A-1")
    fail_eight_times(world)

    for resolve in (jobs.retry, jobs.skip):
        with pytest.raises(jobs.ReasonMissing), world.factory.begin() as mine:
            resolve(mine, mine.scalars(incidents.still_open()).one(), by=anna, now=world.now, reason=" ")


def test_a_case_can_go_on_without_what_failed(
    world: World, booking: Definition, session: Session, anna: Person
) -> None:
    id_ = world.start(booking, sku="A-1")
    fail_eight_times(world)

    with world.factory.begin() as mine:
        jobs.skip(
            mine, mine.scalars(incidents.still_open()).one(), by=anna, now=world.now, reason="booked by phone"
        )

    assert world.open_(id_) == ["ship"]
    resolved = [fact.data for fact in world.rows(Event) if fact.kind == "incident_resolved"]
    assert resolved == [{"code": "FAILED", "resolution": "skipped", "reason": "booked by phone"}]


def test_the_incident_of_a_case_that_ended_is_only_closed(
    world: World, booking: Definition, session: Session, anna: Person
) -> None:
    id_ = world.start(booking, sku="A-1")
    fail_eight_times(world)
    with world.factory.begin() as mine:
        instances.cancel(mine, mine.get_one(Instance, id_), "given up", by=anna, now=world.now)

    with world.factory.begin() as mine:
        found = mine.scalars(incidents.still_open()).one()
        with pytest.raises(jobs.CannotRetry):
            jobs.retry(mine, found, by=anna, now=world.now, reason="why")
        jobs.skip(mine, found, by=anna, now=world.now, reason="given up")

    assert world.incidents()[0].resolution == "skipped"


def test_a_coded_failure_goes_where_the_diagram_says(world: World, booking: Definition) -> None:
    world.shop.failures = [Failed("none left", code="NO_STOCK", permanent=True)]
    id_ = world.start(booking, sku="A-1")

    world.later(seconds=1)

    assert world.open_(id_) == ["offer_other"]
    assert world.incidents() == []
    assert "failed book" in world.history(id_)
    assert world.later(hours=1) == 0


def test_another_final_failure_is_an_incident_at_once(world: World, booking: Definition) -> None:
    world.shop.failures = [Failed("no such address", code="BAD_INPUT", permanent=True)]
    world.start(booking, sku="A-1")

    world.later(seconds=1)

    assert [incident.code for incident in world.incidents()] == ["BAD_INPUT"]
    assert len(world.shop.asked) == 1


def test_a_connector_nobody_has_is_an_incident(world: World) -> None:
    nobody = world.deploy(
        diagram("nobody", start(), service("ask", connector="oracle"), end(), way("begin", "ask", "done"))
    )
    world.start(nobody)

    world.later(seconds=1)

    assert [incident.code for incident in world.incidents()] == ["UNKNOWN_CONNECTOR"]


def test_one_poisoned_job_does_not_hold_up_its_neighbours(world: World, booking: Definition) -> None:
    world.shop.failures = [ValueError("poison")] * 1
    ids = [world.start(booking, sku=f"A-{number}") for number in range(3)]

    world.later(seconds=1)

    assert [world.open_(id_) for id_ in ids] == [[], ["ship"], ["ship"]]


def test_what_a_connector_wrote_vanishes_with_its_failure(world: World, booking: Definition) -> None:
    def write(call: Call) -> None:
        call.session.get_one(Instance, call.instance_id).title = "written"
        call.session.flush()

    world.shop.during, world.shop.failures = write, [Failed("then it broke")]
    id_ = world.start(booking, sku="A-1")

    world.later(seconds=1)
    assert world.instance(id_).title == ""
    world.later(seconds=10)
    assert world.instance(id_).title == "written"


def test_a_second_worker_does_not_take_a_leased_job(world: World, booking: Definition) -> None:
    world.start(booking, sku="A-1")
    taken: list[int] = []
    world.shop.during = lambda _call: taken.append(jobs.work(world.factory, now=world.now))

    world.later(seconds=1)

    assert taken == [0]
    assert len(world.shop.asked) == 1


def test_a_reply_after_the_lease_ran_out_changes_nothing_a_second_time(
    world: World, booking: Definition
) -> None:
    id_ = world.start(booking, sku="A-1")
    late = world.now + jobs.LEASE + timedelta(seconds=1)

    def write(call: Call) -> None:
        call.session.get_one(Instance, call.instance_id).title += "x"
        call.session.flush()

    def slow(call: Call) -> None:
        world.shop.during = write
        jobs.work(world.factory, now=late)
        write(call)

    world.shop.during = slow
    jobs.work(world.factory, now=world.now)

    assert len(world.shop.asked) == 2
    assert world.history(id_).count("answered book") == 1
    assert world.instance(id_).title == "x"
    assert world.open_(id_) == ["ship"]


def test_a_worker_that_died_leaves_its_job_to_others(world: World, booking: Definition) -> None:
    id_ = world.start(booking, sku="A-1")
    with world.factory.begin() as session:
        for job in session.scalars(jobs.due(world.now)):
            job.leased_until = world.now + jobs.LEASE

    assert world.later(minutes=1) == 0
    assert world.later(minutes=1) == 1
    assert world.open_(id_) == ["ship"]


def test_a_call_whose_task_was_interrupted_is_not_made(world: World) -> None:
    impatient = world.deploy(
        diagram(
            "impatient",
            start(),
            service("book", connector="shop", operation="book"),
            after("too_late", "book", "PT1H"),
            task("ask_by_phone"),
            end(),
            end("late"),
            way("begin", "book", "done"),
            way("too_late", "ask_by_phone", "late"),
        )
    )
    world.shop.failures = [Failed("busy")] * 3
    id_ = world.start(impatient)
    for _ in range(3):
        world.later(seconds=15)

    world.later(hours=1)
    asked = len(world.shop.asked)
    world.later(hours=1)

    assert world.open_(id_) == ["ask_by_phone"]
    assert len(world.shop.asked) == asked == 3
    assert [job.error for job in world.jobs()] == ["the process moved on"]


def test_an_answer_after_the_case_was_stopped_changes_nothing(
    world: World, booking: Definition, session: Session, anna: Person
) -> None:
    id_ = world.start(booking, sku="A-1")

    def stop(_call: Call) -> None:
        with world.factory.begin() as mine:
            instances.cancel(mine, mine.get_one(Instance, id_), "given up", by=anna, now=world.now)

    world.shop.during = stop
    world.later(seconds=1)

    assert world.instance(id_).outcome == "stopped"
    assert world.history(id_)[-1] == "ended"
    assert world.later(hours=1) == 0


def test_going_round_for_ever_after_an_answer_is_an_incident_and_not_the_diagrams_error(world: World) -> None:
    endless = world.deploy(
        diagram(
            "endless",
            start(),
            service("book", connector="shop", operation="book", out="booked"),
            caught("anything", "book", "REFUSED"),
            script("count", "n = 1"),
            choice("again", default="again_count"),
            end(),
            end("other"),
            way("begin", "book", "count", "again", "count"),
            way("again", "done", when="n > 1"),
            way("anything", "other"),
        )
    )
    id_ = world.start(endless)

    world.later(seconds=1)

    assert [incident.code for incident in world.incidents()] == ["StepBudget"]
    assert world.instance(id_).ended_at is None
    assert world.later(hours=1) == 0


def test_a_notice_that_nobody_waits_for_is_sent_and_forgotten(world: World) -> None:
    with world.factory.begin() as session:
        outbox.put(session, "notice", "shop", operation="tell", key="n:1", inputs={"to": "anna"}, now=MONDAY)

    world.later(seconds=1)

    assert [call.operation for call in world.shop.asked] == ["tell"]
    assert world.jobs()[0].done_at == world.now


def test_a_notice_that_fails_for_good_is_a_fact_of_history(world: World) -> None:
    world.shop.failures = [Failed("no such address", permanent=True)]
    with world.factory.begin() as session:
        outbox.put(session, "notice", "shop", operation="tell", key="n:1", inputs={}, now=MONDAY)

    world.later(seconds=1)

    assert [(fact.kind, fact.subject) for fact in world.rows(Event)] == [("failed", "job:1")]
    assert world.later(hours=1) == 0


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (Decimal("12.50"), 12.5),
        (Decimal(3), 3),
        (MONDAY.date(), "2026-11-16"),
        (MONDAY, "2026-11-16T09:00:00+00:00"),
        ({"b", "a"}, ["a", "b"]),
    ],
)
def test_inputs_are_kept_as_plain_values(world: World, given: Any, kept: Any) -> None:
    with world.factory.begin() as session:
        outbox.put(session, "notice", "shop", key="n:1", inputs={"value": given}, now=MONDAY)

    assert world.jobs()[0].inputs == {"value": kept}


def test_many_jobs_are_worked_off_in_one_go(world: World, booking: Definition) -> None:
    ids = [world.start(booking, sku=f"A-{number}") for number in range(25)]

    assert jobs.work(world.factory, now=world.now, limit=22) == 22
    assert jobs.work(world.factory, now=world.now) == 3
    assert all(world.open_(id_) == ["ship"] for id_ in ids)


def test_a_listener_is_told_what_a_connector_answered(world: World, booking: Definition) -> None:
    heard: list[tuple[str, dict[str, Any]]] = []

    def hear(_session: Session, happened: advancing.Happened) -> None:
        heard.append((happened.cause, dict(happened.answers)))

    world.more = {**world.more, "projections": (hear,)}
    world.shop.answer = {"parcel": "P-1"}
    world.start(booking, sku="A-1")

    world.later(seconds=1)

    assert heard == [("user", {"sku": "A-1"}), ("job", {"parcel": "P-1"})]


def test_without_wiring_a_call_is_an_incident(world: World, booking: Definition) -> None:
    world.start(booking, sku="A-1")
    factory = world.factory
    factory.kw["info"]["wiring"] = Wiring()

    jobs.work(factory, now=world.now)

    assert [incident.code for incident in world.incidents()] == ["UNKNOWN_CONNECTOR"]


def stopped(world: World, booking: Definition) -> int:
    """A case whose call was refused for good."""
    world.shop.failures = [Failed("no such address", code="BAD_INPUT", permanent=True)]
    id_ = world.start(booking, sku="A-1")
    world.later(seconds=1)
    return id_


def test_an_incident_keeps_what_the_call_was_given(world: World, booking: Definition) -> None:
    stopped(world, booking)
    assert world.incidents()[0].data == {"sku": "A-1", "price": 12.5}


def test_what_an_incident_shows_is_short_and_holds_no_secret() -> None:
    given = {
        "sku": "A-1",
        "text": "x" * 2000,
        "many": list(range(100)),
        "API_Key": "s3cret",
        "deep": {"password": "p", "name": "n"},
        "user_token": {"value": "t"},
    }

    shown = incidents.shown(given)

    assert shown["sku"] == "A-1"
    assert len(shown["text"]) < 600
    assert len(shown["many"]) < 30
    assert (shown["API_Key"], shown["user_token"]) == (incidents.MASK, incidents.MASK)
    assert shown["deep"] == {"password": incidents.MASK, "name": "n"}


def test_what_a_call_asks_can_be_changed_with_a_reason_and_then_it_is_tried_again(
    world: World, booking: Definition, session: Session, anna: Person
) -> None:
    id_ = stopped(world, booking)

    with world.factory.begin() as mine:
        found, by = mine.scalars(incidents.still_open()).one(), mine.get_one(Person, anna.id)
        with pytest.raises(jobs.NothingChanged):
            jobs.edit(mine, found, {"sku": "A-1"}, by=by, now=world.now, reason="typo")
        with pytest.raises(jobs.UnknownInput):
            jobs.edit(mine, found, {"weight": 1}, by=by, now=world.now, reason="typo")
        with pytest.raises(jobs.ReasonMissing):
            jobs.edit(mine, found, {"sku": "B-2"}, by=by, now=world.now, reason="")
        jobs.edit(mine, found, {"sku": "B-2"}, by=by, now=world.now, reason="typo")
        jobs.retry(mine, found, by=by, now=world.now, reason="typo")
    world.later(seconds=1)

    assert [call.inputs["sku"] for call in world.shop.asked] == ["A-1", "B-2"]
    assert len({call.key for call in world.shop.asked}) == 1
    assert world.open_(id_) == ["ship"]
    (told,) = [fact for fact in world.rows(Event) if fact.kind == "overridden"]
    assert (told.data["what"], told.data["old"], told.data["new"]) == (
        "inputs",
        {"sku": "A-1"},
        {"sku": "B-2"},
    )


def test_a_job_whose_worker_dies_each_time_becomes_an_incident_and_is_not_begun_for_ever(
    world: World, booking: Definition
) -> None:
    world.start(booking, sku="A-1")

    class Killed(BaseException):
        """The process is gone in the middle of the call."""

    def die(_call: Call) -> None:
        raise Killed

    world.shop.during = die
    for _ in range(jobs.TRIES):
        with pytest.raises(Killed):
            jobs.work(world.factory, now=world.now)
        world.now += jobs.LEASE + timedelta(seconds=1)
    neighbour = world.start(booking, sku="B-1")
    world.shop.during = None

    world.later(seconds=1)

    assert [incident.code for incident in world.incidents()] == ["ABANDONED"]
    assert world.open_(neighbour) == ["ship"]


def test_a_failure_that_comes_after_the_lease_was_lost_touches_nothing(
    world: World, booking: Definition
) -> None:
    id_ = world.start(booking, sku="A-1")
    late = world.now + jobs.LEASE + timedelta(seconds=1)

    def slow(_call: Call) -> None:
        world.shop.during = hold
        jobs.work(world.factory, now=late)
        raise Failed("timed out", code="NO_STOCK", permanent=True)

    def hold(_call: Call) -> None:
        assert world.jobs()[0].leased_until == late + jobs.LEASE

    world.shop.during = slow
    jobs.work(world.factory, now=world.now)

    assert world.open_(id_) == ["ship"]
    assert "failed book" not in world.history(id_)


def test_a_message_no_database_can_hold_stops_only_its_own_job(world: World, booking: Definition) -> None:
    world.shop.failures = [Failed("nul \x00 sign", code="BAD_INPUT", permanent=True)]
    ids = [world.start(booking, sku=sku) for sku in ("A-1", "B-1")]

    world.later(seconds=1)

    assert [incident.message for incident in world.incidents()] == ["nul  sign"]
    assert world.open_(ids[1]) == ["ship"]


def test_incidents_of_one_cause_are_found_together(world: World, booking: Definition) -> None:
    for _ in range(3):
        stopped(world, booking)
    world.shop.failures = [Failed("closed", permanent=True)]
    world.start(booking, sku="C-1")
    world.later(seconds=1)

    with world.looking() as session:
        found = session.execute(incidents.causes()).all()
        chosen = incidents.narrowed(
            incidents.still_open(), process="booking", element="book", code="BAD_INPUT"
        )
        assert len(session.scalars(chosen).all()) == 3
    assert [(element, code, count) for _, element, code, count, _ in found] == [
        ("book", "BAD_INPUT", 3),
        ("book", "FAILED", 1),
    ]
