"""Rhythms of mails in words: “every Monday at 7:00”."""

from babel.dates import get_day_names
from flask_babel import gettext, pgettext

from engine.report_schedules import ReportSchedule
from webapp.languages import current

EVERY_PL = (
    "w każdy poniedziałek",
    "w każdy wtorek",
    "w każdą środę",
    "w każdy czwartek",
    "w każdy piątek",
    "w każdą sobotę",
    "w każdą niedzielę",
)


def rhythms() -> list[tuple[str, str]]:
    """What can be chosen."""
    return [
        ("weekly", gettext("every week on a day")),
        ("workdays", gettext("every work day")),
        ("daily", gettext("every day")),
        ("month_start", gettext("on the first work day of the month")),
        ("month_end", gettext("on the last work day of the month")),
        ("monthly", gettext("on a day of the month")),
    ]


def weekdays() -> list[tuple[str, str]]:
    """The days of the week, Monday first."""
    names = get_day_names("wide", locale=current())
    return [(str(number + 1), names[number]) for number in range(7)]


def said(schedule: ReportSchedule) -> str:
    """A rhythm with its time: “every Monday at 7:00”."""
    hour = f"{schedule.minute // 60}:{schedule.minute % 60:02}"
    return str(gettext("%(rhythm)s at %(hour)s", rhythm=_rhythm(schedule), hour=hour))


def _rhythm(schedule: ReportSchedule) -> str:
    if schedule.rhythm == "weekly":
        return _weekly((schedule.day or 1) - 1)
    if schedule.rhythm == "monthly":
        return str(pgettext("report", "on day %(day)s of the month", day=schedule.day))
    return str(dict(rhythms())[schedule.rhythm])


def _weekly(day: int) -> str:
    if current() == "pl":
        return EVERY_PL[day]
    return f"every {get_day_names('wide', locale='en')[day]}"
