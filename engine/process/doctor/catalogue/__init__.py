"""Every finding the doctor can have: its severity, its sentence and its remedy, in both languages."""

from engine.process.doctor.catalogue import flow, steps, upload
from engine.process.doctor.catalogue.entry import Entry

CATALOGUE: dict[str, Entry] = {**upload.ENTRIES, **flow.ENTRIES, **steps.ENTRIES}

__all__ = ["CATALOGUE", "Entry"]
