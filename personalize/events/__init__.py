"""Events: inferred from traffic, queued in an outbox, written as a log."""
