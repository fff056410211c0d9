"""Deals as they were at a moment: what expressions read of one today, less what history says has changed since.

Amount, day of closing, owner and position are known from facts and moves; the rest is as it is today.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine.history import Event
from engine.people import Person
from engine.sales.ladders import Move

CHANGED: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "amount_changed": ("amount", Decimal),
    "date_changed": ("expected_close", date.fromisoformat),
    "owner_changed": ("owner_id", int),
}
"""Facts that say what a value was before, and how that is read."""

OF_A_MOVE = {
    "stage": "from_stage",
    "stage_rank": "from_rank",
    "probability": "probability_before",
    "amount": "amount",
}
"""What a move says of the time before it; the amount is that of the move, unless a fact says that it changed until then."""

Change = tuple[datetime, str, Any]
"""When a value changed, which one, and what it was before."""


@dataclass(frozen=True, slots=True)
class Hindsight:
    """What changed in some cases, each in the order in which it did, and who led their deals."""

    changes: Mapping[int, list[Change]]
    owners: Mapping[int, Person]

    def facts(self, today: Mapping[str, Any], instance_id: int, at: datetime) -> Mapping[str, Any]:
        """The facts of a deal's case as they were at a moment; what changed in that very moment had changed."""
        before: dict[str, Any] = {}
        for when, name, value in self.changes.get(instance_id, ()):
            if when > at:
                before.setdefault(name, value)
        if not before:
            return today
        owner = self.owners.get(before.pop("owner_id", None) or 0)
        if owner is not None:
            before["owner"] = owner.email
        deal = {**today["deal"], **before}
        told = {**today, "deal": deal, "order": {**today["order"], **before}}
        return told | {"owner": _about(owner)} if owner is not None else told


def _about(owner: Person) -> dict[str, Any]:
    return {"id": owner.id, "name": owner.name, "email": owner.email}


def read(session: Session, cases: Select[int], since: datetime) -> Hindsight:
    """What has changed since then in the cases that a query names. At most three statements."""
    found: dict[int, list[Change]] = defaultdict(list)
    for event in session.scalars(_facts(cases, since)):
        name, plain = CHANGED[event.kind]
        said = (event.data or {}).get("from")
        found[event.instance_id or 0].append((event.at, name, None if said is None else plain(said)))
    for move in session.scalars(_moves(cases, since)):
        said_of = [(move.at, name, getattr(move, column)) for name, column in OF_A_MOVE.items()]
        found[move.instance_id or 0] += said_of
    for changes in found.values():
        changes.sort(key=lambda change: change[0])
    owners = {value for changes in found.values() for _, name, value in changes if name == "owner_id"}
    people = session.scalars(select(Person).where(Person.id.in_(owners))) if owners else ()
    return Hindsight(found, {person.id: person for person in people})


def _facts(cases: Select[int], since: datetime) -> Select[Event]:
    mine = select(Event).where(Event.instance_id.in_(cases), Event.kind.in_(CHANGED), Event.at > since)
    return mine.order_by(Event.instance_id, Event.seq)


def _moves(cases: Select[int], since: datetime) -> Select[Move]:
    """Moves of deals; a case has moves of its promises and commitments, too."""
    mine = select(Move).where(Move.instance_id.in_(cases), Move.at > since, Move.item.startswith("deal:"))
    return mine.order_by(Move.instance_id, Move.seq)
