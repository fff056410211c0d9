"""What was agreed with the client: written down, kept, broken, agreed anew, with the department it needs and its evidence."""

from datetime import date
from io import BytesIO
from typing import Any

from flask import g, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select

from engine import access, calendars
from engine.errors import NotFound, Refusal
from engine.files import File
from engine.history import Event
from engine.people import Department, Person
from engine.sales import chain, commitments, health
from engine.sales.agreements import Agreement
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from webapp import commitment_words, form_files
from webapp.access import me, needs
from webapp.clock import now
from webapp.commitment_words import FACTS, TOPICS
from webapp.database import db
from webapp.deal_rows import client_of, contacts_of, deal_of, done, open_departments, typed_day
from webapp.deal_verbs import bp
from webapp.forms import on_invalid

SANDBOX = "default-src 'none'; sandbox"


@bp.app_context_processor
def _helpers() -> dict[str, object]:
    return {"threats": commitment_words}


@bp.get("/<int:deal_id>/commitments")
@needs()
def agree(deal_id: int) -> ResponseReturnValue:
    """The form in which something agreed is written down, with what it would mean inside."""
    found = deal_of(deal_id)
    meant, refused = _meant(found)
    return render_template(
        "sales/agree.html",
        deal=found,
        client=client_of(found),
        contacts=contacts_of(found),
        topics=TOPICS,
        agreements=_agreements(found),
        units=_units(),
        meant=meant,
        cannot=refused,
        today=calendars.local_day(now()),
    )


@bp.post("/<int:deal_id>/commitments/preview")
@needs()
def preview(deal_id: int) -> ResponseReturnValue:
    """The same form with what is typed and what it would mean; nothing is stored."""
    g.typed = request.form
    return agree(deal_id)


@bp.post("/<int:deal_id>/commitments")
@needs()
@on_invalid(agree)
def commit(deal_id: int) -> ResponseReturnValue:
    """Write down what was agreed with the client; a department it needs is asked at once."""
    form, session = request.form, db.session()
    found = deal_of(deal_id)
    made = commitments.record(
        session,
        found,
        direction=form.get("direction", ""),
        text=form.get("text", ""),
        due_on=typed_day(form["due_on"]) if form.get("due_on") else None,
        topic=form.get("topic") if form.get("topic") in TOPICS else None,
        agreed_with=form.get("agreed_with") or None,
        evidence=form.get("evidence") or None,
        agreement=_chosen(),
        file=_sent(),
        anyway=form.get("anyway") == "yes",
        by=me(),
        now=now(),
    )
    return done(deal_id, _said(made))


@bp.get("/commitments/<int:commitment_id>")
@needs()
def commitment(commitment_id: int) -> ResponseReturnValue:
    """One commitment: its chain, its history, and what may become of it."""
    session = db.session()
    found = access.one(session, me(), Commitment, commitment_id)
    deal = deal_of(found.deal_id)
    before = session.scalar(select(Commitment).where(Commitment.replaced_by_id == found.id))
    facts = session.scalars(_facts(found)).all()
    return render_template(
        "sales/commitment.html",
        commitment=found,
        deal=deal,
        client=client_of(deal),
        before=before,
        behind=health.behind(session, found),
        dates=health.dates_of(session, found),
        earliest=chain.earliest(session, found, now=now()) if found.closed_at is None else None,
        causing=chain.causing(session, found, now=now()) if found.closed_at is None else found.caused_by_id,
        agreement=session.get(Agreement, found.agreement_id) if found.agreement_id else None,
        file=session.get(File, found.file_id) if found.file_id else None,
        facts=facts,
        fact_words=FACTS,
        topics=TOPICS,
        people=_people(facts, found),
        units=_units(),
        departments=open_departments(),
        may_settle=found.closed_at is None and commitments.may_settle(session, found, me()),
        may_see=_may_see,
        today=calendars.local_day(now()),
    )


@bp.post("/commitments/<int:commitment_id>")
@needs()
@on_invalid(commitment)
def settle(commitment_id: int) -> ResponseReturnValue:
    """It was kept, broken, agreed anew, or is not needed any more."""
    session, form = db.session(), request.form
    found = access.one(session, me(), Commitment, commitment_id)
    note: str | None = form.get("note") or None
    by: dict[str, Any] = {"by": me(), "now": now()}
    if form.get("outcome") == "kept":
        commitments.keep(session, found, evidence=note, file=_sent(), **by)
    elif form.get("outcome") == "broken":
        commitments.break_(session, found, note, caused_by_id=_causing(), **by)
    elif form.get("outcome") == "renegotiated":
        due, text = typed_day(form.get("due_on")), form.get("text") or None
        more: dict[str, Any] = {"agreed_with": form.get("agreed_with") or None, "evidence": note}
        new = commitments.renegotiate(
            session, found, due_on=due, text=text, anyway=form.get("anyway") == "yes", **more, **by
        )
        return done(found.deal_id, _said(new))
    elif form.get("outcome") == "withdrawn":
        commitments.withdraw(session, found, note, **by)
    else:
        raise NotFound
    return done(found.deal_id, gettext("Written down."))


@bp.get("/commitments/<int:commitment_id>/evidence")
@needs()
def evidence(commitment_id: int) -> ResponseReturnValue:
    """Download the evidence; it is never shown inside a page of ours."""
    found = access.one(db.session(), me(), Commitment, commitment_id)
    file = db.session.get(File, found.file_id or 0)
    if file is None:
        raise NotFound
    answer = send_file(
        BytesIO(file.content), mimetype=file.media_type, as_attachment=True, download_name=file.name
    )
    answer.headers["Content-Security-Policy"] = SANDBOX
    return answer


# ------------------------------------------------------------------------------------------------ what was typed


def _chosen() -> Agreement | None:
    """The agreement somebody chose. Raises NotOurAgreement."""
    typed = request.form.get("agreement", "")
    if not typed:
        return None
    agreement = db.session.get(Agreement, int(typed) if typed.isdecimal() and len(typed) < 19 else 0)
    if agreement is None:
        raise chain.NotOurAgreement(field="agreement")
    return agreement


def _sent() -> File | None:
    """The file that came, kept. Raises what `files.store` raises."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return None
    return form_files.keep(db.session(), upload, by=me(), now=now())


def _causing() -> int | None:
    """Whose doing it was: a department, the client (None), or whoever's promise broke where nothing was chosen."""
    typed = request.form.get("caused_by", "")
    if typed == "client":
        return None
    known = {str(each.id): each.id for each in open_departments()}
    return known.get(typed, commitments.WHOEVER)


def _said(made: Commitment) -> str:
    """What the flash says: also what the department's date means for the client."""
    unit = db.session.get(Department, made.caused_by_id or 0)
    why = commitment_words.threat(made.health_reason, unit)
    return f"{gettext('Written down.')} {why}" if why else str(gettext("Written down."))


# ------------------------------------------------------------------------------------------------ what a page shows


def _agreements(found: Deal) -> list[Agreement]:
    """Those under which the deal's department may ask: a seller asks under what the head of all Sales signed."""
    return list(db.session.scalars(chain.agreements(db.session(), found, now=now())))


def _meant(found: Deal) -> tuple[chain.Plan | None, Refusal | None]:
    """What asking the chosen department for the typed day would mean, and why it cannot be asked."""
    typed = request.values
    if not typed.get("agreement") or not typed.get("due_on"):
        return None, None
    try:
        agreement, day = _chosen(), date.fromisoformat(typed["due_on"])
        if agreement is None or day < calendars.local_day(now()):
            return None, None
        return chain.plan(db.session(), found, agreement, day, now=now()), None
    except ValueError:
        return None, None
    except Refusal as refusal:
        return None, refusal


def _facts(found: Commitment) -> Any:
    query = select(Event).where(Event.instance_id == found.instance_id)
    return query.where(Event.subject == f"commitment:{found.id}").order_by(Event.id)


def _people(facts: Any, found: Commitment) -> dict[int, str]:
    ids = {each.actor_id for each in facts} | {found.created_by_id, found.closed_by_id}
    rows = db.session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {row[0]: row[1] for row in rows}


def _units() -> dict[int, Department]:
    return {each.id: each for each in db.session.scalars(select(Department))}


def _may_see(model: Any, id_: int) -> bool:
    query = select(model.id).where(model.id == id_, access.visible(me(), model))
    return db.session.scalar(query) is not None


def address(commitment_id: int) -> str:
    """Where its page is."""
    return url_for("deals.commitment", commitment_id=commitment_id)
