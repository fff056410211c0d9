"""The file of a history, opened with care: packed or not, never more than can be good, with what was read so far."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from engine.sales.past import wrong

MOST = 8 * 2**30
"""Bytes of a file once unpacked."""
TIGHT = 400
"""How many times a packed log may grow: XML packs forty-fold, what packs better holds nothing."""
SLACK = 16 * 2**20
CHUNK = 2**18

Heard = Callable[[int, int], None]
"""Is told how much is done, of how much."""


@dataclass(frozen=True)
class Log:
    """A file that may be read several times. ``size`` is in bytes as it lies there."""

    name: str
    size: int
    again: Callable[[], BinaryIO] = field(repr=False)

    def digest(self) -> str:
        """The SHA-256 of the file as it lies there."""
        whole = sha256()
        with self.again() as file:
            while part := file.read(CHUNK):
                whole.update(part)
        return whole.hexdigest()

    def is_xml(self) -> bool:
        """Whether its content begins as XML does. Raises PackedBroken."""
        with self.again() as raw:
            head = Unpacked(raw, self.size).read(512)
        return head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00")[:1] == b"<"


def at(path: Path) -> Log:
    """The log in a file of the disk."""
    return Log(path.name, path.stat().st_size, lambda: path.open("rb"))


def held(name: str, content: bytes) -> Log:
    """The log in bytes."""
    return Log(name, len(content), lambda: io.BytesIO(content))


class Unpacked(io.RawIOBase):
    """The bytes of a log, unpacked when they are packed. Raises PackedBroken, TooTightlyPacked, FileTooLarge.

    ``heard`` is told how many bytes of the file were read, of how many.
    """

    def __init__(self, raw: BinaryIO, size: int, heard: Heard | None = None) -> None:
        self._raw, self._size, self._heard, self._out = raw, size, heard, 0
        self._packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        self._in: BinaryIO = gzip.GzipFile(fileobj=raw) if self._packed else raw  # type: ignore[assignment]

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "bytearray | memoryview[int]") -> int:  # type: ignore[override]
        """As every raw file does."""
        part = self.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most a share."""
        try:
            part = self._in.read(CHUNK if size < 0 else min(size, CHUNK))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise wrong.PackedBroken(field="file") from error
        self._out += len(part)
        if self._out > MOST:
            raise wrong.FileTooLarge(most=f"{MOST // 2**30} GB", field="file")
        if self._packed and self._out > SLACK + TIGHT * self._raw.tell():
            raise wrong.TooTightlyPacked(most=TIGHT, field="file")
        if self._heard is not None:
            self._heard(min(self._raw.tell(), self._size), self._size)
        return part


def parts(log: Log, heard: Heard | None = None) -> Iterator[bytes]:
    """The unpacked bytes of a log, share by share."""
    with log.again() as raw:
        opened = Unpacked(raw, log.size, heard)
        while part := opened.read():
            yield part
