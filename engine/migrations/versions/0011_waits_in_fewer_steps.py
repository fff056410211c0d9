"""Waiting times of steps in steps of a tenth. The roll-ups of steps are emptied: the clock makes them anew."""

from collections.abc import Sequence

from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the step."""
    any_work = "WHERE EXISTS (SELECT 1 FROM user_tasks)"  # of none they are whole as they are
    op.execute(f"DELETE FROM rollup_steps {any_work}")
    op.execute(f"DELETE FROM rollup_waits {any_work}")
