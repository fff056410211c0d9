"""Texts as numbers, and whole columns of numbers."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Marks = NDArray[np.bool_]
Frame = dict[str, Ints]
"""Columns of equal length by their names: texts as numbers of `Words`, days as days since 1970."""


class Words:
    """Texts in the order in which they were met; the empty one is number 0."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._numbers = {"": 0}
        for text in texts:
            self.number(text)

    def number(self, text: str | None) -> int:
        """The number of a text, a new one if it was not met yet."""
        return self._numbers.setdefault(text or "", len(self._numbers))

    def marks(self, texts: Iterable[str]) -> Marks:
        """By number: whether the text is among these."""
        wanted = set(texts)
        return np.array([text in wanted for text in self._numbers])

    def texts(self) -> list[str]:
        """The texts by their numbers."""
        return list(self._numbers)

    def places(self) -> Ints:
        """By number: the text's place among all of them sorted."""
        texts = self.texts()
        found = np.empty(len(texts), np.int64)
        found[sorted(range(len(texts)), key=texts.__getitem__)] = np.arange(len(texts))
        return found


class Numbers(dict[str, int]):
    """Texts numbered 0, 1, 2 … as they are met, a million of them in the blink of an eye."""

    def __missing__(self, text: str) -> int:
        found = self[text] = len(self)
        return found
