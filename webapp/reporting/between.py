"""Where moves went and on which days: stages with what passes between them, and the window as a calendar."""

from datetime import date

from flask_babel import gettext, pgettext
from markupsafe import Markup

from engine.calendars import is_work_day
from reports import charts
from reports.charts import Part, PlotWords, Square, Stream
from reports.dynamics import Passage
from reports.movements import GREEN, RED, Total, Ways
from reports.periods import DAY, Period, containing
from reports.reading import Dynamics
from webapp import formats
from webapp.reporting import words
from webapp.reporting.address import Asked
from webapp.reporting.paper import Cell, Column, Form, Table
from webapp.reporting.words import NB, Names

MOVED = (*GREEN, *RED)


def streams(ask: Asked, report: Dynamics, names: Names) -> Markup:
    """The current period's moves between the stages, forward above and back below; the won come last."""
    met = {stage for each in report.passages for stage in (each.left, each.entered) if stage}
    stages = [*ask.ladder.keys, *sorted(met - set(ask.ladder.keys)), ""]
    places = {stage: place for place, stage in enumerate(stages)}
    drawn = [
        Stream(places[each.left], places[each.entered], _part(ask, report, each, names), _figure(ask, each))
        for each in report.passages
        if each.left != each.entered
    ]
    said = PlotWords(
        gettext("Moves between the stages, %(when)s", when=words.period(report.current.period, ask.today)),
        finding(ask, report, names),
        pgettext("report", "forward"),
        pgettext("report", "back"),
    )
    return Markup(charts.flow([_name(ask, each, names) for each in stages], drawn, said))  # noqa: S704  # ours


def finding(ask: Asked, report: Dynamics, names: Names) -> str:
    """What went forward most often, and what came back most often."""
    said = []
    for is_forward, sentence in (
        (True, gettext("Most often forward: %(left)s → %(entered)s (%(n)s).")),
        (False, gettext("Most often back: %(left)s → %(entered)s (%(n)s).")),
    ):
        most = next((each for each in report.passages if each.is_forward == is_forward), None)
        if most is not None:
            values = {"n": formats.number(most.total.n), "left": names.stage(most.left)}
            said.append(sentence % (values | {"entered": _name(ask, most.entered, names)}))
    return " ".join(said)


def _name(ask: Asked, stage: str, names: Names) -> str:
    return names.stage(stage) if stage else f"✓{NB}{words.kind('won', ask.ladder.of)}"


def href(ask: Asked, report: Dynamics, each: Passage) -> str:
    """The list of what went this way."""
    where = {"left": each.left, "entered": each.entered or "-"}
    return ask.listed(report.current.period, GREEN if each.is_forward else ("backward",), **where)


def _figure(ask: Asked, each: Passage) -> str:
    return words.figure(each.total, ask.measure)


def _part(ask: Asked, report: Dynamics, each: Passage, names: Names) -> Part:
    title = f"{names.stage(each.left)} → {_name(ask, each.entered, names)}: {_figure(ask, each)}"
    return Part(words.value(each.total, ask.measure), href(ask, report, each), title)


def passages(ask: Asked, report: Dynamics, names: Names) -> Table:
    """The same in figures, with how long it had stood before."""
    form: Form = "money" if ask.measure == "money" else "count"
    columns = (
        Column(gettext("From stage")),
        Column(gettext("To stage")),
        Column(pgettext("report", "Moves"), form),
        Column(gettext("Days there before, on average"), "days"),
    )
    rows = [
        (
            Cell(f"{'▲' if each.is_forward else '▼'}{NB}{names.stage(each.left)}"),
            Cell(_name(ask, each.entered, names)),
            Cell(_value(ask, each.total), href(ask, report, each)),
            Cell(each.total.dwell / each.total.n / 86400),
        )
        for each in report.passages
    ]
    title = gettext("Between the stages, %(when)s", when=words.period(report.current.period, ask.today))
    return Table("between", title, columns, rows)


def _value(ask: Asked, total: Total) -> float:
    return total.money / 100 if ask.measure == "money" else total.n


# ------------------------------------------------------------------------------------------------ day by day


def calendar(ask: Asked, report: Dynamics) -> Markup:
    """Every day of the window: the greener the more forward than back, the redder the more back."""
    mondays = _mondays(report.calendar)
    said = PlotWords(
        gettext("Day by day, %(days)s", days=words.span(report.calendar)),
        extremes(ask, report),
        nothing=gettext("Nothing moved."),
    )
    squares = [_square(ask, report, day, (day - mondays[0]).days) for day in report.calendar]
    labels = [_month(monday, place) for place, monday in enumerate(mondays)]
    week = [words.week_day(day) for day in containing(mondays[0], "week")]
    return Markup(charts.calendar(squares, labels, week, said))  # noqa: S704  # charts escape every word


def _mondays(calendar: Period) -> list[date]:
    first = containing(calendar.start, "week").start
    return [first + place * 7 * DAY for place in range((calendar.last - first).days // 7 + 1)]


def _month(monday: date, place: int) -> str:
    """The month over its first week; over the first one of all only if it has room."""
    begins = monday.day <= 7 or (place == 0 and monday.day <= 14)
    return words.labels(containing(monday, "month"))[0] if begins else ""


def _square(ask: Asked, report: Dynamics, day: date, place: int) -> Square:
    ways, one = report.ways.get(day, Ways()), containing(day, "day")
    week, week_day = divmod(place, 7)
    if not ways.green.n and not ways.red.n:
        return Square(week, week_day, Part(), is_off=not is_work_day(day))
    title = gettext(
        "%(day)s: %(green)s forward, %(red)s back",
        day=words.span(one),
        green=words.figure(ways.green, ask.measure),
        red=words.figure(ways.red, ask.measure),
    )
    return Square(week, week_day, Part(_net(ask, ways), ask.listed(one, MOVED), title))


def _net(ask: Asked, ways: Ways) -> float:
    return words.value(ways.green, ask.measure) - words.value(ways.red, ask.measure)


def extremes(ask: Asked, report: Dynamics) -> str:
    """The best and the worst day."""
    if not report.ways:
        return str(gettext("Nothing moved."))
    ordered = sorted(report.ways, key=lambda day: (_net(ask, report.ways[day]), day))
    back = sum(_net(ask, ways) < 0 for ways in report.ways.values())
    return str(
        gettext(
            "On %(back)s of %(n)s days more went back than forward. The best day was %(best)s (%(most)s), the worst %(worst)s (%(least)s).",
            back=formats.number(back),
            n=formats.number(len(report.ways)),
            best=words.span(containing(ordered[-1], "day")),
            most=_signed(ask, report.ways[ordered[-1]]),
            worst=words.span(containing(ordered[0], "day")),
            least=_signed(ask, report.ways[ordered[0]]),
        )
    )


def _signed(ask: Asked, ways: Ways) -> str:
    return words.signed(ways.green.plus(ways.red, -1), ask.measure)


def weeks(ask: Asked, report: Dynamics) -> Table:
    """The same in figures: what each week moved forward and back, and what is left of every day."""
    form: Form = "money" if ask.measure == "money" else "count"
    mondays = _mondays(report.calendar)
    columns = (
        Column(gettext("Week")),
        *(Column(words.week_day(day), form) for day in containing(mondays[0], "week")),
        Column(f"▲ {pgettext('report', 'forward')}", form),
        Column(f"▼ {pgettext('report', 'back')}", form),
    )
    rows = []
    for monday in reversed(mondays):
        week = containing(monday, "week")
        cut = Period(max(week.start, report.calendar.start), min(week.end, report.calendar.end), "week")
        moved = [report.ways.get(day) for day in week]
        known = [each for each in moved if each]
        green, red = (_together(known, way) for way in (0, 1))
        rows.append(
            (
                Cell(words.span(cut)),
                *(Cell(None if each is None else round(_net(ask, each), 2)) for each in moved),
                Cell(_value(ask, green), ask.listed(cut, GREEN) if green.n else ""),
                Cell(_value(ask, red), ask.listed(cut, RED) if red.n else ""),
            )
        )
    return Table("days", gettext("Day by day, %(days)s", days=words.span(report.calendar)), columns, rows)


def _together(ways: list[Ways], place: int) -> Total:
    found = Total()
    for each in ways:
        found = found.plus(each[place])
    return found
