"""Tens of thousands of commands in any order, against a model of a page: what people do, time, answers, crashes, races."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, Engine, delete, event, text, update
from sqlalchemy.orm.exc import StaleDataError

from engine import migrations
from engine.db import connect
from engine.errors import NotAllowed, Refusal, Stale
from engine.people import Department, Membership, Person
from engine.ports import Call, Failed
from engine.process import clock, instances, jobs, migrating, migration, operating, tasks
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.migration import MigrationItem
from engine.process.outbox import Job
from engine.process.subscriptions import Subscription
from engine.process.tasks import UserTask
from tests.conftest import MONDAY, import_models
from tests.engine.process.kit import (
    World,
    after,
    asks,
    caught,
    choice,
    diagram,
    end,
    fork,
    form,
    hear,
    service,
    start,
    task,
    way,
)
from tests.faults.kit import Crash, moments

# ------------------------------------------------------------------------------------------------------ the model

PEOPLE = 2


@dataclass
class Sale:
    """What an order should be: its tokens by place, who holds them, what it waits for, and how often what happened."""

    at: Counter[str] = field(default_factory=Counter)
    holder: dict[str, int] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)
    outcome: str | None = None
    rests: bool = False

    def tell(self, *facts: str) -> None:
        self.told.update(facts)

    def started(self) -> None:
        self.tell("started begin", "passed begin", "passed split", "passed enter", "opened work")
        self.at.update(["work", "book"])

    def completed(self, step: str, *, again: bool) -> None:
        self.leave(step)
        self.tell(f"completed {step}")
        if step == "work":
            self.tell("passed more")
            if again:
                self.tell("passed enter")
                self.open("work")
            else:
                self.arrive("by_hand")
        elif step == "replace":
            self.tell("passed meet")
            self.arrive("by_shop")
        elif step == "check":
            self.at["remind"] = 0
            self.end("done")
        elif step == "nudge":
            self.end("aside")

    def answered(self) -> None:
        self.leave("book")
        self.tell("answered book", "passed book", "passed meet")
        self.arrive("by_shop")

    def failed(self) -> None:
        self.leave("book")
        self.tell("failed book", "cancelled book", "passed no_stock")
        self.open("replace")

    def heard(self) -> None:
        self.leave("listen")
        self.tell("received ", "passed listen")
        self.open("check")
        self.at["remind"] = 1

    def fired(self) -> None:
        self.at["remind"] = 0
        self.tell("fired remind", "passed remind")
        self.open("nudge")

    def moved(self, step: str, to: str) -> None:
        self.leave(step)
        self.tell("overridden " + to, f"cancelled {step}")
        self.open(to)

    def open(self, step: str) -> None:
        self.at[step] += 1
        self.tell(f"opened {step}")

    def leave(self, step: str) -> None:
        self.at[step] -= 1
        self.holder.pop(step, None)

    def arrive(self, side: str) -> None:
        self.at[side] += 1
        if self.at["by_hand"] and self.at["by_shop"]:
            self.at["by_hand"] = self.at["by_shop"] = 0
            self.tell("passed join")
            self.at["listen"] = 1

    def end(self, name: str) -> None:
        self.tell(f"passed {name}")
        if not +self.at:
            self.outcome = name
            self.tell(f"ended {name}")

    @property
    def tasks(self) -> list[str]:
        return [step for step in ("check", "nudge", "replace", "work") if self.at[step]]


# ------------------------------------------------------------------------------------------------ the real thing


def order(why: str = "") -> list[Any]:
    """Work that may be done again and a parcel, at once; then the client's word, a check, and a reminder beside it."""
    return [
        diagram(
            "order",
            start(),
            *(fork("split"), choice("enter", default="enter_work"), task("work", form="work")),
            *(choice("more", default="more_join"), fork("join")),
            *(service("book", connector="shop", operation="book"), caught("no_stock", "book", "NO_STOCK")),
            *(task("replace"), choice("meet", default="meet_join"), hear("listen", "client.answer")),
            *(task("check", why=why), after("remind", "check", "PT1H", interrupting=False), task("nudge")),
            *(end(), end("aside")),
            *(way("begin", "split", "enter", "work", "more", "join"), way("more", "enter", when="again")),
            *(
                way("split", "book", "meet", "join", "listen", "check", "done"),
                way("remind", "nudge", "aside"),
            ),
            way("no_stock", "replace", "meet"),
        ),
        form("work", asks("again", "yes_no")),
    ]


@dataclass
class Office:
    """One database for all orders of a run: each example begins orders of its own."""

    world: World
    definition: Definition
    other: Definition
    people: list[int]
    commands: int = 0
    keys: int = 0

    def looking(self) -> Connection:
        """A connection beside writers, for whoever only looks."""
        return self.world.engine.connect().execution_options(reading=True)

    @classmethod
    def opened(cls, engine: Engine) -> "Office":
        world = World(engine)
        with world.factory.begin() as session:
            sales = Department(key="sales", name="Sprzedaż", name_en="Sales")
            session.add(sales)
            session.flush()
            people = [
                Person(
                    email=f"{name}@wislane.example", name=name, created_at=MONDAY,
                    memberships=[Membership(department_id=sales.id)],
                )
                for name in ("Anna Wilk", "Borys Jawor")
            ]  # fmt: skip
            session.add_all(people)
            session.flush()
            ids = [person.id for person in people]
        office = cls(world, world.deploy(*order()), world.deploy(*order("the client asked")), ids)
        world.start(office.definition)  # the diagram is read once, before moments are counted
        return office


def answers(_call: Call) -> dict[str, Any]:
    return {}


crashes = st.one_of(st.none(), st.none(), st.none(), st.integers(0, 40))
whose = st.integers(0, PEOPLE - 1)
which = st.integers(0, 30)


class Orders(RuleBasedStateMachine):
    """Every rule gives a command to the engine, and to the model what should follow from it; then both are compared."""

    office: ClassVar[Office]

    def __init__(self) -> None:
        super().__init__()
        self.world = self.office.world
        self.world.now = MONDAY
        self.sales: dict[int, Sale] = {}
        self.pressed: list[tuple[int, int, str]] = []

    def teardown(self) -> None:
        """What this example leaves undone is no business of the next one's clock."""
        with self.world.engine.begin() as connection:
            connection.execute(delete(Subscription))
            connection.execute(update(Job).values(failed_at=MONDAY))

    # ---- rules

    @initialize()
    def begin(self) -> None:
        self.starts(None)

    @precondition(lambda self: len(self.sales) < 2)
    @rule(crash=crashes)
    def starts(self, crash: int | None) -> None:
        key, begun = self.key(), []

        def act() -> None:
            self.office.commands += 1
            with self.world.factory.begin() as session:
                begun.append(
                    instances.start(session, self.office.definition, by=None, now=self.world.now, key=key).id
                )

        if self.gives(act, crash):
            sale = self.sales[begun[-1]] = Sale()
            sale.started()
            act()
            assert begun[-1] == begun[-2], "the same key began another order"
        self.compare()

    @rule(number=which, person=st.one_of(st.none(), whose), again=st.booleans(), crash=crashes)
    def completes(self, number: int, person: int | None, again: bool, crash: int | None) -> None:
        found = self.task(number)
        if found is None:
            return
        id_, step, task_id = found
        sale, key = self.sales[id_], self.key()

        def act() -> None:
            self.complete(task_id, person, again, key)

        refused = self.refusal(sale, step, person)
        if self.gives(act, crash, refused):
            sale.completed(step, again=again)
            self.pressed.append((id_, task_id, key))
        self.compare(id_)

    @precondition(lambda self: self.pressed)
    @rule(number=which)
    def presses_again(self, number: int) -> None:
        """The same key a second time answers and does nothing, however long ago; another one is refused."""
        id_, task_id, key = self.pressed[number % len(self.pressed)]
        self.complete(task_id, None, again=True, key=key)
        if not self.sales[id_].rests:
            with pytest.raises(Stale):
                self.complete(task_id, None, again=True, key=self.key())
        self.compare(id_)

    @rule(number=which, person=whose, crash=crashes)
    def claims(self, number: int, person: int, crash: int | None) -> None:
        found = self.task(number)
        if found is None:
            return
        id_, step, task_id = found
        sale = self.sales[id_]
        held = sale.holder.get(step)

        def act() -> None:
            self.office.commands += 1
            with self.world.factory.begin() as session:
                by = session.get_one(Person, self.office.people[person])
                tasks.claim(session, session.get_one(UserTask, task_id), by=by, now=self.world.now)

        refused: type[Refusal] | None = instances.Resting if sale.rests else None
        if refused is None and held not in (None, person):
            refused = tasks.AlreadyClaimed
        if self.gives(act, crash, refused) and held is None:
            sale.holder[step] = person
            sale.tell(f"claimed {step}")
        self.compare(id_)

    @rule(number=which, crash=crashes)
    def releases(self, number: int, crash: int | None) -> None:
        found = self.task(number)
        if found is None or found[1] not in self.sales[found[0]].holder:
            return
        id_, step, task_id = found
        sale = self.sales[id_]

        def act() -> None:
            self.office.commands += 1
            with self.world.factory.begin() as session:
                by = session.get_one(Person, self.office.people[sale.holder[step]])
                tasks.release(session, session.get_one(UserTask, task_id), by=by, now=self.world.now)

        if self.gives(act, crash, instances.Resting if sale.rests else None):
            del sale.holder[step]
            sale.tell(f"released {step}")
        self.compare(id_)

    @rule(number=which, crash=crashes)
    def the_client_answers(self, number: int, crash: int | None) -> None:
        id_, sale = self.sale(number)
        key = self.key()

        def act() -> None:
            self.office.commands += 1
            with self.world.factory.begin() as session:
                case = session.get_one(Instance, id_)
                instances.send(session, case, "client.answer", {}, by=None, now=self.world.now, key=key)

        refused: type[Refusal] | None = None if sale.at["listen"] else instances.NobodyWaits
        if sale.outcome or sale.rests:
            refused = instances.NotRunning if sale.outcome else instances.Resting
        if self.gives(act, crash, refused):
            sale.heard()
            act()  # and the network says it twice
        self.compare(id_)

    @rule(crash=crashes)
    def an_hour_passes(self, crash: int | None) -> None:
        """Every reminder fires and the shop answers everybody; a crash puts off what had not happened yet."""
        self.world.shop.run = answers  # type: ignore[method-assign]
        for stop in (crash, None):
            self.world.now += timedelta(hours=1, minutes=1)
            self.office.commands += 1
            self.gives(lambda: clock.tick(self.world.factory, now=self.world.now), stop)
        for sale in self.sales.values():
            if sale.at["remind"] and not sale.rests:
                sale.fired()
        self.follow(Sale.answered, "answered book")
        self.compare()

    @rule(fails=st.sampled_from(["", "", "NO_STOCK", "busy"]), crash=crashes)
    def the_shop_answers(self, fails: str, crash: int | None) -> None:
        failure = {"NO_STOCK": Failed("none left", code="NO_STOCK", permanent=True), "busy": Failed("busy")}

        def run(call: Call) -> dict[str, Any]:
            if fails in failure:
                raise failure[fails]
            return answers(call)

        self.world.shop.run = run  # type: ignore[method-assign]
        self.world.now += jobs.LEASE * 2
        with self.world.factory.begin() as session:
            session.execute(update(Job).values(tries=0))  # nobody gives up: this is not about the eighth try
        self.office.commands += 1
        self.gives(lambda: jobs.work(self.world.factory, now=self.world.now), crash)
        self.follow(Sale.answered, "answered book")
        self.follow(Sale.failed, "failed book")
        if crash is None and fails != "busy":
            assert not any(sale.at["book"] and not sale.rests for sale in self.sales.values())
        self.compare()

    @rule(number=which, crash=crashes)
    def somebody_lets_it_rest_or_go_on(self, number: int, crash: int | None) -> None:
        id_, sale = self.sale(number)
        verb = operating.resume if sale.rests else operating.suspend

        def act() -> None:
            self.office.commands += 1
            with self.world.factory.begin() as session:
                verb(session, session.get_one(Instance, id_), "holiday", by=None, now=self.world.now)

        if self.gives(act, crash, instances.NotRunning if sale.outcome else None):
            sale.rests = not sale.rests
            sale.tell("overridden ")
        self.compare(id_)

    @rule(number=which, to=st.sampled_from(["work", "replace"]), crash=crashes)
    def somebody_moves_it(self, number: int, to: str, crash: int | None) -> None:
        """From a task of a branch to another step of the same branch."""
        found = self.task(number)
        if found is None or found[1] != to:
            return
        id_, step, task_id = found

        def act() -> None:
            self.office.commands += 1
            with self.world.factory.begin() as session:
                case, token = session.get_one(Instance, id_), session.get_one(UserTask, task_id).token
                operating.move(session, case, token, "order", to, "again", by=None, now=self.world.now)

        if self.gives(act, crash):
            self.sales[id_].moved(step, to)
        self.compare(id_)

    @rule(number=which, crash=crashes)
    def somebody_takes_it_to_the_other_version(self, number: int, crash: int | None) -> None:
        """A plan for one order; whoever carries it out may break off and is followed by somebody else."""
        id_, sale = self.sale(number)
        self.office.commands += 1
        with self.world.factory.begin() as session:
            here = session.get_one(Instance, id_).definition_id
            both = (self.office.definition, self.office.other)
            old, new = both if here == both[0].id else both[::-1]
            by, now = session.get_one(Person, self.office.people[0]), self.world.now
            made = migration.plan(session, old, new, {}, "better drawn", by=by, now=now)
            session.add(MigrationItem(plan_id=made.id, instance_id=id_, status="fits", at=now))
            made.tried_at = now
            session.flush()
            migration.begin(session, made, by=by, now=now)
        self.gives(lambda: migrating.work(self.world.factory, now=self.world.now), crash)
        while migrating.work(self.world.factory, now=self.world.now):
            pass
        if sale.outcome is None:
            sale.tell("migrated ")
        self.compare(id_)

    @rule(number=which, again=st.booleans())
    def two_meet_on_one_task(self, number: int, again: bool) -> None:
        """One has looked at the task and at the case before the other completes it: the later one is told so."""
        found = self.task(number)
        if found is None or self.refusal(self.sales[found[0]], found[1], None):
            return
        id_, step, task_id = found
        with self.world.factory() as late, self.world.factory() as later:
            seen = late.get_one(UserTask, task_id)
            late.commit()
            old = later.get_one(Instance, id_)
            later.commit()
            self.complete(task_id, None, again, self.key())
            self.sales[id_].completed(step, again=again)
            self.office.commands += 2
            with pytest.raises((Stale, StaleDataError)):
                instances.complete(late, seen, {}, by=None, now=self.world.now)
            late.rollback()
            old.title = "from an old page"
            with pytest.raises(StaleDataError):
                later.flush()
            later.rollback()
        self.compare(id_)

    # ---- how commands are given

    def gives(
        self, act: Callable[[], object], crash: int | None, refused: type[Refusal] | None = None
    ) -> bool:
        """Give a command, perhaps with a crash at one of its moments. Returns whether it is there."""
        met: Refusal | None = None
        with moments(self.world.engine, crash) as seen:
            try:
                act()
            except Crash:
                return refused is None and seen.passed[-1] == "after commit"
            except Refusal as refusal:
                met = refusal
        assert isinstance(met, refused or type(None)), f"{met!r} where {refused} was due"
        return met is None

    def complete(self, task_id: int, person: int | None, again: bool, key: str) -> None:
        self.office.commands += 1
        with self.world.factory.begin() as session:
            by = None if person is None else session.get_one(Person, self.office.people[person])
            found = session.get_one(UserTask, task_id)
            raw = {"again": "yes" if again else "no"} if found.element == "work" else {}
            instances.complete(session, found, raw, by=by, now=self.world.now, key=key)

    def refusal(self, sale: Sale, step: str, person: int | None) -> type[Refusal] | None:
        if sale.rests:
            return instances.Resting
        return NotAllowed if person is not None and sale.holder.get(step) not in (None, person) else None

    def key(self) -> str:
        self.office.keys += 1
        return f"key:{self.office.keys}"

    def sale(self, number: int) -> tuple[int, Sale]:
        ids = sorted(self.sales)
        return ids[number % len(ids)], self.sales[ids[number % len(ids)]]

    def task(self, number: int) -> tuple[int, str, int] | None:
        """One of the open tasks of the model, and its row."""
        open_ = [(id_, step) for id_, sale in sorted(self.sales.items()) for step in sale.tasks]
        if not open_:
            return None
        id_, step = open_[number % len(open_)]
        with self.office.looking() as look:
            return id_, step, look.execute(OPEN, {"id": id_, "step": step}).scalar_one()

    # ---- how both are compared

    def follow(self, then: Callable[[Sale], None], fact: str) -> None:
        """A worker that broke off had brought the shop's answer to some orders: those whose history says so."""
        for id_, sale in self.sales.items():
            if sale.at["book"] and not sale.rests and self.facts(id_)[fact] > sale.told[fact]:
                then(sale)

    def compare(self, *ids: int) -> None:
        for id_ in ids or self.sales:
            self.compare_one(id_, self.sales[id_])

    def compare_one(self, id_: int, sale: Sale) -> None:
        with self.office.looking() as look:
            assert self.facts(id_, look) == sale.told
            row = look.execute(CASE, {"id": id_}).one()
            assert tuple(row) == (sale.told.total(), sale.outcome, sale.rests)
            held = {step: self.office.people[person] for step, person in sale.holder.items()}
            assert [tuple(each) for each in look.execute(TASKS, {"id": id_})] == [
                (step, held.get(step)) for step in sale.tasks
            ]
            waits = [each.element for each in look.execute(WAITS, {"id": id_})]
            assert waits == [step for step in ("listen", "remind") if sale.at[step]]
            assert look.execute(PENDING, {"id": id_}).scalar() == sale.at["book"]

    def facts(self, id_: int, look: Connection | None = None) -> Counter[str]:
        if look is None:
            with self.office.looking() as look:
                return self.facts(id_, look)
        return Counter(
            {f"{kind} {step or ''}": rows for kind, step, rows in look.execute(FACTS, {"id": id_})}
        )


FACTS = text("SELECT kind, element, count(*) FROM events WHERE instance_id = :id GROUP BY kind, element")
CASE = text("SELECT seq, outcome, suspended_at IS NOT NULL FROM instances WHERE id = :id")
TASKS = text(
    "SELECT element, assignee_id FROM user_tasks WHERE instance_id = :id AND closed_at IS NULL ORDER BY element"
)
WAITS = text("SELECT element FROM subscriptions WHERE instance_id = :id ORDER BY element")
PENDING = text("SELECT count(*) FROM jobs WHERE instance_id = :id AND done_at IS NULL AND failed_at IS NULL")
OPEN = text("SELECT id FROM user_tasks WHERE instance_id = :id AND element = :step AND closed_at IS NULL")


# -------------------------------------------------------------------------------------------------------- the tests


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """SQLite without waiting for the disk: nobody pulls the plug on a model."""
    import_models()
    engine = connect(f"sqlite:///{tmp_path / 'orders.db'}")
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous=OFF"))
    migrations.upgrade(engine)
    yield Office.opened(engine)
    engine.dispose()


def play(office: Office, examples: int, steps: int = 100) -> int:
    """So many orders, so many commands each; the same ones every time."""
    Orders.office = office
    begun = office.commands
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Orders,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
    return office.commands - begun


@pytest.mark.slow
def test_five_hundred_commands_leave_what_the_model_says(office: Office) -> None:
    assert play(office, 6) > 300


@pytest.mark.slow
def test_seven_thousand_commands_leave_what_the_model_says(office: Office) -> None:
    assert play(office, 100) >= 7_000


@pytest.mark.long
def test_two_hundred_thousand_commands_leave_what_the_model_says(office: Office) -> None:
    assert play(office, 2_800) >= 200_000
