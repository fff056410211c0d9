"""What can be wrong with a form's definition (`FormWrong`) and with what a person typed into it."""

from engine.errors import Refusal


class FormWrong(Refusal):
    """This form cannot be used."""


class NotAForm(FormWrong):
    """A form is JSON text of up to 200 kB with a key, a title and a list of fields."""


class FieldWrong(FormWrong):
    """The field “%(name)s” of the form “%(form)s” cannot be used: %(what)s."""


class BadKey(FieldWrong):
    """The field “%(name)s” of the form “%(form)s” needs a key of plain letters, digits and underscores."""


class TakenKey(BadKey):
    """The field “%(name)s” of the form “%(form)s” needs another key: this word means something else already."""


class SameKey(FieldWrong):
    """The form “%(form)s” has two fields called “%(name)s”."""


class UnknownType(FieldWrong):
    """The field “%(name)s” of the form “%(form)s” has an unknown type: %(what)s."""


class UnknownProperty(FieldWrong):
    """The field “%(name)s” of the form “%(form)s” says something unknown: %(what)s."""


class BadExpression(FieldWrong):
    """The field “%(name)s” of the form “%(form)s” has an expression that cannot be used: %(what)s"""


class ReadsLater(FieldWrong):
    """The field “%(name)s” of the form “%(form)s” reads “%(what)s”, which is not asked above it."""


class PartsMissing(FieldWrong):
    """The field “%(name)s” of the form “%(form)s” lacks its %(what)s."""


class Required(Refusal):
    """Fill this in."""


class TooLong(Refusal):
    """This is too long: at most %(max)s characters."""


class TooShort(Refusal):
    """This is too short: at least %(min)s characters."""


class NotText(Refusal):
    """This text holds signs that cannot be stored."""


class NotANumber(Refusal):
    """This is not a number. Write it like 1240,50."""


class NotWhole(Refusal):
    """Only whole numbers fit here."""


class TooPrecise(Refusal):
    """At most %(digits)s digits may follow the decimal comma."""


class TooSmall(Refusal):
    """This is too small: at least %(min)s."""


class TooBig(Refusal):
    """This is too large: at most %(max)s."""


class NotADate(Refusal):
    """This is not a date. Write it like 2026-11-24."""


class NotATime(Refusal):
    """This is not a date with a time. Write it like 2026-11-24 09:30."""


class TooEarly(Refusal):
    """This is too early: not before %(min)s."""


class TooLate(Refusal):
    """This is too late: not after %(max)s."""


class NotAnOption(Refusal):
    """Choose one of the options given."""


class NotATaxId(Refusal):
    """This is not a tax number (NIP): check its ten digits."""


class NotAnEmail(Refusal):
    """This is not an e-mail address."""


class NotAPhone(Refusal):
    """This is not a telephone number."""


class NotThere(Refusal):
    """What you chose is no longer there. Choose again."""


class TooFew(Refusal):
    """Give at least %(min)s."""


class TooMany(Refusal):
    """Give at most %(max)s."""


class UnknownField(Refusal):
    """This form does not ask for “%(name)s”."""
