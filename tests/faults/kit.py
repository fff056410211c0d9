"""What a fault may leave behind: a whole case or none of it. Crashes at every word said to the database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, func, literal, select, union_all
from sqlalchemy.orm import Session

from engine.db import Base
from engine.history import Event
from engine.process import definitions
from engine.process.definitions import Definition
from engine.process.incidents import Incident
from engine.process.instances import Command, Instance
from engine.process.outbox import Job
from engine.process.runner import Run
from engine.process.subscriptions import Subscription
from engine.process.tasks import UserTask
from tests.engine.process.kit import World

# ------------------------------------------------------------------------------------------------ crash points


class Crash(BaseException):
    """The machine stops here. No door of a worker takes it for an error of its own."""


def crash(_dialect: Any) -> BaseException:
    """The process is gone: nobody says anything to the database any more."""
    return Crash()


def hiccup(dialect: Any) -> BaseException:
    """The database refuses this once and goes on: the code that deals with errors runs."""
    error: BaseException = dialect.loaded_dbapi.OperationalError("the connection was lost")
    return error


Make = Callable[[Any], BaseException]


@dataclass
class Moments:
    """Every moment at which a command can break: before and after each statement, before and after each commit."""

    dialect: Any
    stop_at: int | None = None
    make: Make = crash
    passed: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> None:
        self.passed.append(name)
        if self.stop_at == len(self.passed) - 1:
            raise self.make(self.dialect)

    def around(self, method: Callable[..., None], name: str = "") -> Callable[..., None]:
        """The method of a driver, with a moment before it and one after it."""

        def act(*given: Any, **more: Any) -> None:
            said = name or str(given[1])[:60]
            try:
                self(f"before {said}")
                method(*given, **more)
                if not said.startswith("BEGIN"):  # nothing lies between it and the first statement
                    self(f"after {said}")
            except Crash:
                if not name:
                    given[
                        0
                    ].close()  # the dead read no answers: an open cursor would go on holding SQLite's lock
                raise

        return act


@contextmanager
def moments(engine: Engine, stop_at: int | None = None, make: Make = crash) -> Iterator[Moments]:
    """Count the moments of a block, or break it at one of them."""
    dialect: Any = engine.dialect
    seen = Moments(dialect, stop_at, make)
    said = ("do_execute", "do_executemany", "do_execute_no_params")
    kept = {name: getattr(dialect, name) for name in (*said, "do_commit")}
    for (
        name,
        method,
    ) in kept.items():  # the driver's own door: what breaks there is handled as a real error is
        setattr(dialect, name, seen.around(method, "commit" if name == "do_commit" else ""))
    try:
        yield seen
    finally:
        for name in kept:
            delattr(dialect, name)


# -------------------------------------------------------------------------------------------------- portraits


def portrait(world: World, instance_id: int | None) -> dict[str, Any]:
    """Everything the database knows of a case, without what differs from case to case: ids, prefixes and times."""
    with world.looking() as session:
        instance = session.get(Instance, instance_id) if instance_id else None
        if instance is None:
            return {}
        return {
            "case": _case(instance),
            "facts": sorted(_fact(each) for each in _of(session, Event, instance)),
            "tasks": [_task(each) for each in _of(session, UserTask, instance)],
            "waits": sorted(_wait(each) for each in _of(session, Subscription, instance)),
            "outbox": [_job(each, instance) for each in _of(session, Job, instance)],
            "incidents": [each.code for each in _of(session, Incident, instance)],
            "effects": _effects(session, instance),
        }


def _of(session: Session, model: Any, instance: Instance) -> list[Any]:
    return list(session.scalars(select(model).where(model.instance_id == instance.id).order_by(model.id)))


def _case(instance: Instance) -> tuple[Any, ...]:
    """The row; its version only rises, by how much is the mapper's business."""
    state = instance.state.replace(_prefix(instance), b"PREFIX")
    ended = instance.ended_at is not None
    return instance.definition_id, state, instance.seq, ended, instance.outcome, instance.suspended_at is None


def _prefix(instance: Instance) -> bytes:
    return instance.state.split(b'"p":"')[1].split(b'"')[0]


def _number(token: str | None) -> str:
    return (token or "").partition("-")[2]


def _fact(fact: Event) -> tuple[Any, ...]:
    return fact.seq, fact.kind, fact.element or "", _number(fact.token), fact.actor_id or 0


def _task(task: UserTask) -> tuple[Any, ...]:
    return task.element, _number(task.token), task.closed_at is None, task.completed_by_id, task.assignee_id


def _wait(row: Subscription) -> tuple[Any, ...]:
    return row.kind, row.element, _number(row.token), row.name or "", row.due_at is None


def _job(job: Job, instance: Instance) -> tuple[Any, ...]:
    over = job.done_at is not None, job.failed_at is not None
    key = job.key.removeprefix(f"{instance.id}:").replace(_prefix(instance).decode(), "PREFIX")
    return job.kind, job.name, job.element, key, *over, str(job.answer)


def _effects(session: Session, instance: Instance) -> int:
    query = select(func.count()).select_from(Event).where(Event.subject == f"effect:{instance.id}")
    return session.scalar(query) or 0


def counts(world: World) -> dict[str, int]:
    """How many rows each table of the product has."""
    tables = Base.metadata.sorted_tables
    asked = (select(literal(table.name), func.count()).select_from(table) for table in tables)
    with world.looking() as session:
        found = session.execute(union_all(*asked)).all()
    return {row[0]: row[1] for row in found}


# -------------------------------------------------------------------------------------------------- invariants


def must_be_whole(world: World, instance_id: int) -> None:
    """What holds of every case at any moment, whatever happened: numbers, tasks, waits and calls are those of its state."""
    with world.looking() as session:
        instance = session.get_one(Instance, instance_id)
        seqs = [each.seq for each in _of(session, Event, instance) if each.seq]
        assert sorted(seqs) == list(range(1, instance.seq + 1)), "the numbers of the facts have a gap"
        program = definitions.program(session, session.get_one(Definition, instance.definition_id))
        run = Run.load(program, instance.state, facts=dict, now=world.now)
        waiting = [] if run.ended else run.waiting()
        assert run.ended == (instance.ended_at is not None)
        _must_wait(session, instance, waiting)
        keys = [each.key for each in _of(session, Job, instance)]
        assert len(set(keys)) == len(keys)


def _must_wait(session: Session, instance: Instance, waiting: list[Any]) -> None:
    open_ = [each.token for each in _of(session, UserTask, instance) if each.closed_at is None]
    assert sorted(open_) == sorted(each.token for each in waiting if each.kind == "task")
    rows = [(each.kind, each.token) for each in _of(session, Subscription, instance)]
    listening = {"timer", "message", "signal"}
    assert sorted(rows) == sorted((each.kind, each.token) for each in waiting if each.kind in listening)
    calls = {each.token for each in waiting if each.kind == "call"}
    pending = [each for each in _of(session, Job, instance) if each.kind == "call" and each.done_at is None]
    assert {each.token for each in pending if each.failed_at is None} <= calls
    assert calls <= {each.token for each in pending}


def begun_under(world: World, key: str) -> int | None:
    """The case that was begun under a key."""
    with world.looking() as session:
        command = session.get(Command, key)
        return command.instance_id if command else None
