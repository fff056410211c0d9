"""How a word moves the clocks of a promise: they stop with what is left, run again, or run to another date."""

from datetime import datetime

from engine.process import advancing
from engine.sales import promising
from engine.sales.talking import Held


def run_to(held: Held, due: datetime) -> None:
    """It is promised for then; nobody is asked for anything any more."""
    promise = held.promise
    promise.due_at, promise.proposed_due_at, promise.respond_by, promise.left_seconds = due, None, None, None
    promise.promised_at = promise.promised_at or held.now
    promise.first_due_at = promise.first_due_at or due


def run_again(held: Held) -> None:
    """With what was left of the work time."""
    run_to(held, promising.later(held.works, held.promise.left_seconds or 0, now=held.now))


def stop(held: Held, *, starts_anew: bool = False) -> None:
    """Nobody's clock runs: what is left of it is kept, or nothing where it begins anew."""
    promise = held.promise
    if promise.due_at is not None and not starts_anew:
        promise.left_seconds = promising.left(held.works, now=held.now, due=promise.due_at)
    elif starts_anew:
        promise.promised_at = promise.first_due_at = None
    promise.due_at = promise.proposed_due_at = promise.respond_by = None


def was_looked_at(held: Held) -> bool:
    """Whether somebody promised it, and the agreement did not answer for them: what was never ready starts anew."""
    promise = held.promise
    answers_itself = _said(held)[0] is None and promise.promised_at == promise.ready_at
    return promise.promised_at is not None and not answers_itself


def answer_by(held: Held) -> datetime:
    """Until when whoever is asked now says yes or no."""
    return held.works.add(held.now, _said(held)[0] or promising.ANSWER)


def _said(held: Held) -> tuple[str | None, str]:
    return promising.said(held.terms, advancing.facts(held.session, held.instance), held.now)
