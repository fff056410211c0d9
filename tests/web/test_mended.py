"""The designer's walk: a broken file up, the mended one down, up again: nothing is left that can be drawn."""

from collections.abc import Callable
from io import BytesIO
from zipfile import ZipFile

import pytest
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.process import doctor, uploads
from engine.process.doctor import mending
from engine.process.doctor.catalogue import CATALOGUE
from engine.process.uploads import Upload
from tests.engine.process.specimens import SPECIMENS
from tests.web.conftest import Visitor
from webapp.surroundings import around

Browser = Callable[[Person], Visitor]
ELSEWHERE = {"A14"}
"""Found only where connectors are plugged in, which this company has not."""
WALKED = sorted(
    code
    for code in SPECIMENS
    if code in mending.DRAWERS and CATALOGUE[code].repairable and code not in ELSEWHERE
)


@pytest.mark.slow
def test_a_mended_file_comes_back_without_the_findings_that_had_a_repair(
    as_: Browser, dorota: Person, session: Session, departments: dict[str, Department]
) -> None:
    designer = as_(dorota)
    assert len(WALKED) > 50
    left = {code: found for code in WALKED if (found := _walk(designer, session, code))}
    assert not left


def _walk(designer: Visitor, session: Session, code: str) -> set[str]:
    """What is still there, of what can be drawn, after the file has gone down and up again."""
    table = _put(designer, [(each.name, each.content) for each in SPECIMENS[code].files])
    before = {each.code for each in _examined(session, table).findings if each.repairable}
    assert code in before, code
    designer.send(f"{table}/repairs/all")
    answer = designer.get(f"{table}/mended")
    assert answer.status_code == 200, code
    again = _put(designer, _files(answer.headers["Content-Disposition"], answer.data))
    findings = [each for each in _examined(session, again).findings if each.repairable]
    return {each.id for each in findings if each.code in before and each.code not in mending.STAYS}


def _put(designer: Visitor, files: list[tuple[str, bytes]]) -> str:
    answer = designer.send(
        "/processes/upload", {"files": [(BytesIO(content), name) for name, content in files]}
    )
    assert answer.status_code == 303, files[0][0]
    return str(answer.headers["Location"])


def _files(named: str, data: bytes) -> list[tuple[str, bytes]]:
    if not named.endswith(".zip"):
        return [(named.partition("filename=")[2].strip('"'), data)]
    archive = ZipFile(BytesIO(data))
    return [(name, archive.read(name)) for name in archive.namelist()]


def _examined(session: Session, table: str) -> doctor.Examined:
    session.expire_all()
    upload = session.get_one(Upload, int(table.rpartition("/")[2]))
    found = uploads.examine(session, upload, around(session))
    session.rollback()
    return found
