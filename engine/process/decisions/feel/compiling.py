"""From text to something that runs, made once and kept: `Formula` for an expression, `Test` for a condition cell."""

import ast
from collections import ChainMap
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from engine.process import expressions
from engine.process.decisions.feel.compiler import Compiler
from engine.process.decisions.feel.env import Env
from engine.process.decisions.feel.grammar import Node, read_expression, read_tests
from engine.process.decisions.feel.pieces import Run
from engine.process.decisions.feel.values import equal, taken
from engine.process.expressions import ExpressionRefused, UnknownName

ITEM = "cell_input"
"""What ``?`` is called in an expression that is no FEEL."""


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression ready to run. ``paths`` are the dotted names it reads; ``node`` its tree, None where it is no FEEL."""

    text: str
    run: Run
    paths: frozenset[str]
    node: Node | None

    @property
    def names(self) -> frozenset[str]:
        """The first names of the paths."""
        return frozenset(path.partition(".")[0] for path in self.paths)


@dataclass(frozen=True, slots=True)
class Test:
    """The unary tests of a cell: ``run`` says of `Env.item` True, False or None (it cannot be told)."""

    text: str
    run: Run
    paths: frozenset[str]
    node: Node | None

    @property
    def names(self) -> frozenset[str]:
        """The first names of the paths."""
        return frozenset(path.partition(".")[0] for path in self.paths)


@lru_cache(8192)
def formula(
    text: str, known: frozenset[str] = frozenset(), optional: bool = False, bound: tuple[str, ...] = ()
) -> Formula | None:
    """Compile an expression; None for an empty cell.

    ``known`` are names with spaces and, as ``name()``, functions of the file, ``optional`` lets names be absent, ``bound`` are names that `Env.local` will hold.

    Raises what `expressions.check` raises.
    """
    if text.strip() in ("", "-"):
        return None
    try:
        node = read_expression(text, known)
        run, paths = Compiler(known, optional, bound).compiled(node)
        return Formula(text, run, paths, node)
    except ExpressionRefused as refusal:
        return _foreign(text, refusal, optional)


@lru_cache(8192)
def test(text: str, known: frozenset[str] = frozenset()) -> Test | None:  # noqa: PT028  # a test of a cell
    """Compile the tests of a condition cell; None where it accepts everything. Raises like `formula`."""
    if text.strip() in ("", "-"):
        return None
    try:
        node = read_tests(text, known)
        compiler = Compiler(known)
        return Test(text, compiler.tests(node), compiler.found(), node)
    except ExpressionRefused as refusal:
        other = _foreign(text, refusal, optional=False)
    return Test(text, other.run if "?" in text else _alike(other.run), other.paths, None)


@lru_cache(2048)
def each_test(text: str, known: frozenset[str] = frozenset()) -> tuple[Test, ...]:
    """The tests of a list of allowed values, one by one, in their order."""
    if test(text, known) is None:
        return ()
    node = read_tests(text, known)
    parts = node.parts if node.kind == "tests" else (node,)
    compiler = Compiler(known)
    alone = [part if part is node else Node("tests", (part,), part.at) for part in parts]
    return tuple(Test(text, compiler.tests(part), compiler.found(), part) for part in alone)


def _alike(run: Run) -> Run:
    return lambda env: equal(env.item, run(env), env)


# ------------------------------------------------------------------------------------------- not FEEL


def _foreign(text: str, refusal: ExpressionRefused, optional: bool) -> Formula:
    """An expression of our own language; where it is none either, the refusal of FEEL stands."""
    source = _without_question_mark(text)
    try:
        expressions.check(source)
        paths = expressions.paths(source)
        if any(isinstance(each, ast.Tuple) for each in ast.walk(ast.parse(source, mode="eval"))):
            raise refusal  # a stray comma or empty brackets, which only look like an expression
    except ExpressionRefused:
        raise refusal from None

    def run(env: Env) -> Any:
        env.charge(100)
        scope = ChainMap({ITEM: env.item, **env.local}, env.scope)  # type: ignore[arg-type]  # only read
        try:
            return taken(expressions.evaluate(source, scope, now=env.now))
        except UnknownName:
            if optional:
                return None
            raise

    return Formula(text, run, frozenset(path for path in paths if path.partition(".")[0] != ITEM), None)


def _without_question_mark(text: str) -> str:
    found, quote = [], ""
    for each in text:
        if quote:
            quote = "" if each == quote else quote
        elif each in "\"'":
            quote = each
        found.append(f" {ITEM} " if each == "?" and not quote else each)
    return "".join(found).strip()
