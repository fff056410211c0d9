"""The scoreboard's figures: a page over a million promises against ten thousand, and what a settled promise writes."""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from random import Random
from statistics import median
from typing import Any

from sqlalchemy import Connection, insert, select, text
from sqlalchemy.orm import Session, sessionmaker

from engine.people import Department, Membership, Person, Role
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import trial
from engine.sales.agreements import Agreement, AgreementVersion
from engine.sales.promises import Promise
from reports import promise_rollups, scoreboard
from tests.bench import diagrams, ground
from tests.bench.figures import Figure, cpu, ratio

FEW, MANY = 10_000, 1_000_000
AGREEMENTS, DAYS, CHUNK, ROUNDS, VIEWS, SETTLED = 12, 3 * 365, 5_000, 5, 5, 300
TERMS = {"deliverable": "Umowa", "deliver_time": "P3D", "promise_time": "PT4H", "target": 90}


def figures() -> Iterator[Figure]:
    """Three years of promises of twelve agreements; the roll-ups are rebuilt from the rows, as `contentum rebuild` does."""
    rounds: dict[int, list[float]] = {}
    for count in (FEW, MANY):
        with ground.database() as (engine, factory, _path):
            anna = _company(factory)
            with engine.begin() as connection:
                _fill(connection, factory, count)
            with factory.begin() as session:
                promise_rollups.rebuild(session)
            with engine.begin() as connection:
                connection.execute(text("ANALYZE"))
            _view(factory, anna)
            rounds[count] = [cpu(lambda: _view(factory, anna)) / VIEWS for _ in range(ROUNDS)]  # noqa: B023
            if count == FEW:
                yield _written(factory)
                yield _tried(factory)
    times = [1000 * each for each in rounds[MANY]]
    yield Figure(
        "scoreboard over 1,000,000 promises, quarter, CPU",
        median(times),
        (min(times), max(times)),
        50,
        "ms",
    )
    yield ratio("scoreboard over 1,000,000 promises against 10,000, CPU", rounds[MANY], rounds[FEW], target=2)


def _company(factory: sessionmaker[Session]) -> int:
    ground.deploy(factory, "short", diagrams.SHORT)
    with factory.begin() as session:
        sales, legal = (Department(key=key, name=key, name_en=key) for key in ("sales", "legal"))
        session.add_all([sales, legal])
        session.flush()
        anna = Person(email="anna@contentum.example", name="Anna Wilk", created_at=ground.NOW, locale="en")
        anna.roles = [Role(name="employee")]
        anna.memberships = [Membership(department_id=sales.id, is_head=True)]
        session.add(anna)
        for number in range(AGREEMENTS):
            made = Agreement(
                title=f"H{number}",
                code=f"H{number}",
                provider_id=legal.id,
                consumer_id=sales.id,
                created_at=ground.NOW,
            )
            session.add(made)
            session.flush()
            version = AgreementVersion(
                agreement_id=made.id, number=1, state="in_force", terms=TERMS, terms_hash=""
            )
            session.add(version)
            session.flush()
            made.current_version_id = version.id
        definition_id = session.execute(text("SELECT max(id) FROM definitions")).scalar_one()
        session.add(Instance(definition_id=definition_id, process="short", started_at=ground.NOW))
        session.flush()
        return anna.id


def _fill(connection: Connection, factory: sessionmaker[Session], count: int) -> None:
    """Rows as they stand after their conversations: asked over three years, one in ten broken, fifty still open."""
    dice = Random(7)
    known = dict(connection.execute(select(Agreement.id, Agreement.current_version_id)).tuples().all())
    (sides,) = connection.execute(select(Agreement.provider_id, Agreement.consumer_id).limit(1)).tuples()
    instance = connection.execute(select(Instance.id, Instance.definition_id)).one()
    for start in range(0, count, CHUNK):
        ids = range(start + 1, start + CHUNK + 1)
        rows = [_row(id_, dice, known, sides, instance.id, is_open=id_ > count - 50) for id_ in ids]
        connection.execute(insert(UserTask.__table__), [_task(row, instance) for row in rows])  # type: ignore[arg-type]
        connection.execute(insert(Promise.__table__), rows)  # type: ignore[arg-type]


def _row(
    id_: int, dice: Random, known: Any, sides: Sequence[int], instance_id: int, *, is_open: bool
) -> dict[str, Any]:
    asked = ground.NOW - timedelta(minutes=dice.randrange(DAYS * 24 * 60))
    agreement_id, took = dice.choice(list(known)), dice.randrange(3_000, 90_000)
    is_kept, end = dice.random() < 0.9, min(asked + timedelta(seconds=3 * took), ground.NOW)
    return {
        "id": id_,
        "task_id": id_,
        "code": f"H{agreement_id}",
        "agreement_id": agreement_id,
        "version_id": known[agreement_id],
        "instance_id": instance_id,
        "provider_id": sides[0],
        "consumer_id": sides[1],
        "state": "promised" if is_open else "accepted",
        "requested_at": asked,
        "ready_at": asked,
        "answer_by": asked + timedelta(hours=4),
        "answered_at": asked + timedelta(hours=dice.randrange(6)),
        "promised_at": asked,
        "due_at": asked + timedelta(days=3) if is_kept else asked,
        "delivered_at": None if is_open else end,
        "closed_at": None if is_open else end,
        "outcome": None if is_open else "kept" if is_kept else "broken",
        "manner": None if is_open else "first" if is_kept else "late",
        "returns": int(dice.random() < 0.1),
        "rework": 0,
        "work_seconds": None if is_open else took,
        "timed_answers": 1,
        "late_answers": int(dice.random() < 0.1),
        "move_count": 3,
        "title": "",
        "title_en": "",
    }


def _task(row: dict[str, Any], instance: Any) -> dict[str, Any]:
    named = {"token": f"t{row['id']}", "diagram": "short", "element": "do", "title": "", "title_en": ""}
    times = {"opened_at": row["requested_at"], "order_at": row["requested_at"], "closed_at": row["closed_at"]}
    owner = {"instance_id": instance.id, "definition_id": instance.definition_id, "handoff": row["code"]}
    return {"id": row["id"], **named, **times, **owner}


def _view(factory: sessionmaker[Session], person_id: int) -> None:
    for _ in range(VIEWS):
        with factory() as session:
            person = session.get_one(Person, person_id)
            board = scoreboard.scoreboard(session, person, "quarter", now=ground.NOW)
            assert len(board.scores) == AGREEMENTS


def _written(factory: sessionmaker[Session]) -> Figure:
    """What following a settled promise costs beside its own row: the same changes with and without."""
    times = []
    for _ in range(ROUNDS):
        with factory() as session:
            rows = session.scalars(select(Promise).limit(SETTLED)).all()
            took = 0.0
            for each in rows:
                each.outcome = "broken" if each.outcome == "kept" else "kept"
                session.flush()
                took += _settle(session)
            session.rollback()
        times.append(took / SETTLED * 1000)
    return Figure("roll-up of one settled promise, CPU", median(times), (min(times), max(times)), 2, "ms")


def _settle(session: Session) -> float:
    """Seconds of processor time that adding up one change takes, without collecting garbage in between."""
    begin = time.process_time()
    promise_rollups.settle(session)
    return time.process_time() - begin


def _tried(factory: sessionmaker[Session]) -> Figure:
    """Other terms tried on the 2,000 latest promises of one agreement."""
    with factory() as session:
        agreement = session.scalars(select(Agreement)).first()
        assert agreement is not None
        after = {**TERMS, "deliver_time": "P2D", "promise_time": "PT2H", "capacity": 5, "target": 80}
        days = 2000 * DAYS * AGREEMENTS // FEW

        def tried() -> object:
            return trial.try_terms(session, agreement, TERMS, after, now=ground.NOW, days=days)

        times = [1000 * cpu(tried) for _ in range(ROUNDS)]
    return Figure("terms tried on 2,000 promises, CPU", median(times), (min(times), max(times)), 200, "ms")
