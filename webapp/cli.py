"""The command line ``contentum``."""

import sys
from contextlib import nullcontext, suppress
from datetime import UTC, datetime

import click
from sqlalchemy import select

from engine import migrations, people
from engine.db import opened, sessions
from engine.errors import Refusal
from engine.people import Person
from webapp import (
    cli_demo,
    cli_history,
    cli_messages,
    cli_processes,
    cli_reports,
    clockwork,
    garbage,
    logs,
    passwords,
)
from webapp.app import create_app
from webapp.settings import Settings


@click.group()
def main() -> None:
    """Run sales as processes."""
    logs.configure()


@main.command()
@click.option("--email", prompt="Mail address", help="What the administrator logs in with.")
@click.option("--name", prompt="Name and surname")
def init(email: str, name: str) -> None:
    """Make the first administrator and print a one-time password."""
    settings, password = Settings(), passwords.one_time()
    _prepare(settings)
    with opened(settings.database) as engine, sessions(engine)() as session:
        if session.scalar(select(Person.id).limit(1)):
            raise click.ClickException("There are people already: an administrator adds more in the product.")
        try:
            people.invite(
                session,
                email=email,
                name=name,
                roles=["administrator", "employee"],
                password_hash=passwords.hashed(password),
                by=None,
                now=datetime.now(UTC),
            )
        except Refusal as refusal:
            raise click.ClickException(_words(refusal)) from refusal
        session.commit()
    click.echo(f"One-time password of {email}: {password}")


@main.command()
@click.option("--demo", is_flag=True, help="Fill the demo first, if nobody is in the database yet.")
def serve(*, demo: bool) -> None:
    """Serve the web, and do what is due unless CLOCK says that a worker does."""
    from waitress import serve as listen  # only this command needs a server

    settings = Settings()
    if demo:
        cli_demo.fill_once(settings)
    _prepare(settings)
    app = create_app(settings)
    for line in cli_demo.log_ins(settings):
        click.echo(line, err=True)
    click.echo(f"Contentum is at http://{settings.host}:{settings.port} (Ctrl+C stops it)", err=True)
    garbage.spare_the_loaded()
    with clockwork.beside(settings) if settings.clock else nullcontext():
        listen(app, host=settings.host, port=settings.port, threads=settings.threads, ident=None)


@main.command()
def worker() -> None:
    """Do what is due, timers and outgoing jobs, without the web. Runs until it is stopped."""
    settings = Settings()
    _prepare(settings)
    garbage.spare_the_loaded()
    with suppress(KeyboardInterrupt):
        clockwork.alone(settings)


for part in (cli_processes, cli_messages, cli_reports, cli_history, cli_demo):
    part.register(main)


def _prepare(settings: Settings) -> None:
    """Bring the database into today's shape."""
    if not settings.database_url:
        settings.var_dir.mkdir(parents=True, exist_ok=True)
    with opened(settings.database) as engine:
        migrations.upgrade(engine)


def _words(refusal: Refusal) -> str:
    errors = getattr(refusal, "errors", {})
    return " ".join(str(error) for error in errors.values()) or str(refusal)


if __name__ == "__main__":
    sys.exit(main())
