"""What a hand does to a running case: who may, why it was done, and the one fact that says so."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine import history
from engine.errors import NotAllowed, Refusal
from engine.history import Event
from engine.people import Person

if TYPE_CHECKING:
    from engine.process.instances import Instance

OPERATORS = ("designer", "director", "administrator")
"""Who may let a case rest, keep its state and go back to a kept one."""

MOVERS = ("designer", "director")
"""Who may move a case and change what it knows."""

LONGEST = 500


class ReasonMissing(Refusal):
    """Say why: it is written into the history of the case."""


class ReasonTooLong(Refusal):
    """Write why in at most %(most)s signs: it is written into the history of the case."""


def reasoned(reason: str) -> str:
    """The reason as it is kept. Raises ReasonMissing, ReasonTooLong."""
    said = reason.strip()
    if not said:
        raise ReasonMissing(field="reason")
    if len(said) > LONGEST:
        raise ReasonTooLong(field="reason", most=LONGEST)
    return said


def must_be(by: Person | None, roles: Sequence[str]) -> None:
    """Whether a person holds one of the roles; None is the system. Raises NotAllowed."""
    if by is not None and not by.has(*roles):
        raise NotAllowed


def fact(
    instance: "Instance",
    what: str,
    reason: str,
    *,
    by: Person | None,
    now: datetime,
    diagram: str | None = None,
    element: str | None = None,
    token: str | None = None,
    task_id: int | None = None,
    data: dict[str, Any] | None = None,
) -> Event:
    """The fact ``overridden``, not yet stored. ``what`` is suspended, resumed, moved, edited, restored, kept,
    reassigned, mended or inputs; ``data`` says from what to what."""
    return history.fact(
        "overridden",
        at=now,
        actor=by,
        instance=instance,
        diagram=diagram,
        element=element,
        token=token,
        task_id=task_id,
        data={"what": what, "reason": reason, **(data or {})},
    )
