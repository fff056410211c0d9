"""The event log as OCEL 2.0 JSON: events of a case related straight to its client, contract, agreement and people."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any

import orjson

from reports.log_facts import Done, Plain, Trace

EVENT_TYPE = [
    {"name": "lifecycle", "type": "string"},
    {"name": "move", "type": "string"},
    {"name": "amount", "type": "float"},
    {"name": "reason", "type": "string"},
]
Names = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Thing:
    """An object of the log: its type, an id that is its own in its type, what it is called."""

    type: str
    id: str
    name: str
    more: Mapping[str, Plain] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Its id in the file."""
        return f"{self.type}:{self.id}"


def write(
    out: IO[bytes],
    traces: Iterable[Trace],
    *,
    person: Names,
    department: Names,
    things: Callable[[Trace], Sequence[Thing]],
    tell: Callable[[int], None] = lambda _: None,
) -> int:
    """Write the log; ``things`` gives a case first, then what it is about. Returns how many cases."""
    objects: dict[str, Thing] = {}
    born: dict[str, datetime] = {}
    types: dict[str, None] = {}
    count = 0
    out.write(b'{"events":[')
    first = True
    for count, trace in enumerate(traces, start=1):  # it is the result
        about = things(trace)
        for done in trace.events:
            found = [*about, *_doers(done, person, department)]
            for thing in found:
                objects.setdefault(thing.key, thing)
                born[thing.key] = min(born.get(thing.key, done.at), done.at)
            types[done.activity] = None
            out.write((b"" if first else b",\n") + orjson.dumps(_event(done, found)))
            first = False
        tell(count)
    whole = {
        "objects": [_object(each, born[each.key]) for each in objects.values()],
        "objectTypes": [
            _object_type(name, objects.values()) for name in sorted({each.type for each in objects.values()})
        ],
        "eventTypes": [{"name": name, "attributes": EVENT_TYPE} for name in sorted(types)],
    }
    out.write(b"]," + orjson.dumps(whole)[1:])
    return count


def _doers(done: Done, person: Names, department: Names) -> Iterable[Thing]:
    if done.person_id:
        yield Thing("person", str(done.person_id), person(done.person_id))
    if done.department_id:
        yield Thing("department", str(done.department_id), department(done.department_id))


ROLES = {"person": "done by", "department": "of", "client": "for", "contract": "under", "agreement": "under"}


def _event(done: Done, about: Sequence[Thing]) -> dict[str, Any]:
    said = {
        "lifecycle": done.lifecycle,
        "move": done.more.get("contentum:move"),
        "amount": done.more.get("amount"),
        "reason": done.more.get("contentum:reason"),
    }
    return {
        "id": done.key,
        "type": done.activity,
        "time": _moment(done.at),
        "attributes": [{"name": name, "value": value} for name, value in said.items() if value is not None],
        "relationships": [
            {"objectId": each.key, "qualifier": ROLES.get(each.type, "about")} for each in about
        ],
    }


def _object(thing: Thing, since: datetime) -> dict[str, Any]:
    said: dict[str, Plain] = {"name": thing.name, **thing.more}
    when = _moment(since)
    return {
        "id": thing.key,
        "type": thing.type,
        "attributes": [{"name": name, "time": when, "value": value} for name, value in said.items()],
        "relationships": [],
    }


def _object_type(name: str, things: Iterable[Thing]) -> dict[str, Any]:
    known = {"name": "string"}
    for thing in things:
        if thing.type == name:
            known |= {
                key: "float" if isinstance(value, float) else "string" for key, value in thing.more.items()
            }
    return {"name": name, "attributes": [{"name": key, "type": kind} for key, kind in known.items()]}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
