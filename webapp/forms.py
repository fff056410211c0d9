"""Forms that come back: what was typed and what is wrong with it, kept for one request."""

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any, ParamSpec

from flask import Flask, g, make_response, request
from flask.typing import ResponseReturnValue

from engine.errors import Invalid, Refusal
from webapp.access import me
from webapp.database import db
from webapp.errors import refused

P = ParamSpec("P")
Page = Callable[..., ResponseReturnValue]


def on_invalid(page: Page) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Answer `Invalid` (or a refusal that names a field) with ``page``, status 422, and everything typed in place.

    Nothing is stored: the transaction is rolled back. ``page`` gets the view's own arguments. Where it has no place
    for something that is wrong, the refusal gets a page of its own: nobody is refused without a word.
    """

    def around(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def again(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if "X-Fields" in request.headers:  # a script asks what the form looks like with what is typed
                g.typed = request.form
                return page(*args, **kwargs)
            try:
                return view(*args, **kwargs)
            except Refusal as refusal:
                errors = errors_of(refusal)
                if not errors:
                    raise
                db.session.rollback()
                g.errors = told = Told(errors)
                g.typed = request.form
                answer = make_response(page(*args, **kwargs), HTTPStatus.UNPROCESSABLE_ENTITY)
                return refused(refusal) if told.unsaid else answer

        return again

    return around


class Told(Mapping[str, Refusal]):
    """What is wrong, by field; ``unsaid`` are the fields that the page has not asked about: it has no place for them."""

    def __init__(self, errors: Mapping[str, Refusal]) -> None:
        self._errors = dict(errors)
        self.unsaid = set(errors)

    def __getitem__(self, name: str) -> Refusal:
        self.unsaid.discard(name)
        return self._errors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._errors)

    def __len__(self) -> int:
        return len(self._errors)


def errors_of(refusal: Refusal) -> Mapping[str, Refusal]:
    """The refused fields and why; empty when the refusal is about the whole."""
    if isinstance(refusal, Invalid):
        return refusal.errors
    return {refusal.field: refusal} if refusal.field else {}


def error(name: str) -> Refusal | None:
    """What is wrong with a field, when the form came back."""
    found: Refusal | None = g.get("errors", {}).get(name)
    return found


def typed(name: str, otherwise: Any = "") -> Any:
    """What the person typed into a field, when the form came back; else ``otherwise``."""
    if "typed" not in g:
        return "" if otherwise is None else otherwise
    return g.typed.get(name, "")


def chosen(name: str, otherwise: Any = ()) -> Any:
    """The ticked values of a field with many, when the form came back; else ``otherwise``."""
    return g.typed.getlist(name) if "typed" in g else otherwise


def key() -> str | None:
    """The key under which the page's command is carried out once; a person's keys are their own."""
    sent = request.form.get("key")
    return f"web:{me().id}:{sent[:60]}" if sent else None


def init_app(app: Flask) -> None:
    """Offer `error`, `errors`, `typed` and `chosen` to templates."""
    app.jinja_env.globals.update(error=error, typed=typed, chosen=chosen)
    app.context_processor(lambda: {"errors": g.get("errors", {})})
