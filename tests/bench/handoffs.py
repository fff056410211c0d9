"""Promises: what a bound hand-off adds to a completion, and that due ones cost the same however many wait."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, insert, select
from sqlalchemy.orm import Session, sessionmaker

from engine.db import sessions
from engine.people import Department, Membership, Person, Role
from engine.ports import Wiring
from engine.process import definitions, doctor, instances, tasks
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import alarms, conversation, negotiating, promises
from engine.sales.promises import Promise
from tests.bench import ground
from tests.bench.figures import Figure, cpu, ratio

ROUNDS, LOOKS = 5, 50
FEW, MANY = 1_000, 100_000
DIAGRAMS = Path(__file__).parents[1] / "engine" / "sales" / "diagrams"


def figures() -> Iterator[Figure]:
    """Measured below the web, with the product's own wiring."""
    with ground.database() as (engine, factory, _):
        anna, definition_id = _house(factory)
        bare = _statements(engine, sessions(engine, wiring=_without()), definition_id, anna)
        bound = _statements(engine, factory, definition_id, anna)
        added, commits = bound[0] - bare[0], bound[1]
        yield Figure("SQL statements a bound hand-off adds to a completion", added, (added, added), 6, "")
        yield Figure("commits of a completion with a bound hand-off", commits, (commits, commits), 0, "")
        yield _due(factory)


def _without() -> Wiring:
    """The product without promises."""
    full = ground.wired()
    return replace(
        full,
        answered=tuple(each for each in full.answered if each is not conversation.answered),
        projections=tuple(each for each in full.projections if each is not promises.follow),
    )


def _house(factory: sessionmaker[Session]) -> tuple[int, int]:
    """Anna of Sales, the small sale, and what Sales and Legal agreed on for its hand-off."""
    anna = ground.somebody(factory)
    with factory.begin() as session:
        by = session.get_one(Person, anna)
        legal = Department(key="legal", name="Prawny", name_en="Legal")
        session.add(legal)
        session.flush()
        borys = Person(email="borys@contentum.example", name="Borys Jawor", created_at=ground.NOW)
        borys.roles, borys.memberships = (
            [Role(name="employee")],
            [Membership(department_id=legal.id, is_head=True)],
        )
        session.add(borys)
        session.flush()
        sales = by.memberships[0].department
        terms = {"deliverable": "Projekt umowy", "deliver_time": "P3D", "capacity": 8, "capacity_week": 20}
        agreement = negotiating.draft(
            session, "Umowa", provider=legal, consumer=sales, terms=terms, code="H5", by=by, now=ground.NOW
        )
        negotiating.accept(
            session, negotiating.propose(session, agreement, by=by, now=ground.NOW), by=borys, now=ground.NOW
        )
        files = [doctor.File(path.name, path.read_bytes()) for path in sorted(DIAGRAMS.iterdir())]
        return anna, definitions.deploy(session, files, accepted="all", by=None, now=ground.NOW).id


def _statements(
    engine: Engine, factory: sessionmaker[Session], definition_id: int, anna: int
) -> tuple[int, int]:
    """Statements and commits of the completion that hands the deal over, in a session that has seen nothing."""
    given = {"title": "Suwnica", "firm": "Stocznia Mewa", "amount": "1000", "next_stage": "qualification"}
    with factory.begin() as session:
        by, definition = session.get_one(Person, anna), session.get_one(Definition, definition_id)
        raw = {key: [value] for key, value in given.items()}
        case = instances.start(session, definition, raw, by=by, now=ground.NOW).id
    said: list[str] = []
    commits: list[int] = []
    with factory() as session:
        (task,) = tasks.open_of(session, case)
        event.listen(engine, "before_cursor_execute", lambda _c, _k, text, *_: said.append(text))
        event.listen(engine, "commit", lambda _c: commits.append(1))
        instances.complete(session, task, {}, by=None, now=ground.NOW)
        found = len(said), len(commits)
        session.commit()
    return found


def _due(factory: sessionmaker[Session]) -> Figure:
    """Looking for what is due, which is nothing, among promises that will ring later."""
    _fill(factory, FEW)
    few = [cpu(lambda: _look(factory)) for _ in range(ROUNDS)]
    _fill(factory, MANY - FEW)
    many = [cpu(lambda: _look(factory)) for _ in range(ROUNDS)]
    return ratio("looking for due promises among 100,000 against 1,000, CPU", many, few, target=1.5)


def _look(factory: sessionmaker[Session]) -> None:
    for _ in range(LOOKS):
        with factory() as session:
            alarms.work_due(session, now=ground.NOW)


def _fill(factory: sessionmaker[Session], count: int) -> None:
    """So many promises more, as one that is open."""
    later = ground.NOW + timedelta(days=30)
    with factory.begin() as session:
        one = session.scalar(select(Promise).where(Promise.agreement_id.is_not(None)).limit(1))
        if one is None:
            raise RuntimeError("the hand-off was no promise")
        task = session.get_one(UserTask, one.task_id)
        case = session.get_one(Instance, one.instance_id)
        rows = [_copy(task, {"token": f"t{n}", "instance_id": case.id}) for n in range(count)]
        session.execute(insert(UserTask), rows)
        ids = session.scalars(select(UserTask.id).order_by(UserTask.id.desc()).limit(count)).all()
        session.execute(insert(Promise), [_copy(one, {"task_id": id_, "alarm_at": later}) for id_ in ids])


def _copy(row: Any, changed: dict[str, Any]) -> dict[str, Any]:
    kept = {column.key: getattr(row, column.key) for column in type(row).__mapper__.column_attrs}
    return {**{name: value for name, value in kept.items() if name != "id"}, **changed}
