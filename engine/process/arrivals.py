"""Whom the joins of a scope can still count on: ways on which nobody comes, and ways on which too many do.

Only where that is sure something is said: whoever stands before the ways part can still come on all of them.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.process.spiff import joins
from engine.process.spiff.tokens import FINISHED

Row = list[Any]
"""Number, parent, node, state, and more: see `frontier`."""


@dataclass(frozen=True, slots=True)
class Uneven:
    """Names of nodes before a join: its ways ``missing`` a branch while others bring one, and those ``crowded``."""

    missing: set[str] = field(default_factory=set)
    crowded: set[str] = field(default_factory=set)


def uneven(spec: Any, rows: Mapping[int, Row]) -> dict[str, Uneven]:
    """The joins of a scope that would wait for ever once their branches arrive, by name."""
    parallel = (node for node in spec.task_specs.values() if isinstance(node, joins.Parallel))
    found = {join.name: _judged(join, spec, rows) for join in parallel}
    return {name: each for name, each in found.items() if each.missing or each.crowded}


def _judged(join: Any, spec: Any, rows: Mapping[int, Row]) -> Uneven:
    wanted, bound, perhaps, anywhere = Counter(join._inputs), Counter[str](), set[str](), False
    reached = joins.reachable(join)
    for row in rows.values():
        if row[3] & FINISHED:
            continue
        node = spec.task_specs[row[2]]
        ways = {rows[row[1]][2]} if node is join else reached.get(node.name, frozenset())
        if len(ways) == 1 and not node.is_guard:
            bound.update(ways)
        else:
            perhaps |= ways
            anywhere = anywhere or (not node.is_guard and bool(ways))
        perhaps |= {way for name in _boundaries(spec, node) for way in reached.get(name, ())}
    if not bound and not anywhere:
        return Uneven()
    missing = wanted.keys() - bound.keys() - perhaps
    rounds = min(bound[way] // number for way, number in wanted.items())
    if anywhere or not rounds:
        return Uneven(missing)
    return Uneven(missing, {way for way, number in wanted.items() if bound[way] > rounds * number})


def _boundaries(spec: Any, node: Any) -> list[str]:
    """The events at the boundary of a step, which leave it on ways of their own."""
    split = spec.task_specs.get(f"{node.bpmn_id}.BoundaryEventSplit")
    return [each.name for each in split.outputs[1:]] if split is not None else []
