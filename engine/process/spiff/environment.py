"""Where SpiffWorkflow would call Python's eval, it calls the fenced language instead."""

import ast
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.script_engine.python_environment import BasePythonScriptEngineEnvironment

from engine.errors import Refusal
from engine.process import expressions
from engine.process.spiff import values
from engine.process.spiff.refusals import ExpressionFailed, ScriptRefused
from engine.process.spiff.tokens import Token

LONGEST_SCRIPT = 4000


class Environment(BasePythonScriptEngineEnvironment):  # type: ignore[misc]
    """Evaluates over the data a token sees and the live facts; a fact wins over data of the same name.

    Correlation keys and conditions that skip the script engine come here too, so the fence stands here.
    """

    def __init__(self, facts: Callable[[], Mapping[str, Any]], now: datetime | None = None) -> None:
        super().__init__()
        self.now = now
        self._ask = facts
        self._known: Mapping[str, Any] | None = None

    def facts(self) -> Mapping[str, Any]:
        """The live facts, asked for on first need."""
        if self._known is None:
            self._known = self._ask()
        return self._known

    def forget(self) -> None:
        """A new command: the facts may have changed."""
        self._known = None

    def scope(self, context: Mapping[str, Any]) -> Mapping[str, Any]:
        """Every name an expression may read here; the facts are fetched when the first name is looked up."""
        return ChainMap(_Facts(self), dict(context))

    def evaluate(self, expression: str, context: Mapping[str, Any], external_context: Any = None) -> Any:
        scope = self.scope({**context, **(external_context or {})})
        return expressions.evaluate(expression, scope, now=self.now)

    def execute(self, script: str, context: Mapping[str, Any], external_context: Any = None) -> bool:
        raise ScriptRefused(element="")

    def call_service(self, context: Mapping[str, Any], **_: Any) -> Any:
        raise ScriptRefused(element="")


class _Facts(dict[str, Any]):
    """The facts as the first map of a scope: empty until somebody looks."""

    def __init__(self, environment: Environment) -> None:
        super().__init__()
        self._environment = environment

    def __missing__(self, name: str) -> Any:
        return self._environment.facts()[name]

    def __contains__(self, name: object) -> bool:
        return name in self._environment.facts()

    def __iter__(self) -> Iterator[str]:
        return iter(self._environment.facts())

    def __len__(self) -> int:
        return len(self._environment.facts())


class Engine(PythonScriptEngine):  # type: ignore[misc]
    """Names the element when an expression fails, and runs the only scripts that are let in: assignments."""

    environment: Environment

    def validate(self, expression: str) -> None:
        expressions.check(expression)

    def evaluate(self, task: Token, expression: str, external_context: Any = None) -> Any:
        try:
            return self.environment.evaluate(expression, task.data, external_context)
        except ExpressionFailed:
            raise
        except Refusal as refusal:
            raise ExpressionFailed(
                element=task.label, expression=expression.strip(), reason=refusal
            ) from refusal

    def execute(self, task: Token, script: str, external_context: Any = None) -> bool:
        for name, source in _assignments(task, script or ""):
            task.data[name] = values.plain(self.evaluate(task, source, external_context))
        return True


def _assignments(token: Token, script: str) -> list[tuple[str, str]]:
    """The lines ``name = expression`` of a script. Raises ScriptRefused when it is anything else."""
    try:
        lines = ast.parse(script.strip()).body if len(script) <= LONGEST_SCRIPT else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        lines = None
    if lines is None:
        raise ScriptRefused(element=token.label)
    return [_assignment(token, line, script.strip()) for line in lines]


def _assignment(token: Token, line: ast.stmt, script: str) -> tuple[str, str]:
    if isinstance(line, ast.Assign) and len(line.targets) == 1:
        target, source = line.targets[0], ast.get_source_segment(script, line.value)
        if isinstance(target, ast.Name) and values.is_fit(target.id) and source:
            return target.id, source
    raise ScriptRefused(element=token.label)
