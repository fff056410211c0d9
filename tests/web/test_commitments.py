"""What was agreed with the client, on screens: the form with its preview, the chain, evidence, exits, the calendar."""

from collections.abc import Callable
from datetime import date
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.files import File
from engine.people import Department, Person
from engine.process import definitions, doctor, instances, tasks
from engine.sales import conversation, exits
from engine.sales.agreements import Agreement
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from tests.conftest import MONDAY
from tests.engine.sales import live
from tests.engine.sales.hand_offs import HOUR, agree, at
from tests.engine.sales.requests import inside, promised, sold
from tests.web.conftest import Visitor
from tests.web.house import words
from tests.web.working import watched
from webapp.database import db

Enter = Callable[[Person], Visitor]
PDF = b"%PDF-1.7\n1 0 obj\n"


@pytest.fixture
def agreement(
    session: Session, departments: dict[str, Department], clara: Person, borys: Person
) -> Agreement:
    return agree(session, departments, clara, borys)


@pytest.fixture
def deal(session: Session, agreement: Agreement, anna: Person) -> Deal:
    made = sold(session, anna)
    session.commit()
    return made


def said(agreement: Agreement | None, day: str = "2026-11-27", **more: str) -> dict[str, str]:
    """The form as a browser sends it."""
    number = str(agreement.id) if agreement else ""
    given = {"direction": "we_to_client", "text": "Umowa na piśmie", "due_on": day, "agreement": number}
    return {**given, **more}


def page(client: Visitor, path: str) -> str:
    return words(client.get(path).get_data(as_text=True))


def test_the_form_shows_what_a_day_means_inside_before_anything_is_stored(
    as_: Enter, anna: Person, session: Session, deal: Deal, agreement: Agreement
) -> None:
    client = as_(anna)
    enough = client.send(f"/deals/{deal.id}/commitments/preview", said(agreement)).get_data(as_text=True)
    soon = client.send(f"/deals/{deal.id}/commitments/preview", said(agreement, "2026-11-17"))

    assert "there is enough of it" in enough
    assert "Umowa na piśmie" in enough
    assert "Cannot be kept as agreed" in soon.get_data(as_text=True)
    assert session.scalars(select(Commitment)).all() == []


def test_a_day_that_cannot_be_met_is_recorded_only_when_somebody_says_so(
    as_: Enter, anna: Person, session: Session, deal: Deal, agreement: Agreement
) -> None:
    client, typed = as_(anna), said(agreement, "2026-11-17")
    refused = client.send(f"/deals/{deal.id}/commitments", typed)
    shown = refused.get_data(as_text=True)

    assert refused.status_code == 422
    assert "or record it anyway" in shown
    assert 'name="anyway"' in shown
    client.send(f"/deals/{deal.id}/commitments", {**typed, "anyway": "yes"})
    assert session.scalars(select(Commitment.health)).one() == "red"


@pytest.mark.parametrize(
    "wrong",
    [
        {"due_on": "2026-11-01"},
        {"due_on": "soon"},
        {"due_on": ""},
        {"text": ""},
        {"direction": "client_to_us"},
        {"direction": "nobody"},
        {"agreement": "999"},
        {"agreement": "x" * 40},
    ],
)
def test_bad_input_comes_back_and_asks_nobody(
    as_: Enter, anna: Person, session: Session, deal: Deal, agreement: Agreement, wrong: dict[str, str]
) -> None:
    answer = as_(anna).send(f"/deals/{deal.id}/commitments", {**said(agreement), **wrong})

    assert answer.status_code == 422
    assert session.scalars(select(Commitment)).all() == []


def test_the_seller_sees_the_chain_and_agrees_anew_with_the_client(
    as_: Enter, anna: Person, borys: Person, session: Session, deal: Deal, agreement: Agreement
) -> None:
    made = promised(session, deal, agreement, anna)
    conversation.counter(session, inside(session, made), at(30, 12), "Dużo", by=borys, now=MONDAY + HOUR)
    session.commit()
    client = as_(anna)

    shown = page(client, f"/deals/commitments/{made.id}")
    assert "Will not be kept" in shown
    assert "Legal asks for a later date." in shown
    assert "Tuesday 1 December 2026" in shown
    assert "Will not be kept" in page(client, f"/deals/{deal.id}")
    assert "Will not be kept" in page(client, "/sales/")

    client.send(f"/deals/commitments/{made.id}", {"outcome": "renegotiated", "due_on": "2026-12-01"})
    session.expire_all()
    new = session.get_one(Commitment, made.replaced_by_id)
    assert (new.due_on, new.health, inside(session, new).due_at) == (date(2026, 12, 1), None, at(30, 12))


def test_evidence_is_downloaded_never_shown_and_only_by_who_sees_the_deal(
    as_: Enter, anna: Person, borys: Person, adam: Person, session: Session, deal: Deal
) -> None:
    client = as_(anna)
    typed = {**said(None), "file": (BytesIO(PDF), "../umowa.pdf")}
    client.send(f"/deals/{deal.id}/commitments", typed)  # type: ignore[arg-type]
    made = session.scalars(select(Commitment)).one()

    answer = client.get(f"/deals/commitments/{made.id}/evidence")

    assert (answer.data, answer.mimetype) == (PDF, "application/pdf")
    assert answer.headers["Content-Disposition"] == "attachment; filename=umowa.pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    for other in (borys, adam):
        assert as_(other).get(f"/deals/commitments/{made.id}/evidence").status_code == 404


def test_a_hostile_file_comes_back_with_the_form_and_nothing_is_stored(
    as_: Enter, anna: Person, session: Session, deal: Deal
) -> None:
    typed = {**said(None), "file": (BytesIO(b"MZ\x90\0\3"), "umowa.pdf")}
    answer = as_(anna).send(f"/deals/{deal.id}/commitments", typed)  # type: ignore[arg-type]

    assert answer.status_code == 422
    assert "Files of this kind are not taken." in answer.get_data(as_text=True)
    assert session.scalars(select(File)).all() == []
    assert session.scalars(select(Commitment)).all() == []


def test_who_helps_with_the_deal_reads_it_and_settles_nothing(
    as_: Enter, anna: Person, borys: Person, dorota: Person, session: Session, deal: Deal
) -> None:
    made = promised(session, deal, None, anna)
    (task,) = tasks.open_of(session, deal.instance_id)
    instances.complete(session, task, {}, by=anna, now=MONDAY)
    session.commit()
    address = f"/deals/commitments/{made.id}"

    assert "It was kept" not in page(as_(borys), address)
    assert as_(borys).send(address, {"outcome": "kept"}).status_code == 403
    assert as_(dorota).send(address, {"outcome": "kept"}).status_code == 404
    assert as_(anna).send(address, {"outcome": "eaten"}).status_code == 404
    session.expire_all()
    assert made.state == "agreed"


def test_the_calendar_holds_what_is_due_and_one_may_see(
    as_: Enter,
    anna: Person,
    borys: Person,
    adam: Person,
    session: Session,
    deal: Deal,
    agreement: Agreement,
) -> None:
    promised(session, deal, agreement, anna)
    session.commit()

    mine = page(as_(anna), "/sales/calendar/?month=2026-11&person=me")
    theirs = page(as_(borys), "/sales/calendar/?month=2026-11")
    elsewhere = page(as_(anna), "/sales/calendar/?month=2027-02")

    assert mine.count("Umowa na piśmie") >= 2
    assert "We owe the client" in mine
    assert "We owe the client" not in theirs
    assert "Umowa na piśmie" in theirs
    assert "Nothing is due in this month." in elsewhere
    assert as_(adam).get("/sales/calendar/").status_code == 403
    for odd in ("month=x", "month=0001-01", "month=9999-12", "person=x&department=-1"):
        assert as_(anna).get(f"/sales/calendar/?{odd}").status_code == 200, odd


def test_another_calendar_gets_a_file_in_which_nobody_can_write_lines(
    as_: Enter, anna: Person, session: Session, deal: Deal
) -> None:
    promised(session, deal, None, anna, text="Umowa; cena, raty\r\nEND:VCALENDAR " + "ż" * 80)
    session.commit()

    answer = as_(anna).get("/sales/calendar/due.ics")
    lines = answer.get_data(as_text=True).split("\r\n")

    assert answer.mimetype == "text/calendar"
    assert lines.count("END:VCALENDAR") == 1
    assert "DTSTART;VALUE=DATE:20261127" in lines
    assert max(len(line.encode()) for line in lines) <= 75
    unfolded = answer.get_data(as_text=True).replace("\r\n ", "")
    assert "SUMMARY:Umowa\\; cena\\, raty END:VCALENDAR " + "ż" * 80 in unfolded


def test_a_deals_page_asks_as_much_for_one_commitment_as_for_twenty(
    as_: Enter, anna: Person, session: Session, deal: Deal, agreement: Agreement, app: Flask
) -> None:
    with app.app_context():
        web_engine = db.engine
    client = as_(anna)
    promised(session, deal, agreement, anna)
    session.commit()
    client.get(f"/deals/{deal.id}")
    with watched(web_engine) as one:
        client.get(f"/deals/{deal.id}?tab=commitments")
    for _ in range(19):
        promised(session, deal, agreement, anna)
    session.commit()
    with watched(web_engine) as twenty:
        client.get(f"/deals/{deal.id}?tab=commitments")

    assert len(twenty.statements) == len(one.statements)


@pytest.fixture
def demanding(session: Session, anna: Person) -> Deal:
    """A deal whose first stage is left only with something the client has kept."""
    mark = b'<spiffworkflow:property name="stage" value="qualification"/>'
    demand = (
        b'<spiffworkflow:property name="stage:exit_requires" value="commitments.kept_by_client &gt;= 1"/>'
        b'<spiffworkflow:property name="stage:exit_words" value="klient czego\xc5\x9b dotrzyma\xc5\x82"/>'
        b'<spiffworkflow:property name="stage:exit_words:en" value="the client has kept something"/>'
    )
    files = [
        doctor.File(path.name, path.read_bytes().replace(mark, mark + demand))
        for path in sorted(live.DIAGRAMS.iterdir())
    ]
    definition = definitions.deploy(session, files, accepted="all", by=None, now=MONDAY)
    made = live.started(session, definition, anna)
    session.commit()
    return made


def test_a_drop_that_lacks_what_the_stage_demands_asks_for_it(
    as_: Enter, anna: Person, session: Session, demanding: Deal
) -> None:
    made = promised(session, demanding, None, anna, direction="client_to_us", text="Lista stanowisk")
    client, address = as_(anna), f"/deals/{demanding.id}/move"

    dropped = client.send(address, {"to": "offer", "from": "board"})
    asked = page(client, dropped.location)
    forced = client.send(address, {"to": "offer", "reason": "other"})

    assert "Needed: the client has kept something." in asked
    assert "Mark as kept: Lista stanowisk" in asked
    assert forced.status_code == 422
    assert session.get_one(Deal, demanding.id).stage == "qualification"
    client.send(f"/deals/commitments/{made.id}", {"outcome": "kept", "note": "mail"})
    client.send(address, {"to": "offer", "from": "board"})
    assert session.get_one(Deal, demanding.id).stage == "offer"


def test_a_task_does_not_lead_past_what_the_stage_demands(
    as_: Enter, anna: Person, session: Session, demanding: Deal
) -> None:
    (task,) = tasks.open_of(session, demanding.instance_id)
    with pytest.raises(exits.ExitHeld):
        instances.complete(session, task, {}, by=anna, now=MONDAY)
    session.rollback()

    answer = as_(anna).send(f"/work/tasks/{task.id}/completion", {})

    assert answer.status_code >= 400
    assert "the client has kept something" in answer.get_data(as_text=True)
    assert session.get_one(Deal, demanding.id).stage == "qualification"
