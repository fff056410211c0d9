"""What an evaluation runs in: the names it may read, the time, a budget of work, and the first thing that went wrong."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from engine.process.expressions import TooMuch

MAX_WORK = 100_000
MAX_LENGTH = 20_000
"""Characters of a text, or items of a list, that an expression may build."""


class Env:
    """One decision being worked out. ``item`` is what ``?`` means; ``trouble`` the first error, which gave null."""

    __slots__ = ("frames", "item", "local", "now", "scope", "trouble", "work")

    def __init__(self, scope: Mapping[str, Any], now: datetime | None = None) -> None:
        self.scope = scope
        self.now = (now or datetime.now(UTC)).astimezone(UTC)
        self.item: Any = None
        self.local: dict[str, Any] = {}
        self.frames: list[Any] = []
        self.work = MAX_WORK
        self.trouble: str | None = None

    def charge(self, work: int) -> None:
        """Pay for some work. Raises TooMuch when the budget is spent."""
        self.work -= work
        if self.work < 0:
            raise TooMuch

    def limit(self, length: int) -> None:
        """Refuse a text or list that grows too long, and pay for building it."""
        if length > MAX_LENGTH:
            raise TooMuch
        self.charge(1 + (length >> 4))

    def fault(self, what: str) -> None:
        """Something that has no value: null, and a note of the first such thing."""
        if self.trouble is None:
            self.trouble = what[:200]
