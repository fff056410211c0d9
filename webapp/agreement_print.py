"""An agreement on paper: a page to print, and the same as PDF; one version, its clauses and its signatures."""

from io import BytesIO
from typing import Any

from flask import redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, gettext

from engine.errors import NotFound
from engine.sales.agreements import Agreement, AgreementVersion
from webapp import agreement_clauses, flashes
from webapp.access import needs
from webapp.agreement_page import sides, signed
from webapp.agreement_rows import agreement_of, binding, bp, on_table, versions_of
from webapp.clock import now
from webapp.languages import LOCALES, current
from webapp.wiring import paper


@bp.get("/<int:agreement_id>/print")
@needs()
def print_(agreement_id: int) -> ResponseReturnValue:
    """The document as a page: ``version`` says which one, ``in`` in which language."""
    found = agreement_of(agreement_id)
    with force_locale(_language()):
        return render_template("agreements/print.html", **_document(found), languages=LOCALES)


@bp.get("/<int:agreement_id>/pdf")
@needs()
def pdf(agreement_id: int) -> ResponseReturnValue:
    """The document as PDF; where nothing here can print, the page is shown instead."""
    found = agreement_of(agreement_id)
    with force_locale(_language()):
        facts = _document(found)
        page = render_template("agreements/paper.html", **facts)
    try:
        content = paper.print_(page)
    except paper.NoPrinter:
        flashes.say(gettext("PDF cannot be made on this machine. Print this page instead."))
        return redirect(
            url_for(".print_", agreement_id=agreement_id, version=facts["shown"].number), code=303
        )
    name = f"{found.code or found.id}-v{facts['shown'].number}.pdf"
    return send_file(BytesIO(content), mimetype="application/pdf", as_attachment=True, download_name=name)


def _document(found: Agreement) -> dict[str, Any]:
    """Everything on the paper."""
    shown = _version(found)
    return {
        **sides(found),
        "shown": shown,
        "articles": agreement_clauses.articles(shown.terms),
        "signed": signed(shown),
        "printed_at": now(),
        "spoken": current(),
    }


def _version(found: Agreement) -> AgreementVersion:
    """The version asked for, else the one that binds, else the one on the table. Raises NotFound."""
    number = request.args.get("version", type=int)
    if number is None:
        chosen = binding(found) or on_table(found) or next(iter(versions_of(found)), None)
    else:
        chosen = next((each for each in versions_of(found) if each.number == number), None)
    if chosen is None:
        raise NotFound
    return chosen


def _language() -> str:
    """The language that was asked for, else the reader's."""
    asked = request.args.get("in", "")
    return asked if asked in LOCALES else current()
