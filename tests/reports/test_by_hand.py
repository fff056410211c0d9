"""The page that works the reports out by hand says what the product says."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

from reports import balance, dynamics, funnel, funnel_flow, funnel_items
from reports.cohort_facts import counts, stays
from reports.funnel_flow import Closed, Flow
from reports.funnel_items import View
from reports.movements import Fact, Total, standing, tally, tell
from reports.periods import Period
from reports.visits import journeys
from tests.reports.histories import RANKS, STAGES, Item, at_noon, facts

PAGE = (Path(__file__).parents[2] / "docs" / "reports-by-hand.md").read_text(encoding="utf-8")
NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)
WEEK = Period(date(2026, 9, 14), date(2026, 9, 21), "week")
SEPTEMBER = Period(date(2026, 9, 1), date(2026, 10, 1), "month")
TOP = len(STAGES) + 1
FATES = {"won another way": "aside"}


def rows(heading: str) -> list[list[str]]:
    """The rows of every table under a heading, without those that name the columns."""
    part = re.split(r"^## ", PAGE.partition(f"## {heading}")[2], flags=re.MULTILINE)[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line[:1] == "|"
    ]
    return [row for row in cells if row[0] not in ("day", "number") and not row[0].startswith("---")]


def log() -> list[Fact]:
    items: dict[str, Item] = {}
    for day, name, kind, to, amount in rows("The log"):
        item = items.setdefault(name, Item(name, amount=int(amount)))
        item.now = at_noon(date.fromisoformat(day))
        match kind:
            case "new":
                item.new(to)
            case "forward" | "forward_skip" | "backward":
                item.to(to)
                assert item.rows[-1]["kind"] == kind
            case _:
                getattr(item, kind)()
    assert sum(len(item.rows) for item in items.values()) == 16
    return facts(items.values())


def answers(heading: str) -> dict[str, str]:
    return {row[0]: row[2] for row in rows(heading) if len(row) == 3}


def share(value: float | None) -> str:
    assert value is not None
    return f"{value:.1%}".replace("%", " %")


def days(value: float | None, digits: int = 1) -> str:
    return "not reached" if value is None else f"{value:.{digits}f} d"


def units(total: Total) -> str:
    return f"{total.money / 100:g}"


def test_agreement_dynamics() -> None:
    movements = tell(log())
    buckets = tally(movements)
    row = dynamics.by_period(buckets, [WEEK])[0]
    start, end = (standing(movements, before=day) for day in (WEEK.start, WEEK.end))
    line = balance.balance(buckets, start, end, WEEK)
    stages = balance.by_stage(buckets, start, end, WEEK, STAGES)
    net = dynamics.net(each for each in movements if each.fact.day in WEEK)

    assert all(each.is_balanced for each in (line, *stages))
    assert answers("Agreement dynamics") == {
        "forward and won": str(row.green.n),
        "its money": units(row.green),
        "of these won": str(row.of("won").n),
        "back and lost": str(row.red.n),
        "its money, red": units(row.red),
        "net": str(row.net.n),
        "share back": share(row.red_share),
        "new": str(row.new.n),
        "put aside": str(row.grey.n),
        "mistakes taken back": str(row.corrected.n),
        "open on Monday morning": str(line.start.n),
        "open after Sunday": str(line.end.n),
        **{f"{each.stage} after Sunday": str(each.computed.n) for each in stages},
        "ended further than they began": str(net.further),
        "ended further back, or lost": str(net.back),
        "ended where they began": str(net.same),
        "moves back that were regained": str(net.recovered),
    }


def told(view: View = "cohort") -> funnel.Cohort:
    seen = funnel_items.seen(funnel_items.created_in(journeys(log(), RANKS), SEPTEMBER), view, TOP)
    times = stays(funnel_items.competing(seen, TOP), NOW, exact=True)
    return funnel.cohort(counts(seen), times, SEPTEMBER, STAGES, as_of=NOW, view=view)


def closed() -> Closed:
    row = dynamics.by_period(tally(tell(log())), [SEPTEMBER])[0]
    return Closed(row.of("won"), row.of("lost"))


def test_the_funnel_of_the_cohort() -> None:
    whole, views = told(), {"": told(), "strictly": told("strict"), "touched": told("touched")}
    velocity = whole.velocity
    assert velocity is not None
    assert whole.mature is not None
    single = {
        "created": str(whole.created.n),
        "won": str(whole.won.n),
        "lost": str(whole.lost.n),
        "open": str(whole.open.n),
        "win rate by cohort": share(whole.won_share),
        "win rate by close date": share(closed().rate),
        "win rate when all have ended": share(whole.mature.share),
        "days until won": days(whole.to_win.p50),
        "velocity, money a day": f"{velocity.daily / 100:.2f}",
    }

    said = answers("The funnel of the cohort")
    assert len(said) > 35
    for label, value in said.items():
        if label in single:
            assert value == single[label], label
        else:
            assert value == _of_stage(views, label), label


def _of_stage(views: dict[str, funnel.Cohort], label: str) -> str:
    place, _, what = label.partition(": ")
    stage, _, view = place.partition(", ")
    step = views[view].steps[STAGES.index(stage)]
    match what:
        case "conversion":
            return share(step.conversion)
        case "skip share":
            return share(step.skip_share)
        case "when all have ended":
            return share(step.mature.share if step.mature else None)
        case "p50" | "p85" | "p95":
            return days(getattr(step.dwell, what))
        case "days in all":
            return days(step.dwell.total)
        case _:
            return str(getattr(step, FATES.get(what, what)).n)


def test_the_funnel_by_flow() -> None:
    found = funnel_flow.flow(journeys(log(), RANKS), WEEK, STAGES, as_of=NOW)
    flows = dict(zip(STAGES, found, strict=True))

    said = answers("The funnel by flow")
    assert len(said) == 13
    for label, value in said.items():
        stage, _, what = label.rpartition(": ")
        assert value == _of_flow(flows[stage or "meet"], what), label


def _of_flow(flow: Flow, what: str) -> str:
    outcomes = {"forward": "forward", "lost": "lost", "back": "back", "put aside": "suspended"}
    match what:
        case "stays begun":
            return str(flow.entries)
        case "stays ended":
            return str(flow.ended)
        case "flow ratio of meet":
            return share(flow.ratio)
        case "days in the week":
            return days(flow.dwell.total, 2)
        case "p50 in the week" | "p85 in the week":
            return days(getattr(flow.dwell, what[:3]))
        case _:
            return share(flow.share(outcomes[what.removeprefix("left ")]))
