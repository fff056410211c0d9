"""The web and the command line: thin translations of the verbs in `engine/` and `reports/`."""
