"""The smallest pieces of FEEL: values, names, calls and what stands in brackets, with what is hung on behind."""

from abc import ABC, abstractmethod

from engine.process.decisions.feel.cursor import COMPARISONS, KEYWORDS, Cursor, Node
from engine.process.decisions.feel.words import Word
from engine.process.expressions import Denied

OPENING = frozenset("([{]")
LITERALS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}


class Primaries(Cursor, ABC):
    """Reads them; in brackets whole expressions and tests stand again."""

    @abstractmethod
    def expression(self) -> Node:
        """A whole expression."""

    @abstractmethod
    def tests(self, end: str) -> Node:
        """Tests with commas between them, up to this sign."""

    @abstractmethod
    def sum(self) -> Node:
        """A value that nothing compares or joins."""

    def postfix(self, found: Node) -> Node:
        while True:
            word = self.word
            if self.take("."):
                name = self.word
                if name.kind != "name" or name.text.startswith("_"):
                    raise Denied(what=f".{name.text}", at=name.at)
                self.place += 1
                if self.take("("):
                    found = self.node("method", found, name.text, *self.arguments(), at=word.at)
                else:
                    found = self.node("path", found, name.text, at=word.at)
            elif self.sees("[") and not self.closing:
                self.place += 1
                found = self.node("filter", found, self.expression(), at=word.at)
                self.expect("]")
            else:
                return found

    def primary(self) -> Node:
        word = self.word
        self.place += 1
        if word.kind in ("number", "text"):
            return self.node(word.kind, word.text, at=word.at)
        if word.kind == "name" and word.text in ("if", "for", "some", "every"):
            self.place -= 1
            return self.expression()
        if word.kind == "name":
            return self.named(word)
        if word.kind == "sign" and word.text == "?":
            return self.node("?", at=word.at)
        if word.kind == "sign" and word.text == "@" and self.word.kind == "text":
            self.place += 1
            return self.node("at", self.words[self.place - 1].text, at=word.at)
        if word.kind == "sign" and word.text in OPENING:
            self.deeper()
            found = self.opened(word)
            self.depth -= 1
            return found
        self.place -= 1
        return self.wrong()

    def opened(self, word: Word) -> Node:
        match word.text:
            case "(":
                return self.bracketed(word)
            case "[":
                return self.listed(word)
            case "{":
                return self.context(word)
        return self.span(self.sum(), word)

    def named(self, word: Word) -> Node:
        if word.text in LITERALS:
            return self.node("literal", LITERALS[word.text], at=word.at)
        if word.text.startswith("_") or "__" in word.text:
            raise Denied(what=word.text[:40], at=word.at)
        if self.take("("):
            return self.node("call", word.text, *self.arguments(), at=word.at)
        if word.text in KEYWORDS:
            self.place -= 1
            self.wrong()
        return self.node("name", word.text, at=word.at)

    def arguments(self) -> list[Node]:
        found: list[Node] = []
        while not self.take(")"):
            if found:
                self.expect(",")
            found.append(self.expression())
        return found

    def bracketed(self, word: Word) -> Node:
        """``(a)``, the range ``(a..b]`` or, behind ``in``, tests."""
        if self.word.kind == "sign" and self.word.text in COMPARISONS:
            found = self.tests(")")
            self.expect(")")
            return found
        first = self.expression()
        if self.sees(".."):
            return self.span(first, word)
        if self.take(","):
            rest = self.tests(")")
            self.expect(")")
            return self.node("tests", first, *rest.parts, at=word.at)
        self.expect(")")
        return first

    def listed(self, word: Word) -> Node:
        found: list[Node] = []
        while not self.take("]"):
            if found:
                self.expect(",")
            found.append(self.expression())
            if len(found) == 1 and self.sees(".."):
                return self.span(found[0], word)
        return self.node("list", *found, at=word.at)

    def span(self, low: Node, opening: Word) -> Node:
        self.expect("..")
        closing, self.closing = self.closing, True
        high = self.sum()
        self.closing = closing
        end = self.expect("]", ")", "[")
        return self.node("range", low, high, opening.text == "[", end.text == "]", at=opening.at)

    def context(self, word: Word) -> Node:
        entries: list[tuple[str, Node]] = []
        while not self.take("}"):
            if entries:
                self.expect(",")
            key = self.word
            if key.kind not in ("name", "text") or key.text.startswith("_"):
                self.wrong()
            self.place += 1
            self.expect(":")
            entries.append((key.text, self.expression()))
        return self.node("context", *entries, at=word.at)
