"""One case played twice at once: by the engine, and by the token game that knows nothing of it."""

import ast
import random
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from lxml import etree

from engine.process import doctor, expressions, program
from engine.process.runner import Run, Waiting
from tests.engine.process.doctor_kit import HURRY, answers
from tests.engine.process.token_game import Game
from tests.engine.process.vendors import twins

MOST = 1500
"""So many moves are enough for what a drawing does 200 times, the doctor's most, in several places."""
EACH = 150
"""For so many moves a case is put away and fetched again after each, later after every tenth: one with thousands of
tokens would spend its life there."""
EXPRESSIONS = re.compile(r"(conditionExpression|script|loopCardinality|loopCondition|condition|time\w+)$")


class Parted(AssertionError):
    """The engine and the game are not at the same place."""


def comparable(what: doctor.Compiled) -> bool:
    """Whether the game plays everything in it: it hears signals and conditions at other moments than the engine."""
    return not re.search(rb"signalEventDefinition|conditionalEventDefinition", what.executable)


def play(what: doctor.Compiled, seed: int) -> str:
    """Play until the case ends or nothing can happen any more: «ended», «stuck», or «long» after very many steps.

    «watching»: only data that come from outside could move it on, and nobody brings any here.
    """
    both = comparable(what)
    dice = random.Random(seed)
    made = program.parse(what.executable, what.blueprint)
    data = {**guessed(what, dice), "start": dice.choice(what.blueprint.starts).element}
    run = Run.start(made, data, facts=dict)
    game = Game(what.executable, what.process, data, evaluate=_evaluate) if both else None
    for move in range(MOST):
        if move < EACH or move % 10 == 0:
            run = Run.load(made, run.dump(), facts=dict)
        if game is not None:
            compare(run, game)
        if run.ended:
            return "ended"
        waiting = run.waiting()
        if not waiting:
            return "watching" if b"conditionalEventDefinition" in what.executable else "stuck"
        work = [each for each in waiting if each.kind in {"task", "call"}]
        hurry = move > HURRY
        one = dice.choice(work if work and (hurry or dice.random() < 0.8) else waiting)
        _act(run, game, what, one, dice, hurry)
    return "long"


def compare(run: Run, game: Game) -> None:
    """The same waits at the same places, and both have ended or neither has."""
    ours, theirs = Counter(twins.here(run)), Counter(twins.there(game))
    if ours != theirs or run.ended != game.ended:
        raise Parted(f"only here: {ours - theirs}, only there: {theirs - ours}, held: {game.held()}")


def _act(
    run: Run, game: Game | None, what: doctor.Compiled, one: Waiting, dice: random.Random, hurry: bool
) -> None:
    given = answers(what, one, dice, hurry) if one.kind == "task" else {}
    same = twins.twin(run, game, one) if game is not None else None
    match one.kind:
        case "task":
            run.complete(one.token, given)
        case "call":
            run.finish(one.token, {})
        case "timer":
            run.fire(one.token)
        case "signal":
            run.signal(one.name or "", {})
        case _:
            run.send(one.name or "", {}, token=one.token)
    if game is not None and same is not None:
        game.apply(same, given)


def _evaluate(expression: str, names: Any) -> Any:
    return expressions.evaluate(expression, dict(names))


def guessed(what: doctor.Compiled, dice: random.Random) -> dict[str, Any]:
    """Values for the names that expressions read, as they seem to want them."""
    found: dict[str, Any] = {}
    for text in _expressions(what):
        try:
            tree = ast.parse(text.strip())
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            _guess(node, found, dice)
    return {name: value for name, value in found.items() if not name.startswith(("choice_", "count_"))}


def _expressions(what: doctor.Compiled) -> Iterator[str]:
    for each in etree.fromstring(what.executable).iter():
        if EXPRESSIONS.search(str(each.tag)) and each.text:
            yield each.text
    for diagram in what.blueprint.diagrams.values():
        for element in diagram.elements.values():
            yield from element.inputs.values()


def _guess(node: ast.AST, found: dict[str, Any], dice: random.Random) -> None:
    match node:
        case ast.Compare(left=ast.Name(id=name), comparators=[ast.Constant(value=value), *_]):
            found[name] = dice.choice([value, 0 if isinstance(value, int | float) else "other"])
        case ast.Attribute():
            *outer, last = _path(node)
            inner: Any = found
            for key in outer:
                inner = inner.setdefault(key, {}) if isinstance(inner, dict) else None
            if isinstance(inner, dict):
                inner.setdefault(last, 1)
        case ast.Name(id=name):
            found.setdefault(name, 1)


def _path(node: ast.AST) -> list[str]:
    """The names of a.b.c; of what is not made of names only the attributes."""
    match node:
        case ast.Attribute(value=value, attr=key):
            return [*_path(value), key]
        case ast.Name(id=name):
            return [name]
    return []
