"""Reports on the screen, on paper, by mail and as files: one description of a report, many ways to see it."""
