"""Activities done many times: for a list or a number, at once or one after another, tasks, sub-processes and calls."""

from tests.engine.process.drawing import TERMINATE, Drawing, duration, each, error, message, repeat
from tests.engine.process.patterns import Pattern


def _approvals() -> Drawing:
    """Each approver answers; the list of answers begins anew with every round."""
    drawn = Drawing("approvals").start().choice("enter", "more").task("decide").end()
    drawn.task("approve", many=each("people", "person", ("answers", "answer")))
    drawn.path("began", "enter", "approve", "decide", "more").flow("more", "enter", "again")
    return drawn.flow("more", "ended", default=True)


def _one_by_one() -> Drawing:
    drawn = Drawing("in_turn").start().task("after").end()
    drawn.task("sign", many=each("people", "person", ("names", "name"), one_by_one=True))
    return drawn.path("began", "sign", "after", "ended")


def _first_no() -> Drawing:
    """A vote is over with the first no."""
    drawn = Drawing("vote").start().task("after").end()
    drawn.task("vote", many=each("4", "", ("votes", "said"), until='"no" in votes'))
    return drawn.path("began", "vote", "after", "ended")


def _calls(one_by_one: bool = False) -> Drawing:
    """Many calls of a process, interrupted by a message, reminded by a timer, and come again whole."""
    drawn = Drawing("calls").start().choice("enter").task("after", "notice").end("ended", "aside")
    drawn.call("ask_each", "promise", many=each("3", one_by_one=one_by_one))
    drawn.boundary("move", "ask_each", message("move")).path("move", "enter")
    drawn.boundary("slow", "ask_each", duration('"P1D"'), interrupting=False).path("slow", "notice", "aside")
    return drawn.path("began", "enter", "ask_each", "after", "ended")


def _promise() -> Drawing:
    drawn = (
        Drawing("promise")
        .start("p_began")
        .fork("p_split", "p_join")
        .task("deliver", "bill", "thank")
        .end("p_ended")
    )
    drawn.path("p_began", "p_split", "deliver", "p_join", "thank", "p_ended")
    return drawn.path("p_split", "bill", "p_join")


def _parts() -> Drawing:
    """Sub-processes for two parts; one fails and takes the other along."""
    inner = (
        Drawing("part")
        .start("q_began")
        .task("make")
        .choice("fine")
        .end("q_ended")
        .end("q_broken", event=error("E"))
    )
    inner.path("q_began", "make", "fine").flow("fine", "q_broken", "not good").flow(
        "fine", "q_ended", default=True
    )
    drawn = (
        Drawing("parts")
        .start()
        .inside("part", inner, many=each("parts", "part_name"))
        .task("after", "mend")
        .end()
    )
    drawn.boundary("broken", "part", error("E")).path("broken", "mend", "ended")
    return drawn.path("began", "part", "after", "ended")


def _connectors() -> Drawing:
    drawn = (
        Drawing("letters")
        .start()
        .task("after", "mend")
        .end()
        .node("serviceTask", "send", inner=each("addresses", "address"))
    )
    drawn.boundary("failed", "send", error()).path("failed", "mend", "ended")
    return drawn.path("began", "send", "after", "ended")


def _while() -> Drawing:
    """Repeated while a condition holds, at most four times."""
    drawn = (
        Drawing("while")
        .start()
        .choice("enter", "more")
        .task("call", many=repeat(maximum=4, while_="busy"))
        .task("after")
    )
    drawn.end().path("began", "enter", "call", "after", "more").flow("more", "enter", "again")
    return drawn.flow("more", "ended", default=True)


def _none() -> Drawing:
    """Nobody to ask: passed at once, in a loop and with a join behind it."""
    drawn = (
        Drawing("none")
        .start()
        .fork("split", "join")
        .task("ask", many=each("people"))
        .task("after", "other")
        .end()
    )
    return drawn.path("began", "split", "ask", "join", "after", "ended").path("split", "other", "join")


def _terminate_one() -> Drawing:
    """A terminate end in one of several called processes ends that call only."""
    drawn = Drawing("calls").start().call("each_of", "short", many=each("2")).task("after").end()
    return drawn.path("began", "each_of", "after", "ended")


def _short() -> Drawing:
    drawn = Drawing("short").start("s_began").fork("s_split").task("stop", "other").end("s_ended")
    drawn.end("s_stopped", event=TERMINATE)
    return drawn.path("s_began", "s_split", "stop", "s_stopped").path("s_split", "other", "s_ended")


PATTERNS = {
    "every approver answers": Pattern(
        _approvals(),
        (
            """                          | approve approve approve
            repeat 12 {
            do approve answer=1       | approve approve
            do approve answer=2       | approve
            do approve answer=3       | decide
            do decide again=True      | approve approve approve
            }
            do approve answer=1       | approve approve
            do approve answer=1       | approve
            do approve answer=1       | decide
            do decide again=False     | ended at ended""",
        ),
        variables="answer again",
        data={"people": ["anna", "borys", "celina"]},
    ),
    "signed one after another": Pattern(
        _one_by_one(),
        ("| sign\n do sign name=1 | sign\n do sign name=2 | after\n do after | ended",),
        variables="name",
        data={"people": {"buyer": "Anna", "seller": "Borys"}},
    ),
    "a vote is over with the first no": Pattern(
        _first_no(),
        (
            """                     | vote vote vote vote
            do vote said="'yes'" | vote vote vote
            do vote said="'no'"  | after
            do after             | ended""",
        ),
        variables="said",
    ),
    "many calls interrupted": Pattern(
        _calls(),
        (
            """             | bill bill bill deliver deliver deliver ; move slow
            repeat 10 {
            do deliver   | bill bill bill deliver deliver ; move slow
            do bill      | bill bill deliver deliver thank ; move slow
            time slow    | bill bill deliver deliver notice thank ; move
            do thank     | bill bill deliver deliver notice ; move
            do notice    | bill bill deliver deliver ; move
            hear move    | bill bill bill deliver deliver deliver ; move slow
            }
            do deliver   | bill bill bill deliver deliver
            do bill      | bill bill deliver deliver thank
            do thank     | bill bill deliver deliver
            do deliver   | bill bill deliver
            do bill      | bill deliver thank
            do thank     | bill deliver
            do bill      | deliver
            do deliver   | thank
            do thank     | after ;
            do after     | ended""",
        ),
        (_promise(),),
    ),
    "calls one after another interrupted": Pattern(
        _calls(one_by_one=True),
        (
            """            | bill deliver ; move slow
            repeat 8 {
            do bill     | deliver
            do deliver  | thank
            do thank    | bill deliver ; move slow
            do bill     | deliver
            hear move   | bill deliver ; move slow
            }
            repeat 2 {
            do deliver  | bill
            do bill     | thank
            do thank    | bill deliver
            }
            do deliver  | bill
            do bill     | thank
            do thank    | after ;
            do after    | ended""",
        ),
        (_promise(),),
    ),
    "one part fails and takes the others along": Pattern(
        _parts(),
        (
            "| make make\n do make good=True | make\n do make good=False | mend\n do mend | ended",
            "| make make\n do make good=False | mend\n do mend | ended",
            "| make make\n do make good=True | make\n do make good=True | after\n do after | ended",
        ),
        variables="good part_name",
        data={"parts": ["door", "wall"]},
    ),
    "a connector for every address": Pattern(
        _connectors(),
        (
            "| send send\n answer send | send\n answer send | after\n do after | ended",
            "| send send\n answer send | send\n fail send GONE | mend\n do mend | ended",
        ),
        data={"addresses": ["a@example.com", "b@example.com"]},
    ),
    "repeated while the line is busy": Pattern(
        _while(),
        (
            """                     | call
            do call busy=False   | after
            do after again=True  | call
            repeat 3 {
            do call busy=True    | call
            }
            do call busy=True    | after
            do after again=False | ended""",
        ),
        variables="busy again",
    ),
    "nobody to ask": Pattern(
        _none(), ("| other\n do other | after\n do after | ended",), data={"people": []}
    ),
    "one of several calls is ended": Pattern(
        _terminate_one(),
        (
            "| other other stop stop\n do stop | other stop\n do other | stop\n do stop | after\n do after | ended",
            "| other other stop stop\n do other | other stop stop\n do stop | other stop\n do stop | after\n do after | ended",
        ),
        (_short(),),
    ),
}
