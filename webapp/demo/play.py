"""The demo is history: months of both processes played through the real engine with an injected clock.

One queue of moments: new deals and orders arrive, people take and complete the tasks that open, clients answer what a
process waits for, timers fire and connectors work in between. Nothing is written that a person, a client or the clock
could not have done. The same seed plays the same months.
"""

import heapq
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from engine import calendars
from engine.db import sessions
from engine.errors import Refusal
from engine.people import Department, Person
from engine.ports import Wiring
from engine.process import clock, definitions, instances, tasks
from engine.process.advancing import Happened
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.outbox import PENDING, Job
from engine.process.subscriptions import Subscription
from engine.process.tasks import UserTask
from engine.sales import agreements as signed
from engine.sales import commitments
from engine.sales.deals import Deal
from webapp import shipped
from webapp.demo import agreements, answers, company, story
from webapp.demo.company import Company


@dataclass(frozen=True, slots=True)
class Size:
    """How much is played: days back from today, new long deals and fast sales per work day."""

    days: int
    deals: float
    orders: float


SIZES = {"small": Size(100, 0.9, 1.2), "year": Size(380, 4.2, 42.0)}

Action = Callable[[Session, datetime], None]


@dataclass(slots=True)
class World:
    """The demo while it is played."""

    factory: sessionmaker[Session]
    rng: random.Random
    firm: Company
    departments: Mapping[str, Department]
    definitions: Mapping[str, Definition]
    until: datetime
    agenda: list[tuple[datetime, int, Action]] = field(default_factory=list)
    numbers: Any = field(default_factory=count)
    seen: set[tuple[str, str]] = field(default_factory=set)
    refused: int = 0
    done: int = 0

    def later(self, at: datetime, action: Action) -> None:
        """Something will happen at a moment."""
        if at < self.until:
            heapq.heappush(self.agenda, (at, next(self.numbers), action))


def is_played(session: Session) -> bool:
    """Whether there is somebody in the database already."""
    return session.scalar(select(func.count(Person.id))) != 0


def play(
    engine: Engine,
    wiring: Wiring,
    *,
    now: datetime,
    size: str = "small",
    seed: int = 7,
    progress: Callable[[float], None] = lambda share: None,
) -> World:
    """Fill an empty database up to ``now``. ``progress`` is told the share of time already played, 0 to 1."""
    how_much = SIZES[size]
    begin = _morning(now - timedelta(days=how_much.days))
    world = _found(engine, wiring, begin=begin, until=now, seed=seed)
    _arrivals(world, how_much, begin)
    moment = begin
    while world.agenda:
        at, _, action = heapq.heappop(world.agenda)
        moment = _let_time_pass(world, moment, at)
        _act(world, action, at)
        progress((at - begin) / (now - begin))
    _let_time_pass(world, moment, now)
    with world.factory.begin() as session:
        agreements.negotiate(session, world.firm, now=now)
    progress(1.0)
    return world


def _found(engine: Engine, wiring: Wiring, *, begin: datetime, until: datetime, seed: int) -> World:
    """The company, its processes and its agreements, before the first day."""
    rng = random.Random(seed)
    watched: list[World] = []
    plain = sessions(engine, wiring=wiring)
    with plain.begin() as session:
        firm = company.found(session, now=begin, seed=seed)
        designer = firm.people["Dorota Sowa"]
        deployed = {each.process: each for each in shipped.deploy(session, by=designer, now=begin)}
        agreements.sign_all(session, firm, now=begin)
        departments = {unit.key: unit for unit in session.scalars(select(Department))}
    watch = replace(
        wiring,
        projections=(*wiring.projections, lambda session, happened: _watch(watched[0], session, happened)),
    )
    world = World(sessions(engine, wiring=watch), rng, firm, departments, deployed, until)
    watched.append(world)
    return world


def _act(world: World, action: Action, at: datetime) -> None:
    """One thing in one transaction. What the product refuses, people of the demo leave alone."""
    try:
        with world.factory.begin() as session:
            action(session, at)
            world.done += 1
    except Refusal:
        world.refused += 1


def _let_time_pass(world: World, since: datetime, until: datetime) -> datetime:
    """Timers fire and connectors work at their own moments between two actions."""
    while True:
        with world.factory() as session:
            due = select(func.min(Subscription.due_at)).where(Subscription.due_at <= until)
            pending = select(func.min(Job.next_at)).where(PENDING, Job.next_at <= until)
            found = session.execute(select(due.scalar_subquery(), pending.scalar_subquery())).one()
            session.rollback()
        moments = [moment for moment in found if moment is not None]
        if not moments:
            return until
        since = max(since, min(moments))
        clock.tick(world.factory, now=since)


# ------------------------------------------------------------------------------------------------ what begins


def _arrivals(world: World, size: Size, begin: datetime) -> None:
    """New deals and orders on work days, more of them early in the week."""
    day = calendars.local_day(begin)
    last = calendars.local_day(world.until)
    while day <= last:
        if calendars.is_work_day(day):
            eight = datetime.combine(day, time(8), tzinfo=calendars.HOME)
            world.later(eight.astimezone(UTC), _bound(_remind, world))
            rhythm = (1.25, 1.15, 1.0, 0.9, 0.7)[day.weekday()]
            for per_day, action in ((size.deals, _new_deal), (size.orders, _new_order)):
                for _ in range(_poisson(world.rng, per_day * rhythm)):
                    minute = timedelta(minutes=world.rng.uniform(8 * 60, 16 * 60))
                    local = datetime.combine(day, time(), tzinfo=calendars.HOME) + minute
                    world.later(local.astimezone(UTC), _bound(action, world))
        day += timedelta(days=1)


def _remind(world: World, session: Session, at: datetime) -> None:
    """What the clock does besides timers: commitments whose day has come, agreements that begin."""
    commitments.ask_due(session, now=at)
    signed.begin_due(session, now=at)


def _new_deal(world: World, session: Session, at: datetime) -> None:
    rng = world.rng
    seller = rng.choice(world.firm.by_department[rng.choice(("sales_north", "sales_south"))])
    client = rng.choice(world.firm.clients)
    amount = round(min(max(rng.lognormvariate(11.3, 0.8), 8_000), 1_500_000), -3)
    today = calendars.local_day(at)
    chosen: dict[str, answers.Answer] = {
        "client": str(client.id),
        "contact": str(world.firm.contacts[client.id].id),
        "title": rng.choice(("Wdrożenie WMS", "Linia etykiet", "Terminale dla magazynu", "Serwis trzyletni",
                             "Bramki RFID", "Rozbudowa o drugi magazyn")),
        "amount": f"{amount:.0f}",
        "currency": "PLN",
        "expected_close": (today + timedelta(days=rng.randrange(45, 160))).isoformat(),
        "owner": str(seller.id),
    }  # fmt: skip
    _start(world, session, "sales_funnel", "new_deal", chosen, seller, at)


def _new_order(world: World, session: Session, at: datetime) -> None:
    clerk = world.rng.choice(world.firm.by_department["sales_desk"])
    chosen = story.decided("new_order", None, world.firm, world.departments, world.rng, at)
    _start(world, session, "fast_sale", "new_order", chosen, clerk, at)


def _start(
    world: World,
    session: Session,
    process: str,
    form: str,
    chosen: Mapping[str, answers.Answer],
    by: Person,
    at: datetime,
) -> None:
    definition = session.get_one(Definition, world.definitions[process].id)
    asked = definitions.form(session, definition, form)
    if asked is None:
        return
    raw = answers.fill(asked, answers.Setting(world.firm, world.rng, at, None, chosen))
    instances.start(session, definition, raw, by=by, now=at, owner=by)


# ------------------------------------------------------------------------------------------------ what follows


def _watch(world: World, session: Session, happened: Happened) -> None:
    """Whatever a command opened will be done by somebody; whatever it waits for may be answered by the client."""
    for task in happened.opened:
        done = calendars.add_work_time(
            happened.now, minutes=story.minutes(task, world.rng), department=_unit(world, task.audience)
        )
        world.later(done, _bound(_complete, world, task.id))
        if task.assignee_id is None and world.rng.random() < 0.6:
            world.later(happened.now + (done - happened.now) * 0.3, _bound(_claim, world, task.id))
    waits = select(Subscription.token, Subscription.name).where(
        Subscription.instance_id == happened.instance.id, Subscription.kind == "message"
    )
    for row in session.execute(waits.order_by(Subscription.id)):
        client = story.CLIENTS.get(row.name or "")
        if client is None or (row.token, row.name or "") in world.seen:
            continue
        world.seen.add((row.token, row.name or ""))
        if world.rng.random() < client.odds:
            at = happened.now + timedelta(hours=world.rng.uniform(*client.hours))
            world.later(_office(at), _bound(_client, world, happened.instance.id, row.name, row.token))


def _claim(world: World, session: Session, at: datetime, task_id: int) -> None:
    task = session.get_one(UserTask, task_id)
    if task.closed_at is None and task.assignee_id is None:
        tasks.claim(session, task, by=_somebody(world, session, task), now=at)


def _complete(world: World, session: Session, at: datetime, task_id: int) -> None:
    task = session.get_one(UserTask, task_id)
    if task.closed_at is not None:
        return
    definition = session.get_one(Definition, task.definition_id)
    form = definitions.form(session, definition, task.form) if task.form else None
    deal = session.scalar(select(Deal).where(Deal.instance_id == task.instance_id))
    raw: dict[str, list[str]] = {}
    if form is not None:
        chosen = story.decided(form.key, deal, world.firm, world.departments, world.rng, at)
        raw = answers.fill(form, answers.Setting(world.firm, world.rng, at, deal, chosen))
    instances.complete(session, task, raw, by=_somebody(world, session, task), now=at)


def _client(world: World, session: Session, at: datetime, instance_id: int, message: str, token: str) -> None:
    """A client's message, as the mail or the payment gate would bring it."""
    instance = session.get_one(Instance, instance_id)
    if instance.ended_at is None:
        payload = _payload(world, session, instance, message)
        instances.send(session, instance, message, payload, by=None, now=at, token=token)


def _payload(world: World, session: Session, instance: Instance, message: str) -> dict[str, Any]:
    if message == "payment.received":
        deal = session.scalar(select(Deal).where(Deal.instance_id == instance.id))
        amount = float(deal.amount) if deal and deal.amount else 0.0
        return {"amount": amount if world.rng.random() < 0.95 else round(amount * 0.9, 2)}
    if message == "client.withdrew":
        reason = story.choose("record_loss", "reason", world.rng)
        return {"reason": reason, "note": None, "causing_department": None}
    return {}


def _somebody(world: World, session: Session, task: UserTask) -> Person:
    """Who does it: the assignee, else one of those whose queue it stands in."""
    if task.assignee_id is not None:
        return session.get_one(Person, task.assignee_id)
    able = [person for person in world.firm.people.values() if task.audience in person.audiences]
    chosen = world.rng.choice(able or list(world.firm.people.values()))
    return session.get_one(Person, chosen.id)


def _unit(world: World, audience: str | None) -> Department | None:
    return world.departments.get((audience or "").partition(":")[2])


# ------------------------------------------------------------------------------------------------ small helpers


def _bound(action: Callable[..., None], world: World, *more: Any) -> Action:
    return lambda session, at: action(world, session, at, *more)


def _morning(at: datetime) -> datetime:
    """The morning of that day, or of the next work day."""
    seven = datetime.combine(calendars.local_day(at), time(7), tzinfo=calendars.HOME)
    return calendars.add_work_time(seven)


def _office(at: datetime) -> datetime:
    """Clients answer on work days, in the day."""
    return calendars.add_work_time(at, minutes=1)


def _poisson(rng: random.Random, mean: float) -> int:
    """A Poisson number by Knuth's product of uniforms; the means here are small."""
    limit, product, number = 2.718281828459045**-mean, rng.random(), 0
    while product > limit:
        product *= rng.random()
        number += 1
    return number
