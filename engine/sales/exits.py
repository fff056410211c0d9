"""What a stage demands before a deal goes on from it, as its diagram says: a commitment the client kept, for instance."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from engine.errors import Refusal
from engine.process import advancing, expressions
from engine.process.blueprint import Blueprint, Stage, Text
from engine.process.instances import Instance

if TYPE_CHECKING:
    from engine.sales.deals import Deal


class ExitHeld(Refusal):
    """“%(stage)s” is left only when this holds: %(needed)s. Write it down or mark it kept on the page of the deal, then go on."""


def held(session: Session, deal: "Deal", plan: Blueprint, to_rank: int, *, now: datetime) -> Stage | None:
    """The stage that a deal may not leave for a later one yet, else None: going back is always free."""
    stage = plan.stage(deal.stage or "")
    if stage is None or stage.exit_requires is None or to_rank <= (deal.stage_rank or 0):
        return None
    if deal.status != "open":
        return None
    session.flush()
    facts = advancing.facts(session, session.get_one(Instance, deal.instance_id))()
    return None if expressions.evaluate(stage.exit_requires, facts, now=now) else stage


def must_be_free(session: Session, deal: "Deal", plan: Blueprint, to_rank: int, *, now: datetime) -> None:
    """Raises ExitHeld, naming what is missing."""
    stage = held(session, deal, plan, to_rank, now=now)
    if stage is not None:
        raise ExitHeld(field="to", stage=stage.title, needed=words(stage))


def words(stage: Stage) -> Text:
    """What is demanded, as the diagram says it to people, else the expression itself."""
    said = stage.exit_words
    return said if said.into("pl") else Text(stage.exit_requires or "", stage.exit_requires or "")
