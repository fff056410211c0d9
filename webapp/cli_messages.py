"""Messages from the command line: what another system, or a script, has to tell a process."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from engine.db import opened, sessions
from engine.errors import Refusal
from engine.process import inbox
from engine.process.instances import Instance
from engine.process.messages import Message
from webapp import wiring
from webapp.settings import Settings

WHY = {
    "late": "it came too early and waited in vain.",
    "nobody": "no case waits for it and none begins with it.",
}


@click.command("send")
@click.argument("name")
@click.option("--key", required=True, help="The sender's own key: the same key does nothing a second time.")
@click.option("--business-key", help="The case it is for, such as the number of a deal.")
@click.option(
    "--data", metavar="JSON|@FILE", default="{}", help="What it carries: an object, or a file with one."
)
@click.option("--signal", is_flag=True, help="For everybody who waits for it.")
def send_command(name: str, key: str, business_key: str | None, data: str, *, signal: bool) -> None:
    """Send a message and print what became of it. Ends with 1 when it is refused."""
    settings, payload = Settings(), _payload(data)
    kind = "signal" if signal else "message"
    with opened(settings.database) as engine, sessions(engine, wiring=wiring.build(settings))() as session:
        try:
            message = inbox.receive(
                session, name, payload, key=key, kind=kind, business_key=business_key, now=datetime.now(UTC)
            )
            session.commit()
        except Refusal as refusal:
            raise click.ClickException(str(refusal)) from refusal
        click.echo(_told(session, message))


def register(group: click.Group) -> None:
    """Add the command to the command line."""
    group.add_command(send_command)


def _payload(data: str) -> dict[str, Any]:
    try:
        text = Path(data[1:]).read_text(encoding="utf-8") if data.startswith("@") else data
        payload = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise click.ClickException(f"The data cannot be read: {error}") from error
    if not isinstance(payload, dict):
        raise click.ClickException('The data must be an object, like {"amount": 1200}.')
    return payload


def _told(session: Session, message: Message) -> str:
    """What became of it. Raises ClickException where it was refused."""
    if message.status == "refused":
        why = WHY.get(message.reason or "", message.reason or "")
        raise click.ClickException(f"“{message.name}” was refused: {why}")
    if message.status == "kept":
        return f"“{message.name}” is kept until {message.keep_until:%Y-%m-%d %H:%M} UTC: nobody waits for it yet."
    found = [session.get_one(Instance, id_) for id_ in message.receivers]
    named = ", ".join(
        f"{each.business_key or each.title or each.process} (case {each.id})" for each in found[:20]
    )
    more = f" and {len(found) - 20} more" if len(found) > 20 else ""
    return (
        f"“{message.name}” was delivered to {named}{more}."
        if found
        else f"“{message.name}” was heard by nobody."
    )
