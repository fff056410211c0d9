"""One deal: its path, its history in words, what was agreed and promised, and what can be done with it."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select

from engine import access, calendars
from engine.errors import NotFound, Refusal
from engine.people import Department, Person
from engine.process import definitions, forms, subscriptions
from engine.process.blueprint import Blueprint as Plan
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import commitments, deals, ladders, promises, story
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from engine.sales.records import Client, Contact, Contract
from engine.sales.story import Told
from webapp import deal_page, flashes, formats, override_words
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.deal_words import BACK, DIRECTIONS, HEARD, LOSS, PAUSE, REASONS
from webapp.forms import on_invalid
from webapp.languages import current

bp = Blueprint("deals", __name__, url_prefix="/deals")

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
    session, found = db.session(), _deal(deal_id)
    instance = session.get_one(Instance, found.instance_id)
    definition = session.get_one(Definition, instance.definition_id)
    plan = definitions.blueprint(session, definition)
    moves = session.scalars(ladders.moves(f"deal:{found.id}")).all()
    tab = request.args.get("tab", "history")
    if tab not in deal_page.TABS:
        raise NotFound
    told = story.told(session, instance, moves)
    agreed = session.scalars(commitments.of(found)).all()
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
        contacts=_contacts(found),
        owner=session.get(Person, found.owner_id) if found.owner_id else None,
        path=deal_page.path(plan, found, moves),
        tab=tab,
        tabs=deal_page.tabs(found, counts, tab),
        story=deal_page.by_day(told[:limit]),
        older=len(told) - limit,
        limit=limit,
        moves=list(reversed(moves)),
        commitments=agreed,
        promises=session.scalars(promises.of_deal(found)).all(),
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
        waits=_waits(found),
        next_stage=_next_stage(plan, found),
        moment_now=now(),
        today=calendars.local_day(now()),
    )


# ------------------------------------------------------------------------------------------------ moving


@bp.get("/<int:deal_id>/move")
@needs()
def ask_move(deal_id: int) -> ResponseReturnValue:
    """What a move needs: where to, why, whose doing."""
    found = _deal(deal_id)
    plan = _plan(found)
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
        departments=_departments(),
        client=_client(found),
        open_commitments=_open_commitments(found),
    )


@bp.post("/<int:deal_id>/move")
@needs()
@on_invalid(ask_move)
def move(deal_id: int) -> ResponseReturnValue:
    """Move the deal; a move that needs a reason asks for it first, if it has not been asked yet."""
    found, form = _deal(deal_id), request.form
    plan, before, to = _plan(found), found.stage, form.get("to", "")
    rank = plan.rank(to)
    if rank is not None and "reason" not in form and to != before and deals.needs_reason(found, rank):
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
    return redirect(url_for("sales.index", process=found.process) if board else _page(deal_id), code=303)


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


# ------------------------------------------------------------------------------------------------ other verbs


@bp.get("/<int:deal_id>/<any(withdrawal, suspension, closing, amount, owner, commitments):what>")
@needs()
def ask(deal_id: int, what: str) -> ResponseReturnValue:
    """The form of one verb on its own page."""
    found = _deal(deal_id)
    return render_template(
        "sales/ask.html",
        deal=found,
        what=what,
        client=_client(found),
        loss=LOSS,
        pause=PAUSE,
        departments=_departments(),
        sellers=[(each.id, each.name) for each in _sellers(found)],
        contacts=_contacts(found),
        soon=calendars.local_day(now()) + timedelta(days=7),
    )


def _again(what: str) -> Callable[..., ResponseReturnValue]:
    return lambda deal_id: ask(deal_id, what)


@bp.post("/<int:deal_id>/withdrawal")
@needs()
@on_invalid(_again("withdrawal"))
def withdraw(deal_id: int) -> ResponseReturnValue:
    """The client does not buy."""
    form = request.form
    deals.withdraw(
        db.session(),
        _deal(deal_id),
        form.get("reason") or None,
        note=form.get("note") or None,
        causing_department=form.get("causing_department", type=int),
        competitor=form.get("competitor") or None,
        by=me(),
        now=now(),
    )
    return _done(deal_id, gettext("The client's withdrawal has been recorded."))


@bp.post("/<int:deal_id>/suspension")
@needs()
@on_invalid(_again("suspension"))
def suspend(deal_id: int) -> ResponseReturnValue:
    """Nothing happens until a day."""
    until = _day(request.form.get("until"))
    deals.suspend(db.session(), _deal(deal_id), until, request.form.get("reason") or None, by=me(), now=now())
    return _done(deal_id, gettext("The deal waits."))


@bp.post("/<int:deal_id>/resumption")
@needs()
def resume(deal_id: int) -> ResponseReturnValue:
    """The client is back."""
    deals.resume(db.session(), _deal(deal_id), by=me(), now=now())
    return _done(deal_id, gettext("The deal goes on."))


@bp.post("/<int:deal_id>/heard")
@needs()
def hear(deal_id: int) -> ResponseReturnValue:
    """The client said what a fast sale waits to hear."""
    deals.hear(db.session(), _deal(deal_id), request.form.get("message", ""), by=me(), now=now())
    return _done(deal_id, gettext("Recorded. The process goes on."))


@bp.post("/<int:deal_id>/closing")
@needs()
@on_invalid(_again("closing"))
def close(deal_id: int) -> ResponseReturnValue:
    """Give up a deal that waits."""
    deals.close(db.session(), _deal(deal_id), request.form.get("reason") or None, by=me(), now=now())
    return _done(deal_id, gettext("The deal has been closed."))


@bp.post("/<int:deal_id>/amount")
@needs()
@on_invalid(_again("amount"))
def change_amount(deal_id: int) -> ResponseReturnValue:
    """A new amount."""
    typed = (
        request.form.get("amount", "").replace("\N{NO-BREAK SPACE}", "").replace(" ", "").replace(",", ".")
    )
    reason = request.form.get("note") or None
    deals.change_amount(db.session(), _deal(deal_id), typed, reason=reason, by=me(), now=now())
    return _done(deal_id, gettext("The new amount has been recorded."))


@bp.post("/<int:deal_id>/owner")
@needs()
def change_owner(deal_id: int) -> ResponseReturnValue:
    """Somebody else leads the deal."""
    found = _deal(deal_id)
    person = next((each for each in _sellers(found) if each.id == request.form.get("owner", type=int)), None)
    if person is None:
        raise NotFound
    deals.change_owner(db.session(), found, person, by=me(), now=now())
    return _done(deal_id, gettext("%(name)s leads this deal now.", name=person.name))


@bp.post("/<int:deal_id>/commitments")
@needs()
@on_invalid(_again("commitments"))
def commit(deal_id: int) -> ResponseReturnValue:
    """Write down what was agreed with the client."""
    form = request.form
    commitments.record(
        db.session(),
        _deal(deal_id),
        direction=form.get("direction", ""),
        text=form.get("text", ""),
        due_on=_day(form["due_on"]) if form.get("due_on") else None,
        agreed_with=form.get("agreed_with") or None,
        evidence=form.get("evidence") or None,
        by=me(),
        now=now(),
    )
    return _done(deal_id, gettext("Written down."))


@bp.get("/commitments/<int:commitment_id>")
@needs()
def commitment(commitment_id: int) -> ResponseReturnValue:
    """One commitment and what may become of it."""
    found = access.one(db.session(), me(), Commitment, commitment_id)
    return render_template("sales/commitment.html", commitment=found, deal=_deal(found.deal_id))


@bp.post("/commitments/<int:commitment_id>")
@needs()
@on_invalid(commitment)
def settle(commitment_id: int) -> ResponseReturnValue:
    """It was kept, broken, agreed anew, or is not needed any more."""
    session, form = db.session(), request.form
    found = access.one(session, me(), Commitment, commitment_id)
    if form.get("outcome") == "kept":
        commitments.keep(session, found, evidence=form.get("note") or None, by=me(), now=now())
    elif form.get("outcome") == "broken":
        commitments.break_(session, found, form.get("note") or None, by=me(), now=now())
    elif form.get("outcome") == "renegotiated":
        due = _day(form.get("due_on"))
        commitments.renegotiate(session, found, due_on=due, text=form.get("text") or None, by=me(), now=now())
    else:
        commitments.withdraw(session, found, by=me(), now=now())
    return _done(found.deal_id, gettext("Written down."))


# ------------------------------------------------------------------------------------------------ what a page shows


class NotADate(Refusal):
    """Choose a day."""


def _deal(deal_id: int) -> Deal:
    return access.one(db.session(), me(), Deal, deal_id)


def _page(deal_id: int) -> str:
    return url_for("deals.deal", deal_id=deal_id)


def _done(deal_id: int, words: str) -> ResponseReturnValue:
    db.session.commit()
    flashes.say(words)
    return redirect(_page(deal_id), code=303)


def _day(typed: str | None) -> date:
    try:
        return date.fromisoformat(typed or "")
    except ValueError as error:
        raise NotADate(field="until" if "until" in request.form else "due_on") from error


def _plan(found: Deal) -> Plan:
    instance = db.session.get_one(Instance, found.instance_id)
    return definitions.blueprint(db.session(), db.session.get_one(Definition, instance.definition_id))


def _client(found: Deal) -> Client | None:
    return db.session.get(Client, found.client_id) if found.client_id else None


def _contacts(found: Deal) -> Sequence[Contact]:
    query = select(Contact).where(Contact.client_id == found.client_id, access.visible(me(), Contact))
    return db.session.scalars(query.order_by(Contact.name)).all() if found.client_id else ()


def _departments() -> Sequence[Department]:
    query = select(Department).where(Department.closed_at.is_(None), Department.parent_id.is_not(None))
    return db.session.scalars(query.order_by(Department.name)).all()


def _sellers(found: Deal) -> Sequence[Person]:
    """Who could lead the deal: members of its department."""
    query = select(Person).where(
        Person.left_at.is_(None), Person.memberships.any(department_id=found.department_id)
    )
    return db.session.scalars(query.order_by(Person.name)).all()


def _open_commitments(found: Deal) -> int:
    query = commitments.of(found).where(Commitment.state.in_(commitments.OPEN))
    return len(db.session.scalars(query).all())


def _waits(found: Deal) -> set[str]:
    return {
        each.name or ""
        for each in subscriptions.of(db.session(), found.instance_id)
        if each.kind == "message"
    }


def _next_stage(plan: Plan, found: Deal) -> Any:
    ordered = sorted(plan.ladder, key=lambda stage: stage.order)
    rank = found.stage_rank or 0
    return ordered[rank] if rank < len(ordered) else None
