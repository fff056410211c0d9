"""The engine's figures: the same cost at any age, and how much it adds to writing the rows alone."""

from collections.abc import Iterator

from sqlalchemy.orm import Session, sessionmaker

from engine.history import Event
from engine.people import Person
from engine.process import instances, tasks
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from tests.bench import diagrams, ground
from tests.bench.figures import Figure, cpu, ratio

ROUNDS, PASSES, SHORT = 5, 20, 60


def figures() -> Iterator[Figure]:
    """Measured one after the other, each against its base in the same run."""
    yield age()
    yield short()


def age() -> Figure:
    """Completions around the 400th of a user task in a loop, against those around the 10th."""
    young, old = [], []
    for _ in range(ROUNDS):
        with ground.database() as (_engine, factory, _path):
            definition_id, anna = ground.deploy(factory, "loop", diagrams.LOOP), ground.somebody(factory)
            instance_id = _start(factory, definition_id, anna)
            _complete(factory, instance_id, anna, 2)
            young.append(cpu(lambda: _complete(factory, instance_id, anna, PASSES)))  # noqa: B023  # called at once
            _complete(factory, instance_id, anna, 370)
            old.append(cpu(lambda: _complete(factory, instance_id, anna, PASSES)))  # noqa: B023
    return ratio("completion 400 against completion 10, CPU", old, young, target=1.2)


def short() -> Figure:
    """A short process (start, A, XOR, B, end) against the same rows written in the same transactions without an engine."""
    ours, floor = [], []
    for _ in range(ROUNDS):
        with ground.database() as (_engine, factory, _path):
            definition_id, anna = ground.deploy(factory, "short", diagrams.SHORT), ground.somebody(factory)
            _run_short(factory, definition_id, anna, 3)
            ours.append(cpu(lambda: _run_short(factory, definition_id, anna, SHORT)))  # noqa: B023
            floor.append(cpu(lambda: _write_short(factory, definition_id, anna, SHORT)))  # noqa: B023
    return ratio("short process against its rows alone, CPU", ours, floor, target=3)


def _start(factory: sessionmaker[Session], definition_id: int, person_id: int) -> int:
    with factory.begin() as session:
        by = session.get_one(Person, person_id)
        return instances.start(session, session.get_one(Definition, definition_id), by=by, now=ground.NOW).id


def _complete(factory: sessionmaker[Session], instance_id: int, person_id: int, times: int) -> None:
    for _ in range(times):
        with factory.begin() as session:
            (task,) = tasks.open_of(session, instance_id)
            instances.complete(session, task, {}, by=session.get_one(Person, person_id), now=ground.NOW)


def _run_short(factory: sessionmaker[Session], definition_id: int, person_id: int, times: int) -> None:
    for _ in range(times):
        _complete(factory, _start(factory, definition_id, person_id), person_id, 2)


def _write_short(factory: sessionmaker[Session], definition_id: int, person_id: int, times: int) -> None:
    """The rows that `_run_short` leaves, read and written in the same three transactions."""
    steps = (("begin", "opened:a"), ("which", "opened:b"), ("done", "ended"))
    for _ in range(times):
        instance_id = 0
        for number, facts in enumerate(steps):
            with factory.begin() as session:
                session.get_one(Person, person_id)
                session.get_one(Definition, definition_id)
                if number == 0:
                    row = Instance(
                        definition_id=definition_id,
                        process="short",
                        owner_id=person_id,
                        started_at=ground.NOW,
                    )
                    session.add(row)
                    session.flush()
                    instance_id = row.id
                else:
                    row = session.get_one(Instance, instance_id)
                    (task,) = tasks.open_of(session, instance_id)
                    task.closed_at, task.completed_by_id, task.assignee_id = ground.NOW, person_id, person_id
                _write_facts(session, row, facts, person_id)
                if number < 2:
                    _write_task(session, row, definition_id, number)
                else:
                    row.ended_at, row.outcome = ground.NOW, "done"
                row.state = b"x" * 150


def _write_facts(session: Session, row: Instance, facts: tuple[str, str], person_id: int) -> None:
    for element in ("completed", *facts) if row.seq else ("started", *facts):
        row.seq += 1
        session.add(
            Event(
                instance_id=row.id, seq=row.seq, kind="passed", at=ground.NOW, day=ground.NOW.date(),
                diagram="short", element=element, token="0", actor_id=person_id,
            )
        )  # fmt: skip


def _write_task(session: Session, row: Instance, definition_id: int, number: int) -> None:
    session.add(
        UserTask(
            instance_id=row.id, definition_id=definition_id, token=f"t-{number}", diagram="short", element="a",
            title="A", title_en="A", audience="role:employee", opened_at=ground.NOW, order_at=ground.NOW + tasks.NO_DUE,
        )
    )  # fmt: skip
