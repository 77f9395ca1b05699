"""The time where the shop is, worked out once in a quarter of an hour."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

QUARTER = 900
"""Seconds; every time zone is a whole number of quarters of an hour from UTC, so no hour or day begins within one."""


class LocalTime:
    """The date and the hour of a moment in a time zone."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._quarter, self._day, self._hour = -1, date.min, 0

    def at(self, moment: float) -> tuple[date, int]:
        """The local date and hour (0 to 23) of `moment`, in epoch seconds."""
        quarter = int(moment // QUARTER)
        if quarter != self._quarter:
            local = datetime.fromtimestamp(quarter * QUARTER, self._zone)
            self._quarter, self._day, self._hour = quarter, local.date(), local.hour
        return self._day, self._hour
