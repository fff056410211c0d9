"""The definitions of `reports.rollups.steps` written a second time, over whole columns: a log of a million moves added up
in seconds.

`source` reads the log as columns, `chosen` a part of it (`layout`: bytes of one width), `moves` says what each move left and entered,
`periods` and `stays` what follows from it, `adding` adds it up (`frames`), `rows` makes rows of it. Texts are numbers
there (`words`), days too (`dates`). Property tests hold both writings equal.
"""

from reports.rollups.columns.adding import Whole, whole
from reports.rollups.columns.rows import columns
from reports.rollups.columns.source import RANKS, Log, read

__all__ = ["RANKS", "Log", "Whole", "columns", "read", "whole"]
