"""How few bytes a state takes: names and values are written once, tokens point at them and at each other.

`pack` writes what `frontier` keeps, `unpack` gives it back:

    {"v": 2, "p": prefix, "n": last number, "w": words, "d": values, "top": scope, "sub": [inner scopes], "e": end}

``w`` lists names of nodes, diagrams and data; ``d`` pairs of a name's place there and a value, one after the other.
A scope is ``[tokens, place of the last one among them, correlation values if any]``, or ``{"d": data}`` once it ended.
A token is ``[by how much its number is greater than the one before, how many tokens before it its parent stands (0: it
has none), node, state, values, notes, names that are gone]``; what is empty at the end is left out. An inner scope is
``[place of its activity among all tokens, diagram, scope]``.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import orjson

VERSION = 2

_NONE: Mapping[str, Any] = MappingProxyType({})

Plain = dict[str, Any]
"""A state as `frontier` knows it: scopes with rows of tokens, everything by its name and number."""


def pack(plain: Plain) -> bytes:
    """The state as JSON bytes."""
    return orjson.dumps(_Packing().state(plain))


def unpack(packed: Mapping[str, Any], copied: Callable[[Any], Any]) -> Plain:
    """What was packed; of values that stand at several tokens each gets a copy. Raises LookupError, TypeError, …"""
    return _Unpacking(packed, copied).state(packed)


class _Packing:
    """The tables that fill while a state is written."""

    def __init__(self) -> None:
        self.words: dict[str, int] = {}
        self.pairs: dict[tuple[str, str | bytes], int] = {}
        self.values: list[Any] = []
        self.numbers: dict[int, int] = {}

    def state(self, plain: Plain) -> Plain:
        top = self.scope(plain["top"], 0)
        inner = [
            [self.numbers[activity], self.word(name), self.scope(scope, activity)]
            for activity, name, scope in plain.get("sub", ())
        ]
        state: Plain = {"v": VERSION, "p": plain["p"], "n": plain["n"]}
        more = {"w": list(self.words), "d": self.values, "top": top, "sub": inner, "e": plain.get("e")}
        return state | {name: value for name, value in more.items() if value}

    def scope(self, scope: Mapping[str, Any], before: int) -> Any:
        if "d" in scope:
            return scope
        places: dict[int | None, int] = {}
        rows = []
        for place, (number, parent, node, state, *more) in enumerate(scope["t"]):
            row = [number - before, place - places.get(parent, place), self.word(node), state]
            rows.append(row + self.more(*more) if more else row)
            before, places[number] = number, place
            self.numbers[number] = len(self.numbers)
        last = None if scope["l"] is None else places[scope["l"]]
        return [rows, last, scope["c"]] if "c" in scope else [rows, last]

    def more(
        self, changed: Mapping[str, Any], notes: Mapping[str, Any] = _NONE, gone: Iterable[str] = ()
    ) -> list[list[int]]:
        """What not every token has, as far as this one does."""
        more = [self.refer(changed), self.refer(notes), [self.word(name) for name in gone]]
        while more and not more[-1]:
            more.pop()
        return more

    def refer(self, named: Mapping[str, Any]) -> list[int]:
        """The places of names with their values."""
        found = []
        for name, value in named.items():
            key = (name, value if type(value) is str else orjson.dumps(value))
            place = self.pairs.get(key)
            if place is None:
                place = self.pairs[key] = len(self.pairs)
                self.values += (self.word(name), value)
            found.append(place)
        return found

    def word(self, word: str) -> int:
        return self.words.setdefault(word, len(self.words))


class _Unpacking:
    """The tables of a written state."""

    def __init__(self, packed: Mapping[str, Any], copied: Callable[[Any], Any]) -> None:
        self.words: list[str] = packed.get("w", [])
        pairs = iter(packed.get("d", ()))
        self.pairs = [(self.words[name], value) for name, value in zip(pairs, pairs, strict=True)]
        self.copied = copied
        self.numbers: list[int] = []

    def state(self, packed: Mapping[str, Any]) -> Plain:
        plain = {name: packed[name] for name in ("v", "p", "n")}
        plain["top"] = self.scope(packed["top"], 0)
        plain["sub"] = [self.inner(*entry) for entry in packed.get("sub", ())]
        return plain | ({"e": packed["e"]} if "e" in packed else {})

    def inner(self, activity: int, name: int, scope: Any) -> list[Any]:
        number = self.numbers[activity]
        return [number, self.words[name], self.scope(scope, number)]

    def scope(self, scope: Any, number: int) -> Plain:
        if isinstance(scope, dict):
            return scope
        packed, last, *correlations = scope
        first, words = len(self.numbers), self.words
        rows = []
        for place, (more, parent, node, state, *rest) in enumerate(packed):
            number += more
            if not 0 <= parent <= place:
                raise IndexError(parent)
            before = self.numbers[first + place - parent] if parent else None
            row = [number, before, words[node], state]
            rows.append(row + self.more(*rest) if rest else row)
            self.numbers.append(number)
        plain: Plain = {"t": rows, "l": None if last is None else rows[last][0]}
        return plain | ({"c": correlations[0]} if correlations else {})

    def more(self, changed: Iterable[int], notes: Iterable[int] = (), gone: Iterable[int] = ()) -> list[Any]:
        return [self.named(changed), self.named(notes), [self.words[name] for name in gone]]

    def named(self, places: Iterable[int]) -> dict[str, Any]:
        pairs = (self.pairs[place] for place in places)
        return {name: value if type(value) is str else self.copied(value) for name, value in pairs}
