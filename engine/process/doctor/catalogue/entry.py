"""The shape of an entry, and how the four kinds are written."""

import re
from dataclasses import dataclass
from typing import Literal

from engine.process.blueprint import Text


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding before it names an element. ``repairable``: the designer may accept the remedy."""

    severity: Literal["error", "warning", "hint", "mended"]
    repairable: bool
    message: Text
    remedy: Text


def general(text: Text) -> Text:
    """A sentence of the catalogue with … in its places."""
    return Text(*(re.sub(r"%\(\w+\)s", "…", each).replace("%%", "%") for each in (text.pl, text.en)))


def asks(pl: str, en: str, remedy_pl: str, remedy_en: str) -> Entry:
    """An error that the doctor can put right when the designer agrees."""
    return Entry("error", True, Text(pl, en), Text(remedy_pl, remedy_en))


def refuses(pl: str, en: str, remedy_pl: str, remedy_en: str) -> Entry:
    """An error only the designer can put right, in the diagram."""
    return Entry("error", False, Text(pl, en), Text(remedy_pl, remedy_en))


def offers(pl: str, en: str, remedy_pl: str, remedy_en: str) -> Entry:
    """A warning with a repair that is made only when accepted."""
    return Entry("warning", True, Text(pl, en), Text(remedy_pl, remedy_en))


def warns(pl: str, en: str, remedy_pl: str, remedy_en: str) -> Entry:
    """Something that will probably surprise somebody."""
    return Entry("warning", False, Text(pl, en), Text(remedy_pl, remedy_en))


def hints(pl: str, en: str, remedy_pl: str = "", remedy_en: str = "") -> Entry:
    """Good to know."""
    return Entry("hint", False, Text(pl, en), Text(remedy_pl, remedy_en))


def mends(pl: str, en: str, remedy_pl: str, remedy_en: str) -> Entry:
    """Put right at once, because the meaning stays the same."""
    return Entry("mended", False, Text(pl, en), Text(remedy_pl, remedy_en))
