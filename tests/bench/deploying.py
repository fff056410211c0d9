"""A long diagram: four hundred tasks in a row, examined, repaired, parsed, stored and started."""

from collections.abc import Iterator
from statistics import median

from tests.bench import ground
from tests.bench.engine import _aged
from tests.bench.figures import Figure, cpu
from tests.engine.process.kit import diagram, end, start, task, way

ROUNDS, TASKS = 3, 400


def figures() -> Iterator[Figure]:
    """SpiffWorkflow's own parser ends in a RecursionError at six hundred."""
    steps = [f"step_{number}" for number in range(TASKS)]
    drawn = diagram("row", start(), *map(task, steps), end(), way("begin", *steps, "done"))
    taken = []
    for _ in range(ROUNDS):
        with ground.database() as (_engine, factory, _path):
            anna, made = ground.somebody(factory), []
            taken.append(cpu(lambda: made.append(ground.deploy(factory, "row", drawn.content.decode()))))  # noqa: B023  # called at once
            _aged(factory, made[0], anna, 3)
    yield Figure(f"deploying {TASKS} tasks in a row, CPU", median(taken), (min(taken), max(taken)), 20, "s")
