"""Four eyes on Python scripts: the screen where an administrator reads them, and what it keeps back from their author."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from engine.people import Person, Role
from engine.process import approvals, definitions, doctor
from engine.process.definitions import Definition
from tests.conftest import MONDAY
from tests.engine.process.kit import diagram, end, script, start, task, way
from tests.web.conftest import Clock, Visitor

Browser = Callable[[Person], Visitor]

TEXT = "total = 0\nfor line in lines:\n    total += line['net'] if '<b>' < '&' else 1\n"


def deployed(session: Session, by: Person | None, text: str = TEXT) -> Definition:
    steps = way("begin", "ask", "count", "done")
    file = diagram(
        "counting",
        start(),
        task("ask"),
        script("count", text),
        end(),
        steps,
        keeps="lines,total",
        lane="sales",
    )
    findings = doctor.examine([file]).findings
    accepted = [each.id + ("=trusted" if each.code == "A04" else "") for each in findings if each.repairable]
    found = definitions.deploy(session, [file], accepted=accepted, by=by, now=MONDAY)
    session.commit()
    return found


def address(definition: Definition, more: str = "") -> str:
    return f"/processes/versions/{definition.id}/scripts{more}"


def test_an_administrator_reads_and_approves(
    as_: Browser, session: Session, dorota: Person, adam: Person, clock: Clock
) -> None:
    definition = deployed(session, dorota)
    client = as_(adam)
    page = client.get(address(definition)).get_data(as_text=True)
    assert "Waiting for approval" in page
    assert "if &#39;&lt;b&gt;&#39; &lt; &#39;&amp;&#39; else 1" in page, "shown as text"
    assert address(definition) in client.get("/operations/").get_data(as_text=True), (
        "administrators find the way"
    )

    answer = client.send(address(definition, "/approval"), {"reason": "looks fine"}, follow_redirects=True)

    assert "version 1 may be started" in answer.get_data(as_text=True)
    assert "looks fine" in answer.get_data(as_text=True)
    session.refresh(definition)
    assert definition.approved_by_id == adam.id
    assert address(definition) not in client.get("/operations/").get_data(as_text=True)


def test_its_author_cannot_approve(as_: Browser, session: Session, dorota: Person) -> None:
    dorota.roles.append(Role(name="administrator"))
    definition = deployed(session, dorota)
    client = as_(dorota)

    page = client.get(address(definition)).get_data(as_text=True)
    answer = client.send(address(definition, "/approval"))

    assert "another administrator must read" in page
    assert "Approve these scripts" not in page
    assert answer.status_code == 400
    assert "You deployed this version" in answer.get_data(as_text=True)
    session.refresh(definition)
    assert definition.waits


def test_a_designer_reads_and_is_told_who_decides(
    as_: Browser, session: Session, dorota: Person, anna: Person
) -> None:
    definition = deployed(session, dorota)

    page = as_(dorota).get(address(definition)).get_data(as_text=True)

    assert "An administrator decides" in page
    assert as_(dorota).send(address(definition, "/approval")).status_code == 403
    assert as_(dorota).send(address(definition, "/withdrawal")).status_code == 403
    assert as_(anna).get(address(definition)).status_code == 403
    assert as_(dorota).get("/processes/versions/999/scripts").status_code == 404


def test_a_process_that_waits_offers_no_start_and_says_why(
    as_: Browser, session: Session, dorota: Person
) -> None:
    definition = deployed(session, dorota)
    client = as_(dorota)

    page = client.get("/processes/counting").get_data(as_text=True)
    answer = client.send("/processes/counting/start", {"key": "k"})

    assert "Its Python scripts" in page
    assert "wait for approval" in page
    assert "Start a case" not in page
    assert answer.status_code in (400, 403)
    assert address(definition) in page


@pytest.mark.parametrize("language", ["en", "pl"])
def test_a_withdrawal_needs_a_reason(
    as_: Browser, session: Session, dorota: Person, adam: Person, clock: Clock, language: str
) -> None:
    adam.locale = language
    definition = deployed(session, dorota)
    approvals.approve(session, definition, by=adam, now=MONDAY)
    session.commit()
    clock.at += timedelta(hours=1)
    client = as_(adam)

    refused = client.send(address(definition, "/withdrawal"), {"reason": " "})
    assert refused.status_code == 422
    assert {"en": "Write why", "pl": "Napisz, dlaczego"}[language] in refused.get_data(as_text=True)

    client.send(address(definition, "/withdrawal"), {"reason": "too curious"})
    session.refresh(definition)
    assert definition.waits
    assert "too curious" in client.get(address(definition)).get_data(as_text=True)


def test_a_safe_version_has_nothing_to_approve(
    as_: Browser, session: Session, dorota: Person, adam: Person
) -> None:
    definition = deployed(session, dorota, "total = 1")

    page = as_(adam).get(address(definition)).get_data(as_text=True)

    assert "Nothing to approve" in page
    assert as_(adam).send(address(definition, "/approval")).status_code == 400
    assert "Its Python scripts" not in as_(dorota).get("/processes/counting").get_data(as_text=True)
