"""Notices: the bell of every page, and what a person was told, day by day."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext
from sqlalchemy import select

from engine import access, notices, reports_kept
from engine.calendars import local_day
from engine.errors import NotFound
from engine.notices import Notice
from engine.process.tasks import UserTask
from engine.reports_kept import KeptReport
from engine.sales.agreements import Agreement
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from webapp import flashes
from webapp.access import local, me, needs, somebody
from webapp.clock import now
from webapp.database import db
from webapp.languages import current
from webapp.notice_words import Words, words

bp = Blueprint("notices", __name__, url_prefix="/notices")

SIZE = 50


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record is seen, if this person may see it, and what it is called."""

    href: str | None
    title: str | None


@bp.get("/")
@needs()
def index() -> ResponseReturnValue:
    """What I was told, the latest first; ``before`` a notice: what is older."""
    before = request.args.get("before", type=int)
    query = notices.recent(me())
    found = db.session.scalars((query.where(Notice.id < before) if before else query).limit(SIZE + 1)).all()
    shown = found[:SIZE]
    return render_template(
        "notices/notices.html",
        days=_by_day(shown, _places(shown)),
        latest=None if before else next((each.id for each in shown), None),
        unseen=bell(),
        older=shown[-1].id if len(found) > SIZE else None,
        before=before,
    )


@bp.post("/seen")
@needs()
def see_all() -> ResponseReturnValue:
    """Everything up to the latest one that was on the page is seen; what came since is not."""
    seen = notices.see(db.session(), me(), request.form.get("upto", type=int), now=now())
    db.session.commit()
    flashes.say(ngettext("%(num)d notice marked as seen.", "%(num)d notices marked as seen.", seen))
    return redirect(url_for(".index"), code=303)


@bp.get("/<int:notice_id>")
@needs()
def follow(notice_id: int) -> ResponseReturnValue:
    """To the record a notice is about: where mails lead."""
    return redirect(_place(_notice(notice_id)), code=303)


@bp.post("/<int:notice_id>")
@needs()
def see(notice_id: int) -> ResponseReturnValue:
    """One is seen; with ``open`` on to its record."""
    found = _notice(notice_id)
    target = _place(found) if "open" in request.form else local(request.form.get("next"))
    notices.see(db.session(), me(), only=found.id, now=now())
    db.session.commit()
    return redirect(target or url_for(".index"), code=303)


def bell() -> int:
    """How many notices this person has not seen, to a hundred: one short statement."""
    person = somebody()
    return notices.count_unseen(db.session(), person) if person else 0


def init_app(app: Flask) -> None:
    """Offer the count to the layout, which asks only where it shows."""
    app.context_processor(lambda: {"bell": bell})


def _notice(notice_id: int) -> Notice:
    found = db.session.get(Notice, notice_id)
    if found is None or found.person_id != me().id:
        raise NotFound
    return found


def _place(notice: Notice) -> str:
    place = _places([notice]).get(notice.subject)
    if place is None or place.href is None:
        raise NotFound
    return place.href


Row = tuple[Notice, Words, str | None]


def _by_day(found: Sequence[Notice], places: Mapping[str, Place]) -> list[tuple[date, list[Row]]]:
    def row(notice: Notice) -> Row:
        place = places.get(notice.subject, Place(None, None))
        return notice, words(notice, place.title), place.href

    return [
        (day, [row(each) for each in some]) for day, some in groupby(found, lambda one: local_day(one.at))
    ]


# ------------------------------------------------------------------------------------- the records notices are about


def _places(found: Sequence[Notice]) -> dict[str, Place]:
    """Where the records of these notices are seen: one statement a kind of record."""
    ids: dict[str, set[int]] = {}
    for notice in found:
        kind, _, id_ = notice.subject.partition(":")
        if kind in KINDS and id_.isascii() and id_.isdigit():
            ids.setdefault(kind, set()).add(int(id_))
    return {
        f"{kind}:{id_}": place for kind, wanted in ids.items() for id_, place in KINDS[kind](wanted).items()
    }


def _agreements(ids: set[int]) -> dict[int, Place]:
    rows = db.session.execute(
        select(Agreement.id, Agreement.title, Agreement.title_en).where(
            Agreement.id.in_(ids), access.visible(me(), Agreement, local_day(now()))
        )
    )
    return {
        id_: Place(url_for("agreements.agreement", agreement_id=id_), _said(pl, en)) for id_, pl, en in rows
    }


def _promises(ids: set[int]) -> dict[int, Place]:
    """A promise is seen where its task is; who does not see the task is led to the promise."""
    rows = db.session.execute(
        select(
            Promise.id,
            Promise.title,
            Promise.title_en,
            Promise.task_id,
            Promise.task_id.in_(select(UserTask.id).where(access.visible(me(), UserTask))),
        ).where(Promise.id.in_(ids), access.visible(me(), Promise, local_day(now())))
    )
    return {
        id_: Place(
            url_for("work.task", task_id=task_id) if task else url_for("promises.promise", promise_id=id_),
            _said(pl, en),
        )
        for id_, pl, en, task_id, task in rows
    }


def _commitments(ids: set[int]) -> dict[int, Place]:
    rows = db.session.execute(
        select(Commitment.id, Commitment.text, Commitment.deal_id).where(
            Commitment.id.in_(ids), access.visible(me(), Commitment)
        )
    )
    return {id_: Place(url_for("deals.deal", deal_id=deal_id), text) for id_, text, deal_id in rows}


def _deals(ids: set[int]) -> dict[int, Place]:
    rows = db.session.execute(select(Deal.id, Deal.title).where(Deal.id.in_(ids), access.visible(me(), Deal)))
    return {id_: Place(url_for("deals.deal", deal_id=id_), title) for id_, title in rows}


def _tasks(ids: set[int]) -> dict[int, Place]:
    rows = db.session.execute(
        select(UserTask.id, UserTask.title, UserTask.title_en).where(
            UserTask.id.in_(ids), access.visible(me(), UserTask)
        )
    )
    return {id_: Place(url_for("work.task", task_id=id_), _said(pl, en)) for id_, pl, en in rows}


def _reports(ids: set[int]) -> dict[int, Place]:
    rows = db.session.scalars(reports_kept.usable(me()).where(KeptReport.id.in_(ids)))
    return {row.id: Place(url_for("reports.kept", kept_id=row.id), row.title) for row in rows}


def _said(pl: str, en: str) -> str:
    return en or pl if current() == "en" else pl


KINDS: Mapping[str, Callable[[set[int]], dict[int, Place]]] = {
    "agreement": _agreements,
    "promise": _promises,
    "commitment": _commitments,
    "deal": _deals,
    "task": _tasks,
    "report": _reports,
}
