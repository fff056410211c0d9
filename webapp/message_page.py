"""Messages on pages: what their states are called, and data typed line by line."""

from typing import Any

from flask_babel import gettext, lazy_pgettext

from engine.errors import Refusal
from engine.process.blueprint import Blueprint as Plan
from engine.process.messages import Message
from webapp.operate_page import typed_value

STATES = {
    "delivered": lazy_pgettext("messages", "delivered"),
    "kept": lazy_pgettext("messages", "waits for its case"),
    "refused": lazy_pgettext("messages", "refused"),
}
"""What may have become of a message, for its filter."""

HAPPENED = {
    "message_delivered": lazy_pgettext("message", "It was delivered."),
    "message_kept": lazy_pgettext("message", "Nobody waited for it yet, so it was kept."),
    "message_refused": lazy_pgettext("message", "It was refused."),
    "message_repeated": lazy_pgettext("message", "It was delivered again, as a new message."),
}
"""Facts about a message."""


class NotALine(Refusal):
    """Write one name and value in each line, like amount = 1200. This line is not: “%(line)s”."""


class NotRead(Refusal):
    """This process reads nothing called “%(name)s”. It reads: %(names)s."""


def typed(text: str, plan: Plan) -> dict[str, Any]:
    """What was typed as ``name = value`` lines, for names that the process reads. Raises NotALine, NotRead."""
    found: dict[str, Any] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, sign, value = (part.strip() for part in line.partition("="))
        if not sign or not name:
            raise NotALine(field="data", line=line[:80])
        if name not in plan.variables:
            raise NotRead(field="data", name=name[:80], names=", ".join(sorted(plan.variables)) or "–")
        found[name] = typed_value(value, None, "data")
    return found


def state(message: Message) -> str:
    """What became of a message that is not kept, in words; the page adds where it went."""
    if message.status == "delivered":
        return str(gettext("delivered to")) if message.receivers else str(gettext("heard by nobody"))
    if message.receivers:
        return str(gettext("could not go on with it:"))
    reasons = {
        "late": gettext("came too early and waited in vain"),
        "nobody": gettext("nobody waited for it"),
    }
    return str(reasons.get(message.reason or "", gettext("no case could begin with it")))
