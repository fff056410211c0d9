"""One command on one workflow: each test plays a drawn process and says what must be open after every command."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.process.runner import (
    DecisionMissing,
    ExpressionFailed,
    NotSupported,
    NoWayOut,
    Run,
    ScriptRefused,
    StepBudget,
    TokenGone,
    TooDeep,
    TooMany,
)
from tests.engine.process import drawing
from tests.engine.process.drawing import (
    CANCEL,
    TERMINATE,
    Drawing,
    condition,
    cycle,
    duration,
    each,
    error,
    escalation,
    message,
    moment,
    repeat,
    signal,
)
from tests.engine.process.playing import Play

# ------------------------------------------------------------------------------------- tasks, choices, steps


def again_loop() -> Drawing:
    """Call the client until they answer."""
    drawn = Drawing("calls").start().task("call_client").choice("answered").end()
    drawn.path("began", "call_client", "answered").flow("answered", "call_client", "again")
    return drawn.flow("answered", "ended", default=True)


def test_a_task_goes_round_until_its_answer_ends_the_case() -> None:
    play = Play(again_loop().program(variables=["again", "note"]), again=True)

    for number in range(3):
        assert play.open() == ["call_client"]
        play.do("call_client", again=True, note=number)
    play.do("call_client", again=False)

    assert play.ended
    assert play.run.end_element == "ended"
    assert play.data == {"again": False, "note": 2}


def test_steps_name_what_a_token_entered_and_the_flow_it_took() -> None:
    play = Play(again_loop().program(variables=["again"]))
    play.do("call_client", again=False)

    assert [(step.what, step.element, step.flow) for step in play.history] == [
        ("passed", "began", None),
        ("opened", "call_client", "began_to_call_client"),
        ("passed", "call_client", None),
        ("passed", "answered", "call_client_to_answered"),
        ("passed", "ended", "answered_to_ended"),
    ]
    opened, passed = (step for step in play.history if step.element == "call_client")
    assert opened.token == passed.token
    assert len(opened.token) <= 40
    assert {step.diagram for step in play.history} == {"calls"}


def test_a_token_that_was_completed_is_gone() -> None:
    play = Play(again_loop().program(variables=["again"]))
    token = play.one("task", "call_client").token
    play.do("call_client", again=True)

    with pytest.raises(TokenGone):
        play.run.complete(token, {})
    for stranger in ("", "x", "abc-1", token + "9", token.split("-")[0] + "-one"):
        with pytest.raises(TokenGone):
            play.run.complete(stranger, {})
    with pytest.raises(TokenGone):
        play.run.finish(play.one("task", "call_client").token, {})
    with pytest.raises(TokenGone):
        play.run.fire(play.one("task", "call_client").token)


def test_only_names_that_the_process_reads_enter_its_data() -> None:
    play = Play(
        again_loop().program(variables=["again", "typename", "__builtins__"]), kept=1, typename="UUID"
    )

    play.do("call_client", again=True, comment="x" * 100, typename="customer", __builtins__={})

    assert play.data == {"kept": 1, "again": True}


def test_values_from_outside_become_plain_json() -> None:
    deep: Any = "the bottom"
    for _ in range(60):
        deep = [deep]
    program = again_loop().program(variables=["again", "note"])
    play = Play(program)

    play.do(
        "call_client",
        again=True,
        note={"typename": "UUID", "value": {1, 2}, "huge": 10**400, "text": "\ud800"},
    )
    assert play.data["note"] == {"typename": "UUID", "value": [1, 2], "huge": str(10**400), "text": "?"}

    with pytest.raises(TooDeep):
        play.run.complete(play.one("task", "call_client").token, {"note": deep})


def test_a_condition_that_cannot_be_evaluated_names_its_element() -> None:
    drawn = (
        Drawing("p").start().choice("big").end().path("began", "big").flow("big", "ended", "amount > limit")
    )

    with pytest.raises(ExpressionFailed, match=r"“amount > limit” of “big” could not be evaluated.*limit"):
        Play(drawn.program(), amount=3)


def test_an_expression_cannot_leave_its_fence() -> None:
    drawn = Drawing("p").start().choice("big").end().path("began", "big")
    drawn.flow("big", "ended", "().__class__.__base__.__subclasses__()")

    with pytest.raises(ExpressionFailed):
        Play(drawn.program())


def test_a_choice_without_a_fitting_way_is_a_refusal() -> None:
    drawn = Drawing("p").start().choice("big").end().path("began", "big").flow("big", "ended", "amount > 10")

    with pytest.raises(NoWayOut, match="“big”"):
        Play(drawn.program(), amount=3)


def test_facts_are_asked_for_once_and_win_over_data() -> None:
    drawn = Drawing("p").start().choice("one", "two").task("small", "large").end().path("began", "one")
    drawn.flow("one", "two", "deal.amount > 5").flow("two", "large", "deal.amount > 5").flow(
        "one", "small", default=True
    )
    drawn.flow("two", "small", default=True).path("small", "ended").path("large", "ended")
    facts = {"deal": {"amount": 10}}

    play = Play(drawn.program(), facts=facts, deal={"amount": 1})

    assert play.open() == ["large"]
    assert play.asked == 1
    assert play.data == {"deal": {"amount": 1}}


def test_facts_are_not_asked_for_where_nothing_is_evaluated() -> None:
    drawn = Drawing("p").start().task("a", "b").end().path("began", "a", "b", "ended")

    play = Play(drawn.program()).do("a").do("b")

    assert play.ended
    assert play.asked == 0


def test_an_endless_circle_is_stopped_and_named() -> None:
    drawn = Drawing("p").start().choice("merge", "turn").script("count", "n = n + 1").task("never").end()
    drawn.path("began", "merge", "count", "turn").flow("turn", "merge", default=True).flow(
        "turn", "never", "n < 0"
    )
    drawn.path("never", "ended")

    with pytest.raises(StepBudget, match="stopped after 2000 steps"):
        Play(drawn.program(), n=0)


def test_a_process_that_calls_itself_for_ever_is_stopped() -> None:
    drawn = Drawing("p").start().call("again", "p").end().path("began", "again", "ended")

    with pytest.raises(StepBudget, match="again"):
        Play(drawn.program(), budget=300)


def test_a_thousand_tasks_in_a_row_can_be_read_and_run() -> None:
    names = [f"t{number}" for number in range(1000)]
    drawn = Drawing("p").start().task(*names).end().path("began", *names, "ended")

    play = Play(drawn.program()).do("t0").do("t1")

    assert play.open() == ["t2"]
    assert play.size < 200


# --------------------------------------------------------------------------------------- scripts, decisions


def test_a_script_gives_names_their_values() -> None:
    drawn = (
        Drawing("p")
        .start()
        .script("prepare", "total = 2 * amount\nlate = total > 5\nwhen = date('2026-03-02')")
    )
    play = Play(drawn.end().path("began", "prepare", "ended").program(), amount=3)

    assert play.data == {"amount": 3, "total": 6, "late": True, "when": "2026-03-02"}


@pytest.mark.parametrize(
    "text",
    [
        "import os",
        "for x in y: pass",
        "a.b = 1",
        "a = b = 1",
        "a += 1",
        "print(1)",
        "def f(): pass",
        "__x__ = 1",
        "a = (",
    ],
)
def test_a_script_that_does_more_is_refused(text: str) -> None:
    drawn = Drawing("p").start().script("prepare", text).end().path("began", "prepare", "ended")

    with pytest.raises(ScriptRefused, match="“prepare”"):
        Play(drawn.program(), a={})


def test_expressions_take_the_present_from_whoever_commands_the_run() -> None:
    drawn = Drawing("p").start().script("note", "seen = today()").end().path("began", "note", "ended")

    run = Run.start(drawn.program(), {}, facts=dict, now=datetime(2026, 3, 2, 9, tzinfo=UTC))

    assert run.data == {"seen": "2026-03-02"}


class Discount:
    """Stands for a decision table: who may grant this discount."""

    outputs = ("approver", "limit.days")

    def decide(self, scope: dict[str, Any], *, now: datetime | None = None) -> dict[str, Any]:
        assert "approver" not in scope
        if scope["discount"] > scope["deal"]["margin"]:
            return {"approver": "director", "limit": {"days": 2}}
        return {"approver": None, "limit": {"days": None}}


def test_a_business_rule_asks_its_table_and_forgets_the_last_answer() -> None:
    drawn = (
        Drawing("p")
        .start()
        .node("businessRuleTask", "who", decision="discount")
        .task("look")
        .choice("more")
        .end()
    )
    drawn.path("began", "who", "look", "more").flow("more", "who", "again").flow(
        "more", "ended", default=True
    )
    program = drawn.program(variables=["again", "discount"], decisions={"discount": Discount()})

    play = Play(program, facts={"deal": {"margin": 10}}, discount=20, limit={"hours": 1})
    assert play.data["approver"] == "director"
    assert play.data["limit"] == {"hours": 1, "days": 2}

    play.do("look", discount=5, again=True)
    assert play.data["approver"] is None
    assert play.data["limit"] == {"hours": 1, "days": None}


def test_what_a_table_no_longer_says_is_gone() -> None:
    class Silent:
        outputs = ("approver", "limit.days")

        def decide(self, scope: dict[str, Any], *, now: datetime | None = None) -> dict[str, Any]:
            return {}

    drawn = Drawing("p").start().node("businessRuleTask", "who", decision="silent").task("look").end()
    program = drawn.path("began", "who", "look", "ended").program(decisions={"silent": Silent()})

    play = Play(program, approver="anna", limit={"days": 3, "hours": 1})

    assert play.data == {"limit": {"hours": 1}}


def test_a_business_rule_without_its_table_is_a_refusal() -> None:
    drawn = (
        Drawing("p")
        .start()
        .node("businessRuleTask", "who", decision="discount")
        .end()
        .path("began", "who", "ended")
    )

    with pytest.raises(DecisionMissing, match="“who” asks the decision table “discount”"):
        Play(drawn.program())


# --------------------------------------------------------------------------------------------------- calls


def stock_check() -> Drawing:
    """Reserve goods; a substitute when there are none, a repair for any other failure."""
    drawn = (
        Drawing("stock")
        .start()
        .service("check_stock", inputs={"goods": "item", "twice": "amount * 2"}, output="stock")
    )
    drawn.task("offer_substitute", "repair", "quote").end().path("began", "check_stock", "quote", "ended")
    drawn.boundary("no_stock", "check_stock", error("NO_STOCK")).path(
        "no_stock", "offer_substitute", "check_stock"
    )
    return drawn.boundary("failed", "check_stock", error()).path("failed", "repair", "check_stock")


def test_a_call_waits_with_its_inputs_and_keeps_the_answer_under_its_name() -> None:
    play = Play(stock_check().program(), item="bolt", amount=3)

    assert play.one("call", "check_stock").inputs == {"goods": "bolt", "twice": 6}
    play.answer("check_stock", left=7, typename="x")

    assert play.open() == ["quote"]
    assert play.data["stock"] == {"left": 7, "typename": "x"}


def test_an_answer_without_a_name_brings_only_known_variables() -> None:
    drawn = Drawing("p").start().service("ask").end().path("began", "ask", "ended")

    play = Play(drawn.program(variables=["left"])).answer("ask", left=7, junk="x" * 1000, __builtins__=1)

    assert play.data == {"left": 7}


def test_an_input_that_cannot_be_evaluated_stops_the_command() -> None:
    with pytest.raises(ExpressionFailed, match="“item” of “check_stock”"):
        Play(stock_check().program(), amount=1)


def test_a_failure_reaches_the_exact_boundary_before_the_one_that_catches_all() -> None:
    play = Play(stock_check().program(variables=["why"]), item="bolt", amount=3)

    for _ in range(20):
        assert play.fail("check_stock", "NO_STOCK", why="empty", junk=1) == "no_stock"
        assert play.open() == ["offer_substitute"]
        assert play.data["why"] == "empty"
        play.do("offer_substitute")
        assert play.fail("check_stock", "E500") == "failed"
        assert play.open() == ["repair"]
        play.do("repair")
    play.answer("check_stock")

    assert play.open() == ["quote"]
    assert play.size < 250


def test_a_failure_nobody_catches_leaves_the_call_open() -> None:
    drawn = Drawing("p").start().service("ask").boundary("gone", "ask", error("GONE")).task("mend").end()
    play = Play(drawn.path("began", "ask", "ended").path("gone", "mend", "ended").program())

    assert play.fail("ask", "OTHER") is None
    assert play.open() == ["ask"]
    play.answer("ask")
    assert play.ended


def test_a_failure_climbs_to_the_nearest_scope_that_catches_it_and_never_to_a_sibling() -> None:
    inner = (
        Drawing("inner")
        .start("inner_began")
        .service("ask")
        .end("inner_ended")
        .path("inner_began", "ask", "inner_ended")
    )
    drawn = Drawing("p").start().fork("split").inside("sub", inner).task("other", "mend", "calm").end()
    drawn.path("began", "split", "sub", "ended").path("split", "other", "ended")
    drawn.boundary("sub_failed", "sub", error()).path("sub_failed", "mend", "ended")
    drawn.boundary("other_failed", "other", error()).path("other_failed", "calm", "ended")
    play = Play(drawn.program())

    assert play.fail("ask", "BROKEN") == "sub_failed"

    assert play.open() == ["mend", "other"]
    assert "cancelled ask" in play.told()
    assert "cancelled sub" in play.told()


def test_an_error_end_reaches_only_the_boundary_of_its_own_scope() -> None:
    def body(name: str) -> Drawing:
        drawn = (
            Drawing(name)
            .start(f"{name}_began")
            .task(f"{name}_look")
            .choice(f"{name}_found")
            .end(f"{name}_fine")
        )
        drawn.end(f"{name}_missing", event=error("MISSING")).path(
            f"{name}_began", f"{name}_look", f"{name}_found"
        )
        drawn.flow(f"{name}_found", f"{name}_missing", "missing")
        return drawn.flow(f"{name}_found", f"{name}_fine", default=True)

    drawn = (
        Drawing("p").start().fork("split", "join").inside("left", body("l")).inside("right", body("r")).end()
    )
    drawn.task("mend_left", "mend_right", "after").choice("left_on", "right_on")
    drawn.boundary("left_missing", "left", error("MISSING")).boundary(
        "right_missing", "right", error("MISSING")
    )
    drawn.path("began", "split", "left", "left_on", "join", "after", "ended").path(
        "split", "right", "right_on", "join"
    )
    drawn.path("left_missing", "mend_left", "left_on").path("right_missing", "mend_right", "right_on")
    play = Play(drawn.program(variables=["missing"]))

    play.do("l_look", missing=True)
    assert play.open() == ["mend_left", "r_look"]
    play.do("r_look", missing=False)
    assert play.open() == ["mend_left"]
    play.do("mend_left")
    assert play.open() == ["after"]
    assert "passed l_missing" in play.told()
    assert "passed right_missing" not in play.told()


def test_an_escalation_informs_without_stopping_and_may_come_again() -> None:
    inner = Drawing("i").start("i_began").task("work").throw("worry", escalation("LATE")).task("finish")
    inner.choice("more").end("i_ended").path("i_began", "work", "worry", "finish", "more")
    inner.flow("more", "work", "again").flow("more", "i_ended", default=True)
    drawn = Drawing("p").start().inside("sub", inner).task("inform", "after").end("ended", "informed")
    drawn.boundary("worried", "sub", escalation("LATE"), interrupting=False)
    drawn.path("began", "sub", "after", "ended").path("worried", "inform", "informed")
    play = Play(drawn.program(variables=["again"]))

    play.do("work")
    assert play.open() == ["finish", "inform"]
    play.do("finish", again=True).do("work")
    assert play.open() == ["finish", "inform", "inform"]
    play.do("inform").do("finish", again=False).do("inform").do("after")

    assert play.ended


def test_a_cancelled_transaction_goes_on_at_its_cancel_boundary() -> None:
    inner = (
        Drawing("t")
        .start("t_began")
        .task("pay")
        .choice("paid")
        .end("t_ended")
        .end("t_cancelled", event=CANCEL)
    )
    inner.path("t_began", "pay", "paid").flow("paid", "t_cancelled", "refused").flow(
        "paid", "t_ended", default=True
    )
    drawn = Drawing("p").start().inside("deal", inner, tag="transaction").task("undo", "thank").end()
    drawn.boundary("cancelled", "deal", CANCEL).path("began", "deal", "thank", "ended").path(
        "cancelled", "undo", "ended"
    )
    program = drawn.program(variables=["refused"])

    assert Play(program).do("pay", refused=True).open() == ["undo"]
    assert Play(program).do("pay", refused=False).open() == ["thank"]


# -------------------------------------------------------------------------------------------------- timers


def rotting() -> Drawing:
    """A stage that calls for attention after 10 days and for a review after 15, left by a message."""
    drawn = Drawing("stage").start().choice("enter").task("work", "notice", "review", "decide").end()
    drawn.boundary("rots", "work", duration('"P10D"'), interrupting=False).path("rots", "notice")
    drawn.boundary("rotten", "work", duration("limit"), interrupting=False).path("rotten", "review")
    drawn.boundary("move", "work", message("stage.move")).path("move", "enter")
    drawn.end("noticed", "reviewed").path("notice", "noticed").path("review", "reviewed")
    return drawn.path("began", "enter", "work", "decide", "ended")


def test_boundary_timers_wait_with_their_text_and_start_anew_with_the_stage() -> None:
    play = Play(rotting().program(variables=["limit"]), limit="P15D")
    rots, rotten = play.one("timer", "rots"), play.one("timer", "rotten")
    assert (rots.timer_kind, rots.due, rotten.due) == ("duration", "P10D", "P15D")

    play.time("rots")
    assert play.open() == ["notice", "work"]
    assert play.events() == ["move", "rotten"]
    play.hear("stage.move", limit="P20D")
    assert play.open() == ["notice", "work"]
    assert play.events() == ["move", "rots", "rotten"]
    assert play.one("timer", "rotten").due == "P20D"
    assert play.one("timer", "rots").token != rots.token


def test_fired_reminders_leave_nothing_behind() -> None:
    play = Play(rotting().program(), limit="P15D")
    sizes = []
    for _ in range(60):
        play.time("rots").time("rotten").do("notice").do("review")
        play.hear("stage.move")
        sizes.append(play.tokens)

    assert len(set(sizes[1:])) == 1
    play.do("work").do("decide")
    assert play.ended


@pytest.mark.parametrize(
    ("event", "kind", "due"),
    [
        (moment('"2026-03-02T08:00:00+01:00"'), "date", "2026-03-02T08:00:00+01:00"),
        (moment("date('2026-03-02')"), "date", "2026-03-02"),
        (moment("wake_at"), "date", "2026-05-01"),
        (duration("duration('P3DT4H')"), "duration", "P3DT4H"),
        (cycle('"R3/PT1H"'), "cycle", "R3/PT1H"),
    ],
)
def test_a_timer_shows_the_text_it_was_given(event: str, kind: str, due: str) -> None:
    drawn = Drawing("p").start().catch("wait", event).end().path("began", "wait", "ended")
    play = Play(drawn.program(), wake_at="2026-05-01")

    assert (play.one("timer", "wait").timer_kind, play.one("timer", "wait").due) == (kind, due)
    assert play.time("wait").ended


def test_a_timer_that_is_no_time_is_a_refusal() -> None:
    drawn = Drawing("p").start().catch("wait", duration("amount")).end().path("began", "wait", "ended")

    with pytest.raises(ExpressionFailed, match="“wait”"):
        Play(drawn.program(), amount=3)


def test_a_repeating_timer_is_listed_again_while_rounds_are_left() -> None:
    drawn = Drawing("p").start().task("work", "nag").end("ended", "nagged").path("began", "work", "ended")
    drawn.boundary("nags", "work", cycle('"R3/P1D"'), interrupting=False).path("nags", "nag", "nagged")
    play = Play(drawn.program())
    tokens = set()

    for left in ("R3/P1D", "R2/P1D", "R1/P1D"):
        tokens.add(play.one("timer", "nags").token)
        assert play.one("timer", "nags").due == left
        play.time("nags")
    assert len(tokens) == 3
    assert play.events() == []
    assert play.open() == ["nag", "nag", "nag", "work"]


def test_tasks_that_a_repeating_timer_opened_survive_their_activity() -> None:
    drawn = Drawing("p").start().task("work", "nag").end("ended", "nagged").path("began", "work", "ended")
    drawn.boundary("nags", "work", cycle('"R/P1D"'), interrupting=False).path("nags", "nag", "nagged")
    play = Play(drawn.program()).time("nags").time("nags").do("work")

    assert play.open() == ["nag", "nag"]
    assert play.events() == []
    assert not play.ended
    assert play.do("nag").do("nag").ended


def test_the_first_event_behind_an_event_gateway_takes_the_token_along() -> None:
    drawn = Drawing("p").start().choice("ask").first_of("what_comes").end().path("began", "ask", "what_comes")
    drawn.catch("soon", duration('"P1D"')).catch("late", duration('"P9D"')).catch(
        "answered", message("offer.answered")
    )
    drawn.node(
        "receiveTask", "changed", attributes=f'messageRef="{drawing._named("message", "offer.changed", "")}"'
    )
    drawn.task("remind", "close", "read", "change")
    for event, task in (("soon", "remind"), ("late", "close"), ("answered", "read"), ("changed", "change")):
        drawn.path("what_comes", event, task, "ended")
    program = drawn.program(variables=["price"])

    for act, task in ((("time", "soon"), "remind"), (("time", "late"), "close")):
        play = Play(program)
        assert play.events() == ["answered", "changed", "late", "soon"]
        assert {each.due for each in play.run.waiting()} == {"P1D", "P9D", None}
        assert len({each.token for each in play.run.waiting()}) == 4
        getattr(play, act[0])(act[1])
        assert (play.open(), play.events()) == ([task], [])
    play = Play(program)
    assert play.hear("offer.changed", price=7) == 1
    assert (play.open(), play.data) == (["change"], {"price": 7})
    assert play.told() == [
        "passed began", "passed ask", "opened what_comes", "passed what_comes", "passed changed", "opened change",
    ]  # fmt: skip


# ------------------------------------------------------------------------------------- messages and signals


def test_a_message_brings_only_known_names_and_reaches_who_waits_for_it() -> None:
    drawn = Drawing("p").start().catch("wait", message("order.paid")).end().path("began", "wait", "ended")
    play = Play(drawn.program(variables=["sum"]))

    assert play.hear("order.lost") == 0
    assert not play.ended
    assert play.hear("order.paid", sum=5, typename="UUID", __builtins__={}, junk=1) == 1
    assert play.data == {"sum": 5}
    assert play.hear("order.paid") == 0


def test_a_message_can_be_meant_for_one_token() -> None:
    inner = Drawing("visit").start("v_began").catch("wait", message("visit.done")).end("v_ended")
    inner.path("v_began", "wait", "v_ended")
    drawn = (
        Drawing("p")
        .start()
        .call("visit_all", "visit", many=each("3"))
        .end()
        .path("began", "visit_all", "ended")
    )
    play = Play(drawn.program(inner))
    tokens = [waiting.token for waiting in play.run.waiting()]

    assert play.hear("visit.done", token=tokens[1]) == 1
    assert [waiting.token for waiting in play.run.waiting()] == [tokens[0], tokens[2]]
    assert play.hear("visit.done", token=tokens[1]) == 0
    assert play.hear("visit.done") == 2
    assert play.ended


def test_thrown_messages_take_the_named_variables_along_and_nothing_else_leaves() -> None:
    drawn = Drawing("p").start().throw("tell", message("lead.qualified"), payload=("client", "deal"))
    drawn.node("sendTask", "send", attributes=f'messageRef="{drawing._named("message", "offer.sent", "")}"')
    drawn.end("told", event=message("all.told")).end("stopped", event=TERMINATE).fork("split").task("wait")
    drawn.throw("shout", signal("price.changed")).path("began", "tell", "send", "shout", "split", "told")
    drawn.path("split", "wait", "stopped")
    play = Play(
        drawn.program(variables=["amount"]), facts={"deal": {"id": 4}}, client="c1", amount=7, note="private"
    )

    assert [(each.kind, each.name, each.element, dict(each.payload)) for each in play.thrown] == [
        ("message", "lead.qualified", "tell", {"client": "c1", "deal": {"id": 4}}),
        ("message", "offer.sent", "send", {"amount": 7}),
        ("signal", "price.changed", "shout", {"amount": 7}),
        ("message", "all.told", "told", {"amount": 7}),
    ]
    play.do("wait")
    assert play.ended
    assert len(play.thrown) == 4
    assert play.run.end_element == "stopped"


def test_a_message_somebody_in_the_case_waits_for_stays_inside() -> None:
    drawn = (
        Drawing("p")
        .start()
        .fork("split", "join")
        .catch("wait", message("done"))
        .task("work")
        .throw("tell", message("done"))
    )
    drawn.end().path("began", "split", "wait", "join", "ended").path("split", "work", "tell", "join")

    play = Play(drawn.program()).do("work")

    assert play.ended
    assert play.thrown == []


def test_a_signal_is_heard_by_all_who_wait_for_it() -> None:
    drawn = (
        Drawing("p")
        .start()
        .fork("split")
        .task("offer", "redo", "recount")
        .catch("heard", signal("price"))
        .end()
    )
    drawn.boundary("changed", "offer", signal("price"), interrupting=False).path("changed", "redo", "ended")
    drawn.path("began", "split", "offer", "ended").path("split", "heard", "recount", "ended")
    play = Play(drawn.program(variables=["price"]))

    assert play.one("signal", "heard").name == "price"
    assert play.signal("price", price=3) == 2
    assert play.open() == ["offer", "recount", "redo"]
    assert play.one("task", "recount").data == {"price": 3}
    assert play.signal("price") == 1


def test_a_signal_that_two_boundaries_hear_takes_both_ways() -> None:
    drawn = (
        Drawing("p").start().task("work", "note", "redo").end("ended", "noted").path("began", "work", "ended")
    )
    drawn.boundary("noted_it", "work", signal("price"), interrupting=False).path("noted_it", "note", "noted")
    drawn.boundary("changed", "work", signal("price")).path("changed", "redo", "ended")
    play = Play(drawn.program())

    assert play.signal("price") == 2

    assert play.open() == ["note", "redo"]
    assert play.events() == []


def test_an_event_that_ends_a_scope_is_not_heard_inside_it_as_well() -> None:
    inner = (
        Drawing("i").start("i_began").task("work", "aside").end("i_ended").path("i_began", "work", "i_ended")
    )
    inner.boundary("inside", "work", message("stop"), interrupting=False).path("inside", "aside", "i_ended")
    drawn = (
        Drawing("p")
        .start()
        .inside("sub", inner)
        .boundary("outside", "sub", message("stop"))
        .task("after")
        .end()
    )
    play = Play(drawn.path("began", "sub", "ended").path("outside", "after", "ended").program())

    assert play.hear("stop") == 1

    assert play.open() == ["after"]
    assert "passed inside" not in play.told()


def test_a_condition_is_looked_at_again_with_every_command() -> None:
    drawn = (
        Drawing("p")
        .start()
        .fork("split", "join")
        .catch("rich", condition("amount > 10"))
        .task("ask")
        .choice("on")
        .end()
    )
    drawn.path("began", "split", "rich", "join", "ended").path("split", "on", "ask", "join")
    play = Play(drawn.program(), facts={"amount": 1})
    assert not play.ended

    play.facts["amount"] = 20

    assert play.do("ask").ended


def test_a_case_goes_by_the_first_value_of_its_correlation_keys() -> None:
    drawn = (
        Drawing("p")
        .start()
        .throw("ask", message("offer.sent"))
        .catch("wait", message("offer.answered"))
        .task("read")
    )
    drawn.end().path("began", "ask", "wait", "read", "ended")
    keys = "".join(
        f'<correlationPropertyRetrievalExpression messageRef="message_{name}"><formalExpression>deal_id'
        "</formalExpression></correlationPropertyRetrievalExpression>"
        for name in ("offer_sent", "offer_answered")
    )
    drawing.DEFINED["deal"] = f'<correlationProperty id="deal_id">{keys}</correlationProperty>'
    try:
        play = Play(drawn.program(variables=["deal_id"]), deal_id="d2")
    finally:
        del drawing.DEFINED["deal"]

    assert dict(play.one("message", "wait").correlation) == {"deal_id": "d2"}
    assert play.hear("offer.answered", deal_id="d1") == 0
    assert play.hear("offer.answered") == 0
    assert play.hear("offer.answered", deal_id="d2") == 1
    assert play.open() == ["read"]


def test_several_correlation_keys_are_told_apart() -> None:
    """A client's answer is meant by deal and client, the carrier's by parcel; each message knows its own keys."""
    drawn = Drawing("p").start().throw("ask", message("offer.out")).throw("send", message("parcel.out"))
    drawn.fork("split", "join").catch("answered", message("offer.back")).catch(
        "arrived", message("parcel.back")
    )
    drawn.end().path("began", "ask", "send", "split", "answered", "join", "ended").path(
        "split", "arrived", "join"
    )
    kept = dict(drawing.DEFINED)
    for key, names in (("deal", "offer"), ("client", "offer"), ("parcel", "parcel")):
        ways = "".join(
            f'<correlationPropertyRetrievalExpression messageRef="message_{names}_{way}"><formalExpression>{key}'
            "</formalExpression></correlationPropertyRetrievalExpression>"
            for way in ("out", "back")
        )
        drawing.DEFINED[key] = f'<correlationProperty id="{key}_key">{ways}</correlationProperty>'
    try:
        program = drawn.program(variables=["deal", "client", "parcel"])
    finally:
        drawing.DEFINED.clear()
        drawing.DEFINED.update(kept)
    play = Play(program, deal=1, client=2, parcel=3)

    assert dict(play.one("message", "answered").correlation) == {"deal_key": 1, "client_key": 2}
    assert dict(play.one("message", "arrived").correlation) == {"parcel_key": 3}
    assert play.hear("offer.back", deal=1) == 0
    assert play.hear("offer.back", deal=1, client=3) == 0
    assert play.hear("parcel.back", deal=1, client=2) == 0
    assert play.hear("parcel.back", parcel=3) == 1
    assert play.hear("offer.back", deal=1, client=2) == 1
    assert play.ended


# ------------------------------------------------------------------------------------- event sub-processes


def deal_with_commitments(*, interrupting: bool, event: str) -> Drawing:
    """A deal during which something is recorded beside its work, or which is taken over by it."""
    beside = Drawing("b").start("came", event, interrupting=interrupting).task("confirm").end("confirmed")
    beside.path("came", "confirm", "confirmed")
    drawn = Drawing("deal").start().task("work").boundary("move", "work", message("stage.move")).end()
    drawn.choice("enter").script("count", "round = round + 1").inside("beside", beside, on_event=True)
    return drawn.path("began", "enter", "count", "work", "ended").path("move", "enter")


def test_an_event_sub_process_runs_beside_its_scope_as_often_as_it_is_called() -> None:
    program = deal_with_commitments(interrupting=False, event=message("commitment")).program(
        variables=["what"]
    )
    for _ in range(2):  # the second case finds the shared program as the first one did
        play = Play(program, round=0)
        assert play.open() == ["work"]
        assert play.events() == ["came", "move"]
        for number in range(5):
            assert play.hear("commitment", what=number) == 1
            assert play.hear("stage.move") == 1
        assert play.open() == ["confirm"] * 5 + ["work"]
        assert [waiting.data["what"] for waiting in play.run.waiting() if waiting.element == "confirm"] == [
            0,
            1,
            2,
            3,
            4,
        ]
        play.do("work")
        assert not play.ended
        for _ in range(5):
            play.do("confirm")
        assert play.ended
        assert play.data["round"] == 6


def test_an_event_sub_process_sees_where_its_scope_stands() -> None:
    program = deal_with_commitments(interrupting=False, event=message("commitment")).program()
    play = Play(program, round=0)
    play.hear("stage.move")
    play.hear("commitment")

    assert play.one("task", "confirm").data["round"] == 2


def test_event_sub_processes_leave_nothing_behind() -> None:
    play = Play(deal_with_commitments(interrupting=False, event=message("commitment")).program(), round=0)
    sizes = []
    for _ in range(60):
        play.hear("commitment")
        play.do("confirm")
        play.hear("stage.move")
        sizes.append((play.tokens, play.size))

    assert {tokens for tokens, _ in sizes[2:]} == {sizes[1][0]}
    assert max(size for _, size in sizes) < 300


def test_an_interrupting_event_sub_process_takes_its_scope_over() -> None:
    play = Play(
        deal_with_commitments(interrupting=True, event=message("client.cancelled")).program(), round=0
    )

    assert play.hear("client.cancelled") == 1

    assert play.open() == ["confirm"]
    assert play.events() == []
    assert play.hear("client.cancelled") == 0
    assert "cancelled work" in play.told()
    assert play.do("confirm").ended
    assert play.told()[-4:] == ["opened confirm", "passed confirm", "passed confirmed", "passed beside"]


def test_a_step_that_calls_for_an_interruption_of_its_own_scope_does_not_go_on() -> None:
    beside = Drawing("b").start("came", signal("stop"), interrupting=True).task("confirm").end("confirmed")
    drawn = Drawing("p").start().throw("stop_all", signal("stop")).task("next_step").end()
    drawn.inside("beside", beside.path("came", "confirm", "confirmed"), on_event=True)
    play = Play(drawn.path("began", "stop_all", "next_step", "ended").program())

    assert play.open() == ["confirm"]
    assert play.do("confirm").ended


def test_an_event_sub_process_on_a_timer_does_not_keep_its_scope_open() -> None:
    program = deal_with_commitments(interrupting=False, event=cycle('"R2/P5D"')).program()

    assert Play(program, round=0).do("work").ended
    play = Play(program, round=0)
    assert play.one("timer", "came").due == "R2/P5D"
    play.time("came")
    assert play.one("timer", "came").due == "R1/P5D"
    play.time("came")
    assert play.events() == ["move"]
    assert play.open() == ["confirm", "confirm", "work"]


def test_an_event_sub_process_inside_a_sub_process_belongs_to_it() -> None:
    inner = deal_with_commitments(interrupting=True, event=message("client.cancelled"))
    drawn = (
        Drawing("p")
        .start("first")
        .inside("sale", inner)
        .task("after")
        .end("last")
        .path("first", "sale", "after", "last")
    )
    play = Play(drawn.program(), round=0)
    assert play.events() == ["came", "move"]

    play.hear("client.cancelled")
    assert play.open() == ["confirm"]
    play.do("confirm")
    assert play.open() == ["after"]
    assert play.events() == []


# ------------------------------------------------------------------------------------------ scopes and ends


def suspended_sale() -> Drawing:
    """A stage that the client may leave, come back to, or never."""
    stage = Drawing("s").start("s_began").task("work").end("s_ended").path("s_began", "work", "s_ended")
    drawn = (
        Drawing("sale")
        .start()
        .choice("enter")
        .inside("funnel", stage)
        .first_of("asleep")
        .task("record_loss", "hand_over")
    )
    drawn.boundary("suspend", "funnel", message("deal.suspend")).boundary(
        "withdrew", "funnel", message("client.withdrew")
    )
    drawn.catch("returned", message("client.returned")).catch("closed", message("deal.close"))
    drawn.catch("woke", moment("wake_at")).end("won", "lost").path(
        "began", "enter", "funnel", "hand_over", "won"
    )
    drawn.path("suspend", "asleep", "returned", "enter").path("asleep", "woke", "enter").path(
        "withdrew", "record_loss", "lost"
    )
    return drawn.path("asleep", "closed", "record_loss")


def test_a_sale_can_be_suspended_and_resumed_a_hundred_times() -> None:
    play = Play(suspended_sale().program(variables=["wake_at"]))
    for number in range(100):
        assert play.open() == ["work"]
        assert play.events() == ["suspend", "withdrew"]
        assert play.hear("deal.suspend", wake_at="2026-06-01") == 1
        assert play.open() == []
        assert play.events() == ["closed", "returned", "woke"]
        assert play.hear("client.withdrew") == 0
        if number % 2:
            play.hear("client.returned")
        else:
            play.time("woke")
        assert play.size < 500
    play.hear("deal.suspend", wake_at="2026-06-01")
    play.hear("deal.close")
    play.do("record_loss")

    assert play.ended
    assert play.run.end_element == "lost"


def test_an_interruption_takes_everything_inside_away() -> None:
    called = Drawing("visit").start("v_began").fork("v_split").task("prepare", "drive").end("v_ended")
    called.path("v_began", "v_split", "prepare", "v_ended").path("v_split", "drive", "v_ended")
    called.boundary("late", "drive", duration('"P1D"'), interrupting=False).task("explain").path(
        "late", "explain", "v_ended"
    )
    stage = (
        Drawing("s").start("s_began").fork("s_split").call("visits", "visit", many=each("2")).service("ask")
    )
    stage.task("each_one", many=each("3")).end("s_ended").path("s_began", "s_split", "visits", "s_ended")
    stage.path("s_split", "each_one", "s_ended").path("s_split", "ask", "s_ended")
    drawn = Drawing("sale").start().choice("enter").inside("funnel", stage).task("decide").end()
    drawn.boundary("move", "funnel", message("stage.move")).path("move", "enter")
    play = Play(drawn.path("began", "enter", "funnel", "decide", "ended").program(called))
    whole = ["ask", "drive", "drive", "each_one", "each_one", "each_one", "prepare", "prepare"]
    sizes = []

    for number in range(40):
        assert play.open() == whole
        if number % 2:
            play.time("late").do("prepare").do("each_one")
        seen = len(play.history)
        assert play.hear("stage.move") == 1
        assert play.told(since=seen).count("cancelled each_one") == (2 if number % 2 else 3)
        assert play.told(since=seen).count("cancelled visits") == 2
        assert play.told(since=seen).count("cancelled explain") == number % 2
        sizes.append(play.tokens)

    assert len(set(sizes)) == 1


def test_an_interrupted_multi_instance_call_comes_again_whole() -> None:
    called = (
        Drawing("visit").start("v_began").task("deliver").end("v_ended").path("v_began", "deliver", "v_ended")
    )
    drawn = (
        Drawing("sale").start().choice("enter").call("visits", "visit", many=each("3")).task("after").end()
    )
    drawn.boundary("move", "visits", message("stage.move")).path("move", "enter")
    play = Play(drawn.path("began", "enter", "visits", "after", "ended").program(called))

    for number in range(30):
        assert play.open() == ["deliver"] * 3
        if number % 2:
            play.do("deliver")
        assert play.hear("stage.move") == 1
    for _ in range(3):
        play.do("deliver")

    assert play.open() == ["after"]
    assert play.events() == []


def test_a_terminate_end_takes_every_other_token_away_but_only_in_its_scope() -> None:
    inner = Drawing("i").start("i_began").fork("i_split").task("stop", "other").end("i_ended")
    inner.end("i_stopped", event=TERMINATE).path("i_began", "i_split", "stop", "i_stopped").path(
        "i_split", "other", "i_ended"
    )
    drawn = Drawing("p").start().fork("split").inside("sub", inner).task("beside", "after").end()
    drawn.path("began", "split", "sub", "after", "ended").path("split", "beside", "ended")
    play = Play(drawn.program(variables=["note"]))

    play.do("stop", note="enough")

    assert play.open() == ["after", "beside"]
    assert "cancelled other" in play.told()
    assert play.one("task", "after").data == {"note": "enough"}


def test_a_cancelled_case_has_ended_without_an_end() -> None:
    play = Play(suspended_sale().program())
    play.run.cancel()
    play._after()

    assert play.ended
    assert play.run.end_element is None
    assert play.run.waiting() == []
    assert play.told()[-2:] == ["cancelled work", "cancelled funnel"]
    assert play.hear("deal.suspend") == 0


def test_a_case_with_no_way_on_has_ended() -> None:
    drawn = (
        Drawing("p")
        .start()
        .task("work", "notice")
        .boundary("rots", "work", duration('"P1D"'), interrupting=False)
    )
    drawn.path("began", "work").path("rots", "notice")

    assert Play(drawn.program()).time("rots").do("work").do("notice").ended


def test_a_called_process_gives_back_what_it_learnt() -> None:
    called = Drawing("price").start("p_began").script("count", "sum = amount * 2\nseen = [1]").end("p_ended")
    called.path("p_began", "count", "p_ended")
    drawn = Drawing("p").start().call("price_it", "price").end().path("began", "price_it", "ended")

    play = Play(drawn.program(called), amount=4)

    assert play.data == {"amount": 4, "sum": 8, "seen": [1]}
    assert play.told() == ["passed began", "opened price_it", "passed p_began", "passed count", "passed p_ended", "passed price_it", "passed ended"]  # fmt: skip
    assert {step.diagram for step in play.history} == {"p", "price"}


# --------------------------------------------------------------------------------------------------- joins


def looped_block(kind: str) -> Drawing:
    """A block of three branches inside a loop."""
    drawn = Drawing("block").start().choice("enter", "more").task("a", "b", "c", "after").end()
    gate = "inclusiveGateway" if kind == "inclusive" else "parallelGateway"
    drawn.node(gate, "split", "join").path("began", "enter", "split")
    if kind == "nested":
        drawn.node(gate, "split_again").path("split", "a", "join").path("split", "split_again", "b", "join")
        drawn.path("split_again", "c", "join")
    for branch in "abc" if kind != "nested" else "":
        drawn.flow("split", branch, f"want_{branch}" if kind == "inclusive" else None).path(branch, "join")
    drawn.path("join", "after", "more").flow("more", "enter", "again")
    return drawn.flow("more", "ended", default=True)


@pytest.mark.parametrize("kind", ["parallel", "nested", "inclusive"])
def test_joins_inside_a_loop_wait_for_exactly_their_own_branches(kind: str) -> None:
    names = ["again", "want_a", "want_b", "want_c", "da", "db", "dc"]
    program = looped_block(kind).program(variables=names)
    for seed in range(40):
        dice = random.Random(seed)
        wanted = ["a", "b", "c"]
        play = Play(program, want_a=True, want_b=True, want_c=True)
        for turn in range(6):
            left = list(wanted)
            while left:
                assert play.open() == sorted(left)
                branch = left.pop(dice.randrange(len(left)))
                play.do(branch, **{f"d{branch}": turn})
            assert play.open() == ["after"]
            assert all(play.data[f"d{branch}"] == turn for branch in wanted)
            if kind == "inclusive":
                wanted = dice.sample(["a", "b", "c"], dice.randint(1, 3))
            play.do("after", again=turn < 5, **{f"want_{branch}": branch in wanted for branch in "abc"})
        assert play.ended


def test_a_join_counts_tokens_and_swallows_none() -> None:
    for order in (("a", "a", "b", "b"), ("a", "b", "a", "b"), ("b", "b", "a", "a")):
        drawn = (
            Drawing("p")
            .start()
            .fork("twice")
            .choice("merge")
            .fork("split", "join")
            .task("a", "b", "after")
            .end()
        )
        drawn.path("began", "twice", "merge", "split", "a", "join", "after", "ended").flow("twice", "merge")
        drawn.path("split", "b", "join")
        play = Play(drawn.program())

        assert play.open() == ["a", "a", "b", "b"]
        for branch in order:
            play.do(branch)
        assert play.open() == ["after", "after"]
        assert play.do("after").do("after").ended


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_a_join_keeps_what_every_branch_changed(order: str) -> None:
    drawn = Drawing("p").start().task("pre").fork("split", "join").script("add_a", 'agreed = agreed + ["a"]')
    drawn.script("add_b", 'agreed = agreed + ["b"]').task("a", "b", "after").end()
    drawn.path("began", "pre", "split", "a", "add_a", "join", "after", "ended").path(
        "split", "b", "add_b", "join"
    )
    play = Play(
        drawn.program(variables=["stage", "nested"]), stage="lead", agreed=["first"], nested={"x": {"y": 1}}
    )
    play.do("pre")

    for branch in order:
        if branch == "a":
            play.do("a", stage="contract", nested={"x": {"y": 1}, "by_a": 1})
        else:
            play.do("b", nested={"x": {"y": 2}})

    assert play.data["stage"] == "contract"
    assert sorted(play.data["agreed"]) == ["a", "b", "first"]
    assert play.data["nested"] == {"x": {"y": 2}, "by_a": 1}


def test_branches_do_not_share_their_data() -> None:
    drawn = (
        Drawing("p")
        .start()
        .fork("split")
        .task("a", "b")
        .end()
        .path("began", "split", "a", "ended")
        .path("split", "b", "ended")
    )
    play = Play(drawn.program(variables=["box"]), stored=False, box={"in": []})
    first = play.one("task", "a")

    first.data["box"]["in"].append("spoilt")

    assert play.one("task", "a").data == {"box": {"in": []}}
    play.run._token(first.token).data["box"]["in"].append("kept apart")
    assert play.one("task", "b").data == {"box": {"in": []}}


def test_an_inclusive_join_does_not_wait_for_a_branch_that_was_interrupted() -> None:
    drawn = Drawing("p").start().some("split", "join").task("a", "b", "after", "mend").end("ended", "mended")
    drawn.path("began", "split").flow("split", "a", "True").flow("split", "b", "True").path(
        "a", "join", "after", "ended"
    )
    drawn.path("b", "join").boundary("lost", "b", message("lost")).path("lost", "mend", "mended")
    play = Play(drawn.program()).do("a")
    assert play.open() == ["b"]

    play.hear("lost")

    assert play.open() == ["after", "mend"]


# ------------------------------------------------------------------------------------------------- looping


def test_every_item_gets_its_own_task_and_the_results_come_in_order() -> None:
    drawn = (
        Drawing("p")
        .start()
        .choice("enter", "more")
        .task("approve", many=each("approvers", "approver", ("answers", "answer")))
    )
    drawn.task("decide").end().path("began", "enter", "approve", "decide", "more")
    drawn.flow("more", "enter", "again").flow("more", "ended", default=True)
    play = Play(drawn.program(variables=["answer", "again"]), approvers=["anna", "borys", "celina"])

    for turn in range(3):
        waiting = [each for each in play.run.waiting() if each.element == "approve"]
        assert [each.data["approver"] for each in waiting] == ["anna", "borys", "celina"]
        assert [each.instance_index for each in waiting] == [0, 1, 2]
        for nth, answer in ((2, "c"), (0, "a"), (0, "b")):
            play.do("approve", nth, answer=f"{answer}{turn}")
        assert play.data["answers"] == [f"a{turn}", f"b{turn}", f"c{turn}"]
        assert "approver" not in play.data
        play.do("decide", again=turn < 2)
    assert play.ended
    assert play.told().count("passed approve") == 9


def test_items_one_after_another_see_what_the_one_before_changed() -> None:
    drawn = Drawing("p").start().script("note", "seen = seen + [who]").end().path("began", "note", "ended")
    drawn.nodes = [
        node.replace("<script>", each("people", "who", one_by_one=True) + "<script>") for node in drawn.nodes
    ]

    play = Play(drawn.program(), people=["anna", "borys"], seen=[])

    assert play.data == {"people": ["anna", "borys"], "seen": ["anna", "borys"]}


def test_a_completion_condition_closes_the_other_instances() -> None:
    for one_by_one in (False, True):
        many = each("4", "", ("answers", "answer"), one_by_one=one_by_one, until='"no" in answers')
        drawn = (
            Drawing("p")
            .start()
            .task("vote", many=many)
            .task("after")
            .end()
            .path("began", "vote", "after", "ended")
        )
        play = Play(drawn.program(variables=["answer"]))

        play.do("vote", answer="yes").do("vote", answer="no")

        assert play.open() == ["after"]
        assert play.told().count("cancelled vote") == (0 if one_by_one else 2)
        assert play.data["answers"] == ["yes", "no"]


def test_nothing_to_do_many_times_is_passed_at_once() -> None:
    drawn = Drawing("p").start().task("vote", many=each("people")).end().path("began", "vote", "ended")

    play = Play(drawn.program(), people=[])

    assert play.ended
    assert play.told() == ["passed began", "passed vote", "passed ended"]


@pytest.mark.parametrize("people", ["anna", 2.5, object()])
def test_what_is_no_list_cannot_be_gone_through(people: Any) -> None:
    drawn = Drawing("p").start().task("vote", many=each("people")).end().path("began", "vote", "ended")

    with pytest.raises(ExpressionFailed, match="“vote”"):
        Play(drawn.program(), people=people)


def test_twenty_thousand_instances_are_too_many() -> None:
    drawn = Drawing("p").start().task("vote", many=each("20000")).end().path("began", "vote", "ended")

    with pytest.raises(TooMany) as refused:
        Play(drawn.program())

    assert refused.value.places == {"element": "vote", "most": 1000}


def test_a_standard_loop_goes_on_while_its_condition_holds() -> None:
    drawn = (
        Drawing("p")
        .start()
        .task("try_it", many=repeat(maximum=3, while_="again"))
        .end()
        .path("began", "try_it", "ended")
    )
    program = drawn.program(variables=["again"])

    assert Play(program).do("try_it", again=False).ended
    play = Play(program).do("try_it", again=True).do("try_it", again=True)
    assert play.open() == ["try_it"]
    assert play.one("task", "try_it").instance_index == 2
    assert play.do("try_it", again=True).ended


def test_a_construct_that_is_not_run_is_refused_by_name() -> None:
    body = Drawing("x").task("free")
    drawn = (
        Drawing("p")
        .start()
        .inside("loose", body, tag="adHocSubProcess")
        .end()
        .path("began", "loose", "ended")
    )

    with pytest.raises(NotSupported, match="“loose”"):
        drawn.program()


# ------------------------------------------------------------------------------------------------- backward


def stage_hub() -> Drawing:
    """Three stages around a hub; any stage may follow any other."""
    drawn = (
        Drawing("funnel")
        .start()
        .choice("merge", "hub", "staged", "decided")
        .task("decide", "mend")
        .end("won")
    )
    drawn.path("began", "merge").script("enter", "stage = next_stage\ngo = None").path(
        "merge", "enter", "hub"
    )
    for number in (1, 2, 3):
        drawn.call(f"stage_{number}", f"body_{number}").flow(
            "hub", f"stage_{number}", f"next_stage == {number}"
        )
        drawn.path(f"stage_{number}", "staged").boundary(
            f"move_{number}", f"stage_{number}", message("stage.move")
        )
        drawn.path(f"move_{number}", "merge")
    drawn.flow("hub", "mend", default=True).path("mend", "merge").path("staged", "decide", "decided")
    return drawn.flow("decided", "won", 'go == "won"').flow("decided", "merge", default=True)


def stage_bodies() -> list[Drawing]:
    return [
        Drawing(f"body_{n}").start(f"s{n}").task(f"work_{n}", f"check_{n}").end(f"e{n}").path(f"s{n}", f"work_{n}", f"check_{n}", f"e{n}")
        for n in (1, 2, 3)
    ]  # fmt: skip


def test_two_thousand_moves_backward_and_forward_are_right_and_leave_the_state_small() -> None:
    program = stage_hub().program(*stage_bodies(), variables=["next_stage", "go"])
    dice, stage = random.Random(1), 1
    play = Play(program, next_stage=1)
    sizes = {}
    for number in range(2000):
        assert play.open() == [f"work_{stage}"]
        if number % 3 == 0:
            play.do(f"work_{stage}")
            assert play.open() == [f"check_{stage}"]
        if number % 6 == 0:
            play.do(f"check_{stage}")
            assert play.open() == ["decide"]
        target = dice.choice((1, 2, 3, 9))
        if play.open() == ["decide"]:
            play.do("decide", next_stage=target, go="move")
        else:
            assert play.hear("stage.move", next_stage=target) == 1
        if target == 9:
            assert play.open() == ["mend"]
            target = 2
            play.do("mend", next_stage=target)
        stage = target
        sizes[number] = play.size
        play.history.clear()

    assert max(sizes.values()) <= 1024
    assert max(sizes[n] for n in range(1900, 2000)) <= max(sizes[n] for n in range(10, 110)) + 16
    play.do(f"work_{stage}").do(f"check_{stage}").do("decide", go="won")
    assert play.ended


def test_a_run_can_be_started_and_commanded_without_a_dump_in_between() -> None:
    run = Run.start(again_loop().program(variables=["again"]), {}, facts=dict)

    for _ in range(3):
        run.complete(run.waiting()[0].token, {"again": True})
    run.complete(run.waiting()[0].token, {"again": False})

    assert run.ended
    assert [step.what for step in run.steps()].count("opened") == 4


def test_one_program_serves_many_threads() -> None:
    drawn = deal_with_commitments(interrupting=False, event=message("commitment"))
    drawn.task("vote", many=each("3")).path("work", "vote")
    drawn.flows.pop("work_to_ended")
    drawn.nodes = [node for node in drawn.nodes if "work_to_ended" not in node]
    program = drawn.path("vote", "ended").program(variables=["what"])

    def play(number: int) -> Any:
        case = Play(program, round=number)
        for turn in range(20):
            case.hear("stage.move")
            case.hear("commitment", what=turn)
        assert case.open() == ["confirm"] * 20 + ["work"]
        case.do("work").do("vote").do("vote").do("vote")
        for _ in range(20):
            case.do("confirm")
        return case.ended, case.data["round"] - number

    with ThreadPoolExecutor(6) as threads:
        assert set(threads.map(play, range(24))) == {(True, 21)}
