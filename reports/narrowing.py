"""Which items a section or a product leaves of a ladder: a selection of item keys, put beside the viewer's rights.

A section asks about deals; on the ladders of commitments and promises it chooses those of its deals. As of a past day
a deal stands, is led and is worth what its last move until then says; what moves do not tell (its title, its client,
its margin) is as it is now.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, func, literal, select, true
from sqlalchemy.orm import Session
from sqlalchemy.sql import visitors

from engine import access
from engine.errors import NotFound, Refusal
from engine.people import Person
from engine.sales import rules, sections
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from engine.sales.ladders import Move
from engine.sales.promises import Promise
from engine.sales.rules import Viewer
from engine.sales.sections import Section
from engine.sales.subjects import SUBJECTS

ABOUT = "deals"
"""The subject of the sections that reports are filtered by."""


class SectionNotYours(NotFound):
    """There is no section with the number %(number)s that you may use."""


class SectionOfOthers(Refusal):
    """The section “%(title)s” does not choose deals: this report cannot be filtered by it."""


class NotOfDeals(Refusal):
    """“%(name)s” cannot be filtered by sections or products: they belong to deals, and here there are none."""


def section(session: Session, number: int, viewer: Person | None) -> Section:
    """The section of deals with this number, if the viewer may use it; the system (None) may use every one.

    Raises SectionNotYours, SectionOfOthers.
    """
    query = select(Section) if viewer is None else sections.usable(viewer)
    found = session.scalar(query.where(Section.id == number))
    if found is None:
        raise SectionNotYours(number=number)
    if found.subject != ABOUT:
        raise SectionOfOthers(title=found.title)
    return found


def items(
    session: Session,
    of: str,
    *,
    viewer: Person | None,
    now: datetime,
    as_of: datetime | None = None,
    chosen: Section | None = None,
    product: str | None = None,
) -> Select[Any] | None:
    """The keys of the items (``of`` is what they are: deal, commitment, promise) that are left; None narrows nothing.

    Without a viewer a rule about ``@me`` is about the section's owner. Raises what `rules.check` raises.
    """
    conditions: list[ColumnElement[bool]] = []
    if chosen is not None:
        about = SUBJECTS[ABOUT]
        rules.check(about, chosen.rules)
        whose = viewer or session.get_one(Person, chosen.owner_id)
        conditions.append(rules.clause(about, chosen.rules, Viewer(session, whose, as_of or now)))
    if product is not None:
        conditions.append(func.coalesce(Deal.product_line, "") == product)
    if not conditions:
        return None
    if viewer is not None and of != "deal":  # whoever sees a promise need not see its deal
        conditions.append(access.visible(viewer, Deal))
    if as_of is None:
        return _keys(of).where(*conditions)
    last = _last_moves(as_of).subquery()
    told = [_replaced(each, dict(last.c)) for each in conditions[: 1 if chosen is not None else 0]]
    kept = conditions[len(told) :]
    return _keys(of).join(last, last.c.instance_id == Deal.instance_id).where(*told, *kept)


def _keys(of: str) -> Select[Any]:
    """The item keys, from the deals."""
    if of == "deal":
        return select(literal("deal:") + cast(Deal.id, String)).select_from(Deal)
    model: Any = {"commitment": Commitment, "promise": Promise}[of]
    key = literal(f"{of}:") + cast(model.id, String)
    return select(key).select_from(Deal).join(model, model.deal_id == Deal.id)


def _last_moves(as_of: datetime) -> Select[Any]:
    """What the last move known then says of each deal, by the names of the deal's columns."""
    place = func.row_number().over(partition_by=Move.item, order_by=Move.seq.desc())
    mine = Move.item.like("deal:%")
    known = select(Move, place.label("place")).where(mine, Move.recorded_at <= as_of).subquery()
    move = known.c
    left = and_(move.kind == "rerouted", move.to_stage.is_(None))
    ended = move.kind.in_(("won", "lost"))
    status = case((ended, move.kind), (left, "rerouted"), (move.kind == "suspended", move.kind), else_="open")
    return select(
        move.instance_id,
        case((ended | left, move.from_stage), else_=move.to_stage).label("stage"),
        case((ended | left, move.from_rank), else_=move.to_rank).label("stage_rank"),
        status.label("status"),
        case((ended | left, move.at)).label("closed_at"),
        move.at.label("moved_at"),
        move.amount,
        move.owner_id,
        move.department_id,
        move.probability_after.label("probability"),
        case((move.kind == "lost", move.reason)).label("loss_reason"),
    ).where(move.place == 1)


def _replaced(clause: ColumnElement[bool], known: Mapping[str, Any]) -> ColumnElement[bool]:
    """The clause about what was known instead of the deal as it is."""

    def told(element: Any, **_: Any) -> Any:
        of_deal = getattr(getattr(element, "table", None), "name", None) == Deal.__tablename__
        return known[element.key] if of_deal and element.key in known else None

    found: ColumnElement[bool] = visitors.replacement_traverse(and_(true(), clause), {}, told)
    return found
