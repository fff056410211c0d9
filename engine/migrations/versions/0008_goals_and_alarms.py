"""Goals, and alarms about too little green."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from engine.db import BigId, Json, UtcDateTime

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the step."""
    op.create_table(
        "goals",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ladder", sa.String(length=120), nullable=False),
        sa.Column("department_id", BigId, nullable=True),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("won", sa.Integer(), nullable=True),
        sa.Column("money", sa.BigInteger(), nullable=True),
        sa.Column("worth", sa.BigInteger(), nullable=True),
        sa.Column("conversions", Json, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by_id", BigId, nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_goals_by_id")),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_goals_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goals")),
    )
    op.create_index("ix_goals_ladder", "goals", ["ladder", "department_id", "month"], unique=False)
    op.create_table(
        "low_green_alarms",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ladder", sa.String(length=120), nullable=False),
        sa.Column("department_id", BigId, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("green", sa.Integer(), nullable=False),
        sa.Column("least", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Float(), nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.Column("instance_id", BigId, nullable=True),
        sa.Column("cause", sa.String(length=40), nullable=True),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("answered_by_id", BigId, nullable=True),
        sa.ForeignKeyConstraint(
            ["answered_by_id"], ["people.id"], name=op.f("fk_low_green_alarms_answered_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instances.id"], name=op.f("fk_low_green_alarms_instance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_low_green_alarms")),
        sa.UniqueConstraint(
            "ladder", "department_id", "day", name=op.f("uq_low_green_alarms_ladder_department_id_day")
        ),
    )
    op.create_index(
        op.f("ix_low_green_alarms_instance_id"), "low_green_alarms", ["instance_id"], unique=False
    )
    op.create_table(
        "low_green_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_low_green_days")),
    )
