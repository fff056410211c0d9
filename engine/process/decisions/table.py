"""A decision table and what it decides. Plain data and arithmetic; reading XML is `reading`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.process.decisions.deciding import Decision, Need, Trace, working
from engine.process.decisions.feel import Env, Formula, Test, equal, given, literal
from engine.process.decisions.feel.registry import FUNCTIONS
from engine.process.decisions.feel.values import taken
from engine.process.decisions.kinds import ANY, Kind, Unfit
from engine.process.decisions.refusals import (
    AnswerNotAllowed,
    AnswerUnfit,
    Conflict,
    DecisionFailed,
    DefaultFailed,
    Disagreement,
    InputFailed,
    InputNotAllowed,
    InputUnfit,
    NotAddable,
    RuleFailed,
)
from engine.process.expressions import ExpressionRefused, Mismatch

POLICIES = {
    "U": "UNIQUE",
    "A": "ANY",
    "P": "PRIORITY",
    "F": "FIRST",
    "C": "COLLECT",
    "R": "RULE ORDER",
    "O": "OUTPUT ORDER",
}
MANY = frozenset({"COLLECT", "RULE ORDER", "OUTPUT ORDER"})
"""Policies under which every rule that applies contributes to a list."""
AGGREGATIONS = {"+": "SUM", "<": "MIN", ">": "MAX", "#": "COUNT"}
_WORK = {"SUM": FUNCTIONS["sum"], "MIN": FUNCTIONS["min"], "MAX": FUNCTIONS["max"]}


@dataclass(frozen=True, slots=True)
class Input:
    """A condition column: what it asks (``cell`` as written) and of which type."""

    cell: str
    asks: Formula
    label: str = ""
    kind: Kind = ANY


@dataclass(frozen=True, slots=True)
class Output:
    """An answer column. ``name`` may be dotted; the values its kind allows rank the answers, best first."""

    name: str
    label: str = ""
    kind: Kind = ANY
    default: Formula | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: its conditions (None accepts everything) and answers, the cells as written, what its author noted."""

    number: int
    conditions: tuple[Test | None, ...]
    answers: tuple[Formula | None, ...]
    cells: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that applies, with what it answers."""

    rule: int
    answers: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table(Decision):
    """A DMN decision table, checked when it was read."""

    key: str
    title: str
    policy: str
    aggregation: str | None
    asks: tuple[Input, ...]
    gives: tuple[Output, ...]
    rules: tuple[Rule, ...]
    needs: tuple[Need, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The input expressions as written, in the order of the columns."""
        return tuple(ask.cell for ask in self.asks)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the outputs; a dotted name goes into a nested dict."""
        return tuple(give.name for give in self.gives)

    def formulas(self) -> list[Formula | Test]:
        """Everything that reads names."""
        cells = [cell for rule in self.rules for cell in (*rule.conditions, *rule.answers)]
        return [
            *(ask.asks for ask in self.asks),
            *[cell for cell in cells if cell is not None],
            *[give.default for give in self.gives if give.default is not None],
        ]

    def decide(self, scope: Mapping[str, Any], *, now: datetime | None = None) -> dict[str, Any]:
        """The answer for these values: every output by name, None where no rule applies, lists under a list policy.

        A missing input counts as empty. Raises `DecisionFailed` for a conflict, a value of the wrong type or outside
        those allowed, and for whatever could not be worked out.
        """
        with working(self, scope, now) as env:
            values = [self._value(ask, env) for ask in self.asks]
            return self._answer(self._hits(values, env), values, env)

    def trace(self, scope: Mapping[str, Any], *, now: datetime | None = None) -> Trace:
        """Like `decide`, and tells which rules applied; never raises."""
        values: list[Any] = []
        rules: list[int] = []
        try:
            with working(self, scope, now) as env:
                values += [self._value(ask, env) for ask in self.asks]
                rules += [rule.number for rule in self.rules if self._applies(rule, values, env)]
                answer = self._answer(self._hits(values, env), values, env)
        except DecisionFailed as refusal:
            return Trace(tuple(values), tuple(rules), None, refusal)
        return Trace(tuple(values), tuple(rules), answer, None)

    def result(self, env: Env) -> Any:
        """What a decision that rests on this one sees: a value, a context of several outputs, or a list of those."""
        values = [self._value(ask, env) for ask in self.asks]
        hits = self._hits(values, env)
        answer = self._answer(hits, values, env)
        if self.policy not in MANY or self.aggregation or not hits:
            return self._lone(answer)
        rows = [self._row(hit) for hit in self._ordered(hits, env)]
        return [self._lone(row) for row in rows]

    def _lone(self, answer: dict[str, Any]) -> Any:
        alone = len(self.gives) == 1 and "." not in self.gives[0].name
        return answer[self.gives[0].name] if alone else answer

    def _row(self, hit: Hit) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for output, value in zip(self.gives, hit.answers, strict=True):
            _put(row, output.name, value)
        return row

    # -------------------------------------------------------------------------------------- inputs and rules

    def _value(self, ask: Input, env: Env) -> Any:
        try:
            value = ask.asks.run(env)
        except ExpressionRefused as refusal:
            raise InputFailed(table=self.title, cell=ask.cell) from refusal
        if env.trouble is not None:
            if value is None:
                raise InputFailed(table=self.title, cell=ask.cell)
            env.trouble = None
        try:
            value = ask.kind.fitted(value, env)
        except Unfit:
            shown = literal(value)[:80]
            raise InputUnfit(table=self.title, cell=ask.cell, type=str(ask.kind), value=shown) from None
        if ask.kind.allowed and not ask.kind.allows(value, env):
            allowed = ask.kind.allowed_text
            raise InputNotAllowed(table=self.title, cell=ask.cell, value=literal(value)[:80], allowed=allowed)
        return value

    def _hits(self, values: list[Any], env: Env) -> list[Hit]:
        hits: list[Hit] = []
        for rule in self.rules:
            if self._applies(rule, values, env):
                hits.append(Hit(rule.number, self._answers(rule, values, env)))
                if self.policy == "FIRST":
                    break
        if len(hits) > 1 and self.policy in ("UNIQUE", "ANY"):
            self._must_agree(hits, values, env)
        return hits

    def _applies(self, rule: Rule, values: list[Any], env: Env) -> bool:
        place = 0
        try:
            for place, condition in enumerate(rule.conditions):
                if condition is None:
                    continue
                env.item = values[place]
                found = condition.run(env)
                if env.trouble is not None:
                    self._doubt(rule, place, found, values, env)
                if found is not True:
                    return False
        except Mismatch:
            return False
        except ExpressionRefused as refusal:
            raise self._failed(rule, rule.cells[place], values) from refusal
        return True

    def _doubt(self, rule: Rule, place: int, found: Any, values: list[Any], env: Env) -> None:
        """An error inside a cell that the rest of the cell does not outweigh."""
        if found is None:
            raise self._failed(rule, f"{rule.cells[place]} ({env.trouble})", values)
        env.trouble = None

    def _failed(self, rule: Rule, cell: str, values: list[Any]) -> RuleFailed:
        return RuleFailed(table=self.title, rules=rule.number, cell=cell, inputs=self._told(values))

    def _told(self, values: list[Any]) -> str:
        """The inputs with their values, for people."""
        told = [f"{ask.cell} = {literal(value)[:60]}" for ask, value in zip(self.asks, values, strict=False)]
        return ", ".join(told)[:400] or "–"

    # -------------------------------------------------------------------------------------- answers

    def _answers(self, rule: Rule, values: list[Any], env: Env) -> tuple[Any, ...]:
        found = []
        for place, (source, output) in enumerate(zip(rule.answers, self.gives, strict=True)):
            try:
                value = source.run(env) if source is not None else None
                value = given(value, env)
            except ExpressionRefused as refusal:
                raise self._failed(rule, rule.cells[len(self.asks) + place], values) from refusal
            if env.trouble is not None:
                raise self._failed(rule, f"{rule.cells[len(self.asks) + place]} ({env.trouble})", values)
            found.append(self._accepted(value, output, rule, values, env))
        return tuple(found)

    def _accepted(self, value: Any, output: Output, rule: Rule, values: list[Any], env: Env) -> Any:
        more: dict[str, Any] = {
            "table": self.title,
            "rules": rule.number,
            "cell": output.name,
            "value": literal(taken(value))[:80],
        }
        try:
            value = given(output.kind.fitted(taken(value), env), env)
        except Unfit:
            raise AnswerUnfit(**more, type=str(output.kind), inputs=self._told(values)) from None
        if output.kind.allowed and not output.kind.allows(taken(value), env):
            raise AnswerNotAllowed(**more, allowed=output.kind.allowed_text, inputs=self._told(values))
        return value

    def _must_agree(self, hits: list[Hit], values: list[Any], env: Env) -> None:
        told = {"table": self.title, "rules": _numbers(hits), "inputs": self._told(values)}
        if self.policy == "UNIQUE":
            raise Conflict(**told)
        first = list(hits[0].answers)
        if any(not equal(first, list(hit.answers), env) for hit in hits[1:]):
            raise Disagreement(**told)

    def _ordered(self, hits: list[Hit], env: Env) -> list[Hit]:
        if self.policy not in ("PRIORITY", "OUTPUT ORDER") or len(hits) < 2:
            return hits
        return sorted(hits, key=lambda hit: self._rank(hit, env))

    def _rank(self, hit: Hit, env: Env) -> list[int]:
        """Places of the answers in their lists of values; what is not listed comes last."""
        return [
            give.kind.place(taken(answer), env) for answer, give in zip(hit.answers, self.gives, strict=True)
        ]

    def _answer(self, hits: list[Hit], values: list[Any], env: Env) -> dict[str, Any]:
        hits = self._ordered(hits, env)
        answer: dict[str, Any] = {}
        for place, output in enumerate(self.gives):
            _put(answer, output.name, self._column(place, output, hits, env))
        return answer

    def _column(self, place: int, output: Output, hits: list[Hit], env: Env) -> Any:
        found = [hit.answers[place] for hit in hits]
        if not found and output.default is not None:
            return self._default(output, output.default, env)
        if self.policy not in MANY:
            return found[0] if found else None
        if not self.aggregation:
            return found
        if self.aggregation == "COUNT":
            return len(found)
        value = _WORK[self.aggregation](env, found) if found else None
        if env.trouble is not None or (value is None and found):
            raise NotAddable(table=self.title, rules=_numbers(hits))
        return given(value, env)

    def _default(self, output: Output, default: Formula, env: Env) -> Any:
        try:
            value = given(default.run(env), env)
            value = given(output.kind.fitted(taken(value), env), env)
        except (ExpressionRefused, Unfit) as refusal:
            raise DefaultFailed(table=self.title, cell=default.text) from refusal
        if env.trouble is not None:
            raise DefaultFailed(table=self.title, cell=f"{default.text} ({env.trouble})")
        return value


def _numbers(hits: list[Hit]) -> str:
    return ", ".join(str(hit.rule) for hit in hits)


def _put(answer: dict[str, Any], name: str, value: Any) -> None:
    """Set a dotted name in nested dicts."""
    *path, last = name.split(".")
    for step in path:
        answer = answer.setdefault(step, {})
    answer[last] = value
