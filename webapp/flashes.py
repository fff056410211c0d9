"""What the next page says about what was just done, with a way to undo it where there is one."""

from typing import Any

from flask import flash, get_flashed_messages


def say(text: str, *, undo: str | None = None, fields: dict[str, Any] | None = None) -> None:
    """Show ``text`` once on the next page. ``undo`` is the address a "Cofnij" button posts ``fields`` to."""
    flash({"text": text, "undo": undo, "fields": fields or {}})  # type: ignore[arg-type]  # any JSON is kept


def said() -> list[dict[str, Any]]:
    """What to show now; asking empties it."""
    return list(get_flashed_messages())  # type: ignore[arg-type]  # see `say`
