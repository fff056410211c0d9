"""The watch over roll-ups: made anew where they are missing or count by old stages, compared with the log every night.

A difference is an alarm: a fact in history and a notice to every administrator. Nothing is put right in silence.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import history, notices
from engine.people import Person, Role
from reports import ladders, promise_rollups, rollups, step_rollups
from reports.rollups import rebuilding

ALARM = "rollups_differ"
SHOWN = 20
"""So many of the differences stand in the fact."""


def stale(session: Session) -> list[str]:
    """The ladders whose log is in no roll-up, or in one by other stages than those of today."""
    held = rebuilding.held(session)
    today = {ladder.key: ladder.keys for ladder in ladders.known(session)}
    logged = rebuilding.logged(session)
    return [ladder for ladder in sorted(logged) if held.get(ladder) != today.get(ladder, [])]


def is_stale(session: Session) -> bool:
    """Whether anything has to be made anew."""
    return bool(stale(session)) or not step_rollups.are_whole(session)


def refresh(session: Session) -> int:
    """Make anew what is stale. Returns how many ladders."""
    found = stale(session)
    if found:
        rollups.rebuild(session, ladders=found)
    if not step_rollups.are_whole(session):
        step_rollups.rebuild(session)
    return len(found)


def differences(session: Session) -> list[str]:
    """Where a roll-up is not what it is made of, in words, looked for in both directions."""
    moves = [
        f"{each.table} {' '.join(map(str, each.key))}: {each.kept or 'nothing'} in the roll-up, "
        f"{each.told or 'nothing'} in the log"
        for each in rollups.compare(session)
    ]
    promises = [
        f"agreement {key.agreement_id} {key.day} {what}: {kept} in the roll-up, {told} promises"
        for (key, _), what, kept, told in promise_rollups.compare(session)
    ]
    steps = [
        f"steps {' '.join(map(str, place))} {what}: {kept} in the roll-up, {told} in the log"
        for place, what, kept, told in (
            step_rollups.compare(session) if step_rollups.are_whole(session) else []
        )
    ]
    return moves + promises + steps


def alarm(session: Session, found: Sequence[str], *, now: datetime) -> int:
    """Write down that roll-ups differ and tell the administrators. Returns how many were told."""
    if not found:
        return 0
    data = {"count": len(found), "first": list(found[:SHOWN])}
    history.record(session, ALARM, at=now, actor=None, subject="rollups", data=data)
    whom = session.scalars(
        select(Person.id).where(Person.roles.any(Role.name == "administrator"), Person.left_at.is_(None))
    ).all()
    return notices.tell(session, whom, ALARM, "rollups", {"title": str(len(found))}, now=now)
