"""The shipped long sale: a command costs the same at the 500th move as at the 5th, and its state stays small."""

from collections.abc import Iterator
from time import process_time

from tests.bench.figures import Figure, ratio
from tests.bpmn.selling import drop
from tests.bpmn.walk import Walk

ROUNDS, MOVES, AROUND = 5, 500, 16
UNANSWERED = (3, 200)
STAGES = ("qualification", "discovery", "solution", "offer", "negotiation", "contract")


def figures() -> Iterator[Figure]:
    """Cards dragged over the board; each command is loaded, run and dumped as in production, without its rows."""
    old, size = _moved(MOVES), 0
    young, aged = [], []
    for _ in range(ROUNDS):
        fresh = _moved(5 - AROUND // 4)
        young.append(0.0)
        aged.append(0.0)
        for number in range(AROUND):  # in turn, so that both stand on the same stages
            for sale, taken in ((fresh, young), (old, aged)):
                begin = process_time()
                drop(sale, STAGES[number % 2 + 1])
                taken[-1] += process_time() - begin
        size = max(size, *fresh.states, *old.states)
    yield ratio("long sale per command at move 500 against move 5, CPU", aged, young, target=1.1)
    yield Figure("largest state of the long sale in 580 moves", size, (size, size), 6_144, "B")
    size = max(_unattended(MOVES).states)
    yield Figure(
        f"largest state of the long sale in {MOVES} moves, nobody attends", size, (size, size), 6_144, "B"
    )


def _unattended(times: int) -> Walk:
    """Every stage rots, nobody does a review, and a commitment or two stay unanswered."""
    sale = Walk("sales_funnel").start("deal_opened")
    for number in range(times):
        if number in UNANSWERED:
            sale.send("commitment.due", commitment_id=number)
        sale.fire("stage_rots")
        sale.fire("stage_rotten")
        drop(sale, STAGES[(number + 1) % 6])
    return sale


def _moved(times: int) -> Walk:
    sale = Walk("sales_funnel").start("deal_opened")
    for number in range(times):
        drop(
            sale,
            STAGES[(number * 3 + 1) % 6] if sale.deal["stage"] != STAGES[(number * 3 + 1) % 6] else STAGES[0],
        )
    drop(sale, "qualification")
    return sale
