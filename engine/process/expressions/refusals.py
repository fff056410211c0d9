"""How an expression is refused. ``at`` is the character (from 1) where the trouble begins, when it is known."""

from engine.errors import Refusal


class ExpressionRefused(Refusal):
    """This expression cannot be used: %(what)s."""

    def __init__(self, *, what: str = "", at: int | None = None) -> None:
        self.what = what
        self.at = at
        super().__init__(what=what, at=at)


class Denied(ExpressionRefused):
    """An expression may not use this: %(what)s."""


class Unreadable(Denied):
    """This is not a complete expression; look at character %(at)s."""


class UnknownFunction(Denied):
    """Expressions know no function of this name: %(what)s."""


class TooMuch(ExpressionRefused):
    """This expression is too long, or it asks for more work than an expression may do."""


class Wrong(ExpressionRefused):
    """The expression could not be worked out with these values: %(what)s."""


class UnknownName(Wrong):
    """The expression needs “%(what)s”, and nothing of this name is known here."""


class Mismatch(Wrong):
    """The expression brings values together that do not fit: %(what)s."""
