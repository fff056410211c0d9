"""The grammar of FEEL: words to a tree of `Node`. Bounded in depth and size; it never goes back more than once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from engine.process.decisions.feel.words import Word, words
from engine.process.expressions import Denied, TooMuch, Unreadable

MAX_NODES = 600
MAX_DEPTH = 60
MAX_HEIGHT = 100
OPENING = frozenset("([{]")
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
LITERALS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of an expression. ``kind`` says what, ``parts`` of what, ``at`` where (characters from 1)."""

    kind: str
    parts: tuple[Any, ...]
    at: int
    height: int = 0


def read_expression(source: str, known: frozenset[str] = frozenset()) -> Node:
    """The tree of an expression. Raises Unreadable, Denied or TooMuch."""
    parser = _Parser(source, known)
    found = parser.expression()
    parser.done()
    return found


def read_tests(source: str, known: frozenset[str] = frozenset()) -> Node:
    """The tree of the unary tests of a cell: kind ``tests`` or ``none of``. Raises like `read_expression`."""
    parser = _Parser(source, known)
    if parser.sees("not") and parser.words[1].text == "(" and parser.words[1].kind == "sign":
        parser.place = 2
        try:
            inner = parser.tests(")")
            parser.expect(")")
            parser.done()
        except Unreadable:
            parser = _Parser(source, known)
        else:
            return Node("none of", (inner,), 1)
    found = parser.tests("")
    parser.done()
    return found


def _nodes(parts: tuple[Any, ...]) -> Iterator[Node]:
    for part in parts:
        if isinstance(part, Node):
            yield part
        elif isinstance(part, tuple):
            yield from _nodes(part)


class _Parser:
    def __init__(self, source: str, known: frozenset[str]) -> None:
        self.source = source
        self.words = words(source, known)
        self.place = self.nodes = self.depth = 0
        self.closing = False
        """Inside the upper end of a range: a square bracket behind it closes the range."""

    # -------------------------------------------------------------------------------------- words

    @property
    def word(self) -> Word:
        return self.words[self.place]

    def sees(self, *texts: str) -> bool:
        return self.word.kind in ("name", "sign") and self.word.text in texts

    def take(self, *texts: str) -> bool:
        found = self.sees(*texts)
        self.place += found
        return found

    def expect(self, *texts: str) -> Word:
        word = self.word
        if not self.take(*texts):
            self.wrong()
        return word

    def done(self) -> None:
        if self.word.kind != "end":
            self.wrong()

    def wrong(self) -> NoReturn:
        raise Unreadable(what=self.source.strip(), at=self.word.at)

    def node(self, kind: str, *parts: Any, at: int) -> Node:
        self.nodes += 1
        height = 1 + max((part.height for part in _nodes(parts)), default=0)
        if self.nodes > MAX_NODES or height > MAX_HEIGHT:
            raise TooMuch
        return Node(kind, parts, at, height)

    # -------------------------------------------------------------------------------------- tests

    def tests(self, end: str) -> Node:
        at = self.word.at
        found = [self.test()]
        while self.take(","):
            found.append(self.test())
        if end and not self.sees(end):
            self.wrong()
        return self.node("tests", *found, at=at)

    def test(self) -> Node:
        """One test: ``< 5``, a range, ``in …`` or an expression."""
        word = self.word
        if word.kind == "sign" and word.text in COMPARISONS:
            self.place += 1
            return self.node("against", "=" if word.text == "==" else word.text, self.sum(), at=word.at)
        if self.take("in"):
            return self.node("among", self.node("?", at=word.at), self.targets(), at=word.at)
        if self.sees("not") and self.words[self.place + 1].text == "in":
            self.place += 2
            inner = self.node("among", self.node("?", at=word.at), self.targets(), at=word.at)
            return self.node("not", inner, at=word.at)
        return self.expression()

    def targets(self) -> Node:
        """What follows ``in``: one test, or tests in brackets."""
        word = self.word
        return self.test() if word.kind == "sign" and word.text in COMPARISONS else self.sum()

    # -------------------------------------------------------------------------------------- expressions

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise TooMuch
        closing, self.closing = self.closing, False
        found = self.branching()
        self.closing = closing
        self.depth -= 1
        return found

    def branching(self) -> Node:
        word = self.word
        if word.kind == "name":
            if word.text == "if":
                return self.condition()
            if word.text == "for":
                return self.loop()
            if word.text in ("some", "every"):
                return self.quantified()
            if word.text == "function":
                raise Denied(what="function", at=word.at)
        found = self.either()
        if self.sees("if"):  # value if condition else other
            at = self.expect("if").at
            test = self.either()
            self.expect("else")
            found = self.node("if", test, found, self.expression(), at=at)
        return found

    def condition(self) -> Node:
        at = self.expect("if").at
        test = self.expression()
        self.expect("then")
        yes = self.expression()
        self.expect("else")
        return self.node("if", test, yes, self.expression(), at=at)

    def bound(self) -> tuple[str, Node]:
        """``x in list``."""
        if self.word.kind != "name" or self.word.text in KEYWORDS:
            self.wrong()
        name = self.word.text
        self.place += 1
        self.expect("in")
        many = self.expression()
        if self.sees(".."):
            at = self.expect("..").at
            many = self.node("range", many, self.expression(), True, True, at=at)
        return name, many

    def loop(self) -> Node:
        at = self.expect("for").at
        over = [self.bound()]
        while self.take(","):
            over.append(self.bound())
        if len(over) > 3:
            raise TooMuch(at=at)
        self.expect("return")
        return self.node("for", tuple(over), self.expression(), at=at)

    def quantified(self) -> Node:
        word = self.expect("some", "every")
        over = [self.bound()]
        while self.take(","):
            over.append(self.bound())
        if len(over) > 3:
            raise TooMuch(at=word.at)
        self.expect("satisfies")
        return self.node(word.text, tuple(over), self.expression(), at=word.at)

    def either(self) -> Node:
        found = self.both()
        while self.sees("or"):
            at = self.expect("or").at
            found = self.node("or", found, self.both(), at=at)
        return found

    def both(self) -> Node:
        found = self.compared()
        while self.sees("and"):
            at = self.expect("and").at
            found = self.node("and", found, self.compared(), at=at)
        return found

    def compared(self) -> Node:
        word = self.word
        if self.sees("not") and self.words[self.place + 1].text != "(":
            self.place += 1
            self.deeper()
            found = self.node("not", self.compared(), at=word.at)
            self.depth -= 1
            return found
        first = self.sum()
        links: list[Node] = []
        left = first
        while True:
            link = self.link(left)
            if link is None:
                break
            links.append(link)
            left = link.parts[-1]
        if not links:
            return first
        found = links[0]
        for link in links[1:]:
            found = self.node("and", found, link, at=link.at)
        return found

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise TooMuch

    def link(self, left: Node) -> Node | None:
        """One comparison behind a value."""
        word = self.word
        if word.kind == "sign" and word.text in COMPARISONS:
            self.place += 1
            return self.node("compare", "=" if word.text == "==" else word.text, left, self.sum(), at=word.at)
        if self.take("between"):
            low = self.sum()
            self.expect("and")
            return self.node("between", left, low, self.sum(), at=word.at)
        if self.take("in"):
            return self.node("among", left, self.targets(), at=word.at)
        if self.sees("not") and self.words[self.place + 1].text == "in":
            self.place += 2
            return self.node("not", self.node("among", left, self.targets(), at=word.at), at=word.at)
        return None

    def sum(self) -> Node:
        found = self.product()
        while self.word.kind == "sign" and self.sees("+", "-"):
            word = self.expect("+", "-")
            found = self.node("reckon", word.text, found, self.product(), at=word.at)
        return found

    def product(self) -> Node:
        found = self.power()
        while self.word.kind == "sign" and self.sees("*", "/"):
            word = self.expect("*", "/")
            found = self.node("reckon", word.text, found, self.power(), at=word.at)
        return found

    def power(self) -> Node:
        found = self.signed()
        while self.sees("**"):
            at = self.expect("**").at
            found = self.node("reckon", "**", found, self.signed(), at=at)
        return found

    def signed(self) -> Node:
        word = self.word
        if word.kind == "sign" and self.take("-", "+"):
            self.deeper()
            inner = self.signed()
            self.depth -= 1
            if word.text == "+":
                return inner
            return self.node("minus", inner, at=word.at)
        found = self.postfix(self.primary())
        if self.sees("instance"):
            at = self.expect("instance").at
            self.expect("of")
            return self.node("instance", found, self.type_name(), at=at)
        return found

    def type_name(self) -> str:
        """A type: words up to whatever follows; list<…> and its like are taken without what they hold."""
        names: list[str] = []
        while self.word.kind == "name" and (
            self.word.text not in ("or", "and", "then", "else", "return", "satisfies")
            or (self.word.text == "and" and names and names[-1] in ("date", "days", "years"))
        ):
            names.append(self.word.text)
            self.place += 1
        if not names or self.sees("<"):
            self.wrong()
        return " ".join(names)

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

    # -------------------------------------------------------------------------------------- primaries

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
