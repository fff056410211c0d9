"""Which repairs leave something drawn out; a file whose repairs are all others is mended without loss."""

LOSSES = frozenset(
    [
        *("F01", "F02", "F09", "G04", "R01", "R02", "S10", "B01", "B02", "C01", "C02", "X18"),
        *("E02", "E07", "N02", "A12", "A16", "Q01"),
    ]
)
"""A step, an event, a flow, a condition, a form or a part of a repetition does not run after these.

Settings of other tools that have no counterpart (V02, V05, V07, V12, V13, V21, V27) and the documentation of a drawing
(K01, K02, K03, P02, P03, P07) are kept with the upload and are not counted.
"""
