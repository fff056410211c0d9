"""The table of functions, and how one is entered: its name, the types it takes, null in for null out."""

from collections.abc import Callable
from decimal import Decimal, DecimalException
from inspect import Parameter, signature
from typing import Any

from engine.process.decisions.feel import values
from engine.process.decisions.feel.env import Env
from engine.process.decisions.feel.values import kind

Function = Callable[..., Any]
FUNCTIONS: dict[str, Function] = {}
NUMBER = (int, Decimal)


def feel(name: str, *kinds: Any) -> Callable[[Function], Function]:
    """Register under a name. ``kinds`` are the types each argument must have: None lets anything in, also null."""

    def register(function: Function) -> Function:
        def checked(env: Env, *arguments: Any) -> Any:
            for wanted, value in zip(kinds, arguments, strict=False):
                if wanted is None:
                    continue
                if value is None:
                    return None
                if type(value) not in (wanted if isinstance(wanted, tuple) else (wanted,)):
                    return env.fault(f"{name}({kind(value)})")
            try:
                return function(env, *arguments)
            except (DecimalException, ValueError, OverflowError, ZeroDivisionError):
                return env.fault(f"{name}({', '.join(map(_shown, arguments))})")

        checked.__wrapped__ = function  # type: ignore[attr-defined]  # for `arity`
        FUNCTIONS[name] = checked
        return function

    return register


def _shown(value: Any) -> str:
    return values.literal(value)[:40] if type(value) not in (list, dict) else kind(value)


def arity(function: Function) -> tuple[int, int]:
    """How many arguments a function takes: at least, at most."""
    parameters = list(signature(function.__wrapped__).parameters.values())[1:]  # type: ignore[attr-defined]
    least = sum(
        each.default is Parameter.empty and each.kind is not Parameter.VAR_POSITIONAL for each in parameters
    )
    many = any(each.kind is Parameter.VAR_POSITIONAL for each in parameters)
    return least, 1000 if many else len(parameters)


def whole(value: Any) -> int:
    found = int(value)
    if abs(found) > 10**9:
        raise OverflowError
    return found


def many(arguments: tuple[Any, ...]) -> list[Any]:
    """The items of one list, or the arguments themselves."""
    found = arguments[0] if len(arguments) == 1 and type(arguments[0]) is list else arguments
    return [values.taken(each) for each in found]
