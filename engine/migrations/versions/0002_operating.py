"""Operating, messages, migration plans and calendars."""

import hashlib
from collections.abc import Sequence

import orjson
import sqlalchemy as sa
from alembic import op

from engine.db import BigId, Json, UtcDateTime

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the step."""
    op.create_table(
        "messages",
        sa.Column("id", BigId, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("business_key", sa.String(length=120), nullable=True),
        sa.Column("payload", Json, nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("keep_until", UtcDateTime(), nullable=True),
        sa.Column("delivered_at", UtcDateTime(), nullable=True),
        sa.Column("refused_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("receivers", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("key", name=op.f("uq_messages_key")),
    )
    op.create_index(op.f("ix_messages_business_key"), "messages", ["business_key"], unique=False)
    open_ = sa.text("delivered_at IS NULL AND refused_at IS NULL")
    op.create_index(
        "ix_messages_open", "messages", ["name", "keep_until"], sqlite_where=open_, postgresql_where=open_
    )
    op.create_table(
        "message_addresses",
        sa.Column("message_id", BigId, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_message_addresses_message_id")
        ),
        sa.PrimaryKeyConstraint("message_id", "hash", name=op.f("pk_message_addresses")),
    )

    op.create_table(
        "special_days",
        sa.Column("department_id", BigId, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("opens", sa.Integer(), nullable=True),
        sa.Column("closes", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_special_days_department_id")
        ),
        sa.PrimaryKeyConstraint("department_id", "day", name=op.f("pk_special_days")),
    )
    op.create_table(
        "migration_plans",
        sa.Column("id", BigId, nullable=False),
        sa.Column("process", sa.String(length=200), nullable=False),
        sa.Column("from_id", BigId, nullable=False),
        sa.Column("to_id", BigId, nullable=False),
        sa.Column("mapping", Json, nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by_id", BigId, nullable=True),
        sa.Column("tried_at", UtcDateTime(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("paused_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("reverting_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["from_id"], ["definitions.id"], name=op.f("fk_migration_plans_from_id")),
        sa.ForeignKeyConstraint(["made_by_id"], ["people.id"], name=op.f("fk_migration_plans_made_by_id")),
        sa.ForeignKeyConstraint(["to_id"], ["definitions.id"], name=op.f("fk_migration_plans_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_migration_plans")),
    )
    op.create_index(op.f("ix_migration_plans_process"), "migration_plans", ["process"], unique=False)

    op.create_table(
        "checkpoints",
        sa.Column("id", BigId, nullable=False),
        sa.Column("instance_id", BigId, nullable=False),
        sa.Column("definition_id", BigId, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by_id", BigId, nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_checkpoints_by_id")),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definitions.id"], name=op.f("fk_checkpoints_definition_id")
        ),
        sa.ForeignKeyConstraint(["instance_id"], ["instances.id"], name=op.f("fk_checkpoints_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoints")),
    )
    op.create_index("ix_checkpoints_instance", "checkpoints", ["instance_id", "id"], unique=False)

    op.create_table(
        "migration_items",
        sa.Column("plan_id", BigId, nullable=False),
        sa.Column("instance_id", BigId, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("element", sa.Text(), nullable=True),
        sa.Column("reason", Json, nullable=True),
        sa.Column("checkpoint_id", BigId, nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["checkpoint_id"], ["checkpoints.id"], name=op.f("fk_migration_items_checkpoint_id")
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instances.id"], name=op.f("fk_migration_items_instance_id")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["migration_plans.id"], name=op.f("fk_migration_items_plan_id")),
        sa.PrimaryKeyConstraint("plan_id", "instance_id", name=op.f("pk_migration_items")),
    )
    op.create_index(
        "ix_migration_items_status", "migration_items", ["plan_id", "status", "instance_id"], unique=False
    )

    op.add_column(
        "definitions", sa.Column("policy", sa.String(length=10), server_default="safe", nullable=False)
    )
    op.add_column("definitions", sa.Column("approved_at", UtcDateTime(), nullable=True))
    op.add_column(
        "definitions",
        sa.Column("approved_by_id", BigId, sa.ForeignKey("people.id", name="fk_definitions_approved_by_id")),
        inline_references=True,
    )
    op.add_column("definitions", sa.Column("scripts_hash", sa.String(length=64), nullable=True))
    op.add_column(
        "departments", sa.Column("work_days", sa.String(length=7), server_default="12345", nullable=False)
    )
    op.add_column("incidents", sa.Column("data", Json, nullable=True))
    op.add_column("instances", sa.Column("suspended_at", UtcDateTime(), nullable=True))
    op.add_column("instances", sa.Column("quarantined_at", UtcDateTime(), nullable=True))
    op.add_column("subscriptions", sa.Column("parked_due_at", UtcDateTime(), nullable=True))
    op.add_column(
        "departments", sa.Column("subdivision", sa.String(length=20), server_default="", nullable=False)
    )
    op.add_column("subscriptions", sa.Column("correlation_hash", sa.String(length=64), nullable=True))
    op.drop_index("ix_subscriptions_name", "subscriptions")
    op.create_index("ix_subscriptions_name", "subscriptions", ["name", "correlation_hash"], unique=False)
    op.drop_index("ix_user_tasks_instance", "user_tasks")
    op.create_index("ix_user_tasks_instance", "user_tasks", ["instance_id", "closed_at"], unique=False)
    _fingerprint()


def _fingerprint() -> None:
    """Messages are found by what they must carry, or by the case's business key, also those waited for already."""
    columns = ("id", "instance_id", "kind", "correlation_hash")
    rows = sa.table("subscriptions", *map(sa.column, columns), sa.column("correlation", Json))
    cases = sa.table("instances", sa.column("id"), sa.column("business_key"))
    waiting = sa.select(rows.c.id, rows.c.correlation, cases.c.business_key)
    waiting = waiting.join_from(rows, cases, cases.c.id == rows.c.instance_id).where(rows.c.kind == "message")
    connection = op.get_bind()
    for id_, correlation, business_key in connection.execute(waiting).all():
        plain = correlation or ({"business key": business_key} if business_key is not None else None)
        if plain is not None:
            said = hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()
            connection.execute(rows.update().where(rows.c.id == id_).values(correlation_hash=said))
