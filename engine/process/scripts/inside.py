"""The inside of the worker: a warm, clean interpreter that forks a child for every script. Imports nothing of ours.

Frames on stdin and stdout: four bytes of length, sixteen that the host chose for this call, then JSON in, and one
byte of verdict with what the child said out. A child holds one descriptor, its way back to this process, and what it
says counts only whole and under sixteen bytes of its own, so nothing it writes is taken for another call's answer.
"""

import builtins
import gc
import json
import os
import select
import signal
import struct
import sys
import time
from typing import Any

sys.path.append(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120  # pathlib costs a third of the start
import kernel  # type: ignore[import-not-found]  # beside this file

sys.path.pop()

import bisect  # from here on: what scripts may import, warm before they are forked
import calendar
import collections
import datetime as dt
import decimal
import fractions
import functools
import heapq
import itertools
import math
import operator
import random
import re
import statistics
import string
import textwrap
import unicodedata

OFFERED = {
    each.__name__: each
    for each in (
        bisect, calendar, collections, decimal, dt, fractions, functools, heapq, itertools, json, math,
        operator, random, re, statistics, string, textwrap, unicodedata,
    )
}  # fmt: skip
WARM = {
    "script": "total = round(sum(line['net'] for line in lines) * 1.1, 2)\nif total > 3:\n    x = f'{total}'\nelse:\n    raise ValueError",
    "data": {"lines": [{"net": 1}], "x": [1.5, None]},
    "names": ["total", "lines", "x"],
    "now": "2026-11-16T09:00:00+00:00",
    "today": "2026-11-16",
}
MARK = 16
ANSWERED, LATE, LARGE, SILENT = b"=", b"t", b"l", b"s"


def main(seconds: float, memory: int, largest: int) -> None:
    """Serve one call after the other until the host goes away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    kernel.orphaned_dies()
    for _ in range(10):  # what is made on first use is made before the first fork
        _result(WARM, largest)
    gc.freeze()  # a child shares what it does not touch
    while True:
        frame = _read(0)
        if frame is None:
            return
        verdict, said = _one(frame[MARK:], seconds, memory, largest)
        _write(1, frame[:MARK] + verdict + said)


def _one(request: bytes, seconds: float, memory: int, largest: int) -> tuple[bytes, bytes]:
    """One script in a child of its own: the verdict, and what the child said if it counts."""
    until, mark = time.monotonic() + seconds, os.urandom(MARK)
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        _be_child(request, there, mark, seconds, memory, largest)
    os.close(there)
    try:
        said = _listen(here, until, largest + MARK)
    finally:
        os.close(here)
        _end(child)
    if said is None or len(said) > largest + MARK:
        return (LATE if said is None else LARGE), b""
    return (ANSWERED, said[MARK:]) if said[:MARK] == mark and len(said) > MARK else (SILENT, b"")


def _listen(here: int, until: float, most: int) -> bytes | None:
    """Everything the child says until it falls silent, a little more than ``most``, or None when its time is over."""
    said, ready = b"", select.poll()
    ready.register(here, select.POLLIN)
    while len(said) <= most:
        left = until - time.monotonic()
        if left <= 0 or not ready.poll(left * 1000):
            return None
        part = os.read(here, 65536)
        if not part:
            break
        said += part
    return said


def _end(child: int) -> None:
    for kill in (os.killpg, os.kill):
        try:
            kill(child, signal.SIGKILL)
        except OSError:
            continue
    os.waitpid(child, 0)


# ------------------------------------------------------------------------------------------------ in the child


def _be_child(request: bytes, there: int, mark: bytes, seconds: float, memory: int, largest: int) -> None:
    """Give everything up, carry the script out, say what came of it, and end whatever happened."""
    try:
        os.setsid()
        os.dup2(there, 0)
        os.closerange(1, 64)
        sys.stdin = sys.stdout = sys.stderr = None
        kernel.orphaned_dies()
        kernel.limit(int(seconds) + 1, memory)
        kernel.filtered()
        _say(mark + _result(json.loads(request), largest))
    finally:
        os._exit(0)


def _say(words: bytes) -> None:
    while words:
        words = words[os.write(0, words) :]


def _result(request: dict[str, Any], largest: int) -> bytes:
    data, names = request["data"], request["names"]
    before = {name: json.dumps(value) for name, value in data.items()}
    space = {**_offered(request), **data, "__builtins__": {**vars(builtins), "__import__": _import}}
    try:
        exec(compile(request["script"], "<script>", "exec"), space)  # noqa: S102  # this process is made for it
        found = {name: _text(name, space[name]) for name in names if name in space}
        changed = [f"{json.dumps(name)}:{text}" for name, text in found.items() if before.get(name) != text]
        answer = ('{"ok":{' + ",".join(changed) + "}}").encode()
    except _NoData as trouble:
        return json.dumps({"kind": "data", "what": trouble.args[0], "name": trouble.args[1]}).encode()
    except BaseException as error:  # noqa: BLE001  # whatever a script raises is an answer
        space.clear()
        return _trouble(error)
    return answer if len(answer) <= largest else b'{"kind":"large"}'


def _trouble(error: BaseException) -> bytes:
    if isinstance(error, MemoryError):
        return b'{"kind":"memory"}'
    words = f"{type(error).__name__}: {error}"[:300] if str(error) else type(error).__name__
    return json.dumps({"kind": "error", "error": words, "line": _line(error)}).encode()


def _line(error: BaseException) -> int:
    """The line of the script that was at work; 0 when it was none."""
    line, step = getattr(error, "lineno", None) or 0, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == "<script>":
            line = step.tb_lineno
        step = step.tb_next
    return line


class _NoData(BaseException):
    """A name ends as something that JSON cannot hold."""


def _text(name: str, value: Any) -> str:
    try:
        return json.dumps(value, default=_plain, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise _NoData(f"{error}"[:100], name) from None


def _plain(value: Any) -> Any:
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal | fractions.Fraction):
        whole = value == int(value)
        return int(value) if whole else float(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(type(value).__name__)


def _offered(request: dict[str, Any]) -> dict[str, Any]:
    """What every script finds: what time it is, as expressions are told it."""
    moment, day = (
        dt.datetime.fromisoformat(request["now"]),
        dt.date.fromisoformat(request["today"]),
    )
    return {"now": lambda: moment, "today": lambda: day, "__name__": "script"}


def _import(name: str, *_: Any, **__: Any) -> Any:
    if name not in OFFERED:
        raise ImportError(f"a script may import {', '.join(sorted(OFFERED))}, not {name}")
    return OFFERED[name]


# ------------------------------------------------------------------------------------------------ frames


def _read(place: int) -> bytes | None:
    """The next frame, or None when the other side has gone."""
    head = _exactly(place, 4)
    return _exactly(place, struct.unpack(">I", head)[0]) if head else None


def _exactly(place: int, length: int) -> bytes | None:
    found = b""
    while len(found) < length:
        part = os.read(place, min(length - len(found), 1 << 20))
        if not part:
            return None
        found += part
    return found


def _write(place: int, frame: bytes) -> None:
    whole = struct.pack(">I", len(frame)) + frame
    while whole:
        whole = whole[os.write(place, whole) :]


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
