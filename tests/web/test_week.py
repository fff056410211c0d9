"""A head's one look: what is asked of the department this week, what it waits for, and numbers that are true."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import absences
from engine.people import Department, Person
from engine.process.instances import Instance
from engine.sales.promises import Promise
from tests.conftest import MONDAY
from tests.web import sales_kit, week_kit
from tests.web.conftest import Clock, Visitor
from tests.web.working import watched
from webapp.database import db

As = Callable[[Person], Visitor]
Units = dict[str, Department]


def on(days: int, hour: int = 15) -> datetime:
    """An hour of a day of this week, counted from Monday."""
    return MONDAY.replace(hour=hour) + timedelta(days=days)


@pytest.fixture
def case(session: Session, clock: Clock, anna: Person, borys: Person, clara: Person) -> Instance:
    """It is Tuesday noon; a case without a promise of its own waits in Legal."""
    clock.at = MONDAY + timedelta(days=1, hours=2)
    found = week_kit.case(session, anna)
    for promise in session.scalars(select(Promise)):
        promise.closed_at, promise.outcome = MONDAY, "kept"
    session.commit()
    return found


def look(browser: Visitor, path: str = "/agreements/week/") -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return " ".join(answer.get_data(as_text=True).split())


def columns(shown: str) -> dict[str, dict[str, Any]]:
    """Each column: its number, and its groups with their number and their rows."""
    found = {}
    for name in ("asked", "awaited"):
        pane = shown.split(f'id="{name}"')[1].split("</section>")[0]
        total = re.search(r'class="end[^"]*">([^<]+)<', pane)
        groups = re.findall(r'<h3>(.*?) <span class="n">(\d+)</span></h3> <ul>(.*?)</ul>', pane)
        found[name] = {
            "total": total[1] if total else None,
            "groups": {
                title: (int(number), re.findall(r'class="what"[^>]*>([^<]+)<', rows))
                for title, number, rows in groups
            },
        }
    return found


def days(shown: str) -> list[tuple[str, str, str]]:
    strip = shown.split('class="days"')[1].split("</nav>")[0]
    cells = re.findall(r"<b>([^<(]+).*?from us <i>(.*?)</i>.*?for us <i>(.*?)</i>", strip)
    return [(name.strip(), ours, theirs) for name, ours, theirs in cells]


def fill(session: Session, case: Instance, units: Units) -> None:
    """A week of Legal's, seen from both sides."""
    legal, sales, pre = units["legal"], units["sales"], units["presales"]

    def make(title: str, provider: Department, consumer: Department, **more: Any) -> None:
        week_kit.promise(session, case, title, provider, consumer, **more)

    make("L-old", legal, sales, due=on(-4))
    make("L-noon", legal, sales, due=on(1, 10))
    make("D-fri", legal, pre, due=on(4))
    make("D-tue", legal, sales, due=on(1))
    make("D-sat", legal, sales, due=on(5))
    make("Later", legal, sales, due=on(7))
    make("Yes", legal, sales, state="requested", respond_by=on(1))
    make("Paused", legal, sales, state="paused")
    make("Given", legal, sales, state="delivered", due=on(2), delivered_at=on(0))
    make("Offer", pre, legal, state="countered", proposed_due_at=on(8))
    make("Back", pre, legal, state="returned")
    make("Here", pre, legal, state="delivered", due=on(2), delivered_at=on(0), accept_by=on(3))
    make("Owed", pre, legal, due=on(3))
    make("Foreign", pre, sales, due=on(3))
    session.commit()


def test_everything_stands_in_its_column_the_late_first(
    as_: As, session: Session, departments: Units, case: Instance, borys: Person
) -> None:
    fill(session, case, departments)

    found = columns(look(as_(borys)))

    assert list(found["asked"]["groups"].items()) == [
        ("Late with us", (2, ["L-old", "L-noon"])),
        ("Waiting for our yes or no", (2, ["Yes", "Offer"])),
        ("Returned to us: something is missing", (1, ["Back"])),
        ("Due this week", (3, ["D-tue", "D-fri", "D-sat"])),
    ]
    assert list(found["awaited"]["groups"].items()) == [
        ("Delivered: waiting for our acceptance", (1, ["Here"])),
        ("They owe it to us", (1, ["Owed"])),
        ("Waiting for the other side", (1, ["Given"])),
    ]
    assert (found["asked"]["total"], found["awaited"]["total"]) == ("8", "3")


def test_what_is_due_later_or_paused_is_only_counted(
    as_: As, session: Session, departments: Units, case: Instance, borys: Person
) -> None:
    fill(session, case, departments)

    shown = look(as_(borys))

    assert "1 is due later. 1 is paused." in shown
    assert ">Later<" not in shown
    assert ">Foreign<" not in shown


def test_each_day_counts_what_its_list_shows(
    as_: As, session: Session, departments: Units, case: Instance, borys: Person
) -> None:
    fill(session, case, departments)
    browser = as_(borys)

    shown = look(browser)

    assert days(shown) == [
        ("Before this week", "1", "·"),
        ("Monday 16", "·", "·"),
        ("Tuesday 17", "2", "·"),
        ("Wednesday 18", "·", "·"),
        ("Thursday 19", "·", "1"),
        ("Friday 20", "1", "·"),
        ("Saturday 21", "1", "·"),
    ]
    links = re.findall(r'href="(/agreements/week/\?day=[^"]+)"', shown)
    for link, (_, ours, theirs) in zip(links, days(shown), strict=True):
        found = columns(look(browser, link))
        for name, number in (("asked", ours), ("awaited", theirs)):
            listed = [row for _, rows in found[name]["groups"].values() for row in rows]
            assert len(listed) == (0 if number == "·" else int(number)), (link, name)
            assert found[name]["total"] == str(len(listed))


def test_agreements_on_the_table_stand_with_who_has_to_answer(
    as_: As, session: Session, departments: Units, case: Instance, borys: Person, clara: Person
) -> None:
    sales_kit.proposal(session, departments, clara)

    legal, sales = (columns(look(as_(who))) for who in (borys, clara))

    assert legal["asked"]["groups"] == {"Waiting for our yes or no": (1, ["Projekt umowy"])}
    assert sales["awaited"]["groups"] == {"Waiting for the other side": (1, ["Projekt umowy"])}
    assert legal["awaited"]["groups"] == sales["asked"]["groups"] == {}


def test_an_empty_week_says_so(as_: As, case: Instance, borys: Person) -> None:
    shown = look(as_(borys))

    assert "Nothing is asked of us this week." in shown
    assert "We wait for nobody." in shown


def test_the_week_is_the_first_tab_of_heads_and_of_nobody_else(
    as_: As, case: Instance, anna: Person, borys: Person
) -> None:
    shown = look(as_(borys), "/agreements/?tab=in_force")
    tabs = re.findall(r'<a href="([^"]+)"', shown.split('class="tabs"')[1].split("</nav>")[0])

    assert tabs[0] == "/agreements/week/"
    assert "/agreements/week/" not in look(as_(anna), "/agreements/?tab=in_force")


def test_who_may_not_see_a_promise_finds_neither_it_nor_its_number(
    as_: As, session: Session, departments: Units, case: Instance, borys: Person, dorota: Person, adam: Person
) -> None:
    fill(session, case, departments)
    borys.roles = []
    session.commit()

    assert as_(borys).get("/agreements/week/").status_code == 403
    assert as_(adam).get("/agreements/week/").status_code == 403
    assert as_(dorota).get("/agreements/week/").status_code == 404


def test_a_deputy_sees_the_week_of_the_absent_head_and_only_then(
    as_: As,
    session: Session,
    departments: Units,
    case: Instance,
    anna: Person,
    borys: Person,
    dorota: Person,
    clock: Clock,
) -> None:
    fill(session, case, departments)
    first, last = MONDAY.date(), MONDAY.date() + timedelta(days=1)
    absences.record(session, borys, dorota, first, last, by=borys, now=MONDAY)

    shown, heads = look(as_(dorota)), look(as_(borys))
    clock.at += timedelta(days=1)

    assert columns(shown) == columns(heads)
    assert columns(shown)["asked"]["total"] == "8"
    assert "You stand in for Borys Jawor until" in shown
    assert shown.count("· for Borys Jawor") >= 8
    assert "Borys Jawor until" not in heads
    assert "· for Borys Jawor" not in heads
    assert as_(dorota).get("/agreements/week/").status_code == 404


def test_what_of_ours_waits_in_a_task_of_others_leads_to_its_promise(
    as_: As, session: Session, departments: Units, case: Instance, anna: Person, borys: Person
) -> None:
    elsewhere = session.get_one(Instance, sales_kit.deal(session, anna).instance_id)
    sides = departments["presales"], departments["legal"]
    ours = week_kit.promise(session, case, "Ours", *sides, due=on(3))
    theirs = week_kit.promise(session, elsewhere, "Theirs", *sides, due=on(3))

    shown = look(as_(borys))

    assert f'<a class="what" href="/work/tasks/{ours.task_id}" title="Ours">Ours</a>' in shown
    assert f'<a class="what" href="/promises/{theirs.id}" title="Theirs">Theirs</a>' in shown
    assert as_(borys).get(f"/work/tasks/{theirs.task_id}").location == f"/promises/{theirs.id}"


def test_a_day_that_is_none_does_not_exist(as_: As, case: Instance, borys: Person) -> None:
    browser = as_(borys)

    assert browser.get("/agreements/week/?day=tomorrow").status_code == 404
    assert browser.get("/agreements/week/?day=2026-13-40").status_code == 404
    assert browser.get("/agreements/week/?day=").status_code == 200


def test_one_look_costs_the_same_however_much_is_asked(
    app: Flask, as_: As, session: Session, departments: Units, case: Instance, borys: Person
) -> None:
    browser = as_(borys)
    fill(session, case, departments)
    look(browser)
    with app.app_context():
        engine = db.engine
    with watched(engine) as few:
        look(browser)
    for n in range(60):
        sides = departments["legal"], departments["sales"]
        week_kit.promise(session, case, f"Many {n}", *sides, due=on(n % 5))

    with watched(engine) as many:
        look(browser)

    assert len(many.statements) == len(few.statements), str(many)
    assert len(many.statements) <= 20, str(many)
