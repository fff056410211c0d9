"""A case and the token game side by side: the same commands, and after each the same must stand."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from engine.process.program import Program
from engine.process.runner import StepBudget, Waiting
from tests.engine.process.playing import Play
from tests.engine.process.token_game import Game, GoesRound
from tests.engine.process.token_places import Action

Seen = tuple[str, str, int | None, tuple[tuple[str, str], ...]]
WORK = ("task", "call")
CROWD = 24
"""With more open than this a process only multiplies its tokens."""


class Versus:
    """Dumped and loaded after each command by `Play`, which asserts that nothing changed by that.

    A process that goes round for ever must do so in both; then the case is ``lost`` and the game is over.
    """

    play: Play
    game: Game

    def __init__(self, program: Program, executable: bytes, **data: Any) -> None:
        self.commands: list[str] = []
        self.lost = self.excused = False
        self._both(
            lambda: setattr(self, "play", Play(program, budget=400, **data)),
            lambda: setattr(self, "game", Game(executable, program.blueprint.process, data, budget=1600)),
        )

    def _both(self, case: Callable[[], Any], game: Callable[[], Any]) -> None:
        answers = []
        for command, endless in ((case, StepBudget), (game, GoesRound)):
            try:
                answers.append(command())
            except endless:
                answers.append("goes round")
        assert answers[0] == answers[1], f"after {self.commands}"
        self.lost = answers[0] == "goes round"
        if not self.lost:
            self._compare()

    def _compare(self) -> None:
        """Ready tasks with their data, events waited for, completion, and the data at the end."""
        told = f"after {self.commands}"
        self.play._after()
        case, game = (
            sorted(map(_of_case, self.play.run.waiting())),
            sorted(map(_of_game, self.game.enabled())),
        )
        same = case == game and self.play.ended == self.game.ended
        if same and self.play.ended:
            same = (self.play.data, self.play.run.end_element) == (self.game.data, self.game.end_element)
        self.excused = not same and self._is_contested(case, game)
        self.lost = self.excused
        assert same or self.excused, f"{told}\ncase {case}\ngame {game}\n{self.play.data} {self.game.data}"

    def _is_contested(self, case: list[Seen], game: list[Seen]) -> bool:
        """Whether they differ only in values that tokens wrote without knowing of each other, or for such a value.

        Which of them a join keeps no standard says; here the proof ends.
        """
        if self.game.doubtful:
            return True
        contested = {
            name for data in self.game.everything() for name, write in data.items() if write.contested
        }
        return [_without(contested, each) for each in case] == [_without(contested, each) for each in game]

    def act(self, action: Action, values: Mapping[str, Any], *, to_all: bool = False, code: str = "") -> None:
        """Give both the same command."""
        self.commands.append(f"{action.kind} {action.element}" + (f" fails {code}" if code else ""))
        waiting, run, game, name = self.same(action), self.play.run, self.game, action.name or ""
        if action.kind == "signal" or (action.kind == "message" and to_all):
            hear = run.send if action.kind == "message" else run.signal
            self._both(lambda: hear(name, values), lambda: game.hear(action.kind, name, values))
        elif code:
            self._both(lambda: run.fail(waiting.token, code, values), lambda: game.fail(action, code, values))
        else:
            self._both(
                lambda: self._one(action, waiting, values), lambda: game.apply(action, values) and None
            )

    def _one(self, action: Action, waiting: Waiting, values: Mapping[str, Any]) -> None:
        run = self.play.run
        match action.kind:
            case "task":
                run.complete(waiting.token, values)
            case "call":
                run.finish(waiting.token, values)
            case "timer":
                run.fire(waiting.token)
            case _:
                assert run.send(action.name or "", values, token=waiting.token) == 1

    def same(self, action: Action) -> Waiting:
        """The waiting token of the case that the action is about; of twins the one as old among them."""
        twins = sorted(self.twins(action), key=lambda each: each.work.number)
        place = next(place for place, each in enumerate(twins) if each.work is action.work)
        wanted = _of_game(action)
        return [each for each in self.play.run.waiting() if _of_case(each) == wanted][place]

    def twins(self, action: Action) -> list[Action]:
        """The actions that look like this one."""
        wanted = _of_game(action)
        return [each for each in self.game.enabled() if _of_game(each) == wanted]

    def open(self) -> list[Action]:
        """What may happen, but for twins in different scopes: nobody could say which is which."""
        enabled = sorted(self.game.enabled(), key=lambda each: (each.kind, each.element, each.work.number))
        return [each for each in enabled if len({_scope(twin) for twin in self.twins(each)}) == 1]


def _scope(action: Action) -> int:
    """Events differ by the activity they guard, work by the scope it stands in."""
    stands = action.work
    return id(stands.frame if action.kind in WORK else stands)


def _of_case(waiting: Waiting) -> Seen:
    index = waiting.instance_index if waiting.kind in WORK else None
    return waiting.kind, waiting.element, index, _shown(waiting.data)


def _of_game(action: Action) -> Seen:
    index = action.work.index if action.kind in WORK else None
    return action.kind, action.element, index, _shown(action.data)


def _shown(data: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, repr(value)) for name, value in data.items()))


def _without(names: set[str], seen: Seen) -> Seen:
    return *seen[:3], tuple(each for each in seen[3] if each[0] not in names)


def play_at_random(versus: Versus, dice: random.Random, commands: int) -> int:
    """Commands as the dice fall until nothing may happen any more; how many there were."""
    for number in range(commands):
        if versus.lost or len(versus.game.enabled()) + len(versus.game.held()) > CROWD:
            return number
        enabled = versus.open()
        work = [each for each in enabled if each.kind in WORK]
        if not enabled:
            return number
        action = dice.choice(work if work and dice.random() < 0.7 else enabled)
        brings = {} if action.kind == "timer" else {f"k{number % 3}": number + 1, "tick": number + 1}
        code = dice.choice(("E1", "E2")) if action.kind == "call" and dice.random() < 0.3 else ""
        versus.act(action, brings, to_all=dice.random() < 0.5, code=code)
    return commands
