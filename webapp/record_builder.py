"""The address of a list and its filter builder: rules to fields with the mouse, and back.

The builder shows groups of rules: all, any or none of them, the groups joined by and / or. What a filter holds beyond
that is kept as it is, read out as a sentence, and can only be dropped whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from flask import request, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from engine.errors import NotFound, Refusal
from engine.sales import rules, sections, subjects
from engine.sales.sections import Section
from engine.sales.subjects import OPERATORS, SUBJECTS, Field, Subject
from webapp import record_words
from webapp.access import me
from webapp.database import db
from webapp.languages import current, into_words

GROUPS_MOST, ROWS_MOST = 10, 30

Leaf = Mapping[str, Any]
Group = tuple[str, list[Leaf]]
"""How its rules are joined (all, any, none), and the rules."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What one list shows: rows under rules, in an order, with columns; perhaps a saved section, perhaps changed."""

    about: Subject
    rules: dict[str, Any]
    columns: Sequence[str]
    sort: str
    page: int
    section: Section | None


def of(subject: str) -> Shown:
    """What the address (or a posted form) asks for. Raises NotFound and what `rules.check` raises."""
    about, asked = subject_of(subject), request.values
    section = section_of(asked.get("section", 0, type=int)) if asked.get("section") else None
    filter_ = _read(asked["rules"]) if "rules" in asked else section.rules if section else {}
    rules.check(about, filter_)
    sort = asked.get("sort") or (section.sort if section else "") or about.sort
    rules.check_sort(about, sort)
    columns = [key for key in asked.get("columns", "").split(",") if key]
    for key in columns:
        if key not in about.fields:
            raise rules.UnknownField(name=key[:60])
    known = section.columns if section else about.columns
    return Shown(about, filter_, columns or known, sort, max(asked.get("page", 1, type=int), 1), section)


def subject_of(key: str) -> Subject:
    """A kind of record. Raises NotFound."""
    if key not in SUBJECTS:
        raise NotFound
    return subjects.of(key)


def section_of(section_id: int) -> Section:
    """A section this person may use. Raises NotFound."""
    found = db.session.scalar(sections.usable(me()).where(Section.id == section_id))
    if found is None:
        raise NotFound
    return found


def _read(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise rules.WrongRules from error
    if not isinstance(found, dict):
        raise rules.WrongRules
    return found


def address(shown: Shown, endpoint: str = "records.records", **changed: Any) -> str:
    """This list with something changed; what equals the section or the default stays out of the address."""
    section, about = shown.section, shown.about
    usual = section or Section(rules={}, sort="", columns=list(about.columns))
    values: dict[str, Any] = {
        "section": section.id if section else None,
        "rules": written(shown.rules) if shown.rules != usual.rules else None,
        "sort": shown.sort if shown.sort != (usual.sort or about.sort) else None,
        "columns": ",".join(shown.columns) if list(shown.columns) != list(usual.columns) else None,
    }
    return url_for(endpoint, subject=about.key, **{**values, **changed})


def written(filter_: Mapping[str, Any]) -> str:
    """Rules as they stand in an address or a form."""
    return orjson.dumps(filter_).decode()


# ------------------------------------------------------------------------------------------------ rules to fields


def builder(shown: Shown) -> dict[str, Any]:
    """The rules as the page shows them: groups of rows, each with the comparisons and values its field offers."""
    match, groups, kept = _as_groups(shown.rules)
    return {
        "open": request.args.get("filter") == "open",
        "at": request.args.get("at", ""),
        "match": match,
        "groups": [
            {"match": inner, "rows": [_row(shown.about, leaf) for leaf in some]} for inner, some in groups
        ],
        "kept": written(kept) if kept else None,
        "kept_says": rules.sentence(shown.about, kept, current(), record_words.names()) if kept else "",
        "fields": [(field.key, into_words(field.label)) for field in shown.about.fields.values()],
    }


def _as_groups(filter_: Mapping[str, Any]) -> tuple[str, list[Group], dict[str, Any] | None]:
    """How groups are joined, the groups, and what the builder cannot show."""
    match = "any" if "any" in filter_ else "all"
    if not filter_:
        return match, [("all", [])], None
    children = filter_.get(match, [filter_])
    groups = [_group(each) for each in children if "field" not in each]
    beyond = [each for each in children if "field" not in each and _group(each) is None]
    if beyond and match == "any":
        return "all", [("all", [])], dict(filter_)
    loose = [each for each in children if "field" in each]
    found = ([(match, loose)] if loose else []) + [group for group in groups if group is not None]
    return match, found or [("all", [])], {"all": beyond} if beyond else None


def _group(node: Mapping[str, Any]) -> Group | None:
    """A flat group, or None for what nests deeper."""
    match, inside = next(iter(node.items()))
    if match == "not":
        inner = inside.get("any", [inside])
        return ("none", inner) if all("field" in each for each in inner) else None
    return (match, inside) if all("field" in each for each in inside) else None


def _row(about: Subject, leaf: Leaf) -> dict[str, Any]:
    field, operator = rules.parts(about, leaf)
    return {
        "field": field.key,
        "type": field.type,
        "op": operator.key,
        "takes": operator.takes,
        "value": leaf.get("value"),
        "operators": [(each.key, into_words(each.label)) for each in OPERATORS[field.type].values()],
        "options": options(field),
    }


def options(field: Field) -> list[tuple[str, str]]:
    """What may be chosen as a value of a field; nothing where it is typed."""
    if field.options:
        return [(key, into_words(label)) for key, label in field.options]
    if field.type == "stage":
        return list(record_words.stages().items())
    if field.type == "person":
        people = record_words.people()
        return [(rules.ME, gettext("me")), *((str(key), name) for key, name in people.items())]
    if field.type == "department":
        return [(rules.MY_DEPARTMENT, gettext("my department")), *record_words.departments()]
    return [(key, into_words(label)) for key, label in rules.RELATIVE.items()] if field.is_time else []


# ------------------------------------------------------------------------------------------------ fields to rules


def typed(about: Subject, sent: MultiDict[str, str]) -> tuple[dict[str, Any], list[Refusal]]:
    """The rules that the builder's fields describe, with the pressed button carried out, and what was not readable.

    A rule whose value cannot be read begins anew with one that can.
    """
    press, _, at = sent.get("press", "").partition(":")
    wrong: list[Refusal] = []
    groups: list[dict[str, Any]] = []
    for number in range(min(sent.get("groups", 0, type=int), GROUPS_MOST)):
        some = _typed_rows(about, sent, number, at if press == "remove" else "", wrong)
        if press == "add" and at == str(number):
            some.append(_fresh(about))
        groups += _joined(sent.get(f"g{number}m", "all"), some)
    if press == "group":
        groups += [_fresh(about)]
    found = _joined(sent.get("m", "all"), groups)
    if sent.get("keep"):
        kept = _read(sent["keep"])
        found = _joined("all", [*kept.get("all", [kept]), *found])
    return (found[0] if found else {}), wrong


def _typed_rows(
    about: Subject, sent: MultiDict[str, str], number: int, removed: str, wrong: list[Refusal]
) -> list[Leaf]:
    rows = range(min(sent.get(f"g{number}", 0, type=int), ROWS_MOST))
    found = [
        _leaf(about, sent, f"g{number}r{place}", wrong) for place in rows if removed != f"{number}.{place}"
    ]
    return [leaf for leaf in found if leaf is not None]


def _joined(match: str, some: Sequence[Leaf]) -> list[dict[str, Any]]:
    """A group in as few words as it takes."""
    if not some:
        return []
    if match == "none":
        return [{"not": {"any": list(some)}}]
    return [dict(some[0])] if len(some) == 1 else [{"any" if match == "any" else "all": list(some)}]


def _fresh(about: Subject) -> dict[str, Any]:
    return {"field": next(iter(about.fields)), "op": "filled"}


def _leaf(
    about: Subject, sent: MultiDict[str, str], name: str, wrong: list[Refusal]
) -> dict[str, Any] | None:
    field = about.fields.get(sent.get(f"{name}f", ""))
    if field is None:
        return None
    known = OPERATORS[field.type]
    operator = known.get(sent.get(f"{name}o", "")) or known["filled"]
    leaf: dict[str, Any] = {"field": field.key, "op": operator.key}
    if operator.takes == "none":
        return leaf
    values = [value for value in sent.getlist(f"{name}v") if value]
    first = sent.get(f"{name}d") or (values[0] if values else _first(field, operator.takes))
    leaf["value"] = (values or [_first(field, operator.takes)]) if operator.takes == "many" else first
    try:
        rules.check(about, leaf)
    except rules.WrongValue as refusal:
        wrong.append(refusal)
        begin = _first(field, operator.takes)
        leaf["value"] = [begin] if operator.takes == "many" else begin
    return leaf


def _first(field: Field, takes: str) -> str:
    """A value to begin with, so that a new rule can be read at once."""
    if takes == "days":
        return "30"
    if field.is_number:
        return "0"
    offered = options(field)
    return offered[0][0] if offered else "…"
