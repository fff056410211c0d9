"""What does not go smoothly in the demo, and whom it keeps busy: a mail that cannot be sent, a case that rests, days off."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import schedules
from engine.people import Department
from engine.ports import Call, Connector, Failed, Wiring
from engine.process import inbox, operating
from engine.process.instances import Instance
from engine.sales.deals import Deal
from webapp.demo.answers import Answer
from webapp.demo.company import Company
from webapp.demo.world import World, start

MISTYPED = "klient.exmaple"
"""Two letters changed places in the catalogue of clients: no mail ever arrives there."""

ORDERS = (
    # days before the end, hour, minute, what is ordered
    (3, 9, 40, "LABEL-A", 30),
    (2, 11, 15, "RIBB-01", 24),
    (1, 14, 5, "LABEL-A", 48),
)


@dataclass(frozen=True, slots=True)
class Rest:
    """Which deal rests since so many days before the end, and why."""

    days: int
    process: str
    stages: tuple[str, ...]
    name: str
    why: str


RESTS = (
    Rest(21, "fast_sale", ("quote", "accepted", "paid", "packed"), "Przed przeprowadzką",
         "Klient przenosi magazyn; odbierze towar po przeprowadzce."),
    Rest(6, "sales_funnel", ("offer", "negotiation"), "Przed przetargiem",
         "Klient rozstrzyga przetarg; do końca miesiąca nie dzwonimy i niczego nie wysyłamy."),
)  # fmt: skip


@dataclass(slots=True)
class Post:
    """The mail connector of the demo, which knows that some addresses do not exist."""

    behind: Connector
    name: str = "mail"

    def run(self, call: Call) -> dict[str, Any]:
        """Send as always; fail, and be tried again, where the address is mistyped."""
        if MISTYPED in str(call.inputs.get("to")):
            raise Failed(f"the mail server said 450: nobody answers for {MISTYPED}")
        return self.behind.run(call)


def plug(wiring: Wiring) -> Wiring:
    """The wiring under which the demo is played."""
    return replace(wiring, connectors={**wiring.connectors, "mail": Post(wiring.connectors["mail"])})


def keep_days(
    session: Session, firm: Company, units: Mapping[str, Department], *, now: datetime, end: date
) -> None:
    """Days to come on which a department works otherwise, and one on which nobody does."""
    by = firm.people["Adam Bocian"]
    friday = end + timedelta(days=18 - end.weekday())
    saturday = end + timedelta(days=12 - end.weekday())
    said = (
        ("company", friday, "", "", "Dzień integracji firmy"),
        ("warehouse", saturday - timedelta(days=1), "6:00", "10:00", "Inwentaryzacja"),
        ("sales_desk", saturday, "9:00", "13:00", "Sobota przed wyprzedażą"),
    )
    for key, day, opens, closes, name in said:
        schedules.mark(
            session, units[key], day=day.isoformat(), opens=opens, closes=closes, name=name, by=by, now=now
        )


def prepare(world: World) -> None:
    """Put what will go wrong on the agenda."""
    for days, hour, minute, sku, quantity in ORDERS:
        world.later(world.before_end(days, hour, minute), _order, sku, quantity)
    world.later(world.before_end(2, 8, 20), _hear_the_shop)
    world.later(world.before_end(1, 7, 45), _hear_the_bank)
    for rest in RESTS:
        world.later(world.before_end(rest.days, 10), _let_rest, rest)


def _order(world: World, session: Session, at: datetime, sku: str, quantity: int) -> None:
    """A known client orders little, which flows by itself up to the mail that cannot be sent."""
    client = next(each for each in world.firm.clients if each.class_ in {"a", "b"})
    chosen: dict[str, Answer] = {
        "tax_id": client.tax_id,
        "client_name": client.name,
        "email": f"zamowienia@{MISTYPED}",
        "channel": "mail",
        "items": [{"sku": sku, "quantity": str(quantity)}],
        "address": f"{client.city}, ul. Portowa 12",
        "payment": "prepay",
    }
    start(world, session, "fast_sale", "new_order", chosen, world.firm.people["Emil Kret"], at)


def _hear_the_shop(world: World, session: Session, at: datetime) -> None:
    """A web shop brings an order: a message that begins a case."""
    client = next(each for each in world.firm.clients if each.class_ in {"a", "b"} and each.city != "Tczew")
    order: dict[str, Any] = {
        "client_id": client.id,
        "items": [{"sku": "BATT-01", "quantity": 4}],
        "address": f"{client.city}, ul. Nadbrzeżna 3",
        "payment": "prepay",
        "email": client.email,
        "phone": client.phone,
    }
    inbox.receive(session, "order.request", order, key="sklep-2026-004417", now=at)


def _hear_the_bank(world: World, session: Session, at: datetime) -> None:
    """A payment for an order that nobody knows: refused, and left for somebody to look at."""
    paid = {"amount": 412.05}
    inbox.receive(session, "payment.received", paid, key="bank-771-0389", business_key="Z-2026-9041", now=at)


def _let_rest(world: World, session: Session, at: datetime, rest: Rest) -> None:
    """The largest such deal rests, and its state before that is kept; where there is none yet, a little later."""
    director = world.firm.people["Klara Zając"]
    running = select(Instance).join(Deal, Deal.instance_id == Instance.id).where(Deal.status == "open")
    such = running.where(Deal.process == rest.process, Deal.stage.in_(rest.stages))
    case = session.scalars(such.order_by(Deal.amount.desc(), Deal.id)).first()
    if case is None:
        world.later(world.office(at, timedelta(hours=4)), _let_rest, rest)
    else:
        operating.keep(session, case, rest.why, name=rest.name, by=director, now=at)
        operating.suspend(session, case, rest.why, by=director, now=at)
