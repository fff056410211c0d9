"""Throughput on PostgreSQL: completions of short cases by 1, 2 and 4 processes, against the same rows without an engine."""

import multiprocessing
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from engine import migrations
from engine.db import opened, sessions
from tests import servers
from tests.bench import diagrams, ground
from tests.bench.engine import _run_short, _write_short
from tests.bench.figures import Figure

ROUNDS, CASES = 5, 40
Work = Callable[[sessionmaker[Session], int, int, int], None]
WORKS: tuple[Work, ...] = (_write_short, _run_short)


def figures() -> Iterator[Figure]:
    """Cases a second by the clock on the wall, both in turn by the same processes on one server."""
    with servers.postgresql() as address:
        another = servers.databases(address, _shape)
        for workers in (1, 2, 4):
            with another(Path()) as url:
                shares = _shares(url, workers)
            name = f"throughput on PostgreSQL with {workers} worker{'s' if workers > 1 else ''} against rows alone"
            yield Figure(name, median(shares), (min(shares), max(shares)), 60, "%", at_least=True)


def _shape(url: str) -> None:
    with opened(url) as engine:
        migrations.upgrade(engine)


def _people(url: str) -> tuple[int, int]:
    with opened(url) as engine:
        factory = sessions(engine, wiring=ground.wired())
        return ground.deploy(factory, "short", diagrams.SHORT), ground.somebody(factory)


def _shares(url: str, workers: int) -> list[float]:
    """Round by round, the engine's cases a second in percent of what the rows alone reach."""
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(workers + 1)
    arguments = (url, *_people(url), together)
    processes = [spawn.Process(target=_worker, args=arguments) for _ in range(workers)]
    for process in processes:
        process.start()
    seconds = [_seconds(together) for _ in range(ROUNDS * len(WORKS))]
    for process in processes:
        process.join()
    return [100 * bare / ours for bare, ours in zip(seconds[::2], seconds[1::2], strict=True)]


def _seconds(together: Any) -> float:
    """From when the last process is ready to when the last one is done."""
    together.wait(120)
    begin = perf_counter()
    together.wait(120)
    return perf_counter() - begin


def _worker(url: str, definition_id: int, anna: int, together: Any) -> None:
    with opened(url) as engine:
        factory = sessions(engine, wiring=ground.wired())
        for work in WORKS:
            work(factory, definition_id, anna, 5)
        for number in range(ROUNDS * len(WORKS)):
            together.wait(120)
            WORKS[number % 2](factory, definition_id, anna, CASES)
            together.wait(120)
