"""Once a minute: days that have come are asked about, and signed agreements begin."""

from datetime import date, timedelta

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from engine.db import sessions
from engine.people import Department, Person
from engine.sales import negotiating
from engine.sales.agreements import AgreementVersion
from tests.conftest import MONDAY
from tests.web import sales_kit
from webapp import clockwork


def test_a_signed_agreement_begins_on_its_day(
    session: Session, database: Engine, departments: dict[str, Department], clara: Person, borys: Person
) -> None:
    sides = {"provider": departments["legal"], "consumer": departments["sales"]}
    said = {**sales_kit.TERMS, "valid_from": date(2026, 12, 1).isoformat()}
    made = negotiating.draft(session, "Projekt umowy", terms=said, by=clara, now=MONDAY, **sides)
    version = negotiating.propose(session, made, by=clara, now=MONDAY)
    negotiating.accept(session, version, by=borys, now=MONDAY)
    session.commit()

    early = clockwork.remind(sessions(database), lambda: MONDAY + timedelta(days=1))
    due = clockwork.remind(sessions(database), lambda: MONDAY + timedelta(days=15))
    again = clockwork.remind(sessions(database), lambda: MONDAY + timedelta(days=16))

    session.expire_all()
    assert (early, due, again) == (0, 1, 0)
    assert session.scalars(select(AgreementVersion.state)).all() == ["in_force"]
