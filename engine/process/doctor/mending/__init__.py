"""The mended diagram: the uploaded document with the accepted repairs drawn in, everything else byte for byte.

What is added lies beside what it belongs to. Every drawing is examined again: one that does not make its finding go
away, or that would bring up a new error, is taken back and named as not drawn. So a mended file never has more errors
than the upload. `STAYS` lists the findings that have no drawing.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from engine.process.doctor.catalogue import CATALOGUE
from engine.process.doctor.examining import Examined, examine
from engine.process.doctor.findings import Finding
from engine.process.doctor.mending import events, files, steps, ways
from engine.process.doctor.mending.sheet import Sheet
from engine.process.doctor.mending.task import Task
from engine.process.doctor.uploads import File
from engine.process.doctor.visit import Known

Accepted = Collection[str] | Literal["all"]
Drawer = Callable[[Sheet, Task], bool]

DRAWERS: dict[str, Drawer] = {
    "X20": files.modern,
    "X12": files.encode,
    "X19": files.declare,
    "X26": files.address,
    "X18": files.not_here,
    "I01": ways.identify,
    **dict.fromkeys(("I02", "I03", "I04"), ways.another_id),
    "P01": ways.executable,
    **dict.fromkeys(("F01", "F02", "C01", "B01", "S10"), steps.leave_out),
    "C02": steps.throw_compensation_no_more,
    "F03": ways.to_the_whole,
    "F11": ways.end_of,
    "S11": ways.begin,
    "N01": steps.link,
    "N02": steps.unpaired,
    "B02": steps.no_way_in,
    "X24": steps.done_here,
    "A13": steps.any_order,
    **dict.fromkeys(
        ("A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A09", "A14", "E01", "E03", "M02"),
        steps.to_person,
    ),
    "B03": steps.heard,
    "B04": steps.interrupting,
    "E02": events.throw_what_can_be,
    "E04": events.signal_before_end,
    "E08": events.throw_one_by_one,
    "E07": steps.forget_reference,
    **dict.fromkeys(("T01", "T02", "T03", "T04", "V30"), steps.time),
    "M01": steps.name_message,
    "M04": steps.name_signal,
    "F04": ways.end_goes_on,
    "F05": ways.behind_start,
    "A10": steps.once_more,
    "A11": steps.how_many,
    "A12": steps.cut,
    "A16": steps.to_the_last,
    "W03": events.first_is_enough,
    "E06": events.one_for_each,
    "F09": steps.no_ways,
    "S06": steps.throw_nothing,
    "S09": ways.start_and_end,
    "S01": ways.start_before,
    "S03": ways.start_before,
    "S02": ways.start_of_all,
    **dict.fromkeys(("R01", "R02"), steps.leave_out),
    "G01": ways.any_event,
    "G12": events.say_what_happened,
    "G02": events.copied,
    "F06": ways.split,
    "F07": ways.split,
    "F08": ways.merge_before,
    "R04": ways.open_circle,
    "S07": ways.end_behind,
    "G03": ways.inclusive,
    "G04": ways.no_conditions,
    "F10": ways.no_conditions,
    "G05": ways.no_default,
    **dict.fromkeys(("G07", "G08", "G09"), ways.choose),
    "G11": ways.in_our_words,
    "G06": ways.default,
    "J01": ways.inclusive,
    "W01": ways.let_through,
    "Z04": steps.first_description,
    **dict.fromkeys(("L01", "L02", "V04"), steps.whose),
    "Q01": steps.without_form,
}
"""How each repair is drawn, in the order in which they are."""
STAYS = frozenset(
    code
    for code, entry in CATALOGUE.items()
    if (entry.repairable or entry.severity == "mended") and code not in DRAWERS
)
"""Repairs without a drawing: the engine's form has them, the diagram stays as it is.

They say how a setting of another tool was read, choose among processes or starts that may all stay in the drawing, or
would have to move what is drawn: pools that become one process, event sub-processes, steps that undo others.
"""
_ORDER = {code: place for place, code in enumerate(DRAWERS)}
_MOST_TRIES = 100
"""So often a drawing is examined; what is left then is named as not drawn."""
_DIAGRAMS = (".bpmn", ".bpmn2", ".bpmn20", ".xml")


@dataclass(frozen=True, slots=True)
class Mended:
    """The files with the repairs drawn in and the forms they need; the findings that could not be drawn."""

    files: dict[str, bytes]
    undrawn: tuple[Finding, ...]


def mended(
    files: Sequence[File],
    accepted: Accepted = "all",
    *,
    process: str | None = None,
    known: Known | None = None,
) -> dict[str, bytes]:
    """The files of an upload with the accepted repairs drawn in, by name; see `mend`."""
    return mend(files, accepted, process=process, known=known).files


def mend(
    files: Sequence[File],
    accepted: Accepted = "all",
    *,
    process: str | None = None,
    known: Known | None = None,
) -> Mended:
    """Draw the accepted repairs, and those made without asking, into the uploaded files. Never raises for a content."""
    table = _Table(list(files), accepted, process, known)
    table.work()
    changed = {file.name: file.content for file in table.files}
    return Mended(changed, tuple(table.undrawn()))


class _Table:
    """The files while they are mended, one kind of finding after the other."""

    def __init__(
        self, files: list[File], accepted: Accepted, process: str | None, known: Known | None
    ) -> None:
        self.files, self.process, self.known = files, process, known
        self.all = accepted == "all"
        self.values = (
            dict(each.partition("=")[::2] for each in accepted) if not isinstance(accepted, str) else {}
        )
        self.examined = self.examine(files)
        self.errors = _errors(self.examined)
        self.given_up: set[str] = set()
        self.tries = _MOST_TRIES

    def examine(self, files: Sequence[File]) -> Examined:
        return examine(files, process=self.process, known=self.known)

    def wanted(self, finding: Finding) -> bool:
        """Whether the designer agreed, or nobody had to."""
        agreed = finding.repairable and (self.all or finding.id in self.values)
        return agreed or finding.severity == "mended"

    def undrawn(self) -> Iterable[Finding]:
        return (each for each in self.examined.findings if self.wanted(each))

    def todo(self) -> list[Finding]:
        """The findings of the kind that comes next."""
        open_ = [
            each
            for each in self.examined.findings
            if each.code in DRAWERS and each.id not in self.given_up and self.wanted(each)
        ]
        first = min(open_, key=lambda each: _ORDER[each.code], default=None)
        return [each for each in open_ if first is not None and each.code == first.code]

    def work(self) -> None:
        """Draw what can be drawn; what could not is tried once more after all the rest."""
        self._round()
        if self.given_up:
            self.given_up.clear()
            self._round()

    def _round(self) -> None:
        while self.tries and (batch := self.todo()):
            self.draw_most(batch)

    def draw_most(self, batch: list[Finding]) -> None:
        """Draw these together; where that does not work, the halves of them, down to each by itself."""
        self.tries = max(self.tries - 1, 0)
        if self.draw(batch):
            return
        if len(batch) == 1 or not self.tries:
            self.given_up |= {each.id for each in batch}
            return
        half = len(batch) // 2
        self.draw_most(batch[:half])
        self.draw_most(batch[half:])

    def draw(self, batch: list[Finding]) -> bool:
        """Draw these; True when they are gone and nothing new blocks."""
        here = {each.id for each in self.examined.findings}
        batch = [each for each in batch if each.id in here]
        if not batch:
            return True
        changed, renamed = self.changed(batch)
        if changed is None:
            return False
        examined = self.examine(changed)
        left = {each.id for each in examined.findings}
        known = self.errors | {_renamed(each, renamed) for each in self.errors}
        if left & {each.id for each in batch} or _errors(examined) - known:
            return False
        self.files, self.examined, self.errors = changed, examined, known
        self.values |= {_renamed(key, renamed): value for key, value in self.values.items()}
        return True

    def changed(self, batch: list[Finding]) -> tuple[list[File] | None, dict[str, str]]:
        """The files with these drawn in; None when a drawer could not."""
        sheets: dict[str, Sheet] = {}
        for finding in batch:
            found = [self.sheet(sheets, file) for file in self.about(finding)]
            drawn = [sheet for sheet in found if DRAWERS[finding.code](sheet, self.task(sheet, finding))]
            if not drawn:
                return None, {}
        contents = {name: sheet.content() for name, sheet in sheets.items()}
        forms = [File(name, form) for sheet in sheets.values() for name, form in sheet.forms.items()]
        added = {each.name for each in forms}
        kept = [
            replace(each, content=contents.get(each.name, each.content))
            for each in self.files
            if each.name not in added
        ]
        return kept + forms, {old: new for sheet in sheets.values() for old, new in sheet.renamed.items()}

    def about(self, finding: Finding) -> list[File]:
        """The file a finding is about; every diagram where it is about no process."""
        name = self.examined.files.get(finding.diagram)
        return [
            each
            for each in self.files
            if each.name == name or (not name and each.name.lower().endswith(_DIAGRAMS))
        ]

    def sheet(self, sheets: dict[str, Sheet], file: File) -> Sheet:
        if file.name not in sheets:
            sheets[file.name] = Sheet(file.name, file.content)
        return sheets[file.name]

    def task(self, sheet: Sheet, finding: Finding) -> Task:
        element = sheet.ids.get(finding.element or "")
        return Task(finding, element, self.values.get(finding.id, ""))


def _errors(examined: Examined) -> set[str]:
    return {each.id for each in examined.findings if each.severity == "error"}


def _renamed(key: str, renamed: dict[str, str]) -> str:
    """An id of a finding after its element got another id."""
    parts = key.split(":")
    return ":".join([*parts[:2], *(renamed.get(part, part) for part in parts[2:])])
