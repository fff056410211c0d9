"""Faults 3, 10, 12, 13, 18 and 23: what people and values do to each other, and one bad case among good ones."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Refusal
from engine.people import Department, Person
from engine.ports import Call
from engine.process import clock, definitions, instances, jobs, tasks
from engine.process.definitions import Definition
from engine.process.doctor import File
from engine.process.instances import Instance
from engine.process.runner import Run
from engine.process.tasks import UserTask
from tests.conftest import MONDAY
from tests.engine.process.drawing import Drawing, each
from tests.engine.process.kit import (
    World,
    diagram,
    end,
    fork,
    service,
    start,
    task,
    way,
)
from tests.faults.kit import Crash, must_be_whole

PATIENCE = 60


def together(*acts: Callable[[Barrier], object]) -> list[object]:
    """Every act in a thread of its own: what they answered, or the refusal they met."""
    barrier = Barrier(len(acts), timeout=PATIENCE)

    def run(act: Callable[[Barrier], object]) -> object:
        try:
            return act(barrier)
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(len(acts)) as threads:
        return [thread.result(PATIENCE) for thread in [threads.submit(run, act) for act in acts]]


@pytest.fixture
def approval(world: World, departments: dict[str, Department]) -> Definition:
    return world.deploy(diagram("approval", start(), task("approve"), end(), way("begin", "approve", "done")))


@pytest.mark.parametrize("_round", range(3))
def test_of_one_who_completes_and_one_who_takes_the_task_away_one_is_refused(
    world: World, approval: Definition, session: Session, anna: Person, clara: Person, _round: int
) -> None:
    id_ = world.start(approval)

    def acting(person: Person, act: Callable[[Session, UserTask, Person], object]) -> Callable[..., object]:
        def run(barrier: Barrier) -> object:
            with world.factory() as mine:
                by, seen = mine.get_one(Person, person.id), mine.scalars(select(UserTask)).one()
                mine.commit()
                barrier.wait()
                act(mine, seen, by)
                mine.commit()
            return "done"

        return run

    completed, claimed = together(
        acting(anna, lambda mine, seen, by: instances.complete(mine, seen, {}, by=by, now=MONDAY)),
        acting(clara, lambda mine, seen, by: tasks.claim(mine, seen, by=by, now=MONDAY)),
    )

    if completed == "done":
        assert isinstance(claimed, tasks.AlreadyClosed)
        assert world.instance(id_).outcome == "done"
    else:
        assert claimed == "done"
        assert isinstance(completed, tasks.NotYours)
        assert world.open_(id_) == ["approve"]
    must_be_whole(world, id_)


@pytest.fixture
def calling(world: World, departments: dict[str, Department]) -> Definition:
    """A case that asks a connector, then somebody."""
    return world.deploy(
        diagram("calling", start(), service("book", connector="shop", operation="book"), task("ship"), end(),
                way("begin", "book", "ship", "done"))
    )  # fmt: skip


def test_a_job_that_kills_every_worker_that_takes_it_ends_with_a_person(
    world: World, calling: Definition
) -> None:
    poison, sound = world.start(calling), world.start(calling)

    def kill(call: Call) -> None:
        if call.instance_id == poison:
            raise Crash

    world.shop.during = kill
    for _ in range(2 * jobs.TRIES + 2):
        world.now += jobs.LEASE + timedelta(seconds=1)
        with suppress(Crash):
            clock.settle(world.factory, now=world.now)

    assert [(row.instance_id, row.element) for row in world.incidents()] == [(poison, "book")]
    assert len([call for call in world.shop.asked if call.instance_id == poison]) <= jobs.TRIES
    assert world.open_(sound) == ["ship"]
    must_be_whole(world, poison)


def test_a_value_of_a_megabyte_is_kept_once_however_many_tokens_see_it(
    world: World, departments: dict[str, Department]
) -> None:
    parts = [f"part_{number}" for number in range(8)]
    wide = world.deploy(
        diagram("wide", start(message="order"), fork("split"), *map(task, parts), fork("join"), end(),
                way("begin", "split"), *(way("split", part, "join") for part in parts), way("join", "done"),
                keeps="text")
    )  # fmt: skip
    with world.factory.begin() as session:
        begun = instances.start(session, wide, {"text": "ż" * 500_000}, by=None, now=MONDAY, message="order")
        id_ = begun.id

    assert len(world.instance(id_).state) < 1_010_000
    for part in parts:
        world.complete(id_, part)
    assert world.instance(id_).outcome == "done"


@pytest.mark.parametrize("one_by_one", [False, True])
def test_ten_thousand_at_once_are_refused_by_name_and_one_by_one_they_cost_no_more_than_one(
    one_by_one: bool,
) -> None:
    """An upload that could ask for so many is capped by the doctor; this is what would happen without it."""
    crowd = Drawing("crowd").start().task("ask", many=each("guests", "guest", one_by_one=one_by_one)).end()
    program = crowd.path("began", "ask", "ended").program(variables=["guests"])

    def invite(count: int) -> Run:
        return Run.start(program, {"guests": [None] * count}, facts=dict)

    if one_by_one:
        assert len(invite(10_000).waiting()) == 1
        return
    assert len(invite(500).waiting()) == 500
    with pytest.raises(Refusal, match="ask"):
        invite(10_000)


def test_cases_begun_while_versions_are_deployed_run_whole_on_one_of_them(
    world: World, departments: dict[str, Department]
) -> None:
    def version(number: int) -> File:
        return diagram(
            "order", start(), task(f"step_{number}"), end(), way("begin", f"step_{number}", "done")
        )

    world.deploy(version(0))

    def deploying(barrier: Barrier) -> object:
        barrier.wait()
        return [world.deploy(version(number)).version for number in range(1, 6)]

    def starting(barrier: Barrier) -> object:
        barrier.wait()
        begun = []
        for _ in range(12):
            with world.factory.begin() as session:
                newest = session.scalars(definitions.catalogue()).one()
                begun.append((instances.start(session, newest, by=None, now=MONDAY).id, newest.version))
        return begun

    versions, *starts = together(deploying, starting, starting)

    assert versions == [2, 3, 4, 5, 6]
    for id_, version_number in (pair for some in starts for pair in some):  # type: ignore[attr-defined]
        assert world.open_(id_) == [f"step_{version_number - 1}"]
        must_be_whole(world, id_)


def test_whoever_wrote_sees_it_in_the_next_list(
    world: World, session: Session, anna: Person, clara: Person, departments: dict[str, Department]
) -> None:
    two = world.deploy(
        diagram("two", start(), task("first"), task("second"), end(), way("begin", "first", "second", "done"))
    )
    seen: list[tuple[list[str], list[str]]] = []

    def look() -> None:
        with world.looking() as mine:
            by = mine.get_one(Person, anna.id)
            lists = tasks.mine(by), tasks.queue(by)
            free, done = [[row.element for row in mine.scalars(query)] for query in lists]
            seen.append((free, done))

    id_ = world.start(two)
    look()
    with world.factory.begin() as mine:
        tasks.claim(mine, mine.scalars(select(UserTask)).one(), by=mine.get_one(Person, anna.id), now=MONDAY)
    look()
    world.complete(id_, "first", by=anna)
    look()

    assert seen == [([], ["first"]), (["first"], []), ([], ["second"])]


def test_a_broken_case_is_put_aside_alone(world: World, calling: Definition) -> None:
    broken, sound = world.start(calling), world.start(calling)
    with world.factory.begin() as session:
        session.get_one(Instance, broken).state = b"nonsense"

    world.later(seconds=1)
    world.later(hours=1)

    assert Counter(row.instance_id for row in world.incidents()) == {broken: 1}
    assert world.open_(sound) == ["ship"]
    assert world.instance(broken).quarantined_at is not None
