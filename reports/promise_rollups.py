"""Roll-ups of promises: what each local day added, by agreement and pair of departments, rebuilt from the log at will."""

from datetime import date

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, BigId


class PromiseDay(Base):
    """How many promises of one agreement, provider and consumer did ``what`` on a local day; 0 stands for none of them.

    ``seconds`` is work time: from ready to delivered of what was kept or broken, else 0.
    """

    __tablename__ = "promise_days"

    agreement_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    provider_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    consumer_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    what: Mapped[str] = mapped_column(String(30), primary_key=True)
    n: Mapped[int]
    seconds: Mapped[int] = mapped_column(BigInteger)


class PromiseTime(Base):
    """How many promises of one agreement, provider, consumer and month took how long: ``bucket`` b is up to 1.05^b seconds."""

    __tablename__ = "promise_times"

    agreement_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    month: Mapped[date] = mapped_column(primary_key=True)
    provider_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    consumer_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    bucket: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    n: Mapped[int]
