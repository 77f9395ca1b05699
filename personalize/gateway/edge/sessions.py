"""Which sessions of the shop belong to guests: learned from the traffic, by hash; unknown ones count as signed in."""

from __future__ import annotations

from enum import Enum

from cachetools import TTLCache

from personalize.gateway.edge.call import Call
from personalize.gateway.edge.upstream import Answer
from personalize.shops.map import ShopMap
from personalize.visitors.identity import Identity

MAX_SESSIONS = 100_000
SESSION_SECONDS = 24 * 3600.0
TOKEN_MIN = 20
"""Characters under which a token can hardly be random enough to be one visitor's alone."""


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

    def distinct(self, call: Call) -> str | None:
        """The token where it can tell one visitor from all others, None where many may send the same.

        Too short ones are words (`Bearer null`) or emptied cookies; other schemes are a door that many share
        (`Basic` in front of a test shop).
        """
        token = self.token(call)
        return token if token is not None and len(token) >= TOKEN_MIN and " " not in token else None

    def standing(self, session: str | None) -> Standing:
        """The standing of a session hash; no session is a guest's."""
        return Standing.GUEST if session is None else self.known.get(session, Standing.UNKNOWN)

    def learn(
        self, before: str | None, answer: Answer, *, understood: bool, signed_in: bool, signed_out: bool
    ) -> tuple[str, ...]:
        """Note the session an answer hands out, and what the operation did to it; the hashes it goes on under.

        The shop may hand out a header and a cookie at once, and a client sends back either. An operation that was not
        `understood` may have signed somebody in: what it hands out is unknown.
        """
        issued, emptied = self._issued(answer)
        standing = self.standing(before)
        if emptied:  # the shop took the session back; of what is sent in its place, all guests send the same
            standing = Standing.GUEST
            if before is not None:
                self.known.pop(before, None)
        elif signed_in:
            standing = Standing.SIGNED_IN
        elif signed_out:
            standing = Standing.GUEST if issued else Standing.UNKNOWN
        elif not understood and issued:
            standing = Standing.UNKNOWN
        kept = (before,) if before is not None and not emptied and (signed_in or signed_out) else ()
        for session in issued or kept:
            if standing is Standing.UNKNOWN:
                self.known.pop(session, None)
            else:
                self.known[session] = standing
        return issued

    def _issued(self, answer: Answer) -> tuple[tuple[str, ...], bool]:
        """The hashes of what an answer hands out, and whether that stands for no session any more."""
        tokens: list[str] = []
        emptied = False
        if self.shop.session_response_header:
            value = answer.header(self.shop.session_response_header)
            emptied = value is not None and not value.strip()
            tokens.append((value or "").strip())
        for key, value in answer.headers:
            if key == "set-cookie":
                name, _, rest = value.partition("=")
                if name.strip() in self.shop.session_cookies[:1]:
                    tokens.append(rest.partition(";")[0].strip())
        hashes = (self.identity.session(token) for token in tokens if token)
        return tuple(name for name in hashes if name is not None), emptied
