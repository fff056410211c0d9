"""Files of other tools: everything is deployable after the repairs or refused by name, and nothing is lost."""

import pytest

from engine.process import doctor
from tests.engine.process.doctor_kit import KNOWN, compiled, diagram, flows
from tests.engine.process.vendors import duels
from tests.engine.process.vendors.accounts import lost
from tests.engine.process.vendors.validity import violations
from tests.engine.process.vendors.writing import drawn, written

RUNS = 5
MOST_ENDLESS = 0.02
"""The share of large files whose cases may go on for too long, as they are drawn: a fork on a circle sends one token
out and another round again, or a step done 200 times lies in a part done 200 times."""


def check(seed: int, size: int = 8) -> doctor.Examined:
    """All that is promised for one file, and that its cases come to an end."""
    plain, outcomes = examine(seed, size)
    assert outcomes <= {"ended", "watching"}
    return plain


def examine(seed: int, size: int) -> tuple[doctor.Examined, set[str]]:
    """All that is promised for one file; how its cases went."""
    files, root = written(seed, size=size), drawn(seed, size=size)
    plain = doctor.examine(files, known=KNOWN)
    mended = doctor.examine(files, known=KNOWN, accepted="all")
    if mended.compiled is None:
        named = [each for each in mended.findings if each.severity == "error" and not each.accepted]
        assert named
        assert all(each.element or files[0].name in each.message.en for each in named), named
        return plain, set()
    assert violations(mended.compiled.executable) == []
    assert lost(root, mended) == []
    return plain, {duels.play(mended.compiled, run) for run in range(RUNS)}


@pytest.mark.parametrize("seed", range(9001, 9013))
def test_a_file_of_another_tool_runs_after_its_repairs(seed: int) -> None:
    check(seed, size=5)


@pytest.mark.slow
def test_ninety_files_run_and_agree_with_the_token_game_where_they_stop() -> None:
    codes = {finding.code for seed in range(90) for finding in check(seed).findings}

    assert len(codes) > 60, "the files show most of what can be found"


@pytest.mark.long
@pytest.mark.parametrize("start", range(1000, 3000, 250))
def test_two_thousand_files_run_and_agree(start: int) -> None:
    endless = []
    for seed in range(start, start + 250):
        _, outcomes = examine(seed, size=12)
        assert outcomes <= {"ended", "watching", "long"}, seed
        endless += [seed] if "long" in outcomes else []

    assert len(endless) <= MOST_ENDLESS * 250, endless


def test_at_least_ninety_nine_of_a_hundred_can_be_deployed() -> None:
    examined = [
        doctor.examine(written(seed, size=4), known=KNOWN, accepted="all") for seed in range(400, 500)
    ]

    assert sum(each.compiled is not None for each in examined) >= 99


def test_without_changing_a_join_or_a_loss_most_can_be_deployed() -> None:
    surveys = [doctor.survey(written(seed, size=4), known=KNOWN) for seed in range(500, 560)]
    joins = [any(each.code in {"J01", "W01"} for each in survey.findings) for survey in surveys]

    assert sum(joins) <= 0.2 * len(surveys), "one block in twelve is drawn wrong on purpose"


def test_the_same_file_is_examined_the_same_way_every_time() -> None:
    for seed in range(20):
        files = written(seed)
        assert doctor.examine(files, accepted="all") == doctor.examine(files, accepted="all")


def test_three_files_of_one_upload_may_number_their_steps_alike() -> None:
    files = [
        doctor.File(f"{name}.bpmn", ALIKE.replace("KEY", name).replace("CALLS", calls).encode())
        for name, calls in (("main", "part"), ("part", "rest"), ("rest", "elsewhere"))
    ]

    what = compiled(doctor.examine(files, known=KNOWN, accepted="all"))

    assert what.process == "main"
    assert set(what.blueprint.diagrams) == {"main", "part", "rest"}
    assert violations(what.executable) == []
    assert duels.play(what, 1) == "ended"


def test_an_answer_goes_to_the_same_instance_in_the_engine_and_in_the_game() -> None:
    def many(often: str) -> str:
        inside = f"<loopCardinality>{often}</loopCardinality>"
        return f"<multiInstanceLoopCharacteristics>{inside}</multiInstanceLoopCharacteristics>"

    body = (
        f'<startEvent id="s"/><subProcess id="order">{many("3")}<startEvent id="in"/>'
        f'<userTask id="line">{many("${list.size()}")}</userTask><userTask id="last"/><endEvent id="out"/>'
        f'{flows("in>line", "line>last", "last>out")}</subProcess><endEvent id="e"/>{flows("s>order", "order>e")}'
    )
    what = compiled(doctor.examine([doctor.File("one.bpmn", diagram(body))], known=KNOWN, accepted="all"))

    assert {duels.play(what, run) for run in range(12)} == {"ended"}


ALIKE = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="urn:t">'
    '<bpmn:process id="KEY" isExecutable="true"><bpmn:startEvent id="StartEvent_1"/><bpmn:task id="Task_1"/>'
    '<bpmn:callActivity id="Call_1" calledElement="x:CALLS"/><bpmn:endEvent id="End_1"/>'
    '<bpmn:sequenceFlow id="f1" sourceRef="StartEvent_1" targetRef="Task_1"/>'
    '<bpmn:sequenceFlow id="f2" sourceRef="Task_1" targetRef="Call_1"/>'
    '<bpmn:sequenceFlow id="f3" sourceRef="Call_1" targetRef="End_1"/></bpmn:process></bpmn:definitions>'
)
