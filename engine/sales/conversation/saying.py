"""What every word has in common: who says it and what they saw, their reason, what they chose, and what must be so."""

from collections.abc import Sequence
from datetime import datetime
from typing import NotRequired, TypedDict

from sqlalchemy.orm import Session

from engine.errors import Refusal
from engine.people import Person
from engine.sales import talking
from engine.sales.naming import named
from engine.sales.promises import Promise
from engine.sales.talking import CONSUMER, INSTEAD, PROVIDER, Held

OPEN = ("requested", "returned", "countered", "promised", "declined", "paused", "delivered")
UNDELIVERED = OPEN[:-1]
LONGEST = 2000


class Said(TypedDict):
    """Who says a word (None: the clock), when, and which version of the promise they looked at."""

    by: Person | None
    now: datetime
    seen: NotRequired[int | None]


class SayWhy(Refusal):
    """Say why."""


class NotOnTheList(Refusal):
    """“%(item)s” is not on the list of this agreement."""


class DuePassed(Refusal):
    """It was due %(due)s, so its date can no longer be negotiated. Deliver it, or let the head of the other side waive it."""


def why(reason: str | None) -> str:
    """A reason, which must be given. Raises SayWhy."""
    said = plain(reason)
    if not said:
        raise SayWhy(field="reason")
    return said


def plain(text: str | None) -> str | None:
    """What somebody wrote, as it is kept; None where they wrote nothing."""
    return (text or "").replace("\x00", "").strip()[:LONGEST] or None


def chosen(held: Held, field: str, items: Sequence[str]) -> list[str]:
    """The items that are on a list of the agreement, in its order. Raises NotOnTheList."""
    listed = held.terms.get(field) or []
    for item in items:
        if item not in listed:
            raise NotOnTheList(field="missing", item=str(item)[:200])
    return [each for each in listed if each in items]


def other(promise: Promise) -> str:
    """The side that is not asked now."""
    return PROVIDER if promise.turn == CONSUMER else CONSUMER


def must_be_answered(held: Held) -> None:
    """Nobody is asked for another date. Raises what `first` says."""
    if held.promise.proposed_due_at is not None:
        raise first(held.session, held.promise)


def must_be_before_due(held: Held) -> datetime:
    """Its time, which has not come. Raises DuePassed, and what `talking.INSTEAD` says where no clock runs."""
    due = held.promise.due_at
    if due is None:
        raise INSTEAD.get(held.promise.state, talking.NotNow)
    if due <= held.now:
        raise DuePassed(due=due)
    return due


def first(session: Session, promise: Promise) -> Refusal:
    """What has to be said before the word that was tried."""
    if promise.state == "promised":
        side = promise.turn or PROVIDER
        return talking.AnswerFirst(department=named(session, talking.side_id(promise, side)))
    return INSTEAD.get(promise.state, talking.NotNow)()
