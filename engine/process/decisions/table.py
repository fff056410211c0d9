"""A decision table and what it decides. Plain data and arithmetic; reading XML is `reading`."""

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.process import expressions
from engine.process.decisions.feel import INPUT
from engine.process.decisions.refusals import Conflict, InputFailed, NotAddable, RuleFailed
from engine.process.expressions.guards import same

POLICIES = frozenset({"UNIQUE", "FIRST", "ANY", "PRIORITY", "COLLECT", "RULE ORDER", "OUTPUT ORDER"})
MANY = frozenset({"COLLECT", "RULE ORDER", "OUTPUT ORDER"})
"""Policies under which every rule that applies contributes to a list."""
AGGREGATIONS = {"SUM": "sum(found)", "MIN": "min(found)", "MAX": "max(found)", "COUNT": "len(found)"}


@dataclass(frozen=True, slots=True)
class Input:
    """A condition column: what it asks (``cell`` as written, ``source`` as an expression), and of which type."""

    cell: str
    source: str
    label: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """An answer column. ``name`` may be dotted; ``values`` rank the answers, best first."""

    name: str
    label: str = ""
    values: tuple[Any, ...] = ()
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: expressions of its conditions (None accepts everything) and answers, and the cells as written."""

    number: int
    conditions: tuple[str | None, ...]
    answers: tuple[str | None, ...]
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that applies, with what it answers."""

    rule: int
    answers: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A DMN decision table, checked when it was read."""

    key: str
    title: str
    policy: str
    aggregation: str | None
    asks: tuple[Input, ...]
    gives: tuple[Output, ...]
    rules: tuple[Rule, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The input expressions, in the order of the columns."""
        return tuple(ask.source for ask in self.asks)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the outputs; a dotted name goes into a nested dict."""
        return tuple(give.name for give in self.gives)

    @property
    def names(self) -> frozenset[str]:
        """The names the table reads: in its inputs, its conditions and its answers."""
        cells = [cell for rule in self.rules for cell in (*rule.conditions, *rule.answers)]
        sources = [
            source for source in (*self.inputs, *cells, *(give.default for give in self.gives)) if source
        ]
        return frozenset().union(*map(expressions.names, sources)) - {INPUT}

    def decide(self, scope: Mapping[str, Any], *, now: datetime | None = None) -> dict[str, Any]:
        """The answer for these values: every output by name, None where no rule applies, lists under a list policy.

        A missing input counts as empty; a value of another type matches no rule. Raises `DecisionFailed`.
        """
        hits = self._hits(scope, now)
        if self.policy in ("UNIQUE", "ANY"):
            self._must_agree(hits)
        if self.policy in ("PRIORITY", "OUTPUT ORDER"):
            hits = sorted(hits, key=self._rank)
        answer: dict[str, Any] = {}
        for place, output in enumerate(self.gives):
            _put(answer, output.name, self._column(place, output, hits, scope, now))
        return answer

    def _hits(self, scope: Mapping[str, Any], now: datetime | None) -> list[Hit]:
        values = [self._value(ask, scope, now) for ask in self.asks]
        hits: list[Hit] = []
        for rule in self.rules:
            if self._applies(rule, values, scope, now):
                answers = tuple(self._answer(rule.number, source, scope, now) for source in rule.answers)
                hits.append(Hit(rule.number, answers))
                if self.policy == "FIRST":
                    break
        return hits

    def _value(self, ask: Input, scope: Mapping[str, Any], now: datetime | None) -> Any:
        try:
            value = expressions.evaluate(ask.source, scope, now=now)
            if isinstance(value, str) and ask.type in ("date", "datetime"):
                return expressions.evaluate(f"{ask.type}({INPUT})", {INPUT: value})
        except expressions.UnknownName:
            return None
        except expressions.ExpressionRefused as refusal:
            raise InputFailed(table=self.title, cell=ask.cell) from refusal
        return value

    def _applies(self, rule: Rule, values: list[Any], scope: Mapping[str, Any], now: datetime | None) -> bool:
        for place, condition in enumerate(rule.conditions):
            if condition is None:
                continue
            try:
                if not expressions.evaluate(condition, ChainMap({INPUT: values[place]}, scope), now=now):  # type: ignore[arg-type]  # only read
                    return False
            except expressions.Mismatch:
                return False
            except expressions.ExpressionRefused as refusal:
                raise RuleFailed(table=self.title, rules=rule.number, cell=rule.cells[place]) from refusal
        return True

    def _answer(self, rule: int, source: str | None, scope: Mapping[str, Any], now: datetime | None) -> Any:
        try:
            return expressions.evaluate(source, scope, now=now) if source else None
        except expressions.ExpressionRefused as refusal:
            raise RuleFailed(table=self.title, rules=rule, cell=source) from refusal

    def _must_agree(self, hits: list[Hit]) -> None:
        if len(hits) > 1 and (self.policy == "UNIQUE" or any(hit.answers != hits[0].answers for hit in hits)):
            raise Conflict(table=self.title, rules=_numbers(hits))

    def _rank(self, hit: Hit) -> list[int]:
        """Places of the answers in their lists of values; what is not listed comes last."""
        ranks = []
        for answer, output in zip(hit.answers, self.gives, strict=True):
            places = (place for place, value in enumerate(output.values) if same(value, answer))
            ranks.append(next(places, len(output.values)))
        return ranks

    def _column(
        self, place: int, output: Output, hits: list[Hit], scope: Mapping[str, Any], now: datetime | None
    ) -> Any:
        found = [hit.answers[place] for hit in hits]
        if not found and output.default:
            return self._answer(0, output.default, scope, now)
        if self.policy not in MANY:
            return found[0] if found else None
        if not self.aggregation:
            return found
        if not found and self.aggregation != "COUNT":
            return None
        try:
            return expressions.evaluate(AGGREGATIONS[self.aggregation], {"found": found})
        except expressions.ExpressionRefused as refusal:
            raise NotAddable(table=self.title, rules=_numbers(hits)) from refusal


def _numbers(hits: list[Hit]) -> str:
    return ", ".join(str(hit.rule) for hit in hits)


def _put(answer: dict[str, Any], name: str, value: Any) -> None:
    """Set a dotted name in nested dicts."""
    *path, last = name.split(".")
    for step in path:
        answer = answer.setdefault(step, {})
    answer[last] = value
