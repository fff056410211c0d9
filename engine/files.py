"""Files that people bring as evidence: checked when they come, kept in the database, never run or shown inside a page."""

import re
import unicodedata
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from zipfile import BadZipFile, ZipFile

from sqlalchemy import ForeignKey, LargeBinary, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.db import Base, BigId
from engine.errors import Refusal
from engine.people import Person

LARGEST = 8 * 2**20
"""Bytes of one file, where nobody says less."""

LONGEST = 120
"""Signs of a name, its ending included."""

OFFICE = "application/vnd.openxmlformats-officedocument."
ENDINGS = {
    "application/pdf": ("pdf",),
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/webp": ("webp",),
    f"{OFFICE}wordprocessingml.document": ("docx",),
    f"{OFFICE}spreadsheetml.sheet": ("xlsx",),
    f"{OFFICE}presentationml.presentation": ("pptx",),
    "application/vnd.oasis.opendocument.text": ("odt",),
    "application/vnd.oasis.opendocument.spreadsheet": ("ods",),
    "text/plain": ("txt", "csv", "eml", "md"),
}
"""What may come as evidence, by what its content says, and the endings its name may have; the first is the usual one."""

MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
OFFICES = {
    "word/document.xml": f"{OFFICE}wordprocessingml.document",
    "xl/workbook.xml": f"{OFFICE}spreadsheetml.sheet",
    "ppt/presentation.xml": f"{OFFICE}presentationml.presentation",
}
MARKUP = ("<html", "<!doctype", "<svg", "<script", "<?xml", "<body", "<iframe")
"""What text must not hold: a browser might take it for a page."""


NAMED = re.compile(r"(?P<name>.+) #(?P<id>[1-9]\d{0,17})-(?P<mark>[0-9a-f]{20})")
"""A file as an answer of a form names it: its name, its number, and the beginning of its SHA-256."""


class EmptyFile(Refusal):
    """This file is empty."""


class FileTooLarge(Refusal):
    """A file may have %(most)s MB at most."""


class NotThisKind(Refusal):
    """Files of this kind are not taken. Send a PDF, a picture, a document or table of an office program without macros, or plain text."""


class File(Base):
    """One uploaded file. ``media_type`` is what its content says, not what the sender said; ``size`` is in bytes."""

    __tablename__ = "files"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    uploaded_at: Mapped[datetime]
    uploaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))


def store(
    session: Session,
    name: str,
    content: bytes,
    *,
    largest: int = LARGEST,
    by: Person | None,
    now: datetime,
) -> File:
    """Keep a file somebody sent, once for each name and content. The kind is what the content says, not the name.

    Raises EmptyFile, FileTooLarge, NotThisKind, all of the field ``file``.
    """
    if not content:
        raise EmptyFile(field="file")
    if len(content) > largest:
        raise FileTooLarge(field="file", most=max(largest // 2**20, 1))
    media, digest = kind(content), sha256(content).hexdigest()
    called = clean(name, media)
    known = session.scalar(select(File).where(File.sha256 == digest, File.name == called).limit(1))
    if known is not None:
        return known
    made = File(name=called, media_type=media, size=len(content), sha256=digest, content=content)
    made.uploaded_at, made.uploaded_by_id = now, by.id if by else None
    session.add(made)
    session.flush()
    return made


def reference(file: File) -> str:
    """The file as an answer names it. Only who has the file knows the end of it, so nobody can name another's."""
    return f"{file.name} #{file.id}-{file.sha256[:20]}"


def name_in(answer: str) -> str:
    """What a named file is called; any other answer as it is."""
    found = NAMED.fullmatch(answer)
    return found["name"] if found else answer


def find(session: Session, answer: str | None) -> File | None:
    """The file an answer names; None for a mere name, and for a number whose content is another."""
    found = NAMED.fullmatch(answer or "")
    file = session.get(File, int(found["id"])) if found else None
    return file if file is not None and found is not None and file.sha256.startswith(found["mark"]) else None


def kind(content: bytes) -> str:
    """The media type that the content itself shows. Raises NotThisKind."""
    for begins, media in MAGIC:
        if content.startswith(begins):
            return media
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    found = _office(content) if content.startswith(b"PK\x03\x04") else _text(content)
    if found is None:
        raise NotThisKind(field="file")
    return found


def clean(name: str, media: str) -> str:
    """A name that is only a name: no folders, no signs one cannot see, and an ending that fits the content."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(
        sign
        for sign in unicodedata.normalize("NFC", last)
        if unicodedata.category(sign)[0] not in "CZ" or sign == " "
    )
    shown = "".join("_" if sign in '<>:"|?*%;' else sign for sign in shown).strip(" .")
    stem, _, ending = shown.rpartition(".")
    if stem and ending.lower() in ENDINGS[media]:
        return f"{stem[: LONGEST - len(ending) - 1]}.{ending}"
    usual = ENDINGS[media][0]
    return f"{(shown or 'plik')[: LONGEST - len(usual) - 1]}.{usual}"


def _office(content: bytes) -> str | None:
    """A document or table of an office program, without macros."""
    try:
        with ZipFile(BytesIO(content)) as archive:
            names = set(archive.namelist())
            if any(each.lower().endswith("vbaproject.bin") or "Basic/" in each for each in names):
                return None
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 100:
                said = archive.read("mimetype").decode("ascii", "replace")
                return said if said in ENDINGS else None
    except (BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError):
        return None
    return next((media for part, media in OFFICES.items() if part in names), None)


def _text(content: bytes) -> str | None:
    """Words and nothing that a browser or a shell would run."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1250", "replace")
    if text.startswith("#!") or any(
        unicodedata.category(sign) == "Cc" and sign not in "\r\n\t\f" for sign in text
    ):
        return None
    lower = text.lower()
    return None if any(each in lower for each in MARKUP) else "text/plain"
