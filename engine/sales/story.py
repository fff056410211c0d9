"""A deal's story: facts of its instance and its moves in one order, the newest first, ready to be put into words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.history import Event
from engine.process import definitions
from engine.process.blueprint import Blueprint, Text
from engine.process.definitions import Definition
from engine.process.forms import Form
from engine.process.instances import Instance
from engine.sales.deals import Deal
from engine.sales.ladders import Move

TOLD = (
    "started",
    "completed",
    "handed_over",
    "received",
    "fired",
    "failed",
    "answered",
    "stopped",
    "ended",
    "incident_opened",
    "incident_resolved",
    "overridden",
    "migrated",
    "amount_changed",
    "date_changed",
    "owner_changed",
    "commitment_recorded",
    "commitment_kept",
    "commitment_broken",
    "commitment_renegotiated",
    "commitment_withdrawn",
    "commitment_obsolete",
    "promise_returned",
    "promise_brought",
    "promise_promised",
    "promise_countered",
    "promise_consented",
    "promise_refused",
    "promise_declined",
    "promise_delivered",
    "promise_rejected",
    "promise_accepted",
    "promise_renegotiated",
    "promise_paused",
    "promise_resumed",
    "promise_revoked",
    "promise_waived",
    "promise_decided",
    "commitment_amber",
    "commitment_red",
    "commitment_clear",
)
"""Facts a person wants to read; the opening and passing of steps is the machine's own."""

OWN = ("stage.move", "amount.changed", "owner.changed", "commitment.recorded")
"""Messages that a verb sent after it told its own fact or caused a move: told once."""


@dataclass(frozen=True, slots=True)
class Told:
    """One entry: a fact of history, or a move when ``move`` is there."""

    kind: str
    at: datetime
    seq: int
    actor_id: int | None
    diagram: str | None = None
    element: str | None = None
    task_id: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    move: Move | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a task recorded: its name, who, when, and the answers by their form."""

    title: Text
    at: datetime
    actor_id: int | None
    form: Form | None
    answers: Mapping[str, Any]


def told(session: Session, instance: Instance, moves: Sequence[Move]) -> list[Told]:
    """Everything worth reading of a case and the moves of its deal, the newest first."""
    query = select(Event).where(Event.instance_id == instance.id, Event.kind.in_(TOLD))
    found = [
        Told(
            event.kind,
            event.at,
            event.seq or 0,
            event.actor_id,
            event.diagram,
            event.element,
            event.task_id,
            event.data or {},
        )
        for event in session.scalars(query)
        if not (event.kind == "received" and (event.data or {}).get("message") in OWN)
    ]
    found += [Told("moved", move.at, move.event_seq or 0, move.actor_id, move=move) for move in moves]
    return sorted(found, key=lambda each: (each.seq, each.move.seq if each.move else 0), reverse=True)


def answers(session: Session, instance: Instance, plan: Blueprint, definition: Definition) -> list[Asked]:
    """What people answered, the newest first; a task without answers is left out."""
    query = select(Event).where(Event.instance_id == instance.id, Event.kind.in_(("started", "completed")))
    found = []
    for event in session.scalars(query.order_by(Event.seq.desc())):
        given = (event.data or {}).get("answers") or {}
        here = (event.data or {}).get("added") or event.element or ""
        element = plan.element(event.diagram or "", here)
        key = element.form if element else None
        if any(value not in (None, "", []) for value in given.values()):
            form = definitions.form(session, definition, key) if key else None
            title = element.name if element else Text(event.element or "", event.element or "")
            found.append(Asked(title, event.at, event.actor_id, form, given))
    return found


def amounts(story: Sequence[Told], deal: Deal) -> list[tuple[datetime, Decimal]]:
    """The amount over time, the oldest first: what it was when the deal opened, and every change."""
    changes = [each for each in reversed(story) if each.kind == "amount_changed"]
    if not changes:
        return [(deal.opened_at, deal.amount)] if deal.amount is not None else []
    first = changes[0].data.get("from")
    found = [(deal.opened_at, Decimal(first))] if first else []
    return found + [(each.at, Decimal(each.data["to"])) for each in changes if each.data.get("to")]
