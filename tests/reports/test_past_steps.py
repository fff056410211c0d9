"""Steps of a history from elsewhere are steps like ours: queues, hand-overs and variants work on them."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.process import definitions
from engine.process.blueprint import Blueprint, Diagram, Element, Stage, Text
from engine.process.instances import Instance
from engine.sales.past.rows import KIND, Import, ImportedCase, ImportedStep
from reports import handovers, past_steps, steps, variants, waiting
from reports.periods import Period
from reports.queries import Scope
from tests.conftest import MONDAY

HOUR = timedelta(hours=1)
PERIOD = Period(date(2026, 11, 1), date(2026, 12, 1), "month")


@pytest.fixture
def past(session: Session, departments: dict[str, Department], anna: Person) -> Instance:
    """One old case: Sales asks, Legal checks twice, Sales signs. Only the ends are known, and one start."""
    sales, legal = departments["sales"].id, departments["legal"].id
    elements = {key: Element(key, "task", Text(key, key)) for key in ("ask", "check", "sign")}
    title = Text("Dawne", "Old")
    plan = Blueprint(
        "old", title, KIND, {"old": Diagram("old", "", title, elements)}, (Stage("one", title, 1),)
    )
    definition = definitions.remember(session, plan, by=None, now=MONDAY)
    session.flush()
    made = Import(
        ladder="old", title="Old", file_name="old.csv", sha256="", map="", meaning="", status="done",
        counts={}, wrong=[], created_at=MONDAY,
    )  # fmt: skip
    case = Instance(
        definition_id=definition.id, process="old", title="42", started_at=MONDAY, ended_at=MONDAY + 9 * HOUR
    )
    session.add_all([made, case])
    session.flush()
    session.add(ImportedCase(instance_id=case.id, import_id=made.id, digest=""))
    told = [
        ("ask", sales, 1, None),
        ("check", legal, 4, 3),
        ("check", legal, 6, None),
        ("sign", sales, 9, None),
    ]
    for seq, (activity, unit, ended, started) in enumerate(told, 1):
        session.add(
            ImportedStep(
                instance_id=case.id,
                seq=seq,
                activity=activity,
                ready_at=MONDAY if seq == 1 else None,
                started_at=MONDAY + started * HOUR if started else None,
                ended_at=MONDAY + ended * HOUR,
                outcome="completed",
                person_id=anna.id,
                department_id=unit,
            )
        )
    session.commit()
    return case


def test_they_became_ready_when_the_step_before_ended(session: Session, past: Instance) -> None:
    assert past_steps.is_imported(session, "old")
    told = steps.facts(session, Scope("old"))

    assert [(step.element, step.ready - MONDAY, (step.left or MONDAY) - MONDAY) for step in told] == [
        ("ask", 0 * HOUR, 1 * HOUR),
        ("check", 1 * HOUR, 3 * HOUR),
        ("check", 4 * HOUR, 6 * HOUR),
        ("sign", 6 * HOUR, 9 * HOUR),
    ]
    assert [step.outcome for step in told] == ["done"] * 4


def test_queues_hand_overs_and_variants_work_on_them(
    session: Session, past: Instance, departments: dict[str, Department]
) -> None:
    scope, window = Scope("old"), steps.between(PERIOD, MONDAY + timedelta(days=5))
    sales, legal = departments["sales"].id, departments["legal"].id
    assert not waiting.is_rolled(session, scope)

    necks = {each.element: each for each in waiting.necks(session, scope, PERIOD, window)}
    pairs = {
        (each.giver, each.receiver): (each.n, each.back, each.mean)
        for each in handovers.matrix(session, scope, PERIOD, window)
    }
    (way,) = variants.variants(variants.paths(session, scope, window)[0])

    assert necks["check"].sums.queue == 4 * 3600
    assert (necks["check"].repeats, necks["check"].redos) == (1, 0)
    assert pairs == {
        (sales, legal): (1, 0, 2 * 3600),
        (legal, legal): (1, 0, 2 * 3600),
        (legal, sales): (1, 1, 3 * 3600),
    }
    assert [element for _, element in way.steps] == ["ask", "check", "check", "sign"]


def test_as_of_a_day_before_its_end_the_case_is_open(session: Session, past: Instance) -> None:
    told = steps.facts(session, Scope("old", as_of=MONDAY + 3 * HOUR))

    assert [(step.element, step.outcome) for step in told] == [("ask", "done"), ("check", "open")]
