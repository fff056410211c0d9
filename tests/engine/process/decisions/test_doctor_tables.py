"""The doctor for tables: what collides, what is missing, what can never apply; and silence where nothing can be told."""

from typing import Any

import pytest

from engine.process import decisions, doctor
from engine.process.doctor import tables
from tests.engine.process.doctor_kit import codes, compiled, diagram, examine, finding, flows, say
from tests.engine.process.test_decisions import Drawn

COVERED: list[list[str | None]] = [["<= 5", '"a"'], ["> 5", '"b"']]


def inspected(drawn: Drawn, *more: tuple[str, str]) -> list[doctor.Finding]:
    xml = drawn.xml().decode()
    for old, new in more:
        xml = xml.replace(old, new)
    return tables.inspected(decisions.read(xml.encode())["discount"])


def said(drawn: Drawn, *more: tuple[str, str]) -> list[str]:
    return [each.code for each in inspected(drawn, *more)]


def number(rules: list[list[str | None]], policy: str | None = None, **more: Any) -> Drawn:
    return Drawn(inputs=[("x", "number")], rules=rules, policy=policy, **more)


def test_a_sound_table_is_left_in_peace() -> None:
    assert said(number(COVERED)) == []


FOUND: list[tuple[str, Drawn, str, str]] = [
    ("ranges that touch", number([["<= 5", "1"], [">= 5", "2"]]), "D02", "the rules 1, 2 apply at the same time, for example for: x = 5"),
    ("a rule for everything", number([["<= 5", "1"], ["-", "2"]]), "D02", "rules 1, 2"),
    ("texts twice", Drawn(rules=[['"a", "b"', "1"], ['not("c")', "2"], ['"c"', "3"]]), "D02", 'x = "a"'),
    ("dates", Drawn(inputs=[("x", "date")], rules=[['<= date("2026-05-01")', "1"], ['>= date("2026-05-01")', "2"]]), "D02", 'x = date("2026-05-01")'),
    ("truths", Drawn(inputs=[("x", "boolean")], rules=[["true", "1"], ["-", "2"]]), "D02", "x = true"),
    ("null and everything", number([["null", "1"], ["-", "2"]]), "D02", "x = null"),
    ("any that differs", number([["> 5", "1"], ["> 3", "2"], ["<= 3", "1"]], "ANY"), "D03", "x = 6"),
    ("a hole in numbers", number([["< 5", "1"], ["> 5", "2"]]), "D04", "covers, for example: x = 5."),
    ("a hole of fractions", number([["<= 5", "1"], [">= 6", "2"]]), "D04", "x = 5.5"),
    ("a text nobody names", Drawn(rules=[['"a"', "1"], ['"b"', "2"]]), "D04", 'x = "…"'),
    ("a truth nobody names", Drawn(inputs=[("x", "boolean")], rules=[["true", "1"]]), "D04", "x = false"),
    ("a hole in two columns", Drawn(inputs=[("x", "number"), ("k", "boolean")], rules=[["< 5", "-", "1"], [">= 5", "true", "2"]]), "D04", "x = 5, k = false"),
    ("a hole in days", Drawn(inputs=[("x", "date")], rules=[['< date("2026-05-01")', "1"], ['> date("2026-05-02")', "2"]]), "D04", 'date("2026-05-01")'),
    ("covered by one before", number([["> 1", "1"], ["> 5", "2"], ["-", "3"]], "FIRST"), "D05", "Rule 2"),
    ("covered by two before", number([["< 5", "1"], [">= 5", "2"], ["[3..7]", "3"], ["-", "4"]], "FIRST"), "D05", "Rule 3"),
    ("covered also when empty", number([["-", "1"], ["null", "2"]], "FIRST"), "D05", "Rule 2"),
    ("an impossible range", number([["[5..1]", "1"], ["-", "2"]]), "D06", "rule 1"),
    ("an impossible condition", number([["? > 5 and ? < 3", "1"], ["-", "2"]]), "D06", "rule 1"),
    ("a text in a column of numbers", number([['"a"', "1"], ["-", "2"]], "FIRST"), "D07", "(number) with a value of another type (string)"),
    ("a date in a column of texts", Drawn(rules=[['> date("2026-05-01")', "1"], ["-", "2"]], policy="FIRST"), "D07", "(date)"),
    ("a sum of texts", number([["> 1", '"a"']], "C+"), "D08", "answer of rule 1"),
    ("an answer nobody lists", number([["-", '"c"']], outputs=[("y", '"a","b"')]), "D08", "answer of rule 1"),
    ("a day that does not exist", Drawn(inputs=[("x", "date")], rules=[['< date("2026-02-30")', "1"], ["-", "2"]], policy="FIRST"), "D12", 'does not exist: < date("2026-02-30")'),
    ("an aggregation of two", number([["-", "1", "2"]], "C+", outputs=["y", "z"]), "D09", "SUM"),
    ("columns about the same", Drawn(inputs=["x", "x + 1"], rules=[["1", "2", "1"]]), "D11", "ask about the same"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "drawn", "code", "words"), FOUND, ids=[each[0] for each in FOUND])
def test_the_doctor_names_table_and_rules_and_gives_an_example(
    name: str, drawn: Drawn, code: str, words: str
) -> None:
    found = [each for each in inspected(drawn) if each.code == code]

    assert found, name
    assert any(words in each.message.en for each in found), [each.message.en for each in found]
    assert all("Discount" in each.message.pl and each.message.pl != each.message.en for each in found)


SILENT: list[tuple[str, Drawn, str]] = [
    ("overlaps are the point of a list", number([["> 1", "1"], ["> 2", "2"]], "COLLECT"), "D02"),
    ("a list may be empty", number([["> 1", "1"]], "COLLECT"), "D04"),
    ("first decides among overlaps", number([["> 5", "1"], ["-", "2"]], "FIRST"), "D02"),
    ("any that agrees", number([["> 5", "1"], ["> 3", "1.0"], ["<= 3", "1"]], "ANY"), "D03"),
    ("a cell with a name is not judged", number([["<= limit", "1"], ["> 5", "2"]]), "D02"),
    ("a cell with a name may fill the hole", number([["< 5", "1"], [">= limit", "2"]]), "D04"),
    ("a function is not judged", Drawn(rules=[['starts with(?, "PL")', "1"], ['"PL1"', "2"], ["-", "3"]]), "D05"),
    ("no day lies between two days", Drawn(inputs=[("x", "date")], rules=[['<= date("2026-05-01")', "1"], ['>= date("2026-05-02")', "2"]]), "D04"),
    ("no whole number lies between 5 and 6", Drawn(inputs=[("x", "integer")], rules=[["<= 5", "1"], [">= 6", "2"]]), "D04"),
    ("both truths are named", Drawn(inputs=[("x", "boolean")], rules=[["true", "1"], ["false", "2"]]), "D04"),
    ("columns about the same are not judged", Drawn(inputs=["x", "x + 1"], rules=[["1", "9", "1"], ["-", "-", "2"]]), "D02"),
    ("an open rule before does not cover", number([["> limit", "1"], ["> 5", "2"], ["-", "3"]], "FIRST"), "D05"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "drawn", "code"), SILENT, ids=[each[0] for each in SILENT])
def test_the_doctor_is_silent_where_nothing_is_wrong_or_known(name: str, drawn: Drawn, code: str) -> None:
    assert code not in said(drawn), name


def test_allowed_values_and_a_default_close_a_hole() -> None:
    drawn = Drawn(rules=[['"a"', "1"], ['"b"', "2"]])
    values = (
        "</inputExpression></input>",
        '</inputExpression><inputValues><text>"a","b"</text></inputValues></input>',
    )
    default = (
        '<output name="y">',
        '<output name="y"><defaultOutputEntry><text>0</text></defaultOutputEntry>',
    )

    assert said(drawn) == ["D04"]
    assert said(drawn, values) == []
    assert said(drawn, default) == []


def test_a_large_table_is_checked_in_bounded_time_or_said_to_be_too_large() -> None:
    rules: list[list[str | None]] = [
        [f"[{n}..{n + 40}]", f"[{n % 17}..{n % 13 + 9}]", f'"{n % 7}"', f"< {n % 11}", "1"]
        for n in range(280)
    ]
    inputs = [("a", "number"), ("b", "number"), ("c", "string"), ("d", "number")]

    found = inspected(Drawn(inputs=inputs, rules=rules, policy="FIRST"))

    assert {each.code for each in found} <= {"D04", "D05", "D06", "D11"}


# ------------------------------------------------------------------------------------------- in an upload

STEPS = (
    '<startEvent id="s"/><userTask id="a" name="Zapisz"/>'
    f'<businessRuleTask id="b" name="Rozstrzygnij">{say(decision="discount")}</businessRuleTask><userTask id="c" name="Wyślij"/><endEvent id="e"/>'
)


def upload(drawn: Drawn) -> doctor.Examined:
    ways = flows("s>a", "a>b", "b>c", "c>e")
    return examine(diagram(STEPS + ways), doctor.File("discount.dmn", drawn.xml()), accepted="all")


def test_a_table_that_collides_is_a_warning_of_the_upload() -> None:
    examined = upload(number([["<= 5", "1"], [">= 5", "2"]]))

    found = finding(examined, "D02")
    assert (found.severity, found.element) == ("warning", "discount")
    assert compiled(examined)


def test_an_output_nobody_reads_is_a_hint() -> None:
    assert (
        finding(upload(number(COVERED)), "D10").message.en
        == "Nobody reads the output “y” of the table “Discount”."
    )


def test_inputs_nobody_gives_are_named() -> None:
    assert "x" in finding(upload(number(COVERED)), "Q04").message.en


def test_every_cell_that_cannot_be_read_is_an_error_by_table_rule_and_column() -> None:
    examined = upload(number([["1 +", "1"], ["open(1)", '"a'], ["-", "1"]]))

    found = [each for each in examined.findings if each.code == "D01"]
    assert [each.severity for each in found] == ["error"] * 3
    assert "in the table “Discount”, rule 1, column “x”, “1 +” cannot be read" in found[0].message.en
    assert "unknown function open" in found[1].message.en
    assert "rule 2, column “y”" in found[2].message.en
    assert "w regule 1, w kolumnie „x”" in found[0].message.pl
    assert examined.compiled is None


def test_a_ranking_without_values_is_an_error() -> None:
    assert "lists its values" in finding(upload(number(COVERED, "PRIORITY")), "D01").message.en


def test_a_file_that_is_no_table_is_told_as_before() -> None:
    assert "X11" in codes(
        examine(diagram(STEPS + flows("s>a", "a>b", "b>c", "c>e")), doctor.File("d.dmn", b"<definitions/>"))
    )
