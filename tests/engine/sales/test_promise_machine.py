"""Thousands of words between two departments in any order, against a small model: rights, clocks, crashes, old pages."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
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
from sqlalchemy import Engine, delete, event, func, select, update
from sqlalchemy.orm import Session

from engine.errors import Refusal
from engine.history import Event
from engine.people import Department, Membership, Person, Role, SpecialDay
from engine.process import clock, definitions, doctor, instances, tasks
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.outbox import Job
from engine.process.tasks import UserTask
from engine.sales import alarms, conversation, deals, escalating, promises
from engine.sales.deals import Deal
from engine.sales.ladders import Move
from engine.sales.promises import Promise
from tests.bpmn.walk import BPMN
from tests.conftest import MONDAY
from tests.engine.process.kit import World
from tests.engine.sales import live
from tests.engine.sales.hand_offs import agree
from tests.engine.sales.talk_model import CLOSED, CONSUMER, MINUTE, No, Talk, at, is_worked
from tests.faults.kit import Crash, moments

LAST = MONDAY + timedelta(days=21)
"""No example goes on after this: what it promises must be due before Christmas."""

STEPS = [
    {"after": "-PT4H", "who": "provider_head", "how": "notice"},
    {"after": "PT8H", "who": "common_manager", "how": "task"},
]


@dataclass
class House:
    """One database for all examples, each of which asks for hand-offs of its own."""

    world: World
    definition: Definition
    people: dict[str, int]
    said: int = 0
    keys: int = field(default=0)

    @classmethod
    def opened(cls, engine: Engine) -> "House":
        wiring = live.WIRING
        more = {"answered": wiring.answered, "facts": wiring.facts, "projections": wiring.projections}
        world = World(engine, more={**more, "known": wiring.known})
        with world.factory.begin() as session:
            people = _cast(session)
            files = [BPMN / "house" / "promise_escalation.bpmn", BPMN / "forms" / "decide_hand_off.json"]
            found = [doctor.File(path.name, path.read_bytes()) for path in files]
            definitions.deploy(session, found, process=escalating.PROCESS, by=None, now=MONDAY)
            definition = live.deployed(session)
            ids = {person.name.split()[0].lower(): person.id for person in people}
        return cls(world, definition, ids)


def _cast(session: Session) -> list[Person]:
    board = Department(key="board", name="Zarząd", name_en="Board")
    session.add(board)
    session.flush()
    units = {
        "board": board,
        "sales": Department(key="sales", name="Sprzedaż", name_en="Sales", parent_id=board.id),
        "legal": Department(key="legal", name="Prawny", name_en="Legal", parent_id=board.id),
    }
    units["legal"].special_days = [SpecialDay(day=day) for day in CLOSED]
    session.add_all(units.values())
    session.flush()
    rows = [("Anna Wilk", "sales", False), ("Clara Zając", "sales", True), ("Borys Jawor", "legal", True)]
    rows += [("Ewa Kruk", "board", True), ("Dorota Sowa", "", False)]
    people = [
        Person(
            email=f"{name.split()[0].lower()}@wislane.example",
            name=name,
            created_at=MONDAY,
            roles=[Role(name="employee")],
            memberships=[Membership(department_id=units[unit].id, is_head=head)] if unit else [],
        )
        for name, unit, head in rows
    ]
    session.add_all(people)
    session.flush()
    _, clara, borys, *_ = people
    agree(session, units, clara, borys, deliver_time="PT24H", acceptance_window="PT8H", steps=STEPS)
    return people


who = st.sampled_from(["anna", "anna", "clara", "borys", "borys", "borys", "ewa", "dorota"])
which = st.integers(0, 9)
crashes = st.one_of(st.none(), st.none(), st.none(), st.none(), st.integers(0, 30))
stales = st.sampled_from([None, None, None, False, False, True])
"""Whether somebody says which version was seen, and whether that was an old one."""
reasons = st.sampled_from(["Czekamy na klienta", "Urlopy", "Urlopy", ""])
lists = st.sampled_from([[], ["Zakres"], ["Zakres", "Dane klienta"], ["Kawa"]])
verdicts = st.sampled_from([[], ["Zgodny z ofertą"], ["Kawa"]])
dates = st.tuples(st.integers(-1, 9), st.sampled_from([8, 9, 12, 16, 17]))


TAKES: dict[str, tuple[str, ...]] = {
    "give_back": ("missing", "note"),
    "bring": (),
    "promise": ("when",),
    "counter": ("when", "reason"),
    "consent": (),
    "refuse": (),
    "decline": ("reason",),
    "deliver": (),
    "accept": (),
    "reject": ("missing", "reason"),
    "renegotiate": ("when", "reason"),
    "pause": ("reason",),
    "resume": (),
    "revoke": ("reason",),
    "waive": ("reason",),
    "decide": ("what", "when", "reason"),
}
"""Every word and what is said with it."""

FITS: dict[str, list[tuple[str, str]]] = {
    "requested": [
        *(("borys", verb) for verb in ("promise", "promise", "counter", "give_back", "decline", "deliver")),
        *(("anna", "revoke"), ("clara", "waive")),
    ],
    "returned": [("anna", "bring"), ("anna", "bring"), ("clara", "bring"), ("clara", "waive")],
    "countered": [("anna", "consent"), ("clara", "consent"), ("anna", "refuse"), ("borys", "deliver")],
    "promised": [
        *(("borys", verb) for verb in ("deliver", "deliver", "renegotiate", "pause", "give_back")),
        ("anna", "renegotiate"),
    ],
    "asked": [("?", "consent"), ("?", "refuse"), ("borys", "deliver")],
    "delivered": [("anna", "accept"), ("clara", "reject"), ("anna", "reject")],
    "declined": [("ewa", "decide")],
    "paused": [("borys", "resume"), ("ewa", "decide")],
    "waived": [],
    "revoked": [],
    "accepted": [],
    "cancelled": [],
}
"""What makes sense in each state, and who may say it; “?” is whoever was asked about a date."""


class Talks(RuleBasedStateMachine):
    """Every rule says one word to the product and to the model; then both are compared."""

    house: ClassVar[House]

    def __init__(self) -> None:
        super().__init__()
        self.world = self.house.world
        self.world.now = MONDAY
        self.talks: dict[int, Talk] = {}
        self.deals: dict[int, int] = {}

    def teardown(self) -> None:
        """What this example leaves open is no business of the next one's clock."""
        with self.world.engine.begin() as connection:
            connection.execute(update(Promise).values(alarm_at=None))
            connection.execute(delete(Job))

    # ---- what is asked, and how time passes

    @initialize()
    def begin(self) -> None:
        self.asks()

    @precondition(lambda self: sum(talk.outcome is None for talk in self.talks.values()) < 3)
    @rule()
    def asks(self) -> None:
        with self.world.factory.begin() as session:
            anna = session.get_one(Person, self.house.people["anna"])
            given = {
                "title": "Suwnica",
                "firm": "Stocznia Mewa",
                "amount": "1000",
                "next_stage": "qualification",
            }
            raw = {key: [value] for key, value in given.items()}
            definition = session.get_one(Definition, self.house.definition.id)
            case = instances.start(session, definition, raw, by=anna, now=self.world.now)
            deal = deals.of(session, case.id)
            assert deal is not None
            self.passed_on(session, deal, anna)

    def passed_on(self, session: Session, deal: Deal, anna: Person) -> None:
        (task,) = tasks.open_of(session, deal.instance_id)
        conversation.complete(session, task, {}, by=anna, now=self.world.now)
        found = session.scalars(
            select(Promise).where(Promise.deal_id == deal.id, Promise.outcome.is_(None))
        ).one()
        self.talks[found.id], self.deals[found.id] = Talk(self.world.now), deal.id
        self.house.said += 1

    @precondition(lambda self: self.world.now < LAST)
    @rule(minutes=st.sampled_from([1, 30, 60, 240, 480, 960, 1440, 2880]), crash=crashes)
    def time_passes(self, minutes: int, crash: int | None) -> None:
        before = self.world.now
        self.world.now += timedelta(minutes=minutes)

        def act() -> None:
            with self.world.factory.begin() as session:
                alarms.work_due(session, now=self.world.now)
            clock.settle(self.world.factory, now=self.world.now)

        if crash is not None:
            with moments(self.world.engine, crash), suppress(Crash):
                act()
            with (
                self.world.engine.begin() as connection
            ):  # who crashed holds no call any more: its lease is over
                connection.execute(update(Job).values(leased_until=None))
        act()
        self.house.said += 1
        for talk in self.talks.values():
            talk.ring(before, self.world.now)
        self.nobody_decides_about_nothing()

    # ---- words

    @rule(
        verb=st.sampled_from(sorted(TAKES)),
        number=which,
        person=who,
        missing=st.one_of(lists, verdicts),
        note=st.sampled_from(["", "Brak"]),
        when=dates,
        reason=reasons,
        what=st.sampled_from(conversation.DECISIONS),
        stale=stales,
        crash=crashes,
    )
    def somebody_says_anything(
        self,
        verb: str,
        number: int,
        person: str,
        missing: list[str],
        note: str,
        when: tuple[int, int],
        reason: str,
        what: str,
        stale: bool | None,
        crash: int | None,
    ) -> None:
        given = {"missing": missing, "note": note, "when": self.day(when), "reason": reason, "what": what}
        self.says(verb, number, person, stale, crash, given)

    @rule(
        number=which,
        pick=which,
        days=st.integers(1, 9),
        what=st.sampled_from(conversation.DECISIONS),
        crash=crashes,
    )
    def somebody_says_what_fits(
        self, number: int, pick: int, days: int, what: str, crash: int | None
    ) -> None:
        self.fits(number, pick, days, what, crash)

    @rule(number=which, pick=which, days=st.integers(1, 9), what=st.sampled_from(conversation.DECISIONS))
    def and_the_talk_goes_on(self, number: int, pick: int, days: int, what: str) -> None:
        self.fits(number, pick, days, what, None)

    def fits(self, number: int, pick: int, days: int, what: str, crash: int | None) -> None:
        """Something that makes sense, by whoever may say it, with a date on which somebody works."""
        _, talk = self.one(number)
        said = FITS["asked" if talk.state == "promised" and talk.asked else talk.state]
        if talk.outcome is not None or not said:
            return
        person, verb = said[pick % len(said)]
        if person == "?":
            person = "anna" if talk.turn == CONSUMER else "borys"
        day = self.day((days, 12))
        while not is_worked(day - MINUTE):
            day += timedelta(days=1)
        missing = ["Zgodny z ofertą"] if verb == "reject" else ["Zakres"]
        given = {"missing": missing, "note": "", "when": day, "reason": "Czekamy na klienta", "what": what}
        self.says(verb, number, person, False, crash, given)

    # ---- the case around it

    @rule(number=which)
    def somebody_completes_the_task_past_the_conversation(self, number: int) -> None:
        """The engine's own door is shut while two departments talk; it is open when nobody is held any more."""
        id_, talk = self.one(number)
        if talk.outcome is not None:
            return

        def act() -> None:
            with self.world.factory.begin() as session:
                task = session.get_one(UserTask, session.get_one(Promise, id_).task_id)
                instances.complete(session, task, {}, by=None, now=self.world.now)

        if talk.manner is None:
            with pytest.raises(Refusal):
                act()
        else:
            act()
            talk.done()
        self.house.said += 1
        self.compare(id_)

    @rule(number=which, how=st.sampled_from(["stopped", "overtaken", "neither", "neither"]))
    def the_case_takes_it_away(self, number: int, how: str) -> None:
        id_, talk = self.one(number)
        if talk.outcome is not None or how == "neither":
            return
        with self.world.factory.begin() as session:
            deal = session.get_one(Deal, self.deals[id_])
            anna = session.get_one(Person, self.house.people["anna"])
            if how == "stopped":
                case = session.get_one(Instance, deal.instance_id)
                instances.cancel(session, case, "Pomyłka", by=anna, now=self.world.now)
            else:
                deals.move(session, deal, "qualification", reason="scope", by=anna, now=self.world.now)
        talk.gone(how)
        self.house.said += 1
        self.compare(id_)

    # ---- how words are said

    def says(
        self,
        verb: str,
        number: int,
        person: str,
        stale: bool | None,
        crash: int | None,
        given: dict[str, Any],
    ) -> None:
        id_, talk = self.one(number)
        mine = {name: given[name] for name in TAKES[verb]}
        theirs = {"due_at" if name == "when" else name: value for name, value in mine.items()}
        if verb == "deliver":
            theirs = {"raw": {}}
        if verb == "promise" and given["reason"]:  # as agreed
            mine = theirs = {}
        refused, before = None, _copied(talk)
        try:
            getattr(talk, verb)(person, self.world.now, stale=stale is True, **mine)
        except No as no:
            refused = no.name
            self.talks[id_] = before

        def act() -> None:
            self.house.said += 1
            with self.world.factory.begin() as session:
                promise = session.get_one(Promise, id_)
                seen = None if stale is None else promise.version - int(stale)
                by = session.get_one(Person, self.house.people[person])
                getattr(conversation, verb)(session, promise, **theirs, by=by, now=self.world.now, seen=seen)

        if not self.gives(act, crash, refused) and refused is None:
            self.talks[id_] = before
        self.compare(id_)

    def gives(self, act: Callable[[], None], crash: int | None, refused: str | None) -> bool:
        """Whether it is there: a crash leaves all of it or nothing."""
        met: Refusal | None = None
        with moments(self.world.engine, crash) as seen:
            try:
                act()
            except Crash:
                return refused is None and seen.passed[-1] == "after commit"
            except Refusal as refusal:
                met = refusal
        assert (type(met).__name__ if met else None) == refused
        return met is None

    def one(self, number: int) -> tuple[int, Talk]:
        ids = sorted(self.talks)[-4:]
        return ids[number % len(ids)], self.talks[ids[number % len(ids)]]

    def day(self, when: tuple[int, int]) -> datetime:
        days, hour = when
        return at(self.world.now.date() + timedelta(days=days), hour)

    # ---- how both are compared

    def compare(self, id_: int) -> None:
        with self.world.looking() as session:
            promise, talk = session.get_one(Promise, id_), self.talks[id_]
            self.same(promise, talk)
            self.the_task_agrees(session.get_one(UserTask, promise.task_id), talk)
            facts = select(Event.kind).where(Event.subject == f"promise:{id_}").order_by(Event.id)
            assert list(session.scalars(facts)) == [f"promise_{word}" for word in talk.words]
            self.moves_follow(session, promise)
            self.counted(session, id_, talk)

    def same(self, promise: Promise, talk: Talk) -> None:
        assert promise.version_id is not None
        assert (promise.state, promise.outcome, promise.manner) == (talk.state, talk.outcome, talk.manner)
        assert (promise.returns, promise.changes, promise.rework) == (talk.returns, talk.changes, talk.rework)
        assert promise.turn == talk.turn
        assert promise.due_at == talk.due
        if talk.outcome is None:
            assert promise.proposed_due_at == talk.proposed
            assert promise.respond_by == talk.respond_by
            assert promise.accept_by == talk.accept_by
            assert promise.delivered_at == talk.delivered
            assert promise.first_due_at == talk.first
            assert promise.steps_taken == talk.steps
        if promise.left_seconds is not None and talk.due is None:
            assert promise.left_seconds == 60 * (talk.left or 0)

    def the_task_agrees(self, task: UserTask, talk: Talk) -> None:
        assert (task.closed_at is None) == (talk.outcome is None)
        if talk.outcome is None:
            waits_for = ("department:sales", self.house.people["anna"])
            expected = waits_for if talk.turn == CONSUMER else ("department:legal", None)
            assert (task.audience, task.assignee_id) == expected

    def moves_follow(self, session: Session, promise: Promise) -> None:
        """Each move begins where the last one ended, and the last is where it stands."""
        moves = session.scalars(
            select(Move).where(Move.item == f"promise:{promise.id}").order_by(Move.seq)
        ).all()
        assert [move.seq for move in moves] == list(range(1, promise.move_count + 1))
        for one, other in pairwise(moves):
            assert other.from_stage == one.to_stage
        assert moves[-1].to_stage == (
            promise.state if promise.outcome is None and promise.manner is None else None
        )

    def counted(self, session: Session, id_: int, talk: Talk) -> None:
        """Kept, broken, pending and out of scope: exactly one of them."""
        now = self.world.now
        clauses = {
            "kept": promises.kept(),
            "broken": promises.broken(now),
            "pending": promises.pending(now),
            "out of scope": promises.out_of_scope(),
        }
        row = session.execute(
            select(*(func.count().filter(clause) for clause in clauses.values())).where(Promise.id == id_)
        ).one()
        assert [name for name, n in zip(clauses, row, strict=True) if n] == [talk.counts_as(now)]

    def nobody_decides_about_nothing(self) -> None:
        with self.world.looking() as session:
            asked = select(Promise.id).join(Instance, Instance.id == Promise.escalation_id)
            closed = asked.where(Instance.ended_at.is_(None), Promise.outcome.is_not(None))
            assert session.scalars(closed.where(Promise.id.in_(self.talks))).all() == []


def _copied(talk: Talk) -> Talk:
    made = object.__new__(Talk)
    made.__dict__.update({**talk.__dict__, "words": list(talk.words)})
    return made


# -------------------------------------------------------------------------------------------------------- the tests


@pytest.fixture
def house(database: Engine) -> House:
    """Nobody pulls the plug on a model: SQLite does not wait for the disk."""
    if database.dialect.name == "sqlite":
        event.listen(database, "connect", lambda made, _record: made.execute("PRAGMA synchronous=OFF"))
    return House.opened(database)


def play(house: House, examples: int, steps: int = 60) -> int:
    """So many conversations, so many words each; the same ones every time."""
    Talks.house = house
    begun = house.said
    run_state_machine_as_test(
        Talks,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
    return house.said - begun


WORDS = {
    f"promise_{word}"
    for word in (
        *(
            "returned",
            "brought",
            "promised",
            "countered",
            "consented",
            "refused",
            "declined",
            "delivered",
            "accepted",
        ),
        *(
            "rejected",
            "renegotiated",
            "paused",
            "resumed",
            "revoked",
            "waived",
            "decided",
            "unanswered",
            "escalated",
        ),
    )
}
"""Everything that can be said of a promise, and what is written down when nobody says anything."""


@pytest.mark.slow
def test_a_thousand_words_leave_what_the_model_says(house: House) -> None:
    assert play(house, 20) > 600
    with house.world.looking() as session:
        said = select(Event.kind).where(Event.subject.like("promise:%")).distinct()
        assert set(session.scalars(said)) == WORDS


@pytest.mark.long
def test_fifty_thousand_words_leave_what_the_model_says(house: House) -> None:
    assert play(house, 1_200) > 40_000
