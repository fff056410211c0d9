"""What exists around a diagram, for the doctor: departments, roles, connectors, agreements and what is decided of hand-offs."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendars
from engine.people import ROLES, Department
from engine.ports import wiring
from engine.process.doctor import Known
from engine.sales import handoffs
from engine.sales.agreements import Agreement


def around(session: Session) -> Known:
    """What lanes, service tasks and hand-offs may name. Where there is none of a kind yet, it is not checked."""
    open_ = (
        select(Department.key, Department.name)
        .where(Department.closed_at.is_(None))
        .order_by(Department.name)
    )
    codes = select(Agreement.code).where(Agreement.code.is_not(None))
    return Known(
        departments={key: name for key, name in session.execute(open_)},  # noqa: C416  # rows are not pairs to mypy
        roles={role: role for role in ROLES},
        connectors=frozenset(wiring(session).connectors),
        agreements=frozenset(code for code in session.scalars(codes) if code),
        decided=handoffs.decided(session, today=calendars.local_day(datetime.now(UTC))),
    )
