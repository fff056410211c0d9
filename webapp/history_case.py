"""A case of a history from elsewhere, told by its steps and moves: it has neither a drawing nor facts of ours."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext
from sqlalchemy import select

from engine.process import definitions
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.sales.ladders import Move
from engine.sales.past.rows import ImportedStep
from webapp.database import db
from webapp.languages import into_words
from webapp.reporting import words

SHOWN = 200
"""Steps on a page, the first."""


@dataclass(frozen=True, slots=True)
class Line:
    """One step with the moves it caused: kind, what a move of that kind is called, and where it led."""

    step: ImportedStep
    at: datetime | None
    moves: list[tuple[str, str, str]]


def outcome(case: Instance) -> str:
    """What became of the case as far as its log goes."""
    said = case.outcome or "open"
    return words.kind(said) if said != "open" else str(gettext("still open where its history ends"))


def told(definition: Definition, case: Instance) -> list[Line]:
    """The steps of the case in their order; nothing for a case of ours."""
    if definition.kind != definitions.PAST:
        return []
    plan = definitions.blueprint(db.session(), definition)
    titles = {stage.key: into_words(stage.title) for stage in plan.ladder}
    moves: dict[int, list[tuple[str, str, str]]] = {}
    for move in db.session.scalars(select(Move).where(Move.instance_id == case.id).order_by(Move.seq)):
        led = titles.get(move.to_stage or "", "") if move.kind != "suspended" else ""
        moves.setdefault(move.event_seq or 0, []).append((move.kind, words.kind(move.kind), led))
    query = select(ImportedStep).where(ImportedStep.instance_id == case.id).order_by(ImportedStep.seq)
    return [
        Line(step, step.ready_at or step.started_at or step.ended_at, moves.get(step.seq, []))
        for step in db.session.scalars(query.limit(SHOWN))
    ]
