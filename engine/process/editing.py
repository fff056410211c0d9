"""What a hand may write into the data of a case: names that expressions read, values that fit, no live facts."""

from collections.abc import Mapping
from typing import Any

import orjson

from engine.errors import Refusal
from engine.process.blueprint import Blueprint
from engine.process.spiff import values

LARGEST = 100_000
"""Bytes of one value that a hand may write into a case."""


class IsAFact(Refusal):
    """“%(name)s” is read live from the records of the case: change it there, on the deal, the client or the order."""


class NobodyReads(Refusal):
    """No expression of this process reads “%(name)s”, and the case knows nothing under that name."""


class UnfitName(Refusal):
    """“%(name)s” cannot be a name in a process: letters, digits and single underscores, not beginning with a digit."""


class TooLarge(Refusal):
    """The value of “%(name)s” is too large to be kept in a process."""


class NothingChanged(Refusal):
    """Nothing was changed: the values are what they were."""


def fit(
    changes: Mapping[str, Any], before: Mapping[str, Any], plan: Blueprint, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """The changes that change something, as they are kept. Raises by name what cannot be changed."""
    wanted: dict[str, Any] = {}
    for name, value in changes.items():
        if not values.is_fit(name):
            raise UnfitName(name=name[:80], field=name)
        if name in facts:
            raise IsAFact(name=name, field=name)
        if name not in plan.variables and name not in before:
            raise NobodyReads(name=name[:80], field=name)
        kept = values.plain(value)
        if len(orjson.dumps(kept)) > LARGEST:
            raise TooLarge(name=name, field=name)
        if name not in before or not values.same(before[name], kept):
            wanted[name] = kept
    return wanted
