"""A hand-off that runs: Anna sells, Legal makes the offer under an agreement both heads signed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.history import Event
from engine.people import Department, Person
from engine.process import instances, tasks
from engine.process.tasks import UserTask
from engine.sales import ladders, negotiating
from engine.sales.agreements import Agreement
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from tests.conftest import MONDAY
from tests.engine.sales.live import deployed, started

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

TERMS: dict[str, Any] = {
    "deliverable": "Projekt umowy",
    "ready": ["Dane klienta", "Zakres"],
    "acceptance": ["Podpisany przez radcę", "Zgodny z ofertą"],
    "promise_time": "PT4H",
    "deliver_time": "P3D",
    "pause_reasons": ["Czekamy na klienta"],
    "rework": 1,
    "accepts": "consumer",
    "acceptance_window": "P2D",
}
"""What Legal and Sales agreed on: an answer in four hours, the draft in three work days, accepted by Sales in two."""


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026 by the clocks of Warsaw; the 16th is a Monday."""
    return datetime(2026, 11, day, hour - 1, minute, tzinfo=UTC)


def agree(
    session: Session, departments: dict[str, Department], clara: Person, borys: Person, **terms: Any
) -> Agreement:
    """Sales (Clara) and Legal (Borys) sign; a term given as None is left out."""
    said = {name: value for name, value in {**TERMS, **terms}.items() if value is not None}
    legal, sales = departments["legal"], departments["sales"]
    made = negotiating.draft(
        session, "Umowa", provider=legal, consumer=sales, code="H5", terms=said, by=clara, now=MONDAY
    )
    version = negotiating.propose(session, made, by=clara, now=MONDAY)
    negotiating.accept(session, version, by=borys, now=MONDAY)
    return made


def asked(session: Session, anna: Person, now: datetime = MONDAY) -> tuple[Deal, Promise]:
    """Anna passes her deal on to Legal."""
    deal = started(session, deployed(session), anna)
    (task,) = tasks.open_of(session, deal.instance_id)
    instances.complete(session, task, {}, by=anna, now=now)
    promise = session.scalars(select(Promise).where(Promise.deal_id == deal.id)).one()
    return deal, promise


def its_task(session: Session, promise: Promise) -> UserTask:
    """The one task of the promise's token."""
    return session.get_one(UserTask, promise.task_id)


def told(session: Session, promise: Promise) -> list[str]:
    """What history says of the promise, in order."""
    query = select(Event.kind).where(Event.subject == f"promise:{promise.id}").order_by(Event.id)
    return list(session.scalars(query))


def moved(session: Session, promise: Promise) -> list[tuple[str, str | None, str | None]]:
    """Its moves: kind, from, to."""
    found = session.scalars(ladders.moves(f"promise:{promise.id}"))
    return [(move.kind, move.from_stage, move.to_stage) for move in found]
