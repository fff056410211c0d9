"""A stored state put on another version's program: only what the future needs has to find its place there.

A state names the nodes its tokens stand on. Tokens that are over carry data and may lose their node; a token that
stands must find one where a token may stand in the same way, or the case stays on its version, with the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.errors import Refusal
from engine.process import arrivals, differences, frontier
from engine.process.blueprint import Text
from engine.process.program import Program
from engine.process.spiff import events, joins, nodes
from engine.process.spiff.refusals import BrokenState
from engine.process.spiff.tokens import COMPLETED, FINISHED, READY, WAITING


class StepGone(Refusal):
    """“%(element)s” is not in the new version: say at which step the cases that stand there go on."""


class StandsOtherwise(Refusal):
    """“%(element)s” was drawn as %(before)s and is %(after)s in the new version: a case that stands there cannot go on."""


class WayGone(Refusal):
    """At “%(element)s” a branch has arrived on a way that the new version does not have; it would wait for ever."""


class BranchMissing(Refusal):
    """“%(element)s” waits for the branch of “%(branch)s” in the new version. This case has begun its branches without it
    and would wait for ever: it can go before its ways part, or when they have met."""


class BranchTwice(Refusal):
    """“%(element)s” takes one branch from each way, and this case would bring more than one by way of “%(branch)s”: what
    is left over would wait for ever."""


class CallsAnother(Refusal):
    """“%(element)s” calls another process in the new version, and a case is in the middle of the old one."""


Row = list[Any]
"""Number, parent, node, state, changed data, notes, names that are gone: see `frontier`."""

Mapped = Mapping[str, str]
"""``{"diagram/element": "element"}``: where cases that stand on an element go on."""


@dataclass(slots=True)
class Transplant:
    """The state for the new program; ``renamed`` are addresses of waiting events that changed their place.

    ``fresh`` are boundaries (guard's number, node) and timers of event sub-processes (scope's activity, place) that the
    new version begins to wait for.
    """

    state: bytes = b""
    renamed: dict[str, str] = field(default_factory=dict)
    boundaries: list[tuple[int, str]] = field(default_factory=list)
    timers: list[tuple[int | None, int]] = field(default_factory=list)
    moved: list[tuple[str, str]] = field(default_factory=list)
    """Diagrams and elements of the new version where tokens stand that the mapping brought there."""
    restored: bool = False
    """It is no transplant but a state that was kept."""


def transplant(state: bytes, old: Program, new: Program, mapping: Mapped) -> Transplant:
    """Raises StepGone, StandsOtherwise, WayGone, BranchMissing, BranchTwice, CallsAnother, and BrokenState for a state
    that is none."""
    plain = frontier.read(state)
    work = _Work(plain, old, new, mapping)
    work.scope(old.spec, new.spec, plain["top"], None)
    for entry in plain.get("sub", ()):  # an outer scope is written before those inside it
        work.inner(entry)
    plain["n"] = work.last
    work.done.state = frontier.write(plain)
    return work.done


class _Work:
    """What one operation has at hand."""

    def __init__(self, plain: dict[str, Any], old: Program, new: Program, mapping: Mapped) -> None:
        self.old, self.new, self.mapping = old, new, mapping
        self.prefix, self.last = plain["p"], plain["n"]
        self.done = Transplant()
        self.standing: dict[int, Any] = {}
        """The nodes on which activities with a scope inside stand now, by the token's number."""

    def inner(self, entry: list[Any]) -> None:
        """A scope inside an activity becomes what the activity's new node opens."""
        number, name, scope = entry
        before, node = self.old.subspecs.get(name), self.standing.get(number)
        if before is None or node is None:
            raise BrokenState(reason=name)
        if node.is_call and differences.twin(self.old.blueprint, self.new.blueprint, name) != node.spec:
            raise CallsAnother(element=_called(self.new, node._wf_spec, node))
        entry[1] = node.spec
        self.scope(before, self.new.subspecs[node.spec], scope, number)

    def scope(self, before: Any, after: Any, scope: dict[str, Any], activity: int | None) -> None:
        """Every token of one scope."""
        if "d" in scope:
            return
        rows: dict[int, Row] = {row[0]: row for row in scope["t"]}
        stood = {number: before.task_specs[row[2]] for number, row in rows.items()}
        known = self._known_uneven(before, after, rows)
        self._event_subprocesses(before, after, scope["t"][0], activity)
        for number, node in stood.items():
            self._place(before, after, rows, number, node)
        for number in rows:
            self._must_be_awaited(before, after, rows, number, stood)
        self._must_meet(after, rows, known)
        scope["t"] = [
            rows[number] for number in frontier.parents_first({n: row[1] for n, row in rows.items()})
        ]
        if scope["l"] not in rows:
            scope["l"] = max(rows)

    def _place(self, before: Any, after: Any, rows: dict[int, Row], number: int, node: Any) -> None:
        row, name = rows[number], self._name(before, after, node)
        there = after.task_specs.get(name)
        if row[3] & FINISHED:
            row[2] = name if there is not None else after.start.name
        elif node.is_guard and not _listens_alike(node, there):
            del rows[number]  # the boundary is gone, and with it what it waited for
        else:
            row[2] = name
            self._stand(before, after, rows, number, node, there)

    def _stand(
        self, before: Any, after: Any, rows: dict[int, Row], number: int, node: Any, there: Any
    ) -> None:
        if there is None:
            raise StepGone(element=_called(self.old, before, node))
        if not _stands_alike(node, there, rows[number][3]):
            was, is_ = _kind(self.old, before, node), _kind(self.new, after, there)
            raise StandsOtherwise(element=_called(self.old, before, node), before=was, after=is_)
        if there.bpmn_id != node.bpmn_id:
            self.done.moved.append((self.new.diagram(after.name), there.bpmn_id))
        if isinstance(there, nodes.Inner):
            self.standing[number] = there
        if isinstance(there, events.EventChoice):
            self._alternatives(before, after, node, there, rows[number])
        if not node.is_guard:
            self._guard(before, after, rows, number, node, there)

    def _name(self, before: Any, after: Any, node: Any) -> str:
        """The node's name in the new program: its own, or one made with the element it was mapped to."""
        if isinstance(node, joins.Finish):
            return str(after.end.name)
        own = str(node.bpmn_id or node.name.removesuffix(".BoundaryEventSplit"))
        wanted = self.mapping.get(f"{self.old.diagram(before.name)}/{own}")
        return wanted + node.name[len(own) :] if wanted and node.name.startswith(own) else str(node.name)

    def _must_be_awaited(
        self, before: Any, after: Any, rows: dict[int, Row], number: int, stood: Mapping[int, Any]
    ) -> None:
        """What waits at a join came in on a way, and the join counts ways."""
        row = rows[number]
        join = after.task_specs[row[2]]
        is_arrival = row[3] == WAITING and isinstance(join, joins.Join)
        if is_arrival and rows[row[1]][2] not in join._inputs:
            raise WayGone(element=_called(self.old, before, stood[number]))

    def _known_uneven(self, before: Any, after: Any, rows: dict[int, Row]) -> set[tuple[str, str]]:
        """Joins and ways, by their new names, that would not come out even on the old version either."""
        return {
            (
                self._name(before, after, before.task_specs[join]),
                self._name(before, after, before.task_specs[way]),
            )
            for join, found in arrivals.uneven(before, rows).items()
            for way in found.missing | found.crowded
        }

    def _must_meet(self, after: Any, rows: dict[int, Row], known: set[tuple[str, str]]) -> None:
        """Where the new version joins ways, every way needs its branch, and none may bring two."""
        for join, found in arrivals.uneven(after, rows).items():
            for ways, refusal in ((found.missing, BranchMissing), (found.crowded, BranchTwice)):
                wrong = sorted(way for way in ways if (join, way) not in known)
                if wrong:
                    names = [_branch(self.new, after, way) for way in wrong]
                    raise refusal(
                        element=_called(self.new, after, after.task_specs[join]), branch=_listed(names)
                    )

    # ------------------------------------------------------------------------------------- what it waits for

    def _guard(
        self, before: Any, after: Any, rows: dict[int, Row], number: int, node: Any, there: Any
    ) -> None:
        """Boundaries that the new version adds to a step where a case stands begin to wait now."""
        split = after.task_specs.get(f"{there.bpmn_id}.BoundaryEventSplit")
        if split is None or split.main() is not there:
            return
        was = before.task_specs.get(f"{node.bpmn_id}.BoundaryEventSplit")
        known = {self._name(before, after, each) for each in was.outputs[1:]} if was is not None else set()
        row = rows[number]
        if was is None:
            self.last += 1
            rows[self.last] = [self.last, row[1], split.name, COMPLETED]
            row[1] = self.last
        fresh = [each.name for each in split.outputs[1:] if each.name not in known]
        self.done.boundaries += [(row[1], name) for name in fresh]

    def _alternatives(self, before: Any, after: Any, node: Any, there: Any, row: Row) -> None:
        """An event gateway notes its moments by the place of the alternative, which may have changed."""
        places = {each.name: place for place, each in enumerate(there.outputs)}
        names = [self._name(before, after, each) for each in node.outputs]
        self._replace(row, names, places)

    def _event_subprocesses(self, before: Any, after: Any, root: Row, activity: int | None) -> None:
        """The beginning of a scope notes the moments of its event sub-processes by their place."""
        places = {name: place for place, name in enumerate(after.event_subprocesses)}
        self._replace(root, before.event_subprocesses, places)
        added = [name for name in places if name not in before.event_subprocesses]
        self.done.timers += [(activity, places[name]) for name in added]

    def _replace(self, row: Row, names: Sequence[str], places: Mapping[str, int]) -> None:
        notes = row[5] if len(row) > 5 else {}
        due = notes.pop("due", None)
        for at, name in enumerate(names):
            if places.get(name, at) != at:
                self.done.renamed[self._address(row, at)] = self._address(row, places[name])
        if isinstance(due, dict):
            stay = ((places[name], due.get(str(at))) for at, name in enumerate(names) if name in places)
            notes["due"] = {str(place): text for place, text in stay if text is not None}

    def _address(self, row: Row, place: int) -> str:
        return f"{self.prefix}-{row[0]}.{place}"


def _listens_alike(node: Any, there: Any) -> bool:
    return there is not None and there.is_guard and _hears(node) is _hears(there)


def _stands_alike(node: Any, there: Any, state: int) -> bool:
    if state == READY:
        return isinstance(there, nodes.Human)
    return type(there) is type(node) and _hears(node) is _hears(there)


def _hears(node: Any) -> Any:
    return type(node.event_definition) if isinstance(node, events.Catch) else None


def _called(program: Program, spec: Any, node: Any) -> Text | str:
    """What a step is called on its diagram, in both languages."""
    return program.label(spec.name, node)


def _branch(program: Program, spec: Any, way: str) -> Text | str:
    """What the last step with a name on a way into a join is called."""
    node = last = spec.task_specs[way]
    while True:
        element = program.element(spec.name, node)
        if element is not None and (element.name.pl or element.name.en):
            return element.name
        before = [spec.task_specs[name] for name in node._inputs]
        if len(before) != 1 or len(before[0].outputs) > 1:
            return _called(program, spec, last)
        node = before[0]


def _listed(names: Sequence[Text | str]) -> Text:
    """Several names where a sentence has the place of one, each in quotation marks of its own."""
    texts = [Text(each, each) if isinstance(each, str) else each for each in names]
    return Text(
        "”, „".join(each.into("pl") for each in texts), "”, “".join(each.into("en") for each in texts)
    )


def _kind(program: Program, spec: Any, node: Any) -> str:
    element = program.element(spec.name, node)
    return element.kind if element is not None else type(node).__name__
