"""Evidence comes as files from outside: checked by what they hold, called by a harmless name, kept once."""

from io import BytesIO
from zipfile import ZipFile

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import files
from engine.files import File
from engine.people import Person
from tests.conftest import MONDAY

PDF = b"%PDF-1.7\n1 0 obj\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def office(*parts: str) -> bytes:
    """A zip with these parts, as office programs write them."""
    made = BytesIO()
    with ZipFile(made, "w") as archive:
        for part in ("[Content_Types].xml", *parts):
            archive.writestr(part, "x")
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "media"),
    [
        ("umowa.pdf", PDF, "application/pdf"),
        ("zdjęcie.PNG", PNG, "image/png"),
        ("skan.jpg", b"\xff\xd8\xff\xe0" + b"\0" * 9, "image/jpeg"),
        ("notatka.txt", b"Ustalono: 3 grudnia", "text/plain"),
        ("stara.txt", "Zażółć".encode("cp1250"), "text/plain"),
        ("oferta.docx", office("word/document.xml"), files.OFFICES["word/document.xml"]),
        ("ceny.xlsx", office("xl/workbook.xml"), files.OFFICES["xl/workbook.xml"]),
    ],
)
def test_evidence_is_kept_under_its_name(
    session: Session, anna: Person, name: str, content: bytes, media: str
) -> None:
    made = files.store(session, name, content, by=anna, now=MONDAY)

    assert (made.name, made.media_type, made.size) == (name, media, len(content))
    assert (made.uploaded_by_id, made.content) == (anna.id, content)


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\0\3\0\0\0",
        b"\x7fELF\2\1\1",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"\n  <!DOCTYPE html><html><body>hej</body></html>",
        b"GIF89a<script>",
        b"Notatka <ScRiPt>alert(1)</script>",
        b"#!/bin/sh\nrm -rf /",
        b"PK\x03\x04 nothing of a zip",
        office("word/document.xml", "word/vbaProject.bin"),
        office("setup.exe"),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 40,
        b"\0\0\0\0",
    ],
)
def test_what_could_run_is_refused_whatever_it_is_called(
    session: Session, anna: Person, content: bytes
) -> None:
    with pytest.raises(files.NotThisKind):
        files.store(session, "umowa.pdf", content, by=anna, now=MONDAY)

    assert session.scalar(select(func.count(File.id))) == 0


def test_nothing_and_too_much_are_refused(session: Session, anna: Person) -> None:
    with pytest.raises(files.EmptyFile):
        files.store(session, "umowa.pdf", b"", by=anna, now=MONDAY)
    with pytest.raises(files.FileTooLarge) as refused:
        files.store(session, "umowa.pdf", PDF + b"x" * files.LARGEST, by=anna, now=MONDAY)
    assert (refused.value.field, refused.value.places["most"]) == ("file", 8)


@pytest.mark.parametrize(
    ("hostile", "clean"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\Ewa\\umowa.pdf", "umowa.pdf"),
        ("faktura.pdf.exe", "faktura.pdf.exe.pdf"),
        ("..", "plik.pdf"),
        ("", "plik.pdf"),
        ("umo\x00wa\r\nSet-Cookie: x.pdf", "umowaSet-Cookie_ x.pdf"),
        ("fdp.\u202eexe.pdf", "fdp.exe.pdf"),
        ('"><script>.pdf', "___script_.pdf"),
        ("a" * 500 + ".pdf", "a" * 116 + ".pdf"),
    ],
)
def test_a_name_is_only_a_name(hostile: str, clean: str) -> None:
    assert files.clean(hostile, "application/pdf") == clean


def test_the_same_file_is_kept_once(session: Session, anna: Person, borys: Person) -> None:
    first = files.store(session, "umowa.pdf", PDF, by=anna, now=MONDAY)
    again = files.store(session, "umowa.pdf", PDF, by=borys, now=MONDAY)
    other = files.store(session, "umowa.pdf", PDF + b"2", by=anna, now=MONDAY)

    assert (again.id, other.id == first.id) == (first.id, False)
