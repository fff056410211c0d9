"""What reports call the end of an item and whatever depends on it: deals are won, promises are kept, cases end."""

from flask_babel import gettext, ngettext, pgettext

Words = dict[str, str]


def says(of: str) -> Words:
    """Every phrase of the reports that depends on what moves: deal, commitment, promise or case."""
    return {"deal": _deals, "commitment": _commitments, "promise": _promises, "case": _cases}[of]()


def kinds(of: str) -> Words:
    """Moves that are called otherwise than those of a deal."""
    kept: Words = {
        "new": pgettext("move of a promise", "New"),
        "won": pgettext("move of a promise", "Kept"),
        "lost": pgettext("move of a promise", "Broken"),
        "suspended": pgettext("move of a promise", "Paused"),
        "resumed": pgettext("move of a promise", "Goes on"),
        "rerouted": pgettext("move of a promise", "No longer needed"),
    }
    ended: Words = {
        "won": pgettext("move of a case", "Ended well"),
        "lost": pgettext("move of a case", "Broken off"),
    }
    words: dict[str, Words] = {"commitment": kept, "promise": kept, "case": ended}
    return words.get(of, {})


def balance(of: str, n: int) -> Words:
    """Terms of the conservation that are called otherwise than those of deals."""
    kept: Words = {
        "won": ngettext("kept one", "kept ones", n),
        "lost": ngettext("broken one", "broken ones", n),
        "rerouted": ngettext("no longer needed one", "no longer needed ones", n),
        "suspended": ngettext("paused one", "paused ones", n),
    }
    ended: Words = {
        "won": ngettext("ended well", "ended well", n),
        "lost": ngettext("broken off one", "broken off ones", n),
    }
    words: dict[str, Words] = {"commitment": kept, "promise": kept, "case": ended}
    return words.get(of, {})


def _deals() -> Words:
    return {
        "about": gettext(
            "Every change of a deal's stage, counted on the day it happened. Forward counts wins too, back counts losses too."
        ),
        "item": pgettext("report", "Deal"),
        "green": gettext("Forward and won"),
        "red": gettext("Back and lost"),
        "top": gettext("forward, won at the top"),
        "bottom": gettext("back, lost at the bottom"),
        "of_won": gettext("of these won"),
        "of_lost": gettext("of these lost"),
        "lost": pgettext("report", "lost"),
        "aside": pgettext("report", "put aside"),
        "ends": gettext("How the deals end the period"),
        "end_back": gettext("Further back, or lost"),
        "picture": gettext(
            "Bars upwards: forward and won. Bars downwards: back and lost. New entries stand above, apart."
        ),
        "department": gettext(", led by <b>%(department)s</b> and below"),
        "team": gettext(", led by <b>%(department)s</b> alone"),
    }


def _kept() -> Words:
    return {
        "green": gettext("Forward and kept"),
        "red": gettext("Back and broken"),
        "top": gettext("forward, kept at the top"),
        "bottom": gettext("back, broken at the bottom"),
        "of_won": gettext("of these kept"),
        "of_lost": gettext("of these broken"),
        "lost": pgettext("report", "broken"),
        "aside": pgettext("report", "paused"),
        "end_back": gettext("Further back, or broken"),
        "picture": gettext(
            "Bars upwards: forward and kept. Bars downwards: back and broken. New ones stand above, apart."
        ),
    }


def _commitments() -> Words:
    return (
        _deals()
        | _kept()
        | {
            "about": gettext(
                "Everything agreed with clients, counted on the day it was agreed, kept or broken. Forward counts kept ones too, back counts broken ones too."
            ),
            "item": pgettext("report", "Commitment"),
            "ends": gettext("How the commitments end the period"),
        }
    )


def _promises() -> Words:
    return (
        _deals()
        | _kept()
        | {
            "about": gettext(
                "Every step of what departments promised each other, counted on the day it was taken. Forward counts kept ones too, back counts broken ones too."
            ),
            "item": pgettext("report", "Promise"),
            "ends": gettext("How the promises end the period"),
            "department": gettext(", promised by <b>%(department)s</b> and below"),
            "team": gettext(", promised by <b>%(department)s</b> alone"),
        }
    )


def _cases() -> Words:
    return _deals() | {
        "about": gettext(
            "Every change of a case's stage, counted on the day it happened. Forward counts cases that ended well too, back counts those broken off too."
        ),
        "item": pgettext("report", "Case"),
        "green": gettext("Forward and ended well"),
        "red": gettext("Back and broken off"),
        "top": gettext("forward, ended well at the top"),
        "bottom": gettext("back, broken off at the bottom"),
        "of_won": gettext("of these ended well"),
        "of_lost": gettext("of these broken off"),
        "lost": pgettext("report", "broken off"),
        "ends": gettext("How the cases end the period"),
        "end_back": gettext("Further back, or broken off"),
        "picture": gettext(
            "Bars upwards: forward and ended well. Bars downwards: back and broken off. New entries stand above, apart."
        ),
    }
