"""From report rows to pictures: figures and words of the reader's language, and an address for every mark."""

from flask_babel import gettext, pgettext
from markupsafe import Markup

from reports import charts
from reports.charts import Bar, MovesWords, Part
from reports.dynamics import Day, Row
from reports.movements import GREEN, RED, Total
from reports.periods import Period
from reports.reading import Dynamics
from webapp import formats
from webapp.reporting import words
from webapp.reporting.address import Asked
from webapp.reporting.aims import Aims
from webapp.reporting.item_words import says
from webapp.reporting.words import Names

FORWARD = ("forward", "forward_skip")


def moves(asked: Asked, report: Dynamics, aims: Aims | None = None, finding: str = "") -> Markup:
    """The picture of agreement dynamics; ``finding`` is the sentence it shows, for those who hear it."""
    unit, size = _unit(asked, report)
    bars = [_bar(asked, report, each, size, aims) for each in report.bars]
    said = MovesWords(
        gettext("Moves in each period, %(days)s", days=words.span(report.window)),
        f"{finding} {says(asked.ladder.of)['picture']}".strip(),
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


def _bar(asked: Asked, report: Dynamics, day: Day, size: float, aims: Aims | None) -> Bar:
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
        day.is_low and asked.is_over(row.period.last),
        row.period.start in report.current.period and report.current.period.days > row.period.days,
        _aim(asked, aims, row.period, size),
    )


def _aim(asked: Asked, aims: Aims | None, period: Period, size: float) -> float | None:
    """What the goal needs of a bar; money is that many moves of what one that is won is worth."""
    if aims is None:
        return None
    if asked.measure == "count":
        return aims.green(period)
    worth = aims.money(period)
    return None if worth is None else worth / 100 / size


def _figure(_row: Row, part: Part, size: float, hidden: bool) -> str:
    if hidden and not part.value:
        return ""
    if not part.value:
        return formats.number(0)
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
        name = caused_by(names, cause.department_id)
        title = f"{name}: {words.figure(total, asked.measure)}"
        part = Part(words.value(total, asked.measure), href, title)
        rows.append((name, part, words.figure(total, asked.measure), words.most_said(cause.reasons, names)))
    return Markup(charts.causes(rows, gettext("Back by the department that caused it")))  # noqa: S704


def caused_by(names: Names, department_id: int) -> str:
    """A department as the cause of red."""
    return names.department(department_id) if department_id else gettext("The client, or nobody named")
