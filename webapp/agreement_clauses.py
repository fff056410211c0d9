"""An agreement as a document: every term a clause in a full sentence, grouped and numbered, in the reader's language."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext, ngettext

from webapp.agreement_words import called, cell, duration, step
from webapp.formats import full_day, percent

Terms = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Clause:
    """One numbered sentence, perhaps with points below it or a table of cases."""

    text: str
    points: Sequence[str] = ()
    heads: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    is_quoted: bool = True
    """Whether the points are the heads' own words, in the language in which they were signed."""


@dataclass(frozen=True, slots=True)
class Article:
    """Clauses under one title."""

    title: str
    clauses: Sequence[Clause]


def articles(terms: Terms) -> list[Article]:
    """The whole document of these terms, in the order in which it is signed; an article without a clause is left out."""
    whole = (
        (gettext("What is delivered"), _what),
        (gettext("When"), _when),
        (gettext("How much"), _how_much),
        (gettext("Quality"), _quality),
        (gettext("When it goes wrong"), _trouble),
        (gettext("Validity"), _validity),
    )
    found = [Article(title, tuple(write(terms))) for title, write in whole]
    return [each for each in found if each.clauses]


Written = list[Clause]


def _what(terms: Terms) -> Written:
    found = [Clause(gettext("The provider delivers to the receiver: %(what)s", what=terms["deliverable"]))]
    if ready := terms.get("ready"):
        words = gettext(
            "A request is ready, and the time of the provider begins to run, when the receiver has brought:"
        )
        return [*found, Clause(words, ready)]
    return [*found, Clause(gettext("The time of the provider runs from the moment of the request."))]


def _when(terms: Terms) -> Written:
    found = []
    if answer := terms.get("promise_time"):
        words = gettext(
            "Within %(time)s of a request the provider promises it, or says for when it can.",
            time=duration(answer),
        )
        found.append(Clause(words))
    deliver = duration(terms["deliver_time"])
    words = gettext(
        "The provider delivers within %(time)s. Times are work time in the provider's calendar.", time=deliver
    )
    found.append(Clause(words))
    if table := terms.get("table"):
        words = gettext("In these cases other times hold; the first row that fits counts:")
        found.append(Clause(words, heads=_heads(table), rows=[_row(each) for each in table["rules"]]))
    if buffer := terms.get("buffer"):
        words = gettext(
            "Where a date was agreed with the client, the provider delivers %(time)s before it.",
            time=duration(buffer),
        )
        found.append(Clause(words))
    if reasons := terms.get("pause_reasons"):
        words = gettext("The provider may stop the clock for these reasons only:")
        found.append(Clause(words, reasons))
    return found


def _heads(table: Mapping[str, Any]) -> list[str]:
    return [*map(called, table["inputs"]), gettext("Promised within"), gettext("Delivered within")]


def _row(rule: Mapping[str, Any]) -> list[str]:
    times = (rule[name] for name in ("promise_time", "deliver_time"))
    return [*map(cell, rule["when"]), *(duration(each) if each else "–" for each in times)]


def _how_much(terms: Terms) -> Written:
    found = []
    if target := terms.get("target"):
        words = gettext("Both sides aim at %(share)s of promises kept.", share=percent(target / 100))
        found.append(words)
    if many := terms.get("capacity"):
        found.append(
            ngettext(
                "At most %(num)d promise is open at once; what comes beyond that waits.",
                "At most %(num)d promises are open at once; what comes beyond that waits.",
                many,
            )
        )
    if many := terms.get("capacity_week"):
        found.append(
            ngettext(
                "At most %(num)d promise falls due in a week, Monday to Sunday.",
                "At most %(num)d promises fall due in a week, Monday to Sunday.",
                many,
            )
        )
    return [Clause(each) for each in found]


def _quality(terms: Terms) -> Written:
    found = []
    if points := terms.get("acceptance"):
        found.append(Clause(gettext("What is delivered is good when:"), points))
    if terms.get("accepts") != "consumer":
        found.append(Clause(gettext("Delivering is enough: nothing has to be accepted.")))
    else:
        found.append(Clause(gettext("The receiver accepts what is delivered, or rejects it with a reason.")))
    if window := terms.get("acceptance_window"):
        words = gettext(
            "When the receiver is silent for %(time)s after delivery, it is accepted.", time=duration(window)
        )
        found.append(Clause(words))
    if (many := terms.get("rework")) is not None:
        words = ngettext(
            "It may be handed back for correction at most %(num)d time; after that the promise is broken.",
            "It may be handed back for correction at most %(num)d times; after that the promise is broken.",
            many,
        )
        none = gettext("It may not be handed back for correction: a rejected delivery breaks the promise.")
        found.append(Clause(words if many else none))
    return found


def _trouble(terms: Terms) -> Written:
    found = []
    if steps := terms.get("steps"):
        found.append(
            Clause(
                gettext("When a promise is late, or about to be:"),
                [step(each) for each in steps],
                is_quoted=False,
            )
        )
    if who := terms.get("escalation"):
        found.append(Clause(gettext("Who decides when it is late: %(who)s", who=who)))
    if then := terms.get("consequence"):
        found.append(Clause(gettext("When a promise is broken: %(then)s", then=then)))
    return found


def _validity(terms: Terms) -> Written:
    found = [_from_when(terms)]
    old = gettext(
        "Promises on their way when this comes into force stay on the words under which they were given."
    )
    new = gettext("Promises on their way when this comes into force go on under it; what is due stays due.")
    found.append(new if terms.get("in_flight") == "new" else old)
    if notice := terms.get("notice"):
        words = gettext(
            "Either side may give notice. It ends %(time)s later; until then everything here holds.",
            time=duration(notice),
        )
        found.append(words)
    else:
        found.append(gettext("Either side may give notice. It ends with the day of the notice."))
    if review := terms.get("review_on"):
        found.append(gettext("Both sides look at it again on %(day)s.", day=_day(review)))
    return [Clause(each) for each in found]


def _from_when(terms: Terms) -> str:
    begins, ends = (terms.get(name) for name in ("valid_from", "valid_to"))
    written: dict[tuple[bool, bool], Callable[[], str]] = {
        (False, False): lambda: gettext(
            "This holds from the second signature on, until it is changed or ended."
        ),
        (True, False): lambda: gettext(
            "This holds from %(day)s on, until it is changed or ended.", day=_day(begins)
        ),
        (False, True): lambda: gettext(
            "This holds from the second signature on, to %(day)s.", day=_day(ends)
        ),
        (True, True): lambda: gettext(
            "This holds from %(begins)s to %(ends)s.", begins=_day(begins), ends=_day(ends)
        ),
    }
    return written[bool(begins), bool(ends)]()


def _day(said: str | None) -> str:
    return full_day(date.fromisoformat(said or ""))
