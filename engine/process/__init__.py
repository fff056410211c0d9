"""How a diagram runs. Knows nothing of sales; the only place that touches SpiffWorkflow."""
