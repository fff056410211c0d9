"""Data that other tools rename on their way into a step or out of it."""

from collections.abc import Iterator

from engine.process.blueprint import Text
from engine.process.doctor import conditions, dialects, words
from engine.process.doctor.model import Bundle, Node, Scope, Setting
from engine.process.doctor.visit import Visit

Pair = tuple[str, str]
"""The name that gets a value, and the value as it was written."""
_CALLING = frozenset({"serviceTask", "sendTask", "businessRuleTask"})
_INPUT, _OUTPUT = Text("dana na wejściu", "a value going in"), Text("dana na wyjściu", "a value coming out")


def given(bundle: Bundle, provided: frozenset[str]) -> frozenset[str]:
    """Names that mappings of the bundle give a value, from names that have one."""
    nodes = (node for process in bundle.processes for _, node in process.scope.everything())
    pairs = [pair for node in nodes if node.foreign for pair in _inputs(node) + _outputs(node)]
    read = [
        (target, dialects.value(written)) for target, written in pairs if target.isidentifier() and written
    ]
    found: frozenset[str] = frozenset()
    while True:
        more = {target for target, each in read if each and conditions.names(each) <= provided | found}
        if more <= found:
            return found
        found |= more


def adopt(visit: Visit, scope: Scope, node: Node) -> None:
    """V24: what goes in and comes out under another name; V07: what our language cannot say."""
    inputs, outputs = _renaming(_inputs(node)), _renaming(_outputs(node))
    done: list[str] = []
    if node.kind in _CALLING and node.properties.get("connector"):
        done += _to_connector(visit, node, inputs)
    else:
        done += _step(visit, scope, node, inputs, before=True)
    done += _step(visit, scope, node, outputs, before=False)
    if done:
        visit.say("V24", node, names=words.listed(done))


def _inputs(node: Node) -> list[Pair]:
    return list(_pairs(node, "input", "inputParameter", "in"))


def _outputs(node: Node) -> list[Pair]:
    return list(_pairs(node, "output", "outputParameter", "out"))


def _pairs(node: Node, zeebe: str, camunda: str, call: str) -> Iterator[Pair]:
    assert node.foreign is not None  # noqa: S101
    for each in node.foreign.all("ioMapping", "inputOutput"):
        yield from (_pair(part) for part in each.parts if part.name in {zeebe, camunda})
    for connector in node.foreign.all("connector"):
        for each in [part for part in connector.parts if part.name == "inputOutput"]:
            yield from (_pair(part) for part in each.parts if part.name == camunda)
    for each in node.foreign.all(call):
        if each.said.get("target"):
            source = each.said.get("source")
            yield each.said["target"], f"={source}" if source else each.said.get("sourceExpression", "")


def _pair(part: Setting) -> Pair:
    if part.said.get("target"):
        return part.said["target"], part.said.get("source", "")
    structured = any(part.parts)
    return part.said.get("name", ""), "" if structured else part.text


def _renaming(pairs: list[Pair]) -> list[Pair]:
    """Without those that only pass a value on under its own name."""
    return [(target, written) for target, written in pairs if target and dialects.value(written) != target]


def _read(visit: Visit, node: Node, pairs: list[Pair], what: Text) -> list[Pair]:
    """The values in our language, only from names that something surely gives a value."""
    found: list[Pair] = []
    for target, written in pairs:
        read = dialects.value(written) if written else None
        said = f"{target} = {written}"[:80]
        missing = sorted(conditions.names(read) - visit.provided - visit.known.facts)
        if read is None:
            visit.say("V07", node, written=said, what=what)
        elif missing:
            visit.say("V09", node, written=said, what=what, names=words.listed(missing))
        else:
            found.append((target, read))
    return found


def _to_connector(visit: Visit, node: Node, pairs: list[Pair]) -> list[str]:
    """Inputs of a connector; dotted names make one value with parts."""
    read = [pair for pair in _read(visit, node, pairs, _INPUT) if f"in:{pair[0]}" not in node.properties]
    for name in dict.fromkeys(target.partition(".")[0] for target, _ in read):
        node.properties.setdefault(f"in:{name}", _value(name, read))
    return [target for target, _ in read]


def _value(name: str, pairs: list[Pair]) -> str:
    alone = next((read for target, read in pairs if target == name), None)
    inner = [(target[len(name) + 1 :], read) for target, read in pairs if target.startswith(f"{name}.")]
    if alone is not None or not inner:
        return alone or "None"
    keys = dict.fromkeys(target.partition(".")[0] for target, _ in inner)
    return "{" + ", ".join(f"{key!r}: {_value(key, inner)}" for key in keys) + "}"


def _step(visit: Visit, scope: Scope, node: Node, pairs: list[Pair], *, before: bool) -> list[str]:
    """A script just before or behind the step that gives the values their names."""
    what = _INPUT if before else _OUTPUT
    if pairs and not _has_room(scope, node, before=before):
        for target, written in pairs:
            visit.say("V07", node, written=f"{target} = {written}"[:80], what=what)
        return []
    named = [pair for pair in pairs if pair[0].isidentifier()]
    for target, written in [pair for pair in pairs if pair not in named]:
        visit.say("V07", node, written=f"{target} = {written}"[:80], what=what)
    read = _read(visit, node, named, what)
    if read:
        made = visit.bundle.node(scope, "scriptTask", properties={"stands_for": node.id})
        made.script = "\n".join(f"{target} = {value}" for target, value in read)
        _put(visit, scope, node, made, before=before)
    return [target for target, _ in read]


def _has_room(scope: Scope, node: Node, *, before: bool) -> bool:
    """Whether a step can stand there: not for one of many, not between an event gateway and its events."""
    if before:
        waits = any(scope.nodes[link.start].kind == "eventBasedGateway" for link in scope.incoming(node))
        return node.loop is None and node.kind not in {"boundaryEvent", "startEvent"} and not waits
    return node.kind != "endEvent" and node.loop is None and not node.by_event


def _put(visit: Visit, scope: Scope, node: Node, made: Node, *, before: bool) -> None:
    if before:
        for link in scope.incoming(node):
            link.end = made.id
        visit.bundle.link(scope, made, node)
        return
    for link in scope.outgoing(node):
        link.start = made.id
    made.default, node.default = node.default, None
    visit.bundle.link(scope, node, made)
