"""Forms: what a task asks, as JSON; the answers, checked and typed; how they read afterwards.

`load` reads a form and refuses a wrong one. `read` turns what a page sent into answers or raises `Invalid` with a
refusal for each field. `asked` says which fields to show, `preview` works out what is computed,
`draft` keeps what is not sent yet, `display` tells it later.
"""

from engine.process.forms.answers import asked, draft, preview, read
from engine.process.forms.display import display
from engine.process.forms.model import Field, Form, Option, choice_form, from_json, load
from engine.process.forms.refusals import FormWrong

__all__ = [
    "Field",
    "Form",
    "FormWrong",
    "Option",
    "asked",
    "choice_form",
    "display",
    "draft",
    "from_json",
    "load",
    "preview",
    "read",
]
