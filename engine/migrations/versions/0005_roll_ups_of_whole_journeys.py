"""Roll-ups of whole journeys: they are empty until the clock, or ``contentum rebuild``, makes them from the log."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from engine.db import BigId

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

Columns = Sequence[sa.Column[Any]]


def upgrade() -> None:
    """Make the step."""
    op.drop_table("rollup_days")
    op.create_table(
        "rollup_ladders",
        sa.Column("ladder", sa.String(120), nullable=False),
        sa.Column("stages", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ladder", name="pk_rollup_ladders"),
    )
    grain, day = _text("grain", 5), sa.Column("day", sa.Date(), nullable=False)
    department = sa.Column("department_id", BigId, autoincrement=False, nullable=False)
    cause = sa.Column("cause_id", BigId, autoincrement=False, nullable=False)
    places, kind = (_text("from_stage", 60), _text("to_stage", 60)), _text("kind", 20)
    _table("rollup_days", (grain, day, department, *places, kind), "n", ("dwell", "money", "gain", "moment"))
    _table("rollup_causes", (grain, day, cause, _text("reason", 80), kind), "n", ("money",))
    _table("rollup_nets", (grain, day), "further back same recovered")
    month = sa.Column("month", sa.Date(), nullable=False)
    touched = sa.Column("touched", sa.BigInteger(), autoincrement=False, nullable=False)
    _table("rollup_cohorts", (month, _key("highest"), _text("status", 20), touched), "n", ("money",))
    stay = (_text("what", 10), _key("rank"), _text("outcome", 20), _key("bucket"))
    _table("rollup_stays", (grain, month, *stay), "n", ("seconds",))
    _table("rollup_reach", (day, _key("rank")), "n")
    _journeys()


def _journeys() -> None:
    numbers = ("created", "entered", "touched", "money", "moved")
    op.create_table(
        "journeys",
        _text("ladder", 120),
        _text("item", 60),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("instance_id", BigId, nullable=True),
        *(sa.Column(name, BigId, nullable=False) for name in ("move_id", "department_id", "owner_id")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in numbers),
        *(sa.Column(name, sa.Date(), nullable=False) for name in ("created_day", "moved_day")),
        _text("status", 20),
        _text("stage", 60),
        sa.Column("rank", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("reached", "periods")),
        sa.PrimaryKeyConstraint("ladder", "item", name="pk_journeys"),
        sqlite_with_rowid=False,
    )
    is_open = sa.text("stage <> ''")
    op.create_index(
        "ix_journeys_open",
        "journeys",
        ["ladder", "stage", "money"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("ix_journeys_created", "journeys", ["ladder", "created_day"])


def _text(name: str, length: int) -> sa.Column[object]:
    return sa.Column(name, sa.String(length), nullable=False)


def _key(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Integer(), autoincrement=False, nullable=False)


def _table(name: str, key: Columns, counts: str, sums: Sequence[str] = ()) -> None:
    """A table of sums by ladder and key, kept in the order of its key."""
    columns = [_text("ladder", 120), *(column._copy() for column in key)]
    op.create_table(
        name,
        *columns,
        *(sa.Column(count, sa.Integer(), nullable=False) for count in counts.split()),
        *(sa.Column(total, sa.BigInteger(), nullable=False) for total in sums),
        sa.PrimaryKeyConstraint(*(column.name for column in columns), name=f"pk_{name}"),
        sqlite_with_rowid=False,
    )
