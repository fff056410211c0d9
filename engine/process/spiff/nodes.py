"""Tasks, sub-processes, choices: what a token does on each of them.

The parser's specs keep their wiring and take one of these classes (see `engine.process.program`): a token arrives,
works, is completed, and goes on along the ways out.
"""

from collections.abc import Iterable
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec

from engine.process.spiff import values
from engine.process.spiff.refusals import DecisionMissing, NoWayOut
from engine.process.spiff.tokens import FUTURE, READY, STARTED, WAITING, Token


class Node(BpmnTaskSpec):  # type: ignore[misc]
    """A node that a token passes without stopping."""

    waits = 0
    """States in which a token counts as standing here for all to see."""
    is_guard = False
    """Whether this is a boundary event."""

    def arrive(self, token: Token) -> bool:
        """A token comes in: True when it may go to work at once."""
        token._inherit_data()
        return True

    def work(self, token: Token) -> bool | None:
        """Do what the node is for: True when done, None when the host will say so."""
        return True

    def completed(self, token: Token) -> None:
        """The token has passed; throw, end, merge."""

    def child_done(self, token: Token, child: Token) -> None:
        """A token that came from this one has passed its node: guards and loops want to know."""

    def ways(self, token: Token) -> list[Any]:
        """The nodes to go to next."""
        return list(self.outputs)

    def catchers(self, token: Token) -> Iterable[Any]:
        """The `listeners.Catcher`s of a token that waits here."""
        return ()

    def shows(self, token: Token) -> bool:
        """Whether passing here is a step of the case."""
        return True

    def reconsider(self, token: Token) -> None:
        """The token waits here and nothing else moves: look again."""

    def _update(self, my_task: Token) -> None:
        if self.arrive(my_task):
            my_task._ready()

    def _on_ready(self, my_task: Token) -> None:
        pass

    def _run(self, my_task: Token) -> bool | None:
        return self.work(my_task)

    def _on_cancel(self, my_task: Token) -> None:
        pass

    def _on_complete(self, my_task: Token) -> None:
        scope = my_task.workflow
        if self.shows(my_task):
            scope.top_workflow.tell("passed", my_task)
        seen = scope.interruptions
        self.completed(my_task)
        if my_task.parent is not None:
            my_task.parent.task_spec.child_done(my_task.parent, my_task)
        if not scope.completed and scope.interruptions == seen:
            self._follow(my_task)
        scope._task_completed_notify(my_task)

    def _follow(self, token: Token) -> None:
        for child in [token._add_child(node) for node in self.ways(token)]:
            if child.is_open:  # a boundary whose condition holds has interrupted its siblings
                child.task_spec._update(child)


class Guard(Node):
    """Stands before an activity with boundary events: the token's children are the activity and its guards."""

    def main(self) -> Any:
        """The guarded activity."""
        return self.outputs[0]

    def child_done(self, token: Token, child: Token) -> None:
        if child.task_spec is self.main():
            for child in token.children:
                if child.task_spec.is_guard and child._state == WAITING:
                    child.cancel()

    def interrupt(self, guard: Token, by: Token) -> None:
        """An interrupting boundary event fired: the activity and its other guards go."""
        for child in guard.children:
            is_armed = child.task_spec.is_guard and child._state in (WAITING, FUTURE)
            is_part = child.task_spec is self.main() or is_armed
            if is_part and child is not by:
                child.cancel()


class Human(Node):
    """A person's task: the token is READY until the person completes it."""

    waits = READY

    def _on_ready(self, my_task: Token) -> None:
        my_task.workflow.top_workflow.tell("opened", my_task)


class Call(Node):
    """A connector's work: the token is STARTED until the host brings the answer."""

    waits = STARTED

    def work(self, token: Token) -> bool | None:
        token.inputs = self.evaluated(token)
        token.workflow.top_workflow.tell("opened", token)
        return None

    def evaluated(self, token: Token) -> dict[str, Any]:
        """The inputs of the call, as they are now."""
        element = token.workflow.top_workflow.program.element(token.workflow.spec.name, self)
        engine = token.workflow.script_engine
        inputs = element.inputs if element is not None else {}
        return {name: values.plain(engine.evaluate(token, source)) for name, source in inputs.items()}


class Decision(Node):
    """A business rule: asks a decision table. What the table said last time goes first."""

    def work(self, token: Token) -> bool | None:
        program = token.workflow.top_workflow.program
        element = program.element(token.workflow.spec.name, self)
        name = element.decision if element is not None else None
        table = program.decisions.get(name)
        if table is None:
            raise DecisionMissing(element=token.label, table=name or "?")
        for output in table.outputs:
            _forget(token.data, output.split("."))
        environment = token.workflow.script_engine.environment
        answer = table.decide(environment.scope(token.data), now=environment.now)
        _put(token.data, values.accepted(answer))
        return True


def _forget(data: dict[str, Any], path: list[str]) -> None:
    *outer, last = path
    for name in outer:
        inner = data.get(name)
        if not isinstance(inner, dict):
            return
        data = inner
    data.pop(last, None)


def _put(data: dict[str, Any], answer: dict[str, Any]) -> None:
    """A nested answer joins what else is known under its name."""
    for name, value in answer.items():
        known = data.get(name)
        if isinstance(value, dict) and isinstance(known, dict):
            _put(known, value)
        else:
            data[name] = value


class Script(Node):
    """Gives names their values; see `environment.Engine.execute`."""

    def work(self, token: Token) -> bool | None:
        return bool(token.workflow.script_engine.execute(token, self.script))


class Inner(Node):
    """A sub-process, call activity or event sub-process: STARTED while its scope is open."""

    waits = STARTED | READY

    def arrive(self, token: Token) -> bool:
        token._inherit_data()
        token._set_state(STARTED)
        case = token.workflow.top_workflow
        case.tell("opened", token)
        case.charge(token)
        case.open_scope(token, self.spec)
        return False

    def _on_cancel(self, my_task: Token) -> None:
        my_task.workflow.top_workflow.drop_scope(my_task)


class Exclusive(Node):
    """The first way whose condition holds, else the default."""

    def ways(self, token: Token) -> list[Any]:
        for condition, name in self.cond_task_specs:
            if condition is not None and _holds(token, condition):
                return [self._wf_spec.task_specs[name]]
        if self.default_task_spec is None:
            raise NoWayOut(element=token.label)
        return [self._wf_spec.task_specs[self.default_task_spec]]


def holding(node: Any, token: Token) -> list[Any]:
    """Every way whose condition holds, else the ways without one. Raises NoWayOut."""
    specs = node._wf_spec.task_specs
    fitting = [
        specs[name] for condition, name in node.cond_task_specs if condition and _holds(token, condition)
    ]
    fitting = fitting or [specs[name] for condition, name in node.cond_task_specs if condition is None]
    if not fitting:
        raise NoWayOut(element=token.label)
    return fitting


def _holds(token: Token, condition: Any) -> bool:
    return bool(token.workflow.script_engine.evaluate(token, condition.args[0]))
