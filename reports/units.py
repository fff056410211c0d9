"""Side by side: the movements of each department, team, person, stage, product or section, against what is usual there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine.people import Department
from reports import dynamics, queries
from reports.dynamics import Row, Usual
from reports.movements import GREEN, RED, Buckets
from reports.periods import Period
from reports.queries import Scope

Id = int | str
Parts = Mapping[Id, Select[Any]]
"""The items of each product or section."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A department's (person's, stage's …) share of the current period. ``id`` is 0 or "" for none.

    ``is_alone`` is a department without those below it, among departments with those below them.
    """

    id: Id
    row: Row
    usual: Usual
    is_alone: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """When: ``now`` is what is judged, ``current`` the whole period it is of, ``reach`` all that is looked at."""

    now: Period
    current: Period
    reach: Period
    since: date
    through: date


def units(
    session: Session, scope: Scope, buckets: Buckets, span: Span, *, group: str, parts: Parts | None = None
) -> list[Unit]:
    """Those that moved, or usually move, the most green first. ``buckets`` are counted by person for ``owner``.

    ``parts`` are asked for product and section: items may be in several sections, and in none.
    """
    alone: frozenset[Id] = frozenset()
    if group == "department":
        found, alone = _departments(session, buckets)
    elif group == "stage":
        found = _stages(buckets)
    elif parts is not None:
        found = {
            id_: queries.grouped(session, replace(scope, items=items), span.reach)
            for id_, items in parts.items()
        }
    else:
        found = {id_: mine for id_, mine in dynamics.units(buckets).items()}  # noqa: C416  # ids of both kinds
    told = [_unit(id_, mine, span, is_alone=id_ in alone) for id_, mine in found.items()]
    moved = [each for each in told if each.row.green.n or each.row.red.n or each.usual.green]
    return sorted(moved, key=lambda each: (-each.row.green.n, each.row.red.n, str(each.id)))


def _unit(id_: Id, mine: Buckets, span: Span, *, is_alone: bool) -> Unit:
    usual = dynamics.usual(mine, span.current, since=span.since, through=span.through)
    return Unit(id_, dynamics.by_period(mine, [span.now])[0], usual, is_alone)


def _stages(buckets: Buckets) -> dict[Id, Buckets]:
    """Green and red by the stage that was left; "" is what was lost while it was put aside."""
    found: dict[Id, Buckets] = {}
    for key, total in buckets.items():
        if key.kind in (*GREEN, *RED):
            found.setdefault(key.left, {})[key] = total
    return found


def _departments(session: Session, buckets: Buckets) -> tuple[dict[Id, Buckets], frozenset[Id]]:
    """Departments with those below them, where the tree first parts."""
    parents = {row.id: row.parent_id for row in session.execute(select(Department.id, Department.parent_id))}
    present = {key.unit for key in buckets if key.kind in (*GREEN, *RED)}
    tops = parted(parents, present)
    found: dict[Id, Buckets] = {}
    for key, total in buckets.items():
        top, _ = tops.get(key.unit, (key.unit, False))
        mine = found.setdefault(top, {})
        mine[key] = total
    return found, frozenset(top for top, is_alone in tops.values() if is_alone)


def parted(parents: Mapping[int, int | None], present: Iterable[int]) -> dict[int, tuple[int, bool]]:
    """For each department that is present the one just below the point where the tree parts, and whether it is
    that point itself: then it stands alone, without those below it."""
    paths = {id_: _path(parents, id_) for id_ in present if id_}
    shared = _shared(list(paths.values()))
    return {
        id_: (path[shared], False) if len(path) > shared else (id_, True) for id_, path in paths.items()
    } | {0: (0, False)}


def _path(parents: Mapping[int, int | None], id_: int) -> list[int]:
    path = [id_]
    while (above := parents.get(path[0])) is not None and above not in path:
        path.insert(0, above)
    return path


def _shared(paths: list[list[int]]) -> int:
    """How many departments all of these paths begin with."""
    count = 0
    for level in zip(*paths, strict=False):
        if len(set(level)) > 1:
            break
        count += 1
    return count
