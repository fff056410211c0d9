"""A whole company at work behind the real application: the shipped processes, deals on their way, real log-ins.

For tests that knock at every door: what they send is refused, so one house serves them all.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.orm import Session, sessionmaker

from engine.db import Base, connect, sessions
from engine.people import Person
from engine.process import doctor, incidents, uploads
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import sections, subjects
from engine.sales.deals import Deal
from engine.sales.records import Contract
from tests import servers
from tests.browser import walking
from tests.browser.walking import ADMINISTRATOR, ANNA, CLARA, CLERK, DESIGNER, PRESALES, Firm
from tests.conftest import MONDAY
from tests.web.conftest import Clock, Visitor
from webapp import log_ins, shipped
from webapp.app import create_app
from webapp.database import db
from webapp.demo import agreements, company
from webapp.settings import Settings

STRANGER = ""
EVERYBODY = (STRANGER, ANNA, PRESALES, CLERK, CLARA, DESIGNER, ADMINISTRATOR)
"""One for each way of using the product: sales, a department sales asks, the order desk, director, designer, administrator."""


@dataclass
class House:
    """The application, its database, and the company in it."""

    app: Flask
    engine: Engine
    firm: Firm
    here: dict[str, Visitor] = field(default_factory=dict)

    @property
    def factory(self) -> sessionmaker[Session]:
        """Sessions under the product's own wiring."""
        return self.firm.factory

    def stranger(self, language: str = "en") -> Visitor:
        """Somebody at the door."""
        client = self.app.test_client()
        assert isinstance(client, Visitor)
        client.session = self.factory()
        client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        return client

    def inside(self, name: str) -> Visitor:
        """Somebody who has logged in already; the stranger has not."""
        client = self.stranger()
        if name != STRANGER:
            person = walking.person(client.session, name)
            token = log_ins.begin(client.session, person, address="127.0.0.1", stay=False, now=self.firm.now)
            client.session.commit()
            with client.session_transaction() as cookie:
                cookie["_user_id"] = token
        return client

    def enter(self, name: str, language: str = "en") -> Visitor:
        """Somebody who came in through the door, once, with the demo's password, and now reads this language."""
        client = self.here.get(name) or self.stranger()
        client.session.execute(update(Person).where(Person.name == name).values(locale=language))
        client.session.commit()
        if name not in self.here:
            answer = client.send("/log-in", {"email": company.address(name), "password": company.PASSWORD})
            assert answer.status_code == 303, answer.get_data(as_text=True)
            self.here[name] = client
        return client

    def rows(self) -> dict[str, list[Any]]:
        """Every row of every table; log-ins come and go."""
        with self.engine.connect() as connection:
            return {
                table.name: connection.execute(select(table).order_by(*table.primary_key)).all()
                for table in Base.metadata.sorted_tables
                if not table.name.startswith("log_in")
            }

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Whatever happens in this block leaves not one row different."""
        before = self.rows()
        yield
        after = self.rows()
        assert {name: len(rows) for name, rows in after.items()} == {
            name: len(rows) for name, rows in before.items()
        }
        assert [name for name in after if after[name] != before[name]] == []

    def restore(self, people: dict[str, list[Any]]) -> None:
        """The people, roles and departments as `rows` found them once, whatever an administrator has done since."""
        with self.engine.begin() as connection:
            for name in ("roles", "memberships"):
                table = Base.metadata.tables[name]
                connection.execute(delete(table))
                connection.execute(insert(table), [row._asdict() for row in people[name]])
            for name in ("people", "departments"):
                table = Base.metadata.tables[name]
                for row in people[name]:
                    connection.execute(update(table).where(table.c["id"] == row.id).values(**row._asdict()))

    def task(self, element: str) -> UserTask:
        """The newest open task at an element of a shipped diagram."""
        with self.factory() as session:
            query = select(UserTask).where(UserTask.element == element, UserTask.closed_at.is_(None))
            return session.scalars(query.order_by(UserTask.id.desc()).limit(1)).one()

    def deploy(self, process: str, *files: doctor.File) -> None:
        """A process of a test, every repair accepted."""
        with self.factory.begin() as session:
            walking.definitions.deploy(session, files, name=process, accepted="all", by=None, now=MONDAY)


@contextmanager
def opened(url: str, folder: Path) -> Iterator[House]:
    """A house on an empty database: the company founded two weeks ago, deals, an order, and one of everything else."""
    engine = servers.warm(connect(url))
    firm = Firm(sessions(engine, wiring=walking.connected()))
    _furnish(firm)
    settings = Settings(database_url=url, secret_key="for tests only", var_dir=folder)  # type: ignore[arg-type]
    app = create_app(settings)
    app.test_client_class = Visitor
    with app.app_context():
        servers.warm(db.engine)
    app.extensions["clock"] = clock = Clock()
    clock.at = firm.now
    yield House(app, engine, firm)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    engine.dispose()


def _furnish(firm: Firm) -> None:
    began = MONDAY - timedelta(days=14)
    with firm.at_work() as session:
        founded = company.found(session, now=began, seed=3, clients=10)
        shipped.deploy(session, by=founded.people[DESIGNER], now=began)
        agreements.sign_all(session, founded, now=began)
    firm.deal(ANNA, "Skanery na rampy")
    firm.deal(ANNA, "Suwnica", stage="solution")
    firm.order(CLERK)
    with firm.at_work() as session:
        _put_aside(session, founded, firm)


def _put_aside(session: Session, founded: company.Company, firm: Firm) -> None:
    """What the processes have not brought yet: an upload, a section, a contract, an incident."""
    anna, dorota = founded.people[ANNA], founded.people[DESIGNER]
    uploads.begin(session, shipped.bundle("fast_sale"), by=dorota, now=firm.now)
    rules = {"all": [{"field": "amount", "op": "at_least", "value": "1000"}]}
    sections.save(session, subjects.of("deals"), "Duże", rules, by=anna, now=firm.now)
    deal = session.scalars(select(Deal).order_by(Deal.id).limit(1)).one()
    session.add(
        Contract(number="U/1", deal_id=deal.id, client_id=deal.client_id, title="Skanery", owner_id=anna.id)
    )
    case = session.get_one(Instance, deal.instance_id)
    incidents.open_(session, case, code="FAILED", message="the line is dead", now=firm.now)


def words(page: str) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())
