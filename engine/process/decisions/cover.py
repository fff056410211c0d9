"""What the rules of a table cover together: two that apply at once, an input for which none does, rules never reached.

Exact for closed cells (see `atoms`); an open cell counts as accepting nothing where a claim would rest on it, and
everything where it would refute one. The search is bounded: `Undecided` says that it gave up.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.process.decisions.atoms import Column, cut, is_closed
from engine.process.decisions.table import Table

MOST_STEPS = 20_000
MOST_RULES = 300
Example = tuple[Any, ...]


class Undecided(Exception):
    """The table is too large to be searched."""


@dataclass(frozen=True)
class Cover:
    """A table with its columns cut into pieces."""

    table: Table

    @cached_property
    def columns(self) -> list[Column]:
        """The pieces of every column."""
        rules = self.table.rules
        return [
            cut(ask, [rule.conditions[place] for rule in rules]) for place, ask in enumerate(self.table.asks)
        ]

    @cached_property
    def closed(self) -> int:
        """The rules (as bits) of which every cell is closed."""
        found = 0
        for number, rule in enumerate(self.table.rules):
            found |= all(cell is None or is_closed(cell) for cell in rule.conditions) << number
        return found

    @cached_property
    def entwined(self) -> tuple[str, str] | None:
        """Two columns that ask about the same thing, so that not every pair of values can come."""
        seen: dict[str, str] = {}
        for ask in self.table.asks:
            for path in sorted(ask.asks.paths or {ask.cell}):
                other = next((seen[each] for each in seen if _touch(each, path)), None)
                if other is not None:
                    return other, ask.cell
            seen.update(dict.fromkeys(ask.asks.paths or {ask.cell}, ask.cell))
        return None

    def never(self) -> list[int]:
        """The rules (from 0) with a cell that no value of its column passes."""
        return [
            number
            for number in range(len(self.table.rules))
            if any(not column.of(number) for column in self.columns)
        ]

    def overlaps(self) -> list[tuple[int, int, Example]]:
        """Pairs of rules that apply at the same time, with an example. Raises Undecided."""
        count = len(self.table.rules)
        if count > MOST_RULES:
            raise Undecided
        masks = [[_mask(column.sure, rule) for column in self.columns] for rule in range(count)]
        found = []
        for one in range(count):
            for other in range(one + 1, count):
                if self.closed >> one & 1 and self.closed >> other & 1:
                    both = [mine & theirs for mine, theirs in zip(masks[one], masks[other], strict=True)]
                    if all(both):
                        found.append((one, other, self._example(both)))
        return found

    def _example(self, masks: list[int]) -> Example:
        """The first piece of each column; an empty value only where there is no other."""
        return tuple(
            column.samples[(mask & -mask).bit_length() - 1]
            for column, mask in zip(self.columns, masks, strict=True)
        )

    def gap(self) -> Example | None:
        """An input, without empty values, for which no rule applies. Raises Undecided."""
        everyone = (1 << len(self.table.rules)) - 1
        pieces = [
            [
                (column.samples[place], column.may[place])
                for place in range(len(column.samples))
                if column.samples[place] is not None
            ]
            for column in self.columns
        ]
        return self._uncovered(pieces, everyone)

    def is_reached(self, rule: int) -> bool:
        """Whether some input passes a rule and none of those before it. Raises Undecided."""
        before = self.closed & ((1 << rule) - 1)
        pieces = [
            [(column.samples[place], column.sure[place]) for place in column.of(rule)]
            for column in self.columns
        ]
        return self._uncovered(pieces, before) is not None

    def _uncovered(self, pieces: list[list[tuple[Any, int]]], rules: int) -> Example | None:
        """A choice of one piece a column that leaves none of the rules, found depth first with what was seen before."""
        free = self._free()
        seen: set[tuple[int, int]] = set()
        steps = 0

        def search(place: int, alive: int) -> Example | None:
            nonlocal steps
            steps += 1
            if steps > MOST_STEPS:
                raise Undecided
            if place == len(pieces):
                return None if alive else ()
            if alive & free[place] or (place, alive) in seen:
                return None
            for sample, accepted in pieces[place]:
                rest = search(place + 1, alive & accepted)
                if rest is not None:
                    return (sample, *rest)
            seen.add((place, alive))
            return None

        return search(0, rules)

    def _free(self) -> list[int]:
        """For each column the rules that accept everything from it on."""
        found = [(1 << len(self.table.rules)) - 1]
        for place in reversed(range(len(self.table.asks))):
            here = 0
            for number, rule in enumerate(self.table.rules):
                here |= (rule.conditions[place] is None) << number
            found.append(found[-1] & here)
        return found[::-1]


def _touch(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _mask(rules_by_piece: tuple[int, ...], rule: int) -> int:
    found = 0
    for place, rules in enumerate(rules_by_piece):
        found |= (rules >> rule & 1) << place
    return found
