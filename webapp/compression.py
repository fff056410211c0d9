"""Text goes compressed to whoever takes it: pages as they are made, styles and scripts once for all readers.

Why a compressed page gives no secret away though it repeats words of its address is in docs/decisions/019-compression.md.
"""

import gzip
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, current_app, request
from werkzeug.security import safe_join

LEAST = 1024
"""Bytes from which compressing is worth it: below, an answer fits into one packet anyway."""
PAGE, FILE = 5, 9
"""How hard to press: a page is made while somebody waits, a built file once."""
TEXTS = {
    "application/javascript",
    "application/json",
    "application/xml",
    "image/svg+xml",
    "text/css",
    "text/csv",
    "text/html",
    "text/javascript",
    "text/plain",
    "text/xml",
}
FILES_KEPT = 64


def init_app(app: Flask) -> None:
    """Press what is sent. Added first, it looks at answers last, when every header is there."""
    app.after_request(press)


def press(response: Response) -> Response:
    """The answer as this reader takes it; a download, a part of a file and what is no text stay as they are."""
    if response.mimetype not in TEXTS or "Content-Encoding" in response.headers:
        return response
    response.vary.add("Accept-Encoding")
    if not _takes_gzip() or response.status_code != 200 or response.cache_control.no_store:
        return response
    if request.endpoint == "static":
        return _pressed(response, _file(*_built()))
    if response.direct_passthrough or response.is_streamed or len(body := response.get_data()) < LEAST:
        return response
    return _pressed(response, gzip.compress(body, PAGE, mtime=0))


def _takes_gzip() -> bool:
    return bool(request.accept_encodings.quality("gzip") > 0)


def _built() -> tuple[Path, int]:
    """Which file of ours was asked for, and its age. It is there: it was just answered."""
    name = str((request.view_args or {}).get("filename"))
    path = Path(safe_join(current_app.static_folder or "", name) or "")
    return path, path.stat().st_mtime_ns


@lru_cache(FILES_KEPT)
def _file(path: Path, _age: int) -> bytes:
    return gzip.compress(path.read_bytes(), FILE, mtime=0)


def _pressed(response: Response, body: bytes) -> Response:
    getattr(response.response, "close", bool)()  # the file that would have been sent
    response.direct_passthrough = False
    response.set_data(body)
    response.headers["Content-Encoding"] = "gzip"
    response.headers.pop("Accept-Ranges", None)
    tag, _ = response.get_etag()
    if tag is not None:  # the same words, not the same bytes
        response.set_etag(tag, weak=True)
    return response
