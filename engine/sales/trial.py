"""Terms tried on history: what other words of an agreement would have meant over its last promises.

Every promise of the last days is looked at again under the proposed words, and only where the words differ. Times are the
provider's work time; pauses, renegotiations and corrections stay as they were: what they added to the time that the old
words gave is added to what the new words give. What the client or the other side would have done otherwise, nobody knows.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from engine import calendars
from engine.calendars import HOME, Calendar, Stretch
from engine.people import Department, Person
from engine.sales import deals, health, hindsight
from engine.sales.agreements import Agreement, AgreementVersion
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from engine.sales.hindsight import Hindsight
from engine.sales.promises import Promise
from engine.sales.records import Client
from engine.sales.terms import said_for

FEW = 20
"""Fewer cases than these say too little."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What one changed field would have meant: ``after`` of ``of`` cases of a ``kind``, instead of ``before`` of ``of_before``.

    kept: kept of judged · answered: answered in time · days, weeks: on which more was open (or fell due) than the words
    allow · missing, rejected: requests or deliveries that lacked ``item`` · rework: corrected more often than allowed ·
    silence: taken as acceptance · breaks: how many the target allows of those judged, ``used`` how many there were ·
    buffer: dates agreed with clients that were endangered, ``used`` how many promises would have been due earlier.
    """

    kind: str
    before: int
    of_before: int
    after: int
    of: int
    item: str | None = None
    used: int = 0
    more: tuple["Effect", ...] = ()
    """The same of the other items of a list."""

    @property
    def is_few(self) -> bool:
        """Whether it says too little."""
        return self.of < FEW


class Past(NamedTuple):
    """One promise as it went."""

    requested_at: datetime
    ready_at: datetime | None
    answer_by: datetime | None
    answered_at: datetime | None
    promised_at: datetime | None
    due_at: datetime | None
    delivered_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    manner: str | None
    missing: list[str] | None
    rejected: list[str] | None
    rework: int
    version_id: int | None
    client_on: date | None
    """The day on which the client was to have it."""
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Remembering(Calendar):
    """A calendar that reckons every opening once."""

    known: dict[date, Stretch | None] = field(default_factory=dict, hash=False, compare=False)

    def opening(self, day: date) -> Stretch | None:
        """As the calendar says."""
        if day not in self.known:
            self.known[day] = Calendar.opening(self, day)
        return self.known[day]


@dataclass(frozen=True, slots=True)
class Trial:
    """The history of an agreement, read once, and the words that are tried on it."""

    past: Sequence[Past]
    words: Mapping[int | None, Mapping[str, Any]]
    """What each version said."""
    works: Calendar
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    since: datetime
    now: datetime


def try_terms(
    session: Session,
    agreement: Agreement,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    now: datetime,
    days: int = 90,
) -> Mapping[str, Effect]:
    """By changed field, what ``after`` would have meant for the agreement's promises of the last days instead of ``before``.

    Fields that history says nothing about are left out. At most three statements, and three more where a table asks
    something of deals.
    """
    changed = [name for name in EFFECTS if before.get(name) != after.get(name)]
    if not changed:
        return {}
    trial = _read(session, agreement, before, after, now, days)
    found = {name: EFFECTS[name](trial, name) for name in changed}
    return {name: effect for name, effect in found.items() if effect is not None}


def _read(
    session: Session,
    agreement: Agreement,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    now: datetime,
    days: int,
) -> Trial:
    since = datetime.combine(calendars.local_day(now) - timedelta(days=days - 1), time(), tzinfo=HOME)
    query = select(AgreementVersion.id, AgreementVersion.terms, Department).join(
        Department, Department.id == agreement.provider_id
    )
    rows = session.execute(query.where(AgreementVersion.agreement_id == agreement.id)).all()
    words = {id_: terms for id_, terms, _ in rows}
    provider = rows[0][2] if rows else session.get(Department, agreement.provider_id)
    said = calendars.of(session, provider)
    works = Remembering(**{each.name: getattr(said, each.name) for each in fields(said)})
    asks = any("table" in terms for terms in (before, after, *words.values()))
    past = _past(session, agreement, since.astimezone(UTC), asks=asks)
    return Trial(past, words, works, before, after, since, now)


def _past(session: Session, agreement: Agreement, since: datetime, *, asks: bool) -> list[Past]:
    """What was asked, was open or ended since then; ``asks``: with what the tables of cases ask for, as it was then."""
    alive = or_(Promise.requested_at >= since, Promise.closed_at >= since, Promise.outcome.is_(None))
    mine = and_(Promise.agreement_id == agreement.id, Promise.version_id.is_not(None), alive)
    columns = [getattr(Promise, name) for name in Past._fields[:-2]]
    columns.append(Commitment.due_on)
    if not asks:
        plain = select(*columns).outerjoin(Commitment, Commitment.id == Promise.commitment_id)
        return [Past._make((*row, {})) for row in session.execute(plain.where(mine))]
    query = select(*columns, Deal, Client, Person.id, Person.name, Person.email).select_from(Promise)
    query = query.outerjoin(Commitment, Commitment.id == Promise.commitment_id)
    query = query.outerjoin(Deal, Deal.id == Promise.deal_id).outerjoin(Client, Client.id == Deal.client_id)
    rows = session.execute(query.outerjoin(Person, Person.id == Deal.owner_id).where(mine)).all()
    first = min((row.ready_at or row.requested_at for row in rows), default=since)
    then = hindsight.read(session, select(Deal.instance_id).join(Promise).where(mine), first)
    return [Past._make((*row[: len(columns)], _facts(then, row, len(columns)))) for row in rows]


def _facts(then: Hindsight, row: Any, width: int) -> Mapping[str, Any]:
    """What expressions could read when the request was ready; nothing where it was for no deal."""
    deal = row[width]
    if deal is None:
        return {}
    return then.facts(deals.about(*row[width:]), deal.instance_id, row.ready_at or row.requested_at)


# ------------------------------------------------------------------------------------------------ times


def _kept(trial: Trial, _name: str) -> Effect | None:
    was, would = Counter[bool](), Counter[bool]()
    for each in trial.past:
        if not _counts(trial, each):
            continue
        for count, due in ((was, each.due_at), (would, due_under(trial, each))):
            verdict = _judged(trial, each, due)
            if verdict is not None:
                count[verdict] += 1
    return Effect("kept", was[True], was.total(), would[True], would.total())


def _counts(trial: Trial, each: Past) -> bool:
    """Whether it was judged in these days, or is open and will be."""
    if each.outcome is None:
        return each.manner is None
    return each.outcome in {"kept", "broken"} and each.closed_at is not None and each.closed_at >= trial.since


def _judged(trial: Trial, each: Past, due: datetime | None) -> bool | None:
    """Kept, broken, or None while there is time: as the product judges it, by another due time."""
    most = trial.words.get(each.version_id, {}).get("rework")
    if due is not None and due < (each.delivered_at or trial.now):
        return False
    if each.outcome is None:
        return None
    return most is None or each.rework <= most


def due_under(trial: Trial, each: Past) -> datetime | None:
    """When it would have been due under the words that are tried.

    What pauses, renegotiations and corrections added to the time agreed then, or took from it, they add to the time tried.
    """
    own, tried = (_time(words, each) for words in (trial.words.get(each.version_id, {}), trial.after))
    if each.due_at is None or each.ready_at is None or own == tried or not own or not tried:
        return each.due_at
    works, start = trial.works, each.ready_at
    agreed, wanted = works.add(start, own), works.add(start, tried)
    if agreed == each.due_at:
        return wanted
    added = works.between(start, each.due_at) - works.between(start, agreed)
    length = works.between(start, wanted) + added
    return works.add(start, length) if length > timedelta() else start


def _time(words: Mapping[str, Any], each: Past) -> str | None:
    return said_for(words, each.facts, each.ready_at or each.requested_at)[1]


def _answered(trial: Trial, _name: str) -> Effect | None:
    """Only where somebody had to answer, then and now."""
    if not trial.after.get("promise_time"):
        return None
    was = would = of = 0
    for each in trial.past:
        answer = each.answered_at or each.delivered_at
        start = each.ready_at or each.requested_at
        if each.answer_by is None or answer is None or answer < max(start, trial.since):
            continue
        said, _, _ = said_for(trial.after, each.facts, start)
        of += 1
        was += answer <= each.answer_by
        would += said is None or answer <= trial.works.add(start, said)
    return Effect("answered", was, of, would, of)


def _silence(trial: Trial, name: str) -> Effect | None:
    """Deliveries that a consumer accepted or has not answered yet, and what silence would have been."""
    was = would = of = 0
    for each in trial.past:
        waits = trial.words.get(each.version_id, {}).get("accepts") == "consumer"
        if not waits or not _counts(trial, each) or each.delivered_at is None:
            continue
        end = each.closed_at or trial.now
        of += 1
        was += _over(trial, trial.before.get(name), each.delivered_at, end)
        would += _over(trial, trial.after.get(name), each.delivered_at, end)
    return Effect("silence", was, of, would, of)


def _over(trial: Trial, window: str | None, since: datetime, end: datetime) -> bool:
    return window is not None and trial.works.add(since, window) < end


# ------------------------------------------------------------------------------------------------ how much at once


def _days_full(trial: Trial, name: str) -> Effect | None:
    """Work days on which, at some moment, more was open than the words allow."""
    peaks = _peaks(trial)
    was, would = (_exceeded(peaks.values(), words.get(name)) for words in (trial.before, trial.after))
    return Effect("days", was, len(peaks), would, len(peaks))


def _peaks(trial: Trial) -> dict[date, int]:
    """The most that was promised and not delivered at once, by work day of the provider."""
    turns: list[tuple[datetime, int]] = []
    for each in trial.past:
        if each.promised_at is not None:
            turns.append((each.promised_at, 1))
            turns.append((each.delivered_at or each.closed_at or trial.now, -1))
    turns.sort()
    found, place, is_open = {}, 0, 0
    for day in _span(trial):
        midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=trial.works.zone)
        end, peak = min(midnight, trial.now), is_open
        while place < len(turns) and turns[place][0] < end:
            is_open += turns[place][1]
            place += 1
            peak = max(peak, is_open) if turns[place - 1][0] >= trial.since else is_open
        if trial.works.is_work_day(day):
            found[day] = peak
    return found


def _weeks_full(trial: Trial, name: str) -> Effect | None:
    """Weeks, Monday to Sunday, in which more fell due than the words allow."""
    weeks = dict.fromkeys((_monday(day) for day in _span(trial)), 0)
    for each in trial.past:
        if each.due_at is not None and each.promised_at is not None:
            monday = _monday(each.due_at.astimezone(trial.works.zone).date())
            if monday in weeks:
                weeks[monday] += 1
    was, would = (_exceeded(weeks.values(), words.get(name)) for words in (trial.before, trial.after))
    return Effect("weeks", was, len(weeks), would, len(weeks))


def _exceeded(counts: Iterable[int], most: int | None) -> int:
    return 0 if most is None else sum(count > most for count in counts)


def _span(trial: Trial) -> Iterator[date]:
    first, last = trial.since.date(), trial.now.astimezone(trial.works.zone).date()
    return (first + timedelta(n) for n in range((last - first).days + 1))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


# ------------------------------------------------------------------------------------------------ lists and limits


def _items(trial: Trial, name: str) -> Effect | None:
    """How often each item that comes or goes was missing, of the requests or deliveries that had to have it."""
    old, new = trial.before.get(name) or [], trial.after.get(name) or []
    changed = [item for item in (*new, *old) if (item in new) != (item in old)]
    effects = [effect for item in changed if (effect := _item(trial, name, item)) is not None]
    return replace(effects[0], more=tuple(effects[1:])) if effects else None


def _item(trial: Trial, name: str, item: str) -> Effect | None:
    lacked = of = 0
    for each in trial.past:
        asked = item in (trial.words.get(each.version_id, {}).get(name) or ())
        happened = each.requested_at if name == "ready" else each.closed_at
        if asked and happened is not None and happened >= trial.since:
            of += 1
            lacked += item in ((each.missing if name == "ready" else each.rejected) or ())
    kind = "missing" if name == "ready" else "rejected"
    return Effect(kind, lacked, of, lacked, of, item=item) if of else None


def _rework(trial: Trial, name: str) -> Effect | None:
    done = [each.rework for each in trial.past if each.outcome is not None and _counts(trial, each)]
    was, would = (_exceeded(done, words.get(name)) for words in (trial.before, trial.after))
    return Effect("rework", was, len(done), would, len(done))


def _breaks(trial: Trial, name: str) -> Effect | None:
    kept = _kept(replace(trial, after={}), name)
    if kept is None or name not in trial.after:
        return None
    was = kept.of * (100 - trial.before.get(name, 100)) // 100
    would = kept.of * (100 - trial.after[name]) // 100
    return Effect("breaks", was, kept.of, would, kept.of, used=kept.of_before - kept.before)


# ------------------------------------------------------------------------------------------------ the client's dates


def _buffer(trial: Trial, name: str) -> Effect | None:
    """Dates agreed with clients for which a department was not done when it had to be, and who had to be done earlier."""
    was = would = of = earlier = 0
    for each in trial.past:
        if each.client_on is None or not _counts(trial, each):
            continue
        before, after = (
            health.dates(trial.works, each.client_on, words.get(name)).inner
            for words in (trial.before, trial.after)
        )
        done = each.delivered_at or trial.now
        of += 1
        was += before < done
        would += after < done
        earlier += _due_for_client(trial, each, after) < _due_for_client(trial, each, before)
    return Effect("buffer", was, of, would, of, used=earlier) if of else None


def _due_for_client(trial: Trial, each: Past, inner: datetime) -> datetime:
    """A request for a client is due on the inner date, but not before the time that the agreement gives."""
    start = each.ready_at or each.requested_at
    own = _time(trial.words.get(each.version_id, {}), each)
    return max(trial.works.add(start, own), inner) if own else inner


EFFECTS: Mapping[str, Callable[[Trial, str], Effect | None]] = {
    "ready": _items,
    "acceptance": _items,
    "promise_time": _answered,
    "deliver_time": _kept,
    "table": _kept,
    "target": _breaks,
    "capacity": _days_full,
    "capacity_week": _weeks_full,
    "rework": _rework,
    "acceptance_window": _silence,
    "buffer": _buffer,
}
"""What history says about a changed field. Two changed fields about the time to deliver are tried together."""
