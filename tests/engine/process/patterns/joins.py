"""Forks and joins: in loops, uneven, inclusive, with several tokens."""

from tests.engine.process.drawing import TERMINATE, Drawing, duration, message
from tests.engine.process.patterns import Pattern


def _loop(gate: str) -> Drawing:
    drawn = (
        Drawing("loop")
        .start()
        .choice("enter", "more")
        .node(gate, "split", "join")
        .task("a", "b", "after")
        .end()
    )
    drawn.path("began", "enter", "split", "a", "join", "after", "more").path("split", "b", "join")
    return drawn.flow("more", "enter", "again").flow("more", "ended", default=True)


def _twice() -> Drawing:
    """Two tokens go through the same fork and join."""
    drawn = (
        Drawing("twice")
        .start()
        .fork("two")
        .choice("merge")
        .fork("split", "join")
        .task("a", "b", "after")
        .end()
    )
    drawn.path("began", "two", "merge", "split", "a", "join", "after", "ended").flow("two", "merge")
    return drawn.path("split", "b", "join")


def _late() -> Drawing:
    """A second token comes through the fork while the first is on its way."""
    drawn = (
        Drawing("late").start().choice("merge").fork("split", "join").task("a", "b", "after", "decide").end()
    )
    drawn.path("began", "merge", "split", "a", "join", "after", "ended").path("split", "b", "join")
    drawn.boundary("rush", "a", message("rush"), interrupting=False)
    return drawn.path("rush", "decide", "merge")


def _uneven() -> Drawing:
    """A fork within a fork; one join takes all three."""
    drawn = (
        Drawing("uneven").start().fork("split", "again", "join").task("first", "a", "b", "c", "after").end()
    )
    drawn.path("began", "split", "first", "again", "a", "join", "after", "ended")
    return drawn.path("again", "b", "join").path("split", "c", "join")


def _double_flow() -> Drawing:
    """Two flows from one fork to one join: both tokens are taken at once."""
    drawn = Drawing("double").start().fork("split", "join").task("a", "after").end()
    drawn.path("began", "split", "a", "join", "after", "ended").path("split", "join").path("split", "join")
    return drawn


def _double_some() -> Drawing:
    drawn = Drawing("double").start().fork("split").some("join").task("after").end()
    return drawn.path("began", "split", "join", "after", "ended").path("split", "join").path("split", "join")


def _some() -> Drawing:
    """Some of three ways; what is not chosen is not waited for, what is interrupted neither."""
    drawn = Drawing("some").start().choice("enter", "more").some("split", "join").end("ended", "given_up")
    drawn.task("a", "b", "c", "after").path("began", "enter", "split").path("join", "after", "more")
    for each in "abc":
        drawn.flow("split", each, f"'{each}' in wanted", default=each == "c").path(each, "join")
    drawn.boundary("lost", "b", message("lost")).path("lost", "given_up")
    return drawn.flow("more", "enter", "again").flow("more", "ended", default=True)


def _some_twice() -> Drawing:
    """Two tokens before one inclusive join: it waits for whoever may still come on an empty way."""
    drawn = (
        Drawing("some_twice")
        .start()
        .fork("two")
        .choice("left")
        .some("join")
        .task("x", "y", "z", "after")
        .end()
    )
    drawn.path("began", "two", "x", "left", "join", "after", "ended").path("two", "y", "left").path(
        "two", "z", "join"
    )
    return drawn


def _some_choice() -> Drawing:
    """The way that may be empty: a choice before the inclusive join may lead away from it."""
    drawn = (
        Drawing("maybe")
        .start()
        .fork("split")
        .some("join")
        .choice("which")
        .task("a", "b", "after", "aside")
        .end()
    )
    drawn.end("left").path("began", "split", "a", "join", "after", "ended").path("split", "b", "which")
    return drawn.flow("which", "join", "back").flow("which", "aside", default=True).path("aside", "left")


def _some_loop() -> Drawing:
    """An inclusive join as the entry of a loop: a token that could come round again on the filled way is no reason to wait."""
    drawn = (
        Drawing("round")
        .start()
        .some("enter")
        .choice("more")
        .task("a")
        .end()
        .path("began", "enter", "a", "more")
    )
    return drawn.flow("more", "enter", "again").flow("more", "ended", default=True)


def _terminate() -> Drawing:
    drawn = Drawing("over").start().fork("split", "join").task("a", "b", "stop", "after").end("ended")
    drawn.end("stopped", event=TERMINATE).path("began", "split", "a", "join", "after", "ended").path(
        "split", "b", "join"
    )
    return drawn.path("split", "stop", "stopped")


def _timer_between() -> Drawing:
    """Tokens wait at a join, at a timer and at a task at once."""
    drawn = (
        Drawing("between")
        .start()
        .fork("split", "join")
        .task("a", "after")
        .catch("pause", duration('"P1D"'))
        .end()
    )
    return (
        drawn.path("began", "split", "a", "join", "after", "ended")
        .path("split", "pause", "join")
        .path("split", "join")
    )


PATTERNS = {
    "joins in a loop": Pattern(
        _loop("parallelGateway"),
        (
            """                          | a b
            repeat 60 {
            do a                      | b
            do b                      | after
            do after again=True       | a b
            do b                      | a
            do a                      | after
            do after again=True       | a b
            }
            do a                      | b
            do b                      | after
            do after again=False      | ended at ended""",
        ),
        variables="again",
    ),
    "inclusive joins in a loop": Pattern(
        _some(),
        (
            """                                       | a b ; lost
            repeat 30 {
            do a                                   | b ; lost
            do b                                   | after
            do after again=True wanted="['c']"     | c
            do c                                   | after
            do after again=True wanted="[]"        | c
            do c                                   | after
            do after again=True wanted="['a','b']" | a b ; lost
            }
            do b                                   | a
            do a                                   | after
            do after again=False                   | ended at ended""",
            """                                       | a b
            do a                                   | b
            hear lost                              | after
            do after again=True wanted="['a','b']" | a b ; lost
            hear lost                              | a
            do a                                   | after
            do after again=False                   | ended at ended""",
        ),
        variables="again",
        data={"wanted": ["a", "b"]},
    ),
    "two tokens through one join": Pattern(
        _twice(),
        (
            """        | a a b b
            do a    | a b b
            do a    | b b
            do b    | after b
            do b    | after after
            do after | after
            do after | ended""",
            """        | a a b b
            do a    | a b b
            do b    | a b after
            do after | a b
            do b    | a
            do a    | after
            do after | ended at ended""",
        ),
    ),
    "a late second token": Pattern(
        _late(),
        (
            """           | a b ; rush
            hear rush  | a b decide ; rush
            do decide  | a a b b ; rush rush
            do b       | a a b
            do b       | a a
            do a       | a after
            do a       | after after
            do after   | after
            do after   | ended""",
            """           | a b ; rush
            hear rush  | a b decide
            do a       | b decide ;
            do decide  | a b b ; rush
            do b       | a b after
            do after   | a b
            do a       | b
            do b       | after
            do after   | ended""",
        ),
    ),
    "a fork within a fork": Pattern(
        _uneven(),
        (
            """                | c first
            do first x=1    | a b c
            do b x=2        | a c
            do a            | c
            do c y=1        | after
            do after        | ended""",
        ),
        variables="x y",
        data={"x": 0},
    ),
    "two flows to one join": Pattern(_double_flow(), ("| a\n do a | after\n do after | ended",)),
    "two flows to one inclusive join": Pattern(_double_some(), ("| after\n do after | ended",)),
    "several tokens before an inclusive join": Pattern(
        _some_twice(),
        (
            """         | x y z
            do x     | y z
            do y     | z
            do z     | after after
            do after | after
            do after | ended""",
            """         | x y z
            do z     | x y
            do x     | after y
            do y     | after after
            do after | after
            do after | ended""",
        ),
    ),
    "an inclusive join behind a choice": Pattern(
        _some_choice(),
        (
            "| a b\n do a | b\n do b back=True | after\n do after | ended",
            "| a b\n do a | b\n do b back=False | after aside\n do aside | after\n do after | ended at ended",
            "| a b\n do b back=True | a\n do a | after\n do after | ended",
        ),
        data={"back": False},
    ),
    "an inclusive join as the entry of a loop": Pattern(
        _some_loop(),
        ("| a\n repeat 20 {\n do a again=True | a\n }\n do a again=False | ended",),
        variables="again",
    ),
    "a terminate end while a join is half full": Pattern(
        _terminate(),
        (
            "| a b stop\n do a | b stop\n do stop | ended at stopped",
            "| a b stop\n do b | a stop\n do a | after stop\n do after | stop\n do stop | ended at stopped",
        ),
    ),
    "a task, a timer and an arrival": Pattern(
        _timer_between(),
        (
            "| a ; pause\n time pause | a ;\n do a | after\n do after | ended",
            "| a\n do a | ; pause\n time pause | after\n do after | ended",
        ),
    ),
}
