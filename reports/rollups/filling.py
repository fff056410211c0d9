"""Many rows at once into tables that have none of their keys, from columns."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection
from sqlalchemy import Table as SqlTable

from reports.rollups import writing

TOGETHER, BLOCK = 25, 10_000
"""Rows of one statement (SQLite), and of one piece of a copy (PostgreSQL)."""
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def fill(connection: Connection, table: SqlTable, columns: Sequence[Sequence[Any]]) -> int:
    """Write rows given as the columns of `writing.ordered`, best in the order of their keys. Returns how many."""
    if connection.dialect.name == "postgresql":
        _copy(connection, table, columns)
    else:
        _insert(connection, table, columns)
    return len(columns[0])


def _insert(connection: Connection, table: SqlTable, columns: Sequence[Sequence[Any]]) -> None:
    """Many rows a statement: SQLite then binds as many values, but begins and ends far fewer statements."""
    names = ", ".join(column.name for column in writing.ordered(table))
    row = f"({', '.join('?' * len(columns))})"
    whole = len(columns[0]) // TOGETHER * TOGETHER
    driver: Any = connection.connection.driver_connection
    for rows, first, last in ((TOGETHER, 0, whole), (1, whole, len(columns[0]))):
        values = chain.from_iterable(zip(*(column[first:last] for column in columns), strict=True))
        together = zip(*[values] * (rows * len(columns)), strict=True)
        driver.executemany(f"INSERT INTO {table.name} ({names}) VALUES {', '.join([row] * rows)}", together)


def _copy(connection: Connection, table: SqlTable, columns: Sequence[Sequence[Any]]) -> None:
    names = ", ".join(column.name for column in writing.ordered(table))
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for block in _blocks(columns):
            copy.write(block)


def _blocks(columns: Sequence[Sequence[Any]]) -> Iterator[str]:
    for start in range(0, len(columns[0]), BLOCK):
        said = [_said(column[start : start + BLOCK]) for column in columns]
        yield "\n".join(map("\t".join, zip(*said, strict=True))) + "\n"


def _said(values: Sequence[Any]) -> Sequence[str]:
    """Values as a copy takes them: numbers and nothing need no care, some texts do."""
    if isinstance(values[0], str):
        together = "".join(values)
        return (
            [text.translate(ESCAPED) for text in values] if any(map(together.count, "\\\t\n\r")) else values
        )
    return (
        ["\\N" if value is None else str(value) for value in values]
        if None in values
        else list(map(str, values))
    )
