"""Uploading a diagram: the doctor's findings on the drawing, repairs one by one, and deploying what came of it."""

import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from flask import Blueprint, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_pgettext
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from engine.errors import Refusal
from engine.people import ROLES, Department
from engine.process import definitions, tallies, uploads
from engine.process.blueprint import Text
from engine.process.doctor import Examined, File, Finding
from engine.process.doctor.catalogue import CATALOGUE
from engine.process.doctor.catalogue.entry import general
from engine.process.doctor.mending import STAYS
from engine.process.uploads import Upload
from webapp import flashes
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.forms import on_invalid
from webapp.languages import current
from webapp.processes import ROLES as ROLE_NAMES
from webapp.processes import drawn
from webapp.surroundings import around

bp = Blueprint("uploads", __name__, url_prefix="/processes")

RANKS = ("error", "warning", "hint", "mended")
SEVERITIES = {
    "error": lazy_pgettext("finding", "Blocks"),
    "warning": lazy_pgettext("finding", "Warning"),
    "hint": lazy_pgettext("finding", "Hint"),
    "mended": lazy_pgettext("finding", "Mended"),
}
ARCHIVE = "mended.zip"
MEDIA = ("application/xml", "application/zip")
RESERVED = frozenset({"upload", "uploads", "instances", "versions", "findings"})
"""Words that already mean something in the addresses of processes."""


class NameTaken(Refusal):
    """“%(name)s” means something else in the product's addresses. Choose another name."""


class TitleMissing(Refusal):
    """Write what people will call the process, at most 200 signs."""


class RepairGone(Refusal):
    """This finding is no longer there, or the doctor cannot repair it."""


@bp.get("/upload")
@needs("designer")
def choose() -> ResponseReturnValue:
    """Where files are chosen."""
    return render_template("processes/upload.html")


@bp.post("/upload")
@needs("designer")
@on_invalid(choose)
def begin() -> ResponseReturnValue:
    """Put files on the doctor's table."""
    upload = uploads.begin(db.session(), _sent(), by=me(), now=now())
    db.session.commit()
    return redirect(url_for(".table", upload_id=upload.id), code=303)


@bp.get("/uploads/<int:upload_id>")
@needs("designer")
def table(upload_id: int) -> ResponseReturnValue:
    """The doctor's findings beside the drawing."""
    upload = _mine(upload_id)
    examined = uploads.examine(db.session(), upload, around(db.session()))
    findings = _ordered(examined)
    shown = _drawing(upload)
    return render_template(
        "processes/doctor.html",
        upload=upload,
        examined=examined,
        findings=[each for each in findings if each.severity != "mended"],
        mended=[each for each in findings if each.severity == "mended"],
        drawings=_drawings(upload),
        drawing=shown,
        marks=_marks(examined, findings, shown),
        whom=_audiences(),
        severities=SEVERITIES,
        next=_next_version(examined),
        **_counts(findings),
    )


@bp.get("/uploads/<int:upload_id>/drawings/<path:file>")
@needs("designer")
def drawing(upload_id: int, file: str) -> ResponseReturnValue:
    """A drawing as it was uploaded."""
    return drawn({each.name: each.content for each in uploads.files(db.session(), _mine(upload_id))}, file)


@bp.get("/uploads/<int:upload_id>/mended")
@needs("designer")
def mended(upload_id: int) -> ResponseReturnValue:
    """The diagrams with the accepted repairs drawn in: one file, or all of them in an archive."""
    upload = _mine(upload_id)
    files = uploads.mended(db.session(), upload, around(db.session()))
    name, content = next(iter(files.items())) if len(files) == 1 else (ARCHIVE, _archive(files))
    return send_file(
        BytesIO(content), mimetype=MEDIA[name == ARCHIVE], as_attachment=True, download_name=name
    )


@bp.get("/findings")
@needs("designer")
def findings() -> ResponseReturnValue:
    """What every finding of the doctor means."""
    return render_template(
        "processes/findings.html", entries=CATALOGUE, general=general, severities=SEVERITIES, stays=STAYS
    )


@bp.post("/uploads/<int:upload_id>/repairs")
@needs("designer")
def accept(upload_id: int) -> ResponseReturnValue:
    """Agree to one repair, with the value it asks for."""
    upload = _mine(upload_id)
    finding = _repairable(upload, request.form.get("finding", ""))
    uploads.accept(upload, finding.id, request.form.get("value", "").strip()[:200], now=now())
    db.session.commit()
    return _back(upload)


@bp.post("/uploads/<int:upload_id>/repairs/all")
@needs("designer")
def accept_all(upload_id: int) -> ResponseReturnValue:
    """Agree to every repair on offer."""
    upload = _mine(upload_id)
    uploads.accept_all(db.session(), upload, around(db.session()), now=now())
    db.session.commit()
    return _back(upload)


@bp.post("/uploads/<int:upload_id>/repairs/taken-back")
@needs("designer")
def take_back(upload_id: int) -> ResponseReturnValue:
    """Agree to a repair no more."""
    upload = _mine(upload_id)
    uploads.take_back(upload, request.form.get("finding", ""), now=now())
    db.session.commit()
    return _back(upload)


@bp.post("/uploads/<int:upload_id>/files")
@needs("designer")
@on_invalid(table)
def replace(upload_id: int) -> ResponseReturnValue:
    """Put a corrected file in the place of the one that was uploaded."""
    upload = _mine(upload_id)
    instead = request.form.get("instead_of", "")
    uploads.replace(db.session(), upload, _sent(), instead_of=instead, now=now())
    db.session.commit()
    flashes.say(gettext("The corrected file has been examined."))
    return _back(upload)


@bp.post("/uploads/<int:upload_id>/end")
@needs("designer")
def drop(upload_id: int) -> ResponseReturnValue:
    """Clear the table without deploying."""
    db.session.delete(_mine(upload_id))
    db.session.commit()
    flashes.say(gettext("The upload is gone. Nothing was deployed."))
    return redirect(url_for("processes.index"), code=303)


@bp.get("/uploads/<int:upload_id>/deployment")
@needs("designer")
def deploy_page(upload_id: int) -> ResponseReturnValue:
    """What the process will be called, and what deploying it changes and does not change."""
    upload = _mine(upload_id)
    examined = uploads.examine(db.session(), upload, around(db.session()))
    if examined.compiled is None:
        return redirect(url_for(".table", upload_id=upload.id))
    return render_template(
        "processes/deploy.html",
        upload=upload,
        plan=examined.compiled.blueprint,
        next=_next_version(examined),
        name=_name(examined.compiled.process),
        processes=db.session.scalars(definitions.catalogue()).all(),
        unbound=sum(each.code == "H01" for each in examined.findings),
        broken=sum(each.code in {"H02", "H03", "H04"} for each in examined.findings),
    )


@bp.post("/uploads/<int:upload_id>/deployment")
@needs("designer")
@on_invalid(deploy_page)
def deploy(upload_id: int) -> ResponseReturnValue:
    """Deploy it as the next version."""
    upload, name, moment = _mine(upload_id), request.form.get("name", "").strip(), now()
    if name in RESERVED:
        raise NameTaken(name=name, field="name")
    definition = uploads.deploy(
        db.session(), upload, name=name, title=_title(), known=around(db.session()), by=me(), now=moment
    )
    db.session.commit()
    new = definition.deployed_at == moment
    flashes.say(
        gettext("Deployed: %(process)s, version %(version)s.", process=name, version=definition.version)
        if new
        else gettext("This is version %(version)s already; nothing changed.", version=definition.version)
    )
    return redirect(url_for("processes.process", process=definition.process), code=303)


# ------------------------------------------------------------------------------------------------ what a page shows


def _mine(upload_id: int) -> Upload:
    return uploads.one(db.session(), me(), upload_id)


def _sent() -> list[File]:
    """The files of the form; a field without a file sends one without a name."""
    return [_read(each, each.filename) for each in request.files.getlist("files") if each.filename]


def _read(sent: FileStorage, name: str) -> File:
    with sent.stream:  # a large one lies in a temporary file
        return File(name, sent.stream.read())


def _archive(files: Mapping[str, bytes]) -> bytes:
    """Several files in one."""
    whole = BytesIO()
    with ZipFile(whole, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return whole.getvalue()


def _back(upload: Upload) -> ResponseReturnValue:
    """To the findings, where the designer was."""
    place = request.form.get("place", type=int)
    shown = request.form.get("drawing") or None
    anchor = f"finding-{place}" if place else None
    return redirect(url_for(".table", upload_id=upload.id, drawing=shown, _anchor=anchor), code=303)


def _repairable(upload: Upload, id_: str) -> Finding:
    examined = uploads.examine(db.session(), upload, around(db.session()))
    found = next((each for each in examined.findings if each.id == id_ and each.repairable), None)
    if found is None:
        raise RepairGone
    return found


def _ordered(examined: Examined) -> list[Finding]:
    """What blocks first; an accepted repair keeps its place, so that nothing jumps."""
    return sorted(examined.findings, key=lambda finding: RANKS.index(finding.severity))


def _counts(findings: Sequence[Finding]) -> dict[str, int]:
    left = [each for each in findings if not each.accepted]
    return {
        "blocking": sum(each.severity == "error" for each in left),
        "warnings": sum(each.severity == "warning" for each in left),
        "hints": sum(each.severity == "hint" for each in left),
        "offers": sum(each.repairable for each in left),
        "agreed": len(findings) - len(left),
    }


def _drawings(upload: Upload) -> list[str]:
    return [name for name in upload.names if name.lower().endswith((".bpmn", ".xml"))]


def _drawing(upload: Upload) -> str:
    wanted, all_ = request.args.get("drawing", ""), _drawings(upload)
    return wanted if wanted in all_ else all_[0]


def _marks(examined: Examined, findings: Sequence[Finding], shown: str) -> dict[str, dict[str, str]]:
    """The numbers of the open findings on the elements of the drawing shown."""
    found: dict[str, str] = {}
    for place, each in enumerate(findings, 1):
        here = each.element and examined.files.get(each.diagram) == shown
        if here and each.element and each.severity != "mended" and not each.accepted:
            found[each.element] = f"{found[each.element]} · {place}" if each.element in found else str(place)
    return {"found": found}


def _audiences() -> list[tuple[str, str]]:
    """Whose a lane can be, for a select: departments, then their heads, then roles."""
    open_ = select(Department).where(Department.closed_at.is_(None)).order_by(Department.name)
    named = [
        (each.key, each.name_en if current() == "en" else each.name) for each in db.session.scalars(open_)
    ]
    heads = [(f"head:{key}", gettext("head: %(department)s", department=name)) for key, name in named]
    roles = [(f"role:{role}", str(ROLE_NAMES[role])) for role in ROLES]
    return [(f"department:{key}", name) for key, name in named] + heads + roles


def _name(drawn_as: str) -> str:
    """The name the process has in the drawing, as an address can carry it."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", drawn_as).strip("-.")[:100] or "process"


def _next_version(examined: Examined) -> dict[str, Any] | None:
    """Under the name in the drawing: the number it will get and how many cases run on earlier ones."""
    if examined.compiled is None:
        return None
    name = _name(examined.compiled.process)
    newest = db.session.scalars(definitions.versions(name).limit(1)).first()
    running = sum(tallies.running_by_version(db.session(), name).values())
    version = newest.version + 1 if newest else 1
    return {"version": version, "running": running, "title": examined.compiled.blueprint.title}


def _title() -> Text:
    polish, english = (request.form.get(key, "").strip() for key in ("title", "title_en"))
    if not 0 < len(polish) <= 200 or len(english) > 200:
        raise TitleMissing(field="title")
    return Text(polish, english or polish)
