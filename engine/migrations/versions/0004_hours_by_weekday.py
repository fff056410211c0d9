"""Hours by weekday."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from engine.db import Json

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the step."""
    op.add_column("departments", sa.Column("weekday_hours", Json, server_default="{}", nullable=False))
