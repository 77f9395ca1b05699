"""A visit: one request's visitor, what they agreed to, and the situation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from personalize.domain.profile import Profile
from personalize.domain.situation import PRICE_KEYS, Browser, Origin, Place


class Consent(StrEnum):
    """What a visitor agreed to (DESIGN 4.8): nothing, this session only, or a profile that lasts."""

    NONE = "none"
    SESSION = "session"
    CONSENTED = "consented"


class Trust(StrEnum):
    """How far a visitor id is vouched for: not at all, by our signature, or by a session of the shop."""

    BARE = "bare"
    SIGNED = "signed"
    SHOP = "shop"


@dataclass(frozen=True, slots=True)
class VisitorId:
    """An opaque visitor id (never the shop's raw token) and who vouches for it."""

    value: str
    trust: Trust


class Visit(msgspec.Struct, frozen=True):
    """What decisions may know of a request: pure input, no clock and no store behind it.

    `at` is seconds since the epoch (UTC). `context` holds flat signal values, missing ones absent.
    `profile` is None where consent or an id is missing. `place` is where the visitor (or the chosen store) is, as far
    as it is known; `origins` tells where the keys of `context` come from; `browser` is what the request's headers say
    of the device and what led here.
    """

    at: float
    visitor: VisitorId | None = None
    session: str | None = None
    consent: Consent = Consent.NONE
    experiments_allowed: bool = False
    profile: Profile | None = None
    context: Mapping[str, object] = {}
    language: str = "en"
    place: Place | None = None
    origins: Mapping[str, Origin] = {}
    browser: Browser | None = None

    def for_price(self) -> Visit:
        """All that a decision on a price, on urgency or on scarcity may see: the context cut down to `PRICE_KEYS`.

        What somebody says or shows of their mood and their need never makes anything dearer, scarcer or more urgent.
        Whatever proposes a Change of a price is handed this view, never the visit itself.
        """
        return msgspec.structs.replace(
            self,
            context={key: value for key, value in self.context.items() if key in PRICE_KEYS},
            origins={key: origin for key, origin in self.origins.items() if key in PRICE_KEYS},
            browser=None,
        )
