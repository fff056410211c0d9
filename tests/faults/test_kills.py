"""Fault 1, for real: processes that are killed while they work leave nothing lost, nothing doubled, nothing promised."""

import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from time import sleep

import pytest
from sqlalchemy import select

from engine.history import Event
from engine.process.definitions import Definition
from engine.process.instances import Command
from engine.process.outbox import Job
from engine.process.tasks import UserTask
from tests.conftest import MONDAY
from tests.engine.process.kit import (
    World,
    asks,
    choice,
    diagram,
    end,
    form,
    service,
    start,
    task,
    wait,
    way,
)
from tests.faults.killing import Ledger
from tests.faults.kit import must_be_whole

CASES = 12
PATIENCE = 50
ROUND = [
    "passed enter", "opened work", "completed work", "answered book", "passed book", "fired pause", "passed pause",
    "passed more",
]  # fmt: skip


@pytest.fixture
def rounds(world: World) -> Definition:
    """Work, a parcel, a pause, and again, for as long as somebody says so."""
    return world.deploy(
        diagram(
            "rounds",
            start(),
            choice("enter", default="enter_work"),
            task("work", form="work"),
            service("book", connector="shop", operation="book"),
            wait("pause", "PT1M", clock="round"),
            choice("more", default="more_done"),
            end(),
            way("begin", "enter", "work", "book", "pause", "more", "done"),
            way("more", "enter", when="again"),
        ),
        form("work", asks("again", "yes_no")),
    )


@pytest.mark.slow
def test_killed_workers_lose_nothing_double_nothing_and_keep_what_they_acknowledged(
    world: World, rounds: Definition, engine_url: str, tmp_path: Path
) -> None:
    kill(world, rounds, engine_url, tmp_path, kills=500)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
def test_five_thousand_killed_workers(
    world: World, rounds: Definition, engine_url: str, tmp_path: Path, seed: int
) -> None:
    kill(world, rounds, engine_url, tmp_path, kills=500, seed=seed)


def kill(world: World, rounds: Definition, url: str, folder: Path, *, kills: int, seed: int = 2026) -> None:
    """Let workers die on a dozen cases, then look at every one of them and bring it to its end."""
    ids = [world.start(rounds) for _ in range(CASES)]
    acknowledged = folder / "acknowledged"
    acknowledged.touch()
    world.engine.dispose()
    arguments = [url, str(kills), str(seed), str(acknowledged)]
    told = subprocess.run(
        [sys.executable, "-m", "tests.faults.killing", *arguments], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == [str(kills), "0"], told.stderr[-2000:]

    for id_ in ids:
        must_be_whole(world, id_)
    must_hold(world, acknowledged.read_text().split())
    bring_to_the_end(world, ids)
    for id_ in ids:
        must_have_gone_round(world, id_)
    must_have_acted_once(world)


def must_hold(world: World, acknowledged: list[str]) -> None:
    """What a worker answered is in the database, and nothing was completed twice."""
    with world.looking() as session:
        completed = Counter(session.scalars(select(Event.task_id).where(Event.kind == "completed")))
        keys = set(session.scalars(select(Command.key)))
    assert len(acknowledged) > 100, "the workers died before they did anything"
    assert set(completed.values()) == {1}
    assert {int(each) for each in acknowledged} <= set(completed)
    assert {f"task:{each}" for each in completed} == keys


def bring_to_the_end(world: World, ids: list[int]) -> None:
    """A worker that nobody kills finds everything that the dead ones left lying."""
    world.now = MONDAY + timedelta(days=365)
    world.shop.run = Ledger().run  # type: ignore[method-assign]
    for _ in range(PATIENCE):
        world.later(hours=1)
        for id_ in ids:
            if world.open_(id_):
                world.complete(id_, "work", again="no")
        if all(world.instance(id_).ended_at for id_ in ids):
            break
        sleep(0.1)  # a server may still be burying the connections of the dead


def must_have_gone_round(world: World, id_: int) -> None:
    """The history of a case is that of one which nobody ever disturbed."""
    told = world.history(id_)
    times = told.count("completed work")
    assert told == ["started begin", "passed begin", *(ROUND * times), "passed done", "ended done"]
    assert world.instance(id_).outcome == "done"


def must_have_acted_once(world: World) -> None:
    with world.looking() as session:
        effects = Counter(session.scalars(select(Event.subject).where(Event.kind == "booked")))
        jobs = session.scalars(select(Job)).all()
        rows = session.scalars(select(UserTask)).all()
    assert {f"effect:{job.key}": 1 for job in jobs} == effects
    assert len(jobs) == len(rows)
    assert all(job.done_at for job in jobs)
    assert world.incidents() == []
    assert world.timers() == []
