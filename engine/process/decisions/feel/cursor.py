"""A place in the words of an expression, and the tree that grows from them, bounded in depth and size."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from engine.process.decisions.feel.words import Word, words
from engine.process.expressions import TooMuch, Unreadable

MAX_NODES = 600
MAX_DEPTH = 60
MAX_HEIGHT = 100
COMPARISONS = frozenset({"<", "<=", ">", ">=", "=", "==", "!="})
KEYWORDS = frozenset(
    [
        "and",
        "or",
        "if",
        "then",
        "else",
        "for",
        "in",
        "return",
        "some",
        "every",
        "satisfies",
        "between",
        "instance",
        "of",
        "not",
        "null",
        "true",
        "false",
        "function",
    ]
)


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of an expression. ``kind`` says what, ``parts`` of what, ``at`` where (characters from 1)."""

    kind: str
    parts: tuple[Any, ...]
    at: int
    height: int = 0


def _nodes(parts: tuple[Any, ...]) -> Iterator[Node]:
    for part in parts:
        if isinstance(part, Node):
            yield part
        elif isinstance(part, tuple):
            yield from _nodes(part)


class Cursor:
    """Goes through the words from left to right and counts what it makes of them."""

    def __init__(self, source: str, known: frozenset[str]) -> None:
        self.source = source
        self.words = words(source, known)
        self.place = self.nodes = self.depth = 0
        self.closing = False
        """Inside the upper end of a range: a square bracket behind it closes the range."""

    @property
    def word(self) -> Word:
        """The coming word."""
        return self.words[self.place]

    def sees(self, *texts: str) -> bool:
        """Whether the coming word is one of these."""
        return self.word.kind in ("name", "sign") and self.word.text in texts

    def take(self, *texts: str) -> bool:
        """Go past the coming word if it is one of these."""
        found = self.sees(*texts)
        self.place += found
        return found

    def expect(self, *texts: str) -> Word:
        """Go past a word that has to be there. Raises Unreadable."""
        word = self.word
        if not self.take(*texts):
            self.wrong()
        return word

    def done(self) -> None:
        """Raises Unreadable where something is left."""
        if self.word.kind != "end":
            self.wrong()

    def wrong(self) -> NoReturn:
        """The coming word does not fit. Raises Unreadable."""
        raise Unreadable(what=self.source.strip(), at=self.word.at)

    def node(self, kind: str, *parts: Any, at: int) -> Node:
        """A piece of the tree. Raises TooMuch where it gets too large."""
        self.nodes += 1
        height = 1 + max((part.height for part in _nodes(parts)), default=0)
        if self.nodes > MAX_NODES or height > MAX_HEIGHT:
            raise TooMuch
        return Node(kind, parts, at, height)

    def deeper(self) -> None:
        """One level down. Raises TooMuch."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise TooMuch
