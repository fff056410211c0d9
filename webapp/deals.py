"""One deal: its path, its history in words, what was agreed and promised, and moving it."""

from collections.abc import Sequence
from datetime import date

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
from engine.sales.records import Client, Contract
from engine.sales.story import Told
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
    session, found = db.session(), deal_of(deal_id)
    instance = session.get_one(Instance, found.instance_id)
    definition = session.get_one(Definition, instance.definition_id)
    plan = definitions.blueprint(session, definition)
    moves = session.scalars(ladders.moves(f"deal:{found.id}")).all()
    tab = request.args.get("tab", "history")
    if tab not in deal_page.TABS:
        raise NotFound
    told = story.told(session, instance, moves)
    agreed = session.scalars(commitments.of(found)).all()
    promised = session.scalars(promises.of_deal(found)).all()
    cases = session.scalars(
        select(UserTask).where(UserTask.instance_id == instance.id).order_by(UserTask.id.desc())
    ).all()
    answers = story.answers(session, instance, plan, definition)
    counts = {
        "history": len(told),
        "moves": len(moves),
        "commitments": len(agreed),
        "tasks": len(cases),
        "answers": len(answers),
    }
    limit = min(request.args.get("rows", SHOWN, type=int), 2000)
    return render_template(
        "sales/deal.html",
        deal=found,
        instance=instance,
        plan=plan,
        definition=definition,
        client=session.get(Client, found.client_id) if found.client_id else None,
        contacts=contacts_of(found),
        owner=session.get(Person, found.owner_id) if found.owner_id else None,
        path=deal_page.path(plan, found, moves),
        tab=tab,
        tabs=deal_page.tabs(found, counts, tab),
        story=deal_page.by_day(told[:limit]),
        older=len(told) - limit,
        limit=limit,
        moves=list(reversed(moves)),
        commitments=agreed,
        promises=promised,
        chains=_chains(promised),
        tasks=cases,
        open_tasks=[each for each in cases if each.closed_at is None],
        answers=[
            (
                each,
                forms.display(each.form, each.answers, current(), names=deal_page.called)
                if each.form
                else deal_page.plain(each.answers),
            )
            for each in answers
        ],
        amounts=story.amounts(told, found),
        contracts=session.scalars(select(Contract).where(Contract.deal_id == found.id)).all(),
        departments={each.id: each for each in session.scalars(select(Department))},
        people={
            each.id: each
            for each in session.scalars(
                select(Person).where(Person.id.in_(deal_page.actors(told, moves, cases)))
            )
        },
        steers=deals.steers(session, found, me()),
        waits=waits_of(found),
        next_stage=next_stage(plan, found),
        moment_now=now(),
        today=calendars.local_day(now()),
    )


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
