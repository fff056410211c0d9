"""Rules: a filter as data, checked, turned into one two-valued SQL clause, and read out as a sentence.

A rule is ``{"field", "op", "value"}``; groups are ``{"all": […]}``, ``{"any": […]}`` and ``{"not": …}``; ``{}`` is
everything. A comparison with an empty field is false, so its negation is true and NOT loses no row. Values may be
``@me``, ``@my_department`` and relative times, which depend on who looks and when; rules never hold more than text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, exists, false, func, not_, or_, select, true
from sqlalchemy.orm import Session

from engine import access, calendars
from engine.errors import Refusal
from engine.people import Person, subtree
from engine.process.blueprint import Text
from engine.sales.subjects import OPERATORS, Field, Operator, Subject

DEEPEST, MOST = 6, 60
"""How deep rules may nest, and how many of them there may be."""

GROUPS = ("all", "any")
ME, MY_DEPARTMENT = "@me", "@my_department"
LARGEST = Decimal(10) ** 12
EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
RELATIVE: dict[str, Text] = {
    "today": Text("dziś", "today"),
    "yesterday": Text("wczoraj", "yesterday"),
    "tomorrow": Text("jutro", "tomorrow"),
    "this_week": Text("ten tydzień", "this week"),
    "last_week": Text("zeszły tydzień", "last week"),
    "next_week": Text("przyszły tydzień", "next week"),
    "this_month": Text("ten miesiąc", "this month"),
    "last_month": Text("zeszły miesiąc", "last month"),
    "next_month": Text("przyszły miesiąc", "next month"),
    "this_quarter": Text("ten kwartał", "this quarter"),
    "this_year": Text("ten rok", "this year"),
}


class UnknownField(Refusal):
    """There is no field “%(name)s” to filter by here. Take one from the list."""


class UnknownOperator(Refusal):
    """“%(name)s” cannot be compared by “%(op)s”. Take a comparison from the list."""


class WrongValue(Refusal):
    """“%(value)s” is not a value that “%(name)s” can have."""


class WrongRules(Refusal):
    """This filter cannot be read: a group needs a rule, and a filter has at most %(most)s rules in %(deepest)s levels."""

    def __init__(self) -> None:
        super().__init__(most=MOST, deepest=DEEPEST)


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom and when rules are read: ``@me`` and “this week” depend on it. ``now`` is UTC."""

    session: Session
    person: Person
    now: datetime


def check(about: Subject, rules: Any) -> None:
    """Whether rules can be read at all, whoever looks. Raises a refusal that names the field, operator or value."""
    for count, leaf in enumerate(leaves(rules), 1):
        if count > MOST:
            raise WrongRules
        field, operator = parts(about, leaf)
        _values(field, operator, leaf.get("value"))


def query(about: Subject, rules: Any, viewer: Viewer, *, sort: str = "") -> Select[Any]:
    """The records a viewer may see among those under the rules, in a total order. Raises what `check` raises.

    ``sort`` is a field's key, with a minus for the largest first. Records without a value stand last.
    """
    check(about, rules)
    check_sort(about, sort)
    seen = access.visible(viewer.person, about.model)
    found = select(about.model).where(seen, clause(about, rules, viewer))
    return _sorted(found, about, sort or about.sort)


def clause(about: Subject, rules: Any, viewer: Viewer) -> ColumnElement[bool]:
    """Rules that were checked as one clause that is true or false, never unknown."""
    if not rules:
        return true()
    if "all" in rules:
        return and_(true(), *(clause(about, each, viewer) for each in rules["all"]))
    if "any" in rules:
        return or_(false(), *(clause(about, each, viewer) for each in rules["any"]))
    if "not" in rules:
        return not_(clause(about, rules["not"], viewer))
    field, operator = parts(about, rules)
    values = _values(field, operator, rules.get("value"))
    return _compared(field, operator, _bound(field, operator, values, viewer))


def leaves(rules: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """The single rules in reading order. Raises WrongRules for what is no tree of groups and rules."""
    if rules == {} and depth == 0:
        return
    if not isinstance(rules, Mapping) or depth > DEEPEST:
        raise WrongRules
    kind = next((key for key in (*GROUPS, "not") if key in rules), None)
    if kind is None:
        yield rules
        return
    inside = [rules[kind]] if kind == "not" else rules[kind]
    if len(rules) != 1 or not isinstance(inside, list) or not inside:
        raise WrongRules
    for each in inside:
        yield from leaves(each, depth + 1)


def parts(about: Subject, leaf: Mapping[str, Any]) -> tuple[Field, Operator]:
    """The field and the operator a rule names. Raises UnknownField, UnknownOperator."""
    field = about.fields.get(str(leaf.get("field")))
    if field is None:
        raise UnknownField(name=str(leaf.get("field"))[:60])
    operator = OPERATORS[field.type].get(str(leaf.get("op")))
    if operator is None:
        raise UnknownOperator(name=field.label, op=str(leaf.get("op"))[:40])
    return field, operator


def check_sort(about: Subject, sort: str) -> None:
    """Raises UnknownField for an order by something else than a field."""
    if sort and sort.removeprefix("-") not in about.fields:
        raise UnknownField(name=sort[:60])


# ------------------------------------------------------------------------------------------------ values


def _values(field: Field, operator: Operator, raw: Any) -> list[Any]:
    """The values of a rule as their type, whoever looks. Raises WrongValue."""
    if operator.takes == "none":
        return []
    listed = raw if operator.takes == "many" else [raw]
    if not isinstance(listed, list) or not 0 < len(listed) <= 200:
        raise WrongValue(name=field.label, value=str(raw)[:60])
    return [_value(field, operator, each) for each in listed]


def _value(field: Field, operator: Operator, raw: Any) -> Any:
    try:
        if isinstance(raw, bool) or not isinstance(raw, str | int | float) or raw == "":
            raise ValueError(raw)
        return _days(raw) if operator.takes == "days" else _READ[field.type](field, raw)
    except (ValueError, InvalidOperation, OverflowError) as error:
        raise WrongValue(name=field.label, value=str(raw)[:60]) from error


def _days(raw: Any) -> int:
    return int(_within(int(str(raw)), 0, 36_500))


def _within(number: Any, least: Any, most: Any) -> Any:
    if not least <= number <= most:
        raise ValueError(number)
    return number


def _number(_: Field, raw: Any) -> Decimal:
    number = Decimal(str(raw).replace("\N{NO-BREAK SPACE}", "").replace(" ", "").replace(",", "."))
    if not number.is_finite():
        raise ValueError(raw)
    return Decimal(_within(number, -LARGEST, LARGEST))


def _text(field: Field, raw: Any) -> str:
    text = str(raw)
    known = dict(field.options)
    if len(text) > 200 or "\0" in text or (known and text not in known):
        raise ValueError(raw)
    text.encode()  # half a character is no text
    return text


def _time(_: Field, raw: Any) -> str | date:
    text = str(raw)
    if text in RELATIVE:
        return text
    day: date = _within(date.fromisoformat(text), EARLIEST, LATEST)
    return day


def _id(_: Field, raw: Any) -> str | int:
    return raw if raw in (ME, MY_DEPARTMENT) else int(_within(int(str(raw)), 1, 2**62))


_READ = {
    "text": _text,
    "choice": _text,
    "stage": _text,
    "person": _id,
    "department": _id,
    "money": _number,
    "number": _number,
    "date": _time,
    "moment": _time,
}


# ------------------------------------------------------------------------------------------------ SQL


def _compared(field: Field, operator: Operator, value: Any) -> ColumnElement[bool]:
    if field.through is None:
        return func.coalesce(operator.sql(field.column, value), false())
    model, link = field.through
    if operator.key == "empty":  # a deal without a client has a client without a sector, too
        return not_(_named(model, link, field.column.is_not(None)))
    return _named(model, link, operator.sql(field.column, value))


def _named(model: Any, link: Any, holds: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the row that is named is such; rows the list itself joins, to be sorted, are others."""
    return exists().where(model.id == link, holds).correlate_except(model)


def _bound(field: Field, operator: Operator, values: list[Any], viewer: Viewer) -> Any:
    """What the operator's SQL compares with, for this viewer now."""
    if operator.takes == "none":
        return None
    if field.is_time:
        return _window(field, operator, values[0], calendars.local_day(viewer.now))
    found = [_of_viewer(field, each, viewer) for each in values]
    if operator.key == "below":
        return sorted(subtree(viewer.session, found))
    return found if operator.takes == "many" else found[0]


def _of_viewer(field: Field, value: Any, viewer: Viewer) -> Any:
    if value == ME:
        return viewer.person.id
    if value == MY_DEPARTMENT:
        return next(iter(viewer.person.department_ids), 0)
    if field.is_number and isinstance(field.column.type, Integer):
        return int(value) if value == int(value) else float(value)
    return value


def _window(field: Field, operator: Operator, value: Any, today: date) -> tuple[Any, Any]:
    """The first edge that belongs to the time and the first that does not any more."""
    day = timedelta(days=1)
    if operator.takes == "days":
        span = timedelta(days=value)
        start, end = (today, today + span + day) if operator.key == "ahead" else (today - span, today + day)
    else:
        start, end = _relative(value, today) if isinstance(value, str) else (value, value + day)
    return _edge(field, start), _edge(field, end)


def _edge(field: Field, day: date) -> date | datetime:
    """A day as the column keeps it: a date, or the moment of its local midnight."""
    if field.type == "date":
        return day
    return datetime.combine(day, time(), tzinfo=calendars.HOME).astimezone(UTC)


def _relative(word: str, today: date) -> tuple[date, date]:
    day = timedelta(days=1)
    monday = today - today.weekday() * day
    month = today.replace(day=1)
    quarter = month.replace(month=3 * ((month.month - 1) // 3) + 1)
    return {
        "today": (today, today + day),
        "yesterday": (today - day, today),
        "tomorrow": (today + day, today + 2 * day),
        "this_week": (monday, monday + 7 * day),
        "last_week": (monday - 7 * day, monday),
        "next_week": (monday + 7 * day, monday + 14 * day),
        "this_month": (month, _months(month, 1)),
        "last_month": (_months(month, -1), month),
        "next_month": (_months(month, 1), _months(month, 2)),
        "this_quarter": (quarter, _months(quarter, 3)),
        "this_year": (today.replace(month=1, day=1), today.replace(year=today.year + 1, month=1, day=1)),
    }[word]


def _months(first: date, step: int) -> date:
    """The first of a month some months away."""
    months = first.year * 12 + first.month - 1 + step
    return date(months // 12, months % 12 + 1, 1)


def _sorted(found: Select[Any], about: Subject, sort: str) -> Select[Any]:
    field = about.fields[sort.removeprefix("-")]
    column: Any = field.column if field.sorts is None else field.sorts
    if field.through is not None:
        model, link = field.through
        found = found.outerjoin(model, model.id == link)
    order = column.desc().nulls_last() if sort.startswith("-") else column.asc().nulls_last()
    return found.order_by(order, about.model.id.desc())


# ------------------------------------------------------------------------------------------------ words


def sentence(about: Subject, rules: Any, locale: str, names: Mapping[str, str] | None = None) -> str:
    """Rules read out: “Status is open and (Amount is over 50 000 or Owner is me)”.

    ``names`` spells ids and keys: ``person:7``, ``department:2``, ``stage:offer``.
    """
    if not rules:
        return Text("wszystkie", "all").into(locale)
    return _read(about, rules, locale, names or {}, inside=False)


def _read(about: Subject, rules: Any, locale: str, names: Mapping[str, str], *, inside: bool) -> str:
    for group, word in zip(GROUPS, (Text(" i ", " and "), Text(" lub ", " or ")), strict=True):
        if group in rules:
            said = [_read(about, each, locale, names, inside=True) for each in rules[group]]
            joined = word.into(locale).join(said)
            return f"({joined})" if inside and len(said) > 1 else joined
    if "not" in rules:
        said_no = _read(about, rules["not"], locale, names, inside=False)
        return Text("nieprawda, że ({0})", "not ({0})").into(locale).format(said_no)
    field, operator = parts(about, rules)
    value = _spelled(field, rules.get("value"), locale, names) if operator.takes != "none" else ""
    return operator.says.into(locale).format(field=field.label.into(locale), value=value)


def _spelled(field: Field, value: Any, locale: str, names: Mapping[str, str]) -> str:
    if isinstance(value, list):
        return ", ".join(_spelled(field, each, locale, names) for each in value)
    if value == ME:
        return Text("ja", "me").into(locale)
    if value == MY_DEPARTMENT:
        return Text("mój dział", "my department").into(locale)
    if field.is_number:
        figure = f"{_number(field, value):,f}"
        return figure if locale == "en" else figure.replace(",", "\N{NO-BREAK SPACE}").replace(".", ",")
    words = dict(field.options) if field.options else RELATIVE if field.is_time else {}
    if str(value) in words:
        return words[str(value)].into(locale)
    return names.get(f"{field.type}:{value}", str(value))


def keys(rules: Any) -> Sequence[str]:
    """The keys of the fields that rules ask about."""
    return [str(leaf.get("field")) for leaf in leaves(rules)]
