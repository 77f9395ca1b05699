"""What decisions on offers may know of a visitor as numbers: one path for serving and for training."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

from personalize.domain.profile import Profile

VERSION = 1  # raise it whenever the meaning of a feature changes, so that older models are refused
DAY = 86_400.0
STEP = 3_600.0
"""Seconds that a moment is taken down to, so that the same profile gives the same numbers for a while."""

NAMES = (
    "orders", "days_since_order", "spent", "spent_per_order", "views", "carts", "items", "sessions",
    "days_since_first", "days_since_last", "price_band", "hour", "weekday",
)  # fmt: skip
"""What was bought, looked at and when: nothing of the person, the place, the device or the mood."""


@dataclass(frozen=True, slots=True)
class VisitorSchema:
    """The columns `NAMES`; amounts are of `currency` alone."""

    currency: str

    @property
    def names(self) -> tuple[str, ...]:
        """All feature names in column order."""
        return NAMES

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change with any name, their order, or the code's `VERSION`."""
        return blake2b(json.dumps(["visitor", VERSION, NAMES]).encode(), digest_size=8).hexdigest()

    def to_dict(self) -> dict[str, object]:
        """As plain values, for a model's card."""
        return {"of": "visitor", "currency": self.currency}

    @staticmethod
    def from_dict(raw: Mapping[str, object]) -> VisitorSchema:
        """Back from `to_dict`; ValueError where it is another kind."""
        if not isinstance(raw, Mapping) or raw.get("of") != "visitor" or not isinstance(raw.get("currency"), str):
            raise ValueError("of = visitor and a currency are expected")
        return VisitorSchema(str(raw["currency"]))

    def values(self, profile: Profile, at: float) -> list[float]:
        """The values `NAMES` of a profile at a moment (epoch seconds), NaN where nothing is known; times in UTC."""
        at = hour_of(at) * STEP
        moment = datetime.fromtimestamp(at, UTC)
        spent, orders = profile.spent.get(self.currency, 0.0), profile.orders
        banded = profile.currency == self.currency and profile.log_price.weight > 0
        return [
            float(orders), _days(at, profile.ordered_at), spent, spent / orders if orders else math.nan,
            float(profile.views), float(profile.carts), float(len(profile.history)), float(profile.sessions),
            _days(at, profile.first_at), _days(at, profile.last_at),
            profile.log_price.mean() if banded else math.nan,
            float(moment.hour), float(moment.weekday()),
        ]  # fmt: skip


def hour_of(at: float) -> int:
    """The hour that a moment is taken down to, counted since the epoch."""
    return int(at // STEP)


def _days(at: float, since: float) -> float:
    """Days since a moment, 0 for one of this hour; NaN where it never was (0)."""
    return max(at - since, 0.0) / DAY if since else math.nan
