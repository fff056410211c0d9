"""Nobody is held to a promise any more: the consumer takes the request back, or their head waives it."""

from typing import Unpack

from sqlalchemy.orm import Session

from engine.process import definitions, instances, subscriptions
from engine.process.definitions import Definition
from engine.sales import talking
from engine.sales.conversation import clocks
from engine.sales.conversation.saying import UNDELIVERED, Said, why
from engine.sales.promises import Promise
from engine.sales.talking import CONSUMER, PROVIDER, Held, hold, say

REVOKED = "promise.revoked"
"""The message a diagram may wait for at the edge of a hand-off: the work is not wanted any more."""


def revoke(session: Session, promise: Promise, reason: str | None, **said: Unpack[Said]) -> None:
    """Take the request back. A diagram that waits for ``promise.revoked`` goes on there; else the consumer has the step now.

    Raises SayWhy, and what `talking.hold` raises.
    """
    take_back(hold(session, promise, side=CONSUMER, states=UNDELIVERED, **said), why(reason))


def waive(session: Session, promise: Promise, reason: str | None, **said: Unpack[Said]) -> None:
    """The head of the consumer, or their deputy, holds nobody to it any more; the step itself is still to be done.

    Raises HeadOnly, SayWhy, and what `talking.hold` raises.
    """
    held = hold(session, promise, states=UNDELIVERED, **said)
    if held.by is not None:
        talking.must_head(session, held.promise, held.by, CONSUMER, now=held.now)
    let_off(held, why(reason))


def take_back(held: Held, reason: str) -> None:
    """The request is not wanted any more, whoever said so."""
    promise = held.promise
    clocks.stop(held)
    promise.manner = "revoked"
    say(held, "promise_revoked", {"reason": reason}, state="revoked", tell=(PROVIDER,), causing=CONSUMER)
    edge = _edge(held)
    if edge is not None:
        told, how = {"promise_id": promise.id, "reason": reason}, "user" if held.by else "timer"
        instances.send(
            held.session, held.instance, REVOKED, told, by=held.by, now=held.now, cause=how, token=edge
        )


def let_off(held: Held, reason: str) -> None:
    """Nobody is held to it, whoever said so."""
    held.promise.manner = "waived"
    clocks.stop(held)
    say(held, "promise_waived", {"reason": reason}, state="waived", tell=(PROVIDER,))


def _edge(held: Held) -> str | None:
    """The token that waits at the task's edge for the request to be taken back, where the diagram draws one."""
    session, task = held.session, held.task
    plan = definitions.blueprint(session, session.get_one(Definition, task.definition_id))
    for each in subscriptions.of(session, held.instance.id):
        drawn = plan.element(each.diagram, each.element)
        if each.name == REVOKED and drawn is not None and drawn.attached_to == task.element:
            return each.token
    return None
