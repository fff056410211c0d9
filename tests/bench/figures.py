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

    @property
    def ok(self) -> bool:
        """Whether the target is met: every target is an upper bound."""
        return self.value <= self.target

    def __str__(self) -> str:
        low, high = self.spread
        state = "ok" if self.ok else "short"
        return f"{self.name:58} {self.value:9.2f} {self.unit:3} ({low:.2f} to {high:.2f})  ≤ {self.target:g}  {state}"


def cpu(work: Callable[[], object]) -> float:
    """Processor seconds of this process that ``work`` takes, without the garbage of before."""
    gc.collect()
    begin = time.process_time()
    work()
    return time.process_time() - begin


def ratio(name: str, measured: list[float], base: list[float], *, target: float) -> Figure:
    """Round by round, measured against base."""
    rounds = [one / other for one, other in zip(measured, base, strict=True)]
    return Figure(name, median(rounds), (min(rounds), max(rounds)), target)
