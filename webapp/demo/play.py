"""The demo is history: months of both processes played through the real engine with an injected clock.

One queue of moments: new deals and orders arrive, people take and complete the tasks that open, clients answer what a
process waits for, timers fire and connectors work in between. Nothing is written that a person, a client or the clock
could not have done. The same seed plays the same months.
"""

import gc
import heapq
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import Engine, bindparam, func, select
from sqlalchemy.orm import Session

from engine import calendars, notices
from engine.db import UtcDateTime, sessions
from engine.errors import Refusal
from engine.notices import Notice
from engine.people import Department, Person
from engine.ports import Wiring
from engine.process import clock, definitions, instances, tasks
from engine.process.advancing import Happened
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.outbox import PENDING, Job
from engine.process.subscriptions import Subscription
from engine.process.tasks import UserTask
from engine.sales import chain, remembering, standing
from engine.sales.deals import Deal
from engine.sales.promises import RINGS, Promise
from webapp import shipped
from webapp.demo import (
    answers,
    chained,
    company,
    earlier,
    given,
    low_days,
    parley,
    renewals,
    story,
    talks,
    trouble,
    warehouse,
)
from webapp.demo.company import Company
from webapp.demo.world import Action, World, poisson, start


@dataclass(frozen=True, slots=True)
class Size:
    """How much is played: days back from today, new long deals and fast sales per work day."""

    days: int
    deals: float
    orders: float
    renewals: float
    """New renewals per work day in the last weeks: small long sales that are dragged along the board."""


SIZES = {"small": Size(100, 0.42, 1.3, 0.6), "year": Size(380, 2.0, 6.0, 0.8)}

RENEWING = timedelta(days=70)
"""So long before the end renewals begin."""

CHANGED = 0.84
"""When so much of the time has passed, the second version of the fast sale is deployed."""


_UNTIL = bindparam("until", type_=UtcDateTime)
_NEXT = select(
    select(func.min(Subscription.due_at)).where(Subscription.due_at <= _UNTIL).scalar_subquery(),
    select(func.min(Job.next_at)).where(PENDING, Job.next_at <= _UNTIL).scalar_subquery(),
    select(func.min(Promise.alarm_at)).where(RINGS, Promise.alarm_at <= _UNTIL).scalar_subquery(),
)
"""When a timer, a job or a promise is due next: asked thousands of times, so written once."""

PATIENCE = timedelta(hours=4)
"""Of work: when somebody who waits for the other side of a hand-off looks again."""


TIDIED_AFTER = 300
"""Actions."""


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
    founded = _morning(begin - parley.BEFORE)
    world = _found(engine, wiring, begin=founded, until=now, seed=seed)
    parley.prepare(world, begin)
    world.later(world.office(begin + (now - begin) * CHANGED), _change_version)
    trouble.prepare(world)
    chained.prepare(world, begin)
    _arrivals(world, how_much, begin)
    with _seldom_tidied() as tidy:
        moment = founded
        while world.agenda:
            at, _, action = heapq.heappop(world.agenda)
            moment = _let_time_pass(world, moment, at)
            _act(world, action, at)
            tidy(world.done)
            progress(max(at - begin, timedelta()) / (now - begin))
        _let_time_pass(world, moment, now)
    progress(1.0)
    return world


@contextmanager
def _seldom_tidied() -> Iterator[Callable[[int], None]]:
    """Python looks for circles of garbage after every few hundred actions only: it takes a sixth of the time else, most
    of it among diagrams that stay to the end."""
    was_on = gc.isenabled()
    gc.freeze()
    gc.disable()
    try:
        yield lambda done: None if done % TIDIED_AFTER else _tidy()
    finally:
        gc.unfreeze()
        if was_on:
            gc.enable()


def _tidy() -> None:
    gc.collect()


def _found(engine: Engine, wiring: Wiring, *, begin: datetime, until: datetime, seed: int) -> World:
    """The company and its processes, before anybody has agreed on anything."""
    watched: list[World] = []
    heard = trouble.plug(wiring)
    with sessions(engine, wiring=wiring).begin() as session:
        firm = company.found(session, now=begin, seed=seed)
        departments = {unit.key: unit for unit in session.scalars(select(Department))}
        trouble.keep_days(session, firm, departments, now=begin, end=calendars.local_day(until))
        deployed = _deploy(session, firm, now=begin)
        known = calendars.of_all(session)
    watch = replace(
        heard,
        projections=(*heard.projections, lambda session, happened: _watch(watched[0], session, happened)),
    )
    rng = random.Random(seed)
    world = World(sessions(engine, wiring=watch), rng, firm, departments, deployed, known, until)
    watched.append(world)
    return world


def _deploy(session: Session, firm: Company, *, now: datetime) -> dict[str, Definition]:
    """The shipped processes; of the fast sale the version before."""
    by, known = firm.people["Dorota Sowa"], shipped.known(session)
    bundles = {process: shipped.bundle(process) for process in shipped.PROCESSES}
    bundles[earlier.PROCESS] = earlier.bundle()
    return {
        process: definitions.deploy(session, files, process=process, known=known, by=by, now=now)
        for process, files in bundles.items()
    }


def _change_version(world: World, session: Session, at: datetime) -> None:
    """The fast sale gets its second version, which is the shipped one."""
    by, files = world.firm.people["Dorota Sowa"], shipped.bundle(earlier.PROCESS)
    world.definitions[earlier.PROCESS] = definitions.deploy(
        session, files, process=earlier.PROCESS, known=shipped.known(session), by=by, now=at
    )


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
        with world.looking() as connection:
            found = connection.execute(_NEXT, {"until": until}).one()
        moments = [moment for moment in found if moment is not None]
        if not moments:
            return until
        since = max(since, min(moments))
        if any(moment <= since for moment in found[:2] if moment is not None):
            clock.tick(world.factory, now=since)
        if found[2] is not None and found[2] <= since:
            talks.ring(world, since)


# ------------------------------------------------------------------------------------------------ what begins


def _arrivals(world: World, size: Size, begin: datetime) -> None:
    """New deals and orders on work days, more of them early in the week."""
    day = calendars.local_day(begin)
    last = calendars.local_day(world.until)
    while day <= last:
        if world.calendars[None].is_work_day(day):
            eight = datetime.combine(day, time(8), tzinfo=calendars.HOME)
            world.later(eight.astimezone(UTC), _remind)
            small = size.renewals if day > last - RENEWING else 0
            rhythm = (1.25, 1.15, 1.0, 0.9, 0.7)[day.weekday()]
            for per_day, action in (
                (size.deals, _new_deal),
                (size.orders, _new_order),
                (small, renewals.begin),
            ):
                for _ in range(poisson(world.rng, per_day * rhythm)):
                    minute = timedelta(minutes=world.rng.uniform(8 * 60, 16 * 60))
                    local = datetime.combine(day, time(), tzinfo=calendars.HOME) + minute
                    world.later(local.astimezone(UTC), action)
        day += timedelta(days=1)


def _remind(world: World, session: Session, at: datetime) -> None:
    """What the clock does besides timers: commitments whose day has come, agreements that begin, late departments, low days."""
    remembering.ask_due(session, now=at)
    remembering.tell_due(session, now=at)
    standing.work_due(session, now=at)
    chain.judge_due(session, now=at)
    low_days.check(session, at)
    if calendars.local_day(at).weekday() == 0:
        warehouse.receive(world, session, at)
        _read_notices(world, session, at)


def _read_notices(world: World, session: Session, at: datetime) -> None:
    """On Mondays people look at what they were told until Friday."""
    last = session.scalar(select(func.max(Notice.id)).where(Notice.at < at - timedelta(days=2)))
    for person in world.firm.people.values() if last else ():
        notices.see(session, person, last, now=at)


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
    start(world, session, "sales_funnel", "new_deal", chosen, seller, at)


def _new_order(world: World, session: Session, at: datetime) -> None:
    clerk = world.rng.choice(world.firm.by_department["sales_desk"])
    chosen = story.decided("new_order", None, world.firm, world.departments, world.rng, at)
    start(world, session, "fast_sale", "new_order", chosen, clerk, at)


# ------------------------------------------------------------------------------------------------ what follows


def _watch(world: World, session: Session, happened: Happened) -> None:
    """Whatever a command opened will be done by somebody; whatever it waits for may be answered by the client."""
    process = happened.instance.process
    if process == low_days.PROCESS:
        low_days.watch(world, happened)
        return
    given.watch(world, happened)
    for task in happened.opened if process != chained.PROCESS else ():
        wait = timedelta(minutes=story.minutes(task, world.rng))
        done = world.calendar(task.audience).add(happened.now, wait)
        world.later(done, complete, task.id)
        if task.handoff:
            talks.begin(world, session, task, done)
        if task.assignee_id is None and world.rng.random() < 0.6:
            world.later(happened.now + (done - happened.now) * 0.3, _claim, task.id)
    waits = select(Subscription.token, Subscription.name).where(
        Subscription.instance_id == happened.instance.id, Subscription.kind == "message"
    )
    for row in session.execute(waits.order_by(Subscription.id)):
        client = story.CLIENTS.get(row.name or "")
        if row.name == story.WOKEN.answers and any(
            each.element.id == story.WOKEN.by for each in happened.entered
        ):
            _maybe(world, happened, story.WOKEN.message, row.name, row.token)
        if client is None or (row.token, row.name or "") in world.seen:
            continue
        world.seen.add((row.token, row.name or ""))
        _maybe(world, happened, client, row.name, row.token)


def _maybe(world: World, happened: Happened, client: story.Message, message: str, token: str) -> None:
    """The client will send it, or not; the dice know."""
    if world.rng.random() < client.odds:
        at = happened.now + timedelta(hours=world.rng.uniform(*client.hours))
        world.later(world.office(at), _client, happened.instance.id, message, token)


def _claim(world: World, session: Session, at: datetime, task_id: int) -> None:
    task = session.get_one(UserTask, task_id)
    if task.closed_at is None and task.assignee_id is None and world.able(task.audience):
        tasks.claim(session, task, by=_somebody(world, task), now=at)


def complete(world: World, session: Session, at: datetime, task_id: int) -> None:
    """Somebody does a task, if it is still open; a hand-off goes through what its two sides say to each other."""
    task = session.get_one(UserTask, task_id)
    if task.closed_at is not None or _is_forgotten(world, task):
        return
    definition = world.version(session, task.definition_id)
    form = definitions.form(session, definition, task.form) if task.form else None
    deal = session.scalar(select(Deal).where(Deal.instance_id == task.instance_id))
    raw: dict[str, list[str]] = {}
    if form is not None:
        chosen = story.decided(form.key, deal, world.firm, world.departments, world.rng, at)
        if form.key == given.FORM:
            chosen |= given.answer(world, session, task, deal)
        raw = answers.fill(form, answers.Setting(world.firm, world.rng, at, deal, chosen))
    if not task.handoff:
        instances.complete(session, task, raw, by=_somebody(world, task), now=at)
    elif not talks.deliver(world, session, at, task, raw, again=complete):
        world.later(world.office(at, PATIENCE), complete, task_id)


def _is_forgotten(world: World, task: UserTask) -> bool:
    """Since the second version nobody rings clients for their opinion; and Kamil has not looked at his agreement yet."""
    if task.element == "provider_looks":
        return True
    return task.element == earlier.RANG and world.definitions[earlier.PROCESS].id != task.definition_id


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


def _somebody(world: World, task: UserTask) -> Person:
    """Who does it: the assignee, else one of those whose queue it stands in."""
    if task.assignee_id is not None:
        return world.person(task.assignee_id)
    return world.rng.choice(world.able(task.audience) or list(world.firm.people.values()))


# ------------------------------------------------------------------------------------------------ small helpers


def _morning(at: datetime) -> datetime:
    """The morning of that day, or of the next work day."""
    seven = datetime.combine(calendars.local_day(at), time(7), tzinfo=calendars.HOME)
    return calendars.ORGANIZATION.next_opening(seven)
