"""The time of day and the weekday where the shop is."""

from __future__ import annotations

from collections.abc import Mapping

from personalize.domain.visit import Visit
from personalize.settings import Settings
from personalize.signals.local_time import LocalTime

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def daypart(hour: int) -> str:
    """`night` 22-5, `morning` 6-11, `afternoon` 12-17, `evening` 18-21 (hour 0..23)."""
    if hour < 6 or hour >= 22:
        return "night"
    if hour < 12:
        return "morning"
    return "afternoon" if hour < 18 else "evening"


class Daypart:
    """Context keys `daypart` and `weekday`, from the visit's time in the shop's time zone."""

    name = "daypart"
    keys = ("daypart", "weekday")

    def __init__(self, timezone: str) -> None:
        self._time = LocalTime(timezone)

    @classmethod
    def from_settings(cls, settings: Settings) -> Daypart:
        """Uses `shop_timezone`."""
        return cls(settings.shop_timezone)

    def read(self, visit: Visit) -> Mapping[str, object]:
        day, hour = self._time.at(visit.at)
        return {"daypart": daypart(hour), "weekday": WEEKDAYS[day.weekday()]}
