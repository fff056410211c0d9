"""The repairs, each a named function over one scope; `ORDER` is the order they work in.

A repair of an *error* is always made on the model, so that the findings that follow do not depend on what was
accepted; what nobody accepted keeps the upload from being compiled.
"""

from collections.abc import Callable

from engine.process.doctor.model import Scope
from engine.process.doctor.repairs import (
    boundaries,
    choices,
    circles,
    compensation,
    ends,
    event_gateways,
    events,
    handlers,
    heads,
    joins,
    links,
    loops,
    reach,
    several,
    splits,
    starts,
    tasks,
)
from engine.process.doctor.visit import Visit

Repair = Callable[[Visit, Scope], None]

ORDER: tuple[Repair, ...] = (
    heads.begin,
    compensation.undo,
    compensation.leave_out,
    links.turn_into_flows,
    boundaries.attach,
    tasks.give_types,
    events.mend,
    loops.mend,
    starts.note,
    handlers.convert,
    several.part,
    starts.make_one,
    reach.leave_out_unreachable,
    event_gateways.mend,
    splits.make_explicit,
    ends.add,
    circles.open_up,
    choices.mend,
    joins.loosen,
    circles.warn,
)


def repair(visit: Visit) -> None:
    """Every repair over every scope of a process."""
    for each in ORDER:
        for scope in list(visit.process.scope.scopes()):
            each(visit, scope)
