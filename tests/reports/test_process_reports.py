"""Queues, hand-overs, workload, variants and flow against plain counting over the rows, on both paths."""

from collections import Counter
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import ceil
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.calendars import local_day
from engine.people import Department, Person
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from reports import (
    flow,
    handovers,
    ladders,
    reading,
    step_picks,
    step_rollups,
    steps,
    variants,
    waiting,
    workload,
)
from reports.periods import Period
from reports.queries import Scope
from reports.step_picks import Pick
from reports.variants import Done, Path
from tests.conftest import MONDAY
from tests.reports import company, stepping

LADDER = "long_sale"
NOW = MONDAY + timedelta(days=80)
PERIODS = (
    Period(date(2026, 12, 1), date(2027, 1, 1), "month"),
    Period(date(2026, 11, 20), date(2026, 12, 11), "week"),
    Period(date(2026, 12, 9), date(2026, 12, 10), "day"),
    Period(date(2027, 1, 1), date(2027, 3, 1), "month"),
)


@pytest.fixture
def work(session: Session, anna: Person, borys: Person, departments: dict[str, Department]) -> list[UserTask]:
    """A hundred and twenty work items in eight cases."""
    dice = Random(5)
    held = stepping.cases(session, anna, 8)
    stepping.opened(session, held, list(departments.values()), dice, 120, [anna, borys])
    for case in held[:5]:
        case.ended_at = NOW - timedelta(days=dice.randrange(1, 40))
    session.commit()
    return stepping.every(session)


def moment(at: datetime) -> int:
    return int(at.timestamp() // 1)


def bounds(period: Period, known: datetime = NOW) -> tuple[int, int]:
    start, end = steps.midnight(period.start), steps.midnight(period.end)
    return moment(start), min(moment(end), moment(known))


@pytest.mark.parametrize("period", PERIODS)
def test_the_bottleneck_is_the_integral_of_the_queue(
    session: Session, work: list[UserTask], period: Period
) -> None:
    start, end = bounds(period)
    brute: Counter[str] = Counter()
    for task in work:
        left = task.started_at or task.closed_at
        until = moment(left) if left else end
        brute[task.element] += max(0, min(until, end) - max(moment(task.opened_at), start))
    window = steps.between(period, NOW)

    found = waiting.sums(session, Scope(LADDER), period, window, waiting.STEP)

    assert {element: each.queue for (_, element), each in found.items()} == +brute
    assert sum(brute.values()) > 0


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("by", [waiting.STEP, waiting.PAIR, waiting.UNIT])
def test_roll_ups_and_the_steps_say_the_same(
    session: Session, work: list[UserTask], period: Period, by: waiting.By
) -> None:
    window, scope = steps.between(period, NOW), Scope(LADDER)
    assert waiting.is_rolled(session, scope)
    rolled = waiting.sums(session, scope, period, window, by)
    lengths = waiting.lengths(session, scope, period, window, by)

    told = waiting.gathered(steps.facts(session, scope, window=window), window, by)
    session.execute(step_rollups.StepDay.__table__.delete())
    assert not waiting.is_rolled(session, scope)

    assert rolled == told
    assert waiting.lengths(session, scope, period, window, by) == lengths


def test_percentiles_are_nearest_rank_and_at_most_a_tenth_off(session: Session, work: list[UserTask]) -> None:
    period = PERIODS[0]
    window, (start, end) = steps.between(period, NOW), bounds(period)
    waits = sorted(
        moment(task.started_at) - moment(task.opened_at)
        for task in work
        if task.started_at and start <= moment(task.opened_at) < end and task.element == "ask"
    )
    exact = waits[ceil(0.85 * len(waits)) - 1]

    necks = waiting.necks(session, Scope(LADDER), period, window, exact=True)
    coarse = waiting.necks(session, Scope(LADDER), period, window)

    assert next(each.p85 for each in necks if each.element == "ask") == exact
    told = next(each.p85 for each in coarse if each.element == "ask")
    assert told is not None
    assert exact / 1.1 <= told <= exact * 1.1


def test_a_report_as_of_a_day_is_what_it_was_on_that_day(session: Session, work: list[UserTask]) -> None:
    known = MONDAY + timedelta(days=24)
    period = PERIODS[1]
    scope = Scope(LADDER, as_of=known)
    window = steps.between(period, known)
    then = waiting.sums(session, scope, period, window, waiting.STEP)
    for task in work:
        if task.opened_at > known:
            session.delete(task)
            continue
        if task.closed_at and task.closed_at > known:
            task.closed_at = task.done_seq = None
        if task.started_at and task.started_at > known:
            task.started_at = None
    session.commit()

    assert waiting.sums(session, Scope(LADDER), period, window, waiting.STEP) == then
    assert then


@pytest.mark.parametrize("period", PERIODS)
def test_hand_overs_are_counted_one_by_one(session: Session, work: list[UserTask], period: Period) -> None:
    start, end = bounds(period)
    brute: dict[tuple[int, int], list[UserTask]] = {}
    for task in work:
        if task.came_from_id and start <= moment(task.opened_at) < end:
            brute.setdefault((task.came_from_id, task.department_id or 0), []).append(task)

    found = handovers.matrix(session, Scope(LADDER), period, steps.between(period, NOW), exact=True)

    assert {(each.giver, each.receiver) for each in found} == brute.keys()
    for each in found:
        mine = brute[each.giver, each.receiver]
        delays = sorted(moment(task.started_at) - moment(task.opened_at) for task in mine if task.started_at)
        assert (each.n, each.taken) == (len(mine), len(delays))
        back = [task for task in mine if task.came_before_id == task.department_id and task.department_id]
        assert each.back == (0 if each.is_within else len(back))
        if delays:
            assert each.mean == pytest.approx(sum(delays) / len(delays))
            assert each.p50 == delays[ceil(0.5 * len(delays)) - 1]


def test_average_work_in_progress_is_the_overlap_by_the_window(
    session: Session, work: list[UserTask]
) -> None:
    period = PERIODS[1]
    start, end = bounds(period)
    window = steps.between(period, NOW)
    units: Counter[int] = Counter()
    people: Counter[int] = Counter()
    for task in work:
        until = moment(task.closed_at) if task.closed_at else end
        units[task.department_id or 0] += max(0, min(until, end) - max(moment(task.opened_at), start))
        if task.started_at:
            who = task.completed_by_id or task.assignee_id or 0
            people[who] += max(0, min(until, end) - max(moment(task.started_at), start))

    found = {each.id: each for each in workload.departments(session, Scope(LADDER), period, window, NOW)}
    persons = {each.id: each for each in workload.people(session, Scope(LADDER), period, window, NOW)}

    for id_, spent in (+units).items():
        assert found[id_].average == pytest.approx(spent / (end - start))
    for id_, spent in (+people).items():
        assert persons[id_].average == pytest.approx(spent / (end - start))


def test_open_overdue_and_oldest_are_those_of_now(
    session: Session, work: list[UserTask], departments: dict[str, Department]
) -> None:
    window = steps.between(PERIODS[3], NOW)
    keys = {f"department:{unit.key}": unit.id for unit in departments.values()}
    open_ = [task for task in work if task.closed_at is None]
    late = Counter(keys[task.audience or ""] for task in open_ if task.due_at and task.due_at < NOW)

    found = workload.departments(session, Scope(LADDER), PERIODS[3], window, NOW)

    assert {each.id: each.open for each in found if each.open} == Counter(
        keys[task.audience or ""] for task in open_
    )
    assert {each.id: each.overdue for each in found if each.overdue} == late
    for each in found:
        mine = [task.opened_at for task in open_ if keys[task.audience or ""] == each.id]
        assert each.oldest == min(mine, default=None)


@pytest.mark.slow
@pytest.mark.parametrize(("viewer", "period"), [(None, PERIODS[0]), ("anna", PERIODS[1])])
def test_every_number_of_steps_is_the_length_of_its_list(
    session: Session, work: list[UserTask], anna: Person, borys: Person, viewer: str | None, period: Period
) -> None:
    scope = Scope(LADDER, {"anna": anna, "borys": borys}.get(viewer or ""))
    window = steps.between(period, NOW)

    def listed(kind: str, **more: Any) -> int:
        query = step_picks.listed(session, scope, Pick(kind, period, **more), known=NOW)
        return session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0

    for neck in waiting.necks(session, scope, period, window):
        where = {"diagram": neck.diagram, "element": neck.element}
        counted = {
            "ready": neck.sums.ready,
            "done": neck.sums.done,
            "cancelled": neck.sums.cancelled,
            "abandoned": neck.sums.abandoned,
            "again": neck.rework,
            "repeat": neck.repeats,
            "redo": neck.redos,
            "taken": neck.sums.taken,
            "waiting": neck.sums.waiting,
            "broken": neck.broken,
        }
        for kind, n in counted.items():
            assert listed(kind, **where) == n, (kind, where)
    for cell in handovers.matrix(session, scope, period, window):
        pair = {"came_from": cell.giver, "department": cell.receiver}
        assert listed("ready", **pair) == cell.n
        assert listed("untaken", **pair) == cell.n - cell.taken
        assert listed("ready", is_back=True, **pair) == cell.back
    for load in workload.departments(session, scope, period, window, NOW):
        assert listed("open", holder=load.id) == load.open
        assert listed("overdue", holder=load.id) == load.overdue
        assert listed("done", department=load.id) == load.done
    for load in workload.people(session, scope, period, window, NOW):
        assert listed("open", person=load.id) == load.open
        assert listed("done", person=load.id) == load.done


def test_whoever_sees_fewer_cases_counts_fewer_steps(
    session: Session, work: list[UserTask], borys: Person
) -> None:
    held = {task.instance_id for task in work if task.audience in borys.audiences or borys.id in
            (task.assignee_id, task.completed_by_id)}  # fmt: skip
    mine = steps.facts(session, Scope(LADDER, borys))

    assert {step.instance_id for step in mine} == held
    assert len(mine) == sum(task.instance_id in held for task in work)


def test_a_variant_is_the_steps_completed_in_the_order_of_their_facts(
    session: Session, work: list[UserTask]
) -> None:
    window = steps.between(PERIODS[3], NOW)
    ended, running = variants.paths(session, Scope(LADDER), window)
    brute = {}
    for case in session.scalars(select(Instance)):
        mine = [task for task in work if task.instance_id == case.id and task.done_seq]
        brute[case.id] = [task.element for task in sorted(mine, key=lambda each: each.done_seq or 0)]
    in_window = {
        case.id
        for case in session.scalars(select(Instance))
        if case.ended_at and window[0] <= case.ended_at < window[1]
    }

    assert {path.instance_id for path in ended} == in_window
    assert all([step for _, step in path.steps] == brute[path.instance_id] for path in ended)
    assert not in_window & {path.instance_id for path in running}


def walk(*names: str, actors: str = "") -> Path:
    done = [
        Done(("d", name), MONDAY + timedelta(hours=place), ord((actors or "a" * 99)[place]))
        for place, name in enumerate(names)
    ]
    return Path(1, MONDAY, MONDAY + timedelta(days=2), done)


def test_the_rolling_hash_tells_ways_apart_and_nothing_else() -> None:
    assert walk("a", "b").key == walk("a", "b").key
    assert (
        len({walk(*names).key for names in (("a", "b"), ("b", "a"), ("a",), ("a", "b", "b"), ("ab",))}) == 5
    )
    assert walk("a", "b").key == variants.longer(walk("a").key, ("d", "b"))


def test_loops_skips_repeats_and_redos_by_hand() -> None:
    every = [walk("a", "b", "c"), walk("a", "b", "c"), walk("a", "b", "a", "a", "c", actors="xyxzx")]
    usual, other = variants.variants(every)

    assert (usual.n, usual.share) == (2, pytest.approx(2 / 3))
    assert other.loops == {("d", "a"): 2}
    assert walk("a", "c").steps == (("d", "a"), ("d", "c"))
    assert variants.variants([walk("a", "c")])[0].skips(usual) == [("d", "b")]
    assert variants.rework(every) == [variants.Again(("d", "a"), 1, 1, 1)]
    follows = {(each.first[1], each.second[1]): (each.n, each.mean) for each in variants.follows(every)}
    assert follows["a", "b"] == (3, 3600)
    assert follows["a", "a"] == (1, 3600)


def test_touch_counts_time_that_two_had_once() -> None:
    hour = timedelta(hours=1)
    stretches = [
        (MONDAY, MONDAY + 2 * hour),
        (MONDAY + hour, MONDAY + 3 * hour),
        (MONDAY + 5 * hour, MONDAY + 6 * hour),
    ]

    assert flow.length(flow.union(stretches)) == 4 * 3600
    assert flow.union([]) == []


def test_flow_efficiency_is_touch_by_span_of_the_cases_that_ended(
    session: Session, work: list[UserTask]
) -> None:
    period = PERIODS[3]
    cases = flow.cases(session, Scope(LADDER), steps.between(period, NOW))

    assert cases
    for case in cases:
        row = session.get_one(Instance, case.instance_id)
        assert row.ended_at is not None
        minutes = set()
        for task in work:
            if task.instance_id == row.id and task.started_at:
                minutes |= _minutes(task, row.started_at, row.ended_at)
        assert case.span == moment(row.ended_at) - moment(row.started_at)
        assert case.touch == pytest.approx(60 * len(minutes), rel=0.02, abs=2000)
        assert 0 <= case.work_touch <= case.work_span <= case.span


def _minutes(task: UserTask, start: datetime, end: datetime) -> set[int]:
    begun, over = task.started_at or start, min(task.closed_at or end, end)
    found = set(range(moment(begun) // 60, moment(over) // 60))
    for pause, go_on in task.pauses or ():
        found -= set(
            range(pause // 60, (go_on if go_on is not None else 2**40) // 60 if go_on else moment(over) // 60)
        )
    return {minute for minute in found if moment(start) // 60 <= minute < moment(end) // 60}


def test_cumulative_flow_is_the_same_from_roll_ups_and_from_the_log(
    session: Session, departments: dict[str, Department], anna: Person
) -> None:
    company.half_year(session, [(anna, departments["sales"])], [None], until=MONDAY, count=40)
    ladder = ladders.find(session, "sales")
    period = Period(date(2026, 8, 1), date(2026, 11, 17), "week")

    rolled = flow.course(session, Scope("sales"), ladder, period)
    told = flow.levels(reading.paths(session, Scope("sales"), ladder), period, len(ladder.stages))

    assert rolled == told
    for before, after in pairwise(rolled):
        assert all(one <= other for one, other in zip(before.reached, after.reached, strict=True))
    assert all(tuple(sorted(each.reached, reverse=True)) == each.reached for each in rolled)
    every = reading.paths(session, Scope("sales"), ladder)
    for rank in range(1, len(ladder.stages) + 2):
        since = Period(date(1990, 1, 1), period.end)
        assert len(flow.reached_in(every, since, rank)) == rolled[-1].reached[rank - 1]


def test_the_small_log_of_the_docs_by_hand(
    session: Session, anna: Person, departments: dict[str, Department]
) -> None:
    sales, legal = departments["sales"].id, departments["legal"].id

    def clock(hour: int, minute: int = 0) -> datetime:
        return MONDAY + timedelta(hours=hour - 10, minutes=minute)

    (case,) = stepping.cases(session, anna, 1)
    case.started_at, case.ended_at = clock(9), clock(16)
    rows = [
        ("ask", sales, None, None, clock(9), clock(9, 30), clock(10)),
        ("check", legal, sales, None, clock(10), clock(14), clock(15)),
        ("sign", sales, legal, sales, clock(15), clock(16), clock(16)),
    ]
    for seq, (element, unit, came, before, ready, begun, ended) in enumerate(rows, 1):
        session.add(
            UserTask(
                instance_id=case.id,
                definition_id=case.definition_id,
                token=element,
                diagram=LADDER,
                element=element,
                title=element,
                title_en=element,
                opened_at=ready,
                order_at=ready,
                started_at=begun,
                closed_at=ended,
                done_seq=seq,
                department_id=unit,
                came_from_id=came,
                came_before_id=before,
            )
        )
    session.commit()
    scope, day = Scope(LADDER), Period(local_day(MONDAY), local_day(MONDAY) + timedelta(days=1))
    window = steps.between(day, clock(16) + timedelta(seconds=1))

    necks = {each.element: each for each in waiting.necks(session, scope, day, window, exact=True)}
    assert {element: each.sums.queue for element, each in necks.items()} == {
        "ask": 1_800,
        "check": 14_400,
        "sign": 3_600,
    }
    assert necks["check"].share == pytest.approx(0.727, abs=0.001)
    hour = {"check": waiting.gathered(steps.facts(session, scope), (clock(10), clock(11)), ("element",))}
    assert hour["check"]["check",].queue == 3_600
    pairs = {
        (each.giver, each.receiver): (each.n, each.mean, each.back)
        for each in handovers.matrix(session, scope, day, window, exact=True)
    }
    assert pairs == {(sales, legal): (1, 14_400, 0), (legal, sales): (1, 3_600, 1)}
    (told,) = flow.cases(session, scope, window)
    assert (told.touch, told.span) == (5_400, 25_200)
    loads = {each.id: each for each in workload.departments(session, scope, day, window, window[1])}
    assert loads[legal].average == pytest.approx(5 / 16, abs=0.001)
    follows = variants.follows(variants.paths(session, scope, window)[0])
    assert {(each.first[1], each.second[1]): each.mean for each in follows} == {
        ("ask", "check"): 18_000,
        ("check", "sign"): 3_600,
    }
