"""What people of the demo type into forms: plausible, reproducible, and always what the form would accept."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from engine import calendars
from engine.process import forms
from engine.process.forms import Field, Form
from engine.sales.deals import Deal
from webapp.demo.company import Company

Answer = str | list[dict[str, str]] | None

SENTENCES = (
    "Ustalone z klientem na spotkaniu.",
    "Klient potwierdził mailem, szczegóły w notatce.",
    "Dwa magazyny, praca na dwie zmiany, 64 stanowiska.",
    "Integracja z obecnym systemem przez pliki, bez migracji historii.",
    "Potrzebne przed sezonem; termin ważniejszy niż zakres.",
    "Zespół po stronie klienta zna temat, decyzja zapada w zarządzie.",
    "Bez uwag.",
)
NAMES = ("Ewa Jawor", "Olga Klon", "Piotr Brzoza", "Rafał Lipa", "Sylwia Świerk", "Tomasz Olcha", "Wanda Buk")
COMPETITORS = ("Magazynier 3000", "LogiSfera", "Paleta Systems", "własny dział IT")


@dataclass(frozen=True, slots=True)
class Setting:
    """What somebody who answers knows: the company, the deal, the moment, and the dice."""

    company: Company
    rng: random.Random
    now: datetime
    deal: Deal | None
    chosen: Mapping[str, Answer]
    """Answers that the story has already decided, by field."""

    @property
    def today(self) -> date:
        """The local day."""
        return calendars.local_day(self.now)


def fill(form: Form, setting: Setting) -> dict[str, list[str]]:
    """The form as a browser would send it: every field that is asked, answered."""
    raw: dict[str, list[str]] = {}
    for field in form.fields:
        if field.key in forms.asked(form, raw, now=setting.now) and field.type != "computed":
            _answer(field, setting, raw)
    return raw


def _answer(field: Field, setting: Setting, raw: dict[str, list[str]]) -> None:
    value: Answer = setting.chosen[field.key] if field.key in setting.chosen else _invent(field, setting)
    if isinstance(value, list):
        for number, row in enumerate(value):
            raw.update({f"{field.key}-{number}-{column}": [text] for column, text in row.items()})
    elif value is not None:
        raw[field.key] = [value]


def _invent(field: Field, setting: Setting) -> Answer:
    rng = setting.rng
    if not field.required and field.type not in {"choice", "yes_no", "money"} and rng.random() < 0.6:
        return None
    invent = INVENTIONS.get(field.type)
    return invent(field, setting) if invent else None


def _text(field: Field, setting: Setting) -> str:
    if field.key in {
        "decision_maker",
        "agreed_with",
        "confirmed_by",
        "accepted_by",
        "signatories",
        "person",
        "received_by",
    }:
        return setting.rng.choice(NAMES)
    if field.key == "competitor":
        return setting.rng.choice(COMPETITORS)
    if field.key in {"parcel_number", "replacement_parcel"}:
        return f"PL{setting.rng.randrange(10**9):09d}"
    if field.key == "delivery_term":
        return f"{setting.rng.choice((4, 6, 8, 10))} tygodni od umowy"
    if field.key == "arranged_carrier":
        return "Kurier Jaskółka"
    return setting.rng.choice(SENTENCES)


def _lines(field: Field, setting: Setting) -> list[dict[str, str]]:
    columns = field.columns
    rows = setting.rng.choice((1, 2, 2, 3))
    made: list[dict[str, str]] = []
    for _ in range(rows):
        row: dict[str, str] = {}
        for column in columns:
            value = _invent_cell(column, setting)
            if value is not None and column.type != "computed":
                row[column.key] = value
        made.append(row)
    return made


def _invent_cell(column: Field, setting: Setting) -> str | None:
    if column.key == "sku":
        return setting.rng.choice(setting.company.products).sku
    invent = INVENTIONS.get(column.type)
    value = invent(column, setting) if invent else None
    return value if isinstance(value, str) else None


def _choice(field: Field, setting: Setting) -> str:
    return setting.rng.choice(field.options).value


def _person(field: Field, setting: Setting) -> str:
    return str(setting.rng.choice(setting.company.by_department["sales_north"]).id)


def _day(field: Field, setting: Setting) -> str:
    earlier = field.key in {
        "meeting_date", "confirmed_on", "presented_on", "round_date", "signed_on", "refunded_on", "returned_on", "answered_on"
    }  # fmt: skip
    return (
        setting.today if earlier else setting.today + timedelta(days=setting.rng.randrange(7, 40))
    ).isoformat()


def _moment(field: Field, setting: Setting) -> str:
    return (setting.now.astimezone(calendars.HOME) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")


def _money(field: Field, setting: Setting) -> str:
    base = float(setting.deal.amount or 0) if setting.deal and setting.deal.amount else 20_000.0
    return f"{round(base * setting.rng.uniform(0.6, 1.1), -2):.0f}"


INVENTIONS: Mapping[str, Callable[[Field, Setting], Answer]] = {
    "text": _text,
    "paragraph": lambda field, setting: setting.rng.choice(SENTENCES),
    "number": lambda field, setting: str(setting.rng.randrange(2, 40)),
    "integer": lambda field, setting: str(setting.rng.randrange(1, 12)),
    "percent": lambda field, setting: str(setting.rng.choice((0, 0, 2, 3, 5))),
    "money": _money,
    "date": _day,
    "datetime": _moment,
    "email": lambda field, setting: f"kontakt{setting.rng.randrange(100)}@klient.example",
    "phone": lambda field, setting: (
        f"+48 58 555 {setting.rng.randrange(100):02d} {setting.rng.randrange(100):02d}"
    ),
    "choice": _choice,
    "choices": _choice,
    "yes_no": lambda field, setting: setting.rng.choice(("yes", "yes", "yes", "no")),
    "person": _person,
    "department": lambda field, setting: None,
    "product": lambda field, setting: str(setting.rng.choice(setting.company.products).id),
    "currency": lambda field, setting: "PLN",
    "file": lambda field, setting: f"{field.key.replace('_', '-')}.pdf",
    "lines": _lines,
}
