"""Repeated activities of the token game: standard loops, multi-instance at once and one after another."""

from collections.abc import Callable
from typing import Any

from tests.engine.process.token_diagrams import text_of
from tests.engine.process.token_places import Work, merge, values


class Loops:
    """The part of the game that repeats; the game itself begins and completes works."""

    evaluate: Any
    _begin: Callable[..., None]
    _complete: Callable[..., None]
    _drop: Callable[..., None]
    _later: Callable[..., None]
    _next: Callable[[], int]
    _written: Any

    def _begin_many(self, work: Work) -> None:
        many = _many(work)
        if many is None:
            if work.node.repeats.get("testBefore") == "true" and self._loop_over(work):
                return self._later(work.frame, self._complete, work)
            return self._begin_one(work)
        if name := text_of(work.node.of_loop("loopDataOutputRef")):
            work.data = self._written(work.data, {name: []})
        items = self._items(work)
        for _ in items[:1] if many.get("isSequential") == "true" else items:
            self._begin_one(work)
        return None if items else self._later(work.frame, self._complete, work)

    def _items(self, work: Work) -> list[Any]:
        source = text_of(work.node.of_loop("loopDataInputRef")) or text_of(
            work.node.of_loop("loopCardinality")
        )
        found = self.evaluate(source, values(work.data))
        if isinstance(found, int):
            return list(range(found))
        return list(found.values() if isinstance(found, dict) else found or ())

    def _begin_one(self, work: Work) -> None:
        data = dict(work.data)
        if (item := work.node.of_loop("inputDataItem")) is not None:
            data = self._written(data, {_variable(item): self._items(work)[work.begun]})
        instance = Work(self._next(), work.frame, work.node, data, work, entered=data, index=work.begun)
        work.begun += 1
        work.instances.append(instance)
        self._begin(instance)

    def _one_done(self, work: Work, instance: Work) -> None:
        work.instances.remove(instance)
        instance.gone = True
        work.done += 1
        many = _many(work)
        if many is None:
            work.data = instance.data
            return self._complete(work) if self._loop_over(work) else self._begin_one(work)
        self._keep(work, instance)
        until = text_of(work.node.of_loop("completionCondition"))
        over = work.done >= (len(self._items(work)) if many.get("isSequential") == "true" else work.begun)
        if over or (until and self.evaluate(until, values(instance.data) | values(work.data))):
            for other in list(work.instances):
                self._drop(other)
            work.instances.clear()
            return self._complete(work)
        return self._begin_one(work) if many.get("isSequential") == "true" else None

    def _keep(self, work: Work, instance: Work) -> None:
        """What an instance leaves behind: its result in the list, or what it changed."""
        result, item = work.node.of_loop("outputDataItem"), work.node.of_loop("inputDataItem")
        if name := text_of(work.node.of_loop("loopDataOutputRef")):
            written = instance.data.get(_variable(result)) if result is not None else None
            work.results[instance.index or 0] = written.value if written is not None else None
            work.data = self._written(work.data, {name: [work.results[key] for key in sorted(work.results)]})
        else:
            own = {_variable(each) for each in (result, item) if each is not None}
            kept = {name: write for name, write in instance.data.items() if name not in own}
            work.data = merge([work.data, kept])

    def _loop_over(self, work: Work) -> bool:
        loop = work.node.repeats
        condition = text_of(work.node.of_loop("loopCondition"))
        if loop.get("loopMaximum") and work.done >= int(loop.get("loopMaximum")):
            return True
        return bool(condition) and not self.evaluate(condition, values(work.data))


def _variable(item: Any) -> str:
    return str(item.get("name") or item.get("id"))


def _many(work: Work) -> Any:
    repeats = work.node.repeats
    return repeats if "multiInstance" in repeats.tag else None
