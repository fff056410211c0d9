"""Databases of earlier releases come along with what is in them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from engine import calendars, migrations
from engine.db import opened, sessions
from engine.people import Department


@pytest.fixture
def bare(database: Engine, tmp_path: Path) -> Iterator[Engine]:
    """A database without a single table."""
    if database.dialect.name == "sqlite":
        with opened(f"sqlite:///{tmp_path / 'bare.db'}") as engine:
            yield engine
        return
    with database.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    yield database


def bring(engine: Engine, revision: str) -> None:
    """Give a database the shape an earlier release had."""
    config = migrations.configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def put_a_department(connection: Connection) -> None:
    columns = "key, name, name_en, time_zone, country, subdivision, opens, closes, work_days"
    values = "'sales', 'Sprzedaż', 'Sales', 'Europe/Warsaw', 'PL', '', 540, 1020, '1234'"
    connection.execute(text(f"INSERT INTO departments (id, {columns}) VALUES (1, {values})"))
    connection.execute(
        text(
            "INSERT INTO special_days (department_id, day, opens, closes, name) VALUES (1, '2026-12-24', 540, 720, '')"
        )
    )


def test_departments_of_the_second_step_work_as_before_and_may_have_short_fridays(
    bare: Engine,
) -> None:
    bring(bare, "0002")
    with bare.begin() as connection:
        put_a_department(connection)

    migrations.upgrade(bare)

    with sessions(bare).begin() as session:
        unit = session.get_one(Department, 1)
        before = calendars.of(session, unit)
        assert (before.opens, before.closes, before.work_days, before.weekdays) == (540, 1020, "1234", {})
        assert list(before.special.values()) == [(540, 720)]
        unit.weekday_hours = {"4": [480, 840]}
    with sessions(bare)() as again:
        assert _thursday(again) == (480, 840)


def _thursday(session: Session) -> tuple[int, int]:
    return calendars.of_all(session)[1].weekdays["4"]


def test_roll_ups_with_lengths_in_other_steps_are_emptied_whole_so_that_the_clock_makes_them_anew(
    bare: Engine,
) -> None:
    bring(bare, "0009")
    with bare.begin() as connection:
        connection.execute(text("INSERT INTO rollup_ladders (ladder, stages) VALUES ('sales', '[]')"))
        connection.execute(
            text(
                "INSERT INTO rollup_stays (ladder, grain, what, rank, outcome, bucket, month, n, seconds) "
                "VALUES ('sales', 'year', 'visit', 1, 'forward', 99, '2026-01-01', 1, 500)"
            )
        )
        connection.execute(text("INSERT INTO rollup_reach VALUES ('sales', '2026-01-01', 1, 1)"))

    migrations.upgrade(bare)

    with bare.connect() as connection:
        for table in ("rollup_ladders", "rollup_stays", "rollup_reach"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0
