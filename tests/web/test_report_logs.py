"""The event log goes out as XES and OCEL 2.0: lives of steps, moves, what a case is about; and comes back in the same."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from flask import Flask
from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.history import Event
from engine.people import Department, Membership, Person
from engine.process.definitions import Definition
from engine.sales.ladders import Move
from engine.sales.past import files, importing
from reports import log_facts
from reports.queries import Scope
from tests.conftest import MONDAY
from tests.oracles import asking
from tests.reports import company
from tests.reports.histories import STAGES
from webapp.reporting import jobs_logs, paper_here
from webapp.reporting.files import File
from webapp.reporting.shelf import REPORTS

THURSDAY = MONDAY + timedelta(days=3)
MAP = """
[history]
ladder = "sales_again"
title = "Sprzedaż jeszcze raz"
zone = "UTC"
[columns]
case = "case:concept:name"
activity = "concept:name"
time = "time:timestamp"
transition = "lifecycle:transition"
actor = "org:resource"
amount = "amount"
reason = "contentum:reason"
{positions}
[activities]
"Stage: Won" = "won"
"Stage: Lost" = "lost"
{activities}
"""


@pytest.fixture
def sale(session: Session, departments: dict[str, Department], anna: Person, borys: Person) -> Definition:
    sellers = [(anna, departments["sales"]), (borys, departments["legal"])]
    return company.half_year(session, sellers, [None, departments["presales"]], until=THURSDAY, count=60)


@pytest.fixture
def director(session: Session, clara: Person, departments: dict[str, Department]) -> Person:
    clara.memberships.append(Membership(department_id=departments["board"].id))
    session.commit()
    return clara


def exported(app: Flask, session: Session, who: Person, form: str, query: str = "") -> File:
    with (
        app.test_request_context("/"),
        paper_here.as_if_at(REPORTS[0], query, "en", THURSDAY, session) as ask,
    ):
        return jobs_logs.make(session, ask, who, form, lambda _done, _whole: None)


def traces(file: File) -> list[etree._Element]:
    return etree.fromstring(file.content).findall("{*}trace")


def said(element: etree._Element, key: str) -> str:
    return next((child.get("value", "") for child in element if child.get("key") == key), "")


def test_every_move_is_in_the_log_once_and_in_order(
    app: Flask, session: Session, director: Person, sale: Definition
) -> None:
    told = [
        (said(trace, "contentum:item"), said(event, "contentum:move"), said(event, "time:timestamp"))
        for trace in traces(exported(app, session, director, "xes"))
        for event in trace.findall("{*}event")
    ]
    rows = session.scalars(select(Move).order_by(Move.item, Move.seq))
    assert told == [(each.item, each.kind, each.at.isoformat(timespec="microseconds")) for each in rows]


def test_the_log_holds_what_its_reader_may_see_and_what_the_filter_says(
    app: Flask, session: Session, director: Person, anna: Person, sale: Definition
) -> None:
    seen = {
        name: len(traces(exported(app, session, who, "xes")))
        for name, who in (("all", director), ("own", anna))
    }
    mine = session.scalars(select(Move.item).where(Move.owner_id == anna.id).distinct()).all()
    assert 0 < seen["own"] == len(mine) < seen["all"] == 60
    recent = exported(app, session, director, "xes", "from=2026-11-16&to=2026-11-19")
    moved = session.scalars(select(Move.item).where(Move.day >= MONDAY.date()).distinct()).all()
    assert {said(each, "contentum:item") for each in traces(recent)} == set(moved)


def test_an_exported_log_comes_back_in_as_the_same_moves(
    app: Flask, session: Session, director: Person, sale: Definition
) -> None:
    file = exported(app, session, director, "xes")
    titles = [(key, company.TITLES[key].en) for key in STAGES]
    text = MAP.format(
        positions="".join(f'[[positions]]\nkey = "{key}"\ntitle = "{title}"\n' for key, title in titles),
        activities="".join(
            f'"Stage: {title}" = "{key}"\n"Put aside at: {title}" = "suspended"\n'
            f'"Taken up again at: {title}" = "resumed"\n'
            for key, title in titles
        ),
    )
    checked = importing.check(files.held(file.name, file.content), text, now=THURSDAY)
    made = importing.begin(session, checked, by=director, now=THURSDAY)
    importing.bring(session, made, checked, by=director, now=THURSDAY)
    assert moves(session, "sales_again") == moves(session, "sales")


def moves(session: Session, ladder: str) -> Counter[tuple[object, ...]]:
    rows = session.scalars(select(Move).where(Move.ladder == ladder))
    return Counter(
        (each.seq, each.kind, each.from_stage, each.to_stage, each.at, each.amount) for each in rows
    )


def test_ocel_relates_events_straight_to_the_case_its_client_and_its_people(
    app: Flask, session: Session, director: Person, sale: Definition
) -> None:
    log = json.loads(exported(app, session, director, "ocel").content)
    objects = {each["id"]: each for each in log["objects"]}
    types = {each["name"] for each in log["objectTypes"]}
    events = session.scalars(select(Move)).all()

    assert len(log["events"]) == len(events)
    assert types == {each["type"] for each in objects.values()} >= {"deal", "department"}
    assert {each["type"] for each in log["events"]} == {each["name"] for each in log["eventTypes"]}
    for event in log["events"]:
        assert sum(each["objectId"].startswith("deal:") for each in event["relationships"]) == 1
        assert all(each["objectId"] in objects for each in event["relationships"])


class Names:
    """What a diagram of a test calls its elements."""

    def activity(self, _definition: int | None, _diagram: str | None, element: str) -> tuple[str, str] | None:
        kind = {"ask": "userTask", "gate": "exclusiveGateway", "send": "serviceTask"}.get(element, "userTask")
        return (kind, element.title()) if kind.endswith("Task") else None

    def position(self, kind: str, stage: str | None) -> str:
        return stage or kind

    def begun(self, _ids: Sequence[int]) -> dict[int, datetime]:
        return {7: MONDAY + timedelta(minutes=3)}


LIVES = [
    (
        ["opened", "claimed", "reassigned", "completed"],
        ["schedule", "assign", "reassign", "start", "complete"],
    ),
    (
        ["opened", "promise_paused", "promise_resumed", "completed"],
        ["schedule", "suspend", "resume", "start", "complete"],
    ),
    (["opened", "cancelled"], ["schedule", "withdraw"]),
    (["opened", "claimed", "cancelled"], ["schedule", "assign", "ate_abort"]),
    (["opened", "cancelled", "ended"], ["schedule", "pi_abort"]),
    (["opened", "passed"], ["schedule", "manualskip"]),
]


@pytest.mark.parametrize(("happened", "life"), LIVES, ids=[" ".join(each[0]) for each in LIVES])
def test_a_step_lives_as_the_standard_says(
    session: Session, anna: Person, sale: Definition, happened: list[str], life: list[str]
) -> None:
    move = session.scalars(select(Move).order_by(Move.id).limit(1)).one()
    for seq, kind in enumerate(happened, start=100):
        minutes = seq if kind not in {"cancelled", "ended"} else 900
        element = None if kind == "ended" else "ask"
        session.add(
            Event(
                instance_id=move.instance_id, seq=seq, kind=kind, at=MONDAY + timedelta(minutes=minutes), day=MONDAY.date(),
                element=element, token="t1", actor_id=anna.id, task_id=7 if kind == "completed" else None,
            )
        )  # fmt: skip
    session.flush()
    scope = Scope("sales")
    chosen = log_facts.items(scope)
    found = next(each for each in log_facts.traces(session, scope, chosen, Names()) if each.item == move.item)
    assert [each.lifecycle for each in found.events if each.activity == "Ask"] == life


def test_gateways_are_no_activities(session: Session, anna: Person, sale: Definition) -> None:
    move = session.scalars(select(Move).order_by(Move.id).limit(1)).one()
    session.add(
        Event(
            instance_id=move.instance_id, seq=1, kind="passed", at=MONDAY, day=MONDAY.date(), element="gate"
        )
    )
    session.flush()
    scope = Scope("sales")
    found = next(
        each
        for each in log_facts.traces(session, scope, log_facts.items(scope), Names())
        if each.item == move.item
    )
    assert all(each.key.startswith("move:") for each in found.events)


@asking.here
@pytest.mark.oracle
@pytest.mark.slow
def test_pm4py_reads_both_files_and_counts_what_follows_what_as_we_do(
    app: Flask, session: Session, director: Person, sale: Definition
) -> None:
    log, objects = (exported(app, session, director, form) for form in ("xes", "ocel"))
    pairs: Counter[tuple[str, str]] = Counter()
    for trace in traces(log):
        names = [said(event, "concept:name") for event in trace.findall("{*}event")]
        pairs.update(pairwise(names))
    answer = asking.ask("logs", {"xes": log.content.decode(), "ocel": objects.content.decode()})
    known = json.loads(objects.content)
    assert answer["cases"] == len(traces(log))
    assert {(one, two): n for one, two, n in answer["follows"]} == dict(pairs)
    assert (answer["events"], answer["objects"]) == (len(known["events"]), len(known["objects"]))
    assert set(answer["types"]) == {each["name"] for each in known["objectTypes"]}
