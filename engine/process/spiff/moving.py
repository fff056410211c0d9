"""A hand takes tokens to another step: what it leaves is cancelled, what it enters opens as if a flow had led there.

A token stays in its scope or opens the sub-processes and called processes on the way in; where it leaves one, that ends.
The way is looked for from where the token stands outwards, so that as little as possible is left.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from engine.errors import Refusal
from engine.process.blueprint import Text
from engine.process.spiff import events, joins, nodes, values
from engine.process.spiff.loops import Looping
from engine.process.spiff.tokens import COMPLETED, Token, common_ancestor


class NoSuchStep(Refusal):
    """There is no step “%(element)s” in the version on which this case runs."""


class NotEntered(Refusal):
    """Nobody can be moved to “%(element)s”: it begins by itself when what it waits for happens."""


class BehindChoice(Refusal):
    """“%(element)s” waits together with others behind “%(gateway)s”: move to “%(gateway)s” instead."""


class WaitsForOthers(Refusal):
    """“%(element)s” waits for every way that leads into it: move to the step behind it, or move the whole case."""


class OneOfMany(Refusal):
    """“%(element)s” is being done several times at once: one of them cannot go elsewhere, only the whole case can."""


class InsideMany(Refusal):
    """“%(element)s” lies inside “%(activity)s”, which is done several times: move to “%(activity)s” itself."""


class NotAlone(Refusal):
    """Others are still at work inside “%(activity)s”, which would end: move the whole case instead."""


class SeveralWaysIn(Refusal):
    """“%(element)s” is part of a process that is called from several steps (%(activities)s): move to one of these instead."""


def move(case: Any, token: Token | None, diagram: str, element: str) -> None:
    """Take one token, or all of them (None), to an element. Raises the refusals above; then nothing has changed."""
    target = _target(case, diagram, element)
    standing = [token] if token is not None else [each for each in case.open_tokens() if _counts(each)]
    scope, path = _way(case, _common(standing) if standing else case, target)
    _must_open(case, path, target)
    if token is None:
        data = _gathered(scope)
        scope.sweep()
        _place(scope.task_tree, path, target, data)
        return
    if isinstance(target, joins.Join) and len(target._inputs) > 1:
        raise WaitsForOthers(element=_label(case, target))
    leaving = _leaving(token, scope)
    data = token.data
    _withdraw(leaving)
    _place(leaving, path, target, data)


# ------------------------------------------------------------------------------------------------ where to


def _target(case: Any, diagram: str, element: str) -> Any:
    """The node of an element where a token may come in by a flow."""
    program = case.program
    specs = (program.spec, *program.subspecs.values())
    found = [spec.task_specs[element] for spec in specs if _has(program, spec, diagram, element)]
    if not found:
        raise NoSuchStep(element=element)
    node = found[0]
    if isinstance(node, events.Begin | events.Boundary) or node.name in node._wf_spec.event_subprocesses:
        raise NotEntered(element=_label(case, node))
    gateway = next((each for each in node.inputs if isinstance(each, events.EventChoice)), None)
    if gateway is not None:
        raise BehindChoice(element=_label(case, node), gateway=_label(case, gateway))
    return node


def _has(program: Any, spec: Any, diagram: str, element: str) -> bool:
    return element in spec.task_specs and program.diagram(spec.name) == diagram


def _way(case: Any, scope: Any, target: Any) -> tuple[Any, list[Any]]:
    """The nearest scope around from which the target is reached, and the activities to be opened on the way in."""
    wanted = target._wf_spec
    while True:
        ways = list(_ways_in(case, scope.spec, wanted, ()))
        if len(ways) > 1:
            callers = _listed(_label(case, way[0]) for way in ways)
            raise SeveralWaysIn(element=_label(case, target), activities=callers)
        if ways:
            return scope, ways[0]
        if scope is case:
            raise NotEntered(element=_label(case, target))
        scope = scope.activity.workflow


def _ways_in(case: Any, spec: Any, wanted: Any, seen: tuple[Any, ...]) -> Iterator[list[Any]]:
    if spec is wanted:
        yield []
        return
    for node in spec.task_specs.values():
        if isinstance(node, nodes.Inner) and node.name not in spec.event_subprocesses:
            inner = case.program.subspecs[node.spec]
            if inner not in seen:
                for rest in _ways_in(case, inner, wanted, (*seen, spec)):
                    yield [node, *rest]


def _must_open(case: Any, path: list[Any], target: Any) -> None:
    for activity in path:
        if any(isinstance(each, Looping) and each.task_spec == activity.name for each in activity.inputs):
            raise InsideMany(element=_label(case, target), activity=_label(case, activity))


def _label(case: Any, node: Any) -> Text | str:
    called: Text | str = case.program.label(node._wf_spec.name, node)
    return called


def _listed(names: Iterable[Text | str]) -> Text:
    """Names in the quotation marks of both languages."""
    texts = [Text(each, each) if isinstance(each, str) else each for each in names]
    return Text(
        ", ".join(sorted({f"„{each.into('pl')}”" for each in texts})),
        ", ".join(sorted({f"“{each.into('en')}”" for each in texts})),
    )


# ---------------------------------------------------------------------------------------------- where from


def _counts(token: Token) -> bool:
    """Whether a case stands here: not where a boundary only listens or a scope is around others."""
    return not token.task_spec.is_guard and not isinstance(token.task_spec, Looping | nodes.Inner)


def _scopes(token: Token) -> list[Any]:
    """The scopes around a token, the nearest first."""
    found = [token.workflow]
    while found[-1] is not token.workflow.top_workflow:
        found.append(found[-1].activity.workflow)
    return found


def _common(tokens: list[Token]) -> Any:
    shared = _scopes(tokens[0])
    for other in tokens[1:]:
        around = _scopes(other)
        shared = [scope for scope in shared if scope in around]
    return shared[0]


def _leaving(token: Token, scope: Any) -> Token:
    """What is left for good: the token, or the activity in ``scope`` that it is in. Raises OneOfMany, NotAlone."""
    while True:
        if isinstance(getattr(token.parent, "task_spec", None), Looping):
            raise OneOfMany(element=token.label)
        if token.workflow is scope:
            return token
        activity: Token = token.workflow.activity
        others = [each for each in token.workflow.tasks.values() if each.is_open and each is not token]
        mine = token.parent.children if isinstance(token.parent.task_spec, nodes.Guard) else []
        if any(each not in mine for each in others):
            raise NotAlone(activity=activity.label)
        token = activity


def _withdraw(token: Token) -> None:
    """Cancel a token with everything inside it, and the events at its edge."""
    token.cancel()
    guard = token.parent
    if guard is not None and isinstance(guard.task_spec, nodes.Guard):
        guard.task_spec.child_done(guard, token)


def _gathered(scope: Any) -> dict[str, Any]:
    """What the tokens of a scope know together, as a join would unite it."""
    standing = [each for each in scope.tasks.values() if each.is_open and not each.task_spec.is_guard]
    standing = [each for each in standing if not isinstance(getattr(each.parent, "task_spec", None), Looping)]
    if not standing:
        return dict((scope.last_task or scope.task_tree).data)
    inner = scope.top_workflow.subprocesses
    known = [_gathered(inner[each.id]) if each.id in inner else each.data for each in standing]
    if len(standing) == 1:
        return dict(known[0])
    return values.three_way(common_ancestor(standing).data, known)


# ------------------------------------------------------------------------------------------------ coming in


def _place(parent: Token, path: list[Any], target: Any, data: dict[str, Any]) -> None:
    """Put a token on the target, opening the activities of the path without beginning them at their start."""
    for activity in path:
        scope = parent.workflow.top_workflow.subprocesses[_arrive(parent, activity, data).id]
        parent = scope.last_task = scope.task_tree
        parent._state = COMPLETED
    _arrive(parent, target, data)


def _arrive(parent: Token, node: Any, data: dict[str, Any]) -> Token:
    """A token comes to a node as by a flow, past the guard before it; whoever is moved to a join waits for nobody."""
    guard = next(
        (each for each in node.inputs if isinstance(each, nodes.Guard) and each.main() is node), None
    )
    token = parent._add_child(guard or node)
    token.data = values.copied(data)
    if isinstance(node, joins.Join):
        token._inherit_data()
        token._ready()
        return token
    token.task_spec._update(token)
    if guard is None:
        return token
    token.run()
    comes_in: Token = next(child for child in token.children if child.task_spec is node)
    return comes_in
