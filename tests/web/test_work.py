"""My work through the web: claiming, releasing, handing over, drafts, completing, and everything that is refused."""

import re
from collections.abc import Callable
from datetime import timedelta
from time import process_time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, func, insert, select
from sqlalchemy.orm import Session

from engine.history import Event
from engine.people import Person
from engine.process import definitions, doctor, instances, tasks
from engine.process.instances import Instance
from engine.process.tasks import NO_DUE, Draft, UserTask
from engine.sales.deals import Deal
from tests.bench.diagrams import SHORT
from tests.conftest import MONDAY, _person
from tests.web.conftest import Clock, Visitor
from tests.web.working import PRICED, Watched, asked, task_of, watched
from webapp.database import db

As = Callable[[Person], Visitor]


@pytest.fixture
def task(session: Session, anna: Person, borys: Person) -> UserTask:
    """Anna asked Legal for a price; Borys may take it."""
    made = asked(session, anna)
    session.commit()
    return made


@pytest.fixture
def julia(session: Session, departments: dict[str, Any]) -> Person:
    """Julia works for Borys."""
    return _person(session, "Julia Orzeł", "employee", in_=departments["legal"])


def text(page: Any) -> str:
    """A page without its tags, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.get_data(as_text=True)).split())


def facts(session: Session, kind: str) -> int:
    """How many facts of a kind there are."""
    return session.scalar(select(func.count()).select_from(Event).where(Event.kind == kind)) or 0


def untouched(session: Session, task: UserTask) -> tuple[Any, ...]:
    """What must be the same after a refusal."""
    instance = session.get_one(Instance, task.instance_id)
    deal = session.scalars(select(Deal)).one()
    return (
        instance.version,
        instance.seq,
        bytes(instance.state),
        task.closed_at,
        task.assignee_id,
        deal.amount,
    )


# ------------------------------------------------------------------------------------------------ lists


def test_the_queue_shows_what_my_department_may_take_and_mine_what_i_took(
    as_: As, session: Session, task: UserTask, borys: Person, anna: Person
) -> None:
    assert "Price the variant" in text(as_(borys).get("/work/?list=queue"))
    assert "Nothing waits for you" in text(as_(borys).get("/work/"))

    as_(borys).send(f"/work/tasks/{task.id}/claim")

    assert "Price the variant Stocznia Mewa · Suwnica" in text(as_(borys).get("/work/"))
    assert "Nothing waits in your queues" in text(as_(borys).get("/work/?list=queue"))
    assert "Price the variant" not in text(as_(anna).get("/work/?list=queue"))


def test_an_unknown_list_is_not_found(as_: As, anna: Person) -> None:
    assert as_(anna).get("/work/?list=everything").status_code == 404


def test_the_next_task_is_the_most_urgent_of_mine_before_the_queue(
    as_: As, session: Session, task: UserTask, anna: Person, borys: Person
) -> None:
    later = asked(session, anna, firm="Młyn Zalesie")
    assert as_(borys).get("/work/next").location == f"/work/tasks/{task.id}"

    as_(borys).send(f"/work/tasks/{later.id}/claim")

    assert as_(borys).get("/work/next").location == f"/work/tasks/{later.id}"
    assert as_(borys).get(f"/work/next?after={later.id}").location == f"/work/tasks/{task.id}"
    assert "Nothing is left for you" in text(as_(anna).get("/work/next", follow_redirects=True))


def test_a_late_task_stands_first_under_its_own_heading(
    as_: As, task: UserTask, borys: Person, clock: Clock
) -> None:
    clock.at = MONDAY + NO_DUE

    page = text(as_(borys).get("/work/?list=queue"))

    assert "Late · 1" in page
    assert "Broken" in page


def test_a_task_page_shows_why_the_deal_the_promise_and_the_drawing(
    as_: As, task: UserTask, borys: Person
) -> None:
    page = as_(borys).get(f"/work/tasks/{task.id}")

    words = text(page)
    assert "Without a price the offer does not leave." in words
    assert "1 of 2, Solution" in words
    assert "PLN 1,000" in words
    assert "Anna Wilk: started the process" in words
    assert re.search(r'marks=\'{"done": \["asked"\], "now": \["price"\]}\'', page.get_data(as_text=True))
    drawing = as_(borys).get(f"/work/tasks/{task.id}/diagram")
    assert drawing.mimetype == "application/xml"
    assert b"bpmndi:BPMNShape" in drawing.data


def test_a_field_bound_to_the_deal_shows_what_the_deal_says_until_a_draft_says_otherwise(
    as_: As, task: UserTask, borys: Person
) -> None:
    path = f"/work/tasks/{task.id}"
    assert 'value="1\N{NO-BREAK SPACE}000"' in as_(borys).get(path).get_data(as_text=True)

    as_(borys).send(f"{path}/draft", {"amount": ""})

    assert 'value="1\N{NO-BREAK SPACE}000"' not in as_(borys).get(path).get_data(as_text=True)


def test_a_completed_task_is_kept_under_done_with_its_answers(as_: As, task: UserTask, borys: Person) -> None:
    as_(borys).send(f"/work/tasks/{task.id}/completion", PRICED)

    assert "Today · 1" in text(as_(borys).get("/work/?list=done"))
    page = text(as_(borys).get(f"/work/tasks/{task.id}"))
    assert "Scope of the price Licence and roll-out" in page
    assert "1,240,000 zł" in page
    assert "Completed: Borys Jawor" in page
    assert "Complete the task" not in page


# ------------------------------------------------------------------------------------------------ taking and giving


def test_claiming_releasing_and_handing_over_pass_the_task_on(
    as_: As, session: Session, task: UserTask, borys: Person, julia: Person
) -> None:
    as_(borys).send(f"/work/tasks/{task.id}/claim")
    claimed = task.assignee_id

    released = as_(borys).send(f"/work/tasks/{task.id}/release", follow_redirects=True)
    assert [task.assignee_id] == [None]
    assert "The task is back in its queue. Undo" in text(released)

    handed = as_(borys).send(f"/work/tasks/{task.id}/hand-over", {"to": str(julia.id)}, follow_redirects=True)
    assert task.assignee_id == julia.id
    assert "Handed over to Julia Orzeł" in text(handed)
    assert claimed == borys.id
    assert [facts(session, kind) for kind in ("claimed", "released", "handed_over")] == [1, 1, 1]


def test_a_task_somebody_took_first_is_refused_with_their_name(
    as_: As, task: UserTask, borys: Person, julia: Person
) -> None:
    as_(borys).send(f"/work/tasks/{task.id}/claim")

    late = as_(julia).send(f"/work/tasks/{task.id}/claim")

    assert late.status_code == 409
    assert "Borys Jawor has taken this task." in text(late)
    assert task.assignee_id == borys.id


def test_a_task_cannot_be_handed_to_another_department(
    as_: As, task: UserTask, anna: Person, borys: Person
) -> None:
    refused = as_(borys).send(f"/work/tasks/{task.id}/hand-over", {"to": str(anna.id)})

    assert refused.status_code == 400
    assert "Anna Wilk cannot take this task" in text(refused)
    assert as_(borys).send(f"/work/tasks/{task.id}/hand-over", {"to": "999"}).status_code == 404
    assert task.assignee_id is None


def test_only_those_who_could_take_a_task_are_offered_for_it(
    as_: As, task: UserTask, borys: Person, julia: Person, anna: Person
) -> None:
    page = as_(borys).get(f"/work/tasks/{task.id}").get_data(as_text=True)

    offered = re.findall(r'<option value="\d+">([^<]+)', page.split('id="hand-to"')[1])
    assert offered == ["Julia Orzeł"]


# ------------------------------------------------------------------------------------------------ completing


def test_completing_moves_the_case_on_and_opens_the_next_task(
    as_: As, session: Session, task: UserTask, borys: Person, anna: Person
) -> None:
    done = as_(borys).send(f"/work/tasks/{task.id}/completion", {**PRICED, "key": "k1"})

    assert (done.status_code, done.location) == (303, "/work/next")
    assert [task.completed_by_id, session.scalars(select(Deal.amount)).one()] == [borys.id, 1240000]
    following = task_of(session, task.instance_id)
    assert as_(anna).get("/work/next").location == f"/work/tasks/{following.id}"

    as_(anna).send(f"/work/tasks/{following.id}/completion", {"good_enough": "yes"})
    assert session.get_one(Instance, task.instance_id).outcome == "won"


def test_an_invalid_field_is_named_and_nothing_changes(
    as_: As, session: Session, task: UserTask, borys: Person
) -> None:
    before = untouched(session, task)

    page = as_(borys).send(
        f"/work/tasks/{task.id}/completion", {"scope": "moon", "amount": "many", "margin": ""}
    )

    html = page.get_data(as_text=True)
    assert page.status_code == 422
    assert re.search(r'id="scope-wrong"', html)
    assert re.search(r'id="amount-wrong"', html)
    assert 'value="many"' in html
    assert 'aria-invalid="true"' in html
    assert untouched(session, task) == before
    assert facts(session, "completed") == 0


@pytest.mark.parametrize(
    ("fields", "named"),
    [({"amount": ""}, "amount"), ({"assumptions": "a" * 2001}, "assumptions"), ({"margin": "140"}, "margin")],
    ids=["missing", "too long", "out of bounds"],
)
def test_each_wrong_value_is_refused_at_its_field(
    as_: As, session: Session, task: UserTask, borys: Person, fields: dict[str, str], named: str
) -> None:
    before = untouched(session, task)

    page = as_(borys).send(f"/work/tasks/{task.id}/completion", {**PRICED, **fields})

    assert page.status_code == 422
    assert f'id="{named}-wrong"' in page.get_data(as_text=True)
    assert untouched(session, task) == before


def test_a_field_the_form_does_not_ask_is_refused(
    as_: As, session: Session, task: UserTask, borys: Person
) -> None:
    before = untouched(session, task)

    page = as_(borys).send(f"/work/tasks/{task.id}/completion", {**PRICED, "is_admin": "yes"})

    assert page.status_code == 422
    assert untouched(session, task) == before


def test_a_question_that_an_answer_brings_up_is_asked_before_the_task_completes(
    as_: As, session: Session, task: UserTask, borys: Person
) -> None:
    first = as_(borys).get(f"/work/tasks/{task.id}").get_data(as_text=True)
    assert 'name="why_low"' not in first

    again = as_(borys).send(f"/work/tasks/{task.id}/completion", {**PRICED, "margin": "12"})
    html = again.get_data(as_text=True)
    assert again.status_code == 422
    assert 'name="why_low"' in html
    assert "Your answers bring up this question, too." in text(again)
    assert task.closed_at is None

    filled = {**PRICED, "margin": "12", "why_low": "A first order"}
    assert as_(borys).send(f"/work/tasks/{task.id}/completion", filled).status_code == 303
    assert task.closed_at == MONDAY


def test_with_script_the_page_asks_what_the_form_looks_like_now_and_nothing_is_sent(
    as_: As, session: Session, task: UserTask, borys: Person
) -> None:
    before = untouched(session, task)

    page = as_(borys).send(
        f"/work/tasks/{task.id}/completion", {**PRICED, "margin": "12"}, headers={"X-Fields": "1"}
    )

    assert page.status_code == 200
    assert 'name="why_low"' in page.get_data(as_text=True)
    assert "aria-invalid" not in page.get_data(as_text=True)
    assert untouched(session, task) == before


def test_a_task_completed_twice_is_refused_kindly_and_nothing_changes(
    as_: As, session: Session, task: UserTask, borys: Person, julia: Person
) -> None:
    as_(borys).send(f"/work/tasks/{task.id}/completion", PRICED)
    before = untouched(session, task)

    stale = as_(julia).send(f"/work/tasks/{task.id}/completion", {**PRICED, "amount": "1"})

    assert stale.status_code == 409
    assert "This task is no longer open" in text(stale)
    assert untouched(session, task) == before
    assert facts(session, "completed") == 1


def test_somebody_elses_task_is_not_found_or_not_allowed(
    as_: As, session: Session, task: UserTask, anna: Person, borys: Person, julia: Person
) -> None:
    as_(borys).send(f"/work/tasks/{task.id}/claim")
    before = untouched(session, task)
    outside = _person(session, "Marek Daleki", "employee")

    for path in ("claim", "release", "draft", "completion"):
        assert as_(outside).send(f"/work/tasks/{task.id}/{path}", PRICED).status_code == 404
        assert as_(anna).send(f"/work/tasks/{task.id}/{path}", PRICED).status_code in {403, 409}
    assert as_(outside).get(f"/work/tasks/{task.id}").status_code == 404
    assert as_(julia).send(f"/work/tasks/{task.id}/completion", PRICED).status_code == 403
    assert untouched(session, task) == before


def test_who_sees_a_case_reads_its_task_but_gets_no_form(
    as_: As, task: UserTask, anna: Person, borys: Person
) -> None:
    as_(borys).send(f"/work/tasks/{task.id}/claim")

    page = as_(anna).get(f"/work/tasks/{task.id}")

    assert "Borys Jawor has this task" in text(page)
    assert 'id="task-form"' not in page.get_data(as_text=True)


def test_the_same_form_sent_twice_acts_once(as_: As, session: Session, task: UserTask, borys: Person) -> None:
    sent = {**PRICED, "key": "the same press"}
    as_(borys).send(f"/work/tasks/{task.id}/completion", sent)
    before = untouched(session, task)

    twice = as_(borys).send(f"/work/tasks/{task.id}/completion", sent)

    assert twice.status_code == 303
    assert untouched(session, task) == before
    assert facts(session, "completed") == 1


def test_a_key_of_mine_is_not_a_key_of_yours(
    as_: As, session: Session, task: UserTask, anna: Person, borys: Person
) -> None:
    other = asked(session, anna, firm="Młyn Zalesie")
    as_(borys).send(f"/work/tasks/{task.id}/completion", {**PRICED, "key": "1"})
    following = task_of(session, task.instance_id)

    as_(anna).send(f"/work/tasks/{following.id}/completion", {"good_enough": "yes", "key": "1"})

    assert following.completed_by_id == anna.id
    assert other.closed_at is None


# ------------------------------------------------------------------------------------------------ drafts


def test_a_draft_is_kept_as_typed_and_restored(
    as_: As, session: Session, task: UserTask, borys: Person
) -> None:
    typed = {
        "scope": "licence",
        "amount": "12 tys",
        "assumptions": "Dwa\nmagazyny",
        "key": "k",
        "foreign": "x",
    }

    kept = as_(borys).send(f"/work/tasks/{task.id}/draft", typed, headers={"X-Draft": "1"})

    assert kept.status_code == 200
    assert text(kept) == "Draft saved at 10:00"
    page = as_(borys).get(f"/work/tasks/{task.id}").get_data(as_text=True)
    assert 'value="12 tys"' in page
    assert "Dwa\nmagazyny</textarea>" in page
    assert re.search(r'value="licence" checked', page)
    assert "foreign" not in page
    assert session.scalars(select(Draft)).one().person_id == borys.id


def test_a_draft_is_its_writers_and_goes_when_the_task_completes(
    as_: As, session: Session, task: UserTask, borys: Person, julia: Person
) -> None:
    as_(borys).send(f"/work/tasks/{task.id}/draft", {"amount": "777"})

    assert 'value="777"' not in as_(julia).get(f"/work/tasks/{task.id}").get_data(as_text=True)
    as_(borys).send(f"/work/tasks/{task.id}/completion", PRICED)
    tasks.sweep_drafts(session)
    assert session.scalars(select(Draft)).all() == []


def test_a_draft_brings_back_the_questions_its_answers_ask(as_: As, task: UserTask, borys: Person) -> None:
    as_(borys).send(f"/work/tasks/{task.id}/draft", {"margin": "12", "why_low": "Because"})

    assert "Because</textarea>" in as_(borys).get(f"/work/tasks/{task.id}").get_data(as_text=True)


# ------------------------------------------------------------------------------------------------ what it costs


@pytest.fixture
def web_engine(app: Flask) -> Engine:
    """The database as the application sees it."""
    with app.app_context():
        return db.engine


def test_completing_a_plain_task_takes_at_most_twenty_two_statements_and_one_commit(
    as_: As, web_engine: Engine, session: Session, borys: Person
) -> None:
    definition = definitions.deploy(
        session, [doctor.File("short.bpmn", SHORT.encode())], accepted="all", by=None, now=MONDAY
    )
    instance = instances.start(session, definition, {}, by=borys, now=MONDAY)
    task = task_of(session, instance.id)
    task.assignee_id = borys.id

    seen = _completed(as_(borys), web_engine, task, {})

    assert seen.commits == 1, str(seen)
    assert len(seen.statements) <= 22, str(seen)


def test_completing_a_hand_off_that_moves_its_deal_takes_at_most_thirty_statements_and_one_commit(
    as_: As, web_engine: Engine, session: Session, task: UserTask, borys: Person
) -> None:
    seen = _completed(as_(borys), web_engine, task, PRICED)

    assert seen.commits == 1, str(seen)
    locks = web_engine.dialect.name == "postgresql"  # whoever adds to roll-ups waits while they are made anew
    assert len(seen.statements) <= 30 + locks, str(seen)


def _completed(browser: Visitor, engine: Engine, task: UserTask, answers: dict[str, str]) -> Watched:
    """What completing costs; the definition has been read before and the log-in was just seen."""
    page = browser.get(f"/work/tasks/{task.id}").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    sent = {**answers, "key": "k", "csrf_token": token[1]}
    with watched(engine) as seen:
        done = browser.post(f"/work/tasks/{task.id}/completion", data=sent)
    assert done.status_code == 303
    assert task.closed_at == MONDAY
    return seen


def test_lists_of_open_tasks_are_read_from_the_urgent_end_of_an_index(
    as_: As, web_engine: Engine, task: UserTask, borys: Person
) -> None:
    if web_engine.dialect.name != "sqlite":
        pytest.skip("reads SQLite's query plans; the next test times both databases")
    with watched(web_engine) as seen:
        as_(borys).get("/work/?list=queue")
        as_(borys).get("/work/?list=mine")
    lists = [each for each in seen.statements if "user_tasks.form" in each]
    counts = [each for each in seen.statements if "count(*)" in each]

    steps = [step for each in lists + counts for step in _plan(web_engine, each)]

    assert any("ix_user_tasks_queue (audience=?" in step for step in steps), steps
    assert any("ix_user_tasks_mine (assignee_id=?" in step for step in steps), steps
    assert not any("SCAN user_tasks" in step for step in steps), steps


def _plan(engine: Engine, statement: str) -> list[str]:
    with engine.connect() as connection:
        values = tuple("1" for _ in range(statement.count("?")))
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]


@pytest.mark.slow
def test_my_work_costs_the_same_with_a_hundred_thousand_open_tasks(
    as_: As, session: Session, task: UserTask, borys: Person
) -> None:
    browser = as_(borys)
    _more(session, task, 1_000)
    few = min(_took(browser) for _ in range(10))

    _more(session, task, 99_000)
    many = min(_took(browser) for _ in range(10))

    print(f"{few * 1000:.1f} ms with 1,000, {many * 1000:.1f} ms with 100,000: ratio {many / few:.2f}")
    assert many <= 1.5 * few + 0.005, f"{few * 1000:.1f} ms with 1,000, {many * 1000:.1f} ms with 100,000"


def _took(browser: Visitor) -> float:
    since = process_time()
    assert browser.get("/work/?list=queue").status_code == browser.get("/work/").status_code == 200
    return process_time() - since


def _more(session: Session, like: UserTask, count: int) -> None:
    """Open tasks of every kind: in this queue, in another, taken by this person and by others."""
    same = {
        column.key: getattr(like, column.key) for column in UserTask.__table__.columns if column.key != "id"
    }
    kinds: list[dict[str, Any]] = [
        {},
        {"audience": "department:sales"},
        {"assignee_id": session.scalar(select(Person.id).where(Person.name == "Borys Jawor"))},
        {"assignee_id": session.scalar(select(Person.id).where(Person.name == "Anna Wilk"))},
    ]
    rows = [
        {**same, **kinds[number % 4], "order_at": MONDAY + timedelta(minutes=number * 7919 % 100_000)}
        for number in range(count)
    ]
    session.execute(insert(UserTask), rows)
    session.commit()
