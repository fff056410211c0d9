"""The processes that ship with the product: which files of ``bpmn/`` belong together, and their deployment."""

from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.process import definitions
from engine.process.definitions import Definition
from engine.process.doctor import File, Known

PROCESSES = {
    "sales_funnel": ("sales_funnel.bpmn", "stages/"),
    "fast_sale": ("fast_sale.bpmn", "phases/", "complaint.bpmn"),
    "agreement_answer": ("house/agreement_answer.bpmn",),
    "agreement_review": ("house/agreement_review.bpmn",),
    "promise_escalation": ("house/promise_escalation.bpmn",),
    "low_green": ("house/low_green.bpmn",),
    "department_request": ("house/department_request.bpmn",),
}
"""A process and where its diagrams lie; tables and forms are taken by their names in those diagrams."""


def bundle(process: str) -> list[File]:
    """Every file of a shipped process: its diagrams and the tables and forms they name."""
    diagrams = [file for place in PROCESSES[process] for file in _diagrams(place)]
    said = b"\n".join(file.content for file in diagrams).decode()
    root = files("bpmn")
    named = [
        File(prefix + found.name, found.read_bytes())
        for prefix, folder, end in (("", root, ".dmn"), ("forms/", root / "forms", ".json"))
        for found in sorted(folder.iterdir(), key=lambda each: each.name)
        if found.name.endswith(end) and f'"{found.name.removesuffix(end)}"' in said
    ]
    return diagrams + named


def deploy(session: Session, *, by: Person | None, now: datetime) -> list[Definition]:
    """Deploy what ships; what is deployed already stays the version it is."""
    here = known(session)
    return [
        definitions.deploy(session, bundle(process), process=process, known=here, by=by, now=now)
        for process in PROCESSES
    ]


def known(session: Session) -> Known:
    """What the doctor may know of this house: its departments."""
    units = session.execute(select(Department.key, Department.name))
    return Known(departments={key: name for key, name in units})  # noqa: C416  # rows are typed when they are unpacked


def _diagrams(place: str) -> list[File]:
    root = files("bpmn")
    if not place.endswith("/"):
        return [File(place, (root / place).read_bytes())]
    folder: Traversable = root / place.rstrip("/")
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".bpmn"))
    return [File(place + name, (folder / name).read_bytes()) for name in names]
