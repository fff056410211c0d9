"""The events of a log: rows read by a map, checked one by one, gathered by case in the order of time and file."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from operator import attrgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.errors import Refusal
from engine.sales.past import sheets, wrong, xes
from engine.sales.past.files import Heard, Log
from engine.sales.past.maps import COLUMNS, Map
from engine.sales.past.wrong import Ledger

MOST_ACTIVITIES = 2000
LONGEST = {
    "case": 120,
    "activity": 200,
    "actor": 200,
    "department": 200,
    "reason": 400,
    "causing_department": 200,
    "product": 200,
    "owner": 200,
    "instance": 200,
}
"""Signs of what is kept as text."""
FIRST = datetime(1990, 1, 1)  # noqa: DTZ001  # inside this package a moment is in UTC and says nothing of it
LARGEST = Decimal(10) ** 12
REMEMBERED = 100_000

TRANSITIONS = {
    "schedule": "ready",
    "assign": "ready",
    "reassign": "ready",
    "start": "start",
    "resume": "touch",
    "suspend": "touch",
    "complete": "completed",
    "autoskip": "skipped",
    "manualskip": "skipped",
    "withdraw": "withdrawn",
    "ate_abort": "aborted",
    "pi_abort": "aborted",
}
"""What the transitions of XES do to a step."""


class Event(NamedTuple):
    """One event of a log. ``at`` is in UTC without saying so; ``amount`` in hundredths. ``does`` is of `TRANSITIONS`."""

    at: datetime
    activity: str
    does: str
    actor: str | None
    department: str | None
    amount: int | None
    currency: str | None
    reason: str | None
    causing: str | None
    product: str | None
    owner: str | None
    instance: str | None


Cases = dict[str, list[Event]]
Cells = Sequence[str | None]
Refused = tuple[type[Refusal], dict[str, object]]


def read(
    log: Log, chosen: Map, *, now: datetime, most: int | None = None, heard: Heard | None = None
) -> tuple[Cases, Ledger]:
    """The events of every case, in the order of time, ties in that of the file; and the wrong rows.

    ``most`` reads only so many rows. Raises what makes the whole file unreadable.
    """
    found: Cases = {}
    reader = Reader(chosen, now)
    for number, (line, cells) in enumerate(rows(log, chosen, reader.ledger, heard)):
        if most is not None and number >= most:
            break
        event = reader.event(line, cells)
        if event is not None:
            found.setdefault(reader.case, []).append(event)
    if not found and not reader.ledger.count:
        raise wrong.HistoryEmpty(field="file")
    for events in found.values():
        events.sort(key=attrgetter("at"))
    return found, reader.ledger


def rows(log: Log, chosen: Map, ledger: Ledger, heard: Heard | None = None) -> Iterator[tuple[int, Cells]]:
    """Every row's line and its cells in the order of `COLUMNS`, None where the map names no column."""
    if log.is_xml():
        places: dict[str, list[int]] = {}
        for role, key in chosen.columns.items():
            places.setdefault(key, []).append(COLUMNS.index(role))
        yield from xes.rows(log, places, len(COLUMNS), heard)
        return
    source = sheets.rows(log, encoding=chosen.encoding, delimiter=chosen.delimiter, heard=heard)
    _, first = next(source)
    heads = sheets.head(first)
    taken = _taken(heads, chosen)
    for line, cells in source:
        if len(cells) != len(heads):
            ledger.note(line, wrong.CellsWrong, cells=len(cells), heads=len(heads))
            continue
        yield line, [None if place is None else cells[place] for place in taken]


def _taken(heads: list[str], chosen: Map) -> list[int | None]:
    """Where each role stands in the table. Raises ColumnMissing, ColumnTwice."""
    found: list[int | None] = []
    for role in COLUMNS:
        name = chosen.columns.get(role)
        if name is None:
            found.append(None)
            continue
        tidy = " ".join(name.split())
        if tidy not in heads:
            raise wrong.ColumnMissing(
                role=f"columns.{role}", column=name[:60], present=wrong.short(heads, 30), field="map"
            )
        if heads.count(tidy) > 1:
            raise wrong.ColumnTwice(column=tidy[:60], field="map")
        found.append(heads.index(tidy))
    return found


class Reader:
    """Makes events of rows and notes what is wrong with them. ``case`` is the case of the last event.

    What a column said before is remembered as it was understood: logs repeat themselves.
    """

    def __init__(self, chosen: Map, now: datetime) -> None:
        self.ledger, self.case = Ledger(), ""
        self._map = chosen
        self._ahead = now.astimezone(UTC).replace(tzinfo=None) + timedelta(days=1)
        self._moment = moments(chosen)
        self._has_transitions = "transition" in chosen.columns
        self._texts: dict[str, dict[str, str]] = {role: {} for role in LONGEST}
        self._cases: dict[str | None, str] = self._texts["case"]  # type: ignore[assignment]
        self._whats: dict[str | None, str] = self._texts["activity"]  # type: ignore[assignment]
        self._activities: set[str] = set()
        self._amounts: dict[str, int] = {}
        self._zero = Decimal("0.01")

    def event(self, line: int, cells: Cells) -> Event | None:
        """The event of a row, or None when something is wrong with it."""
        (
            case,
            activity,
            time,
            transition,
            actor,
            unit,
            amount,
            currency,
            reason,
            causing,
            product,
            owner,
            of,
        ) = cells
        text = self._text
        try:
            self.case = self._cases.get(case) or self._needed(case, "case", wrong.NoCase)
            what = self._whats.get(activity) or self._needed(activity, "activity", wrong.NoActivity)
            if what not in self._activities:
                self._learn(what)
            at = self._at(time)
            does = self._does(transition) if self._has_transitions else "completed"
            return Event(
                at,
                what,
                does,
                text(actor, "actor") if actor else None,
                text(unit, "department") if unit else None,
                self._amount(amount) if amount else None,
                self._currency(currency) if currency else None,
                text(reason, "reason") if reason else None,
                text(causing, "causing_department") if causing else None,
                text(product, "product") if product else None,
                text(owner, "owner") if owner else None,
                text(of, "instance") if of else None,
            )
        except _Wrong as refused:
            self.ledger.note(line, refused.kind, **refused.places)
            return None

    def _learn(self, activity: str) -> None:
        self._activities.add(activity)
        if len(self._activities) > MOST_ACTIVITIES:
            column = self._map.columns["activity"][:60]
            raise wrong.TooManyActivities(most=MOST_ACTIVITIES, column=column, field="map")

    def _needed(self, raw: str | None, role: str, missing: type[Refusal]) -> str:
        found = self._text(raw, role) if raw else None
        if not found:
            raise _Wrong(missing)
        return found

    def _text(self, raw: str, role: str) -> str | None:
        known = self._texts[role]
        found = known.get(raw)
        if found is None:
            found = " ".join(raw.split())
            if len(found) > LONGEST[role]:
                raise _Wrong(wrong.TooLong, value=found[:40], length=len(found), most=LONGEST[role])
            if len(known) > REMEMBERED:
                known.clear()
            known[raw] = found
        return found or None

    def _at(self, raw: str | None) -> datetime:
        if not raw or not (said := raw.strip()):
            raise _Wrong(wrong.NoTime)
        try:
            at = self._moment(said)
        except (ValueError, OverflowError) as error:
            raise _Wrong(wrong.TimeWrong, value=said) from error
        if not FIRST <= at <= self._ahead:
            raise _Wrong(wrong.TimeFar, value=said)
        return at

    def _does(self, raw: str | None) -> str:
        said = (raw or "complete").strip().lower() or "complete"
        found = TRANSITIONS.get(said)
        if found is None:
            raise _Wrong(wrong.TransitionUnknown, value=said)
        return found

    def _amount(self, raw: str) -> int | None:
        found = self._amounts.get(raw)
        if found is None:
            said = "".join(raw.split())
            if not said:
                return None
            found = self._hundredths(said)
            if len(self._amounts) > REMEMBERED:
                self._amounts.clear()
            self._amounts[raw] = found
        return found

    def _hundredths(self, said: str) -> int:
        plain = said if self._map.decimal == "." else said.replace(".", "").replace(",", ".")
        try:
            value = Decimal(plain.replace("_", "?"))
            if not value.is_finite() or abs(value) >= LARGEST:
                raise _Wrong(wrong.AmountWrong, value=said)
            return int(value.quantize(self._zero, rounding="ROUND_HALF_UP") * 100)
        except InvalidOperation as error:
            raise _Wrong(wrong.AmountWrong, value=said) from error

    def _currency(self, raw: str) -> str | None:
        said = raw.strip().upper()
        if said and not (len(said) == 3 and said.isascii() and said.isalpha()):
            raise _Wrong(wrong.CurrencyWrong, value=said)
        return said or None


class _Wrong(Exception):
    """A row is wrong: what its refusal will say, made only for those that are listed."""

    def __init__(self, kind: type[Refusal], **places: object) -> None:
        self.kind, self.places = kind, places


def moments(chosen: Map) -> Callable[[str], datetime]:
    """Reads a time as the map says it is written: a moment in UTC, without saying so. Raises ValueError.

    Of an hour that comes twice when clocks change the first is meant; one that is skipped counts as the hour after.
    """
    zone, form = ZoneInfo(chosen.zone), chosen.time

    def moment(said: str) -> datetime:
        at = datetime.strptime(said, form) if form else datetime.fromisoformat(said)  # noqa: DTZ007
        if at.tzinfo is None:
            at = at.replace(tzinfo=zone)
        return at.astimezone(UTC).replace(tzinfo=None)

    return moment


def activities(cases: Cases) -> dict[str, int]:
    """How often each activity occurs, the first met first."""
    counts: dict[str, int] = {}
    for events in cases.values():
        for event in events:
            counts[event.activity] = counts.get(event.activity, 0) + 1
    return counts


def stands(cases: Iterable[str], chosen: Map) -> None:
    """Raises NothingStands when none of these activities leads to a position."""
    found = list(cases)
    if not any(chosen.activities.get(each) in chosen.ranks for each in found):
        raise wrong.NothingStands(present=wrong.short(found), field="map")
