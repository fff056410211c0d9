"""Reports and roll-ups from the command line."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update
from sqlalchemy.orm import Session

from engine.people import Department, Person
from reports.rollups import DayRollup
from tests.conftest import MONDAY
from tests.reports import company
from webapp import cli_reports

AS_OF = ("--as-of", "2026-11-19")


@pytest.fixture
def _half_year(
    session: Session,
    departments: dict[str, Department],
    anna: Person,
    engine_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", engine_url)
    sellers = [(anna, departments["sales"])]
    company.half_year(session, sellers, [None], until=MONDAY + timedelta(days=3), count=60)


def run(command: object, *args: str) -> Result:
    return CliRunner().invoke(command, args)  # type: ignore[arg-type]


@pytest.mark.usefixtures("_half_year")
def test_dynamics_as_json_balances_and_its_periods_are_half_open_weeks() -> None:
    told = json.loads(run(cli_reports.report, "dynamics", "--json", *AS_OF).output)

    assert told["balance"]["balanced"]
    assert all(line["balanced"] for line in told["stages"])
    assert told["current"]["from"] == "2026-11-16"
    assert len(told["periods"]) == 9
    assert told["current"]["net"]["n"] == told["current"]["green"]["n"] - told["current"]["red"]["n"]


@pytest.mark.usefixtures("_half_year")
def test_the_funnel_as_json_counts_everybody_once() -> None:
    told = json.loads(run(cli_reports.report, "funnel", "--json", "--from", "2026-05-01", *AS_OF).output)

    assert told["created"]["n"] == sum(told[end]["n"] for end in ("won", "lost", "open", "gone")) == 60
    assert [step["stage"] for step in told["stages"]] == ["meet", "needs", "offer", "sign"]


@pytest.mark.usefixtures("_half_year")
def test_reports_are_printed_as_tables_too() -> None:
    assert "balance:" in run(cli_reports.report, "dynamics", "--by", "month", *AS_OF).output
    assert "won " in run(cli_reports.report, "funnel", *AS_OF).output


@pytest.mark.usefixtures("_half_year")
def test_what_cannot_be_reported_is_said_in_a_sentence() -> None:
    for args in (("dynamics", "--ladder", "nothing"), ("funnel", "--from", "2090-01-01")):
        answer = run(cli_reports.report, *args)
        assert answer.exit_code == 1
        assert answer.output.startswith("Error: ")


@pytest.mark.usefixtures("_half_year")
def test_rebuild_mends_what_the_check_finds(session: Session) -> None:
    assert run(cli_reports.rebuild, "--check").output == "0 differences\n"
    session.execute(update(DayRollup).where(DayRollup.kind == "won").values(n=DayRollup.n + 1))
    session.commit()

    assert run(cli_reports.rebuild, "--check").exit_code == 1
    assert run(cli_reports.rebuild).exit_code == 0
    assert run(cli_reports.rebuild, "--check").exit_code == 0
