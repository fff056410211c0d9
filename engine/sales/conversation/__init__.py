"""What two departments say to each other about a promise: ask, promise, offer a date, return, deliver, accept, reject.

Every verb is one word of one side, under the lock of the case: it checks whose turn it is, who speaks and what was seen,
and leaves one event, the promise and its task as they now stand. The case goes on only when what was delivered is accepted.
"""

from engine.sales.conversation.dates import (
    NoPause,
    NotAReason,
    SameDate,
    consent,
    pause,
    refuse,
    renegotiate,
    resume,
)
from engine.sales.conversation.deciding import DECISIONS, NotADecision, decide, is_above
from engine.sales.conversation.deliveries import (
    AcceptedFirst,
    accept,
    answered,
    asks_acceptance,
    complete,
    deliver,
    reject,
)
from engine.sales.conversation.giving_up import REVOKED, revoke, waive
from engine.sales.conversation.requests import (
    LaterThanAgreed,
    NothingMissing,
    NotLater,
    bring,
    counter,
    decline,
    give_back,
    promise,
)
from engine.sales.conversation.saying import OPEN, DuePassed, NotOnTheList, SayWhy

__all__ = [
    "DECISIONS",
    "OPEN",
    "REVOKED",
    "AcceptedFirst",
    "DuePassed",
    "LaterThanAgreed",
    "NoPause",
    "NotADecision",
    "NotAReason",
    "NotLater",
    "NotOnTheList",
    "NothingMissing",
    "SameDate",
    "SayWhy",
    "accept",
    "answered",
    "asks_acceptance",
    "bring",
    "complete",
    "consent",
    "counter",
    "decide",
    "decline",
    "deliver",
    "give_back",
    "is_above",
    "pause",
    "promise",
    "refuse",
    "reject",
    "renegotiate",
    "resume",
    "revoke",
    "waive",
]
