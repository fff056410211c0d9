"""What a deal's page shows beside its rows: the path, the tabs, who is named, days of the story."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import url_for
from flask_babel import gettext

from engine import calendars
from engine.process.blueprint import Blueprint as Plan
from engine.process.tasks import UserTask
from engine.sales import story
from engine.sales.deals import Deal
from engine.sales.known import KINDS
from engine.sales.ladders import Move
from webapp import form_files
from webapp.clock import now
from webapp.database import db

TABS = ("history", "moves", "commitments", "tasks", "answers")


@dataclass(frozen=True, slots=True)
class Visit:
    """A stage on the deal's path: days spent in all visits, and how many there were."""

    title: Any
    state: str
    days: int
    visits: int
    rots: int | None


def path(plan: Plan, found: Deal, moves: Sequence[Move]) -> list[Visit]:
    """Each stage with the days the deal has spent there so far."""
    seconds: dict[str, int] = {}
    visits: dict[str, int] = {}
    for move in moves:
        if move.from_stage and move.dwell:
            seconds[move.from_stage] = seconds.get(move.from_stage, 0) + move.dwell
        if move.to_stage and move.to_stage != move.from_stage:
            visits[move.to_stage] = visits.get(move.to_stage, 0) + 1
    if found.status == "open" and found.stage and found.stage_entered_at:
        since = int((now() - found.stage_entered_at).total_seconds())
        seconds[found.stage] = seconds.get(found.stage, 0) + since
    return [
        Visit(
            stage.title,
            "now"
            if stage.key == found.stage and found.closed_at is None
            else "past"
            if stage.key in visits
            else "",
            round(seconds.get(stage.key, 0) / 86400),
            visits.get(stage.key, 0),
            stage.rots,
        )
        for stage in sorted(plan.ladder, key=lambda each: each.order)
    ]


def tabs(found: Deal, counts: dict[str, int], current: str) -> list[dict[str, Any]]:
    titles = {
        "history": gettext("History"),
        "moves": gettext("Moves"),
        "commitments": gettext("Agreed with the client"),
        "tasks": gettext("Tasks"),
        "answers": gettext("Answers"),
    }
    return [
        {
            "title": titles[key],
            "href": url_for("deals.deal", deal_id=found.id, tab=key),
            "count": counts[key],
            "current": key == current,
        }
        for key in TABS
    ]


def called(kind: str, id_: int) -> str | None:
    """What a row that an answer points to is called."""
    if kind == "file":
        return form_files.named(kind, id_)
    row = db.session.get(KINDS[kind], id_) if kind in KINDS else None
    return getattr(row, "name", None)


def plain(answers: Any) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in answers.items() if value not in (None, "", [])]


def by_day(told: Sequence[story.Told]) -> list[tuple[date, list[story.Told]]]:
    found: dict[date, list[story.Told]] = {}
    for each in told:
        found.setdefault(calendars.local_day(each.at), []).append(each)
    return list(found.items())


def actors(told: Sequence[story.Told], moves: Sequence[Move], cases: Sequence[UserTask]) -> set[int | None]:
    found = {each.actor_id for each in told} | {move.actor_id for move in moves}
    found |= {each.data.get(key) for each in told if each.kind == "owner_changed" for key in ("from", "to")}
    found |= {each.data.get("to") for each in told if each.kind == "handed_over"}
    return found | {task.assignee_id for task in cases} | {task.completed_by_id for task in cases}
