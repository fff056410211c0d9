"""What a promise adds to the reports: each fact once, as a row says it and as SQL asks for it.

A fact has the local day of the moment that decided it. Whether a request was ready is a fact of the day it was asked;
the provider's answer counts on the day it came; how the promise ended, and all that only the end decides, on that day.
A request counts once somebody has answered, returned or delivered it or it is closed: opening one writes nothing here.
Provider and consumer are those of the promise. Nothing here knows of rights.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil, log
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_

from engine.calendars import local_day
from engine.sales.promises import Promise

STEP = 1.05
"""Buckets of the histogram of times are 5 % wide: a percentile read from it is at most that much too long."""


class Row(NamedTuple):
    """The columns of a promise that facts are made of."""

    agreement_id: int | None
    provider_id: int | None
    consumer_id: int | None
    requested_at: datetime
    returns: int
    answer_by: datetime | None
    answered_at: datetime | None
    delivered_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    manner: str | None
    rework: int
    timed_answers: int
    late_answers: int
    work_seconds: int | None


COLUMNS = tuple(getattr(Promise, name) for name in Row._fields)


class Key(NamedTuple):
    """Whose facts of which local day; 0 stands for no agreement and for no department."""

    agreement_id: int
    day: date
    provider_id: int
    consumer_id: int


@dataclass(frozen=True, slots=True)
class What:
    """One kind of fact: whether a promise has it and when that was decided, said twice."""

    has: Callable[[Row], bool]
    at: Callable[[Row], datetime | None]
    clause: ColumnElement[bool]
    moment: ColumnElement[datetime | None]


JUDGED = ("kept", "broken")


def _requested(has: Callable[[Row], bool], *clauses: ColumnElement[bool]) -> What:
    return What(has, lambda row: row.requested_at, and_(True, *clauses), Promise.requested_at)  # type: ignore[arg-type]


def _closed(has: Callable[[Row], bool], *clauses: ColumnElement[bool]) -> What:
    return What(has, lambda row: row.closed_at, and_(*clauses), Promise.closed_at)  # type: ignore[arg-type]


def _answer(row: Row) -> datetime | None:
    return row.answered_at or row.delivered_at


def _answer_or_end(row: Row) -> datetime | None:
    return _answer(row) or row.closed_at


def _in_time(row: Row) -> bool:
    answer = _answer(row)
    return row.answer_by is not None and answer is not None and answer <= row.answer_by


def _late(row: Row) -> bool:
    end = _answer_or_end(row)
    return row.answer_by is not None and end is not None and end > row.answer_by


def _became(row: Row) -> bool:
    return row.returns > 0 or _answer_or_end(row) is not None


ANSWER: ColumnElement[Any] = func.coalesce(Promise.answered_at, Promise.delivered_at)
ANSWER_OR_END: ColumnElement[Any] = func.coalesce(
    Promise.answered_at, Promise.delivered_at, Promise.closed_at
)
_BECAME = or_(Promise.returns > 0, ANSWER_OR_END.is_not(None))
_WAS_JUDGED = Promise.outcome.in_(JUDGED)

WHATS: Mapping[str, What] = {
    "requested": _requested(_became, _BECAME),
    "unagreed": _requested(
        lambda row: row.agreement_id is None and _became(row), Promise.agreement_id.is_(None), _BECAME
    ),
    "ready_first": _requested(
        lambda row: not row.returns and _answer(row) is not None,
        Promise.returns == 0,
        ANSWER.is_not(None),
    ),
    "returned": _requested(lambda row: row.returns > 0, Promise.returns > 0),
    "promised_in_time": What(_in_time, _answer, Promise.answer_by >= ANSWER, ANSWER),
    "promised_late": What(_late, _answer_or_end, Promise.answer_by < ANSWER_OR_END, ANSWER_OR_END),
    "kept_first": _closed(
        lambda row: row.outcome == "kept" and row.manner != "renegotiated",
        Promise.outcome == "kept",
        Promise.manner.is_distinct_from("renegotiated"),
    ),
    "kept_renegotiated": _closed(
        lambda row: row.outcome == "kept" and row.manner == "renegotiated",
        Promise.outcome == "kept",
        Promise.manner == "renegotiated",
    ),
    "broken_late": _closed(
        lambda row: row.outcome == "broken" and row.manner != "quality",
        Promise.outcome == "broken",
        Promise.manner.is_distinct_from("quality"),
    ),
    "broken_quality": _closed(
        lambda row: row.outcome == "broken" and row.manner == "quality",
        Promise.outcome == "broken",
        Promise.manner == "quality",
    ),
    "cancelled": _closed(lambda row: row.outcome == "cancelled", Promise.outcome == "cancelled"),
    "waived": _closed(lambda row: row.outcome == "waived", Promise.outcome == "waived"),
    "accepted_first_try": _closed(
        lambda row: row.outcome in JUDGED and not row.rework, _WAS_JUDGED, Promise.rework == 0
    ),
    "accepted_in_window": _closed(
        lambda row: row.outcome in JUDGED and row.timed_answers > 0 and not row.late_answers,
        _WAS_JUDGED,
        Promise.timed_answers > 0,
        Promise.late_answers == 0,
    ),
    "accepted_late": _closed(
        lambda row: row.outcome in JUDGED and row.late_answers > 0, _WAS_JUDGED, Promise.late_answers > 0
    ),
}
"""Every kind of fact, in the order of the columns of `reports.promise_rollups.PromiseDay`."""


def facts(row: Row) -> Iterator[tuple[str, Key]]:
    """What a promise adds to which local day, as it is now."""
    who = (row.agreement_id or 0, row.provider_id or 0, row.consumer_id or 0)
    for name, what in WHATS.items():
        if what.has(row):
            at = what.at(row)
            if at is not None:
                yield name, Key(who[0], local_day(at), who[1], who[2])


def took(row: Row) -> tuple[Key, int] | None:
    """On which day a delivery was judged and in which bucket the work time from ready to delivered lies."""
    if row.outcome not in JUDGED or row.work_seconds is None or row.closed_at is None:
        return None
    key = Key(row.agreement_id or 0, local_day(row.closed_at), row.provider_id or 0, row.consumer_id or 0)
    return key, bucket(row.work_seconds)


def bucket(seconds: int) -> int:
    """The smallest b with 1.05^b ≥ seconds; 0 for a second and less."""
    return max(ceil(log(seconds) / log(STEP) - 1e-9), 0) if seconds > 1 else 0


def longest(number: int) -> int:
    """The longest time of a bucket, in seconds."""
    return round(STEP**number)
