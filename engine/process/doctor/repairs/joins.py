"""Parallel joins that would wait for a way that never started: found by playing tokens through the model."""

import random
from collections import Counter

from engine.process.doctor.model import Link, Node, Scope
from engine.process.doctor.visit import Visit

_GAMES = 24
_MOVES = 300
_HURRY = 80


def loosen(visit: Visit, scope: Scope) -> None:
    """J01: such a join becomes inclusive, by consent."""
    joins = [
        node
        for node in scope.nodes.values()
        if node.kind == "parallelGateway" and len(scope.incoming(node)) > 1
    ]
    while joins:
        stuck = _stuck(scope)
        if not stuck:
            return
        for node in [each for each in joins if each.id in stuck]:
            visit.say("J01", node)
            _make_inclusive(visit, scope, node)
        joins = [each for each in joins if each.id not in stuck]


def _make_inclusive(visit: Visit, scope: Scope, node: Node) -> None:
    """The join waits for the ways that started; a split it also was stays parallel."""
    node.kind = "inclusiveGateway"
    outgoing = scope.outgoing(node)
    if len(outgoing) > 1:
        split = visit.bundle.node(scope, "parallelGateway")
        for link in outgoing:
            link.start = split.id
        visit.bundle.link(scope, node, split)


def _stuck(scope: Scope) -> set[str]:
    """Parallel joins at which some game of random choices ended with a token waiting."""
    board = _Board(scope)
    found: set[str] = set()
    for seed in range(_GAMES):
        found |= board.play(random.Random(seed))  # noqa: S311  # a game, not a secret
    return found


class _Board:
    """One scope as a token game: flows hold tokens, nodes pass them on."""

    def __init__(self, scope: Scope) -> None:
        self.nodes = scope.nodes
        self.links = {link.id: link for link in scope.links}
        self.into = {node.id: scope.incoming(node) for node in scope.nodes.values()}
        self.out = {node.id: scope.outgoing(node) for node in scope.nodes.values()}
        self.edges = {node.id: scope.boundaries(node) for node in scope.nodes.values()}
        self.far = self._distances()

    def play(self, dice: random.Random) -> set[str]:
        """One game; the parallel joins that keep a token when nothing can move any more."""
        tokens: Counter[str] = Counter()
        for node in self.nodes.values():
            if node.kind == "startEvent":
                tokens.update(link.id for link in self.out[node.id])
        for move in range(_MOVES):
            live = [key for key, count in tokens.items() if count > 0]
            movable = self._movable(tokens, live)
            if not movable:
                return {node.id for key in live if (node := self._end(key)).kind == "parallelGateway"}
            key = dice.choice(movable)
            node = self._end(key)
            self._take(tokens, node, key)
            if node.kind == "endEvent" and any(each.kind == "terminate" for each in node.triggers):
                return set()
            tokens.update(link.id for link in self._onward(node, dice, hurry=move > _HURRY))
        return set()

    def _end(self, key: str) -> Node:
        return self.nodes[self.links[key].end]

    def _movable(self, tokens: Counter[str], live: list[str]) -> list[str]:
        others = [key for key in live if not self._waits(tokens, self._end(key))]
        patient = [key for key in live if self._end(key).kind == "inclusiveGateway"]
        ready = [key for key in others if key not in patient]
        # an inclusive join goes last: by then every token that could still reach it has come
        return ready or [key for key in others if key in patient]

    def _waits(self, tokens: Counter[str], node: Node) -> bool:
        return node.kind == "parallelGateway" and any(tokens[link.id] <= 0 for link in self.into[node.id])

    def _take(self, tokens: Counter[str], node: Node, key: str) -> None:
        joining = node.kind in {"parallelGateway", "inclusiveGateway"}
        for taken in [link.id for link in self.into[node.id]] if joining else [key]:
            if tokens[taken] > 0:
                tokens[taken] -= 1

    def _onward(self, node: Node, dice: random.Random, *, hurry: bool) -> list[Link]:
        out = self.out[node.id]
        edges = self.edges[node.id]
        if edges and not hurry and dice.random() < 0.3:
            edge = dice.choice(edges)
            return self.out[edge.id] + ([] if edge.interrupting else out)
        if len(out) > 1 and node.kind != "parallelGateway":
            nearest = min(out, key=lambda link: self.far.get(link.end, len(self.nodes)))
            if node.kind == "inclusiveGateway" and not hurry:
                return [link for link in out if dice.random() < 0.5] or [nearest]
            return [nearest if hurry else dice.choice(out)]
        return out

    def _distances(self) -> dict[str, int]:
        """Steps to the nearest end, so that a long game hurries home."""
        found: dict[str, int] = {}
        todo = [node.id for node in self.nodes.values() if node.kind == "endEvent"]
        for depth in range(len(self.nodes)):
            found.update((key, depth) for key in todo)
            todo = [link.start for key in todo for link in self.into[key] if link.start not in found]
            if not todo:
                break
        return found
