"""Times of timer events: ISO 8601 in quotes, or an expression."""

import re
from datetime import date, datetime

import isodate

from engine.process.blueprint import Text
from engine.process.doctor import conditions, dialects
from engine.process.doctor.model import Node, Trigger
from engine.process.doctor.visit import Visit

FALLBACK = "P1D"
KINDS = {
    "duration": Text("długość czasu", "a length of time"),
    "date": Text("dzień lub chwilę", "a day or moment"),
    "cycle": Text("powtarzanie", "a repetition"),
}
_UNITS = (
    (("min",), "PT", "M"),
    (("h", "godz"), "PT", "H"),
    (("d",), "P", "D"),
    (("w", "tyg", "tydz"), "P", "W"),
)
_WORDS = re.compile(r"(\d{1,4})\s*(minut|min|hour|h\b|godz|day|dni|dzień|d\b|week|w\b|tyg|tydz)")
_CALLED_CYCLE = re.compile(
    r"""cycle\(\s*(?:(\d{1,4})\s*,)?\s*(?:duration\()?\s*["'](P[^"']+)["']\s*\)?\s*\)"""
)
_LITERAL = re.compile(r"""(?:@|(?:duration|date and time|date)\(\s*)["']([^"']*)["']\s*\)?""")
_CYCLE = re.compile(r"R\d*/(?:[^/]+/)?(P[^/]+)(?:/[^/]+)?")


def mend(visit: Visit, node: Node, trigger: Trigger, *, once: bool) -> None:
    """T01 to T04, V30: after this the trigger holds an expression that gives a time of its kind."""
    written = _written(trigger.text or "")
    plain = _tidy(written.strip("\"'").strip())
    kind = _kind(visit, node, plain, trigger.timer or "duration")
    if _is_time(plain, kind):
        if not written.startswith(("'", '"')):
            visit.say("T03", node, value=plain[:60])
        trigger.timer, trigger.text = kind, f'"{plain}"'
    elif (
        plain and not written.startswith(("'", '"')) and conditions.usable(written) and not written.isdigit()
    ):
        trigger.timer, trigger.text = kind, written
        if visit.unprovided(conditions.names(written)):
            _ask(visit, node, trigger, "T02", plain)
    else:
        _ask(visit, node, trigger, "T02" if plain else "T01", plain)
    if once and trigger.timer == "cycle":
        _once(visit, node, trigger)


def _written(text: str) -> str:
    """What other tools wrap a time in, taken off; their expressions in our words."""
    plain = conditions.unwrapped(text)
    cycle = _CALLED_CYCLE.fullmatch(plain)
    if cycle:
        return f'"R{cycle[1] or ""}/{cycle[2]}"'
    literal = _LITERAL.fullmatch(plain)
    if literal:
        return f'"{literal[1]}"'
    if plain != text.strip() and not conditions.usable(plain):
        return dialects.read(text) or plain
    return plain


def _tidy(plain: str) -> str:
    """``pt 5m`` as ISO 8601 writes it."""
    bare = re.sub(r"\s+", "", plain).upper()
    return bare if _CYCLE.fullmatch(bare) or _is_time(bare, "duration") else plain


def _kind(visit: Visit, node: Node, plain: str, drawn: str) -> str:
    """The kind of time a text is, whatever field it was written into."""
    others = [kind for kind in KINDS if kind != drawn and _is_time(plain, kind)]
    if not others or _is_time(plain, drawn):
        return drawn
    visit.say("V30", node, value=plain[:60], kind=KINDS[others[0]])
    return others[0]


def _ask(visit: Visit, node: Node, trigger: Trigger, code: str, plain: str) -> None:
    likely = _in_words(plain) or _in_words(node.name) or FALLBACK
    given = (visit.ask(code, node, value=plain[:60], time=likely) or "").strip()
    trigger.timer, trigger.text = "duration", f'"{given if _is_time(given, "duration") else likely}"'


def _in_words(text: str) -> str | None:
    """“7 days”, “24 h”, “2 tygodnie” as a duration."""
    found = _WORDS.search(text.lower())
    if found is None:
        return None
    return next(f"{before}{found[1]}{unit}" for words, before, unit in _UNITS if found[2].startswith(words))


def _once(visit: Visit, node: Node, trigger: Trigger) -> None:
    plain = (trigger.text or "").strip('"')
    interval = _CYCLE.fullmatch(plain)
    if interval:
        visit.say("T04", node, value=plain[:60])
        trigger.timer, trigger.text = "duration", f'"{interval[1]}"'


def _is_time(text: str, kind: str) -> bool:
    if kind == "cycle":
        interval = _CYCLE.fullmatch(text)
        return interval is not None and _is_time(interval[1], "duration")
    try:
        if kind == "duration":
            isodate.parse_duration(text)
        elif len(text) > 10:
            datetime.fromisoformat(text)
        else:
            date.fromisoformat(text)
    except (isodate.ISO8601Error, ValueError, TypeError, ArithmeticError):
        return False
    return text.isascii() and '"' not in text and "\\" not in text
