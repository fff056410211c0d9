"""A rehearsal: every way a scope can go is walked with tokens, before any case does.

What people and data will decide is not known, so each choice is taken every way. Between two choices the order of
independent tokens makes no difference for where a scope gets stuck: one token is moved as far as it goes before the
next, which keeps the number of positions small. Joins that wait for all go when all are there; joins that wait for
those still coming go when nothing else moves.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations

from engine.process.doctor import endings
from engine.process.doctor.model import Node, Scope

MOST_POSITIONS = 3000
MOST_ON_A_FLOW = 3
WALKS = 60
LONGEST_WALK = 400

Position = tuple[int, ...]
"""The flows that hold a token, sorted; one that holds two is there twice."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came to light. ``whole``: every way was walked to its end."""

    dead: frozenset[str] = frozenset()
    """Parallel joins that can wait for ever for a token that never started."""
    circle: frozenset[str] = frozenset()
    """Inclusive joins that can wait for each other."""
    crowded: tuple[str, ...] = ()
    """Nodes that several tokens can come to on one flow."""
    whole: bool = True


def rehearse(scope: Scope, *, most: int = MOST_POSITIONS) -> Rehearsal:
    """Walk a scope from its start; at most so many positions are looked at.

    Of a scope with more of them that would show a few ways of the first choices only: so single walks go through the
    whole of it, always the same ones.
    """
    board = _Board.of(scope)
    begin = board.place(
        (), [way for node in scope.nodes.values() if node.kind == "startEvent" for way in board.out[node.id]]
    )
    seen, waiting = {begin}, [begin]
    while waiting and len(seen) < most:
        for position in board.moves(waiting.pop()):
            if position not in seen:
                seen.add(position)
                waiting.append(position)
    if waiting:
        for number in range(WALKS):
            _walk(board, begin, random.Random(number))  # noqa: S311  # nothing secret, but the same every time
    return Rehearsal(frozenset(board.dead), frozenset(board.circle), tuple(board.crowded), whole=not waiting)


def _walk(board: "_Board", position: Position, dice: random.Random) -> None:
    """One way through, as far as it goes."""
    for _ in range(LONGEST_WALK):
        after = board.moves(position)
        if not after:
            return
        position = dice.choice(after)


@dataclass(slots=True)
class _Board:
    """One scope by numbers: nodes, the flows into and out of them, and what was found so far."""

    ends: list[Node] = field(default_factory=list)
    """The node each flow leads to."""
    starts: list[Node] = field(default_factory=list)
    """The node each flow comes from."""
    into: dict[str, list[int]] = field(default_factory=dict)
    out: dict[str, list[int]] = field(default_factory=dict)
    results: dict[str, list[tuple[int, ...]]] = field(default_factory=dict)
    """What can come out of a node that one token entered: sets of flows."""
    reach: dict[str, dict[int, frozenset[int]]] = field(default_factory=dict)
    """For each join: the ways in that a token on a flow can still come by."""
    dead: set[str] = field(default_factory=set)
    circle: set[str] = field(default_factory=set)
    crowded: dict[str, None] = field(default_factory=dict)
    joins: set[str] = field(default_factory=set)
    """Gateways that may wait for several tokens."""
    stopping: set[str] = field(default_factory=set)
    """End events that end the whole scope."""

    @classmethod
    def of(cls, scope: Scope) -> "_Board":
        """The board of a scope."""
        board = cls(into={key: [] for key in scope.nodes}, out={key: [] for key in scope.nodes})
        for link in scope.links:
            if link.start in scope.nodes and link.end in scope.nodes:
                board.into[link.end].append(len(board.ends))
                board.out[link.start].append(len(board.ends))
                board.starts.append(scope.nodes[link.start])
                board.ends.append(scope.nodes[link.end])
        board.joins = {
            node.id
            for node in scope.nodes.values()
            if node.kind in {"parallelGateway", "inclusiveGateway"} and len(board.into[node.id]) > 1
        }
        edges: dict[str, list[Node]] = {}
        for node in scope.nodes.values():
            if node.kind == "boundaryEvent" and node.host:
                edges.setdefault(node.host, []).append(node)
        board.results = {
            node.id: list(board._results(node, edges.get(node.id, []))) for node in scope.nodes.values()
        }
        board.stopping = {
            node.id for node in scope.nodes.values() if node.kind == "endEvent" and endings.stops(scope, node)
        }
        return board

    def _results(self, node: Node, edges: list[Node]) -> Iterator[tuple[int, ...]]:
        out = tuple(self.out[node.id])
        if node.kind in {"exclusiveGateway", "eventBasedGateway"} and len(out) > 1:
            yield from ((way,) for way in out)
        elif node.kind == "inclusiveGateway" and len(out) > 1:
            yield from _some_of(out)
        else:
            yield out
        for edge in edges:
            yield tuple(self.out[edge.id]) + (() if edge.interrupting else out)

    def place(self, position: Position, ways: list[int] | tuple[int, ...]) -> Position:
        """A position with tokens added; what piles up on a flow is noted and cut."""
        found = list(position)
        for way in ways:
            count = found.count(way)
            if count:
                self.crowded.setdefault(self.ends[way].id)
            if count < MOST_ON_A_FLOW:
                found.append(way)
        return tuple(sorted(found))

    def moves(self, position: Position) -> list[Position]:
        """The positions that follow; none where all tokens have ended, or all wait."""
        for way in position:
            key = self.ends[way].id
            if key in self.stopping:
                return [()]
            if key not in self.joins:
                return self._after(key, position, [way])
        move = self._joined(position) if position else None
        if move is not None:
            node, taken = move
            return self._after(node.id, position, taken)
        if position:
            self._note(position)
        return []

    def _after(self, key: str, position: Position, taken: list[int]) -> list[Position]:
        """What follows when a node has taken these tokens."""
        rest = _without(position, taken)
        return [self.place(rest, ways) for ways in self.results[key]]

    def _joined(self, position: Position) -> tuple[Node, list[int]] | None:
        """A join that may go now, with the tokens it takes."""
        here = set(position)
        joins = list({self.ends[way].id: self.ends[way] for way in position}.values())
        for node in joins:
            if here.issuperset(self.into[node.id]):
                return node, self.into[node.id]
        for node in joins:
            filled = here.intersection(self.into[node.id])
            if node.kind == "inclusiveGateway" and not self._expects(node, here, filled):
                return node, sorted(filled)
        return None

    def _expects(self, node: Node, here: set[int], filled: set[int]) -> bool:
        """Whether a token can still come in on an empty way and not on a filled one (BPMN 2.0, 13.4.3)."""
        reach = self._reach(node)
        empty = set(self.into[node.id]) - filled
        for way in here:
            if self.ends[way] is not node:
                coming = reach.get(way, frozenset())
                if coming & empty and not coming & filled:
                    return True
        return False

    def _reach(self, join: Node) -> dict[int, frozenset[int]]:
        """By which ways into a join each flow leads there, not passing it before."""
        if join.id not in self.reach:
            found: dict[int, set[int]] = {}
            for last in self.into[join.id]:
                waiting, seen = [last], set[int]()
                while waiting:
                    way = waiting.pop()
                    if way not in seen:
                        seen.add(way)
                        found.setdefault(way, set()).add(last)
                        waiting += self._before(way, join)
            self.reach[join.id] = {way: frozenset(ways) for way, ways in found.items()}
        return self.reach[join.id]

    def _before(self, way: int, join: Node) -> list[int]:
        node = self.starts[way]
        if node is join:
            return []
        host = node.host if node.kind == "boundaryEvent" else None
        return self.into.get(host, []) if host else self.into[node.id]

    def _note(self, position: Position) -> None:
        """Tokens are left and none can move: which joins are to blame, and not only waiting for those."""
        here = set(position)
        joins = {self.ends[way].id: self.ends[way] for way in position}
        parallel = [node for node in joins.values() if node.kind == "parallelGateway"]
        if not parallel:
            self.circle.update(joins)
            return
        waits = {
            node.id: {
                other.id
                for other in joins.values()
                if other is not node and self._leads(other, node, set(self.into[node.id]) - here)
            }
            for node in parallel
        }
        first = [key for key, others in waits.items() if not others]
        self.dead.update(first or waits)

    def _leads(self, other: Node, node: Node, empty: set[int]) -> bool:
        """Whether what another join lets through can come in on an empty way."""
        reach = self._reach(node)
        return any(reach.get(way, frozenset()) & empty for way in self.out[other.id])


def _without(position: Position, taken: list[int]) -> Position:
    rest = list(position)
    for way in taken:
        rest.remove(way)
    return tuple(rest)


def _some_of(ways: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """One way, several, or all; of very many only one or all."""
    if len(ways) > 4:
        yield from ((way,) for way in ways)
        yield ways
        return
    for count in range(1, len(ways) + 1):
        yield from combinations(ways, count)
