"""Two years of a large company's sales, plainly invented and the same every time: a million moves of a hundred thousand deals."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, insert, text
from sqlalchemy.orm import Session, sessionmaker

from engine import migrations
from engine.db import connect, sessions
from engine.people import Department, Membership, Person, Role
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.sales.deals import Deal
from reports import rollups
from tests import servers
from tests.bench import ground
from tests.reports import company
from tests.reports.histories import STAGES

LADDER, DAYS = "sales", 730
FIRST = ground.NOW.date() - timedelta(days=DAYS)
DEPARTMENTS, SELLERS, CHUNK = 8, 40, 20_000
REASONS = ("out_of_scope", "budget_cut", "wrong_contact", "too_dear", None)
LONG = (3, 6, 9, 4)
"""Mean days on each stage."""
COLUMNS = (
    "item", "instance_id", "seq", "kind", "from_stage", "to_stage", "from_rank", "to_rank", "at", "day",
    "recorded_at", "dwell", "owner_id", "department_id", "amount", "reason", "causing_department_id",
)  # fmt: skip
ALWAYS = {"ladder": LADDER, "ladder_version": 1, "cause": "user", "currency": "PLN"}
_DAYS = [(FIRST + timedelta(days=number)).isoformat() for number in range(DAYS + 1)]
_HOURS = [f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000000" for second in range(86400)]


class Move(NamedTuple):
    """One move: the second since the first day, and the columns of its row."""

    second: int
    row: tuple[Any, ...]


class Walk:
    """A deal on its way; every move is appended to ``moves``."""

    def __init__(self, dice: Random, number: int, moves: list[Move]) -> None:
        self.dice, self.number, self.moves = dice, number, moves
        self.now = dice.randrange(DAYS * 86400)
        self.seller = dice.randrange(SELLERS)
        self.amount = dice.randrange(20, 400) * 1000
        self.seq, self.since, self.rank = 0, self.now, 0

    def go(self) -> None:
        """Until it ends or the two years do."""
        self.step("new", None, 1)
        while self.now < DAYS * 86400 and self._turn():
            pass

    def _turn(self) -> bool:
        self.now += 60 + int(self.dice.expovariate(1 / (86400 * LONG[self.rank - 1])))
        chance = self.dice.random()
        if chance < 0.05:
            return self.step("lost", self.rank, None, is_red=True)
        if chance < 0.10:
            self.step("suspended", self.rank, self.rank)
            self.now += 86400 * self.dice.randrange(1, 30)
            return self.step("resumed", self.rank, self.rank)
        if chance < 0.475 and self.rank > 1:
            return self.step("backward", self.rank, self.dice.randrange(1, self.rank), is_red=True)
        if self.rank == len(STAGES):
            return self.step("won", self.rank, None)
        jump = 2 if chance > 0.97 and self.rank + 2 <= len(STAGES) else 1
        return self.step("forward_skip" if jump == 2 else "forward", self.rank, self.rank + jump)

    def step(self, kind: str, start: int | None, end: int | None, *, is_red: bool = False) -> bool:
        """One move; whether the deal goes on."""
        day, second = divmod(self.now, 86400)
        if day >= DAYS:
            return False
        self.seq += 1
        at = f"{_DAYS[day]} {_HOURS[28800 + second // 3]}"
        why = (self.dice.choice(REASONS), self.dice.randrange(1, DEPARTMENTS)) if is_red else (None, None)
        self.moves.append(
            Move(
                self.now,
                (
                    f"deal:{self.number}",
                    self.number,
                    self.seq,
                    kind,
                    STAGES[start - 1] if start else None,
                    STAGES[end - 1] if end else None,
                    start,
                    end,
                    at,
                    _DAYS[day],
                    at,
                    None if kind in ("new", "resumed") else self.now - self.since,
                    self.seller + 1,
                    self.seller % DEPARTMENTS + 1,
                    self.amount,
                    *why,
                ),
            )
        )
        self.since, self.rank = self.now, end or self.rank
        return end is not None


def told(deals: int) -> list[tuple[Any, ...]]:
    """The rows of all moves of so many deals, in the order of their time."""
    dice, moves = Random(11), list[Move]()
    for number in range(1, deals + 1):
        Walk(dice, number, moves).go()
    moves.sort(key=lambda move: move.second)
    return [move.row for move in moves]


@contextmanager
def database(rows: Sequence[tuple[Any, ...]], deals: int, dialect: str) -> Iterator[sessionmaker[Session]]:
    """A fresh database with these moves, its roll-ups not made yet."""
    with empty(dialect) as (engine, factory):
        fill(engine, factory, rows, deals)
        yield factory


@contextmanager
def empty(dialect: str) -> Iterator[tuple[Engine, sessionmaker[Session]]]:
    """A fresh database of a dialect with today's shape."""
    if dialect == "sqlite":
        with ground.database() as (engine, factory, _path):
            yield engine, factory
        return
    with servers.postgresql() as address, servers.databases(address, _shape)(Path()) as url:
        engine = connect(url)
        yield engine, sessions(engine, wiring=ground.wired())
        engine.dispose()


def _shape(url: str) -> None:
    made = connect(url)
    migrations.upgrade(made)
    made.dispose()


def fill(engine: Engine, factory: sessionmaker[Session], rows: Sequence[tuple[Any, ...]], deals: int) -> None:
    """The company, its deals and their moves."""
    with factory() as session:
        definition = company.define(session, LADDER)
        _people(session)
    with engine.begin() as connection:
        _deals(connection, definition, deals)
        _moves(connection, rows)
    with engine.begin() as connection:
        connection.execute(text("ANALYZE"))


def _people(session: Session) -> None:
    board = Department(key="board", name="Zarząd", name_en="Board")
    session.add(board)
    session.flush()
    for number in range(1, DEPARTMENTS):
        session.add(Department(key=f"d{number}", name=f"D{number}", name_en=f"D{number}", parent_id=board.id))
    for number in range(SELLERS):
        person = Person(
            email=f"s{number}@contentum.example", name=f"S{number}", created_at=ground.NOW, locale="en"
        )
        person.roles = [Role(name="director" if number == 0 else "employee")]
        person.memberships = [Membership(department_id=number % DEPARTMENTS + 1, is_head=False)]
        session.add(person)
        session.flush()
    session.commit()


def _deals(connection: Connection, definition: Definition, deals: int) -> None:
    at = datetime.combine(FIRST, time(12), tzinfo=ground.NOW.tzinfo)
    for start in range(1, deals + 1, CHUNK):
        numbers = range(start, min(start + CHUNK, deals + 1))
        connection.execute(
            insert(Instance),
            [
                {
                    "id": number,
                    "definition_id": definition.id,
                    "process": LADDER,
                    "title": "",
                    "started_at": at,
                }
                for number in numbers
            ],
        )
        connection.execute(
            insert(Deal),
            [
                {
                    "id": number,
                    "instance_id": number,
                    "process": LADDER,
                    "ladder": LADDER,
                    "number": f"S/{number}",
                    "opened_at": at,
                    "product_line": "rare" if number % 100 == 0 else "usual",
                }
                for number in numbers
            ],
        )


def _moves(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    names = [*COLUMNS, *ALWAYS]
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY moves ({', '.join(names)}) FROM STDIN") as copy:
            always = tuple(ALWAYS.values())
            for row in rows:
                copy.write_row((*row, *always))
        return
    constants = ", ".join(repr(value) for value in ALWAYS.values())
    values = f"{', '.join(['?'] * len(COLUMNS))}, {constants}"
    connection.exec_driver_sql(f"INSERT INTO moves ({', '.join(names)}) VALUES ({values})", list(rows))


def rolled(factory: sessionmaker[Session]) -> None:
    """Make the roll-ups."""
    with factory.begin() as session:
        rollups.rebuild(session)
        session.flush()
    with factory.begin() as session:
        session.execute(text("ANALYZE"))


def last_day() -> date:
    """The last day that has moves."""
    return FIRST + timedelta(days=DAYS - 1)
