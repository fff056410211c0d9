"""Every page of the reports; importing them puts them on the blueprint."""

from webapp import (
    report_jobs,
    report_saved,
    report_schedules,
    reporting_alarms,
    reporting_diagram,
    reporting_dynamics,
    reporting_flow,
    reporting_forecast,
    reporting_funnel,
    reporting_goals,
    reporting_handovers,
    reporting_index,
    reporting_lists,
    reporting_promises,
    reporting_steps,
    reporting_variants,
    reporting_workload,
)
from webapp.reporting import bp

__all__ = [
    "bp",
    "report_jobs",
    "report_saved",
    "report_schedules",
    "reporting_alarms",
    "reporting_diagram",
    "reporting_dynamics",
    "reporting_flow",
    "reporting_forecast",
    "reporting_funnel",
    "reporting_goals",
    "reporting_handovers",
    "reporting_index",
    "reporting_lists",
    "reporting_promises",
    "reporting_steps",
    "reporting_variants",
    "reporting_workload",
]
