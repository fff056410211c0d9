"""Where tokens meet: every arrival waits as a token of its own until the join takes it, so none is ever lost."""

from collections import Counter
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
            _unite(taken, into=token)
        return bool(taken)

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
        arrivals = self.arrivals(token)
        filled = {name for name, found in arrivals.items() if found}
        if self._is_expected(token, filled):
            return
        taken = [arrivals[name][0] for name in sorted(filled)]
        last = max(taken, key=_age)
        _unite(taken, into=last)
        last._ready()

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
    """Where all ends of a scope meet. Arrivals carry data and no evidence, so at most one of them is kept."""

    def arrive(self, token: Token) -> bool:
        token._inherit_data()
        token._set_state(WAITING)
        open_here = [each for each in token.workflow.tasks.values() if each.is_open]
        arrived = [each for each in open_here if each.task_spec is self]
        coming = [each for each in open_here if each.task_spec is not self]
        _unite(arrived, into=max(arrived, key=lambda each: _nearness(each, coming)))
        return False

    def reconsider(self, token: Token) -> None:
        if all(each is token or not each.is_open for each in token.workflow.tasks.values()):
            token._ready()


def _nearness(token: Token, others: list[Token]) -> int:
    """How late the ways of these tokens parted: what is kept should still know where the others come from."""
    return sum(common_ancestor([token, other]).id for other in others)


def _unite(tokens: list[Token], *, into: Token) -> None:
    """Merge what the branches changed since their ways parted, and let one token go on for all."""
    if len(tokens) > 1:
        ordered = sorted(tokens, key=_age)
        into.data = values.three_way(common_ancestor(ordered).data, [token.data for token in ordered])
    for token in tokens:
        if token is not into:
            token._state = CANCELLED


def _age(token: Token) -> int:
    return int(token.id)
