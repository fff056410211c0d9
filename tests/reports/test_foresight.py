"""The forecast of a company: it adds up, keeps to what the viewer sees, and knows nothing of what was recorded later."""

from datetime import UTC, datetime

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
