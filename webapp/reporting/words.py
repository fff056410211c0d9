"""Words of reports: kinds of moves, names of stages, departments and reasons, periods; in the reader's language."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from babel.dates import format_date
from flask_babel import gettext, ngettext, pgettext
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.process import definitions, forms
from engine.process.blueprint import Text
from reports.dynamics import Usual
from reports.ladders import Ladder
from reports.movements import GREEN, RED, Total
from reports.periods import DAY, Period
from reports.queries import WENT_TO
from webapp import formats
from webapp.languages import current
from webapp.reporting import item_words

NB = formats.NB
JOINED = "\N{WORD JOINER}"
WEEK_DAYS = ("pn", "wt", "śr", "czw", "pt", "sb", "nd")


def kind(name: str, of: str = "deal") -> str:
    """What a move did to an item ``of`` that sort."""
    words: dict[str, str] = {
        "new": pgettext("move", "New"),
        "forward": pgettext("move", "Forward"),
        "forward_skip": pgettext("move", "Forward, skipping"),
        "backward": pgettext("move", "Back"),
        "won": pgettext("move", "Won"),
        "lost": pgettext("move", "Lost"),
        "reopened": pgettext("move", "Reopened"),
        "suspended": pgettext("move", "Put aside"),
        "resumed": pgettext("move", "Resumed"),
        "rerouted": pgettext("move", "To another process"),
        "corrected": pgettext("move", "Correction"),
        "mistaken": pgettext("move", "Mistake, taken back"),
        "taken_over": pgettext("move", "Taken over"),
        "handed_over": pgettext("move", "Handed over"),
    }
    return item_words.kinds(of).get(name) or words.get(name, name)


KINDS = (
    *(
        "new",
        "forward",
        "forward_skip",
        "backward",
        "same",
        "won",
        "lost",
        "reopened",
        "suspended",
        "resumed",
    ),
    *("rerouted", "corrected", "mistaken", "taken_over", "handed_over"),
)
"""Every kind of move that an address may name."""


def kinds(names: Sequence[str], of: str = "deal") -> str:
    """What a list of these moves is called."""
    says = item_words.says(of)
    sets: dict[Sequence[str], str] = {
        (): gettext("All moves"),
        GREEN: says["green"],
        RED: says["red"],
    }
    said = [kind(name, of) for name in names]
    return sets.get(tuple(names)) or ", ".join([*said[:1], *(each.lower() for each in said[1:])])


def fate(view: str, name: str) -> str:
    """What became of the deals of a cell."""
    words: dict[str, str] = {
        "reached": gettext("reached this stage or one beyond"),
        "further": gettext("went further"),
        "lost": gettext("lost, having come no further"),
        "open": gettext("still open, having come no further"),
        "gone": gettext("went over to another process"),
        "touched": gettext("stood on this stage"),
        "skipped": gettext("skipped this stage"),
    }
    flows: dict[str, str] = {
        "forward": gettext("left forward"),
        "back": gettext("left backward"),
        "lost": gettext("left because they were lost"),
        "suspended": gettext("left because they were put aside"),
        "rerouted": gettext("left for another process"),
        "": gettext("left this stage"),
    }
    return (flows if view == "flow" else words).get(name, name)


WHY = {
    "late": Text("Po terminie", "Late"),
    "imported": Text("Dziennik nie podaje powodu", "The log gives no reason"),
    "quality": Text("Nie przyjęto oddanego", "Not accepted"),
    f"{WENT_TO}declined": Text("Odmowa", "Declined"),
    f"{WENT_TO}returned": Text("Zwrot: nie było gotowe", "Returned as not ready"),
    f"{WENT_TO}requested": Text("Brak zgody na inny termin", "Another date refused"),
    f"{WENT_TO}countered": Text("Inny termin", "Another date asked for"),
    f"{WENT_TO}promised": Text("Do poprawy", "To be corrected"),
}
"""Reasons that no form offers: why a promise is broken or went back."""


class Names:
    """The names that one page needs, each read once."""

    def __init__(self, session: Session, ladder: Ladder) -> None:
        self._session, self._ladder = session, ladder
        self.departments = {
            row.id: row for row in session.scalars(select(Department).order_by(Department.id))
        }
        self._people: dict[int, str] = {}
        self._words: dict[str, Text] | None = None

    def stage(self, key: str | None) -> str:
        """A stage of the ladder."""
        return self._ladder.title_of(key).into(current()) if key else ""

    @property
    def ladder(self) -> str:
        """The ladder itself."""
        return self._ladder.title.into(current())

    def department(self, id_: int | None) -> str:
        """A department; the client or nobody for none."""
        found = self.departments.get(id_ or 0)
        if found is None:
            return str(gettext("no department"))
        return found.name_en if current() == "en" else found.name

    def learn(self, ids: Iterable[int | None]) -> None:
        """Read the names of these people together."""
        unknown = {id_ for id_ in ids if id_ and id_ not in self._people}
        rows = self._session.execute(select(Person.id, Person.name).where(Person.id.in_(unknown)))
        self._people |= {row.id: row.name for row in rows}

    def person(self, id_: int | None) -> str:
        """A person; the system for none."""
        self.learn([id_])
        return self._people.get(id_ or 0) or str(pgettext("report", "nobody"))

    def reason(self, key: str | None) -> str:
        """A reason in the words of the form that asked for it, or of the step that gave it by itself."""
        if not key:
            return str(gettext("no reason given"))
        if self._words is None:
            self._words = self._reasons()
        return self._words.get(key, Text(key, key)).into(current())

    def knows_reason(self, key: str) -> bool:
        """Whether some form offers this reason, or a step gives it by itself."""
        if self._words is None:
            self._words = self._reasons()
        return key in self._words

    def _reasons(self) -> dict[str, Text]:
        definition = definitions.newest(self._session, self._ladder.key)
        if definition is None:
            return WHY
        plan = definitions.blueprint(self._session, definition)
        known = {
            "override": Text("Przesunięto ręcznie", "Moved by hand by an operator"),
            "migrated": Text(
                "Przeniesiono do innej wersji procesu", "Taken over to another version of the process"
            ),
        } | WHY
        drawn = known | {element.id: element.name for _, element in plan.everything() if element.name.pl}
        return drawn | reasons(
            definition.content_hash, tuple(definitions.files(self._session, definition, "form").values())
        )

    def tree(self) -> list[tuple[int, str]]:
        """Every department under its parents, for a list to choose from."""
        found: list[tuple[int, str]] = []

        def below(parent: int | None, depth: int) -> None:
            for row in self.departments.values():
                if row.parent_id == parent:
                    found.append((row.id, f"{NB * 3 * depth}{self.department(row.id)}"))
                    below(row.id, depth + 1)

        below(None, 0)
        return found


@lru_cache(20)
def reasons(_content_hash: str, texts: tuple[bytes, ...]) -> dict[str, Text]:
    """The words of every reason that some form of a definition offers."""
    return {
        str(option.value): option.label
        for text in texts
        for field in forms.load(text).fields
        if "reason" in field.key
        for option in field.options
    }


def period(of: Period, today: date) -> str:
    """“this week”, “on 18 Nov”, “in the week 2–8 Nov”, “in October 2026”: what a sentence says."""
    if today in of or today == of.last:
        now: dict[str, str] = {
            "day": gettext("today"),
            "week": gettext("this week"),
            "month": gettext("this month"),
        }
        return now[of.by]
    said = span(of)
    names: dict[str, str] = {
        "day": gettext("on %(day)s", day=said),
        "week": gettext("in the week %(days)s", days=said),
        "month": gettext("in the month %(days)s", days=said),
    }
    return names[of.by]


def span(of: Period) -> str:
    """“2–8 Nov”, “18 Nov 2026”, “November 2026”: the days of a period."""
    return month(of) if of.by == "month" else days(of.start, of.last)


def days(first: date, last: date) -> str:
    """From a day to a day, as short as it can be."""
    if first == last:
        return _day(first, "d MMM y")
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{JOINED}{_day(last, 'd MMM y')}"
    same_year = first.year == last.year
    return f"{_day(first, 'd MMM' if same_year else 'd MMM y')} – {_day(last, 'd MMM y')}"


def _day(value: date, pattern: str) -> str:
    return str(format_date(value, pattern, locale=current())).replace(" ", NB)


def month(of: Period) -> str:
    """“January 2026”, with its days when it is cut."""
    whole = of.start.day == 1 and (of.last + DAY).day == 1
    return str(format_date(of.start, "LLLL y", locale=current())) if whole else days(of.start, of.last)


def labels(of: Period) -> tuple[str, str]:
    """The two lines under a bar: the day and its weekday, or the first day and its month."""
    if of.by == "day":
        return str(of.start.day), week_day(of.start)
    if of.by == "week":
        return str(of.start.day), str(format_date(of.start, "MMM", locale=current()))
    return str(format_date(of.start, "LLL", locale=current())), str(of.start.year)


def week_day(value: date) -> str:
    """“śr”, “Wed”."""
    return WEEK_DAYS[value.weekday()] if current() == "pl" else str(format_date(value, "EEE", locale="en"))


def seen(of: str) -> str:
    """What a report covers for one who does not see everything; ``of`` is what moves on its ladder."""
    words: dict[str, str] = {
        "deal": gettext("The deals that you may see"),
        "commitment": gettext("The commitments that you may see"),
        "promise": gettext("The promises that you may see"),
        "case": gettext("The cases that you may see"),
    }
    return words[of]


def led_by(of: str, department: str, *, alone: bool = False) -> Markup:
    """Whose items a report is about, after its first words."""
    said = item_words.says(of)["team" if alone else "department"]
    return Markup(said) % {"department": department}  # noqa: S704  # our own words; the name is escaped


def balance(name: str, n: int, of: str = "deal") -> str:
    """What a term of the conservation is called after its number."""
    words: dict[str, str] = {
        "new": ngettext("new one", "new ones", n),
        "reopened": ngettext("reopened one", "reopened ones", n),
        "resumed": ngettext("resumed one", "resumed ones", n),
        "rerouted": ngettext("moved between processes", "moved between processes", n),
        "taken_over": ngettext("taken over one", "taken over ones", n),
        "won": ngettext("won one", "won ones", n),
        "lost": ngettext("lost one", "lost ones", n),
        "suspended": ngettext("put aside one", "put aside ones", n),
        "handed_over": ngettext("handed over one", "handed over ones", n),
    }
    return item_words.balance(of, n).get(name) or words.get(name, name)


def signed(total: Total, measure: str) -> str:
    """“+12”, “−3”, “0”."""
    whole = value(total, measure)
    sign = "+" if whole > 0 else "−" if whole < 0 else ""
    return sign + figure(Total(abs(total.n), 0, abs(total.money)), measure)


def usual_money(usual: Usual) -> str:
    """What is usual, as money in a table."""
    return (
        formats.UNKNOWN
        if usual.money_green is None
        else figure(Total(0, 0, round(usual.money_green)), "money")
    )


def figure(total: Total, measure: str) -> str:
    """A total in a table: a count, or money in thousands or millions."""
    if measure == "count":
        return formats.number(total.n)
    amount = total.money / 100
    for size, unit in ((1e6, pgettext("money", "m")), (1e3, pgettext("money", "k"))):
        if abs(amount) >= size:
            return f"{formats.number(amount / size, 0 if abs(amount) >= 100 * size else 1)}{unit}"
    return formats.number(amount)


def amount(total: Total, measure: str) -> str:
    """A total in a sentence: a count, or money with its currency."""
    return formats.number(total.n) if measure == "count" else formats.short_money(total.money / 100)


def value(total: Total, measure: str) -> float:
    """The same as a plain number, money in whole currency."""
    return total.n if measure == "count" else total.money / 100


def most_said(reasons: Sequence[tuple[str, int]], names: Names) -> str:
    """The reason given most often: 4 × “does not fit”."""
    reason, n = reasons[0]
    return f"{formats.number(n)} × {names.reason(reason)}"


def plain(row: Any) -> str:
    """A cell of a CSV file that no spreadsheet takes for a formula."""
    said = "" if row is None else str(row)
    return f"'{said}" if said[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else said
