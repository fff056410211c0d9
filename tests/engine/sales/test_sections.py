"""Saved sections: whose they are, who else uses them, who may change them, and that sharing shows nobody more."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import NotAllowed
from engine.history import Event
from engine.people import Department, Person
from engine.sales import rules, sections
from engine.sales.rules import UnknownField, UnknownOperator, Viewer
from engine.sales.sections import NoCircle, NoTitle, Section
from engine.sales.subjects import SUBJECTS
from tests.conftest import MONDAY
from tests.engine.sales.kit import sale

DEALS = SUBJECTS["deals"]
OPEN: dict[str, Any] = {"field": "status", "op": "is", "value": "open"}


@pytest.fixture
def section(session: Session, anna: Person) -> Section:
    """Anna's open deals."""
    return sections.save(session, DEALS, "  Open   ones ", OPEN, by=anna, now=MONDAY)


def titles(session: Session, person: Person) -> list[str]:
    """The sections somebody can use."""
    return [each.title for each in session.scalars(sections.usable(person, "deals"))]


def change(session: Session, section: Section, by: Person, **what: Any) -> None:
    """Change something of a section."""
    now_ = {"title": section.title, "rules": section.rules, "columns": section.columns, "sort": section.sort}
    sections.change(session, section, **{**now_, **what}, by=by, now=MONDAY)


def test_a_saved_section_is_its_makers_alone(
    session: Session, section: Section, anna: Person, borys: Person
) -> None:
    assert (section.title, section.columns) == ("Open ones", list(DEALS.columns))
    assert titles(session, anna) == ["Open ones"]
    assert titles(session, borys) == []
    assert not sections.may_edit(session, section, borys)


@pytest.mark.parametrize(
    ("kind", "who", "seen_by"),
    [
        ("everyone", "", {"Anna Wilk", "Borys Jawor", "Clara Zając"}),
        ("department", "legal", {"Anna Wilk", "Borys Jawor"}),
        ("role", "director", {"Anna Wilk", "Clara Zając"}),
    ],
)
def test_a_section_is_shared_with_a_circle(
    session: Session, section: Section, anna: Person, borys: Person, clara: Person, kind: str, who: str,
    seen_by: set[str],
) -> None:  # fmt: skip
    sections.share(session, section, kind, who, by=anna, now=MONDAY)
    session.flush()

    assert {each.name for each in (anna, borys, clara) if titles(session, each)} == seen_by
    assert not any(sections.may_edit(session, section, each) for each in (borys, clara))


def test_a_section_is_shared_with_one_person_and_taken_back(
    session: Session, section: Section, anna: Person, borys: Person, clara: Person
) -> None:
    sections.share(session, section, "person", str(borys.id), by=anna, now=MONDAY)
    session.flush()
    assert (titles(session, borys), titles(session, clara)) == (["Open ones"], [])

    sections.unshare(session, section, "person", str(borys.id), by=anna, now=MONDAY)
    session.flush()
    assert titles(session, borys) == []


def test_sharing_never_widens_what_somebody_sees(
    session: Session, section: Section, anna: Person, borys: Person, departments: dict[str, Department]
) -> None:
    sale(session, anna, title="Suwnica").department_id = departments["sales"].id
    sections.share(session, section, "everyone", may_edit=True, by=anna, now=MONDAY)
    session.flush()

    def found(who: Person) -> list[str]:
        return [
            deal.title
            for deal in session.scalars(rules.query(DEALS, section.rules, Viewer(session, who, MONDAY)))
        ]

    assert found(anna) == ["Suwnica"]
    assert found(borys) == []


def test_who_may_edit_changes_it_for_everybody_but_cannot_share_or_remove_it(
    session: Session, section: Section, anna: Person, borys: Person
) -> None:
    sections.share(session, section, "department", "legal", may_edit=True, by=anna, now=MONDAY)
    session.flush()

    change(session, section, borys, title="Open deals", sort="-amount")

    assert (section.title, section.sort) == ("Open deals", "-amount")
    with pytest.raises(NotAllowed):
        sections.share(session, section, "everyone", by=borys, now=MONDAY)
    with pytest.raises(NotAllowed):
        sections.unshare(session, section, "department", "legal", by=borys, now=MONDAY)
    with pytest.raises(NotAllowed):
        sections.remove(session, section, by=borys, now=MONDAY)


def test_who_only_uses_a_section_cannot_change_it(
    session: Session, section: Section, anna: Person, borys: Person
) -> None:
    sections.share(session, section, "everyone", by=anna, now=MONDAY)
    sections.share(session, section, "department", "sales", may_edit=True, by=anna, now=MONDAY)
    session.flush()

    with pytest.raises(NotAllowed):
        change(session, section, borys, title="Mine")
    assert section.title == "Open ones"


def test_sharing_again_changes_the_right(
    session: Session, section: Section, anna: Person, borys: Person
) -> None:
    sections.share(session, section, "everyone", may_edit=True, by=anna, now=MONDAY)
    session.flush()
    assert sections.may_edit(session, section, borys)

    sections.share(session, section, "everyone", may_edit=False, by=anna, now=MONDAY)
    session.flush()
    assert not sections.may_edit(session, section, borys)


def test_a_removed_section_takes_its_shares_along(session: Session, section: Section, anna: Person) -> None:
    sections.share(session, section, "everyone", by=anna, now=MONDAY)
    session.flush()

    sections.remove(session, section, by=anna, now=MONDAY)
    session.flush()

    assert session.scalars(select(sections.SectionShare)).all() == []
    assert titles(session, anna) == []


@pytest.mark.parametrize(
    ("what", "refusal"),
    [
        ({"title": "   "}, NoTitle),
        ({"title": "a" * 81}, NoTitle),
        ({"rules": {"field": "salary", "op": "is", "value": "1"}}, UnknownField),
        ({"rules": {"field": "amount", "op": "like", "value": "1"}}, UnknownOperator),
        ({"columns": ["title", "salary"]}, UnknownField),
        ({"sort": "salary"}, UnknownField),
    ],
)
def test_a_section_that_could_not_be_read_is_refused(
    session: Session, section: Section, anna: Person, what: dict[str, Any], refusal: type[Exception]
) -> None:
    given: dict[str, Any] = {"title": "New", "rules": {}, **what}

    with pytest.raises(refusal):
        sections.save(session, DEALS, **given, by=anna, now=MONDAY)
    with pytest.raises(refusal):
        change(session, section, anna, **what)
    assert titles(session, anna) == ["Open ones"]


@pytest.mark.parametrize(
    ("kind", "who"), [("department", "nowhere"), ("role", "king"), ("person", "999"), ("person", "x"), ("all", ""),
                      ("everyone", "x")]
)  # fmt: skip
def test_a_circle_that_does_not_exist_is_refused(
    session: Session, section: Section, anna: Person, kind: str, who: str
) -> None:
    with pytest.raises(NoCircle):
        sections.share(session, section, kind, who, by=anna, now=MONDAY)


def test_what_happens_to_a_section_is_told(session: Session, section: Section, anna: Person) -> None:
    change(session, section, anna, title="Ours")
    sections.share(session, section, "everyone", by=anna, now=MONDAY)
    sections.unshare(session, section, "everyone", by=anna, now=MONDAY)
    sections.remove(session, section, by=anna, now=MONDAY)
    session.flush()

    told = session.scalars(
        select(Event.kind).where(Event.subject == f"section:{section.id}").order_by(Event.id)
    )
    assert [each.removeprefix("section_") for each in told] == [
        "saved",
        "changed",
        "shared",
        "unshared",
        "removed",
    ]
