"""Small real diagrams written in a few words, and a world in which they run: a real database, a clock, a worker."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker

from engine.db import sessions
from engine.history import Event
from engine.people import Person
from engine.ports import Call, Wiring
from engine.process import clock, definitions, doctor, instances
from engine.process.definitions import Definition
from engine.process.incidents import Incident
from engine.process.instances import Instance
from engine.process.outbox import Job
from engine.process.subscriptions import Subscription
from engine.process.tasks import UserTask
from tests.conftest import MONDAY

SPACES = (
    'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" targetNamespace="tests"'
)


def properties(**said: str) -> str:
    """Extension properties; ``in__sku`` becomes ``in:sku``."""
    each = "".join(
        f"<spiffworkflow:property name={quoteattr(name.replace('__', ':'))} value={quoteattr(value)}/>"
        for name, value in said.items()
    )
    inner = f"<spiffworkflow:properties>{each}</spiffworkflow:properties>"
    return f"<extensionElements>{inner}</extensionElements>" if said else ""


def start(id_: str = "begin", message: str | None = None, **said: str) -> str:
    """A start event, perhaps of a message."""
    heard = f'<messageEventDefinition id="{id_}_m" messageRef="msg_{message}"/>' if message else ""
    return f'<startEvent id="{id_}" name="{id_}">{properties(**said)}{heard}</startEvent>'


def end(id_: str = "done", **said: str) -> str:
    """A plain end event."""
    return f'<endEvent id="{id_}" name="{id_}">{properties(**said)}</endEvent>'


def task(id_: str, **said: str) -> str:
    """A user task."""
    return f'<userTask id="{id_}" name="{id_}">{properties(**said)}</userTask>'


def service(id_: str, **said: str) -> str:
    """A service task: ``connector``, ``operation``, ``in__NAME``, ``out``."""
    return f'<serviceTask id="{id_}" name="{id_}">{properties(**said)}</serviceTask>'


def script(id_: str, text: str) -> str:
    """A script task of assignments."""
    return f'<scriptTask id="{id_}" name="{id_}"><script>{escape(text)}</script></scriptTask>'


def choice(id_: str, default: str | None = None) -> str:
    """An exclusive gateway; ``default`` is the flow (``a_b``) taken otherwise."""
    said = f' default="{default}"' if default else ""
    return f'<exclusiveGateway id="{id_}" name="{id_}?"{said}/>'


def fork(id_: str) -> str:
    """A parallel gateway."""
    return f'<parallelGateway id="{id_}" name="{id_}"/>'


def wait(id_: str, duration: str, **said: str) -> str:
    """An intermediate timer."""
    return f'<intermediateCatchEvent id="{id_}" name="{id_}">{properties(**said)}{_timer(id_, duration)}</intermediateCatchEvent>'


def hear(id_: str, message: str, kind: str = "message", **said: str) -> str:
    """An intermediate event that waits for a message."""
    heard = f'<{kind}EventDefinition id="{id_}_m" {kind}Ref="msg_{message}"/>'
    return f'<intermediateCatchEvent id="{id_}" name="{id_}">{properties(**said)}{heard}</intermediateCatchEvent>'


def tell(id_: str, message: str, kind: str = "message", **said: str) -> str:
    """An intermediate event that throws a message."""
    told = f'<{kind}EventDefinition id="{id_}_m" {kind}Ref="msg_{message}"/>'
    return (
        f'<intermediateThrowEvent id="{id_}" name="{id_}">{properties(**said)}{told}</intermediateThrowEvent>'
    )


def after(id_: str, host: str, duration: str, *, interrupting: bool = True) -> str:
    """A timer on the edge of an activity."""
    return (
        f'<boundaryEvent id="{id_}" name="{id_}" attachedToRef="{host}" cancelActivity="{str(interrupting).lower()}">'
        f"{properties(clock='round')}{_timer(id_, duration)}</boundaryEvent>"
    )


def caught(id_: str, host: str, code: str) -> str:
    """An error of this code on the edge of an activity."""
    return (
        f'<boundaryEvent id="{id_}" name="{id_}" attachedToRef="{host}">'
        f'<errorEventDefinition id="{id_}_e" errorRef="err_{code}"/></boundaryEvent>'
    )


def _timer(id_: str, duration: str) -> str:
    said = f'<timeDuration xsi:type="tFormalExpression">"{duration}"</timeDuration>'
    return f'<timerEventDefinition id="{id_}_t">{said}</timerEventDefinition>'


def way(*ids: str, when: str | None = None) -> str:
    """A line of flows from step to step: ``way("begin", "approve", "done")``."""
    said = (
        f'<conditionExpression xsi:type="tFormalExpression">{escape(when)}</conditionExpression>'
        if when
        else ""
    )
    return "".join(
        f'<sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}">{said}</sequenceFlow>'
        for a, b in pairwise(ids)
    )


def diagram(process: str, *parts: str, lane: str = "sales", **said: str) -> doctor.File:
    """A whole BPMN file; every step stands in one lane."""
    inner = "".join(parts)
    ids = [each.split('"')[0] for each in inner.split(' id="')[1:]]
    steps = [each for each in ids if f'id="{each}" name=' in inner]
    nodes = "".join(f"<flowNodeRef>{each}</flowNodeRef>" for each in steps)
    lanes = f'<laneSet id="lanes"><lane id="{lane}" name="{lane}">{nodes}</lane></laneSet>'
    words = {each.split('"')[0] for kind in ("msg_", "err_") for each in inner.split(f'"{kind}')[1:]}
    kinds = [("message", "msg_"), ("signal", "msg_")]
    messages = "".join(
        f'<{kind} id="{mark}{each}" name="{each}"/>'
        for kind, mark in kinds
        for each in sorted(words)
        if f'{kind}Ref="{mark}{each}"' in inner
    )
    errors = "".join(
        f'<error id="err_{each}" name="{each}" errorCode="{each}"/>'
        for each in sorted(words)
        if f'"err_{each}"' in inner
    )
    text = (
        f'<definitions {SPACES} id="d_{process}">{messages}{errors}<process id="{process}" name="{process}" '
        f'isExecutable="true">{properties(**said)}{lanes}{inner}</process></definitions>'
    )
    return doctor.File(f"{process}.bpmn", text.encode())


def form(key: str, *fields: Mapping[str, Any]) -> doctor.File:
    """A form file; a field is given by its key and type."""
    plain = {"key": key, "title": {"pl": key, "en": key}, "fields": list(fields)}
    return doctor.File(f"{key}.json", json.dumps(plain).encode())


def asks(key: str, type_: str, **more: Any) -> dict[str, Any]:
    """A field of a form."""
    return {"key": key, "type": type_, "label": {"pl": key, "en": key}, **more}


class Shop:
    """A connector that remembers what it was asked and answers what it is told to, or fails as often as it is told."""

    name = "shop"

    def __init__(self) -> None:
        self.asked: list[Call] = []
        self.answer: dict[str, Any] = {}
        self.failures: list[Exception] = []
        self.during: Callable[[Call], None] | None = None

    def run(self, call: Call) -> dict[str, Any]:
        """Answer, or fail."""
        self.asked.append(call)
        if self.during:
            self.during(call)
        if self.failures:
            raise self.failures.pop(0)
        return dict(self.answer)


@dataclass
class World:
    """A database with a worker and a clock that stands until it is moved."""

    engine: Engine
    shop: Shop = field(default_factory=Shop)
    now: datetime = MONDAY
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def factory(self) -> sessionmaker[Session]:
        """Sessions as the worker and the web open them."""
        return sessions(self.engine, wiring=Wiring(connectors={"shop": self.shop}, **self.more))

    def deploy(self, *files: doctor.File) -> Definition:
        """Deploy with every repair accepted, in a transaction of its own."""
        with self.factory.begin() as session:
            return definitions.deploy(session, files, accepted="all", by=None, now=self.now)

    def start(self, definition: Definition, *, by: Person | None = None, **raw: Any) -> int:
        """Start an instance in a transaction of its own. Returns its id."""
        with self.factory.begin() as session:
            return instances.start(session, definition, raw, by=by, now=self.now).id

    def later(self, **length: float) -> int:
        """Move the clock and let everything due happen. Returns how much happened."""
        self.now += timedelta(**length)
        return clock.settle(self.factory, now=self.now)

    def complete(self, instance_id: int, element: str, *, by: Person | None = None, **raw: Any) -> None:
        """Complete the open task of a step."""
        with self.factory.begin() as session:
            found = self._open(session, instance_id, element)
            instances.complete(session, found, raw, by=by, now=self.now)

    @contextmanager
    def looking(self) -> Iterator[Session]:
        """A session beside writers, for whoever only looks."""
        with self.factory() as session:
            session.connection(execution_options={"reading": True})
            yield session

    def _open(self, session: Session, instance_id: int, element: str) -> UserTask:
        query = select(UserTask).where(UserTask.instance_id == instance_id, UserTask.closed_at.is_(None))
        return session.scalars(query.where(UserTask.element == element)).one()

    def open_(self, instance_id: int) -> list[str]:
        """The steps of the open tasks."""
        query = select(UserTask.element).where(
            UserTask.instance_id == instance_id, UserTask.closed_at.is_(None)
        )
        with self.looking() as session:
            return list(session.scalars(query.order_by(UserTask.id)))

    def rows(self, model: type[Any]) -> list[Any]:
        """Every row of a table."""
        with self.looking() as session:
            return list(session.scalars(select(model).order_by(model.id)))

    def instance(self, instance_id: int) -> Instance:
        """An instance as it stands in the database."""
        with self.looking() as session:
            return session.get_one(Instance, instance_id)

    def history(self, instance_id: int) -> list[str]:
        """What happened, in order: ``kind element``."""
        query = select(Event).where(Event.instance_id == instance_id).order_by(Event.seq)
        with self.looking() as session:
            return [f"{event.kind} {event.element or ''}".strip() for event in session.scalars(query)]

    def seqs(self, instance_id: int) -> list[int | None]:
        """The numbers of the facts of an instance."""
        query = select(Event.seq).where(Event.instance_id == instance_id).order_by(Event.seq)
        with self.looking() as session:
            return list(session.scalars(query))

    def incidents(self) -> list[Incident]:
        """Every incident."""
        return self.rows(Incident)

    def jobs(self) -> list[Job]:
        """The whole outbox."""
        return self.rows(Job)

    def timers(self) -> list[Subscription]:
        """Everything that is waited for."""
        return self.rows(Subscription)
