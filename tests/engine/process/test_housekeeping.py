"""Kept states are swept: so many stay with a running case, all of an ended one for a while, and none that is needed goes."""

from datetime import timedelta

import pytest

from engine.history import Event
from engine.people import Person
from engine.process import checkpoints, doctor, housekeeping, instances, migrating, migration, operating
from engine.process.checkpoints import Checkpoint
from engine.process.definitions import Definition
from engine.process.housekeeping import KEPT_FOR, MOST_KEPT
from engine.process.instances import Instance
from engine.process.migration import MigrationItem, MigrationPlan
from tests.conftest import MONDAY
from tests.engine.process.kit import World, diagram, end, start, task, way


def order(*steps: str) -> doctor.File:
    return diagram("order", start(), *(task(each) for each in steps), end(), way("begin", *steps, "done"))


@pytest.fixture
def case(world: World) -> int:
    """A running order."""
    return world.start(world.deploy(order("ask", "pack")))


def keep(world: World, case: int, why: str, times: int = 1) -> None:
    with world.factory.begin() as session:
        found = session.get_one(Instance, case)
        for _ in range(times):
            checkpoints.keep(session, found, why, by=None, now=world.now)


def kept(world: World, case: int) -> list[Checkpoint]:
    with world.looking() as session:
        return list(session.scalars(checkpoints.of(session.get_one(Instance, case))))


def swept(world: World, **more: int) -> int:
    with world.factory.begin() as session:
        return housekeeping.sweep(session, now=world.now, **more)


def test_a_running_case_keeps_its_latest_ways_back_and_those_kept_by_hand(world: World, case: int) -> None:
    keep(world, case, "manual")
    keep(world, case, "moved", MOST_KEPT + 5)
    latest = [each.id for each in kept(world, case)][:MOST_KEPT]

    assert [swept(world), swept(world)] == [5, 0]

    assert [each.id for each in kept(world, case) if each.why == "moved"] == latest
    assert [each.why for each in kept(world, case)].count("manual") == 1


def test_neighbours_do_not_share_their_number(world: World, case: int) -> None:
    with world.looking() as session:
        other = world.start(session.get_one(Definition, session.get_one(Instance, case).definition_id))
    for each in (case, other):
        keep(world, each, "moved", MOST_KEPT)

    assert swept(world) == 0


def test_what_ended_keeps_all_for_a_while_and_then_nothing(world: World, case: int) -> None:
    keep(world, case, "manual", 2)
    keep(world, case, "moved", 3)
    with world.factory.begin() as session:
        instances.cancel(session, session.get_one(Instance, case), "over", by=None, now=world.now)

    world.now += KEPT_FOR
    assert swept(world) == 0
    world.now += timedelta(seconds=1)
    assert swept(world) == 5
    assert kept(world, case) == []


def test_it_is_done_in_shares_and_goes_on_where_it_stopped(world: World, case: int) -> None:
    keep(world, case, "edited", MOST_KEPT + 7)

    assert [swept(world, most=3) for _ in range(4)] == [3, 3, 1, 0]


def test_a_state_a_plan_may_give_back_stays_while_its_case_runs(
    world: World, case: int, adam: Person
) -> None:
    new = world.deploy(order("ask", "weigh", "pack"))
    with world.factory.begin() as session:
        old = session.get_one(Definition, session.get_one(Instance, case).definition_id)
        made = migration.plan(session, old, new, {}, "heavier", by=adam, now=world.now)
        while migrating.try_out(session, made, now=world.now):
            pass
        migration.begin(session, made, by=adam, now=world.now)
        id_ = made.id
    while migrating.work(world.factory, now=world.now):
        pass
    keep(world, case, "moved", MOST_KEPT + 1)

    assert swept(world) == 1

    with world.factory.begin() as session:
        migration.revert(session, session.get_one(MigrationPlan, id_), by=adam, now=world.now)
    while migrating.work(world.factory, now=world.now):
        pass
    assert world.instance(case).definition_id == old.id
    assert world.open_(case) == ["ask"]
    with world.factory.begin() as session:
        instances.cancel(session, session.get_one(Instance, case), "over", by=None, now=world.now)
    world.now += KEPT_FOR + timedelta(days=1)
    assert swept(world) > MOST_KEPT
    with world.looking() as session:
        assert [each.checkpoint_id for each in session.query(MigrationItem)] == [None]


def test_what_went_back_says_to_which_moment_also_when_that_state_is_swept(world: World, case: int) -> None:
    keep(world, case, "moved")
    with world.factory.begin() as session:
        found = session.get_one(Instance, case)
        back = session.scalars(checkpoints.of(found)).one()
        operating.restore(session, found, back, "again", by=None, now=MONDAY + timedelta(days=2))

    (told,) = (each for each in world.rows(Event) if each.kind == "overridden")

    assert told.data["at"] == MONDAY.isoformat()
