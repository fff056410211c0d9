"""The outside world, one file each behind `engine.ports.Connector`. They do not know each other."""
