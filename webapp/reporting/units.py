"""Departments, teams, people, stages, products or sections side by side: their names, their lists, a way into each."""

from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext, lazy_gettext, lazy_pgettext, pgettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Refusal
from engine.people import Person
from engine.sales import sections
from reports import narrowing, queries
from reports.movements import GREEN, RED
from reports.reading import Dynamics
from reports.units import Id, Parts, Unit
from webapp.reporting.address import NO_PRODUCT, Asked, changed, products
from webapp.reporting.words import Names

GROUPS = {
    "department": lazy_gettext("Departments"),
    "team": lazy_pgettext("report", "Teams"),
    "owner": lazy_gettext("People"),
    "stage": lazy_pgettext("report", "Stages"),
    "product": lazy_pgettext("report", "Products"),
    "section": lazy_pgettext("report", "Sections"),
}
HEADS = {
    "department": lazy_gettext("Department"),
    "team": lazy_pgettext("report", "Team"),
    "owner": lazy_pgettext("report", "Person"),
    "stage": lazy_pgettext("report", "Stage"),
    "product": lazy_pgettext("report", "Product"),
    "section": lazy_pgettext("report", "Section"),
}
MOST = 12
"""Sections side by side: each of them is counted on its own."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A unit as a row: ``into`` is the report about it alone, ``green`` and ``red`` the lists of its numbers."""

    unit: Unit
    title: str
    into: str
    green: str
    red: str


def groups(ask: Asked) -> list[tuple[str, Any]]:
    """What the report can be grouped by: products and sections belong to deals."""
    of_deals = ask.ladder.of != "case"
    return [(key, said) for key, said in GROUPS.items() if of_deals or key not in ("product", "section")]


def parts(session: Session, ask: Asked, viewer: Person | None) -> Parts | None:
    """The items of every product or section that is to stand side by side."""
    if ask.group == "product":
        every = [*products(session, ask, viewer), ""] if ask.product is None else [ask.product]
        return _items(session, [replace(ask, product=each) for each in every], "product", viewer)
    if ask.group == "section":
        usable = session.scalars(_sections(viewer).limit(MOST)).all()
        ids = [each.id for each in usable] if ask.section is None else [ask.section]
        return _items(session, [replace(ask, section=each) for each in ids], "section", viewer)
    return None


def _sections(viewer: Person | None) -> Any:
    if viewer is not None:
        return sections.usable(viewer, narrowing.ABOUT)
    every = select(sections.Section).where(sections.Section.subject == narrowing.ABOUT)
    return every.order_by(sections.Section.title, sections.Section.id)


def _items(session: Session, asks: list[Asked], name: str, viewer: Person | None) -> Parts:
    found: dict[Id, Any] = {}
    for ask in asks:
        try:
            found[getattr(ask, name)] = ask.items(session, viewer)
        except Refusal:  # a section that can no longer be read says so when it is opened
            continue
    return found


def titles(session: Session, viewer: Person | None) -> dict[int, str]:
    """What sections are called, by their numbers."""
    return {each.id: each.title for each in session.scalars(_sections(viewer))}


def shown(
    ask: Asked, report: Dynamics, names: Names, titles: dict[int, str], *, linked: bool = True
) -> list[Shown]:
    """The units as rows. ``titles`` are those of the sections; outside a page nothing leads into a unit."""
    return [_row(ask, report, unit, names, titles, linked=linked) for unit in report.units]


def _row(
    ask: Asked, report: Dynamics, unit: Unit, names: Names, titles: dict[int, str], *, linked: bool
) -> Shown:
    change, cut = _narrowed(report.group, unit)
    narrow, period = replace(ask, **change), report.current.period
    into = {"product": {"product": unit.id or NO_PRODUCT}}.get(report.group, change)
    return Shown(
        unit,
        _title(report.group, unit, names, titles),
        changed(**into, group=None if report.group == "department" else "team") if into and linked else "",
        narrow.listed(period, GREEN, **cut),
        narrow.listed(period, RED, **cut),
    )


def _narrowed(group: str, unit: Unit) -> tuple[dict[str, Any], dict[str, Any]]:
    """What changes in the report's own filter for a unit, else what cuts its lists."""
    if group in ("product", "section"):
        return {group: unit.id}, {}
    if group == "stage":
        return {}, {"left": unit.id or queries.NONE}
    if not unit.id:
        return {}, {"person" if group == "owner" else "unit": 0}
    return {"team" if unit.is_alone else group: unit.id}, {}


def _title(group: str, unit: Unit, names: Names, titles: dict[int, str]) -> str:
    id_ = unit.id
    if group == "stage":
        return names.stage(str(id_)) or str(gettext("Put aside"))
    if group == "product":
        return str(id_) or str(pgettext("report", "without a product"))
    if group == "section":
        return titles.get(int(id_), "")
    name = names.person(int(id_)) if group == "owner" else names.department(int(id_))
    return str(gettext("%(department)s alone", department=name)) if unit.is_alone else name
