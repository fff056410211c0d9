"""When a promise is due, how its clocks run in the provider's work time, and how much a provider may promise at once.

Every clock here counts the work time of the one who delivers. Nothing here changes a promise.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from engine import calendars, lengths
from engine.calendars import Calendar
from engine.errors import Refusal
from engine.people import Department
from engine.sales.naming import called
from engine.sales.promises import Promise
from engine.sales.terms import said_for

ANSWER = "P1D"
"""How long a side has for an answer where the agreement does not say."""

RUNS = ("requested", "countered", "promised")
"""States in which the clock of delivery runs."""

HOLDS = ("countered", "promised", "paused")
"""States in which a promise holds a place of its provider's capacity."""

CAPACITY = ("capacity", "capacity_week")
"""The terms that say how much may be promised."""

WEEKS = 120
"""How many weeks ahead a free one is looked for."""


class InThePast(Refusal):
    """This moment has passed. Choose a later one."""


class NoWorkThen(Refusal):
    """Nobody works in %(department)s then. The next work time begins %(next)s."""


class FullAtOnce(Refusal):
    """%(count)s at once are full: next free %(day)s. Propose that day or a later one."""


class FullWeek(Refusal):
    """%(count)s a week are full: next free %(day)s. Propose that day or a later one."""


# ------------------------------------------------------------------------------------------------ times


def said(
    terms: Mapping[str, Any], facts: Callable[[], Mapping[str, Any]], now: datetime
) -> tuple[str | None, str]:
    """Time to promise and to deliver, as the agreement says for one request: plain, or by the first case that fits."""
    answer, deliver, _ = said_for(terms, facts() if terms.get("table") else {}, now)
    return answer, deliver or terms["deliver_time"]


def calendar(session: Session, promise: Promise) -> Calendar:
    """In whose work time a promise lives: its provider's."""
    return calendars.of(
        session, session.get(Department, promise.provider_id) if promise.provider_id else None
    )


def left(works: Calendar, *, now: datetime, due: datetime) -> int:
    """Seconds of work from now until it is due; none once it is."""
    return max(int(works.between(now, due).total_seconds()), 0)


def later(works: Calendar, seconds: int, *, now: datetime) -> datetime:
    """When so many seconds of work will be over."""
    return works.add(now, timedelta(seconds=seconds))


def step_at(works: Calendar, after: str, *, since: datetime, due: datetime) -> datetime:
    """The moment of an escalation step: so much work after the due time, or before it (``-PT4H``) but after ``since``."""
    length = lengths.read(after.removeprefix("-"))
    if not after.startswith("-"):
        return works.add(due, length) if length != lengths.Length() else due
    usual = timedelta(minutes=works.closes - works.opens)
    days = length.days + length.weeks * max(len(works.work_days), 1) + 30 * length.months
    until = works.between(since, due) - length.time - days * usual
    return works.add(since, until) if until > timedelta() else since


def steps(
    promise: Promise, terms: Mapping[str, Any], works: Calendar
) -> list[tuple[datetime, dict[str, Any]]]:
    """The escalation steps still to be taken, each with its moment, the next one first; none while no clock runs."""
    due = promise.due_at
    if due is None or promise.state not in RUNS:
        return []
    since = promise.ready_at or promise.requested_at
    found = [(step_at(works, each["after"], since=since, due=due), each) for each in terms.get("steps") or ()]
    return sorted(found, key=lambda step: step[0])[promise.steps_taken :]


def alarm(promise: Promise, terms: Mapping[str, Any], works: Calendar, *, now: datetime) -> datetime | None:
    """The next moment at which something happens to it by itself; a time for an answer that has passed has had its turn."""
    if promise.outcome is not None or promise.manner is not None:
        return None
    if promise.state == "delivered":
        return promise.accept_by
    found = [moment for moment, _ in steps(promise, terms, works)[:1]]
    if promise.respond_by is not None and promise.respond_by > now:
        found.append(promise.respond_by)
    if promise.commitment_id is not None and promise.due_at is not None and promise.due_at >= now:
        found.append(promise.due_at + timedelta(seconds=1))  # once late, the client's date is threatened
    return min(found, default=None)


# ------------------------------------------------------------------------------------------------ dates


def must_be_work(session: Session, promise: Promise, works: Calendar, at: datetime, *, now: datetime) -> None:
    """A date somebody proposes lies ahead, in the provider's work time. Raises InThePast, NoWorkThen."""
    if at <= now:
        raise InThePast(field="due_at")
    if not works.is_open(at - timedelta(microseconds=1)):  # what is due at closing is due that day
        raise _no_work(session, promise, works, at)


def end_of(session: Session, promise: Promise, day: date) -> datetime:
    """When the provider's work ends on a local day: what is due “on Thursday” is due then. Raises NoWorkThen."""
    works = calendar(session, promise)
    opening = works.opening(day)
    if opening is None:
        raise _no_work(session, promise, works, _midnight(works, day))
    return opening[1]


def _no_work(session: Session, promise: Promise, works: Calendar, at: datetime) -> NoWorkThen:
    unit = session.get(Department, promise.provider_id) if promise.provider_id else None
    return NoWorkThen(field="due_at", department=called(unit), next=works.next_opening(at))


# ------------------------------------------------------------------------------------------------ capacity


def must_fit(
    session: Session,
    promise: Promise,
    terms: Mapping[str, Any],
    works: Calendar,
    due: datetime,
    *,
    now: datetime,
) -> None:
    """Whether the provider may promise this for then, too. Raises FullAtOnce, FullWeek with the next free day."""
    if not any(terms.get(name) for name in CAPACITY):
        return
    if promise.id is not None and is_server(
        session
    ):  # for a new one whoever looked for its agreement has queued
        session.execute(select(queue(promise.agreement_id)))
    taken = _taken(session, promise, works, now)
    free, refusal = next_free(taken, terms, works, due, now=now)
    if refusal is not None:
        count = terms["capacity" if refusal is FullAtOnce else "capacity_week"]
        raise refusal(field="due_at", count=count, day=_local(works, free))


def queue(agreement_id: Any) -> ColumnElement[Any]:
    """One at a time takes places under an agreement, until the transaction ends: the second counts the first's.

    Held after the case and the promise, and by nobody who waits for one of these: so nobody waits in a circle.
    """
    return func.pg_advisory_xact_lock(func.hashtext(func.concat("capacity:", agreement_id)))


def is_server(session: Session) -> bool:
    """Whether several write at once; SQLite has one writer anyway."""
    return session.get_bind().dialect.name == "postgresql"


def next_free(
    taken: list[tuple[datetime, bool]],
    terms: Mapping[str, Any],
    works: Calendar,
    due: datetime,
    *,
    now: datetime,
) -> tuple[datetime, type[Refusal] | None]:
    """The first moment from ``due`` on for which there is a place, and what was full before; ``taken`` are due times.

    A place at once is free when enough of the open ones (True) are due; what waits overdue is not done before tomorrow.
    A week has so many places as may fall due in it, Monday to Sunday.
    """
    most, weekly = terms.get("capacity"), terms.get("capacity_week")
    why: type[Refusal] | None = None
    open_ = sorted(at for at, is_open in taken if is_open)
    if most and len(open_) >= most:
        frees = open_[len(open_) - most]
        begins = frees if frees > now else _next_day(works, now)
        earliest = works.add(begins, terms["deliver_time"])
        if earliest > due:
            due, why = earliest, FullAtOnce
    weeks = [_monday(works, at) for at, _ in taken]
    for _ in range(WEEKS):
        if not weekly or weeks.count(_monday(works, due)) < weekly:
            break
        due, why = _next_week(works, due), why or FullWeek
    return due, why


def _taken(session: Session, promise: Promise, works: Calendar, now: datetime) -> list[tuple[datetime, bool]]:
    """When the agreement's other promises are due: open ones (True), and those of this week that are done."""
    this_week = now - timedelta(days=8)
    holds = and_(Promise.outcome.is_(None), Promise.manner.is_(None), Promise.state.in_(HOLDS))
    done = and_(Promise.outcome.in_(("kept", "broken")), Promise.due_at >= this_week)
    waits = and_(Promise.outcome.is_(None), Promise.state == "delivered", Promise.due_at >= this_week)
    at = func.coalesce(Promise.proposed_due_at, Promise.due_at)
    query = select(at, Promise.state, Promise.left_seconds, Promise.outcome).where(
        Promise.agreement_id == promise.agreement_id, Promise.id != (promise.id or 0), or_(holds, done, waits)
    )
    found = []
    for due, state, seconds, outcome in session.execute(query):
        moment = due if due is not None else later(works, seconds or 0, now=now)
        found.append((moment, outcome is None and state != "delivered"))
    return found


def _local(works: Calendar, at: datetime) -> date:
    return at.astimezone(works.zone).date()


def _monday(works: Calendar, at: datetime) -> date:
    day = _local(works, at)
    return day - timedelta(days=day.weekday())


def _midnight(works: Calendar, day: date) -> datetime:
    return works.moment(datetime.combine(day, time()))


def _next_day(works: Calendar, now: datetime) -> datetime:
    return works.next_opening(_midnight(works, _local(works, now) + timedelta(days=1)))


def _next_week(works: Calendar, at: datetime) -> datetime:
    """The end of the first work day of the week after."""
    begins = works.next_opening(_midnight(works, _monday(works, at) + timedelta(days=7)))
    opening = works.opening(_local(works, begins))
    return opening[1] if opening else begins
