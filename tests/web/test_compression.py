"""What goes over the wire: text compressed for whoever takes it, everything else as it is."""

import gzip
from pathlib import Path

import pytest
from flask import Flask, Response, request, send_file

from tests.web.conftest import Visitor
from webapp.access import public

TAKES = {"Accept-Encoding": "gzip, deflate, br"}
LONG = "Oferta dla Hurtowni Przykładowej. " * 100


@pytest.fixture
def client(app: Flask, client: Visitor) -> Visitor:
    """A visitor of a product with a few more answers."""

    @public
    def said() -> Response:
        answer = Response(
            LONG[: int(request.args.get("long", "9999"))], mimetype=request.args.get("as", "text/html")
        )
        if "secret" in request.args:
            answer.headers["Cache-Control"] = "no-store"
        return answer

    @public
    def download() -> Response:
        return send_file(Path(__file__), mimetype="text/csv", as_attachment=True)

    @public
    def stream() -> Response:
        return Response((part for part in (LONG, LONG)), mimetype="text/plain")

    for view in (said, download, stream):
        app.add_url_rule(f"/test-{view.__name__}", view_func=view)
    return client


def test_a_page_is_compressed_for_who_takes_it(client: Visitor) -> None:
    answer = client.get("/test-said", headers=TAKES)

    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data).decode() == LONG
    assert int(answer.headers["Content-Length"]) == len(answer.data) < len(LONG) / 10
    assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize("takes", [{}, {"Accept-Encoding": "br"}, {"Accept-Encoding": "gzip;q=0, *;q=0"}])
def test_who_does_not_take_it_gets_the_words_themselves(client: Visitor, takes: dict[str, str]) -> None:
    answer = client.get("/test-said", headers=takes)

    assert "Content-Encoding" not in answer.headers
    assert answer.get_data(as_text=True) == LONG
    assert "Accept-Encoding" in answer.headers["Vary"]  # a cache between keeps the two apart


@pytest.mark.parametrize(
    "path",
    [
        "/test-said?long=900",
        "/test-said?as=application/pdf",
        "/test-said?as=font/woff2",
        "/test-said?secret=1",
        "/test-download",
        "/test-stream",
    ],
)
def test_what_is_short_packed_secret_or_downloaded_goes_as_it_is(client: Visitor, path: str) -> None:
    with client.get(path, headers=TAKES) as answer:
        assert answer.status_code == 200
        assert "Content-Encoding" not in answer.headers


def test_a_question_for_the_head_says_what_the_answer_would(client: Visitor) -> None:
    whole, head = (ask("/test-said", headers=TAKES) for ask in (client.get, client.head))

    assert head.data == b""
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]
    assert head.headers["Content-Encoding"] == "gzip"


def test_the_pages_of_the_product_are_compressed_with_their_cookies_and_headers(client: Visitor) -> None:
    answer = client.get("/log-in", headers=TAKES)

    assert answer.headers["Content-Encoding"] == "gzip"
    assert b"csrf_token" in gzip.decompress(answer.data)
    assert answer.headers["Content-Security-Policy"]
    assert {"Accept-Encoding", "Cookie"} <= {each.strip() for each in answer.headers["Vary"].split(",")}


@pytest.fixture
def style(app: Flask, tmp_path: Path) -> Path:
    """A style of our own, served as the built ones are."""
    (tmp_path / "app.css").write_text(".page { color: black } " * 200, encoding="utf-8")
    (tmp_path / "font.woff2").write_bytes(b"wOF2" * 1000)
    app.static_folder = str(tmp_path)
    return tmp_path / "app.css"


def test_a_built_file_is_pressed_once_for_all(
    client: Visitor, style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = client.get("/static/app.css", headers=TAKES)
    monkeypatch.setattr(gzip, "compress", None)  # a second time would fail
    second = client.get("/static/app.css", headers=TAKES)

    assert first.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(first.data) == gzip.decompress(second.data) == style.read_bytes()
    assert "max-age=31536000" in first.headers["Cache-Control"]


def test_a_built_file_that_changed_is_sent_as_it_is_now(client: Visitor, style: Path) -> None:
    client.get("/static/app.css", headers=TAKES)
    style.write_text(".page { color: navy } " * 200, encoding="utf-8")

    assert b"navy" in gzip.decompress(client.get("/static/app.css", headers=TAKES).data)


def test_a_reader_who_has_the_file_is_told_so(client: Visitor, style: Path) -> None:
    tag = client.get("/static/app.css", headers=TAKES).headers["ETag"]

    assert tag.startswith('W/"')
    with client.get("/static/app.css", headers={**TAKES, "If-None-Match": tag}) as again:
        assert again.status_code == 304
        assert again.data == b""


@pytest.mark.usefixtures("style")
def test_a_font_and_a_part_of_a_file_are_not_pressed(client: Visitor) -> None:
    with client.get("/static/font.woff2", headers=TAKES) as font:
        assert "Content-Encoding" not in font.headers
    with client.get("/static/app.css", headers={**TAKES, "Range": "bytes=0-9"}) as part:
        assert part.status_code == 206
        assert part.data == b".page { co"


def test_nothing_but_built_files_can_be_asked_for(client: Visitor, style: Path) -> None:
    (style.parent.parent / "secret.css").write_text("x" * 5000, encoding="utf-8")

    assert client.get("/static/../secret.css", headers=TAKES).status_code == 404
    assert client.get("/static/%2e%2e/secret.css", headers=TAKES).status_code == 404
