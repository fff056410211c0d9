"""What time it is for a request. Views ask here, so that tests can choose the moment."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask import current_app


def now() -> datetime:
    """The present moment in UTC, or what ``app.extensions["clock"]`` says."""
    clock: Callable[[], datetime] | None = current_app.extensions.get("clock")
    return clock() if clock else datetime.now(UTC)
