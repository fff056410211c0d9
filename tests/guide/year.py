"""The pictures and the paper of ``docs/guide/year.md``: ``python -m tests.guide.year [DATABASE] [NAME …]``.

DATABASE is a year that was played before (``contentum demo --size year``, SQLite): it is copied and stays as it is.
Without one the year is played anew up to `MOMENT`, which takes about ten minutes of one core. Every address of the
story names its days and the day it stands on, so that the same year gives the same numbers whenever it is read.
"""

import shutil
import sys
import tempfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from flask import Flask
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import select

from engine import migrations
from engine.db import connect, sessions
from engine.people import Person
from tests.guide.__main__ import CHROMIUM, FLAGS, PLACE, Album, _busiest, _served, _speak
from tests.guide.pictures import Picture, at
from webapp import wiring
from webapp.app import create_app
from webapp.database import db
from webapp.demo import play
from webapp.reporting import files, paper_here
from webapp.settings import Settings

MOMENT = datetime(2026, 11, 23, 20, 46, tzinfo=UTC)
"""Monday evening: the year of the story ends here; the story reads it as of the day before."""
DIRECTOR = "Zofia Żubr"
"""She directs every department."""
TALLEST = 1250
PAPER = PLACE.parent / "year-funnel.pdf"

END = "as_of=2026-11-22"
ALL = f"from=2025-11-10&to=2026-11-22&{END}"
DYNAMICS = "/reports/dynamics?ladder=fast_sale&by=week&as_of="
FUNNEL = f"/reports/funnel?ladder=fast_sale&{ALL}"
VERSIONS = f"{FUNNEL}&against=version&version_a=1&version_b=2"
BOTTLENECKS = f"/reports/bottlenecks?ladder=sales_funnel&{ALL}"
HAND_OVERS = f"/reports/hand-overs?ladder=sales_funnel&{ALL}"
PROMISES = f"/reports/promises?from=2025-12-01&to=2026-11-22&by=month&{END}"
FORECAST = f"/reports/forecast?ladder=sales_funnel&{END}"

PICTURES = (
    Picture("year-february", DIRECTOR, at(DYNAMICS + "2026-02-20")),
    Picture("year-june", DIRECTOR, at(DYNAMICS + "2026-06-26")),
    Picture("year-funnel", DIRECTOR, at(FUNNEL)),
    Picture("year-versions", DIRECTOR, at(VERSIONS)),
    Picture("year-bottlenecks", DIRECTOR, at(BOTTLENECKS)),
    Picture("year-promises", DIRECTOR, at(PROMISES)),
    Picture("year-forecast", DIRECTOR, at(FORECAST)),
    Picture("year-pl-june", DIRECTOR, at(DYNAMICS + "2026-06-26"), language="pl"),
    Picture("year-pl-versions", DIRECTOR, at(VERSIONS), language="pl"),
    Picture("year-pl-bottlenecks", DIRECTOR, at(BOTTLENECKS), language="pl"),
)
"""In the order of the story."""
OPENED_AT = {"year-versions": "#compare", "year-pl-versions": "#compare"}
"""What stands at the top of a picture, where it is not the top of the report."""


def main(words: list[str]) -> None:
    """Take the pictures named, or all of them and the paper (``paper``)."""
    played = Path(words.pop(0)) if words and words[0].endswith(".db") else None
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(folder)
        _fill(settings, Path(folder) / "year.db", played)
        app = create_app(settings)
        app.extensions["clock"] = lambda: MOMENT
        with _served(app) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
            album = Album(browser, address, _busiest(settings))
            for language in ("en", "pl"):
                _speak(settings, language)
                for picture in PICTURES:
                    if picture.language == language and (not words or picture.name in words):
                        _take(album, picture)
                if language == "en" and (not words or "paper" in words):
                    _print(app)
            browser.close()


def _settings(folder: str) -> Settings:
    return Settings(
        database_url=f"sqlite:///{folder}/year.db",
        secret_key="for pictures only",  # type: ignore[arg-type]
        var_dir=Path(folder),
        organization="Wiślane Systemy",
    )


def _fill(settings: Settings, place: Path, played: Path | None) -> None:
    if played is not None:
        shutil.copyfile(played, place)
        return
    print("Playing the year (about ten minutes) …", flush=True)
    engine = connect(settings.database)
    migrations.upgrade(engine)
    play.play(engine, wiring.build(settings, prints_later=True), now=MOMENT, size="year")
    engine.dispose()


def _take(album: Album, picture: Picture) -> None:
    with album.page(picture) as page:
        page.set_default_timeout(60_000)
        picture.go(page)
        _keep(page, picture.name)
    print(f"  {picture.name}", flush=True)


def _keep(page: Page, name: str) -> None:
    """The report alone, without what stands around it, in 256 colours or as many as keep it light."""
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    if page.locator("bpmn-view").count():
        page.locator("bpmn-view[data-ready]").first.wait_for()
    page.set_viewport_size({"width": 1440, "height": TALLEST})
    if name in OPENED_AT:
        page.locator(OPENED_AT[name]).first.evaluate("each => each.scrollIntoView({block: 'start'})")
    box = page.locator("main").bounding_box() or {"x": 0, "y": 0, "width": 1440, "height": TALLEST}
    top = max(0.0, box["y"])
    low = min(box["y"] + box["height"], TALLEST)
    clip = {"x": box["x"], "y": top, "width": box["width"], "height": low - top}
    shot = Image.open(BytesIO(page.screenshot(animations="disabled", clip=clip)))  # type: ignore[arg-type]
    shot.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(PLACE / f"{name}.png", optimize=True)


def _print(app: Flask) -> None:
    """The funnel as the product exports it."""
    with app.test_request_context("/"), sessions(db.engine)() as session:
        director = session.scalars(select(Person).where(Person.name == DIRECTOR)).one()
        report = paper_here.report_of("funnel")
        query = VERSIONS.partition("?")[2]
        with paper_here.as_if_at(report, query, "en", MOMENT, session) as asked:
            paper = report.paper(session, asked, director) if report.paper else None
            assert paper is not None
            PAPER.write_bytes(files.make(paper, "pdf").content)
    print(f"  {PAPER.name}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
