"""Reports: the room they share, and what every report's page says of itself."""

from typing import Any

from flask import Blueprint
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendars
from engine.people import Person
from engine.sales import sections
from engine.sales.ladders import Move
from reports import ladders, narrowing
from reports.movements import GREEN, GREY, RED, Total
from reports.periods import DAY
from reports.queries import Scope
from webapp.access import me
from webapp.reporting import words
from webapp.reporting.address import NO_PRODUCT, Asked, changed, products
from webapp.reporting.item_words import says
from webapp.reporting.words import Names

bp = Blueprint("reports", __name__, url_prefix="/reports")


def shared(session: Session, ask: Asked, scope: Scope, names: Names) -> dict[str, Any]:
    """What every report page says of itself: the filter, its words, the figures' format."""
    owners = select(Move.owner_id).where(Move.ladder == ask.ladder.key, Move.owner_id.is_not(None)).distinct()
    people = select(Person.id, Person.name).where(Person.id.in_(owners)).order_by(Person.name)
    chosen = ask.section_for(session, me())
    of_deals = ask.ladder.of != "case"
    return {
        "ask": ask,
        "names": names,
        "words": words,
        "phrases": says(ask.ladder.of),
        "changed": changed,
        "figure": lambda total: words.figure(total, ask.measure),
        "amount": lambda total: words.amount(total, ask.measure),
        "ladders": ladders.known(session),
        "owners": [tuple(row) for row in session.execute(people)],
        "section_title": chosen.title if chosen else "",
        "sections": session.scalars(sections.usable(me(), narrowing.ABOUT)).all() if of_deals else [],
        "products": products(session, ask, me()) if of_deals else [],
        "NO_PRODUCT": NO_PRODUCT,
        "narrowed": scope.viewer is not None,
        "none_at_all": Total(),
        "GREEN": GREEN,
        "RED": RED,
        "GREY": GREY,
        "DAY": DAY,
        "is_work_day": calendars.is_work_day,
    }
