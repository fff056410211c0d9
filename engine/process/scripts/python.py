"""What can be told of a Python script without running it: whether it is one, what it reads, what it gives."""

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 20_000
OFFERED = frozenset({"now", "today"})
MOST_NODES = 5_000


@dataclass(frozen=True, slots=True)
class Outline:
    """``reads`` are names it may take from the case, ``gives`` those it may set, ``needs`` those it cannot do without.

    ``trouble`` says why it is no script.
    """

    reads: frozenset[str] = frozenset()
    gives: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    trouble: str | None = None
    line: int = 0


@lru_cache(256)
def outline(script: str) -> Outline:
    """Read a script. A name that only a loop or an import sets is the script's own and leaves with it."""
    if len(script) > LONGEST:
        return Outline(trouble=f"longer than {LONGEST} characters")
    try:
        tree = ast.parse(script)
        compile(script, "<script>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return Outline(trouble=error.msg, line=error.lineno or 0)
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return Outline(trouble=str(error) or type(error).__name__)
    nodes = list(ast.walk(tree))
    if len(nodes) > MOST_NODES:
        return Outline(trouble=f"more than {MOST_NODES} parts")
    reads = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    gives = {name for name in _set(tree.body) if not name.startswith("_")}
    for node in nodes:
        match node:
            case ast.AugAssign(target=ast.Name(id=name)):
                reads.add(name)
    reads -= OFFERED | vars(builtins).keys()
    own = {name for node in nodes for name in _binds(node)}
    return Outline(frozenset(reads), frozenset(gives), frozenset(reads - own))


def _binds(node: ast.AST) -> Iterator[str]:
    """The names a part of a script makes its own."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.alias(name=name, asname=other):
            yield other or name.partition(".")[0]


def _set(body: list[ast.stmt]) -> Iterator[str]:
    """The names assigned on the outermost level, also under if, for, while, with and try."""
    waiting = list(body)
    while waiting:
        statement = waiting.pop()
        for target in _targets(statement):
            yield from (node.id for node in ast.walk(target) if _is_set(node))  # type: ignore[attr-defined]
        for part in ("body", "orelse", "finalbody"):
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                waiting += getattr(statement, part, [])
        for inner in (*getattr(statement, "handlers", []), *getattr(statement, "cases", [])):
            waiting += inner.body


def _targets(statement: ast.stmt) -> list[ast.expr]:
    if isinstance(statement, ast.Assign):
        return statement.targets
    return [statement.target] if isinstance(statement, ast.AugAssign | ast.AnnAssign) else []


def _is_set(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
