"""A real browser against a real server: no stubs, one SQLite file each, and nothing that the CSP would have stopped."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page
from sqlalchemy import update
from sqlalchemy.orm import Session
from waitress.server import create_server

from engine.db import connect, sessions
from engine.people import Person
from webapp import passwords
from webapp.app import create_app
from webapp.database import db
from webapp.settings import Settings

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "a quiet evening by the Wisła"  # of invented people in a database that lives for one test
HASH = passwords.hashed(PASSWORD)

PageOf = Callable[..., Page]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, which calls nobody."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}")
    return {**browser_type_launch_args, "executable_path": str(CHROMIUM), "args": FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Pages speak English, as in the other tests, and nothing moves: what is measured does not fade in."""
    return {**browser_context_args, "locale": "en-GB", "reduced_motion": "reduce"}


@pytest.fixture
def site_app(engine_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The whole application on the test's database, with everything that listens and every connector."""
    settings = Settings(database_url=engine_url, secret_key="for tests only", var_dir=tmp_path)  # type: ignore[arg-type]
    made = create_app(settings)
    yield made
    with made.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def site(site_app: Flask) -> Iterator[str]:
    """The address of the running application, on a free port of this machine."""
    listening = create_server(site_app, host="127.0.0.1", port=0, threads=6)
    stopping = Event()

    def serve() -> None:
        while not stopping.is_set():
            listening.asyncore.loop(timeout=0.2, map=listening._map, count=1)

    thread = Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.effective_port}"
    stopping.set()  # the loop ends by itself: nothing is closed that it still listens to
    thread.join(5)
    listening.task_dispatcher.shutdown()
    listening.asyncore.close_all(map=listening._map, ignore_all=True)


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What browsers complain about: violations of the CSP, errors of scripts, failed requests. At the end, nothing."""
    found: list[str] = []
    yield found
    assert not found


@pytest.fixture
def enter(site: str, engine_url: str, complaints: list[str]) -> Callable[[Page, Person], None]:
    """``enter(page, anna)`` logs Anna in through the door; from then on complaints are listened to."""

    def log_in(page: Page, person: Person) -> None:
        _give_password(engine_url, person)
        _listen(page, complaints)
        page.goto(f"{site}/log-in")
        page.locator("input[name=email]").fill(person.email)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("form button.btn-primary").click()
        page.wait_for_url(lambda url: "log-in" not in url)

    return log_in


@pytest.fixture
def page_of(
    site: str, session: Session, browser: Browser, enter: Callable[[Page, Person], None]
) -> Iterator[PageOf]:
    """``page_of(anna)`` is a browser of her own in which Anna is logged in; addresses may be without the server.

    ``page_of(anna, dark=True, width=390)`` looks at it differently.
    """
    opened: list[BrowserContext] = []

    def open_for(person: Person, *, dark: bool = False, width: int = 1440, **more: Any) -> Page:
        session.refresh(person)
        session.commit()  # SQLite lets one write: the server must not wait for the test
        context = browser.new_context(
            base_url=site,
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": 900},
            **{"locale": "en-GB", "reduced_motion": "reduce", **more},
        )
        opened.append(context)
        page = context.new_page()
        enter(page, person)
        return page

    yield open_for
    for context in opened:
        context.close()


def _give_password(url: str, person: Person) -> None:
    engine = connect(url)
    with sessions(engine)() as session:
        known = {"password_hash": HASH, "must_change_password": False}
        session.execute(update(Person).where(Person.id == person.id).values(**known))
        session.commit()
    engine.dispose()


def _listen(page: Page, complaints: list[str]) -> None:
    def said(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"{page.url}: {message.text}")

    def failed(error: Error) -> None:
        complaints.append(f"{page.url}: {error.message}")

    page.on("console", said)
    page.on("pageerror", failed)
