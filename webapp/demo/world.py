"""The demo while it is played: one queue of moments, the dice, and who is there."""

import heapq
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Connection, Engine
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
    queues: dict[str | None, Sequence[Person]] = field(default_factory=dict)
    versions: dict[int, Definition] = field(default_factory=dict)
    refused: int = 0
    done: int = 0

    def later(self, at: datetime, action: Callable[..., None], *more: Any) -> None:
        """Something will happen at a moment: ``action(world, session, at, *more)``."""
        if at < self.until:
            heapq.heappush(
                self.agenda,
                (at, next(self.numbers), lambda session, moment: action(self, session, moment, *more)),
            )

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """The database beside whoever writes, for whoever only looks."""
        engine: Engine = self.factory.kw["bind"]
        with engine.connect().execution_options(reading=True) as connection:
            yield connection

    def able(self, audience: str | None) -> Sequence[Person]:
        """Whose queue it is. People of the demo neither come nor go, so each queue is read once."""
        if audience not in self.queues:
            people = self.firm.people.values()
            self.queues[audience] = [person for person in people if audience in person.audiences]
        return self.queues[audience]

    def person(self, person_id: int) -> Person:
        """Somebody of the company."""
        return next(person for person in self.firm.people.values() if person.id == person_id)

    def version(self, session: Session, definition_id: int) -> Definition:
        """A version of a process; none changes once it is deployed."""
        if definition_id not in self.versions:
            found = session.get_one(Definition, definition_id)
            session.expunge(found)  # it outlives this session, also one that is given back
            self.versions[definition_id] = found
        return self.versions[definition_id]

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
