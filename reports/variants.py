"""Variants: the ways that cases really took, as the sequences of steps completed in them.

A case's variant is a rolling hash over its completed steps in the order of their facts. Those of cases that ended in the
window are told apart from those that still run: an open case is no variant yet.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.history import Event
from reports import steps
from reports.periods import Period
from reports.queries import Scope
from reports.steps import Stretch, seconds

Element = tuple[str, str]
"""Diagram and element."""
START = hashlib.blake2b(b"", digest_size=8).hexdigest()
CHUNK = 400


class Done(NamedTuple):
    """A completed step of a case."""

    step: Element
    at: datetime
    actor_id: int | None


@dataclass(frozen=True, slots=True)
class Path:
    """A case and what was completed in it, in order."""

    instance_id: int
    started: datetime
    ended: datetime | None
    done: Sequence[Done]

    @property
    def steps(self) -> tuple[Element, ...]:
        """The completed steps."""
        return tuple(each.step for each in self.done)

    @property
    def key(self) -> str:
        """The variant it belongs to."""
        found = START
        for step in self.steps:
            found = longer(found, step)
        return found


@dataclass(slots=True)
class Variant:
    """Cases that took the same way; ``instances`` ended in the window, ``spans`` are their seconds from start to end."""

    key: str
    steps: tuple[Element, ...]
    instances: list[int] = field(default_factory=list)
    spans: list[int] = field(default_factory=list)
    share: float = 0.0

    @property
    def n(self) -> int:
        """How many cases."""
        return len(self.instances)

    @property
    def loops(self) -> Counter[Element]:
        """How often steps were done again, by step."""
        return Counter({step: n - 1 for step, n in Counter(self.steps).items() if n > 1})

    @property
    def mean(self) -> float | None:
        """Mean seconds from start to end."""
        return sum(self.spans) / len(self.spans) if self.spans else None

    def skips(self, usual: "Variant") -> list[Element]:
        """Steps of the usual way that this one does without."""
        return [step for step in dict.fromkeys(usual.steps) if step not in self.steps]


@dataclass(frozen=True, slots=True)
class Follow:
    """One step completed right after another in the same case: how often, and the mean seconds between them."""

    first: Element
    second: Element
    n: int
    mean: float


@dataclass(frozen=True, slots=True)
class Again:
    """A step done more than once: in how many cases, how often beyond the first by the same person and by others."""

    step: Element
    cases: int
    repeats: int
    redos: int


def longer(key: str, step: Element) -> str:
    """The hash of a way that goes one step further."""
    return hashlib.blake2b(f"{key}\n{step[0]}\n{step[1]}".encode(), digest_size=8).hexdigest()


def paths(
    session: Session, scope: Scope, window: Stretch, *, version: int | None = None
) -> tuple[list[Path], list[Path]]:
    """The cases that ended in the window, and those that had begun and not ended when it was over."""
    case = steps.cases(scope).subquery()
    query = (
        select(case.c.id, case.c.started, case.c.ended).where(case.c.started < window[1]).order_by(case.c.id)
    )
    query = query.where(case.c.ended.is_(None) | (case.c.ended >= window[0]))
    if version is not None:
        query = query.where(case.c.definition_id == version)
    rows = session.execute(query).all()
    done = _done(session, scope, window)
    ended, running = [], []
    for row in rows:
        if row.ended is not None and row.ended < window[1]:
            ended.append(Path(row.id, row.started, row.ended, done.get(row.id, ())))
        else:
            so_far = [each for each in done.get(row.id, ()) if each.at < window[1]]
            running.append(Path(row.id, row.started, None, so_far))
    return ended, running


def _done(session: Session, scope: Scope, window: Stretch) -> dict[int, list[Done]]:
    step = steps.told(session, steps.whole_cases(scope))
    case = steps.cases(scope).subquery()
    touched = select(case.c.id).where(case.c.ended.is_(None) | (case.c.ended >= window[0]))
    query = (
        select(step.c.instance_id, step.c.diagram, step.c.element, step.c.ended, step.c.actor_id)
        .where(step.c.seq.is_not(None), step.c.instance_id.in_(touched))
        .order_by(step.c.instance_id, step.c.seq)
    )
    found: dict[int, list[Done]] = defaultdict(list)
    for instance_id, diagram, element, at, actor in session.execute(query):
        found[instance_id].append(Done((diagram, element), at, actor))
    return found


def variants(ended: Iterable[Path]) -> list[Variant]:
    """The ways of cases that ended, the most frequent first; shares are of all of them."""
    found: dict[str, Variant] = {}
    for path in ended:
        mine = found.setdefault(path.key, Variant(path.key, path.steps))
        mine.instances.append(path.instance_id)
        if path.ended is not None:
            mine.spans.append(seconds(path.ended) - seconds(path.started))
    whole = sum(each.n for each in found.values())
    for each in found.values():
        each.share = each.n / whole
    return sorted(found.values(), key=lambda each: (-each.n, len(each.steps), each.key))


def follows(every: Iterable[Path]) -> list[Follow]:
    """Which step was completed right after which, the most frequent first."""
    times: dict[tuple[Element, Element], list[float]] = defaultdict(list)
    for path in every:
        for one, other in zip(path.done, path.done[1:], strict=False):
            times[one.step, other.step].append((other.at - one.at).total_seconds())
    found = [Follow(*pair, len(spent), sum(spent) / len(spent)) for pair, spent in times.items()]
    return sorted(found, key=lambda each: (-each.n, each.first, each.second))


def rework(every: Iterable[Path]) -> list[Again]:
    """Steps done more than once in a case: by who had done it the last time (repeat), or by another (redo)."""
    cases, repeats, redos = Counter[Element](), Counter[Element](), Counter[Element]()
    for path in every:
        last: dict[Element, int | None] = {}
        again = set()
        for each in path.done:
            if each.step in last:
                again.add(each.step)
                same = (last[each.step] or 0) == (each.actor_id or 0)
                (repeats if same else redos)[each.step] += 1
            last[each.step] = each.actor_id
        cases.update(again)
    found = [Again(step, n, repeats[step], redos[step]) for step, n in cases.items()]
    return sorted(found, key=lambda each: (-each.repeats - each.redos, each.step))


def flows(session: Session, instance_ids: Sequence[int]) -> dict[tuple[str, str], int]:
    """The sequence flows that these cases took, by diagram and flow: in how many of them."""
    found: Counter[tuple[str, str]] = Counter()
    flow: Any = Event.data["flow"].as_string()
    for start in range(0, len(instance_ids), CHUNK):
        query = (
            select(Event.diagram, flow, func.count(Event.instance_id.distinct()))
            .where(Event.instance_id.in_(instance_ids[start : start + CHUNK]))
            .where(Event.kind.in_(("opened", "passed")), flow.is_not(None))
            .group_by(Event.diagram, flow)
        )
        for diagram, name, n in session.execute(query):
            found[diagram or "", name] += n
    return dict(found)


def members(
    session: Session, scope: Scope, period: Period, known: datetime, *, key: str, version: int | None = None
) -> list[int]:
    """The cases of a variant that ended in the period; ``open`` gives those that run, ``*`` all that ended."""
    ended, running = paths(session, scope, steps.between(period, known), version=version)
    if key == "open":
        return [each.instance_id for each in running]
    return [each.instance_id for each in ended if key in ("*", each.key)]
