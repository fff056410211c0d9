"""The clock's figures: a second in which nothing is due, and what one fired timer costs."""

from collections.abc import Iterator
from datetime import timedelta
from statistics import median

from sqlalchemy import insert, select
from sqlalchemy.orm import Session, sessionmaker

from engine.process import clock, instances
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.subscriptions import Subscription
from tests.bench import ground
from tests.bench.figures import Figure, cpu
from tests.engine.process.kit import diagram, end, start, task, wait, way
from webapp import clockwork

WAITING, TICKS, FIRED, ROUNDS = 10_000, 100, 200, 3
SOON, LATER = ground.NOW + timedelta(hours=3), ground.NOW + timedelta(days=9)


def figures() -> Iterator[Figure]:
    """Ten thousand cases wait for a timer: the cost of a tick while none is due, then of one that is."""
    idle, fired = [], []
    for _ in range(ROUNDS):
        with ground.database() as (_engine, factory, _path):
            _wait(factory)
            clockwork.tick(factory, now=lambda: ground.NOW)
            idle.append(cpu(lambda: _tick_idle(factory)) / TICKS * 1000)  # called at once
            clock.tick(factory, now=SOON, limit=1)
            fired.append(cpu(lambda: _fire(factory)) / FIRED * 1000)
    yield Figure("idle tick with 10,000 waiting cases, CPU", median(idle), _spread(idle), 10, "ms")
    yield Figure("tick per fired timer, CPU", median(fired), _spread(fired), 20, "ms")


def _spread(rounds: list[float]) -> tuple[float, float]:
    return min(rounds), max(rounds)


def _tick_idle(factory: sessionmaker[Session]) -> None:
    for _ in range(TICKS):
        assert clockwork.tick(factory, now=lambda: ground.NOW) == 0


def _fire(factory: sessionmaker[Session]) -> None:
    assert clock.tick(factory, now=SOON, limit=FIRED, seconds=600) == FIRED


def _wait(factory: sessionmaker[Session]) -> None:
    """Cases that wait as one does: a few hundred for two hours, the others for days."""
    file = diagram(
        "pause",
        start(),
        wait("pause", "PT2H", clock="round"),
        task("call"),
        end(),
        way("begin", "pause", "call", "done"),
    )
    definition_id = ground.deploy(factory, "pause", file.content.decode())
    with factory.begin() as session:
        definition = session.get_one(Definition, definition_id)
        like = instances.start(session, definition, by=None, now=ground.NOW)
        timer = session.scalars(select(Subscription)).one()
        row = {
            name: getattr(like, name) for name in ("definition_id", "process", "state", "seq", "started_at")
        }
        session.execute(insert(Instance), [{**row, "title": ""} for _ in range(WAITING - 1)])
        ids = session.scalars(select(Instance.id).where(Instance.id != like.id)).all()
        row = {name: getattr(timer, name) for name in ("kind", "token", "diagram", "element", "due_at")}
        waits = [{**row, "instance_id": id_} for id_ in ids]
        for each in waits[FIRED + 10 :]:
            each["due_at"] = LATER
        session.execute(insert(Subscription), waits)
