"""What cannot be read is refused with its place and how to mend it; nothing of it comes in."""

import gzip
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import Refusal
from engine.sales.ladders import Move
from engine.sales.past import events, files, importing, maps, proposals, wrong, xes
from engine.sales.past.files import Log
from engine.sales.past.rows import ImportedStep
from tests.past.logs import MAP, NOW, XES_MAP, bring, log, packed, table
from tests.past.logs import xes as written

PLAIN = MAP.format(more="")
XES = XES_MAP.format(more="")
GOOD = ("1", "Asked", "2026-03-02 08:00")


def refused(content: bytes, text: str = PLAIN) -> Refusal:
    """Why this does not come in."""
    with pytest.raises(Refusal) as found:
        importing.check(log(content), text, now=NOW)
    return found.value


def rows_of(content: bytes, text: str = PLAIN) -> list[tuple[int, str]]:
    """The wrong rows with what is said of them."""
    refusal = refused(content, text)
    assert isinstance(refusal, wrong.Rows)
    return [(line, type(each).__name__) for line, each in refusal.ledger.first]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[history\n", "line 1"),
        ("x = 1\n" + PLAIN, "no"),
        (PLAIN.replace('time = "time"', ""), "columns.time"),
        (PLAIN.replace('"won"', '"vvon"'), "“vvon”"),
        (PLAIN.replace("[columns]", "[columns]\nwhen = 'x'"), "columns.when"),
        (PLAIN.replace('"UTC"', '"Mars/Olympus"'), "history.zone"),
        (PLAIN.replace('"UTC"', "5"), "history.zone"),
        (PLAIN.replace('"old_sales"', '"old sales"'), "history.ladder"),
        (PLAIN.replace('"old_sales"', '"promise"'), "history.ladder"),
        (PLAIN.replace('"PLN"', '"zł"'), "history.currency"),
        (PLAIN.replace('key = "offered"', 'key = "asked"'), "positions[2].key"),
        (PLAIN.replace('key = "offered"', 'key = "won"'), "positions[2].key"),
        (PLAIN + "[file]\nencoding = 'ebcdic'", "file.encoding"),
        (PLAIN + "[file]\ntime = '%Q'", "file.time"),
        (PLAIN.replace("[[positions]]", "[positions]", 1), ""),
        ("", "history"),
        ("a" * 300_000, "256"),
        ("[history]\nladder = 5\ntitle = []", ""),
        ("columns = 5\nhistory = 1\npositions = 'x'\nactivities = 3", "columns"),
        ("[" * 5000, "line"),
    ],
)
def test_a_map_is_refused_by_its_field_or_line(text: str, said: str) -> None:
    with pytest.raises(Refusal) as found:
        maps.read(text)
    assert said == "no" or said in str(found.value), str(found.value)


def test_a_map_in_another_encoding_is_refused_by_its_line() -> None:
    with pytest.raises(wrong.MapBroken, match="line 2"):
        maps.decoded('[history]\ntitle = "zażółć"'.encode("cp1250"))


def test_a_missing_column_is_named_with_those_that_are_there() -> None:
    refusal = refused(table([GOOD], ("case", "activity", "when")))
    assert isinstance(refusal, wrong.ColumnMissing)
    assert "columns.time" in str(refusal)
    assert "when" in str(refusal)


def test_a_column_that_is_there_twice_is_refused() -> None:
    assert isinstance(refused(table([(*GOOD, "x")], ("case", "activity", "time", "time"))), wrong.ColumnTwice)


def test_wrong_rows_are_listed_with_their_lines(session: Session) -> None:
    rows = [
        GOOD,
        ("", "Asked", "2026-03-02"),
        ("1", " ", "2026-03-02"),
        ("1", "Asked", "yesterday"),
        ("1", "Asked", "1970-01-01 00:00"),
        ("1", "Asked", "2031-01-01 00:00"),
        ("1", "Asked", ""),
        ("1", "Asked"),
        ("1" * 10_000, "Asked", "2026-03-02"),
        ("1", "x" * 10_000, "2026-03-02"),
    ]
    assert rows_of(table(rows)) == [
        (3, "NoCase"),
        (4, "NoActivity"),
        (5, "TimeWrong"),
        (6, "TimeFar"),
        (7, "TimeFar"),
        (8, "NoTime"),
        (9, "CellsWrong"),
        (10, "TooLong"),
        (11, "TooLong"),
    ]
    assert session.scalar(select(func.count()).select_from(Move)) == 0


def test_lines_are_those_of_the_file_also_behind_cells_of_several_lines() -> None:
    content = b'case;activity;time\n1;"As\nked";2026-03-02\n\n1;Asked;x\n'
    assert rows_of(content) == [(5, "TimeWrong")]


@pytest.mark.parametrize("amount", ["12,50", "1e400", "NaN", "-Infinity", "1_000", "99999999999999", "=1+1"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    content = table([(*GOOD, amount)], ("case", "activity", "time", "amount"))
    assert rows_of(content, MAP.format(more='amount = "amount"')) == [(2, "AmountWrong")]


def test_what_is_no_currency_or_transition_is_refused() -> None:
    content = table([(*GOOD, "złote", "done")], ("case", "activity", "time", "money", "phase"))
    assert rows_of(content, MAP.format(more='currency = "money"')) == [(2, "CurrencyWrong")]
    assert rows_of(content, MAP.format(more='transition = "phase"')) == [(2, "TransitionUnknown")]


def test_broken_times_of_xes_have_the_line_of_their_event() -> None:
    content = written(
        [("1", "Asked", "2026-03-02T08:00:00Z"), ("1", "Offered", "2026-03-32"), ("2", "Asked", "")]
    )
    assert rows_of(content, XES) == [(5, "TimeWrong"), (8, "NoTime")]


@pytest.mark.parametrize("cut", [1, 40, 200, 330])
def test_a_log_that_ends_in_the_middle_is_refused(cut: int) -> None:
    content = written([("1", "Asked", "2026-03-02T08:00:00Z"), ("1", "Offered", "2026-03-03T08:00:00Z")])
    assert isinstance(refused(content[:-cut], XES), wrong.XesBroken)
    assert isinstance(refused(packed(content)[: -cut // 3], XES), wrong.PackedBroken)


def test_another_xml_a_document_type_and_a_bomb_are_refused() -> None:
    assert isinstance(refused(b"<html/>", XES), wrong.NotXes)
    lol = b'<!DOCTYPE log [<!ENTITY a "lol">]>' + written([("1", "&a;", "x")])[39:]
    assert isinstance(refused(lol, XES), wrong.XesDoctype)
    assert isinstance(refused(b'<!DOCTYPE log SYSTEM "file:///etc/passwd"><log/>', XES), wrong.XesDoctype)
    deep = b"<log>" + b"<trace>" * 5000 + b"</trace>" * 5000 + b"</log>"
    assert isinstance(refused(deep, XES), wrong.XesBroken)


def test_what_grows_too_much_while_it_is_unpacked_is_refused() -> None:
    bomb = gzip.compress(b"<log>" + (b"<string value='" + b"x" * 2**20 + b"'/>") * 40 + b"</log>")
    assert isinstance(refused(bomb, XES), wrong.TooTightlyPacked)


def test_another_encoding_is_refused_by_its_line_and_read_when_the_map_says_it(session: Session) -> None:
    content = "case;activity;time\n1;Asked;2026-03-02\n1;Zażółcono;2026-03-03\n".encode("cp1250")
    refusal = refused(content)
    assert isinstance(refusal, wrong.EncodingWrong)
    assert "Line 3" in str(refusal)
    bring(session, content, PLAIN + '[file]\nencoding = "windows-1250"\n')
    assert "Zażółcono" in session.scalars(select(ImportedStep.activity)).all()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_mark_of_the_file_says_its_encoding(encoding: str) -> None:
    checked = importing.check(
        log("case;activity;time\nż;Asked;2026-03-02\n".encode(encoding)), PLAIN, now=NOW
    )
    assert list(checked.cases) == ["ż"]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"case;activity;time\n"])
def test_an_empty_file_is_refused(content: bytes) -> None:
    assert isinstance(refused(content), wrong.HistoryEmpty)


def test_an_unclosed_quotation_mark_is_refused_by_its_line() -> None:
    refusal = refused(b'case;activity;time\n1;Asked;2026-03-02\n1;"Asked;2026-03-02\n')
    assert isinstance(refusal, wrong.LineBroken)
    assert "Line 3" in str(refusal)


def test_formulas_stay_text(session: Session) -> None:
    heads = ("case", "activity", "time", "why")
    rows = [("=1+1", "Asked", "2026-03-02", '=HYPERLINK("x")'), ("=1+1", "Refused", "2026-03-03", "@SUM(A1)")]
    bring(
        session,
        "\n".join(
            ";".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in (heads, *rows)
        ).encode(),
        MAP.format(more='reason = "why"'),
    )
    assert session.scalars(select(Move.reason).order_by(Move.seq)).all() == ['=HYPERLINK("x")', "@SUM(A1)"]


def test_a_file_without_a_known_activity_or_with_too_many_is_refused() -> None:
    assert isinstance(refused(table([("1", "Else", "2026-03-02")])), wrong.NothingStands)
    many = table([("1", f"Kind {number}", "2026-03-02") for number in range(events.MOST_ACTIVITIES + 1)])
    assert isinstance(refused(many), wrong.TooManyActivities)


def test_of_very_many_wrong_rows_the_first_are_listed_and_all_are_counted() -> None:
    refusal = refused(b"case;activity;time\n" + b"1;Asked;never\n" * 20_000)
    assert isinstance(refusal, wrong.Rows)
    assert (len(refusal.ledger.first), refusal.ledger.count) == (100, 20_000)


@pytest.mark.slow
def test_a_million_wrong_rows_are_counted() -> None:
    refusal = refused(b"case;activity;time\n" + b"1;Asked;never\n" * 1_000_000)
    assert isinstance(refusal, wrong.Rows)
    assert refusal.ledger.count == 1_000_000


def test_a_department_that_nobody_has_is_refused(session: Session) -> None:
    with pytest.raises(wrong.DepartmentUnknown, match="“Grupa A” is “nowhere”"):
        bring(session, table([GOOD]), PLAIN + '[departments]\n"Grupa A" = "nowhere"\n')


def every_garbage() -> Iterator[bytes]:
    """Files that are nothing."""
    yield bytes(range(256)) * 20
    yield b"\x1f\x8b" + b"\x00" * 100
    yield b"PK\x03\x04" + b"\x00" * 100
    yield b"<" * 1000
    yield b"\xff\xfe" + b"\x00\xd8" * 50
    yield b";;;;\n;;;;\n"


@pytest.mark.parametrize("content", list(every_garbage()))
def test_garbage_is_refused_also_when_a_map_is_asked_for(content: bytes) -> None:
    assert refused(content)
    proposed: Log = log(content)
    try:
        proposals.propose(proposed)
    except Refusal:
        return


def test_a_proposal_reads_what_it_was_made_for() -> None:
    rows = [
        ("1", "Asked", "02.03.2026 08:00", "12,50"),
        ("1", "Offered", "03.03.2026 08:00", ""),
        ("2", "Asked", "04.03.2026 08:00", ""),
    ]
    content = table(rows, ("Nr sprawy", "Czynność", "Data", "Kwota"))
    chosen = maps.read(proposals.propose(log(content, "stare dane.csv")))
    assert (chosen.ladder, chosen.time, chosen.decimal) == ("stare_dane", "%d.%m.%Y %H:%M", ",")
    assert [each.key for each in chosen.positions] == ["asked", "offered"]
    assert events.read(log(content), chosen, now=NOW)[1].count == 0
    of_xes = maps.read(proposals.propose(log(written([("1", "Asked", "2026-03-02T08:00:00Z")]), "a.xes")))
    assert of_xes.columns["case"] == f"{xes.OF_CASE}concept:name"
    assert files.held("x", b"<").is_xml()
