"""Coming in and going out."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.history import Event
from engine.people import Person
from tests.web.conftest import Clock, Visitor
from webapp import log_ins, passwords
from webapp.log_ins import LogIn

WORDS = "four plain words here"


@pytest.fixture
def anna(anna: Person, session: Session) -> Person:
    """Anna, with a password."""
    anna.password_hash = passwords.hashed(WORDS)
    session.commit()
    return anna


def knock(client: Visitor, email: str = "anna@wislane.example", password: str = WORDS, **more: str) -> int:
    return client.send("/log-in", {"email": email, "password": password, **more}).status_code


def test_anna_logs_in_and_out(client: Visitor, anna: Person, session: Session) -> None:
    assert knock(client) == 303
    assert "Anna Wilk" in client.get("/preferences").get_data(as_text=True)

    assert client.send("/log-out").location == "/log-in"
    assert client.get("/preferences").status_code == 303
    assert session.scalars(select(Event.kind).order_by(Event.id)).all() == ["logged_in", "logged_out"]


def test_the_address_may_be_typed_with_capitals_and_spaces(client: Visitor, anna: Person) -> None:
    assert knock(client, "  Anna@Wislane.example ") == 303


@pytest.mark.parametrize(
    ("email", "password"), [("anna@wislane.example", "wrong"), ("nobody@wislane.example", WORDS)]
)
def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    client: Visitor, anna: Person, email: str, password: str
) -> None:
    answer = client.send("/log-in", {"email": email, "password": password})

    assert answer.status_code == 422
    assert "The address or the password is not right." in answer.get_data(as_text=True)


def test_somebody_who_left_cannot_come_in(
    client: Visitor, anna: Person, session: Session, clock: Clock
) -> None:
    anna.left_at = clock.at
    session.commit()

    assert knock(client) == 422


def test_after_three_wrong_passwords_even_the_right_one_waits(
    client: Visitor, anna: Person, clock: Clock
) -> None:
    for _ in range(3):
        assert knock(client, password="wrong") == 422

    assert knock(client) == 429
    clock.at += timedelta(seconds=2)
    assert knock(client) == 303


def test_the_wait_doubles(client: Visitor, anna: Person, clock: Clock) -> None:
    for _ in range(5):
        clock.at += timedelta(seconds=10)
        knock(client, password="wrong")

    clock.at += timedelta(seconds=7)
    assert knock(client) == 429
    clock.at += timedelta(seconds=1)
    assert knock(client) == 303


def test_a_stranger_elsewhere_does_not_lock_anna_out(client: Visitor, anna: Person) -> None:
    client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    for _ in range(4):
        knock(client, password="wrong")

    client.environ_base["REMOTE_ADDR"] = "192.0.2.1"
    assert knock(client) == 303


def test_a_password_tried_on_many_accounts_makes_the_address_wait(
    client: Visitor, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(log_ins.TRIES, "address", (6, 900))
    for number in range(6):
        assert knock(client, f"person{number}@wislane.example") == 422

    assert knock(client) == 429


def test_only_the_hash_of_the_token_is_stored(client: Visitor, anna: Person, session: Session) -> None:
    knock(client)

    with client.session_transaction() as cookie:
        token = cookie["_user_id"]
    stored = session.scalars(select(LogIn)).one().token_hash
    assert token not in stored
    assert log_ins.find(session, token) is not None
    assert log_ins.find(session, stored) is None


def test_the_cookie_is_fresh_after_log_in(client: Visitor, anna: Person) -> None:
    with client.session_transaction() as cookie:
        cookie["planted"] = "by a stranger"
    client.get("/log-in")
    with client.session_transaction() as cookie:
        before = cookie["csrf_token"]

    knock(client)

    with client.session_transaction() as cookie:
        assert "planted" not in cookie
        assert cookie.get("csrf_token") != before


def test_an_hour_of_quiet_ends_the_log_in(
    as_: Callable[[Person], Visitor], anna: Person, clock: Clock
) -> None:
    client = as_(anna)
    clock.at += timedelta(minutes=59)
    assert client.get("/preferences").status_code == 200

    clock.at += timedelta(minutes=59)
    assert client.get("/preferences").status_code == 200

    clock.at += timedelta(minutes=61)
    answer = client.get("/preferences")
    assert answer.status_code == 303
    assert "Your session has ended" in client.get(answer.location).get_data(as_text=True)


def test_no_log_in_lasts_longer_than_half_a_day(
    as_: Callable[[Person], Visitor], anna: Person, clock: Clock
) -> None:
    client = as_(anna)
    for _ in range(23):
        clock.at += timedelta(minutes=30)
        assert client.get("/preferences").status_code == 200

    clock.at += timedelta(minutes=31)
    assert client.get("/preferences").status_code == 303


def test_being_seen_is_written_at_most_once_a_minute(
    as_: Callable[[Person], Visitor], anna: Person, session: Session, clock: Clock
) -> None:
    client = as_(anna)
    begun = clock.at

    clock.at += timedelta(seconds=40)
    client.get("/preferences")
    assert session.scalars(select(LogIn)).one().seen_at == begun

    clock.at += timedelta(seconds=40)
    client.get("/preferences")
    assert session.scalars(select(LogIn)).one().seen_at == clock.at


def test_an_ended_log_in_is_worth_nothing(
    as_: Callable[[Person], Visitor], anna: Person, session: Session, clock: Clock
) -> None:
    client = as_(anna)
    log_ins.end_all(session, anna, now=clock.at)
    session.commit()

    assert client.get("/preferences").status_code == 303


def test_staying_logged_in_keeps_the_cookie_for_half_a_day(client: Visitor, anna: Person) -> None:
    answer = client.send("/log-in", {"email": anna.email, "password": WORDS, "stay": "on"})

    cookie = answer.headers["Set-Cookie"]
    assert "Expires=" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize(
    "target", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_log_in_leads_nowhere_else(client: Visitor, anna: Person, target: str) -> None:
    answer = client.send("/log-in", {"email": anna.email, "password": WORDS, "next": target})

    assert answer.location == "/"


def test_log_in_leads_back_to_the_page_that_was_asked_for(client: Visitor, anna: Person) -> None:
    asked = client.get("/preferences?a=1")
    assert asked.location == "/log-in?next=/preferences?a%3D1"

    page = client.get(asked.location).get_data(as_text=True)
    kept = re.search(r'name="next" value="([^"]+)"', page)
    assert kept
    answer = client.send("/log-in", {"email": anna.email, "password": WORDS, "next": kept[1]})
    assert answer.location == "/preferences?a=1"


def test_after_a_one_time_password_nothing_opens_before_a_new_one(
    client: Visitor, anna: Person, session: Session
) -> None:
    anna.must_change_password = True
    session.commit()
    knock(client)
    assert client.get("/preferences").location == "/password"

    answer = client.send(
        "/password", {"current": WORDS, "new": "quite another phrase", "again": "quite another phrase"}
    )

    assert answer.status_code == 303
    assert client.get("/preferences").status_code == 200
    assert passwords.fits("quite another phrase", session.get_one(Person, anna.id).password_hash)


@pytest.mark.parametrize(
    ("current", "new", "again", "said"),
    [
        (
            "wrong",
            "quite another phrase",
            "quite another phrase",
            "The address or the password is not right.",
        ),
        (WORDS, "short", "short", "A password needs at least 12 signs."),
        (WORDS, WORDS, WORDS, "Choose a password other than the one you have now."),
        (WORDS, "quite another phrase", "quite another phase", "The two passwords are not the same."),
    ],
)
def test_a_new_password_is_refused_for_a_reason(
    as_: Callable[[Person], Visitor], anna: Person, current: str, new: str, again: str, said: str
) -> None:
    answer = as_(anna).send("/password", {"current": current, "new": new, "again": again})

    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert said in page
    assert 'aria-invalid="true"' in page
    assert new not in page.replace("short", "", 1) or new == "short"


def test_a_new_password_logs_out_every_other_computer(as_: Callable[[Person], Visitor], anna: Person) -> None:
    here, there = as_(anna), as_(anna)

    here.send("/password", {"current": WORDS, "new": "quite another phrase", "again": "quite another phrase"})

    assert here.get("/preferences").status_code == 200
    assert there.get("/preferences").status_code == 303


def test_an_hour_forgets_wrong_passwords(app: Flask, client: Visitor, anna: Person, clock: Clock) -> None:
    for _ in range(8):
        knock(client, password="wrong")
        clock.at += timedelta(minutes=5)

    clock.at += timedelta(hours=2)
    knock(client, password="wrong")
    assert knock(client) == 303
