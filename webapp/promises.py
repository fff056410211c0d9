"""Promises on screens: the page of one, every word somebody may say about it, and the lists behind every number."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm.exc import StaleDataError

from engine import access
from engine.calendars import HOME, local_day
from engine.errors import NotAllowed, NotFound, Refusal, Stale
from engine.people import Department
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import passing, promises
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from webapp import agreement_page, agreements, flashes, promise_panel, promise_verbs, promise_words
from webapp.access import me, needs
from webapp.agreement_rows import agreement_of
from webapp.clock import now
from webapp.database import db
from webapp.errors import status_of
from webapp.forms import key
from webapp.promise_panel import Refused

bp = Blueprint("promises", __name__, url_prefix="/promises")

WORDS = "any(" + ", ".join(promise_verbs.DONE) + ")"
STATES = ("kept", "broken", "pending", "out")
PARTS = ("first", "renegotiated")
"""What of the kept ones an agreement's page counts apart."""
PERIODS = {"week": 7, "month": 30, "quarter": 90, "year": 365}
SIDES = ("provider", "consumer")
MOST = 500


@bp.get("/<int:promise_id>")
@needs()
def promise(promise_id: int) -> ResponseReturnValue:
    """One promise: what was agreed, where it stands, the whole conversation, what I may say."""
    return _page(promise_panel.find(promise_id))


@bp.get(f"/<int:promise_id>/<{WORDS}:word>")
@needs()
def said(promise_id: int, **_: str) -> ResponseReturnValue:
    """The address of a word that was refused, opened anew: the page of the promise."""
    return redirect(url_for(".promise", promise_id=promise_id))


@bp.post(f"/<int:promise_id>/<{WORDS}:word>")
@needs()
def say(promise_id: int, word: str) -> ResponseReturnValue:
    """Say one word. What is refused comes back where it was typed, with what is possible instead."""
    found = promise_panel.find(promise_id)
    try:
        words = promise_verbs.say(word, found, request.form, by=me(), now=now(), key=key())
        db.session.commit()
    except (Refusal, StaleDataError) as refusal:
        why = refusal if isinstance(refusal, Refusal) else Stale()
        if isinstance(why, NotFound | NotAllowed):
            raise why from None
        return refused(promise_id, word, why)
    flashes.say(words)
    return redirect(_after(found, word), code=303)


def refused(promise_id: int, word: str, why: Refusal) -> ResponseReturnValue:
    """The page it came from as things stand now, with why not, and everything typed in place. Nothing is stored."""
    db.session.rollback()
    g.promise_refused = Refused(word, why, request.form, request.form.getlist("missing"))
    found = promise_panel.find(promise_id)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if promise_panel.errors_of(why) else status_of(why)
    on_task = word == "deliver" or request.form.get("from") == "task"
    page = _task_page(found) if on_task else None
    return make_response(page or _page(found), status)


def _task_page(found: Promise) -> ResponseReturnValue | None:
    """The task's page, where the task is still this person's to see."""
    from webapp import work  # its page shows this panel

    try:
        task = work.find(found.task_id)
    except NotFound:
        return None
    g.place = "work"
    return work.page(task)


def _after(found: Promise, word: str) -> str:
    """Back to where it was said; to the next task where nothing is left to do in this one."""
    if request.form.get("from") != "task":
        return url_for(".promise", promise_id=found.id)
    task = db.session.get_one(UserTask, found.task_id)
    if task.closed_at is None and task.is_for(me()):
        return url_for("work.task", task_id=task.id)
    return url_for("work.next_task") if word == "accept" else url_for("work.index")


def _page(found: Promise) -> ResponseReturnValue:
    session = db.session()
    task = session.get_one(UserTask, found.task_id)
    deal = session.scalar(select(Deal).where(Deal.id == found.deal_id, access.visible(me(), Deal)))
    return render_template(
        "promises/promise.html",
        panel=promise_panel.of(found),
        promise=found,
        task=task,
        may_open_task=_may_see(UserTask, found.task_id),
        may_open_case=deal is None and _may_see(Instance, found.instance_id),
        deal=deal,
        commitment=_commitment(found),
        owner_id=passing.owner_id(session, found),
        moment_now=now(),
    )


def _may_see(model: Any, id_: int) -> bool:
    return db.session.scalar(select(model.id).where(model.id == id_, access.visible(me(), model))) is not None


def _commitment(found: Promise) -> Commitment | None:
    """What was agreed with the client and needs this promise, where this person may see it."""
    return db.session.scalar(
        select(Commitment).where(
            Commitment.id == (found.commitment_id or 0), access.visible(me(), Commitment)
        )
    )


# ------------------------------------------------------------------------------------------------ lists


@agreements.bp.get("/promises")
@needs("employee", "director")
def passings() -> ResponseReturnValue:
    """Promises behind a number: kept, broken, pending or out of scope, by side, period and agreement."""
    session, wanted = db.session(), _wanted()
    counts = {state: _count(_listed(wanted, state)) for state in STATES}
    query = _listed(wanted, wanted["state"])
    rows = session.scalars(query.order_by(*_order(wanted["state"])).limit(MOST)).all()
    total = _count(query) if wanted["state"] else sum(counts.values())
    return render_template(
        "promises/list.html",
        tabs=_tabs(wanted, counts),
        wanted=wanted,
        here=here,
        periods=PERIODS,
        promises=rows,
        total=total,
        cut=total > len(rows),
        deals=_deals(rows),
        opened=promise_panel.may_open(rows),
        departments={each.id: each for each in session.scalars(select(Department))},
        moment_now=now(),
    )


def here(**changed: Any) -> str:
    """This list's address with some of its filters changed; an empty value drops one."""
    kept = dict(request.args.items()) | changed
    return url_for("agreements.passings", **{name: value for name, value in kept.items() if value})


def _wanted() -> dict[str, Any]:
    """The filters in the address. Raises NotFound for one that does not exist, or an agreement one may not see."""
    args = request.args
    state, side, period = args.get("state", ""), args.get("side", ""), args.get("period", "quarter")
    if (
        (state and state not in (*STATES, *PARTS))
        or (side and side not in SIDES)
        or period not in (*PERIODS, "all")
    ):
        raise NotFound
    of = args.get("agreement", type=int)
    if "agreement" in args and of is None:
        raise NotFound
    return {
        "state": state,
        "side": side,
        "period": period,
        "agreement": agreement_of(of) if of is not None else None,
        "provider": args.get("provider", type=int),
        "consumer": args.get("consumer", type=int),
    }


def _listed(wanted: dict[str, Any], state: str) -> Select[Promise]:
    at = now()
    figures = {**agreement_page.figures(at), "out": promises.out_of_scope()}
    which = figures[state] if state else or_(*(figures[each] for each in STATES))
    clauses = [which, *_narrowed(wanted)]
    return select(Promise).where(and_(*clauses))


def _narrowed(wanted: dict[str, Any]) -> list[ColumnElement[bool]]:
    """Period, sides and agreement. Who sees an agreement sees how it is kept."""
    found: list[ColumnElement[bool]] = []
    if wanted["period"] in PERIODS:
        found.append(Promise.requested_at >= now() - timedelta(days=PERIODS[wanted["period"]]))
    found.append(
        Promise.agreement_id == wanted["agreement"].id
        if wanted["agreement"]
        else access.visible(me(), Promise, local_day(now()))
    )
    for side in SIDES:
        column = Promise.provider_id if side == "provider" else Promise.consumer_id
        if wanted["side"] == side:
            found.append(column.in_(me().department_ids))
        if wanted[side] is not None:
            found.append(column == wanted[side])
    return found


def _order(state: str) -> tuple[Any, ...]:
    """What is on its way by its time, what is over the newest first."""
    newest: tuple[Any, ...] = (Promise.requested_at.desc(), Promise.id.desc())
    return (Promise.due_at.is_(None), Promise.due_at, Promise.id) if state == "pending" else newest


def _count(query: Select[Promise]) -> int:
    few = query.with_only_columns(Promise.id).subquery()
    return db.session.scalar(select(func.count()).select_from(few)) or 0


def _tabs(wanted: dict[str, Any], counts: dict[str, int]) -> list[dict[str, Any]]:
    titles = {
        "": gettext("All"),
        "pending": gettext("On their way"),
        "kept": gettext("Kept"),
        "broken": gettext("Broken"),
        "out": gettext("Not counted"),
    }
    return [
        {
            "title": title,
            "href": here(state=state),
            "count": counts[state] if state else sum(counts.values()),
            "current": wanted["state"] == state,
        }
        for state, title in titles.items()
    ]


def _deals(rows: Any) -> dict[int, Deal]:
    """The deals of these promises that this person may open."""
    ids = {each.deal_id for each in rows}
    found = db.session.scalars(select(Deal).where(Deal.id.in_(ids), access.visible(me(), Deal)))
    return {each.id: each for each in found}


def period_words(period: str) -> str:
    """A period of the list, in words."""
    if period == "all":
        return str(gettext("All time"))
    return str(ngettext("%(num)d day", "%(num)d days", PERIODS[period]))


@bp.app_template_filter()
def typed_moment(at: datetime) -> str:
    """A moment as a form sends it: 2026-12-03T14:00 by the organization's clocks."""
    return at.astimezone(HOME).strftime("%Y-%m-%dT%H:%M")


@bp.app_context_processor
def _helpers() -> dict[str, object]:
    return {
        "promise_words": promise_words,
        "period_words": period_words,
    }
