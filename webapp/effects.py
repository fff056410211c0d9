"""What other terms would have meant, in a sentence for each changed field."""

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext, ngettext

from engine.sales import trial
from engine.sales.agreements import Agreement
from engine.sales.trial import Effect
from webapp.clock import now
from webapp.database import db
from webapp.formats import number, percent


def effects_of(agreement: Agreement, left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, str]:
    """By field, what the terms ``right`` would have meant over the last 90 days of promises instead of ``left``."""
    tried = trial.try_terms(db.session(), agreement, left, right, now=now())
    return {field: effect_words(effect) for field, effect in tried.items()}


def effect_words(effect: Effect) -> str:
    """One effect in words; too few cases say so, with how many there were."""
    each = [effect, *effect.more]
    return " ".join(_too_few(one) if one.is_few else _sentence(one) for one in each)


def _too_few(effect: Effect) -> str:
    if effect.kind in {"days", "weeks"}:
        return _sentence(effect)
    said = ngettext(
        "Too few to judge: %(num)d case in 90 days.", "Too few to judge: %(num)d cases in 90 days.", effect.of
    )
    return f"{effect.item}: {said}" if effect.item else str(said)


def _sentence(effect: Effect) -> str:
    counts = {"n": number(effect.after), "m": number(effect.of), "was": number(effect.before)}
    if effect.kind in {"kept", "answered"}:
        shares = {
            "would": percent(effect.after / effect.of if effect.of else None),
            "was": percent(effect.before / effect.of_before if effect.of_before else None),
        }
        if effect.kind == "kept":
            return str(gettext("Kept would have been %(would)s instead of %(was)s.", **shares))
        return str(gettext("Answered in time would have been %(would)s instead of %(was)s.", **shares))
    if effect.kind in {"missing", "rejected"}:
        item = {"item": effect.item, **counts}
        if effect.kind == "missing":
            return str(gettext("“%(item)s” was missing in %(n)s of %(m)s requests.", **item))
        return str(gettext("Rejected for “%(item)s”: %(n)s of %(m)s deliveries.", **item))
    return str(_LIMITS[effect.kind](effect, counts))


_LIMITS: Mapping[str, Callable[[Effect, Mapping[str, str]], str]] = {
    "days": lambda _, counts: gettext("Would have been exceeded on %(n)s of %(m)s work days.", **counts),
    "weeks": lambda _, counts: gettext("Would have been exceeded in %(n)s of %(m)s weeks.", **counts),
    "rework": lambda _, counts: gettext(
        "Would have been exceeded by %(n)s of %(m)s, instead of by %(was)s.", **counts
    ),
    "silence": lambda _, counts: gettext(
        "Silence would have accepted %(n)s of %(m)s, instead of %(was)s.", **counts
    ),
    "breaks": lambda effect, counts: gettext(
        "Of %(m)s, %(n)s breaks would have been allowed instead of %(was)s; there were %(used)s.",
        used=number(effect.used),
        **counts,
    ),
    "buffer": lambda effect, counts: gettext(
        "Of %(m)s dates agreed with clients, %(n)s would have been endangered instead of %(was)s; "
        "due earlier inside: %(used)s.",
        used=number(effect.used),
        **counts,
    ),
}
