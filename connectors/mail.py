"""Mail over SMTP. Without a server a mail is kept and shown as outgoing, so that everything can be tried at once."""

import hashlib
import smtplib
import ssl
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import ForeignKey, Index, Select, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column, undefer

from connectors import inputs
from engine.db import Base, BigId
from engine.people import Membership, Person, Role, department
from engine.ports import Call, Failed
from engine.process.instances import Instance
from engine.report_jobs import ReportFile

SECONDS = 10
MOST = 50
"""Addresses a single mail may go to."""
LONGEST = 100_000
"""Signs of a mail: a digest of long sentences fits."""


class OutgoingMail(Base):
    """A mail that left, or waits here because no server is set. ``key`` is its job's; ``sent_at`` is UTC."""

    __tablename__ = "outgoing_mails"
    __table_args__ = (Index("ix_outgoing_mails_created_at", "created_at", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instances.id"), index=True)
    to: Mapped[list[Any]]
    subject: Mapped[str] = mapped_column(String(250))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str | None] = mapped_column(Text)
    """The same for readers who like it set; ``text`` says all of it."""
    files: Mapped[list[Any] | None]
    """Ids of `engine.report_jobs.ReportFile` that go along: attached, or shown in ``html`` where they have a name for it."""
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


def outgoing() -> Select[OutgoingMail]:
    """Every mail, the latest first."""
    return select(OutgoingMail).order_by(OutgoingMail.created_at.desc(), OutgoingMail.id.desc())


class Mail:
    """*send*: to anybody, ``to``, ``subject``, ``text``. *notice*: the same, to people of the house by who they are.

    ``html`` may be there beside ``text`` and says the same. A notice of the product's own may bring ``files``, ids of
    `ReportFile`; what a diagram sends may not, for it could name anybody's.
    """

    name = "mail"

    def __init__(self, smtp_url: str = "", sender: str = "contentum@localhost") -> None:
        """``smtp_url`` is ``smtp://[user:password@]host[:port]`` or ``smtps://…``; empty keeps mails here."""
        self._url, self._sender = smtp_url, sender

    def run(self, call: Call) -> dict[str, Any]:
        """Send one mail, or keep it. Returns ``sent`` and how many ``receivers`` it has."""
        if call.operation not in {"send", "notice"}:
            raise inputs.unknown(call)
        kept = call.session.scalar(select(OutgoingMail).where(OutgoingMail.key == call.key))
        if kept is not None:
            return {"sent": kept.sent_at is not None, "receivers": len(kept.to)}
        row = self._write(call)
        if not row.to:
            return {"sent": False, "receivers": 0}
        files = _files(call.session, row.files or []) if self._url else []
        call.session.rollback()
        if self._url:
            self._post(row, files)
            row.sent_at = call.now
        call.session.add(row)
        return {"sent": row.sent_at is not None, "receivers": len(row.to)}

    def _write(self, call: Call) -> OutgoingMail:
        to = _addresses(call)
        if not to and call.operation == "send":
            raise inputs.missing("to")
        return OutgoingMail(
            key=call.key,
            instance_id=call.instance_id,
            to=to,
            subject=" ".join(inputs.text(call.inputs, "subject").split())[:250],
            text=inputs.text(call.inputs, "text", otherwise="", longest=LONGEST),
            html=inputs.text(call.inputs, "html", otherwise="", longest=LONGEST) or None,
            files=_ids(call) or None,
            created_at=call.now,
        )

    def _post(self, row: OutgoingMail, files: Sequence[ReportFile]) -> None:
        try:
            with _server(self._url) as server:
                server.send_message(self._message(row, files))
        except smtplib.SMTPRecipientsRefused as refused:
            permanent = all(code >= 500 for code, _ in refused.recipients.values())
            raise Failed(
                "the server refuses the address", code="ADDRESS_REFUSED", permanent=permanent
            ) from refused
        except smtplib.SMTPResponseException as answer:
            said = f"the mail server said {answer.smtp_code}"
            raise Failed(said, permanent=500 <= answer.smtp_code < 600) from answer
        except (OSError, smtplib.SMTPException) as error:
            raise Failed(f"the mail server cannot be reached: {type(error).__name__}") from error

    def _message(self, row: OutgoingMail, files: Sequence[ReportFile]) -> EmailMessage:
        message = EmailMessage()
        message["From"] = _address(self._sender)
        message["To"] = [_address(each) for each in row.to]
        message["Subject"] = row.subject
        message["Date"] = format_datetime(row.created_at)
        # the same on every try: a receiver that got it twice can tell
        digest = hashlib.sha256(row.key.encode()).hexdigest()[:32]
        message["Message-ID"] = f"<{digest}@{self._sender.rpartition('@')[2]}>"
        message.set_content(row.text, cte="quoted-printable")
        if row.html:
            message.add_alternative(row.html, subtype="html", cte="quoted-printable")
        _attach(message, files)
        return message


def _ids(call: Call) -> list[int]:
    """Files that the product itself sends along."""
    found = call.inputs.get("files") if call.operation == "notice" and call.instance_id is None else None
    return [each for each in found or () if isinstance(each, int)]


def _files(session: Session, ids: Sequence[int]) -> Sequence[ReportFile]:
    """Files with what is in them, in their order; those whose days are over are not there any more."""
    query = (
        select(ReportFile)
        .where(ReportFile.id.in_(ids))
        .order_by(ReportFile.id)
        .options(undefer(ReportFile.content))
    )
    found = session.scalars(query).all()
    for each in found:
        session.expunge(each)  # they are read still when the transaction is over
    return found


def _attach(message: EmailMessage, files: Sequence[ReportFile]) -> None:
    """Pictures go into the page that shows them, the rest beside it."""
    page = message.get_body(("html",))
    for file in files:
        kind, _, what = file.media_type.partition(";")[0].partition("/")
        if file.cid and page is not None:
            page.add_related(
                file.content, kind, what, cid=f"<{file.cid}>", filename=file.name, disposition="inline"
            )
        else:
            message.add_attachment(file.content, kind, what, filename=file.name)


def _address(text: str) -> Address:
    name, _, domain = text.rpartition("@")
    return Address(username=name, domain=domain)


@contextmanager
def _server(url: str) -> Any:
    parts = urlsplit(url)
    tls = ssl.create_default_context()
    host = parts.hostname or "localhost"
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=SECONDS, context=tls)
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=SECONDS)
    with server:
        if parts.scheme != "smtps" and server.has_extn("starttls"):
            server.starttls(context=tls)
        if parts.username:
            _log_in(server, unquote(parts.username), unquote(parts.password or ""))
        yield server


def _log_in(server: smtplib.SMTP, user: str, password: str) -> None:
    """Never tells a password to a server that would carry it in the open."""
    if not isinstance(server.sock, ssl.SSLSocket):
        raise Failed("the mail server offers no encryption, so the password stays here", permanent=True)
    server.login(user, password)


def _addresses(call: Call) -> list[str]:
    value = call.inputs.get("to")
    wanted = value if isinstance(value, list | tuple) else [value]
    found: dict[str, None] = {}
    for each in wanted:
        if each is not None and each != "":
            found |= dict.fromkeys(_resolve(call, each))
    if len(found) > MOST:
        raise inputs.wrong("to", f"names more than {MOST} people")
    return list(found)


def _resolve(call: Call, who: Any) -> Iterable[str]:
    """Addresses of: a mail address, a person's id, ``owner``, ``department:KEY``, ``head:KEY``, ``role:NAME``."""
    if isinstance(who, int):
        return call.session.scalars(_people().where(Person.id == who)).all()
    if who == "owner":
        instance = call.session.get(Instance, call.instance_id) if call.instance_id else None
        return call.session.scalars(_people().where(Person.id == instance.owner_id)).all() if instance else []
    if isinstance(who, str) and "@" in who:
        return [_checked(who)]
    kind, _, key = str(who).partition(":")
    if kind == "role":
        return call.session.scalars(_people().join(Role).where(Role.name == key)).all()
    if kind in {"department", "head"}:
        return _members(call.session, key, heads=kind == "head")
    raise inputs.wrong("to", f"names nobody: {str(who)[:80]}")


def _people() -> Select[str]:
    return select(Person.email).where(Person.left_at.is_(None)).order_by(Person.id)


def _members(session: Session, key: str, *, heads: bool) -> Iterable[str]:
    found = department(session, key)
    if found is None:
        raise inputs.wrong("to", f"names a department that does not exist: {key[:60]}")
    query = _people().join(Membership).where(Membership.department_id == found.id)
    return session.scalars(query.where(Membership.is_head) if heads else query).all()


def _checked(address: str) -> str:
    try:
        found = validate_email(
            address, check_deliverability=False, allow_smtputf8=False, test_environment=True
        )
    except EmailNotValidError as error:
        raise inputs.wrong("to", f"is not a mail address: {address[:80]}") from error
    return found.normalized
