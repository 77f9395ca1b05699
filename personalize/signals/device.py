"""What the request was sent from, and what led there."""

from __future__ import annotations

from collections.abc import Mapping

from personalize.domain.event import NOTHING
from personalize.domain.visit import Visit

KEYS: Mapping[str, type] = {"device": str, "save_data": bool, "referrer": str}


class Device:
    """Context keys `device`, `save_data` and `referrer`, from `visit.browser`; what is unknown is missing."""

    name = "device"
    keys = KEYS

    @classmethod
    def from_settings(cls, settings: object) -> Device:
        """As every plug is made; the headers were read when the visit began."""
        return cls()

    def read(self, visit: Visit) -> Mapping[str, object]:
        browser = visit.browser
        if browser is None:
            return NOTHING
        told = (("device", browser.device), ("save_data", browser.save_data), ("referrer", browser.referrer))
        return {key: value for key, value in told if value is not None}
