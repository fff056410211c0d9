"""What all decisions have in common: the names they read, the decisions they rest on, and one bounded evaluation."""

from abc import abstractmethod
from collections import ChainMap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.process.decisions.feel import Env, Formula, Test, given
from engine.process.decisions.kinds import ANY, Kind, Unfit
from engine.process.decisions.refusals import DecisionFailed, ExpressionFailed
from engine.process.expressions import ExpressionRefused, TooMuch


@dataclass(frozen=True, slots=True)
class Trace:
    """How a decision came about: the inputs as values, the rules that apply, the answer or why there is none."""

    inputs: tuple[Any, ...]
    rules: tuple[int, ...]
    answer: dict[str, Any] | None
    refusal: DecisionFailed | None


@dataclass(frozen=True, slots=True)
class Need:
    """Something a decision rests on, and the name it has there: a decision, or a function (a knowledge model)."""

    name: str
    what: "Decision | Model"


class Decision:
    """A decision that a business rule task can ask."""

    __slots__ = ()
    key: str
    title: str
    needs: tuple[Need, ...]

    @property
    @abstractmethod
    def outputs(self) -> tuple[str, ...]:
        """The names that its answer has."""

    @abstractmethod
    def decide(self, scope: Mapping[str, Any], *, now: datetime | None = None) -> dict[str, Any]:
        """The answer for these values. Raises `DecisionFailed`."""

    def trace(self, scope: Mapping[str, Any], *, now: datetime | None = None) -> Trace:
        """Like `decide`, and tells which rules applied; never raises."""
        try:
            return Trace((), (), self.decide(scope, now=now), None)
        except DecisionFailed as refusal:
            return Trace((), (), None, refusal)

    @abstractmethod
    def formulas(self) -> list[Formula | Test]:
        """Everything that reads names."""

    @abstractmethod
    def result(self, env: Env) -> Any:
        """What a decision that rests on this one sees."""

    @property
    def paths(self) -> frozenset[str]:
        """The dotted names it reads, also in the decisions it rests on; without their results."""
        own = {name for need in self.needs for name in _called(need)}
        found = {path for each in self.formulas() for path in each.paths}
        found = {path for path in found if path.partition(".")[0] not in own}
        return frozenset(found).union(*(need.what.paths for need in self.needs))

    @property
    def names(self) -> frozenset[str]:
        """The first names of the paths."""
        return frozenset(path.partition(".")[0] for path in self.paths)


@dataclass(frozen=True, slots=True)
class Model:
    """A business knowledge model: a function of named values, one expression. It may use other models."""

    name: str
    parameters: tuple[str, ...]
    formula: Formula
    needs: tuple[Need, ...] = ()

    @property
    def paths(self) -> frozenset[str]:
        """The names it reads beside its parameters and the models it uses."""
        own = {name for need in self.needs for name in _called(need)}
        found = frozenset(path for path in self.formula.paths if path.partition(".")[0] not in own)
        return found.union(*(need.what.paths for need in self.needs))

    def __call__(self, env: Env, values: list[Any]) -> Any:
        """The value for these arguments; null with a note when their number is wrong."""
        if len(values) != len(self.parameters):
            return env.fault(f"{self.name}({', '.join('…' * len(values))})")
        outer, scope = env.local, env.scope
        env.local = dict(zip(self.parameters, values, strict=True))
        env.scope = ChainMap({f"{need.name}()": need.what for need in self.needs}, scope)  # type: ignore[arg-type]
        try:
            return self.formula.run(env)
        finally:
            env.local, env.scope = outer, scope


@dataclass(frozen=True, slots=True)
class Literal(Decision):
    """A decision that is one expression; its answer goes under ``name``."""

    key: str
    title: str
    name: str
    formula: Formula
    kind: Kind = ANY
    needs: tuple[Need, ...] = ()

    @property
    def rules(self) -> tuple[()]:
        """An expression has none."""
        return ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """The one name it gives."""
        return (self.name,)

    def formulas(self) -> list[Formula | Test]:
        """Its one expression."""
        return [self.formula]

    def decide(self, scope: Mapping[str, Any], *, now: datetime | None = None) -> dict[str, Any]:
        """Its value, by its name. Raises `DecisionFailed`."""
        with working(self, scope, now) as env:
            return {self.name: self.result(env)}

    def result(self, env: Env) -> Any:
        """The value of the expression; null is an answer, an error is none."""
        try:
            value = self.kind.fitted(self.formula.run(env), env)
        except (ExpressionRefused, Unfit) as refusal:
            raise ExpressionFailed(table=self.title, cell=self.formula.text, reason=refusal) from refusal
        if env.trouble is not None and value is None:
            raise ExpressionFailed(table=self.title, cell=self.formula.text, reason=env.trouble)
        if not self.kind.allows(value, env):
            raise ExpressionFailed(table=self.title, cell=self.formula.text, reason=self.kind.allowed_text)
        env.trouble = None
        return given(value, env)


@contextmanager
def working(decision: Decision, scope: Mapping[str, Any], now: datetime | None) -> Iterator[Env]:
    """An evaluation of a decision, with the results of those it rests on; what is too much fails by its name."""
    env = Env(scope, now)
    try:
        if decision.needs:
            _prepare(decision, env, scope, {})
        yield env
    except (RecursionError, MemoryError, TooMuch) as error:
        raise DecisionFailed(table=decision.title) from (error if isinstance(error, TooMuch) else TooMuch())


def _prepare(decision: Decision, env: Env, base: Mapping[str, Any], known: dict[str, Any]) -> None:
    """Put what a decision rests on into the scope. Each of them is asked once, however many rest on it."""
    lent: dict[str, Any] = {}
    for need in decision.needs:
        if isinstance(need.what, Model):
            lent[f"{need.name}()"] = need.what
            continue
        if need.what.key not in known:
            _prepare(need.what, env, base, known)
            known[need.what.key] = given(need.what.result(env), env)
        lent.update(dict.fromkeys(_called(need), known[need.what.key]))
    env.scope = ChainMap(lent, base)  # type: ignore[arg-type]  # only read


def _called(need: Need) -> tuple[str, ...]:
    """The names under which something needed is read."""
    if isinstance(need.what, Model):
        return f"{need.name}()", f"{need.name.replace(' ', '_')}()"
    return need.name, need.name.replace(" ", "_"), need.what.key
