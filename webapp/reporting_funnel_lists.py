"""The lists behind the cells of the funnel."""

from typing import Any

from flask import request
from sqlalchemy import Select
from sqlalchemy.orm import Session

from reports import funnel_reading, queries
from reports.funnel_items import FATES
from reports.ladders import Ladder
from reports.periods import Period
from reports.queries import Scope
from webapp import reporting_funnel_words as said
from webapp import reporting_words as words
from webapp.reporting_address import Asked, Unknown
from webapp.reporting_funnel_asked import VIEWS, segments
from webapp.reporting_words import Names

ALL, WON = "all", "won"
"""As the stage of a cell: the whole cohort, whatever the stage; winning."""


def cell(session: Session, ask: Asked, scope: Scope, period: Period, names: Names) -> tuple[Select[Any], str]:
    """What a cell of the funnel counts, each by the move that says it, and what the list is called. Raises Unknown."""
    args = request.args
    view, fate, stage = args.get("cell", ""), args.get("fate", ""), args.get("stage", "")
    segment, value = args.get("segment", ""), args.get("value", "")
    if not _is_known(ask.ladder, view, fate, stage) or (segment and segment not in segments(ask)):
        raise Unknown(name="cell", value=f"{view} {fate} {stage} {segment}"[:80])
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


def _is_known(ladder: Ladder, view: str, fate: str, stage: str) -> bool:
    if view not in VIEWS or not (stage in (ALL, WON) or stage in ladder.ranks):
        return False
    if view == "flow":
        return stage in ladder.ranks
    return fate in (("reached", *funnel_reading.WHOLE) if stage == ALL else FATES)


def _stage(stage: str, names: Names) -> str:
    return str(said.whole("won")) if stage == WON else names.stage(stage)
