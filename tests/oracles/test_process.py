"""What follows what, variants and rework, judged by pm4py on the same completed steps."""

from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from reports import variants
from reports.variants import Done, Path
from tests.conftest import MONDAY
from tests.oracles import asking

STEPS = ("ask", "price", "check", "sign", "ship")


def ways(seed: int) -> list[Path]:
    """Sixty cases that wander, loop and skip; no two completions of a case at the same moment."""
    dice = Random(seed)
    found = []
    for number in range(60):
        at, done, place = MONDAY + timedelta(minutes=dice.randrange(9_000)), [], 0
        while place < len(STEPS) and len(done) < 14:
            at += timedelta(seconds=dice.randrange(1, 400_000))
            done.append(Done(("sale", STEPS[place]), at, dice.choice((1, 2))))
            place += dice.choice((1, 1, 1, 1, 2, 0, -1)) if place else 1
        found.append(Path(number, MONDAY, at, done))
    return found


@pytest.mark.oracle
@pytest.mark.slow
@asking.here
@pytest.mark.parametrize("seed", [1, 2])
def test_pm4py_counts_the_same(seed: int) -> None:
    every = ways(seed)
    log = [[path.instance_id, each.step[1], each.at.isoformat()] for path in every for each in path.done]

    judged = asking.ask("process", log)

    follows = variants.follows(every)
    assert {(one.first[1], one.second[1]): one.n for one in follows} == {
        (one, other): n for one, other, n in judged["follows"]
    }
    means = {(one, other): mean for one, other, mean in judged["means"]}
    assert means.keys() == {(one.first[1], one.second[1]) for one in follows}
    for each in follows:
        assert each.mean == pytest.approx(means[each.first[1], each.second[1]], rel=1e-6)
    assert Counter({tuple(step for _, step in way.steps): way.n for way in variants.variants(every)}) == {
        tuple(steps): n for steps, n in judged["variants"]
    }
    assert {each.step[1]: each.cases for each in variants.rework(every)} == judged["rework"]
