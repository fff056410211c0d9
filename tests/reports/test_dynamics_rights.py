"""Whoever looks, through whatever section, as of whatever day: the number is the list is what they may see."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.people import Department, Membership, Person, Role
from engine.sales.deals import Deal
from engine.sales.ladders import Move
from engine.sales.sections import Section, SectionShare
from reports import ladders, queries, reading
from reports.movements import GREEN, RED
from reports.queries import Cut
from tests.conftest import MONDAY
from tests.reports import company
from webapp.reporting.address import Asked, end_of

NOW = MONDAY + timedelta(days=3)
BIG = {"field": "amount", "op": "over", "value": "200000"}
MINE = {"field": "owner", "op": "is", "value": "@me"}
GONE = {"field": "status", "op": "is", "value": "lost"}


class World:
    """A company, who looks at it, and what each of them may see, counted by hand from the rows of the log."""

    def __init__(self, session: Session, viewers: dict[str, tuple[Person | None, set[int]]]) -> None:
        self.session, self.viewers = session, viewers
        self.ladder = ladders.find(session, "sales")
        self.deals = {f"deal:{deal.id}": deal for deal in session.scalars(select(Deal))}
        self.moves = session.scalars(select(Move).order_by(Move.item, Move.seq)).all()
        self.sections = {row.title: row for row in session.scalars(select(Section))}

    def seen(self, name: str, title: str | None, as_of: date | None) -> set[str]:
        """The items that this viewer may see in this section."""
        person, departments = self.viewers[name]
        return {
            item
            for item, deal in self.deals.items()
            if (person is None or deal.department_id in departments or deal.owner_id == person.id)
            and (title is None or self._chosen(title, item, person, as_of))
        }

    def _chosen(self, title: str, item: str, person: Person | None, as_of: date | None) -> bool:
        deal = self.deals[item]
        if title == "big":
            return (deal.amount or 0) > 200_000
        if title == "mine":
            return deal.owner_id == (person.id if person else self.sections[title].owner_id)
        known = [move for move in self.moves if move.item == item and _known(move, as_of)]
        return bool(known) and known[-1].kind == "lost" if as_of else deal.status == "lost"


def _known(move: Move, as_of: date | None) -> bool:
    return as_of is None or move.recorded_at <= end_of(as_of)


@pytest.fixture
def world(
    session: Session, departments: dict[str, Department], anna: Person, borys: Person, clara: Person
) -> World:
    sellers = [(anna, departments["sales"]), (anna, departments["sales"]), (borys, departments["legal"])]
    company.half_year(session, sellers, [departments["presales"], None], until=NOW, count=60)
    for deal in session.scalars(select(Deal)):
        last = session.scalars(select(Move).where(Move.item == f"deal:{deal.id}").order_by(Move.seq)).all()[
            -1
        ]
        deal.status = last.kind if last.kind in ("won", "lost", "suspended") else "open"
    for title, rules in (("big", BIG), ("mine", MINE), ("gone", GONE)):
        made = datetime(2026, 1, 1, tzinfo=UTC)
        session.add(
            Section(
                subject="deals", title=title, rules=rules, columns=["title"], owner_id=clara.id,
                created_at=made, changed_at=made,
            )
        )  # fmt: skip
    session.flush()
    for section in session.scalars(select(Section)).all():
        session.add(SectionShare(section_id=section.id, kind="everyone", who=""))
    boss = Person(email="z@firma.pl", name="Zofia Tur", created_at=NOW)
    boss.roles.append(Role(name="director"))
    boss.memberships.append(Membership(department_id=departments["board"].id))
    session.add(boss)
    session.commit()
    every = {each.id for each in departments.values()}
    sales, legal = {departments["sales"].id}, {departments["legal"].id}
    viewers: dict[str, tuple[Person | None, set[int]]] = {
        "anna": (anna, sales), "borys": (borys, legal), "clara": (clara, sales), "boss": (boss, every),
        "system": (None, every),
    }  # fmt: skip
    return World(session, viewers)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_number_is_the_list_is_what_the_viewer_may_see(world: World, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(world.viewers)))
    title = data.draw(st.sampled_from((None, "big", "mine", "gone")))
    as_of = data.draw(st.sampled_from((None, NOW.date() - timedelta(days=data.draw(st.integers(1, 120))))))
    ask = Asked(
        world.ladder,
        NOW,
        by=data.draw(st.sampled_from(("day", "week", "month"))),
        group=data.draw(st.sampled_from(("department", "team", "owner", "stage"))),
        as_of=as_of,
        section=world.sections[title].id if title else None,
    )
    scope = ask.scope(world.session, world.viewers[name][0])

    report = reading.movement(world.session, scope, ask.ladder, ask.window(), group=ask.group)
    seen = world.seen(name, title, as_of)

    def by_hand(kinds: tuple[str, ...]) -> int:
        return sum(
            move.item in seen
            and move.kind in kinds
            and move.day in report.current.period
            and _known(move, as_of)
            for move in world.moves
        )

    def listed(kinds: tuple[str, ...]) -> int:
        found = queries.listed(scope, Cut(report.current.period, kinds)).order_by(None).subquery()
        return world.session.scalar(select(func.count()).select_from(found)) or 0

    for kinds, total in (
        (GREEN, report.current.green),
        (RED, report.current.red),
        (("new",), report.current.new),
    ):
        assert total.n == by_hand(kinds) == listed(kinds)
    assert report.whole.is_balanced
    assert all(line.is_balanced for line in report.stages)
    assert sum(line.end.n for line in report.stages) == report.whole.end.n
    assert sum(unit.row.green.n for unit in report.units) == report.current.green.n


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(back=st.integers(1, 120), title=st.sampled_from((None, "big", "gone")))
def test_a_past_day_prints_what_was_printed_then(world: World, back: int, title: str | None) -> None:
    """What was recorded later is taken out of the database: the report of the day itself is the same."""
    day = NOW.date() - timedelta(days=back)
    section = world.sections[title].id if title else None
    session = world.session

    def printed() -> reading.Dynamics:
        ask = Asked(world.ladder, NOW, as_of=day, section=section)
        return reading.movement(session, ask.scope(session, None), ask.ladder, ask.window(), group="team")

    later = printed()
    for move in session.scalars(select(Move).where(Move.recorded_at > end_of(day)).order_by(Move.id.desc())):
        session.delete(move)
    for deal in session.scalars(select(Deal)):
        deal.status = "open"
    session.flush()
    then = printed()
    session.rollback()

    assert then == later
