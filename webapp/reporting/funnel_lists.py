"""The lists behind the cells of the funnel."""

from collections.abc import Collection
from typing import Any

from flask import request
from sqlalchemy import Select
from sqlalchemy.orm import Session

from reports import funnel_reading, queries
from reports.funnel_flow import OUTCOMES
from reports.funnel_items import FATES
from reports.ladders import Ladder
from reports.periods import Period
from reports.queries import Scope
from webapp.reporting import funnel_words as said
from webapp.reporting import words
from webapp.reporting.address import Asked, Unknown
from webapp.reporting.asked import first_unknown
from webapp.reporting.funnel_asked import VIEWS, segments
from webapp.reporting.words import Names

NUMBERED = ("owner", "department", "version")
"""Segments whose values are numbers."""
ALL, WON = "all", "won"
"""As the stage of a cell: the whole cohort, whatever the stage; winning."""


def cell(session: Session, ask: Asked, scope: Scope, period: Period, names: Names) -> tuple[Select[Any], str]:
    """What a cell of the funnel counts, each by the move that says it, and what the list is called. Raises Unknown."""
    args = request.args
    view, fate, stage = args.get("cell", ""), args.get("fate", ""), args.get("stage", "")
    segment, value = args.get("segment", ""), args.get("value", "")
    first_unknown(args, _fields(ask, view, stage))
    if value and segment in NUMBERED and not (value.isascii() and value.isdigit() and len(value) < 16):
        raise Unknown(name="value", value=value[:60])
    rank = rank_of(ask.ladder, stage)
    ids = funnel_reading.members(
        session,
        scope,
        ask.ladder,
        period,
        view=view,
        rank=rank,
        fate=fate,
        segment=segment,
        value=value,
    )
    parts = [said.whole(fate)] if stage == ALL else [_stage(stage, names), said.fate(view, fate)]
    if segment:
        parts.append(said.value(session, ask.ladder, names, segment, value))
    return queries.chosen(scope, ids), " · ".join((*parts, words.span(period)))


def rank_of(ladder: Ladder, stage: str) -> int:
    """The rank of a cell: one above all is winning, 0 the whole cohort."""
    return len(ladder.stages) + 1 if stage == WON else ladder.ranks.get(stage, 0)


def _fields(ask: Asked, view: str, stage: str) -> list[tuple[str, Collection[str]]]:
    """What each field of a cell may say, in this view and at this stage."""
    flows = view == "flow"
    fates = (
        ("", "entries", *OUTCOMES) if flows else ("reached", *funnel_reading.WHOLE) if stage == ALL else FATES
    )
    stages = (*ask.ladder.ranks, *(() if flows else (ALL, WON)))
    return [("cell", VIEWS), ("stage", stages), ("fate", fates), ("segment", ("", *segments(ask)))]


def _stage(stage: str, names: Names) -> str:
    return str(said.whole("won")) if stage == WON else names.stage(stage)
