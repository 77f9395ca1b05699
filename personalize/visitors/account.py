"""The header `X-Personalize-Account`: whose account it is, signed by the storefront, for experiments by account."""

from __future__ import annotations

import re
from hashlib import blake2b, sha256

from cachetools import LRUCache
from itsdangerous import BadSignature, Signer

from personalize.telemetry import Count

HEADER = "X-Personalize-Account"
SALT = b"personalize.account.v1"
"""Binds signatures to this one purpose: an account is no visitor id, nor the other way round."""

LENGTH_MAX = 128 + 1 + 43
MAX_VOUCHED = 20_000
_SIGNED = re.compile(r"[A-Za-z0-9_.~@+-]{1,128}\.[A-Za-z0-9_-]{43}")


class Accounts:
    """Reads and signs accounts: `<id>.<signature>`, HMAC-SHA256 in base64url as of a visitor's id, under another salt.

    The first secret signs, all are accepted; without one nothing is. An account is a unit of experiments and nothing
    else: it opens no profile and gives no rights.
    """

    def __init__(self, keys: tuple[str, ...], count: Count) -> None:
        self._count = count
        # itsdangerous signs with the last key of its list.
        self._signer = (
            Signer(list(reversed(keys)), salt=SALT, key_derivation="hmac", digest_method=sha256) if keys else None
        )
        self._key = blake2b(keys[0].encode(), digest_size=32, person=b"account").digest() if keys else b""
        self._vouched: LRUCache[str, str] = LRUCache(MAX_VOUCHED)

    def sign(self, account: str) -> str:
        """The header's value for an account. ValueError without a secret."""
        if self._signer is None:
            raise ValueError("an account is signed with a secret, and none is set")
        return self._signer.sign(account).decode("ascii")

    def read(self, header: str | None) -> str | None:
        """The account of a request; what is forged or malformed is counted and as if it were not there."""
        if not header:
            return None
        known = self._vouched.get(header)
        if known is not None:
            return known
        if self._signer is None or len(header) > LENGTH_MAX or not _SIGNED.fullmatch(header):
            self._count("account_header", "malformed" if self._signer is not None else "no_secret")
            return None
        try:
            account = self._signer.unsign(header).decode("ascii")
        except BadSignature:
            self._count("account_header", "bad_signature")
            return None
        self._vouched[header] = account
        return account

    def named(self, account: str) -> str:
        """What the log calls an account: a keyed hash, since the id may be an address."""
        return "a:" + blake2b(account.encode(), digest_size=16, key=self._key).hexdigest()
