"""What the fence costs: an expression against Python's own eval, a Python script against a bare fork."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from engine.process import expressions, scripts
from tests.bench.figures import Figure, cpu, ratio

ROUNDS, TIMES, CALLS = 7, 3000, 60
SCOPE: dict[str, Any] = {
    "deal": {"amount": 12_000, "kind": "new"},
    "limit": 10_000,
    "lines": [{"net": 10, "sku": "A"}, {"net": 2.5, "sku": "B"}, {"net": 7, "sku": "C"}],
    "name": "Zakład Szczotka",
}
EXPRESSIONS = [
    ("deal['amount'] > limit", "deal['amount'] > limit"),
    ("deal['amount'] > limit and deal['kind'] == 'new'", "deal['amount'] > limit and deal['kind'] == 'new'"),
    ("deal['amount'] * 1.1 + 5 if limit else 0", "deal['amount'] * 1.1 + 5 if limit else 0"),
    ("sum(line.net for line in lines)", "sum(line['net'] for line in lines)"),
    ("name.upper() + '!'", "name.upper() + '!'"),
    ("1 < limit <= 20000 and name in ['a', 'b']", "1 < limit <= 20000 and name in ['a', 'b']"),
]
"""In our language and in Python's."""
FORKS = """
import os, time
found = []
for _ in range({times}):
    begin = time.perf_counter()
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    found.append(time.perf_counter() - begin)
print(sorted(found)[len(found) // 2] * 1000)
"""


def figures() -> Iterator[Figure]:
    """Measured one after the other, each against its base in the same run."""
    yield fenced()
    yield from python()


def fenced() -> Figure:
    """Expressions of everyday kinds against the same, compiled once and given to Python's eval."""
    compiled = [compile(theirs, "<bench>", "eval") for _, theirs in EXPRESSIONS]
    ours = [cpu(lambda: _ours(TIMES)) for _ in range(ROUNDS + 1)][1:]
    theirs = [cpu(lambda: _theirs(compiled, TIMES)) for _ in range(ROUNDS)]
    return ratio("expression against a compiled eval, CPU", ours, theirs, target=4)


def python() -> Iterator[Figure]:
    """One trusted script on the wall, in milliseconds, and as a multiple of a bare fork of as small a process."""
    scripts.run("x = 1", {})
    calls = [
        _wall(lambda: scripts.run("total = sum(line['net'] for line in lines)", SCOPE)) for _ in range(CALLS)
    ]
    floor = _forks()
    low, high = min(calls), max(calls)
    yield Figure("trusted script, wall", median(calls), (low, high), 10, "ms")
    name = "trusted script against a bare fork, wall"
    yield Figure(name, median(calls) / floor, (low / floor, high / floor), 12)


def _ours(times: int) -> None:
    for _ in range(times):
        for source, _ in EXPRESSIONS:
            expressions.evaluate(source, SCOPE)


def _theirs(compiled: list[Any], times: int) -> None:
    for _ in range(times):
        for code in compiled:
            eval(code, dict(SCOPE))


def _forks() -> float:
    said = subprocess.run(
        [sys.executable, "-I", "-S", "-c", FORKS.format(times=CALLS)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(said.stdout)


def _wall(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begin)
