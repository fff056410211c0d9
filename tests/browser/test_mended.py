"""Mended files open in the real bpmn-js of the product: no warning, everything drawn, nothing moved."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from engine.process import doctor
from engine.process.doctor import mending
from engine.process.doctor.catalogue import CATALOGUE
from engine.process.doctor.mending.document import decoded
from tests.browser import laying
from tests.engine.process.doctor_kit import KNOWN
from tests.engine.process.specimens import SPECIMENS
from webapp.security import CSP

CORPUS = (
    Path(os.environ.get("CONTENTUM_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
    / "miwg-reference"
)
MODELS = sorted(CORPUS.glob("*.bpmn"))
BUILT = Path(__file__).parents[2] / "webapp" / "static" / "gen"
MEDIA = {".js": "text/javascript", ".css": "text/css"}
OF_THE_UPLOAD = ("bpmnElement referenced", "unresolved reference <triso:")
"""Warnings that reference files raise as they come: a line of nothing, and a word of another tool."""

pytestmark = pytest.mark.browser


@dataclass(frozen=True, slots=True)
class Mended:
    """One diagram before and after."""

    name: str
    before: bytes
    after: bytes


@pytest.fixture(scope="module")
def viewer(browser: Browser) -> Iterator[Page]:
    """A bare page with the product's viewer under the product's policy; nothing leaves the test."""
    page = browser.new_page(viewport={"width": 1600, "height": 1000}, reduced_motion="reduce")
    page.route("**/*", _serve)
    page.goto("http://drawing.test/")
    page.locator("bpmn-view[data-ready]").wait_for()
    yield page
    page.close()


@pytest.mark.slow
@pytest.mark.skipif(not MODELS, reason=f"the reference models are not at {CORPUS}")
def test_reference_models_open_mended_as_they_were_laid_out(viewer: Page) -> None:
    assert len(MODELS) == 21
    wrong = {
        model.name: found
        for model in MODELS
        if (
            found := _wrong(
                viewer, _mended(model.name, [doctor.File(model.name, model.read_bytes())], known=KNOWN)
            )
        )
    }
    assert not wrong, json.dumps(wrong, indent=1)


@pytest.mark.slow
def test_a_specimen_of_every_drawn_repair_opens_mended(viewer: Page) -> None:
    drawn = [code for code in SPECIMENS if code in mending.DRAWERS and _is_made(code)]
    assert len(drawn) > 60
    wrong = {code: found for code in drawn if (found := _wrong(viewer, _specimen(code)))}
    assert not wrong, json.dumps(wrong, indent=1)


@pytest.mark.slow
@pytest.mark.parametrize("code", ["F07", "F06", "A10", "A11", "G08", "R04", "E06", "G12", "S02", "E01"])
def test_what_is_added_lies_on_nothing_and_lines_run_around_steps(viewer: Page, code: str) -> None:
    elements = _open(viewer, _specimen(code).after)["elements"]
    shapes = {
        key: each for key, each in elements.items() if "points" not in each and each["type"] not in CONTAINERS
    }
    for key, one in shapes.items():
        for other, two in shapes.items():
            border = "bpmn:BoundaryEvent" in {one["type"], two["type"]}
            assert key == other or border or _apart(one, two), f"{key} lies on {other}"
    for key, each in elements.items():
        if each["type"] == "bpmn:SequenceFlow":
            hit = [
                other
                for other, box in shapes.items()
                if other not in each["ends"] and _crosses(each["points"], box)
            ]
            assert not hit, f"{key} runs through {hit}"


CONTAINERS = {
    "bpmn:Process",
    "bpmn:Collaboration",
    "bpmn:Participant",
    "bpmn:Lane",
    "bpmn:SubProcess",
    "bpmn:Group",
}
READ = """async (xml) => {
  const { viewer } = document.querySelector("bpmn-view")
  let warnings
  try {
    warnings = (await viewer.importXML(xml)).warnings
  } catch (error) {
    return { error: String(error), warnings: [], elements: {} }
  }
  const elements = {}
  viewer.get("elementRegistry").forEach((each) => {
    if (each.labelTarget || !each.businessObject) return
    const { id, type, x, y, width, height } = each
    elements[id] = each.waypoints
      ? { type, points: each.waypoints.map((point) => [point.x, point.y]), ends: [each.source?.id, each.target?.id] }
      : { type, x, y, width, height }
  })
  return { error: null, warnings: warnings.map(({ message }) => message), elements }
}"""
"""Import a diagram; what bpmn-js says and where it drew what."""


def _wrong(page: Page, mended: Mended) -> list[str]:
    """What is not as it should be with a mended file."""
    before, after = _open(page, mended.before), _open(page, mended.after)
    if after["error"]:
        return [after["error"]]
    said = [each for each in after["warnings"] if not any(known in each for known in OF_THE_UPLOAD)]
    return [*said, *_missing(mended.after, after["elements"]), *_moved(before["elements"], after["elements"])]


def _open(page: Page, content: bytes) -> Any:
    return page.evaluate(READ, decoded(content))


def _missing(content: bytes, drawn: Mapping[str, Any]) -> list[str]:
    """Steps without a shape and flows without a line, of processes that are drawn at all."""
    found = []
    for process in laying.processes(content):
        steps, flows = laying.contents(process)
        if not any(key in drawn for key in steps):
            continue
        found += [f"no shape: {key}" for key in steps if not _is_box(drawn.get(key, {}))]
        found += [f"no line: {key}" for key in flows if len(drawn.get(key, {}).get("points", [])) < 2]
    return found


def _is_box(shape: Mapping[str, Any]) -> bool:
    near = all(abs(shape.get(side, 1e9)) < 1e5 for side in ("x", "y"))
    return near and shape.get("width", 0) > 0 and shape.get("height", 0) > 0


def _moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Shapes that are not where they were; one that became a step of another size keeps its middle."""
    found = []
    for key, old in before.items():
        new = after.get(key)
        if new is None or "x" not in old or "x" not in new or old["width"] is None:
            continue
        grown = old["type"] != new["type"] and new["type"] == "bpmn:UserTask"
        if _middle(old) != _middle(new) if grown else any(old[side] != new[side] for side in _SIDES):
            found.append(f"moved: {key}, {old} became {new}")
    return found


_SIDES = ("x", "y", "width", "height")


def _middle(shape: Mapping[str, Any]) -> tuple[int, int]:
    return round(shape["x"] + shape["width"] / 2), round(shape["y"] + shape["height"] / 2)


def _apart(one: Mapping[str, Any], two: Mapping[str, Any]) -> bool:
    across = one["x"] + one["width"] <= two["x"] or two["x"] + two["width"] <= one["x"]
    return bool(across or one["y"] + one["height"] <= two["y"] or two["y"] + two["height"] <= one["y"])


def _crosses(points: list[list[float]], box: Mapping[str, Any]) -> bool:
    """Whether a line with right angles runs through a box."""
    return any(
        min(one[0], two[0]) < box["x"] + box["width"] - 1
        and max(one[0], two[0]) > box["x"] + 1
        and min(one[1], two[1]) < box["y"] + box["height"] - 1
        and max(one[1], two[1]) > box["y"] + 1
        for one, two in pairwise(points)
    )


def _is_made(code: str) -> bool:
    return CATALOGUE[code].repairable or CATALOGUE[code].severity == "mended"


def _specimen(code: str) -> Mended:
    specimen = SPECIMENS[code]
    files = [
        doctor.File(each.name, laying.drawn(each.content) if each.name.endswith(".bpmn") else each.content)
        for each in specimen.files
    ]
    return _mended(files[0].name, files, known=specimen.known, process=specimen.process)


def _mended(name: str, files: list[doctor.File], **more: Any) -> Mended:
    before = next(each.content for each in files if each.name == name)
    return Mended(name, before, mending.mended(files, **more)[name])


def _serve(route: Route) -> None:
    """The page, the product's bundle and one diagram to begin with."""
    path = route.request.url.partition("drawing.test/")[2]
    names = json.loads((BUILT / "manifest.json").read_text("utf-8"))
    if path.startswith("gen/"):
        file = BUILT / path.removeprefix("gen/")
        route.fulfill(body=file.read_bytes(), content_type=MEDIA.get(file.suffix, "application/octet-stream"))
    elif path == "first.bpmn":
        route.fulfill(body=laying.drawn(SPECIMENS["A01"].files[0].content), content_type="application/xml")
    elif not path:
        route.fulfill(body=_page(names), content_type="text/html", headers={"Content-Security-Policy": CSP})
    else:
        route.fulfill(status=404)


def _page(names: Mapping[str, str]) -> str:
    styles = "".join(
        f'<link rel="stylesheet" href="/gen/{names[each]}">' for each in ("app.css", "diagram.css")
    )
    script = f'<script type="module" src="/gen/{names["viewer.js"]}"></script>'
    return f'<!doctype html><html lang="en"><title>Drawing</title>{styles}<bpmn-view src="/first.bpmn"></bpmn-view>{script}'
