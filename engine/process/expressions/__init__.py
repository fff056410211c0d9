"""The fenced language of conditions, timers, table cells and service inputs: Python's expressions, allow-listed.

Plain data in, plain data out. It reads dicts (``deal.amount`` and ``deal["amount"]`` alike), numbers and Decimal,
dates, moments and durations, and calls only `functions`. A result may share lists with the scope: copy before
changing it. Limits: 4,000 characters, 400 parts, three loops, and a budget of work that ends in a fraction
of a second.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.process.expressions import functions, guards
from engine.process.expressions.grammar import program
from engine.process.expressions.guards import LIGHT
from engine.process.expressions.reading import names, paths
from engine.process.expressions.refusals import (
    Denied,
    ExpressionRefused,
    Mismatch,
    TooMuch,
    UnknownFunction,
    UnknownName,
    Unreadable,
    Wrong,
)

__all__ = [
    "Denied",
    "ExpressionRefused",
    "Mismatch",
    "TooMuch",
    "UnknownFunction",
    "UnknownName",
    "Unreadable",
    "Wrong",
    "check",
    "evaluate",
    "names",
    "paths",
]


def check(source: str) -> None:
    """Refuse an expression that could never be evaluated: Denied or TooMuch, with ``at`` where it is known."""
    program(source)


def evaluate(source: str, scope: Mapping[str, Any], *, now: datetime | None = None) -> Any:
    """The value of an expression over the names in ``scope``; ``now`` is what ``now()`` and ``today()`` answer.

    Raises Denied (not allowed), TooMuch (too expensive) or Wrong (these values do not work).
    """
    ready = program(source)
    space = ready.helpers.copy()
    try:
        for name in ready.names:
            space[name] = scope[name]
    except KeyError:  # a name that nobody reaches may be missing
        space.update({name: scope[name] for name in ready.names if name in scope})
    if ready.reads_clock:
        space.update({f"_f_{name}": function for name, function in functions.clock(now).items()})
    guards.begin()
    try:
        value = eval(ready.code, space)  # noqa: S307  # code of our own making: see `grammar`
        if type(value) not in LIGHT:
            guards.weigh(value)
    except NameError as error:
        raise UnknownName(what=error.name or "?") from None
    except (RecursionError, MemoryError):
        raise TooMuch from None
    except (TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise Wrong(what=_words(error)) from None
    return value


def _words(error: Exception) -> str:
    """Python's own words, without the names of our inner functions."""
    return str(error).replace("_f_", "").replace("<lambda>", "function").lstrip("_")[:200]
