"""The course of an agreement: what happened to it, where it stands and what comes next; and what was said about it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext, pgettext
from sqlalchemy import select
from sqlalchemy.orm import aliased

from engine import calendars
from engine.history import Event
from engine.people import Person
from engine.sales import minutes
from engine.sales.agreements import Agreement, AgreementVersion
from webapp.agreement_rows import ours
from webapp.agreement_words import EVENTS
from webapp.database import db
from webapp.formats import day

MOST_WAS = 3
TURNS = frozenset(
    {
        "agreement_drafted",
        "agreement_proposed",
        "agreement_countered",
        "agreement_accepted",
        "agreement_withdrawn",
        "agreement_declined",
        "agreement_in_force",
        "agreement_suspended",
        "agreement_resumed",
        "agreement_terminated",
        "agreement_ended",
        "agreement_expired",
    }
)
"""What moves an agreement on; the rest is talk beside it."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event about an agreement, with the names of who did it and in whose place."""

    event: Event
    name: str | None
    absent: str | None

    @property
    def number(self) -> int | None:
        """The version it is about."""
        found = self.event.data.get("version") if self.event.data else None
        return found if isinstance(found, int) else None

    @property
    def note(self) -> str | None:
        """What was said with it."""
        found = self.event.data.get("note") if self.event.data else None
        return str(found) if found else None

    @property
    def title(self) -> str:
        """What happened, in words."""
        return str(EVENTS.get(self.event.kind, ""))


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the course: ``was``, ``now`` or ``then``."""

    tense: str
    words: str


def story(found: Agreement, readable: Collection[int]) -> Sequence[Told]:
    """Everything that happened to it, the newest first; nothing about drafts that this person may not read."""
    absent = aliased(Person)
    query = (
        select(Event, Person.name, absent.name)
        .outerjoin(Person, Person.id == Event.actor_id)
        .outerjoin(absent, absent.id == Event.on_behalf_of_id)
        .where(Event.subject == f"agreement:{found.id}")
        .order_by(Event.id.desc())
        .limit(200)
    )
    rows = [Told(event, name, instead) for event, name, instead in db.session.execute(query)]
    mine = {None, *ours()}
    rows = [each for each in rows if (each.event.data or {}).get("beside") in mine]
    return [each for each in rows if each.number is None or each.number in readable]


def talk(rows: Sequence[Told]) -> list[tuple[int | None, list[Told]]]:
    """What was said, by version, the newest first."""
    groups: list[tuple[int | None, list[Told]]] = []
    for each in rows:
        if not each.note:
            continue
        if not groups or groups[-1][0] != each.number:
            groups.append((each.number, []))
        groups[-1][1].append(each)
    return groups


def course(
    found: Agreement,
    wordings: Sequence[AgreementVersion],
    table: AgreementVersion | None,
    current: AgreementVersion | None,
) -> list[Step]:
    """The last steps, where it stands, and what comes next."""
    rows = story(found, {each.number for each in wordings})
    was = [each for each in reversed(rows) if each.event.kind in TURNS]
    steps = [Step("was", _happened(each)) for each in was[-MOST_WAS:]]
    waits = next((each for each in reversed(wordings) if each.state == "scheduled"), None)
    return _standing(found, steps, table, current) + _ahead(found, table, current, waits)


def _happened(told: Told) -> str:
    return ", ".join(part for part in (f"{told.title} {day(told.event.at)}", told.name) if part)


def _standing(
    found: Agreement, steps: list[Step], table: AgreementVersion | None, current: AgreementVersion | None
) -> list[Step]:
    """The last step is where it stands, unless a day says more than that step."""
    if table is None and current is not None:
        words = pgettext("agreement", "In force")
        if found.suspended_until is not None:
            words = gettext("Suspended until %(day)s", day=day(found.suspended_until))
        elif current.in_force_from is not None:
            words = gettext("In force since %(day)s", day=day(current.in_force_from))
        return [*steps, Step("now", words)]
    return [*steps[:-1], Step("now", steps[-1].words)] if steps else []


def _ahead(
    found: Agreement,
    table: AgreementVersion | None,
    current: AgreementVersion | None,
    waits: AgreementVersion | None,
) -> list[Step]:
    ahead = []
    if table is not None:
        ahead += [pgettext("agreement", "Signed by both"), pgettext("agreement", "In force")]
    if waits is not None:
        begins = _begins(found, waits)
        ahead.append(gettext("Version %(number)s from %(day)s", number=waits.number, day=day(begins)))
    if current is not None and found.suspended_until is not None and table is None:
        ahead.append(gettext("In force again"))
    if found.ends_on is not None:
        ahead.append(gettext("Last day: %(day)s", day=day(found.ends_on)))
    return [Step("then", words) for words in ahead]


def _begins(found: Agreement, waits: AgreementVersion) -> date:
    """The first day of what waits; while the agreement rests it waits for that to end."""
    first = minutes.first_day(waits)
    rested = found.suspended_until or first
    return max(first, rested, calendars.local_day(waits.proposed_at) if waits.proposed_at else first)
