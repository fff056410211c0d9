"""Goals of a ladder: set for a month, counted backward to every stage."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, pgettext
from sqlalchemy.orm import Session

from engine import access
from engine.calendars import local_day
from engine.errors import Refusal
from reports import goals, ladders
from reports.dynamics import TOO_FEW
from reports.goals import Goal, Needs, NotAGoal
from reports.ladders import Ladder
from reports.periods import containing
from webapp import flashes, formats
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.forms import on_invalid
from webapp.reporting.item_words import says
from webapp.reporting.page import bp
from webapp.reporting.seen import nothing
from webapp.reporting.words import Names, month

SHOWN = 24
"""Goals of the past on the page."""


class NotAMonth(Refusal):
    """Choose a month, for example 2026-12."""


@dataclass(frozen=True, slots=True)
class Held:
    """A goal that holds now, with what it takes."""

    goal: Goal
    where: str
    needs: Needs


@bp.get("/goals")
@needs("director")
def goals_page() -> ResponseReturnValue:
    """The goals in force, how they are counted backward, and the form of a new one."""
    session = db.session()
    if not ladders.known(session):
        return nothing()
    ladder = ladders.find(session, request.values.get("ladder"))
    names = Names(session, ladder)
    return render_template(
        "reporting/goals.html",
        ladder=ladder,
        ladders=ladders.known(session),
        phrases=says(ladder.of),
        names=names,
        held=_held(session, ladder, names),
        past=session.scalars(goals.every_goal(ladder.key).limit(SHOWN)).all(),
        wheres=_places(session, names),
        month=local_day(now()).strftime("%Y-%m"),
        month_words=_month,
        told=told,
        backward=backward,
        enough=TOO_FEW,
    )


@bp.post("/goals")
@needs("director")
@on_invalid(goals_page)
def set_goal() -> ResponseReturnValue:
    """Set a goal, or end one by leaving both figures empty."""
    session = db.session()
    ladder = ladders.find(session, request.form.get("ladder"))
    department = request.form.get("department", "")
    goals.set_goal(
        session,
        ladder,
        _typed_month(request.form.get("month", "")),
        department_id=int(department) if department.isdecimal() and len(department) < 15 else None,
        won=_typed(request.form.get("won", ""), "won"),
        money=_typed(request.form.get("money", ""), "money", 100),
        by=me(),
        now=now(),
    )
    session.commit()
    flashes.say(gettext("The goal is set."))
    return redirect(url_for(".goals_page", ladder=ladder.key), code=303)


def _typed_month(typed: str) -> date:
    try:
        return date.fromisoformat(f"{typed}-01")
    except ValueError as wrong:
        raise NotAMonth(field="month") from wrong


def _typed(typed: str, field: str, times: int = 1) -> int | None:
    """A figure as people type it; nothing is none."""
    plain = "".join(typed.split()).replace("\N{NO-BREAK SPACE}", "").replace(",", ".")
    if not plain:
        return None
    try:
        figure = Decimal(plain) * times
        if not figure.is_finite() or figure != int(figure):
            raise NotAGoal(field=field)
    except (InvalidOperation, OverflowError) as wrong:
        raise NotAGoal(field=field) from wrong
    if not 0 < figure < 10**15:
        raise NotAGoal(field=field)
    return int(figure)


def _places(session: Session, names: Names) -> list[tuple[int | str, str]]:
    """Where this person may set goals: the company first."""
    here = set(session.scalars(access.departments(me())))
    company: list[tuple[int | str, str]] = []
    if goals.may_set(session, me(), None):
        company = [("", gettext("The whole company"))]
    return company + [(id_, name) for id_, name in names.tree() if id_ in here]


def _held(session: Session, ladder: Ladder, names: Names) -> list[Held]:
    today = local_day(now())
    here: list[int | None] = [None, *sorted(session.scalars(access.departments(me())))]
    found = [goals.in_force(session, ladder.key, id_, today) for id_ in here]
    return [Held(goal, _where(goal, names), goals.needs(goal, ladder.keys)) for goal in found if goal]


def _where(goal: Goal, names: Names) -> str:
    return names.department(goal.department_id) if goal.department_id else gettext("The whole company")


def _month(day: date) -> str:
    return month(containing(day, "month"))


def told(goal: Goal) -> str:
    """What a goal asks for, in words."""
    parts = []
    if goal.won:
        parts.append(gettext("%(n)s a month", n=formats.number(goal.won)))
    if goal.money:
        parts.append(gettext("%(money)s a month", money=formats.money(goal.money / 100)))
    return str(pgettext("goal", " and ").join(parts) or gettext("no goal any more"))


def backward(held: Needs, names: Names) -> list[str]:
    """How the goal is counted backward, a sentence a stage, from the last stage to the first."""
    lines = []
    stages = list(held.out_of)
    for place in range(len(stages) - 1, -1, -1):
        needed = held.out_of[stages[place]]
        stage = names.stage(stages[place])
        if needed is None:
            lines.append(gettext("%(stage)s: too few to judge", stage=stage))
            continue
        share, n = held.goal.conversions[place + 1] if place + 1 < len(stages) else (None, 0)
        figure = formats.number(needed, 0 if needed >= 10 else 1)
        if share is None:
            lines.append(
                gettext("%(n)s must leave %(stage)s forward: that is the goal", n=figure, stage=stage)
            )
        else:
            lines.append(
                gettext(
                    "%(n)s must leave %(stage)s forward: of those that reach %(next)s, %(share)s go on (n = %(count)s)",
                    n=figure,
                    stage=stage,
                    next=names.stage(stages[place + 1]),
                    share=formats.percent(share),
                    count=formats.number(n),
                )
            )
    return lines
