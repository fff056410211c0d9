"""From text to code: an allow-list of Python's expression syntax, rewritten so that everything dangerous is checked.

``a.b`` becomes ``_attribute(a, "b")``, ``a + b`` becomes ``_arithmetic("+", a, b)`` and so on: the code object
holds no attribute access, no operator that can grow and no call except of functions from `guards`, `methods` and `functions`.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any, NoReturn

from engine.process.expressions import guards, methods
from engine.process.expressions.functions import CLOCK, FUNCTIONS
from engine.process.expressions.refusals import Denied, TooMuch, UnknownFunction, Unreadable

MAX_SOURCE = 4_000
MAX_NODES = 400
MAX_DEPTH = 40
MAX_LOOPS = 3

_SYMBOLS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
_ARITHMETIC = frozenset({ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod})
_PLAIN = frozenset(
    {ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.UAdd, ast.Load}
)
_PLAIN |= frozenset({ast.Store, ast.List, ast.Tuple, ast.IfExp})
_LOOPS = (ast.ListComp, ast.SetComp, ast.GeneratorExp)
_HELPERS: dict[str, Callable[..., Any]] = {
    "_attribute": guards.attribute,
    "_item": guards.item,
    "_member": guards.member,
    "_among": guards.among,
    "_part": guards.part,
    "_each": guards.each,
    "_method": methods.method,
    "_compare": guards.compare,
    "_key": guards.key,
    "_formatted": guards.formatted,
    "_joined": guards.joined,
    **{f"_{each.__name__}": guards.CALCULATIONS[_SYMBOLS[each]] for each in _ARITHMETIC},
    **{f"_{each.__name__}": guards.COMPARISONS[_SYMBOLS[each]] for each in _SYMBOLS.keys() - _ARITHMETIC},
    **{f"_f_{name}": function for name, function in FUNCTIONS.items()},
}


@dataclass(frozen=True, slots=True)
class Program:
    """An expression ready to run: its code, the checks it calls, the names it reads, whether it asks the time."""

    code: CodeType
    helpers: dict[str, Any]
    names: tuple[str, ...]
    reads_clock: bool


@lru_cache(8192)
def program(source: str) -> Program:
    """Compile an expression. Raises Denied or TooMuch with the place of the trouble."""
    tree = parse(source)
    rewritten = ast.fix_missing_locations(_Rewriter(source).visit(tree))
    code = compile(rewritten, "<expression>", "eval")
    used = _used(code)
    return Program(
        code=code,
        helpers={"__builtins__": {}, **{name: _HELPERS[name] for name in used if name in _HELPERS}},
        names=tuple(name for name in used if not name.startswith("_")),
        reads_clock=any(f"_f_{name}" in used for name in CLOCK),
    )


def parse(source: str) -> ast.Expression:
    """The syntax tree of an expression of sensible length; line breaks count as blanks."""
    if len(source) > MAX_SOURCE:
        raise TooMuch
    lead = len(source) - len(source.lstrip())
    line = source.strip() if "#" in source else source.strip().replace("\r", " ").replace("\n", " ")
    try:
        return ast.parse(line, mode="eval")
    except SyntaxError as error:
        end = len(line) + 1 if error.lineno != 1 or not error.offset else error.offset
        raise Unreadable(what=source.strip(), at=lead + end) from None
    except (ValueError, RecursionError, MemoryError):
        raise Unreadable(what=source.strip(), at=1) from None


def _used(code: CodeType) -> list[str]:
    """The global names a code object reads, in it and in its comprehensions."""
    names = dict.fromkeys(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names.update(dict.fromkeys(_used(constant)))
    return list(names)


class _Rewriter(ast.NodeTransformer):
    """Refuses every node that has no rule here and replaces the others by their checked form."""

    def __init__(self, source: str) -> None:
        self.source = source.strip()
        self.lead = len(source) - len(source.lstrip())
        self.nodes = self.depth = self.loops = 0

    def visit(self, node: ast.AST) -> Any:
        self.nodes += not isinstance(node, ast.expr_context)
        self.depth += 1
        if self.nodes > MAX_NODES or self.depth > MAX_DEPTH:
            raise TooMuch
        if type(node) not in _PLAIN and not hasattr(self, f"visit_{type(node).__name__}"):
            self.deny(node)
        result = super().visit(node)
        self.depth -= 1
        return result

    def at(self, node: ast.AST) -> int:
        """The character where a node begins (the tree counts bytes)."""
        column = getattr(node, "col_offset", 0)
        return self.lead + len(self.source.encode()[:column].decode(errors="ignore")) + 1

    def deny(self, node: ast.AST, what: str | None = None, refusal: type[Denied] = Denied) -> NoReturn:
        segment = ast.get_source_segment(self.source, node) if hasattr(node, "col_offset") else None
        raise refusal(what=what or (segment or type(node).__name__)[:40], at=self.at(node))

    def name(self, node: ast.AST, name: str | None) -> str:
        if name is None or name.startswith("_"):
            self.deny(node, name or "**")
        return name

    def call(self, function: str, *arguments: ast.expr) -> ast.Call:
        return ast.Call(ast.Name(function, ast.Load()), list(arguments), [])

    def symbol(self, node: ast.AST, operator: ast.AST) -> str:
        if type(operator) not in _SYMBOLS:
            self.deny(node)
        return _SYMBOLS[type(operator)]

    def visit_Name(self, node: ast.Name) -> ast.expr:
        self.name(node, node.id)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if type(node.value) not in (str, int, float, bool, type(None)):
            self.deny(node)
        if type(node.value) is int and node.value.bit_length() > guards.MAX_BITS:
            raise TooMuch(at=self.at(node))
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        name = self.name(node, node.attr)
        return self.call("_attribute", self.visit(node.value), ast.Constant(name))

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        owner = self.visit(node.value)
        if isinstance(node.slice, ast.Constant) and type(node.slice.value) is str:
            return self.call("_member", owner, self.visit(node.slice))
        if not isinstance(node.slice, ast.Slice):
            return self.call("_item", owner, self.visit(node.slice))
        ends = (node.slice.lower, node.slice.upper, node.slice.step)
        return self.call("_part", owner, *[self.visit(end) if end else ast.Constant(None) for end in ends])

    def visit_Call(self, node: ast.Call) -> ast.expr:
        arguments = [self.visit(argument) for argument in node.args]
        named = [ast.keyword(self.name(node, word.arg), self.visit(word.value)) for word in node.keywords]
        match node.func:
            case ast.Name(id=name) if name in FUNCTIONS or name in CLOCK:
                call = self.call(f"_f_{name}", *arguments)
            case ast.Attribute(value=owner, attr=name):
                if name not in methods.KNOWN:
                    self.deny(node.func)
                call = self.call(
                    "_method", self.visit(owner), ast.Constant(self.name(node, name)), *arguments
                )
            case _:
                self.deny(node.func, refusal=UnknownFunction)
        call.keywords = named
        return call

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.symbol(node, node.op)
        return self.call(f"_{type(node.op).__name__}", self.visit(node.left), self.visit(node.right))

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        symbols = tuple(self.symbol(node, operator) for operator in node.ops)
        values = [self.visit(value) for value in (node.left, *node.comparators)]
        if not all(isinstance(value, ast.Name | ast.Constant) for value in values[1:-1]):
            return self.call(
                "_compare", ast.Tuple([ast.Constant(symbol) for symbol in symbols], ast.Load()), *values
            )
        links = [self.link(*each) for each in zip(node.ops, values, values[1:], strict=False)]
        return links[0] if len(links) == 1 else ast.BoolOp(ast.And(), links)

    def link(self, operator: ast.cmpop, left: ast.expr, right: ast.expr) -> ast.expr:
        """One comparison of a chain; what stands between two may be looked at twice, as it is only a name or a value."""
        if (
            isinstance(operator, ast.Is | ast.IsNot)
            and isinstance(right, ast.Constant)
            and right.value is None
        ):
            return ast.Compare(left, [operator], [right])
        written = isinstance(right, ast.List | ast.Tuple) and all(
            isinstance(e, ast.Constant) for e in right.elts
        )
        if isinstance(operator, ast.In) and written:
            return self.call("_among", left, ast.Tuple(right.elts, ast.Load()))  # type: ignore[attr-defined]
        return self.call(f"_{type(operator).__name__}", left, right)

    def visit_Dict(self, node: ast.Dict) -> ast.expr:
        keys: list[ast.expr | None] = []
        for key in node.keys:
            if key is None:
                self.deny(node, "**")
            keys.append(self.call("_key", self.visit(key)))
        return ast.Dict(keys, [self.visit(value) for value in node.values])

    def visit_Set(self, node: ast.Set) -> ast.expr:
        return ast.Set([self.call("_key", self.visit(value)) for value in node.elts])

    def visit_ListComp(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> ast.expr:
        self.loops += len(node.generators)
        if self.loops > MAX_LOOPS:
            raise TooMuch(at=self.at(node))
        weight = ast.Constant(1 + sum(isinstance(part, ast.expr) for part in ast.walk(node)) // 20)
        generators = [self.loop(generator, weight) for generator in node.generators]
        value = self.visit(node.elt)
        if isinstance(node, ast.SetComp):
            return ast.SetComp(self.call("_key", value), generators)
        return ast.ListComp(value, generators)

    visit_GeneratorExp = visit_SetComp = visit_ListComp  # noqa: N815  # names are given by ast

    def loop(self, node: ast.comprehension, weight: ast.Constant) -> ast.comprehension:
        """``for target in many if …``; the target is a name or names, never a place inside something."""
        targets = node.target.elts if isinstance(node.target, ast.Tuple) else [node.target]
        if node.is_async or not all(isinstance(target, ast.Name) for target in targets):
            self.deny(node.target)
        many = self.call("_each", self.visit(node.iter), weight)
        return ast.comprehension(self.visit(node.target), many, [self.visit(test) for test in node.ifs], 0)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        return self.call("_joined", *[self.visit(part) for part in node.values])

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.expr:
        parts = node.format_spec.values if isinstance(node.format_spec, ast.JoinedStr) else []
        spec = "".join(str(part.value) if isinstance(part, ast.Constant) else "{" for part in parts)
        if node.conversion not in (-1, ord("s")) or not guards.FORMAT.fullmatch(spec):
            self.deny(node, spec or "!")
        return self.call("_formatted", self.visit(node.value), ast.Constant(spec))
