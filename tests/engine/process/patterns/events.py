"""Timers, messages, errors of connectors, event gateways, conditions."""

from tests.engine.process.drawing import (
    Drawing,
    condition,
    cycle,
    duration,
    error,
    message,
    moment,
    signal,
)
from tests.engine.process.patterns import Pattern


def _rotting() -> Drawing:
    """A stage reminds after its time and alarms after half as much again; both begin anew with the stage."""
    drawn = (
        Drawing("rotting")
        .start()
        .choice("enter", "more")
        .task("stage", "remind", "alarm")
        .end("ended", "aside")
    )
    drawn.boundary("rots", "stage", duration('"P10D"'), interrupting=False).path("rots", "remind", "aside")
    drawn.boundary("rotten", "stage", duration('"P15D"'), interrupting=False).path("rotten", "alarm", "aside")
    drawn.path("began", "enter", "stage", "more").flow("more", "enter", "again")
    return drawn.flow("more", "ended", default=True)


def _cycle() -> Drawing:
    """A reminder that comes three times; the tasks it opened outlive the stage."""
    drawn = Drawing("cycle").start().task("stage", "remind", "after").end("ended", "aside")
    drawn.boundary("daily", "stage", cycle('"R3/P1D"'), interrupting=False).path("daily", "remind", "aside")
    return drawn.path("began", "stage", "after", "ended")


def _endless_cycle() -> Drawing:
    drawn = Drawing("endless").start().task("stage").script("count", "n = n + 1").end("ended", "aside")
    drawn.boundary("hourly", "stage", cycle('"R/PT1H"'), interrupting=False).path("hourly", "count", "aside")
    return drawn.path("began", "stage", "ended")


def _deadline() -> Drawing:
    """A timer that interrupts, a date to wait for, and a cycle used once."""
    drawn = Drawing("deadline").start().choice("enter").task("work", "explain").end("ended", "late")
    drawn.catch("until", moment('"2027-01-04"')).catch("then", cycle('"R2/PT1H"'))
    drawn.boundary("due", "work", duration('"PT8H"')).path("due", "explain", "enter")
    return drawn.path("began", "enter", "work", "until", "then", "ended")


def _event_gateway() -> Drawing:
    """What comes first: an answer, a signal or a time; in a loop."""
    drawn = Drawing("first").start().choice("enter").first_of("wait").task("read", "call", "stop").end()
    drawn.catch("answered", message("answer")).catch("silent", duration('"P7D"')).catch(
        "closed", signal("closed")
    )
    drawn.path("began", "enter", "wait", "answered", "read", "ended").path("wait", "silent", "call", "enter")
    return drawn.path("wait", "closed", "stop", "ended")


def _retry() -> Drawing:
    """Three tries an hour apart."""
    drawn = (
        Drawing("retry")
        .start()
        .choice("enter", "reached", "enough")
        .task("call_client")
        .end("talked", "lost")
    )
    drawn.catch("pause", duration('"PT1H"')).script("count", "tries = tries + 1")
    drawn.path("began", "enter", "call_client", "reached").flow("reached", "talked", "ok")
    drawn.flow("reached", "count", default=True).path("count", "enough").flow("enough", "lost", "tries >= 3")
    return drawn.flow("enough", "pause", default=True).path("pause", "enter")


def _connector() -> Drawing:
    """A connector fails: the exact code, then the boundary for all; then it is tried again."""
    drawn = (
        Drawing("stock").start().choice("enter").service("check").task("substitute", "repair", "quote").end()
    )
    drawn.boundary("none_left", "check", error("NO_STOCK")).boundary("broken", "check", error())
    drawn.path("none_left", "substitute", "enter").path("broken", "repair", "enter")
    return drawn.path("began", "enter", "check", "quote", "ended")


def _connector_outside() -> Drawing:
    """Nobody at the connector catches it, the sub-process around it does; its sibling is left alone."""
    inner = Drawing("inner").start("i_began").fork("i_split").service("send", "store").end("i_ended")
    inner.boundary("refused", "store", error("REFUSED")).task("ask").path("refused", "ask", "i_ended")
    inner.path("i_began", "i_split", "send", "i_ended").path("i_split", "store", "i_ended")
    drawn = Drawing("outside").start().inside("inner", inner).task("mend", "after").end()
    drawn.boundary("failed", "inner", error()).path("failed", "mend", "ended")
    return drawn.path("began", "inner", "after", "ended")


def _talk() -> Drawing:
    """Messages out by a throw, a send task and an end; messages in by a receive task with a reminder."""
    drawn = (
        Drawing("talk").start().throw("ask", message("question")).choice("enter").task("chase").end("aside")
    )
    drawn.node("receiveTask", "wait", attributes=f'messageRef="message_{"reply"}"')
    message("reply")
    drawn.boundary("silent", "wait", duration('"P2D"'), interrupting=False).path("silent", "chase", "aside")
    drawn.node("sendTask", "thank", attributes='messageRef="message_thanks"').end(
        "ended", event=message("over")
    )
    message("thanks")
    return drawn.path("began", "ask", "enter", "wait", "thank", "ended")


def _inside() -> Drawing:
    """A message that somebody in the case waits for stays inside."""
    drawn = Drawing("inside").start().fork("split", "join").task("prepare", "use").end()
    drawn.throw("ready", message("prepared")).catch("wait", message("prepared"))
    drawn.path("began", "split", "prepare", "ready", "join", "ended").path("split", "wait", "use", "join")
    return drawn


def _conditions() -> Drawing:
    """A condition that holds at once: waited for by a token, interrupting an activity, or beside one."""
    drawn = (
        Drawing("conditions")
        .start()
        .choice("which")
        .task("a", "b", "mend", "note")
        .end("ended", "mended", "aside")
    )
    drawn.catch("until", condition("n > 0")).path("until", "ended")
    drawn.boundary("stop", "a", condition("n > 1")).path("stop", "mend", "mended")
    drawn.boundary("tell", "b", condition("n > 1"), interrupting=False).path("tell", "note", "aside")
    drawn.path("began", "which").flow("which", "a", 'way == "a"').flow("which", "b", 'way == "b"')
    return drawn.flow("which", "until", default=True).path("a", "ended").path("b", "ended")


PATTERNS = {
    "a stage rots": Pattern(
        _rotting(),
        (
            """                      | stage ; rots rotten
            repeat 15 {
            time rots             | remind stage ; rotten
            time rotten           | alarm remind stage ;
            do remind             | alarm stage
            do alarm              | stage
            do stage again=True   | stage ; rots rotten
            time rots             | remind stage ; rotten
            do stage again=True   | remind stage ; rots rotten
            do remind             | stage ; rots rotten
            }
            time rots             | remind stage
            do stage again=False  | remind ;
            do remind             | ended""",
        ),
        variables="again",
    ),
    "a reminder comes three times": Pattern(
        _cycle(),
        (
            """           | stage ; daily
            time daily | remind stage ; daily
            do remind  | stage ; daily
            time daily | remind stage ; daily
            time daily | remind remind stage ;
            do stage   | after remind remind
            do remind  | after remind
            do after   | remind
            do remind  | ended""",
            "| stage\n time daily | remind stage ; daily\n do stage | after remind ;\n do after | remind\n do remind | ended",
        ),
    ),
    "an endless cycle": Pattern(
        _endless_cycle(),
        ("| stage\n repeat 50 {\n time hourly | stage ; hourly\n }\n do stage | ended",),
        data={"n": 0},
    ),
    "deadlines and dates": Pattern(
        _deadline(),
        (
            "| work ; due\n time due | explain ;\n do explain | work ; due\n do work | ; until\n time until | ; then\n time then | ended at ended",
        ),
    ),
    "what comes first": Pattern(
        _event_gateway(),
        (
            """              | ; answered closed silent
            repeat 15 {
            time silent   | call ;
            do call       | ; answered closed silent
            }
            hear answer   | read ;
            do read       | ended""",
            "| ; answered closed silent\n signal closed | stop ;\n do stop | ended",
        ),
    ),
    "three tries": Pattern(
        _retry(),
        (
            "| call_client\n repeat 2 {\n do call_client ok=False | ; pause\n time pause | call_client ;\n }\n do call_client ok=False | ended at lost",
            "| call_client\n do call_client ok=False | ; pause\n time pause | call_client\n do call_client ok=True | ended at talked",
        ),
        variables="ok",
        data={"tries": 0},
    ),
    "a connector fails": Pattern(
        _connector(),
        (
            """                    | check
            repeat 10 {
            fail check NO_STOCK | substitute
            do substitute       | check
            fail check TIMEOUT  | repair
            do repair           | check
            }
            answer check        | quote
            do quote            | ended""",
        ),
    ),
    "a connector fails inside": Pattern(
        _connector_outside(),
        (
            "| send store\n fail store REFUSED | ask send\n do ask | send\n fail send REFUSED | mend\n do mend | ended",
            "| send store\n fail send REFUSED | mend\n do mend | ended",
            "| send store\n answer send | store\n fail store OTHER | mend\n do mend | ended",
            "| send store\n answer store | send\n answer send | after\n do after | ended",
        ),
    ),
    "messages out and in": Pattern(
        _talk(), ("| ; silent wait\n time silent | chase ; wait\n hear reply | chase ;\n do chase | ended",)
    ),
    "a message inside the case": Pattern(
        _inside(), ("| prepare ; wait\n do prepare note=5 | use ;\n do use | ended",), variables="note"
    ),
    "a condition that holds": Pattern(_conditions(), ("| ended at ended",), data={"n": 1, "way": "c"}),
    "a condition that interrupts": Pattern(
        _conditions(), ("| mend ;\n do mend | ended at mended",), data={"n": 2, "way": "a"}
    ),
    "a condition that does not hold": Pattern(
        _conditions(), ("| a ;\n do a | ended at ended",), data={"n": 1, "way": "a"}
    ),
    "a condition that informs": Pattern(
        _conditions(), ("| b note ;\n do b | note\n do note | ended at aside",), data={"n": 2, "way": "b"}
    ),
}
