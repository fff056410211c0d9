"""Reports of work items over a million of them against a hundred thousand, from roll-ups; and how fast these are made."""

import gc
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from random import Random
from statistics import median
from typing import Any

from sqlalchemy import Connection, Engine, insert, text
from sqlalchemy.orm import Session, sessionmaker

from engine.people import Department
from engine.process.instances import Instance
from engine.process.tasks import NO_DUE, UserTask
from reports import handovers, step_rollups, steps, waiting, workload
from reports.periods import Period
from reports.queries import Scope
from tests.bench import diagrams, ground, years
from tests.bench.figures import Figure, cpu, ratio

FEW, MANY = 100_000, 1_000_000
UNITS, ELEMENTS, DAYS, CHUNK, ROUNDS, VIEWS = 8, 40, 730, 20_000, 5, 3
WINDOW = Period(date(2024, 11, 1), date(2026, 11, 17), "month")
Times = dict[str, list[float]]


TARGETS = {"hand-overs": 50, "bottlenecks": 50, "waiting times": 50, "workload": 50}


def figures(few: int = FEW, many: int = MANY) -> Iterator[Figure]:
    """Two years of work in eight departments, read from roll-ups by whoever sees the whole company."""
    for dialect, name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        times: dict[int, Times] = {}
        for count in (few, many):
            with years.empty(dialect) as (engine, factory):
                _furnish(engine, factory, count)
                speed = count / _rebuilt(engine, factory)
                times[count] = _read(factory)
                if count == many and dialect == "sqlite":
                    yield _from_the_log(factory)
        yield Figure(
            f"rebuild of a million steps, a second, {name}", speed, (speed, speed), 50_000, "", at_least=True
        )
        for what, target in TARGETS.items():
            taken = [1000 * each for each in times[many][what]]
            title = f"{what}, a million steps, {name}"
            yield Figure(title, median(taken), (min(taken), max(taken)), target, "ms")
            title = f"{what}, a million against 100,000, {name}"
            yield ratio(title, times[many][what], times[few][what], target=1.5)


def _rebuilt(engine: Engine, factory: sessionmaker[Session]) -> float:
    """Seconds that the roll-ups of all steps took."""
    with factory() as session:
        begin = time.perf_counter()
        step_rollups.rebuild(session)
        session.commit()
        took = time.perf_counter() - begin
    with engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    return took


def _read(factory: sessionmaker[Session]) -> Times:
    """Seconds of each view, round by round: of this process on SQLite, of the clock where a server counts."""
    with factory() as session:
        is_file = session.get_bind().dialect.name == "sqlite"
        session.connection(execution_options={"reading": True} if is_file else {})
        spent = time.process_time if is_file else time.perf_counter
        return {name: [_once(view, spent) for _ in range(ROUNDS)] for name, view in _views(session).items()}


def _from_the_log(factory: sessionmaker[Session]) -> Figure:
    """The page of bottlenecks counts what was done again and broken promises in the log."""
    with factory() as session:
        session.connection(execution_options={"reading": True})
        window = steps.between(WINDOW, ground.NOW)
        took = 1000 * cpu(lambda: waiting.necks(session, Scope("short"), WINDOW, window))
    title = "bottlenecks with what was done again, from the log, SQLite"
    return Figure(title, took, (took, took), 5_000, "ms")


def _once(view: Callable[[], object], spent: Callable[[], float]) -> float:
    view()
    gc.collect()
    gc.freeze()  # as a server does when it has loaded the program
    begin = spent()
    for _ in range(VIEWS):
        view()
    return (spent() - begin) / VIEWS


def _views(session: Session) -> dict[str, Any]:
    scope, window = Scope("short"), steps.between(WINDOW, ground.NOW)
    return {
        "hand-overs": lambda: handovers.matrix(session, scope, WINDOW, window),
        "bottlenecks": lambda: waiting.sums(session, scope, WINDOW, window, waiting.STEP),
        "waiting times": lambda: waiting.lengths(session, scope, WINDOW, window, waiting.STEP),
        "workload": lambda: workload.departments(session, scope, WINDOW, window, ground.NOW),
    }


def _furnish(engine: Engine, factory: sessionmaker[Session], count: int) -> None:
    process = _company(factory)
    with engine.begin() as connection:
        _fill(connection, process, count)


def _company(factory: sessionmaker[Session]) -> int:
    definition = ground.deploy(factory, "short", diagrams.SHORT)
    with factory.begin() as session:
        session.add_all([Department(key=f"d{n}", name=f"D{n}", name_en=f"D{n}") for n in range(UNITS)])
    return definition


def _fill(connection: Connection, definition: int, count: int) -> None:
    """Cases of ten work items each, one after the other."""
    dice, begin = Random(1), ground.NOW - timedelta(days=DAYS)
    cases = count // 10
    for start in range(0, cases, CHUNK):
        rows = [
            {"id": number + 1, "definition_id": definition, "process": "short", "started_at": begin, "seq": 0}
            for number in range(start, min(start + CHUNK, cases))
        ]
        connection.execute(insert(Instance), rows)
    first = dict(zip(TOLD, _task(dice, begin, 0), strict=True))
    connection.execute(insert(UserTask), [{**first, **ALIKE, "definition_id": definition}])
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE told AS SELECT {', '.join(TOLD)} FROM user_tasks WHERE 1 = 0"
    )
    for start in range(1, count, CHUNK):
        _copied(
            connection, [_task(dice, begin, number) for number in range(start, min(start + CHUNK, count))]
        )
    alike = [column.name for column in UserTask.__table__.c if column.name not in ("id", *TOLD)]
    connection.exec_driver_sql(
        f"INSERT INTO user_tasks ({', '.join((*alike, *TOLD))}) "
        f"SELECT {', '.join(f'one.{name}' for name in alike)}, {', '.join(f'told.{name}' for name in TOLD)} "
        "FROM told, (SELECT * FROM user_tasks) AS one"
    )


TOLD = (
    "instance_id", "token", "element", "opened_at", "order_at", "started_at", "closed_at", "done_seq",
    "department_id", "came_from_id",
)  # fmt: skip
ALIKE = {"diagram": "short", "title": "Krok", "title_en": "Step"}


def _copied(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    names = ", ".join(TOLD)
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY told ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    plain = [tuple(_plain(value) for value in row) for row in rows]
    connection.exec_driver_sql(f"INSERT INTO told ({names}) VALUES ({', '.join('?' * len(TOLD))})", plain)


def _plain(value: Any) -> Any:
    return f"{value:%Y-%m-%d %H:%M:%S}.000000" if isinstance(value, datetime) else value


def _task(dice: Random, begin: datetime, number: int) -> tuple[Any, ...]:
    element = dice.randrange(ELEMENTS)
    before = (element - 1 if dice.random() < 0.9 else element - 5) % ELEMENTS
    ready = begin + timedelta(seconds=dice.randrange((DAYS - 6) * 86_400))
    started = ready + timedelta(seconds=int(dice.expovariate(1 / 40_000)))
    ended = min(started + timedelta(seconds=int(dice.expovariate(1 / 20_000))), ground.NOW)
    where = (1 + element % UNITS, 1 + before % UNITS)
    moments = (ready, ready + NO_DUE, started, ended)
    return (number // 10 + 1, f"t{number}", f"step_{element}", *moments, number % 10 + 1, *where)
