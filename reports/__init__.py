"""Arithmetic on history. Reads the log, writes only its own roll-ups."""
