"""The last word: what a Patch may and may not do."""
