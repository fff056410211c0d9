"""Two promises to clients that hung on a department: one was saved because the seller knew in time, one was lost.

Legal offered a later day for the first; the seller saw it turn amber, agreed on another day with the client, and
kept that. Presales did not deliver for the second, and the client heard it from the seller.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendars
from engine.people import Person
from engine.process import definitions
from engine.process.tasks import UserTask
from engine.sales import chain, commitments, conversation
from engine.sales.agreements import Agreement
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from webapp.demo import answers
from webapp.demo.world import World

PROCESS = "department_request"


@dataclass(frozen=True, slots=True)
class Owed:
    """What a seller promised a client, and under which agreement a department has to do its part."""

    text: str
    code: str
    share: float
    """How much of the time was over when the client was promised it."""
    days: int
    """Work days the client was told."""


SAVED = Owed("Prześlemy umowę o poufności z ich poprawkami.", "H5", 0.68, 6)
LOST = Owed("Pokażemy zarządowi makietę strefy zwrotów.", "H1", 0.55, 5)

BUSY = "Radca prowadzi przetarg do środy; zdążymy następnego dnia."
BROKEN = "Presales nie oddał makiety; spotkanie z zarządem odwołane."


def prepare(world: World, begin: datetime) -> None:
    """Put both on the agenda."""
    for owed in (SAVED, LOST):
        moment = begin + (world.until - begin) * owed.share
        world.later(world.calendars[None].next_opening(moment), _promise, owed)


def _promise(world: World, session: Session, at: datetime, owed: Owed) -> None:
    """The largest open deal that has come as far as the offer; a little later where there is none yet."""
    agreement = session.scalars(select(Agreement).where(Agreement.code == owed.code)).one()
    deal = _deal(session, owed)
    due_on = calendars.local_day(world.calendars[None].add(at, timedelta(hours=8 * owed.days)))
    if deal is None:
        world.later(world.office(at, timedelta(hours=4)), _promise, owed)
        return
    made = commitments.record(
        session, deal, direction="we_to_client", text=owed.text, due_on=due_on, topic="scope",
        agreed_with="Ewa Jawor", evidence="Notatka ze spotkania", agreement=agreement, by=_owner(world, deal), now=at,
    )  # fmt: skip
    if owed is SAVED:
        world.later(world.office(at, timedelta(hours=2)), _counter, made.id)
    else:
        world.later(_on_the_day(made, timedelta(hours=-7)), _look)
        world.later(_on_the_day(made, timedelta(hours=7, minutes=30)), _break, made.id)


def _deal(session: Session, owed: Owed) -> Deal | None:
    far = select(Deal).where(
        Deal.process == "sales_funnel",
        Deal.status == "open",
        Deal.stage_rank >= 3,
        Deal.owner_id.is_not(None),
    )
    taken = select(Commitment.deal_id).where(Commitment.agreement_id.is_not(None))
    return session.scalars(far.where(Deal.id.not_in(taken)).order_by(Deal.amount.desc(), Deal.id)).first()


# ------------------------------------------------------------------------------------------------ saved


def _counter(world: World, session: Session, at: datetime, commitment_id: int) -> None:
    """Legal cannot do it by then, and says so: the commitment turns amber at once."""
    promise = _asked(session, commitment_id)
    if promise.state != "requested":  # the deal is over: another one
        _promise(world, session, at, SAVED)
        return
    works = world.calendars[promise.provider_id]
    later = works.add(promise.due_at or at, timedelta(hours=4))
    by = world.firm.people["Julia Orzeł"]
    conversation.counter(session, promise, later, BUSY, by=by, now=at)
    world.later(world.office(at, timedelta(hours=3)), _renegotiate, commitment_id)


def _renegotiate(world: World, session: Session, at: datetime, commitment_id: int) -> None:
    """The seller agrees on another day with the client before the client has missed anything."""
    old = session.get_one(Commitment, commitment_id)
    if old.state not in commitments.OPEN:
        _promise(world, session, at, SAVED)
        return
    day = chain.earliest(session, old, now=at)
    deal = session.get_one(Deal, old.deal_id)
    new = commitments.renegotiate(
        session, old, due_on=day, evidence="Rozmowa, potem mail", by=_owner(world, deal), now=at
    )
    promise = _asked(session, new.id)
    world.later(world.office(at, timedelta(hours=14)), _deliver, promise.id, "Julia Orzeł")
    world.later(world.office(at, timedelta(hours=20)), _accept, promise.id, new.id)


def _accept(world: World, session: Session, at: datetime, promise_id: int, commitment_id: int) -> None:
    """The seller takes it over, shows it to the client, and the commitment is kept."""
    promise, commitment = session.get_one(Promise, promise_id), session.get_one(Commitment, commitment_id)
    by = _owner(world, session.get_one(Deal, commitment.deal_id))
    if promise.state == "delivered":
        conversation.accept(session, promise, by=by, now=at)
    if commitment.state in commitments.OPEN:
        commitments.keep(session, commitment, evidence="Mail z umową", by=by, now=at)


# ------------------------------------------------------------------------------------------------ lost


def _look(world: World, session: Session, at: datetime) -> None:
    """What the clock does all day long: nothing came by the end of the day inside, and the seller is told."""
    chain.judge_due(session, now=at)


def _break(world: World, session: Session, at: datetime, commitment_id: int) -> None:
    """Nothing has come; the meeting is called off, and whose doing it was is written down by itself."""
    commitment = session.get_one(Commitment, commitment_id)
    if commitment.state not in commitments.OPEN:
        _promise(world, session, at, LOST)
        return
    by = _owner(world, session.get_one(Deal, commitment.deal_id))
    commitments.break_(session, commitment, BROKEN, by=by, now=at)
    world.later(
        world.office(at, timedelta(hours=10)), _deliver, _asked(session, commitment_id).id, "Filip Ryś"
    )


# ------------------------------------------------------------------------------------------------ what they share


def _deliver(world: World, session: Session, at: datetime, promise_id: int, name: str) -> None:
    promise = session.get_one(Promise, promise_id)
    if promise.outcome is not None or promise.turn != "provider":
        return
    task = session.get_one(UserTask, promise.task_id)
    form = definitions.form(session, world.version(session, task.definition_id), task.form or "")
    raw = answers.fill(form, answers.Setting(world.firm, world.rng, at, None, {})) if form else {}
    conversation.complete(session, task, raw, by=world.firm.people[name], now=at)


def _asked(session: Session, commitment_id: int) -> Promise:
    query = select(Promise).where(Promise.commitment_id == commitment_id).order_by(Promise.id.desc())
    return session.scalars(query).first() or session.get_one(Promise, 0)


def _owner(world: World, deal: Deal) -> Person:
    return world.person(deal.owner_id or 0)


def _on_the_day(commitment: Commitment, past_midnight: timedelta) -> datetime:
    """So long after, or before, the midnight with which the client's day begins."""
    return (
        calendars.ORGANIZATION.moment(datetime.combine(commitment.due_on or date.max, time())) + past_midnight
    )
