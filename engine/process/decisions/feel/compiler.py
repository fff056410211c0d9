"""The compiler: a closure over `Env` for every kind of node."""

from collections.abc import Callable, Iterator
from decimal import DecimalException
from typing import Any

from engine.process.decisions.feel import functions, pieces, values
from engine.process.decisions.feel.env import Env
from engine.process.decisions.feel.grammar import Node
from engine.process.decisions.feel.pieces import Run
from engine.process.decisions.feel.registry import FUNCTIONS, arity
from engine.process.decisions.feel.values import Span, compare, equal, holds, kind, reckon, taken, within
from engine.process.expressions import TooMuch, UnknownFunction, UnknownName, Unreadable


class Compiler:
    """Compiles one tree and collects the names it reads."""

    def __init__(self, known: frozenset[str], optional: bool = False, bound: tuple[str, ...] = ()) -> None:
        self.known = known
        self.optional = optional
        self.paths: set[str] = set()
        self.bound: list[str] = list(bound)
        self.filters = 0

    def compiled(self, node: Node) -> tuple[Run, frozenset[str]]:
        return self.run(node), self.found()

    def found(self) -> frozenset[str]:
        return frozenset(self.paths)

    def run(self, node: Node) -> Run:
        if node.kind == "?":
            return lambda env: env.item
        make: Callable[..., Run] | None = getattr(self, f"_{node.kind}", None)
        if make is None:  # tests in brackets stand only behind `in`
            raise Unreadable(what=node.kind, at=node.at)
        return make(*node.parts)

    # -------------------------------------------------------------------------------------- plain values

    def _number(self, text: str) -> Run:
        if len(text) > 60:
            raise TooMuch
        try:
            value = values.number(int(text)) if text.isdigit() else values.DIGITS.create_decimal(text)
        except DecimalException:
            raise TooMuch from None
        return pieces.constant(value)

    def _text(self, text: str) -> Run:
        return pieces.constant(text)

    def _literal(self, value: Any) -> Run:
        return pieces.constant(value)

    def _at(self, text: str) -> Run:
        """``@"2026-01-01"``: a date, a moment, a time or a duration."""
        name = "duration" if text.lstrip("-")[:1] == "P" else "date and time" if "T" in text else "date"
        name = "time" if ":" in text and "-" not in text.partition(":")[0] and "T" not in text else name
        return self._called(name, [pieces.constant(text)])

    def _name(self, name: str) -> Run:
        if name in self.bound:
            return lambda env: env.local[name]
        self._reads(name)
        return pieces.inner_name(name) if self.filters else pieces.outer_name(name, self.optional)

    def _reads(self, path: str) -> None:
        if not self.filters:
            first, dot, rest = path.partition(".")
            self.paths.add(first.replace(" ", "_") + dot + rest)

    def _path(self, owner: Node, name: str) -> Run:
        path = pieces.dotted(owner)
        if path and path[0] not in self.bound:
            self._reads(".".join([*path, name]))
            self.paths.discard(".".join(path))
            run = self._unread(owner)
        else:
            run = self.run(owner)
        return lambda env: functions.field(run(env), name, env)

    def _unread(self, owner: Node) -> Run:
        """The owner of a path, whose shorter path is not reported beside the longer one."""
        before = set(self.paths)
        run = self.run(owner)
        self.paths = before
        return run

    def _list(self, *items: Node) -> Run:
        runs = [self.run(item) for item in items]

        def listed(env: Env) -> list[Any]:
            env.limit(len(runs))
            return [run(env) for run in runs]

        return listed

    def _context(self, *entries: tuple[str, Node]) -> Run:
        runs = [(name, self.run(node)) for name, node in entries]

        def made(env: Env) -> dict[str, Any]:
            env.limit(len(runs))
            return {name: run(env) for name, run in runs}

        return made

    def _range(self, low: Node, high: Node, with_low: bool, with_high: bool) -> Run:
        start, end = self.run(low), self.run(high)

        def span(env: Env) -> Any:
            first, last = start(env), end(env)
            if first is None or last is None or values.order(first, last) is None:
                return None
            return Span(first, last, with_low, with_high)

        return span

    # -------------------------------------------------------------------------------------- operators

    def _minus(self, inner: Node) -> Run:
        run = self.run(inner)
        if inner.kind == "number":
            return pieces.constant(-run(pieces.NOWHERE))

        def negated(env: Env) -> Any:
            value = run(env)
            if value is None:
                return None
            if type(value) is values.YearsMonths:
                return values.YearsMonths(-value.months)
            if kind(value) in ("number", "days and time duration"):
                return -value
            return env.fault(f"-{kind(value)}")

        return negated

    def _reckon(self, sign: str, left: Node, right: Node) -> Run:
        one, other = self.run(left), self.run(right)
        return lambda env: reckon(sign, one(env), other(env), env)

    def _compare(self, sign: str, left: Node, right: Node) -> Run:
        one, other = self.run(left), self.run(right)
        return lambda env: compare(sign, one(env), other(env), env)

    def _between(self, value: Node, low: Node, high: Node) -> Run:
        run, start, end = self.run(value), self.run(low), self.run(high)

        def lies(env: Env) -> Any:
            found = run(env)
            return pieces.both(compare(">=", found, start(env), env), compare("<=", found, end(env), env))

        return lies

    def _among(self, value: Node, targets: Node) -> Run:
        """``value in tests``: the value takes the place of ``?`` in them."""
        run = self.run(value)
        tested = self.tests(targets if targets.kind == "tests" else Node("tests", (targets,), targets.at))
        if value.kind == "?":
            return tested

        def among(env: Env) -> Any:
            outer, env.item = env.item, run(env)
            try:
                return tested(env)
            finally:
                env.item = outer

        return among

    def _and(self, left: Node, right: Node) -> Run:
        pieces.must_be_truths(left, right)
        one, other = self.run(left), self.run(right)

        def both(env: Env) -> Any:
            first = one(env)
            return False if first is False else pieces.both(first, other(env))

        return both

    def _or(self, left: Node, right: Node) -> Run:
        pieces.must_be_truths(left, right)
        one, other = self.run(left), self.run(right)

        def either(env: Env) -> Any:
            first = one(env)
            return True if first is True else pieces.either(first, other(env))

        return either

    def _not(self, inner: Node) -> Run:
        run = self.run(inner)
        return lambda env: FUNCTIONS["not"](env, run(env))

    def _if(self, condition: Node, yes: Node, no: Node) -> Run:
        test, then, other = self.run(condition), self.run(yes), self.run(no)
        return lambda env: then(env) if test(env) is True else other(env)

    def _instance(self, value: Node, name: str) -> Run:
        run = self.run(value)
        if name not in pieces.TYPES:
            raise UnknownFunction(what=name[:40])

        def is_of(env: Env) -> bool:
            found = run(env)
            return found is not None and (name == "Any" or kind(found) == pieces.TYPES[name])

        return is_of

    # -------------------------------------------------------------------------------------- calls

    def _call(self, name: str, *arguments: Node) -> Run:
        return self._called(
            name, [self.run(each) for each in arguments], ready=[each.kind for each in arguments]
        )

    def _method(self, owner: Node, name: str, *arguments: Node) -> Run:
        if name not in functions.METHODS:
            raise UnknownFunction(what=name[:40])
        return self._called(
            functions.METHODS[name], [self.run(owner), *(self.run(each) for each in arguments)]
        )

    def _called(self, name: str, runs: list[Run], ready: list[str] | None = None) -> Run:
        function = FUNCTIONS.get(name)
        if function is None:
            return self._lent(name, runs)
        least, most = arity(function)
        if not least <= len(runs) <= most:
            raise UnknownFunction(what=f"{name}({', '.join('…' * len(runs))})")
        if name in pieces.CONSTRUCTORS and ready == ["text"]:
            return pieces.kept(function, runs[0])

        def call(env: Env) -> Any:
            env.charge(1)
            return function(env, *[run(env) for run in runs])

        return call

    def _lent(self, name: str, runs: list[Run]) -> Run:
        """A business knowledge model: a function that the scope holds."""
        if f"{name}()" not in self.known:
            raise UnknownFunction(what=name[:40])
        self._reads(f"{name}()")

        def call(env: Env) -> Any:
            env.charge(10)
            model = env.scope.get(f"{name}()")
            if model is None:
                raise UnknownName(what=name)
            return model(env, [run(env) for run in runs])

        return call

    # -------------------------------------------------------------------------------------- loops

    def _over(self, bounds: tuple[tuple[str, Node], ...]) -> list[tuple[str, Run]]:
        found = []
        for name, node in bounds:
            found.append((name, self.run(node)))
            self.bound.append(name)
        return found

    def _rounds(self, bounds: tuple[tuple[str, Node], ...], body: Node) -> Callable[[Env], Iterator[Any]]:
        over = self._over(bounds)
        run = self.run(body)
        del self.bound[len(self.bound) - len(bounds) :]

        def rounds(env: Env, depth: int = 0) -> Iterator[Any]:
            if depth == len(over):
                env.charge(1)
                yield run(env)
                return
            name, many = over[depth]
            outer = env.local.get(name)
            for each in pieces.items(many(env), env):
                env.charge(1)
                env.local[name] = taken(each)
                yield from rounds(env, depth + 1)
            env.local[name] = outer

        return rounds

    def _for(self, bounds: tuple[tuple[str, Node], ...], body: Node) -> Run:
        rounds = self._rounds(bounds, body)

        def collected(env: Env) -> list[Any]:
            found = list(rounds(env))
            env.limit(len(found))
            return found

        return collected

    def _some(self, bounds: tuple[tuple[str, Node], ...], body: Node) -> Run:
        rounds = self._rounds(bounds, body)
        return lambda env: FUNCTIONS["any"](env, list(rounds(env)))

    def _every(self, bounds: tuple[tuple[str, Node], ...], body: Node) -> Run:
        rounds = self._rounds(bounds, body)
        return lambda env: FUNCTIONS["all"](env, list(rounds(env)))

    def _filter(self, many: Node, condition: Node) -> Run:
        source = self.run(many)
        self.filters += 1
        test = self.run(condition)
        self.filters -= 1

        def chosen(env: Env) -> Any:
            found = source(env)
            items = found if type(found) is list else [] if found is None else [found]
            if condition.kind in ("number", "minus"):
                return pieces.at_place(items, test(env))
            return pieces.chosen(items, test, env)

        return chosen

    # -------------------------------------------------------------------------------------- unary tests

    def tests(self, node: Node) -> Run:
        """The tests of a cell as one function of `Env.item`."""
        if node.kind == "none of":
            inner = self.tests(node.parts[0])
            return lambda env: FUNCTIONS["not"](env, inner(env))
        runs = [self._test(each) for each in node.parts]
        if len(runs) == 1:
            return runs[0]

        def any_of(env: Env) -> bool | None:
            found: bool | None = False
            for run in runs:
                answer = run(env)
                if answer is True:
                    return True
                if answer is None:
                    found = None
            return found

        return any_of

    def _against(self, sign: str, operand: Node) -> Run:
        """``< 5``: against the value of the column."""
        run = self.run(operand)
        if operand.kind in ("number", "text") or (
            operand.kind == "minus" and operand.parts[0].kind == "number"
        ):
            constant = run(pieces.NOWHERE)
            return lambda env: compare(sign, env.item, constant, env)
        return lambda env: compare(sign, env.item, run(env), env)

    def _test(self, node: Node) -> Run:
        if node.kind == "against":
            return self._against(*node.parts)
        run = self.run(node)
        if node.kind == "range":
            return self._span_test(node, run)
        if node.kind in ("text", "number"):
            constant = run(pieces.NOWHERE)
            return lambda env: (
                equal(env.item, constant, env)
                if type(env.item) is not list
                else holds(constant, env.item, env)
            )
        if pieces.mentions(node):
            return pieces.asked(run)
        return pieces.judged(run) if node.kind in pieces.TRUTHS else pieces.compared_value(run)

    def _span_test(self, node: Node, run: Run) -> Run:
        if all(end.kind == "number" for end in node.parts[:2]):
            span = run(pieces.NOWHERE)
            if span is not None:
                return lambda env: within(env.item, span)

        def lies(env: Env) -> bool | None:
            span = run(env)
            return None if span is None else within(env.item, span)

        return lies
