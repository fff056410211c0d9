"""The command line for designers: deploy diagrams without a browser."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click
from sqlalchemy.orm import Session

from engine.db import opened, sessions
from engine.errors import Refusal
from engine.process import definitions, doctor
from engine.process.blueprint import Text
from webapp import surroundings, wiring
from webapp.cli_doctor import doctor_command, findings, tell
from webapp.settings import Settings

Accepted = Sequence[str] | Literal["all"]

files_argument = click.argument(
    "paths",
    metavar="FILE…",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)


@click.command("deploy")
@files_argument
@click.option(
    "--as", "name", metavar="NAME", required=True, help="The process whose next version this becomes."
)
@click.option(
    "--process", metavar="ID", help="The main process, where the files hold several that nobody calls."
)
@click.option("--title", help="What people call it; without it as drawn.")
@click.option("--accept", metavar="ID|all", multiple=True, help="Repairs to accept: ids of findings, or all.")
def deploy_command(
    paths: tuple[Path, ...], name: str, process: str | None, title: str | None, accept: tuple[str, ...]
) -> None:
    """Deploy diagrams with their tables and forms as the next version of a process."""
    settings = Settings()
    files = [doctor.File(path.name, path.read_bytes()) for path in paths]
    accepted: Accepted = "all" if "all" in accept else accept
    with opened(settings.database) as engine, sessions(engine, wiring=wiring.build(settings))() as session:
        definition = _deploy(session, files, name, process or None, accepted, title)
        session.commit()
        click.echo(f"{definition.process}: version {definition.version}, “{definition.text.en}”")


def register(group: click.Group) -> None:
    """Add the commands to the command line."""
    group.add_command(doctor_command)
    group.add_command(deploy_command)


def _deploy(
    session: Session,
    files: list[doctor.File],
    name: str,
    process: str | None,
    accepted: Accepted,
    title: str | None,
) -> definitions.Definition:
    known = surroundings.around(session)
    examined = doctor.examine(files, process=process, accepted=accepted, known=known)
    if examined.compiled is None:
        name = ", ".join(file.name for file in files)
        tell({"file": name, "findings": findings(examined.findings, "en")}, err=True)
        raise click.ClickException(
            "It cannot be deployed yet. --accept ID takes a repair, --accept all takes every one."
        )
    handed = [each for each in findings(examined.findings, "en") if each["code"].startswith("H")]
    if handed:
        tell({"file": ", ".join(file.name for file in files), "findings": handed}, err=True)
    try:
        return definitions.deploy(
            session,
            files,
            process=process,
            accepted=accepted,
            known=known,
            name=name,
            title=Text(title, title) if title else None,
            by=None,
            now=datetime.now(UTC),
        )
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal
