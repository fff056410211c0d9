"""The demo while it is played: one queue of moments, the dice, and who is there."""

import heapq
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from engine import calendars
from engine.calendars import Calendar
from engine.people import Department, Person
from engine.process import definitions, instances
from engine.process.definitions import Definition
from webapp.demo import answers
from webapp.demo.company import Company

Action = Callable[[Session, datetime], None]


@dataclass(slots=True)
class World:
    """What everybody in the demo knows. ``calendars`` are those of departments by id, the organization's under None."""

    factory: sessionmaker[Session]
    rng: random.Random
    firm: Company
    departments: Mapping[str, Department]
    definitions: dict[str, Definition]
    calendars: Mapping[int | None, Calendar]
    until: datetime
    agenda: list[tuple[datetime, int, Action]] = field(default_factory=list)
    numbers: Any = field(default_factory=count)
    seen: set[tuple[str, str]] = field(default_factory=set)
    refused: int = 0
    done: int = 0

    def later(self, at: datetime, action: Callable[..., None], *more: Any) -> None:
        """Something will happen at a moment: ``action(world, session, at, *more)``."""
        if at < self.until:
            heapq.heappush(
                self.agenda,
                (at, next(self.numbers), lambda session, moment: action(self, session, moment, *more)),
            )

    def calendar(self, audience: str | None) -> Calendar:
        """In whose work time an audience lives."""
        unit = self.departments.get((audience or "").partition(":")[2])
        return self.calendars[unit.id if unit else None]

    def office(self, at: datetime, wait: timedelta = timedelta(minutes=1)) -> datetime:
        """So much work time later."""
        return self.calendars[None].add(at, wait)

    def before_end(self, days: int, hour: int, minute: int = 0) -> datetime:
        """A local time so many days before the demo ends; the next opening where nobody works then."""
        day = calendars.local_day(self.until) - timedelta(days=days)
        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=calendars.HOME)
        return self.calendars[None].next_opening(local)


def start(
    world: World,
    session: Session,
    process: str,
    form: str,
    chosen: Mapping[str, answers.Answer],
    by: Person,
    at: datetime,
) -> None:
    """Somebody opens a case of the newest version; what ``chosen`` leaves open is invented."""
    definition = session.get_one(Definition, world.definitions[process].id)
    asked = definitions.form(session, definition, form)
    if asked is None:
        return
    raw = answers.fill(asked, answers.Setting(world.firm, world.rng, at, None, chosen))
    instances.start(session, definition, raw, by=by, now=at, owner=by)


def poisson(rng: random.Random, mean: float) -> int:
    """A Poisson number by Knuth's product of uniforms; the means here are small."""
    limit, product, number = 2.718281828459045**-mean, rng.random(), 0
    while product > limit:
        product *= rng.random()
        number += 1
    return number
