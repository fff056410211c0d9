"""Messages: who is meant by their correlation values, and how they reach whoever waits."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from engine.process.expressions import ExpressionRefused, Wrong
from engine.process.spiff import values
from engine.process.spiff.listeners import Catcher
from engine.process.spiff.refusals import ExpressionFailed


def deliver(catchers: Iterable[Catcher], kind: str, name: str | None, payload: Mapping[str, Any]) -> int:
    """Give an event to every catcher of its kind and name that still waits when its turn comes; how many."""
    caught = 0
    for catcher in [each for each in catchers if each.kind == kind and each.name == name]:
        if catcher.is_live():
            scope = catcher.token.workflow
            if kind == "message":
                correlate(scope, catcher.definition, payload)
            catcher.catch(values.accepted(payload, scope.top_workflow.program.blueprint.variables))
            caught += 1
    return caught


def is_meant(catcher: Catcher, payload: Mapping[str, Any]) -> bool:
    """Whether a message carries the values its catcher's scope has come to know under its correlation keys."""
    return all(_found(catcher, name, payload) == value for name, value in correlation(catcher).items())


def correlation(catcher: Catcher) -> dict[str, Any]:
    """The values a message must carry to be meant for this catcher, by property name."""
    if catcher.kind != "message":
        return {}
    known = _known(catcher.token.workflow)
    wanted = [each.name for each in catcher.definition.correlation_properties]
    return {name: known[name] for name in wanted if name in known}


def _known(scope: Any) -> dict[str, Any]:
    """What a scope goes by: its own values, else those of the scopes around it."""
    around = _known(scope.activity.workflow) if hasattr(scope, "activity") else {}
    return {**around, **scope.correlations}


def correlate(scope: Any, definition: Any, payload: Mapping[str, Any]) -> None:
    """Note the values of a message that was thrown or caught: from now on the scope goes by them."""
    for each in definition.correlation_properties:
        with suppress(Wrong):
            scope.correlations.setdefault(each.name, _value(scope, each, payload))


def _found(catcher: Catcher, name: str, payload: Mapping[str, Any]) -> Any:
    for each in catcher.definition.correlation_properties:
        if each.name == name:
            with suppress(Wrong):
                return _value(catcher.token.workflow, each, payload)
    return None


def _value(scope: Any, key: Any, payload: Mapping[str, Any]) -> Any:
    """What a payload says under a correlation key. Raises Wrong where it says nothing, ExpressionFailed."""
    source = key.retrieval_expression
    try:
        return values.plain(scope.script_engine.environment.evaluate(source, payload))
    except Wrong:
        raise
    except ExpressionRefused as refusal:
        raise ExpressionFailed(element=key.name, expression=source.strip(), reason=refusal) from refusal
