"""Who a request comes from: signed ids, bare ids, the shop's sessions, and the keys their profiles lie under."""

from __future__ import annotations

import logging
import re
import secrets
from hashlib import blake2b, sha256

from cachetools import LRUCache
from itsdangerous import BadSignature, Signer

from personalize.domain.visit import Trust, VisitorId
from personalize.settings import Settings
from personalize.telemetry import Count, Telemetry

HEADER = "X-Personalize-Visitor"
SALT = b"personalize.visitor.v1"
"""Binds signatures to this one purpose, so that nothing else signed with the same secret passes for an id."""

ID_MIN, ID_MAX = 8, 128
SESSION_MAX = 4096
SIGNATURE = 43  # characters of a SHA-256 in base64url without padding
MAX_VOUCHED = 20_000

_SIGNED = re.compile(rf"([A-Za-z0-9_.~-]{{{ID_MIN},{ID_MAX}}})\.([A-Za-z0-9_-]{{{SIGNATURE}}})")
_BARE = re.compile(rf"[A-Za-z0-9_.~-]{{{ID_MIN},{ID_MAX}}}")
_LETTERS = {Trust.BARE: "b", Trust.SIGNED: "s", Trust.SHOP: "h"}
_TRUST = {letter: trust for trust, letter in _LETTERS.items()}


class Identity:
    """Makes, reads and checks visitor ids.

    The header value of a signed id is `<id>.<signature>`: HMAC-SHA256 of the id in base64url without padding, under
    the key HMAC-SHA256(secret, SALT). The first secret signs, all of them are accepted.
    """

    def __init__(self, keys: tuple[str, ...], count: Count) -> None:
        if not keys:
            raise ValueError("Identity needs at least one secret")
        self._count = count
        # itsdangerous signs with the last key of its list.
        self._signer = Signer(list(reversed(keys)), salt=SALT, key_derivation="hmac", digest_method=sha256)
        self._vouched: LRUCache[str, VisitorId] = LRUCache(MAX_VOUCHED)  # signatures that were found to be ours
        self._session_key = blake2b(keys[0].encode(), digest_size=32, person=b"session").digest()

    @classmethod
    def from_settings(cls, settings: Settings, telemetry: Telemetry) -> Identity:
        """Without a configured secret: a random one that ends with this process, and a warning."""
        if settings.secret:
            return cls(settings.secret, telemetry.count)
        telemetry.say(
            "ephemeral_secret",
            "no secret is set: visitor ids end at the next restart, and with them their profiles",
            level=logging.WARNING,
            hint="set PERSONALIZE_SECRET",
        )
        return cls((secrets.token_hex(32),), telemetry.count)

    def resolve(self, header: str | None, session_token: str | None) -> VisitorId | None:
        """The visitor of a request: of a usable header, else of the shop's session, else None.

        `header` is `X-Personalize-Visitor`, `session_token` the shop's raw session token. A header that is malformed
        or wrongly signed is counted and as if it were not there: a forged signature never becomes a bare id.
        """
        if header:
            visitor = self._read(header)
            if visitor is not None:
                return visitor
        session = self.session(session_token)
        return None if session is None else VisitorId(session, Trust.SHOP)

    def session(self, token: str | None) -> str | None:
        """The keyed hash (128 bit, hex) that stands for a shop's session; the raw token is kept nowhere."""
        if not token:
            return None
        if len(token) > SESSION_MAX:
            self._count("session", "oversized")
            return None
        return blake2b(token.encode("utf-8", "surrogateescape"), digest_size=16, key=self._session_key).hexdigest()

    def issue(self) -> VisitorId:
        """A new signed id of 128 random bits."""
        return VisitorId(secrets.token_urlsafe(16), Trust.SIGNED)

    def sign(self, visitor: VisitorId) -> str:
        """The header value of a signed id. Only ids that are signed already may get a signature."""
        if visitor.trust is not Trust.SIGNED:
            raise ValueError(f"an id of trust {visitor.trust.value!r} is never signed")
        return self._signer.sign(visitor.value).decode("ascii")

    def _read(self, header: str) -> VisitorId | None:
        if len(header) > ID_MAX + SIGNATURE + 1:
            self._count("visitor_header", "oversized")
            return None
        signed = _SIGNED.fullmatch(header)
        if signed is not None:
            known = self._vouched.get(header)
            if known is not None:
                return known
            try:
                visitor = VisitorId(self._signer.unsign(header).decode("ascii"), Trust.SIGNED)
            except BadSignature:
                self._count("visitor_header", "bad_signature")
                return None
            self._vouched[header] = visitor
            return visitor
        if _BARE.fullmatch(header):
            return VisitorId(header, Trust.BARE)
        self._count("visitor_header", "malformed")
        return None


def profile_key(visitor: VisitorId) -> str:
    """The opaque key a visitor's profile lies under and events carry as `visitor`.

    Its first letter is the trust: whatever a bare header says, its key never equals that of a signed id or session.
    """
    return f"{_LETTERS[visitor.trust]}:{visitor.value}"


def visitor_of(key: str) -> VisitorId:
    """The visitor of a key that `profile_key` made."""
    letter, _, value = key.partition(":")
    return VisitorId(value, _TRUST[letter])


def has_rights(visitor: VisitorId | None) -> bool:
    """Whether export, forget and personal prices are open to this visitor: never by a bare header."""
    return visitor is not None and visitor.trust is not Trust.BARE
