"""The figure of decision tables: a table of twenty rules against the same choice written by hand in Python."""

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from engine.process import decisions
from tests.bench.figures import Figure, cpu

ROUNDS, TIMES, RULES = 5, 2_000, 20


def figures() -> Iterator[Figure]:
    """Microseconds of processor time for one decision, and how many times that is what plain Python takes."""
    table = decisions.read(drawn())["terms"]
    scopes = [
        {"amount": 50 * place + 10, "kind": "ab"[place % 2], "deal": {"days": place}}
        for place in range(RULES)
    ]
    assert all(table.decide(scope)["answer"] == by_hand(scope) for scope in scopes)
    ours, plain = [], []
    for _ in range(ROUNDS):
        ours.append(
            cpu(lambda: [table.decide(scope) for _ in range(TIMES // RULES) for scope in scopes]) / TIMES
        )
        plain.append(
            cpu(lambda: [by_hand(scope) for _ in range(TIMES // RULES * 10) for scope in scopes]) / TIMES / 10
        )
    micros = sorted(each * 1e6 for each in ours)
    yield Figure("decision table of 20 rules, CPU", micros[ROUNDS // 2], (micros[0], micros[-1]), 200, "µs")
    rounds = sorted(one / other for one, other in zip(ours, plain, strict=True))
    yield Figure(
        "decision table against plain Python, CPU", rounds[ROUNDS // 2], (rounds[0], rounds[-1]), 100
    )


def drawn() -> bytes:
    """A UNIQUE table over three columns."""
    asks = "".join(
        f'<input><inputExpression typeRef="{kind}"><text>{name}</text></inputExpression></input>'
        for name, kind in (("amount", "number"), ("kind", "string"), ("deal.days", "number"))
    )
    rules = "".join(
        "<rule>"
        + "".join(
            f"<inputEntry><text>{escape(cell)}</text></inputEntry>"
            for cell in (f"[{50 * n}..{50 * n + 50})", '"a", "b"', "< 90")
        )
        + f"<outputEntry><text>{n}</text></outputEntry></rule>"
        for n in range(RULES)
    )
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:bench">'
        f'<decision id="terms" name="Terms"><decisionTable>{asks}<output name="answer" typeRef="number"/>{rules}'
        "</decisionTable></decision></definitions>"
    ).encode()


def by_hand(scope: dict[str, Any]) -> int | None:
    """The same table as a chain of conditions; as UNIQUE demands, no rule is left untried."""
    found = [
        n
        for n in range(RULES)
        if 50 * n <= scope["amount"] < 50 * n + 50
        and scope["kind"] in ("a", "b")
        and scope["deal"]["days"] < 90
    ]
    return found[0] if len(found) == 1 else None
