"""Files that come with a diagram's form: checked and kept when they are sent, named in the answers, fetched with rights."""

import re
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from typing import Any

from flask import Blueprint, Flask, current_app, g, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from engine import access, files
from engine.errors import Invalid, NotFound, Refusal
from engine.files import File
from engine.history import Event
from engine.people import Person
from engine.process.forms import Form
from engine.process.forms.answers import CELL
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.formats import lines

bp = Blueprint("files", __name__, url_prefix="/cases")

SANDBOX = "default-src 'none'; sandbox"
SHOWN = re.compile(r" #([1-9]\d{0,17})-([0-9a-f]{20})")
Raw = dict[str, list[str]]


def received(form: Form | None, raw: Raw) -> Raw:
    """``raw`` with every file that was sent beside it, kept and named; a place for a file that was left empty is asked.

    The files are committed at once, so that nobody sends one twice because of another field. Raises Invalid by field.
    """
    if form is None:
        return raw
    found, wrong = dict(raw), dict[str, Refusal]()
    for name, upload in request.files.items():
        if upload.filename and is_asked(form, name):
            try:
                found[name] = [files.reference(keep(db.session(), upload, by=me(), now=now()))]
            except Refusal as refusal:
                refusal.field = name
                wrong[name] = refusal
        upload.close()
    for name in request.files:
        if is_asked(form, name):
            found.setdefault(name, [])
    g.kept_files = {name: found[name] for name in request.files if found.get(name)}
    if g.kept_files:
        db.session.commit()
    if wrong:
        raise Invalid(wrong)
    return found


def keep(session: Session, upload: FileStorage, *, by: Person, now: datetime) -> File:
    """One file that came with a form. Raises what `files.store` raises."""
    largest = min(files.LARGEST, current_app.config["MAX_CONTENT_LENGTH"] or files.LARGEST)
    return files.store(
        session, upload.filename or "", upload.stream.read(largest + 1), largest=largest, by=by, now=now
    )


def is_asked(form: Form, name: str) -> bool:
    """Whether a form asks for a file under this name, which may be a cell of lines."""
    cell = CELL.fullmatch(name)
    asked = form.field(name)
    if asked is None and cell is not None:
        owner = form.field(cell[1])
        asked = owner.column(cell[3]) if owner else None
    return asked is not None and asked.type == "file"


def named(kind: str, id_: int) -> str | None:
    """A file as its answer names it, for `forms.display` on pages that let it be fetched."""
    file = db.session.get(File, id_) if kind == "file" else None
    return files.reference(file) if file is not None else None


def with_files(text: str, instance_id: int) -> Markup:
    """An answer with its lines kept, and a way to fetch each file that it names."""

    def link(found: re.Match[str]) -> str:
        href = url_for("files.fetch", instance_id=instance_id, file_id=int(found[1]))
        return str(Markup(' <a href="{}">{}</a>').format(href, gettext("download")))

    return Markup(SHOWN.sub(link, str(lines(text))))  # noqa: S704  # escaped by lines and format


@bp.get("/<int:instance_id>/files/<int:file_id>")
@needs()
def fetch(instance_id: int, file_id: int) -> ResponseReturnValue:
    """Download a file that was answered or delivered in a case this person sees; it is never shown inside a page."""
    if not _may_see(instance_id):
        raise NotFound
    file = db.session.get(File, file_id)
    if file is None or files.reference(file) not in _answered(instance_id):
        raise NotFound
    answer = send_file(
        BytesIO(file.content), mimetype=file.media_type, as_attachment=True, download_name=file.name
    )
    answer.headers["Content-Security-Policy"] = SANDBOX
    return answer


def _may_see(instance_id: int) -> bool:
    """Who sees the case, a task, a promise or the deal of it."""
    places: tuple[tuple[Any, Any], ...] = (
        (Instance, Instance.id),
        (Deal, Deal.instance_id),
        (UserTask, UserTask.instance_id),
        (Promise, Promise.instance_id),
    )
    return any(
        db.session.scalar(select(place).where(place == instance_id, access.visible(me(), model)).limit(1))
        for model, place in places
    )


def _answered(instance_id: int) -> set[str]:
    """Every text that was answered or delivered in a case."""
    told = select(Event.data).where(
        Event.instance_id == instance_id, Event.kind.in_(("started", "completed"))
    )
    found: set[str] = set()
    for data in db.session.scalars(told):
        found |= _texts((data or {}).get("answers") or {})
    for delivery in db.session.scalars(select(Promise.delivery).where(Promise.instance_id == instance_id)):
        found |= _texts(delivery or {})
    return found


def _texts(answers: Mapping[str, Any]) -> set[str]:
    found = {each for each in answers.values() if isinstance(each, str)}
    rows = (row for each in answers.values() if isinstance(each, list) for row in each)
    return found.union(*(_texts(row) for row in rows if isinstance(row, Mapping)))


def init_app(app: Flask) -> None:
    """Offer ``|with_files`` and ``|file_name``."""
    app.add_template_filter(with_files)
    app.add_template_filter(files.name_in, "file_name")
