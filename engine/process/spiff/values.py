"""Process data is plain JSON, whatever brought it here: cleaning, copying, comparing and merging it."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

import isodate
import orjson

from engine.process.spiff.refusals import TooDeep

DEPTH = 50
LARGEST = 2**53
"""Beyond it a whole number is no longer the same number in JSON."""

HOSTILE = frozenset({"typename"})
"""Names that other readers of a state take for an instruction. Names with two underscores are refused as well."""


def accepted(values: Mapping[str, Any], names: Iterable[str] | None = None) -> dict[str, Any]:
    """What may enter the process data: fit names only, of ``names`` if given, with plain copies of their values."""
    wanted = values if names is None else [name for name in names if name in values]
    return {name: plain(values[name]) for name in wanted if is_fit(name)}


def is_fit(name: Any) -> bool:
    """Whether a name can be read by an expression and cannot mean anything else."""
    return isinstance(name, str) and name.isidentifier() and "__" not in name and name not in HOSTILE


def plain(value: Any, depth: int = 0) -> Any:
    """A JSON-like copy: dates and moments become ISO text, decimals numbers, sets and tuples lists. Raises TooDeep."""
    if depth > DEPTH:
        raise TooDeep
    if isinstance(value, Mapping):
        return {_text(str(key)): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(item, depth + 1) for item in value), key=str)
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Decimal):
        value = int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    if isinstance(value, int):
        return int(value) if abs(value) <= LARGEST else float(value) if abs(value) < 10**300 else str(value)
    if isinstance(value, float):
        return value if isfinite(value) else None
    return time_text(value) or _text(str(value))


def time_text(value: Any) -> str | None:
    """ISO 8601 text of a date, moment, time of day or duration; None for anything else."""
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, timedelta | isodate.Duration):
        return str(isodate.duration_isoformat(value))
    return None


def _text(value: str) -> str:
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def copied(value: Any) -> Any:
    """A deep copy of data that is plain already."""
    if isinstance(value, dict):
        return {key: item if type(item) is str else copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value


def same(one: Any, other: Any) -> bool:
    """Equality that tells True from 1 and 1 from 1.0, as JSON does."""
    if one is other:
        return True
    if type(one) is not type(other) or one != other:
        return False
    return not isinstance(one, dict | list) or orjson.dumps(one, option=_SORTED) == orjson.dumps(
        other, option=_SORTED
    )


def changed(base: Mapping[str, Any], data: Mapping[str, Any], name: str) -> bool:
    """Whether data have another value under a name than they began with."""
    return (name in base) != (name in data) or (name in base and not same(base[name], data[name]))


_SORTED = orjson.OPT_SORT_KEYS


def three_way(base: Mapping[str, Any], branches: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What branches that all began with ``base`` changed, together; of a real conflict the later branch wins."""
    merged: dict[str, Any] = copied(dict(base))
    for branch in branches:
        _add_changes(merged, base, branch)
    return merged


def _add_changes(merged: dict[str, Any], base: Mapping[str, Any], branch: Mapping[str, Any]) -> None:
    for name in base:
        if name not in branch:
            merged.pop(name, None)
    for name, value in branch.items():
        if name not in base:
            merged[name] = _united(merged[name], value) if name in merged else copied(value)
        elif not same(base[name], value):
            merged[name] = _changed(merged.get(name), base[name], value)


def _united(mine: Any, theirs: Any) -> Any:
    """Two branches brought the same new name."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return three_way({}, [mine, theirs])
    if isinstance(mine, list) and isinstance(theirs, list) and not same(mine, theirs):
        return mine + copied(theirs)
    return copied(theirs)


def _changed(merged: Any, base: Any, value: Any) -> Any:
    if isinstance(merged, dict) and isinstance(base, dict) and isinstance(value, dict):
        _add_changes(merged, base, value)
        return merged
    if isinstance(merged, list) and isinstance(base, list) and isinstance(value, list):
        known = len(base)
        if same(value[:known], base) and same(merged[:known], base):
            return merged + copied(value[known:])
    return copied(value)
