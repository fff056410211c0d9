"""Runs the steps on the connection that `engine.migrations.upgrade` hands over; writes new ones in our own types."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON, BigInteger

from engine.db import Base, UtcDateTime

OURS = ((UtcDateTime, "UtcDateTime"), (BigInteger, "BigId"), (JSON, "Json"))


def render(kind: str, thing: Any, autogen: Any) -> str | Literal[False]:
    """A column's type as `engine.db` names it, so that a step means the same on every database."""
    for theirs, name in OURS:
        if (
            kind == "type"
            and isinstance(thing, theirs)
            and (theirs is not BigInteger or thing._variant_mapping)
        ):
            autogen.imports.add(f"from engine.db import {name}")
            return f"{name}()" if name == "UtcDateTime" else name
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=Base.metadata, render_as_batch=True, render_item=render
)
with context.begin_transaction():
    context.run_migrations()
