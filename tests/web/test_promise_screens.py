"""The conversation about a promise on screens: what each side is asked and may say, from the request to acceptance."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from engine.history import Event
from engine.people import Department, Person
from engine.process.tasks import Draft, UserTask
from engine.sales import conversation, negotiating
from engine.sales.agreements import Agreement
from engine.sales.promises import Promise
from tests.conftest import MONDAY, _person
from tests.engine.sales.hand_offs import DAY, HOUR, TERMS, at
from tests.web import working
from tests.web.conftest import Clock, Visitor
from tests.web.working import PRICED, watched
from webapp.database import db

As = Callable[[Person], Visitor]


def agree(
    session: Session, departments: dict[str, Department], clara: Person, borys: Person, **terms: Any
) -> Agreement:
    """Sales (Clara) and Legal (Borys) sign what a price is; a term given as None is left out."""
    said = {name: value for name, value in {**TERMS, **terms}.items() if value is not None}
    sides = {"provider": departments["legal"], "consumer": departments["sales"]}
    made = negotiating.draft(
        session, "Wycena", code="H6", terms=said, by=clara, now=MONDAY, title_en="A price", **sides
    )
    version = negotiating.propose(session, made, by=clara, now=MONDAY)
    negotiating.accept(session, version, by=borys, now=MONDAY)
    session.commit()
    return made


def ask(session: Session, anna: Person, monkeypatch: pytest.MonkeyPatch, title: str = "Suwnica") -> Promise:
    """Anna asks Legal for a price on Monday at 10."""
    monkeypatch.setattr(working, "BEFORE", MONDAY)
    task = working.asked(session, anna, title=title)
    session.commit()
    return session.scalars(select(Promise).where(Promise.task_id == task.id)).one()


@pytest.fixture
def agreement(
    session: Session, departments: dict[str, Department], clara: Person, borys: Person
) -> Agreement:
    """Sales accepts what Legal delivers."""
    return agree(session, departments, clara, borys)


@pytest.fixture
def promise(session: Session, agreement: Agreement, anna: Person, monkeypatch: pytest.MonkeyPatch) -> Promise:
    """What Anna asked of Legal."""
    return ask(session, anna, monkeypatch)


@pytest.fixture
def julia(session: Session, departments: dict[str, Department]) -> Person:
    """Julia works for Borys."""
    return _person(session, "Julia Orzeł", "employee", in_=departments["legal"])


@pytest.fixture
def zofia(session: Session, departments: dict[str, Department]) -> Person:
    """Zofia heads the board: both sides stand below her."""
    return _person(session, "Zofia Żubr", "director", "employee", in_=departments["board"], head=True)


def text(page: Any) -> str:
    """A page without its tags, in one line."""
    inline = re.sub(r"</?(?:time|b|a|q)\b[^>]*>", "", page.get_data(as_text=True))
    return " ".join(re.sub(r"<[^>]+>", " ", inline).replace("\xa0", " ").split())


def say(client: Visitor, promise: Promise, word: str, place: str = "task", **fields: Any) -> Any:
    """Press the button of a word, as somebody who looked at the promise just now."""
    sent = {"seen": promise.version, "from": place, **fields}
    return client.send(f"/promises/{promise.id}/{word}", sent)


def offered(page: Any) -> list[str]:
    """The words for which a page has a form, in its order."""
    return re.findall(r'action="/promises/\d+/(\w+)"', page.get_data(as_text=True))


def path(promise: Promise) -> str:
    """The page of its task."""
    return f"/work/tasks/{promise.task_id}"


# ------------------------------------------------------------------------------------------------ from request to acceptance


def test_a_request_is_promised_delivered_and_accepted(
    as_: As, session: Session, promise: Promise, anna: Person, borys: Person, clock: Clock
) -> None:
    legal, sales = as_(borys), as_(anna)
    page = legal.get(path(promise))
    assert "Asked of you: promise it, or say what is missing" in text(page)
    assert "due Thu 19 Nov 10:00, 3 work days left answer by today 14:00" in text(page)
    assert offered(page) == ["promise", "counter", "give_back", "decline"]

    clock.at += timedelta(minutes=20)
    answer = say(legal, promise, "promise")
    assert answer.location == path(promise)
    assert promise.state == "promised"

    legal.send(f"{path(promise)}/completion", {**PRICED, "promise-seen": promise.version})
    assert (promise.state, promise.turn) == ("delivered", "consumer")

    page = sales.get(path(promise))
    assert "Delivered: accept or reject" in text(sales.get("/work/"))
    assert "What was delivered" in text(page)
    assert "Net amount 1 240 000" in text(page).replace(",", " ")
    assert 'id="task-form"' not in page.get_data(as_text=True)
    assert offered(page) == ["accept", "reject"]

    assert say(sales, promise, "accept", key="1").location == "/work/next"
    assert promise.outcome == "kept"
    closed = text(legal.get(f"/promises/{promise.id}"))
    assert "Closed today 10:20: kept" in closed
    assert "Borys Jawor today 10:20 delivered" in closed


def test_a_request_that_is_not_ready_stands_in_the_work_of_who_asked_until_it_is_brought(
    as_: As, promise: Promise, anna: Person, borys: Person
) -> None:
    legal, sales = as_(borys), as_(anna)

    answer = say(legal, promise, "give_back", missing=["Zakres"], note="Brak ilości")

    assert answer.location == "/work/"
    assert "Returned: bring what is missing" in text(sales.get("/work/"))
    page = sales.get(path(promise))
    assert "Borys Jawor · Missing: Zakres Brak ilości" in text(page)
    assert "Zakres missing" in text(page)
    assert offered(page) == ["bring", "revoke"]
    say(sales, promise, "bring", note="Zakres jest w załączniku")
    assert (promise.state, promise.turn) == ("requested", "provider")
    assert "brought what was missing Zakres jest w załączniku" in text(legal.get(f"/promises/{promise.id}"))


def test_returning_needs_something_that_is_missing(as_: As, promise: Promise, borys: Person) -> None:
    answer = say(as_(borys), promise, "give_back", missing=[], note=" ")

    assert answer.status_code == 422
    assert "Say what is missing" in text(answer)
    assert '<details class="say" name="say" open>' in answer.get_data(as_text=True)
    assert promise.state == "requested"


def test_a_later_date_is_offered_and_the_other_side_agrees_or_keeps_the_agreed_one(
    as_: As, promise: Promise, anna: Person, borys: Person
) -> None:
    legal, sales = as_(borys), as_(anna)

    say(legal, promise, "counter", due_day="24.11.2026", due_time="12:00", reason="Urlopy")
    assert (promise.state, promise.proposed_due_at) == ("countered", at(24, 12))
    page = sales.get(path(promise))
    assert "Another date is proposed: agree, or keep the one agreed on" in text(page)
    assert "Agree to Tue 24 Nov 12:00" in text(page)
    assert offered(page) == ["consent", "refuse", "revoke"]
    say(sales, promise, "refuse", note="Klient czeka")
    assert (promise.state, promise.proposed_due_at) == ("requested", None)

    say(legal, promise, "counter", due_day="2026-11-24", due_time="12.00", reason="Urlopy")
    say(sales, promise, "consent")
    assert (promise.state, promise.due_at) == ("promised", at(24, 12))


def test_an_earlier_date_than_agreed_is_promised_at_once(as_: As, promise: Promise, borys: Person) -> None:
    say(as_(borys), promise, "counter", due_day="2026-11-18")

    assert (promise.state, promise.due_at) == ("promised", at(18, 16))


def test_either_side_asks_for_another_date_before_it_is_due(
    as_: As, session: Session, promise: Promise, anna: Person, borys: Person
) -> None:
    legal, sales = as_(borys), as_(anna)
    say(legal, promise, "promise")
    assert "renegotiate" in offered(sales.get(f"/promises/{promise.id}"))

    say(sales, promise, "renegotiate", "page", due_day="2026-11-18", reason="Klient prosi wcześniej")

    assert promise.turn == "provider"
    page = legal.get(path(promise))
    assert "Another date is asked for" in text(page)
    assert offered(page) == ["consent", "refuse"]
    assert ">Deliver<" in re.sub(r"<svg.*?</svg>", "", page.get_data(as_text=True))
    say(legal, promise, "consent")
    assert promise.due_at == at(18, 16)


def test_the_clock_is_paused_for_a_reason_the_agreement_allows(
    as_: As, promise: Promise, borys: Person, anna: Person
) -> None:
    legal = as_(borys)
    say(legal, promise, "promise")
    assert "pause" in offered(legal.get(path(promise)))

    refused = say(legal, promise, "pause", reason="Nie chce mi się")
    assert refused.status_code == 422
    assert "is no reason to pause under this agreement. Allowed: Czekamy na klienta." in text(refused)
    say(legal, promise, "pause", reason="Czekamy na klienta")

    page = legal.get(path(promise))
    assert "the clock stands since today 10:00: Czekamy na klienta" in text(page)
    assert "left when it goes on: 3 work days" in text(page)
    assert offered(page) == ["resume"]
    assert "Paused by Legal" in text(as_(anna).get(f"/promises/{promise.id}"))
    say(legal, promise, "resume")
    assert promise.state == "promised"


def test_what_is_rejected_comes_back_with_what_is_not_met_and_the_form_as_it_was(
    as_: As, session: Session, promise: Promise, anna: Person, borys: Person
) -> None:
    legal, sales = as_(borys), as_(anna)
    legal.send(f"{path(promise)}/claim")
    legal.send(f"{path(promise)}/draft", {**PRICED, "amount": "777"})
    legal.send(f"{path(promise)}/completion", {**PRICED, "promise-seen": promise.version})

    refused = say(sales, promise, "reject", missing=["Zgodny z ofertą"], reason="")
    assert refused.status_code == 422
    assert 'value="Zgodny z ofertą" checked' in refused.get_data(as_text=True)
    say(sales, promise, "reject", missing=["Zgodny z ofertą"], reason="Marża za niska")

    page = legal.get(path(promise))
    assert "Not accepted: correct it and deliver again" in text(page)
    assert "Not accepted: correct it" in text(legal.get("/work/"))
    assert "did not accept what was delivered. Not met: Zgodny z ofertą: Marża za niska" in text(page)
    assert 'value="777"' in page.get_data(as_text=True)
    assert session.get(Draft, (promise.task_id, borys.id)) is not None


def test_declining_asks_why_and_a_manager_above_both_sides_decides(
    as_: As, promise: Promise, borys: Person, zofia: Person, anna: Person
) -> None:
    legal = as_(borys)
    assert say(legal, promise, "decline", reason="").status_code == 422
    say(legal, promise, "decline", reason="Nie nasz rynek")
    assert "Declined: a manager decides" in text(as_(anna).get(f"/promises/{promise.id}"))

    above = as_(zofia)
    page = above.get(f"/promises/{promise.id}")
    assert offered(page) == ["decide"]
    assert say(above, promise, "decide", "page", reason="Ważny klient").status_code == 422
    say(
        above,
        promise,
        "decide",
        "page",
        decision="new_date",
        due_day="2026-11-20",
        due_time="12:00",
        reason="Ważny klient",
    )
    assert (promise.state, promise.due_at) == ("promised", at(20, 12))
    assert "decided on a new date: Fri 20 Nov 12:00 Ważny klient" in text(
        above.get(f"/promises/{promise.id}")
    )


def test_who_asked_takes_the_request_back_and_has_the_step(as_: As, promise: Promise, anna: Person) -> None:
    sales = as_(anna)

    say(sales, promise, "revoke", "page", reason="Klient zrezygnował")

    page = sales.get(path(promise))
    assert promise.state == "revoked"
    assert "Taken back: the step is yours again" in text(page)
    assert "Complete the task" in text(page)
    assert offered(page) == []


def test_only_the_head_of_who_asked_waives(
    as_: As, promise: Promise, anna: Person, clara: Person, borys: Person
) -> None:
    assert "waive" not in offered(as_(anna).get(f"/promises/{promise.id}"))
    assert say(as_(anna), promise, "waive", "page", reason="Zbędne").status_code == 403
    assert "waive" in offered(as_(clara).get(f"/promises/{promise.id}"))

    say(as_(clara), promise, "waive", "page", reason="Klient policzył sam")

    assert promise.state == "waived"
    assert "Complete the task" in text(as_(borys).get(path(promise)))


# ------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("day", "hour", "words"),
    [
        ("2026-11-13", "12:00", "This moment has passed. Choose a later one."),
        ("2026-11-21", "12:00", "The next work time begins Monday 23 November"),
        ("2026-11-20", "23:00", "Nobody works in"),
        ("2026-11-21", "", "Nobody works in"),
        ("", "", "Type a day and a time, for example 3.12.2026 and 14:00."),
        ("soon", "12:00", "Type a day and a time"),
        ("2026-11-20", "25:00", "Type a day and a time"),
        ("0001-01-01", "", "Type a day and a time"),
        ("9999-12-31", "", "Type a day and a time"),
    ],
)
def test_a_date_that_cannot_be_is_refused_at_its_field_and_what_was_typed_stays(
    as_: As, promise: Promise, borys: Person, day: str, hour: str, words: str
) -> None:
    answer = say(as_(borys), promise, "counter", due_day=day, due_time=hour, reason="Urlopy")

    assert answer.status_code == 422
    assert words in text(answer)
    assert 'aria-describedby="p-counter-due_at-wrong"' in answer.get_data(as_text=True)
    assert ">Urlopy</textarea>" in answer.get_data(as_text=True)
    assert promise.state == "requested"


def test_a_free_day_offers_the_next_day_of_work_and_a_button_takes_it(
    as_: As, promise: Promise, borys: Person
) -> None:
    legal = as_(borys)
    refused = say(legal, promise, "counter", due_day="2026-11-21", due_time="12:00", reason="Urlopy")
    assert "Take Mon 23 Nov 16:00" in text(refused)
    taken = re.search(r'name="take" value="([^"]+)"', refused.get_data(as_text=True))
    assert taken

    say(legal, promise, "counter", due_day="2026-11-21", due_time="12:00", reason="Urlopy", take=taken[1])

    assert promise.proposed_due_at == at(23, 16)


def test_a_full_week_names_the_next_free_day_and_a_button_proposes_it(
    as_: As,
    session: Session,
    departments: dict[str, Department],
    clara: Person,
    borys: Person,
    anna: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agree(session, departments, clara, borys, capacity_week=1)
    first, second = (ask(session, anna, monkeypatch, title) for title in ("Suwnica", "Żuraw"))
    legal = as_(borys)
    say(legal, first, "promise")

    refused = say(legal, second, "promise")

    assert refused.status_code == 422
    assert "1 a week are full: next free Monday 23 November 2026." in text(refused)
    assert "Take Mon 23 Nov 16:00" in text(refused)
    say(legal, second, "counter", take="2026-11-23T16:00", reason="Pełny tydzień")
    assert (second.state, second.proposed_due_at) == ("countered", at(23, 16))


def test_a_later_date_needs_a_reason(as_: As, promise: Promise, borys: Person) -> None:
    answer = say(as_(borys), promise, "counter", due_day="2026-11-24", due_time="12:00")

    assert answer.status_code == 422
    assert "Say why." in text(answer)
    assert 'value="2026-11-24"' in answer.get_data(as_text=True)


def test_who_answers_second_reads_who_was_first_and_what_is_possible_now(
    as_: As, promise: Promise, borys: Person, julia: Person
) -> None:
    seen = promise.version
    say(as_(borys), promise, "promise")

    answer = say(as_(julia), promise, "give_back", seen=seen, missing=["Zakres"], note="Brak rysunku")

    assert answer.status_code == 409
    assert "Somebody changed this while you were looking at it." in text(answer)
    assert "Borys Jawor, today 10:00: promised it for Thu 19 Nov 10:00." in text(answer)
    assert ">Brak rysunku</textarea>" in answer.get_data(as_text=True)
    assert "pause" in offered(answer)
    assert promise.state == "promised"


def test_a_delivery_that_was_overtaken_keeps_what_was_typed(
    as_: As, promise: Promise, borys: Person, julia: Person
) -> None:
    seen = promise.version
    say(as_(julia), promise, "promise")
    answer = as_(borys).send(f"{path(promise)}/completion", {**PRICED, "promise-seen": seen})
    assert answer.status_code == 409
    assert 'value="1240000"' in answer.get_data(as_text=True)

    say(as_(julia), promise, "give_back", missing=["Zakres"])
    answer = as_(borys).send(f"{path(promise)}/completion", {**PRICED, "promise-seen": seen})
    assert answer.status_code == 409
    assert "Waiting for Sales to bring what is missing" in text(answer)
    assert promise.state == "returned"


def test_a_word_out_of_turn_says_what_comes_first(as_: As, promise: Promise, anna: Person) -> None:
    answer = say(as_(anna), promise, "accept", "page")

    assert answer.status_code == 400
    assert "Nothing has been promised yet." in text(answer)
    assert offered(answer) == ["revoke"]


def test_a_word_needs_what_was_looked_at(as_: As, promise: Promise, borys: Person) -> None:
    answer = as_(borys).send(f"/promises/{promise.id}/promise", {})

    assert answer.status_code == 400
    assert promise.state == "requested"


def test_after_its_time_a_date_is_no_longer_negotiated(
    as_: As, promise: Promise, borys: Person, clara: Person, clock: Clock
) -> None:
    say(as_(borys), promise, "promise")
    clock.at += 4 * DAY
    legal = as_(borys)

    page = legal.get(path(promise))
    assert "Late: deliver it" in text(page)
    assert "was due yesterday 10:00, 1 work day late" in text(page)
    assert offered(page) == []
    answer = say(legal, promise, "renegotiate", due_day="2026-11-27", reason="Później")
    assert answer.status_code == 400
    assert "its date can no longer be negotiated" in text(answer)
    assert "waive" in offered(as_(clara).get(f"/promises/{promise.id}"))


# ------------------------------------------------------------------------------------------------ who may


def test_a_stranger_and_an_administrator_see_no_promise(
    as_: As, session: Session, promise: Promise, adam: Person, departments: dict[str, Department]
) -> None:
    stranger = _person(session, "Edmund Kos", "employee", in_=departments["presales"])
    for client in (as_(stranger), as_(adam)):
        assert client.get(f"/promises/{promise.id}").status_code == 404
        assert say(client, promise, "promise").status_code == 404
        assert client.get(path(promise)).status_code == 404
    assert promise.state == "requested"


def test_the_other_side_cannot_speak_for_the_provider(as_: As, promise: Promise, anna: Person) -> None:
    answer = say(as_(anna), promise, "promise", "page")

    assert answer.status_code == 403
    assert "to say." in text(answer)


def test_a_director_above_reads_everything_and_says_nothing(as_: As, promise: Promise, zofia: Person) -> None:
    page = as_(zofia).get(f"/promises/{promise.id}")

    assert page.status_code == 200
    assert offered(page) == []
    assert "Waiting for Legal to promise" in text(page)
    assert "Zakres" in text(page)


def test_while_another_date_is_offered_the_provider_may_still_deliver(
    as_: As, promise: Promise, borys: Person, anna: Person
) -> None:
    legal = as_(borys)
    say(legal, promise, "counter", due_day="2026-11-24", reason="Urlopy")

    page = legal.get(path(promise))
    assert "Waiting for Sales to agree to another date" in text(page)
    legal.send(f"{path(promise)}/completion", {**PRICED, "promise-seen": promise.version})

    assert (promise.state, promise.proposed_due_at) == ("delivered", None)
    assert legal.get(path(promise)).location == f"/promises/{promise.id}"


def test_what_went_to_the_other_side_is_seen_as_its_promise(
    as_: As, promise: Promise, borys: Person, julia: Person
) -> None:
    say(as_(borys), promise, "give_back", missing=["Zakres"])

    answer = as_(julia).get(path(promise))

    assert answer.location == f"/promises/{promise.id}"


@pytest.mark.parametrize("word", ["accept", "reject", "bring", "revoke", "consent", "waive", "decide"])
def test_the_provider_says_no_word_of_the_other_side(
    as_: As, session: Session, promise: Promise, borys: Person, word: str
) -> None:
    before = promise.version

    answer = say(as_(borys), promise, word, "page", reason="Tak", decision="waive")

    assert answer.status_code in {400, 403}
    assert promise.version == before
    assert not session.scalars(select(Event).where(Event.subject == f"promise:{promise.id}")).all()


# ------------------------------------------------------------------------------------------------ both languages


def test_every_state_reads_polish(
    as_: As,
    session: Session,
    agreement: Agreement,
    borys: Person,
    anna: Person,
    zofia: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    borys.locale = anna.locale = "pl"
    talk: Any = conversation
    said: dict[str, list[tuple[str, Person, dict[str, Any]]]] = {
        "Prośba do Ciebie": [],
        "Obiecano: oddaj w terminie": [("promise", borys, {})],
        "czekamy na uzupełnienie braków": [("give_back", borys, {"missing": ["Zakres"]})],
        "czekamy na zgodę na inny termin": [("counter", borys, {"due_at": at(24, 12), "reason": "Urlop"})],
        "Odmowa: decyduje przełożony": [("decline", borys, {"reason": "Nie"})],
        "czekamy na przyjęcie albo odrzucenie": [("deliver", borys, {"raw": _raw()})],
    }
    for number, (words, script) in enumerate(said.items()):
        promise = ask(session, anna, monkeypatch, f"Suwnica {number}")
        for verb, who, more in script:
            getattr(talk, verb)(session, promise, by=who, now=MONDAY + HOUR, **more)
        page = text(as_(borys).get(f"/promises/{promise.id}"))
        assert words in page
        assert not re.search(r"%\(|Waiting|Promise|due ", page)


def _raw() -> dict[str, list[str]]:
    return {name: [value] for name, value in PRICED.items()}


# ------------------------------------------------------------------------------------------------ lists


def test_lists_are_filtered_in_the_address_and_counts_are_what_they_list(
    as_: As,
    session: Session,
    agreement: Agreement,
    borys: Person,
    anna: Person,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept, late, waived = (ask(session, anna, monkeypatch, title) for title in ("A", "B", "C"))
    conversation.deliver(session, kept, _raw(), by=borys, now=MONDAY + HOUR)
    conversation.accept(session, kept, by=anna, now=MONDAY + HOUR)
    conversation.revoke(session, waived, "Zbędne", by=anna, now=MONDAY + HOUR)
    conversation.promise(session, late, by=borys, now=MONDAY + HOUR)
    session.commit()
    clock.at += 4 * DAY
    client = as_(borys)

    page = client.get("/agreements/promises")
    for state, found, count in (
        ("kept", kept, 1),
        ("broken", late, 1),
        ("out", waived, 1),
        ("pending", None, 0),
    ):
        listed = client.get(f"/agreements/promises?state={state}").get_data(as_text=True)
        rows = re.findall(r'class="what" href="/promises/(\d+)"', listed)
        assert rows == ([str(found.id)] if found else [])
        tab = re.search(rf'state={state}"[^>]*>[^<]*<span class="n">(\d+)', page.get_data(as_text=True))
        assert tab
        assert int(tab[1]) == count
    assert "3 promises" in text(page)
    assert "3 promises" in text(client.get("/agreements/promises?side=provider"))
    assert "0 promises" in text(client.get("/agreements/promises?side=consumer"))
    clock.at += 100 * DAY
    client = as_(borys)
    assert "0 promises" in text(client.get("/agreements/promises"))
    assert "3 promises" in text(client.get(f"/agreements/promises?period=all&agreement={agreement.id}"))


@pytest.mark.parametrize("query", ["state=x", "side=x", "period=x", "agreement=x", "agreement=77"])
def test_a_filter_that_does_not_exist_is_not_found(as_: As, anna: Person, query: str) -> None:
    assert as_(anna).get(f"/agreements/promises?{query}").status_code == 404


def test_a_deal_shows_its_promises_with_whose_turn_it_is(
    as_: As, promise: Promise, anna: Person, borys: Person
) -> None:
    say(as_(borys), promise, "give_back", missing=["Zakres"])

    page = as_(anna).get(f"/deals/{promise.deal_id}")

    assert "Waiting for Sales to bring what is missing" in text(page)
    assert f'href="/promises/{promise.id}"' in page.get_data(as_text=True)


# ------------------------------------------------------------------------------------------------ cost


def test_the_task_of_a_hand_off_asks_the_database_at_most_thirty_six_times(
    app: Flask, as_: As, session: Session, promise: Promise, borys: Person
) -> None:
    legal = as_(borys)
    say(legal, promise, "counter", due_day="2026-11-18")
    legal.get(path(promise))
    with app.app_context():
        engine: Engine = db.engine

    with watched(engine) as seen:
        assert legal.get(path(promise)).status_code == 200

    assert len(seen.statements) <= 36, str(seen)


def test_a_promise_of_a_closed_task_is_still_read(
    as_: As, session: Session, promise: Promise, borys: Person, anna: Person
) -> None:
    conversation.deliver(session, promise, _raw(), by=borys, now=MONDAY + HOUR)
    conversation.accept(session, promise, "Dobrze", by=anna, now=MONDAY + timedelta(hours=2))
    session.commit()
    assert session.get_one(UserTask, promise.task_id).closed_at is not None

    page = as_(borys).get(path(promise))

    assert page.status_code == 200
    assert offered(page) == []
    assert "accepted what was delivered Dobrze" in text(page)
