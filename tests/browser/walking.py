"""The shipped processes in an invented company, for walks through the real product: a file made once, copied for each.

A walk needs only the part it walks through, so what lies before it is played through the engine's verbs, never written.
"""

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from engine import schedules
from engine.db import Base, connect, sessions
from engine.people import Department, Person
from engine.process import clock, definitions, doctor, instances, migrating, migration, operating
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import commitments, conversation, passing
from engine.sales.deals import Deal
from tests.conftest import MONDAY, import_models
from tests.engine.process import kit
from webapp import shipped, wiring
from webapp.demo import agreements, answers, company, earlier, trouble
from webapp.demo.answers import Answer, Setting
from webapp.settings import Settings

ANNA, ADRIAN, CELINA = "Anna Wilk", "Adrian Dzik", "Celina Sarna"
CEZARY, CLARA, ZOFIA = "Cezary Bóbr", "Klara Zając", "Zofia Żubr"
PRESALES, LEGAL, CLERK = "Filip Ryś", "Borys Lis", "Ewa Gronostaj"
DESIGNER, ADMINISTRATOR = "Dorota Sowa", "Adam Bocian"

PEOPLE: tuple[dict[str, str], ...] = (
    {"person": "Ewa Jawor", "role": "decides", "stance": "for"},
    {"person": "Piotr Brzoza", "role": "uses", "stance": "neutral"},
)

STAGES: dict[str, list[tuple[str, dict[str, Answer]]]] = {
    "qualification": [
        ("qualify", {"fit": "yes", "competitor": None}),
        ("agree_next_step", {"direction": "client_to_us", "text": "Klient przyśle plan magazynu."}),
    ],
    "discovery": [
        ("meet_client", {"stakeholders": list(PEOPLE)}),
        ("support_discovery", {}),
        ("confirm_needs", {}),
    ],
    "solution": [
        ("request_solution", {"custom": "no", "pilot": "no"}),
        ("design_solution", {}),
        ("accept_solution", {"design_accepted": "yes"}),
        ("get_technical_acceptance", {"technical_answer": "yes"}),
    ],
}
"""The straightest way through the first stages: the tasks and what decides in them."""


@dataclass
class Firm:
    """The company of a walk, its clock, and what happened before the walk begins."""

    factory: sessionmaker[Session]
    now: datetime = MONDAY
    dice: random.Random = field(default_factory=lambda: random.Random(3))

    def pass_time(self, **span: float) -> None:
        """Let time pass (`timedelta`'s words), and everything that falls due in it happen."""
        self.now += timedelta(**span)
        self.settle()

    def settle(self) -> None:
        """What is due now happens: timers fire, connectors do their jobs."""
        clock.settle(self.factory, now=self.now)

    @contextmanager
    def at_work(self) -> Iterator[Session]:
        """A transaction under the product's own wiring."""
        with self.factory.begin() as session:
            yield session

    def deal(self, owner: str, title: str, *, stage: str = "qualification", amount: str = "40000") -> int:
        """A long sale of somebody's, worked on as far as a stage. Returns the deal's id."""
        with self.at_work() as session:
            firm = company.remember(session)
            client = firm.clients[0]
            chosen: dict[str, Answer] = {
                "client": str(client.id),
                "contact": str(firm.contacts[client.id].id),
                "title": title,
                "amount": amount,
                "currency": "PLN",
                "owner": str(firm.people[owner].id),
            }
            raw = self._answers(session, "sales_funnel", "new_deal", None, chosen)
            by = firm.people[owner]
            instance = instances.start(
                session, _newest(session, "sales_funnel"), raw, by=by, now=self.now, owner=by
            )
            made = session.scalars(select(Deal.id).where(Deal.instance_id == instance.id)).one()
        self.settle()
        for each in STAGES:
            if each == stage:
                break
            self.work(made, each)
            self.do(made, "decide_stage", decision="advance")
        return made

    def is_promised(self, deal: int, text: str) -> None:
        """The client of a deal promises something, which its owner writes down."""
        with self.at_work() as session:
            found = session.get_one(Deal, deal)
            owner = session.get_one(Person, found.owner_id)
            commitments.record(session, found, direction="client_to_us", text=text, by=owner, now=self.now)

    def order(self, clerk: str, **more: Answer) -> None:
        """A fast sale taken by somebody, which flows as far as it does by itself; ``more`` is answered otherwise."""
        with self.at_work() as session:
            firm = company.remember(session)
            items: list[dict[str, str]] = [{"sku": "LABEL-A", "quantity": "20"}]
            chosen: dict[str, Answer] = {
                "tax_id": firm.clients[0].tax_id,
                "channel": "web",
                "items": list(items),
                "address": "Tczew, ul. Portowa 7",
                **more,
            }
            raw = self._answers(session, "fast_sale", "new_order", None, chosen)
            by = firm.people[clerk]
            instances.start(session, _newest(session, "fast_sale"), raw, by=by, now=self.now, owner=by)
        self.settle()

    def work(self, deal: int, stage: str) -> None:
        """Everything of one stage but the decision at its end."""
        for element, chosen in STAGES[stage]:
            self.do(deal, element, **chosen)

    def do(self, deal: int, element: str, **chosen: Answer) -> None:
        """The open task at an element of the deal is completed by one of those whose it is, an hour later."""
        self.now += timedelta(hours=1)
        with self.at_work() as session:
            found = session.get_one(Deal, deal)
            task = session.scalars(
                select(UserTask).where(
                    UserTask.instance_id == found.instance_id,
                    UserTask.element == element,
                    UserTask.closed_at.is_(None),
                )
            ).one()
            raw = self._answers(session, found.process, task.form, found, chosen) if task.form else {}
            by = _whose(session, task)
            conversation.complete(session, task, raw, by=by, now=self.now)
            asked = passing.with_terms(session, task)
            if asked is not None and asked[0].state == "delivered" and asked[0].outcome is None:
                conversation.accept(session, asked[0], by=_owner(session, found), now=self.now)
        self.settle()

    def _answers(
        self, session: Session, process: str, form: str, deal: Deal | None, chosen: dict[str, Answer]
    ) -> dict[str, list[str]]:
        asked = definitions.form(session, _newest(session, process), form)
        assert asked is not None, form
        return answers.fill(asked, Setting(company.remember(session), self.dice, self.now, deal, chosen))


SCRIPT = "total = 0\nfor line in lines:\n    total += line['net']\n"


def disturb(firm: Firm) -> None:
    """What operators see: mails that failed eight times, a case that rests, a version, a plan, scripts, days off."""
    for sku in ("LABEL-A", "RIBB-01"):
        firm.order(CLERK, email=f"zamowienia@{trouble.MISTYPED}", items=[{"sku": sku, "quantity": "3"}])
    for _ in range(12):
        firm.pass_time(minutes=20)
    with firm.at_work() as session:
        by, administrator = person(session, DESIGNER), person(session, ADMINISTRATOR)
        case = session.scalars(
            select(Instance).order_by(Instance.id).where(Instance.title.like("%Druk%"))
        ).one()
        operating.keep(session, case, "Zanim klient odpowie.", by=person(session, CLARA), now=firm.now)
        operating.suspend(session, case, "Klient prosi o ciszę.", by=person(session, CLARA), now=firm.now)
        units = {unit.key: unit for unit in session.scalars(select(Department))}
        days = {"company": "2026-12-24", "sales_desk": "2026-12-28"}
        for key, day in days.items():
            schedules.mark(session, units[key], day=day, name="Wigilia", by=administrator, now=firm.now)
        deploy_scripts(session, by, firm.now)
        old = _newest(session, "fast_sale")
        known = shipped.known(session)
        new = definitions.deploy(
            session, earlier.bundle(), process="fast_sale", known=known, by=by, now=firm.now
        )
        migration.plan(session, old, new, {}, "Jedna wersja dla wszystkich.", by=by, now=firm.now)
    migrating.work(firm.factory, now=firm.now)


def deploy_scripts(session: Session, by: Person, now: datetime) -> Definition:
    """A small process with Python scripts that nobody has approved yet."""
    steps = (kit.task("ask"), kit.script("count", SCRIPT))
    shape = (kit.start(), *steps, kit.end(), kit.way("begin", "ask", "count", "done"))
    file = kit.diagram("counting", *shape, keeps="lines,total", lane="sales")
    findings = doctor.examine([file]).findings
    accepted = [each.id + ("=trusted" if each.code == "A04" else "") for each in findings if each.repairable]
    return definitions.deploy(session, [file], accepted=accepted, by=by, now=now)


def parcel(*steps: str) -> doctor.File:
    """A diagram of a few steps in a row, drawn as an editor would draw it."""
    ids = ("begin", *steps, "done")
    tasks = [kit.task(step, name__en=step.title()) for step in steps]
    plain = kit.diagram("parcel", kit.start(), *tasks, kit.end(), kit.way(*ids), lane="sales_desk")
    shapes = "".join(_shape(each, 100 + 160 * place, each in steps) for place, each in enumerate(ids))
    edges = "".join(
        f'<di:BPMNEdge id="e_{a}_{b}" bpmnElement="{a}_{b}"><w:waypoint x="{140 + 160 * place}" y="140"/>'
        f'<w:waypoint x="{260 + 160 * place}" y="140"/></di:BPMNEdge>'
        for place, (a, b) in enumerate(pairwise(ids))
    )
    plane = f'<di:BPMNPlane id="plane" bpmnElement="parcel">{shapes}{edges}</di:BPMNPlane>'
    drawn = f'<di:BPMNDiagram {DRAWN} id="drawing">{plane}</di:BPMNDiagram></definitions>'
    return doctor.File(plain.name, plain.content.decode().replace("</definitions>", drawn).encode())


DRAWN = (
    'xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:c="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:w="http://www.omg.org/spec/DD/20100524/DI"'
)


def _shape(id_: str, x: int, is_task: bool) -> str:
    width, height = (100, 80) if is_task else (36, 36)
    bounds = f'<c:Bounds x="{x}" y="{140 - height // 2}" width="{width}" height="{height}"/>'
    return f'<di:BPMNShape id="s_{id_}" bpmnElement="{id_}">{bounds}</di:BPMNShape>'


def person(session: Session, name: str) -> Person:
    """Somebody of the company."""
    return session.scalars(select(Person).where(Person.name == name)).one()


def founded(folder: Path) -> Path:
    """A file with the company, its processes deployed and its agreements signed, two weeks ago."""
    import_models()
    path = folder / "firm.db"
    began = MONDAY - timedelta(days=14)
    engine = connect(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    with sessions(engine, wiring=connected())().begin() as transaction:
        session: Session = transaction.session
        firm = company.found(session, now=began, seed=3, clients=10)
        shipped.deploy(session, by=firm.people[DESIGNER], now=began)
        agreements.sign_all(session, firm, now=began)
        session.execute(update(Person).values(locale="en"))
    engine.dispose()
    return path


def copied(founded: Path, folder: Path) -> str:
    """The address of a copy of the company's file."""
    return f"sqlite:///{shutil.copy(founded, folder / 'test.db')}"


def connected() -> Any:
    """The product's own wiring; documents are printed when somebody opens them."""
    return wiring.build(Settings(secret_key="for tests only"), prints_later=True)  # type: ignore[arg-type]


def _newest(session: Session, process: str) -> Definition:
    return session.scalars(
        select(Definition).where(Definition.process == process).order_by(Definition.version.desc())
    ).first() or _missing(process)


def _missing(process: str) -> Definition:
    raise AssertionError(f"{process} is not deployed")


def _owner(session: Session, deal: Deal) -> Person:
    """Whose deal it is: they accept what was delivered for it."""
    return session.get_one(Person, deal.owner_id)


def _whose(session: Session, task: UserTask) -> Person:
    """The assignee, else somebody whose queue it stands in."""
    if task.assignee_id:
        return session.get_one(Person, task.assignee_id)
    return next(
        each
        for each in session.scalars(select(Person).order_by(Person.id))
        if task.audience in each.audiences
    )
