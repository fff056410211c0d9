"""Trying a decision by hand: which values it needs, and what a person typed as process data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.process.decisions import feel
from engine.process.decisions.deciding import Decision
from engine.process.decisions.feel import Env, given
from engine.process.decisions.table import Table
from engine.process.expressions import ExpressionRefused

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """A value the decision reads: its dotted name, what its column is called, and of which type it should be."""

    path: str
    label: str
    kind: str


def asked(decision: Decision) -> list[Asked]:
    """Everything a decision reads, columns first, in their order."""
    columns = {}
    for ask in decision.asks if isinstance(decision, Table) else ():
        alone = ask.cell.replace(" ", "_")
        if ask.asks.paths == {alone}:
            columns[alone] = Asked(alone, ask.label, ask.kind.name)
    rest = sorted(path for path in decision.paths if path not in columns and not path.endswith("()"))
    return [*columns.values(), *(Asked(path, path, "Any") for path in rest)]


def scope(fields: list[Asked], typed: Mapping[str, str]) -> dict[str, Any]:
    """What was typed, as process data: numbers, true, dates; anything that is no FEEL is a text. Empty is absent."""
    found: dict[str, Any] = {}
    for each in fields:
        text = typed.get(each.path, "").strip()[:LONGEST]
        if text:
            _put(found, each.path.split("."), _value(text, each.kind))
    return found


def _value(text: str, kind: str) -> Any:
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    if kind == "string" and not quoted:
        return text
    env = Env({})
    try:
        ready = feel.formula(text)
        if ready is None or ready.node is None or ready.paths:
            return text
        value = given(ready.run(env), env)
    except ExpressionRefused:
        return text
    return text if env.trouble is not None else value


def _put(found: dict[str, Any], path: list[str], value: Any) -> None:
    *outer, last = path
    for name in outer:
        inner = found.setdefault(name, {})
        if not isinstance(inner, dict):
            return
        found = inner
    found[last] = value
