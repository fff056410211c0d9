"""What an expression reads: the names it needs from the process data and the facts."""

import ast
from collections.abc import Iterator

from engine.process.expressions.grammar import parse, program


def paths(source: str) -> frozenset[str]:
    """The dotted paths an expression reads: ``deal.amount > limit`` reads deal.amount and limit."""
    return frozenset(".".join(path) for path in _read(source))


def names(source: str) -> frozenset[str]:
    """The first name of every path an expression reads; no functions, no loop variables."""
    return frozenset(path[0] for path in _read(source))


def _read(source: str) -> Iterator[tuple[str, ...]]:
    program(source)  # refuses what is too deep to walk through
    return _paths(parse(source), frozenset())


def _paths(node: ast.AST, bound: frozenset[str]) -> Iterator[tuple[str, ...]]:
    path = _path(node)
    if path:
        if path[0] not in bound:
            yield path
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):  # of order.lines.count(1) only order.lines is read
            yield from _paths(node.func.value, bound)
        for argument in (*node.args, *node.keywords):
            yield from _paths(argument, bound)
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
        for generator in node.generators:
            yield from _paths(generator.iter, bound)
            bound |= {part.id for part in ast.walk(generator.target) if isinstance(part, ast.Name)}
            for test in generator.ifs:
                yield from _paths(test, bound)
        yield from _paths(node.elt, bound)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _paths(child, bound)


def _path(node: ast.AST) -> tuple[str, ...]:
    """``a.b`` and ``a["b"]`` as (a, b); empty for anything else."""
    match node:
        case ast.Name(id=name):
            return (name,)
        case (
            ast.Attribute(value=owner, attr=name)
            | ast.Subscript(value=owner, slice=ast.Constant(value=str(name)))
        ):
            before = _path(owner)
            return (*before, name) if before else ()
    return ()
