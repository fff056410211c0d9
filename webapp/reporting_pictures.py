"""From report rows to pictures: figures and words of the reader's language, and an address for every mark."""

from collections.abc import Callable

from flask_babel import gettext, pgettext
from markupsafe import Markup

from reports import charts
from reports.charts import Bar, FunnelWords, MovesWords, Part
from reports.charts import Step as Mark
from reports.dynamics import Day, Row
from reports.funnel import Cohort, Flow, Step
from reports.movements import GREEN, RED, Total
from reports.periods import Period
from reports.reading import Dynamics
from webapp import formats
from webapp import reporting_words as words
from webapp.reporting_address import Asked
from webapp.reporting_item_words import says
from webapp.reporting_words import NB, Names

FORWARD = ("forward", "forward_skip")


def moves(asked: Asked, report: Dynamics) -> Markup:
    """The picture of agreement dynamics."""
    unit, size = _unit(asked, report)
    bars = [_bar(asked, report, each, size) for each in report.bars]
    said = MovesWords(
        gettext("Moves in each period, %(days)s", days=words.span(report.window)),
        says(asked.ladder.of)["picture"],
        pgettext("report", "forward"),
        pgettext("report", "back"),
        unit,
        words.period(report.current.period, asked.today),
    )
    return Markup(charts.moves(bars, said))  # noqa: S704  # charts escape every word they are given


def _unit(asked: Asked, report: Dynamics) -> tuple[str, float]:
    """What one unit of the axis is worth: money is drawn in thousands or millions."""
    if asked.measure == "count":
        return "", 1
    most = max((each.row.green.money + each.row.new.money for each in report.bars), default=0) / 100
    return (gettext("m PLN"), 1e6) if most >= 2e6 else (gettext("k PLN"), 1e3)


def _bar(asked: Asked, report: Dynamics, day: Day, size: float) -> Bar:
    row, measure = day.row, asked.measure
    first, second = words.labels(row.period)

    def part(total: Total, kinds: tuple[str, ...], name: str) -> Part:
        title = f"{words.span(row.period)}: {name} {words.figure(total, measure)}"
        worth = words.value(total, measure) / size
        return Part(worth, asked.listed(row.period, kinds) if total.n else "", title)

    up, down = (
        part(row.green, GREEN, pgettext("report", "forward")),
        part(row.red, RED, pgettext("report", "back")),
    )
    money = measure == "money"
    usual = day.usual_money / 100 / size if money and day.usual_money is not None else day.usual
    return Bar(
        first,
        second,
        part(row.of(*FORWARD), FORWARD, pgettext("report", "forward")),
        part(row.of("won"), ("won",), words.kind("won", asked.ladder.of)),
        part(row.new, ("new",), words.kind("new", asked.ladder.of)),
        part(row.of("backward"), ("backward",), words.kind("backward", asked.ladder.of)),
        part(row.of("lost"), ("lost",), words.kind("lost", asked.ladder.of)),
        up,
        down,
        _figure(row, up, size, day.is_off),
        _figure(row, down, size, day.is_off or not row.red.n),
        usual if row.period.by == "day" or not money else None,
        None if money else day.limit,
        day.is_off,
        day.is_low and row.period.last <= report.through,
        row.period.start in report.current.period and report.current.period.days > row.period.days,
    )


def _figure(_row: Row, part: Part, size: float, hidden: bool) -> str:
    if hidden and not part.value:
        return ""
    return formats.number(
        round(part.value, 0 if size == 1 or part.value >= 100 else 1),
        0 if size == 1 or part.value >= 100 else 1,
    )


def causes(asked: Asked, report: Dynamics, names: Names) -> Markup:
    """Who caused the red of the current period."""
    rows = []
    for cause in report.causes[:8]:
        total = Total(cause.n, 0, cause.money)
        href = asked.listed(report.current.period, RED, cause=cause.department_id)
        name = _caused_by(names, cause.department_id)
        title = f"{name}: {words.figure(total, asked.measure)}"
        part = Part(words.value(total, asked.measure), href, title)
        rows.append((name, part, words.figure(total, asked.measure), words.most_said(cause.reasons, names)))
    return Markup(charts.causes(rows, gettext("Back by the department that caused it")))  # noqa: S704


def _caused_by(names: Names, department_id: int) -> str:
    return names.department(department_id) if department_id else gettext("The client, or nobody named")


# ------------------------------------------------------------------------------------------------ funnel


def funnel(asked: Asked, cohort: Cohort, names: Names, *, narrow: bool = False) -> Markup:
    """The picture of a cohort."""
    most = max((words.value(step.reached, asked.measure) for step in cohort.steps), default=0)
    marks = [_step(asked, cohort, step, names, most) for step in cohort.steps]
    said = FunnelWords(
        gettext("How many reached each stage and what became of them"),
        gettext("Each bar: went further, lost here, still open. Every part opens its list."),
        (
            pgettext("report", "Stage"),
            gettext("Reached = went further + lost here + still open"),
            pgettext("report", "Further"),
            "n",
            gettext("When all have ended"),
            gettext("Days here: ● p50 ▬ to p85 │ median with open ones"),
        ),
    )
    draw: Callable[..., str] = charts.funnel_narrow if narrow else charts.funnel
    return Markup(draw(marks, _won(asked, cohort), said))  # noqa: S704  # charts escape every word they are given


def _step(asked: Asked, cohort: Cohort, step: Step, names: Names, most: float) -> Mark:
    name, measure = names.stage(step.stage), asked.measure

    def part(total: Total, fate: str) -> Part:
        title = f"{name}: {words.fate('cohort', fate)} – {words.figure(total, measure)}"
        href = asked.cell(cohort.window, "cohort", fate, step.stage) if total.n else ""
        return Part(words.value(total, measure), href, title)

    totals = {"further": step.further, "lost": step.lost, "open": step.open}
    texts = {key: words.figure(total, measure) for key, total in totals.items()}
    rest = _rest(step, texts, measure, most)
    texts["all"] = gettext("further %(further)s · lost %(lost)s · open %(open)s", **texts)
    dwell = step.dwell
    texts["days"] = gettext("%(span)s days", span=span_of(dwell.p50, dwell.p85))
    return Mark(
        str(step.rank),
        name,
        part(step.further, "further"),
        part(step.lost, "lost"),
        part(step.open, "open"),
        part(step.skipped, "skipped"),
        words.figure(step.reached, measure),
        texts,
        rest,
        formats.percent(step.conversion),
        gettext(
            "%(some)s of %(whole)s", some=formats.number(step.further.n), whole=formats.number(step.reached.n)
        ),
        formats.percent(step.mature.share) if step.mature else formats.UNKNOWN,
        f"{step.mature.low * 100:.0f}–{step.mature.high * 100:.0f}" if step.mature else "",
        dwell.p50,
        dwell.median,
        dwell.p85,
        span_of(dwell.p50, dwell.p85),
        cohort.bottleneck is not None and cohort.bottleneck.stage == step.stage and dwell.total > 0,
    )


def _rest(step: Step, texts: dict[str, str], measure: str, most: float) -> str:
    """What has no room in the bar, in words beside it."""
    said = {"lost": pgettext("report", "lost"), "open": pgettext("report", "open")}
    parts = [
        f"{word}{NB}{texts[key]}"
        for key, word in said.items()
        for total in [step.lost if key == "lost" else step.open]
        if total.n and not charts.fits(words.value(total, measure), most, texts[key])
    ]
    if step.gone.n:
        parts.append(f"{pgettext('report', 'to another process')}{NB}{words.figure(step.gone, measure)}")
    return ", ".join(parts)


def _won(asked: Asked, cohort: Cohort) -> Mark:
    measure, won = asked.measure, cohort.won
    stage = cohort.steps[-1].stage if cohort.steps else ""
    href = asked.cell(cohort.window, "cohort", "further", stage) if won.n else ""
    rest = gettext(
        "of %(created)s created; lost %(lost)s, open %(open)s",
        created=words.figure(cohort.created, measure),
        lost=words.figure(cohort.lost, measure),
        open=words.figure(cohort.open.plus(cohort.gone), measure),
    )
    title = f"{pgettext('report', 'Won')}: {words.figure(won, measure)}"
    return Mark(
        "",
        pgettext("report", "Won"),
        Part(words.value(won, measure), href, title),
        Part(),
        Part(),
        Part(),
        words.figure(won, measure),
        {"dwell": gettext("from creation until won")},
        rest,
        formats.percent(won.n / cohort.created.n) if cohort.created.n else formats.UNKNOWN,
        gettext("%(some)s of %(whole)s", some=formats.number(won.n), whole=formats.number(cohort.created.n)),
        formats.percent(cohort.mature.share) if cohort.mature else formats.UNKNOWN,
        f"{cohort.mature.low * 100:.0f}–{cohort.mature.high * 100:.0f}" if cohort.mature else "",
        dwell=span_of(cohort.to_win.p50, cohort.to_win.p85),
    )


SHADES = {"forward": "g", "back": "r", "lost": "rw", "suspended": "o", "rerouted": "rng"}


def left(asked: Asked, window: Period, flow: Flow, names: Names) -> Markup:
    """How one stage was left: the shares of its stays that ended."""
    parts = []
    for outcome, css in SHADES.items():
        n = flow.outcomes.get(outcome, 0)
        title = f"{words.fate('flow', outcome)}: {formats.number(n)}"
        parts.append((Part(n, asked.cell(window, "flow", outcome, flow.stage) if n else "", title), css))
    return Markup(charts.shares(parts, names.stage(flow.stage)))  # noqa: S704  # charts escape every word they are given


def in_days(value: float | None) -> str:
    """Days, with a tenth where there are few."""
    if value is None:
        return formats.UNKNOWN
    return formats.number(value, 0 if value >= 10 or abs(value - round(value)) < 0.05 else 1)


def span_of(low: float | None, high: float | None) -> str:
    """“19–47”: half and 85 % of the visits that ended."""
    return formats.UNKNOWN if low is None else f"{in_days(low)}–{in_days(high)}"
