"""The scoreboard of agreements, from both sides: how the provider kept its word, how the consumer did its part.

Sums of `reports.promise_rollups` over half-open local days, in a few statements whose cost does not grow with the number of
promises; what is open and overdue counts as broken now, and is counted live. Rights are part of every query: who sees an
agreement sees how it is kept, and everybody who does sees the same numbers.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from engine import access
from engine.calendars import HOME, local_day
from engine.people import Person
from engine.sales.agreements import Agreement, AgreementVersion
from engine.sales.commitments import Commitment
from engine.sales.promises import Promise
from reports import periods
from reports.periods import DAY, Period
from reports.promise_facts import WHATS, longest
from reports.promise_rollups import PromiseDay

PERIODS = ("week", "month", "quarter", "days90")
FEW = 20
"""Fewer judged promises than these say too little about anybody."""

EIGHT = 8
"""So many periods before this one make the trend."""

TOGETHER: Mapping[str, tuple[str, ...]] = {
    **{name: (name,) for name in WHATS},
    "kept": ("kept_first", "kept_renegotiated"),
    "broken": ("broken_late", "broken_quality"),
    "judged": ("kept_first", "kept_renegotiated", "broken_late", "broken_quality"),
    "promised": ("promised_in_time", "promised_late"),
    "asked_ready": ("ready_first", "returned"),
    "answered": ("accepted_in_window", "accepted_late"),
    "ended": ("kept_first", "kept_renegotiated", "broken_late", "broken_quality", "cancelled", "waived"),
    "overdue": (),
}
"""What may be asked for by name: a kind of fact, or several that no promise has at once."""

WITH_OVERDUE = frozenset({"broken", "judged", "overdue"})
"""Names under which a promise counts that is open and past its time."""


@dataclass(frozen=True, slots=True)
class Rate:
    """``some`` of ``of``, by the names under which their lists are found."""

    some: str
    of: str
    n: int
    whole: int

    @property
    def share(self) -> float | None:
        """As a fraction; None of nothing."""
        return self.n / self.whole if self.whole else None

    @property
    def is_few(self) -> bool:
        """Whether it says too little."""
        return self.whole < FEW


@dataclass(frozen=True, slots=True)
class Budget:
    """How many breaks a target allows and how they were used up; ``base`` is the number of promises it is reckoned from."""

    target: int
    base: int
    allowed: int
    used: int
    burn: Sequence[tuple[date, int]]
    """Breaks so far at the end of each day."""
    gone_on: date | None
    """The first day on which nothing was left."""
    goes_on: date | None
    """When nothing will be left if breaks go on as in this period, where that is inside it."""

    @property
    def left(self) -> int:
        """What is left; negative when more was used."""
        return self.allowed - self.used


@dataclass(frozen=True, slots=True)
class Score:
    """One agreement in a period."""

    agreement: Agreement
    terms: Mapping[str, Any]
    counts: Mapping[str, int]
    overdue: int
    p85: int | None
    """Seconds of work time within which 85 of 100 were delivered, at most 5 % too long."""
    trend: Sequence[tuple[Period, Rate]]
    """Kept of judged, the eight periods before and this one, the oldest first."""
    budget: Budget | None

    def n(self, name: str) -> int:
        """How many promises count under a name; the list of that name is as long."""
        found = sum(self.counts.get(each, 0) for each in TOGETHER[name])
        return found + (self.overdue if name in WITH_OVERDUE else 0)

    def rate(self, some: str, of: str) -> Rate:
        """How many of one name are of another."""
        return Rate(some, of, self.n(some), self.n(of))

    @property
    def kept(self) -> Rate:
        """Kept of those that were judged or are overdue."""
        return self.rate("kept", "judged")

    @property
    def before(self) -> Rate:
        """The same of the period before."""
        return self.trend[-2][1]


@dataclass(frozen=True, slots=True)
class Board:
    """What a person sees of a period: agreements, and whose doing broken commitments with clients were."""

    period: Period
    scores: Sequence[Score]
    causes: Sequence[tuple[int | None, int]]


def period_of(name: str, day: date) -> Period:
    """The week, month or quarter a local day lies in, or the 90 days that end with it."""
    if name == "days90":
        return Period(day - 89 * DAY, day + DAY)
    if name == "quarter":
        first = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        return Period(first, (first + 93 * DAY).replace(day=1))
    return periods.containing(day, "week" if name == "week" else "month")


def scoreboard(
    session: Session, person: Person, name: str, *, now: datetime, day: date | None = None
) -> Board:
    """Every agreement this person may see in the period that a local day lies in, as of now; the code says the order."""
    today = local_day(now)
    span = [period_of(name, min(day or today, today))]
    for _ in range(EIGHT):
        span.append(period_of(name, span[-1].start - DAY))
    period, running = span[0], today in span[0]
    known = _agreements(session, person, today)
    ids = [agreement.id for agreement, _ in known]
    sums, trend = _sums(session, ids, period), _trend(session, ids, span[1:])
    late = _overdue(session, ids, now) if running else {}
    burnt, times = _burnt(session, ids, period), _times(session, ids, period)
    scores = []
    for agreement, terms in known:
        counts, overdue = sums.get(agreement.id, {}), late.get(agreement.id, 0)
        past = [(each, trend.get((agreement.id, place), (0, 0))) for place, each in enumerate(span[1:])]
        rates = [(each, Rate("kept", "judged", kept, whole)) for each, (kept, whole) in reversed(past)]
        score = Score(agreement, terms, counts, overdue, _p85(times.get(agreement.id, {})), rates, None)
        broken = burnt.get(agreement.id, Counter())
        broken[today] += overdue
        budget = _budget(score, broken, period, min(today, period.last), rates[-1][1].whole if running else 0)
        scores.append(replace(score, trend=[*rates, (period, score.kept)], budget=budget))
    return Board(period, scores, _causes(session, person, period))


def promises_of(
    person: Person,
    agreement: int | None,
    what: str,
    a: date,
    b: date,
    now: datetime,
    *,
    provider: int | None = None,
    consumer: int | None = None,
) -> Select[Promise]:
    """The promises that a number counts: under an agreement (None: any), of the local days [a, b), the latest first.

    ``what`` is a key of `TOGETHER`. As many as `scoreboard` says, to the same person.
    """
    begin, end = _midnight(a), _midnight(b)
    clauses: list[ColumnElement[bool]] = [
        and_(WHATS[name].clause, WHATS[name].moment >= begin, WHATS[name].moment < end)
        for name in TOGETHER[what]
    ]
    if what in WITH_OVERDUE and a <= local_day(now) < b:
        clauses.append(is_overdue(now))
    seen = select(Agreement.id).where(access.visible(person, Agreement, local_day(now)))
    query = select(Promise).where(or_(False, *clauses), Promise.agreement_id.in_(seen))
    narrowed = {
        Promise.agreement_id: agreement,
        Promise.provider_id: provider,
        Promise.consumer_id: consumer,
    }
    query = query.where(*(column == value for column, value in narrowed.items() if value is not None))
    return query.order_by(func.coalesce(Promise.closed_at, Promise.requested_at).desc(), Promise.id.desc())


def is_overdue(now: datetime) -> ColumnElement[bool]:
    """Open past its time, and not delivered before it passed: found by the index of open promises."""
    in_time = and_(Promise.delivered_at.is_not(None), Promise.delivered_at <= Promise.due_at)
    return and_(Promise.outcome.is_(None), Promise.due_at < now, Promise.manner.is_(None), ~in_time)


# ------------------------------------------------------------------------------------------------ what is read


def _agreements(session: Session, person: Person, today: date) -> list[tuple[Agreement, Mapping[str, Any]]]:
    joined = AgreementVersion.id == Agreement.current_version_id
    query = select(Agreement, AgreementVersion.terms).outerjoin(AgreementVersion, joined)
    query = query.where(access.visible(person, Agreement, today))
    rows = session.execute(query.order_by(Agreement.code.is_(None), Agreement.code, Agreement.id))
    return [(agreement, terms or {}) for agreement, terms in rows]


def _days(ids: Collection[int], a: date, b: date, *, timed: bool = False) -> Any:
    """The rows of some days, by the primary key."""
    mine = PromiseDay.agreement_id.in_(ids), PromiseDay.timed.is_(timed)
    return and_(*mine, PromiseDay.day >= a, PromiseDay.day < b)


def _sums(session: Session, ids: Collection[int], period: Period) -> dict[int, Mapping[str, int]]:
    columns = [func.sum(getattr(PromiseDay, name)) for name in WHATS]
    query = select(PromiseDay.agreement_id, *columns).where(_days(ids, period.start, period.end))
    rows = session.execute(query.group_by(PromiseDay.agreement_id))
    return {row[0]: dict(zip(WHATS, map(int, row[1:]), strict=True)) for row in rows}


KEPT = PromiseDay.kept_first + PromiseDay.kept_renegotiated
BROKEN = PromiseDay.broken_late + PromiseDay.broken_quality


def _trend(
    session: Session, ids: Collection[int], span: Sequence[Period]
) -> dict[tuple[int, int], tuple[int, int]]:
    """Kept and judged by agreement and place in ``span``, the latest period first."""
    starts = [(PromiseDay.day >= each.start, number) for number, each in enumerate(span)]
    place = case(*starts, else_=-1).label("place")
    query = select(PromiseDay.agreement_id, place, func.sum(KEPT), func.sum(KEPT + BROKEN))
    query = query.where(_days(ids, span[-1].start, span[0].end))
    rows = session.execute(query.group_by(PromiseDay.agreement_id, "place"))
    return {(agreement_id, number): (int(kept), int(whole)) for agreement_id, number, kept, whole in rows}


def _burnt(session: Session, ids: Collection[int], period: Period) -> dict[int, Counter[date]]:
    query = select(PromiseDay.agreement_id, PromiseDay.day, func.sum(BROKEN))
    query = query.where(_days(ids, period.start, period.end), BROKEN > 0)
    found: dict[int, Counter[date]] = {}
    for agreement_id, day, n in session.execute(query.group_by(PromiseDay.agreement_id, PromiseDay.day)):
        found.setdefault(agreement_id, Counter())[day] = int(n)
    return found


def _times(session: Session, ids: Collection[int], period: Period) -> dict[int, dict[int, int]]:
    query = select(PromiseDay.agreement_id, PromiseDay.bucket, func.sum(PromiseDay.n))
    query = query.where(_days(ids, period.start, period.end, timed=True))
    found: dict[int, dict[int, int]] = {}
    for agreement_id, bucket, n in session.execute(
        query.group_by(PromiseDay.agreement_id, PromiseDay.bucket)
    ):
        found.setdefault(agreement_id, {})[bucket] = int(n)
    return found


def _overdue(session: Session, ids: Collection[int], now: datetime) -> dict[int, int]:
    """Counted here: grouped in the statement, SQLite would walk all promises by agreement instead of the few open ones."""
    query = select(Promise.agreement_id).where(is_overdue(now))
    return Counter(each for each in session.scalars(query) if each in set(ids))


def _causes(session: Session, person: Person, period: Period) -> list[tuple[int | None, int]]:
    """Commitments with clients broken in the period, by the department whose doing it was, the most first."""
    seen = access.visible(person, Commitment), Commitment.state == "broken"
    closed = Commitment.closed_at >= _midnight(period.start), Commitment.closed_at < _midnight(period.end)
    n = func.count().label("n")
    query = select(Commitment.caused_by_id, n).where(*seen, *closed).group_by(Commitment.caused_by_id)
    return [(unit, count) for unit, count in session.execute(query.order_by(n.desc()))]


# ------------------------------------------------------------------------------------------------ what is reckoned


def _p85(times: Mapping[int, int]) -> int | None:
    """The longest time of the bucket in which the value of rank ⌈0.85 n⌉ lies."""
    rank, so_far = ceil(85 * sum(times.values()) / 100), 0
    for bucket, n in sorted(times.items()):
        so_far += n
        if so_far >= rank > 0:
            return longest(bucket)
    return None


def _budget(score: Score, broken: Counter[date], period: Period, through: date, usual: int) -> Budget | None:
    """What the target allows. A period that still runs is reckoned as large as the one before, if that was larger."""
    target = score.terms.get("target")
    if target is None:
        return None
    base, used = max(score.n("judged"), usual), score.n("broken")
    allowed, so_far, burn = base * (100 - target) // 100, 0, []
    for day in Period(period.start, through + DAY):
        so_far += broken[day]
        burn.append((day, so_far))
    gone = next((day for day, n in burn if n and n >= allowed), None)
    goes = None
    if gone is None and used:
        goes = through + timedelta(days=ceil((allowed - used) * len(burn) / used))
    return Budget(target, base, allowed, used, burn, gone, goes if goes and goes < period.end else None)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=HOME).astimezone(UTC)
