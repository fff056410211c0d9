"""The demo is history: what it plays, the engine did, and everything adds up afterwards."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from click.testing import CliRunner
from pydantic import SecretStr
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from engine.db import connect, sessions
from engine.history import Event
from engine.process.incidents import Incident
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales.deals import Deal
from engine.sales.ladders import Move
from reports import rollups
from tests.conftest import MONDAY
from webapp import wiring
from webapp.cli import main
from webapp.demo import company, play
from webapp.settings import Settings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Three weeks of the demo in a file of their own, up to Monday."""
    from engine import migrations

    engine = connect(f"sqlite:///{tmp_path_factory.mktemp('demo') / 'demo.db'}")
    migrations.upgrade(engine)
    plugged = wiring.build(Settings(secret_key=SecretStr("demo")), prints_later=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(play.SIZES, "small", play.Size(21, 1.5, 2.5))
        play.play(engine, plugged, now=MONDAY)
    yield engine
    engine.dispose()


@pytest.fixture
def seen(played: Engine) -> Iterator[Session]:
    """A look at the played weeks."""
    with sessions(played)() as session:
        yield session


def test_both_processes_were_worked_and_nothing_stands_still(seen: Session) -> None:
    started = dict(seen.execute(select(Instance.process, func.count()).group_by(Instance.process)).all())

    assert started["sales_funnel"] >= 10
    assert started["fast_sale"] >= 20
    assert seen.scalar(select(func.count(Instance.id)).where(Instance.ended_at.is_not(None))) >= 10
    assert seen.scalars(select(Incident)).all() == []
    assert seen.scalar(select(func.count(UserTask.id)).where(UserTask.closed_at.is_(None))) > 0


def test_history_has_no_gap_and_no_future(seen: Session) -> None:
    gaps = (
        select(Event.instance_id)
        .where(Event.instance_id.is_not(None))
        .group_by(Event.instance_id)
        .having(func.max(Event.seq) != func.count())
    )

    assert seen.scalars(gaps).all() == []
    assert seen.scalar(select(func.max(Event.at))) <= MONDAY
    assert seen.scalar(select(func.min(Event.at))) >= MONDAY - timedelta(days=24)


def test_every_deal_stands_where_its_moves_say(seen: Session) -> None:
    for deal in seen.scalars(select(Deal)):
        moves = seen.scalars(select(Move).where(Move.item == f"deal:{deal.id}").order_by(Move.seq)).all()
        steps = sum((move.to_rank or 0) - (move.from_rank or 0) for move in moves if move.kind in {"forward", "forward_skip", "backward"})  # fmt: skip

        assert [move.seq for move in moves] == list(range(1, len(moves) + 1))
        if moves:
            assert moves[0].kind == "new"
            assert deal.stage_rank == (moves[0].to_rank or 0) + steps


def test_rollups_equal_the_log(seen: Session) -> None:
    assert rollups.compare(seen) == []


def test_the_same_seed_founds_the_same_company(session: Session) -> None:
    first = company.found(session, now=MONDAY, seed=7, clients=5)
    names = [client.name for client in first.clients]
    session.rollback()

    again = company.found(session, now=MONDAY, seed=7, clients=5)

    assert [client.name for client in again.clients] == names


def test_the_demo_refuses_to_exist_beyond_this_machine(
    monkeypatch: pytest.MonkeyPatch, engine_url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", engine_url)
    monkeypatch.setenv("HOST", "0.0.0.0")

    answer = CliRunner().invoke(main, ["demo"])

    assert answer.exit_code == 1
    assert "loopback" in answer.output
