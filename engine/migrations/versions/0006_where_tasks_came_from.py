"""Where tasks came from: whose work they were, when they started, and the roll-ups of steps."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

from engine.db import BigId, Json, UtcDateTime

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OF_TASK = "e.instance_id = user_tasks.instance_id AND e.task_id = user_tasks.id"
FILL = (
    f"UPDATE user_tasks SET done_seq = (SELECT min(e.seq) FROM events e WHERE {OF_TASK} AND e.kind = 'completed')",
    (
        "UPDATE user_tasks SET started_at = coalesce("
        f"(SELECT min(e.at) FROM events e WHERE {OF_TASK} AND e.kind IN ('claimed', 'handed_over')),"
        " claimed_at, CASE WHEN done_seq IS NOT NULL THEN closed_at END)"
    ),
    (
        "UPDATE user_tasks SET department_id = coalesce("
        "(SELECT min(d.id) FROM departments d WHERE user_tasks.audience IN ('department:' || d.key, 'head:' || d.key)),"
        "(SELECT m.department_id FROM memberships m WHERE m.person_id = user_tasks.assignee_id ORDER BY m.id LIMIT 1))"
    ),
    (
        "UPDATE user_tasks SET after_id = (SELECT max(p.id) FROM user_tasks p"
        " WHERE p.instance_id = user_tasks.instance_id AND p.done_seq IS NOT NULL"
        " AND p.closed_at = user_tasks.opened_at AND p.id < user_tasks.id)"
    ),
)
COUNTS = (
    "ready_n",
    "ready_at",
    "left_n",
    "left_at",
    "ended_n",
    "ended_at",
    "done",
    "cancelled",
    "abandoned",
    "waited",
    "worked",
    "taken_n",
    "taken",
    "back",
)


def upgrade() -> None:
    """Make the step. The roll-ups are filled by the next `contentum rebuild`; until then reports read the tasks."""
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("started_at", UtcDateTime()),
        sa.Column("pauses", Json),
        sa.Column("done_seq", sa.Integer()),
        *(sa.Column(name, BigId) for name in ("after_id", "department_id", "came_from_id", "came_before_id")),
    )
    for column in columns:
        op.add_column("user_tasks", column)
    _roll_ups()
    _fill(op.get_bind())


def _place() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("grain", sa.String(length=5), nullable=False),
        sa.Column("definition_id", BigId, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("came_from_id", BigId, autoincrement=False, nullable=False),
        sa.Column("department_id", BigId, autoincrement=False, nullable=False),
        sa.Column("diagram", sa.String(length=200), nullable=False),
        sa.Column("element", sa.String(length=200), nullable=False),
    )


def _roll_ups() -> None:
    key = [column.name for column in _place()]
    op.create_table(
        "rollup_steps",
        *_place(),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTS),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_rollup_steps")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rollup_waits",
        *_place(),
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            *(name for name in key if name != "day"), "bucket", "day", name=op.f("pk_rollup_waits")
        ),
        sqlite_with_rowid=False,
    )


def _fill(connection: sa.Connection) -> None:
    if connection.execute(sa.text("SELECT id FROM user_tasks LIMIT 1")).first() is None:
        _mark_as_whole(connection)
        return
    for statement in FILL:
        connection.execute(sa.text(statement))
    rows = connection.execute(
        sa.text("SELECT instance_id, id, after_id, department_id FROM user_tasks ORDER BY instance_id, id")
    )
    changes = []
    for _, tasks in groupby(rows.all(), key=lambda row: row[0]):
        known: dict[int, tuple[int | None, int | None, int | None]] = {}
        for _, task, after, department in tasks:
            came, before = _came(known.get(after))
            known[task] = department, came, before
            if came is not None or before is not None:
                changes.append({"task": task, "came": came, "before": before})
    if changes:
        told = "UPDATE user_tasks SET came_from_id = :came, came_before_id = :before WHERE id = :task"
        connection.execute(sa.text(told), changes)


def _came(
    after: tuple[int | None, int | None, int | None] | None,
) -> tuple[int | None, int | None]:
    """The department before, and the one that had handed over to that one."""
    if after is None:
        return None, None
    department, came, before = after
    return department, came if came is not None and came != department else before


def _mark_as_whole(connection: sa.Connection) -> None:
    """Nothing happened yet, so the roll-ups hold all of it."""
    names = ", ".join(
        ("grain", "definition_id", "day", "came_from_id", "department_id", "diagram", "element", *COUNTS)
    )
    nothing = ", ".join("0" for _ in COUNTS)
    connection.execute(
        sa.text(
            f"INSERT INTO rollup_steps ({names}) VALUES ('day', 0, '2000-01-01', 0, 0, '', '', {nothing})"
        )
    )
