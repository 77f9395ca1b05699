"""The `personalize` command."""
