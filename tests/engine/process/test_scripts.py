"""Scripts: assignments for everybody, Python behind four eyes, in a worker that keeps its word and its hands to itself."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import psutil
import pytest
from sqlalchemy.orm import Session

from engine.errors import NotAllowed, Refusal
from engine.history import Event
from engine.people import Person, Role
from engine.process import approvals, definitions, doctor, instances, scripts
from engine.process.approvals import (
    AlreadyApproved,
    NotApproved,
    NothingToApprove,
    NothingToWithdraw,
    OwnScripts,
    WithdrawalReasonMissing,
)
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.runner import ScriptRefused
from engine.process.scripts import worker
from engine.process.scripts.python import outline
from engine.process.scripts.refusals import NoAnswer, NotData, NotHere, Raised, TooMuchData
from engine.process.spiff.refusals import ExpressionFailed, ScriptFailed, ScriptNotApproved
from tests.conftest import MONDAY
from tests.engine.process.kit import World, diagram, end, script, start, task, wait, way

COUNT = "total = 0\nfor line in lines:\n    total += line['net']\nrebate = round(total * 0.1, 2)\n"


@pytest.fixture
def adam(session: Session) -> Person:
    """Adam administers."""
    return _somebody(session, "adam", "administrator")


def _somebody(session: Session, name: str, *roles: str) -> Person:
    person = Person(
        email=f"{name}@wislane.example",
        name=name.title(),
        created_at=MONDAY,
        roles=[Role(name=r) for r in roles],
    )
    session.add(person)
    session.commit()
    return person


def drawn(text: str, *, before: str = "", key: str = "counting") -> doctor.File:
    """Ask, work the script out, look."""
    steps = (
        way("begin", "ask", "count", "look", "done")
        if not before
        else way("begin", "pause", "count", "look", "done")
    )
    first = task("ask") if not before else wait("pause", before)
    return diagram(
        key, start(), first, script("count", text), task("look"), end(), steps, keeps="lines,total,rebate,x"
    )


def trusted(session: Session, text: str, *, by: Person | None = None, **more: str) -> Definition:
    """Deployed as its designer asked: with Python."""
    file = drawn(text, **more)
    findings = doctor.examine([file]).findings
    accepted = [each.id + ("=trusted" if each.code == "A04" else "") for each in findings if each.repairable]
    found = definitions.deploy(session, [file], accepted=accepted, by=by, now=MONDAY)
    session.commit()
    return found


def ready(session: Session, text: str, adam: Person, **more: str) -> Definition:
    found = trusted(session, text, **more)
    approvals.approve(session, found, by=adam, now=MONDAY)
    session.commit()
    return found


# ------------------------------------------------------------------------------------------------ what they do


def test_a_script_of_assignments_runs_in_the_fenced_language(world: World) -> None:
    definition = world.deploy(drawn("total = sum([1, 2])\nrebate = total * 2"))
    running = world.start(definition)

    world.complete(running, "ask")

    assert definition.policy == "safe"
    assert world.open_(running) == ["look"]
    assert world.rows(Definition)[0].approved_at is None


@pytest.mark.parametrize("text", ["total = (lambda: 1)()", "total = __import__('os').getpid()"])
def test_python_is_not_kept_unless_the_designer_asks_for_it(world: World, text: str) -> None:
    running = world.start(world.deploy(drawn(text)))

    world.complete(running, "ask")

    assert world.open_(running) == ["count"], "it became a person's task"


def test_an_assignment_that_cannot_be_worked_out_is_refused_and_names_the_step(world: World) -> None:
    running = world.start(world.deploy(drawn("total = 1 / (ask_again or 0)", before="")))

    with pytest.raises(ExpressionFailed, match="“count”"):
        world.complete(running, "ask")

    assert world.open_(running) == ["ask"]


def test_an_approved_script_works_values_out(world: World, session: Session, adam: Person) -> None:
    definition = ready(session, COUNT, adam)
    running = instances.start(session, definition, by=None, now=MONDAY)
    from_run = scripts.run(COUNT, {"lines": [{"net": 10}, {"net": Decimal("2.5")}], "secret": 1}, now=MONDAY)

    assert from_run == {"total": 12.5, "rebate": 1.25}
    assert running.ended_at is None


def test_what_a_script_gives_reaches_the_next_step(world: World, session: Session, adam: Person) -> None:
    definition = ready(session, "lines = [{'net': 4}]\n" + COUNT, adam)
    running = world.start(definition)

    world.complete(running, "ask")

    (look,) = [row for row in world.rows(instances.UserTask) if row.element == "look"]
    assert look.data["rebate"] == 0.4
    assert "line" not in look.data, "what only a loop sets is the script's own"


@pytest.mark.parametrize(
    ("text", "scope", "gives"),
    [
        ("x = a + 1", {"a": 1}, {"x": 2}),
        ("a['k'] = [1]", {"a": {"j": 0}}, {"a": {"j": 0, "k": [1]}}),
        ("x = a", {"a": date(2026, 3, 2)}, {"x": "2026-03-02"}),
        ("x = [now().isoformat(), str(today())]", {}, {"x": ["2026-11-16T09:00:00+00:00", "2026-11-16"]}),
        ("import math\nx = math.floor(2.5)", {}, {"x": 2}),
        ("import datetime, decimal\nx = [datetime.date(2026, 1, 2), decimal.Decimal('1.5'), {2, 1}]", {}, {"x": ["2026-01-02", 1.5, [1, 2]]}),
        ("def twice(n):\n    return 2 * n\nx = twice(21)", {}, {"x": 42}),
        ("_inner = lambda: 1\nx = _inner()", {}, {"x": 1}),
        ("x = 10**18", {}, {"x": 1e18}),
        ("print('to nobody')\nx = 'zażółć'", {}, {"x": "zażółć"}),
        ("x = y = 1\nfor i in [1]:\n    z = i\nwith_ = 1", {}, {"x": 1, "y": 1, "z": 1, "with_": 1}),
        ("if False:\n    x = 1", {}, {}),
        ("a = a", {"a": 1}, {}),
    ],
)  # fmt: skip
def test_values_go_in_and_come_out_as_data(text: str, scope: dict[str, Any], gives: dict[str, Any]) -> None:
    assert scripts.run(text, scope, now=MONDAY) == gives


@pytest.mark.parametrize(
    ("text", "refusal", "words"),
    [
        ("x = 1\ny = x / 0", Raised, "line 2: ZeroDivisionError"),
        ("def f():\n    return nothing\nf()", Raised, "line 2: NameError"),
        ("x = (", Raised, "line 1: '\\(' was never closed"),
        ("import os", Raised, "not os"),
        ("x = lambda: 1", NotData, "“x” ends as something"),
        ("x = [float('nan')]", NotData, "“x”"),
        ("raise SystemExit('no')", Raised, "SystemExit: no"),
        ("x = 'a' * 300_000", TooMuchData, "256 KB"),
        ("x = len(a)", TooMuchData, "256 KB"),
        ("x = " + "1 + " * 9000 + "1", Raised, "longer than"),
    ],
)
def test_a_refusal_says_why_and_where(text: str, refusal: type[Refusal], words: str) -> None:
    with pytest.raises(refusal, match=words):
        scripts.run(text, {"a": "a" * 300_000})


def test_only_what_a_script_reads_is_given_to_it() -> None:
    found = outline("total = deal['amount'] + sum(n for n in lines)\nimport math as m\n_x = other\n")

    assert found.reads >= {"deal", "lines", "other"}
    assert found.needs == {"deal", "lines", "other"}
    assert found.gives == {"total"}


# ------------------------------------------------------------------------------------------------ four eyes


def test_a_version_with_python_waits_for_an_administrator(
    session: Session, dorota: Person, adam: Person
) -> None:
    definition = trusted(session, COUNT, by=dorota)

    with pytest.raises(NotApproved, match="Version 1"):
        instances.start(session, definition, by=dorota, now=MONDAY)

    approvals.approve(session, definition, "read it", by=adam, now=MONDAY)
    instances.start(session, definition, by=dorota, now=MONDAY)
    told = session.scalars(approvals.of(definition)).one()
    assert (definition.approved_by_id, told.actor_id, told.kind) == (adam.id, adam.id, "scripts_approved")
    assert told.data == {
        "process": "counting", "version": 1, "scripts": definition.scripts_hash, "reason": "read it",
    }  # fmt: skip


def test_nobody_approves_their_own_scripts(session: Session, dorota: Person, adam: Person) -> None:
    both = _somebody(session, "eryk", "designer", "administrator")
    definition = trusted(session, COUNT, by=both)

    with pytest.raises(OwnScripts):
        approvals.approve(session, definition, by=both, now=MONDAY)
    with pytest.raises(NotAllowed):
        approvals.approve(session, definition, by=dorota, now=MONDAY)
    assert definition.waits

    approvals.approve(session, definition, by=adam, now=MONDAY)
    with pytest.raises(AlreadyApproved):
        approvals.approve(session, definition, by=adam, now=MONDAY)


def test_a_safe_version_needs_no_approval(session: Session, adam: Person) -> None:
    definition = definitions.deploy(session, [drawn("total = 1")], accepted="all", by=None, now=MONDAY)

    with pytest.raises(NothingToApprove):
        approvals.approve(session, definition, by=adam, now=MONDAY)
    assert not definition.waits


def test_the_next_version_needs_its_own_approval_and_the_old_one_serves_meanwhile(
    session: Session, dorota: Person, adam: Person
) -> None:
    first = ready(session, COUNT, adam)
    second = trusted(session, COUNT + "x = 1\n", by=dorota)

    assert (second.version, second.waits) == (2, True)
    assert definitions.newest(session, "counting") == first
    assert trusted(session, COUNT) == first, "the same content is the same version, approved as it was"

    approvals.approve(session, second, by=adam, now=MONDAY)
    session.flush()
    assert definitions.newest(session, "counting") == second


def test_a_waiting_version_is_not_where_cases_begin_by_themselves(session: Session, adam: Person) -> None:
    first = ready(session, COUNT, adam)
    trusted(session, COUNT + "x = 1\n")
    lonely = trusted(session, COUNT, key="alone")

    assert session.scalars(definitions.startable()).all() == [first]
    assert definitions.newest(session, "alone") == lonely, (
        "somebody who presses start is told why it cannot begin"
    )


def test_a_withdrawn_approval_stops_cases_at_their_next_script(
    world: World, session: Session, adam: Person
) -> None:
    definition = ready(session, COUNT, adam)
    running = world.start(definition)
    with pytest.raises(WithdrawalReasonMissing):
        approvals.withdraw(session, definition, " ", by=adam, now=MONDAY)
    approvals.withdraw(session, definition, "reads too much", by=adam, now=MONDAY)
    session.commit()

    with pytest.raises(ScriptNotApproved, match="“count”"):
        world.complete(running, "ask")
    with pytest.raises(NotApproved):
        world.start(definition)
    with pytest.raises(NothingToWithdraw):
        approvals.withdraw(session, definition, "again", by=adam, now=MONDAY)

    assert world.open_(running) == ["ask"], "the command left nothing behind"
    assert [each.data["reason"] for each in session.scalars(approvals.of(definition)) if each.data] == [
        "reads too much",
        "",
    ]


def test_an_approval_of_other_scripts_is_none(world: World, session: Session, adam: Person) -> None:
    definition = ready(session, COUNT, adam)
    definition.scripts_hash = "0" * 64
    session.commit()
    running = world.start(definition)

    with pytest.raises(ScriptNotApproved):
        world.complete(running, "ask")


def test_a_failing_script_after_a_timer_becomes_an_incident_and_can_be_retried(
    world: World, session: Session, adam: Person
) -> None:
    definition = ready(session, "x = 1\nx /= 0", adam, before="PT1H", key="late")
    running = world.start(definition)

    world.later(days=3)

    (incident,) = world.incidents()
    assert (incident.code, incident.element) == ("ScriptFailed", "pause")
    assert "“count”" in incident.message
    assert "ZeroDivisionError" in incident.message
    assert world.instance(running).ended_at is None
    assert world.open_(running) == []


def test_a_failing_script_takes_the_whole_command_back(world: World, session: Session, adam: Person) -> None:
    definition = ready(session, "x = 1\nwhile x: pass", adam)
    running = world.start(definition)
    before = (world.history(running), world.rows(Instance)[0].state)

    with pytest.raises(ScriptFailed, match=r"“count”.*longer than a script may"):
        world.complete(running, "ask")

    assert (world.history(running), world.rows(Instance)[0].state) == before
    assert [row.kind for row in world.rows(Event)].count("completed") == 0


def test_a_script_that_lies_in_an_old_executable_is_refused(session: Session) -> None:
    """Whoever puts Python into an executable without the blueprint's knowing gets nowhere."""
    definition = definitions.deploy(session, [drawn("total = 1")], accepted="all", by=None, now=MONDAY)
    program = definitions.program(session, definition)
    run = instances.Run.start(program, {}, facts=dict, now=MONDAY)
    node = next(each for each in program.spec.task_specs.values() if each.bpmn_id == "count")
    was, node.script = node.script, "import os\nos.getpid()"
    try:
        with pytest.raises(ScriptRefused, match="“count”"):
            run.complete(run.waiting()[0].token, {})
    finally:
        node.script = was


# ------------------------------------------------------------------------------------------------ the worker


@pytest.fixture
def workers() -> Iterator[worker.Workers]:
    made = worker.Workers(2)
    yield made
    made.close()


REQUEST = b'{"script":"x = 1","data":{},"names":["x"],"now":"2026-11-16T09:00:00+00:00","today":"2026-11-16"}'


def test_one_warm_interpreter_serves_one_call_after_the_other(workers: worker.Workers) -> None:
    assert workers.pids == []

    answers = {workers.run(REQUEST) for _ in range(20)}

    assert answers == {b'{"ok":{"x":1}}'}
    assert len(workers.pids) == 1


def test_a_worker_that_died_is_replaced_without_a_word(workers: worker.Workers) -> None:
    workers.run(REQUEST)
    (first,) = workers.pids
    psutil.Process(first).kill()

    assert workers.run(REQUEST) == b'{"ok":{"x":1}}'
    assert workers.pids != [first]
    assert not psutil.pid_exists(first), "it was waited for"


def test_a_worker_that_does_not_answer_is_replaced(
    workers: worker.Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "PATIENCE", -0.7)
    workers.run(REQUEST)
    (first,) = workers.pids
    psutil.Process(first).suspend()

    assert workers.run(REQUEST) == b'{"ok":{"x":1}}'
    assert not psutil.pid_exists(first)


def test_no_script_outlives_its_call_and_no_interpreter_its_host(workers: worker.Workers) -> None:
    for text in ("while True: pass", "x = 1", "raise SystemExit"):
        workers.run(REQUEST.replace(b"x = 1", text.encode())) if "while" not in text else _late(workers, text)
    (inside,) = map(psutil.Process, workers.pids)

    assert inside.children() == []
    workers.close()
    assert not psutil.pid_exists(inside.pid)
    assert [each for each in psutil.Process().children() if each.status() == psutil.STATUS_ZOMBIE] == []


def _late(workers: worker.Workers, text: str) -> None:
    with pytest.raises(scripts.ScriptStopped, match="longer than"):
        workers.run(REQUEST.replace(b"x = 1", text.encode()))


def test_threads_share_interpreters_but_never_at_once(workers: worker.Workers) -> None:
    found: dict[int, bytes] = {}

    def ask(number: int) -> None:
        for _ in range(10):
            found[number] = workers.run(REQUEST.replace(b"x = 1", f"x = {number}".encode()))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == {number: b'{"ok":{"x":%d}}' % number for number in range(6)}
    assert len(workers.pids) <= 2


def test_one_endless_script_does_not_hold_up_another(workers: worker.Workers) -> None:
    endless = threading.Thread(target=_late, args=(workers, "while True: pass"))
    endless.start()
    time.sleep(0.3)
    begin = time.perf_counter()

    workers.run(REQUEST)

    assert time.perf_counter() - begin < 0.6
    endless.join()


def test_a_script_leaves_nothing_for_the_next() -> None:
    scripts.run("import math\nmath.pi = 3\nlen = 5\nx = math.pi", {})

    assert scripts.run("import math\nx = [math.pi > 3.1, len('ab')]", {}) == {"x": [True, 2]}
    assert scripts.run("import random\nx = random.random()", {}) != scripts.run(
        "import random\nx = random.random()", {}
    )


def test_what_a_script_writes_by_itself_is_no_answer() -> None:
    forged = 'import random\no = random._os\no.write(0, b\'{"ok":{"x":7}}\')\n'

    for text in (forged, forged + "o._exit(0)", "import random\nrandom._os._exit(0)"):
        with pytest.raises(NoAnswer):
            scripts.run(text + "\nx = 1", {})
    assert scripts.run("x = 1", {}) == {"x": 1}, "the next call hears its own answer"


def test_names_that_were_not_asked_for_do_not_come_back() -> None:
    assert scripts.run("globals()['hidden'] = 1\n_own = 2\nx = 3", {}) == {"x": 3}


def test_where_there_is_no_fork_python_is_refused_and_says_so(
    workers: worker.Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "fork")

    with pytest.raises(NotHere, match="cannot run on this machine"):
        workers.run(REQUEST)


def test_where_there_is_no_interpreter_python_is_refused(
    workers: worker.Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    with pytest.raises(NotHere):
        workers.run(REQUEST)


def test_a_forked_host_starts_its_own_and_leaves_the_other_alone() -> None:
    """As under a server that forks its workers; in a process of its own, since pytest must not be forked."""
    told = subprocess.run(
        [sys.executable, "-c", FORKING], capture_output=True, text=True, timeout=30, check=True
    )

    assert told.stdout.split() == ["own", "same", "clean"]
    assert told.stderr == ""


FORKING = """
import os
from engine.process import scripts
from engine.process.scripts import worker
scripts.run("x = 1", {})
before = worker.workers.pids
child = os.fork()
if child == 0:
    scripts.run("x = 1", {})
    print("own" if worker.workers.pids != before else "shared", flush=True)
    worker.workers.close()
    os._exit(0)
os.waitpid(child, 0)
assert scripts.run("x = 2", {}) == {"x": 2}
print("same" if worker.workers.pids == before else "other")
worker.workers.close()
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("clean")
"""


def test_the_worker_knows_neither_our_environment_nor_our_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "for tests only")

    found = scripts.run(
        "import random\n_o = random._os\nx = [dict(_o.environ), 'engine' in _o.sys.modules]", {}
    )

    assert "SECRET_KEY" not in found["x"][0]
    assert found["x"][1] is False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the filter is Linux's")
@pytest.mark.parametrize(
    "call", ["mkdir('/tmp/x-y')", "fork()", "kill(_o.getppid(), 0)", "listdir('/')", "pipe()"]
)
def test_the_kernel_permits_a_script_none_of_this(call: str) -> None:
    with pytest.raises(Raised, match="line 3: PermissionError"):
        scripts.run(f"import random\n_o = random._os\n_o.{call}", {})
