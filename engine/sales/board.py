"""The funnel as a board: what stands on each stage, how old it is, and what is due next on every card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session, aliased

from engine import access, calendars
from engine.calendars import Calendar
from engine.people import Person
from engine.process.blueprint import Blueprint, Stage
from engine.process.tasks import UserTask
from engine.sales import commitments, promises
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from engine.sales.records import Client

PER_COLUMN = 40
"""Cards shown of a stage; its head counts all of them, the list shows all of them."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Whose deals: of one owner, of one department; empty means all that the viewer sees."""

    process: str
    owner_id: int | None = None
    department_id: int | None = None
    status: str = "open"

    def clause(self, person: Person) -> Sequence[ColumnElement[bool]]:
        """The conditions, rights included."""
        found = [Deal.process == self.process, Deal.status == self.status, access.visible(person, Deal)]
        if self.owner_id:
            found.append(Deal.owner_id == self.owner_id)
        if self.department_id:
            found.append(Deal.department_id == self.department_id)
        return found


@dataclass(frozen=True, slots=True)
class Card:
    """A deal as a card. ``age`` is work days on its stage; ``rots`` of them and it stands still.

    ``task`` is the oldest open one, ``promise`` the most pressing open one, ``commitment`` the most threatened one, else the next due.
    """

    deal: Deal
    client: str | None
    age: int
    rots: int | None
    task: UserTask | None
    promise: str | None
    commitment: Commitment | None

    @property
    def is_rotten(self) -> bool:
        """Whether it has stood on its stage for longer than the diagram allows."""
        return self.rots is not None and self.age > self.rots


@dataclass(slots=True)
class Column:
    """One stage with its cards; ``count`` and ``sums`` (by currency) are of all deals there, not only those shown."""

    stage: Stage
    rank: int
    cards: list[Card] = field(default_factory=list)
    count: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)


def columns(
    session: Session, person: Person, plan: Blueprint, wanted: Filter, *, now: datetime
) -> list[Column]:
    """The stages of a ladder in order, with what this person sees on them."""
    found = [
        Column(stage, plan.rank(stage.key) or 0) for stage in sorted(plan.ladder, key=lambda each: each.order)
    ]
    by_key = {column.stage.key: column for column in found}
    heads = select(Deal.stage, Deal.currency, func.count(), func.sum(Deal.amount)).where(
        *wanted.clause(person)
    )
    for stage, currency, count, total in session.execute(heads.group_by(Deal.stage, Deal.currency)):
        if stage in by_key:
            by_key[stage].count += count
            if total:
                by_key[stage].sums[currency] = Decimal(total)
    place = func.row_number().over(partition_by=Deal.stage, order_by=(Deal.stage_entered_at, Deal.id))
    numbered = select(Deal, place.label("place")).where(*wanted.clause(person)).subquery()
    shown = aliased(Deal, numbered)
    query = select(shown).where(numbered.c.place <= PER_COLUMN).order_by(shown.stage_entered_at, shown.id)
    for card in cards(session, session.scalars(query).all(), plan, now=now):
        if card.deal.stage in by_key:
            by_key[card.deal.stage].cards.append(card)
    return found


def rows(person: Person, wanted: Filter) -> Select[Deal]:
    """The same deals as a list, the furthest and largest first."""
    order = (Deal.stage_rank.desc(), Deal.amount.desc(), Deal.id)
    return select(Deal).where(*wanted.clause(person)).order_by(*order)


def cards(session: Session, deals: Sequence[Deal], plan: Blueprint, *, now: datetime) -> list[Card]:
    """Cards of these deals, in their order: seven queries however many there are."""
    ids, cases = [deal.id for deal in deals], [deal.instance_id for deal in deals]
    clients = _clients(session, {deal.client_id for deal in deals})
    next_tasks = _first(
        session,
        select(UserTask).where(*_open_tasks(cases)).order_by(UserTask.order_at, UserTask.id),
        "instance_id",
    )
    held = (Promise.outcome.is_(None), Promise.manner.is_(None))
    open_promises = select(Promise).where(Promise.deal_id.in_(ids), *held)
    pressing = _first(session, open_promises.order_by(Promise.due_at.is_(None), Promise.due_at), "deal_id")
    agreed = select(Commitment).where(Commitment.deal_id.in_(ids), Commitment.state.in_(commitments.OPEN))
    worst = case({"red": 0, "amber": 1}, value=Commitment.health, else_=2)
    due = _first(session, agreed.order_by(worst, Commitment.due_on.is_(None), Commitment.due_on), "deal_id")
    worked, judged = calendars.of_all(session) if deals else {}, promises.judge(session, now=now)

    def card(deal: Deal) -> Card:
        stage = plan.stage(deal.stage or "")
        promise = pressing.get(deal.id)
        return Card(
            deal=deal,
            client=clients.get(deal.client_id),
            age=_age(deal, worked.get(deal.department_id, worked[None]), now),
            rots=stage.rots if stage else None,
            task=next_tasks.get(deal.instance_id),
            promise=judged(promise) if promise else None,
            commitment=due.get(deal.id),
        )

    return [card(deal) for deal in deals]


def _age(deal: Deal, calendar: Calendar, now: datetime) -> int:
    """Work days of the deal's department since it came to its stage."""
    if deal.stage_entered_at is None:
        return 0
    since, today = (at.astimezone(calendar.zone).date() for at in (deal.stage_entered_at, now))
    return calendar.work_days_between(since, today)


def _clients(session: Session, ids: set[int | None]) -> Mapping[int | None, str]:
    found = session.execute(select(Client.id, Client.name).where(Client.id.in_(ids)))
    return {row[0]: row[1] for row in found}


def _open_tasks(cases: Sequence[int]) -> tuple[ColumnElement[bool], ...]:
    return UserTask.instance_id.in_(cases), UserTask.closed_at.is_(None)


def _first(session: Session, query: Select[Any], key: str) -> dict[int, Any]:
    """The first row of each ``key``, in the order of the query."""
    found: dict[int, Any] = {}
    for row in session.scalars(query):
        found.setdefault(getattr(row, key), row)
    return found
