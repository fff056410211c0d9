"""Sub-processes, called processes, transactions, terminate ends, event sub-processes, the stage hub of the long sale."""

from tests.engine.process.drawing import (
    CANCEL,
    TERMINATE,
    Drawing,
    duration,
    each,
    error,
    escalation,
    message,
    signal,
)
from tests.engine.process.patterns import Pattern


def _body(key: str, *tasks: str, end: str = "") -> Drawing:
    """Some tasks in a row."""
    drawn = Drawing(key).start(f"{key}_began").task(*tasks).end(f"{key}_ended", event=end)
    return drawn.path(f"{key}_began", *tasks, f"{key}_ended")


def _hub() -> Drawing:
    """Any stage may follow any other: by a decision when it is done, or by a message in the middle of it."""
    drawn = Drawing("hub").start().choice("merge", "hub", "decided").task("decide", "mend").end("won")
    drawn.path("began", "merge", "hub").path("decide", "decided")
    for number in (1, 2, 3):
        drawn.call(f"stage_{number}", f"s{number}").flow("hub", f"stage_{number}", f"to == {number}")
        drawn.path(f"stage_{number}", "decide").boundary(f"move_{number}", f"stage_{number}", message("move"))
        drawn.path(f"move_{number}", "merge")
    drawn.flow("hub", "mend", default=True).path("mend", "merge")
    return drawn.flow("decided", "won", "to == 9").flow("decided", "merge", default=True)


def _stages() -> tuple[Drawing, ...]:
    return tuple(_body(f"s{n}", f"work_{n}", f"check_{n}") for n in (1, 2, 3))


def _nested_move() -> Drawing:
    """Moving a card takes everything inside away: tasks, a called process, many instances and their timers."""
    stage = Drawing("stage").start("s_began").fork("s_split").task("talk").task("ask", many=each("2"))
    stage.call("calling", "inner").boundary("slow", "talk", duration('"P1D"'), interrupting=False).task(
        "notice"
    )
    stage.end("s_ended").path("s_began", "s_split", "talk", "s_ended").path("s_split", "ask", "s_ended")
    stage.path("s_split", "calling", "s_ended").path("slow", "notice", "s_ended")
    drawn = Drawing("card").start().choice("enter").inside("stage", stage).task("decide").end()
    drawn.boundary("move", "stage", message("move")).path("move", "enter")
    return drawn.path("began", "enter", "stage", "decide", "ended")


def _suspended() -> Drawing:
    """Suspend by message, resume by message or after a time."""
    drawn = Drawing("funnel").start().choice("enter").inside("sale", _body("sale", "work", "close")).end()
    drawn.boundary("suspend", "sale", message("suspend")).first_of("wait")
    drawn.catch("resume", message("resume")).catch("wake", duration('"P30D"')).task("wake_up")
    drawn.path("began", "enter", "sale", "ended").path("suspend", "wait", "resume", "enter")
    return drawn.path("wait", "wake", "wake_up", "enter")


def _cancelled_by_boundary() -> Drawing:
    drawn = (
        Drawing("order")
        .start()
        .inside("sale", _body("sale", "pay", "ship"))
        .task("refund")
        .end("done", "gone")
    )
    drawn.boundary("cancel", "sale", message("cancel")).path("cancel", "refund", "gone")
    return drawn.path("began", "sale", "done")


def _on_event(interrupting: bool, end: str = "") -> Drawing:
    """An event sub-process of the process itself, started by a message."""
    handler = Drawing("handler").start("heard", message("note"), interrupting=interrupting).task("confirm")
    handler.end("h_ended").path("heard", "confirm", "h_ended")
    if not interrupting:
        handler.nodes[0] = handler.nodes[0].replace("<startEvent ", '<startEvent isInterrupting="false" ')
    drawn = Drawing("with_handler").start().choice("enter", "more").task("work").end("ended", event=end)
    drawn.path("began", "enter", "work", "more").flow("more", "enter", "again").flow(
        "more", "ended", default=True
    )
    return drawn.inside("handler", handler, on_event=True)


def _transaction() -> Drawing:
    """Booking that may be cancelled from inside."""
    inner = Drawing("booking").start("b_began").fork("b_split").task("book", "check").choice("fine")
    inner.end("b_ended", "b_kept").end("b_cancelled", event=CANCEL)
    inner.path("b_began", "b_split", "book", "b_kept").path("b_split", "check", "fine")
    inner.flow("fine", "b_cancelled", "not good").flow("fine", "b_ended", default=True)
    drawn = (
        Drawing("travel")
        .start()
        .choice("enter")
        .inside("booking", inner, tag="transaction")
        .task("pack", "mend")
    )
    drawn.boundary("cancelled", "booking", CANCEL).boundary("failed", "booking", error("E")).task(
        "report"
    ).end()
    drawn.path("cancelled", "mend", "enter").path("failed", "report", "ended")
    return drawn.path("began", "enter", "booking", "pack", "ended")


def _terminated() -> Drawing:
    """A terminate end ends its own sub-process and nothing else; one in each of two instances."""
    inner = Drawing("part").start("p_began").fork("p_split").task("finish", "other").end("p_ended")
    inner.end("p_over", event=TERMINATE).path("p_began", "p_split", "finish", "p_over").path(
        "p_split", "other", "p_ended"
    )
    drawn = (
        Drawing("whole").start().fork("split").inside("part", inner, many=each("2")).task("beside", "after")
    )
    drawn.end("ended").end("all_over", event=TERMINATE).path("began", "split", "part", "after", "all_over")
    return drawn.path("split", "beside", "ended")


def _errors() -> tuple[Drawing, ...]:
    """An error end in a called process: the nearest activity that catches it, the exact code before the one for all."""
    inner = Drawing("deep").start("d_began").task("try_it").choice("which").end("d_ended")
    inner.end("d_stock", event=error("STOCK")).end("d_price", event=error("PRICE"))
    inner.path("d_began", "try_it", "which").flow("which", "d_stock", 'what == "stock"')
    inner.flow("which", "d_price", 'what == "price"').flow("which", "d_ended", default=True)
    middle = Drawing("middle").start("m_began").call("go_deep", "deep").task("no_stock").end("m_ended")
    middle.boundary("stock", "go_deep", error("STOCK")).path("stock", "no_stock", "m_ended")
    middle.path("m_began", "go_deep", "m_ended")
    drawn = (
        Drawing("outer")
        .start()
        .choice("enter")
        .call("go", "middle")
        .task("after", "any_error", "exact")
        .end()
    )
    drawn.boundary("anything", "go", error()).boundary("price", "go", error("PRICE"))
    drawn.path("anything", "any_error", "ended").path("price", "exact", "enter")
    return drawn.path("began", "enter", "go", "after", "ended"), middle, inner


def _siblings() -> Drawing:
    """Two sub-processes beside each other fail; each only at its own boundary."""
    drawn = Drawing("siblings").start().fork("split", "join").end()
    drawn.path("began", "split").path("join", "ended")
    for key in "ab":
        drawn.inside(key, _body(key, f"work_{key}", end=error("E"))).task(f"mend_{key}").choice(
            f"{key}_is_done"
        )
        drawn.boundary(f"{key}_failed", key, error("E")).path(
            f"{key}_failed", f"mend_{key}", f"{key}_is_done"
        )
        drawn.path("split", key, f"{key}_is_done", "join")
    return drawn


def _escalating(interrupting: bool) -> Drawing:
    """Work that escalates on its way and again at its end."""
    inner = Drawing("work").start("w_began").task("one", "two").throw("tell", escalation("late"))
    inner.end("w_ended", event=escalation("late")).path("w_began", "one", "tell", "two", "w_ended")
    drawn = Drawing("escalating").start().inside("work", inner).task("head", "after").end("ended", "told")
    drawn.boundary("late", "work", escalation("late"), interrupting=interrupting).path("late", "head", "told")
    return drawn.path("began", "work", "after", "ended")


def _signalled() -> Drawing:
    """One signal reaches everybody: a waiting event, a boundary that interrupts and one that does not."""
    drawn = Drawing("news").start().fork("split").catch("hears", signal("news")).task("a", "b", "x", "y", "z")
    drawn.end().path("began", "split", "hears", "x", "ended").path("split", "a", "ended").path(
        "split", "b", "ended"
    )
    drawn.boundary("stops", "a", signal("news")).path("stops", "y", "ended")
    return drawn.boundary("informs", "b", signal("news"), interrupting=False).path("informs", "z", "ended")


def _calls_itself() -> Drawing:
    """Delegation: a process that calls itself while there is somebody to pass the question to."""
    drawn = Drawing("ask").start().task("answer").choice("knows").call("pass_on", "ask").end()
    drawn.path("began", "answer", "knows").flow("knows", "pass_on", "further").flow(
        "knows", "ended", default=True
    )
    return drawn.path("pass_on", "ended")


_outer, _middle, _inner = _errors()

PATTERNS = {
    "the stage hub": Pattern(
        _hub(),
        (
            """                   | work_1 ; move_1
            repeat 40 {
            do work_1          | check_1 ; move_1
            hear move to=3     | work_3 ; move_3
            hear move to=2     | work_2 ; move_2
            do work_2          | check_2
            do check_2         | decide
            do decide to=7     | mend
            do mend to=1       | work_1 ; move_1
            }
            hear move to=1     | work_1 ; move_1
            do work_1          | check_1
            do check_1         | decide
            do decide to=9     | ended at won""",
        ),
        _stages(),
        data={"to": 1},
    ),
    "moving a card takes everything inside away": Pattern(
        _nested_move(),
        (
            """             | ask ask talk deep ; move slow
            repeat 20 {
            do ask       | ask talk deep ; move slow
            time slow    | ask talk deep notice ; move
            do deep      | ask talk deeper notice ; move
            hear move    | ask ask talk deep ; move slow
            }
            do ask       | ask talk deep
            do ask       | talk deep
            do talk      | deep ; move
            do deep      | deeper
            do deeper    | decide ;
            do decide    | ended at ended""",
        ),
        (_body("inner", "deep", "deeper"),),
    ),
    "a sale is suspended and resumed": Pattern(
        _suspended(),
        (
            """             | work ; suspend
            repeat 30 {
            do work      | close ; suspend
            hear suspend | ; resume wake
            hear resume  | work ; suspend
            hear suspend | ; resume wake
            time wake    | wake_up ;
            do wake_up   | work ; suspend
            }
            do work      | close
            do close     | ended at ended""",
        ),
    ),
    "an order is cancelled": Pattern(
        _cancelled_by_boundary(),
        (
            "| pay ; cancel\n do pay | ship ; cancel\n hear cancel | refund ;\n do refund | ended at gone",
            "| pay\n do pay | ship\n do ship | ended at done",
        ),
    ),
    "an event sub-process beside its process": Pattern(
        _on_event(interrupting=False),
        (
            """                    | work ; heard
            hear note           | confirm work ; heard
            do work again=True  | confirm work ; heard
            hear note           | confirm confirm work ; heard
            do confirm          | confirm work ; heard
            do work again=False | confirm ; heard
            do confirm          | ended""",
        ),
        variables="again",
    ),
    "an event sub-process and a terminate end": Pattern(
        _on_event(interrupting=False, end=TERMINATE),
        ("| work ; heard\n hear note | confirm work ; heard\n do work again=False | ended at ended",),
        variables="again",
    ),
    "an event sub-process takes its process over": Pattern(
        _on_event(interrupting=True),
        ("| work ; heard\n do work again=True | work ; heard\n hear note | confirm ;\n do confirm | ended",),
        variables="again",
    ),
    "a transaction is cancelled": Pattern(
        _transaction(),
        (
            """                    | book check
            repeat 10 {
            do check good=False | mend
            do mend             | book check
            do book             | check
            do check good=False | mend
            do mend             | book check
            }
            do check good=True  | book
            do book             | pack
            do pack             | ended at ended""",
        ),
        variables="good",
    ),
    "terminate ends": Pattern(
        _terminated(),
        (
            """            | beside finish finish other other
            do finish   | beside finish other
            do other    | beside finish
            do finish   | after beside
            do after    | ended at all_over""",
            """            | beside finish finish other other
            do beside   | finish finish other other
            do finish   | finish other
            do finish   | after
            do after    | ended at all_over""",
        ),
    ),
    "an error reaches one boundary": Pattern(
        _outer,
        (
            """                       | try_it
            do try_it what="'stock'" | no_stock
            do no_stock            | after
            do after               | ended""",
            """                       | try_it
            repeat 10 {
            do try_it what="'price'" | exact
            do exact               | try_it
            }
            do try_it what="'fine'"  | after
            do after               | ended""",
        ),
        (_middle, _inner),
        variables="what",
    ),
    "siblings fail on their own": Pattern(
        _siblings(),
        (
            "| work_a work_b\n do work_a | mend_a work_b\n do work_b | mend_a mend_b\n do mend_b | mend_a\n do mend_a | ended",
            "| work_a work_b\n do work_b | mend_b work_a\n do mend_b | work_a\n do work_a | mend_a\n do mend_a | ended",
        ),
    ),
    "an escalation informs": Pattern(
        _escalating(interrupting=False),
        (
            "| one\n do one | head two\n do head | two\n do two | after head\n do head | after\n do after | ended at ended",
        ),
    ),
    "an escalation interrupts": Pattern(
        _escalating(interrupting=True), ("| one\n do one | head\n do head | ended at told",)
    ),
    "a signal reaches everybody": Pattern(
        _signalled(),
        (
            """            | a b ; hears informs stops
            signal news | b x y z ; informs
            signal news | b x y z z ; informs
            do b        | x y z z ;
            do x        | y z z
            do y        | z z
            do z        | z
            do z        | ended""",
        ),
    ),
    "a process calls itself": Pattern(
        _calls_itself(),
        (
            "| answer\n repeat 12 {\n do answer further=True | answer\n }\n do answer further=False | ended at ended",
        ),
        variables="further",
    ),
}
