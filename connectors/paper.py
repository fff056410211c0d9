"""How a document looks on paper: a page from checked facts, and PDF from a page."""

from collections.abc import Mapping
from contextlib import closing
from datetime import date
from decimal import Decimal
from functools import lru_cache
from html import escape
from io import BytesIO
from pathlib import Path
from string import Template
from typing import Any

TEMPLATES = Path(__file__).parent / "templates"

TITLES = {
    "offer": {"pl": "Oferta", "en": "Offer"},
    "quote": {"pl": "Wycena", "en": "Quote"},
    "invoice": {"pl": "Faktura", "en": "Invoice"},
    "contract": {"pl": "Umowa (projekt)", "en": "Contract (draft)"},
}
WORDS = {
    "client": {"pl": "Klient", "en": "Client"},
    "tax_id": {"pl": "NIP", "en": "Tax number"},
    "city": {"pl": "Miejscowość", "en": "City"},
    "date": {"pl": "Data", "en": "Date"},
    "valid_until": {"pl": "Ważne do", "en": "Valid until"},
    "delivery": {"pl": "Dostawa", "en": "Delivery"},
    "payment": {"pl": "Płatność", "en": "Payment"},
    "author": {"pl": "Przygotowanie", "en": "Prepared by"},
    "name": {"pl": "Towar lub usługa", "en": "Goods or service"},
    "quantity": {"pl": "Ilość", "en": "Quantity"},
    "price": {"pl": "Cena netto", "en": "Net price"},
    "net": {"pl": "Wartość netto", "en": "Net value"},
    "total": {"pl": "Razem netto", "en": "Total net"},
    "first": {"pl": "Za dostawcę", "en": "For the supplier"},
    "second": {"pl": "Za klienta", "en": "For the client"},
}
ABOUT = ("client", "tax_id", "city", "date", "valid_until", "delivery", "payment", "author")


class NoPrinter(Exception):
    """The libraries that WeasyPrint needs are not on this machine."""


def page(kind: str, facts: Mapping[str, Any]) -> str:
    """The page of a document: HTML that brings everything with it. ``facts`` as `connectors.document` checks them."""
    locale = facts["locale"]
    said = {name: escape(words[locale]) for name, words in WORDS.items()}
    return _template("page").substitute(
        said,
        locale=locale,
        kind=escape(TITLES[kind][locale]),
        number=escape(facts["number"]),
        title=escape(facts["title"]),
        about="".join(_about(name, facts[name], locale) for name in ABOUT if facts[name]),
        lines=_lines(facts["lines"], said, locale),
        amount=f"{_money(facts['amount'], locale)} {escape(facts['currency'])}",
        text=escape(facts["text"]),
        signatures=_template("signatures").substitute(said) if kind == "contract" else "",
    )


def print_(page: str) -> bytes:
    """PDF of a page. Raises NoPrinter."""
    try:
        from weasyprint import HTML  # needs system libraries that a bare machine may lack
    except (ImportError, OSError) as error:
        raise NoPrinter from error
    content: bytes = HTML(string=page, url_fetcher=_nothing_else).write_pdf()
    return content


def photograph(page: str, *, scale: float = 2) -> bytes:
    """The first sheet of a page as PNG, ``scale`` points of it to a point of print. Raises NoPrinter."""
    content = print_(page)
    try:
        from pypdfium2 import PdfDocument
    except (ImportError, OSError) as error:
        raise NoPrinter from error
    with closing(PdfDocument(content)) as document, closing(document[0]) as sheet:
        made = BytesIO()
        sheet.render(scale=scale).to_pil().save(made, "PNG", optimize=True)
    return made.getvalue()


def _nothing_else(url: str, *_: Any, **__: Any) -> Any:
    """A document brings everything with it: no file and no address is read for it."""
    raise ValueError(f"a document may not load {url}")


def _about(name: str, value: str | date, locale: str) -> str:
    text = _day(value, locale) if isinstance(value, date) else value
    return f"<dt>{escape(WORDS[name][locale])}</dt><dd>{escape(text)}</dd>"


def _lines(lines: list[dict[str, Any]], said: Mapping[str, str], locale: str) -> str:
    rows = "".join(
        f"<tr><td>{escape(line['name'])} <span class='sku'>{escape(line['sku'])}</span></td>"
        f"<td class='n'>{_count(line['quantity'], locale)} {escape(line['unit'])}</td>"
        f"<td class='n'>{_money(line['price'], locale)}</td><td class='n'>{_money(line['net'], locale)}</td></tr>"
        for line in lines
    )
    return _template("lines").substitute(said, rows=rows) if rows else ""


@lru_cache
def _template(name: str) -> Template:
    return Template((TEMPLATES / f"{name}.html").read_text(encoding="utf-8"))


def _day(value: date, locale: str) -> str:
    return value.isoformat() if locale == "en" else f"{value:%d.%m.%Y}"


def _money(value: Decimal, locale: str) -> str:
    """``12 345,60`` in Polish, ``12,345.60`` in English."""
    text = f"{value:,.2f}"
    return text if locale == "en" else text.replace(",", "\u00a0").replace(".", ",")


def _count(value: Decimal, locale: str) -> str:
    text = f"{value.normalize():f}"
    return text if locale == "en" else text.replace(".", ",")
