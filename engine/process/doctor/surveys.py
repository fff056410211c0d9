"""How far an upload is from running: as it came, after every repair, and without leaving anything out."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.process.doctor.catalogue.losses import LOSSES
from engine.process.doctor.examining import Examined, examine
from engine.process.doctor.findings import Finding, Ledger
from engine.process.doctor.uploads import File
from engine.process.doctor.visit import Known


@dataclass(frozen=True, slots=True)
class Survey:
    """What the doctor would say on accepting nothing, and what on accepting everything.

    ``lossless``: deployable with every repair, and none of them leaves out anything drawn (`LOSSES`).
    """

    deployable: bool
    deployable_after_repair: bool
    lossless: bool
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> bool:
        """Whether it stays undeployable whatever is accepted."""
        return not self.deployable_after_repair


def survey(files: Sequence[File], *, known: Known | None = None) -> Survey:
    """Examine an upload as it came and with every repair accepted."""
    plain = examine(files, known=known)
    offered = any(each.repairable for each in plain.findings)
    mended = examine(files, accepted="all", known=known) if offered else plain
    return Survey(
        deployable=plain.compiled is not None,
        deployable_after_repair=mended.compiled is not None,
        lossless=mended.compiled is not None and not _loses(plain) and not _loses(mended),
        findings=plain.findings,
    )


def unreadable(file: str, reason: str) -> Survey:
    """The survey of a file that the disk does not give."""
    ledger = Ledger(())
    ledger.say("V90", file=file, reason=reason)
    return Survey(False, False, False, tuple(ledger.findings))


def too_large(file: str, size: int) -> Survey:
    """The survey of a file that is not even read."""
    ledger = Ledger(())
    ledger.say("X04", file=file, size=f"{size / 1024 / 1024:.1f}")
    return Survey(False, False, False, tuple(ledger.findings))


def _loses(examined: Examined) -> bool:
    return any(each.code in LOSSES for each in examined.findings)
