"""Activities done many times: while a condition holds, for every item at once, or one item after another."""

from typing import Any

from engine.process.spiff import values
from engine.process.spiff.nodes import Node
from engine.process.spiff.refusals import ExpressionFailed, TooMany
from engine.process.spiff.tokens import READY, STARTED, Token

MOST_AT_ONCE, MOST_IN_TURN = 1000, 10_000
"""How often an activity is done in one pass: each instance at once is a token, of those in turn only one stands."""


class Looping(Node):
    """An activity done many times: its token waits STARTED for the tokens of its instances, which are the steps."""

    sequential = False
    """Whether an instance begins only when the one before is done."""

    def shows(self, token: Token) -> bool:
        return not token.internal_data.get("done")

    def child_done(self, token: Token, child: Token) -> None:
        if token.is_open and child.task_spec.name == self.task_spec:
            self.instance_done(token, child)

    def instance_done(self, token: Token, instance: Token) -> None:
        """Keep what the instance brought; end, or begin the next one."""
        raise NotImplementedError

    def begin(self, token: Token, index: int) -> Token:
        """The token of a new instance, not yet arrived."""
        token.workflow.top_workflow.charge(token)
        instance = token._add_child(self._wf_spec.task_specs[self.task_spec])
        instance.internal_data["index"] = index
        return instance


class Loop(Looping):
    """A standard loop: one instance after another while the condition holds."""

    sequential = True

    def arrive(self, token: Token) -> bool:
        token._inherit_data()
        token.internal_data = {"done": 0}
        if self.test_before and self._is_over(token):
            return True
        token._set_state(STARTED)
        self._begin(token)
        return False

    def instance_done(self, token: Token, instance: Token) -> None:
        """One instance was completed: its changes are the loop's."""
        token.data = values.copied(instance.data)
        token.internal_data["done"] += 1
        if self._is_over(token):
            token._set_state(READY)
        else:
            self._begin(token)

    def _begin(self, token: Token) -> None:
        instance = self.begin(token, token.internal_data["done"])
        instance.task_spec._update(instance)

    def _is_over(self, token: Token) -> bool:
        if self.maximum is not None and token.internal_data["done"] >= self.maximum:
            return True
        if self.condition is None:
            return False
        return not token.workflow.script_engine.evaluate(token, self.condition)


class Each(Looping):
    """Multi-instance over a list, a mapping or a number, at once or one after another.

    Without an output list the changes of the instances are merged; with one, each pass begins it anew, in the
    order of the items. The item's own name stays inside its instance.
    """

    def arrive(self, token: Token) -> bool:
        token._inherit_data()
        items = self._items(token)
        most = MOST_IN_TURN if self.sequential else MOST_AT_ONCE
        if len(items) > most:
            raise TooMany(element=token.label, most=most)
        token.internal_data = {"of": len(items), "done": 0, "next": 0}
        if self.data_output is not None:
            token.internal_data["results"] = {}
            token.data[self.data_output.bpmn_id] = []
        if not items:
            return True
        token._set_state(STARTED)
        for _ in items[:1] if self.sequential else items:
            self._begin(token, items)
        return False

    def instance_done(self, token: Token, instance: Token) -> None:
        """One instance was completed: keep its result, then end, or begin the next."""
        token.internal_data["done"] += 1
        self._keep(token, instance)
        if self._is_over(token, instance):
            for other in token.children:
                other.cancel()
            token._set_state(READY)
        elif self.sequential:
            self._begin(token, self._items(token))

    def _is_over(self, token: Token, instance: Token) -> bool:
        of = len(self._items(token)) if self.sequential else token.internal_data["of"]
        if token.internal_data["done"] >= of:
            return True
        if self.condition is None:
            return False
        engine = token.workflow.script_engine
        return bool(engine.evaluate(instance, self.condition, external_context=self._results(token)))

    def _items(self, token: Token) -> list[tuple[Any, Any]]:
        """Pairs of key and item; the key is a place in a list or a name in a mapping."""
        source = self.cardinality if self.data_input is None else self.data_input.bpmn_id
        many = token.workflow.script_engine.evaluate(token, source)
        if isinstance(many, dict):
            return list(many.items())
        if isinstance(many, int):
            return list(enumerate(range(min(many, MOST_IN_TURN + 1))))
        if not (many is None or isinstance(many, list | tuple | range)):
            raise ExpressionFailed(element=token.label, expression=source, reason=f"{many!r:.60}")
        return list(enumerate(many or ()))

    def _begin(self, token: Token, items: list[tuple[Any, Any]]) -> None:
        index = token.internal_data["next"]
        token.internal_data["next"] = index + 1
        instance = self.begin(token, index)
        if self.input_item is not None:
            instance.data[_variable(self.input_item)] = values.plain(items[index][1])
        instance.task_spec._update(instance)

    def _keep(self, token: Token, instance: Token) -> None:
        if self.data_output is None:
            own = {_variable(each) for each in (self.input_item, self.output_item) if each is not None}
            # One after another began where the last one stopped; all at once began together.
            base = token.data if self.sequential else token.parent.data
            seen = {name: value for name, value in instance.data.items() if name not in own}
            seen |= {name: base[name] for name in own if name in base}
            token.data = values.three_way(base, [token.data, seen])
            return
        item = instance.data.get(_variable(self.output_item)) if self.output_item is not None else None
        token.internal_data["results"][str(instance.internal_data["index"])] = item
        token.data.update(self._results(token))

    def _results(self, token: Token) -> dict[str, Any]:
        if self.data_output is None:
            return {}
        found = token.internal_data["results"]
        return {self.data_output.bpmn_id: [values.copied(found[key]) for key in sorted(found, key=int)]}


def _variable(item: Any) -> str:
    """The name an instance knows its item by; the id has to be one of a kind in the whole file."""
    return str(item.bpmn_name or item.bpmn_id)


class OneByOne(Each):
    """Multi-instance, one after another."""

    sequential = True
