"""The log of a ladder, case by case, as tools of process mining want it: every step's life and every move.

Steps follow the standard lifecycle of XES: schedule, assign, reassign, start, suspend, resume, complete, withdraw,
ate_abort, pi_abort, autoskip, manualskip. What is only foreseen is never told. Moves that were mistakes, and what took
them back, are left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine import access
from engine.history import Event
from engine.sales.ladders import Move
from engine.sales.past.rows import ImportedStep
from reports import queries
from reports.periods import Period
from reports.queries import Scope

SHARE = 200
"""Cases read at a time."""
APART = ("promise", "commitment")
"""Ladders whose items live inside a case of another ladder: their log is their moves."""
Plain = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Done:
    """One event of the log. ``person_id`` did it; ``more`` are its own attributes."""

    key: str
    activity: str
    lifecycle: str
    at: datetime
    person_id: int | None = None
    department_id: int | None = None
    more: Mapping[str, Plain] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trace:
    """One case with its events in order. ``item`` is what moved on the ladder (``deal:12``)."""

    item: str
    instance_id: int | None
    events: Sequence[Done]


class Lookup(Protocol):
    """What the log does not know itself."""

    def activity(
        self, definition_id: int | None, diagram: str | None, element: str
    ) -> tuple[str, str] | None:
        """The kind and the name of an activity; None for what is no activity (an event, a gateway)."""
        ...

    def position(self, kind: str, stage: str | None) -> str:
        """What a move is called: the stage entered, or how the item ended."""
        ...

    def begun(self, instance_ids: Sequence[int]) -> Mapping[int, datetime]:
        """When tasks of these cases were begun, by the task's id. Asked once a share, so others' names may be read too."""
        ...


def items(scope: Scope, period: Period | None = None) -> Select[str]:
    """The items whose whole log it is: those that moved in the scope, in these days if days are given."""
    fact = queries.facts(scope).subquery()
    query = select(fact.c.item).distinct().order_by(fact.c.item)
    if scope.department_ids is not None:
        query = query.where(fact.c.department_id.in_(sorted(scope.department_ids)))
    if scope.owner_id is not None:
        query = query.where(fact.c.owner_id == scope.owner_id)
    return query if period is None else query.where(fact.c.day >= period.start, fact.c.day < period.end)


def count(session: Session, chosen: Select[str]) -> int:
    """How many cases the log has."""
    return session.scalar(select(func.count()).select_from(chosen.order_by(None).subquery())) or 0


def traces(session: Session, scope: Scope, chosen: Select[str], lookup: Lookup) -> Iterator[Trace]:
    """The cases one after another, read in shares: the whole log is never held."""
    keys = session.scalars(chosen).all()
    for start in range(0, len(keys), SHARE):
        share = keys[start : start + SHARE]
        moves = _moves(session, scope, share)
        ids = sorted({each[-1].instance_id for each in moves.values() if each[-1].instance_id})
        inside = {} if scope.ladder in APART else _events(session, scope, ids)
        past = {} if scope.ladder in APART else _steps(session, ids)
        begun = lookup.begun(ids)
        for item in share:
            of_item = moves.get(item, [])
            if of_item:
                case = of_item[-1].instance_id
                yield Trace(
                    item,
                    case,
                    _told(of_item, inside.get(case or 0, []), past.get(case or 0, []), begun, lookup),
                )


def _moves(session: Session, scope: Scope, share: Sequence[str]) -> dict[str, list[Move]]:
    query = select(Move).where(Move.ladder == scope.ladder, Move.item.in_(share))
    if scope.as_of is not None:
        query = query.where(Move.recorded_at <= scope.as_of)
    if scope.viewer is not None:
        query = query.where(access.visible(scope.viewer, Move))
    found: dict[str, list[Move]] = {}
    for move in session.scalars(query.order_by(Move.item, Move.seq)):
        found.setdefault(move.item, []).append(move)
    return {item: _standing(each) for item, each in found.items() if _standing(each)}


def _standing(moves: list[Move]) -> list[Move]:
    """The moves that were meant."""
    mistaken = {each.corrects_id for each in moves if each.corrects_id}
    return [each for each in moves if each.kind != "corrected" and each.id not in mistaken]


def _events(session: Session, scope: Scope, ids: Sequence[int]) -> dict[int, list[Event]]:
    query = select(Event).where(Event.instance_id.in_(ids)).order_by(Event.instance_id, Event.seq)
    if scope.as_of is not None:
        query = query.where(Event.at <= scope.as_of)
    if scope.viewer is not None:
        query = query.where(access.visible(scope.viewer, Event))
    found: dict[int, list[Event]] = {}
    for event in session.scalars(query):
        found.setdefault(event.instance_id or 0, []).append(event)
    return found


def _steps(session: Session, ids: Sequence[int]) -> dict[int, list[ImportedStep]]:
    query = select(ImportedStep).where(ImportedStep.instance_id.in_(ids))
    found: dict[int, list[ImportedStep]] = {}
    for step in session.scalars(query.order_by(ImportedStep.instance_id, ImportedStep.seq)):
        found.setdefault(step.instance_id, []).append(step)
    return found


def _told(
    moves: list[Move],
    events: list[Event],
    steps: list[ImportedStep],
    begun: Mapping[int, datetime],
    lookup: Lookup,
) -> list[Done]:
    """A move stands behind the fact that caused it; where there are no facts, everything stands in its time."""
    known = [(row.seq or 0, 0, done) for row, done in _lives(events, moves, begun, lookup)]
    moved = [(move.event_seq or 0, 1, _move(move, lookup)) for move in moves]
    if events:
        return [done for _, _, done in sorted(known + moved, key=lambda each: (each[0], each[1], each[2].at))]
    past = [done for step in steps for done in _past(step, moves[0].definition_id, lookup)]
    return sorted([*past, *(done for _, _, done in moved)], key=lambda done: done.at)


def _move(move: Move, lookup: Lookup) -> Done:
    more: dict[str, Plain] = {"contentum:move": move.kind}
    for name, value in (("from", move.from_stage), ("to", move.to_stage), ("reason", move.reason)):
        if value:
            more[f"contentum:{name}"] = value
    if move.amount is not None:
        more["amount"] = float(move.amount)
        more["currency"] = move.currency or ""
    activity = lookup.position(move.kind, move.to_stage)
    return Done(f"move:{move.id}", activity, "complete", move.at, move.actor_id, move.department_id, more)


PROMISES = {"promise_paused": "suspend", "promise_resumed": "resume"}
SIMPLE = {
    "claimed": "assign",
    "reassigned": "reassign",
    "completed": "complete",
    "answered": "complete",
    **PROMISES,
}


def _lives(
    events: list[Event], moves: list[Move], begun: Mapping[int, datetime], lookup: Lookup
) -> Iterator[tuple[Event, Done]]:
    """The lives of steps: what became of every token that stood on an activity."""
    over = {event.at for event in events if event.kind in {"ended", "stopped"}}
    versions = [(move.event_seq or 0, move.definition_id) for move in moves]
    held: set[str] = set()
    for event in events:
        version = next((id_ for seq, id_ in reversed(versions) if seq <= (event.seq or 0)), versions[0][1])
        found = lookup.activity(version, event.diagram, event.element) if event.element else None
        if found is None:
            continue
        kind, name = found
        token = event.token or ""
        if event.kind in {"claimed", "reassigned"}:
            held.add(token)
        for lifecycle in _lifecycle(event, kind, running=token in held, over=event.at in over):
            more: dict[str, Plain] = {"concept:instance": token} if token else {}
            done = Done(f"event:{event.id}", name, lifecycle, event.at, event.actor_id, None, more)
            first = begun.get(event.task_id or 0)
            if lifecycle == "complete" and first is not None and first <= event.at:
                yield event, Done(f"event:{event.id}:start", name, "start", first, event.actor_id, None, more)
            yield event, done


def _lifecycle(event: Event, kind: str, *, running: bool, over: bool) -> Sequence[str]:
    if event.kind in SIMPLE:
        return [SIMPLE[event.kind]]
    if event.kind == "opened":
        return ["schedule"]
    if event.kind == "cancelled":
        return ["pi_abort" if over else "ate_abort" if running else "withdraw"]
    if event.kind == "passed" and kind == "userTask":
        return ["manualskip" if event.actor_id else "autoskip"]
    if event.kind == "passed" and kind in {"scriptTask", "businessRuleTask", "manualTask"}:
        return ["complete"]
    return []


OUTCOMES = {"completed": "complete", "skipped": "manualskip", "withdrawn": "withdraw", "aborted": "ate_abort"}


def _past(step: ImportedStep, definition_id: int | None, lookup: Lookup) -> Iterator[Done]:
    found = lookup.activity(definition_id, None, step.activity)
    name = found[1] if found else step.activity
    more: dict[str, Plain] = {"org:resource": step.actor} if step.actor else {}
    for lifecycle, at in (
        ("schedule", step.ready_at),
        ("start", step.started_at),
        (OUTCOMES.get(step.outcome, "complete"), step.ended_at),
    ):
        if at is not None:
            key = f"step:{step.instance_id}:{step.seq}:{lifecycle}"
            yield Done(key, name, lifecycle, at, step.person_id, step.department_id, more)
