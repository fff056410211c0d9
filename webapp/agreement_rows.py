"""What the pages and verbs of agreements look up, and how each verb ends: done, or the page again with the reason."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import wraps
from typing import ParamSpec

from flask import Blueprint, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from engine import absences, access, calendars
from engine.absences import Absence
from engine.errors import Invalid, NotAllowed, NotFound, Refusal
from engine.people import Department, Membership, Person
from engine.sales import agreements, minutes, speaking
from engine.sales.agreements import Agreement, AgreementAct, AgreementVersion
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from engine.sales.speaking import Voice
from engine.sales.terms import NotADay, Required
from webapp import flashes, forms
from webapp.access import me
from webapp.clock import now
from webapp.database import db
from webapp.errors import refused, status_of

bp = Blueprint("agreements", __name__, url_prefix="/agreements")

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]


def today() -> date:
    """The local day."""
    return calendars.local_day(now())


def agreement_of(agreement_id: int) -> Agreement:
    """The agreement, where this person may see it, also in place of somebody absent. Raises NotFound."""
    return access.one(db.session(), me(), Agreement, agreement_id, on=today())


def versions_of(found: Agreement) -> Sequence[AgreementVersion]:
    """Every wording this person may read, the newest first: drafts of the other side are not there."""
    mine = access.visible(me(), AgreementVersion, today())
    asked = AgreementVersion.escalated_to_id == me().id
    return db.session.scalars(agreements.versions(found).where(mine | asked)).all()


def version_of(found: Agreement, name: str = "version") -> AgreementVersion:
    """The version that the page showed; one of another agreement is not there. Raises NotFound."""
    sent = request.form.get(name, 0, type=int)
    version = next((each for each in versions_of(found) if each.id == sent), None)
    if version is None:
        raise NotFound
    return version


def act_of(found: Agreement, act_id: int) -> AgreementAct:
    """What both were asked to sign beside the terms. Raises NotFound."""
    act = db.session.get(AgreementAct, act_id)
    if act is None or act.agreement_id != found.id:
        raise NotFound
    return act


def on_table(found: Agreement) -> AgreementVersion | None:
    """What is being negotiated, as far as this person may read it."""
    table = db.session.get(AgreementVersion, found.negotiating_version_id or 0)
    if table is None or table.state != "draft":
        return table
    return table if table in versions_of(found) else None


def binding(found: Agreement) -> AgreementVersion | None:
    """What binds or rests, else what both signed for a later day."""
    current = minutes.current(db.session(), found)
    return current or db.session.scalar(agreements.scheduled(found).limit(1))


def must_bind_still(found: Agreement) -> None:
    """What the page showed as signed is still what both are held to. Raises OutOfDate."""
    held = binding(minutes.locked(db.session(), found))
    if held is not None and request.form.get("version", type=int) != held.id:
        raise agreements.OutOfDate


def voice_of(found: Agreement) -> Voice | None:
    """How this person speaks in this agreement today: as a head, as a deputy, or not at all."""
    return next(iter(speaking.voices(db.session(), found, me(), today())), None)


def my_turn(found: Agreement, table: AgreementVersion | None, voice: Voice | None) -> bool:
    """Whether this person speaks for the side that has to answer."""
    if table is None or voice is None or table.state not in {"proposed", "countered"}:
        return False
    return voice.department_id == speaking.other_side(found, table.proposed_by_department_id)


def departments() -> Sequence[Department]:
    """Departments that are there, by name."""
    query = select(Department).where(Department.closed_at.is_(None)).order_by(Department.name)
    return db.session.scalars(query).all()


def ours() -> Sequence[int]:
    """Whose lists this person reads: departments they head or stand in for, else those they belong to."""
    return speaking.spoken_for(db.session(), me(), today()) or list(me().department_ids)


def standing_in() -> list[tuple[Absence, Person]]:
    """The heads this person stands in for today, each with the absence."""
    heads = select(Membership.person_id).where(Membership.is_head)
    query = absences.standing_in(me(), today()).where(Absence.person_id.in_(heads))
    return [(each, db.session.get_one(Person, each.person_id)) for each in db.session.scalars(query)]


def deals_of(found: Sequence[Promise]) -> dict[int, Deal]:
    """The deals of these promises that this person may open."""
    query = select(Deal).where(Deal.id.in_({each.deal_id for each in found}), access.visible(me(), Deal))
    return {each.id: each for each in db.session.scalars(query)}


def typed_day(name: str) -> date:
    """The day somebody chose. Raises Invalid."""
    typed = request.form.get(name, "").strip()
    try:
        return date.fromisoformat(typed)
    except ValueError as error:
        raise Invalid({name: NotADay() if typed else Required()}) from error


def done(agreement_id: int, words: str, anchor: str = "") -> ResponseReturnValue:
    """What every verb ends with: kept, said, and back to the agreement."""
    db.session.commit()
    flashes.say(words)
    return redirect(url_for("agreements.agreement", agreement_id=agreement_id) + anchor, code=303)


def again(page: Callable[..., ResponseReturnValue]) -> Callable[[View[P]], View[P]]:
    """Answer any refusal with ``page`` as things stand now, the reason on it, and everything typed in place.

    Nothing is stored. Unlike `webapp.forms.on_invalid` this also takes what is wrong with no field: somebody was faster.
    """

    def around(view: View[P]) -> View[P]:
        @wraps(view)
        def tried(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            try:
                return view(*args, **kwargs)
            except (NotFound, NotAllowed):
                raise
            except Refusal as refusal:
                return _page_again(page, refusal, kwargs)

        return tried

    return around


def _page_again(
    page: Callable[..., ResponseReturnValue], refusal: Refusal, place: dict[str, object]
) -> ResponseReturnValue:
    db.session.rollback()
    errors = forms.errors_of(refusal)
    g.errors = told = forms.Told(errors)
    g.typed, g.refused = request.form, request.endpoint
    g.refusal = None if errors else refusal
    answer = make_response(page(**{name: place[name] for name in place if name == "agreement_id"}))
    answer.status_code = status_of(refusal)
    return refused(refusal) if told.unsaid else answer
