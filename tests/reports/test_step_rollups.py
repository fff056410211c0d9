"""Roll-ups of work items: kept in the transaction of every change, the same as the rows, and rebuilt from them."""

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, update
from sqlalchemy.orm import Session

from engine.calendars import local_day
from engine.people import Department, Person
from engine.process import instances, tasks
from reports import step_rollups
from reports.step_rollups import StepDay, StepWait
from tests.conftest import MONDAY
from tests.engine.sales import live
from tests.engine.sales.hand_offs import HOUR
from tests.reports import stepping


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_changed_in_whatever_order_the_roll_ups_are_the_sum_of_the_rows(
    session: Session, anna: Person, departments: dict[str, Department], seed: int
) -> None:
    dice, units = Random(seed), list(departments.values())
    held = stepping.cases(session, anna)
    session.commit()
    made = stepping.opened(session, held, units, dice, 6)
    for _ in range(60):
        step, task = dice.random(), dice.choice(made)
        if step < 0.1:
            session.expire(task)
        elif step < 0.3:
            savepoint = session.begin_nested()
            stepping.shaken(task, dice, units, [anna])
            stepping.opened(session, held, units, dice, 1)
            step_rollups.settle(session)
            savepoint.rollback()
        elif step < 0.4:
            with session.begin_nested():
                stepping.shaken(task, dice, units, [anna])
        elif step < 0.5:
            session.commit()
        elif step < 0.55:
            session.rollback()
            made = stepping.every(session) or stepping.opened(session, held, units, dice, 3)
        elif step < 0.6 and len(made) > 2:
            session.delete(made.pop())
        elif step < 0.7:
            session.flush()
            step_rollups.follow(session, None)
        else:
            stepping.shaken(task, dice, units, [anna])
    session.commit()

    days, waits = _brute(session)
    assert (_days(session), _waits(session)) == (days, waits)
    assert _days(session, "month") == _by_month(days)
    assert step_rollups.compare(session) == []
    step_rollups.rebuild(session)
    assert (_days(session), _waits(session)) == (days, waits)


def test_the_comparison_finds_what_is_wrong_in_either_direction(
    session: Session, anna: Person, departments: dict[str, Department]
) -> None:
    held = stepping.cases(session, anna)
    (task,) = stepping.opened(session, held, list(departments.values()), Random(2), 1)
    task.opened_at, task.started_at, task.closed_at = MONDAY, MONDAY + HOUR, None
    session.commit()
    session.execute(update(StepDay).where(StepDay.ready_n == 1).values(ready_n=5))
    session.execute(update(StepWait).values(bucket=3))

    found = {(place.bucket, what, mine, its) for place, what, mine, its in step_rollups.compare(session)}

    assert {(None, "ready_n", 5, 1), (3, "n", 1, 0)} < found
    step_rollups.rebuild(session)
    assert step_rollups.compare(session) == []


def test_roll_ups_of_an_upgraded_database_are_whole_after_the_first_rebuild(session: Session) -> None:
    assert step_rollups.are_whole(session)
    session.execute(StepDay.__table__.delete())
    assert not step_rollups.are_whole(session)
    step_rollups.rebuild(session)
    assert step_rollups.are_whole(session)


def test_a_completion_costs_two_statements_more(
    session: Session, database: Engine, departments: dict[str, Department], anna: Person
) -> None:
    definition = live.deployed(session)
    wired = replace(live.WIRING, projections=(*live.WIRING.projections, step_rollups.follow))
    said: list[str] = []
    event.listen(database, "before_cursor_execute", lambda *call: said.append(call[2]))
    instance_id = live.started(session, definition, anna).instance_id
    costs = []
    for wiring in (live.WIRING, wired):
        (task,) = tasks.open_of(session, instance_id)
        session.commit()
        session.info["wiring"] = wiring
        said.clear()
        instances.complete(session, task, {}, by=None, now=MONDAY + HOUR)
        costs.append(sum("rollup_" in each for each in said))

    assert costs[0] == 0
    assert 1 <= costs[1] <= 2
    session.commit()
    assert step_rollups.compare(session) == []


def test_the_engine_says_where_a_task_came_from_and_whose_it_is(
    session: Session, departments: dict[str, Department], anna: Person
) -> None:
    definition = live.deployed(session)
    instance_id = live.started(session, definition, anna).instance_id
    (first,) = tasks.open_of(session, instance_id)
    instances.complete(session, first, {}, by=None, now=MONDAY + HOUR)
    session.commit()
    (second,) = tasks.open_of(session, instance_id, anew=True)

    assert (first.done_seq is not None, first.started_at) == (True, MONDAY + HOUR)
    assert (second.after_id, second.came_from_id) == (first.id, first.department_id)
    assert second.department_id is not None
    assert (second.done_seq, second.started_at) == (None, None)


Days = Counter[tuple[Any, ...]]


def _step(seconds: int) -> int:
    """Steps up to a second, then each a tenth longer than the one before, but at least a minute."""
    longest, number = 1.0, 0
    while longest < seconds:
        longest, number = max(1.1 * longest, longest + 60), number + 1
    return number


def _brute(session: Session) -> tuple[Days, Days]:
    """What every row adds, said in plain words beside the product's own."""
    days, waits = Days(), Days()
    for task in stepping.every(session):
        who = (task.came_from_id or 0, task.department_id or 0, task.element)
        ready, left = _at(task.opened_at), task.started_at or task.closed_at
        days[(*who, local_day(task.opened_at), "ready_n")] += 1
        days[(*who, local_day(task.opened_at), "ready_at")] += ready
        others = task.came_from_id and task.came_from_id != task.department_id
        if others and task.department_id and task.came_before_id == task.department_id:
            days[(*who, local_day(task.opened_at), "back")] += 1
        if left:
            for name, value in (("left_n", 1), ("left_at", _at(left)), ("waited", _at(left) - ready)):
                days[(*who, local_day(left), name)] += value
        if task.started_at:
            days[(*who, local_day(task.opened_at), "taken_n")] += 1
            days[(*who, local_day(task.opened_at), "taken")] += _at(task.started_at) - ready
            length = _step(_at(task.started_at) - ready)
            month = local_day(task.opened_at).replace(day=1)
            for place in ((*who[:2], ""), (-1, 0, task.element)):
                waits[(*place, month, length, "n")] += 1
                waits[(*place, month, length, "seconds")] += _at(task.started_at) - ready
        if task.closed_at:
            on = local_day(task.closed_at)
            days[(*who, on, "ended_n")] += 1
            days[(*who, on, "ended_at")] += _at(task.closed_at)
            days[(*who, on, "done" if task.done_seq else "cancelled")] += 1
            if not task.started_at:
                days[(*who, on, "abandoned")] += 1
            days[(*who, on, "worked")] += _worked(task)
    return +days, +waits


def _by_month(days: Days) -> Days:
    found = Days()
    for (*who, day, name), n in days.items():
        found[(*who, day.replace(day=1), name)] += n
    return found


def _at(moment: Any) -> int:
    return int(moment.timestamp() // 1) - 946684800


def _worked(task: Any) -> int:
    """Second by second would be too slow: the whole, less the seconds of pauses that lie inside it."""
    if not task.started_at:
        return 0
    start, end = _at(task.started_at), _at(task.closed_at)
    paused = set()
    for begin, stop in task.pauses or ():
        paused |= {(begin - 946684800, end if stop is None else stop - 946684800)}
    return (end - start) - sum(max(0, min(end, b) - max(start, a)) for a, b in paused)


def _days(session: Session, grain: str = "day") -> Days:
    found = Days()
    session.expire_all()
    for row in session.scalars(select(StepDay).where(StepDay.definition_id != 0, StepDay.grain == grain)):
        for name in step_rollups.DAYS:
            found[row.came_from_id, row.department_id, row.element, row.day, name] += getattr(row, name)
    return +found


def _waits(session: Session) -> Days:
    found = Days()
    for row in session.scalars(select(StepWait)):
        for name in step_rollups.LENGTHS:
            found[row.came_from_id, row.department_id, row.element, row.day, row.bucket, name] += getattr(
                row, name
            )
    return +found
