"""A designer takes the mended diagram home, and looks up what a finding means."""

from collections.abc import Callable
from io import BytesIO
from zipfile import ZipFile

from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.process import doctor
from engine.process.doctor.catalogue import CATALOGUE
from tests.web.conftest import Visitor
from tests.web.test_processes import DIAGRAM, LANE, upload

Browser = Callable[[Person], Visitor]
UNTYPED = DIAGRAM.replace("<bpmn:userTask", "<bpmn:task").replace("</bpmn:userTask", "</bpmn:task")


def test_what_was_accepted_is_drawn_in(
    as_: Browser, dorota: Person, session: Session, departments: dict[str, Department]
) -> None:
    designer = as_(dorota)
    table = upload(designer, ("repairs.bpmn", UNTYPED))
    assert "Download the mended diagram" not in designer.get(table).get_data(as_text=True)

    designer.send(f"{table}/repairs", {"finding": "A01:repairs_desk:mend"})
    designer.send(f"{table}/repairs", {"finding": LANE, "value": "department:legal"})
    assert f'href="{table}/mended"' in designer.get(table).get_data(as_text=True)
    answer = designer.get(f"{table}/mended")

    text = answer.get_data(as_text=True)
    assert answer.headers["Content-Disposition"] == "attachment; filename=repairs.bpmn"
    assert '<bpmn:userTask id="mend" name="Napraw"/>' in text
    assert '<bpmn:task id="take_in" name="Przyjmij"/>' in text, "nobody agreed to that"
    assert 'name="audience" value="department:legal"' in text
    assert (
        text.replace("bpmn:userTask", "bpmn:task").split("<bpmn:startEvent")[1]
        == (UNTYPED.split("<bpmn:startEvent")[1])
    ), "everything else is as it came"


def test_several_files_come_in_an_archive(
    as_: Browser, dorota: Person, session: Session, departments: dict[str, Department]
) -> None:
    designer = as_(dorota)
    second = UNTYPED.replace("repairs_desk", "second")
    table = upload(designer, ("one.bpmn", UNTYPED), ("two.bpmn", second))
    designer.send(f"{table}/repairs/all")

    answer = designer.get(f"{table}/mended")

    archive = ZipFile(BytesIO(answer.data))
    files = [doctor.File(name, archive.read(name)) for name in archive.namelist()]
    assert [file.name for file in files] == ["one.bpmn", "two.bpmn"]
    assert "A01" not in {each.code for each in doctor.examine(files).findings}


def test_nobody_else_takes_it(
    as_: Browser, dorota: Person, anna: Person, session: Session, departments: dict[str, Department]
) -> None:
    table = upload(as_(dorota), ("repairs.bpmn", UNTYPED))

    assert as_(anna).get(f"{table}/mended").status_code == 403


def test_every_finding_is_explained_on_a_page(as_: Browser, dorota: Person) -> None:
    page = as_(dorota).get("/processes/findings").get_data(as_text=True)

    assert all(f'id="{code}"' in page for code in CATALOGUE)
    assert "%(" not in page
