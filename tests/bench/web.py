"""The web's figures: statements of one completion, and a page that costs the same however much waits behind it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import Engine, event, insert
from sqlalchemy.orm import Session, sessionmaker

from engine.people import Person
from engine.process import instances, tasks
from engine.process.definitions import Definition
from engine.process.tasks import UserTask
from tests.bench import diagrams, ground
from tests.bench.figures import Figure, cpu, ratio
from webapp import log_ins, wiring
from webapp.app import create_app
from webapp.database import db
from webapp.settings import Settings

ROUNDS, VIEWS = 5, 15
FEW, MANY = 1_000, 100_000


def figures() -> Iterator[Figure]:
    """Measured through the whole web, with the product's own wiring."""
    with ground.database() as (engine, factory, path):
        anna, app = ground.somebody(factory), _app(engine, path)
        definition_id = ground.deploy(factory, "short", diagrams.SHORT)
        client = _log_in(app, factory, anna)
        yield from _completion(app, client, factory, definition_id, anna)
        yield _my_work(client, factory, definition_id, anna)
        with app.app_context():
            db.engine.dispose()


def _completion(
    app: Flask, client: FlaskClient, factory: sessionmaker[Session], definition_id: int, anna: int
) -> Iterator[Figure]:
    with factory.begin() as session:
        by = session.get_one(Person, anna)
        instance = instances.start(session, session.get_one(Definition, definition_id), by=by, now=ground.NOW)
        (task,) = tasks.open_of(session, instance.id)
        tasks.claim(session, task, by=by, now=ground.NOW)
        task_id = task.id
    statements, commits = [], []
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", lambda _c, _k, text, *_: statements.append(text))
    event.listen(engine, "commit", lambda _c: commits.append(1))
    answer = client.post(f"/work/tasks/{task_id}/completion")
    if answer.status_code != 303:
        raise RuntimeError(f"the completion was answered with {answer.status_code}")
    count = sum(not text.startswith(("BEGIN", "PRAGMA")) for text in statements)
    yield Figure("SQL statements of one completion through HTTP", count, (count, count), 20, "")
    yield Figure("commits of one completion through HTTP", len(commits), (len(commits), len(commits)), 1, "")


def _my_work(client: FlaskClient, factory: sessionmaker[Session], definition_id: int, anna: int) -> Figure:
    with factory.begin() as session:
        by = session.get_one(Person, anna)
        instance_id = instances.start(
            session, session.get_one(Definition, definition_id), by=by, now=ground.NOW
        ).id
    few, many = [], []
    _fill(factory, instance_id, definition_id, anna, FEW)
    _view(client)
    few = [cpu(lambda: _view(client)) for _ in range(ROUNDS)]
    _fill(factory, instance_id, definition_id, anna, MANY - FEW)
    _view(client)
    many = [cpu(lambda: _view(client)) for _ in range(ROUNDS)]
    return ratio("My work with 100,000 open tasks against 1,000, CPU", many, few, target=1.5)


def _view(client: FlaskClient) -> None:
    for _ in range(VIEWS):
        for which in ("mine", "queue"):
            answer = client.get(f"/work/?list={which}")
            if answer.status_code != 200:
                raise RuntimeError(f"My work was answered with {answer.status_code}")


def _fill(
    factory: sessionmaker[Session], instance_id: int, definition_id: int, anna: int, count: int
) -> None:
    """Half of them Anna's, half in the queues of her department and role."""
    rows = [
        {
            "instance_id": instance_id, "definition_id": definition_id, "token": f"x-{number}", "diagram": "short",
            "element": "a", "title": "A", "title_en": "A", "about": f"case {number}",
            "audience": ("department:sales", "role:employee")[number // 2 % 2],
            "assignee_id": anna if number % 2 else None, "opened_at": ground.NOW,
            "due_at": (at := ground.NOW + timedelta(minutes=number * 7 % 90_000)), "order_at": at,
        }
        for number in range(count)
    ]  # fmt: skip
    with factory.begin() as session:
        session.execute(insert(UserTask), rows)


def _app(engine: Engine, path: Path) -> Flask:
    settings = Settings(database_url=f"sqlite:///{path}", secret_key=SecretStr("bench"), var_dir=path.parent)
    app = create_app(settings, wiring=wiring.build(settings, prints_later=True))
    app.config["WTF_CSRF_ENABLED"] = False
    app.extensions["clock"] = lambda: ground.NOW
    return app


def _log_in(app: Flask, factory: sessionmaker[Session], anna: int) -> FlaskClient:
    client = app.test_client()
    with factory.begin() as session:
        token = log_ins.begin(
            session, session.get_one(Person, anna), address="127.0.0.1", stay=False, now=ground.NOW
        )
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
    return client
