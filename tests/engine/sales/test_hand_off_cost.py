"""What a hand-off costs the database: a few statements beside those of the completion that opens or closes it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.ports import Wiring
from engine.process import instances, tasks
from engine.process.definitions import Definition
from engine.sales import conversation, promises
from reports import promise_rollups
from tests.conftest import MONDAY
from tests.engine.sales import live
from tests.engine.sales.hand_offs import HOUR, agree

MOST = 6

BOUND = replace(live.WIRING, projections=(*live.WIRING.projections, promise_rollups.follow))
"""With the roll-ups that both sides are judged by."""

BARE = replace(
    live.WIRING,
    answered=tuple(each for each in live.WIRING.answered if each is not conversation.answered),
    projections=tuple(each for each in live.WIRING.projections if each is not promises.follow),
)
"""The same product without promises."""

AT_ONCE = {"accepts": None, "acceptance_window": None}
AGREED: Mapping[str, dict[str, Any]] = {
    "an answer is asked for": {},
    "promised at once": {**AT_ONCE, "promise_time": None},
    "promised at once within a capacity": {
        **AT_ONCE,
        "promise_time": None,
        "capacity": 5,
        "capacity_week": 9,
    },
}


class Counter:
    """The statements and commits of a block."""

    def __init__(self, database: Engine) -> None:
        self.statements: list[str] = []
        self.commits = 0
        event.listen(database, "before_cursor_execute", lambda _c, _k, said, *_: self.statements.append(said))
        event.listen(database, "commit", self._commit)

    def _commit(self, _connection: Any) -> None:
        self.commits += 1

    def of(
        self, session: Session, wiring: Wiring, definition: Definition, anna: Person, steps: int
    ) -> list[str]:
        """The statements of the last of so many completions of a fresh case, in a session that has seen nothing."""
        instance_id = live.started(session, definition, anna).instance_id
        session.info["wiring"] = wiring
        for step in range(steps):
            session.commit()
            session.expunge_all()
            (task,) = tasks.open_of(session, instance_id)
            self.statements.clear()
            self.commits = 0
            instances.complete(session, task, {}, by=None, now=MONDAY + (step + 1) * HOUR)
            session.flush()
        assert self.commits == 0
        return list(self.statements)


@pytest.mark.parametrize("terms", AGREED.values(), ids=AGREED)
def test_a_bound_hand_off_adds_at_most_six_statements_and_no_commit(
    session: Session,
    database: Engine,
    departments: dict[str, Department],
    anna: Person,
    borys: Person,
    clara: Person,
    terms: dict[str, Any],
) -> None:
    agree(session, departments, clara, borys, **terms)
    definition = live.deployed(session)
    session.commit()
    counter = Counter(database)

    bare = counter.of(session, BARE, definition, anna, 1)
    bound = counter.of(session, BOUND, definition, anna, 1)

    assert 0 < len(bound) - len(bare) <= MOST, "\n".join(bound)


def test_closing_it_at_once_adds_at_most_six_statements(
    session: Session,
    database: Engine,
    departments: dict[str, Department],
    anna: Person,
    borys: Person,
    clara: Person,
) -> None:
    agree(session, departments, clara, borys, **AT_ONCE)
    definition = live.deployed(session)
    session.commit()
    counter = Counter(database)

    bare = counter.of(session, BARE, definition, anna, 2)
    bound = counter.of(session, BOUND, definition, anna, 2)

    assert 0 < len(bound) - len(bare) <= MOST, "\n".join(bound)
