"""Every place where a diagram holds a text to be worked out goes through the fence, and a hostile text names its element.

The first half runs in a process of its own under an audit hook: whatever Python compiles or executes there is looked
through for the marks that stand in the texts.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from engine.errors import Refusal
from engine.process import decisions, doctor
from tests.conftest import MONDAY
from tests.engine.process import drawing
from tests.engine.process.drawing import Drawing, condition, cycle, duration, message, moment
from tests.engine.process.kit import diagram, end, properties, script, service, start, task, way
from tests.engine.process.playing import Play

DATA: dict[str, Any] = {"amount": 1, "many": [1, 2]}


def straight(*, variables: tuple[str, ...] = ()) -> Drawing:
    """A process in which the step ``here`` still has to be drawn, with a task ``next`` behind it."""
    return Drawing("p").start().task("next").end().path("began", "here", "next", "ended")


def play(drawn: Drawing, **more: Any) -> Play:
    return Play(drawn.program(variables=["amount", "many"]), **{**DATA, **more})


def way_out(text: str) -> None:
    drawn = Drawing("p").start().choice("here").task("a", "b").end("ended").flow("began", "here")
    play(drawn.flow("here", "a", text).flow("here", "b", default=True).path("a", "ended").path("b", "ended"))


def some_ways_out(text: str) -> None:
    drawn = Drawing("p").start().some("here").task("a", "b").end("ended").flow("began", "here")
    play(drawn.flow("here", "a", text).flow("here", "b", default=True).path("a", "ended").path("b", "ended"))


def timer(event: Callable[[str], str]) -> Callable[[str], None]:
    return lambda text: void(play(straight().catch("here", event(f"'P1D' if ({text}) else 'P2D'"))))


def edge_timer(text: str) -> None:
    drawn = (
        Drawing("p")
        .start()
        .task("work", "late")
        .end("ended", "over")
        .path("began", "work", "ended")
        .path("here", "late", "over")
    )
    play(drawn.boundary("here", "work", duration(f"'P1D' if ({text}) else 'P2D'")))


def first_of_timer(text: str) -> None:
    drawn = (
        Drawing("p")
        .start()
        .first_of("here")
        .catch("a", duration(f"'P1D' if ({text}) else ''"))
        .catch("b", message("m"))
        .end("ended")
    )
    play(drawn.path("began", "here", "a", "ended").path("here", "b", "ended"))


def within_timer(text: str) -> None:
    inner = (
        Drawing("i")
        .start("came", duration(f"'P1D' if ({text}) else ''"))
        .task("inside")
        .end("gone")
        .path("came", "inside", "gone")
    )
    play(
        Drawing("p")
        .start()
        .task("next")
        .end()
        .path("began", "next", "ended")
        .inside("here", inner, on_event=True)
    )


def loop_while(text: str) -> None:
    play(straight().task("here", many=drawing.repeat(maximum=2, while_=text))).do("here")


def cardinality(text: str) -> None:
    many = f"<multiInstanceLoopCharacteristics><loopCardinality>{drawing.escape(f'2 if ({text}) else 1')}</loopCardinality></multiInstanceLoopCharacteristics>"
    play(straight().task("here", many=many))


def until(text: str) -> None:
    play(straight().task("here", many=drawing.each("many", "one", until=text))).do("here")


def until_one_by_one(text: str) -> None:
    play(straight().task("here", many=drawing.each("many", "one", until=text, one_by_one=True))).do("here")


def on_condition(text: str) -> None:
    play(straight().catch("here", condition(text)))


def edge_condition(text: str) -> None:
    drawn = (
        Drawing("p")
        .start()
        .task("work", "late")
        .end("ended", "over")
        .path("began", "work", "ended")
        .path("here", "late", "over")
    )
    play(drawn.boundary("here", "work", condition(text)))


def first_of_condition(text: str) -> None:
    drawn = (
        Drawing("p")
        .start()
        .first_of("here")
        .catch("a", condition(text))
        .catch("b", message("m"))
        .end("ended")
    )
    play(drawn.path("began", "here", "a", "ended").path("here", "b", "ended"))


def call_input(text: str) -> None:
    play(straight().service("here", connector="shop", inputs={"sku": text}))


def safe_script(text: str) -> None:
    play(straight().script("here", f"found = {text}"))


def correlation_key(text: str) -> None:
    drawn = Drawing("p").start().throw("ask", message("k.sent")).catch("wait", message("k.heard")).end()
    keys = "".join(
        f'<correlationPropertyRetrievalExpression messageRef="message_{name}"><formalExpression>{drawing.escape(text)}'
        "</formalExpression></correlationPropertyRetrievalExpression>"
        for name in ("k_sent", "k_heard")
    )
    drawing.DEFINED["here"] = f'<correlationProperty id="here">{keys}</correlationProperty>'
    try:
        played = play(drawn.path("began", "ask", "wait", "ended"))
    finally:
        del drawing.DEFINED["here"]
    played.hear("k.heard", amount=1)


RUN: dict[str, Callable[[str], None]] = {
    "exclusive way": way_out,
    "inclusive way": some_ways_out,
    "duration": timer(duration),
    "date": timer(moment),
    "cycle": timer(cycle),
    "timer on an edge": edge_timer,
    "timer behind an event gateway": first_of_timer,
    "timer of an event sub-process": within_timer,
    "loop condition": loop_while,
    "loop cardinality": cardinality,
    "until, all at once": until,
    "until, one by one": until_one_by_one,
    "condition": on_condition,
    "condition on an edge": edge_condition,
    "condition behind an event gateway": first_of_condition,
    "input of a call": call_input,
    "script": safe_script,
    "correlation key": correlation_key,
}
"""Every place a run evaluates, by a function that plays a process with a text there; its element is ``here``."""

FILES: dict[str, Callable[[str], doctor.File]] = {
    "assignee": lambda text: diagram("p", start(), task("here", assignee=text), end(), way("begin", "here", "done")),
    "due": lambda text: diagram("p", start(), task("here", due=text), end(), way("begin", "here", "done")),
    "input": lambda text: diagram(
        "p", start(), service("here", connector="shop", in__sku=text), end(), way("begin", "here", "done")
    ),
    "script": lambda text: diagram("p", start(), script("here", f"x = {text}"), end(), way("begin", "here", "done")),
    "timer": lambda text: diagram("p", start(), _timer(text), end(), way("begin", "here", "done")),
    "loop condition": lambda text: _many(f'<standardLoopCharacteristics loopMaximum="3"><loopCondition>{_safe(text)}</loopCondition></standardLoopCharacteristics>'),
    "cardinality": lambda text: _many(f"<multiInstanceLoopCharacteristics><loopCardinality>{_safe(text)}</loopCardinality></multiInstanceLoopCharacteristics>"),
    "collection": lambda text: _many(f"<multiInstanceLoopCharacteristics><loopDataInputRef>{_safe(text)}</loopDataInputRef></multiInstanceLoopCharacteristics>"),
    "until": lambda text: _many(f"<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality><completionCondition>{_safe(text)}</completionCondition></multiInstanceLoopCharacteristics>"),
}  # fmt: skip
"""Places of an upload that the doctor must look at, with the element that holds them."""

TABLE_CELLS = [
    "().__class__",
    "amount.__class__",
    "__import__('os')",
    "lambda: 1",
    "eval(1)",
    "open(amount)",
    "1; 2",
]
HOSTILE = [
    "().__class__",
    "__import__('os').getpid() > 0",
    "9 ** 9 > 1",
    "(lambda: 1)()",
    "'{0.__class__}'.format(amount)",
]


def void(_: Any) -> None:
    """Forget what was played."""


def _safe(text: str) -> str:
    return drawing.escape(text)


def _timer(text: str) -> str:
    return (
        f'<intermediateCatchEvent id="here" name="here">{properties()}<timerEventDefinition id="t"><timeDuration '
        f'xsi:type="tFormalExpression">{_safe(text)}</timeDuration></timerEventDefinition></intermediateCatchEvent>'
    )


def _many(inner: str) -> doctor.File:
    here = f'<userTask id="here" name="here">{inner}</userTask>'
    return diagram("p", start(), here, end(), way("begin", "here", "done"))


# ------------------------------------------------------------------------------------------------ the tests


@pytest.mark.parametrize("place", RUN)
@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_refused_where_it_runs_and_names_the_element(place: str, text: str) -> None:
    with pytest.raises(Refusal, match=r"“here”|“came”"):
        RUN[place](text)


@pytest.mark.parametrize("place", FILES)
@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_found_when_it_is_uploaded(place: str, text: str) -> None:
    examined = doctor.examine([FILES[place](text)])

    about = [
        finding for finding in examined.findings if finding.element == "here" and finding.severity != "hint"
    ]
    assert about, [finding.message.en for finding in examined.findings]
    assert examined.compiled is None or _leaves_it_out(examined.compiled, text)


def _leaves_it_out(compiled: doctor.Compiled, text: str) -> bool:
    return _safe(text) not in compiled.executable.decode() and all(
        text not in (element.due, element.assignee, *element.inputs.values())
        for _, element in compiled.blueprint.everything()
    )


@pytest.mark.parametrize("text", TABLE_CELLS)
@pytest.mark.parametrize("column", [0, 1])
def test_a_hostile_cell_is_refused_by_the_table_that_holds_it(column: int, text: str) -> None:
    cells = ["-", '"a"']
    cells[column] = text

    with pytest.raises(Refusal, match="here"):
        decisions.read(_table(*cells))


def _table(condition_: str, answer: str, asks: str = "amount") -> bytes:
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n"><decision id="here" name="here">'
        f'<decisionTable id="t" hitPolicy="FIRST"><input id="i" label="i"><inputExpression id="e"><text>{_safe(asks)}</text></inputExpression></input>'
        f'<output id="o" name="found"/><rule id="r"><inputEntry id="c"><text>{_safe(condition_)}</text></inputEntry>'
        f'<outputEntry id="a"><text>{_safe(answer)}</text></outputEntry></rule></decisionTable></decision></definitions>'
    ).encode()


@pytest.mark.slow
def test_no_text_of_a_diagram_reaches_pythons_own_eval() -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", __name__],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    seen = {place: {tuple(each) for each in found} for place, found in json.loads(ran.stdout).items()}

    assert len(seen) == len(RUN) + 5
    without = {place for place, found in seen.items() if ("exec", "<expression>") not in found}
    assert without == {"condition of a table", "answer of a table"}, "tables have a language of their own"
    parsed = {("compile", "<unknown>"), ("exec", "<expression>")}  # read into a tree, then our own code
    assert {place: found - parsed for place, found in seen.items() if found - parsed} == {}


# ---------------------------------------------------------------------------------- in a process of its own


def main() -> None:
    """Plant a mark in every place, let it be worked out, and print what Python compiled and executed of it."""
    seen: dict[str, set[tuple[str, str]]] = {}
    places = {**RUN, **WHOLE}
    marks = {f"mark_{number}_": place for number, place in enumerate(places)}
    watching = [True]

    def watch(event: str, given: tuple[Any, ...]) -> None:
        if watching[0] and event in ("exec", "compile"):
            watching[0] = False
            _note(seen, marks, event, given)
            watching[0] = True

    sys.addaudithook(watch)
    for mark, place in marks.items():
        seen[place] = set()
        text = f'"{mark}"' if "table" in place else mark if place == "collection" else f"amount != '{mark}'"
        places[place](text)
    watching[0] = False
    print(json.dumps({place: sorted(found) for place, found in seen.items()}))


def _note(
    seen: dict[str, set[tuple[str, str]]], marks: dict[str, str], event: str, given: tuple[Any, ...]
) -> None:
    first = given[0]
    words = " ".join(_words(first)) if isinstance(first, CodeType) else str(first)
    for mark, place in marks.items():
        if mark in words:
            seen[place].add((event, str(first.co_filename if isinstance(first, CodeType) else given[1])))


def _words(code: CodeType) -> Iterator[str]:
    yield from map(str, (*code.co_names, *code.co_varnames))
    for constant in code.co_consts:
        yield from _words(constant) if isinstance(constant, CodeType) else [repr(constant)]


def collection(text: str) -> None:
    play(straight().task("here", many=drawing.each(text, "one")), **{text: [1]})


def of_a_table(*, cell: int) -> Callable[[str], None]:
    """A text as condition, answer or question of a decision table."""

    def decide(text: str) -> None:
        parts = ["-", '"a"', "amount"]
        parts[cell] = text
        for table in decisions.read(_table(*parts)).values():
            assert "found" in table.decide(DATA)

    return decide


def deployed(place: str) -> Callable[[str], None]:
    """A text of an upload, started in a database of its own."""

    def start_it(text: str) -> None:
        from engine import migrations
        from engine.db import connect
        from tests.conftest import import_models
        from tests.engine.process.kit import World

        import_models()
        given = f"'P1D' if ({text}) else 'P2D'" if place == "due" else text
        file = FILES[place](given)
        with tempfile.TemporaryDirectory() as folder:
            engine = connect(f"sqlite:///{Path(folder) / 'marks.db'}")
            try:
                migrations.upgrade(engine)
                world = World(engine, more={"facts": (lambda *_: DATA,)})
                world.start(world.deploy(file))
            finally:
                engine.dispose()

    return start_it


WHOLE: dict[str, Callable[[str], None]] = {
    "collection": collection,
    "condition of a table": of_a_table(cell=0),
    "answer of a table": of_a_table(cell=1),
    "assignee": deployed("assignee"),
    "due": deployed("due"),
}


if __name__ == "__main__":
    assert MONDAY
    main()
