"""What a report's page weighs on first load, as it goes over the wire: page, picture, style, script and font."""

import gzip
import re
from collections.abc import Iterator
from html import unescape

from flask.testing import FlaskClient
from sqlalchemy.orm import Session, sessionmaker

from engine.people import Department, Person
from tests.bench import ground
from tests.bench.figures import Figure
from tests.bench.web import _app, _log_in
from tests.reports import company
from webapp.database import db

MOST = 300
ASKED = re.compile(r'<(?:link|script|img|use)\b[^>]*?\b(?:href|src)="([^"#]+)')
FONTS = re.compile(r"url\(\"?\.?/?([^\")]+\.woff2)\"?\)")


def figures() -> Iterator[Figure]:
    """Kilobytes of agreement dynamics and of the funnel, each with its picture, for a browser that has nothing yet."""
    with ground.database() as (engine, factory, path):
        anna = ground.somebody(factory)
        _furnish(factory, anna)
        app = _app(engine, path)
        client = _log_in(app, factory, anna)
        for report in ("dynamics", "funnel"):
            weight = sum(first_load(client, f"/reports/{report}").values()) / 1024
            yield Figure(
                f"first load of the page of {report}, over the wire", weight, (weight, weight), MOST, "kB"
            )
        with app.app_context():
            db.engine.dispose()


def _furnish(factory: sessionmaker[Session], anna: int) -> None:
    with factory() as session:
        seller, department = session.get_one(Person, anna), session.get_one(Department, 1)
        company.half_year(session, [(seller, department)], [None, department], until=ground.NOW)


def first_load(client: FlaskClient, address: str) -> dict[str, int]:
    """Bytes sent for the page and for all it asks for, by address. Raises RuntimeError where something is not there."""
    sent, page = _got(client, address)
    if b'<svg class="plot' not in page:
        raise RuntimeError(f"{address} has no picture")
    found = {address: sent}
    for asked in sorted(
        {unescape(each) for each in ASKED.findall(page.decode()) if each.startswith("/static/")}
    ):
        found[asked], body = _got(client, asked)
        if asked.endswith(".css"):
            folder = asked.rpartition("/")[0]
            for font in sorted(set(FONTS.findall(body.decode()))):
                found[f"{folder}/{font}"], _ = _got(client, f"{folder}/{font}")
    return found


def _got(client: FlaskClient, address: str) -> tuple[int, bytes]:
    """How many bytes an answer is with its headers, and what it says once unpacked."""
    answer = client.get(address, headers={"Accept-Encoding": "gzip, deflate"})
    if answer.status_code != 200:
        raise RuntimeError(f"{address} was answered with {answer.status_code}")
    body: bytes = answer.data
    sent = len(body) + len(str(answer.headers))
    packed = answer.headers.get("Content-Encoding") == "gzip"
    answer.close()
    return sent, gzip.decompress(body) if packed else body
