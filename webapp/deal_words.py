"""What people say about deals: reasons of moves and losses, who owes what."""

from flask_babel import lazy_gettext

from engine.sales import ladders

BACK = {
    "scope": lazy_gettext("The client changed the scope"),
    "requirements": lazy_gettext("The solution does not meet the requirements"),
    "price": lazy_gettext("The price has to be counted again"),
    "terms": lazy_gettext("The terms are not acceptable"),
    "people": lazy_gettext("Somebody new decides at the client"),
    "our_delay": lazy_gettext("We are late"),
    "too_early": lazy_gettext("It was moved forward too early"),
    "other": lazy_gettext("Something else"),
}
LOSS = {
    "price": lazy_gettext("Price"),
    "competitor": lazy_gettext("Competitor"),
    "no_budget": lazy_gettext("No budget"),
    "no_decision": lazy_gettext("No decision"),
    "timing": lazy_gettext("Wrong time"),
    "infeasible": lazy_gettext("Not feasible for us"),
    "terms": lazy_gettext("Terms"),
    "our_delay": lazy_gettext("Our delay"),
    "no_response": lazy_gettext("No response"),
    "duplicate": lazy_gettext("Duplicate or opened by mistake"),
}
PAUSE = {
    "budget": lazy_gettext("Waiting for a budget"),
    "decision": lazy_gettext("Waiting for a decision"),
    "season": lazy_gettext("Not before a certain day"),
    "other": lazy_gettext("Something else"),
}
REASONS = {
    **PAUSE,
    **LOSS,
    **BACK,
    ladders.MISTAKE: lazy_gettext("Moved by mistake"),
    "late": lazy_gettext("Late"),
    "override": lazy_gettext("Moved by hand by an operator"),
    "migrated": lazy_gettext("Taken over to another version of the process"),
}
DIRECTIONS = {
    "we_to_client": lazy_gettext("We owe the client"),
    "client_to_us": lazy_gettext("The client owes us"),
    "mutual": lazy_gettext("Both of us"),
}
HEARD = {
    "quote.accepted": lazy_gettext("The client accepted the quote"),
    "quote.changed": lazy_gettext("The client wants a changed quote"),
    "complaint.filed": lazy_gettext("The client filed a complaint"),
    "feedback.received": lazy_gettext("The client gave feedback"),
}
"""What the client of a fast sale may have said: messages its process waits for."""
