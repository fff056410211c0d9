"""Where SpiffWorkflow would call Python's eval, it calls the fenced language instead."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.script_engine.python_environment import BasePythonScriptEngineEnvironment

from engine.errors import Refusal
from engine.process import expressions, scripts
from engine.process.scripts import safe
from engine.process.spiff import values
from engine.process.spiff.refusals import (
    ExpressionFailed,
    ScriptFailed,
    ScriptNotApproved,
    ScriptRefused,
    TooDeep,
)
from engine.process.spiff.tokens import Token


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
        return _Scope(self.facts, context)

    def evaluate(self, expression: str, context: Mapping[str, Any], external_context: Any = None) -> Any:
        scope = self.scope({**context, **external_context} if external_context else context)
        return expressions.evaluate(expression, scope, now=self.now)

    def execute(self, script: str, context: Mapping[str, Any], external_context: Any = None) -> bool:
        raise ScriptRefused(element="")

    def call_service(self, context: Mapping[str, Any], **_: Any) -> Any:
        raise ScriptRefused(element="")


class _Scope(Mapping[str, Any]):
    """The facts before the data; nobody is asked for them until somebody looks."""

    def __init__(self, facts: Callable[[], Mapping[str, Any]], data: Mapping[str, Any]) -> None:
        self._facts, self._data = facts, data

    def __getitem__(self, name: str) -> Any:
        facts = self._facts()
        return facts[name] if name in facts else self._data[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._data, **self._facts()})

    def __len__(self) -> int:
        return len({**self._data, **self._facts()})


class Engine(PythonScriptEngine):  # type: ignore[misc]
    """Names the element when an expression or a script fails.

    A script is a list of assignments in the fenced language; or, where the version was deployed as trusted, the Python
    that stands in the blueprint, which runs in the worker while an administrator's approval stands.
    """

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
        program = task.workflow.top_workflow.program
        element = program.element(task.workflow.spec.name, task.task_spec)
        if element is not None and element.script is not None:
            if not program.approved:
                raise ScriptNotApproved(element=task.label)
            task.data.update(self._carried_out(task, element.script))
            return True
        lines = safe.assignments(script or "")
        if lines is None:
            raise ScriptRefused(element=task.label)
        for name, source in lines:
            task.data[name] = values.plain(self.evaluate(task, source, external_context))
        return True

    def _carried_out(self, task: Token, script: str) -> dict[str, Any]:
        try:
            return scripts.run(script, self.environment.scope(task.data), now=self.environment.now)
        except (scripts.ScriptStopped, TooDeep) as refusal:
            raise ScriptFailed(element=task.label, reason=refusal) from refusal
