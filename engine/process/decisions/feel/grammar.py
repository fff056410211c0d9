"""The grammar of FEEL: words to a tree of `Node`. Bounded in depth and size; it never goes back more than once."""

from engine.process.decisions.feel.cursor import COMPARISONS, KEYWORDS, MAX_DEPTH, Node
from engine.process.decisions.feel.primaries import Primaries
from engine.process.expressions import Denied, TooMuch, Unreadable

__all__ = ["KEYWORDS", "Node", "read_expression", "read_tests"]


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


class _Parser(Primaries):
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
