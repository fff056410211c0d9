"""The small state of a case: only what its future needs. What happened is history's business.

*compact* forgets tokens that are over, *dump* writes what stands, *load* puts it on the shared program again.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from engine.process import packing
from engine.process.spiff import events, joins, loops, nodes, values
from engine.process.spiff.refusals import BrokenState, StateTooLarge
from engine.process.spiff.scopes import Case, InnerScope
from engine.process.spiff.tokens import READY, STARTED, WAITING, Token

VERSION = packing.VERSION
WHOLE = 1
"""The format of release 1: a scope inside another begins with all its data, and everything is written out."""

_KEEPERS = (nodes.Guard, loops.Looping)
_RUNNING = (nodes.Inner, nodes.Call, loops.Looping)
_AWAITING = (events.Catch, events.EventChoice, joins.Join, joins.Finish)

MOST_MEGABYTES = 16
"""What one case may remember. A usual one remembers a few kilobytes."""

# --------------------------------------------------------------------------------------------------- compact


def compact(case: Case) -> None:
    """Forget every token the future does not need. The size left depends on what is open, not on age."""
    for scope in case.scopes():
        if not scope.completed:
            _compact(scope)


def _compact(scope: Any) -> None:
    tasks: dict[int, Token] = scope.tasks
    kept = _needed(scope)
    if len(kept) < len(tasks):
        parents = {token: _nearest(tasks, kept, token) for token in kept}
        for token in [token for token in tasks if token not in kept]:
            del tasks[token]
        _relink(tasks, parents)


def _needed(scope: Any) -> set[int]:
    """The first and the last token, the open ones, the parents some of them need, and where the ways of open ones parted.

    Where ways parted, a later join finds the data that both ways began with.
    """
    tasks: dict[int, Token] = scope.tasks
    kept = {token.id for token in (scope.task_tree, scope.last_task) if token is not None}
    for token in tasks.values():
        if token.is_open:
            kept.add(token.id)
            if token._parent is not None and _needs(token, tasks[token._parent]):
                kept.add(token._parent)
    kept.update(_partings(tasks, kept))
    return kept


def _needs(token: Token, parent: Token) -> bool:
    """Whether a parent guards the token, counts it, or says on which way it came in; a step that waits asks nobody."""
    waits = token._state & token.task_spec.waits
    return not waits or isinstance(parent.task_spec, _KEEPERS)


def _partings(tasks: dict[int, Token], kept: set[int]) -> Iterable[int]:
    """Tokens with needed ones below more than one child; each token is walked over once."""
    below: dict[int, set[int]] = {}
    for start in sorted(kept):
        token = tasks[start]
        while token._parent is not None:
            children = below.setdefault(token._parent, set())
            if token.id in children:
                break
            children.add(token.id)
            token = tasks[token._parent]
    return [parent for parent, children in below.items() if len(children) > 1]


def _nearest(tasks: dict[int, Token], kept: set[int], start: int) -> int | None:
    parent = tasks[start]._parent
    while parent is not None and parent not in kept:
        parent = tasks[parent]._parent
    return parent


def _relink(tasks: dict[int, Token], parents: dict[int, int | None]) -> None:
    for token in tasks.values():
        token._children = []
    for name in sorted(parents):
        parent = parents[name]
        tasks[name]._parent = parent
        if parent is not None:
            tasks[parent]._children.append(name)


# ------------------------------------------------------------------------------------------------------ dump


def dump(case: Case) -> bytes:
    """The case as JSON bytes. Nothing may be ready to move. Raises StateTooLarge."""
    compact(case)
    state: dict[str, Any] = {"v": VERSION, "p": case.prefix, "n": case.last_id, "top": _dump_scope(case)}
    if case.end_element:
        state["e"] = case.end_element
    inner = [
        [activity, scope.spec.name, _dump_scope(scope)]
        for activity, scope in sorted(case.subprocesses.items())
        if not case.completed
    ]
    if inner:
        state["sub"] = inner
    written = packing.pack(state)
    if len(written) > MOST_MEGABYTES * 2**20:
        raise StateTooLarge(size=len(written) // 2**20, most=MOST_MEGABYTES)
    return written


def _dump_scope(scope: Any) -> dict[str, Any]:
    if scope.completed:
        return {"d": scope.data}
    numbers = parents_first({number: token._parent for number, token in scope.tasks.items()})
    plain: dict[str, Any] = {"t": [_dump_token(scope.tasks[number]) for number in numbers]}
    plain["l"] = scope.last_task.id if scope.last_task else None
    if scope.correlations:
        plain["c"] = scope.correlations
    return plain


def parents_first(parents: Mapping[int, int | None]) -> Iterator[int]:
    """The numbers so that none comes before its parent, else in their order."""
    written: set[int] = set()
    for number in sorted(parents):
        line: list[int] = []
        at: int | None = number
        while at is not None and at not in written:
            line.append(at)
            written.add(at)
            at = parents[at]
        yield from reversed(line)


def write(plain: dict[str, Any]) -> bytes:
    """What `read` gave, in the format it was written in."""
    return orjson.dumps(plain) if plain["v"] == WHOLE else packing.pack(plain)


def _dump_token(token: Token) -> list[Any]:
    """Number, parent, node, state; then, as far as needed: changed data, our notes, names that are gone."""
    before, data = _before(token), token.data
    known = before.data if before is not None else {}
    changed = {
        name: value
        for name, value in data.items()
        if name not in known or not (known[name] is value or values.same(known[name], value))
    }
    row = [token.id, token._parent, token.task_spec.name, token._state]
    if known.keys() <= data.keys():
        return row if not (changed or token.internal_data) else [*row, changed, token.internal_data]
    return [*row, changed, token.internal_data, [name for name in known if name not in data]]


def _before(token: Token) -> Token | None:
    """The token whose data this one began with: its parent, or the activity around its scope."""
    return token.parent if token._parent is not None else getattr(token.workflow, "activity", None)


# ------------------------------------------------------------------------------------------------------ load


def load(case: Case, state: bytes) -> None:
    """Put a stored state into an empty case. Raises BrokenState when it is unreadable or its diagram has changed."""
    plain = read(state)
    try:
        case.prefix, case.last_id, case.end_element = plain["p"], plain["n"], plain.get("e")
        _load_scope(case, plain["top"], {})
        for activity, name, inner in plain.get("sub", ()):
            _load_inner(case, activity, name, inner, whole=plain["v"] == WHOLE)
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        raise BrokenState(reason=type(error).__name__) from error
    except KeyError as error:
        raise BrokenState(reason=str(error.args[0])) from error


def read(state: bytes) -> dict[str, Any]:
    """The state as plain values, of whichever release. Raises BrokenState for none that we know how to read."""
    try:
        plain = orjson.loads(state)
        version = plain.get("v") if isinstance(plain, dict) else None
        if version == VERSION:
            return packing.unpack(plain, values.copied)
    except (TypeError, ValueError, AttributeError, LookupError) as error:
        raise BrokenState(reason=type(error).__name__) from error
    if version != WHOLE:
        raise BrokenState(reason=f"v{version}")
    return dict(plain)


def _load_inner(case: Case, number: int, name: str, plain: dict[str, Any], *, whole: bool) -> None:
    activity = case.get_task_from_id(number)
    if activity is None or activity.task_spec.spec != name:
        raise BrokenState(reason=name)
    scope = InnerScope(case.program.subspecs[name], activity, case)
    case.subprocesses[number] = scope
    _load_scope(scope, plain, {} if whole else activity.data)


def _load_scope(scope: Any, plain: dict[str, Any], around: dict[str, Any]) -> None:
    scope.correlations = plain.get("c", {})
    if "d" in plain:
        scope.completed, scope.data = True, plain["d"]
        return
    for row in plain["t"]:
        _load_token(scope, around, *row)
    scope.task_tree = scope.tasks[plain["t"][0][0]]
    scope.last_task = scope.tasks[plain["l"]] if plain["l"] is not None else None


def _load_token(
    scope: Any,
    around: dict[str, Any],
    number: int,
    parent: int | None,
    name: str,
    state: int,
    changed: dict[str, Any] | None = None,
    notes: dict[str, Any] | None = None,
    gone: Iterable[str] = (),
) -> None:
    node = scope.spec.task_specs[name]
    if not _may_stand(node, state):
        raise BrokenState(reason=name)
    before = scope.tasks[parent] if parent is not None else None
    token = Token(scope, node, before, state, number)
    around = around if before is None else before.data
    token.data = values.copied(around)
    token.data.update(changed or {})
    for lost in gone:
        token.data.pop(lost, None)
    token.internal_data = notes or {}


def _may_stand(node: Any, state: int) -> bool:
    """Whether a node still is something a token can wait at in this way, should its diagram have changed."""
    if state == READY:
        return bool(node.manual)
    if state == STARTED:
        return isinstance(node, _RUNNING)
    return state != WAITING or isinstance(node, _AWAITING)
