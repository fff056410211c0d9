"""Hand-offs: bound by a designer or a head, waived with a reason, taken back, and what is left without an agreement."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, select, true
from sqlalchemy.orm import Session

from engine.db import sessions
from engine.errors import NotAllowed
from engine.history import Event
from engine.people import Department, Person
from engine.process import definitions, instances, migrating, migration, tasks
from engine.process.blueprint import Text
from engine.process.definitions import Definition
from engine.process.migration import MigrationPlan
from engine.sales import handoffs, keeping
from engine.sales.agreements import Agreement
from engine.sales.coverage import Coverage, choices
from engine.sales.handoffs import Handoff
from engine.sales.promises import Promise
from tests.conftest import MONDAY
from tests.engine.sales import handing_over, kit, live
from tests.engine.sales.handing_over import agreed, deployed, drawing

Sides = dict[str, Department]
HERE = ("contract", "contract", "ask_draft")
ARCHIVE = ("contract", "contract", "check_file")
DAY = MONDAY.date()
LATER = MONDAY + timedelta(days=1)


def covered(session: Session) -> Coverage:
    definition = definitions.newest(session, "contract")
    assert definition is not None
    return handoffs.coverage(session, definition, today=DAY)


def states(session: Session) -> dict[str, str]:
    found = covered(session)
    return {each.flow: each.state for each in found.rows + found.ways_back}


def test_a_new_diagram_shows_its_hand_offs_and_the_way_back_without_an_agreement(
    session: Session, departments: Sides
) -> None:
    deployed(session)

    assert states(session) == {"ask_draft": "none", "draft_check": "return", "check_file": "none"}
    assert (covered(session).covered, covered(session).total, covered(session).share) == (0, 2, 0)


def test_a_head_binds_a_hand_off_and_another_waives_one(
    session: Session, departments: Sides, clara: Person, borys: Person
) -> None:
    deployed(session)
    agreement = agreed(session, departments, clara, borys)
    handoffs.bind(session, *HERE, agreement, by=clara, now=MONDAY)
    handoffs.waive(session, *ARCHIVE, reason="Archiwum  działa samo. ", by=borys, now=MONDAY)
    session.commit()

    assert states(session) == {"ask_draft": "in_force", "draft_check": "return", "check_file": "waived"}
    assert covered(session).share == 1
    assert covered(session).rows[1].handoff.reason == "Archiwum działa samo."  # type: ignore[union-attr]
    said = session.scalars(select(Event).where(Event.kind.startswith("handoff_")).order_by(Event.id)).all()
    assert [(each.kind, each.actor_id) for each in said] == [
        ("handoff_bound", clara.id),
        ("handoff_waived", borys.id),
    ]
    assert {each.subject for each in said} == {f"definition:{definitions.newest(session, 'contract').id}"}  # type: ignore[union-attr]


def test_what_is_still_negotiated_does_not_cover(
    session: Session, departments: Sides, clara: Person, borys: Person
) -> None:
    deployed(session)
    handoffs.bind(session, *HERE, agreed(session, departments, clara), by=borys, now=MONDAY)

    assert states(session)["ask_draft"] == "negotiating"
    assert covered(session).covered == 0


def test_an_agreement_that_rests_does_not_cover_until_it_goes_on(
    session: Session, departments: Sides, clara: Person, borys: Person
) -> None:
    definition = deployed(session)
    agreement = agreed(session, departments, clara, borys)
    agreement.suspended_until = DAY + timedelta(days=3)
    handoffs.bind(session, *HERE, agreement, by=borys, now=MONDAY)

    assert states(session)["ask_draft"] == "suspended"
    later = handoffs.coverage(session, definition, today=DAY + timedelta(days=3))
    assert later.rows[0].state == "in_force"


def test_a_step_that_names_its_agreement_is_covered_and_a_decision_counts_before_it(
    session: Session, departments: Sides, clara: Person, borys: Person
) -> None:
    deployed(session, drawing(drafts_for="H5"))
    assert states(session)["ask_draft"] == "none"

    agreed(session, departments, clara, borys)
    assert states(session)["ask_draft"] == "in_force"

    handoffs.bind(session, *HERE, agreed(session, departments, clara, code="H9"), by=clara, now=MONDAY)
    assert states(session)["ask_draft"] == "negotiating"
    handoffs.waive(session, *HERE, reason="Na próbę bez ustalenia.", by=clara, now=LATER)
    assert states(session)["ask_draft"] == "waived"
    handoffs.release(session, *HERE, by=clara, now=LATER)
    assert states(session)["ask_draft"] == "in_force"
    kept = session.scalars(select(Handoff).order_by(Handoff.id)).all()
    assert [(each.ended_at, each.ended_by_id) for each in kept] == [(LATER, clara.id)] * 2


def test_binding_twice_is_one_decision(
    session: Session, departments: Sides, clara: Person, borys: Person
) -> None:
    deployed(session)
    agreement = agreed(session, departments, clara, borys)

    first = handoffs.bind(session, *HERE, agreement, by=clara, now=MONDAY)

    assert handoffs.bind(session, *HERE, agreement, by=clara, now=LATER) is first
    assert len(session.scalars(select(Handoff)).all()) == 1


def test_an_agreement_of_other_sides_is_refused_with_both_named(
    session: Session, departments: Sides, clara: Person, borys: Person
) -> None:
    deployed(session)
    swapped = agreed(session, departments, clara, borys, provider="sales", consumer="legal", code="X1")

    with pytest.raises(handoffs.OtherSides) as refused:
        handoffs.bind(session, *HERE, swapped, by=clara, now=MONDAY)

    assert refused.value.places == {
        "provider": Text("Prawny", "Legal"),
        "consumer": Text("Sprzedaż", "Sales"),
        "agreement": "Projekt umowy",
        "its_provider": Text("Sprzedaż", "Sales"),
        "its_consumer": Text("Prawny", "Legal"),
    }


@pytest.mark.parametrize(
    ("flow", "refusal"),
    [
        (("contract", "contract", "gone"), handoffs.NoSuchFlow),
        (("contract", "elsewhere", "ask_draft"), handoffs.NoSuchFlow),
        (("nothing", "contract", "ask_draft"), handoffs.NoSuchFlow),
        (("contract", "contract", "s_ask"), handoffs.NothingCrosses),
        (("contract", "contract", "draft_check"), handoffs.WayBack),
    ],
)
def test_what_is_not_there_or_does_not_cross_is_not_bound(
    session: Session,
    departments: Sides,
    clara: Person,
    borys: Person,
    flow: tuple[str, str, str],
    refusal: type[Exception],
) -> None:
    deployed(session)
    agreement = agreed(session, departments, clara)

    with pytest.raises(refusal):
        handoffs.bind(session, *flow, agreement, by=clara, now=MONDAY)
    with pytest.raises(refusal):
        handoffs.waive(session, *flow, reason="Nie trzeba.", by=clara, now=MONDAY)
    assert session.scalars(select(Handoff)).all() == []


def test_a_head_of_neither_side_a_member_and_an_administrator_decide_nothing(
    session: Session, departments: Sides, clara: Person, borys: Person, anna: Person, adam: Person
) -> None:
    deployed(session)
    agreement = agreed(session, departments, clara, borys)
    borys.memberships[0].department_id = departments["presales"].id
    session.commit()
    session.expire_all()

    for person in (borys, anna, adam):
        with pytest.raises(handoffs.NotYourHandoff) as refused:
            handoffs.bind(session, *HERE, agreement, by=person, now=MONDAY)
        assert refused.value.places == {"departments": Text("Prawny, Sprzedaż", "Legal, Sales")}
        with pytest.raises(handoffs.NotYourHandoff):
            handoffs.waive(session, *HERE, reason="Bo tak.", by=person, now=MONDAY)
    handoffs.bind(session, *HERE, agreement, by=clara, now=MONDAY)
    with pytest.raises(handoffs.NotYourHandoff):
        handoffs.release(session, *HERE, by=anna, now=MONDAY)


def test_a_designer_decides_everywhere(session: Session, departments: Sides, dorota: Person) -> None:
    deployed(session)

    handoffs.waive(session, *HERE, reason="Działy siedzą przy jednym stole.", by=dorota, now=MONDAY)

    assert states(session)["ask_draft"] == "waived"


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_waiving_needs_a_reason(session: Session, departments: Sides, dorota: Person, reason: str) -> None:
    deployed(session)

    with pytest.raises(handoffs.ReasonMissing):
        handoffs.waive(session, *HERE, reason=reason, by=dorota, now=MONDAY)


def test_an_agreement_that_is_over_is_not_bound_and_one_bound_before_covers_no_more(
    session: Session, departments: Sides, clara: Person, borys: Person
) -> None:
    deployed(session)
    agreement = agreed(session, departments, clara, borys)
    handoffs.bind(session, *HERE, agreement, by=clara, now=MONDAY)
    row = covered(session).rows[0]
    assert choices(session, [row]) == {HERE[1:]: [agreement]}
    row.version.state = "terminated"  # type: ignore[union-attr]
    session.flush()

    assert states(session)["ask_draft"] == "none"
    assert choices(session, [row]) == {HERE[1:]: []}
    with pytest.raises(handoffs.AgreementOver):
        handoffs.bind(session, *ARCHIVE, agreement, by=clara, now=MONDAY)


def test_a_new_version_keeps_what_still_crosses_and_names_what_is_gone(
    session: Session, departments: Sides, clara: Person, borys: Person, dorota: Person
) -> None:
    deployed(session)
    agreement = agreed(session, departments, clara, borys)
    handoffs.bind(session, *HERE, agreement, by=clara, now=MONDAY)
    handoffs.bind(session, *ARCHIVE, agreement, by=clara, now=MONDAY)
    deployed(
        session, drawing("ask>draft", "draft>check", "check>file", sales="s ask check file e", legal="draft")
    )

    found = covered(session)

    assert [(each.flow, each.state) for each in found.rows] == [("ask_draft", "in_force")]
    assert [each.flow for each in found.gone] == ["check_file"]
    handoffs.release(session, *ARCHIVE, by=borys, now=LATER)
    assert covered(session).gone == ()


def test_a_decision_about_a_flow_that_is_gone_is_taken_back_by_a_side_or_a_designer_only(
    session: Session, departments: Sides, clara: Person, borys: Person, anna: Person, dorota: Person
) -> None:
    deployed(session)
    handoffs.waive(session, *ARCHIVE, reason="Nie trzeba.", by=borys, now=MONDAY)
    deployed(
        session, drawing("ask>draft", "draft>check", "check>file", sales="s ask check file e", legal="draft")
    )

    for person in (anna, borys):
        with pytest.raises(NotAllowed):
            handoffs.release(session, *ARCHIVE, by=person, now=LATER)
    handoffs.release(session, *ARCHIVE, by=dorota, now=LATER)
    with pytest.raises(handoffs.NothingDecided):
        handoffs.release(session, *ARCHIVE, by=dorota, now=LATER)


def test_a_step_moved_to_another_department_breaks_what_was_bound(
    session: Session, departments: Sides, clara: Person, borys: Person
) -> None:
    deployed(session)
    handoffs.bind(session, *HERE, agreed(session, departments, clara, borys), by=clara, now=MONDAY)
    deployed(session, drawing(legal="file", presales="draft"))

    assert states(session)["ask_draft"] == "gone"
    assert covered(session).covered == 0


def test_the_agreement_of_a_token_is_found_with_one_statement(
    session: Session, departments: Sides, clara: Person, borys: Person
) -> None:
    definition = deployed(session, drawing(drafts_for="H5"))
    drawn = definitions.blueprint(session, definition).element("contract", "draft")
    plain = definitions.blueprint(session, definition).element("contract", "file")
    asked: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *args: asked.append(args[2]))

    assert handoffs.agreement_for(session, *HERE, drawn) == "H5"
    assert handoffs.agreement_for(session, *ARCHIVE, plain) is None
    assert handoffs.agreement_for(session, "contract", "contract", None, plain) is None
    assert len(asked) == 2

    h5 = agreed(session, departments, clara, borys)
    other = agreed(session, departments, clara, borys, code="H9")
    assert handoffs.agreement_for(session, *HERE, drawn) == h5
    assert handoffs.agreement_for(session, "contract", "contract", None, drawn) == h5
    handoffs.bind(session, *HERE, other, by=clara, now=MONDAY)
    assert handoffs.agreement_for(session, *HERE, drawn) == other
    handoffs.waive(session, *HERE, reason="Na próbę.", by=clara, now=MONDAY)
    assert handoffs.agreement_for(session, *HERE, drawn) is None
    handoffs.bind(session, *ARCHIVE, other, by=clara, now=MONDAY)
    assert handoffs.agreement_for(session, *ARCHIVE, plain) == other


@pytest.mark.parametrize(
    ("drawn", "decided", "expected"),
    [
        ("", None, None),
        ("H5", None, "H5"),
        ("", "H5", "H5"),
        ("H5", "H9", "H9"),
        ("H5", "waived", None),
        ("", "none", "#"),
    ],
)
def test_a_token_that_takes_a_bound_crossing_opens_a_promise(
    database: Engine,
    session: Session,
    departments: Sides,
    clara: Person,
    borys: Person,
    drawn: str,
    decided: str | None,
    expected: str | None,
) -> None:
    """What was decided about the flow counts before what the step names; a waived hand-off is nobody's promise."""
    definition = deployed(session, drawing(drafts_for=drawn))
    for code in ("H5", "H9", None):
        made = agreed(session, departments, clara, borys, code=code)
        if decided == (code or "none"):
            handoffs.bind(session, *HERE, made, by=clara, now=MONDAY)
    if decided == "waived":
        handoffs.waive(session, *HERE, reason="Siedzimy przy jednym stole.", by=clara, now=MONDAY)
    session.commit()
    with sessions(database, wiring=live.WIRING)() as running:
        begun = instances.start(running, running.get_one(Definition, definition.id), {}, by=clara, now=MONDAY)
        (ask,) = tasks.open_of(running, begun.id)
        instances.complete(running, ask, {}, by=clara, now=MONDAY)
        running.commit()

    (draft,) = tasks.open_of(session, begun.id)
    found = session.scalars(select(Promise)).all()
    assert draft.element == "draft"
    assert [each.task_id for each in found] == ([draft.id] if expected else [])
    if expected:
        wanted = (
            made.id
            if expected == "#"
            else session.scalars(select(Agreement.id).where(Agreement.code == expected)).one()
        )
        assert found[0].agreement_id == wanted
        assert (draft.handoff or "").startswith(expected)
    else:
        assert draft.handoff is None


@pytest.mark.parametrize("moved", [False, True])
def test_a_promise_of_a_bound_crossing_goes_along_to_a_version_that_still_has_it(
    database: Engine, session: Session, departments: Sides, clara: Person, borys: Person, moved: bool
) -> None:
    """Where the step is Sales' own in the new version, nobody is held to it any more."""
    old = deployed(session)
    handoffs.bind(session, *HERE, agreed(session, departments, clara, borys), by=clara, now=MONDAY)
    new = deployed(
        session, drawing(sales="s ask draft check e", legal="file") if moved else drawing(drafts_for="H7")
    )
    session.commit()
    factory = sessions(database, wiring=live.WIRING)
    with factory.begin() as running:
        begun = instances.start(running, running.get_one(Definition, old.id), {}, by=clara, now=MONDAY)
        instances.complete(running, tasks.open_of(running, begun.id)[0], {}, by=clara, now=MONDAY)
    with factory.begin() as running:
        before, after = running.get_one(Definition, old.id), running.get_one(Definition, new.id)
        made = migration.plan(running, before, after, {}, "Nowa wersja.", by=clara, now=LATER)
        migrating.try_out(running, made, now=LATER)
    with factory.begin() as running:
        migration.begin(running, running.get_one(MigrationPlan, made.id), by=clara, now=LATER)
    while migrating.work(factory, now=LATER):
        pass

    (draft,) = tasks.open_of(session, begun.id)
    (promise,) = session.scalars(select(Promise)).all()
    assert draft.definition_id == new.id
    assert (draft.handoff, promise.outcome) == ((None, "cancelled") if moved else ("H5", None))


def test_an_agreement_knows_the_hand_offs_between_its_sides(
    session: Session, departments: Sides, clara: Person, borys: Person
) -> None:
    definition = deployed(session)
    agreement = agreed(session, departments, clara, borys)
    other_way = agreed(session, departments, clara, borys, provider="sales", consumer="legal", code="X1")
    handoffs.bind(session, *HERE, agreement, by=clara, now=MONDAY)

    found = handoffs.of_agreement(session, agreement, today=DAY)

    assert [(each.id, row.flow, row.covered) for each, row in found] == [
        (definition.id, "ask_draft", True),
        (definition.id, "check_file", False),
    ]
    assert handoffs.of_agreement(session, other_way, today=DAY) == []


def test_fewer_kept_than_signed_for_is_a_breach(
    session: Session, departments: Sides, clara: Person, borys: Person
) -> None:
    deployed(session)
    agreement = agreed(session, departments, clara, borys)
    handoffs.bind(session, *HERE, agreement, by=clara, now=MONDAY)
    instance = kit.case(session, clara)
    for number, outcome in enumerate(["kept"] * 8 + ["broken"] + ["kept"] * 5):
        task = kit.task(session, instance, audience="department:legal", handoff="H5")
        session.add(
            Promise(
                agreement_id=agreement.id, code="H5", instance_id=instance.id, task_id=task.id, outcome=outcome,
                requested_at=MONDAY - timedelta(days=100 if number > 8 else 10), closed_at=MONDAY,
            )
        )  # fmt: skip
    session.flush()

    found = keeping.lately(session, covered(session).rows, seen=true(), now=MONDAY)[agreement.id]

    assert (found.kept, found.broken, found.target, found.breached) == (8, 1, 90, True)
    assert not keeping.Keeping(9, 1, 90).breached
    assert not keeping.Keeping(0, 0, 90).breached
    assert keeping.Keeping(9, 1).breached
    assert handing_over.TERMS["target"] == 90
