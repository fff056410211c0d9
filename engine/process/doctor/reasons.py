"""Why something was refused, as the end of a sentence in both languages."""

from engine.errors import Refusal
from engine.process import decisions, expressions, forms
from engine.process.blueprint import Text
from engine.process.forms import refusals as of_forms
from engine.process.spiff import refusals as of_engine

POLISH: dict[type[Exception], str] = {
    forms.FormWrong: "tego formularza nie da się użyć",
    of_forms.NotAForm: "formularz to JSON do 200 kB z kluczem, tytułem i listą pól",
    of_forms.FieldWrong: "nie da się użyć pola „%(name)s”: %(what)s",
    of_forms.BadKey: "pole „%(name)s” musi mieć klucz z liter bez znaków diakrytycznych, cyfr i podkreśleń",
    of_forms.TakenKey: "pole „%(name)s” musi mieć inny klucz: to słowo znaczy już coś innego",
    of_forms.SameKey: "dwa pola mają klucz „%(name)s”",
    of_forms.UnknownType: "pole „%(name)s” ma nieznany rodzaj: %(what)s",
    of_forms.UnknownProperty: "pole „%(name)s” mówi coś niezrozumiałego: %(what)s",
    of_forms.BadExpression: "pole „%(name)s” ma wyrażenie, którego nie da się użyć: %(what)s",
    of_forms.ReadsLater: "pole „%(name)s” czyta „%(what)s”, o co nie pyta się przed nim",
    of_forms.PartsMissing: "polu „%(name)s” brakuje: %(what)s",
    decisions.FileWrong: "to musi być DMN w XML bez DOCTYPE, do 2 MB",
    of_engine.NotSupported: "narysowano tu coś, czego silnik nie wykonuje (%(what)s)",
    expressions.Unreadable: "to nie jest całe wyrażenie (znak %(at)s)",
    expressions.UnknownFunction: "nieznana funkcja %(what)s",
    expressions.TooMuch: "wyrażenie jest za długie",
    expressions.ExpressionRefused: "niedozwolone: %(what)s",
}
PARSER: tuple[tuple[str, Text], ...] = (
    ("RecursionError", Text("droga jest zbyt długa", "the way is too long")),
    ("recursion depth", Text("droga jest zbyt długa", "the way is too long")),
    ("Multiple outgoing flows", Text("wychodzi z tego kilka dróg", "several ways leave it")),
    ("No start event", Text("nie ma zdarzenia początkowego", "there is no start event")),
    ("Only one start event", Text("jest kilka zdarzeń początkowych", "there are several start events")),
    (
        "There is no support",
        Text("silnik nie zna takiego elementu", "the engine does not know such an element"),
    ),
    ("not a known process", Text("wywołany proces jest nieznany", "the called process is unknown")),
    ("No data store class", Text("magazyn danych jest nieznany", "the data store is unknown")),
)
"""What the parser of the engine says, by the words it uses."""


def reason(refused: Exception) -> Text:
    """Without the full stop: it goes into a sentence of ours. What has no Polish yet is quoted in English."""
    english = str(refused).strip().rstrip(".")
    polish = next((POLISH[kind] for kind in type(refused).__mro__ if kind in POLISH), None)
    if polish is None or not isinstance(refused, Refusal):
        return Text(f"„{english}”", english)
    inner = {key: reason(each) for key, each in refused.places.items() if isinstance(each, Refusal)}
    places = {**refused.places, **{key: each.pl for key, each in inner.items()}}
    return Text(polish % places, english)


def of_parser(trouble: Exception) -> Text:
    """Why the engine cannot read an executable form."""
    if isinstance(trouble, Refusal):
        return reason(trouble)
    said = str(trouble).splitlines()[0][:200] if str(trouble).strip() else type(trouble).__name__
    known = next((text for words, text in PARSER if words in f"{said} {type(trouble).__name__}"), None)
    return known or Text(f"odmowa parsera „{said}”", f"the parser says “{said}”")
