"""The scoreboard on a page: numbers that open as many promises, what nobody else sees, and effects in words."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.sales import negotiating
from engine.sales.agreements import AgreementVersion
from engine.sales.promises import Promise
from engine.sales.trial import Effect
from tests.conftest import MONDAY
from tests.reports.promising import anybody, opened, shaken
from tests.web import sales_kit
from tests.web.conftest import Clock, Visitor
from webapp import effects

Enter = Callable[[Person], Visitor]


@pytest.fixture
def promises(
    session: Session, departments: dict[str, Department], anna: Person, borys: Person, clara: Person
) -> list[Promise]:
    """Under an agreement with a target: 21 kept, 3 broken, one still open and late."""
    version: AgreementVersion = sales_kit.proposal(session, departments, clara)
    negotiating.accept(session, version, by=borys, now=MONDAY)
    made = opened(session, anna, departments, Random(1), 25)
    for place, each in enumerate(made):
        each.agreement_id, each.version_id, each.requested_at = version.agreement_id, version.id, MONDAY
        each.provider_id, each.consumer_id = departments["legal"].id, departments["sales"].id
        each.title = each.title_en = f"Umowa {place}"
        each.due_at = MONDAY + timedelta(hours=1)
        if place:
            each.outcome = "kept" if place < 22 else "broken"
            each.closed_at = each.delivered_at = MONDAY + timedelta(hours=2)
            each.work_seconds = 9 * 3600
    session.commit()
    return made


def page(client: Visitor, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.get_data(as_text=True)


def test_every_number_opens_as_many_promises(
    as_: Enter, borys: Person, promises: list[Promise], clock: Clock
) -> None:
    clock.at += timedelta(days=1)
    client = as_(borys)
    for period in ("week", "month", "quarter", "days90"):
        shown = page(client, f"/agreements/scoreboard/?period={period}")
        links = re.findall(r'class="count-link" href="([^"]+)">([\d,]+)<', shown)
        assert len(links) >= 8
        for address, n in links:
            listed = page(client, html.unescape(address))
            assert f"<b>{n} promise" in listed, address
            assert listed.count('href="/promises/') == int(n)
    assert "84%" in shown
    assert "2 more than allowed are broken." in shown
    assert "1 work day 1 h" in shown


@pytest.mark.slow
def test_every_number_of_an_agreement_is_as_long_as_its_list_whoever_looks(
    as_: Enter,
    session: Session,
    departments: dict[str, Department],
    borys: Person,
    clara: Person,
    promises: list[Promise],
    clock: Clock,
) -> None:
    """The lists of agreements and the page of one, before people who see all of it, a part, or nothing."""
    dice = Random(1)
    clock.at += timedelta(days=1)
    for promise in promises:
        unit = departments[dice.choice(["sales", "board", "presales"])]
        promise.consumer_id, promise.deal_id = unit.id, None
        shaken(promise, dice)
    viewers = [borys, *(anybody(session, departments, dice, number) for number in range(5))]
    session.commit()
    looked_at = 0
    for person in viewers:
        if not person.has("employee", "director"):
            continue
        client = as_(person)
        pages = [
            page(client, "/agreements/?tab=in_force"),
            page(client, "/agreements/scoreboard/?period=month"),
        ]
        pages += [page(client, path) for path in set(re.findall(r'href="(/agreements/\d+)"', pages[0]))]
        numbers = re.findall(r'class="count-link" href="([^"]+)">([\d,]+)<', "".join(pages))
        for address, n in dice.sample(numbers, min(len(numbers), 8)):
            listed = page(client, html.unescape(address))
            assert re.search(rf"\b{n} promise", listed), (person.name, address, n)
            assert len(re.findall('class="what"', listed)) == int(n)
            opens = re.findall(r'class="what" href="(/promises/\d+)"', listed)
            assert all(client.get(path).status_code == 200 for path in opens[:2])
            looked_at += 1
    assert looked_at > 10


def test_a_third_department_sees_nothing_of_it(as_: Enter, dorota: Person, promises: list[Promise]) -> None:
    client = as_(dorota)
    agreement = promises[0].agreement_id

    assert "Projekt umowy" not in page(client, "/agreements/scoreboard/")
    address = f"/agreements/scoreboard/promises?agreement={agreement}&what=kept&from=2026-11-01&to=2026-11-30"
    assert client.get(address).status_code == 404


SHARES = {"Dobre": (22, 0), "Gorsze": (20, 5), "Nic": (0, 0), "Najgorsze": (12, 12), "Za mało": (1, 2)}
"""Agreements with a target of 90 %: how many promises were kept, how many broken."""


def test_the_worst_come_first_unless_another_order_is_asked_for(
    as_: Enter,
    clara: Person,
    anna: Person,
    departments: dict[str, Department],
    session: Session,
    clock: Clock,
    borys: Person,
) -> None:
    sides: dict[str, Any] = {"provider": departments["legal"], "consumer": departments["sales"]}
    made = iter(opened(session, anna, departments, Random(1), sum(map(sum, SHARES.values()))))
    for title, (kept, broken) in SHARES.items():
        agreement = negotiating.draft(session, title, terms=sales_kit.TERMS, by=clara, now=MONDAY, **sides)
        version = negotiating.propose(session, agreement, by=clara, now=MONDAY)
        negotiating.accept(session, version, by=borys, now=MONDAY)
        for place in range(kept + broken):
            each = next(made)
            each.agreement_id, each.version_id, each.requested_at = agreement.id, version.id, MONDAY
            each.provider_id, each.consumer_id = departments["legal"].id, departments["sales"].id
            each.outcome = "kept" if place < kept else "broken"
            each.due_at = each.closed_at = each.delivered_at = MONDAY + timedelta(hours=2)
    session.commit()
    clock.at += timedelta(days=1)

    def order(path: str) -> list[str]:
        shown = page(as_(borys), f"/agreements/scoreboard/{path}")
        return re.findall(r'<span class="score-what"><b>([^<]+)</b>', shown)

    assert [each for each in order("") if each in SHARES] == [
        "Najgorsze",
        "Gorsze",
        "Za mało",
        "Dobre",
        "Nic",
    ]
    assert [each for each in order("?order=name") if each in SHARES] == sorted(SHARES)
    assert "order=name" in page(as_(borys), "/agreements/scoreboard/?order=name&period=week")


@pytest.mark.parametrize(
    "path", ["?period=year", "?day=yesterday", "?day=9999-12-31", "?order=best", "promises?what=kept"]
)
def test_an_address_that_does_not_exist_says_so(as_: Enter, borys: Person, path: str) -> None:
    assert as_(borys).get(f"/agreements/scoreboard/{path}").status_code == 404


def test_few_promises_are_too_few_and_none_is_said_in_words(
    as_: Enter, clara: Person, borys: Person, dorota: Person, promises: list[Promise], session: Session
) -> None:
    for each in promises[5:]:
        session.delete(each)

    assert "too few to judge" in page(as_(clara), "/agreements/scoreboard/?period=week")
    assert "no agreement of your departments" in page(as_(dorota), "/agreements/scoreboard/")


def test_the_figures_as_a_file(as_: Enter, clara: Person, promises: list[Promise]) -> None:
    text = page(as_(clara), "/agreements/scoreboard/scoreboard.csv")
    heads, row = (line.split(";") for line in text.lstrip("\ufeff").splitlines())

    figures = dict(zip(heads, row, strict=True))
    assert (figures["kept"], figures["broken"], figures["target"]) == ("21", "3", "90")


def test_effects_are_sentences(app: Flask) -> None:
    ready = Effect("missing", 11, 42, 11, 42, item="Mapa", more=(Effect("missing", 1, 7, 1, 7, item="Plan"),))
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert effects.effect_words(Effect("kept", 84, 100, 93, 100)) == (
            "Kept would have been 93% instead of 84%."
        )
        assert effects.effect_words(Effect("days", 0, 55, 6, 55)) == (
            "Would have been exceeded on 6 of 55 work days."
        )
        assert effects.effect_words(Effect("buffer", 2, 31, 5, 31, used=12)) == (
            "Of 31 dates agreed with clients, 5 would have been endangered instead of 2; due earlier inside: 12."
        )
        assert effects.effect_words(ready) == (
            "“Mapa” was missing in 11 of 42 requests. Plan: Too few to judge: 7 cases in 90 days."
        )
