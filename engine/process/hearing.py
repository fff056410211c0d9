"""What the versions of processes hear: which messages are known, how long early ones are kept, and by what a case is found.

A version never changes, so what it hears is read once per content.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendars, lengths
from engine.process import definitions, program, subscriptions
from engine.process.blueprint import Blueprint
from engine.process.definitions import Definition, Memo
from engine.process.doctor import correlation

EARS = frozenset({"intermediateCatchEvent", "receiveTask", "boundaryEvent", "startEvent"})
"""Elements that wait for a message or signal."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """What one version hears: by each name the lengths of time an early message is kept, and its correlation keys."""

    names: Mapping[str, frozenset[str]]
    keys: Mapping[str, Mapping[str, str]]


_heard: Memo[Hearing] = Memo(10_000)


def knows(session: Session, name: str) -> bool:
    """Whether some version of some process waits for this message or signal, or starts with it."""
    return any(name in each.names for each in _all(session))


def names(session: Session) -> list[str]:
    """Every message and signal that is heard, by the alphabet."""
    return sorted({name for each in _all(session) for name in each.names})


def keeps(session: Session, name: str, now: datetime) -> datetime | None:
    """Until when an early message waits for its receiver: the longest ``keep`` an element that hears it declares."""
    said = {length for each in _all(session) for length in each.names.get(name, ())}
    return max((calendars.ORGANIZATION.add_round(now, each) for each in said), default=None)


def addresses(
    session: Session, name: str, payload: Mapping[str, Any], business_key: str | None
) -> frozenset[str]:
    """The addresses at which a message may find a case that waits: see `subscriptions.address`.

    One for every set of correlation values that the payload says, as each version reads it: a case may know only some.
    """
    found = {subscriptions.address({}, business_key)} if business_key is not None else set()
    for keys in {tuple(each.keys[name].items()) for each in _all(session) if name in each.keys}:
        said = list(program.said(dict(keys), payload).items())[: correlation.MOST]
        for count in range(1, len(said) + 1):
            found |= {subscriptions.fingerprint(dict(each)) for each in combinations(said, count)}
    return frozenset(each for each in found if each is not None)


def _all(session: Session) -> Iterator[Hearing]:
    """Of every version, also old ones: their cases may still be waiting."""
    for id_, content in session.execute(select(Definition.id, Definition.content_hash)).all():
        yield _heard.get(content) or _heard.keep(content, _read(session, session.get_one(Definition, id_)))


def _read(session: Session, definition: Definition) -> Hearing:
    plan = definitions.blueprint(session, definition)
    keys: Mapping[str, Mapping[str, str]] = {}
    executables = definitions.files(session, definition, "executable").values()
    if any(b"correlationProperty" in each for each in executables):
        with suppress(*program.UNPARSABLE):  # a version that no longer runs correlates nothing
            keys = definitions.program(session, definition).correlations
    return Hearing(_names(plan), keys)


def _names(plan: Blueprint) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for _, element in plan.everything():
        if element.message is not None and element.kind in EARS:
            found.setdefault(element.message, set()).add(element.properties.get("keep", ""))
    for start in plan.starts:
        drawn = plan.element(plan.process, start.element)
        if start.message is not None:
            said = drawn.properties.get("keep", "") if drawn is not None else ""
            found.setdefault(start.message, set()).add(said)
    return {name: frozenset(each for each in said if lengths.is_length(each)) for name, said in found.items()}
