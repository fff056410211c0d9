"""Pictures: every mark leads to what it counts, nothing is said by colour alone, a screen reader hears the finding."""

import re

import pytest
from lxml import etree

from reports import charts
from reports.charts import Cell, Column, Layer, Part, PlotWords, Post, Square, Stream

WORDS = PlotWords("Time on a stage", "Half leave within 12 days", "visits", "days", "Nothing yet")
STAGES = ("Enquiry", "Offer", "Contract")


def part(value: float, name: str = "") -> Part:
    return Part(value, f"/reports/moves?at={name}&n={value:g}", f"{name or 'mark'}: {value:g}")


PICTURES = {
    "histogram": charts.histogram(
        [Column(f"{days} d", part(days * 3), str(days * 3)) for days in (1, 2, 5)],
        WORDS,
        posts=[Post(1.5, "half")],
    ),
    "heat": charts.heat(
        STAGES, STAGES, [[None, Cell(part(4), "4"), Cell(part(9), "9", is_marked=True)]] * 3, WORDS
    ),
    "areas": charts.areas(
        [Layer(name, [part(place + 1)] * 3) for place, name in enumerate(STAGES)], STAGES, WORDS
    ),
    "calendar": charts.calendar(
        [
            Square(0, 0, part(4)),
            Square(0, 1, part(-2)),
            Square(0, 2, Part(0, "/reports/moves?n=6", "3 and 3")),
            Square(0, 3, Part()),
            Square(0, 5, Part(), is_off=True),
        ],
        ["Nov"],
        ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"),
        WORDS,
    ),
    "flow": charts.flow(STAGES, [Stream(0, 1, part(7), "7"), Stream(2, 0, part(2), "2")], WORDS),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_says_its_title_and_its_finding_and_carries_no_style_nor_script(name: str) -> None:
    root = etree.fromstring(PICTURES[name])
    assert [child.text for child in root[:2]] == [WORDS.title, WORDS.finding]
    assert root.get("aria-label") == "Time on a stage. Half leave within 12 days"
    assert not re.search(r"style=|<style|<script|\son\w+=", PICTURES[name])


@pytest.mark.parametrize("name", PICTURES)
def test_every_mark_is_a_link_that_says_what_it_counts(name: str) -> None:
    root = etree.fromstring(PICTURES[name])
    links = root.findall(".//a")
    assert links
    for link in links:
        assert link.get("href", "").startswith("/reports/moves?")
        assert link.get("aria-label") == link.findtext("title")


def test_the_height_of_a_column_is_what_it_counts() -> None:
    bars = re.findall(r'height="([\d.]+)" class="rng"', PICTURES["histogram"])
    low, middle, high = (float(each) for each in bars)
    assert (middle / low, high / low) == (pytest.approx(2, abs=0.01), pytest.approx(5, abs=0.01))


def test_layers_add_up_and_cumulative_ones_are_taken_as_they_are() -> None:
    stacked = _edges(PICTURES["areas"])
    reached = charts.areas(
        [Layer(name, [part(6 - place)] * 3) for place, name in enumerate(STAGES)],
        STAGES,
        WORDS,
        cumulative=True,
    )
    assert [round((276 - y) / 252 * 6) for y in stacked] == [6, 5, 3]
    assert [round((276 - y) / 252 * 6) for y in _edges(reached)] == [6, 5, 4]


def _edges(svg: str) -> list[float]:
    return [float(each) for each in re.findall(r'<path d="M52\.0 ([\d.]+)L[^"]*" class="edge"', svg)]


def test_a_day_is_told_by_its_sign_as_well_as_by_its_colour() -> None:
    drawn = PICTURES["calendar"]
    assert re.findall(r'class="([ud]\d|h2)"', drawn) == ["u5", "d3", "h2"]
    signs = re.findall(r'class="(tip(?:-on)?|ref)"|>(·)<', drawn)
    assert ["".join(each) for each in signs] == ["tip", "ref", "ref", "·"]
    assert not re.search(r"<a [^>]*>(?:(?!</a>).)*<text", drawn)


def test_forward_is_drawn_up_and_back_is_drawn_down() -> None:
    above, below = re.findall(r'd="M[\d.]+ ([\d.]+)C[\d.]+ ([\d.]+)[^"]*" class="fl-[gr]"', PICTURES["flow"])[
        ::-1
    ]
    assert float(above[1]) < float(above[0])
    assert float(below[1]) > float(below[0])


@pytest.mark.parametrize(
    "svg",
    [
        charts.histogram([], WORDS),
        charts.heat([], [], [], WORDS),
        charts.areas([], [], WORDS),
        charts.calendar([], [], [], WORDS),
        charts.flow([], [], WORDS),
    ],
)
def test_a_picture_of_nothing_says_so(svg: str) -> None:
    assert "Nothing yet" in svg


def test_words_cannot_leave_their_place() -> None:
    nasty = '"><script>alert(1)</script>'
    drawn = charts.heat([nasty], [nasty], [[Cell(Part(1, nasty, nasty), nasty)]], PlotWords(nasty, nasty))
    assert "<script" not in drawn
    etree.fromstring(drawn)
