"""Types of columns: what a value must be, how process data become it, and which values are allowed."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.process.decisions.feel import Env, Test, YearsMonths
from engine.process.decisions.feel.registry import FUNCTIONS

NAMES = {
    **dict.fromkeys(("string", "text"), "string"),
    **dict.fromkeys(("number", "double", "float", "decimal"), "number"),
    **dict.fromkeys(("integer", "int", "long", "short"), "integer"),
    "boolean": "boolean",
    "date": "date",
    "time": "time",
    **dict.fromkeys(("datetime", "dateandtime"), "date and time"),
    **dict.fromkeys(("daytimeduration", "daysandtimeduration"), "days and time duration"),
    **dict.fromkeys(("yearmonthduration", "yearsandmonthsduration"), "years and months duration"),
    **dict.fromkeys(("any", "list", "context", ""), "Any"),
}
"""Type names of the standard's versions and of common tools, lower case without spaces."""
CLASSES: dict[str, tuple[type, ...]] = {
    "number": (int, Decimal),
    "integer": (int, Decimal),
    "boolean": (bool,),
    "date": (date,),
    "time": (time,),
    "date and time": (datetime,),
    "days and time duration": (timedelta,),
    "years and months duration": (YearsMonths,),
}
FROM_TEXT = {
    "date": "date",
    "time": "time",
    "date and time": "date and time",
    "days and time duration": "duration",
    "years and months duration": "duration",
}


class Unfit(ValueError):
    """The value is of another type."""


@dataclass(frozen=True, slots=True)
class Kind:
    """The type of a column. ``allowed`` are tests one of which a value must pass; ``parts`` the entries of a context."""

    name: str = "Any"
    many: bool = False
    allowed: tuple[Test, ...] = ()
    allowed_text: str = ""
    parts: tuple[tuple[str, "Kind"], ...] = field(default=())

    def __str__(self) -> str:
        return f"list of {self.name}" if self.many else self.name

    def fitted(self, value: Any, env: Env) -> Any:
        """The value as this type: ISO text becomes a date, a list of one its item. Raises Unfit.

        A text column takes any single value, because tools write ``string`` where nobody chose a type.
        """
        if value is None:
            return None
        if self.many:
            items = value if type(value) is list else [value]
            return [self._one(item, env) for item in items]
        if type(value) is list and len(value) == 1 and self.name not in ("Any", "string"):
            value = value[0]
        return self._one(value, env)

    def _one(self, value: Any, env: Env) -> Any:
        if self.parts:
            return self._context(value, env)
        wanted = CLASSES.get(self.name)
        if wanted is None or value is None:
            return value
        if type(value) is str and self.name in FROM_TEXT:
            value = FUNCTIONS[FROM_TEXT[self.name]](Env({}), value)
        if (type(value) is datetime and self.name == "date") or (
            type(value) is date and self.name == "date and time"
        ):
            value = FUNCTIONS[self.name](Env({}), value)
        if type(value) not in wanted or (self.name == "integer" and value != int(value)):
            raise Unfit
        return value

    def _context(self, value: Any, env: Env) -> Any:
        if type(value) is not dict:
            raise Unfit
        return {**value, **{name: kind.fitted(value.get(name), env) for name, kind in self.parts}}

    def allows(self, value: Any, env: Env) -> bool:
        """Whether a value is among those listed; an empty value always is."""
        if value is None or not self.allowed:
            return True
        return all(
            self._allows(each, env) for each in (value if self.many and type(value) is list else [value])
        )

    def _allows(self, value: Any, env: Env) -> bool:
        return self.place(value, env) < len(self.allowed)

    def place(self, value: Any, env: Env) -> int:
        """The place of a value in the list of allowed ones, best first; behind it when it is not listed."""
        outer, env.item = env.item, value
        places = (place for place, test in enumerate(self.allowed) if test.run(env) is True)
        found = next(places, len(self.allowed))
        env.item = outer
        return found


ANY = Kind()
"""Any value."""
