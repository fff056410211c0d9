"""Commands on real diagrams: each acts once, wholly or not at all, and leaves its facts in order."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from engine.errors import Invalid, Refusal, Stale
from engine.history import Event
from engine.people import Department, Person
from engine.process import advancing, definitions, instances, tasks
from engine.process.definitions import Definition
from engine.process.instances import Command, Instance
from engine.process.runner import StepBudget
from engine.process.tasks import Draft, UserTask
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
    script,
    start,
    task,
    tell,
    way,
)


@pytest.fixture
def order(world: World, departments: dict[str, Department]) -> Definition:
    """Sales approves an amount; above 100 it has to be checked too."""
    return world.deploy(
        diagram(
            "order",
            start(),
            task("approve", form="approve", due="P2D"),
            choice("large", default="large_done"),
            task("check"),
            end(),
            way("begin", "approve", "large"),
            way("large", "done"),
            way("large", "check", when="amount > 100"),
            way("check", "done"),
        ),
        form("approve", asks("amount", "integer", required=True), asks("note", "text")),
    )


def opened(session: Session, instance_id: int) -> UserTask:
    return session.scalars(select(UserTask).where(UserTask.instance_id == instance_id)).one()


def test_a_process_runs_from_its_start_to_its_end(world: World, order: Definition) -> None:
    id_ = world.start(order)
    world.complete(id_, "approve", amount="500", note="urgent")
    world.complete(id_, "check")

    ended = world.instance(id_)
    assert (ended.ended_at, ended.outcome) == (MONDAY, "done")
    assert world.open_(id_) == []
    assert [fact for fact in world.history(id_) if not fact.startswith("passed")] == [
        "started begin",
        "opened approve",
        "completed approve",
        "opened check",
        "completed check",
        "ended done",
    ]


def test_facts_are_numbered_without_a_gap(world: World, order: Definition) -> None:
    id_ = world.start(order)
    world.complete(id_, "approve", amount="500")
    world.complete(id_, "check")

    numbers = world.seqs(id_)
    assert numbers == list(range(1, len(numbers) + 1))
    assert world.instance(id_).seq == len(numbers)


def test_only_what_the_diagram_reads_is_kept_in_the_state(world: World, order: Definition) -> None:
    id_ = world.start(order)
    world.complete(id_, "approve", amount="500", note="a secret")

    assert b"500" in world.instance(id_).state
    assert b"secret" not in world.instance(id_).state
    answers = [fact.data for fact in world.rows(Event) if fact.kind == "completed"]
    assert answers == [{"answers": {"amount": 500, "note": "a secret"}}]


def test_a_task_knows_its_queue_and_is_due_in_work_time(world: World, order: Definition) -> None:
    world.start(order)

    (approve,) = world.rows(UserTask)
    assert approve.audience == "department:sales"
    assert approve.due_at == MONDAY + timedelta(days=2)
    assert approve.order_at == approve.due_at


def test_a_wrong_answer_names_its_field_and_changes_nothing(world: World, order: Definition) -> None:
    id_ = world.start(order)
    before = world.history(id_)

    for raw in ({}, {"amount": "many"}, {"amount": "5", "note": "a" * 3000}, {"amount": "5", "unknown": "x"}):
        with pytest.raises(Refusal) as refused:
            world.complete(id_, "approve", **raw)
        if "unknown" not in raw:
            assert isinstance(refused.value, Invalid)
            assert set(refused.value.errors) <= {"amount", "note"}

    assert world.history(id_) == before
    assert world.open_(id_) == ["approve"]


def test_completing_twice_with_one_key_acts_once(world: World, order: Definition) -> None:
    id_ = world.start(order)

    for _ in range(2):
        with world.factory.begin() as session:
            instances.complete(session, opened(session, id_), {"amount": "5"}, by=None, now=MONDAY, key="abc")

    assert world.history(id_).count("completed approve") == 1
    assert [command.key for command in _commands(world)] == ["abc"]


def _commands(world: World) -> list[Command]:
    with world.factory() as session:
        return list(session.scalars(select(Command)))


def test_starting_twice_with_one_key_makes_one_case(world: World, order: Definition) -> None:
    ids = set()
    for _ in range(2):
        with world.factory.begin() as session:
            ids.add(instances.start(session, order, by=None, now=MONDAY, key="abc").id)

    assert len(ids) == 1
    assert len(world.rows(Instance)) == 1


def test_a_task_somebody_completed_before_is_refused(world: World, order: Definition) -> None:
    id_ = world.start(order)
    world.complete(id_, "approve", amount="5")

    with pytest.raises(tasks.AlreadyClosed), world.factory.begin() as session:
        instances.complete(session, opened(session, id_), {"amount": "5"}, by=None, now=MONDAY)


def test_of_two_who_complete_a_task_at_once_one_wins(
    world: World, order: Definition, session: Session, anna: Person, clara: Person
) -> None:
    id_ = world.start(order)
    both, said = threading.Barrier(2), []

    def complete(person_id: int) -> None:
        with world.factory() as mine:
            both.wait()
            try:
                found, person = opened(mine, id_), mine.get_one(Person, person_id)
                instances.complete(mine, found, {"amount": "5"}, by=person, now=MONDAY)
                mine.commit()
                said.append("done")
            except (tasks.AlreadyClosed, Stale) as refusal:
                said.append(type(refusal).__name__)

    threads = [threading.Thread(target=complete, args=[person.id]) for person in (anna, clara)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(said) == ["AlreadyClosed", "done"]
    assert world.history(id_).count("completed approve") == 1


def test_somebody_of_another_department_cannot_complete_it(
    world: World, order: Definition, session: Session, borys: Person
) -> None:
    id_ = world.start(order)

    with pytest.raises(tasks.NotYours), world.factory.begin() as mine:
        instances.complete(
            mine, opened(mine, id_), {"amount": "5"}, by=mine.get_one(Person, borys.id), now=MONDAY
        )

    assert world.open_(id_) == ["approve"]


def test_a_claimed_task_waits_for_its_claimer_alone(
    world: World, order: Definition, session: Session, anna: Person, clara: Person
) -> None:
    world.start(order)
    found = session.scalars(tasks.queue(anna)).one()

    tasks.claim(session, found, by=anna, now=MONDAY)

    assert session.scalars(tasks.mine(anna)).one() is found
    assert session.scalars(tasks.queue(clara)).all() == []
    with pytest.raises(tasks.AlreadyClaimed, match="Anna Wilk has taken"):
        tasks.claim(session, found, by=clara, now=MONDAY)
    with pytest.raises(tasks.NotYours):
        instances.complete(session, found, {"amount": "5"}, by=clara, now=MONDAY)


def test_a_released_task_is_back_in_the_queue(
    world: World, order: Definition, session: Session, anna: Person, clara: Person
) -> None:
    id_ = world.start(order)
    found = session.scalars(tasks.queue(anna)).one()
    tasks.claim(session, found, by=anna, now=MONDAY)
    with pytest.raises(tasks.NotYours):
        tasks.release(session, found, by=clara, now=MONDAY)

    tasks.release(session, found, by=anna, now=MONDAY)
    session.commit()

    assert session.scalars(tasks.queue(clara)).one() is found
    assert [fact for fact in world.history(id_) if "approve" in fact] == [
        "opened approve",
        "claimed approve",
        "released approve",
    ]


def test_a_task_is_handed_only_to_somebody_who_could_take_it(
    world: World, order: Definition, session: Session, anna: Person, borys: Person, clara: Person
) -> None:
    world.start(order)
    found = session.scalars(tasks.queue(anna)).one()

    with pytest.raises(tasks.NotTheirs, match="Borys Jawor"):
        tasks.hand_over(session, found, borys, by=anna, now=MONDAY)
    tasks.hand_over(session, found, clara, by=anna, now=MONDAY)

    assert session.scalars(tasks.mine(clara)).one() is found


def test_somebody_of_another_department_cannot_claim(
    world: World, order: Definition, session: Session, borys: Person
) -> None:
    world.start(order)

    with pytest.raises(tasks.NotYours):
        tasks.claim(session, session.scalars(select(UserTask)).one(), by=borys, now=MONDAY)


def test_a_draft_is_kept_until_the_task_closes(
    world: World, order: Definition, session: Session, anna: Person
) -> None:
    world.start(order)
    found = session.scalars(tasks.queue(anna)).one()
    for amount in ("4", "many"):
        tasks.save_draft(session, found, {"amount": amount}, by=anna, now=MONDAY)
    session.commit()
    assert session.scalars(select(Draft)).one().values == {"amount": "many"}

    tasks.sweep_drafts(session)
    assert session.scalar(select(func.count()).select_from(Draft)) == 1
    instances.complete(session, found, {"amount": "5"}, by=anna, now=MONDAY)
    tasks.sweep_drafts(session)
    session.commit()

    assert session.scalar(select(func.count()).select_from(Draft)) == 0


def test_what_somebody_completed_is_listed_as_done(
    world: World, order: Definition, session: Session, anna: Person
) -> None:
    world.start(order)
    found = session.scalars(tasks.queue(anna)).one()
    instances.complete(session, found, {"amount": "5"}, by=anna, now=MONDAY)

    assert session.scalars(tasks.done(anna)).one() is found
    assert (found.assignee_id, found.completed_by_id) == (anna.id, anna.id)


def test_a_case_that_goes_round_for_ever_is_refused_and_nothing_of_it_stays(world: World) -> None:
    endless = world.deploy(
        diagram(
            "endless",
            start(),
            task("approve"),
            script("count", "n = 1"),
            choice("again", default="again_count"),
            end(),
            way("begin", "approve", "count", "again", "count"),
            way("again", "done", when="n > 1"),
        )
    )
    id_ = world.start(endless)
    before = world.instance(id_)

    with pytest.raises(StepBudget, match=r"count|again"):
        world.complete(id_, "approve")

    assert (world.instance(id_).state, world.instance(id_).version) == (before.state, before.version)
    assert world.open_(id_) == ["approve"]


def test_parallel_ways_open_their_tasks_together_and_meet_again(world: World) -> None:
    both = world.deploy(
        diagram(
            "both",
            start(),
            fork("split"),
            task("pick"),
            task("bill"),
            fork("join"),
            task("ship"),
            end(),
            way("begin", "split", "pick", "join", "ship", "done"),
            way("split", "bill", "join"),
        )
    )
    id_ = world.start(both)
    assert sorted(world.open_(id_)) == ["bill", "pick"]

    world.complete(id_, "pick")
    assert world.open_(id_) == ["bill"]
    world.complete(id_, "bill")

    assert world.open_(id_) == ["ship"]


def test_stopping_a_case_closes_everything_it_waits_for(
    world: World, order: Definition, session: Session, anna: Person
) -> None:
    id_ = world.start(order)

    instances.cancel(session, session.get_one(Instance, id_), "ordered twice", by=anna, now=MONDAY)
    session.commit()

    assert (world.open_(id_), world.instance(id_).outcome) == ([], "stopped")
    with pytest.raises(instances.NotRunning):
        instances.cancel(session, session.get_one(Instance, id_), "again", by=anna, now=MONDAY)


def test_a_message_wakes_the_one_that_waits_and_starts_a_process(world: World) -> None:
    world.deploy(
        diagram(
            "delivery",
            start("order_came", message="order.created"),
            task("pack"),
            end(),
            way("order_came", "pack", "done"),
            keeps="amount",
        )
    )
    sale = world.deploy(
        diagram(
            "sale",
            start(),
            task("sell", form="sell"),
            tell("hand_over", "order.created", payload="amount"),
            hear("wait_for_it", "order.packed"),
            end(),
            way("begin", "sell", "hand_over", "wait_for_it", "done"),
            keeps="amount",
        ),
        form("sell", asks("amount", "integer")),
    )
    id_ = world.start(sale)
    world.complete(id_, "sell", amount="7")
    assert len(world.rows(Instance)) == 1

    world.later(seconds=1)

    delivery = world.rows(Instance)[1]
    assert delivery.process == "delivery"
    assert world.open_(delivery.id) == ["pack"]
    assert b"7" in delivery.state
    with world.factory.begin() as session:
        instances.send(session, session.get_one(Instance, id_), "order.packed", {}, by=None, now=world.now)
    assert world.instance(id_).outcome == "done"


def test_a_signal_wakes_everybody_who_waits_for_it(world: World) -> None:
    waiting = world.deploy(
        diagram(
            "waiting",
            start(),
            hear("wait_for_it", "prices.changed", "signal"),
            task("look"),
            end(),
            way("begin", "wait_for_it", "look", "done"),
        )
    )
    telling = world.deploy(
        diagram(
            "telling",
            start(),
            tell("cry", "prices.changed", "signal"),
            end(),
            way("begin", "cry", "done"),
        )
    )
    ids = [world.start(waiting) for _ in range(3)]
    assert [row.kind for row in world.timers()] == ["signal"] * 3

    world.start(telling)
    world.later(seconds=1)

    assert [world.open_(id_) for id_ in ids] == [["look"]] * 3


def test_a_message_nobody_waits_for_is_refused(world: World, order: Definition) -> None:
    id_ = world.start(order)

    with pytest.raises(instances.NobodyWaits, match=r"order\.packed"), world.factory.begin() as session:
        instances.send(session, session.get_one(Instance, id_), "order.packed", {}, by=None, now=MONDAY)

    assert "received" not in " ".join(world.history(id_))


def test_an_interrupted_task_is_closed_without_anybody_having_done_it(world: World) -> None:
    urgent = world.deploy(
        diagram(
            "urgent",
            start(),
            task("answer"),
            after("too_late", "answer", "PT2H"),
            task("take_over"),
            end(),
            end("late"),
            way("begin", "answer", "done"),
            way("too_late", "take_over", "late"),
        )
    )
    id_ = world.start(urgent)

    world.later(hours=2)

    assert world.open_(id_) == ["take_over"]
    answer = world.rows(UserTask)[0]
    assert (answer.closed_at, answer.completed_by_id) == (world.now, None)
    with pytest.raises(tasks.AlreadyClosed), world.factory.begin() as session:
        instances.complete(session, session.get_one(UserTask, answer.id), {}, by=None, now=world.now)


def test_a_retired_version_starts_nothing(world: World, order: Definition, session: Session) -> None:
    retired = session.get_one(Definition, order.id)
    retired.retired_at = MONDAY

    with pytest.raises(instances.Retired):
        instances.start(session, retired, by=None, now=MONDAY)


def test_an_unknown_start_is_refused(world: World, order: Definition, session: Session) -> None:
    with pytest.raises(instances.UnknownStart):
        instances.start(session, order, by=None, now=MONDAY, element="nowhere")


def test_listeners_hear_what_happened_in_the_same_transaction(world: World, order: Definition) -> None:
    heard: list[str] = []

    def refuse(_session: Session, happened: advancing.Happened) -> None:
        heard.append(" ".join(each.element.id for each in happened.entered))
        if happened.task is not None:
            raise Stale

    id_ = world.start(order)
    world.more = {"projections": (refuse,)}

    with pytest.raises(Stale):
        world.complete(id_, "approve", amount="500")

    assert heard == ["large check"]
    assert world.open_(id_) == ["approve"]


def test_live_values_are_read_and_never_stored(world: World) -> None:
    live = world.deploy(
        diagram(
            "live",
            start(),
            task("approve"),
            choice("large", default="large_done"),
            task("check"),
            end(),
            way("begin", "approve", "large"),
            way("large", "done"),
            way("large", "check", when="deal.amount > 100"),
            way("check", "done"),
        )
    )
    world.more = {"facts": (lambda _session, _instance: {"deal": {"amount": 987654}},)}
    id_ = world.start(live)

    world.complete(id_, "approve")

    assert world.open_(id_) == ["check"]
    assert b"987654" not in world.instance(id_).state


def test_due_and_assignee_may_be_expressions(
    world: World, departments: dict[str, Department], anna: Person
) -> None:
    world.more = {"facts": (lambda _session, _instance: {"deal": {"owner": anna.email, "days": "P3D"}},)}
    owned = world.deploy(
        diagram(
            "owned",
            start(),
            task("call", assignee="deal.owner", due="deal.days"),
            end(),
            way("begin", "call", "done"),
        )
    )

    world.start(owned)

    (call,) = world.rows(UserTask)
    assert (call.assignee_id, call.due_at) == (anna.id, MONDAY + timedelta(days=3))


def test_a_completion_needs_few_statements(world: World, order: Definition) -> None:
    id_ = world.start(order)
    definitions.program(world.factory(), order)
    said: list[str] = []

    event.listen(world.engine, "before_cursor_execute", lambda *a: said.append(a[2]))
    with world.factory.begin() as session:
        found = opened(session, id_)
        said.clear()
        instances.complete(session, found, {"amount": "500"}, by=None, now=MONDAY)

    assert len(said) <= 15, said
