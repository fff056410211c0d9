"""Contrast of what pictures and states are drawn with, computed from the tokens: axe cannot see into SVG."""

import re
from pathlib import Path

import pytest

CSS = Path(__file__).parents[2] / "webapp" / "assets" / "css"
TOKENS = (CSS / "tokens.css").read_text(encoding="utf-8")
PLOT = (CSS / "components" / "plot.css").read_text(encoding="utf-8")
GROUNDS = ("paper", "surface", "sunken", "raised")

TEXTS = (
    *((ink, ground) for ink in ("ink", "ink-2", "ink-3", "accent", "accent-hover") for ground in GROUNDS),
    *(
        (ink, ground)
        for ink in ("green-zone", "red-zone", "at-risk", "idle")
        for ground in ("paper", "surface")
    ),
    ("ink", "accent-soft"),
    ("ink-2", "accent-soft"),
    ("accent", "accent-soft"),
    ("on-accent", "accent-fill"),
    ("on-accent", "accent-fill-hover"),
    ("green-zone", "green-zone-soft"),
    ("red-zone", "red-zone-soft"),
    ("at-risk", "at-risk-soft"),
    ("idle", "idle-soft"),
)
"""Letters and the ground they stand on: 4.5 to 1."""

SHAPES = (
    *(
        (shape, ground)
        for shape in ("green-zone-mid", "red-zone-mid", "edge", "accent")
        for ground in ("paper", "surface")
    ),
    ("accent", "sunken"),
    ("ink", "paper"),
)
"""Bars, edges of controls and the ring of the focus: 3 to 1."""

IN_BARS = (
    (".plot text.w", ".plot .g"),
    (".plot text.wr", ".plot .r"),
    (".plot text.on", ".plot .gw"),
    (".plot text.b", ".plot .o"),
    *((".plot text.v", f".plot .h{shade}") for shade in (1, 2, 3)),
    *((".plot text.wh", f".plot .h{shade}") for shade in (4, 5)),
)
"""Figures inside the bars of a picture, by their rules in plot.css: 4.5 to 1."""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_letters_stand_out_from_their_ground(dark: bool) -> None:
    assert not _pale(
        [(_token(ink, dark), _token(ground, dark), f"{ink} on {ground}") for ink, ground in TEXTS], 4.5
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_bars_and_edges_stand_out_from_their_ground(dark: bool) -> None:
    assert not _pale(
        [(_token(shape, dark), _token(ground, dark), f"{shape} on {ground}") for shape, ground in SHAPES], 3
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_figures_inside_bars_can_be_read(dark: bool) -> None:
    assert not _pale(
        [(_fill(text, dark), _fill(bar, dark), f"{text} on {bar}") for text, bar in IN_BARS], 4.5
    )


def test_black_on_white_is_21_to_1() -> None:
    assert round(_ratio("#000000", "#ffffff"), 2) == 21
    assert _pale([("#777777", "#ffffff", "a grey")], 4.5) == ["a grey: 4.48"]


def _pale(pairs: list[tuple[str, str, str]], least: float) -> list[str]:
    return [f"{name}: {ratio:.2f}" for one, other, name in pairs if (ratio := _ratio(one, other)) < least]


def _token(name: str, dark: bool) -> str:
    found = re.search(rf"--{name}:\s*([^;]+);", TOKENS)
    assert found, name
    return _shade(found[1], dark)


def _fill(selector: str, dark: bool) -> str:
    rule = re.search(rf"^{re.escape(selector)} {{(.*?)}}", PLOT, flags=re.DOTALL | re.MULTILINE)
    assert rule, selector
    said = re.search(r"fill:\s*([^;]+);", rule[1])
    assert said, selector
    token = re.fullmatch(r"var\(--([\w-]+)\)", said[1].strip())
    return _token(token[1], dark) if token else _shade(said[1], dark)


def _shade(said: str, dark: bool) -> str:
    """The colour a value has in one of the themes."""
    both = re.fullmatch(r"light-dark\((#\w+),\s*(#\w+)\)", said.strip())
    return both[2 if dark else 1] if both else said.strip()


def _ratio(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    digits = "".join(each * 2 for each in digits) if len(digits) == 3 else digits
    shares = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares]
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))
