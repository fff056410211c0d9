"""One deal: its path, its history in words, what was agreed and promised, and moving it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select

from engine import calendars
from engine.errors import NotFound
from engine.people import Department, Person
from engine.process import definitions, forms
from engine.process.blueprint import Blueprint as Plan
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import commitments, deals, exits, ladders, promises, story
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from engine.sales.records import Contract
from engine.sales.story import Asked, Told
from webapp import commitments as _agreed  # noqa: F401  # its views belong to a deal
from webapp import deal_page, flashes, formats, override_words
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.deal_rows import (
    client_of,
    contacts_of,
    deal_of,
    next_stage,
    open_commitments,
    open_departments,
    page_of,
    plan_of,
    waits_of,
)
from webapp.deal_verbs import bp
from webapp.deal_words import BACK, DIRECTIONS, HEARD, REASONS
from webapp.forms import on_invalid
from webapp.languages import current

SHOWN = 40


@bp.context_processor
def _helpers() -> dict[str, object]:
    return {
        "as_day": lambda text: formats.day(date.fromisoformat(text)) if text else formats.UNKNOWN,
        "reasons": REASONS,
        "directions": DIRECTIONS,
        "heard": HEARD,
        "standing": promises.judge(db.session(), now=now()),
    }


@bp.app_template_filter("override_words")
def override(fact: Told, plan: Plan) -> str:
    """What a hand did to the case of a deal, from what to what."""
    return override_words.told(plan, fact)[0]


@bp.get("/<int:deal_id>")
@needs()
def deal(deal_id: int) -> ResponseReturnValue:
    """The deal's page."""
    found, tab = deal_of(deal_id), request.args.get("tab", "history")
    if tab not in deal_page.TABS:
        raise NotFound
    instance = db.session.get_one(Instance, found.instance_id)
    definition = db.session.get_one(Definition, instance.definition_id)
    plan = definitions.blueprint(db.session(), definition)
    seen = {
        "deal": found,
        "instance": instance,
        "definition": definition,
        "plan": plan,
        **_around(found),
        **_agreed_on(found),
        **_said(found, instance, definition, plan),
    }
    seen |= _happened(found, instance, plan, seen["tasks"])
    counts = {name: len(seen[name]) for name in ("moves", "commitments", "tasks", "answers")}
    counts["history"] = seen["older"] + seen["limit"]
    return render_template("sales/deal.html", **seen, tab=tab, tabs=deal_page.tabs(found, counts, tab))


def _around(found: Deal) -> dict[str, Any]:
    """Who and what it is about, and what may be done with it."""
    session = db.session()
    return {
        "client": client_of(found),
        "contacts": contacts_of(found),
        "owner": session.get(Person, found.owner_id) if found.owner_id else None,
        "contracts": session.scalars(select(Contract).where(Contract.deal_id == found.id)).all(),
        "departments": {each.id: each for each in session.scalars(select(Department))},
        "steers": deals.steers(session, found, me()),
        "waits": waits_of(found),
        "moment_now": now(),
        "today": calendars.local_day(now()),
    }


def _agreed_on(found: Deal) -> dict[str, Any]:
    """What was agreed with the client, and what departments promised for it."""
    promised = db.session.scalars(promises.of_deal(found)).all()
    agreed = db.session.scalars(commitments.of(found)).all()
    return {"commitments": agreed, "promises": promised, "chains": _chains(promised)}


def _said(found: Deal, instance: Instance, definition: Definition, plan: Plan) -> dict[str, Any]:
    """Its tasks, and what was answered in them."""
    query = select(UserTask).where(UserTask.instance_id == instance.id).order_by(UserTask.id.desc())
    tasks = db.session.scalars(query).all()
    answers = story.answers(db.session(), instance, plan, definition)
    return {
        "tasks": tasks,
        "open_tasks": [each for each in tasks if each.closed_at is None],
        "answers": [(each, _in_words(each)) for each in answers],
        "next_stage": next_stage(plan, found),
    }


def _in_words(said: Asked) -> Sequence[tuple[str, str]]:
    if said.form is None:
        return deal_page.plain(said.answers)
    return forms.display(said.form, said.answers, current(), names=deal_page.called)


def _happened(found: Deal, instance: Instance, plan: Plan, tasks: Sequence[UserTask]) -> dict[str, Any]:
    """Its moves and its story, as many lines as were asked for (``rows`` in the address), with everybody in it."""
    session = db.session()
    moves = session.scalars(ladders.moves(f"deal:{found.id}")).all()
    told = story.told(session, instance, moves)
    limit = min(max(request.args.get("rows", SHOWN, type=int), 1), 2000)
    named = select(Person).where(Person.id.in_(deal_page.actors(told, moves, tasks)))
    return {
        "path": deal_page.path(plan, found, moves),
        "moves": list(reversed(moves)),
        "story": deal_page.by_day(told[:limit]),
        "older": len(told) - limit,
        "limit": limit,
        "amounts": story.amounts(told, found),
        "people": {each.id: each for each in session.scalars(named)},
    }


def _chains(promised: Sequence[Promise]) -> dict[int, Promise]:
    """The promise behind each commitment that has one: the open one, else the latest."""
    found: dict[int, Promise] = {}
    for each in sorted(promised, key=lambda each: (each.outcome is None, each.id)):
        if each.commitment_id is not None:
            found[each.commitment_id] = each
    return found


# ------------------------------------------------------------------------------------------------ moving


@bp.get("/<int:deal_id>/move")
@needs()
def ask_move(deal_id: int) -> ResponseReturnValue:
    """What a move needs: where to, why, whose doing."""
    found = deal_of(deal_id)
    plan = plan_of(found)
    to = request.values.get("to", "")
    rank = plan.rank(to)
    return render_template(
        "sales/move.html",
        deal=found,
        plan=plan,
        to=plan.stage(to),
        stages=[(each.key, each.title.into(current())) for each in plan.ladder if each.key != found.stage],
        here=plan.stage(found.stage or ""),
        step=(rank or 0) - (found.stage_rank or 0),
        why=BACK,
        departments=open_departments(),
        client=client_of(found),
        open_commitments=open_commitments(found),
        held=exits.held(db.session(), found, plan, rank, now=now()) if rank else None,
        held_words=exits.words,
        owed=db.session.scalars(commitments.of(found).where(Commitment.state.in_(commitments.OPEN))).all(),
        today=calendars.local_day(now()),
    )


@bp.post("/<int:deal_id>/move")
@needs()
@on_invalid(ask_move)
def move(deal_id: int) -> ResponseReturnValue:
    """Move the deal; a move that needs a reason asks for it first, if it has not been asked yet."""
    found, form = deal_of(deal_id), request.form
    plan, before, to = plan_of(found), found.stage, form.get("to", "")
    rank = plan.rank(to)
    if rank is not None and "reason" not in form and to != before and deals.needs_reason(found, rank):
        return redirect(url_for(".ask_move", deal_id=deal_id, to=to, back=form.get("from")), code=303)
    if rank is not None and "reason" not in form and exits.held(db.session(), found, plan, rank, now=now()):
        return redirect(url_for(".ask_move", deal_id=deal_id, to=to, back=form.get("from")), code=303)
    causing = form.get("causing_department", type=int)
    verdict = deals.move(
        db.session(),
        found,
        to,
        reason=form.get("reason") or None,
        note=form.get("note") or None,
        causing_department=causing,
        by=me(),
        now=now(),
    )
    db.session.commit()
    _say_moved(found, plan, before, verdict, undone=form.get("reason") == ladders.MISTAKE)
    board = form.get("from") == "board"
    return redirect(url_for("sales.index", process=found.process) if board else page_of(deal_id), code=303)


def _say_moved(found: Deal, plan: Plan, before: str | None, verdict: str, *, undone: bool) -> None:
    if verdict == "approve":
        flashes.say(gettext("The move waits for consent."))
        return
    stage = plan.stage(found.stage or "")
    title = stage.title.into(current()) if stage else found.stage or ""
    words = gettext("%(deal)s stands on %(stage)s.", deal=found.title or found.number, stage=title)
    if undone or before is None or before == found.stage:
        flashes.say(words)
        return
    undo = url_for(".move", deal_id=found.id)
    flashes.say(
        words,
        undo=undo,
        fields={"to": before, "reason": ladders.MISTAKE, "from": request.form.get("from", "")},
    )
