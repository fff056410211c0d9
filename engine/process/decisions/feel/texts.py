"""Functions of texts; those with a pattern pay its price first."""

import re
from collections.abc import Callable
from typing import Any

from engine.process.decisions.feel import patterns
from engine.process.decisions.feel.env import Env
from engine.process.decisions.feel.registry import NUMBER, feel, whole
from engine.process.decisions.feel.values import DIGITS, number, taken, written
from engine.process.expressions import TooMuch

_GROUPED = re.compile(r"-?\d*\.?\d+")


@feel("number", str)
def _number(_env: Env, text: str, group: Any = None, point: Any = None) -> Any:
    if (
        group not in (None, " ", ",", ".")
        or point not in (None, ",", ".")
        or (group is not None and group == point)
    ):
        raise ValueError
    plain = text.replace(group, "") if group else text
    plain = plain.replace(point, ".") if point else plain
    if len(plain) > 60 or not _GROUPED.fullmatch(plain):
        raise ValueError
    return number(int(plain)) if plain.lstrip("-").isdigit() else DIGITS.create_decimal(plain)


@feel("string", None)
def _string(env: Env, value: Any) -> Any:
    if value is None:
        return None
    _weigh(env, value)
    return written(value)


def _weigh(env: Env, value: Any, depth: int = 0) -> None:
    """Pay for looking at all of a value."""
    if depth > 30:
        raise TooMuch
    env.charge(1 + (len(value) >> 6 if type(value) is str else 0))
    if type(value) in (list, dict):
        for each in value.values() if type(value) is dict else value:
            _weigh(env, taken(each), depth + 1)


@feel("substring", str, NUMBER, NUMBER)
def _substring(_env: Env, text: str, start: Any, length: Any = None) -> Any:
    first = whole(start)
    if first == 0 or (length is not None and whole(length) < 1):
        raise ValueError
    begin = first - 1 if first > 0 else max(len(text) + first, 0)
    return text[begin : None if length is None else begin + whole(length)]


@feel("string length", str)
def _string_length(_env: Env, text: str) -> int:
    return len(text)


def _text(name: str, change: Callable[[str], str]) -> None:
    def changed(env: Env, text: str) -> str:
        env.limit(len(text) * 2)
        return change(text)

    feel(name, str)(changed)


for _name, _change in (("upper case", str.upper), ("lower case", str.lower), ("trim", str.strip)):
    _text(_name, _change)


def _about(name: str, ask: Callable[[str, str], Any]) -> None:
    def asked(env: Env, text: str, part: str) -> Any:
        env.charge(1 + (len(text) >> 4))
        return ask(text, part)

    feel(name, str, str)(asked)


_about("contains", lambda text, part: part in text)
_about("starts with", lambda text, part: text.startswith(part))
_about("ends with", lambda text, part: text.endswith(part))
_about("substring before", lambda text, part: text.partition(part)[0] if part and part in text else "")
_about("substring after", lambda text, part: text.partition(part)[2] if part else text)


@feel("matches", str, str)
def _matches(env: Env, text: str, pattern: str, flags: Any = "") -> bool:
    return patterns.search_all(pattern, flags or "", text, env).search(text) is not None


@feel("replace", str, str, str)
def _replace(env: Env, text: str, pattern: str, by: str, flags: Any = "") -> str:
    ready = patterns.search_all(pattern, flags or "", text, env)
    env.limit((len(text) + 1) * (len(by) + 1))

    def put(found: re.Match[str]) -> str:
        def group(place: re.Match[str]) -> str:
            which = int(place[1])
            return (found[which] or "") if which <= (found.re.groups or 0) else ""

        return re.sub(r"\$(\d)", group, by)

    return ready.sub(put, text)


@feel("split", str, str)
def _split(env: Env, text: str, pattern: str) -> list[str]:
    found = patterns.search_all(pattern, "", text, env).split(text)
    env.limit(len(found))
    return [each or "" for each in found]


@feel("string join", list, None)
def _string_join(env: Env, parts: list[Any], glue: Any = "", *around: Any) -> Any:
    found = [each for each in parts if each is not None]
    glue = glue or ""
    if type(glue) is not str or around or any(type(each) is not str for each in found):
        raise ValueError
    env.limit(sum(map(len, found)) + len(glue) * len(found))
    return glue.join(found)
