"""Headers, CSRF, and pages for what goes wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from engine import errors
from engine.people import Person
from tests.web.conftest import Visitor
from webapp.access import needs, public
from webapp.app import create_app
from webapp.clock import now
from webapp.database import db
from webapp.settings import Settings


@pytest.mark.parametrize(
    "path", ["/log-in", "/nothing-here", "/health", "/static/gen/nothing.css", "/preferences"]
)
def test_every_answer_carries_the_strict_headers(client: Visitor, path: str) -> None:
    headers = client.get(path).headers

    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers


def test_a_post_without_the_hidden_field_changes_nothing(
    as_: Callable[[Person], Visitor], anna: Person, session: Session
) -> None:
    answer = as_(anna).post("/preferences", data={"theme": "dark"})

    assert answer.status_code == 400
    assert "reload it" in answer.get_data(as_text=True)
    assert session.get_one(Person, anna.id).theme is None


def test_a_page_nobody_has_is_a_page_that_helps(client: Visitor) -> None:
    answer = client.get("/no/such/page")

    assert answer.status_code == 404
    assert 'href="/"' in answer.get_data(as_text=True)


def test_the_wrong_method_says_which_are_right(client: Visitor) -> None:
    answer = client.get("/log-out")

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_a_request_that_is_too_large_is_refused(
    app: Flask, as_: Callable[[Person], Visitor], anna: Person
) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 1000

    answer = as_(anna).send("/preferences", {"theme": "x" * 2000})

    assert answer.status_code == 413
    assert "The file is too large." in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (errors.NotFound(), 404),
        (errors.NotAllowed(), 403),
        (errors.Stale(), 409),
        (errors.Invalid({"name": errors.NotFound()}), 422),
        (errors.Refusal(), 400),
        (type("Special", (errors.Stale,), {"__doc__": "Special."})(), 409),
        (StaleDataError(), 409),
        (OperationalError("x", {}, Exception("database is locked")), 503),
        (ZeroDivisionError("secret detail"), 500),
    ],
)
def test_what_goes_wrong_has_a_status_and_a_page_in_words(
    app: Flask, as_: Callable[[Person], Visitor], anna: Person, refusal: Exception, status: int
) -> None:
    @needs()
    def break_it() -> str:
        raise refusal

    app.add_url_rule("/break", "break_it", break_it)

    answer = as_(anna).get("/break")

    page = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert "<h1>" in page
    assert "secret detail" not in page
    assert "Traceback" not in page

    part = as_(anna).get("/break", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert 'role="alert"' in part
    assert "<html" not in part


def test_a_database_that_is_away_is_said_in_words_without_asking_it_who_is_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL")
    away = f"sqlite:///{tmp_path / 'nowhere' / 'x.db'}"
    client = create_app(Settings(database_url=away, secret_key="for tests only")).test_client()  # type: ignore[arg-type]
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "somebody"

    page = client.get("/work/?lang=pl")
    part = client.get("/work/", headers={"HX-Request": "true"})

    assert (page.status_code, page.headers["Retry-After"]) == (503, "10")
    assert "Baza danych jest nieosiągalna" in page.get_data(as_text=True)
    assert part.status_code == 503
    assert "<html" not in part.get_data(as_text=True)


def test_a_refused_post_stores_nothing(
    app: Flask, as_: Callable[[Person], Visitor], anna: Person, session: Session
) -> None:
    anna_id = anna.id

    @needs()
    def half() -> str:
        db.session.get_one(Person, anna_id).name = "Half done"
        db.session.flush()
        raise errors.Stale

    app.add_url_rule("/half", "half", half, methods=["POST"])

    assert as_(anna).send("/half").status_code == 409
    assert session.get_one(Person, anna_id).name == "Anna Wilk"


def test_a_page_that_shows_may_not_write(app: Flask, client: Visitor, anna: Person, session: Session) -> None:
    anna_id = anna.id

    @public
    def sneaky() -> str:
        db.session.get_one(Person, anna_id).name = "Changed by looking"
        db.session.commit()
        return "done"

    app.add_url_rule("/sneaky", "sneaky", sneaky)

    assert client.get("/sneaky").status_code == 500
    assert session.get_one(Person, anna.id).name == "Anna Wilk"


def test_a_page_that_shows_is_read_beside_a_writer(client: Visitor, database: Engine) -> None:
    with database.begin():  # holds SQLite's only write lock
        assert client.get("/ready").status_code == 200


def test_health_needs_no_database_and_readiness_does(client: Visitor, session: Session) -> None:
    assert client.get("/health").get_json() == {"status": "ok"}
    assert client.get("/ready").get_json() == {"status": "ok"}
    assert session.scalar(select(Person.id).limit(1)) is None


def test_the_clock_of_a_request_can_be_set(app: Flask) -> None:
    with app.app_context():
        assert now() == app.extensions["clock"]()
