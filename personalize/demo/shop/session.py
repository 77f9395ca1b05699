"""How a session's token travels: as a bearer header or a signed cookie, and back both ways at once."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from email.utils import formatdate

import orjson
from starlette.requests import Request

TOKEN_HEADER = "vendure-auth-token"  # noqa: S105 - a header's name
YEAR = 365 * 24 * 3600


class Cookies:
    """Signs session cookies with a secret of this process."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def token(self, request: Request) -> str:
        """The token a request brings, "" for none; the bearer header goes first."""
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and bearer.strip():
            return bearer.strip()
        value, signature = request.cookies.get("session", ""), request.cookies.get("session.sig", "")
        if not value:
            return ""
        if not hmac.compare_digest(signature.encode(), self._sign(value).encode()):
            return "unsigned"
        try:
            return str(orjson.loads(base64.b64decode(value))["token"])
        except (binascii.Error, orjson.JSONDecodeError, KeyError, TypeError):
            return ""

    def headers(self, token: str, *, remember: bool) -> list[tuple[str, str]]:
        """The headers that give the client its token ("": forget it)."""
        value = base64.b64encode(orjson.dumps({"token": token})).decode()
        life = f"; expires={formatdate(time.time() + YEAR, usegmt=True)}" if remember else ""
        tail = f"; path=/{life}; samesite=lax; httponly"
        return [
            (TOKEN_HEADER, token),
            ("set-cookie", f"session={value}{tail}"),
            ("set-cookie", f"session.sig={self._sign(value)}{tail}"),
        ]

    def _sign(self, value: str) -> str:
        digest = hmac.new(self._secret, f"session={value}".encode(), hashlib.sha1).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
