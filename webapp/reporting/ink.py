"""Pictures outside the product's pages: the same SVG with its colours as attributes, for PDF, mail and files.

The colours are those of the screen in the light, read from the product's own styles, so that there is one place for them.
No style sheet goes along: what draws SVG on paper or in a mail often knows none.
"""

import re
from functools import lru_cache
from pathlib import Path

STYLES = Path(__file__).parents[1] / "assets" / "css"
FONT = "Inter Variable, Inter, Liberation Sans, DejaVu Sans, sans-serif"
HEAD = re.compile(r'<svg class="[^"]*" viewBox="0 0 ([\d.]+) ([\d.]+)"')
OURS = re.compile(r"\.plot (?:(\w+)\.|(\w+)$|\.)([\w-]+)?$")
DRAWN = {
    "fill",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "font-size",
    "font-weight",
    "text-anchor",
    "opacity",
}
"""What a style says that SVG also takes as an attribute."""
TAG = re.compile(r"<(text|rect|line|path|circle)\b([^>]*?)(/?)>")
CLASS = re.compile(r' class="([^"]*)"')

Rule = tuple[str, str, dict[str, str]]


def alone(svg: str, *, root: str = "") -> str:
    """A picture as a file of its own: size, name space and colours inside; addresses are whole when ``root`` is known."""
    found = HEAD.match(svg)
    if found is None:
        return svg
    width, height = found[1], found[2]
    frame = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="{FONT}" '
    opened, rest = (frame + svg[svg.index("viewBox") :]).split(">", 1)
    paper = f'<rect width="{width}" height="{height}" fill="#fff"/>'
    return f"{opened}>{paper}{whole(TAG.sub(_inked, rest), root)}"


def whole(markup: str, root: str) -> str:
    """Addresses of the product made whole, or links taken out where nobody knows under which address it stands."""
    if root:
        return re.sub(r'href="/', f'href="{root}/', markup)
    return re.sub(r"</?a\b[^>]*>", "", markup)


def _inked(found: re.Match[str]) -> str:
    tag, attributes, end = found.groups()
    classes = CLASS.search(attributes)
    plain = CLASS.sub("", attributes)
    ink = _ink(tag, classes[1] if classes else "").items()
    said = "".join(f' {name}="{value}"' for name, value in ink if f" {name}=" not in plain)
    return f"<{tag}{plain}{said}{end}>"


@lru_cache(400)
def _ink(tag: str, classes: str) -> dict[str, str]:
    """What an element looks like: what its tag says, then what its classes say, in the order of the styles."""
    wanted = set(classes.split())
    ours = [each for each in _rules() if each[0] in {tag, ""} and (not each[1] or each[1] in wanted)]
    found: dict[str, str] = {}
    for _, _, said in sorted(ours, key=lambda rule: (bool(rule[1]), bool(rule[0]))):
        found |= said
    return found


@lru_cache(1)
def _rules() -> list[Rule]:
    """The styles of pictures: tag, class, and what they set."""
    tokens = _tokens((STYLES / "tokens.css").read_text(encoding="utf-8"))
    found: list[Rule] = []
    for name in ("here.css", "plot.css"):
        text = re.sub(
            r"/\*.*?\*/", "", (STYLES / "components" / name).read_text(encoding="utf-8"), flags=re.DOTALL
        )
        text = re.sub(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", text)
        for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", text):
            for each in selectors.split(","):
                ours = OURS.match(each.strip())
                if ours:
                    found.append((ours[1] or ours[2] or "", ours[3] or "", _light(body, tokens)))
    return found


def _tokens(text: str) -> dict[str, str]:
    first = text[: text.index("\n}")]  # what comes after it is for people who set their own colours
    return {name: value.strip() for name, value in re.findall(r"--([\w-]+):\s*([^;]+);", first)}


def _light(body: str, tokens: dict[str, str]) -> dict[str, str]:
    body = re.sub(r"font: (\d+) (\d+px) var\(--font\)", r"font-weight: \1; font-size: \2", body)
    body = re.sub(r"var\(--([\w-]+)\)", lambda found: tokens.get(found[1], "#000"), body)
    body = re.sub(r"light-dark\(([^,()]+),[^()]*\)", r"\1", body).replace("transparent", "none")
    said = (each.partition(":") for each in body.split(";") if ":" in each)
    return {name.strip(): value.strip() for name, _, value in said if name.strip() in DRAWN}
