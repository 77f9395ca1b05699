"""Who is visiting, what they agreed to and what we may remember."""
