"""Refusals: how the domain says no, in words a user can act on.

The docstring of a refusal is its message in English, with ``%(name)s`` places filled from its keywords.
The web translates the docstring (see ``webapp/translations``); nothing else has to know the text.
"""

import inspect
from typing import Any


class Refusal(Exception):
    """This cannot be done."""

    def __init__(self, *, field: str | None = None, **places: Any) -> None:
        self.field = field
        self.places = places
        super().__init__(self.message % places)

    @property
    def message(self) -> str:
        """The English text before its places are filled: also the key of its translation."""
        return " ".join(inspect.cleandoc(type(self).__doc__ or "").split())


class NotFound(Refusal):
    """There is nothing here that you may see."""


class NotAllowed(Refusal):
    """You do not have the right to do this."""


class Stale(Refusal):
    """Somebody changed this while you were looking at it. Look again, then decide."""


class Invalid(Refusal):
    """Some fields need a correction."""

    def __init__(self, errors: dict[str, "Refusal"], **places: Any) -> None:
        self.errors = errors
        super().__init__(**places)
