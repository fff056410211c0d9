"""A first map for a file nobody has mapped yet: what its columns and activities look like. Guesses, to be corrected."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from statistics import median

from engine.sales.past import events, sheets, wrong, xes
from engine.sales.past.files import Log
from engine.sales.past.maps import COLUMNS, MEANINGS, NEEDED, quoted

LOOKED_AT = 20_000
"""Rows of the file that a proposal is made from."""
MOST_POSITIONS = 8
OFTEN = 0.25
"""An activity that so many cases have is proposed as a position."""

CALLED: Mapping[str, tuple[str, ...]] = {
    "case": ("case:concept:name", "case id", "caseid", "case_id", "case", "case key", "sprawa", "id sprawy", "nr sprawy", "numer sprawy", "nr", "numer", "deal", "deal id", "id"),
    "activity": ("concept:name", "activity", "activity name", "event", "event name", "task", "step", "stage", "status", "czynnosc", "zdarzenie", "krok", "etap"),
    "time": ("time:timestamp", "timestamp", "complete timestamp", "completetimestamp", "end timestamp", "time", "date", "datetime", "czas", "data", "data i czas", "data zdarzenia", "kiedy"),
    "transition": ("lifecycle:transition", "lifecycle", "transition"),
    "actor": ("org:resource", "resource", "actor", "user", "person", "who", "osoba", "wykonawca", "uzytkownik", "kto"),
    "department": ("org:group", "group", "department", "team", "org:role", "dzial", "zespol"),
    "amount": ("amount", "case:amount", "value", "amount_req", "case:amount_req", "case:requestedamount", "kwota", "wartosc"),
    "currency": ("currency", "waluta"),
    "reason": ("reason", "powod", "przyczyna"),
    "causing_department": ("causing department", "caused by", "winny dzial", "dzial przyczyny"),
    "product": ("product", "product name", "case:product", "produkt", "towar"),
    "owner": ("owner", "account manager", "opiekun", "wlasciciel", "handlowiec"),
    "instance": ("concept:instance",),
}  # fmt: skip
ENDINGS: Mapping[str, tuple[str, ...]] = {
    "won": ("won", "signed", "accepted", "activated", "paid", "wygran", "podpisan", "oplacon", "zakonczon", "closed won"),
    "lost": ("lost", "cancel", "declin", "denied", "refus", "reject", "withdraw", "przegran", "anulow", "odrzuc", "rezygn", "odmow"),
    "suspended": ("suspend", "put aside", "on hold", "zawiesz", "wstrzym"),
    "resumed": ("resum", "wznow"),
}  # fmt: skip
FORMS = (None, "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y/%m/%d %H:%M:%S.%f", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M")  # fmt: skip
"""How times are written, as they are tried; None is ISO 8601."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The beginning of a file: the names of its columns, rows as cells by name, how it had to be read."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, str]]
    encoding: str | None = None
    delimiter: str | None = None

    def sample(self, column: str, most: int = 200) -> list[str]:
        """Some of what a column says, without blanks."""
        return list(islice((row[column] for row in self.rows if row.get(column, "").strip()), most))


def look(log: Log) -> Seen:
    """The beginning of a file. An old Polish encoding is tried where UTF-8 does not fit. Raises what `sheets` and `xes` raise."""
    if log.is_xml():
        traces, own, found = xes.keys(log, LOOKED_AT)
        if not found:
            raise wrong.HistoryEmpty(field="file")
        return Seen([*(xes.OF_CASE + key for key in traces), *own], [row for _, _, row in found])
    try:
        return _table(log, None)
    except wrong.EncodingWrong:
        return _table(log, "windows-1250")


def _table(log: Log, encoding: str | None) -> Seen:
    source = sheets.rows(log, encoding=encoding, delimiter=None)
    heads = sheets.head(next(source)[1])
    rows = [dict(zip(heads, cells, strict=False)) for _, cells in islice(source, LOOKED_AT)]
    if not rows:
        raise wrong.HistoryEmpty(field="file")
    return Seen(heads, rows, encoding)


def propose(log: Log, *, ladder: str | None = None) -> str:
    """A map for this file as TOML, with how often each activity occurs. Raises what makes the file unreadable."""
    seen = look(log)
    columns = guessed(seen)
    counted = Counter(" ".join(row.get(columns["activity"], "").split()) for row in seen.rows)
    del counted[""]
    activities = [name for name, _ in counted.most_common(events.MOST_ACTIVITIES)]
    positions = _positions(seen, columns, activities)
    return "\n".join(_lines(log, seen, columns, counted, positions, ladder or _key(log.name)))


def guessed(seen: Seen) -> dict[str, str]:
    """A column for every role that has one: by its name, the needed ones else by what they look like."""
    tidy = {_plain(column): column for column in reversed(seen.columns)}
    found: dict[str, str] = {}
    for role, names in CALLED.items():
        column = next(
            (tidy[name] for name in names if name in tidy and tidy[name] not in found.values()), None
        )
        if column is not None:
            found[role] = column
    if "transition" in found and any(
        each.strip().lower() not in events.TRANSITIONS for each in seen.sample(found["transition"])
    ):
        del found["transition"]
    return {role: found[role] for role in COLUMNS if role in found} | _needed(seen, found)


def _needed(seen: Seen, found: Mapping[str, str]) -> dict[str, str]:
    """Columns for case, activity and time where names do not tell: a column of times, the one with the fewest
    different texts, the one with the most."""
    free = [each for each in seen.columns if each not in found.values()] or list(seen.columns)
    chosen = {role: found[role] for role in NEEDED if role in found}
    if "time" not in chosen:
        chosen["time"] = next((each for each in free if _form(seen.sample(each)) is not False), free[-1])
    rest = [each for each in free if each not in chosen.values()] or free
    kinds = {each: len(set(seen.sample(each, LOOKED_AT))) for each in rest}
    if "activity" not in chosen:
        several = [each for each in rest if kinds[each] > 1] or rest
        chosen["activity"] = min(several, key=lambda each: kinds[each])
    if "case" not in chosen:
        left = [each for each in rest if each != chosen["activity"]] or rest
        chosen["case"] = max(left, key=lambda each: kinds[each])
    return chosen


def _form(sample: Sequence[str]) -> str | bool | None:
    """How most of these times are written, so that a few wrong rows are named alone; False when they are no times."""
    read = {form: sum(_fits(each.strip(), form) for each in sample) for form in FORMS}
    best = max(FORMS, key=lambda form: read[form])
    return best if sample and read[best] * 3 >= len(sample) * 2 else False


def _fits(said: str, form: str | None) -> bool:
    if len(said) < 8 or not any(sign in said for sign in "-./"):
        return False
    try:
        datetime.strptime(said, form) if form else datetime.fromisoformat(said)  # noqa: DTZ007  # only a try
    except ValueError:
        return False
    return True


def _positions(seen: Seen, columns: Mapping[str, str], activities: Sequence[str]) -> list[tuple[str, str]]:
    """Key and activity of what looks like a ladder: what many cases have and does not end them, in their usual order."""
    order: defaultdict[str, list[float]] = defaultdict(list)
    paths: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for row in seen.rows:
        name = " ".join(row.get(columns["activity"], "").split())
        if name:
            path = paths[row.get(columns["case"], "")]
            path.setdefault(name, len(path))
    for path in paths.values():
        for name, place in path.items():
            order[name].append(place)
    likely = [name for name in activities if meaning(name) == "step"] or list(activities)
    often = [name for name in likely if len(order[name]) >= OFTEN * len(paths)] or likely
    kept = sorted(often[:MOST_POSITIONS], key=lambda name: (median(order[name]), -len(order[name])))
    found: dict[str, str] = {}
    for name in kept:
        key = slug(name) or f"p{len(found) + 1}"
        while key in found or key in MEANINGS:
            key = f"{key[:56]}_{len(found) + 1}"
        found[key] = name
    return list(found.items())


def meaning(activity: str) -> str:
    """What an activity means by its name: an ending, a rest, its end, or a step."""
    said = _plain(activity)
    return next((key for key, words in ENDINGS.items() if any(word in said for word in words)), "step")


def _lines(
    log: Log,
    seen: Seen,
    columns: Mapping[str, str],
    counted: Mapping[str, int],
    positions: Sequence[tuple[str, str]],
    ladder: str,
) -> Iterable[str]:
    yield "# A proposal. Correct it: which columns say what, the positions from the first to the last, and what each"
    yield "# activity means: the key of a position, won, lost, rerouted, suspended, resumed, or step (kept, moves nothing)."
    yield "[history]"
    yield f"ladder = {quoted(ladder)}"
    yield f"title = {quoted(log.name.split('.')[0][:200] or ladder)}"
    yield ""
    yield from _file(seen, columns)
    yield "[columns]"
    yield from (f"{role} = {quoted(column)}" for role, column in columns.items())
    for key, activity in positions:
        yield from ("", "[[positions]]", f"key = {quoted(key)}", f"title = {quoted(activity[:120])}")
    yield from ("", "[activities]")
    keys = {activity: key for key, activity in positions}
    for activity, count in counted.items():
        yield f"{quoted(activity)} = {quoted(keys.get(activity) or meaning(activity))}  # {count}"
    yield ""


def _file(seen: Seen, columns: Mapping[str, str]) -> Iterable[str]:
    said = []
    if seen.encoding:
        said.append(f"encoding = {quoted(seen.encoding)}")
    form = _form(seen.sample(columns["time"]))
    if form:
        said.append(f"time = {quoted(str(form))}")
    if "amount" in columns and any(
        re.fullmatch(r"-?[\d\s.]*,\d{1,2}", each) for each in seen.sample(columns["amount"])
    ):
        said.append('decimal = ","')
    return ["[file]", *said, ""] if said else []


def _key(name: str) -> str:
    return slug(name.split(".")[0])[:60] or "history"


def slug(text: str) -> str:
    """What a text would be called as a key."""
    return re.sub(r"[^a-z0-9]+", "_", _plain(text)).strip("_")[:60]


def _plain(text: str) -> str:
    """Small letters without marks."""
    split = unicodedata.normalize("NFKD", text.strip().lower().replace("ł", "l"))
    return "".join(sign for sign in split if not unicodedata.combining(sign))
