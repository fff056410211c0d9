"""What incidents are called, and what was done about them."""

from flask_babel import lazy_gettext

CODES = {
    "DATA_MISSING": lazy_gettext("Something needed is missing"),
    "BAD_INPUT": lazy_gettext("A value does not fit"),
    "NO_STOCK": lazy_gettext("Not enough in stock"),
    "CARRIER_FAILED": lazy_gettext("The carrier refused"),
    "ADDRESS_REFUSED": lazy_gettext("The mail address was refused"),
    "NOT_ALLOWED": lazy_gettext("An address that is not allowed"),
    "UNKNOWN_CONNECTOR": lazy_gettext("There is no such connector"),
    "UNKNOWN_OPERATION": lazy_gettext("The connector cannot do this"),
    "FAILED": lazy_gettext("The connector failed"),
    "StepBudget": lazy_gettext("The process goes round for ever"),
    "BrokenState": lazy_gettext("The stored state is broken"),
    "ABANDONED": lazy_gettext("The worker died again and again"),
    "NotATime": lazy_gettext("A timer gives no time"),
    "NoWayOut": lazy_gettext("No way out of a gateway fits"),
    "ExpressionFailed": lazy_gettext("An expression could not be evaluated"),
    "ScriptFailed": lazy_gettext("A script failed"),
    "ScriptNotApproved": lazy_gettext("A script is not approved"),
}
"""What happened, for the codes that come up; any other code is shown as it is."""

RESOLUTIONS = {
    "retried": lazy_gettext("Tried again"),
    "skipped": lazy_gettext("Gone on without it"),
    "mended": lazy_gettext("The state can be read again"),
    "stopped": lazy_gettext("The case was stopped"),
    "overtaken": lazy_gettext("The case was moved by hand"),
}
"""What somebody did about an incident."""
