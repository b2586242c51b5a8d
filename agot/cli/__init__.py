"""The command line: a thin reader of settings, events and results."""
