"""Expressions of other tools in our words: FEEL (``=amount > 100``) and JUEL (``${amount gt 100}``).

`read` parses what both have in common with what each has alone and writes it as an expression of the fenced
language. What has no exact counterpart gives None: a guess would run and mean something else.
"""

import ast
import keyword
import re
from collections.abc import Callable
from dataclasses import dataclass

from engine.process import expressions
from engine.process.doctor.vocabulary import (
    COMPARING,
    FUNCTIONS,
    HOLDERS,
    METHODS,
    OPERATORS,
    READERS,
    SPACED,
    WORDS,
    NotOurs,
    tokens,
)

_WRAPPED = re.compile(r"\s*[$#]\{((?:[^{}\"']|\"[^\"]*\"|'[^']*')*)\}\s*", re.DOTALL)
_LONGEST = 4_000
_DEEPEST = 30


def read(text: str | None) -> str | None:
    """The expression in our language, None for what has no exact counterpart there."""
    plain = (text or "").strip()
    if not plain or len(plain) > _LONGEST:
        return None
    wrapped = _WRAPPED.fullmatch(plain)
    feel = not wrapped and plain.startswith("=") and not plain.startswith("==")
    body = wrapped[1] if wrapped else plain[1:] if feel else plain
    try:
        found = _Parser(tokens(body), feel=feel).whole()
        tidy = ast.unparse(ast.parse(found, mode="eval"))
        expressions.check(tidy)
    except (NotOurs, expressions.ExpressionRefused, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tidy


def value(text: str | None) -> str | None:
    """Like `read` for a place where text without a mark is just text: ``P2D``, ``anna``, ``Hello ${name}``."""
    plain = (text or "").strip()
    if plain.startswith("=") or _WRAPPED.fullmatch(plain):
        return read(plain)
    if "${" not in plain and "#{" not in plain:
        return repr(plain)
    parts = re.split(r"([$#]\{[^{}]*\})", plain)
    said = [f"str({read(each)})" if each[:2] in ("${", "#{") else repr(each) for each in parts if each]
    return None if "str(None)" in said else " + ".join(said)


@dataclass(slots=True)
class _Parser:
    """Recursive descent over the tokens; every method returns a piece of our language in brackets."""

    tokens: list[tuple[str, str]]
    feel: bool
    place: int = 0
    depth: int = 0

    def whole(self) -> str:
        found = self.expression()
        if self.place < len(self.tokens):
            raise NotOurs
        return found

    def next(self) -> str:
        """The coming word or sign; '' for a text, a number or the end."""
        kind, word = self.coming()
        return word if kind in {"name", "sign"} else ""

    def take(self, *words: str) -> str:
        """The coming word if it is one of these, else ''."""
        found = self.next()
        if found and found in words:
            self.place += 1
            return found
        return ""

    def expect(self, word: str) -> None:
        if not self.take(word):
            raise NotOurs

    def expression(self) -> str:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise NotOurs
        found = self.choice()
        self.depth -= 1
        return found

    def choice(self) -> str:
        """``if … then … else …``, ``some/every x in list satisfies …``, ``for x in list return …``, ``a ? b : c``."""
        if self.next() in {"if", "some", "every", "for"} and self.feel:
            return self.sentence(self.take("if", "some", "every", "for"))
        found = self.either()
        if self.take("?"):
            one = self.expression()
            self.expect(":")
            return f"({one} if {found} else {self.expression()})"
        return found

    def sentence(self, word: str) -> str:
        if word == "if":
            test = self.expression()
            self.expect("then")
            one = self.expression()
            self.expect("else")
            return f"({one} if {test} else {self.expression()})"
        over = [self.bound()]
        while self.take(","):
            over.append(self.bound())
        self.expect("return" if word == "for" else "satisfies")
        made = f"[{self.expression()} {' '.join(over)}]"
        return made if word == "for" else f"{'any' if word == 'some' else 'all'}({made})"

    def bound(self) -> str:
        name = self.name()
        self.expect("in")
        return f"for {name} in {self.sum()}"

    def either(self) -> str:
        return self.chain(self.both, {"or": "or", "||": "or"})

    def both(self) -> str:
        return self.chain(self.comparison, {"and": "and", "&&": "and"})

    def chain(self, part: Callable[[], str], signs: dict[str, str]) -> str:
        found = part()
        while sign := self.take(*signs):
            found = f"({found} {signs[sign]} {part()})"
        return found

    def comparison(self) -> str:
        found = self.sum()
        if sign := self.take(*COMPARING):
            found = f"({found} {COMPARING[sign]} {self.sum()})"
            if self.next() in COMPARING:
                raise NotOurs
        elif self.take("between"):
            low = self.sum()
            self.expect("and")
            found = f"({low} <= {found} <= {self.sum()})"
        elif self.take("in"):
            found = self.within(found)
        return found

    def within(self, item: str) -> str:
        """``x in [1..5)``, ``x in (a, b)``, ``x in list``."""
        start, opened = self.place, self.take("[", "(", "]")
        if opened:
            low = self.expression()
            if self.take(".."):
                high, closed = self.expression(), self.take("]", ")", "[")
                if not closed:
                    raise NotOurs
                above, below = "<=" if opened == "[" else "<", "<=" if closed == "]" else "<"
                return f"({low} {above} {item} {below} {high})"
            items = [low]
            while self.take(","):
                items.append(self.expression())
            self.expect("]" if opened == "[" else ")")
            return f"({item} in [{', '.join(items)}])" if len(items) > 1 else self.again(start, item)
        return f"({item} in {self.sum()})"

    def again(self, start: int, item: str) -> str:
        self.place = start
        return f"({item} in {self.sum()})"

    def sum(self) -> str:
        return self.chain(self.product, {"+": "+", "-": "-"})

    def product(self) -> str:
        return self.chain(self.sign, {"*": "*", "/": "/", "%": "%", "div": "/", "mod": "%"})

    def sign(self) -> str:
        if self.take("-"):
            return f"(-{self.sign()})"
        if self.take("!") or (self.next() == "not" and self.after() != "(" and self.take("not")):
            return f"(not {self.sign()})"
        if self.next() == "not" and not self.feel and self.take("not"):
            return f"(not {self.sign()})"
        if self.next() == "empty" and not self.feel and self.after() != ".":
            self.take("empty")
            found = self.sign()
            return f"({found} in [None, '', []])"
        return self.path()

    def after(self) -> str:
        """The word behind the coming one."""
        self.place += 1
        found = self.next()
        self.place -= 1
        return found

    def path(self) -> str:
        found = self.atom()
        while sign := self.take(".", "["):
            if sign == ".":
                found = self.member(found)
            elif self.feel and self.coming()[0] != "number" and self.next() != "-":
                found = self.filtered(found)
            else:
                found = f"{found}[{self.index()}]"
                self.expect("]")
        return found

    def filtered(self, many: str) -> str:
        """``lines[item.price > 5]``: a list of those for which a test of ``item`` holds.

        A bare name in there may be a part of the item or not, which only the data know; beside a plain ``item``, which
        has no parts, it is not.
        """
        test = self.expression()
        self.expect("]")
        paths = expressions.paths(test)
        if not _is_test(test) or (self.next() == "." and self.after() != "("):
            raise NotOurs
        if "item" not in paths and not all(path.startswith("item.") for path in paths):
            raise NotOurs
        return f"[item for item in {many} if {test}]"

    def index(self) -> str:
        """A place in a list or a key: FEEL counts from one."""
        if not self.feel:
            return self.expression()
        negative = self.take("-")
        kind, word = self.coming()
        if kind != "number" or not word.isdigit() or int(word) == 0:
            raise NotOurs
        self.place += 1
        return f"-{word}" if negative else str(int(word) - 1)

    def member(self, owner: str) -> str:
        name = self.name()
        if self.take("("):
            arguments = self.arguments()
            if owner in HOLDERS and name in READERS and len(arguments) == 1:
                return _variable(arguments[0])
            pattern = METHODS.get((name, len(arguments)))
            if pattern is None or self.feel:
                raise NotOurs
            return f"({pattern.format(owner, *arguments)})"
        return f"{owner}.{name}"

    def arguments(self, closing: str = ")") -> list[str]:
        found: list[str] = []
        while not self.take(closing):
            if found:
                self.expect(",")
            found.append(self.expression())
        return found

    def coming(self) -> tuple[str, str]:
        """The kind of the coming token and its text."""
        return self.tokens[self.place] if self.place < len(self.tokens) else ("", "")

    def name(self) -> str:
        kind, word = self.coming()
        if kind != "name" or keyword.iskeyword(word) or word.startswith("_"):
            raise NotOurs
        self.place += 1
        return word

    def atom(self) -> str:
        kind, word = self.coming()
        if kind == "text":
            self.place += 1
            return repr(_unescaped(word[1:-1]))
        if kind == "number":
            self.place += 1
            return word
        if self.take("("):
            found = self.expression()
            self.expect(")")
            return f"({found})"
        if self.take("["):
            return f"[{', '.join(self.arguments(']'))}]"
        if self.feel and self.take("{"):
            return self.context()
        return self.called()

    def context(self) -> str:
        """``{name: client.name, total: 5}``; an entry that reads one before it has no counterpart."""
        found: dict[str, str] = {}
        while not self.take("}"):
            if found:
                self.expect(",")
            kind, key = self.coming()
            if kind not in {"name", "text"}:
                raise NotOurs
            self.place += 1
            self.expect(":")
            value = self.expression()
            if expressions.names(value) & found.keys():
                raise NotOurs
            found[_unescaped(key[1:-1]) if kind == "text" else key] = value
        return f"{{{', '.join(f'{key!r}: {value}' for key, value in found.items())}}}"

    def called(self) -> str:
        """A word of the language, a function, or a name."""
        for spaced in SPACED:
            words = spaced.split()
            ahead = [word for _, word in self.tokens[self.place : self.place + len(words) + 1]]
            if ahead == [*words, "("]:
                self.place += len(words) + 1
                return self.function(spaced)
        if self.take("not"):
            self.expect("(")
            return self.function("not")
        if self.next() in WORDS:
            return WORDS[self.take(*WORDS)]
        if self.next() in OPERATORS:
            raise NotOurs
        name = self.name()
        return self.function(name) if self.take("(") else name

    def function(self, name: str) -> str:
        arguments = self.arguments()
        pattern = FUNCTIONS.get((name, len(arguments)))
        if pattern is None and name in {"min", "max", "sum"}:
            listed = ", ".join(arguments)
            return f"sum([{listed}])" if name == "sum" else f"{name}({listed})"
        if pattern is None:
            raise NotOurs
        return f"({pattern.format(*arguments)})"


def _is_test(source: str) -> bool:
    """Whether a filter says yes or no, and is not a place in the list."""
    body = ast.parse(source, mode="eval").body
    called = isinstance(body, ast.Call) and isinstance(body.func, ast.Name) and body.func.id in {"any", "all"}
    negated = isinstance(body, ast.UnaryOp) and isinstance(body.op, ast.Not)
    return called or negated or isinstance(body, ast.Compare | ast.BoolOp)


def _variable(text: str) -> str:
    try:
        name = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise NotOurs from None
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise NotOurs
    return name


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t", "r": "\r"}.get(found[1], found[1]), text)
