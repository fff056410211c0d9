"""Thousands of things that heads, deputies and others try, against a small model of what an agreement is.

The model knows who speaks for whom, what lies on the table, what both signed, and which day it is; nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from engine import absences, calendars
from engine.db import sessions
from engine.errors import Refusal
from engine.people import Department, Person
from engine.sales import agreements, negotiating, standing
from engine.sales.agreements import AgreementAct, AgreementVersion, Signature
from engine.sales.terms import fingerprint
from tests.conftest import MONDAY
from tests.engine.sales.trade import TERMS, day, somebody

AWAY = 9
"""Borys is away from the first day to this one, and Dorota stands in."""
SALES, LEGAL = "sales", "legal"
ACTORS = st.sampled_from(("clara", "borys", "clara", "borys", "dorota", "clara", "borys", "anna", "adam"))
"""Mostly those who may: what nobody ever signed has no life."""
SELDOM = st.sampled_from((False,) * 9 + (True,))


@dataclass
class Words:
    """A version as the model knows it: who put it on the table, from when to when it holds."""

    terms: dict[str, Any]
    side: str
    first: date
    last: date | None


@dataclass
class Model:
    """What an agreement is."""

    words: dict[int, Words] = field(default_factory=dict)
    table: int | None = None
    waiting: list[int] = field(default_factory=list)
    current: int | None = None
    rests_until: date | None = None
    ends: date | None = None
    notice: bool = False
    act: tuple[str, str, date | None, int] | None = None

    def newest_signed(self) -> int | None:
        """What a proposal would change."""
        signed = [*self.waiting, *([self.current] if self.current else [])]
        return max(signed, default=None)

    def sign(self, number: int, today: date) -> None:
        """Both signed: a notice is taken back, and what would come later than newer words never comes."""
        if self.notice:
            self.notice, self.ends = False, self.words[self.current].last if self.current else None
        first = self.words[number].first
        self.waiting = [each for each in self.waiting if self.words[each].first < first] + [number]
        self.arrive(today)

    def arrive(self, today: date) -> None:
        """It is this day now."""
        if self.rests_until is not None and self.rests_until <= today:
            self.rests_until = None
        self.end(today)
        for number in sorted(self.waiting, key=lambda each: self.words[each].first):
            if self.words[number].first <= today and self.rests_until is None:
                self.waiting.remove(number)
                self.current, last = number, self.words[number].last
                days = [each for each in (last, self.ends if self.notice else None) if each]
                self.ends = min(days, default=None)
        self.end(today)

    def end(self, today: date) -> None:
        """Past its last day nothing binds any more."""
        if self.ends is None or self.ends >= today or (self.current is None and not self.notice):
            return
        if self.notice:
            self.waiting = []
        if not self.waiting:
            self.rests_until = None
        self.current, self.notice, self.ends = None, False, None


class Life(RuleBasedStateMachine):
    """One agreement, and everybody who may or may not touch it."""

    factory: ClassVar[Callable[[], Session]]
    played: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.session = type(self).factory()
        self.people = {each.email.partition("@")[0]: each for each in self.session.scalars(select(Person))}
        self.units = {each.key: each for each in self.session.scalars(select(Department))}
        self.model = Model()
        self.now = MONDAY
        self.hashes: dict[int, str] = {}

    def teardown(self) -> None:
        self.session.rollback()
        self.session.close()

    # ------------------------------------------------------------------------------------- what is at hand

    @property
    def today(self) -> date:
        return calendars.local_day(self.now)

    def side(self, actor: str) -> str | None:
        deputised = "legal" if self.today <= day(AWAY) else None
        return {"clara": SALES, "borys": LEGAL, "dorota": deputised}.get(actor)

    def version(self, number: int | None) -> AgreementVersion:
        query = select(AgreementVersion).where(AgreementVersion.agreement_id == self.agreement.id)
        return self.session.scalars(query.where(AgreementVersion.number == number)).one()

    def attempt(self, expected: bool, act: Callable[[], object]) -> None:
        """Do it in a savepoint: it succeeds exactly where the model says so, and a refusal leaves nothing behind."""
        type(self).played += 1
        before = self.snapshot()
        try:
            with self.session.begin_nested():
                act()
            done = True
        except Refusal as refusal:
            done, self.why = False, refusal
        assert done == expected, (done, getattr(self, "why", None))
        if not done:
            self.session.expire_all()
            assert self.snapshot() == before

    def snapshot(self) -> list[Any]:
        query = select(AgreementVersion.number, AgreementVersion.state, AgreementVersion.terms_hash)
        rows = self.session.execute(query.where(AgreementVersion.agreement_id == self.agreement.id)).all()
        signed = self.session.scalars(select(Signature.id)).all()
        acts = self.session.execute(select(AgreementAct.id, AgreementAct.state)).all()
        return [sorted(map(tuple, rows)), sorted(signed), sorted(map(tuple, acts))]

    def terms(self, percent: int, first: int | None, last: int | None) -> dict[str, Any]:
        found: dict[str, Any] = {**TERMS, "target": percent, "notice": "P2D"}
        if first is not None:
            found["valid_from"] = (self.today + timedelta(days=first)).isoformat()
        if last is not None:
            found["valid_to"] = (self.today + timedelta(days=last + (first or 0))).isoformat()
        return found

    def word(self, number: int, terms: dict[str, Any], side: str) -> None:
        first, last = terms.get("valid_from"), terms.get("valid_to")
        self.model.words[number] = Words(
            terms,
            side,
            date.fromisoformat(first) if first else date.min,
            date.fromisoformat(last) if last else None,
        )
        self.model.table = number

    def is_new(self, terms: dict[str, Any], number: int | None) -> bool:
        return number is None or self.model.words[number].terms != terms

    # ------------------------------------------------------------------------------------- what people try

    @initialize(percent=st.integers(80, 82), both=st.booleans())
    def draft(self, percent: int, both: bool) -> None:
        terms = self.terms(percent, None, None)
        sides = {"provider": self.units["legal"], "consumer": self.units["sales"]}
        made = negotiating.draft(
            self.session, "Umowa", terms=terms, code="H5", by=self.people["clara"], now=self.now, **sides
        )
        self.agreement = made
        version = negotiating.propose(self.session, made, by=self.people["clara"], now=self.now)
        self.word(1, terms, SALES)
        if both:
            negotiating.accept(self.session, version, by=self.people["borys"], now=self.now)
            self.model.table = None
            self.model.sign(1, self.today)

    @rule(
        actor=ACTORS,
        percent=st.integers(80, 82),
        first=st.none() | st.integers(0, 6),
        last=st.none() | st.integers(1, 8),
    )
    def propose(self, actor: str, percent: int, first: int | None, last: int | None) -> None:
        terms, side = self.terms(percent, first, last), self.side(actor)
        changes = self.is_new(terms, self.model.newest_signed()) or self.model.notice
        ok = side is not None and self.model.table is None and changes
        self.attempt(
            ok,
            lambda: negotiating.propose(
                self.session, self.agreement, terms, by=self.people[actor], now=self.now
            ),
        )
        if ok and side:
            self.word(max(self.model.words) + 1, terms, side)

    @rule(actor=ACTORS, percent=st.integers(80, 82), stale=SELDOM)
    def counter(self, actor: str, percent: int, stale: bool) -> None:
        terms, side, table = self.terms(percent, None, None), self.side(actor), self.model.table
        number = 1 if stale or table is None else table
        ok = (
            table == number
            and side not in (None, self.model.words[number].side)
            and self.is_new(terms, number)
        )
        seen = self.version(number)
        self.attempt(
            ok, lambda: negotiating.counter(self.session, seen, terms, by=self.people[actor], now=self.now)
        )
        if ok and side:
            self.word(max(self.model.words) + 1, terms, side)

    @rule(actor=ACTORS, stale=SELDOM, misread=SELDOM)
    def accept(self, actor: str, stale: bool, misread: bool) -> None:
        side, table = self.side(actor), self.model.table
        number = 1 if stale or table is None else table
        words, seen = self.model.words[number], self.version(number)
        alive = words.last is None or words.last > self.today
        ok = table == number and side not in (None, words.side) and alive and not misread
        said_hash = "0" * 64 if misread else seen.terms_hash
        self.attempt(
            ok,
            lambda: negotiating.accept(
                self.session, seen, terms_hash=said_hash, by=self.people[actor], now=self.now
            ),
        )
        if ok:
            self.model.table = None
            self.model.sign(number, self.today)

    @rule(actor=ACTORS)
    def withdraw(self, actor: str) -> None:
        table = self.model.table
        seen = self.version(table or 1)
        ok = table is not None and self.side(actor) is not None
        self.attempt(
            ok, lambda: negotiating.withdraw(self.session, seen, by=self.people[actor], now=self.now)
        )
        if ok:
            self.model.table = None

    @rule(actor=ACTORS, length=st.integers(-1, 5))
    def suspend(self, actor: str, length: int) -> None:
        until, side, act = self.today + timedelta(days=length), self.side(actor), self.model.act
        ok = (
            side is not None
            and self.model.current is not None
            and length > 0
            and (act is None or act[1] == side)
        )
        self.attempt(
            ok,
            lambda: standing.suspend(
                self.session, self.agreement, until, "Urlopy", by=self.people[actor], now=self.now
            ),
        )
        if ok and side and self.model.current:
            self.model.act = ("suspension", side, until, self.model.current)

    @rule(actor=ACTORS)
    def resume(self, actor: str) -> None:
        side, act = self.side(actor), self.model.act
        rests = self.model.current is not None and self.model.rests_until is not None
        ok = side is not None and rests and (act is None or act[1] == side)
        self.attempt(
            ok, lambda: standing.resume(self.session, self.agreement, by=self.people[actor], now=self.now)
        )
        if ok and side and self.model.current:
            self.model.act = ("resumption", side, None, self.model.current)

    @rule(actor=ACTORS, agrees=SELDOM.map(lambda seldom: not seldom))
    def answer_the_act(self, actor: str, agrees: bool) -> None:
        act = self.session.scalars(agreements.acts(self.agreement).limit(1)).first()
        if act is None:
            return
        known, side, by = self.model.act, self.side(actor), self.people[actor]
        if not agrees:
            ok = known is not None and side is not None
            self.attempt(ok, lambda: standing.refuse(self.session, act, by=by, now=self.now))
        else:
            same = known is not None and self.model.current is not None and self.same_words(known[3])
            ahead = known is not None and (known[2] is None or known[2] > self.today)
            ok = known is not None and same and ahead and side not in (None, known[1])
            self.attempt(ok, lambda: standing.consent(self.session, act, by=by, now=self.now))
            if ok and known is not None:
                self.model.rests_until = known[2]
                self.model.arrive(self.today)
        if ok:
            self.model.act = None

    def same_words(self, number: int) -> bool:
        current = self.model.current
        return current is not None and self.model.words[number].terms == self.model.words[current].terms

    @rule(actor=ACTORS)
    def terminate(self, actor: str) -> None:
        binding = self.model.current or next(iter(sorted(self.model.waiting)), None)
        ok = self.side(actor) is not None and binding is not None and not self.model.notice
        self.attempt(
            ok,
            lambda: standing.terminate(
                self.session, self.agreement, "Dość", by=self.people[actor], now=self.now
            ),
        )
        if ok:
            last = calendars.local_day(calendars.Calendar().add(self.now, "P2D"))
            before = self.model.ends if self.model.current else None
            self.model.ends, self.model.notice = min(last, before or last), True
            self.model.table = None

    @rule(number=st.integers(1, 4))
    def days_pass(self, number: int) -> None:
        for _ in range(number):
            self.now += timedelta(days=1)
            self.model.arrive(self.today)
        standing.work_due(self.session, now=self.now)

    @rule(
        percent=st.integers(80, 82), first=st.none() | st.integers(0, 6), last=st.none() | st.integers(1, 8)
    )
    def both_sign_other_words(self, percent: int, first: int | None, last: int | None) -> None:
        self.withdraw("clara")
        self.propose("clara", percent, first, last)
        self.accept("borys", stale=False, misread=False)

    @rule(length=st.integers(1, 5))
    def both_sign_a_pause(self, length: int) -> None:
        self.suspend("borys", length)
        self.answer_the_act("clara", agrees=True)

    # ------------------------------------------------------------------------------------- what is always true

    @invariant()
    def it_is_what_the_model_says(self) -> None:
        if not hasattr(self, "agreement"):
            return
        self.session.flush()
        model, agreement = self.model, self.agreement
        states = {each.number: each.state for each in self.session.scalars(agreements.versions(agreement))}
        current = [number for number, state in states.items() if state in agreements.BINDING]
        assert current == ([model.current] if model.current else [])
        assert [each for each, state in states.items() if state in agreements.NEGOTIATED] == (
            [model.table] if model.table else []
        )
        assert sorted(each for each, state in states.items() if state == "scheduled") == sorted(model.waiting)
        assert agreement.suspended_until == model.rests_until
        binding = agreements.in_force(self.session, "H5")
        assert (binding is not None) == (model.current is not None and model.rests_until is None)

    @invariant()
    def a_hash_never_changes_and_is_what_was_signed(self) -> None:
        if not hasattr(self, "agreement"):
            return
        for version in self.session.scalars(agreements.versions(self.agreement)):
            assert self.hashes.setdefault(version.number, version.terms_hash) == version.terms_hash
            assert fingerprint(version.terms) == version.terms_hash
            signed = self.session.scalars(agreements.signatures(version)).all()
            hands = {each.person_id for each in signed} | {each.on_behalf_of_id for each in signed} - {None}
            assert all(each.terms_hash == version.terms_hash for each in signed)
            assert len({each.department_id for each in signed}) == len(signed)
            both = version.state in ("scheduled", *agreements.BINDING, "terminated", "expired")
            assert len(signed) == 2 if both else len(signed) >= 1
            assert self.people["adam"].id not in hands
            assert self.people["anna"].id not in hands


@pytest.fixture
def people(
    database: Engine,
    session: Session,
    departments: dict[str, Department],
    clara: Person,
    borys: Person,
    anna: Person,
    adam: Person,
) -> None:
    """Everybody, and Borys away."""
    dorota = somebody(session, "Dorota", "employee")
    absences.record(session, borys, dorota, day(0), day(AWAY), by=borys, now=MONDAY)
    session.commit()
    Life.factory = sessions(database)


def play(examples: int, steps: int) -> int:
    """So many agreements, so many attempts each; the same ones every time."""
    begun = Life.played
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Life,
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
    return Life.played - begun


@pytest.mark.slow
def test_hundreds_of_attempts_leave_what_the_model_says(people: None) -> None:
    assert play(25, 30) > 400


@pytest.mark.long
def test_tens_of_thousands_of_attempts_leave_what_the_model_says(people: None) -> None:
    assert play(1_500, 40) > 30_000
