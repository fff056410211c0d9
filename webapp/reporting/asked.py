"""What the address of a list or a report names must be there: else it is refused by the name of its field, never counted as nothing."""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.db import Base
from engine.people import Department, Person
from engine.sales.ladders import Move
from reports import queries
from webapp.reporting.address import Asked, Unknown, number
from webapp.reporting.words import KINDS, Names

WHO: Mapping[str, type[Base]] = {
    "unit": Department,
    "cause": Department,
    "provider": Department,
    "giver": Department,
    "receiver": Department,
    "holder": Department,
    "person": Person,
}
"""Fields that name a row; 0 is nobody."""
FLAGS = ("idle", "back", "handed")


def check(session: Session, args: Mapping[str, str]) -> None:
    """Raises `Unknown` for a department or a person that is not there, and for a flag that is no flag."""
    for name, model in WHO.items():
        found = number(args, name)
        if found and session.get(model, found) is None:
            raise Unknown(name=name, value=found)
    for name in FLAGS:
        one_of(args, name, ("", "0", "1"))


def check_moves(session: Session, ask: Asked, args: Mapping[str, str], names: Names) -> None:
    """What a list of moves is cut by. Raises `Unknown`."""
    check(session, args)
    for kind in filter(None, args.get("kinds", "").split(",")):
        if kind not in KINDS:
            raise Unknown(name="kinds", value=kind[:60])
    for name in ("left", "entered", "standing"):
        stage = args.get(name)
        known = (None, "", queries.ANY, queries.NONE, *ask.ladder.keys)
        if stage not in known and not queries.was_met(session, ask.ladder.key, str(stage)):
            raise Unknown(name=name, value=str(stage)[:60])
    reason = args.get("reason")
    if reason and not names.knows_reason(reason) and not _was_given(session, ask.ladder.key, reason):
        raise Unknown(name="reason", value=reason[:60])


def _was_given(session: Session, ladder: str, reason: str) -> bool:
    query = select(Move.id).where(Move.ladder == ladder, Move.reason == reason).limit(1)
    return session.scalar(query) is not None


def one_of(args: Mapping[str, str], name: str, known: Collection[str]) -> str:
    """A field of the address that may say only so much; "" when it is not there. Raises `Unknown`."""
    value = args.get(name, "")
    if value and value not in known:
        raise Unknown(name=name, value=value[:60])
    return value


def page_of(args: Mapping[str, str], count: int, size: int) -> int:
    """The page asked for, the last one where the list has become shorter. Raises `Unknown` for what is no page."""
    asked = number(args, "page")
    if asked == 0:
        raise Unknown(name="page", value=0)
    return max(1, min(asked or 1, (count - 1) // size + 1))


def first_unknown(args: Mapping[str, str], fields: Iterable[tuple[str, Collection[str]]]) -> None:
    """Raises `Unknown` for the first of these fields that says what it cannot."""
    for name, known in fields:
        if args.get(name, "") not in known:
            raise Unknown(name=name, value=args.get(name, "")[:60])
