"""The command line for designers: examine diagrams without a browser, and deploy them."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import click
from sqlalchemy.orm import Session

from engine.db import opened, sessions
from engine.errors import Refusal
from engine.people import ROLES
from engine.process import definitions, doctor
from engine.process.blueprint import Text
from webapp import surroundings, wiring
from webapp.settings import Settings

MARKS = {"error": "blocks", "warning": "warns", "hint": "hint", "mended": "mended"}
DIAGRAMS = frozenset({".bpmn", ".xml"})

Accepted = Sequence[str] | Literal["all"]

files_argument = click.argument(
    "paths",
    metavar="FILE…",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)


@click.command("doctor")
@files_argument
@click.option(
    "--together", is_flag=True, help="Examine all files as one upload: diagrams that call each other."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of words.")
@click.option(
    "--lang", type=click.Choice(["en", "pl"]), default="en", show_default=True, help="Of the findings."
)
def doctor_command(paths: tuple[Path, ...], together: bool, as_json: bool, lang: str) -> None:
    """Examine diagrams and say what is wrong with each, element by element.

    Tables (.dmn) and forms (.json) belong to every diagram named with them. Ends with 1 when a finding blocks.
    """
    bundles = _bundles(paths, together)
    with click.progressbar(bundles, label="Examining", file=sys.stderr, hidden=len(bundles) < 2) as going:
        reports = [_report(name, files, lang) for name, files in going]
    if as_json:
        click.echo(json.dumps(reports, ensure_ascii=False, indent=2))
    else:
        for report in reports:
            _tell(report)
    sys.exit(any(not report["deployable"] for report in reports))


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
        _tell(_described(", ".join(file.name for file in files), examined, "en"), err=True)
        raise click.ClickException(
            "It cannot be deployed yet. --accept ID takes a repair, --accept all takes every one."
        )
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


def _bundles(paths: Sequence[Path], together: bool) -> list[tuple[str, list[doctor.File]]]:
    """What is examined together, by the name it is reported under."""
    read = [doctor.File(path.name, path.read_bytes()) for path in paths]
    if together:
        return [(", ".join(map(str, paths)), read)]
    beside = [file for path, file in zip(paths, read, strict=True) if path.suffix.lower() not in DIAGRAMS]
    alone = [
        (str(path), [file, *beside]) for path, file in zip(paths, read, strict=True) if file not in beside
    ]
    return alone or [(", ".join(map(str, paths)), read)]


def _report(name: str, files: list[doctor.File], lang: str) -> dict[str, Any]:
    known = doctor.Known(roles={role: role for role in ROLES})
    return _described(name, doctor.examine(files, known=known), lang)


def _described(name: str, examined: doctor.Examined, lang: str) -> dict[str, Any]:
    findings = [
        {
            "id": each.id,
            "severity": each.severity,
            "diagram": each.diagram,
            "element": each.element,
            "name": each.name,
            "message": each.message.into(lang),
            "remedy": each.remedy.into(lang),
            "repairable": each.repairable,
            "accepted": each.accepted,
        }
        for each in examined.findings
    ]
    return {"file": name, "deployable": examined.compiled is not None, "findings": findings}


def _tell(report: dict[str, Any], *, err: bool = False) -> None:
    """A report in words: the findings of each element under its name."""
    click.secho(report["file"], bold=True, err=err)
    if not report["findings"]:
        click.echo("  nothing to say against it", err=err)
    by_element = sorted(
        report["findings"], key=lambda each: (each["element"] or "", list(MARKS).index(each["severity"]))
    )
    for element, findings in groupby(by_element, key=lambda each: each["element"]):
        told = list(findings)
        click.echo(f"  {_called(element, told[0]['name'])}", err=err)
        for each in told:
            mark = "accepted" if each["accepted"] else MARKS[each["severity"]]
            click.echo(f"    {mark:8} {each['message']}", err=err)
            if each["remedy"]:
                click.echo(
                    f"             {'repair: ' if each['repairable'] else ''}{each['remedy']}", err=err
                )
            if each["repairable"] and not each["accepted"]:
                click.echo(f"             id: {each['id']}", err=err)


def _called(element: str | None, name: str) -> str:
    if element is None:
        return "as a whole"
    return f"“{name}” ({element})" if name else element
