"""History from elsewhere: event logs of other systems become steps and moves of a ladder of their own."""
