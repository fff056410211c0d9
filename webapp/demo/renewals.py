"""Renewals: small long sales to old clients, which their sellers drag along the board until the contract."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendars
from engine.people import Person
from engine.process.instances import Instance
from engine.sales import commitments, deals
from engine.sales.deals import Deal
from webapp.demo.answers import Answer
from webapp.demo.story import STAGES
from webapp.demo.world import World, start

TITLES = ("Odnowienie serwisu", "Serwis terminali na rok", "Dokupienie licencji", "Przedłużenie gwarancji")
PROMISES = ("Przyślą listę urządzeń.", "Umówią rozmowę z kierownikiem.", "Potwierdzą zakres mailem.")
PATIENCE = (240.0, 1100.0)
"""Work minutes between two steps, at least and at most."""


def begin(world: World, session: Session, at: datetime) -> None:
    """A seller opens a renewal and will move it on in a day or two."""
    seller = world.rng.choice(world.firm.by_department[world.rng.choice(("sales_north", "sales_south"))])
    client = world.rng.choice(world.firm.clients)
    last = session.scalar(select(Instance.id).order_by(Instance.id.desc()).limit(1)) or 0
    start(world, session, "sales_funnel", "new_deal", _card(world, client.id, seller, at), seller, at)
    opened = session.scalar(
        select(Deal.id).join(Instance, Instance.id == Deal.instance_id).where(Instance.id > last)
    )
    if opened is not None:
        _soon(world, at, opened)


def _card(world: World, client: int, seller: Person, at: datetime) -> dict[str, Answer]:
    closes = calendars.local_day(at) + timedelta(days=world.rng.randrange(20, 45))
    return {
        "client": str(client),
        "contact": str(world.firm.contacts[client].id),
        "title": world.rng.choice(TITLES),
        "amount": f"{world.rng.randrange(6, 38)}000",
        "currency": "PLN",
        "expected_close": closes.isoformat(),
        "owner": str(seller.id),
    }


def _soon(world: World, at: datetime, deal_id: int) -> None:
    wait = timedelta(minutes=world.rng.uniform(*PATIENCE))
    world.later(world.office(at, wait), _drag, deal_id)


def _drag(world: World, session: Session, at: datetime, deal_id: int) -> None:
    """The card goes one column on, as dropping it there does, until it stands before the last one."""
    deal = session.get_one(Deal, deal_id)
    rank = deal.stage_rank or 1
    if deal.status != "open" or rank >= len(STAGES):
        return
    by = world.person(deal.owner_id or 0)
    if rank == 1:  # the first stage wants something that the client promised
        text, due_on = PROMISES[deal_id % len(PROMISES)], calendars.local_day(at) + timedelta(days=7)
        commitments.record(session, deal, direction="client_to_us", text=text, due_on=due_on, by=by, now=at)
    deals.move(session, deal, STAGES[rank], by=by, now=at)
    _soon(world, at, deal_id)
