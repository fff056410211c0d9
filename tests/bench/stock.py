"""What the same loop costs on SpiffWorkflow alone: the whole workflow as JSON, loaded, moved one step and saved."""

from collections.abc import Iterator

from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from engine.process.blueprint import Blueprint, Text
from engine.process.program import Program, parse
from engine.process.runner import Run
from tests.bench import diagrams
from tests.bench.figures import Figure, in_turn, ratio

ROUNDS, AGE = 3, 400


def figures() -> Iterator[Figure]:
    """At 400 rounds: beyond 500 SpiffWorkflow alone no longer finds the task."""
    stock, ours, alone, mine = Stock(), Ours(), [], []
    for _ in range(AGE):
        stock.step()
        ours.round()
    for _ in range(ROUNDS):
        taken = in_turn(5, stock=stock.round, ours=ours.round)
        alone.append(taken["stock"])
        mine.append(taken["ours"])
    yield ratio(
        f"SpiffWorkflow alone against the engine at {AGE} rounds, CPU", alone, mine, target=50, at_least=True
    )


class Stock:
    """The loop in memory, and as its serializer writes it."""

    def __init__(self) -> None:
        parser = BpmnParser()
        parser.add_bpmn_str(diagrams.CIRCLE.encode())
        self.workflow = BpmnWorkflow(parser.get_spec("circle"))
        self.serializer = BpmnWorkflowSerializer()
        self.workflow.do_engine_steps()

    def step(self) -> None:
        """Complete the one open task."""
        (task,) = self.workflow.get_tasks(state=TaskState.READY, manual=True)
        task.run()
        self.workflow.do_engine_steps()

    def round(self) -> None:
        """Load, step, save."""
        text = self.serializer.serialize_json(self.workflow)
        self.workflow = self.serializer.deserialize_json(text)
        self.step()


class Ours:
    """The same loop as the engine keeps it."""

    def __init__(self) -> None:
        self.program: Program = parse(
            diagrams.CIRCLE.encode(), Blueprint("circle", Text("circle", "circle"), "plain", {}), decisions={}
        )
        self.state = Run.start(self.program, {}, facts=dict).dump()

    def round(self) -> None:
        """Load, step, save."""
        run = Run.load(self.program, self.state, facts=dict)
        (task,) = (each for each in run.waiting() if each.kind == "task")
        run.complete(task.token, {})
        self.state = run.dump()
