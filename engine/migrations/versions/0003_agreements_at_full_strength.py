"""Agreements at full strength."""

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from alembic import op

from engine.db import BigId, Json, UtcDateTime

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

WHAT = (
    "requested",
    "unagreed",
    "ready_first",
    "returned",
    "promised_in_time",
    "promised_late",
    "kept_first",
    "kept_renegotiated",
    "broken_late",
    "broken_quality",
    "cancelled",
    "waived",
    "accepted_first_try",
    "accepted_in_window",
    "accepted_late",
    "n",
)


def upgrade() -> None:
    """Make the step."""
    op.create_table(
        "promise_days",
        sa.Column("agreement_id", BigId, autoincrement=False, nullable=False),
        sa.Column("timed", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("provider_id", BigId, autoincrement=False, nullable=False),
        sa.Column("consumer_id", BigId, autoincrement=False, nullable=False),
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(what, sa.Integer(), nullable=False) for what in WHAT),
        sa.PrimaryKeyConstraint(
            "agreement_id",
            "timed",
            "day",
            "provider_id",
            "consumer_id",
            "bucket",
            name=op.f("pk_promise_days"),
        ),
    )
    op.create_table(
        "absences",
        sa.Column("id", BigId, nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("deputy_id", BigId, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_by_id", BigId, nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["deputy_id"], ["people.id"], name=op.f("fk_absences_deputy_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_absences_person_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["people.id"], name=op.f("fk_absences_recorded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
    )
    op.create_index("ix_absences_deputy", "absences", ["deputy_id", "last_day"], unique=False)
    op.create_index("ix_absences_person", "absences", ["person_id", "last_day"], unique=False)

    op.create_table(
        "files",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_at", UtcDateTime(), nullable=False),
        sa.Column("uploaded_by_id", BigId, nullable=True),
        sa.ForeignKeyConstraint(["uploaded_by_id"], ["people.id"], name=op.f("fk_files_uploaded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
    )
    op.create_index(op.f("ix_files_sha256"), "files", ["sha256"], unique=False)
    op.create_table(
        "notices",
        sa.Column("id", BigId, nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=True),
        sa.Column("mailed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_notices_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_person", "notices", ["person_id", "id"], unique=False)
    op.create_index(
        "ix_notices_seen",
        "notices",
        ["seen_at", "id"],
        unique=False,
        sqlite_where=sa.text("seen_at IS NOT NULL"),
        postgresql_where=sa.text("seen_at IS NOT NULL"),
    )
    op.create_index(
        "ix_notices_unmailed",
        "notices",
        ["person_id", "mailed_at", "id"],
        unique=False,
        sqlite_where=sa.text("mailed_at IS NULL AND seen_at IS NULL"),
        postgresql_where=sa.text("mailed_at IS NULL AND seen_at IS NULL"),
    )
    op.create_index(
        "ix_notices_unseen",
        "notices",
        ["person_id", "id"],
        unique=False,
        sqlite_where=sa.text("seen_at IS NULL"),
        postgresql_where=sa.text("seen_at IS NULL"),
    )

    op.create_table(
        "handoffs",
        sa.Column("id", BigId, nullable=False),
        sa.Column("process", sa.String(length=200), nullable=False),
        sa.Column("diagram", sa.String(length=200), nullable=False),
        sa.Column("flow", sa.String(length=200), nullable=False),
        sa.Column("agreement_id", BigId, nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by_id", BigId, nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by_id", BigId, nullable=True),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreements.id"], name=op.f("fk_handoffs_agreement_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["people.id"], name=op.f("fk_handoffs_decided_by_id")),
        sa.ForeignKeyConstraint(["ended_by_id"], ["people.id"], name=op.f("fk_handoffs_ended_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handoffs")),
    )
    op.create_index(op.f("ix_handoffs_agreement_id"), "handoffs", ["agreement_id"], unique=False)
    op.create_index(
        "ix_handoffs_flow",
        "handoffs",
        ["process", "diagram", "flow"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )

    op.add_column("agreement_versions", sa.Column("answer_by", UtcDateTime(), nullable=True))
    op.add_column("agreement_versions", sa.Column("escalated_at", UtcDateTime(), nullable=True))
    op.add_column(
        "agreement_versions",
        sa.Column(
            "escalated_to_id", BigId, sa.ForeignKey("people.id", name="fk_agreement_versions_escalated_to_id")
        ),
        inline_references=True,
    )
    op.create_index(
        op.f("ix_agreement_versions_answer_by"), "agreement_versions", ["answer_by"], unique=False
    )

    op.add_column("agreements", sa.Column("suspended_until", sa.Date(), nullable=True))
    op.add_column("agreements", sa.Column("ends_on", sa.Date(), nullable=True))
    op.add_column("agreements", sa.Column("review_on", sa.Date(), nullable=True))
    op.add_column("agreements", sa.Column("review_asked_at", UtcDateTime(), nullable=True))
    op.add_column(
        "agreements",
        sa.Column("kept_by_id", BigId, sa.ForeignKey("departments.id", name="fk_agreements_kept_by_id")),
        inline_references=True,
    )
    op.add_column("agreements", sa.Column("kept_until", sa.Date(), nullable=True))
    op.add_column("agreements", sa.Column("notice_at", UtcDateTime(), nullable=True))
    op.add_column("agreements", sa.Column("alarm_on", sa.Date(), nullable=True))
    op.create_index(
        "ix_agreements_alarm",
        "agreements",
        ["alarm_on"],
        unique=False,
        sqlite_where=sa.text("alarm_on IS NOT NULL"),
        postgresql_where=sa.text("alarm_on IS NOT NULL"),
    )
    op.create_table(
        "agreement_acts",
        sa.Column("id", BigId, nullable=False),
        sa.Column("agreement_id", BigId, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("said", Json, nullable=False),
        sa.Column("said_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("asked_by_id", BigId, nullable=False),
        sa.Column("asked_by_department_id", BigId, nullable=False),
        sa.Column("asked_for_id", BigId, nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("answered_by_id", BigId, nullable=True),
        sa.Column("answered_for_id", BigId, nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name=op.f("fk_agreement_acts_agreement_id")
        ),
        sa.ForeignKeyConstraint(
            ["answered_by_id"], ["people.id"], name=op.f("fk_agreement_acts_answered_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["answered_for_id"], ["people.id"], name=op.f("fk_agreement_acts_answered_for_id")
        ),
        sa.ForeignKeyConstraint(
            ["asked_by_department_id"],
            ["departments.id"],
            name=op.f("fk_agreement_acts_asked_by_department_id"),
        ),
        sa.ForeignKeyConstraint(["asked_by_id"], ["people.id"], name=op.f("fk_agreement_acts_asked_by_id")),
        sa.ForeignKeyConstraint(["asked_for_id"], ["people.id"], name=op.f("fk_agreement_acts_asked_for_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_acts")),
    )
    op.create_index("ix_agreement_acts_agreement", "agreement_acts", ["agreement_id", "state"], unique=False)
    op.create_index(op.f("ix_agreements_review_on"), "agreements", ["review_on"], unique=False)

    op.add_column(
        "commitments",
        sa.Column("agreement_id", BigId, sa.ForeignKey("agreements.id", name="fk_commitments_agreement_id")),
        inline_references=True,
    )
    op.add_column("commitments", sa.Column("health", sa.String(length=10), nullable=True))
    op.add_column("commitments", sa.Column("health_reason", sa.String(length=40), nullable=True))
    op.add_column("commitments", sa.Column("health_at", UtcDateTime(), nullable=True))
    op.add_column(
        "commitments",
        sa.Column("caused_by_id", BigId, sa.ForeignKey("departments.id", name="fk_commitments_caused_by_id")),
        inline_references=True,
    )
    op.add_column(
        "commitments",
        sa.Column("file_id", BigId, sa.ForeignKey("files.id", name="fk_commitments_file_id")),
        inline_references=True,
    )

    op.add_column("outgoing_mails", sa.Column("html", sa.Text(), nullable=True))

    op.add_column("people", sa.Column("digest", sa.String(length=10), server_default="daily", nullable=False))

    op.add_column(
        "promises",
        sa.Column("commitment_id", BigId, sa.ForeignKey("commitments.id", name="fk_promises_commitment_id")),
        inline_references=True,
    )
    op.add_column("promises", sa.Column("needed_at", UtcDateTime(), nullable=True))
    op.add_column("promises", sa.Column("ready_at", UtcDateTime(), nullable=True))
    op.add_column("promises", sa.Column("respond_by", UtcDateTime(), nullable=True))
    op.add_column("promises", sa.Column("promised_at", UtcDateTime(), nullable=True))
    op.add_column("promises", sa.Column("proposed_due_at", UtcDateTime(), nullable=True))
    op.add_column("promises", sa.Column("left_seconds", sa.Integer(), nullable=True))
    op.add_column("promises", sa.Column("paused_at", UtcDateTime(), nullable=True))
    op.add_column("promises", sa.Column("pause_reason", sa.String(length=200), nullable=True))
    op.add_column("promises", sa.Column("delivered_at", UtcDateTime(), nullable=True))
    op.add_column(
        "promises",
        sa.Column("delivered_by_id", BigId, sa.ForeignKey("people.id", name="fk_promises_delivered_by_id")),
        inline_references=True,
    )
    op.add_column("promises", sa.Column("delivery", Json, nullable=True))
    op.add_column("promises", sa.Column("accept_by", UtcDateTime(), nullable=True))
    op.add_column("promises", sa.Column("alarm_at", UtcDateTime(), nullable=True))
    op.add_column("promises", sa.Column("steps_taken", sa.Integer(), server_default="0", nullable=False))
    op.drop_index("ix_promises_open", table_name="promises")
    op.create_index(
        "ix_promises_open",
        "promises",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.add_column("promises", sa.Column("answer_by", UtcDateTime(), nullable=True))
    op.add_column("promises", sa.Column("answered_at", UtcDateTime(), nullable=True))
    op.add_column("promises", sa.Column("timed_answers", sa.Integer(), server_default="0", nullable=False))
    op.add_column("promises", sa.Column("late_answers", sa.Integer(), server_default="0", nullable=False))
    op.add_column("promises", sa.Column("rejected", Json, nullable=True))
    op.add_column("promises", sa.Column("work_seconds", sa.Integer(), nullable=True))
    op.add_column("promises", sa.Column("returns", sa.Integer(), server_default="0", nullable=False))
    op.add_column("promises", sa.Column("missing", Json, nullable=True))
    op.add_column("promises", sa.Column("changes", sa.Integer(), server_default="0", nullable=False))
    op.add_column("promises", sa.Column("rework", sa.Integer(), server_default="0", nullable=False))
    op.add_column("promises", sa.Column("provider_audience", sa.String(length=80), nullable=True))
    op.add_column(
        "promises",
        sa.Column(
            "provider_assignee_id", BigId, sa.ForeignKey("people.id", name="fk_promises_provider_assignee_id")
        ),
        inline_references=True,
    )
    op.add_column(
        "promises",
        sa.Column(
            "escalation_id",
            BigId,
            sa.ForeignKey("instances.id", name="fk_promises_escalation_id"),
        ),
        inline_references=True,
    )
    op.add_column(
        "promises", sa.Column("turn", sa.String(length=10), server_default="provider", nullable=True)
    )
    op.add_column("promises", sa.Column("moved_at", UtcDateTime(), nullable=True))
    op.add_column("promises", sa.Column("manner", sa.String(length=20), nullable=True))
    op.add_column("promises", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.create_index(
        "ix_promises_alarm",
        "promises",
        ["alarm_at"],
        unique=False,
        sqlite_where=sa.text("alarm_at IS NOT NULL"),
        postgresql_where=sa.text("alarm_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_promises_commitment_id"), "promises", ["commitment_id"], unique=False)

    op.add_column(
        "signatures",
        sa.Column("on_behalf_of_id", BigId, sa.ForeignKey("people.id", name="fk_signatures_on_behalf_of_id")),
        inline_references=True,
    )
    op.add_column(
        "signatures",
        sa.Column("absence_id", BigId, sa.ForeignKey("absences.id", name="fk_signatures_absence_id")),
        inline_references=True,
    )

    _carry_over()


def _carry_over() -> None:
    """What was signed before keeps its meaning: the clock ran from the request, and what was kept was kept as promised."""
    connection = op.get_bind()
    connection.execute(sa.text("UPDATE agreement_versions SET state = 'scheduled' WHERE state = 'accepted'"))
    promises = (
        "UPDATE promises SET ready_at = requested_at,"
        " promised_at = CASE WHEN state IN ('promised', 'delivered') THEN requested_at END,"
        " delivered_at = CASE WHEN outcome IN ('kept', 'broken') THEN closed_at END,"
        " manner = CASE outcome WHEN 'kept' THEN 'first' WHEN 'broken' THEN 'late' END,"
        " turn = CASE WHEN outcome IS NULL THEN 'provider' END,"
        " state = CASE state WHEN 'delivered' THEN 'accepted' ELSE state END"
    )
    connection.execute(sa.text(promises))
    days = (sa.column("review_on", sa.Date()), sa.column("ends_on", sa.Date()))
    agreements = sa.table("agreements", sa.column("id"), sa.column("current_version_id"), *days)
    versions = sa.table("agreement_versions", sa.column("id"), sa.column("terms", Json))
    current = sa.select(agreements.c.id, versions.c.terms)
    current = current.join_from(agreements, versions, versions.c.id == agreements.c.current_version_id)
    for id_, terms in connection.execute(current).all():
        said = {
            "review_on": _day(terms.get("review_on")),
            "ends_on": _day(terms.get("valid_to")),
        }
        connection.execute(agreements.update().where(agreements.c.id == id_).values(said))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
