"""The page of hand-offs: what is shown to whom, binding, waiving and taking back, and the doctor's word about them."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.process import uploads
from engine.process.doctor import File
from engine.sales import handoffs
from engine.sales.agreements import Agreement
from engine.sales.handoffs import Handoff
from engine.sales.promises import Promise
from tests.conftest import MONDAY
from tests.engine.sales import kit
from tests.engine.sales.handing_over import agreed, deployed, drawing
from tests.web.conftest import Visitor

Enter = Callable[[Person], Visitor]
PAGE = "/processes/contract/hand-offs"
FLOW = {"diagram": "contract", "flow": "ask_draft"}
MOVED = drawing(sales="s ask check file e", legal="draft")


@pytest.fixture
def agreement(
    session: Session, departments: dict[str, Department], clara: Person, borys: Person
) -> Agreement:
    """The contract diagram deployed, and what Legal does for Sales in force."""
    deployed(session)
    return agreed(session, departments, clara, borys)


def page(client: Visitor, path: str = PAGE) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.get_data(as_text=True)


def test_the_page_shows_every_hand_off_with_its_state_and_the_ways_back(
    as_: Enter, dorota: Person, session: Session, agreement: Agreement
) -> None:
    shown = page(as_(dorota))

    assert "0 of 2 hand-offs are covered." in shown
    assert shown.count("No agreement</span>") == 3  # two lines and the key
    assert "1 way back" in shown
    assert '"ask_draft": {"state": "none", "words": "\\u25cb none"}' in shown


def test_a_head_binds_and_the_drawing_says_how_it_is_kept(
    as_: Enter, clara: Person, session: Session, agreement: Agreement
) -> None:
    answer = as_(clara).send(f"{PAGE}/binding", {**FLOW, "agreement": agreement.id})
    assert answer.status_code == 303
    instance = kit.case(session, clara)
    for outcome in ("kept", "kept", "kept", "broken"):
        task = kit.task(session, instance, audience="department:legal", handoff="H5")
        asked = MONDAY - timedelta(days=3)
        session.add(
            Promise(
                agreement_id=agreement.id, code="H5", instance_id=instance.id, task_id=task.id, outcome=outcome,
                requested_at=asked, closed_at=MONDAY,
            )
        )  # fmt: skip

    shown = page(as_(clara))

    assert "1 of 2 hand-offs are covered." in shown
    assert '{"state": "breached", "words": "\\u2715 H5 75%"}' in shown
    assert f"/agreements/promises?agreement={agreement.id}&amp;state=broken" in shown
    assert "3 of 4" in shown
    assert "Clara Zając" in shown


def test_waiving_keeps_the_reason_and_taking_back_ends_it(
    as_: Enter, borys: Person, session: Session, agreement: Agreement
) -> None:
    client = as_(borys)
    client.send(f"{PAGE}/waiver", {**FLOW, "reason": "Siedzimy przy jednym stole."})
    assert "Siedzimy przy jednym stole." in page(client)

    client.send(f"{PAGE}/release", FLOW)

    assert "Siedzimy przy jednym stole." not in page(client)
    assert session.scalars(select(Handoff)).one().ended_by_id == borys.id


def test_what_the_domain_refuses_is_said_and_nothing_changes(
    as_: Enter, clara: Person, session: Session, departments: dict[str, Department], agreement: Agreement
) -> None:
    client = as_(clara)
    refused = [
        client.send(f"{PAGE}/waiver", {**FLOW, "reason": " "}),
        client.send(f"{PAGE}/waiver", {"diagram": "contract", "flow": "s_ask", "reason": "Nic."}),
        client.send(f"{PAGE}/binding", {"diagram": "contract", "flow": "nowhere", "agreement": agreement.id}),
        client.send(f"{PAGE}/binding", {**FLOW, "agreement": "many"}),
        client.send(f"{PAGE}/release", FLOW),
    ]

    assert [each.status_code for each in refused] == [400, 400, 400, 404, 400]
    assert "no work passes from one department to another" in refused[1].get_data(as_text=True)
    assert session.scalars(select(Handoff)).all() == []


def test_a_member_sees_and_decides_nothing_and_others_do_not_find_the_page(
    as_: Enter, anna: Person, clara: Person, adam: Person, session: Session, agreement: Agreement
) -> None:
    shown = page(as_(anna))
    assert "Those of your departments are shown." in shown
    assert 'action="/processes/contract/hand-offs/binding"' not in shown
    assert as_(anna).send(f"{PAGE}/binding", {**FLOW, "agreement": agreement.id}).status_code == 400
    assert as_(anna).send(f"{PAGE}/waiver", {**FLOW, "reason": "Nie."}).status_code == 400
    assert as_(anna).get(f"{PAGE}/drawings/contract.bpmn").status_code == 200

    anna.memberships[0].department_id = session.scalars(
        select(Department.id).where(Department.key == "presales")
    ).one()
    session.commit()
    for path in (PAGE, f"{PAGE}/drawings/contract.bpmn"):
        assert as_(anna).get(path).status_code == 404
    for path in ("binding", "waiver", "release"):
        sent = as_(anna).send(f"{PAGE}/{path}", {**FLOW, "reason": "Nie.", "agreement": agreement.id})
        assert sent.status_code == 404
    assert "Those of your departments are shown." not in page(as_(adam))
    assert session.scalars(select(Handoff)).all() == []


def test_who_may_not_read_an_agreement_sees_its_state_and_no_numbers(
    as_: Enter, dorota: Person, clara: Person, session: Session, agreement: Agreement
) -> None:
    handoffs.bind(session, "contract", "contract", "ask_draft", agreement, by=clara, now=MONDAY)

    shown = page(as_(dorota))

    assert "H5 Contract draft" in shown
    assert f'href="/agreements/{agreement.id}"' not in shown
    assert '"words": "\\u25cf H5"' in shown


def test_the_process_page_says_how_much_is_covered(as_: Enter, dorota: Person, agreement: Agreement) -> None:
    shown = page(as_(dorota), "/processes/contract")

    assert f'href="{PAGE}"' in shown
    assert "0 of 2 hand-offs between departments are covered" in shown


def test_the_doctor_says_what_a_new_version_would_break_and_the_page_keeps_what_is_gone(
    as_: Enter, dorota: Person, clara: Person, borys: Person, session: Session, agreement: Agreement
) -> None:
    for flow in ("ask_draft", "check_file"):
        handoffs.bind(session, "contract", "contract", flow, agreement, by=clara, now=MONDAY)
    client = as_(dorota)
    client.send(
        "/processes/upload", {"files": (BytesIO(MOVED), "contract.bpmn")}, content_type="multipart/form-data"
    )
    upload = session.scalars(select(uploads.Upload)).one()

    said = page(client, f"/processes/uploads/{upload.id}")

    assert "is no hand-off to another department any more, and about it was decided: H5 Projekt umowy" in said
    assert "has no agreement" not in said
    asked = page(client, f"/processes/uploads/{upload.id}/deployment")
    assert "1 decision about a hand-off stops holding" in asked
    client.send(f"/processes/uploads/{upload.id}/deployment", {"name": "contract", "title": "Umowa"})
    shown = page(client)
    assert "Decided about flows that are gone" in shown
    client.send(f"{PAGE}/release", {"diagram": "contract", "flow": "check_file"})
    assert "Decided about flows that are gone" not in page(client)


def test_the_doctor_names_a_hand_off_nobody_agreed_on(
    as_: Enter, dorota: Person, departments: dict[str, Department], session: Session
) -> None:
    made = uploads.begin(session, [File("contract.bpmn", drawing())], by=dorota, now=MONDAY)
    session.commit()

    said = page(as_(dorota), f"/processes/uploads/{made.id}")

    assert "The hand-off to “Przygotuj umowę” (Sprzedaż → Prawny) has no agreement." in said
    asked = page(as_(dorota), f"/processes/uploads/{made.id}/deployment")
    assert "2 hand-offs between departments have no agreement yet" in asked
