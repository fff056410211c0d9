"""Scripts of diagrams: assignments in the fenced language, or, approved, Python in a worker of its own.

`run` gives a Python script the values it reads and takes back the values it gave: JSON both ways, a second of time,
no files, no network, no other process (see ``docs/decisions/012-scripts.md``).
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from engine import calendars
from engine.process.scripts import worker
from engine.process.scripts.python import outline
from engine.process.scripts.refusals import (
    NoAnswer,
    NotData,
    Raised,
    ScriptStopped,
    TooMuchData,
    TooMuchMemory,
)
from engine.process.spiff import values

__all__ = ["ScriptStopped", "run"]


def run(script: str, scope: Mapping[str, Any], *, now: datetime | None = None) -> dict[str, Any]:
    """The names a Python script gave new values, as plain data. Raises ScriptStopped, TooDeep."""
    found = outline(script)
    if found.trouble is not None:
        raise Raised(line=found.line, error=found.trouble)
    said = worker.workers.run(_request(script, scope, found.reads, found.gives, now))
    return _accepted(said, found.reads | found.gives)


def _request(
    script: str, scope: Mapping[str, Any], reads: frozenset[str], gives: frozenset[str], now: datetime | None
) -> bytes:
    """Only what the script reads goes in."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    data = values.accepted({name: scope[name] for name in sorted(reads) if name in scope})
    request = {
        "script": script,
        "data": data,
        "names": sorted(gives | data.keys()),
        "now": moment.isoformat(),
        "today": calendars.local_day(moment).isoformat(),
    }
    try:
        return orjson.dumps(request)
    except TypeError:  # a sign that is no character, a number no JSON holds
        raise TooMuchData(kilobytes=worker.LARGEST // 1024) from None


def _accepted(said: bytes, names: frozenset[str]) -> dict[str, Any]:
    """The answer, if it is one: whatever is not a fit name the script can give is not looked at."""
    try:
        answer = json.loads(said)  # orjson takes no number beyond 64 bits
    except (ValueError, RecursionError):
        raise NoAnswer from None
    if not isinstance(answer, dict):
        raise NoAnswer
    if isinstance(answer.get("ok"), dict):
        return values.accepted(answer["ok"], names)
    raise _refusal(answer)


def _refusal(answer: Mapping[str, Any]) -> ScriptStopped:
    match answer:
        case {"kind": "memory"}:
            return TooMuchMemory()
        case {"kind": "large"}:
            return TooMuchData(kilobytes=worker.LARGEST // 1024)
        case {"kind": "data", "name": str(name), "what": str(what)}:
            return NotData(name=name[:100], what=what[:100])
        case {"kind": "error", "error": str(error), "line": int(line)}:
            return Raised(line=line, error=error[:300].rstrip("."))
    return NoAnswer()
