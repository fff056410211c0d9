"""Every page of the reports; importing them puts them on the blueprint."""

from webapp import (
    reporting_dynamics,
    reporting_forecast,
    reporting_funnel,
    reporting_index,
    reporting_lists,
    reporting_promises,
)
from webapp.reporting import bp

__all__ = [
    "bp",
    "reporting_dynamics",
    "reporting_forecast",
    "reporting_funnel",
    "reporting_index",
    "reporting_lists",
    "reporting_promises",
]
