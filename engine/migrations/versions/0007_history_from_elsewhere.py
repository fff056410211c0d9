"""History from elsewhere."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from engine.db import BigId, Json, UtcDateTime

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the step."""
    _imports()
    op.create_table(
        "imported_cases",
        sa.Column("instance_id", BigId, autoincrement=False, nullable=False),
        sa.Column("import_id", BigId, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("department_id", BigId, nullable=True),
        sa.Column("owner_id", BigId, nullable=True),
        sa.Column("product", sa.String(length=200), nullable=True),
        sa.Column("product_id", BigId, nullable=True),
        _key("imported_cases", "instance_id", "instances"),
        _key("imported_cases", "import_id", "imports"),
        _key("imported_cases", "department_id", "departments"),
        _key("imported_cases", "owner_id", "people"),
        _key("imported_cases", "product_id", "products"),
        sa.PrimaryKeyConstraint("instance_id", name=op.f("pk_imported_cases")),
    )
    for column in ("import_id", "department_id", "owner_id", "product_id"):
        op.create_index(op.f(f"ix_imported_cases_{column}"), "imported_cases", [column], unique=False)
    op.create_table(
        "imported_steps",
        sa.Column("instance_id", BigId, autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("activity", sa.String(length=200), nullable=False),
        sa.Column("ready_at", UtcDateTime(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=True),
        sa.Column("person_id", BigId, nullable=True),
        sa.Column("department", sa.String(length=200), nullable=True),
        sa.Column("department_id", BigId, nullable=True),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("reason", sa.String(length=400), nullable=True),
        _key("imported_steps", "instance_id", "instances"),
        _key("imported_steps", "person_id", "people"),
        _key("imported_steps", "department_id", "departments"),
        sa.PrimaryKeyConstraint("instance_id", "seq", name=op.f("pk_imported_steps")),
        sqlite_with_rowid=False,
    )


def _imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ladder", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("map", sa.Text(), nullable=False),
        sa.Column("meaning", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("counts", Json, nullable=False),
        sa.Column("wrong", Json, nullable=False),
        sa.Column("wrong_count", sa.Integer(), nullable=False),
        sa.Column("done", BigId, nullable=False),
        sa.Column("whole", BigId, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("leased_until", UtcDateTime(), nullable=True),
        sa.Column("definition_id", BigId, nullable=True),
        sa.Column("by_id", BigId, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=True),
        _key("imports", "definition_id", "definitions"),
        _key("imports", "by_id", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index("ix_imports_same", "imports", ["sha256", "ladder"], unique=False)
    op.create_table(
        "import_files",
        sa.Column("import_id", BigId, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        _key("import_files", "import_id", "imports"),
        sa.PrimaryKeyConstraint("import_id", name=op.f("pk_import_files")),
    )


def _key(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"))
