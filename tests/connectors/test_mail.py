"""The mail connector against a small SMTP server on loopback, and without any server."""

from collections.abc import Iterator, Sequence
from email import message_from_bytes, policy
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from connectors.mail import Mail, OutgoingMail, outgoing
from engine import report_jobs
from engine.people import Department, Person
from engine.ports import Call, Failed
from engine.report_jobs import ReportFile
from tests.conftest import MONDAY
from tests.connectors.kit import PostOffice, ask, post_office


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as opened:
        yield opened


def test_a_mail_reaches_the_server_and_is_noted_as_sent(session: Session, office: PostOffice) -> None:
    mail = Mail(office.url, "sales@wislane.example")

    answer = ask(
        session, mail, "send", to="ewa@klient.example", subject="Oferta 12 – żółw", text="Dzień dobry"
    )
    session.commit()

    assert answer == {"sent": True, "receivers": 1}
    message = message_from_bytes(office.mails[0], policy=policy.default)
    assert message["To"] == "ewa@klient.example"
    assert message["From"] == "sales@wislane.example"
    assert message["Subject"] == "Oferta 12 – żółw"
    assert message.get_content().strip() == "Dzień dobry"
    assert session.scalars(select(OutgoingMail.sent_at)).all() == [MONDAY]


def test_without_a_server_the_mail_is_kept(session: Session) -> None:
    answer = ask(session, Mail(), "send", to=["ewa@klient.example", "jan@klient.example"], subject="Oferta")
    session.commit()

    kept = session.scalars(outgoing()).one()
    assert answer == {"sent": False, "receivers": 2}
    assert (kept.to, kept.subject, kept.sent_at) == (
        ["ewa@klient.example", "jan@klient.example"],
        "Oferta",
        None,
    )


def test_the_same_key_sends_once(session: Session, office: PostOffice) -> None:
    mail = Mail(office.url)

    for _ in range(2):
        answer = ask(session, mail, "send", key="7:x", to="ewa@klient.example", subject="Raz")
        session.commit()

    assert answer == {"sent": True, "receivers": 1}
    assert len(office.mails) == 1


def test_a_try_that_was_not_noted_carries_the_same_message_id(session: Session, office: PostOffice) -> None:
    mail = Mail(office.url)

    for _ in range(2):
        ask(session, mail, "send", key="7:x", to="ewa@klient.example", subject="Raz")
        session.rollback()

    first, second = (message_from_bytes(each)["Message-ID"] for each in office.mails)
    assert first == second


def test_a_line_break_in_the_subject_adds_no_header(session: Session, office: PostOffice) -> None:
    ask(
        session,
        Mail(office.url),
        "send",
        to="ewa@klient.example",
        subject="Oferta\r\nBcc: all@klient.example",
    )

    message = message_from_bytes(office.mails[0], policy=policy.default)
    assert message["Bcc"] is None
    assert message["Subject"] == "Oferta Bcc: all@klient.example"


def test_a_notice_finds_people_by_who_they_are(
    session: Session, departments: dict[str, Department], anna: Person, borys: Person, clara: Person
) -> None:
    to = ["head:sales", "department:legal", "role:director", anna.id, anna.email]

    ask(session, Mail(), "notice", to=to, subject="Czas minął")

    session.commit()
    kept = session.scalars(outgoing()).one()
    assert kept.to == [clara.email, borys.email, anna.email]


def test_somebody_who_left_gets_no_notice(session: Session, anna: Person) -> None:
    anna.left_at = MONDAY
    session.commit()

    answer = ask(session, Mail(), "notice", to=anna.id, subject="Czas minął")

    assert answer == {"sent": False, "receivers": 0}
    assert session.scalars(outgoing()).all() == []


def test_a_mail_to_nobody_is_missing_its_address(session: Session) -> None:
    with pytest.raises(Failed) as refused:
        ask(session, Mail(), "send", to=None, subject="Oferta")

    assert (refused.value.code, refused.value.permanent) == ("DATA_MISSING", True)


@pytest.mark.parametrize(
    "to", ["ewa@klient", "ewa@@klient.example", "a@b.example\nBcc: x@y.example", "nobody", 1.5, {}]
)
def test_an_address_that_is_none_is_refused(session: Session, office: PostOffice, to: Any) -> None:
    with pytest.raises(Failed) as refused:
        ask(session, Mail(office.url), "send", to=[to], subject="Oferta")

    assert refused.value.permanent
    assert office.mails == []


@pytest.mark.parametrize(("said", "permanent"), [("550 unknown", True), ("451 later", False)])
def test_a_refused_address_is_final_only_when_the_server_says_so(
    session: Session, office: PostOffice, said: str, permanent: bool
) -> None:
    office.refusal = said

    with pytest.raises(Failed) as refused:
        ask(session, Mail(office.url), "send", to="ewa@klient.example", subject="Oferta")

    assert (refused.value.code, refused.value.permanent) == ("ADDRESS_REFUSED", permanent)


def test_a_server_that_is_away_may_be_tried_again(session: Session) -> None:
    with post_office() as gone:
        url = gone.url

    with pytest.raises(Failed) as failed:
        ask(session, Mail(url), "send", to="ewa@klient.example", subject="Oferta")

    assert not failed.value.permanent


def test_a_password_is_not_told_to_a_server_without_encryption(session: Session, office: PostOffice) -> None:
    url = office.url.replace("smtp://", "smtp://anna:secret@")

    with pytest.raises(Failed, match="no encryption"):
        ask(session, Mail(url), "send", to="ewa@klient.example", subject="Oferta")


def test_the_database_is_free_while_the_mail_server_is_asked(
    session: Session, office: PostOffice, anna: Person
) -> None:
    session.commit()
    seen: list[bool] = []

    class Watched(Mail):
        def _post(self, row: OutgoingMail, files: Sequence[ReportFile]) -> None:
            seen.append(session.in_transaction())

    ask(session, Watched(office.url), "notice", to=anna.id, subject="Czas minął")

    assert seen == [False]


def _kept_files(session: Session, anna: Person) -> list[int]:
    job = report_jobs.ask(session, "dynamics", "Ruch", "mail", "", key="k", locale="pl", by=anna, now=MONDAY)
    made = [
        ReportFile(name="ruch.pdf", media_type="application/pdf", content=b"%PDF-1"),
        ReportFile(name="ruch.png", media_type="image/png", content=b"\x89PNG", cid="moves@contentum"),
    ]
    report_jobs.finish(session, job, made, now=MONDAY)
    session.commit()
    return [each.id for each in made]


def test_a_notice_brings_its_files_the_pictures_in_the_text_and_the_rest_beside_it(
    session: Session, office: PostOffice, anna: Person
) -> None:
    page = '<p>Ruch</p><img src="cid:moves@contentum">'
    ask(
        session,
        Mail(office.url),
        "notice",
        to=anna.id,
        subject="Ruch",
        text="Ruch",
        html=page,
        files=_kept_files(session, anna),
    )
    message = message_from_bytes(office.mails[0], policy=policy.default)
    beside = {each.get_filename(): each.get_content() for each in message.iter_attachments()}
    pictures = [each for each in message.walk() if each["Content-ID"]]

    assert beside == {"ruch.pdf": b"%PDF-1"}
    assert [(each["Content-ID"], each.get_content()) for each in pictures] == [
        ("<moves@contentum>", b"\x89PNG")
    ]
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == "Ruch"


def test_a_diagram_cannot_send_somebodys_files(session: Session, office: PostOffice, anna: Person) -> None:
    files = _kept_files(session, anna)
    inputs = {"to": anna.id, "subject": "Ruch", "text": "Ruch", "html": "<p>Ruch</p>", "files": files}
    call = Call("1:a", "mail", "notice", inputs, session, MONDAY, instance_id=7)
    Mail(office.url).run(call)
    session.rollback()
    ask(session, Mail(office.url), "send", key="1:b", **{**inputs, "to": "ewa@klient.example"})

    assert all(b"PDF" not in mail and b"image/png" not in mail for mail in office.mails)
    assert len(office.mails) == 2
