"""Random block-structured processes: every block has one way in and one way out, so each run must reach its end."""

import random
from dataclasses import dataclass, field

from tests.engine.process.drawing import Drawing, cycle, duration, each, message, repeat

VARIABLES = ("k0", "k1", "k2", "tick")
CONDITIONS = ("True", "False", "k0 % 2 == 0", "k1 > k2")
Ends = tuple[str, str]


@dataclass
class Maker:
    """Draws blocks into a drawing; called processes are collected beside it."""

    dice: random.Random
    drawing: Drawing
    called: list[Drawing] = field(default_factory=list)
    made: int = 0
    prefix: str = ""

    def name(self, kind: str) -> str:
        self.made += 1
        return f"{self.prefix}{kind}{self.made}"

    def block(self, depth: int) -> Ends:
        kinds = ["task"] * 4
        if depth:
            kinds += [
                "row",
                "fork",
                "choice",
                "some",
                "circle",
                "guarded",
                "guarded",
                "sub",
                "call",
                "each",
                "repeat",
                "uneven",
            ]
        made: Ends = getattr(self, self.dice.choice(kinds))(depth)
        return made

    def task(self, depth: int, many: str = "") -> Ends:
        key = self.name("t")
        self.drawing.task(key, many=many)
        return key, key

    def each(self, depth: int) -> Ends:
        return self.task(depth, each(self.dice.choice("0123"), one_by_one=self.dice.random() < 0.5))

    def repeat(self, depth: int) -> Ends:
        return self.task(depth, repeat(maximum=2))

    def row(self, depth: int) -> Ends:
        (first, to), (source, last) = self.block(depth - 1), self.block(depth - 1)
        self.drawing.flow(to, source)
        return first, last

    def fork(self, depth: int) -> Ends:
        split, join = self.name("split"), self.name("join")
        self.drawing.fork(split, join)
        for _ in range(self.dice.randint(2, 3)):
            first, last = self.block(depth - 1)
            self.drawing.flow(split, first).flow(last, join)
        return split, join

    def uneven(self, depth: int) -> Ends:
        """A fork whose second branch forks again; one join takes them all."""
        split, again, join = self.name("split"), self.name("again"), self.name("join")
        self.drawing.fork(split, again, join).flow(split, again)
        for source in (split, again, again):
            first, last = self.block(depth - 1)
            self.drawing.flow(source, first).flow(last, join)
        return split, join

    def choice(self, depth: int) -> Ends:
        return self._conditional("exclusiveGateway", depth)

    def some(self, depth: int) -> Ends:
        return self._conditional("inclusiveGateway", depth)

    def _conditional(self, tag: str, depth: int) -> Ends:
        split, join = self.name("if"), self.name("end_if")
        self.drawing.node(tag, split, join)
        for branch in range(self.dice.randint(2, 3)):
            first, last = self.block(depth - 1)
            when = self.dice.choice(CONDITIONS) if branch else None
            self.drawing.flow(split, first, when, default=not branch).flow(last, join)
        return split, join

    def circle(self, depth: int) -> Ends:
        """Goes round until the clock of the test says otherwise; what is inside may join and split."""
        enter, more, out = self.name("enter"), self.name("more"), self.name("out")
        self.drawing.choice(enter, more, out)
        first, last = self.block(depth - 1)
        pause = self.name("t")
        self.drawing.task(pause).path(enter, first).path(last, pause, more)
        self.drawing.flow(more, enter, "tick % 3 != 0").flow(more, out, default=True)
        return enter, out

    def guarded(self, depth: int) -> Ends:
        body, boundary, after = self._body(depth), self.name("b"), self.name("t")
        interrupting = self.dice.random() < 0.5
        event = self.dice.choice((duration('"P9D"'), message("anything"), cycle('"R3/P1D"')))
        self.drawing.boundary(boundary, body, event, interrupting=interrupting).task(after).flow(
            boundary, after
        )
        if interrupting:
            merge = self.name("merge")
            self.drawing.choice(merge).flow(body, merge).flow(after, merge)
            return body, merge
        aside = self.name("aside")
        self.drawing.end(aside).flow(after, aside)
        return body, body

    def _body(self, depth: int) -> str:
        kinds = (self.task, self.sub, self.call, self.each)
        return self.dice.choice(kinds)(depth)[0]

    def sub(self, depth: int) -> Ends:
        key = self.name("sub")
        self.drawing.inside(key, self._inner(key, depth))
        return key, key

    def call(self, depth: int) -> Ends:
        key = self.name("call")
        self.called.append(self._inner(f"{key}_body", depth))
        self.drawing.call(key, f"{key}_body")
        return key, key

    def _inner(self, key: str, depth: int) -> Drawing:
        inner = Maker(self.dice, Drawing(key), prefix=f"{key}_")
        finish(inner, depth - 1)
        self.called += inner.called
        return inner.drawing


def finish(maker: Maker, depth: int) -> None:
    begin, end = maker.name("start"), maker.name("end")
    first, last = maker.block(max(depth, 0))
    maker.drawing.start(begin).end(end).flow(begin, first).flow(last, end)


def process(seed: int, depth: int = 3) -> tuple[Drawing, list[Drawing]]:
    """A random process and what it calls, the same for the same seed."""
    maker = Maker(random.Random(seed), Drawing("p"))
    finish(maker, depth)
    return maker.drawing, maker.called
