"""The cases whose states are kept: diagrams, and how far each has come."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.bpmn.selling import advance, bid, drop, hand_over
from tests.bpmn.walk import BPMN, Walk, examined
from tests.engine.process.drawing import xml
from tests.engine.process.patterns import Pattern, events, instances, joins, scopes
from tests.engine.process.states import Command


@dataclass(frozen=True)
class Case:
    """A pattern, the commands before its state is stored, and those that lead to its end."""

    pattern: Pattern
    before: list[Command]
    after: list[Command]
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def executable(self) -> bytes:
        return xml((self.pattern.drawing, *self.pattern.called))


def do(element: str, **values: Any) -> Command:
    return ["do", element, values]


def hear(element: str, **values: Any) -> Command:
    return ["hear", element, values]


def fire(element: str) -> Command:
    return ["fire", element, {}]


def answer(element: str, **values: Any) -> Command:
    return ["answer", element, values]


CASES = {
    "loop": Case(
        joins.PATTERNS["joins in a loop"],
        [do("a"), do("b"), do("after", again=True), do("b"), do("a"), do("after", again=True)],
        [do("a"), do("b"), do("after", again=False)],
    ),
    "join_half_arrived": Case(
        joins.PATTERNS["two tokens through one join"],
        [do("a"), do("a")],
        [do("b"), do("after"), do("b"), do("after")],
    ),
    "inclusive_join_half_arrived": Case(
        joins.PATTERNS["several tokens before an inclusive join"],
        [do("x"), do("y")],
        [do("z"), do("after"), do("after")],
    ),
    "fork_within_a_fork": Case(
        joins.PATTERNS["a fork within a fork"],
        [do("first", x=1), do("b", x=2)],
        [do("a"), do("c", y=3), do("after")],
    ),
    "sub_process": Case(
        scopes.PATTERNS["moving a card takes everything inside away"],
        [do("ask"), fire("slow"), hear("move"), do("deep"), do("talk")],
        [do("ask"), do("ask"), do("deeper"), do("decide")],
    ),
    "boundary_timers": Case(
        events.PATTERNS["a stage rots"],
        [fire("rots"), do("stage", again=True), fire("rots")],
        [fire("rotten"), do("remind"), do("stage", again=False), do("alarm"), do("remind")],
    ),
    "cycle_timer": Case(
        events.PATTERNS["a reminder comes three times"],
        [fire("daily")],
        [fire("daily"), fire("daily"), do("stage"), do("remind"), do("remind"), do("remind"), do("after")],
    ),
    "event_gateway": Case(
        events.PATTERNS["what comes first"], [fire("silent"), do("call")], [hear("answered"), do("read")]
    ),
    "connector": Case(
        events.PATTERNS["a connector fails inside"],
        [answer("store")],
        [answer("send"), do("after")],
    ),
    "multi_instance": Case(
        instances.PATTERNS["every approver answers"],
        [do("approve", answer=1)],
        [do("approve", answer=2), do("approve", answer=3), do("decide", again=False)],
        {"people": ["anna", "borys", "celina"]},
    ),
    "multi_instance_in_turn": Case(
        instances.PATTERNS["signed one after another"],
        [do("sign", name="A")],
        [do("sign", name="B"), do("after")],
    ),
    "multi_instance_calls": Case(
        instances.PATTERNS["many calls interrupted"],
        [do("deliver"), do("bill"), fire("slow")],
        [
            do(each)
            for each in ("thank", "bill", "bill", "deliver", "deliver", "thank", "thank", "notice", "after")
        ],
    ),
    "standard_loop": Case(
        instances.PATTERNS["repeated while the line is busy"],
        [do("call", busy=True), do("call", busy=True)],
        [do("call", busy=False), do("after", again=False)],
    ),
    "event_sub_process": Case(
        scopes.PATTERNS["an event sub-process beside its process"],
        [hear("heard"), do("work", again=True), hear("heard")],
        [do("confirm"), do("work", again=False), do("confirm")],
    ),
    "transaction": Case(
        scopes.PATTERNS["a transaction is cancelled"],
        [do("check", good=False), do("mend"), do("book")],
        [do("check", good=True), do("pack")],
    ),
    "ended": Case(scopes.PATTERNS["an order is cancelled"], [do("pay"), do("ship")], []),
}


def long_sales() -> Iterator[tuple[str, Walk, list[Command]]]:
    """The shipped long sale in the middle of an offer, while its pack is handed over, and with reviews that nobody did."""
    deal = Walk("sales_funnel").start("deal_opened")
    advance(deal, "offer")
    drop(deal, "discovery")
    advance(deal, "offer")
    bid(deal)
    yield (
        "long_sale_decides",
        deal,
        [
            do("decide_stage", decision="lost", reason="price"),
            do("record_loss"),
        ],
    )
    handed = Walk("sales_funnel").start("deal_opened")
    hand_over(handed)
    handed.do("prepare_hand_over")
    yield "long_sale_hands_over", handed, [do("accept_hand_over", hand_over_accepted=True)]
    unattended = Walk("sales_funnel").start("deal_opened")
    for number in range(12):
        unattended.fire("stage_rots")
        unattended.fire("stage_rotten")
        drop(unattended, ("discovery", "solution", "offer", "qualification")[number % 4])
    unattended.fire("stage_rotten")
    yield (
        "long_sale_unattended",
        unattended,
        [do("review_stage"), hear("client_withdrew", reason="price"), do("record_loss", reason="price")],
    )


def shipped() -> tuple[bytes, dict[str, Any], list[str]]:
    """Executable, blueprint and tables of the long sale as it ships now."""
    compiled = examined("sales_funnel").compiled
    assert compiled is not None
    tables = [path.read_text() for path in sorted(BPMN.glob("*.dmn"))]
    return compiled.executable, compiled.blueprint.to_json(), tables
