"""Which sessions of the shop belong to guests: learned from the traffic, by hash; unknown ones count as signed in."""

from __future__ import annotations

from enum import Enum

from cachetools import TTLCache

from personalize.gateway.call import Call
from personalize.gateway.upstream import Answer
from personalize.shops.map import ShopMap
from personalize.visitors.identity import Identity

MAX_SESSIONS = 100_000
SESSION_SECONDS = 24 * 3600.0


class Standing(Enum):
    """What is known of a session: a guest's (or none at all), a signed-in one, or nothing."""

    GUEST = "guest"
    SIGNED_IN = "signed_in"
    UNKNOWN = "unknown"


class Sessions:
    """Standing by session hash. A session the shop handed to a guest is a guest's until somebody signs in with it."""

    def __init__(self, shop: ShopMap, identity: Identity) -> None:
        self.shop, self.identity = shop, identity
        self.known: TTLCache[str, Standing] = TTLCache(MAX_SESSIONS, SESSION_SECONDS)

    def token(self, call: Call) -> str | None:
        """The raw session token of a request; used for hashing only."""
        if self.shop.session_header and (value := call.header(self.shop.session_header)):
            return value.removeprefix("Bearer ").removeprefix("bearer ").strip() or None
        if self.shop.session_cookies:
            cookies = call.cookies
            return next((cookies[name] for name in self.shop.session_cookies if name in cookies), None)
        return None

    def standing(self, session: str | None) -> Standing:
        """The standing of a session hash; no session is a guest's."""
        return Standing.GUEST if session is None else self.known.get(session, Standing.UNKNOWN)

    def learn(
        self, before: str | None, answer: Answer, *, understood: bool, signed_in: bool, signed_out: bool
    ) -> str | None:
        """Note the session an answer hands out, and what the operation did to it; the hash it goes on under.

        An operation that was not `understood` may have signed somebody in: what it hands out is unknown.
        """
        issued = self._issued(answer)
        after = self.identity.session(issued) if issued else before
        standing = self.standing(before)
        if signed_in:
            standing = Standing.SIGNED_IN
        elif signed_out:
            standing = Standing.GUEST if after != before else Standing.UNKNOWN
        elif not understood and after is not None and issued:
            standing = Standing.UNKNOWN
        if after is not None:
            if standing is Standing.UNKNOWN:
                self.known.pop(after, None)
            else:
                self.known[after] = standing
        return after

    def _issued(self, answer: Answer) -> str | None:
        if self.shop.session_response_header and (value := answer.header(self.shop.session_response_header)):
            return value
        for key, value in answer.headers:
            if key == "set-cookie":
                name, _, rest = value.partition("=")
                if name.strip() in self.shop.session_cookies[:1]:
                    return rest.partition(";")[0].strip() or None
        return None
