"""What reports read from roll-ups: the whole company as of now, grouped by the database, plain rows."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from reports.movements import Buckets, Key, Total
from reports.periods import Period
from reports.rollups import settling


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _rows(session: Session, query: str, **values: Any) -> Iterable[Any]:
    settling.settle(session)
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
    return session.connection().execute(text(query), plain)


def read(session: Session, ladder: str, period: Period) -> Buckets:
    """The buckets of a period, day by day."""
    rows = _rows(
        session,
        "SELECT day, department_id, from_stage, to_stage, kind, n, dwell, money, gain FROM rollup_days "
        "WHERE ladder = :ladder AND grain = 'day' AND day >= :start AND day < :end AND n <> 0",
        ladder=ladder,
        start=period.start,
        end=period.end,
    )
    return {Key(_day(row[0]), *row[1:5]): Total(*row[5:]) for row in rows}
