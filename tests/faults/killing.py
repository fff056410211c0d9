"""Workers that are killed at work: `python -m tests.faults.killing URL KILLS SEED ACKNOWLEDGED`.

A process of its own, because it forks: everything is imported and the diagram is read once, and a new worker costs a few
milliseconds. Each worker completes tasks, fires timers and works off the outbox until SIGKILL meets it. What it has
committed it writes into the file ACKNOWLEDGED, a line each, as a server answers a request. Prints how many died and how
many broke by themselves.
"""

import gc
import os
import random
import signal
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from engine import history
from engine.db import connect, sessions
from engine.errors import Refusal
from engine.ports import Call, Wiring
from engine.process import clock, instances
from engine.process.tasks import UserTask
from tests.conftest import MONDAY, import_models

WORKERS = 3
LIVES = (0.002, 0.1)
"""Seconds a worker lives, evenly spread: from its first word to the database to a dozen commands."""

FASTER = 600
"""The workers' clock: a lease of two minutes runs out while others are at work, as it does after a crash."""


class Ledger:
    """A connector that writes down, in the transaction of the answer, that it acted under this key."""

    name = "shop"

    def run(self, call: Call) -> dict[str, str]:
        """Act."""
        call.session.rollback()
        history.record(call.session, "booked", at=call.now, actor=None, subject=f"effect:{call.key}")
        return {"parcel": call.key}


def now(begun: float) -> datetime:
    """The workers' time."""
    return MONDAY + timedelta(seconds=(time.time() - begun) * FASTER)


def main(url: str, kills: int, seed: int, acknowledged: Path) -> None:
    """Keep the workers alive until so many have been killed."""
    dice, begun = random.Random(seed), time.time()
    structlog.configure(processors=[_silent])
    import_models()
    engine = connect(url)
    factory = sessions(engine, wiring=Wiring(connectors={"shop": Ledger()}))
    _warm_up(factory, dice, begun, acknowledged)
    engine.dispose()
    gc.freeze()
    workers = [_fork(factory, dice.random(), begun, acknowledged) for _ in range(WORKERS)]
    broken = 0
    for _ in range(kills):
        time.sleep(dice.uniform(*LIVES) / WORKERS)
        place = dice.randrange(WORKERS)
        broken += _kill(workers[place])
        workers[place] = _fork(factory, dice.random(), begun, acknowledged)
    broken += sum(_kill(worker) for worker in workers)
    print(kills, broken)


def _silent(_logger: object, _name: str, _event: object) -> str:
    raise structlog.DropEvent


def _warm_up(factory: sessionmaker[Session], dice: random.Random, begun: float, acknowledged: Path) -> None:
    """Go round once: the diagram is read and every statement compiled before the first fork."""
    book = os.open(acknowledged, os.O_WRONLY | os.O_APPEND)
    for _ in range(3):
        _act(factory, dice, now(begun), book)
        clock.tick(factory, now=now(begun) + timedelta(hours=1))


def _kill(worker: int) -> bool:
    """SIGKILL; True where the worker had ended by itself before."""
    os.kill(worker, signal.SIGKILL)
    _, status = os.waitpid(worker, 0)
    return not os.WIFSIGNALED(status)


def _fork(factory: sessionmaker[Session], seed: float, begun: float, acknowledged: Path) -> int:
    worker = os.fork()
    if worker:
        return worker
    try:
        _work(factory, random.Random(seed), begun, acknowledged)
    finally:
        os._exit(1)  # nobody's clean-up but the kernel's


def _work(factory: sessionmaker[Session], dice: random.Random, begun: float, acknowledged: Path) -> None:
    book = os.open(acknowledged, os.O_WRONLY | os.O_APPEND)
    while True:
        if dice.random() < 0.5:
            clock.tick(factory, now=now(begun), limit=3)
        else:
            _act(factory, dice, now(begun), book)


def _act(factory: sessionmaker[Session], dice: random.Random, at: datetime, book: int) -> None:
    for line in _complete(factory, dice, at):
        os.write(book, f"{line}\n".encode())


def _complete(factory: sessionmaker[Session], dice: random.Random, at: datetime) -> list[str]:
    """Complete a task, sometimes one that somebody else is at, sometimes twice under one key."""
    with factory() as session:
        session.connection(execution_options={"reading": True})
        open_ = session.scalars(select(UserTask).where(UserTask.closed_at.is_(None))).all()
    if not open_:
        return []
    task = dice.choice(open_)
    for _ in range(dice.choice((1, 1, 2))):
        with factory() as session:
            try:
                found = session.get_one(UserTask, task.id)
                instances.complete(session, found, {"again": "yes"}, by=None, now=at, key=f"task:{task.id}")
            except Refusal:
                return []
            session.commit()
    return [str(task.id)]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
