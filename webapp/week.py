"""The head's one look: what is asked of a department this week, and what it is waiting for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from babel.dates import format_date
from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import aliased

from engine import absences, access, people
from engine.absences import Absence
from engine.calendars import local_day
from engine.errors import NotFound
from engine.people import Department, Membership, Person
from engine.process.tasks import UserTask
from engine.sales import agreements, promises, speaking, week
from engine.sales.agreements import Agreement, AgreementVersion
from engine.sales.promises import Promise
from engine.sales.week import Side, Week
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.languages import current

bp = Blueprint("week", __name__, url_prefix="/agreements/week")

MOST = 1_000
"""Open promises one look holds; more of them are no look."""

TITLES = {
    "asked": {
        "late": lazy_gettext("Late with us"),
        "answer": lazy_gettext("Waiting for our yes or no"),
        "back": lazy_gettext("Returned to us: something is missing"),
        "due": lazy_gettext("Due this week"),
    },
    "awaited": {
        "accept": lazy_gettext("Delivered: waiting for our acceptance"),
        "late": lazy_gettext("Late with them"),
        "owed": lazy_gettext("They owe it to us"),
        "theirs": lazy_gettext("Waiting for the other side"),
    },
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands beside a promise: what it is about, and whether its task may be opened."""

    about: str
    may_open: bool


@dataclass(frozen=True, slots=True)
class Lent:
    """A department this person speaks for in place of its head, and what lies below it."""

    unit: int
    head: Person
    absence: Absence
    below: frozenset[int]


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one title; their number is the number shown."""

    key: str
    title: Any
    promises: Sequence[Promise]
    agreements: Sequence[tuple[Agreement, AgreementVersion]] = ()

    @property
    def count(self) -> int:
        """How many rows it has."""
        return len(self.promises) + len(self.agreements)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the strip: how much of what runs is due on it, on either side. ``day`` is empty for the time before."""

    day: date | None
    asked: int
    awaited: int

    @property
    def name(self) -> str:
        """``Monday 23``."""
        return format_date(self.day, "EEEE d", locale=current()) if self.day else gettext("Before this week")


@bp.get("/")
@needs("employee", "director")
def index() -> ResponseReturnValue:
    """Both columns, of one's departments and those below; ``day`` narrows them to what is due on it, or to what is older than this week (``before``)."""
    ours = _ours() or set(me().department_ids)
    if not ours:
        raise NotFound
    below = people.subtree(db.session(), sorted(ours))
    rows = _open(below)
    found = week.sort_out((each for each, _ in rows), below, now=now())
    strip, chosen = _strip(found), _chosen()
    proposals = {
        "asked": _table(agreements.waiting_for, ours),
        "awaited": _table(agreements.proposed_by_side, ours),
    }
    return render_template(
        "agreements/week.html",
        columns={
            side: _groups(side, each, proposals[side], chosen, found.monday)
            for side, each in (("asked", found.asked), ("awaited", found.awaited))
        },
        week=found,
        strip=strip,
        chosen=request.args.get("day"),
        seen={each.id: seen for each, seen in rows},
        cut=len(rows) == MOST,
        ours=ours,
        lent=_lent(),
        below=below,
        names=_names(),
        today=local_day(now()),
        moment_now=now(),
        standing=promises.judge(db.session(), now=now()),
        tabs=_tabs(),
    )


def tab(*, current: bool) -> list[dict[str, Any]]:
    """The entry of this page among the tabs of agreements, for those who speak for a department."""
    if not current and not _ours():
        return []
    return [{"title": gettext("This week"), "href": url_for("week.index"), "count": None, "current": current}]


def _ours() -> set[int]:
    """The departments this person speaks for today."""
    return set(speaking.spoken_for(db.session(), me(), local_day(now())))


def _lent() -> list[Lent]:
    """The departments this person speaks for today in place of their absent heads, but not those they head themselves."""
    heads = aliased(Person)
    query = (
        select(Membership.department_id, heads, Absence)
        .join(heads, heads.id == Membership.person_id)
        .join(Absence, Absence.person_id == heads.id)
        .where(Membership.is_head, Absence.deputy_id == me().id, absences.on(local_day(now())))
        .where(Membership.department_id.not_in(me().headed_ids))
        .order_by(Absence.last_day, Membership.department_id)
    )
    return [
        Lent(unit, head, absence, frozenset(people.subtree(db.session(), [unit])))
        for unit, head, absence in db.session.execute(query)
    ]


def _tabs() -> list[dict[str, Any]]:
    from webapp import agreements as pages  # its tabs name this page

    lists = pages._lists()
    return pages._tabs({key: pages._count(query) for key, query in lists.items()}, "week")


def _open(ours: Collection[int]) -> Sequence[tuple[Promise, Seen]]:
    """The open promises of these departments that this person may see, with their tasks: one statement."""
    task = select(UserTask.id).where(access.visible(me(), UserTask))
    query = (
        select(Promise, UserTask.about, UserTask.id.in_(task))
        .join(UserTask, UserTask.id == Promise.task_id)
        .where(week.concerns(ours), access.visible(me(), Promise, local_day(now())))
        .order_by(Promise.due_at.is_(None), Promise.due_at, Promise.id)
        .limit(MOST)
    )
    return [(promise, Seen(about, may_open)) for promise, about, may_open in db.session.execute(query)]


def _table(which: Any, ours: Collection[int]) -> Sequence[tuple[Agreement, AgreementVersion]]:
    """Agreements on the table: what these departments have to answer, or wait for an answer to."""
    query = which(sorted(ours)).add_columns(AgreementVersion)
    query = query.where(
        AgreementVersion.state.in_(("proposed", "countered")),
        access.visible(me(), Agreement, local_day(now())),
    )
    return [(found, version) for found, version in db.session.execute(query.limit(MOST))]


# ----------------------------------------------------------------------------------------------------- the strip of days


def _strip(found: Week) -> list[Day]:
    """What is overdue from before, Monday to Friday, and those days of the weekend on which something is due."""
    days = [None, *(found.monday + timedelta(n) for n in range(7))]
    made = [
        Day(day, len(_on(found.asked, day, found.monday)), len(_on(found.awaited, day, found.monday)))
        for day in days
    ]
    return [
        each
        for each in made
        if each.asked or each.awaited or (each.day is not None and each.day.weekday() < 5)
    ]


def _on(side: Side, day: date | None, monday: date) -> list[Promise]:
    """What of a column runs towards a day; without one, what was due before the week."""

    def fits(promise: Promise) -> bool:
        due = local_day(promise.due_at) if promise.due_at else date.max
        return due < monday if day is None else due == day

    return [each for each in week.running(side) if fits(each)]


def _chosen() -> tuple[date | None, bool]:
    """The day in the address, and whether there is one. A day that is none is an address that does not exist."""
    asked = request.args.get("day")
    if not asked or asked == "before":
        return None, asked == "before"
    try:
        return date.fromisoformat(asked), True
    except ValueError as error:
        raise NotFound from error


def _groups(
    name: str,
    side: Side,
    proposals: Sequence[tuple[Agreement, AgreementVersion]],
    chosen: tuple[date | None, bool],
    monday: date,
) -> list[Group]:
    """The groups of a column that hold something; with a day chosen, only what is due on it."""
    day, narrowed = chosen
    kept = {each.id for each in _on(side, day, monday)} if narrowed else set()
    beside = "answer" if name == "asked" else "theirs"
    groups = [
        Group(
            key,
            TITLES[name][key],
            [each for each in found if not narrowed or each.id in kept],
            proposals if key == beside and not narrowed else (),
        )
        for key, found in side.groups.items()
    ]
    return [each for each in groups if each.count]


def _names() -> Mapping[int, Department]:
    return {each.id: each for each in db.session.scalars(select(Department))}
