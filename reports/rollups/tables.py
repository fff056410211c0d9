"""The tables of roll-ups. Every row is a pure function of the log; a row whose sums are zero means nothing.

Days are the organization's local days, moments and lengths whole seconds (moments since 2000-01-01 UTC), money
hundredths of the currency. 0 stands for no department and no person, "" for no position. ``grain`` says whether the
row is of a day, an ISO week or a month; its day is the first one.
"""

from datetime import date

from sqlalchemy import BigInteger, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, BigId

CLUSTERED = {"sqlite_with_rowid": False}
"""SQLite keeps such a table in the order of its key: one tree to write instead of two, and neighbours are neighbours."""


OPEN = text("status IN ('open', 'suspended')")
"""In these words a query finds the index of journeys that have not ended."""


ASKED = (
    "ladder", "stage", "money", "status", "rank", "highest", "entered", "arrived", "began", "created", "created_day",
    "moved_day",
)  # fmt: skip
"""All that is asked of journeys that have not ended stands in their index: no row of theirs has to be looked up."""


class LadderRollup(Base):
    """A ladder whose log is in the roll-ups, with the stages (a JSON list of keys) by which ranks are counted there.

    Once a new version of the process has other stages, reports read the log until the ladder is rebuilt.
    """

    __tablename__ = "rollup_ladders"

    ladder: Mapped[str] = mapped_column(String(120), primary_key=True)
    stages: Mapped[str] = mapped_column(Text)


class DayRollup(Base):
    """What movements of a day (week, month), department, positions and kind add up to; see `reports.movements`.

    ``kind`` may be ``mistaken`` (a move undone by a correction). ``moment`` is the sum of the moments of the moves:
    what was left minus what was entered is the time spent there.
    """

    __tablename__ = "rollup_days"
    __table_args__ = CLUSTERED

    ladder: Mapped[str] = mapped_column(String(120), primary_key=True)
    grain: Mapped[str] = mapped_column(String(5), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    department_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    from_stage: Mapped[str] = mapped_column(String(60), primary_key=True)
    to_stage: Mapped[str] = mapped_column(String(60), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    n: Mapped[int]
    dwell: Mapped[int] = mapped_column(BigInteger)
    money: Mapped[int] = mapped_column(BigInteger)
    gain: Mapped[int] = mapped_column(BigInteger)
    moment: Mapped[int] = mapped_column(BigInteger)


class CauseRollup(Base):
    """Red movements of a day (week, month) by the department that caused them and the reason given ("" for none)."""

    __tablename__ = "rollup_causes"
    __table_args__ = CLUSTERED

    ladder: Mapped[str] = mapped_column(String(120), primary_key=True)
    grain: Mapped[str] = mapped_column(String(5), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    cause_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    reason: Mapped[str] = mapped_column(String(80), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    n: Mapped[int]
    money: Mapped[int] = mapped_column(BigInteger)


class NetRollup(Base):
    """How many items stood further, back or the same after a day (week, month) as before it, and the moves back that
    were regained within it; see `reports.dynamics.net`."""

    __tablename__ = "rollup_nets"
    __table_args__ = CLUSTERED

    ladder: Mapped[str] = mapped_column(String(120), primary_key=True)
    grain: Mapped[str] = mapped_column(String(5), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    further: Mapped[int]
    back: Mapped[int]
    same: Mapped[int]
    recovered: Mapped[int]


class CohortRollup(Base):
    """Items alike: `reports.cohort_facts.CohortKey`, how many and their money."""

    __tablename__ = "rollup_cohorts"
    __table_args__ = CLUSTERED

    ladder: Mapped[str] = mapped_column(String(120), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    highest: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[str] = mapped_column(String(20), primary_key=True)
    touched: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    n: Mapped[int]
    money: Mapped[int] = mapped_column(BigInteger)


class StayRollup(Base):
    """Stays that ended: `reports.cohort_facts.StayKey`, how many and their seconds. Open ones are in `JourneyRow`.

    The month comes last in the key: stays of many months are added up in its order, without sorting.
    """

    __tablename__ = "rollup_stays"
    __table_args__ = CLUSTERED

    ladder: Mapped[str] = mapped_column(String(120), primary_key=True)
    what: Mapped[str] = mapped_column(String(10), primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcome: Mapped[str] = mapped_column(String(20), primary_key=True)
    bucket: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    month: Mapped[date] = mapped_column(primary_key=True)
    n: Mapped[int]
    seconds: Mapped[int] = mapped_column(BigInteger)


class ReachRollup(Base):
    """How many items first stood at a rank or beyond on a day; the rank above all is won."""

    __tablename__ = "rollup_reach"
    __table_args__ = CLUSTERED

    ladder: Mapped[str] = mapped_column(String(120), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    n: Mapped[int]


class JourneyRow(Base):
    """Where one item stands and how far it came: what its next move is counted against.

    ``stage`` and ``rank`` are of the open visit ("" and 0 without one), which began at ``entered``. It first stood
    anywhere at ``began``, and at its ``highest`` rank (0: nowhere yet) at ``arrived``. ``periods`` is a JSON list for the last day, week and
    month in which it moved: [first day, rank before, rank after, moves back regained, moves back not regained].
    ``moved`` is when it moved last, ``department_id``, ``owner_id`` and ``money`` are of that moment.
    """

    __tablename__ = "journeys"
    __table_args__ = (
        Index("ix_journeys_open", *ASKED, sqlite_where=OPEN, postgresql_where=OPEN),
        CLUSTERED,
    )

    ladder: Mapped[str] = mapped_column(String(120), primary_key=True)
    item: Mapped[str] = mapped_column(String(60), primary_key=True)
    seq: Mapped[int]
    move_id: Mapped[int] = mapped_column(BigId)
    instance_id: Mapped[int | None] = mapped_column(BigId)
    department_id: Mapped[int] = mapped_column(BigId)
    owner_id: Mapped[int] = mapped_column(BigId)
    created: Mapped[int] = mapped_column(BigInteger)
    created_day: Mapped[date]
    status: Mapped[str] = mapped_column(String(20))
    stage: Mapped[str] = mapped_column(String(60))
    rank: Mapped[int]
    entered: Mapped[int] = mapped_column(BigInteger)
    highest: Mapped[int]
    began: Mapped[int] = mapped_column(BigInteger)
    arrived: Mapped[int] = mapped_column(BigInteger)
    touched: Mapped[int] = mapped_column(BigInteger)
    money: Mapped[int] = mapped_column(BigInteger)
    moved: Mapped[int] = mapped_column(BigInteger)
    moved_day: Mapped[date]
    periods: Mapped[str] = mapped_column(Text)
