"""The way of a request: plan, upstream, read, decide, guard, rewrite, respond."""
