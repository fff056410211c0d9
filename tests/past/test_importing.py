"""A history comes in whole and once: people, departments, amounts and reasons with it; what changed is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import access
from engine.history import Event
from engine.people import Department, Person
from engine.process import definitions
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.sales.ladders import Move
from engine.sales.past import importing, maps, wrong
from engine.sales.past.rows import Import, ImportedCase, ImportedStep
from tests.past.logs import MAP, NOW, bring, log, table, xes

HEADS = ("case", "activity", "time", "who", "unit", "amount", "why", "by_unit", "phase", "what")
FULL = MAP.format(
    more='actor = "who"\ndepartment = "unit"\namount = "amount"\nreason = "why"\ncausing_department = "by_unit"\n'
    'transition = "phase"\nproduct = "what"'
)


def at(day: int, hour: int = 8, minute: int = 0) -> str:
    return f"2026-03-{day:02} {hour:02}:{minute:02}"


def row(case: str, activity: str, when: str, **more: str) -> tuple[str, ...]:
    return (case, activity, when, *(more.get(name, "") for name in HEADS[3:]))


def test_people_departments_amounts_and_reasons_come_along(
    session: Session, departments: dict[str, Department], anna: Person, borys: Person
) -> None:
    rows = [
        row("1", "Asked", at(2), who="anna wilk", unit="Sales", amount="1200.505"),
        row("1", "Offered", at(3), who=borys.email, unit="Prawny"),
        row("1", "Asked", at(4), who="Obcy", unit="Nieznany", why="inny zakres", by_unit="legal"),
        row("1", "Offered", at(5), amount="900"),
        row("1", "Asked", at(6)),
        row("1", "Refused", at(7)),
    ]
    bring(session, table(rows, HEADS), FULL)

    moves = session.scalars(select(Move).order_by(Move.seq)).all()
    assert [move.actor_id for move in moves] == [anna.id, borys.id, None, None, None, None]
    ids = [departments[key].id for key in ("sales", "legal")]
    assert [move.department_id for move in moves] == [*ids, None, None, None, None]
    assert [move.amount for move in moves[:4]] == [Decimal("1200.51")] * 3 + [Decimal(900)]
    assert {move.currency for move in moves} == {"PLN"}
    assert [move.reason for move in moves] == [None, None, "inny zakres", None, "imported", "Refused"]
    assert moves[2].causing_department_id == departments["legal"].id
    assert [move.recorded_at for move in moves] == [move.at for move in moves]
    steps = session.scalars(select(ImportedStep).order_by(ImportedStep.seq)).all()
    assert (steps[2].actor, steps[2].person_id, steps[2].department) == ("Obcy", None, "Nieznany")
    made = session.scalars(select(Import)).one()
    assert (made.status, made.at, made.counts["moves"]) == ("done", NOW, 6)


def test_the_day_is_the_organizations_and_a_zone_can_be_said(session: Session) -> None:
    rows = [row("1", "Asked", "2026-03-02 23:30"), row("2", "Asked", "2026-03-02T22:59:00-01:00")]
    bring(session, table(rows, HEADS), FULL)

    moves = session.execute(select(Move.at, Move.day).order_by(Move.id)).all()
    assert moves == [
        (datetime(2026, 3, 2, 23, 30, tzinfo=UTC), date(2026, 3, 3)),
        (datetime(2026, 3, 2, 23, 59, tzinfo=UTC), date(2026, 3, 3)),
    ]


def test_the_life_of_a_step_is_one_step(session: Session) -> None:
    rows = [
        row("1", "Asked", at(2, 8), phase="schedule"),
        row("1", "Noted", at(2, 8, 30), phase="start"),
        row("1", "Asked", at(2, 9), phase="START", who="Jan"),
        row("1", "Asked", at(2, 10), phase="complete"),
        row("1", "Noted", at(2, 11), phase="ate_abort"),
        row("1", "Offered", at(3), phase="manualskip"),
        row("1", "Signed", at(4), phase="start"),
        row("1", "Signed", at(5), phase="complete"),
    ]
    bring(session, table(rows, HEADS), FULL)

    steps = session.scalars(select(ImportedStep).order_by(ImportedStep.seq)).all()
    hours = [
        (
            each.activity,
            each.ready_at and each.ready_at.hour,
            each.started_at and each.started_at.hour,
            each.outcome,
        )
        for each in steps
    ]
    assert hours == [
        ("Asked", 8, 9, "completed"),
        ("Noted", None, 8, "aborted"),
        ("Offered", None, None, "skipped"),
        ("Signed", None, 8, "completed"),
    ]
    moves = session.execute(select(Move.kind, Move.at).order_by(Move.seq)).all()
    assert moves == [
        ("new", datetime(2026, 3, 2, 8, tzinfo=UTC)),
        ("won", datetime(2026, 3, 5, 8, tzinfo=UTC)),
    ]


def test_a_position_may_be_entered_when_its_step_is_completed(session: Session) -> None:
    rows = [row("1", "Asked", at(2), phase="start"), row("1", "Asked", at(3), phase="complete")]
    bring(session, table(rows, HEADS), FULL.replace('zone = "UTC"', 'zone = "UTC"\nenters = "complete"'))

    assert session.scalars(select(Move.at)).one() == datetime(2026, 3, 3, 8, tzinfo=UTC)


def test_the_same_file_again_changes_nothing(session: Session) -> None:
    content = table([("1", "Asked", at(2)), ("2", "Asked", at(3))])
    bring(session, content)
    before = [session.scalar(select(func.count()).select_from(each)) for each in (Move, Instance, Event)]
    checked = importing.check(log(content), MAP.format(more="# a remark\n"), now=NOW)

    assert importing.same(session, checked.sha256, checked.chosen) is not None
    assert importing.rehearse(session, checked).new == 0
    after = [session.scalar(select(func.count()).select_from(each)) for each in (Move, Instance, Event)]
    assert after == before


def test_another_file_adds_its_new_cases_and_new_activities(session: Session) -> None:
    bring(session, table([("1", "Asked", at(2))]))
    counts = bring(session, table([("1", "Asked", at(2)), ("2", "Asked", at(3)), ("2", "Unheard of", at(4))]))

    assert (counts.new, counts.known) == (1, 1)
    assert session.scalars(select(Instance.business_key).order_by(Instance.id)).all() == ["1", "2"]
    newest = session.scalars(definitions.versions("old_sales")).first()
    assert newest is not None
    assert (newest.version, newest.retired_at is not None) == (2, True)
    assert set(definitions.blueprint(session, newest).main.elements) == {"Asked", "Unheard of"}
    assert definitions.newest(session, "old_sales") is None


def test_a_changed_case_is_refused_by_its_name_and_nothing_comes_in(session: Session) -> None:
    bring(session, table([("1", "Asked", at(2))]))
    with pytest.raises(wrong.CasesChanged, match=r"differ in this file: 1 \(1\)"):
        bring(session, table([("1", "Asked", at(2)), ("1", "Offered", at(3)), ("2", "Asked", at(2))]))
    session.rollback()

    assert session.scalar(select(func.count()).select_from(Move)) == 1
    assert session.scalar(select(func.count()).select_from(Import)) == 1


def test_other_positions_need_another_name(session: Session) -> None:
    bring(session, table([("1", "Asked", at(2))]))
    other = MAP.format(more="").replace(
        '[[positions]]\nkey = "asked"', '[[positions]]\nkey = "zero"\n[[positions]]\nkey = "asked"'
    )
    with pytest.raises(wrong.LadderDiffers, match="zero"):
        bring(session, table([("2", "Asked", at(2))]), other)


def test_a_process_of_the_house_is_not_overwritten(session: Session, dorota: Person) -> None:
    session.add(
        Definition(
            process="old_sales",
            version=1,
            title={"pl": "", "en": ""},
            kind="flow",
            content_hash="x",
            deployed_at=NOW,
        )
    )
    session.commit()
    with pytest.raises(wrong.LadderTaken):
        bring(session, table([("1", "Asked", at(2))]))


def test_a_process_is_not_deployed_over_a_history(session: Session, dorota: Person) -> None:
    bring(session, table([("1", "Asked", at(2))]))
    with pytest.raises(definitions.NameOfHistory):
        definitions.deploy(session, [], name="old_sales", by=dorota, now=NOW)


def test_who_owns_a_case_or_works_in_its_department_sees_it(
    session: Session,
    departments: dict[str, Department],
    anna: Person,
    borys: Person,
    adam: Person,
    dorota: Person,
) -> None:
    heads = ("case", "activity", "time", "unit", "owner")
    text = MAP.format(more='department = "unit"\nowner = "owner"')
    rows = [
        ("1", "Noted", at(2), "legal", ""),
        ("2", "Asked", at(2), "", anna.email),
        ("3", "Asked", at(3), "sales", ""),
    ]
    bring(session, table(rows, heads), text)

    def seen(person: Person) -> tuple[list[str | None], int]:
        cases = select(Instance.business_key).where(access.visible(person, Instance)).order_by(Instance.id)
        moves = select(func.count()).select_from(Move).where(access.visible(person, Move))
        return list(session.scalars(cases)), session.scalar(moves) or 0

    assert seen(anna) == (["2", "3"], 2)
    assert seen(borys) == (["1"], 0)
    assert seen(adam) == ([], 0)
    assert seen(dorota) == ([], 0)


def test_the_product_is_the_cases(session: Session) -> None:
    bring(session, table([row("1", "Asked", at(2), what="Pompa"), row("1", "Offered", at(3))], HEADS), FULL)

    assert session.scalars(select(ImportedCase.product)).one() == "Pompa"


def test_amounts_of_xes_come_from_the_event_and_the_case(session: Session) -> None:
    text = MAP.format(more='amount = "value"').replace('"case"', '"case:concept:name"')
    text = text.replace('activity = "activity"', 'activity = "concept:name"').replace(
        '"time"', '"time:timestamp"'
    )
    bring(session, xes([("1", "Asked", "2026-03-02T08:00:00Z")], "<float key='value' value='12.5'/>"), text)

    assert session.scalars(select(Move.amount)).one() == Decimal("12.50")


def test_a_map_means_the_same_however_it_is_laid_out() -> None:
    one = maps.read(MAP.format(more=""))
    other = maps.read(MAP.format(more="# a remark").replace("\n", "\r\n"))
    assert one.meaning == other.meaning
    assert one.meaning != maps.read(MAP.format(more="").replace('"won"', '"lost"')).meaning
