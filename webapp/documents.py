"""Documents: what was made for the deals one sees, to download."""

from io import BytesIO

from flask import Blueprint, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, func, select

from engine import access
from engine.errors import NotFound
from engine.sales.deals import Deal
from webapp import wiring
from webapp.access import me, needs
from webapp.database import db

bp = Blueprint("documents", __name__, url_prefix="/documents")

SIZE = 50


@bp.get("/")
@needs("employee", "director")
def index() -> ResponseReturnValue:
    """The documents of the deals one sees, or of one of them, the latest first."""
    page, rows = max(request.args.get("page", 1, type=int), 1), _visible()
    if "deal" in request.args:
        rows = rows.where(Deal.id == request.args.get("deal", type=int))
    latest = rows.order_by(wiring.Document.id.desc()).limit(SIZE).offset((page - 1) * SIZE)
    return render_template(
        "documents/index.html",
        documents=db.session.execute(latest).all(),
        page=page,
        count=db.session.scalar(select(func.count()).select_from(rows.subquery())) or 0,
        size=SIZE,
        page_of=lambda page: url_for(".index", page=page, deal=request.args.get("deal")),
    )


@bp.get("/<int:document_id>")
@needs("employee", "director")
def document(document_id: int) -> ResponseReturnValue:
    """Download a document; it is never shown inside a page of ours."""
    found = db.session.scalars(_visible().where(wiring.Document.id == document_id)).first()
    if found is None:
        raise NotFound
    content, media = wiring.printed(found)
    name = found.name if media == "application/pdf" else found.name.replace(".pdf", ".html")
    return send_file(BytesIO(content), mimetype=media, as_attachment=True, download_name=name)


def _visible() -> Select[wiring.Document, Deal]:
    """Documents with their deals, of the deals this person may see."""
    joined = select(wiring.Document, Deal).join(Deal, Deal.id == wiring.Document.deal_id)
    return joined.where(access.visible(me(), Deal))
