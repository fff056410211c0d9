"""Commitments in words: what threatens one, and what its history says."""

from typing import Any

from flask_babel import gettext, lazy_gettext, lazy_pgettext

from engine.people import Department
from engine.sales.commitments import Commitment
from webapp.languages import current

THREATS: dict[str, Any] = {
    "broken": lazy_gettext("%(department)s did not deliver in time."),
    "late": lazy_gettext("%(department)s is late."),
    "later_asked": lazy_gettext("%(department)s asks for a later date."),
    "too_late": lazy_gettext("The date of %(department)s leaves too little time before the client's."),
    "declined": lazy_gettext("%(department)s declined; a manager decides."),
    "returned": lazy_gettext("%(department)s returned the request: something is missing."),
    "paused": lazy_gettext("%(department)s has stopped the clock."),
    "gone": lazy_gettext("Nobody at %(department)s is asked for it any more."),
}
"""What each reason of `engine.sales.health` means to a seller."""

HEALTH: dict[str, tuple[str, Any]] = {
    "amber": ("at_risk", lazy_pgettext("commitment", "At risk")),
    "red": ("broken", lazy_pgettext("commitment", "Will not be kept")),
}
"""A level of health: the shape of its mark, and its words."""

TOPICS: dict[str, Any] = {
    "meeting": lazy_pgettext("topic", "Meeting"),
    "information": lazy_pgettext("topic", "Information"),
    "decision": lazy_pgettext("topic", "Decision"),
    "price": lazy_pgettext("topic", "Price"),
    "delivery": lazy_pgettext("topic", "Delivery"),
    "other": lazy_pgettext("topic", "Other"),
}

FACTS: dict[str, Any] = {
    "commitment_recorded": lazy_gettext("Written down"),
    "commitment_amber": lazy_gettext("At risk now"),
    "commitment_red": lazy_gettext("Will not be kept as things stand"),
    "commitment_clear": lazy_gettext("Out of danger"),
    "commitment_kept": lazy_pgettext("commitment", "Kept"),
    "commitment_broken": lazy_pgettext("commitment", "Broken"),
    "commitment_renegotiated": lazy_pgettext("commitment", "Agreed anew"),
    "commitment_withdrawn": lazy_pgettext("commitment", "Not needed"),
    "commitment_obsolete": lazy_pgettext("commitment", "Over"),
}


def name(unit: Department | None) -> str:
    """A department in the reader's language."""
    if unit is None:
        return str(gettext("The department"))
    return unit.name_en if current() == "en" and unit.name_en else unit.name


def threat(reason: str | None, unit: Department | None) -> str:
    """What threatens, in a sentence; nothing where nothing does."""
    return str(THREATS[reason]) % {"department": name(unit)} if reason in THREATS else ""


def mark(commitment: Commitment) -> tuple[str, Any] | None:
    """The mark of an open commitment that is threatened."""
    return HEALTH.get(commitment.health or "") if commitment.closed_at is None else None
