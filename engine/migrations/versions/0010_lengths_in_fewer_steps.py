"""Lengths of stay in steps of a tenth, by month alone. All roll-ups of journeys are emptied: the clock makes them anew."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

EMPTIED = (
    "rollup_ladders", "rollup_days", "rollup_causes", "rollup_nets", "rollup_cohorts", "rollup_reach", "journeys",
)  # fmt: skip
ASKED = (
    "ladder", "stage", "money", "status", "rank", "highest", "entered", "arrived", "began", "created", "created_day",
    "moved_day",
)  # fmt: skip


def upgrade() -> None:
    """Make the step."""
    for table in EMPTIED:
        op.execute(f"DELETE FROM {table}")  # names of ours
    op.drop_table("rollup_stays")
    op.create_table(
        "rollup_stays",
        sa.Column("ladder", sa.String(120), nullable=False),
        sa.Column("what", sa.String(10), nullable=False),
        sa.Column("rank", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "ladder", "what", "rank", "outcome", "bucket", "month", name="pk_rollup_stays"
        ),
        sqlite_with_rowid=False,
    )
    _cover_open_journeys()


def _cover_open_journeys() -> None:
    is_open = sa.text("status IN ('open', 'suspended')")
    op.drop_index("ix_journeys_open", "journeys")
    op.create_index("ix_journeys_open", "journeys", ASKED, sqlite_where=is_open, postgresql_where=is_open)
