"""The doctor on the command line: any number of diagrams, one line of JSON each, or a summary by finding."""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from engine.people import ROLES
from engine.process import doctor
from engine.process.doctor import mending, surveys
from engine.process.doctor.catalogue import CATALOGUE
from engine.process.doctor.catalogue.entry import general
from engine.process.doctor.loading import MOST_BYTES

MARKS = {"error": "blocks", "warning": "warns", "hint": "hint", "mended": "mended"}
DIAGRAMS = frozenset({".bpmn", ".xml"})
BESIDE = frozenset({".dmn", ".json"})
MODEL = b"http://www.omg.org/spec/BPMN/20100524/MODEL"
SNIFFED = 64 * 1024
"""So much of an ``.xml`` file in a folder is read to see whether it is BPMN."""


@click.command("doctor")
@click.argument("paths", metavar="FILE-OR-FOLDER…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--together", is_flag=True, help="Examine all files as one upload: diagrams that call each other."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, one for each file.")
@click.option("--details", is_flag=True, help="Print the findings of each file, as for a single one.")
@click.option(
    "--mend",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write each diagram with every repair drawn in to this folder.",
)
@click.option(
    "--lang", type=click.Choice(["en", "pl"]), default="en", show_default=True, help="Of the findings."
)
def doctor_command(
    paths: tuple[Path, ...], together: bool, as_json: bool, details: bool, mend: Path | None, lang: str
) -> None:
    """Examine diagrams and say what is wrong with each, element by element.

    Folders are searched for *.bpmn and for *.xml that is BPMN. Tables (.dmn) and forms (.json) belong to every diagram
    named with them; with --together all files are one upload.

    Ends with 0 when every file can be deployed as it is, with 1 when one cannot (or cannot be read), and with 2 when
    the command line itself is wrong.
    """
    bundles = _together(paths) if together else _alone(paths)
    details = details or (not as_json and len(paths) == 1 and not paths[0].is_dir())
    summary = _Summary(lang)
    for bundle in _watched(bundles, paths if not together else ()):
        report = described(bundle.name, bundle.survey(), lang)
        summary.add(report)
        if mend is not None:
            _write_mended(bundle, mend)
        if as_json:
            click.echo(json.dumps(report, ensure_ascii=False))
        elif details:
            tell(report)
        elif report["refused"]:
            summary.tell_refused(report)
    if not as_json and not details:
        summary.tell()
    sys.exit(summary.deployable < summary.files)


def described(name: str, survey: surveys.Survey, lang: str) -> dict[str, Any]:
    """A survey as plain data, the form that ``--json`` prints."""
    return {
        "file": name,
        "deployable": survey.deployable,
        "deployable_after_repair": survey.deployable_after_repair,
        "lossless": survey.lossless,
        "refused": survey.refused,
        "findings": findings(survey.findings, lang),
    }


def findings(found: Iterable[doctor.Finding], lang: str) -> list[dict[str, Any]]:
    """Findings as plain data. ``repair`` is what was done or would be done on acceptance; else ``advice``."""
    return [
        {
            "code": each.code,
            "severity": each.severity,
            "element": each.element or each.diagram or None,
            "name": each.name,
            "message": each.message.into(lang),
            "repair": each.remedy.into(lang) if _repairs(each) else None,
            "advice": None if _repairs(each) else each.remedy.into(lang) or None,
            "repairable": each.repairable,
            "accepted": each.accepted,
            "id": each.id,
        }
        for each in found
    ]


def _repairs(finding: doctor.Finding) -> bool:
    return finding.repairable or finding.severity == "mended"


def tell(report: dict[str, Any], *, err: bool = False) -> None:
    """A report in words: the findings of each element under its name."""
    click.secho(report["file"], bold=True, err=err)
    if not report["findings"]:
        click.echo("  nothing to say against it", err=err)
    by_element = sorted(
        report["findings"], key=lambda each: (each["element"] or "", list(MARKS).index(each["severity"]))
    )
    for element, group in groupby(by_element, key=lambda each: each["element"]):
        told = list(group)
        click.echo(f"  {_called(element, told[0]['name'])}", err=err)
        for each in told:
            _tell_finding(each, err=err)


def _tell_finding(each: dict[str, Any], *, err: bool) -> None:
    mark = "accepted" if each["accepted"] else MARKS[each["severity"]]
    click.echo(f"    {mark:8} {each['message']}", err=err)
    if each["repair"] or each["advice"]:
        lead = "repair: " if each["repairable"] else ""
        click.echo(f"             {lead}{each['repair'] or each['advice']}", err=err)
    if each["repairable"] and not each["accepted"]:
        click.echo(f"             id: {each['id']}", err=err)


def _called(element: str | None, name: str) -> str:
    if element is None:
        return "as a whole"
    return f"“{name}” ({element})" if name else element


# ---------------------------------------------------------------- what is examined


@dataclass(frozen=True, slots=True)
class _Bundle:
    """What is examined as one upload: its name, its files, and those that belong to every diagram."""

    name: str
    paths: Sequence[Path]

    def survey(self) -> surveys.Survey:
        """Read and survey it; what the disk does not give is a finding."""
        try:
            large = next((path for path in self.paths if path.stat().st_size > MOST_BYTES), None)
            if large is not None:
                return surveys.too_large(large.name, large.stat().st_size)
            return surveys.survey(self.read(), known=_known())
        except OSError as error:
            return surveys.unreadable(self.name, error.strerror or type(error).__name__)

    def read(self) -> list[doctor.File]:
        """The files. Raises OSError."""
        return [doctor.File(path.name, path.read_bytes()) for path in self.paths]


def _known() -> doctor.Known:
    return doctor.Known(roles={role: role for role in ROLES})


def _alone(paths: Sequence[Path]) -> Iterator[_Bundle]:
    """Each diagram by itself, with the tables and forms that were named beside it."""
    beside = [path for path in paths if path.suffix.lower() in BESIDE and not path.is_dir()]
    found = False
    for path in walked(path for path in paths if path not in beside):
        found = True
        yield _Bundle(str(path), [path, *beside])
    if beside and not found:
        yield _Bundle(", ".join(map(str, paths)), beside)


def _together(paths: Sequence[Path]) -> Iterator[_Bundle]:
    yield _Bundle(", ".join(map(str, paths)), list(walked(paths, wanted=DIAGRAMS | BESIDE)))


def walked(paths: Iterable[Path], *, wanted: frozenset[str] = DIAGRAMS) -> Iterator[Path]:
    """The files themselves, and of folders those inside that are diagrams, one at a time in order."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, inner, names in os.walk(path):
            inner.sort()
            found = (Path(folder, name) for name in sorted(names))
            yield from (each for each in found if each.suffix.lower() in wanted and _is_ours(each))


def _is_ours(path: Path) -> bool:
    """An ``.xml`` file may be anything; one that cannot be opened is shown, not passed over."""
    if path.suffix.lower() != ".xml":
        return True
    try:
        with path.open("rb") as opened:
            return MODEL in opened.read(SNIFFED)
    except OSError:
        return True


def _watched(bundles: Iterable[_Bundle], paths: Sequence[Path]) -> Iterator[_Bundle]:
    """With a progress bar where somebody watches; only then the files are counted first."""
    if not sys.stderr.isatty():
        yield from bundles
        return
    count = sum(1 for _ in walked(paths)) or 1
    with click.progressbar(
        bundles, length=count, label="Examining", file=sys.stderr, hidden=count < 2
    ) as going:
        yield from going


# ---------------------------------------------------------------- the mended files


def _write_mended(bundle: _Bundle, folder: Path) -> None:
    """The diagrams of a bundle with every repair drawn in, under their own names."""
    try:
        mended = mending.mend(bundle.read(), "all", known=_known())
    except OSError:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in mended.files.items():
        _free(folder, name).write_bytes(content)
    for each in mended.undrawn:
        click.echo(f"{bundle.name}: not drawn: {each.code} {each.message.en}", err=True)


def _free(folder: Path, name: str) -> Path:
    """A path nobody uses yet: two folders may hold diagrams of one name."""
    found, count = folder / name, 1
    stem, dot, end = name.partition(".")
    while found.exists():
        count += 1
        found = folder / f"{stem}-{count}{dot}{end}"
    return found


# ---------------------------------------------------------------- the summary


@dataclass(slots=True)
class _Summary:
    """Counts over all files: as large for a million files as for two."""

    lang: str
    files: int = 0
    deployable: int = 0
    after: int = 0
    lossless: int = 0
    times: Counter[str] = field(default_factory=Counter)
    in_files: Counter[str] = field(default_factory=Counter)

    def add(self, report: dict[str, Any]) -> None:
        self.files += 1
        self.deployable += report["deployable"]
        self.after += report["deployable_after_repair"]
        self.lossless += report["lossless"]
        codes = [each["code"] for each in report["findings"]]
        self.times.update(codes)
        self.in_files.update(set(codes))

    def tell_refused(self, report: dict[str, Any]) -> None:
        """A file that no repair helps, with the first reason."""
        blocking = [each for each in report["findings"] if each["severity"] == "error"]
        why = [each for each in blocking if not each["repairable"]] or blocking
        said = f"{why[0]['code']} {why[0]['message']}" if why else ""
        click.echo(f"refused  {report['file']}: {said}")

    def tell(self) -> None:
        """How many of each finding, the commonest first."""
        for code, count in sorted(self.times.items(), key=lambda item: (-item[1], item[0])):
            entry = CATALOGUE[code]
            words = general(entry.message).into(self.lang)
            click.echo(
                f"{code}  {MARKS[entry.severity]:7} {count:7} in {self.in_files[code]:6} files  {words}"
            )
        click.echo(
            f"{self.files} files: {self.deployable} deployable as they are, {self.after} after repair "
            f"({self.lossless} of them without leaving anything out), {self.files - self.after} refused"
        )
