"""Random diagrams against the token game: whatever is drawn, the engine does what the standard says.

Every case is dumped and loaded after every command (`Play`), and after every command the same tasks with the same
data must be ready, the same events waited for, and the case must have ended or not, as in the game (`Versus`).
"""

import random
import re
from collections import Counter

import pytest

from tests.engine.process import random_diagrams, random_processes
from tests.engine.process.drawing import Drawing, xml
from tests.engine.process.versus import Versus, play_at_random

COMMANDS = 40
CHUNK = 250


def play(seed: int, drawing: Drawing, called: list[Drawing]) -> tuple[Versus, int]:
    """One random path through one random diagram; both are printed where they part."""
    executable = xml([drawing, *called])
    program = drawing.program(*called, variables=random_diagrams.VARIABLES)
    try:
        versus = Versus(program, executable, **dict.fromkeys(random_diagrams.VARIABLES, 0))
        return versus, play_at_random(versus, random.Random(seed), COMMANDS)
    except AssertionError as parted:
        pytest.fail(f"seed {seed}: {parted}\n{readable(executable)}", pytrace=False)


def readable(executable: bytes) -> str:
    text = re.sub(r"<(message|signal|error|escalation) [^>]*/>", "", executable.decode())
    return re.sub(
        r"(?=<(process|userTask|\w+Gateway|\w+Event |subProcess|callActivity|sequenceFlow))", "\n", text
    )


def compare(seeds: range) -> None:
    """Unordered diagrams; few may end because a contested value decided, or because they multiply without end."""
    counted: Counter[str] = Counter()
    for seed in seeds:
        versus, commands = play(seed, *random_diagrams.process(seed))
        counted["commands"] += commands
        counted["excused"] += versus.excused
        counted["round"] += versus.lost and not versus.excused
        counted["ended"] += not versus.lost and versus.play.ended
        counted["stuck"] += not versus.lost and versus.game.deadlocked
    plays = len(seeds)
    assert counted["excused"] <= plays * 0.01 + 1
    assert counted["round"] <= plays * 0.06
    assert counted["ended"] >= plays * 0.3
    assert counted["stuck"] >= plays * 0.1
    assert counted["commands"] >= plays * 5


def test_40_random_diagrams_do_what_the_token_game_does() -> None:
    compare(range(40))


@pytest.mark.slow
@pytest.mark.parametrize("begin", range(0, 1000, CHUNK))
def test_1_000_random_diagrams_do_what_the_token_game_does(begin: int) -> None:
    compare(range(begin, begin + CHUNK))


@pytest.mark.long
@pytest.mark.parametrize("begin", range(0, 10_000, 1000))
def test_10_000_random_diagrams_do_what_the_token_game_does(begin: int) -> None:
    compare(range(10_000 + begin, 11_000 + begin))


@pytest.mark.slow
def test_200_random_ordered_processes_do_what_the_token_game_does() -> None:
    ended = 0
    for seed in range(200):
        versus, _ = play(seed, *random_processes.process(seed))
        assert not versus.lost, f"seed {seed}"
        ended += versus.play.ended
    assert ended > 150


def test_a_random_play_can_fail() -> None:
    """The proof proves nothing if it cannot see a difference: here the game plays another diagram."""
    drawn = Drawing("p").start().fork("split", "join").task("a", "b", "after").end()
    drawn.path("began", "split", "a", "join", "after", "ended").path("split", "b", "join")
    other = xml([drawn]).replace(b'<parallelGateway id="join"', b'<exclusiveGateway id="join"')
    other = other.replace(b"DEFAULT", b"").replace(
        b'<exclusiveGateway id="join"  ></parallelGateway>', b'<exclusiveGateway id="join"/>'
    )

    versus = Versus(drawn.program(), other)
    (first, *_) = versus.open()
    with pytest.raises(AssertionError, match="after"):
        versus.act(first, {})
