"""Every page of the reports; importing them puts them on the blueprint."""

from webapp.reporting import (
    alarms,
    diagram,
    dynamics,
    flow,
    forecast,
    funnel,
    goals,
    handovers,
    index,
    jobs,
    lists,
    promises,
    saved,
    schedules,
    steps,
    variants,
    workload,
)
from webapp.reporting.page import bp

__all__ = [
    "alarms",
    "bp",
    "diagram",
    "dynamics",
    "flow",
    "forecast",
    "funnel",
    "goals",
    "handovers",
    "index",
    "jobs",
    "lists",
    "promises",
    "saved",
    "schedules",
    "steps",
    "variants",
    "workload",
]
