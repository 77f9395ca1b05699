"""The gate: does a signal pay? Asked of a table of series, and of an event log."""
