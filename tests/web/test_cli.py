"""The command line: the first administrator."""

import re

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Person
from tests.web.conftest import Visitor
from webapp.cli import main


@pytest.fixture
def run(engine_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A shell in which DATABASE_URL is the test's database."""
    monkeypatch.setenv("DATABASE_URL", engine_url)
    return CliRunner()


def test_the_first_administrator_gets_a_password_that_opens_the_door(
    run: CliRunner, client: Visitor, session: Session
) -> None:
    done = run.invoke(main, ["init", "--email", "Ewa@wislane.example", "--name", "Ewa Nowa"])

    assert done.exit_code == 0, done.output
    password = re.search(r": (\S+)$", done.output.strip())
    assert password
    ewa = session.scalars(select(Person)).one()
    assert ewa.has("administrator")
    assert client.send("/log-in", {"email": ewa.email, "password": password[1]}).status_code == 303


def test_there_is_no_second_first_administrator(run: CliRunner, anna: Person, session: Session) -> None:
    session.commit()

    done = run.invoke(main, ["init", "--email", "ewa@wislane.example", "--name", "Ewa Nowa"])

    assert done.exit_code == 1
    assert "There are people already" in done.output


def test_an_address_that_is_none_is_refused_in_words(run: CliRunner, session: Session) -> None:
    done = run.invoke(main, ["init", "--email", "nothing", "--name", " "])

    assert done.exit_code == 1
    assert "This is not a mail address." in done.output
    assert "Write a name" in done.output
    assert session.scalars(select(Person)).all() == []
