"""What a figure is, and how a ratio is measured: by processor time, several rounds in turn, the median and its spread."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value with its target. ``spread`` is the smallest and largest round."""

    name: str
    value: float
    spread: tuple[float, float]
    target: float
    unit: str = "×"
    at_least: bool = False

    @property
    def ok(self) -> bool:
        """Whether the target is met: it is an upper bound unless it says ``at_least``."""
        return self.value >= self.target if self.at_least else self.value <= self.target

    def __str__(self) -> str:
        low, high = self.spread
        state, bound = "ok" if self.ok else "short", "≥" if self.at_least else "≤"
        return f"{self.name:58} {self.value:9.2f} {self.unit:3} ({low:.2f} to {high:.2f})  {bound} {self.target:g}  {state}"


def cpu(work: Callable[[], object]) -> float:
    """Processor seconds of this process that ``work`` takes, without the garbage of before."""
    gc.collect()
    begin = time.process_time()
    work()
    return time.process_time() - begin


def in_turn(times: int, **works: Callable[[], object]) -> dict[str, float]:
    """Median processor seconds of each work, one call of each after the other: what disturbs one disturbs all."""
    gc.collect()
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(times):
        for name, work in works.items():
            begin = time.process_time()
            work()
            taken[name].append(time.process_time() - begin)
    return {name: median(each) for name, each in taken.items()}


def ratio(
    name: str, measured: list[float], base: list[float], *, target: float, at_least: bool = False
) -> Figure:
    """Round by round, measured against base."""
    rounds = [one / other for one, other in zip(measured, base, strict=True)]
    return Figure(name, median(rounds), (min(rounds), max(rounds)), target, at_least=at_least)
