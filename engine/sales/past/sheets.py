"""CSV: the rows of a table with the lines they begin in, whatever its encoding and delimiter."""

import codecs
import csv
from collections.abc import Iterator, Sequence

from engine.sales.past import wrong
from engine.sales.past.files import Heard, Log, parts
from engine.sales.past.maps import DELIMITERS

BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
DECODERS = {"utf-16": "utf-16-le", "windows-1250": "cp1250", "windows-1252": "cp1252"}

Row = tuple[int, list[str]]
"""A row's line and cells."""


def rows(
    log: Log, *, encoding: str | None, delimiter: str | None, heard: Heard | None = None
) -> Iterator[Row]:
    """The head of the table first, then every row that is not blank, each with its line.

    The encoding is the file's own mark's, else as said, else UTF-8. Raises EncodingWrong, LineBroken, HistoryEmpty.
    """
    source = lines(log, encoding, heard)
    first = next((line for line in source if line.strip()), None)
    if first is None:
        raise wrong.HistoryEmpty(field="file")
    reader = csv.reader(_again(first, source), delimiter=delimiter or sniffed(first), strict=True)
    line = 1
    while True:
        try:
            for cells in reader:
                if cells:
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            raise wrong.LineBroken(line=line, field="file") from error
        else:
            return


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def sniffed(head: str) -> str:
    """The delimiter that stands most often in the head of the table, outside quotation marks."""
    bare = "".join(head.split('"')[::2]) or head
    return max(DELIMITERS, key=bare.count)


def lines(log: Log, encoding: str | None, heard: Heard | None = None) -> Iterator[str]:
    """The lines of a text with their ends. Raises EncodingWrong with the line."""
    source = parts(log, heard)
    head = next(source, b"")
    mark, called = next(
        ((bom, name) for bom, name in BOMS if head.startswith(bom)), (b"", encoding or "utf-8")
    )
    decoder = codecs.getincrementaldecoder(DECODERS.get(called, called))("strict")
    line, left, part = 1, "", head[len(mark) :]
    while part:
        try:
            text = left + decoder.decode(part)
        except UnicodeDecodeError as error:
            before = left + bytes(error.object[: error.start]).decode(decoder_name(called), "ignore")
            raise wrong.EncodingWrong(
                line=line + before.count("\n"), encoding=_shown(called), field="file"
            ) from error
        if "\x00" in text:
            at = line + text[: text.index("\x00")].count("\n")
            raise wrong.EncodingWrong(line=at, encoding=_shown(called), field="file")
        *whole, left = text.split("\n")
        for each in whole:
            yield f"{each}\n"
        line += len(whole)
        part = next(source, b"")
    try:
        left += decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise wrong.EncodingWrong(line=line, encoding=_shown(called), field="file") from error
    if left:
        yield left


def decoder_name(called: str) -> str:
    """What Python calls an encoding of the map."""
    return DECODERS.get(called, called)


def _shown(called: str) -> str:
    return {"utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}.get(
        called, called.upper() if called[:3] == "utf" else called
    )


def head(found: Sequence[str]) -> list[str]:
    """The names of the columns, tidy."""
    return [" ".join(name.split()) for name in found]
