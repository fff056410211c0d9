"""What can be wrong with a history from elsewhere: with its map, with the file, with single rows."""

from collections.abc import Sequence
from typing import Any

from engine.errors import Refusal
from engine.process.blueprint import Text

LISTED = 100
"""How many wrong rows are listed; the others are counted."""


class MapBroken(Refusal):
    """The map is not TOML: something is wrong in line %(line)s, column %(column)s. Texts stand between quotation marks, tables begin with their name in square brackets."""


class MapTooLarge(Refusal):
    """The map is too large: %(most)s kB is enough for every activity of a process."""


class FieldMissing(Refusal):
    """The map says nothing under %(name)s."""


class FieldUnknown(Refusal):
    """The map has a field that means nothing: %(name)s. These mean something here: %(known)s."""


class FieldWrong(Refusal):
    """In the map %(name)s is “%(value)s”. %(wanted)s"""


class PositionUnknown(Refusal):
    """In the map the activity “%(activity)s” means “%(position)s”, and there is no such position. Add it to the positions, or write one of: %(known)s."""


class LadderTaken(Refusal):
    """“%(ladder)s” is a process of this product already. Call the history from elsewhere differently in the map."""


class LadderDiffers(Refusal):
    """The history “%(ladder)s” is here already with the positions %(theirs)s; this map has %(ours)s. Keep its positions, or import the file under another name."""


class DepartmentUnknown(Refusal):
    """In the map the department “%(name)s” is “%(key)s”, and there is no department with this key."""


class HistoryEmpty(Refusal):
    """There are no events in this file."""


class FileMissing(Refusal):
    """Choose a file: an event log .xes, .xes.gz or .csv."""


class FileTooLarge(Refusal):
    """The file is too large: at most %(most)s are read here."""


class TooTightlyPacked(Refusal):
    """The packed file holds far more than a log can: it grew over %(most)s-fold while it was unpacked, so it was not read to its end."""


class PackedBroken(Refusal):
    """The packed file ends in the middle or is damaged. Pack it again, or send it unpacked."""


class XesBroken(Refusal):
    """The file cannot be read as XML beyond line %(line)s: it is damaged there, or it ends in the middle."""


class NotXes(Refusal):
    """This XML is not an event log: XES begins with <log>, and it begins with <%(tag)s>."""


class XesDoctype(Refusal):
    """The file brings a document type of its own (<!DOCTYPE …>). A log needs none, so it is not read."""


class EncodingWrong(Refusal):
    """Line %(line)s has signs that are not %(encoding)s. If the file is written otherwise, say so in the map: encoding = "windows-1250" under [file]."""


class LineBroken(Refusal):
    """Line %(line)s cannot be read as a row of a table: a quotation mark is not closed, or the cell is too long."""


class ColumnMissing(Refusal):
    """The map takes %(role)s from the column “%(column)s”, and the file has no such column. It has: %(present)s."""


class ColumnTwice(Refusal):
    """The file has two columns called “%(column)s”, so it cannot be said which one is meant."""


class TooManyActivities(Refusal):
    """The file has more than %(most)s different activities. Is “%(column)s” the right column for them?"""


class NothingStands(Refusal):
    """No event of the file stands on the ladder: none of the activities that the map leads to a position occurs in it. It has: %(present)s."""


class NeverEnded(Refusal):
    """This import was begun %(tries)s times and never ended. Import the file on the command line: contentum history import."""


class NotADraft(Refusal):
    """This import waits, runs or has ended already; its map does not change any more."""


class Rows(Refusal):
    """Wrong rows in the file: %(count)s. Nothing was imported."""

    def __init__(self, ledger: "Ledger") -> None:
        self.ledger = ledger
        super().__init__(count=ledger.count)


class CasesChanged(Refusal):
    """Cases that are here already and differ in this file: %(count)s (%(names)s). Nothing was imported: what came in once does not change. Import the file under another name of the ladder."""


class NoCase(Refusal):
    """The case is not named. Fill the cell in, or name another column in the map."""


class NoActivity(Refusal):
    """The activity is not named. Fill the cell in, or name another column in the map."""


class NoTime(Refusal):
    """There is no time. Without it the event has no place in the history."""


class TimeWrong(Refusal):
    """“%(value)s” is not a time. Write it as 2024-05-31 14:05, or say in the map under [file] how times are written here."""


class TimeFar(Refusal):
    """The time %(value)s lies in the future or before 1990. Correct it, or check how the map says that times are written."""


class AmountWrong(Refusal):
    """“%(value)s” is not an amount. Write it as 1200.50, or say the decimal sign in the map under [file]."""


class CurrencyWrong(Refusal):
    """“%(value)s” is not a currency. Write three letters, such as PLN."""


class TransitionUnknown(Refusal):
    """“%(value)s” is not a transition of the life of a step. Leave the column out of the map, or write start, complete or another transition of XES."""


class TooLong(Refusal):
    """“%(value)s…” has %(length)s signs; at most %(most)s can be kept here. Shorten it, or check which column the map names."""


class CellsWrong(Refusal):
    """The row has %(cells)s cells and the head of the table %(heads)s. Check the delimiter and quotation marks."""


class Ledger:
    """The wrong rows of a file: the first ones with their lines, the number of all."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[tuple[int, Refusal]] = []

    def note(self, line: int, kind: type[Refusal], **places: Any) -> None:
        """Write a wrong row down; beyond the first hundred only count it."""
        self.count += 1
        if len(self.first) < LISTED:
            self.first.append((line, kind(**{name: _short(value) for name, value in places.items()})))

    def check(self) -> None:
        """Raises Rows when something was noted."""
        if self.count:
            raise Rows(self)

    def plain(self) -> list[dict[str, Any]]:
        """The listed rows as data."""
        return [said(each, line) for line, each in self.first]


def said(refusal: Refusal, line: int | None = None) -> dict[str, Any]:
    """A refusal as data: its line, the English sentence before its places are filled, the places in both languages."""
    places = {name: _kept(value) for name, value in refusal.places.items()}
    return {"line": line, "message": refusal.message, "places": places}


def _kept(value: Any) -> Any:
    return {"pl": value.pl, "en": value.en} if isinstance(value, Text) else str(value)


def short(names: Sequence[str], most: int = 12) -> str:
    """Some names in one line, as many as one reads."""
    said = ", ".join(_short(name) for name in names[:most])
    return f"{said}, … ({len(names)})" if len(names) > most else said


def wanted(pl: str, en: str) -> Text:
    """What a field of the map wants, in both languages."""
    return Text(pl, en)


def _short(value: Any) -> Any:
    return f"{value[:60]}…" if isinstance(value, str) and len(value) > 60 else value
