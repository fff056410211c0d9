"""Random but possible histories on a ladder of four stages, written as moves."""

import reports.rollups  # noqa: F401  # its table must be in the database of every test here
