"""The map of a history from elsewhere: which columns say what, and what each activity means on the ladder. TOML."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from engine.calendars import HOME
from engine.process.blueprint import Text
from engine.process.definitions import NAME
from engine.sales.past import wrong

MOST_KB = 256
MOST_POSITIONS = 40
COLUMNS = (
    "case",
    "activity",
    "time",
    "transition",
    "actor",
    "department",
    "amount",
    "currency",
    "reason",
    "causing_department",
    "product",
    "owner",
    "instance",
)
"""What a column can say, in the order in which rows are read."""
NEEDED = ("case", "activity", "time")
ENDS = ("won", "lost", "rerouted")
RESTS = ("suspended", "resumed")
MEANINGS = (*ENDS, *RESTS, "step")
"""What an activity can mean besides a position of the ladder."""
ENCODINGS = ("utf-8", "utf-16", "windows-1250", "windows-1252", "iso-8859-1", "iso-8859-2")
DELIMITERS = (",", ";", "\t", "|")
ENTERS = ("first", "start", "complete")
RESERVED = frozenset({"promise", "commitment", "upload", "uploads", "instances", "versions", "findings"})
"""Names that mean something else among ladders, or in the addresses of processes."""
KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "history": (
        "ladder",
        "title",
        "title_en",
        "item",
        "item_en",
        "zone",
        "currency",
        "enters",
        "reopens",
    ),
    "file": ("encoding", "delimiter", "time", "decimal"),
    "columns": COLUMNS,
    "positions": ("key", "title", "title_en"),
}


@dataclass(frozen=True, slots=True)
class Position:
    """One position of the ladder."""

    key: str
    title: Text


@dataclass(frozen=True)
class Map:
    """What a file means. ``columns`` are roles to names; ``activities`` lead to a position's key or one of `MEANINGS`.

    ``zone`` is that of times without one. ``enters`` says which event of a step brings the item to its position.
    """

    ladder: str
    title: Text
    columns: Mapping[str, str]
    positions: tuple[Position, ...]
    activities: Mapping[str, str]
    item: Text = field(default_factory=Text)
    zone: str = HOME.key
    currency: str | None = None
    enters: str = "first"
    reopens: bool = True
    encoding: str | None = None
    delimiter: str | None = None
    time: str | None = None
    decimal: str = "."
    departments: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def ranks(self) -> dict[str, int]:
        """Rank by position, from 1."""
        return {each.key: rank for rank, each in enumerate(self.positions, 1)}

    @cached_property
    def meaning(self) -> str:
        """A hash of everything the map says, whatever its layout and comments."""
        said = {name: value for name, value in vars(self).items() if name in self.__dataclass_fields__}
        return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def read(text: str) -> Map:
    """The map that a TOML text says. Raises MapBroken, MapTooLarge, FieldMissing, FieldUnknown, FieldWrong,
    PositionUnknown: each names the field or line."""
    plain = _parsed(text)
    _known(plain)
    told, file = plain.get("history", {}), plain.get("file", {})
    positions = _positions(plain.get("positions", []))
    return Map(
        ladder=_ladder(told),
        title=_both(told, "history.title", "title", 200),
        item=_both(told, "history.item", "item", 60, needed=False),
        columns={role: _text(plain["columns"], f"columns.{role}", role, 300) for role in _columns(plain)},
        positions=positions,
        activities=_activities(plain.get("activities", {}), positions),
        zone=_zone(told),
        currency=_currency(told),
        enters=_one_of(told, "history.enters", "enters", ENTERS) or "first",
        reopens=_yes(told),
        encoding=_encoding(file),
        delimiter=_one_of(file, "file.delimiter", "delimiter", DELIMITERS),
        time=_form(file),
        decimal=_one_of(file, "file.decimal", "decimal", (".", ",")) or ".",
        departments=_departments(plain.get("departments", {})),
    )


def decoded(content: bytes) -> str:
    """The text of a map that lies in a file. Raises MapTooLarge, MapBroken with the line."""
    if len(content) > MOST_KB * 1024:
        raise wrong.MapTooLarge(most=MOST_KB, field="map")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise wrong.MapBroken(line=line, column=column, field="map") from error


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > MOST_KB * 1024:
        raise wrong.MapTooLarge(most=MOST_KB, field="map")
    said = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        return tomllib.loads(said)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        found = re.search(r"at line (\d+), column (\d+)", str(error))
        place = found.groups() if found else (str(said.count("\n") + 1), "1")
        raise wrong.MapBroken(line=place[0], column=place[1], field="map") from error


def _known(plain: dict[str, Any]) -> None:
    """Everything that is said has to mean something: a slip of the pen would be silence otherwise."""
    tables = (*FIELDS, "activities", "departments")
    for name, value in plain.items():
        if name not in tables:
            raise wrong.FieldUnknown(name=name[:60], known=", ".join(tables), field="map")
        parts = value if name == "positions" and isinstance(value, list) else [value]
        for part in parts:
            if not isinstance(part, dict):
                raise _no(name, part, _table(name))
            strange = [key for key in part if name in FIELDS and key not in FIELDS[name]]
            if strange:
                known = ", ".join(FIELDS[name])
                raise wrong.FieldUnknown(name=f"{name}.{strange[0][:60]}", known=known, field="map")
    for needed in ("history", "columns", "positions", "activities"):
        if not plain.get(needed):
            raise wrong.FieldMissing(name=needed, field="map")


def _table(name: str) -> Text:
    head = f"[[{name}]]" if name == "positions" else f"[{name}]"
    return wrong.wanted(f"Tu ma być tabela {head}.", f"A table {head} is meant to stand here.")


def _no(name: str, value: Any, want: Text) -> wrong.FieldWrong:
    return wrong.FieldWrong(name=name, value=str(value)[:60], wanted=want, field="map")


def _text(table: Mapping[str, Any], name: str, key: str, most: int, *, needed: bool = True) -> str:
    value = table.get(key, "")
    if not isinstance(value, str) or len(value.strip()) > most or "\x00" in value:
        want = wrong.wanted(
            f"Tu ma być tekst, najwyżej {most} znaków.", f"A text of at most {most} signs is meant."
        )
        raise _no(name, value, want)
    if needed and not value.strip():
        raise wrong.FieldMissing(name=name, field="map")
    return value.strip()


def _both(table: Mapping[str, Any], name: str, key: str, most: int, *, needed: bool = True) -> Text:
    polish = _text(table, name, key, most, needed=needed)
    english = _text(table, f"{name}_en", f"{key}_en", most, needed=False)
    return Text(polish or english, english or polish)


def _ladder(told: Mapping[str, Any]) -> str:
    key = _text(told, "history.ladder", "ladder", 100)
    if not NAME.fullmatch(key) or key in RESERVED:
        want = wrong.wanted(
            "Nazwa drabiny to litery bez znaków polskich, cyfry, kropki, myślniki i podkreślenia; kilka słów jest zajętych.",
            "A ladder is called by letters, digits, dots, dashes and underscores; a few words are taken.",
        )
        raise _no("history.ladder", key, want)
    return key


def _columns(plain: Mapping[str, Any]) -> list[str]:
    said = plain["columns"]
    for role in NEEDED:
        if role not in said:
            raise wrong.FieldMissing(name=f"columns.{role}", field="map")
    return [role for role in COLUMNS if role in said]


def _positions(said: list[dict[str, Any]]) -> tuple[Position, ...]:
    found: list[Position] = []
    for number, each in enumerate(said, 1):
        name = f"positions[{number}]"
        key = _text(each, f"{name}.key", "key", 60)
        if not KEY.fullmatch(key) or key in MEANINGS or key in {one.key for one in found}:
            want = wrong.wanted(
                f"Klucz pozycji to litery bez znaków polskich, cyfry, myślniki i podkreślenia, za każdym razem inny i inny niż {', '.join(MEANINGS)}.",
                f"A position's key is letters, digits, dashes and underscores, each time another one, and none of {', '.join(MEANINGS)}.",
            )
            raise _no(f"{name}.key", key, want)
        title = _both(each, f"{name}.title", "title", 120, needed=False)
        found.append(Position(key, title if title.pl else Text(key, key)))
    if len(found) > MOST_POSITIONS:
        want = wrong.wanted(
            f"Drabina ma najwyżej {MOST_POSITIONS} pozycji.",
            f"A ladder has at most {MOST_POSITIONS} positions.",
        )
        raise _no("positions", len(found), want)
    return tuple(found)


def _activities(said: Mapping[str, Any], positions: tuple[Position, ...]) -> dict[str, str]:
    known = [*(each.key for each in positions), *MEANINGS]
    found = {}
    for activity, meaning in said.items():
        if meaning not in known:
            shown = str(meaning)[:60]
            raise wrong.PositionUnknown(
                activity=activity[:60], position=shown, known=wrong.short(known, 50), field="map"
            )
        found[" ".join(activity.split())] = str(meaning)
    if not set(found.values()) & {each.key for each in positions}:
        want = wrong.wanted(
            "Przynajmniej jedna czynność musi prowadzić na pozycję drabiny.",
            "At least one activity has to lead to a position of the ladder.",
        )
        raise _no("activities", ", ".join(sorted(set(found.values())))[:60], want)
    return found


def _zone(told: Mapping[str, Any]) -> str:
    key = _text(told, "history.zone", "zone", 60, needed=False) or HOME.key
    try:
        return ZoneInfo(key).key
    except (KeyError, ValueError, OSError) as error:
        want = wrong.wanted(
            "Strefa czasowa to na przykład Europe/Warsaw albo UTC.", "A time zone is Europe/Warsaw, or UTC."
        )
        raise _no("history.zone", key, want) from error


def _currency(told: Mapping[str, Any]) -> str | None:
    said = _text(told, "history.currency", "currency", 3, needed=False).upper()
    if said and not (len(said) == 3 and said.isascii() and said.isalpha()):
        raise _no(
            "history.currency",
            said,
            wrong.wanted("Waluta to trzy litery: PLN.", "A currency is three letters: PLN."),
        )
    return said or None


def _yes(told: Mapping[str, Any]) -> bool:
    value = told.get("reopens", True)
    if not isinstance(value, bool):
        raise _no(
            "history.reopens", value, wrong.wanted("Tu ma być true albo false.", "It is true or false.")
        )
    return value


def _one_of(table: Mapping[str, Any], name: str, key: str, choices: tuple[str, ...]) -> str | None:
    value = table.get(key)
    if value is not None and value not in choices:
        listed = ", ".join(each.replace("\t", "\\t") for each in choices)
        raise _no(name, value, wrong.wanted(f"Do wyboru: {listed}", f"One of these is meant: {listed}"))
    return None if value is None else str(value)


def _encoding(file: Mapping[str, Any]) -> str | None:
    said = str(file["encoding"]).lower().replace("cp125", "windows-125") if "encoding" in file else None
    return _one_of({"encoding": said}, "file.encoding", "encoding", ENCODINGS)


def _form(file: Mapping[str, Any]) -> str | None:
    """How times are written, as ``strptime`` means it."""
    form = _text(file, "file.time", "time", 60, needed=False)
    if not form:
        return None
    try:
        datetime.strptime(datetime(2024, 5, 31, 14, 5).strftime(form), form)  # noqa: DTZ001, DTZ007  # only a try
    except ValueError as error:
        want = wrong.wanted(
            "Zapis czasu to na przykład %d.%m.%Y %H:%M.", "Times are written such as %d.%m.%Y %H:%M."
        )
        raise _no("file.time", form, want) from error
    return form


def _departments(said: Mapping[str, Any]) -> dict[str, str]:
    return {
        " ".join(name.split()): _text(said, f"departments.{name[:60]}", name, 60, needed=False)
        for name in said
    }


def written(plain: Mapping[str, Any]) -> str:
    """The TOML text of a map given as plain data, in the order in which one reads it."""
    lines: list[str] = []
    for name in ("history", "file", "columns"):
        said = {key: value for key, value in plain.get(name, {}).items() if value not in ("", None)}
        if said:
            lines += [f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in said.items()), ""]
    for each in plain.get("positions", ()):
        said = {key: value for key, value in each.items() if value not in ("", None)}
        lines += ["[[positions]]", *(f"{key} = {_toml(value)}" for key, value in said.items()), ""]
    for name in ("activities", "departments"):
        if plain.get(name):
            rows = (f"{quoted(key)} = {_toml(value)}" for key, value in plain[name].items())
            lines += [f"[{name}]", *rows, ""]
    return "\n".join(lines)


def _toml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else quoted(str(value))


def quoted(text: str) -> str:
    """A TOML text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"{}"'.format("".join(s if s.isprintable() else f"\\U{ord(s):08X}" for s in escaped))
