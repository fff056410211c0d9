"""A contract that Sales asks of Legal, drawn small: for what is decided about its hand-offs."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.process import definitions, doctor
from engine.process.definitions import Definition
from engine.sales import negotiating
from engine.sales.agreements import Agreement
from tests.conftest import MONDAY
from tests.engine.process.doctor_kit import diagram, flows, say

TERMS = {"deliverable": "Projekt umowy", "deliver_time": "P3D", "target": 90}
KNOWN = doctor.Known(departments={"sales": "Sprzedaż", "legal": "Prawny", "presales": "Presales"})


def drawing(*ways: str, drafts_for: str = "", **lanes: str) -> bytes:
    """Sales asks, Legal drafts, Sales checks and Legal archives; ``ways`` in the place of the flows between them."""
    named = {
        "ask": "Poproś o umowę",
        "draft": "Przygotuj umowę",
        "check": "Sprawdź umowę",
        "file": "Złóż w archiwum",
    }
    said = {"draft": say(handoff=drafts_for) if drafts_for else ""}
    steps = "".join(
        f'<userTask id="{key}" name="{name}">{said.get(key, "")}</userTask>' for key, name in named.items()
    )
    mine = {"sales": ["s", "ask", "check", "e"], "legal": ["draft", "file"]} | {
        key: value.split() for key, value in lanes.items()
    }
    body = "".join(
        f'<lane id="{key}" name="{key}">{"".join(f"<flowNodeRef>{each}</flowNodeRef>" for each in inside)}</lane>'
        for key, inside in mine.items()
    )
    between = ways or ("ask>draft", "draft>check", "check>file")
    return diagram(
        f'<laneSet id="lanes">{body}</laneSet><startEvent id="s"/>{steps}<endEvent id="e"/>'
        + flows("s>ask", *between, "file>e"),
        key="contract",
    )


def deployed(session: Session, content: bytes | None = None, *, now: datetime = MONDAY) -> Definition:
    """A version of it."""
    file = doctor.File("contract.bpmn", content or drawing())
    return definitions.deploy(session, [file], known=KNOWN, by=None, now=now)


def agreed(
    session: Session,
    sides: dict[str, Department],
    by: Person,
    with_: Person | None = None,
    *,
    provider: str = "legal",
    consumer: str = "sales",
    **more: Any,
) -> Agreement:
    """An agreement, proposed, and in force where the other head is named."""
    made = negotiating.draft(
        session,
        "Projekt umowy",
        **{"title_en": "Contract draft", "code": "H5", "terms": TERMS, **more},
        provider=sides[provider],
        consumer=sides[consumer],
        by=by,
        now=MONDAY,
    )
    version = negotiating.propose(session, made, by=by, now=MONDAY)
    if with_ is not None:
        negotiating.accept(session, version, by=with_, now=MONDAY)
    session.commit()
    return made
