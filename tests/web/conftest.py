"""A browser without a window: the application, clients, and who they are logged in as."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache, FileSystemBytecodeCache
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from engine.people import Person
from tests import servers
from tests.conftest import MONDAY
from webapp import log_ins
from webapp.app import create_app
from webapp.database import db
from webapp.settings import Settings


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.at: datetime = MONDAY

    def __call__(self) -> datetime:
        return self.at


class Visitor(FlaskClient):
    """A test client that posts the CSRF field, as a browser would.

    Before each request the test's own session is committed and forgets what it knew: the application sees what
    the test made, the test sees what the application made, and neither waits for the other's lock.
    """

    session: Session

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """One request."""
        self.session.commit()
        try:
            return super().open(*args, **kwargs)
        finally:
            self.session.expire_all()

    def send(self, path: str, fields: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        """POST a form with the CSRF field."""
        page = self.get("/preferences", follow_redirects=True).get_data(as_text=True)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token, "the page has no form"
        return self.post(path, data={**(fields or {}), "csrf_token": token[1]}, **more)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> BytecodeCache:
    """Templates compiled by one test are there for the next."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(engine_url: str, tmp_path: Path, compiled: BytecodeCache) -> Iterator[Flask]:
    """The whole application on the test's database."""
    settings = Settings(database_url=engine_url, secret_key="for tests only", var_dir=tmp_path)  # type: ignore[arg-type]
    made = create_app(settings)
    made.jinja_env.bytecode_cache = compiled
    made.testing = False  # errors become pages, as they do for people
    made.extensions["clock"] = Clock()
    made.test_client_class = Visitor
    with made.app_context():
        servers.warm(db.engine)
    yield made
    with made.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def clock(app: Flask) -> Clock:
    """The application's clock."""
    found: Clock = app.extensions["clock"]
    return found


@pytest.fixture
def client(app: Flask, session: Session) -> Visitor:
    """A stranger's browser, in English."""
    return _browser(app, session)


@pytest.fixture
def as_(app: Flask, session: Session) -> Callable[[Person], Visitor]:
    """``as_(anna)`` is a browser in which Anna is logged in."""

    def enter(person: Person) -> Visitor:
        client = _browser(app, session)
        token = log_ins.begin(session, person, address="127.0.0.1", stay=False, now=app.extensions["clock"]())
        session.commit()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = token
        return client

    return enter


def _browser(app: Flask, session: Session) -> Visitor:
    client = app.test_client()
    assert isinstance(client, Visitor)
    client.session = session
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client
