"""Judges from outside: lifelines and pm4py, each asked in a process of its own, so that none of it enters the product."""
