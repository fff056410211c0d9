"""Every word a user meets exists in Polish and English, and every refusal says something."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from engine.errors import Refusal

ROOT = Path(__file__).parents[2]
POLISH = ROOT / "webapp" / "translations" / "pl"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "lazy_gettext": None,
    "lazy_ngettext": (1, 2),
    "_l": None,
}
PLACE = re.compile(r"%\((\w+)\)")


@pytest.fixture(scope="module")
def polish() -> dict[str, tuple[str, ...]]:
    """Every English text with its Polish, from all areas together."""
    known: dict[str, tuple[str, ...]] = {}
    for path in sorted(POLISH.glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="pl"):
                if message.id:
                    key = message.id[0] if isinstance(message.id, tuple | list) else message.id
                    texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
                    known[key] = tuple(texts)
    return known


def _refusals(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for below in kind.__subclasses__():
        if not below.__module__.startswith("tests."):
            yield below
            yield from _refusals(below)


def _every_module() -> None:
    for top in ("engine", "reports", "connectors", "webapp"):
        package = importlib.import_module(top)
        for found in pkgutil.walk_packages(package.__path__, f"{top}."):
            if ".migrations.env" not in found.name and not found.name.endswith("__main__"):
                importlib.import_module(found.name)


def test_every_refusal_speaks_polish(polish: dict[str, tuple[str, ...]]) -> None:
    _every_module()

    missing = []
    for refusal in _refusals(Refusal):
        message = " ".join(inspect.cleandoc(refusal.__doc__ or "").split())
        assert message, f"{refusal.__qualname__} says nothing"
        if not all(polish.get(message, ("",))):
            missing.append(f"{refusal.__module__}.{refusal.__qualname__}: {message}")

    assert not missing


def test_every_text_of_a_screen_is_translated(polish: dict[str, tuple[str, ...]]) -> None:
    methods = [("webapp/templates/**.html", "jinja2"), ("webapp/**.py", "python")]
    found = extract_from_dir(
        ROOT, methods, {"webapp/templates/**.html": {"encoding": "utf-8"}}, keywords=KEYWORDS
    )

    missing = set()
    for name, line, message, _comments, _context in found:
        key = message[0] if isinstance(message, tuple) else message
        if key and not all(polish.get(key, ("",))):
            missing.add(f"{name}:{line} {key}")

    assert not missing


def test_translations_keep_the_places_of_the_original(polish: dict[str, tuple[str, ...]]) -> None:
    wrong = [
        english for english, texts in polish.items()
        if any(not set(PLACE.findall(text)) <= set(PLACE.findall(english)) | {"num"} for text in texts if text)
    ]  # fmt: skip

    assert not wrong
