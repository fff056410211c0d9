"""A designer uploads a diagram, is told what is wrong with it, mends it, deploys it, starts it; directors watch."""

import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.process import definitions, doctor, incidents, instances, tasks
from engine.process.definitions import Definition, Source
from engine.process.instances import Instance
from engine.process.uploads import Upload
from tests.conftest import MONDAY
from tests.web.conftest import Clock, Visitor

Browser = Callable[[Person], Visitor]

DIAGRAM = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d" targetNamespace="urn:d">
  <bpmn:process id="repairs_desk" name="Naprawy" isExecutable="true">
    <bpmn:laneSet id="lanes">
      <bpmn:lane id="sales" name="Sprzedaż"><bpmn:flowNodeRef>take_in</bpmn:flowNodeRef></bpmn:lane>
      <bpmn:lane id="workshop" name="Warsztat"><bpmn:flowNodeRef>mend</bpmn:flowNodeRef></bpmn:lane>
    </bpmn:laneSet>
    <bpmn:startEvent id="came" name="Przyszło"/>
    <bpmn:sequenceFlow id="f1" sourceRef="came" targetRef="take_in"/>
    <bpmn:userTask id="take_in" name="Przyjmij"/>
    <bpmn:sequenceFlow id="f2" sourceRef="take_in" targetRef="mend"/>
    <bpmn:userTask id="mend" name="Napraw"/>
    <bpmn:sequenceFlow id="f3" sourceRef="mend" targetRef="gone"/>
    <bpmn:endEvent id="gone" name="Oddane"/>
  </bpmn:process>
</bpmn:definitions>"""
LANE = "L01:repairs_desk:workshop"

FORM = """{"key": "intake", "title": {"pl": "Przyjęcie", "en": "Intake"},
 "fields": [{"key": "device", "type": "text", "label": {"pl": "Urządzenie", "en": "Device"}, "required": true}]}"""
ASKING = DIAGRAM.replace(
    '<bpmn:startEvent id="came" name="Przyszło"/>',
    """<bpmn:startEvent id="came" name="Przyszło"><bpmn:extensionElements>
      <spiffworkflow:properties xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core">
      <spiffworkflow:property name="form" value="intake"/></spiffworkflow:properties>
      </bpmn:extensionElements></bpmn:startEvent>""",
).replace('id="workshop"', 'id="legal"')


def sent(*files: tuple[str, str | bytes]) -> dict[str, Any]:
    """The fields of an upload form."""
    return {
        "files": [(BytesIO(text.encode() if isinstance(text, str) else text), name) for name, text in files]
    }


def upload(client: Visitor, *files: tuple[str, str | bytes]) -> str:
    """Upload files; the address of their examination."""
    answer = client.send("/processes/upload", sent(*files))
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return answer.headers["Location"]


def deployed(session: Session, *files: doctor.File, by: Person | None = None, **more: Any) -> Definition:
    """A version that is already there."""
    found = definitions.deploy(
        session, files or [doctor.File("r.bpmn", DIAGRAM.encode())], by=by, now=MONDAY, **more
    )
    session.commit()
    return found


@pytest.mark.parametrize("path", ["/processes/", "/processes/repairs_desk"])
def test_a_director_reads_what_a_designer_may_change(
    path: str, as_: Browser, session: Session, clara: Person, dorota: Person, anna: Person
) -> None:
    deployed(session, by=dorota)

    assert as_(clara).get(path).status_code == 200
    assert "Upload a diagram" not in as_(clara).get("/processes/").get_data(as_text=True)
    assert as_(dorota).get(path).status_code == 200
    assert as_(anna).get(path).status_code == 403
    assert as_(clara).get("/processes/upload").status_code == 403
    assert as_(clara).send("/processes/upload", sent(("r.bpmn", DIAGRAM))).status_code == 403


def test_the_catalogue_counts_what_runs_and_what_needs_a_person(
    as_: Browser, session: Session, dorota: Person, anna: Person
) -> None:
    definition = deployed(session)
    running = [instances.start(session, definition, by=anna, now=MONDAY) for _ in range(3)]
    instances.cancel(session, running[0], "a mistake", by=anna, now=MONDAY)
    incidents.open_(session, running[1], code="X", message="stuck", now=MONDAY)
    session.commit()

    page = as_(dorota).get("/processes/").get_data(as_text=True)

    row = re.sub(r"<[^>]+>|\s+", " ", page[page.index("Naprawy") :])
    assert re.search(r"repairs_desk .* 1 +today 10:00 +2 +1 +1 ", row.replace("\N{NO-BREAK SPACE}", " ")), (
        row[:300]
    )


def test_an_empty_catalogue_teaches_the_next_step(as_: Browser, dorota: Person) -> None:
    page = as_(dorota).get("/processes/").get_data(as_text=True)

    assert "No process is deployed yet" in page
    assert "/processes/upload" in page


def test_a_finding_names_the_element_and_what_to_do(
    as_: Browser, dorota: Person, departments: dict[str, Department]
) -> None:
    client = as_(dorota)
    page = client.get(upload(client, ("repairs.bpmn", DIAGRAM))).get_data(as_text=True)

    assert "“Warsztat” matches no department" in page
    assert 'data-element="workshop"' in page
    assert "1 finding blocks" in page
    assert 'aria-disabled="true"' in page


def test_a_lane_is_given_to_a_department_and_the_case_waits_there(
    as_: Browser, session: Session, dorota: Person, anna: Person, borys: Person
) -> None:
    client = as_(dorota)
    table = upload(client, ("repairs.bpmn", DIAGRAM))

    client.send(f"{table}/repairs", {"finding": LANE, "value": "department:legal", "place": 1})
    page = client.get(table).get_data(as_text=True)
    assert "It can be deployed" in page
    assert re.search(r"Accepted:</b>\s*Legal", page)
    answer = client.send(
        f"{table}/deployment", {"name": "repairs", "title": "Naprawy", "title_en": "Repairs"}
    )

    assert answer.headers["Location"].endswith("/processes/repairs")
    assert "Deployed: repairs, version 1." in client.get("/processes/repairs").get_data(as_text=True)
    assert not session.scalar(select(func.count()).select_from(Upload))
    definition = definitions.newest(session, "repairs")
    assert definition is not None
    assert definition.text.en == "Repairs"
    instance = instances.start(session, definition, by=anna, now=MONDAY)
    instances.complete(session, tasks.open_of(session, instance.id)[0], {}, by=anna, now=MONDAY)
    assert [task.audience for task in tasks.open_of(session, instance.id)] == ["department:legal"]


def test_an_accepted_repair_is_taken_back(
    as_: Browser, session: Session, dorota: Person, departments: dict[str, Department]
) -> None:
    client = as_(dorota)
    table = upload(client, ("repairs.bpmn", DIAGRAM))

    client.send(f"{table}/repairs/all")
    assert "It can be deployed" in client.get(table).get_data(as_text=True)
    client.send(f"{table}/repairs/taken-back", {"finding": LANE})

    assert "Deployment is blocked" in client.get(table).get_data(as_text=True)
    refused = client.send(f"{table}/deployment", {"name": "repairs", "title": "Naprawy"})
    assert refused.status_code == 400
    assert not session.scalar(select(func.count()).select_from(Definition))


def test_a_repair_that_is_not_offered_cannot_be_accepted(
    as_: Browser, session: Session, dorota: Person, departments: dict[str, Department]
) -> None:
    client = as_(dorota)
    table = upload(client, ("repairs.bpmn", DIAGRAM))

    answer = client.send(f"{table}/repairs", {"finding": "X01::"})

    assert answer.status_code == 400
    assert session.scalars(select(Upload)).one().accepted == []


def test_a_corrected_file_takes_the_place_of_the_old_one_and_repairs_stay(
    as_: Browser, session: Session, dorota: Person, departments: dict[str, Department]
) -> None:
    client = as_(dorota)
    table = upload(client, ("repairs.bpmn", DIAGRAM))
    client.send(f"{table}/repairs", {"finding": LANE, "value": "department:legal"})

    corrected = DIAGRAM.replace("Przyjmij", "Przyjmij sprzęt")
    answer = client.send(f"{table}/files", {**sent(("better.bpmn", corrected)), "instead_of": "repairs.bpmn"})

    assert answer.status_code == 303
    found = session.scalars(select(Upload)).one()
    assert found.names == ["better.bpmn"]
    assert found.accepted == [f"{LANE}=department:legal"]
    assert "It can be deployed" in client.get(table).get_data(as_text=True)


def test_a_broken_correction_leaves_the_old_file(
    as_: Browser, session: Session, dorota: Person, departments: dict[str, Department]
) -> None:
    client = as_(dorota)
    table = upload(client, ("repairs.bpmn", DIAGRAM))

    answer = client.send(f"{table}/files", {**sent(("b.bpmn", "<oops")), "instead_of": "repairs.bpmn"})

    assert answer.status_code == 422
    assert "not well-formed XML" in answer.get_data(as_text=True)
    assert session.scalars(select(Upload)).one().names == ["repairs.bpmn"]


BAD: dict[str, tuple[tuple[str, str | bytes], str]] = {
    "not XML": (("a.bpmn", "this is no diagram"), "not well-formed XML"),
    "a doctype": (("a.bpmn", "<!DOCTYPE x><x/>"), "has a DOCTYPE declaration"),
    "three megabytes": (
        ("a.bpmn", DIAGRAM + "<!--" + "x" * 3 * 2**20 + "-->"),
        "the largest allowed size is 2 MB",
    ),
    "another kind": (("a.docx", "PK"), "of an unknown kind"),
    "other XML": (("a.bpmn", "<html/>"), "is not a BPMN 2.0 diagram"),
    "empty": (("a.bpmn", ""), "is empty"),
    "only a form": (("a.json", FORM), "No diagram was uploaded"),
    "a wrong form": (("a.json", "{}"), "is not valid"),
    "bytes": (("a.bpmn", b"\xff\xfe\x00"), "not well-formed XML"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_read_is_refused_by_name_and_nothing_is_kept(
    name: str, as_: Browser, session: Session, dorota: Person
) -> None:
    file, words = BAD[name]

    answer = as_(dorota).send("/processes/upload", sent(file))
    answer.request.environ["wsgi.input"].close()  # the test client leaves what it spooled to a file open

    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)
    assert not session.scalar(select(func.count()).select_from(Upload))
    assert not session.scalar(select(func.count()).select_from(Source))


def test_no_file_is_refused(as_: Browser, session: Session, dorota: Person) -> None:
    answer = as_(dorota).send("/processes/upload", {})

    assert answer.status_code == 422
    assert "Choose at least one file" in answer.get_data(as_text=True)
    assert as_(dorota).send("/processes/upload", sent(("", ""))).status_code == 422


def test_more_than_the_server_takes_is_too_large(as_: Browser, session: Session, dorota: Person) -> None:
    answer = as_(dorota).send("/processes/upload", sent(("a.bpmn", "x" * 9 * 2**20)))
    answer.request.environ["wsgi.input"].close()

    assert answer.status_code == 413


def test_an_upload_is_nobody_elses(as_: Browser, session: Session, dorota: Person, anna: Person) -> None:
    table = upload(as_(dorota), ("repairs.bpmn", DIAGRAM))
    other = Person(email="ewa@wislane.example", name="Ewa Kret", locale="en", created_at=MONDAY)
    other.roles = [type(dorota.roles[0])(name="designer")]
    session.add(other)
    session.commit()

    assert as_(other).get(table).status_code == 404
    assert as_(other).send(f"{table}/repairs/all").status_code == 404
    assert as_(other).get(f"{table}/drawings/repairs.bpmn").status_code == 404


def test_the_second_deployment_is_version_two_and_running_cases_stay(
    as_: Browser, session: Session, dorota: Person, anna: Person
) -> None:
    first = deployed(session, name="repairs")
    case = instances.start(session, first, by=anna, now=MONDAY)
    session.commit()
    client = as_(dorota)
    table = upload(client, ("repairs.bpmn", DIAGRAM.replace("Napraw", "Napraw i sprawdź")))
    client.send(f"{table}/repairs/all")

    client.send(f"{table}/deployment", {"name": "repairs", "title": "Naprawy"})

    session.expire_all()
    newest = definitions.newest(session, "repairs")
    assert newest is not None
    assert newest.version == 2
    assert session.get_one(Instance, case.id).definition_id == first.id
    page = client.get("/processes/repairs").get_data(as_text=True)
    assert "version=1" in page


def test_the_same_files_again_are_the_same_version(
    as_: Browser, session: Session, dorota: Person, clock: Clock, departments: dict[str, Department]
) -> None:
    client = as_(dorota)
    for _ in range(2):
        table = upload(client, ("repairs.bpmn", DIAGRAM))
        client.send(f"{table}/repairs/all")
        client.send(f"{table}/deployment", {"name": "repairs", "title": "Naprawy"})
        clock.at += timedelta(minutes=1)

    assert "This is version 1 already; nothing changed." in client.get("/processes/").get_data(as_text=True)
    assert session.scalar(select(func.count()).select_from(Definition)) == 1


def test_a_finding_on_another_drawing_leads_there(
    as_: Browser, dorota: Person, departments: dict[str, Department]
) -> None:
    calling = DIAGRAM.replace('id="workshop"', 'id="legal"').replace(
        '<bpmn:userTask id="mend" name="Napraw"/>',
        '<bpmn:callActivity id="mend" name="Napraw" calledElement="mending"/>',
    )
    called = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="e" targetNamespace="urn:e">
      <bpmn:process id="mending" name="Naprawianie" isExecutable="true"><bpmn:startEvent id="s"/>
      <bpmn:sequenceFlow id="m1" sourceRef="s" targetRef="solder"/><bpmn:task id="solder" name="Zlutuj"/>
      <bpmn:sequenceFlow id="m2" sourceRef="solder" targetRef="t"/><bpmn:endEvent id="t"/></bpmn:process>
      </bpmn:definitions>"""
    client = as_(dorota)
    table = upload(client, ("repairs.bpmn", calling), ("mending.bpmn", called))

    page = client.get(table).get_data(as_text=True)
    assert re.search(r'href="[^"]*drawing=mending.bpmn#finding-\d+">\s*\d+\. “Zlutuj”', page)
    assert '"solder"' not in page[page.index("marks=") : page.index("</bpmn-view>")]
    other = client.get(f"{table}?drawing=mending.bpmn").get_data(as_text=True)
    assert '"solder"' in other[other.index("marks=") : other.index("</bpmn-view>")]


@pytest.mark.parametrize("name", ["", "two words", "instances", "../up", "x" * 101])
def test_a_bad_name_comes_back_with_the_form(
    name: str, as_: Browser, session: Session, dorota: Person, departments: dict[str, Department]
) -> None:
    client = as_(dorota)
    table = upload(client, ("repairs.bpmn", DIAGRAM))
    client.send(f"{table}/repairs/all")

    answer = client.send(f"{table}/deployment", {"name": name, "title": "Naprawy"})

    assert answer.status_code == 422
    assert 'id="name-wrong"' in answer.get_data(as_text=True)
    assert session.scalar(select(func.count()).select_from(Upload)) == 1


def test_the_start_form_is_asked_and_checked(
    as_: Browser, session: Session, dorota: Person, departments: dict[str, Department]
) -> None:
    deployed(session, doctor.File("r.bpmn", ASKING.encode()), doctor.File("intake.json", FORM.encode()))
    client = as_(dorota)

    assert "Device" in client.get("/processes/repairs_desk/start").get_data(as_text=True)
    missing = client.send("/processes/repairs_desk/start", {"case-title": "Drukarka"})
    assert missing.status_code == 422
    assert 'value="Drukarka"' in missing.get_data(as_text=True)
    assert not session.scalar(select(func.count()).select_from(Instance))
    begun = client.send(
        "/processes/repairs_desk/start", {"case-title": "Drukarka", "device": "HP 1", "key": "k1"}
    )

    page = client.get(begun.headers["Location"]).get_data(as_text=True)
    assert "HP 1" in page
    assert "started the case" in page
    client.send("/processes/repairs_desk/start", {"case-title": "Drukarka", "device": "HP 1", "key": "k1"})
    assert session.scalar(select(func.count()).select_from(Instance)) == 1


def test_who_sells_starts_only_what_is_in_their_lane(
    as_: Browser, session: Session, anna: Person, adam: Person
) -> None:
    deployed(session)

    assert as_(anna).get("/processes/repairs_desk/start").status_code == 200
    assert as_(adam).get("/processes/repairs_desk/start").status_code == 403
    assert as_(anna).get("/processes/nothing_like_it/start").status_code == 404


def test_a_form_and_a_table_are_shown_read_only(as_: Browser, session: Session, dorota: Person) -> None:
    table = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:d">
      <decision id="price" name="Cena"><decisionTable hitPolicy="FIRST">
      <input id="i" label="Sztuk"><inputExpression id="e" typeRef="number"><text>pieces</text></inputExpression></input>
      <output id="o" name="discount" typeRef="number"/>
      <rule id="r"><inputEntry id="x"><text>&gt; 10</text></inputEntry><outputEntry id="y"><text>5</text></outputEntry></rule>
      </decisionTable></decision></definitions>"""
    files = [("r.bpmn", ASKING), ("intake.json", FORM), ("price.dmn", table)]
    deployed(session, *[doctor.File(name, text.encode()) for name, text in files])
    client = as_(dorota)

    page = client.get("/processes/repairs_desk").get_data(as_text=True)
    assert "/processes/repairs_desk/forms/intake" in page
    assert "/processes/repairs_desk/tables/price" in page
    form = client.get("/processes/repairs_desk/forms/intake").get_data(as_text=True)
    assert "<fieldset" in form
    assert "disabled" in form
    assert "Device" in form
    rules = client.get("/processes/repairs_desk/tables/price").get_data(as_text=True)
    assert "&gt; 10" in rules
    assert "Sztuk" in rules
    assert client.get("/processes/repairs_desk/forms/none").status_code == 404
    assert client.get("/processes/repairs_desk/tables/none").status_code == 404


def test_a_case_tells_its_path_its_tasks_and_its_history(
    as_: Browser, session: Session, dorota: Person, anna: Person, borys: Person
) -> None:
    definition = deployed(
        session, doctor.File("r.bpmn", DIAGRAM.replace('id="workshop"', 'id="legal"').encode())
    )
    case = instances.start(session, definition, by=anna, now=MONDAY, title="Drukarka")
    instances.complete(session, tasks.open_of(session, case.id)[0], {}, by=anna, now=MONDAY)
    session.commit()

    page = as_(dorota).get(f"/processes/instances/{case.id}").get_data(as_text=True)

    assert '"now": ["mend"]' in page
    done = re.search(r'"done": \[([^\]]*)\]', page)
    assert done
    assert {"came", "take_in", "f1", "f2"} <= set(re.findall(r'"(\w+)"', done[1]))
    assert "Anna Wilk</b>: completed “Przyjmij”" in page
    assert "Napraw" in page[page.index("Open tasks") :]
    assert as_(dorota).get(f"/processes/instances/{case.id}/drawings/r.bpmn").mimetype == "application/xml"


def test_a_case_nobody_showed_you_is_not_there(
    as_: Browser, session: Session, dorota: Person, anna: Person, adam: Person, borys: Person
) -> None:
    definition = deployed(session)
    case = instances.start(session, definition, by=anna, now=MONDAY)
    session.commit()

    assert as_(borys).get(f"/processes/instances/{case.id}").status_code == 404
    assert as_(borys).get(f"/processes/instances/{case.id}/drawings/r.bpmn").status_code == 404
    assert as_(anna).get(f"/processes/instances/{case.id}").status_code == 200


def test_a_case_is_stopped_with_a_reason_only(
    as_: Browser, session: Session, dorota: Person, anna: Person
) -> None:
    case = instances.start(session, deployed(session), by=anna, now=MONDAY)
    session.commit()
    address = f"/processes/instances/{case.id}"

    assert as_(anna).send(f"{address}/end", {"reason": "no"}).status_code == 403
    assert as_(dorota).send(f"{address}/end", {"reason": " "}).status_code == 422
    answer = as_(dorota).send(f"{address}/end", {"reason": "Entered twice"})

    assert answer.status_code == 303
    session.expire_all()
    assert session.get_one(Instance, case.id).outcome == "stopped"
    assert not tasks.open_of(session, case.id)
    page = as_(dorota).get(address).get_data(as_text=True)
    assert "Entered twice" in page
    assert "Ended: stopped" in page
    assert as_(dorota).send(f"{address}/end", {"reason": "again"}).status_code == 400


def test_findings_are_told_in_polish_to_who_reads_polish(
    as_: Browser, session: Session, dorota: Person, departments: dict[str, Department]
) -> None:
    dorota.locale = "pl"
    session.commit()
    client = as_(dorota)

    page = client.get(upload(client, ("repairs.bpmn", DIAGRAM))).get_data(as_text=True)

    assert "Wdrożenie zablokowane" in page
    assert "tor „Warsztat”" in page.lower() or "Tor „Warsztat”" in page
