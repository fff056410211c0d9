"""Reports kept, sent and exported."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from engine.db import BigId, Json, UtcDateTime

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the step."""
    op.create_table(
        "saved_reports",
        sa.Column("id", BigId, nullable=False),
        sa.Column("report", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("owner_id", BigId, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_saved_reports_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_reports")),
    )
    op.create_index(op.f("ix_saved_reports_owner_id"), "saved_reports", ["owner_id"], unique=False)
    op.create_table(
        "report_pins",
        sa.Column("report_id", BigId, nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_report_pins_person_id")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["saved_reports.id"], name=op.f("fk_report_pins_report_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("report_id", "person_id", name=op.f("pk_report_pins")),
    )
    op.create_index(op.f("ix_report_pins_person_id"), "report_pins", ["person_id"], unique=False)
    op.create_table(
        "report_schedules",
        sa.Column("id", BigId, nullable=False),
        sa.Column("report_id", BigId, nullable=False),
        sa.Column("owner_id", BigId, nullable=False),
        sa.Column("rhythm", sa.String(length=12), nullable=False),
        sa.Column("day", sa.Integer(), nullable=True),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_report_schedules_owner_id")),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["saved_reports.id"],
            name=op.f("fk_report_schedules_report_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_schedules")),
    )
    op.create_index("ix_report_schedules_next_at", "report_schedules", ["next_at"], unique=False)
    op.create_index(op.f("ix_report_schedules_report_id"), "report_schedules", ["report_id"], unique=False)
    op.create_table(
        "report_shares",
        sa.Column("report_id", BigId, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("who", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["saved_reports.id"], name=op.f("fk_report_shares_report_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("report_id", "kind", "who", name=op.f("pk_report_shares")),
    )
    op.create_index("ix_report_shares_who", "report_shares", ["kind", "who"], unique=False)
    op.create_table(
        "report_jobs",
        sa.Column("id", BigId, nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("owner_id", BigId, nullable=False),
        sa.Column("report", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=160), nullable=False),
        sa.Column("form", sa.String(length=10), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("part", sa.String(length=60), nullable=False),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("schedule_id", BigId, nullable=True),
        sa.Column("period", sa.String(length=10), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("leased_until", UtcDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("failed_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_report_jobs_owner_id")),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["report_schedules.id"],
            name=op.f("fk_report_jobs_schedule_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_jobs")),
        sa.UniqueConstraint("key", name=op.f("uq_report_jobs_key")),
    )
    op.create_index("ix_report_jobs_owner", "report_jobs", ["owner_id", "id"], unique=False)
    pending = sa.text("done_at IS NULL AND failed_at IS NULL")
    op.create_index(
        "ix_report_jobs_pending",
        "report_jobs",
        ["next_at", "id"],
        unique=False,
        sqlite_where=pending,
        postgresql_where=pending,
    )
    op.create_index(op.f("ix_report_jobs_schedule_id"), "report_jobs", ["schedule_id"], unique=False)
    op.create_table(
        "report_readers",
        sa.Column("schedule_id", BigId, nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_report_readers_person_id")),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["report_schedules.id"],
            name=op.f("fk_report_readers_schedule_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("schedule_id", "person_id", name=op.f("pk_report_readers")),
    )
    op.create_index(op.f("ix_report_readers_person_id"), "report_readers", ["person_id"], unique=False)
    op.create_table(
        "report_files",
        sa.Column("id", BigId, nullable=False),
        sa.Column("job_id", BigId, nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("media_type", sa.String(length=120), nullable=False),
        sa.Column("cid", sa.String(length=60), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["report_jobs.id"], name=op.f("fk_report_files_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_files")),
    )
    op.create_index(op.f("ix_report_files_job_id"), "report_files", ["job_id"], unique=False)
    op.add_column("outgoing_mails", sa.Column("files", Json, nullable=True))
