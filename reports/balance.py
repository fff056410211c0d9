"""Conservation: what stood at the start, came and went is what stands at the end. The proof that no move is lost.

The moves give one side, the last position of every item gives the other; they are counted apart and must agree.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reports.movements import HANDED_OVER, TAKEN_OVER, Buckets, Total
from reports.periods import Period

IN_KINDS = ("new", "reopened", "resumed", "rerouted", TAKEN_OVER)
OUT_KINDS = ("won", "lost", "suspended", "rerouted", HANDED_OVER)


@dataclass(frozen=True, slots=True)
class Line:
    """One stage (or the whole ladder, stage "") between two mornings: start + in - out = end."""

    stage: str
    start: Total
    came: Mapping[str, Total]
    went: Mapping[str, Total]
    gained: Total
    end: Total

    def into(self, *kinds: str) -> Total:
        """What came by some kinds."""
        return _total(self.came.get(kind, Total()) for kind in kinds)

    def out_of(self, *kinds: str) -> Total:
        """What went by some kinds."""
        return _total(self.went.get(kind, Total()) for kind in kinds)

    @property
    def computed(self) -> Total:
        """What the end must be if every move was counted once."""
        begun = self.start.plus(self.gained).plus(self.into(*self.came))
        return begun.plus(self.out_of(*self.went), -1)

    @property
    def is_balanced(self) -> bool:
        """Whether what the moves add up to is what was found standing, in count and in money."""
        return (self.computed.n, self.computed.money) == (self.end.n, self.end.money)


def balance(buckets: Buckets, start: Mapping[str, Total], end: Mapping[str, Total], period: Period) -> Line:
    """The conservation of the whole ladder: only movements that open or close an item's place count."""
    came, went, gained = _flows(buckets, period)
    return Line(
        "",
        _total(start.values()),
        {kind: _total(came[kind, True].values()) for kind in IN_KINDS},
        {kind: _total(went[kind, True].values()) for kind in OUT_KINDS},
        _total(gained.values()),
        _total(end.values()),
    )


def by_stage(
    buckets: Buckets,
    start: Mapping[str, Total],
    end: Mapping[str, Total],
    period: Period,
    stages: Sequence[str],
) -> list[Line]:
    """The conservation of every stage, in the ladder's order; stages of older versions come last."""
    came, went, gained = _flows(buckets, period)
    met = {stage for flow in (*came.values(), *went.values()) for stage in flow} | set(start) | set(end)
    order = [*stages, *sorted(met - set(stages))]
    return [
        Line(
            stage,
            start.get(stage, Total()),
            _at(came, stage),
            _at(went, stage),
            gained.get(stage, Total()),
            end.get(stage, Total()),
        )
        for stage in order
    ]


Flow = defaultdict[tuple[str, bool], dict[str, Total]]


def _flows(buckets: Buckets, period: Period) -> tuple[Flow, Flow, dict[str, Total]]:
    """What entered and left each stage by (kind, whether it opened or closed the item's place), and what was gained."""
    came: Flow = defaultdict(dict)
    went: Flow = defaultdict(dict)
    gained: dict[str, Total] = {}
    for key, total in buckets.items():
        if key.day not in period:
            continue
        plain = total._replace(gain=0)
        if key.entered:
            flow = came[key.kind, not key.left]
            flow[key.entered] = flow.get(key.entered, Total()).plus(plain)
        if key.left:
            flow = went[key.kind, not key.entered]
            flow[key.left] = flow.get(key.left, Total()).plus(plain)
            gain = Total(0, 0, total.gain)
            gained[key.left] = gained.get(key.left, Total()).plus(gain)
    return came, went, gained


def _at(flow: Flow, stage: str) -> dict[str, Total]:
    found: dict[str, Total] = {}
    for (kind, _), stages in flow.items():
        if stage in stages:
            found[kind] = found.get(kind, Total()).plus(stages[stage])
    return found


def _total(totals: Iterable[Total]) -> Total:
    found = Total()
    for each in totals:
        found = found.plus(each)
    return found
