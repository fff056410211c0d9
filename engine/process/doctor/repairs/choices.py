"""Gateways that choose: by expressions where there are some, else by a person who is asked on a form."""

from engine.process.blueprint import Text
from engine.process.doctor import conditions, words
from engine.process.doctor.model import Answer, Link, Node, Question, Scope
from engine.process.doctor.visit import Visit

_CHOOSING = frozenset({"exclusiveGateway", "inclusiveGateway"})
_MOST_LABEL = 120


def mend(visit: Visit, scope: Scope) -> None:
    """G03 to G11: each gateway with several ways out can choose one."""
    for gate in list(scope.nodes.values()):
        if gate.kind == "complexGateway":
            visit.say("G03", gate)
            gate.kind = "inclusiveGateway"
        outgoing = scope.outgoing(gate)
        if gate.kind in _CHOOSING and len(outgoing) > 1:
            if not gate.settled:
                _gateway(visit, scope, gate, outgoing)
        else:
            _plain(visit, gate, outgoing)


def _plain(visit: Visit, gate: Node, outgoing: list[Link]) -> None:
    """Conditions where nothing is chosen."""
    gate.default = None
    if any(link.condition for link in outgoing):
        if gate.kind == "parallelGateway" and len(outgoing) > 1:
            visit.say("G04", gate)
        elif gate.kind in _CHOOSING:
            visit.say("F10", gate)
    for link in outgoing:
        link.condition = None


def _gateway(visit: Visit, scope: Scope, gate: Node, outgoing: list[Link]) -> None:
    default = _default(visit, gate, outgoing)
    others = [link for link in outgoing if link is not default]
    read = [conditions.understood(link.condition) for link in others]
    names = frozenset[str]().union(*(conditions.names(each) for each in read))
    unreadable = [
        link.condition for link, each in zip(others, read, strict=True) if link.condition and not each
    ]
    where = _where(scope, gate)
    about = gate if gate.source else scope.nodes.get(gate.properties.get("stands_for", ""))
    if unreadable and about is not None:
        visit.say("G07", about, condition=unreadable[0][:100], where=where)
    elif not all(read):
        if about is not None:
            visit.say("G08", about, where=where)
    elif visit.unprovided(names):
        visit.say("G09", about, names=words.listed(visit.unprovided(names)), where=where)
    else:
        _by_expressions(visit, gate, others, [each for each in read if each], default)
        return
    gate.default = None
    _by_person(visit, scope, gate, outgoing)


def _default(visit: Visit, gate: Node, outgoing: list[Link]) -> Link | None:
    wanted = gate.default
    found = next((link for link in outgoing if wanted and wanted in (link.source_id, link.id)), None)
    if wanted and found is None:
        visit.say("G05", gate)
    gate.default = found.id if found is not None else None
    if found is not None:
        found.condition = None
    return found


def _by_expressions(
    visit: Visit, gate: Node, others: list[Link], read: list[str], default: Link | None
) -> None:
    for link, condition in zip(others, read, strict=True):
        written = conditions.unwrapped(link.condition)
        if written != condition:
            visit.say("G11", gate, condition=written[:100], read=condition[:100])
        link.condition = condition
    if default is not None or "True" in read or (len(read) == 2 and conditions.contrary(*read)):
        return
    last = others[-1]
    if visit.say("G06", gate, way=last.name or last.id):
        gate.default, last.condition = last.id, None


def _by_person(visit: Visit, scope: Scope, gate: Node, outgoing: list[Link]) -> None:
    """A form field whose answers are the ways out; where no person is just before, a task that asks."""
    if gate.source and any(not (link.name or link.title) for link in outgoing):
        visit.say("G10", gate)
    key = visit.bundle.variable(f"choice_{gate.id}")
    several = gate.kind == "inclusiveGateway"
    answers = tuple(Answer(link.id, _label(scope, link)) for link in outgoing)
    question = Question(key, _question(gate), "choices" if several else "choice", answers)
    for link in outgoing:
        link.condition = f"{link.id!r} in {key}" if several else f"{key} == {link.id!r}"
    askers = _askers(scope, gate)
    if askers is None:
        task = visit.bundle.node(scope, "userTask", question.label.pl, question.label.en)
        task.properties = {"stands_for": gate.source or gate.id}
        for link in scope.incoming(gate):
            link.end = task.id
        visit.bundle.link(scope, task, gate)
        askers = [task]
    for task in askers:
        task.questions.append(question)


def _askers(scope: Scope, gate: Node) -> list[Node] | None:
    """The user tasks just before a gateway, if nothing else leads there and all can be asked."""
    before = [scope.nodes[link.start] for link in scope.incoming(gate)]
    free = all(
        node.kind == "userTask" and node.loop is None and not node.properties.get("form") for node in before
    )
    return before if before and free else None


def _where(scope: Scope, gate: Node) -> Text:
    askers = _askers(scope, gate)
    if askers is None:
        return Text("w osobnym zadaniu przed bramką", "in a task of its own before the gateway")
    called = [words.called(node) for node in askers]
    pl, en = ", ".join(each.pl for each in called), ", ".join(each.en for each in called)
    return Text(f"kończąc {pl}", f"when finishing {en}")


def _question(gate: Node) -> Text:
    if gate.title is not None and gate.title.pl:
        return gate.title
    english = gate.properties.get("name:en") or gate.name
    return Text(gate.name or "Co dalej?", english or "What next?")


def _label(scope: Scope, link: Link) -> Text:
    """An answer: the name of the way, its condition where that is a text, or where it leads."""
    if link.title is not None and link.title.pl:
        return link.title
    if link.name:
        return Text(link.name[:_MOST_LABEL], link.properties.get("name:en", "") or link.name[:_MOST_LABEL])
    target = scope.nodes[link.end]
    text = conditions.unwrapped(link.condition)[:_MOST_LABEL]
    if text:
        return Text(text, text)
    called = words.called(target)
    return Text(f"→ {called.pl}", f"→ {called.en}")
