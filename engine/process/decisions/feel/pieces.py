"""What the compiled pieces do when they run: reading names, three-valued truth, going through lists, being a test."""

from collections.abc import Callable, Iterator
from typing import Any

from engine.process.decisions.feel.env import Env
from engine.process.decisions.feel.grammar import Node
from engine.process.decisions.feel.registry import Function
from engine.process.decisions.feel.values import Span, holds, kind, taken
from engine.process.expressions import UnknownName, Unreadable

Run = Callable[[Env], Any]
TRUTHS = frozenset(
    {"compare", "between", "among", "and", "or", "not", "some", "every", "instance", "call", "method"}
)
"""Expressions that say yes or no by themselves, whatever the column holds."""
TYPES = {
    **{
        name: name
        for name in ("string", "number", "boolean", "date", "time", "list", "context", "range", "Any")
    },
    **{name: name for name in ("date and time", "days and time duration", "years and months duration")},
}
CONSTRUCTORS = frozenset(
    {"date", "time", "date and time", "datetime", "duration", "years and months duration"}
)
NOWHERE = Env({})


def constant(value: Any) -> Run:
    return lambda _env: value


def kept(function: Function, run: Run) -> Run:
    """``date("2026-01-01")`` is worked out once; what has no value is noted in each evaluation."""
    probe = Env({})
    value = function(probe, run(probe))
    if probe.trouble is None:
        return constant(value)
    trouble = probe.trouble
    return lambda env: env.fault(trouble)


def outer_name(name: str, optional: bool) -> Run:
    """A name of the process; one with spaces is also found under the name that process data can have."""
    other = name.replace(" ", "_")

    def read(env: Env) -> Any:
        try:
            return taken(env.scope[name])
        except KeyError:
            pass
        try:
            return taken(env.scope[other])
        except KeyError:
            if optional:
                return None
            raise UnknownName(what=name) from None

    return read


def inner_name(name: str) -> Run:
    """A name inside a filter: an entry of the item, else a name of the process."""

    def read(env: Env) -> Any:
        for frame in reversed(env.frames):
            if name == "item":
                return frame
            if type(frame) is dict and name in frame:
                return taken(frame[name])
        return taken(env.scope.get(name))

    return read


def must_be_truths(*nodes: Node) -> None:
    """A range is no truth: ``[1..5) or (2..3]`` is a slip of a comma."""
    for node in nodes:
        if node.kind == "range":
            raise Unreadable(what="..", at=node.at)


def dotted(node: Node) -> list[str]:
    if node.kind == "name":
        return [node.parts[0]]
    if node.kind == "path":
        before = dotted(node.parts[0])
        return [*before, node.parts[1]] if before else []
    return []


def both(first: Any, second: Any) -> bool | None:
    if first is False or second is False:
        return False
    return True if first is True and second is True else None


def either(first: Any, second: Any) -> Any:
    """Three-valued for truths. Of other values the first that is there, as in our expressions: ``amount or 0``."""
    if first is True or second is True:
        return True
    if type(first) not in (bool, type(None)):
        return first or second
    if second is not None and type(second) is not bool:
        return second if first is None else None
    return False if first is False and second is False else None


def items(many: Any, env: Env) -> Iterator[Any]:
    if many is None:
        return iter(())
    if type(many) is Span:
        return _steps(many, env)
    return iter(many) if type(many) is list else iter([many])


def _steps(span: Span, env: Env) -> Iterator[Any]:
    low, high = span.low, span.high
    if type(low) is not int or type(high) is not int:
        env.fault(f"for … in {kind(low)}")
        return iter(())
    return iter(range(low, high + 1) if low <= high else range(low, high - 1, -1))


def at_place(items: list[Any], place: Any) -> Any:
    if type(place) is not int or place == 0 or abs(place) > len(items):
        return None
    return taken(items[place - 1 if place > 0 else place])


def chosen(items: list[Any], test: Run, env: Env) -> Any:
    found = []
    for each in items:
        env.charge(1)
        env.frames.append(taken(each))
        try:
            answer = test(env)
        finally:
            env.frames.pop()
        if type(answer) is int:
            return at_place(items, answer)
        if answer is True:
            found.append(each)
    return found


def mentions(node: Node) -> bool:
    """Whether the value of the column is asked for by name."""
    if node.kind == "?":
        return True
    if node.kind == "among":  # below it, ? is the value on its left
        return mentions(node.parts[0])
    return any(mentions(each) for each in _below(node))


def _below(node: Node) -> Iterator[Node]:
    for part in node.parts:
        if isinstance(part, Node):
            yield part
        elif isinstance(part, tuple):
            yield from (
                each for pair in part if isinstance(pair, tuple) for each in pair if isinstance(each, Node)
            )
            yield from (each for each in part if isinstance(each, Node))


def asked(run: Run) -> Run:
    """A test that asks for the value itself: its truth, or a value to be equal to."""

    def asked(env: Env) -> Any:
        found = run(env)
        return found if found is None or type(found) is bool else holds(env.item, found, env)

    return asked


def judged(run: Run) -> Run:
    """A condition without the value of its column: it holds, or it gives what the column holds."""

    def judged(env: Env) -> Any:
        found = run(env)
        return (
            True
            if found is True
            else holds(env.item, found, env)
            if found is not None or env.item is None
            else None
        )

    return judged


def compared_value(run: Run) -> Run:
    return lambda env: holds(env.item, run(env), env)
