"""``make docs``: play a demo, start the product on it, and take every picture of ``docs/guide`` again."""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from threading import Thread

from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright
from sqlalchemy import event, func, select, update
from waitress.server import create_server

from engine import migrations
from engine.db import connect, sessions
from engine.people import Person
from engine.process.tasks import UserTask
from tests.guide.pictures import PICTURES, SELLER, Picture
from webapp import wiring
from webapp.app import create_app
from webapp.database import db
from webapp.demo import company, play
from webapp.settings import Settings

PLACE = Path(__file__).parents[2] / "docs" / "guide" / "pictures"
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--lang=en-GB"]  # fmt: skip
MOMENT = datetime(2026, 11, 19, 13, 20, tzinfo=UTC)
"""A Thursday, 14:20 in Warsaw: the demo ends here and the pictures are taken here, so that they stay the same."""


def main(chosen: set[str]) -> None:
    """Take the pictures named, or all of them."""
    if not CHROMIUM.exists():
        raise SystemExit(f"The pictures need {CHROMIUM}.")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            database_url=f"sqlite:///{folder}/guide.db",
            secret_key="for pictures only",  # type: ignore[arg-type]
            var_dir=Path(folder),
            organization="Wiślane Systemy",
        )
        print("Playing the demo (under a minute) …", flush=True)
        _fill(settings)
        app = create_app(settings)
        app.extensions["clock"] = lambda: MOMENT
        with _served(app) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
            failed = _take(Album(browser, address, _busiest(settings)), settings, chosen)
            browser.close()
    if failed:
        raise SystemExit(f"{len(failed)} pictures were not taken: {', '.join(failed)}")


class Album:
    """A browser that knows how to be any person of the demo."""

    def __init__(self, browser: Browser, address: str, seller: str) -> None:
        self.browser, self.address, self.seller = browser, address, seller
        self.doors: dict[str, StorageState] = {}

    @contextmanager
    def page(self, picture: Picture) -> Iterator[Page]:
        """A window of the picture's size in which its person is logged in."""
        who = self.seller if picture.who == SELLER else picture.who
        state = self._door(who) if who else None
        context = self._context(
            picture.width, picture.height, dark=picture.dark, language=picture.language, state=state
        )
        yield context.new_page()
        context.close()

    def _door(self, who: str) -> StorageState:
        if who not in self.doors:
            context = self._context(1440, 900)
            page = context.new_page()
            page.goto("/log-in")
            page.locator("input[name=email]").fill(company.address(who))
            page.locator("input[name=password]").fill(company.PASSWORD)
            page.locator("form button.btn-primary").click()
            page.wait_for_url(lambda url: "log-in" not in url)
            self.doors[who] = context.storage_state()
            context.close()
        return self.doors[who]

    def _context(
        self,
        width: int,
        height: int,
        *,
        dark: bool = False,
        language: str = "en",
        state: StorageState | None = None,
    ) -> BrowserContext:
        made = self.browser.new_context(
            base_url=self.address,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale="pl-PL" if language == "pl" else "en-GB",
            reduced_motion="reduce",
            storage_state=state,
        )
        made.set_default_timeout(10_000)
        return made


def _take(album: Album, settings: Settings, chosen: set[str]) -> list[str]:
    """Every picture, language by language, because a person's pages speak one. Returns those that failed."""
    failed: list[str] = []
    PLACE.mkdir(parents=True, exist_ok=True)
    for language in ("en", "pl"):
        _speak(settings, language)
        for picture in PICTURES:
            if picture.language != language or (chosen and picture.name not in chosen):
                continue
            began = time.monotonic()
            try:
                with album.page(picture) as page:
                    picture.go(page)
                    _keep(page, picture.name)
            except Exception as error:  # noqa: BLE001  # the other pictures can still be taken; the end says which failed
                failed.append(picture.name)
                print(f"  {picture.name}: {error}", file=sys.stderr)
            else:
                print(f"  {picture.name}  {time.monotonic() - began:.1f} s", flush=True)
    return failed


def _keep(page: Page, name: str) -> None:
    """The window as a PNG of 256 colours: a third of the size, and nobody sees it."""
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    if page.locator("bpmn-view").count():
        page.locator("bpmn-view[data-ready]").first.wait_for()
    shot = Image.open(BytesIO(page.screenshot(animations="disabled")))
    shot.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(PLACE / f"{name}.png", optimize=True)


def _fill(settings: Settings) -> None:
    engine = connect(settings.database)
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    migrations.upgrade(engine)
    play.play(engine, wiring.build(settings, prints_later=True), now=MOMENT)
    engine.dispose()


def _busiest(settings: Settings) -> str:
    """The name of the seller who has most to do when the demo ends."""
    engine = connect(settings.database)
    sellers = [name for name, unit, _, _ in company.PEOPLE if unit in {"sales_north", "sales_south"}]
    has = select(Person.name).join(UserTask, UserTask.assignee_id == Person.id)
    most = has.where(UserTask.closed_at.is_(None), Person.name.in_(sellers)).group_by(Person.name)
    with sessions(engine)() as session:
        found = session.scalars(most.order_by(func.count().desc(), Person.name)).first()
    engine.dispose()
    return found or sellers[0]


def _speak(settings: Settings, language: str) -> None:
    engine = connect(settings.database)
    with sessions(engine).begin() as session:
        session.execute(update(Person).values(locale=language))
    engine.dispose()


@contextmanager
def _served(app: Flask) -> Iterator[str]:
    listening = create_server(app, host="127.0.0.1", port=0, threads=6)
    thread = Thread(target=listening.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.effective_port}"
    listening.close()
    listening.task_dispatcher.shutdown()
    thread.join(5)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


if __name__ == "__main__":
    main(set(sys.argv[1:]))
