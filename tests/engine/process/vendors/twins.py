"""Which place of the token game is the same as one of the engine's, where several stand at one element."""

from collections.abc import Iterator
from typing import Any

from engine.process.runner import Run, Waiting
from tests.engine.process.token_game import Game
from tests.engine.process.token_places import Action, Frame

WORK = ("task", "call")
Where = tuple[int | None, ...]
Seen = tuple[str, str, Where]


def here(run: Run) -> list[Seen]:
    """What the engine waits for: its kind, its element, and in which instances of repeated activities it stands."""
    return [_of_case(run, each) for each in run.waiting()]


def there(game: Game) -> list[Seen]:
    """The same of the game."""
    return [_of_game(each) for each in game.enabled()]


def twin(run: Run, game: Game, one: Waiting) -> Action:
    """The action of the game that is this wait.

    Those in one instance are told apart by their data, then by their age: nothing else differs between them.
    """
    ours = [each for each in run.waiting() if _of_case(run, each) == _of_case(run, one)]
    theirs = [each for each in game.enabled() if _of_game(each) == _of_case(run, one)]
    ours_alike = [each for each in ours if each.data == one.data]
    theirs_alike = [each for each in theirs if each.data == one.data]
    if len(ours_alike) == len(theirs_alike):
        ours, theirs = ours_alike, theirs_alike
    place = [each.token for each in ours].index(one.token)
    return sorted(theirs, key=lambda each: each.work.number)[place]


def _of_case(run: Run, waiting: Waiting) -> Seen:
    token = run._token(waiting.token.partition(".")[0])
    assert token is not None
    own = [waiting.instance_index] if waiting.kind in WORK else []
    return waiting.kind, waiting.element, (*own, *_scopes(token.workflow))


def _scopes(scope: Any) -> Iterator[int | None]:
    while scope is not scope.top_workflow:
        yield scope.activity.internal_data.get("index")
        scope = scope.activity.workflow


def _of_game(action: Action) -> Seen:
    inside = action.work if isinstance(action.work, Frame) else action.work.frame
    own = [action.work.index] if action.kind in WORK else []
    return action.kind, action.element, (*own, *_frames(inside))


def _frames(frame: Frame) -> Iterator[int | None]:
    while frame.owner is not None:
        yield frame.owner.index
        frame = frame.owner.frame
