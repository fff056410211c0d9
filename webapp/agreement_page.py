"""The page of one agreement: two wordings beside each other, who signed, what was said, how it is kept; any old version."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, func, select

from engine import access, people
from engine.errors import NotFound
from engine.people import Department, Person
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import agreements, drafting, handoffs, promises, speaking, summons, terms
from engine.sales.agreements import Agreement, AgreementAct, AgreementVersion, Signature
from engine.sales.promises import Promise
from webapp import agreement_course, effects
from webapp.access import me, needs
from webapp.agreement_rows import agreement_of, binding, bp, my_turn, on_table, today, versions_of, voice_of
from webapp.clock import now
from webapp.database import db

DAYS = 90


@bp.get("/<int:agreement_id>")
@needs()
def agreement(agreement_id: int) -> ResponseReturnValue:
    """The negotiation: two wordings side by side, signatures, the conversation, how it is kept."""
    found = agreement_of(agreement_id)
    wordings, table, voice = versions_of(found), on_table(found), voice_of(found)
    left, right = _beside(found, wordings, table)
    shown = right or left
    current = db.session.get(AgreementVersion, found.current_version_id or 0)
    return render_template(
        "agreements/agreement.html",
        **sides(found),
        **compared(found, left, right),
        table=table,
        current=current,
        binding=binding(found),
        shown=shown,
        signed=signed(shown),
        voice=voice,
        my_turn=my_turn(found, table, voice),
        unsent=drafting.of_side(db.session(), found, voice.department_id) if voice else None,
        own=table is not None
        and voice is not None
        and voice.department_id == table.proposed_by_department_id,
        course=agreement_course.course(found, wordings, table, current),
        acts=_open_acts(found),
        may_talk=_may_talk(found, voice, table),
        manager=_manager(found, table),
        crossings=_crossings(found) if table is not None else (0, 0),
        kept=_figures(found),
        pending=_pending(found),
        my_tasks=_my_tasks(found),
        review_due=current is not None and found.review_on is not None and found.review_on <= today(),
    )


@bp.get("/<int:agreement_id>/versions/<int:number>")
@needs()
def version(agreement_id: int, number: int) -> ResponseReturnValue:
    """One version to read, or beside another one (``beside``): the older on the left."""
    found = agreement_of(agreement_id)
    wordings = {each.number: each for each in versions_of(found)}
    other = request.args.get("beside", type=int)
    if number not in wordings or (other is not None and other not in wordings):
        raise NotFound
    pair = [wordings[each] for each in sorted({number, number if other is None else other})]
    left, right = pair[0], pair[1] if len(pair) == 2 else None
    opened = wordings[number]
    return render_template(
        "agreements/version.html",
        **sides(found),
        **compared(found, left, right),
        opened=opened,
        shown=opened,
        signed=signed(opened),
        may_talk=_may_talk(found, voice_of(found), opened),
    )


@bp.get("/<int:agreement_id>/versions")
@needs()
def compare(agreement_id: int) -> ResponseReturnValue:
    """The two versions somebody chose, beside each other."""
    return version(agreement_id, request.args.get("version", 0, type=int))


# ------------------------------------------------------------------------------------------------ what each page has


def sides(found: Agreement) -> dict[str, Any]:
    """The agreement, its two departments with their heads, every version and what was said about each."""
    wordings = versions_of(found)
    story = agreement_course.story(found, {each.number for each in wordings})
    return {
        "agreement": found,
        "provider": db.session.get_one(Department, found.provider_id),
        "consumer": db.session.get_one(Department, found.consumer_id),
        "heads": {each: people.head_of(db.session(), each) for each in speaking.parties(found)},
        "wordings": wordings,
        "story": story,
        "talk": agreement_course.talk(story),
        "people": _people(found, wordings),
    }


def compared(
    found: Agreement, left: AgreementVersion | None, right: AgreementVersion | None
) -> dict[str, Any]:
    """Two versions field by field, or one alone, with what each change would have meant."""
    before = left.terms if left else {}
    after = right.terms if right else before
    changes = effects.effects_of(found, before, after) if right and left else {}
    return {"left": left, "right": right, "rows": terms.difference(before, after), "effects": changes}


def signed(version: AgreementVersion | None) -> dict[int, Signature]:
    """Who signed a version, by department."""
    if version is None:
        return {}
    return {each.department_id: each for each in db.session.scalars(agreements.signatures(version))}


def figures(at: datetime) -> dict[str, ColumnElement[bool]]:
    """The clauses behind the numbers of the page, by the names in their addresses."""
    anew = Promise.manner == "renegotiated"
    return {
        "kept": promises.kept(),
        "first": promises.kept() & func.coalesce(~anew, True),
        "renegotiated": promises.kept() & anew,
        "broken": promises.broken(at),
        "pending": promises.pending(at),
    }


def _beside(
    found: Agreement, wordings: Sequence[AgreementVersion], table: AgreementVersion | None
) -> tuple[AgreementVersion | None, AgreementVersion | None]:
    """What to compare: what is on the table with what it answers; else what both signed last, with what it changes."""
    if table is not None:
        before = [each for each in wordings if each.number < table.number and each.state != "withdrawn"]
        return (before[0], table) if before else (table, None)
    current = next((each for each in wordings if each.id == found.current_version_id), None)
    waits = next((each for each in wordings if each.state == "scheduled"), None)
    if current is not None and waits is not None:
        return current, waits
    held = current or waits
    if held is None:
        return (wordings[0] if wordings else None), None
    was = [each for each in wordings if each.in_force_from is not None and each.number < held.number]
    return (was[0], held) if was else (held, None)


def _people(found: Agreement, wordings: Sequence[AgreementVersion]) -> Mapping[int, Person]:
    """Everybody who is named on the page."""
    ids = {each.proposed_by_id for each in wordings} | {each.escalated_to_id for each in wordings}
    hands = select(Signature).where(Signature.version_id.in_([each.id for each in wordings]))
    for hand in db.session.scalars(hands):
        ids |= {hand.person_id, hand.on_behalf_of_id}
    for act in db.session.scalars(agreements.acts(found)):
        ids |= {act.asked_by_id, act.asked_for_id, act.answered_by_id}
    return {each.id: each for each in db.session.scalars(select(Person).where(Person.id.in_(ids - {None})))}


def _open_acts(found: Agreement) -> Sequence[AgreementAct]:
    return db.session.scalars(agreements.acts(found).where(AgreementAct.state == "asked")).all()


def _may_talk(found: Agreement, voice: object, table: AgreementVersion | None) -> bool:
    """As `engine.sales.negotiating.remark` has it: members of a side, who speaks for one, the manager who was asked."""
    member = set(speaking.parties(found)) & set(me().department_ids)
    return bool(member or voice or (table is not None and table.escalated_to_id == me().id))


def _manager(found: Agreement, table: AgreementVersion | None) -> Person | None:
    """To whom silence about what is on the table goes."""
    if table is None or table.answer_by is None:
        return None
    return speaking.common_manager(db.session(), found.provider_id, found.consumer_id)


def _crossings(found: Agreement) -> tuple[int, int]:
    """How many hand-offs between the two sides will be covered once it is in force, of how many."""
    rows = [row for _, row in handoffs.of_agreement(db.session(), found, today=today())]
    ours = [
        row for row in rows if row.covered or (row.agreement is not None and row.agreement.id == found.id)
    ]
    return len(ours), len(rows)


def _figures(found: Agreement) -> dict[str, int]:
    """How the promises asked for in the last 90 days were kept: numbers that open what they count."""
    since = Promise.requested_at >= now() - timedelta(days=DAYS)
    clauses = figures(now())
    counts = [func.count().filter(clause) for clause in clauses.values()]
    row = db.session.execute(select(*counts).where(Promise.agreement_id == found.id, since)).one()
    return dict(zip(clauses, row, strict=True))


def _pending(found: Agreement) -> int:
    """Promises on their way under it now, whenever they were asked for."""
    way = (Promise.agreement_id == found.id, Promise.closed_at.is_(None), Promise.manner.is_(None))
    return db.session.scalar(select(func.count()).select_from(Promise).where(*way)) or 0


def _my_tasks(found: Agreement) -> Sequence[UserTask]:
    """Open tasks of this person in which somebody asks about the agreement."""
    cases = summons.of(found).with_only_columns(Instance.id).order_by(None)
    query = select(UserTask).where(UserTask.instance_id.in_(cases), UserTask.closed_at.is_(None))
    rows = db.session.scalars(query.where(access.visible(me(), UserTask)).order_by(UserTask.id)).all()
    return [each for each in rows if each.is_for(me())]
