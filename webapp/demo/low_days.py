"""Days with too little green in the demo: each working morning asks about the days before, and directors answer.

What a director says depends on the day alone and never on the dice: how many days were low changes nothing else.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department
from engine.process import instances
from engine.process.advancing import Happened
from engine.process.tasks import UserTask
from reports import low_green
from reports.low_green import LowGreen
from webapp.demo import warehouse
from webapp.demo.world import World

PROCESS = low_green.PROCESS
BEHIND = 25
"""So many days before the end directors fall behind: they answer the day before when they are asked about the next."""

SHORT = (
    "inside",
    "W magazynie brakowało towaru, więc wyceny stały.",
    "Codzienny telefon do dostawcy; zamienniki w cenie.",
)
OF_PRESALES = ("people", "Projektant był na wdrożeniu.", "Gabriela bierze małe projekty od ręki.")
OTHERWISE = (
    ("client", "Trzech klientów przełożyło spotkania na następny tydzień.", "Nowe terminy są już w kalendarzu."),
    ("late_entry", "Praca była, wpisaliśmy ją nazajutrz.", "Wpisujemy przed wyjściem."),
    ("few_deals", "Mało spraw na tym etapie; wcześniejsze jeszcze dojrzewają.", "Wracamy do odłożonych zapytań."),
    ("people", "Dwie osoby na szkoleniu, jedna chora.", "Zastępstwa ustalone do końca tygodnia."),
    ("inside", "Czekaliśmy na projekt rozwiązania.", "Przegląd zaległych projektów z Presales w poniedziałki."),
)  # fmt: skip


def check(session: Session, at: datetime) -> None:
    """What the clock does: the working days that are over and were not looked at yet."""
    low_green.check_due(session, now=at)


def watch(world: World, happened: Happened) -> None:
    """A director was asked, and answers within the day; of the last weeks the latest question is still open."""
    behind = happened.now >= world.before_end(BEHIND, 0)
    for task in happened.opened:
        at = world.office(happened.now, timedelta(minutes=60 + 37 * task.id % 300))
        world.later(at, _explain_earlier if behind else _explain, task.id)


def _explain(world: World, session: Session, at: datetime, task_id: int) -> None:
    task = session.get_one(UserTask, task_id)
    alarm = session.scalar(select(LowGreen).where(LowGreen.instance_id == task.instance_id))
    if task.closed_at is not None or alarm is None:
        return
    cause, explanation, action = _said(world, session, alarm)
    raw = {"cause": [cause], "explanation": [explanation], "action": [action]}
    by = world.person(task.assignee_id) if task.assignee_id else world.firm.people["Klara Zając"]
    instances.complete(session, task, raw, by=by, now=at)


def _explain_earlier(world: World, session: Session, at: datetime, task_id: int) -> None:
    newest = session.get_one(UserTask, task_id)
    open_ones = (UserTask.element == newest.element, UserTask.closed_at.is_(None))
    earlier = select(UserTask.id).where(*open_ones, UserTask.opened_at < newest.opened_at)
    for each in session.scalars(earlier.order_by(UserTask.id)).all():
        _explain(world, session, at, each)


def _said(world: World, session: Session, alarm: LowGreen) -> tuple[str, str, str]:
    unit = session.get(Department, alarm.department_id)
    if alarm.ladder == "fast_sale" and warehouse.is_short(world, alarm.day):
        return SHORT
    if unit is not None and unit.key == "presales":
        return OF_PRESALES
    return OTHERWISE[alarm.id % len(OTHERWISE)]
