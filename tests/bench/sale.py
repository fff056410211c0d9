"""The shipped long sale: a command costs the same at the 500th move as at the 5th, and its state stays small."""

from collections.abc import Iterator
from time import process_time

from tests.bench.figures import Figure, ratio
from tests.bpmn.selling import drop
from tests.bpmn.walk import Walk

ROUNDS, MOVES, AROUND = 5, 500, 16
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


def _moved(times: int) -> Walk:
    sale = Walk("sales_funnel").start("deal_opened")
    for number in range(times):
        drop(
            sale,
            STAGES[(number * 3 + 1) % 6] if sale.deal["stage"] != STAGES[(number * 3 + 1) % 6] else STAGES[0],
        )
    drop(sale, "qualification")
    return sale
