"""Forms: bounded bodies read into fields, and what of a request may be believed."""

from __future__ import annotations

import hmac
import re
from urllib.parse import parse_qsl, unquote, urlsplit

from starlette.requests import Request

BODY_MAX = 64 * 1024
FIELDS_MAX = 800
"""100 rules of six fields each, and the rest of a draft."""
PATH = re.compile(r"/console(?:/[A-Za-z0-9._~@+%-]{1,200}){0,6}")


class FormError(ValueError):
    """A body that is no form of ours: too large, of another type, or malformed."""


class Form:
    """The fields of a form, each a list in the order of the page; a missing one reads as empty."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in fields:
            self._fields.setdefault(name, []).append(value)

    def one(self, name: str, most: int = 500) -> str:
        """The first value without white space around it, at most `most` characters."""
        return self.raw(name)[:most].strip()

    def raw(self, name: str) -> str:
        """The first value as it is: passwords."""
        return self._fields.get(name, [""])[0]

    def many(self, name: str) -> list[str]:
        """All values of a name."""
        return self._fields.get(name, [])

    def __contains__(self, name: object) -> bool:
        return name in self._fields


async def read_form(request: Request) -> Form:
    """The fields of a POST, urlencoded. Raises FormError; reads no more than `BODY_MAX`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise FormError("this is no form")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_MAX:
            raise FormError("the form is too large")
    try:
        return Form(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except (ValueError, UnicodeDecodeError) as error:
        raise FormError("the form cannot be read") from error


def foreign(request: Request, secure: bool) -> bool:
    """Whether a browser says that another site sent this request (Fetch Metadata, else `Origin`)."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("origin")
    if origin is None:
        return False
    host = request.headers.get("host", "")
    return origin.lower() != f"{'https' if secure else 'http'}://{host}".lower()


def fits(token: str, expected: str) -> bool:
    """Whether a form's token is the one expected, in constant time."""
    return bool(expected) and hmac.compare_digest(token.encode(), expected.encode())


def within(path: str) -> str:
    """A path of the console, with its query; what leads anywhere else becomes `/console`."""
    if len(path) > 2_000 or not path.isascii() or not path.isprintable() or "\\" in path:
        return "/console"
    try:
        parts = urlsplit(path)
    except ValueError:
        return "/console"
    if parts.scheme or parts.netloc or not PATH.fullmatch(parts.path) or ".." in unquote(parts.path):
        return "/console"
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
