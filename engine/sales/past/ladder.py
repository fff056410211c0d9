"""The ladder of a history from elsewhere: a retired definition with positions and activities, without a drawing."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Person
from engine.process import definitions
from engine.process.blueprint import Blueprint, Diagram, Element, Stage, Text
from engine.process.definitions import Definition
from engine.sales.past import wrong
from engine.sales.past.maps import ENDS, Map
from engine.sales.past.rows import KIND

CASE = Text("Sprawa", "Case")


def check(session: Session, chosen: Map) -> None:
    """Raises LadderTaken for the name of a process of this product, LadderDiffers for other positions than it has."""
    newest = _newest(session, chosen.ladder)
    if newest is None:
        return
    if newest.kind != KIND:
        raise wrong.LadderTaken(ladder=chosen.ladder, field="map")
    theirs = [stage.key for stage in definitions.blueprint(session, newest).ladder]
    if theirs != list(chosen.ranks):
        raise wrong.LadderDiffers(
            ladder=chosen.ladder,
            theirs=wrong.short(theirs, 40),
            ours=wrong.short([*chosen.ranks], 40),
            field="map",
        )


def define(
    session: Session, chosen: Map, activities: Iterable[str], *, by: Person | None, now: datetime
) -> Definition:
    """The version of the ladder that knows these activities and those of earlier files; a new one only where it must."""
    newest = _newest(session, chosen.ladder)
    elements = dict(definitions.blueprint(session, newest).main.elements) if newest is not None else {}
    elements |= {activity: _element(chosen, activity) for activity in sorted(activities)}
    return definitions.remember(session, _blueprint(chosen, elements), by=by, now=now)


def _newest(session: Session, ladder: str) -> Definition | None:
    return session.scalars(definitions.versions(ladder).limit(1)).first()


def known(session: Session) -> list[Definition]:
    """The newest version of every history from elsewhere."""
    return list(session.scalars(definitions.catalogue().where(Definition.kind == KIND)))


def is_known(session: Session, ladder: str) -> bool:
    """Whether a history with this name is here."""
    query = select(Definition.id).where(Definition.process == ladder, Definition.kind == KIND)
    return session.scalar(query.limit(1)) is not None


def _element(chosen: Map, activity: str) -> Element:
    meaning = chosen.activities.get(activity, "step")
    return Element(
        id=activity,
        kind="task",
        name=Text(activity, activity),
        stage=meaning if meaning in chosen.ranks else None,
        state="suspended" if meaning == "suspended" else None,
        outcome=meaning if meaning in ENDS else None,
    )


def _blueprint(chosen: Map, elements: dict[str, Element]) -> Blueprint:
    stages = (Stage(each.key, each.title, order) for order, each in enumerate(chosen.positions, 1))
    return Blueprint(
        process=chosen.ladder,
        title=chosen.title,
        kind=KIND,
        diagrams={chosen.ladder: Diagram(chosen.ladder, "", chosen.title, dict(sorted(elements.items())))},
        ladder=tuple(stages),
        item=chosen.item if chosen.item.pl else CASE,
    )
