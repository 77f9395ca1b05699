"""How an answer of Vendure's Admin API is read: its body bounded, its refusals named, its errors that are data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import httpx
import msgspec

from personalize.errors import AdminError

T = TypeVar("T")
MAX_BYTES = 8 * 1024 * 1024
WAIT, LONGEST_WAIT = 30.0, 600.0
"""Seconds that a 429 or 503 without a usable Retry-After is given, and the longest that is believed."""
RIGHTS = "give the administrator's role what docs/offers-shop.md names"


async def whole(host: str, response: httpx.Response) -> bytes:
    """The body, of at most MAX_BYTES. Raises AdminError, httpx's errors."""
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        raise AdminError(f"{host} answered in coding {coding[:20]!r}, which nobody asked for", code="ADMIN_GARBAGE")
    body = bytearray()
    async for chunk in response.aiter_raw(64 * 1024):
        body += chunk
        if len(body) > MAX_BYTES:
            raise AdminError(f"{host} answered more than {MAX_BYTES} bytes", code="ADMIN_OVERSIZED")
    return bytes(body)


def refused(host: str, status: int, headers: httpx.Headers, body: bytes) -> AdminError | None:
    """What a status says, None where the body is to be read: also some 4xx carry GraphQL errors."""
    if status in (401, 403):
        return AdminError(f"{host} answered {status}", code="ADMIN_FORBIDDEN", hint=RIGHTS)
    if 300 <= status < 400:
        hint = "redirects are not followed: put the address it leads to into `admin_url`"
        return AdminError(f"{host} answered {status}", code="ADMIN_REDIRECT", hint=hint)
    if status == 429 or (status == 503 and "retry-after" in headers):
        told = headers.get("retry-after", "").strip()
        wait = float(told[:9]) if told.isascii() and told.isdigit() else WAIT
        return AdminError(
            f"{host} wants to be left alone ({status})", code="ADMIN_TOO_MANY",
            retry_after=min(max(wait, 1.0), LONGEST_WAIT),
        )  # fmt: skip
    if status != 200 and not body.lstrip().startswith(b'{"errors"'):
        return AdminError(f"{host} answered {status}", code="ADMIN_REFUSED", hint="is `admin_url` the Admin API?")
    return None


def read(host: str, body: bytes) -> Mapping[str, Any]:
    """`data` of a GraphQL answer without errors. Raises AdminError."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise AdminError(
            f"{host} answered no JSON", code="ADMIN_GARBAGE", hint="is `admin_url` the Admin API?"
        ) from error
    if not isinstance(answer, dict):
        raise AdminError(f"{host} answered no GraphQL", code="ADMIN_GARBAGE", hint="is `admin_url` the Admin API?")
    if answer.get("errors"):
        raise _errors(host, answer["errors"])
    data = answer.get("data")
    if not isinstance(data, dict):
        raise AdminError(f"{host} answered neither data nor errors", code="ADMIN_GARBAGE")
    return data


def _errors(host: str, errors: object) -> AdminError:
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    extensions = first.get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    if code in ("FORBIDDEN", "UNAUTHORIZED", "UNAUTHENTICATED"):
        return AdminError(f"{host} does not allow it", code="ADMIN_FORBIDDEN", hint=RIGHTS)
    if code == "ENTITY_NOT_FOUND":
        return AdminError(f"{host} has it no more", code="ADMIN_GONE")
    # Its message may repeat what we sent, codes among it: only its kind is told.
    return AdminError(f"{host} could not do it ({str(code)[:60]})", code="ADMIN_ANSWER")


def refusal(answer: object) -> str | None:
    """The error code of a union member that is an error: Vendure answers those as data, with status 200."""
    code = answer.get("errorCode") if isinstance(answer, dict) else None
    return str(code)[:60] if code else None


def typed(host: str, value: object, kind: type[T]) -> T:
    """A part of an answer as a msgspec type. Raises AdminError where it is another."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise AdminError(f"{host} answered something else than asked for: {error}", code="ADMIN_GARBAGE") from error
