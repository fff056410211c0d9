"""A designer compares two versions and takes the running cases over: planned, tried, carried out, taken back."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from engine.db import connect, sessions
from engine.people import Person
from engine.process import definitions, instances, migrating
from engine.process.definitions import Definition
from tests.conftest import MONDAY
from tests.engine.process.kit import diagram, end, start, task, way
from tests.web.conftest import Visitor

Browser = Callable[[Person], Visitor]
HERE = "/processes/order"


def order(*steps: str) -> list[object]:
    return [diagram("order", start(), *(task(each) for each in steps), end(), way("begin", *steps, "done"))]


@pytest.fixture
def factory(engine_url: str) -> Iterator[sessionmaker[Session]]:
    """What the clock works with."""
    engine = connect(engine_url)
    yield sessions(engine)
    engine.dispose()


@pytest.fixture
def versions(session: Session, dorota: Person, anna: Person) -> list[Definition]:
    """Two versions, the second without its first step; three cases run on the first, one of them ahead."""
    found = [_deploy(session, order("ask", "pack"), dorota), _deploy(session, order("weigh", "pack"), dorota)]
    cases = [instances.start(session, found[0], by=anna, now=MONDAY) for _ in range(3)]
    from engine.process import tasks

    (ahead,) = tasks.open_of(session, cases[2].id)
    instances.complete(session, ahead, {}, by=None, now=MONDAY)
    session.commit()
    return found


def _deploy(session: Session, files: list[object], by: Person) -> Definition:
    found = definitions.deploy(session, files, accepted="all", by=by, now=MONDAY)  # type: ignore[arg-type]
    session.commit()
    return found


def words(answer: object) -> str:
    page = answer.get_data(as_text=True)  # type: ignore[attr-defined]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("<main")[2]))


def test_two_versions_are_compared_by_element(
    as_: Browser, versions: list[Definition], clara: Person
) -> None:
    page = words(as_(clara).get(f"{HERE}/differences"))

    assert "Version 1 and version 2" in page
    assert re.search(r"\+ New 3 weigh user task", page), page
    assert re.search(r"− Gone 3 ask user task", page)


def test_the_older_drawing_can_be_looked_at(as_: Browser, versions: list[Definition], clara: Person) -> None:
    page = as_(clara).get(f"{HERE}/differences?side=old&from=1&to=2").get_data(as_text=True)

    assert f"/processes/versions/{versions[0].id}/drawings/order.bpmn" in page


def test_a_process_of_one_version_has_nothing_to_compare(
    as_: Browser, session: Session, dorota: Person
) -> None:
    _deploy(session, order("ask"), dorota)

    assert as_(dorota).get(f"{HERE}/differences").status_code == 404
    assert as_(dorota).get(f"{HERE}/migration").status_code == 404


def test_cases_are_taken_over_by_a_plan_that_was_tried(
    as_: Browser, versions: list[Definition], dorota: Person, factory: sessionmaker[Session]
) -> None:
    client = as_(dorota)
    page = words(client.get(f"{HERE}/migration?from=1&to=2"))
    assert "3 cases run on version 1." in page
    assert re.search(r"Steps that are gone .* ask 2 cases", page), page

    made = client.send(f"{HERE}/migration?from=1&to=2", {"reason": "scales", "step:order/ask": "weigh"})
    assert made.status_code == 303
    assert "It is being tried on every case" in words(client.get(made.location))
    migrating.work(factory, now=MONDAY)
    assert "Take 3 cases over" in words(client.get(made.location))

    begun = client.send(f"{made.location}/start")
    assert begun.status_code == 303
    while migrating.work(factory, now=MONDAY):
        pass
    page = words(client.get(made.location))
    assert re.search(r"Done .* taken over 3 .* Take 3 cases back", page), page

    case = words(client.get("/processes/instances/1"))
    assert re.search(r"took the case over to another version .*scales", case), case

    client.send(f"{made.location}/revert")
    while migrating.work(factory, now=MONDAY):
        pass
    assert re.search(r"Taken back .* taken back 3 ", words(client.get(made.location)))


def test_the_page_says_why_cases_stay(
    as_: Browser, versions: list[Definition], dorota: Person, factory: sessionmaker[Session]
) -> None:
    client = as_(dorota)
    made = client.send(f"{HERE}/migration?from=1&to=2", {"reason": "scales", "step:order/ask": ""})
    migrating.work(factory, now=MONDAY)

    english, polish = words(client.get(made.location)), words(client.get(f"{made.location}?lang=pl"))

    assert "“ask” is not in the new version: say at which step the cases that stand there go on." in english
    assert "„ask” nie ma w nowej wersji" in polish
    assert re.search(r"fit 1 .*stay, with a reason 2 .*Why cases stay .* 2 cases", english) or re.search(
        r"2 stay, with a reason", english
    ), english


def test_work_in_progress_is_shown_as_a_part_of_the_page(
    as_: Browser, versions: list[Definition], dorota: Person
) -> None:
    client = as_(dorota)
    made = client.send(f"{HERE}/migration?from=1&to=2", {"reason": "scales"})

    part = client.get(made.location, headers={"HX-Request": "true"}).get_data(as_text=True)

    assert part.lstrip().startswith('<div id="migration" hx-get=')
    assert "<html" not in part


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"reason": ""}, "Say why, at most 500 signs"),
        ({"reason": "x" * 501}, "Say why, at most 500 signs"),
        ({"reason": "why", "step:order/ask": "nowhere"}, "“nowhere” is not a step of version 2."),
        ({"reason": "why", "step:order/nowhere": "pack"}, "“nowhere” is not a step of version 1."),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_where_it_was_written(
    as_: Browser, versions: list[Definition], dorota: Person, form: dict[str, str], said: str
) -> None:
    answer = as_(dorota).send(f"{HERE}/migration?from=1&to=2", form)

    assert answer.status_code == 422
    assert said in words(answer)


def test_only_designers_take_cases_over(
    as_: Browser, app: Flask, versions: list[Definition], clara: Person, anna: Person
) -> None:
    assert as_(clara).get(f"{HERE}/migration").status_code == 403
    assert as_(clara).send(f"{HERE}/migration", {"reason": "x"}).status_code == 403
    assert as_(anna).get(f"{HERE}/differences").status_code == 403
    assert as_(clara).get("/processes/migrations/1").status_code == 404
