"""Files that come with the form of a step: kept with its answer and with what was agreed, fetched by who may see them."""

import json
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import files
from engine.files import File
from engine.history import Event
from engine.people import Person
from engine.process import definitions, doctor, instances
from engine.process.tasks import Draft, UserTask
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from tests.web import working
from tests.web.conftest import Visitor
from webapp.settings import Settings
from webapp.wiring import build

As = Callable[[Person], Visitor]
PDF = b"%PDF-1.7\n1 0 obj\n"
PRICED = {**working.PRICED, "promised": "Referencje", "by": "2026-12-18"}
MORE = [
    {"key": "paper", "type": "file", "label": {"pl": "Podstawa", "en": "Basis"}, "required": True},
    {"key": "promised", "type": "text", "label": "Co", "binds": "commitment.text"},
    {"key": "by", "type": "date", "label": "Kiedy", "binds": "commitment.due_on"},
    {"key": "proof", "type": "file", "label": {"pl": "Dowód", "en": "Proof"}, "binds": "commitment.file"},
]


def _with_more(file: doctor.File) -> doctor.File:
    if file.name != "pricing.json":
        return file
    form = json.loads(file.content)
    form["fields"] += MORE
    return doctor.File(file.name, json.dumps(form).encode())


@pytest.fixture
def task(session: Session, anna: Person, borys: Person) -> UserTask:
    """Legal prices something; its form asks for a paper, and for what was agreed with the client, with a proof."""
    session.info["wiring"] = build(Settings(secret_key="for tests only"))  # type: ignore[arg-type]
    paths = sorted(working.DIAGRAMS.iterdir())
    drawn = [_with_more(doctor.File(path.name, path.read_bytes())) for path in paths]
    made = definitions.deploy(session, drawn, accepted="all", by=None, now=working.BEFORE)
    raw = {"title": ["Suwnica"], "firm": ["Stocznia Mewa"], "amount": ["1000"]}
    begun = instances.start(session, made, raw, by=anna, now=working.BEFORE, title="Suwnica")
    session.commit()
    return working.task_of(session, begun.id)


def paper(name: str = "podstawa.pdf", content: bytes = PDF) -> tuple[BytesIO, str]:
    return BytesIO(content), name


def completion(task: UserTask) -> str:
    return f"/work/tasks/{task.id}/completion"


def answers(session: Session) -> dict[str, Any]:
    told = select(Event.data).where(Event.kind == "completed")
    return session.scalars(told).one()["answers"]  # type: ignore[no-any-return]


def test_a_file_is_kept_with_the_answer_and_another_with_what_was_agreed(
    as_: As, borys: Person, anna: Person, task: UserTask, session: Session
) -> None:
    sent = {**PRICED, "paper": paper("../podstawa.pdf"), "proof": paper("mail.txt", b"Zgoda klienta")}
    answer = as_(borys).send(completion(task), sent)

    assert answer.status_code == 303
    kept = {each.name: each for each in session.scalars(select(File))}
    assert set(kept) == {"podstawa.pdf", "mail.txt"}
    assert answers(session)["paper"] == files.reference(kept["podstawa.pdf"])
    assert session.scalars(select(Commitment.file_id)).one() == kept["mail.txt"].id

    deal = session.scalars(select(Deal)).one()
    page = as_(anna).get(f"/deals/{deal.id}?tab=answers").get_data(as_text=True)
    href = re.search(rf'podstawa\.pdf <a href="(/cases/{task.instance_id}/files/\d+)">', page)
    assert href
    fetched = as_(anna).get(href[1])
    assert (fetched.data, fetched.mimetype) == (PDF, "application/pdf")
    assert fetched.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in fetched.headers["Content-Security-Policy"]


def test_who_does_not_see_the_case_fetches_nothing_and_nobody_fetches_what_was_not_answered_there(
    as_: As, borys: Person, adam: Person, anna: Person, task: UserTask, session: Session
) -> None:
    as_(borys).send(completion(task), {**PRICED, "paper": paper()})
    mine = session.scalars(select(File.id)).one()
    other = files.store(session, "inny.pdf", PDF + b"2", by=anna, now=working.BEFORE)
    session.commit()

    assert as_(adam).get(f"/cases/{task.instance_id}/files/{mine}").status_code == 404
    assert as_(borys).get(f"/cases/{task.instance_id}/files/{other.id}").status_code == 404
    assert as_(borys).get(f"/cases/{task.instance_id + 1}/files/{mine}").status_code == 404
    assert as_(borys).get(f"/cases/{task.instance_id}/files/{mine}").status_code == 200


def test_the_number_of_anothers_file_names_nothing(
    as_: As, borys: Person, anna: Person, task: UserTask, session: Session
) -> None:
    secret = files.store(session, "tajne.pdf", PDF + b"secret", by=anna, now=working.BEFORE)
    session.commit()
    guessed = f"tajne.pdf #{secret.id}-{'0' * 20}"
    as_(borys).send(completion(task), {**PRICED, "paper": guessed, "proof": guessed})

    assert as_(borys).get(f"/cases/{task.instance_id}/files/{secret.id}").status_code == 404
    assert session.scalars(select(Commitment.file_id)).one() is None


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("podstawa.pdf", b"MZ\x90\0\3", "Files of this kind are not taken"),
        ("rysunek.svg", b"<svg onload='alert(1)'></svg>", "Files of this kind are not taken"),
        ("pusty.pdf", b"", "This file is empty."),
        ("duży.pdf", PDF + b"0" * files.LARGEST, "A file may have 8 MB at most."),
    ],
)
def test_a_file_that_is_not_taken_is_refused_in_its_field_and_nothing_is_done(
    app: Flask,
    as_: As,
    borys: Person,
    task: UserTask,
    session: Session,
    name: str,
    content: bytes,
    said: str,
) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 2 * files.LARGEST
    answer = as_(borys).send(completion(task), {**PRICED, "paper": paper(name, content)})
    answer.request.environ["wsgi.input"].close()  # a large body lies in a file of the test's own
    page = answer.get_data(as_text=True)

    assert answer.status_code == 422
    assert said in re.sub(r"\s+", " ", page[page.index('id="paper-wrong"') :][:600])
    assert 'value="1240000"' in page
    assert session.scalars(select(File)).all() == []
    assert session.get_one(UserTask, task.id).closed_at is None


def test_a_file_is_sent_once_even_if_another_field_is_wrong(
    as_: As, borys: Person, task: UserTask, session: Session
) -> None:
    client = as_(borys)
    answer = client.send(completion(task), {**PRICED, "amount": "dużo", "paper": paper()})
    page = answer.get_data(as_text=True)
    hidden = re.search(r'<input type="hidden" name="paper" value="([^"]+)">', page)
    assert answer.status_code == 422
    assert hidden
    assert "podstawa.pdf" in page
    answer = client.send(completion(task), {**PRICED, "paper": hidden[1]})

    assert answer.status_code == 303
    assert answers(session)["paper"] == hidden[1]
    assert len(session.scalars(select(File)).all()) == 1


def test_a_missing_file_is_asked_for(as_: As, borys: Person, task: UserTask) -> None:
    answer = as_(borys).send(completion(task), {**PRICED, "paper": (BytesIO(b""), "")})

    assert answer.status_code == 422
    assert 'id="paper-wrong"' in answer.get_data(as_text=True)


def test_a_draft_keeps_the_file_and_a_bad_one_loses_nothing_else(
    as_: As, borys: Person, task: UserTask, session: Session
) -> None:
    client, path = as_(borys), f"/work/tasks/{task.id}/draft"
    client.send(path, {"amount": "77", "paper": paper()})
    first = dict(session.scalars(select(Draft.values)).one())
    client.send(path, {"amount": "88", "paper": paper("wirus.pdf", b"MZ\x90\0")})
    page = client.get(f"/work/tasks/{task.id}").get_data(as_text=True)
    session.expire_all()
    second = dict(session.scalars(select(Draft.values)).one())

    assert first["paper"] == [files.reference(session.scalars(select(File)).one())]
    assert second["amount"] == ["88"]
    assert "Files of this kind are not taken" in page
    assert 'enctype="multipart/form-data"' in page


def test_a_file_nobody_asked_for_is_not_kept(
    as_: As, borys: Person, task: UserTask, session: Session
) -> None:
    answer = as_(borys).send(completion(task), {**PRICED, "paper": paper(), "amount": paper("kwota.pdf")})

    assert answer.status_code == 422
    assert [each.name for each in session.scalars(select(File))] == ["podstawa.pdf"]


def test_more_than_the_server_takes_is_refused(
    app: Flask, as_: As, borys: Person, task: UserTask, session: Session
) -> None:
    client = as_(borys)
    app.config["MAX_CONTENT_LENGTH"] = 1000
    answer = client.send(completion(task), {**PRICED, "paper": paper("duży.pdf", PDF + b"0" * 2000)})

    assert answer.status_code == 413
    assert session.scalars(select(File)).all() == []


def test_an_optional_file_that_is_kept_can_be_let_go_and_one_that_must_come_cannot(
    as_: As, borys: Person, task: UserTask, session: Session
) -> None:
    visitor, wrong = as_(borys), {**PRICED, "amount": "dużo"}
    sent = {**wrong, "paper": paper(), "proof": paper("dowod.pdf", PDF + b"2")}
    page = visitor.send(completion(task), sent).get_data(as_text=True)
    kept = {
        name: re.search(rf'<input type="(\w+)" name="{name}" value="([^"]+)"', page)
        for name in ("paper", "proof")
    }
    assert {name: found and found[1] for name, found in kept.items()} == {
        "paper": "hidden",
        "proof": "checkbox",
    }

    basis = kept["paper"]
    assert basis
    empty = {"paper": (BytesIO(b""), ""), "proof": (BytesIO(b""), "")}
    page = visitor.send(completion(task), {**wrong, **empty}).get_data(as_text=True)
    assert "dowod.pdf" not in page
    assert visitor.send(completion(task), {**PRICED, "paper": basis[2]}).status_code == 303
    assert answers(session)["paper"] == basis[2]
    assert not answers(session).get("proof")
