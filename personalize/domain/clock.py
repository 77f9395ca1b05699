"""A clock as a value, so that time is passed in and tests need not wait."""

from collections.abc import Callable

Clock = Callable[[], float]
"""Seconds; which epoch is the caller's choice."""
