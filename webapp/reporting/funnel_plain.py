"""The funnel for machines: every number of every view, in plain values. docs/reports-json-funnel.md tells each field."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from engine.people import Person
from reports import funnel_compare, funnel_flow, funnel_items, funnel_reading, funnel_segments
from reports.funnel import Cohort, Dwell, Month, Step, Velocity
from reports.funnel_compare import Row
from reports.funnel_flow import Closed, Flow
from reports.funnel_items import View
from reports.movements import Total
from reports.survival import Estimate
from reports.visits import Journey
from webapp.reporting.address import Asked
from webapp.reporting.funnel_asked import options, segments
from webapp.reporting.funnel_sides import sides

Tell = Callable[[Sequence[Journey], View], Cohort]


def plain(session: Session, ask: Asked, viewer: Person | None, exact: bool = True) -> dict[str, Any]:
    """Every number of the funnel; lengths of stay to the second unless not ``exact``."""
    scope, window = ask.scope(session, viewer), ask.cohort()
    mine = funnel_reading.created(session, scope, ask.ladder, window)

    def told(of: Sequence[Journey], view: View) -> Cohort:
        return funnel_reading.told(of, ask.ladder, window, as_of=ask.moment, view=view, exact=exact)

    view = funnel_items.view_of(ask.view)
    whole, usual = told(mine, view), told(mine, "cohort")
    flows = funnel_reading.flow(session, scope, ask.ladder, window, now=ask.moment)
    closed = funnel_reading.closed(session, scope, window)
    return {
        "ladder": ask.ladder.key,
        "from": window.start,
        "to": window.last,
        "as_of": ask.moment,
        "exact": exact,
        "view": view,
        **_ends(whole),
        "stages": [_step(step) for step in whole.steps],
        "months": [_month(month) for month in whole.months],
        "views": {each: _view(told(mine, each)) for each in funnel_items.VIEWS},
        "win_rate": _win_rate(usual, closed),
        "velocity": _velocity(usual.velocity),
        "flow": [_flow(each) for each in flows],
        "bottlenecks": [each.stage for each in funnel_flow.bottlenecks(flows)],
        "segments": _segments(session, mine, lambda of: told(of, view), segments(ask)),
        "compare": _compare(session, ask, viewer),
    }


def _amount(total: Total) -> dict[str, float]:
    return {"n": total.n, "money": total.money / 100}


def _ends(whole: Cohort) -> dict[str, Any]:
    return {
        **{name: _amount(getattr(whole, name)) for name in ("created", "won", "lost", "open", "gone")},
        "mature": _estimate(whole.mature),
        "to_win": _dwell(whole.to_win),
    }


def _view(whole: Cohort) -> dict[str, Any]:
    stages, months = [_step(step) for step in whole.steps], [_month(month) for month in whole.months]
    return {"mature": _estimate(whole.mature), "stages": stages, "months": months}


def _step(step: Step) -> dict[str, Any]:
    return {
        "stage": step.stage,
        **{fate: _amount(getattr(step, fate)) for fate in funnel_items.FATES},
        "skip_share": step.skip_share,
        "conversion": step.conversion,
        "mature": _estimate(step.mature),
        "dwell": _dwell(step.dwell),
    }


def _month(month: Month) -> dict[str, Any]:
    return {
        "from": month.period.start,
        "to": month.period.last,
        "created": month.n,
        "reached": list(month.reached),
        "young": list(month.young),
        "lost": month.lost,
        "open": month.open,
    }


def _win_rate(whole: Cohort, closed: Closed) -> dict[str, Any]:
    return {
        "by_cohort": whole.won_share,
        "by_close_date": closed.rate,
        "closed": {"won": _amount(closed.won), "lost": _amount(closed.lost)},
        "mature": _estimate(whole.mature),
    }


def _velocity(found: Velocity | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "open": found.open.n,
        "rate": found.rate,
        "amount": found.amount / 100,
        "days": found.days,
        "money_a_day": found.daily / 100,
    }


def _flow(flow: Flow) -> dict[str, Any]:
    return {
        "stage": flow.stage,
        "entries": flow.entries,
        "ended": flow.ended,
        "outcomes": dict(flow.outcomes),
        "shares": {outcome: flow.share(outcome) for outcome in flow.outcomes},
        "flow_ratio": flow.ratio,
        "dwell": _dwell(flow.dwell),
    }


def _segments(
    session: Session,
    mine: Sequence[Journey],
    told: Callable[[Sequence[Journey]], Cohort],
    known: Sequence[str],
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for segment in known:
        values = funnel_segments.values(session, segment, mine)
        parts = {
            value: told([each for each in mine if values[each.item] == value])
            for value in sorted(set(values.values()))
        }
        found[segment] = [
            {"value": value or None, **_ends(part), **_view(part)} for value, part in parts.items()
        ]
    return found


def _compare(session: Session, ask: Asked, viewer: Person | None) -> dict[str, Any] | None:
    both = sides(session, ask, options(ask), viewer, now=ask.moment)
    if both is None:
        return None
    names = [
        {"from": s.cohort.window.start, "to": s.cohort.window.last, "version": s.value or None} for s in both
    ]
    rows = funnel_compare.compare(both[0].cohort, both[1].cohort)
    return {"sides": names, "rows": [_row(row) for row in rows]}


def _row(row: Row) -> dict[str, Any]:
    return {
        "stage": row.stage or None,
        "reached": row.n,
        "further": row.some,
        "mature": [_estimate(each) for each in row.mature],
        "p50": row.p50,
        "verdict": row.verdict.kind,
        "points": row.verdict.points,
    }


def _estimate(found: Estimate | None) -> Mapping[str, float] | None:
    return {"share": found.share, "low": found.low, "high": found.high} if found else None


def _dwell(of: Dwell) -> dict[str, Any]:
    return {"ended": of.ended, "open": of.open, "p50": of.p50, "p85": of.p85, "p95": of.p95, "days": of.total}
