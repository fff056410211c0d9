"""Reports of work items over a million of them against a hundred thousand, from roll-ups; and how fast these are made."""

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from statistics import median
from typing import Any

from sqlalchemy import Connection, insert, text
from sqlalchemy.orm import Session, sessionmaker

from engine.people import Department
from engine.process.instances import Instance
from engine.process.tasks import NO_DUE, UserTask
from reports import handovers, step_rollups, steps, waiting, workload
from reports.periods import Period
from reports.queries import Scope
from tests.bench import diagrams, ground
from tests.bench.figures import Figure, cpu, ratio

FEW, MANY = 100_000, 1_000_000
UNITS, ELEMENTS, DAYS, CHUNK, ROUNDS = 8, 40, 730, 20_000, 5
WINDOW = Period(date(2024, 11, 1), date(2026, 11, 17), "month")


def figures(few: int = FEW, many: int = MANY) -> Iterator[Figure]:
    """Two years of work in eight departments."""
    rounds: dict[tuple[str, int], list[float]] = {}
    for count in (few, many):
        with ground.database() as (engine, factory, _path):
            process = _company(factory)
            with engine.begin() as connection:
                _fill(connection, process, count)
            started = time.process_time()
            with factory.begin() as session:
                step_rollups.rebuild(session)
            made = time.process_time() - started
            with engine.begin() as connection:
                connection.execute(text("ANALYZE"))
            with factory() as session:
                for name, view in _views(session).items():
                    view()
                    rounds[name, count] = [cpu(view) for _ in range(ROUNDS)]
    yield Figure(
        "steps added up by rebuild, a second of CPU",
        many / made,
        (many / made, many / made),
        20_000,
        "",
        True,
    )
    for name in ("hand-overs", "bottlenecks", "waiting times"):
        times = [1000 * each for each in rounds[name, many]]
        title = f"{name} over two years of {many:,} steps, CPU"
        yield Figure(title, median(times), (min(times), max(times)), 50, "ms")
        yield ratio(f"{name} against {few:,} steps, CPU", rounds[name, many], rounds[name, few], target=1.5)


def _views(session: Session) -> dict[str, Any]:
    scope, window = Scope("short"), steps.between(WINDOW, ground.NOW)
    return {
        "hand-overs": lambda: handovers.matrix(session, scope, WINDOW, window),
        "bottlenecks": lambda: waiting.sums(session, scope, WINDOW, window, waiting.STEP),
        "waiting times": lambda: waiting.lengths(session, scope, WINDOW, window, waiting.STEP),
        "workload": lambda: workload.departments(session, scope, WINDOW, window, ground.NOW),
    }


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
    for start in range(0, count, CHUNK):
        rows = [_task(dice, begin, definition, number) for number in range(start, min(start + CHUNK, count))]
        connection.execute(insert(UserTask), rows)


def _task(dice: Random, begin: datetime, definition: int, number: int) -> dict[str, Any]:
    element = dice.randrange(ELEMENTS)
    before = (element - 1 if dice.random() < 0.9 else element - 5) % ELEMENTS
    ready = begin + timedelta(seconds=dice.randrange((DAYS - 6) * 86_400))
    started = ready + timedelta(seconds=int(dice.expovariate(1 / 40_000)))
    ended = started + timedelta(seconds=int(dice.expovariate(1 / 20_000)))
    return {
        "instance_id": number // 10 + 1,
        "definition_id": definition,
        "token": f"t{number}",
        "diagram": "short",
        "element": f"step_{element}",
        "title": "Krok",
        "title_en": "Step",
        "opened_at": ready,
        "order_at": ready + NO_DUE,
        "started_at": started,
        "closed_at": min(ended, ground.NOW),
        "done_seq": number % 10 + 1,
        "department_id": 1 + element % UNITS,
        "came_from_id": 1 + before % UNITS,
    }
