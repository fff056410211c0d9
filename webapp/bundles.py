"""Where the built style, script, icons and fonts are: ``webapp/assets/build.mjs`` names them by their content."""

import json
from functools import lru_cache
from pathlib import Path

from flask import Flask, url_for

BUILT = Path(__file__).parent / "static" / "gen"


def asset(name: str) -> str:
    """The address of a built file: ``asset("app.css")``. Before ``make setup`` it leads nowhere."""
    manifest = BUILT / "manifest.json"
    stamp = manifest.stat().st_mtime_ns if manifest.exists() else 0
    return url_for("static", filename=f"gen/{_names(stamp).get(name, name)}")


@lru_cache(1)
def _names(stamp: int) -> dict[str, str]:
    names: dict[str, str] = json.loads((BUILT / "manifest.json").read_text("utf-8")) if stamp else {}
    return names


def init_app(app: Flask) -> None:
    """Offer `asset` to templates; a built file never changes, so browsers may keep it for a year."""
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 31_536_000
    app.jinja_env.globals["asset"] = asset
