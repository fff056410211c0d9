"""What heads do with an agreement: sign, decline, talk, pause, answer a pause, review it, end it. One form and one verb each."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.errors import Invalid
from engine.people import Person
from engine.sales import negotiating, standing
from engine.sales.terms import Required
from webapp.access import me, needs
from webapp.agreement_page import agreement
from webapp.agreement_rows import (
    act_of,
    again,
    agreement_of,
    bp,
    done,
    must_bind_still,
    typed_day,
    version_of,
)
from webapp.clock import now
from webapp.database import db
from webapp.formats import full_day


@bp.post("/<int:agreement_id>/signature")
@needs()
@again(agreement)
def sign(agreement_id: int) -> ResponseReturnValue:
    """Sign what the other side proposed: exactly what was on the page."""
    version = version_of(agreement_of(agreement_id))
    sent = request.form.get("hash", "")
    negotiating.accept(db.session(), version, terms_hash=sent, by=me(), now=now())
    if version.state == "in_force":
        return done(agreement_id, gettext("Signed. It is in force."))
    return done(agreement_id, gettext("Signed. It waits for its day."))


@bp.post("/<int:agreement_id>/withdrawal")
@needs()
@again(agreement)
def withdraw(agreement_id: int) -> ResponseReturnValue:
    """Take one's proposal back, or decline the other side's."""
    version = version_of(agreement_of(agreement_id))
    negotiating.withdraw(db.session(), version, note=_note(), by=me(), now=now())
    return done(agreement_id, gettext("It is off the table."))


@bp.post("/<int:agreement_id>/remarks")
@needs()
@again(agreement)
def remark(agreement_id: int) -> ResponseReturnValue:
    """Say something to the other side, about a version or about all of it."""
    found = agreement_of(agreement_id)
    about = version_of(found) if request.form.get("version") else None
    text = request.form.get("note", "")
    if not text.strip():
        raise Invalid({"note": Required()})
    negotiating.remark(db.session(), found, text, version=about, by=me(), now=now())
    db.session.commit()
    back = url_for("agreements.agreement", agreement_id=agreement_id)
    if request.form.get("from") == "version" and about is not None:
        back = url_for("agreements.version", agreement_id=agreement_id, number=about.number)
    return redirect(back + "#talk", code=303)


@bp.post("/<int:agreement_id>/suspension")
@needs()
@again(agreement)
def suspend(agreement_id: int) -> ResponseReturnValue:
    """Ask the other side that nobody owes anything until a day."""
    found, until = agreement_of(agreement_id), typed_day("until")
    must_bind_still(found)
    standing.suspend(db.session(), found, until, _said("reason"), by=me(), now=now())
    return done(agreement_id, gettext("Asked. It is suspended once the other side consents."))


@bp.post("/<int:agreement_id>/resumption")
@needs()
@again(agreement)
def resume(agreement_id: int) -> ResponseReturnValue:
    """Ask the other side to end a pause before its day."""
    found = agreement_of(agreement_id)
    must_bind_still(found)
    standing.resume(db.session(), found, _said("reason"), by=me(), now=now())
    return done(agreement_id, gettext("Asked. It is in force again once the other side consents."))


@bp.post("/<int:agreement_id>/acts/<int:act_id>/consent")
@needs()
@again(agreement)
def consent(agreement_id: int, act_id: int) -> ResponseReturnValue:
    """Sign what the other side asked for beside the terms: exactly what was on the page."""
    act = act_of(agreement_of(agreement_id), act_id)
    standing.consent(db.session(), act, said_hash=request.form.get("hash", ""), by=me(), now=now())
    if act.kind == "suspension":
        return done(agreement_id, gettext("Consented. Nobody owes anything under it until then."))
    return done(agreement_id, gettext("Consented. It is in force again."))


@bp.post("/<int:agreement_id>/acts/<int:act_id>/refusal")
@needs()
@again(agreement)
def refuse(agreement_id: int, act_id: int) -> ResponseReturnValue:
    """Refuse what the other side asked for, or take back what one's own side did."""
    act = act_of(agreement_of(agreement_id), act_id)
    standing.refuse(db.session(), act, _said("note"), by=me(), now=now())
    if act.state == "withdrawn":
        return done(agreement_id, gettext("It is no longer asked for."))
    return done(agreement_id, gettext("Refused. The agreement stays as it is."))


@bp.post("/<int:agreement_id>/notice")
@needs()
@again(agreement)
def end(agreement_id: int) -> ResponseReturnValue:
    """Give notice for one's own side."""
    found = agreement_of(agreement_id)
    must_bind_still(found)
    last = standing.terminate(db.session(), found, _said("reason"), by=me(), now=now())
    return done(agreement_id, gettext("Notice is given. Its last day is %(day)s.", day=full_day(last)))


@bp.post("/<int:agreement_id>/review")
@needs()
@again(agreement)
def review(agreement_id: int) -> ResponseReturnValue:
    """The day of review: it may stay and is looked at again on a day, or it is to be revised."""
    found, person = agreement_of(agreement_id), me()
    must_bind_still(found)
    if request.form.get("answer") == "revise":
        return _revise(agreement_id, person)
    day = typed_day("review_on")
    both = standing.keep_as_it_is(db.session(), found, day, by=person, now=now())
    if both:
        return done(agreement_id, gettext("Both sides keep it as it is."))
    return done(agreement_id, gettext("Your side keeps it as it is. The other side is still asked."))


def _revise(agreement_id: int, person: Person) -> ResponseReturnValue:
    found = agreement_of(agreement_id)
    standing.will_revise(db.session(), found, _said("note"), by=person, now=now())
    db.session.commit()
    return redirect(url_for("agreements.word", agreement_id=agreement_id), code=303)


def _said(name: str) -> str:
    return request.form.get(name, "")


def _note() -> str | None:
    return _said("note") or None
