"""Ladders and moves: every change of an item's position, written once, in the transaction that caused it.

`follow` is the projection that turns what a diagram did into moves of its deal; `write` adds one move to any ladder.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, Numeric, Select, String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import calendars, people
from engine.db import Base, BigId
from engine.errors import Refusal
from engine.process.advancing import Happened
from engine.process.blueprint import Element, Stage
from engine.process.definitions import Definition
from engine.sales import deals, exits
from engine.sales.deals import Deal, ReasonNeeded

KINDS = (
    "new",
    "forward",
    "forward_skip",
    "backward",
    "won",
    "lost",
    "reopened",
    "suspended",
    "resumed",
    "rerouted",
    "corrected",
)
OUTCOMES = {
    "won": "won",
    "completed": "won",
    "delivered": "won",
    "converted": "rerouted",
    "rerouted": "rerouted",
}
"""What an end event's outcome means for the item; any other ending is a loss."""

MISTAKE = "mistake"
UNDO_WITHIN = timedelta(minutes=10)


class StageGone(Refusal):
    """Its deal stands at “%(stage)s”, and the new version’s ladder has no such position."""


class Move(Base):
    """One change of position on a ladder. Never changed; order inside an item is ``seq`` (1, 2, 3 … no gap).

    ``item`` names what moved (``deal:12``); ``ladder`` the process or other ladder (``sales_funnel``, ``commitment``,
    ``promise``) in the ``ladder_version`` it was then. ``from_*`` is empty for a new item, ``to_*`` for one that left
    (won, lost, rerouted). Ranks count from 1. ``dwell`` is whole seconds in the position left, round the clock.
    ``day`` is the organization's local day; amounts, owner, team and department are those of that moment.
    """

    __tablename__ = "moves"
    __table_args__ = (
        UniqueConstraint("item", "seq"),
        Index("ix_moves_ladder_day", "ladder", "day", "kind"),
        Index("ix_moves_instance", "instance_id", "seq"),
        Index("ix_moves_at", "ladder", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    item: Mapped[str] = mapped_column(String(60))
    seq: Mapped[int]
    ladder: Mapped[str] = mapped_column(String(120))
    ladder_version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    from_stage: Mapped[str | None] = mapped_column(String(60))
    to_stage: Mapped[str | None] = mapped_column(String(60))
    from_rank: Mapped[int | None]
    to_rank: Mapped[int | None]
    at: Mapped[datetime]
    day: Mapped[date]
    recorded_at: Mapped[datetime]
    dwell: Mapped[int | None]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    on_behalf_of_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    amount: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    currency: Mapped[str | None] = mapped_column(String(3))
    probability_before: Mapped[int | None]
    probability_after: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(String(80))
    note: Mapped[str | None] = mapped_column(Text)
    causing_department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    definition_id: Mapped[int | None] = mapped_column(ForeignKey("definitions.id"))
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instances.id"))
    task_id: Mapped[int | None] = mapped_column(BigId)
    event_seq: Mapped[int | None]
    """The fact of the instance's history that caused the move."""
    cause: Mapped[str] = mapped_column(String(10))
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("moves.id"))


@dataclass(frozen=True, slots=True)
class Why:
    """The reason of a move, in a key or in words, and whose doing it was; nobody's of ours means the client's."""

    reason: str | None = None
    note: str | None = None
    causing_department_id: int | None = None


def moves(item: str) -> Select[Move]:
    """Every move of one item, in order."""
    return select(Move).where(Move.item == item).order_by(Move.seq)


def last(session: Session, item: str) -> Move | None:
    """The move that brought the item where it is."""
    return session.scalar(select(Move).where(Move.item == item).order_by(Move.seq.desc()).limit(1))


def write(
    session: Session,
    item: str,
    ladder: str,
    kind: str,
    *,
    now: datetime,
    cause: str,
    before: int | None = None,
    **what: Any,
) -> Move:
    """Add one move with the item's next ``seq``. ``what`` are columns of `Move`; returns the flushed row.

    ``before`` is the item's last ``seq`` where the caller knows it.
    """
    seq = before
    if seq is None:
        seq = session.scalar(select(func.max(Move.seq)).where(Move.item == item)) or 0
    values = {"ladder_version": 1, **what}
    move = Move(
        item=item,
        seq=seq + 1,
        ladder=ladder,
        kind=kind,
        at=now,
        day=calendars.local_day(now),
        recorded_at=now,
        cause=cause,
        **values,
    )
    session.add(move)
    session.flush()
    return move


# ------------------------------------------------------------------------------------------------ deals


def follow(session: Session, happened: Happened) -> None:
    """The projection: write the moves that one command caused, and keep the deal's position equal to them.

    Raises ReasonNeeded when a person sends a deal back or loses it without saying why, ExitHeld when one moves it on
    without what its stage demands.
    """
    is_silent = not any(_is_mark(each.element) for each in happened.entered) and happened.before is None
    if happened.instance.ended_at is None and is_silent:
        return
    deal = deals.of(session, happened.instance.id)
    if deal is None:
        return
    if happened.before is not None:
        _reroute(session, deal, happened)
    for entered in happened.entered:
        element = entered.element
        if element.state == "suspended":
            _suspend(session, deal, happened, element, entered.seq)
        elif element.stage:
            _enter(session, deal, happened, element, entered.seq)
        elif element.outcome and element.kind != "endEvent":
            _close(session, deal, happened, element, element.outcome, entered.seq)
    instance = happened.instance
    if instance.ended_at is not None and deal.closed_at is None:
        ends = [each.element for each in happened.entered if each.element.kind == "endEvent"]
        _close(
            session, deal, happened, ends[-1] if ends else None, instance.outcome or "stopped", instance.seq
        )


def _reroute(session: Session, deal: Deal, happened: Happened) -> None:
    """The deal goes on by another version of its ladder. Raises StageGone when that has no such position."""
    if deal.stage is None or deal.closed_at is not None:
        return
    key = next((each.stage for each in happened.relocated if each.stage), deal.stage)
    stage, place = happened.blueprint.stage(key), happened.blueprint.rank(key)
    if stage is None or place is None:
        before = happened.before.stage(key) if happened.before else None
        raise StageGone(stage=before.title if before else key)
    if (key, place) != (deal.stage, deal.stage_rank):
        here = {"to_stage": key, "to_rank": place, "probability_after": stage.probability}
        move = _write(session, deal, happened, "rerouted", Why("migrated"), happened.instance.seq, **here)
        status, until = deal.status, deal.suspended_until
        _stand(deal, stage, move)
        deal.status, deal.suspended_until = status, until


def _is_mark(element: Element) -> bool:
    """Whether entering this element can move anything."""
    return bool(element.stage or element.state or element.outcome)


def _enter(session: Session, deal: Deal, happened: Happened, element: Element, seq: int) -> None:
    stage = happened.blueprint.stage(element.stage or "")
    place = happened.blueprint.rank(element.stage or "")
    if stage is None or place is None:
        return
    kind = _kind(deal, place)
    if kind is None:
        return
    why = _why(session, deal, happened, element, needed=kind == "backward")
    before = last(session, f"deal:{deal.id}") if why.reason == MISTAKE else None
    undoes = before if _is_undone(before, stage, why, happened) else None
    if kind in {"forward", "forward_skip"} and undoes is None and happened.by and happened.cause == "user":
        exits.must_be_free(session, deal, happened.blueprint, place, now=happened.now)
    move = _write(
        session,
        deal,
        happened,
        "corrected" if undoes else kind,
        why,
        seq,
        to_stage=stage.key,
        to_rank=place,
        probability_after=stage.probability,
        corrects_id=undoes.id if undoes else None,
    )
    _stand(deal, stage, move)
    if undoes is not None:
        _undo(session, deal, undoes)


def _kind(deal: Deal, place: int) -> str | None:
    if deal.stage_rank is None:
        return "new"
    if deal.status == "suspended":
        return "resumed"
    if deal.closed_at is not None:
        return "reopened"
    if place == deal.stage_rank:
        return None
    if place < deal.stage_rank:
        return "backward"
    return "forward" if place == deal.stage_rank + 1 else "forward_skip"


def _is_undone(before: Move | None, stage: Stage, why: Why, happened: Happened) -> bool:
    """Whether this takes the last move back: the same person, soon after, and it was a mistake."""
    return (
        before is not None
        and why.reason == MISTAKE
        and happened.by is not None
        and before.actor_id == happened.by.id
        and before.kind in {"forward", "forward_skip", "backward"}
        and before.from_stage == stage.key
        and happened.now - before.at <= UNDO_WITHIN
    )


def _stand(deal: Deal, stage: Stage, move: Move) -> None:
    deal.stage, deal.stage_rank, deal.stage_entered_at = stage.key, move.to_rank, move.at
    deal.status, deal.closed_at, deal.suspended_until = "open", None, None
    deal.reached_rank = max(deal.reached_rank or 0, move.to_rank or 0)
    deal.moved_at = move.at
    if stage.probability is not None:
        deal.probability = stage.probability


def _undo(session: Session, deal: Deal, undone: Move) -> None:
    """The deal stands where it stood, since it stood there, and has never reached what it left by mistake."""
    deal.stage_entered_at = undone.at - timedelta(seconds=undone.dwell or 0)
    struck = select(Move.corrects_id).where(Move.item == undone.item, Move.corrects_id.is_not(None))
    reached = select(func.max(Move.to_rank)).where(Move.item == undone.item, Move.id.not_in(struck))
    deal.reached_rank = session.scalar(reached) or 0


def _suspend(session: Session, deal: Deal, happened: Happened, element: Element, seq: int) -> None:
    """It waits where it stands: the position does not change."""
    if deal.status != "open":
        return
    why = _why(session, deal, happened, element, needed=False)
    here = {"to_stage": deal.stage, "to_rank": deal.stage_rank, "probability_after": deal.probability}
    move = _write(session, deal, happened, "suspended", why, seq, **here)
    deal.status, deal.moved_at = "suspended", move.at


def _close(
    session: Session, deal: Deal, happened: Happened, element: Element | None, outcome: str, seq: int
) -> None:
    if deal.closed_at is not None:
        return
    kind = OUTCOMES.get(outcome, "lost")
    why = _why(session, deal, happened, element, needed=kind == "lost")
    after = {"won": 100, "lost": 0}.get(kind)
    _arrive(session, deal, happened, seq)
    move = _write(session, deal, happened, kind, why, seq, probability_after=after)
    deal.status, deal.closed_at, deal.moved_at, deal.suspended_until = kind, move.at, move.at, None
    deal.probability = after
    if kind == "lost":
        deal.loss_reason = deal.loss_reason or why.reason


def _arrive(session: Session, deal: Deal, happened: Happened, seq: int) -> None:
    """An item that ends before it stood anywhere stood at the beginning: what leaves must have come."""
    ordered = sorted(happened.blueprint.ladder, key=lambda stage: stage.order)
    if deal.stage_rank is None and ordered:
        move = _write(
            session,
            deal,
            happened,
            "new",
            Why(),
            seq,
            to_stage=ordered[0].key,
            to_rank=1,
            probability_after=ordered[0].probability,
        )
        _stand(deal, ordered[0], move)


def _write(
    session: Session, deal: Deal, happened: Happened, kind: str, why: Why, seq: int, **what: Any
) -> Move:
    definition = session.get_one(Definition, happened.instance.definition_id)
    left = deal.stage_entered_at if deal.status == "open" else None
    move = write(
        session,
        f"deal:{deal.id}",
        deal.ladder,
        kind,
        now=happened.now,
        cause=happened.cause,
        ladder_version=definition.version,
        from_stage=deal.stage,
        from_rank=deal.stage_rank,
        dwell=int((happened.now - left).total_seconds()) if left and kind != "new" else None,
        actor_id=happened.by.id if happened.by else None,
        owner_id=deal.owner_id,
        department_id=deal.department_id,
        amount=deal.amount,
        currency=deal.currency,
        probability_before=deal.probability if kind != "new" else None,
        reason=why.reason,
        note=why.note,
        causing_department_id=why.causing_department_id,
        definition_id=definition.id,
        instance_id=happened.instance.id,
        task_id=happened.task.id if happened.task else None,
        event_seq=seq,
        before=deal.move_count,
        **what,
    )
    deal.move_count = move.seq
    return move


def _why(session: Session, deal: Deal, happened: Happened, element: Element | None, *, needed: bool) -> Why:
    """The reason as somebody gave it, else as the diagram or the cause says. Raises ReasonNeeded."""
    said = {name: value for name, value in happened.answers.items() if value not in (None, "")}
    if needed:
        said = {**happened.data, **said}
    reason = said.get("reason") or said.get("loss_reason")
    if not reason and needed:
        reason = deal.loss_reason or _own_words(happened, element)
    if not reason and needed:
        raise ReasonNeeded
    note = said.get("note") or said.get("lesson")
    causing = _department(session, said.get("causing_department"))
    return Why(str(reason)[:80] if reason else None, str(note) if note else None, causing)


def _own_words(happened: Happened, element: Element | None) -> str | None:
    """Nobody was asked: the end of a flow, a timer, a message or a stop is its own reason."""
    drawn = element.properties.get("reason") if element else None
    if drawn or happened.by is None or happened.cause in {"job", "timer", "admin"}:
        return drawn or happened.message or (element.id if element else happened.cause)
    return element.id if element and happened.blueprint.kind == "flow" else None


def _department(session: Session, said: Any) -> int | None:
    """A department by its id or key; ``client`` and nothing are nobody's of ours."""
    if isinstance(said, int) or (isinstance(said, str) and said.isdecimal() and len(said) < 19):
        return int(said)
    found = people.department(session, str(said)) if said else None
    return found.id if found else None
