"""Absences: who is away and who stands in. Everybody records their own, an administrator those of others."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import aliased

from engine import absences, access, calendars
from engine.absences import Absence
from engine.errors import Invalid, Refusal
from engine.people import Person
from engine.sales.terms import NotADay, Required
from webapp import flashes
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.forms import on_invalid

bp = Blueprint("absences", __name__, url_prefix="/absences")

SIZE = 100


@bp.get("/")
@needs()
def index() -> ResponseReturnValue:
    """One's own absences, when one stands in, and for an administrator everybody's; with the form of a new one."""
    today = calendars.local_day(now())
    others = Absence.person_id != me().id
    return render_template(
        "absences/absences.html",
        mine=_rows(Absence.person_id == me().id),
        covered=_rows(
            Absence.deputy_id == me().id, Absence.withdrawn_at.is_(None), Absence.last_day >= today
        ),
        others=_rows(others, Absence.last_day >= today) if _administers() else [],
        everybody=_everybody(),
        administers=_administers(),
        today=today,
    )


@bp.post("/")
@needs()
@on_invalid(index)
def record() -> ResponseReturnValue:
    """Record one: one's own, or, for an administrator, somebody else's."""
    typed, errors = _typed()
    if errors:
        raise Invalid(errors)
    absences.record(db.session(), **typed, note=request.form.get("note", ""), by=me(), now=now())
    db.session.commit()
    said = gettext("Recorded. %(name)s stands in.", name=typed["deputy"].name)
    flashes.say(said)
    return redirect(url_for(".index"), code=303)


@bp.post("/<int:absence_id>/withdrawal")
@needs()
def withdraw(absence_id: int) -> ResponseReturnValue:
    """Take an absence back: from now on nobody stands in."""
    found = access.one(db.session(), me(), Absence, absence_id)
    absences.withdraw(db.session(), found, by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("Taken back. Nobody stands in any more."))
    return redirect(url_for(".index"), code=303)


def _typed() -> tuple[dict[str, Any], dict[str, Refusal]]:
    """Who, deputy and days as they were typed, with what is missing."""
    found: dict[str, Any] = {"person": me()}
    errors: dict[str, Refusal] = {}
    known = {each.id: each for each in _everybody()}
    if _administers() and request.form.get("person"):
        found["person"] = known.get(request.form.get("person", 0, type=int))
    found["deputy"] = known.get(request.form.get("deputy", 0, type=int))
    for name in ("first_day", "last_day"):
        found[name] = _day(request.form.get(name, ""))
        if found[name] is None:
            errors[name] = NotADay() if request.form.get(name) else Required()
    errors |= {name: Required() for name in ("person", "deputy") if found[name] is None}
    return found, errors


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def _administers() -> bool:
    return me().has("administrator")


def _everybody() -> Sequence[Person]:
    """Whoever works here, by name."""
    return db.session.scalars(select(Person).where(Person.left_at.is_(None)).order_by(Person.name)).all()


def _rows(*where: Any) -> Sequence[tuple[Absence, str, str]]:
    """Absences with who is away and who stands in, the latest first."""
    away, deputy = aliased(Person), aliased(Person)
    query = (
        select(Absence, away.name, deputy.name)
        .join(away, away.id == Absence.person_id)
        .join(deputy, deputy.id == Absence.deputy_id)
        .where(*where)
        .order_by(Absence.first_day.desc(), Absence.id.desc())
    )
    return [(each[0], each[1], each[2]) for each in db.session.execute(query.limit(SIZE))]
