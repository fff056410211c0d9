"""Every finding the doctor can have: its severity, its sentence and its remedy, in both languages."""

from engine.process.doctor.catalogue import files, flow, handoffs, steps, tables, upload, vendors
from engine.process.doctor.catalogue.entry import Entry

CATALOGUE: dict[str, Entry] = {
    **upload.ENTRIES,
    **files.ENTRIES,
    **flow.ENTRIES,
    **steps.ENTRIES,
    **handoffs.ENTRIES,
    **tables.ENTRIES,
    **vendors.ENTRIES,
}

__all__ = ["CATALOGUE", "Entry"]
