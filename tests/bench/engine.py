"""The engine's figures: the same cost at any age, and how much it adds to writing the rows alone."""

from collections.abc import Callable, Iterator

from sqlalchemy.orm import Session, sessionmaker

from engine.history import Event
from engine.people import Person
from engine.process import instances, tasks
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from tests.bench import diagrams, ground
from tests.bench.figures import Figure, cpu, in_turn, ratio

ROUNDS, TIMES, SHORT = 5, 30, 60
YOUNG, OLD, OLDEST = 10, 400, 2_000


def figures() -> Iterator[Figure]:
    """Measured one after the other, each against its base in the same run."""
    yield from age()
    yield short()


def age() -> Iterator[Figure]:
    """Completions of a user task in a loop, around the 400th and the 2,000th time against around the 10th."""
    with ground.database() as (_engine, factory, _path):
        loop, anna = ground.deploy(factory, "loop", diagrams.LOOP), ground.somebody(factory)
        old, oldest = (_aged(factory, loop, anna, age) for age in (OLD, OLDEST))
        rounds = [
            in_turn(
                TIMES,
                young=_completing(factory, _aged(factory, loop, anna, YOUNG - TIMES // 2), anna),
                old=_completing(factory, old, anna),
                oldest=_completing(factory, oldest, anna),
            )
            for _ in range(ROUNDS)
        ]
        size = _size(factory, oldest)
    young = [each["young"] for each in rounds]
    for name, times in (("old", OLD), ("oldest", OLDEST)):
        measured = [each[name] for each in rounds]
        yield ratio(f"completion {times:,} against completion {YOUNG}, CPU", measured, young, target=1.1)
    yield Figure(f"state of a simple loop after {OLDEST:,} rounds", size, (size, size), 1_024, "B")


def _aged(factory: sessionmaker[Session], definition_id: int, person_id: int, times: int) -> int:
    instance_id = _start(factory, definition_id, person_id)
    _complete(factory, instance_id, person_id, times)
    return instance_id


def _completing(factory: sessionmaker[Session], instance_id: int, person_id: int) -> Callable[[], object]:
    return lambda: _complete(factory, instance_id, person_id, 1)


def _size(factory: sessionmaker[Session], instance_id: int) -> int:
    with factory() as session:
        return len(session.get_one(Instance, instance_id).state)


def short() -> Figure:
    """A short process (start, A, XOR, B, end) against the same rows written in the same transactions without an engine."""
    ours, floor = [], []
    for _ in range(ROUNDS):
        with ground.database() as (_engine, factory, _path):
            definition_id, anna = ground.deploy(factory, "short", diagrams.SHORT), ground.somebody(factory)
            _run_short(factory, definition_id, anna, 3)
            ours.append(cpu(lambda: _run_short(factory, definition_id, anna, SHORT)))  # noqa: B023
            floor.append(cpu(lambda: _write_short(factory, definition_id, anna, SHORT)))  # noqa: B023
    return ratio("short process against its rows alone, CPU", ours, floor, target=2)


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
