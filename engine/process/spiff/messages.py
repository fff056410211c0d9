"""Messages: who is meant by their correlation values, and how they reach whoever waits."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from engine.process.expressions import Wrong
from engine.process.spiff import values
from engine.process.spiff.listeners import Catcher


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
    known = catcher.token.workflow.correlations
    wanted = [each.name for each in catcher.definition.correlation_properties]
    return {name: known[name] for name in wanted if name in known}


def correlate(scope: Any, definition: Any, payload: Mapping[str, Any]) -> None:
    """Note the values of a message that was thrown or caught: from now on the scope goes by them."""
    environment = scope.script_engine.environment
    for each in definition.correlation_properties:
        with suppress(Wrong):
            value = values.plain(environment.evaluate(each.retrieval_expression, payload))
            scope.correlations.setdefault(each.name, value)


def _found(catcher: Catcher, name: str, payload: Mapping[str, Any]) -> Any:
    environment = catcher.token.workflow.script_engine.environment
    for each in catcher.definition.correlation_properties:
        if each.name == name:
            with suppress(Wrong):
                return values.plain(environment.evaluate(each.retrieval_expression, payload))
    return None
