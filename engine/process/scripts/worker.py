"""The host's side of the worker: a few warm interpreters, each started on first need and used by one thread at a time.

What comes back is bytes of the right call or nothing. A worker that died, stalled or spoke out of turn is ended and
replaced; as a script has no effects but its answer, its call is then made once more.
"""

import atexit
import os
import queue
import select
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from engine.process.scripts.refusals import NoAnswer, NotHere, ScriptStopped, TookTooLong, TooMuchData

SECONDS = 1.0
MEMORY = 160 * 2**20
LARGEST = 256 * 1024
MARK = 16
PATIENCE = 2.0
"""How much longer than the script's own time we wait for the interpreter that watches it."""
MOST = 4
"""Interpreters at most: so many scripts run at once in one process of ours."""

INSIDE = Path(__file__).with_name("inside.py")


class Gone(Exception):
    """The interpreter is no longer there, or cannot be understood."""


class Worker:
    """One warm interpreter. Not for two threads at once; `Workers` sees to that."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The interpreter's process, while there is one."""
        return self._process.pid if self._process else None

    def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """Have a script carried out: the verdict and what it said. Raises Gone."""
        process, mark = self._process or self._start(), os.urandom(MARK)
        until = time.monotonic() + SECONDS + PATIENCE
        try:
            self._send(process, struct.pack(">I", MARK + len(request)) + mark + request, until)
            (length,) = struct.unpack(">I", self._take(process, 4, until))
            if not MARK < length <= LARGEST + MARK + 1:
                raise Gone
            frame = self._take(process, length, until)
        except (Gone, OSError) as error:
            self.close(kill=True)
            raise Gone from error
        if frame[:MARK] != mark:
            self.close(kill=True)
            raise Gone
        return frame[MARK : MARK + 1], frame[MARK + 1 :]

    def close(self, *, kill: bool = False) -> None:
        """End the interpreter and wait for it; it ends by itself when nobody speaks to it any more."""
        process, self._process = self._process, None
        if process is None:
            return
        _hang_up(process)
        try:
            process.wait(0 if kill else PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def disown(self) -> None:
        """This process is a copy: the interpreter belongs to the one it was copied from."""
        process, self._process = self._process, None
        if process is not None:
            _hang_up(process)
            process.returncode = 0

    def _start(self) -> subprocess.Popen[bytes]:
        if not hasattr(os, "fork") or not hasattr(select, "poll"):
            raise NotHere(reason=sys.platform)
        limits = [str(SECONDS), str(MEMORY), str(LARGEST)]
        try:
            process = subprocess.Popen(  # noqa: S603  # our own interpreter and our own file
                [sys.executable, "-I", "-S", "-B", str(INSIDE), *limits],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
                start_new_session=True,
                bufsize=0,
            )
        except (OSError, ValueError) as error:
            raise NotHere(reason=str(error)) from error
        for pipe in (process.stdin, process.stdout):
            os.set_blocking(pipe.fileno(), False)  # type: ignore[union-attr]  # both are pipes
        self._process = process
        return process

    def _send(self, process: subprocess.Popen[bytes], frame: bytes, until: float) -> None:
        place = process.stdin.fileno()  # type: ignore[union-attr]
        left = memoryview(frame)
        while left:
            _wait(place, select.POLLOUT, until)
            with suppress(BlockingIOError):
                left = left[os.write(place, left) :]

    def _take(self, process: subprocess.Popen[bytes], length: int, until: float) -> bytes:
        place, found = process.stdout.fileno(), b""  # type: ignore[union-attr]
        while len(found) < length:
            _wait(place, select.POLLIN, until)
            with suppress(BlockingIOError):
                part = os.read(place, length - len(found))
                if not part:
                    raise Gone
                found += part
        return found


class Workers:
    """Warm interpreters to borrow, the last used first, so that an idle product keeps one."""

    def __init__(self, most: int = MOST) -> None:
        self._all = [Worker() for _ in range(most)]
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()
        for worker in self._all:
            self._idle.put(worker)

    @property
    def pids(self) -> list[int]:
        """The processes that are there now."""
        return [worker.pid for worker in self._all if worker.pid is not None]

    def run(self, request: bytes) -> bytes:
        """What a script said. Raises ScriptStopped."""
        if len(request) > LARGEST:
            raise TooMuchData(kilobytes=LARGEST // 1024)
        try:
            worker = self._idle.get(timeout=30 * SECONDS)
        except queue.Empty:
            raise TookTooLong(seconds=f"{SECONDS:g}") from None
        try:
            verdict, said = _twice(worker, request)
        finally:
            self._idle.put(worker)
        if verdict != b"=":
            raise _refusal(verdict)
        return said

    def close(self) -> None:
        """End them all."""
        for worker in self._all:
            worker.close()

    def disown(self) -> None:
        """After a fork: forget them all."""
        for worker in self._all:
            worker.disown()


def _twice(worker: Worker, request: bytes) -> tuple[bytes, bytes]:
    for _ in range(2):
        with suppress(Gone):
            return worker.ask(request)
    raise NoAnswer


def _refusal(verdict: bytes) -> ScriptStopped:
    if verdict == b"t":
        return TookTooLong(seconds=f"{SECONDS:g}")
    return TooMuchData(kilobytes=LARGEST // 1024) if verdict == b"l" else NoAnswer()


def _wait(place: int, event: int, until: float) -> None:
    ready = select.poll()
    ready.register(place, event)
    left = until - time.monotonic()
    if left <= 0 or not ready.poll(left * 1000):
        raise Gone


def _hang_up(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            pipe.close()  # type: ignore[union-attr]


workers = Workers()
"""Those of this process."""


def _after_fork() -> None:
    global workers  # the copy's locks may be held by threads it does not have
    workers.disown()
    workers = Workers()


atexit.register(lambda: workers.close())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
