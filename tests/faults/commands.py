"""The commands that are broken at every moment: how each is made ready, given, and given again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import history
from engine.ports import Call
from engine.process import advancing, clock, instances, jobs, migrating, migration, operating, tasks
from engine.process.definitions import Definition
from engine.process.doctor import File
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from tests.conftest import MONDAY
from tests.engine.process.kit import (
    World,
    after,
    asks,
    diagram,
    end,
    fork,
    form,
    hear,
    service,
    start,
    task,
    tell,
    wait,
    way,
)

PARTS = {
    "approve": (task("approve", form="approve"), after("too_late", "approve", "PT8H"), end("late"),
                tell("boast", "order.approved"), task("pack"), way("approve", "boast", "pack", "join"),
                way("too_late", "late")),
    "answer": (hear("answer", "client.answer"), task("read"), way("answer", "read", "join")),
    "pause": (wait("pause", "PT1H", clock="round"), task("call"), way("pause", "call", "join")),
    "book": (service("book", connector="shop", operation="book", out="parcel"), task("ship"),
             way("book", "ship", "join")),
}  # fmt: skip
"""What an order waits for at once: a person, the client's message, a time, and a connector."""


def order(*, without: str = "", longer: bool = False) -> list[File]:
    """An order goes all its ways at once; ``without`` leaves one of them out, ``longer`` checks it at the end."""
    parts: dict[str, tuple[str, ...]] = {name: part for name, part in PARTS.items() if name != without}
    ways = [way("split", name) for name in parts]
    inside = [each for part in parts.values() for each in part]
    begin, frame = start(form="begin"), (fork("split"), fork("join"), end())
    last = (task("check"), way("join", "check", "done")) if longer else (way("join", "done"),)
    lines = way("begin", "split"), *last
    return [
        diagram("order", begin, *frame, *inside, *ways, *lines, keeps="client amount parcel"),
        form("begin", asks("client", "text")),
        form("approve", asks("amount", "integer")),
    ]


def listen(world: World) -> None:
    """Somebody writes a row of theirs at each command, before and after it, and so does the connector."""

    def note(session: Session, happened: advancing.Happened | advancing.Answered) -> None:
        subject = f"effect:{happened.instance.id}"
        history.record(session, "noted", at=happened.now, actor=None, subject=subject)

    def deliver(call: Call) -> None:
        history.record(call.session, "booked", at=call.now, actor=None, subject=f"effect:{call.instance_id}")

    world.more = {"answered": (note,), "projections": (note,)}
    world.shop.during, world.shop.answer = deliver, {"parcel": "P-1"}


@dataclass(frozen=True, slots=True)
class Order:
    """One way to change a case. ``ready`` gives a case on which it can be given (none for a start).

    ``give`` gives it under a key; ``again`` says how much later it is given again after a crash.
    """

    files: tuple[File, ...]
    ready: Callable[[World, Definition], int | None]
    give: Callable[[World, Definition, int | None, str, timedelta], None]
    again: timedelta = timedelta(0)
    beside: frozenset[str] = frozenset()
    """Tables whose rows are about more than this one case."""


def _started(world: World, definition: Definition) -> int:
    return world.start(definition, client="Mewa")


def _nothing(_world: World, _definition: Definition) -> None:
    return None


def _start(world: World, definition: Definition, _id: int | None, key: str, _later: timedelta) -> None:
    with world.factory.begin() as session:
        instances.start(session, definition, {"client": "Mewa"}, by=None, now=MONDAY, key=key)


def _complete(world: World, _definition: Definition, id_: int | None, key: str, _later: timedelta) -> None:
    with world.factory.begin() as session:
        query = select(UserTask).where(UserTask.instance_id == id_, UserTask.element == "approve")
        found = session.scalars(query).one()
        instances.complete(session, found, {"amount": "7"}, by=None, now=MONDAY, key=key)


def _send(world: World, _definition: Definition, id_: int | None, key: str, _later: timedelta) -> None:
    payload: Mapping[str, Any] = {"amount": 9}
    with world.factory.begin() as session:
        instance = session.get_one(Instance, id_)
        instances.send(session, instance, "client.answer", payload, by=None, now=MONDAY, key=key)


def _fire(world: World, _definition: Definition, _id: int | None, _key: str, later: timedelta) -> None:
    clock.tick(world.factory, now=MONDAY + timedelta(hours=1) + later)


def _work(world: World, _definition: Definition, _id: int | None, _key: str, later: timedelta) -> None:
    jobs.work(world.factory, now=MONDAY + later)


def _move(world: World, _definition: Definition, id_: int | None, _key: str, _later: timedelta) -> None:
    with world.factory.begin() as session:
        found = tasks.open_of(session, id_ or 0)
        token = next((each.token for each in found if each.element == "approve"), None)
        if token is not None:  # whoever looks again sees that it has gone
            case = session.get_one(Instance, id_)
            operating.move(session, case, token, "order", "pack", "by hand", by=None, now=MONDAY)


def _planned(world: World, definition: Definition) -> int:
    """A case of the first version, with a plan to the second one that has been tried and may begin."""
    newer = world.deploy(*order(longer=True))
    id_ = world.start(definition, client="Mewa")
    with world.factory.begin() as session:
        old, new = session.get_one(Definition, definition.id), session.get_one(Definition, newer.id)
        made = migration.plan(session, old, new, {}, "newer", by=None, now=MONDAY)
        migrating.try_out(session, made, now=MONDAY)
        made.started_at = MONDAY
    return id_


def _migrate(world: World, _definition: Definition, _id: int | None, _key: str, _later: timedelta) -> None:
    migrating.work(world.factory, now=MONDAY)


ORDERS: dict[str, Order] = {
    "start": Order((*order(),), _nothing, _start),
    "complete": Order((*order(),), _started, _complete),
    "message": Order((*order(),), _started, _send),
    "timer": Order((*order(without="book"),), _started, _fire),
    "job": Order((*order(),), _started, _work, again=jobs.LEASE * 2),
    "move": Order((*order(),), _started, _move),
    "migrate": Order((*order(),), _planned, _migrate, beside=frozenset({"events", "migration_plans"})),
}
