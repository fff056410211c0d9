"""Running cases are taken to another version: tried on all of them first, one by one, stopped and taken back at will."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from engine.errors import Invalid
from engine.people import Person
from engine.process import definitions, instances, migrating, migration
from engine.process.checkpoints import Checkpoint
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.migration import MigrationItem, MigrationPlan
from engine.process.subscriptions import Subscription
from engine.process.tasks import UserTask
from tests.engine.process.kit import World, after, asks, diagram, end, fork, form, start, task, way


def order(*steps: str, name: str = "order") -> Any:
    return diagram(name, start(), *(task(each) for each in steps), end(), way("begin", *steps, "done"))


def reminded(*steps: str) -> Any:
    drawn = [task(each) for each in steps]
    late = after("late", "ask", "P2D") + task("hurry")
    return diagram(
        "order", start(), *drawn, late, end(), way("begin", *steps, "done"), way("late", "hurry", "done")
    )


Plan = Callable[..., int]


@pytest.fixture
def plan(world: World, adam: Person) -> Plan:
    """Makes a plan in a transaction of its own. Returns its id."""

    def make(old: Definition, new: Definition, mapping: dict[str, str] | None = None, **more: Any) -> int:
        with world.factory.begin() as session:
            reason = more.get("reason", "the new form")
            return migration.plan(session, old, new, mapping or {}, reason, by=adam, now=world.now).id

    return make


def tried(world: World, plan_id: int) -> dict[str, int]:
    with world.factory.begin() as session:
        made = session.get_one(MigrationPlan, plan_id)
        while migrating.try_out(session, made, now=world.now, most=2):
            pass
        return migration.counts(session, made)


def begun(world: World, plan_id: int, adam: Person) -> None:
    tried(world, plan_id)
    with world.factory.begin() as session:
        migration.begin(session, session.get_one(MigrationPlan, plan_id), by=adam, now=world.now)


def carried_out(world: World, plan_id: int, adam: Person) -> None:
    begun(world, plan_id, adam)
    while migrating.work(world.factory, now=world.now):
        pass


def status(world: World, plan_id: int) -> dict[int, str]:
    mine = [each for each in _rows(world, MigrationItem) if each.plan_id == plan_id]
    return {each.instance_id: each.status for each in sorted(mine, key=lambda each: each.instance_id)}


def _rows(world: World, model: type[Any]) -> list[Any]:
    with world.looking() as session:
        return list(session.query(model).all())


def test_a_case_goes_on_in_the_new_version_from_where_it_stood(
    world: World, plan: Plan, adam: Person
) -> None:
    old, new = world.deploy(order("ask", "pack")), world.deploy(order("ask", "weigh", "pack"))
    case = world.start(old)

    carried_out(world, plan(old, new), adam)
    world.complete(case, "ask")

    assert world.open_(case) == ["weigh"]
    assert world.instance(case).definition_id == new.id
    assert "migrated" in world.history(case)
    assert world.seqs(case) == list(range(1, len(world.seqs(case)) + 1))


def test_an_open_task_asks_what_the_new_version_asks(world: World, plan: Plan, adam: Person) -> None:
    old = world.deploy(order("ask"))
    asked = diagram("order", start(), task("ask", form="size"), end(), way("begin", "ask", "done"))
    new = world.deploy(asked, form("size", asks("size", "integer", required=True)))
    case = world.start(old)

    carried_out(world, plan(old, new), adam)

    (row,) = _rows(world, UserTask)
    assert (row.form, row.definition_id, row.closed_at) == ("size", new.id, None)
    with pytest.raises(Invalid):
        world.complete(case, "ask")
    world.complete(case, "ask", size="3")
    assert world.instance(case).ended_at


def test_trying_changes_no_case(world: World, plan: Plan) -> None:
    old, new = world.deploy(order("ask", "pack")), world.deploy(order("ask", "weigh"))
    cases = [world.start(old) for _ in range(3)]
    before = [(world.instance(each).state, world.history(each)) for each in cases]

    counts = tried(world, plan(old, new))

    assert counts == {"fits": 3, "left": 0}
    assert [(world.instance(each).state, world.history(each)) for each in cases] == before
    assert _rows(world, Checkpoint) == []


def test_every_case_that_cannot_go_has_its_reason(world: World, plan: Plan, adam: Person) -> None:
    old, new = world.deploy(order("ask", "pack")), world.deploy(order("pack"))
    stuck, goes = world.start(old), world.start(old)
    world.complete(goes, "ask")
    made = plan(old, new)

    carried_out(world, made, adam)

    assert status(world, made) == {stuck: "refused", goes: "migrated"}
    with world.looking() as session:
        (reason, count, first), *more = migration.refusals(session, session.get_one(MigrationPlan, made))
    assert (reason["places"], count, first, more) == ({"element": {"pl": "ask", "en": "ask"}}, 1, stuck, [])
    assert world.instance(stuck).definition_id == old.id
    world.complete(stuck, "ask")
    assert world.open_(stuck) == ["pack"]


def parted(*ways: str) -> Any:
    """A step, ways that part and meet again, and a step behind."""
    drawn = [task("ask"), fork("split"), *(task(each) for each in ways), fork("meet"), task("pack")]
    parts = way("begin", "ask", "split"), way("meet", "pack", "done")
    return diagram("order", start(), *drawn, end(), *parts, *(way("split", each, "meet") for each in ways))


def test_trying_tells_which_branch_a_case_that_was_split_would_wait_for(
    world: World, plan: Plan, adam: Person
) -> None:
    old, new = world.deploy(parted("a", "b")), world.deploy(parted("a", "b", "weigh"))
    early, split, waits, late = (world.start(old) for _ in range(4))
    for case, steps in {split: ["ask"], waits: ["ask", "a"], late: ["ask", "a", "b"]}.items():
        for step in steps:
            world.complete(case, step)
    made = plan(old, new)

    carried_out(world, made, adam)

    assert status(world, made) == {early: "migrated", split: "refused", waits: "refused", late: "migrated"}
    with world.looking() as session:
        ((reason, count, _),) = migration.refusals(session, session.get_one(MigrationPlan, made))
    named = {name: text["en"] for name, text in reason["places"].items()}
    assert (named, count) == ({"element": "meet", "branch": "weigh"}, 2)
    for step in ("ask", "a", "b", "weigh"):
        world.complete(early, step)
    world.complete(waits, "b")
    assert [world.open_(each) for each in (early, waits, late)] == [["pack"]] * 3


def test_a_plan_asks_where_the_cases_of_a_step_that_is_gone_shall_go_on(
    world: World, plan: Plan, adam: Person
) -> None:
    old, new = world.deploy(order("ask", "pack")), world.deploy(order("measure", "pack"))
    case = world.start(old)
    with world.looking() as session:
        homeless = migration.homeless(session, old, new)

    carried_out(world, plan(old, new, {"order/ask": "measure"}), adam)

    assert [(diagram_, element.id, count) for diagram_, element, count in homeless] == [("order", "ask", 1)]
    assert world.open_(case) == ["measure"]


def test_a_timer_keeps_its_moment_and_a_new_one_begins_to_run(world: World, plan: Plan, adam: Person) -> None:
    old, new = world.deploy(reminded("ask")), world.deploy(reminded("ask", "pack"))
    bare = world.deploy(order("ask"))
    case, other = world.start(old), world.start(bare)
    due = world.timers()[0].due_at
    world.now += timedelta(hours=5)

    carried_out(world, plan(old, new), adam)
    carried_out(world, plan(bare, new), adam)

    found = {each.instance_id: each.due_at for each in world.timers()}
    assert found == {case: due, other: due + timedelta(hours=5)}
    world.later(days=2)
    assert (world.open_(case), world.open_(other)) == (["hurry"], ["hurry"])


def test_work_is_done_in_batches_and_goes_on_where_it_stopped(world: World, plan: Plan, adam: Person) -> None:
    old, new = world.deploy(order("ask")), world.deploy(order("ask", "pack"))
    cases = [world.start(old) for _ in range(5)]
    made = plan(old, new)
    begun(world, made, adam)

    assert migrating.work(world.factory, now=world.now, most=2) == 2
    assert list(status(world, made).values()) == ["migrated"] * 2 + ["fits"] * 3
    with world.factory.begin() as session:
        migration.pause(session, session.get_one(MigrationPlan, made), by=adam, now=world.now)
    assert migrating.work(world.factory, now=world.now) == 0
    with world.factory.begin() as session:
        migration.go_on(session, session.get_one(MigrationPlan, made), by=adam, now=world.now)
    while migrating.work(world.factory, now=world.now, most=2):
        pass

    assert status(world, made) == dict.fromkeys(cases, "migrated")
    assert _rows(world, MigrationPlan)[0].finished_at == world.now


def test_a_case_that_ended_meanwhile_is_left_alone(world: World, plan: Plan, adam: Person) -> None:
    old, new = world.deploy(order("ask")), world.deploy(order("ask", "pack"))
    case = world.start(old)
    made = plan(old, new)
    begun(world, made, adam)
    world.complete(case, "ask")

    migrating.work(world.factory, now=world.now)

    assert status(world, made) == {case: "refused"}
    assert world.instance(case).definition_id == old.id


def test_a_case_goes_back_to_exactly_what_it_was(world: World, plan: Plan, adam: Person) -> None:
    old, new = world.deploy(reminded("ask")), world.deploy(order("ask", "pack"))
    case = world.start(old)
    before, timers = world.instance(case).state, world.timers()
    made = plan(old, new)
    carried_out(world, made, adam)
    assert world.timers() == []

    _take_back(world, made, adam)

    assert (world.instance(case).state, world.instance(case).definition_id) == (before, old.id)
    assert [each.element for each in world.timers()] == [each.element for each in timers]
    assert status(world, made) == {case: "reverted"}


def test_a_case_that_went_on_goes_back_from_where_it_is_now_or_stays(
    world: World, plan: Plan, adam: Person
) -> None:
    old, new = world.deploy(order("ask", "pack")), world.deploy(order("ask", "weigh", "pack"))
    moved, ahead = world.start(old), world.start(old)
    made = plan(old, new)
    carried_out(world, made, adam)
    world.complete(moved, "ask")
    world.complete(moved, "weigh")
    world.complete(ahead, "ask")

    _take_back(world, made, adam)

    assert status(world, made) == {moved: "reverted", ahead: "stays"}
    assert world.open_(moved) == ["pack"]
    assert world.instance(ahead).definition_id == new.id


def _take_back(world: World, plan_id: int, adam: Person) -> None:
    with world.factory.begin() as session:
        migration.revert(session, session.get_one(MigrationPlan, plan_id), by=adam, now=world.now)
    while migrating.work(world.factory, now=world.now):
        pass


# ---------------------------------------------------------------------------------------------------- refusals


def test_a_plan_leads_to_another_version_of_the_same_process(world: World, plan: Plan) -> None:
    one, other = world.deploy(order("ask")), world.deploy(order("ask", name="other"))

    for target in (one, other):
        with pytest.raises(migration.NotTheSameProcess):
            plan(one, target)


def test_a_plan_says_why(world: World, plan: Plan) -> None:
    old, new = world.deploy(order("ask")), world.deploy(order("ask", "pack"))

    with pytest.raises(migration.ReasonMissing):
        plan(old, new, reason="  ")


@pytest.mark.parametrize(
    ("place", "target"), [("order/nowhere", "ask"), ("order/ask", "nowhere"), ("ask", "ask")]
)
def test_a_mapping_names_steps_that_there_are(world: World, plan: Plan, place: str, target: str) -> None:
    old, new = world.deploy(order("ask")), world.deploy(order("ask", "pack"))

    with pytest.raises(Invalid) as refused:
        plan(old, new, {place: target})

    assert list(refused.value.errors) == [place]


def test_nothing_is_carried_out_before_everything_was_tried(world: World, plan: Plan, adam: Person) -> None:
    old, new = world.deploy(order("ask")), world.deploy(order("ask", "pack"))
    world.start(old)
    made = plan(old, new)

    with world.factory.begin() as session, pytest.raises(migration.NotTried):
        migration.begin(session, session.get_one(MigrationPlan, made), by=adam, now=world.now)


def test_a_plan_is_carried_out_once_and_taken_back_only_after_it(
    world: World, plan: Plan, adam: Person
) -> None:
    old, new = world.deploy(order("ask")), world.deploy(order("ask", "pack"))
    made = plan(old, new)
    with world.factory.begin() as session, pytest.raises(migration.NothingToTakeBack):
        migration.revert(session, session.get_one(MigrationPlan, made), by=adam, now=world.now)
    carried_out(world, made, adam)

    with world.factory.begin() as session, pytest.raises(migration.AlreadyBegun):
        migration.begin(session, session.get_one(MigrationPlan, made), by=adam, now=world.now)


# ----------------------------------------------------------------------------------------- elsewhere meanwhile


def test_a_case_whose_state_is_broken_stays_and_its_neighbours_go(
    world: World, plan: Plan, adam: Person
) -> None:
    old, new = world.deploy(order("ask")), world.deploy(order("ask", "pack"))
    broken, sound = world.start(old), world.start(old)
    with world.factory.begin() as session:
        session.get_one(Instance, broken).state = b'{"v": 1, "p": "x"'
    made = plan(old, new)

    carried_out(world, made, adam)

    assert status(world, made) == {broken: "refused", sound: "migrated"}


def test_what_listens_may_keep_a_case_back(world: World, plan: Plan, adam: Person) -> None:
    class TooImportant(instances.Retired):
        """This one stays."""

    def listen(_session: Session, happened: Any) -> None:
        if happened.before is not None:
            raise TooImportant

    world.more["projections"] = (listen,)
    old, new = world.deploy(order("ask")), world.deploy(order("ask", "pack"))
    case = world.start(old)

    assert tried(world, plan(old, new)) == {"refused": 1, "left": 0}
    assert world.instance(case).definition_id == old.id


def test_differences_name_every_element_that_says_something_else(world: World) -> None:
    from engine.process import differences

    old, new = world.deploy(reminded("ask", "pack")), world.deploy(reminded("ask", "weigh"))
    with world.looking() as session:
        found = differences.compare(definitions.blueprint(session, old), definitions.blueprint(session, new))

    told = {(each.what, each.element) for each in found if each.kind != "flow"}
    assert told == {("added", "weigh"), ("removed", "pack")}
    assert {("added", "ask_weigh"), ("removed", "ask_pack")} <= {(each.what, each.element) for each in found}


def test_subscriptions_name_the_places_of_the_new_version(world: World, plan: Plan, adam: Person) -> None:
    old, new = world.deploy(reminded("ask")), world.deploy(reminded("ask", "pack"))
    world.start(old)
    (before,) = _rows(world, Subscription)

    carried_out(world, plan(old, new), adam)

    (now,) = _rows(world, Subscription)
    assert (now.id, now.token, now.element) == (before.id, before.token, "late")
