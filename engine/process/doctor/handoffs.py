"""Hand-offs of a diagram: those nothing is agreed about, and decisions that this version would break."""

from collections.abc import Mapping, Sequence

from engine.process import crossings
from engine.process.blueprint import Blueprint, Text
from engine.process.crossings import Crossing
from engine.process.doctor import words
from engine.process.doctor.findings import Ledger
from engine.process.doctor.model import Link, Node, Process
from engine.process.doctor.visit import Decided, Known

Flow = tuple[str, str]
Places = dict[str, str | Text]


def check(ledger: Ledger, processes: Sequence[Process], plan: Blueprint, known: Known) -> None:
    """H01 to H04: every crossing of the mended diagram, and everything decided about the version that runs."""
    found: dict[Flow, list[Crossing]] = {}
    for each in (each for each in crossings.find(plan) if each.kind == "request"):
        found.setdefault((each.diagram, each.flow), []).append(each)
    decided = {(each.diagram, each.flow): each for each in known.decided.get(plan.process, ())}
    drawn = {each.id: each for each in processes}
    for flow, there in found.items():
        if flow not in decided:
            _say_unbound(ledger, drawn[flow[0]], plan, there, known)
    for flow, decision in decided.items():
        _say_broken(ledger, drawn.get(flow[0]), plan, decision, found.get(flow, []), known)


def _say_unbound(
    ledger: Ledger, process: Process, plan: Blueprint, there: Sequence[Crossing], known: Known
) -> None:
    asked = [each for each in there if not each.handoff]
    if asked:
        target = plan.diagrams[process.id].elements[asked[0].target]
        about = _link(process, asked[0].flow) or _node(process, target.id)
        title = target.name if target.name.pl else Text(target.id, target.id)
        ledger.say(
            "H01", process.source, about, element=None, **_said(title), **_sides(asked, known.departments)
        )


def _say_broken(
    ledger: Ledger,
    process: Process | None,
    plan: Blueprint,
    decision: Decided,
    there: Sequence[Crossing],
    known: Known,
) -> None:
    said = {**_said(decision.title), "words": decision.words}
    diagram = plan.diagrams.get(decision.diagram)
    if process is None or diagram is None or decision.flow not in diagram.flows:
        ledger.say("H02", process.source if process else "", None, element=None, **said, flow=decision.flow)
    elif not there:
        ledger.say("H03", process.source, _link(process, decision.flow), element=None, **said)
    elif decision.provider and not _holds(decision, there):
        sides = _sides(there, known.departments)
        ledger.say("H04", process.source, _link(process, decision.flow), element=None, **said, **sides)


def _said(title: Text) -> Places:
    return {"title": Text(f"„{title.into('pl')}”", f"“{title.into('en')}”")}


def _holds(decision: Decided, there: Sequence[Crossing]) -> bool:
    return any((each.from_key, each.to_key) == (decision.consumer, decision.provider) for each in there)


def _sides(there: Sequence[Crossing], names: Mapping[str, str]) -> Places:
    givers = [names.get(each.from_key, each.from_key) for each in there]
    provider = names.get(there[0].to_key, there[0].to_key)
    return {"consumer": words.listed(givers), "provider": provider}


def _link(process: Process, key: str) -> Link | None:
    return next((link for scope in process.scope.scopes() for link in scope.links if link.id == key), None)


def _node(process: Process, key: str) -> Node | None:
    return next((node for _, node in process.scope.everything() if node.id == key), None)
