"""My work: what is mine, what I may take, what I did; one task, completed in one place."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from engine import access, calendars
from engine.errors import Invalid, NotFound, Refusal, Stale
from engine.people import Person
from engine.process import definitions, forms, tasks
from engine.process.definitions import Definition
from engine.process.tasks import UserTask
from engine.sales import conversation, possible, promises
from engine.sales.promises import Promise
from engine.sales.talking import NotNow
from webapp import asking, flashes, form_files, promise_panel, promise_words, task_page
from webapp import promises as promises_page
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.errors import words
from webapp.forms import on_invalid
from webapp.languages import current

bp = Blueprint("work", __name__, url_prefix="/work")

SHOWN, MOST = 60, 1_000
"""Rows of a list before “show more”, and ever; a page costs the same however many tasks wait behind it."""

COUNTED = 100
"""Counts in tabs stop here and say 99+."""

LISTS = {"mine": lazy_gettext("Mine"), "queue": lazy_gettext("To take"), "done": lazy_gettext("Done")}


SEEN = "promise-seen"
"""The version of the promise somebody looked at while filling in its task."""


class NotAskedYet(Refusal):
    """Your answers bring up this question, too."""


def _helpers() -> dict[str, object]:
    """Also for the answer to a word about a promise, which shows these pages from an address of its own."""
    return {
        "moment_now": now(),
        "standing": promises.judge(db.session(), now=now()),
        "ask": lambda promise: promise_words.ask(promise, now()),
    }


@bp.get("/")
@needs()
def index() -> ResponseReturnValue:
    """One of my lists, nothing opened."""
    return page(None)


@bp.get("/tasks/<int:task_id>")
@needs()
def task(task_id: int) -> ResponseReturnValue:
    """One task beside the list it came from; one that went to the other side is seen as its promise."""
    try:
        return page(find(task_id))
    except NotFound:
        promise = promise_panel.of_task(task_id)
        if promise is None:
            raise
        return redirect(url_for("promises.promise", promise_id=promise.id))


@bp.get("/next")
@needs()
def next_task() -> ResponseReturnValue:
    """The most urgent task of mine, else the most urgent I may take; ``after`` one, the one that follows it."""
    after = request.args.get("after", type=int)
    for name in ("mine", "queue"):
        ids = [found.id for found in _first(name, SHOWN)]
        begin = ids.index(after) + 1 if after in ids else 0
        for task_id in ids[begin : begin + 1]:
            return redirect(url_for(".task", task_id=task_id))
    flashes.say(gettext("Nothing is left for you."))
    return redirect(url_for(".index"))


@bp.post("/tasks/<int:task_id>/claim")
@needs()
def claim(task_id: int) -> ResponseReturnValue:
    """Take a task from its queue."""
    tasks.claim(db.session(), find(task_id), by=me(), now=now())
    db.session.commit()
    return redirect(url_for(".task", task_id=task_id), code=303)


@bp.post("/tasks/<int:task_id>/release")
@needs()
def release(task_id: int) -> ResponseReturnValue:
    """Give a task back to its queue."""
    tasks.release(db.session(), find(task_id), by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("The task is back in its queue."), undo=url_for(".claim", task_id=task_id))
    return redirect(url_for(".index"), code=303)


@bp.post("/tasks/<int:task_id>/hand-over")
@needs()
def hand_over(task_id: int) -> ResponseReturnValue:
    """Give a task to a colleague who could have taken it."""
    to = db.session.get(Person, request.form.get("to", 0, type=int))
    if to is None:
        raise NotFound
    tasks.hand_over(db.session(), find(task_id), to, by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("Handed over to %(name)s.", name=to.name))
    return redirect(url_for(".index"), code=303)


@bp.post("/tasks/<int:task_id>/draft")
@needs()
def save_draft(task_id: int) -> ResponseReturnValue:
    """Keep what is typed so far, as it is typed."""
    found = find(task_id)
    form = _form(found)
    values = forms.draft(form, _with_files(form)) if form else {}
    draft = tasks.save_draft(db.session(), found, values, by=me(), now=now())
    db.session.commit()
    if request.headers.get("X-Draft"):
        return render_template("work/_draft.html", draft=draft)
    return redirect(url_for(".task", task_id=task_id), code=303)


@bp.post("/tasks/<int:task_id>/completion")
@needs()
@on_invalid(task)
def complete(task_id: int) -> ResponseReturnValue:
    """Complete a task; the diagram decides what comes next, and the next task opens."""
    try:
        found = find(task_id)
        raw = request.form.to_dict(flat=False)
        raw.pop(SEEN, None)  # the page's own, as no field of a form can be called
        _complete(found, raw, request.form.get(SEEN, type=int))
    except (Stale, NotNow, NotFound) as refusal:
        db.session.rollback()
        promise = promise_panel.of_task(task_id)
        if promise is None or promise.version_id is None or promise.outcome is not None:
            raise
        g.typed = request.form
        return promises_page.refused(
            promise.id, "deliver", Stale() if isinstance(refusal, NotFound) else refusal
        )
    db.session.commit()
    flashes.say(_done(found))
    return redirect(url_for(".next_task"), code=303)


def _complete(found: UserTask, raw: dict[str, list[str]], seen: int | None) -> None:
    definition = db.session.get_one(Definition, found.definition_id)  # held, so that it is read once
    if found.form and found.closed_at is None:
        form = definitions.form(db.session(), definition, found.form)
        raw = form_files.received(form, raw)
        _refuse_unseen(form, raw)
    key = _key(request.form.get("key"))
    conversation.complete(db.session(), found, raw, by=me(), now=now(), key=key, seen=seen)


def _with_files(form: forms.Form) -> dict[str, list[str]]:
    """What is typed so far, and the files; one that cannot be kept is said, and the rest is kept all the same."""
    raw = request.form.to_dict(flat=False)
    try:
        return form_files.received(form, raw)
    except Invalid as refusal:
        for each in refusal.errors.values():
            flashes.say(str(words(each)))
        return raw


def _done(found: UserTask) -> str:
    words = found.text.into(current())
    if found.closed_at is None:
        return str(gettext("Delivered: %(task)s. The other side accepts it or not.", task=words))
    return str(gettext("Done: %(task)s.", task=words))


@bp.get("/tasks/<int:task_id>/diagram")
@needs()
def diagram(task_id: int) -> ResponseReturnValue:
    """The drawing of the diagram this task stands in, as it was uploaded."""
    found = find(task_id)
    definition = db.session.get_one(Definition, found.definition_id)
    plan = definitions.blueprint(db.session(), definition)
    drawings = definitions.files(db.session(), definition, "bpmn")
    return Response(drawings[plan.diagrams[found.diagram].file], mimetype="application/xml")


# ------------------------------------------------------------------------------------------------ what was sent


def find(task_id: int) -> UserTask:
    """The task, also while the other side is asked about its date and this person may deliver all the same."""
    try:
        return access.one(db.session(), me(), UserTask, task_id, joinedload(UserTask.definition))
    except NotFound:
        promise = promise_panel.of_task(task_id)
        if promise is None or "deliver" not in possible.words(db.session(), promise, me(), now=now()):
            raise
        return db.session.get_one(UserTask, task_id)


def _form(found: UserTask) -> forms.Form | None:
    definition = db.session.get_one(Definition, found.definition_id)
    return definitions.form(db.session(), definition, found.form) if found.form else None


def _key(sent: str | None) -> str | None:
    """The command's key; a person's keys are their own."""
    return f"web:{me().id}:{sent[:60]}" if sent else None


def _refuse_unseen(form: forms.Form | None, raw: dict[str, list[str]]) -> None:
    """Show questions that only these answers bring up, before an empty answer to them counts. Raises Invalid."""
    unseen = asking.unseen(form, raw) if form else ()
    if unseen:
        raise Invalid({name: NotAskedYet(field=name) for name in unseen})


# ------------------------------------------------------------------------------------------------ what a page shows


def page(opened: UserTask | None) -> ResponseReturnValue:
    """The lists, with a task opened beside them."""
    name = request.args.get("list", "mine" if opened is None else _list_of(opened))
    if name not in LISTS:
        raise NotFound
    limit = min(max(request.args.get("rows", SHOWN, type=int), 1), MOST)
    rows = _first(name, limit + 1)
    return render_template(
        "work/work.html",
        lists=[_tab(key, name) for key in LISTS],
        name=name,
        groups=_grouped(rows[:limit], name),
        more=limit + SHOWN if len(rows) > limit and limit < MOST else None,
        promises=_promises(rows[:limit]),
        task=opened,
        **_helpers(),
        **(task_page.around(opened, _form(opened)) if opened is not None else {}),
    )


def _list_of(opened: UserTask) -> str:
    if opened.closed_at is not None:
        return "done"
    return "mine" if opened.assignee_id == me().id else "queue"


def _list(name: str, most: int) -> Select[UserTask]:
    if name == "queue":
        return tasks.queue(me(), most=most).limit(most)
    return (tasks.mine(me()) if name == "mine" else tasks.done(me())).limit(most)


def _first(name: str, most: int) -> Sequence[UserTask]:
    return db.session.scalars(_list(name, most)).all()


def _tab(key: str, now_open: str) -> dict[str, Any]:
    count = None if key == "done" else _count(_list(key, COUNTED))
    return {
        "title": LISTS[key],
        "href": url_for("work.index", list=key),
        "count": count,
        "current": key == now_open,
    }


def _count(rows: Select[UserTask]) -> int | str:
    few = rows.with_only_columns(UserTask.id).order_by(None).subquery()
    found = db.session.scalar(select(func.count()).select_from(few)) or 0
    return found if found < COUNTED else f"{COUNTED - 1}+"


def _grouped(rows: Sequence[UserTask], name: str) -> list[tuple[str, list[UserTask]]]:
    """The list in parts, in the order of its rows."""
    part = _part_of_done if name == "done" else _part_of_open
    found: dict[str, list[UserTask]] = {}
    for title, some in groupby(rows, part):
        found.setdefault(title, []).extend(some)
    return list(found.items())


def _part_of_done(row: UserTask) -> str:
    today = row.closed_at is not None and calendars.local_day(row.closed_at) == calendars.local_day(now())
    return str(gettext("Today") if today else gettext("Earlier"))


def _part_of_open(row: UserTask) -> str:
    if row.due_at is None:
        return str(gettext("Without a date"))
    if row.due_at < now():
        return str(gettext("Late"))
    today = calendars.local_day(row.due_at) == calendars.local_day(now())
    return str(gettext("Today") if today else gettext("Tomorrow and later"))


def _promises(rows: Sequence[UserTask]) -> dict[int, Promise]:
    """The promise under each hand-off task shown."""
    ids = [row.id for row in rows if row.handoff]
    found = db.session.scalars(select(Promise).where(Promise.task_id.in_(ids))) if ids else ()
    return {promise.task_id: promise for promise in found}
