"""Where tokens meet: every arrival waits as a token of its own until the join takes it, so none is ever lost."""

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from engine.process.spiff import values
from engine.process.spiff.nodes import Node, holding
from engine.process.spiff.tokens import CANCELLED, WAITING, Token, common_ancestor


class Join(Node):
    """Tokens arrive on several ways in; how many must be there is the subclass's business."""

    def arrive(self, token: Token) -> bool:
        token._inherit_data()
        token._set_state(WAITING)
        taken = self.enough(self.arrivals(token))
        if taken:
            _unite(taken)._ready()
        return False

    def arrivals(self, token: Token) -> dict[str, list[Token]]:
        """The tokens that wait here by the way they came in, the oldest first."""
        ways: dict[str, list[Token]] = {name: [] for name in self._inputs}
        for other in token.workflow.tasks.values():
            if other.task_spec is self and other._state == WAITING:
                ways.setdefault(other.parent.task_spec.name, []).append(other)
        return {name: sorted(found, key=_age) for name, found in ways.items()}

    def enough(self, arrivals: dict[str, list[Token]]) -> list[Token]:
        """The tokens to take now; none while somebody is still missing."""
        raise NotImplementedError


class Parallel(Join):
    """One token from each way in, then one on each way out. Tokens too many stay for the next time."""

    def enough(self, arrivals: dict[str, list[Token]]) -> list[Token]:
        wanted: Counter[str] = Counter(self._inputs)
        if any(len(arrivals[name]) < number for name, number in wanted.items()):
            return []
        return [token for name, number in wanted.items() for token in arrivals[name][:number]]


class Inclusive(Join):
    """One token from each way in that can still bring one; out on every way whose condition holds."""

    def enough(self, arrivals: dict[str, list[Token]]) -> list[Token]:
        return [found[0] for found in arrivals.values()] if all(arrivals.values()) else []

    def reconsider(self, token: Token) -> None:
        if token.workflow.top_workflow.ready:
            return  # another join has just gone on: where that leads decides about this one
        arrivals = self.arrivals(token)
        filled = {name for name, found in arrivals.items() if found}
        if self._is_expected(token, filled):
            return
        _unite([arrivals[name][0] for name in sorted(filled)])._ready()

    def _is_expected(self, token: Token, filled: set[str]) -> bool:
        """Whether a token elsewhere can still come in on an empty way, and not on a filled one (BPMN 2.0, 13.4.3)."""
        empty = set(self._inputs) - filled
        for other in token.workflow.tasks.values():
            if other.is_open and other.task_spec is not self:
                reached = self.reachable.get(other.task_spec.name, frozenset())
                if reached & empty and not reached & filled:
                    return True
        return False

    def ways(self, token: Token) -> list[Any]:
        return holding(self, token)


def reachable(join: Any) -> dict[str, frozenset[str]]:
    """For every node of the scope the ways into an inclusive gateway it can reach without passing the gateway."""
    found: dict[str, set[str]] = {}
    for name in dict.fromkeys(join._inputs):
        waiting, seen = [name], {join.name}
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            found.setdefault(current, set()).add(name)
            waiting.extend(join._wf_spec.task_specs[current]._inputs)
    return {name: frozenset(ways) for name, ways in found.items()}


class Finish(Node):
    """Where all ends of a scope meet. Arrivals carry data and no evidence: there are never more than open tokens."""

    def arrive(self, token: Token) -> bool:
        token._inherit_data()
        token._set_state(WAITING)
        arrived = [each for each in token.workflow.tasks.values() if each.is_open and each.task_spec is self]
        for one, other, _ in _pairs(arrived):
            if one.is_open and other.is_open and not (_has_nearer(one, other) and _has_nearer(other, one)):
                _unite([one, other])
        return False

    def reconsider(self, token: Token) -> None:
        waiting = [each for each in token.workflow.tasks.values() if each.is_open]
        if all(each.task_spec is self for each in waiting):
            _unite(waiting)._ready()


def _unite(tokens: list[Token]) -> Token:
    """Merge what branches changed since their ways parted, and let one token go on for all.

    Those that parted last are merged first, so that nobody brings back what was there before a later parting. The
    one that goes on is the one that tokens still on their way have most in common with.
    """
    stands_for = {token.id: token for token in tokens}
    brought = {token.id: _Brought(token.id, {}) for token in tokens}
    for one, other, parting in _pairs(tokens):
        older, younger = sorted((stands_for[one.id], stands_for[other.id]), key=_age)
        if older is younger:
            continue
        stays = _has_nearer(older, younger) and not _has_nearer(younger, older)
        kept, gone = (older, younger) if stays else (younger, older)
        first = min(brought[older.id].first, brought[younger.id].first)
        sides = [(each.data, brought[each.id]) for each in (older, younger)]
        kept.data, names = _merged(parting.data, *sides)
        brought[kept.id] = _Brought(first, names)
        gone._state = CANCELLED
        stands_for |= {number: kept for number, token in stands_for.items() if token is gone}
    return stands_for[tokens[0].id]


@dataclass(frozen=True, slots=True)
class _Brought:
    """When values arrived at a join: by name, and for what all tokens merged so far had in common the first."""

    first: int
    names: dict[str, int]


_Branch = tuple[dict[str, Any], _Brought]


def _merged(base: dict[str, Any], *branches: _Branch) -> tuple[dict[str, Any], dict[str, int]]:
    """Two branches merged, and when what they changed arrived; where they disagree the later arrival wins."""
    one, other = (data for data, _ in branches)
    forth, back = values.three_way(base, [one, other]), values.three_way(base, [other, one])
    merged, arrived = {}, {}
    for name in {**forth, **back}:
        ages = [
            brought.names.get(name, brought.first) if values.changed(base, data, name) else 0
            for data, brought in branches
        ]
        chosen = forth if ages[1] >= ages[0] else back
        if name in chosen:
            merged[name] = chosen[name]
        if any(ages):
            arrived[name] = max(ages)
    return merged, arrived


def _pairs(tokens: list[Token]) -> list[tuple[Token, Token, Token]]:
    """Pairs of tokens, the older one first, with the one they both came from: those that parted last come first."""
    found = [(*pair, common_ancestor(list(pair))) for pair in combinations(sorted(tokens, key=_age), 2)]
    return sorted(found, key=lambda each: _newness(each[2]), reverse=True)


def _has_nearer(token: Token, than: Token) -> bool:
    """Whether a token on its way parted from this one later than the other did."""
    parted, node = _newness(common_ancestor([token, than])), token.task_spec
    others = [each for each in token.workflow.tasks.values() if each.is_open and each.task_spec is not node]
    return any(_newness(common_ancestor([token, other])) > parted for other in others)


def _age(token: Token) -> int:
    return int(token.id)


def _newness(token: Token) -> tuple[int, int]:
    """Greater for a token than for those before it, whatever is forgotten between; a moved one may have a small number."""
    before = [each.id for each in token.ancestors()]
    return max(token.id, *before, 0), len(before)
