"""Open promises in every position between departments, for pages: their tasks belong to one case of Anna's."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales.promises import Promise
from tests.conftest import MONDAY
from tests.web import working


def case(session: Session, owner: Person) -> Instance:
    """A case whose tasks the promises hang on."""
    task = working.asked(session, owner)
    session.commit()
    return session.get_one(Instance, task.instance_id)


def promise(
    session: Session,
    case: Instance,
    title: str,
    provider: Department,
    consumer: Department,
    *,
    due: datetime | None = None,
    state: str = "promised",
    **more: Any,
) -> Promise:
    """One open promise with an open task of its provider."""
    task = UserTask(
        instance_id=case.id,
        definition_id=case.definition_id,
        token=f"t-{title}"[:40],
        diagram="d",
        element="e",
        title=title,
        title_en=title,
        about="Stocznia Mewa · Suwnica",
        audience=f"department:{provider.key}",
        handoff="H9",
        opened_at=MONDAY - timedelta(days=1),
        due_at=due,
        order_at=due or MONDAY,
    )
    session.add(task)
    session.flush()
    made = Promise(
        code="H9",
        instance_id=case.id,
        task_id=task.id,
        provider_id=provider.id,
        consumer_id=consumer.id,
        state=state,
        requested_at=MONDAY - timedelta(days=2),
        due_at=due,
        first_due_at=due,
        title=title,
        title_en=title,
        **more,
    )
    session.add(made)
    session.flush()
    return made
