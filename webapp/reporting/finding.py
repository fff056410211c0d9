"""What agreement dynamics found, as one plain sentence: for the picture's description, papers and mail."""

from flask_babel import gettext
from markupsafe import Markup

from reports.dynamics import Day
from reports.reading import Dynamics
from webapp import formats
from webapp.reporting import words
from webapp.reporting.address import Asked
from webapp.reporting.words import Names


def finding(ask: Asked, report: Dynamics, names: Names) -> str:
    """“31 forward this week, 12 below usual; 9 back, 6 of them caused by Presales.”"""
    row, when = report.current, words.period(report.current.period, ask.today)
    green = gettext("%(n)s forward", n=words.amount(row.green, ask.measure))
    red = gettext("%(n)s back", n=words.amount(row.red, ask.measure))
    said = f"▲ {green} {when}{_against(ask, report)}; ▼ {red}{_caused(ask, report, names)}."
    return str(Markup(said).striptags())  # noqa: S704  # our own words lose their tags; nothing is shown as markup


def low_days(ask: Asked, report: Dynamics) -> list[Day]:
    """The days of the picture with too little green; one that still runs is not judged."""
    return [bar for bar in report.bars if bar.is_low and ask.is_over(bar.row.period.last)]


def remarks(ask: Asked, report: Dynamics) -> list[str]:
    """What the reader must know before believing it."""
    found = []
    usual = report.usual
    if usual.green is None or usual.red is None:
        found.append(gettext("There are not yet four such periods to say what is usual."))
    elif usual.too_few:
        expected = formats.number(usual.green + usual.red)
        found.append(gettext("Usually about %(n)s moves: too few to judge.", n=expected))
    if not all(line.is_balanced for line in (report.whole, *report.stages)):
        computed = words.figure(report.whole.computed, ask.measure)
        found.append(gettext("it does not add up: the moves make %(n)s", n=computed))
    return [str(each) for each in found]


def _against(ask: Asked, report: Dynamics) -> str:
    money = ask.measure == "money"
    usual = report.usual.money_green if money else report.usual.green
    if usual is None or report.usual.too_few:
        return ""
    gap = round((report.current.green.money if money else report.current.green.n) - usual)
    if not gap:
        return str(gettext(", as usual"))
    said = formats.short_money(abs(gap) / 100) if money else formats.number(abs(gap))
    if gap < 0:
        return str(gettext(", <b>%(n)s below usual</b>", n=said))
    return str(gettext(", <b>%(n)s above usual</b>", n=said))


def _caused(ask: Asked, report: Dynamics, names: Names) -> str:
    if not report.causes:
        return ""
    cause = report.causes[0]
    if not cause.department_id:
        alone = len(report.causes) == 1
        return str(gettext(", none of them caused by a department of ours")) if alone else ""
    n = formats.short_money(cause.money / 100) if ask.measure == "money" else formats.number(cause.n)
    department = names.department(cause.department_id)
    return str(gettext(", <b>%(n)s of them caused by %(department)s</b>", n=n, department=department))
