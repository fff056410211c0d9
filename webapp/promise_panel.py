"""Everything a page shows about one promise: what was agreed, where it stands, the conversation, and what this person may say."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from flask import g
from markupsafe import Markup
from sqlalchemy import or_, select

from engine import access, calendars
from engine.calendars import Calendar
from engine.errors import Invalid, NotFound, Refusal, Stale
from engine.history import Event
from engine.people import Department, Person
from engine.process import definitions, forms
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import possible, promises, talking
from engine.sales.agreements import Agreement, AgreementVersion
from engine.sales.known import KINDS
from engine.sales.promises import Promise
from engine.sales.promising import FullAtOnce, FullWeek, NoWorkThen
from engine.sales.talking import CONSUMER, PROVIDER
from webapp import form_files, promise_clock, promise_words
from webapp.access import me
from webapp.clock import now
from webapp.database import db
from webapp.languages import current
from webapp.promise_words import Said, Step

FORMS = {"promise": "counter"}
"""Words that are one button: what they were refused is mended in the form of another."""

LATELY = 3
"""Entries of the conversation beside a task; the page of the promise shows all."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What was sent and refused, for one request: the word, why, and everything that was typed."""

    word: str
    why: Refusal
    form: Mapping[str, Any]
    missing: Sequence[str] = ()


@dataclass(slots=True)
class Panel:
    """One promise as this person sees it now."""

    promise: Promise
    task: UserTask
    terms: Mapping[str, Any]
    agreement: Agreement | None
    may_open_agreement: bool
    number: int | None
    provider: Department | None
    consumer: Department | None
    works: Calendar
    standing: str
    words: tuple[str, ...]
    sides: Sequence[str]
    headline: str
    clock: list[Markup]
    steps: list[Step]
    said: list[Said]
    delivered: Sequence[tuple[str, str]] = ()
    decisions: tuple[str, ...] = ()
    refused: Refused | None = None
    key: str = field(default_factory=lambda: uuid4().hex)

    @property
    def mine(self) -> bool:
        """Whether this person speaks for the side whose turn it is."""
        return self.promise.turn in self.sides and self.promise.outcome is None

    @property
    def opened(self) -> str:
        """The form that came back."""
        if self.refused is None:
            return ""
        return FORMS.get(self.refused.word, self.refused.word)

    @property
    def missing(self) -> Sequence[str]:
        """What was missing when it was returned the last time, while it waits for that."""
        waits = self.promise.state == "returned" and self.said
        return self.said[-1].missing if waits else ()

    def may(self, word: str) -> bool:
        """Whether this person may say it now."""
        return word in self.words

    def typed(self, word: str, name: str) -> str:
        """What was typed into a form that came back."""
        return str(self.refused.form.get(name, "")) if self.refused and word == self.opened else ""

    def ticked(self, word: str) -> Sequence[str]:
        """What was ticked in a form that came back."""
        return self.refused.missing if self.refused and word == self.opened else ()

    def wrong(self, word: str, name: str) -> Refusal | None:
        """What is wrong with a field of a form that came back."""
        if self.refused is None or word != self.opened:
            return None
        return errors_of(self.refused.why).get(name)

    @property
    def banner(self) -> Refusal | None:
        """Why it could not be done, where no field of a form on the page says it."""
        if self.refused is None:
            return None
        at_field = errors_of(self.refused.why) and self.opened in self.words
        return None if at_field else self.refused.why

    @property
    def overtaken(self) -> bool:
        """Whether somebody answered first."""
        return self.refused is not None and isinstance(self.refused.why, Stale)

    @property
    def instead(self) -> datetime | None:
        """The date a refusal names as the next possible one: the end of that day of work, or the date agreed."""
        why = self.refused.why if self.refused else None
        if isinstance(why, FullAtOnce | FullWeek):
            return self._end_of(why.places["day"])
        if isinstance(why, NoWorkThen):
            return self._end_of(why.places["next"].astimezone(self.works.zone).date())
        return None

    def _end_of(self, day: date) -> datetime | None:
        opening = self.works.opening(day)
        return opening[1] if opening else None


def errors_of(why: Refusal) -> Mapping[str, Refusal]:
    """What is wrong by field."""
    if isinstance(why, Invalid):
        return why.errors
    return {why.field: why} if why.field else {}


def find(promise_id: int) -> Promise:
    """The promise, where this person may see it, its task, or the case in which it is decided. Raises NotFound."""
    found = db.session.scalar(select(Promise).where(Promise.id == promise_id, seen()))
    if found is None:
        raise NotFound
    return found


def of_task(task_id: int) -> Promise | None:
    """The promise of a task that went to the other side: its provider sees it no more, but sees the promise."""
    return db.session.scalar(select(Promise).where(Promise.task_id == task_id, seen()))


def may_open(rows: Iterable[Promise]) -> set[int]:
    """The ids of those whose page this person may open; who sees an agreement counts the others, too."""
    mine = select(Promise.id).where(Promise.id.in_([each.id for each in rows]), seen())
    return set(db.session.scalars(mine))


def seen() -> Any:
    """The clause for promises whose page this person may open."""
    tasks = select(UserTask.id).where(access.visible(me(), UserTask))
    cases = select(Instance.id).where(access.visible(me(), Instance))
    return or_(
        access.visible(me(), Promise, calendars.local_day(now())),
        Promise.task_id.in_(tasks),
        Promise.escalation_id.in_(cases),
    )


def of(promise: Promise, *, most: int | None = None) -> Panel:
    """The panel of a promise; ``most``: only so many of the latest entries of its conversation."""
    session = db.session()
    task = session.get_one(UserTask, promise.task_id)
    agreement, version, may_open = _agreed(promise)
    units = _units(promise)
    provider, consumer = units.get(promise.provider_id), units.get(promise.consumer_id)
    works = calendars.of(session, provider)
    terms = version.terms if version else {}
    sides = talking.sides(session, promise, me())
    words = possible.words(session, promise, me(), now=now())
    waits_for = promise_words.name(provider if promise.turn == PROVIDER else consumer)
    mine = promise.turn in sides
    return Panel(
        promise=promise,
        task=task,
        terms=terms,
        agreement=agreement,
        may_open_agreement=may_open,
        number=version.number if version else None,
        provider=provider,
        consumer=consumer,
        works=works,
        standing=promises.standing(promise, now=now(), calendar=works),
        words=words,
        sides=sides,
        headline=promise_words.headline(promise, now(), mine=mine, waits_for=waits_for),
        clock=promise_clock.words(promise, works, now()),
        steps=promise_words.steps(promise, terms),
        said=_said(promise, most),
        delivered=_delivered(promise, task),
        decisions=possible.decisions(promise, now=now()) if "decide" in words else (),
        refused=g.get("promise_refused"),
    )


def _agreed(promise: Promise) -> tuple[Agreement | None, AgreementVersion | None, bool]:
    """The agreement, the version it was asked under, and whether this person may open it."""
    if promise.agreement_id is None:
        return None, None, False
    today = calendars.local_day(now())
    may_open = Agreement.id.in_(select(Agreement.id).where(access.visible(me(), Agreement, today)))
    query = (
        select(Agreement, AgreementVersion, may_open)
        .join(AgreementVersion, AgreementVersion.id == promise.version_id)
        .where(Agreement.id == promise.agreement_id)
    )
    row = db.session.execute(query).first()
    return (row[0], row[1], bool(row[2])) if row else (None, None, False)


def _units(promise: Promise) -> dict[int | None, Department]:
    ids = {promise.provider_id, promise.consumer_id}
    return {each.id: each for each in db.session.scalars(select(Department).where(Department.id.in_(ids)))}


def _said(promise: Promise, most: int | None) -> list[Said]:
    """The conversation, the latest last."""
    query = (
        select(Event, Person.name)
        .outerjoin(Person, Person.id == Event.actor_id)
        .where(Event.subject == f"promise:{promise.id}")
        .order_by(Event.id.desc())
        .limit(most)
    )
    return [promise_words.told(event, name) for event, name in reversed(db.session.execute(query).all())]


def _delivered(promise: Promise, task: UserTask) -> Sequence[tuple[str, str]]:
    """What was delivered, read out for whoever accepts it."""
    if promise.delivery is None or task.form is None or promise.state != "delivered":
        return ()
    definition = db.session.get_one(Definition, task.definition_id)
    form = definitions.form(db.session(), definition, task.form)
    return forms.display(form, promise.delivery, current(), names=_called) if form else ()


def _called(kind: str, id_: int) -> str | None:
    if kind == "file":
        return form_files.named(kind, id_)
    row = db.session.get(KINDS[kind], id_) if kind in KINDS else None
    return getattr(row, "name", None)


def is_for(panel: Panel | None, task: UserTask) -> bool:
    """Whether the task's own form is this person's to fill in: their turn, or theirs to deliver all the same."""
    if task.closed_at is not None:
        return False
    if panel is None or panel.promise.version_id is None or panel.promise.manner is not None:
        return task.is_for(me())
    return panel.may("deliver")


__all__ = ["CONSUMER", "PROVIDER", "Panel", "Refused", "errors_of", "find", "is_for", "of", "of_task", "seen"]
