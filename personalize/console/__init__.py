"""The operator's desk: accounts and pages at /console."""
