"""The ladder of a definition: the positions its elements enter, in order."""

from itertools import pairwise

from engine.process import expressions
from engine.process.blueprint import Stage, Text
from engine.process.doctor.model import Node
from engine.process.doctor.visit import Visit


def climb(visits: list[Visit]) -> tuple[Stage, ...]:
    """Z01 to Z05: every stage named by a ``stage`` property, ordered by ``stage:order``."""
    found: dict[str, Stage] = {}
    for visit in visits:
        for _, node in visit.process.scope.everything():
            key = node.properties.get("stage")
            if key:
                _enter(visit, node, key, found)
    stages = sorted(found.values(), key=lambda stage: stage.order)
    if visits:
        _check(visits[0], stages)
    return tuple(stages)


def _enter(visit: Visit, node: Node, key: str, found: dict[str, Stage]) -> None:
    described = any(name.startswith("stage:") for name in node.properties)
    if key in found and not described:
        return
    order = _number(visit, node, "stage:order")
    known = found.get(key)
    if order is None:
        order = known.order if known else len(found) + 1
        if known is None:
            visit.say("Z03", node, one=key, order=str(order))
    stage = Stage(
        key=key,
        title=_title(node),
        order=order,
        probability=_number(visit, node, "stage:probability"),
        rots=_number(visit, node, "stage:rots"),
        exit_requires=_requires(visit, node),
        exit_words=_words(node),
    )
    if known is None:
        found[key] = stage
    elif "stage:order" in node.properties and stage.order != known.order:
        visit.say("Z04", node, one=key)


def _title(node: Node) -> Text:
    polish = node.properties.get("stage:title") or node.name or node.properties["stage"]
    english = node.properties.get("stage:title:en")
    return Text(polish, english or node.properties.get("name:en") or polish)


def _requires(visit: Visit, node: Node) -> str | None:
    """What must hold before an item goes on from here; what cannot be read demands nothing, and Q05 says so."""
    written = node.properties.get("stage:exit_requires", "").strip()
    try:
        if written:
            expressions.check(written)
    except expressions.ExpressionRefused:
        visit.say("Q05", node, property="stage:exit_requires", value=written[:60])
        return None
    return written or None


def _words(node: Node) -> Text:
    polish = node.properties.get("stage:exit_words", "").strip()
    english = node.properties.get("stage:exit_words:en", "").strip()
    return Text(polish or english, english or polish)


def _number(visit: Visit, node: Node, name: str) -> int | None:
    written = node.properties.get(name, "").strip()
    if not written:
        return None
    if written.isascii() and written.isdigit() and len(written) < 6:
        return int(written)
    visit.say("Q05", node, property=name, value=written[:60])
    return None


def _check(visit: Visit, stages: list[Stage]) -> None:
    """Z01: two at one position; Z02: a position nobody has."""
    for one, other in pairwise(stages):
        if one.order == other.order:
            visit.say("Z01", one=one.title.into("pl"), other=other.title.into("pl"), order=str(one.order))
        elif other.order > one.order + 1:
            visit.say("Z02", gap=str(one.order + 1))
